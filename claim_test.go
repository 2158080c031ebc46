package socialcrm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestTheSecondAgentIsToldBeforeAnythingIsSent(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Claim(ctx, id, ana, 5*time.Minute))
	until := w.now.Add(5 * time.Minute)
	_, err := w.desk.Claim(ctx, id, by("ben"), 0)
	var claimed *socialcrm.ClaimedError
	if !errors.Is(err, socialcrm.ErrClaimed) || !errors.As(err, &claimed) || claimed.By.ID != "ana" || !claimed.Until.Equal(until) {
		t.Fatalf("got %v, want that ana writes until %s", err, until)
	}
	_, err = w.desk.Reply(ctx, id, by("ben"), socialcrm.Reply{Text: "Hi from ben"})
	w.refused(socialcrm.ErrClaimed, socialcrm.Receipt{}, err)
	_, err = w.desk.MovePrivate(ctx, id, by("ben"), socialcrm.Reply{Text: "Hi from ben"})
	w.refused(socialcrm.ErrClaimed, socialcrm.Receipt{}, err)
	w.pass(time.Minute)
	if got := w.platform.Replies(); len(got) != 0 {
		t.Fatalf("sent %q", got)
	}
	w.must(w.desk.Note(ctx, id, by("ben"), "a note is no answer"))
	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Hi from ana"}))
	w.must(w.desk.Claim(ctx, id, by("ben"), 0)) // her reply ended it
	anyway := ana
	anyway.Anyway = true
	w.must(w.desk.Reply(ctx, id, anyway, socialcrm.Reply{Text: "And another"}))
	_, err = w.desk.Claim(ctx, id, ana, 0)
	w.refused(socialcrm.ErrClaimed, socialcrm.Receipt{}, err)
	w.must(w.desk.Unclaim(ctx, id, ana)) // not hers: nothing happens
	_, err = w.desk.Claim(ctx, id, ana, 0)
	w.refused(socialcrm.ErrClaimed, socialcrm.Receipt{}, err)
}

func TestTheJournalTellsHowLongAnAgentWrote(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Claim(ctx, id, ana, 5*time.Minute))
	until := w.now.Add(5 * time.Minute)
	w.now = w.now.Add(time.Minute)
	w.must(w.desk.Unclaim(ctx, id, by("ben"))) // not his: nothing to tell
	w.must(w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Hi"}))
	begun, ended := w.told(ticket.TicketClaimed), w.told(ticket.TicketUnclaimed)
	if len(begun) != 1 || begun[0].Ticket != id || begun[0].Actor.ID != "ana" || begun[0].New != until.Format(time.RFC3339Nano) {
		t.Errorf("claims: got %+v", begun)
	}
	if len(ended) != 1 || ended[0].Ticket != id || ended[0].Actor.ID != "ana" || !ended[0].Happened.Equal(w.now) {
		t.Errorf("ends: got %+v", ended)
	}
}

func TestAClaimEndsByTheDesksClockAndIsNoChange(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	before := w.ticket(id)
	w.must(w.desk.Claim(ctx, id, ana, time.Minute))
	w.now = w.now.Add(30 * time.Second)
	w.must(w.desk.Claim(ctx, id, ana, time.Minute)) // begins anew
	w.now = w.now.Add(59 * time.Second)
	w.restart()
	_, err := w.desk.Claim(ctx, id, by("ben"), 0)
	w.refused(socialcrm.ErrClaimed, socialcrm.Receipt{}, err)
	w.now = w.now.Add(time.Second)
	w.must(w.desk.Claim(ctx, id, by("ben"), 0))
	w.must(w.desk.Unclaim(ctx, id, by("ben")))
	w.must(w.desk.Claim(ctx, id, ana, 0))
	if got := w.ticket(id); got.Version != before.Version {
		t.Errorf("claims changed the ticket from version %d to %d", before.Version, got.Version)
	}
	_, err = w.desk.Claim(ctx, id, ana, 2*time.Hour)
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.must(w.desk.Close(ctx, id, ana))
	_, err = w.desk.Claim(ctx, id, ana, 0)
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
}

func TestADraftIsApprovedOnlyWhileNobodyElseWrites(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	draft := w.must(w.desk.Reply(ctx, id, by("tom"), socialcrm.Reply{Text: "Hi Mia"})).Draft
	w.must(w.desk.Claim(ctx, id, by("ben"), 0))
	_, err := w.desk.Approve(ctx, id, ana, draft, "")
	w.refused(socialcrm.ErrClaimed, socialcrm.Receipt{}, err)
	w.must(w.desk.Approve(ctx, id, by("ben"), draft, ""))
	w.must(w.desk.Claim(ctx, id, ana, 0))
	if k := countKind(w.kinds(id), ticket.DraftApproved); k != 1 {
		t.Errorf("approved %d times", k)
	}
}

func TestAReplyInSpiteOfAClaimLeavesIt(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Claim(ctx, id, by("ben"), time.Hour)) // the longest
	anyway := ana
	anyway.Anyway = true
	w.must(w.desk.Reply(ctx, id, anyway, socialcrm.Reply{Text: "Hi Mia"}))
	_, err := w.desk.Reply(ctx, id, ana, socialcrm.Reply{Text: "Hi again"})
	w.refused(socialcrm.ErrClaimed, socialcrm.Receipt{}, err)
}
