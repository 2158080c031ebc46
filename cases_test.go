package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// The cases of clocks that only the whole Desk can get right; package sla has the others.

// promising is the company with a promise for next responses.
func promising() socialcrm.Setup {
	s := company()
	s.SLA[0].Targets = append(s.SLA[0].Targets, sla.Target{Metric: sla.NextResponse, Within: sla.Duration(time.Hour)})
	return s
}

func TestCase18LateMessageStartsNoClockAndIsFlagged(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.now = at(0)
	w.apply(promising())
	w.now = at(60)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), posted("3", "p", "1", "On its way", at(20)))
	w.ingest(said("2", "mia", "p", "p", "Order 1042", at(10)))
	got := w.only()
	if c := clockOn(got, sla.NextResponse, ""); !c.Started.IsZero() {
		t.Errorf("next response %+v, want none: the message was answered", c)
	}
	if c := clockOn(got, sla.FirstResponse, ""); !c.Stopped.Equal(at(20)) {
		t.Errorf("first response %+v, want stopped at %s", c, at(20))
	}
	if !got.Late || got.Agent != "ana" {
		t.Errorf("late is %t, agent %q; want it flagged and before an agent", got.Late, got.Agent)
	}
	w.ingest(posted("4", "p", "2", "Thank you", at(50)))
	if w.only().Late {
		t.Error("it is still flagged after another answer")
	}
}

func TestCase19MessagesOfOneInstantAreOrderedByThePlatform(t *testing.T) {
	t.Parallel()
	outcome := func(order ...int) []sla.Clock {
		w, at := later(t)
		w.now = at(0)
		w.apply(promising())
		w.now = at(60)
		question, answer, again := said("1", "mia", "p", "p", "Where?", at(1)), posted("2", "p", "1", "Here", at(2)), said("3", "mia", "p", "p", "Where?", at(2))
		question.Message.Order, answer.Message.Order, again.Message.Order = "1", "2", "3"
		events := []channel.Event{question, answer, again}
		for _, i := range order {
			w.ingest(events[i])
		}
		clocks := w.only().Clocks.Clocks
		if c := clockOn(w.only(), sla.NextResponse, ""); !c.Started.Equal(at(2)) {
			t.Errorf("in the order %v: next response %+v, want one from %s", order, c, at(2))
		}
		return clocks
	}
	if diff := cmp.Diff(outcome(0, 1, 2), outcome(0, 2, 1)); diff != "" {
		t.Errorf("the order of arrival counts (-one +other):\n%s", diff)
	}
}

func TestCase20FailedAnswerNeverStoppedTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(promising())
	id := w.inPrivate("mia", "Hello?").ID
	before := clockOn(w.ticket(id), sla.FirstResponse, "")
	w.platform.Fail(channeltest.OnSend, channeltest.AcceptThenFail)
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"}))
	w.pass(5 * time.Minute)
	after := w.ticket(id)
	if diff := cmp.Diff(before, clockOn(after, sla.FirstResponse, "")); diff != "" {
		t.Errorf("first response after the answer failed (-before +after):\n%s", diff)
	}
	var verdicts []ticket.EntryKind
	for _, e := range w.journal(ticket.JournalQuery{Ticket: id}) {
		if e.Stand != nil && e.Stand.Metric == sla.FirstResponse {
			verdicts = append(verdicts, e.Kind)
		}
	}
	if diff := cmp.Diff([]ticket.EntryKind{ticket.ClockMet, ticket.ClockWithdrawn}, verdicts); diff != "" {
		t.Errorf("the journal of first response (-want +got):\n%s", diff)
	}
}

func TestCase21AnswerToOneOfTwoUnderAPostLeavesTheOtherWaiting(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	post := w.platform.Customer("mia").Post(w.page, "Mine is late")
	w.platform.Customer("noa").Comment(post, "Mine too")
	w.pass(time.Minute)
	first, second := w.tickets()[0].ID, w.tickets()[1].ID
	w.must(w.desk.Reply(t.Context(), first, ana, socialcrm.Reply{Text: "On its way"}))
	w.pass(time.Minute)
	a, b := clockOn(w.ticket(first), sla.FirstResponse, ""), clockOn(w.ticket(second), sla.FirstResponse, "")
	if a.Verdict != sla.Met || b.Verdict != sla.Running {
		t.Errorf("first responses are %q and %q, want met and running", a.Verdict, b.Verdict)
	}
}

func TestCase22EchoOfAnAutomatedTextAcknowledgesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	automated := socialcrm.Reply{Text: "We have your message.", Automated: true}
	w.must(w.desk.Reply(t.Context(), id, socialcrm.By{Actor: ticket.Actor{Kind: ticket.BySystem, ID: "greeter"}}, automated))
	w.pass(5 * time.Minute) // it comes back as an echo
	got := w.ticket(id)
	if a, r := clockOn(got, sla.Acknowledgement, ""), clockOn(got, sla.FirstResponse, ""); a.Verdict != sla.Met || r.Verdict != sla.Running || !r.Stopped.IsZero() {
		t.Errorf("acknowledgement %+v, first response %+v; want met, and running", a, r)
	}
	if n := len(w.said(id)); n != 2 {
		t.Errorf("%d messages, want the question and one text", n)
	}
}
