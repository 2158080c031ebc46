package socialcrm_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestAnAutomatedAcknowledgementIsNoAnswerWhenThePersonsNeverArrives(t *testing.T) {
	t.Parallel()
	w := atNight(t, channeltest.Options{}, nil)
	id := w.inPrivate("mia", "My bag is gone").ID
	w.answer(id, "We found it.")
	posts := w.platform.Posts()
	w.ingest(receipt("1", channel.ReceiptFailed, time.Time{}, posts[len(posts)-1].ID))
	if got := w.ticket(id); !got.Answered.IsZero() {
		t.Errorf("answered %s, want never: only the automated text arrived", got.Answered)
	}
}

func TestALongJournalIsReadToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	for i := range 1001 {
		w.must(w.desk.Note(ctx, id, ana, fmt.Sprint("She calls again: ", i)))
	}
	w.answer(id, "Hi Mia")
	clocks, err := w.desk.Clocks(ctx, id)
	w.ok(err)
	i := slices.IndexFunc(clocks, func(c sla.Clock) bool { return c.Metric == sla.FirstResponse })
	if i < 0 || clocks[i].Verdict != sla.Met {
		t.Errorf("the clocks are %+v, want the first response met", clocks)
	}
}

func TestClocksStandAsOfNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.now = w.now.Add(2 * time.Hour) // and nothing happens
	clocks, err := w.desk.Clocks(t.Context(), id)
	w.ok(err)
	verdicts := make(map[sla.Metric]sla.Verdict)
	for _, c := range clocks {
		verdicts[c.Metric] = c.Verdict
	}
	want := map[sla.Metric]sla.Verdict{sla.Acknowledgement: sla.Breached, sla.FirstResponse: sla.Breached, sla.Resolution: sla.Running}
	if diff := cmp.Diff(want, verdicts); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

func TestALateQuestionChangesNoVerdictOfMergedTicketsThatWereAskedAtOnce(t *testing.T) {
	t.Parallel()
	for name, answered := range map[string]int{"the survivor was answered": 0, "the other was answered": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, at := later(t)
			w.now = at(2)
			asked := w.ingest(said("1", "mia", "a", "a", "Hello?", at(1)), said("2", "noa", "b", "b", "Hello?", at(1)))
			into, from := asked[0].Ticket, asked[1].Ticket
			w.ingest([]channel.Event{posted("3", "a", "1", "Hi Mia", at(2)), posted("3", "b", "2", "Hi Noa", at(2))}[answered])
			w.must(w.desk.Merge(t.Context(), into, ana, from))
			w.now = at(10)
			w.ingest(said("4", "noa", "b", "b", "Anybody?", at(1).Add(time.Second)), said("5", "mia", "a", "a", "Anybody?", at(1).Add(time.Second)))
			for _, kind := range []ticket.EntryKind{ticket.ClockWithdrawn, ticket.ClockMoved, ticket.ClockBreached} {
				if told := w.told(kind); len(told) != 0 {
					t.Errorf("the journal tells %+v", told)
				}
			}
			if told := w.told(ticket.ClockMet); len(told) != 2 { // acknowledgement and first response
				t.Errorf("the journal tells %d times that a promise was met, want 2", len(told))
			}
			want := []sla.Verdict{sla.Running, sla.Running}
			want[answered] = sla.Met
			if got := w.ticket(into); clockOn(got, sla.FirstResponse, "").Verdict != want[0] || clockOn(got, sla.FirstResponse, string(from)).Verdict != want[1] {
				t.Errorf("clocks %+v", got.Clocks.Clocks)
			}
		})
	}
}

func TestAnAnswerThatComesToLightMovesWhenTheClockStopped(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Hello?", at(1)), posted("3", "p", "1", "Hi Mia", at(10)))
	w.ingest(posted("2", "p", "1", "One moment", at(5)))
	moved := w.told(ticket.ClockMoved)
	if len(moved) != 2 || moved[0].New != sla.Acknowledgement.String() || moved[1].New != sla.FirstResponse.String() {
		t.Errorf("the journal tells %+v, want each of two clocks once", moved)
	}
	for _, e := range moved {
		if !e.Stand.Stopped.Equal(at(5)) {
			t.Errorf("%s stopped at %s, want %s", e.New, e.Stand.Stopped, at(5))
		}
	}
}

func TestListedTicketsHaveTheirClocksAsOfNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked("mia", "Hello?")
	w.now = w.now.Add(2 * time.Hour) // and nothing happens
	if c, _ := w.only().Clocks.Clock(sla.FirstResponse); c.Verdict != sla.Breached {
		t.Errorf("first response is %q, want breached", c.Verdict)
	}
	if _, err := w.desk.Contact(t.Context(), "nobody"); !errors.Is(err, socialcrm.ErrNotFound) {
		t.Errorf("a contact that is not there: %v, want ErrNotFound", err)
	}
}

func TestWhatTheBrandSaidFirstIsNoAnswerOnceTheAnswerNeverArrived(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(posted("1", "p", "", "News for Mia", at(1), "mia"))
	id := w.ingest(said("2", "mia", "p", "1", "Which?", at(5)))[0].Ticket
	w.ingest(posted("3", "p", "2", "The lamp", at(10)))
	if got := w.ticket(id); !got.Answered.Equal(at(10)) {
		t.Fatalf("answered %s, want %s", got.Answered, at(10))
	}
	w.ingest(receipt("r", channel.ReceiptFailed, time.Time{}, "3"))
	if got := w.ticket(id); !got.Answered.IsZero() {
		t.Errorf("answered %s, want never", got.Answered)
	}
}

func TestTicketsThatWereOneBeforeTheyWereMergedStayOnOneLine(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	nameless := said("2", "", "p", "p", "And mine?", at(10))
	results := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), nameless, said("3", "noa", "q", "q", "Hello?", at(15)))
	one, into := results[0].Ticket, results[2].Ticket
	nameless.Message.Author.ID = "mia"
	w.ingest(nameless)
	w.must(w.desk.Merge(t.Context(), into, ana, one))
	got := w.ticket(into)
	if own, line := clockOn(got, sla.FirstResponse, ""), clockOn(got, sla.FirstResponse, string(one)); !own.Started.Equal(at(15)) || !line.Started.Equal(at(1)) || len(got.Clocks.Lines) != 1 {
		t.Errorf("lines %+v, clocks started %s and %s, want one line, %s and %s", got.Clocks.Lines, own.Started, line.Started, at(15), at(1))
	}
}
