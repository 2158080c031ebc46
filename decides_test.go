package socialcrm_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// fires is a world whose company has a first lane for what is on fire, a second for who is gold, and nobody there but those named.
func fires(t *testing.T, there ...string) *world {
	t.Helper()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes = []routing.Lane{
			{Name: "safety", Team: "safety", When: rule.Condition{Fact: "text", Word: "fire"}, Priority: new(ticket.Urgent)},
			{Name: "vip", Team: "vip", When: rule.Condition{Fact: "contact.tier", Equals: rule.Text("gold")}},
			{Name: "care", Team: "care"},
		}
		s.Teams = []routing.Team{{Name: "safety"}, {Name: "vip"}, {Name: "care"}}
		s.Agents = []routing.Agent{
			{Name: "sam", Teams: []string{"safety"}, Capacity: 5}, {Name: "vi", Teams: []string{"vip"}, Capacity: 5}, {Name: "ana", Teams: []string{"care"}, Capacity: 5},
		}
	})
	w.presence("ana", ticket.Offline)
	for _, agent := range there {
		w.presence(agent, ticket.Available)
	}
	return w
}

// writes lets a customer write, always in the same conversation. A CRM has not answered yet then.
func (w *world) writes(customer, text string) {
	w.t.Helper()
	w.ingest(said(text, customer, customer, "", text, w.now))
}

func (w *world) isGold(customer string) {
	w.crm.AddPerson(crm.Person{Ref: customer, Tier: "gold"}, crm.Identity{Platform: "fakebook", Author: channel.Author{ID: customer}})
}

// reapply applies the Setup in force once more.
func (w *world) reapply() {
	w.t.Helper()
	s, _ := w.desk.Setup()
	w.apply(s)
	w.pass(time.Second)
}

func TestAnEmergencyStaysOneWhenTheCRMAnswersAfterAFurtherMessage(t *testing.T) {
	t.Parallel()
	w := fires(t, "sam", "ana")
	w.isGold("gus")
	w.writes("gus", "My toaster is on fire")
	w.writes("gus", "Please help")
	w.wantHands("sam", "before the CRM answers")
	w.pass(time.Minute)
	w.wantHands("sam", "after it did")
	if tk := w.only(); tk.Lane != "safety" || tk.Routed.Lane != "safety" {
		t.Errorf("it is in %s, and belongs in %s", tk.Lane, tk.Routed.Lane)
	}
}

func TestAnUnchangedSetupLeavesATicketWhereItsMessageDecided(t *testing.T) {
	t.Parallel()
	w := fires(t)
	w.writes("gus", "My toaster is on fire")
	w.pass(time.Minute)
	w.writes("gus", "Hello? Anybody there?")
	w.reapply()
	w.wantHands("safety?", "after a further message and an unchanged Setup")
	x, err := w.desk.ExplainRouting(t.Context(), w.only().ID)
	if err != nil || x.Decision.Lane != "safety" {
		t.Errorf("explained as in %s, %v", x.Decision.Lane, err)
	}
}

func TestAFurtherMessageMovesWhatWaitsToAnEarlierLaneAndNeverToALaterOne(t *testing.T) {
	t.Parallel()
	w := fires(t, "sam")
	w.writes("gus", "My toaster smells")
	w.wantHands("care?", "at first")
	w.must(w.desk.SetPriority(t.Context(), w.only().ID, ana, ticket.High))
	w.writes("gus", "It is on fire now")
	w.wantHands("sam", "once it burns")
	tk := w.only()
	if e := w.last(tk.ID, ticket.TicketRouted); tk.Priority != ticket.Urgent || e.Old != "care" || e.New != "safety" || e.Message == "" || e.Message != tk.Routed.Message {
		t.Errorf("it is %s, and the journal tells %+v", tk.Priority, e)
	}
	w.must(w.desk.Assign(t.Context(), tk.ID, ana, ""))
	w.writes("gus", "Thank you")
	w.pass(time.Minute)
	w.reapply()
	w.wantHands("sam", "after a message that belongs in a later lane")
}

func TestAFurtherMessageMovesNothingThatAPersonPutWhereItIsOrThatSomebodyAnswers(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		do   func(w *world, id ticket.ID)
		want string
	}{
		{"handed on", func(w *world, id ticket.ID) {
			w.must(w.desk.Transfer(w.t.Context(), id, ana, socialcrm.Transfer{Lane: "vip", Reason: "a friend"}))
		}, "vip?"},
		{"claimed", func(w *world, id ticket.ID) { w.must(w.desk.Claim(w.t.Context(), id, ana, time.Hour)) }, "care?"},
		{"had by an agent", func(w *world, id ticket.ID) { w.presence("ana", ticket.Available) }, "ana"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := fires(t, "sam")
			w.writes("gus", "My toaster smells")
			test.do(w, w.only().ID)
			w.writes("gus", "It is on fire now")
			w.wantHands(test.want, "after the message")
		})
	}
}

