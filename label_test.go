package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func laneIs(name string) rule.Condition {
	return rule.Condition{Fact: "lane", Equals: rule.Text(name)}
}

func TestPriorityAndTagsMovePromisesAtOnce(t *testing.T) {
	t.Parallel()
	w := staffed(t, func(s *socialcrm.Setup) {
		vip := sla.Policy{Name: "vip", When: rule.Condition{Fact: "tags", Equals: rule.Text("vip")}, Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(5 * time.Minute)}}}
		s.SLA = append([]sla.Policy{vip}, s.SLA...)
	})
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Tag(ctx, id, ana, "vip", "angry", " press "))
	w.must(w.desk.Tag(ctx, id, ana, "angry"))
	got := w.ticket(id)
	if diff := cmp.Diff([]string{"angry", "press", "vip"}, got.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}
	if c, _ := got.Clocks.Clock(sla.FirstResponse); c.Policy != "vip" {
		t.Errorf("first response is promised by %s, want vip", c.Policy)
	}
	w.must(w.desk.Untag(ctx, id, ana, "vip", "not there"))
	w.must(w.desk.SetPriority(ctx, id, ana, ticket.High))
	got = w.ticket(id)
	if c, _ := got.Clocks.Clock(sla.FirstResponse); c.Policy != "promise" || got.Priority != ticket.High || got.Clocks.Facts.Priority != ticket.High {
		t.Errorf("first response is promised by %s, priority %s; the clocks know %s", c.Policy, got.Priority, got.Clocks.Facts.Priority)
	}
	if n := countKind(w.kinds(id), ticket.TicketTags); n != 2 {
		t.Errorf("%d entries about tags, want 2", n)
	}
	_, err := w.desk.Tag(ctx, id, ana, " ")
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	_, err = w.desk.SetPriority(ctx, id, ana, 7)
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.pass(time.Minute)
	if tags := w.crm.Cases()[0].Tags; !cmp.Equal(tags, []string{"angry", "press"}) {
		t.Errorf("the CRM has tags %q", tags)
	}
}

func TestClosingWithoutReplyNeedsAReasonAndSaysSoOnTheClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	root := w.platform.Customer("mia").Post(w.page, "Great shop")
	w.pass(time.Minute)
	id := w.only().ID
	_, err := w.desk.CloseWithoutReply(ctx, id, ana, " ")
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.must(w.desk.CloseWithoutReply(ctx, id, ana, "praise"))
	got := w.ticket(id)
	if c, _ := got.Clocks.Clock(sla.FirstResponse); c.Verdict != sla.NoReplyNeeded || got.Status != ticket.Closed {
		t.Errorf("it is %s, first response %q", got.Status, c.Verdict)
	}
	if _, load, _ := capacity(w, "ana"); load != 0 {
		t.Errorf("ana holds %d", load)
	}
	_, err = w.desk.Reopen(ctx, id, ana, "")
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.platform.Customer("mia").Reply(root, "And where is my parcel?")
	w.pass(time.Minute)
	if all := w.tickets(); len(all) != 2 || all[1].FollowUpOf != id {
		t.Errorf("tickets: %+v, want a follow-up", all)
	}
}

func TestClosingASolvedTicketKeepsWhenItWasSolved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Resolve(t.Context(), id, ana, ""))
	solved := w.ticket(id).SolvedAt
	w.pass(time.Hour)
	w.must(w.desk.Close(t.Context(), id, ana))
	again := w.must(w.desk.Close(t.Context(), id, ana))
	if got := w.ticket(id); got.Status != ticket.Closed || !got.SolvedAt.Equal(solved) || again.Version != got.Version {
		t.Errorf("it is %s since %s, want closed since %s", got.Status, got.SolvedAt, solved)
	}
}

func TestWhatFollowsSpamIsNoWorkUntilTheTagIsTakenOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	bot := w.platform.Customer("bot")
	first := bot.Write(w.page, "Buy followers")
	w.pass(time.Minute)
	id := w.only().ID
	w.must(w.desk.Spam(ctx, id, ana))
	got := w.ticket(id)
	if c, _ := got.Clocks.Clock(sla.FirstResponse); got.Status != ticket.Closed || !cmp.Equal(got.Tags, []string{"spam"}) || c.Verdict != sla.NoReplyNeeded {
		t.Errorf("it is %s, tags %q, %s", got.Status, got.Tags, c.Verdict)
	}
	if kinds := w.kinds(id); countKind(kinds, ticket.ClockEnded) != 2 || countKind(kinds, ticket.ClockMet) != 1 {
		t.Errorf("the journal tells %v, want that two clocks ended and the resolution was met", kinds)
	}
	bot.Reply(first, "Buy more?")
	w.pass(time.Minute)
	if got := w.only(); got.Version != w.ticket(id).Version || got.Agent == "" && got.Status != ticket.Closed {
		t.Errorf("spam made work: %+v", got)
	}
	w.must(w.desk.Untag(ctx, id, ana, "spam"))
	bot.Reply(first, "I am a person")
	w.pass(time.Minute)
	if n := len(w.tickets()); n != 2 {
		t.Errorf("%d tickets, want a second once it is no spam", n)
	}
}

func TestABlockedCustomerMakesNoTicketOnAnyChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "I hate you")
	w.pass(time.Minute)
	id := w.only().ID
	_, err := w.desk.Block(ctx, id, ana, "")
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
	w.must(w.desk.Block(ctx, id, ana, "insults"))
	w.must(w.desk.Resolve(ctx, id, ana, "insults"))
	mia.Reply(root, "All of you?")
	mia.Write(w.page, "You too?")
	w.pass(time.Minute)
	if got := w.only(); got.Status != ticket.Solved {
		t.Errorf("it is %s", got.Status)
	}
	if e := w.last(id, ticket.ContactChanged); e.New != "blocked" || e.Reason != "insults" || e.Actor != ana.Actor {
		t.Errorf("the journal says %+v", e)
	}
	w.must(w.desk.Unblock(ctx, id, ana, "apologised"))
	mia.Write(w.page, "Thank you. Where is my parcel?")
	w.pass(time.Minute)
	if n := len(w.tickets()); n != 2 {
		t.Errorf("%d tickets, want 2", n)
	}
}
