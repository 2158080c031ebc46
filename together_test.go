package socialcrm_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// together is a company that joins posts as the Desk does by itself.
func together() socialcrm.Setup {
	s := company()
	s.Together = socialcrm.Together{}
	return s
}

// unmerged are the tickets that are part of no other.
func (w *world) unmerged() []ticket.Ticket {
	w.t.Helper()
	return slices.DeleteFunc(w.tickets(), func(t ticket.Ticket) bool { return t.MergedInto != "" })
}

// laterWith is later with another company, which is in force for what is said then.
func laterWith(t *testing.T, s socialcrm.Setup) (*world, func(minute int) time.Time) {
	w, at := later(t)
	w.apply(s)
	return w, at
}

func TestPostsOfOneAuthorWithinMinutesAreOneTicket(t *testing.T) {
	t.Parallel()
	comments := together()
	comments.Together.Comments = true
	for _, test := range []struct {
		name   string
		setup  socialcrm.Setup
		events func(at func(int) time.Time) []channel.Event
		want   int
	}{
		{"posts", together(), func(at func(int) time.Time) []channel.Event {
			return []channel.Event{said("1", "mia", "", "", "My parcel is late", at(1)), said("2", "mia", "2", "", "and nobody answers the phone", at(11))}
		}, 1},
		{"a row in which each comes soon after the one before", together(), func(at func(int) time.Time) []channel.Event {
			return []channel.Event{said("1", "mia", "", "", "First", at(1)), said("2", "mia", "", "", "Second", at(9)), said("3", "mia", "", "", "Third", at(18))}
		}, 1},
		{"later", together(), func(at func(int) time.Time) []channel.Event {
			return []channel.Event{said("1", "mia", "", "", "My parcel is late", at(1)), said("2", "mia", "", "", "Another matter", at(12))}
		}, 2},
		{"of two people", together(), func(at func(int) time.Time) []channel.Event {
			return []channel.Event{said("1", "mia", "", "", "My parcel is late", at(1)), said("2", "noa", "", "", "Mine too", at(2))}
		}, 2},
		{"comments under two posts", together(), func(at func(int) time.Time) []channel.Event {
			return []channel.Event{said("1", "mia", "p", "p", "How much is it?", at(1)), said("2", "mia", "q", "q", "And this one?", at(2))}
		}, 2},
		{"comments under two posts, where they count", comments, func(at func(int) time.Time) []channel.Event {
			return []channel.Event{said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "mia", "q", "q", "Where is it???", at(2))}
		}, 1},
		{"in private beside", together(), func(at func(int) time.Time) []channel.Event {
			dm := said("2", "mia", "dm", "", "My number is 7", at(2))
			dm.Message.Visibility = channel.Private
			return []channel.Event{said("1", "mia", "", "", "My parcel is late", at(1)), dm}
		}, 2},
		{"switched off", company(), func(at func(int) time.Time) []channel.Event {
			return []channel.Event{said("1", "mia", "", "", "My parcel is late", at(1)), said("2", "mia", "", "", "and late", at(2))}
		}, 2},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, batch := range []bool{false, true} {
				w, at := laterWith(t, test.setup)
				if events := test.events(at); batch {
					w.ingest(events...)
				} else {
					for _, e := range events {
						w.ingest(e)
					}
				}
				if got := len(w.unmerged()); got != test.want {
					t.Errorf("in one batch %t: %d tickets, want %d", batch, got, test.want)
				}
			}
		})
	}
}

func TestOneAnswerIsEnoughForSeveralPostsAndGoesToTheLatestOrTheOneChosen(t *testing.T) {
	t.Parallel()
	for _, chosen := range []bool{false, true} {
		w := newWorld(t)
		w.apply(together())
		first := w.platform.Customer("mia").Post(w.page, "My parcel is late")
		w.pass(5 * time.Minute)
		second := w.platform.Customer("mia").Post(w.page, "and nobody answers the phone")
		w.pass(time.Minute)
		got, to := w.only(), second
		if len(got.Conversations) != 2 || got.Clocks.Waiting != 2 {
			t.Fatalf("the ticket has conversations %v and %d messages that wait, want two of each", got.Conversations, got.Clocks.Waiting)
		}
		r := socialcrm.Reply{Text: "On its way, Mia"}
		if chosen {
			to = first
			list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: got.ID})
			w.ok(err)
			r.InReplyTo = list.Items[0].Key
		}
		w.must(w.desk.Reply(t.Context(), got.ID, ana, r))
		w.pass(time.Minute)
		list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: got.ID})
		w.ok(err)
		if answer := list.Items[2]; answer.Content.Parent != to.ID {
			t.Errorf("chosen %t: the answer is under %s, want %s", chosen, answer.Content.Parent, to.ID)
		}
		for _, c := range w.only().Clocks.Clocks {
			if c.Metric == sla.FirstResponse && c.Verdict != sla.Met {
				t.Errorf("chosen %t: first response on line %q is %q, want met", chosen, c.Line, c.Verdict)
			}
		}
	}
}