func TestTheCRMsAnswerTakesATicketFromNobodyWhoHasBegun(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		do   func(w *world, id ticket.ID)
		want string
	}{
		{"nothing", func(*world, ticket.ID) {}, "vi"},
		{"a claim", func(w *world, id ticket.ID) { w.must(w.desk.Claim(w.t.Context(), id, ana, time.Hour)) }, "ana"},
		{"a note", func(w *world, id ticket.ID) {
			w.must(w.desk.Note(w.t.Context(), id, ana, "I called the depot"))
		}, "ana"},
		{"a consult", func(w *world, id ticket.ID) {
			w.must(w.desk.Consult(w.t.Context(), id, ana, socialcrm.Consult{Team: "vip", Question: "Who is it?", Within: time.Hour}))
		}, "ana"},
		{"a hand-off", func(w *world, id ticket.ID) {
			w.must(w.desk.Transfer(w.t.Context(), id, ana, socialcrm.Transfer{Lane: "safety", Reason: "it smells"}))
		}, "safety?"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := fires(t, "ana", "vi")
			w.isGold("gus")
			w.writes("gus", "Hello")
			test.do(w, w.only().ID)
			w.pass(time.Minute)
			w.wantHands(test.want, "after the CRM's answer")
		})
	}
}

// overflowing is a world in which nobody of care is there, and temps takes what is too much.
func overflowing(t *testing.T, o routing.Overflow) *world {
	t.Helper()
	w := companyOf(t, func(s *socialcrm.Setup) {
		o.To = "temps"
		s.Agents[0].AlwaysOn, s.Lanes[1].Overflow = false, o
		s.Lanes = append(s.Lanes, routing.Lane{Name: "temps", Team: "temps", ByHand: true})
		s.Teams = append(s.Teams, routing.Team{Name: "temps"})
		s.Agents = append(s.Agents, routing.Agent{Name: "tia", Teams: []string{"temps"}})
	})
	w.presence("ana", ticket.Offline)
	return w
}

func TestWhatWaitsInALongQueueIsNotPushedOnByRoutingItAgain(t *testing.T) {
	t.Parallel()
	w := overflowing(t, routing.Overflow{Longer: 2})
	for _, customer := range []string{"mia", "noa", "oli"} {
		w.isGold(customer)
		w.asked(customer, "Hello")
	}
	w.reapply()
	w.asked("pam", "Hello")
	w.wantHands("care? care? care? temps?", "after the CRM's answers, an unchanged Setup and a new one")
	for i, tk := range w.tickets() {
		want := "care"
		if i == 3 {
			want = "temps"
		}
		if x, err := w.desk.ExplainRouting(t.Context(), tk.ID); err != nil || x.Decision.Lane != want || x.Decision.Own() != "care" {
			t.Errorf("ticket %d is explained as %+v, %v; want it in %s", i, x.Decision, err, want)
		}
	}
}

func TestWhatMovedOnAfterWaitingStaysMovedOnUntilItBelongsElsewhere(t *testing.T) {
	t.Parallel()
	w := overflowing(t, routing.Overflow{After: sla.Duration(10 * time.Minute)})
	id := w.asked("mia", "Hello")
	w.pass(10 * time.Minute)
	w.wantHands("temps?", "after ten minutes")
	waits := w.ticket(id).Queued
	w.reapply()
	if got := w.ticket(id); got.Lane != "temps" || !got.Queued.Equal(waits) {
		t.Errorf("under the same Setup it waits in %s since %s, want temps since %s", got.Lane, got.Queued, waits)
	}
	s, _ := w.desk.Setup()
	s.Lanes[1].Overflow = routing.Overflow{}
	w.apply(s)
	w.pass(time.Second)
	w.wantHands("care?", "once the lanes lead there no more")
}

func TestWhatAnAgentGaveBackGoesToAnotherWhenItHasWaitedTooLong(t *testing.T) {
	t.Parallel()
	w := overflowing(t, routing.Overflow{After: sla.Duration(10 * time.Minute)})
	w.presence("ana", ticket.Available)
	w.presence("tia", ticket.Available)
	id := w.asked("mia", "Hello")
	w.must(w.desk.Assign(t.Context(), id, ana, ""))
	x, err := w.desk.ExplainRouting(t.Context(), id)
	if err != nil || len(x.Agents) != 1 || x.Agents[0].Cause != routing.GaveBack {
		t.Errorf("explained by %+v, %v", x.Agents, err)
	}
	w.pass(9 * time.Minute)
	w.reapply()
	w.wantHands("care?", "before its time")
	w.pass(time.Minute)
	w.wantHands("tia", "after ten minutes")
}
