package socialcrm_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestAPriorityThatAPersonSetStaysWhenTheTicketIsRoutedAgain(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ lane, person ticket.Priority }{{ticket.Low, ticket.Urgent}, {ticket.High, ticket.Low}, {ticket.Normal, ticket.Low}} {
		w := companyOf(t, func(s *socialcrm.Setup) { s.Lanes[1].Priority = &tt.lane })
		w.presence("ana", ticket.Offline)
		w.crm.AddPerson(crm.Person{Ref: "1", Tier: "gold"}, crm.Identity{Platform: "plaza", Author: channel.Author{ID: "mia"}})
		id := w.ingest(said("mia", "mia", "mia", "", "Hello", w.now))[0].Ticket
		w.must(w.desk.SetPriority(t.Context(), id, ana, tt.person))
		w.pass(time.Minute)
		if got := w.ticket(id).Priority; got != tt.person {
			t.Errorf("a lane of %s, a person says %s: once the CRM answered it is %s", tt.lane, tt.person, got)
		}
		same, _ := w.desk.Setup()
		w.apply(same)
		w.pass(time.Minute)
		if got := w.ticket(id).Priority; got != tt.person {
			t.Errorf("a lane of %s, a person says %s: once the Setup was applied again it is %s", tt.lane, tt.person, got)
		}
	}
}

func TestTheTicketsOfAnAgentWhoIsTakenOutOfTheSetupGoToOthers(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}, Capacity: 200, AlwaysOn: true}}
	})
	w.crowd(80, "Hello")
	s, _ := w.desk.Setup()
	s.Agents = []routing.Agent{{Name: "zoe", Teams: []string{"care", "money"}, Capacity: 70, AlwaysOn: true}}
	w.apply(s)
	w.pass(time.Minute)
	with := make(map[string]int)
	for _, tk := range w.tickets() {
		with[tk.Agent]++
	}
	if with["zoe"] != 70 || with[""] != 10 || with["ana"] != 0 {
		t.Errorf("they are with %v, want zoe: 70 and 10 waiting", with)
	}
}

func TestATicketThatComesBackToALaneThatIsGoneIsRoutedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.presence("ben", ticket.Offline)
	id := w.ingest(said("mia", "mia", "mia", "", "Hello", w.now))[0].Ticket
	lane := w.ticket(id).Lane
	if w.ticket(id).Agent != "ana" {
		t.Fatalf("the ticket is with %q, want ana", w.ticket(id).Agent)
	}
	s, _ := w.desk.Setup()
	for i := range s.Lanes {
		if s.Lanes[i].Name == lane {
			s.Lanes[i].Name = "service"
		}
	}
	w.apply(s)
	w.pass(time.Minute)
	w.presence("ana", ticket.Away)
	w.must(w.desk.Assign(t.Context(), id, ana, ""))
	if got := w.ticket(id); got.Lane != "service" {
		t.Errorf("given back, it waits in %s, want service, for %s is gone", got.Lane, lane)
	}
}