func TestAPostAfterTheAnswerTakesItsTicketUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(together())
	id := w.asked("mia", "My parcel is late")
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "On its way", Then: ticket.Solved}))
	w.pass(time.Minute)
	w.platform.Customer("mia").Post(w.page, "But I am away tomorrow")
	w.pass(time.Minute)
	if got := w.only(); got.Status != ticket.Open || got.Clocks.Waiting != 1 {
		t.Errorf("the ticket is %s with %d messages that wait, want open with one", got.Status, got.Clocks.Waiting)
	}
	w.must(w.desk.Close(t.Context(), id, ana))
	w.asked("mia", "What about my other parcel?") // a ticket of its own
}

// TestOrderOfArrivalDecidesNothingAboutPostsInARow gives three posts, an answer and what follows in every order: one that comes late joins those it lies between.
func TestOrderOfArrivalDecidesNothingAboutPostsInARow(t *testing.T) {
	t.Parallel()
	type outcome struct {
		Tickets  int
		Messages []string
		Clocks   []sla.Clock
	}
	run := func(r interface{ Fatal(...any) }, order []int, batch bool) outcome {
		w, at := laterWith(t, together())
		story := []channel.Event{
			said("1", "mia", "", "", "My parcel is late", at(1)),
			said("2", "mia", "", "", "and nobody answers", at(9)),
			said("3", "mia", "", "", "for days", at(17)),
			posted("b", "3", "3", "We are looking", at(30)),
			said("4", "mia", "3", "b", "Thanks, and when?", at(40)),
		}
		events := make([]channel.Event, len(order))
		for i, n := range order {
			events[i] = story[n]
		}
		if batch {
			w.ingest(events...)
		} else {
			for _, e := range events {
				w.ingest(e)
			}
		}
		all := w.unmerged()
		if len(all) == 0 {
			r.Fatal("no ticket")
		}
		o := outcome{Tickets: len(all), Messages: w.said(all[0].ID), Clocks: slices.Clone(all[0].Clocks.Clocks)}
		for i := range o.Clocks {
			o.Clocks[i].Lane, o.Clocks[i].Agent = "", "" // who held a ticket depends on when it was there
		}
		return o
	}
	want := run(t, []int{0, 1, 2, 3, 4}, false)
	if want.Tickets != 1 || len(want.Messages) != 5 {
		t.Fatalf("in order: %+v", want)
	}
	rapid.Check(t, func(r *rapid.T) {
		order := rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(r, "order")
		if diff := cmp.Diff(want, run(r, order, rapid.Bool().Draw(r, "batch"))); diff != "" {
			r.Fatalf("in the order %v (-want +got):\n%s", order, diff)
		}
	})
}

func TestWhatAPersonTookOutOfATicketIsNotJoinedAgainByALatePost(t *testing.T) {
	t.Parallel()
	w, at := laterWith(t, together())
	first, second := w.ingest(said("1", "mia", "", "", "My parcel is late", at(1)))[0].Ticket, w.ingest(said("2", "mia", "", "", "My invoice is wrong", at(18)))[0].Ticket
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	w.must(w.desk.Unmerge(t.Context(), first, ana, second))
	w.ingest(said("3", "mia", "", "", "Nobody answers", at(10)))
	if got := len(w.unmerged()); got != 2 {
		t.Errorf("%d tickets, want the two that were taken apart", got)
	}
}

func TestPostsInARowCostAFixedNumberOfStoreCalls(t *testing.T) {
	t.Parallel()
	w := newCounted(t, 10)
	if err := w.desk.Apply(t.Context(), ana, together()); err != nil {
		t.Fatal(err)
	}
	post := func(id string) channel.Event {
		e := w.message(id, "")
		e.Message.Author.ID = "mia"
		return e
	}
	begins := map[string]int{
		"Update": 1, "Try": 1,
		"Seen": 1, "Values": 1, "Conversations": 1, "Identities": 1,
		"MarkSeen": 1, "PutContact": 1, "PutIdentity": 1, "PutMessage": 1, "PutConversation": 1, "PutTicket": 1, "PutValue": 1, "Append": 2, "Schedule": 2, "Ensure": 1,
	}
	if diff := cmp.Diff(begins, w.calls(post("1"))); diff != "" {
		t.Errorf("the first post (-want +got):\n%s", diff)
	}
	joins := map[string]int{
		"Update": 1, "Try": 1,
		"Seen": 1, "Values": 1, "Conversations": 2, "Identities": 1, "Contacts": 1, "Tickets": 2,
		"MarkSeen": 1, "PutMessage": 1, "PutConversation": 1, "PutTicket": 1, "PutValue": 1, "Append": 1, "Ensure": 1,
	}
	for i := range 3 {
		w.now = w.now.Add(time.Minute)
		if diff := cmp.Diff(joins, w.calls(post(fmt.Sprint("further", i)))); diff != "" {
			t.Errorf("a further post (-want +got):\n%s", diff)
		}
	}
}
