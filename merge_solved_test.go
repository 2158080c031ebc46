package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/report"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// reported is a report of the whole journal, by metric.
func (w *world) reported() (made report.Report) {
	w.t.Helper()
	w.ok(w.store.View(w.t.Context(), "", func(r ticket.Reader) (err error) {
		made, err = report.Read(r, report.Query{By: []report.Dimension{report.Metric}})
		return err
	}))
	return made
}

func TestWhoWroteToASolvedTicketAndIsHeardAfterItTookInAnotherWaits(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "q", "q", "And mine?", at(2)))
	solved, open := w.tickets()[0], w.tickets()[1]
	if solved.CustomerWrote.After(open.CustomerWrote) {
		solved, open = open, solved
	}
	w.must(w.desk.Resolve(t.Context(), solved.ID, ana, ""))
	w.now = at(90)
	w.must(w.desk.Merge(t.Context(), solved.ID, ana, open.ID))
	w.ingest(said("3", "mia", "p", "1", "Hello?", at(80)))
	if got := w.ticket(solved.ID); got.Unanswered() != 2 {
		t.Errorf("the ticket says that %d wait, want both", got.Unanswered())
	}
	if work := w.reported().Work; len(work) != 1 || work[0].Waiting != 2 || !work[0].Oldest.Equal(at(2)) {
		t.Errorf("the report says %+v, want both waiting, since %s", work, at(2))
	}
}

func TestAnAnswerThatNeverArrivedSolvedNothingThoughItsTicketTookInAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first, second := w.asked("mia", "Where is it?"), w.asked("noa", "And mine?")
	for _, id := range []ticket.ID{second, first} {
		w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "On the van", Then: ticket.Solved}))
		w.pass(time.Minute)
	}
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	posts := w.platform.Posts()
	w.page.Report(channel.ReceiptFailed, "", "no such device", posts[len(posts)-1].ID)
	w.pass(time.Minute)
	got := w.ticket(first)
	if c := clockOn(got, sla.FirstResponse, ""); c.Verdict != sla.Running || got.Status.Done() {
		t.Errorf("the ticket is %s, its first response %q; want both as if never answered", got.Status, c.Verdict)
	}
	if c := clockOn(got, sla.FirstResponse, string(second)); c.Verdict != sla.Met {
		t.Errorf("the first response of the other is %q, want met", c.Verdict)
	}
}

// resolutionsTold is what the journal tells of resolutions: in whose journal, and of which ticket where that is another one.
func (w *world) resolutionsTold(names map[ticket.ID]string) (all []string) {
	w.t.Helper()
	for _, e := range w.journal(ticket.JournalQuery{}) {
		if e.Stand == nil || e.Stand.Metric != sla.Resolution {
			continue
		}
		said := names[e.Ticket] + ": " + string(e.Kind)
		if e.Stand.Line != "" {
			said += " of " + names[ticket.ID(e.Stand.Line)]
		}
		all = append(all, said)
	}
	return all
}

func TestAMergeThatOpensASolvedTicketLeavesItsResolutionMetAndThatOfTheOtherBegins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := company()
	s.Agents[0].Capacity = 10
	s.SLA = []sla.Policy{{Name: "quick", Targets: []sla.Target{{Metric: sla.Resolution, Within: sla.Duration(time.Hour), Priority: new(sla.Urgent)}}}}
	w.apply(s)
	first := w.asked("mia", "Where is it?")
	w.must(w.desk.SetPriority(t.Context(), first, ana, ticket.Urgent))
	second := w.asked("noa", "And mine?") // nobody promises when that is solved
	w.must(w.desk.Resolve(t.Context(), first, ana, ""))
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	names := map[ticket.ID]string{first: "first", second: "second"}
	if c, _ := w.ticket(first).Clocks.Clock(sla.Resolution); c.Verdict != sla.Running || c.Line != string(second) || !c.Due.Equal(time.Date(2026, 3, 2, 10, 1, 0, 0, time.UTC)) {
		t.Errorf("the resolution is %+v, want that of the second, an hour after it was asked", c)
	}
	w.pass(2 * time.Hour)
	if diff := cmp.Diff([]string{"first: clock.met", "first: clock.breached of second"}, w.resolutionsTold(names)); diff != "" {
		t.Errorf("the journal (-want +tells):\n%s", diff)
	}
	if got := w.reported().Promises; len(got) != 1 || got[0].Breached != 1 || got[0].Met != 1 {
		t.Errorf("a report counts %+v, want one met and one breached", got)
	}
	w.must(w.desk.Unmerge(t.Context(), first, ana, second)) // nobody promises the second anything, and the first is solved as it was
	w.pass(time.Minute)
	want := []string{"first: clock.met", "first: clock.breached of second", "second: clock.withdrawn"}
	if diff := cmp.Diff(want, w.resolutionsTold(names)); diff != "" {
		t.Errorf("taken apart, the journal (-want +tells):\n%s", diff)
	}
	if got := w.reported().Promises; len(got) != 1 || got[0].Breached != 0 || got[0].Met != 1 {
		t.Errorf("a report counts %+v, want the one met", got)
	}
}

func TestWhatWasJudgedOfAConversationThatTurnsOutToBeOneWithAnotherCountsOnce(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	known, nameless := said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "", "p", "p", "And mine?", at(10))
	w.ingest(known, nameless, posted("3", "p", "2", "Both are on the van", at(30)))
	nameless.Message.Author.ID = "mia"
	w.ingest(nameless)
	for _, p := range w.reported().Promises {
		if p.Metric == sla.FirstResponse && (p.Met != 1 || p.Breached != 0) {
			t.Errorf("a report counts %d first responses met and %d breached, want the one met", p.Met, p.Breached)
		}
	}
	if withdrawn := w.told(ticket.ClockWithdrawn); len(withdrawn) == 0 {
		t.Error("the journal does not take back what it told of the conversation that is no other one")
	}
}
