package socialcrm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// heavyCars lets tickets about cars take two of an agent's hands.
func heavyCars(s *socialcrm.Setup) {
	s.Weights = []routing.Weight{{When: rule.Condition{Fact: "text", Word: "car"}, Weight: 2}}
}

// crowd lets many customers write the same at once.
func (w *world) crowd(n int, text string) {
	w.t.Helper()
	events := make([]channel.Event, n)
	for i := range events {
		customer := fmt.Sprint(text, " ", i)
		events[i] = said(customer, customer, customer, "", text, w.now)
	}
	w.ingest(events...)
}

func TestManyTicketsThatNobodyHasRoomForHoldUpNobodyBehindThem(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		heavyCars(s)
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}, Capacity: 1}, {Name: "bo", Teams: []string{"care"}, Capacity: 2}}
	})
	w.presence("ana", ticket.Offline)
	w.crowd(1200, "My car is gone")
	w.now = w.now.Add(time.Second)
	light := w.ingest(said("mia", "mia", "mia", "", "Hello", w.now))[0].Ticket
	w.presence("ana", ticket.Available)
	if got := w.ticket(light).Agent; got != "ana" {
		t.Errorf("the first that ana has room for is with %q, behind 1,200 that are too heavy", got)
	}
}

func TestNextFindsTheOneTicketThatTheAgentCanTakeAmongMany(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		heavyCars(s)
		s.Lanes[1].Pull, s.Lanes[1].Speak = true, true
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}, Languages: []string{"de"}, Capacity: 1, AlwaysOn: true}, {Name: "bo", Teams: []string{"care"}, Capacity: 2}}
	})
	w.crowd(1200, "My car is gone")
	m := said("mia", "mia", "mia", "", "Bonjour", w.now)
	m.Message.Language = "fr"
	w.ingest(m)
	m = said("noa", "noa", "noa", "", "Guten Tag", w.now)
	m.Message.Language = "de-AT"
	german := w.ingest(m)[0].Ticket
	if got := w.must(w.desk.Next(t.Context(), ana)).Ticket; got != german {
		t.Errorf("ana got %s (%s), want %s, which alone is in her language and light enough", got, w.ticket(got).Subject, german)
	}
}

func TestAnAgentWithManyHandsIsGivenWhatWaitsInOrder(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) { s.Agents[0].Capacity = 8 })
	w.presence("ana", ticket.Offline)
	for range 11 {
		w.now = w.now.Add(time.Second)
		customer := fmt.Sprint("customer ", w.now.Unix())
		w.ingest(said(customer, customer, customer, "", "Hello", w.now))
	}
	w.presence("ana", ticket.Available)
	w.wantHands("ana ana ana ana ana ana ana ana care? care? care?", "with room for eight")
}

func TestWhatAnAgentGaveBackHoldsUpNothingElseThatTheAgentCanTake(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) { s.Agents[0].Capacity = 1 })
	ctx := t.Context()
	var ids []ticket.ID
	for _, customer := range []string{"mia", "noa", "oli", "pam"} {
		ids = append(ids, w.asked(customer, "Hello"))
	}
	for range 2 { // mia's, then noa's: each makes room for the next
		for _, tk := range w.tickets() {
			if tk.Agent == "ana" {
				w.must(w.desk.Assign(ctx, tk.ID, ana, ""))
				break
			}
		}
	}
	w.wantHands("care? care? ana care?", "with two given back")
	if got := w.ticket(ids[0]).Class; got != "not ana" {
		t.Errorf("what she gave back waits in class %q", got)
	}
	w.must(w.desk.Resolve(ctx, ids[2], ana, ""))
	w.must(w.desk.Resolve(ctx, ids[3], ana, ""))
	w.wantHands("care? care? - -", "when nothing else is left")
	w.pass(time.Minute)
	w.presence("ana", ticket.Busy)
	w.presence("ana", ticket.Available)
	w.wantHands("ana care? - -", "once she has been away")
}

func TestWhatWaitsIsWeighedAgainWhenItChangesAndWhenTheRulesDo(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		heavyCars(s)
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}, Capacity: 3}}
		s.Lanes[1].Strategy = []routing.Strategy{{By: routing.Reserve, Keep: 1}, {By: routing.LeastLoaded}}
	})
	w.presence("ana", ticket.Offline)
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "Hello")
	w.pass(time.Minute)
	id := w.only().ID
	look := func(when, class string, weight int) {
		t.Helper()
		got := w.ticket(id)
		if diff := cmp.Diff([]any{class, weight}, []any{got.Class, got.Weight}); diff != "" {
			t.Errorf("class and weight %s (-want +got):\n%s", when, diff)
		}
	}
	look("at first", "keep", 0)
	mia.Reply(root, "It is about my car")
	w.pass(time.Minute)
	look("once it is about a car", "2 keep", 2)
	w.must(w.desk.SetPriority(t.Context(), id, ana, ticket.High))
	look("once it is urgent", "2", 2)
	company, _ := w.desk.Setup()
	company.Weights[0].Weight = 3
	w.apply(company)
	w.pass(time.Second)
	look("under another Setup", "3", 3)
	w.presence("ana", ticket.Available)
	look("once somebody has it", "", 3)
	if got := w.ticket(id).Agent; got != "ana" {
		t.Errorf("it is with %q, want ana", got)
	}
}

func TestWhatAsksLessOfAgentsThanItDidIsHandedOutAtOnce(t *testing.T) {
	t.Parallel()
	t.Run("lighter", func(t *testing.T) {
		t.Parallel()
		w := companyOf(t, func(s *socialcrm.Setup) {
			urgent := ticket.Urgent
			s.Weights = []routing.Weight{{When: rule.Condition{Fact: "priority", Equals: rule.Text("urgent")}, Weight: 3}}
			s.Lanes[1].Priority, s.Agents[1].Capacity = &urgent, 3
		})
		id := w.asked("mia", "Hello")
		w.wantHands("care?", "while it is too heavy for her team")
		w.must(w.desk.SetPriority(t.Context(), id, ana, ticket.Normal))
		w.wantHands("ana", "once it is light enough, without a Tick,")
	})
	t.Run("no longer held off the room that is kept", func(t *testing.T) {
		t.Parallel()
		w := companyOf(t, func(s *socialcrm.Setup) { s.Lanes[1].Strategy = []routing.Strategy{{By: routing.Reserve, Keep: 1}} })
		w.asked("mia", "Hello")
		second := w.asked("noa", "Hello")
		w.wantHands("ana care?", "while room is kept")
		w.must(w.desk.SetPriority(t.Context(), second, ana, ticket.High))
		w.wantHands("ana ana", "once it is of high priority, without a Tick,")
	})
}

func TestAReopenedTicketIsWeighedAndRoutedByWhatItsCustomerWrote(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		heavyCars(s)
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 2, AlwaysOn: true}, {Name: "ben", Teams: []string{"money"}, Capacity: 2}}
	})
	w.presence("ben", ticket.Available)
	id := w.asked("mia", "The invoice of my car")
	w.must(w.desk.Resolve(t.Context(), id, by("ben"), ""))
	w.presence("ben", ticket.Offline)
	w.must(w.desk.Reopen(t.Context(), id, ana, "too early"))
	if got := w.ticket(id); got.Lane != "billing" || got.Agent != "" || got.Weight != 2 {
		t.Errorf("it is in %s with %q and weighs %d; want billing, nobody, 2", got.Lane, got.Agent, got.Weight)
	}
}
