package socialcrm_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Whom an own post answers does not depend on whose question comes first, nor on whether one comes only after the post.
func TestAnOwnPostStopsTheClocksOfAllWhomItIsForInWhateverOrderTheyCome(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		story func(at func(int) time.Time) []channel.Event
		// moves is set where the post is in the ticket of whoever came first.
		moves bool
	}{
		{name: "it names two", moves: true, story: func(at func(int) time.Time) []channel.Event {
			return []channel.Event{
				said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)), posted("3", "p", "", "@mia @noa on the van", at(10), "mia", "noa"),
			}
		}},
		{name: "it answers one and names another", story: func(at func(int) time.Time) []channel.Event {
			return []channel.Event{
				said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)), posted("3", "p", "1", "On the van. @noa yours too", at(10), "noa"),
			}
		}},
		{name: "it does not tell its thread", story: func(at func(int) time.Time) []channel.Event {
			return []channel.Event{
				said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)), posted("3", "", "1", "On the van. @noa yours too", at(10), "noa"),
			}
		}},
		{name: "who is named answers what nobody knows yet", story: func(at func(int) time.Time) []channel.Event {
			return []channel.Event{
				said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "", "1", "Mine too", at(2)), posted("3", "", "1", "On the van. @noa yours too", at(10), "noa"),
			}
		}},
		{name: "it answers one and names two more", story: func(at func(int) time.Time) []channel.Event {
			return []channel.Event{
				said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)), said("3", "oli", "p", "p", "And mine?", at(3)),
				posted("4", "p", "1", "On the van. @noa @oli yours too", at(10), "noa", "oli"),
			}
		}},
		{name: "it seems older than the question", story: func(at func(int) time.Time) []channel.Event {
			return []channel.Event{
				said("1", "mia", "p", "p", "Where is it?", at(10).Add(time.Second)), said("2", "noa", "p", "p", "Mine too", at(2)),
				posted("3", "p", "1", "On the van. @noa yours too", at(10), "noa"),
			}
		}},
		{name: "it failed", story: func(at func(int) time.Time) []channel.Event {
			failed := receipt("r", channel.ReceiptFailed, time.Time{}, "3")
			failed.Time = at(12)
			return []channel.Event{
				said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)), posted("3", "p", "1", "On the van. @noa yours too", at(10), "noa"), failed,
			}
		}},
		{name: "the customers write on", story: func(at func(int) time.Time) []channel.Event {
			return []channel.Event{
				said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)), posted("3", "p", "1", "On the van. @noa yours too", at(10), "noa"),
				said("4", "mia", "p", "3", "When?", at(20)), said("5", "noa", "p", "3", "And mine?", at(21)),
			}
		}},
		{name: "nobody tells at first who wrote", story: func(at func(int) time.Time) []channel.Event {
			nameless := said("2", "", "p", "p", "Mine too", at(2))
			return []channel.Event{
				said("1", "mia", "p", "p", "Where is it?", at(1)), nameless, posted("3", "p", "1", "On the van. @noa yours too", at(10), "noa"), said("2", "noa", "p", "p", "Mine too", at(2)),
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			type outcome struct {
				Status   ticket.Status
				Answered time.Time
				Line     sla.Line
				Clocks   []sla.Clock
				Messages []string
			}
			run := func(order []int) map[string]outcome {
				w, at := later(t)
				s := company()
				s.Agents[0].Capacity = 10
				w.apply(s)
				events := tt.story(at)
				for _, i := range order {
					w.ingest(events[i])
				}
				w.pass(time.Minute)
				got := make(map[string]outcome)
				for _, tk := range w.tickets() {
					o := outcome{tk.Status, tk.Answered, tk.Clocks.Line, slices.Clone(tk.Clocks.Clocks), w.said(tk.ID)}
					for i := range o.Clocks {
						c := &o.Clocks[i]
						c.Agent = ""
						c.Due, c.Spent, c.Since = time.Time{}, 0, time.Time{} // a status is as old as what is known
					}
					if tt.moves {
						o.Messages = nil
					}
					got[string(tk.Contact)] = o
					if held := len(w.crm.Interactions(string(tk.ID))); held != len(w.said(tk.ID)) {
						t.Errorf("in the order %v the CRM holds %d messages of %q, want %d", order, held, tk.Subject, len(w.said(tk.ID)))
					}
				}
				return got
			}
			all := make([]int, len(tt.story(func(int) time.Time { return time.Time{} })))
			for i := range all {
				all[i] = i
			}
			want := run(all)
			if len(want) < 2 {
				t.Fatalf("in order: %+v", want)
			}
			for subject, o := range want {
				if (o.Answered.IsZero()) != (tt.name == "it failed") || o.Status != ticket.Open {
					t.Errorf("in order %q is %s, answered %s", subject, o.Status, o.Answered)
				}
			}
			for _, order := range orders(all) {
				if diff := cmp.Diff(want, run(order)); diff != "" {
					t.Fatalf("in the order %s (-want +got):\n%s", fmt.Sprint(order), diff)
				}
			}
		})
	}
}

// The account that heard of the question last has answered it first.
func TestAnOwnPostAnswersACopyOfTheQuestionThatComesLater(t *testing.T) {
	t.Parallel()
	for name, parent := range map[string]string{"it names the customer": "", "it names the message": "1"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, at := later(t)
			help := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "help"}, Since: at(0)})
			w.ok(w.desk.AddChannel(t.Context(), help))
			question := said("1", "mia", "1", "", "@shop @help where is it?", at(1))
			question.Message.Mentions = []string{"shop", "help"}
			copied, post := question, posted("2", "1", parent, "@mia on the van", at(10), "mia")
			copied.Account, post.Account = help.Account().AccountID, help.Account().AccountID
			if parent != "" {
				post.Message.Mentions = nil
			}
			w.ingest(question, post, copied)
			if c := w.clock(w.only().ID, sla.FirstResponse); !c.Stopped.Equal(at(10)) {
				t.Errorf("the first response is %+v, want stopped at %s", c, at(10))
			}
		})
	}
}
