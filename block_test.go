package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestABlockCancelsWhatWaitsForTheCustomerInEveryTicketAndIsToldOnce(t *testing.T) {
	t.Parallel()
	w, id, seller := marketplace(t)
	ctx := t.Context()
	other := w.asked("mia", "And the other lamp?")
	w.must(w.desk.AddParty(ctx, id, ana, seller))
	for _, r := range []struct {
		id ticket.ID
		socialcrm.Reply
	}{
		{id, socialcrm.Reply{Text: "Sorry, Mia."}},
		{other, socialcrm.Reply{Text: "That one too, Mia."}},
		{id, socialcrm.Reply{Text: "Sol, is it true?", Party: w.ticket(id).Parties[0].Contact}},
	} {
		r.NotBefore = w.now.Add(time.Hour)
		w.must(w.desk.Reply(ctx, r.id, ana, r.Reply))
	}
	for range 2 {
		w.must(w.desk.Block(ctx, id, ana, "insults"))
	}
	w.pass(2 * time.Hour)
	if diff := cmp.Diff([]string{"Sol, is it true?"}, w.platform.Replies()); diff != "" {
		t.Errorf("went out (-want +got):\n%s", diff)
	}
	blocked := 0
	for _, e := range w.told(ticket.ContactChanged) {
		if e.New == "blocked" {
			blocked++
		}
	}
	if blocked != 1 {
		t.Errorf("told %d times, want once", blocked)
	}
}

func TestSpamLeavesTheLastWordOfTheTicketBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "Hello?")
	w.pass(time.Minute)
	w.must(w.desk.Reply(ctx, w.only().ID, ana, socialcrm.Reply{Text: "Goodbye, Mia.", NotBefore: w.now.Add(time.Hour)}))
	w.must(w.desk.Close(ctx, w.only().ID, ana))
	mia.Reply(root, "Buy followers")
	w.pass(time.Minute)
	w.must(w.desk.Spam(ctx, w.tickets()[1].ID, ana))
	w.pass(2 * time.Hour)
	if diff := cmp.Diff([]string{"Goodbye, Mia."}, w.platform.Replies()); diff != "" {
		t.Errorf("went out (-want +got):\n%s", diff)
	}
}
