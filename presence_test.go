package socialcrm_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

func twoInCare(s *socialcrm.Setup) {
	s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 3}, {Name: "bea", Teams: []string{"care", "money"}, Capacity: 1}}
}

func TestTicketsOfWhoGoesAwayStayOrReturnAsTheLaneSays(t *testing.T) {
	t.Parallel()
	for name, returns := range map[string]bool{"they stay": false, "they return": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := companyOf(t, func(s *socialcrm.Setup) { twoInCare(s); s.Lanes[1].Return = returns })
			w.presence("ana", ticket.Available)
			first, second, pending := w.asked("mia", "Hello"), w.asked("noa", "Hello"), w.asked("oli", "Hello")
			w.must(w.desk.SetStatus(t.Context(), pending, ana, ticket.Pending, ""))
			w.presence("bea", ticket.Available)
			w.presence("ana", ticket.Busy)
			w.wantHands("ana ana ana", "while ana is busy")
			w.presence("ana", ticket.Away)
			want := "ana ana ana"
			if returns {
				want = "bea care? ana"
			}
			w.wantHands(want, "while ana is away")
			if !returns {
				return
			}
			if e := w.last(second, ticket.TicketAssigned); e.Old != "ana" || e.New != "" || e.Reason != "ana is not there" {
				t.Errorf("the journal says %+v", e)
			}
			w.must(w.desk.Resolve(t.Context(), first, by("bea"), ""))
			w.wantHands("- bea ana", "once bea has room; the third waits for the customer")
		})
	}
}

func TestCustomerWhoseAgentIsAwayIsServedByOthers(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) { twoInCare(s); s.Lanes[1].Return = true })
	w.presence("ana", ticket.Available)
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "Hello")
	w.pass(time.Minute)
	id := w.only().ID
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Which one?", Then: ticket.Pending}))
	w.pass(time.Minute)
	w.presence("ana", ticket.Offline)
	w.presence("bea", ticket.Available)
	w.wantHands("ana", "while it waits for the customer")
	mia.Reply(root, "The red one")
	w.pass(time.Minute)
	w.wantHands("bea", "once the customer wrote")
	if got := w.only(); got.Status != ticket.Open {
		t.Errorf("it is %s, want open", got.Status)
	}
}

func TestReopenedTicketGoesToItsAgentOnlyIfThere(t *testing.T) {
	t.Parallel()
	w := companyOf(t, twoInCare)
	w.presence("ana", ticket.Available)
	id := w.asked("mia", "Hello")
	w.must(w.desk.Resolve(t.Context(), id, ana, ""))
	w.presence("ana", ticket.Away)
	w.presence("bea", ticket.Available)
	w.must(w.desk.Reopen(t.Context(), id, by("bea"), "too early"))
	w.wantHands("bea", "while ana is away")
}

func TestWhatSomebodyHasBegunReturnsToo(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) { twoInCare(s); s.Lanes[1].Return = true })
	w.presence("ana", ticket.Available)
	id := w.asked("mia", "Hello")
	w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.Open, ""))
	w.presence("ana", ticket.Away)
	w.wantHands("care?", "while ana is away")
}
