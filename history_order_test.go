package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// importing is a world that promises periodic updates, an hour after it began, with an account whose work begins at its 30th minute; take takes in events of that account.
func importing(t *testing.T) (w *world, at func(time.Duration) time.Time, take func(...channel.Event)) {
	w = newWorld(t)
	begin := w.now
	s := company()
	s.SLA[0].Targets = append(s.SLA[0].Targets, sla.Target{Metric: sla.PeriodicUpdate, Within: sla.Duration(4 * time.Hour)})
	w.apply(s)
	w.now = begin.Add(time.Hour)
	old := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "old"}, Since: begin.Add(30 * time.Minute)})
	w.ok(w.desk.AddChannel(t.Context(), old))
	return w, func(d time.Duration) time.Time { return begin.Add(d) }, func(events ...channel.Event) {
		for _, e := range events {
			e.Account = old.Account().AccountID
			w.ingest(e)
		}
	}
}

func TestAnAnswerOfThePastMovesNoClockInWhateverOrderItComes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		private, open bool
		parent        string
	}{
		"it names the question":                 {parent: "1"},
		"in private":                            {private: true},
		"to a ticket that is open":              {parent: "1", open: true},
		"in private, to a ticket that is open":  {private: true, open: true},
		"in private, and it names the question": {private: true, parent: "1"},
	} {
		for _, order := range [][]int{{0, 1}, {1, 0}} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				w, at, take := importing(t)
				events := []channel.Event{
					said("1", "mia", "p", "p", "Where was it?", at(10*time.Minute)), posted("2", "p", tc.parent, "In Lyon", at(15*time.Minute)),
					said("3", "mia", "p", "p", "And now?", at(40*time.Minute)),
				}
				if tc.private {
					for i := range events {
						events[i].Message.Visibility = channel.Private
					}
				}
				if tc.open {
					take(events[2])
				}
				for _, i := range order {
					take(events[i])
				}
				w.pass(5 * time.Hour)
				got := w.only()
				for _, c := range got.Clocks.Clocks {
					if c.Metric == sla.PeriodicUpdate || !tc.open {
						t.Errorf("a clock %s runs from %s until %s", c.Metric, c.Started, c.Due)
					}
				}
				if want := map[bool]ticket.Status{false: ticket.Closed, true: ticket.New}[tc.open]; got.Status != want || !got.Answered.IsZero() {
					t.Errorf("the ticket is %s and was answered at %s, want %s and never", got.Status, got.Answered, want)
				}
				if said := w.said(got.ID); len(said) < 2 {
					t.Errorf("the ticket holds %q, want the question and the answer", said)
				}
			})
		}
	}
}

func TestAnAnswerDatedJustBeforeTheAccountsWorkBeginsAnswersTheQuestionDatedBehindIt(t *testing.T) {
	t.Parallel()
	type outcome struct {
		Status   ticket.Status
		Answered time.Time
		Clocks   []sla.Clock
	}
	var first *outcome
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		w, at, take := importing(t)
		question := at(30*time.Minute + time.Second)
		events := []channel.Event{said("1", "mia", "p", "p", "Where is it?", question), posted("2", "p", "1", "In Lyon", at(30*time.Minute-time.Second))}
		for _, i := range order {
			take(events[i])
		}
		tk := w.only()
		got := outcome{tk.Status, tk.Answered, tk.Clocks.Clocks}
		if first == nil {
			first = &got
		}
		if diff := cmp.Diff(*first, got); diff != "" {
			t.Errorf("order %v (-question first +answer first):\n%s", order, diff)
		}
		if got.Status != ticket.Open || !got.Answered.Equal(question) {
			t.Errorf("order %v: the ticket is %s and was answered at %s, want open and %s", order, got.Status, got.Answered, question)
		}
		for _, c := range got.Clocks {
			if c.Metric == sla.FirstResponse && c.Verdict == sla.Running {
				t.Errorf("order %v: the first response runs on: %+v", order, c)
			}
		}
	}
}
