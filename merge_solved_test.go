package socialcrm_test

import (
	"testing"
	"time"

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
