package socialcrm_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func by(agent string) socialcrm.By { return socialcrm.By{Actor: ticket.Agent(agent)} }

// staffed is a world in which care has a next tier and somebody who leads it, and where billing promises more.
func staffed(t *testing.T, change ...func(*socialcrm.Setup)) *world {
	w := newWorld(t)
	s := company()
	s.Lanes[1].Escalation = "leads"
	s.Lanes = append(s.Lanes, routing.Lane{Name: "leads", Team: "leads", ByHand: true, Priority: new(ticket.Urgent)})
	s.Teams = append(s.Teams, routing.Team{Name: "leads"})
	s.Agents = append(s.Agents,
		routing.Agent{Name: "lea", FirstName: "Lea", Teams: []string{"leads"}, Role: routing.RoleLead, AlwaysOn: true},
		routing.Agent{Name: "tom", FirstName: "Tom", Teams: []string{"money"}, Role: routing.RoleTrainee, Capacity: 3})
	s.SLA = append([]sla.Policy{{Name: "money", When: laneIs("billing"), Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(10 * time.Minute)}}}}, s.SLA...)
	for _, f := range change {
		f(&s)
	}
	w.apply(s)
	return w
}

func (w *world) apply(s socialcrm.Setup) {
	w.t.Helper()
	if err := w.desk.Apply(w.t.Context(), socialcrm.By{Actor: ticket.Actor{Kind: ticket.ByHost}}, s); err != nil {
		w.t.Fatal(err)
	}
}

// asked is the ticket of a customer's new post.
func (w *world) asked(customer, text string) ticket.ID {
	w.t.Helper()
	before := len(w.tickets())
	w.platform.Customer(customer).Post(w.page, text)
	w.pass(time.Minute)
	all := w.tickets()
	if len(all) != before+1 {
		w.t.Fatalf("%d tickets after %q, want %d", len(all), text, before+1)
	}
	return all[len(all)-1].ID
}

func (w *world) ticket(id ticket.ID) ticket.Ticket {
	w.t.Helper()
	got, err := w.desk.Ticket(w.t.Context(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

// last returns the ticket's latest entry of the kind.
func (w *world) last(id ticket.ID, kind ticket.EntryKind) ticket.Entry {
	w.t.Helper()
	entries, err := w.desk.Journal(w.t.Context(), ticket.JournalQuery{Ticket: id, Limit: 1000})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, e := range slices.Backward(entries) {
		if e.Kind == kind {
			return e
		}
	}
	w.t.Fatalf("there is no %s in the journal", kind)
	return ticket.Entry{}
}

// must fails the test when a verb fails.
func (w *world) must(r socialcrm.Receipt, err error) socialcrm.Receipt {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

// refused fails the test unless the verb fails with the error.
func (w *world) refused(want error, _ socialcrm.Receipt, err error) {
	w.t.Helper()
	if !errors.Is(err, want) {
		w.t.Errorf("got %v, want %v", err, want)
	}
}

func TestTransferHandsOnWithReasonAndContext(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "You charged me twice")
	w.pass(time.Minute)
	id := w.only().ID
	w.must(w.desk.Transfer(ctx, id, ana, socialcrm.Transfer{Team: "money", Reason: "about money", Note: "She has the receipt."}))
	got := w.ticket(id)
	if got.Lane != "billing" || got.Team != "money" || got.Agent != "ben" || got.Status != ticket.New {
		t.Errorf("it is in %s with %q of %s, %s; want billing, ben of money, new", got.Lane, got.Agent, got.Team, got.Status)
	}
	if c, _ := got.Clocks.Clock(sla.FirstResponse); c.Policy != "money" || !c.Due.Equal(root.Time.Add(10*time.Minute)) {
		t.Errorf("first response is promised by %s until %s, want money's 10 minutes from the question", c.Policy, c.Due)
	}
	if e := w.last(id, ticket.TicketHanded); e.Old != "care" || e.New != "billing" || e.Reason != "about money" || e.Actor != ana.Actor {
		t.Errorf("the journal says %+v", e)
	}
	if diff := cmp.Diff([]string{"You charged me twice", "She has the receipt."}, w.said(id)); diff != "" {
		t.Errorf("what ben reads (-want +got):\n%s", diff)
	}
	// Routing leaves it there, also when it waits or is reopened.
	w.must(w.desk.Resolve(ctx, id, by("ben"), ""))
	mia.Reply(root, "Twice, I said")
	w.pass(time.Minute)
	if got := w.ticket(id); got.Lane != "billing" || got.Agent != "ben" || got.Status != ticket.Open {
		t.Errorf("reopened it is in %s with %q, %s", got.Lane, got.Agent, got.Status)
	}
	w.must(w.desk.Assign(ctx, id, by("ben"), ""))
	w.must(w.desk.Resolve(ctx, id, by("ben"), ""))
	mia.Reply(root, "Hello?")
	w.pass(time.Minute)
	if got := w.ticket(id); got.Lane != "billing" || got.Agent != "ben" {
		t.Errorf("reopened without an agent it is in %s with %q", got.Lane, got.Agent)
	}
	free, _, err := capacity(w, "ana")
	if err != nil || free != 2 {
		t.Errorf("ana has room for %d (%v), want 2", free, err)
	}
	w.refused(socialcrm.ErrInvalid, w.must(socialcrm.Receipt{}, nil), transferErr(w, id, socialcrm.Transfer{Lane: "nowhere", Reason: "x"}))
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, transferErr(w, id, socialcrm.Transfer{Lane: "care"}))
}

func transferErr(w *world, id ticket.ID, to socialcrm.Transfer) error {
	_, err := w.desk.Transfer(w.t.Context(), id, ana, to)
	return err
}

func capacity(w *world, agent string) (free, load int, err error) {
	err = w.store.View(w.t.Context(), "", func(r ticket.Reader) error {
		states, err := r.Agents(agent)
		if err == nil {
			free, load = states[0].Free(), states[0].Load
		}
		return err
	})
	return free, load, err
}

func TestATransferredTicketWaitsInItsLaneUntilSomebodyHasRoom(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	first := w.asked("mia", "my invoice is wrong") // ben's one ticket
	id := w.asked("noa", "You charged me twice")
	w.must(w.desk.Transfer(t.Context(), id, ana, socialcrm.Transfer{Lane: "billing", Reason: "about money"}))
	if got := w.ticket(id); got.Agent != "" || got.Lane != "billing" {
		t.Fatalf("it is in %s with %q, want billing with nobody", got.Lane, got.Agent)
	}
	w.must(w.desk.Resolve(t.Context(), first, by("ben"), "paid"))
	w.pass(time.Second)
	if got := w.ticket(id); got.Agent != "ben" {
		t.Errorf("it is with %q, want ben", got.Agent)
	}
}

func TestATransferWithinTheLaneIsForSomebodyElse(t *testing.T) {
	t.Parallel()
	w := staffed(t, func(s *socialcrm.Setup) {
		s.Agents = append(s.Agents, routing.Agent{Name: "amy", Teams: []string{"care"}, Capacity: 2, AlwaysOn: true})
	})
	busy := w.asked("noa", "Hello?")
	if w.ticket(busy).Agent != "amy" {
		w.must(w.desk.Assign(t.Context(), busy, ana, "amy"))
	}
	id := w.asked("mia", "Hello?")
	if w.ticket(id).Agent != "ana" {
		t.Fatalf("it is with %q", w.ticket(id).Agent)
	}
	w.must(w.desk.Transfer(t.Context(), id, ana, socialcrm.Transfer{Lane: "care", Reason: "he is my uncle"}))
	w.pass(time.Second)
	if got := w.ticket(id).Agent; got != "amy" {
		t.Errorf("it is with %q, want amy", got)
	}
}

func TestEscalateGoesToTheNextTier(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	id := w.asked("mia", "I will sue you")
	w.must(w.desk.Escalate(t.Context(), id, ana, "threatens to sue"))
	if got := w.ticket(id); got.Lane != "leads" || got.Agent != "lea" || got.Priority != ticket.Urgent || got.Clocks.Facts.Priority != ticket.Urgent {
		t.Errorf("it is in %s with %q, %s", got.Lane, got.Agent, got.Priority)
	}
	_, err := w.desk.Escalate(t.Context(), id, by("lea"), "still angry")
	w.refused(socialcrm.ErrInvalid, socialcrm.Receipt{}, err)
}

func TestALeadTakesOver(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Hello?")
	_, err := w.desk.TakeOver(ctx, id, by("ben"), "mine")
	w.refused(socialcrm.ErrForbidden, socialcrm.Receipt{}, err)
	w.must(w.desk.TakeOver(ctx, id, by("lea"), "a journalist"))
	if got := w.ticket(id); got.Agent != "lea" || got.Lane != "care" || got.Clocks.Facts.Agent != "lea" {
		t.Errorf("it is in %s with %q", got.Lane, got.Agent)
	}
	if e := w.last(id, ticket.TicketAssigned); e.Old != "ana" || e.New != "lea" || e.Reason != "a journalist" {
		t.Errorf("the journal says %+v", e)
	}
	other := w.asked("noa", "Hello?")
	_, err = w.desk.TakeOver(ctx, other, by("lea"), "too")
	w.refused(socialcrm.ErrCapacity, socialcrm.Receipt{}, err)
}

func TestConsultIsAnsweredByADeadlineOfItsOwn(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Is this legal?")
	before := w.ticket(id)
	asked := w.must(w.desk.Consult(ctx, id, ana, socialcrm.Consult{Team: "money", Question: "Is it?", Within: 30 * time.Minute})).Messages[0]
	late := w.must(w.desk.Consult(ctx, id, ana, socialcrm.Consult{Agent: "lea", Question: "What do you say?", Within: 10 * time.Minute})).Messages[0]
	w.pass(20 * time.Minute)
	got := w.ticket(id)
	if got.Lane != before.Lane || got.Agent != before.Agent || got.Status != before.Status || !cmp.Equal(got.Clocks.Clocks, before.Clocks.Clocks) {
		t.Errorf("the ticket changed: %+v", got)
	}
	if e := w.last(id, ticket.ConsultOverdue); e.Message != late || e.New != "lea" || !e.Happened.Equal(w.now.Add(-10*time.Minute)) {
		t.Errorf("overdue in the journal: %+v", e)
	}
	w.must(w.desk.Answer(ctx, id, by("ben"), asked, "Yes."))
	if e := w.last(id, ticket.ConsultAnswered); e.Old != asked || e.Actor.ID != "ben" {
		t.Errorf("the answer in the journal: %+v", e)
	}
	w.pass(time.Hour)
	if n := countKind(w.kinds(id), ticket.ConsultOverdue); n != 1 {
		t.Errorf("%d consults were overdue, want 1", n)
	}
	if got := w.ticket(id); len(got.Consults) != 1 || !got.Consults[0].Overdue {
		t.Errorf("open consults: %+v", got.Consults)
	}
	_, err := w.desk.Answer(ctx, id, by("ben"), asked, "Yes.")
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
	w.must(w.desk.Answer(ctx, id, by("lea"), late, "Sorry, late."))
	w.noTasks("consult")
	if sees := w.platform.Customer("mia").Sees(); len(sees) != 1 {
		t.Errorf("mia sees %q", sees)
	}
}

// noTasks fails the test when anything is left to do in a queue.
func (w *world) noTasks(queue string) {
	w.t.Helper()
	list, err := w.desk.Tasks(w.t.Context(), ticket.TaskQuery{Queue: queue})
	if err != nil || len(list.Items) != 0 {
		w.t.Errorf("left in queue %s: %+v (%v)", queue, list.Items, err)
	}
}

func countKind(kinds []ticket.EntryKind, kind ticket.EntryKind) (n int) {
	for _, k := range kinds {
		if k == kind {
			n++
		}
	}
	return n
}

func TestAConsultGoesOnInTheTicketThatAbsorbsItsOwn(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	into, from := w.asked("mia", "Hello?"), w.asked("mia", "Is this legal?")
	asked := w.must(w.desk.Consult(ctx, from, ana, socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour})).Messages[0]
	w.must(w.desk.Merge(ctx, into, ana, from))
	w.pass(2 * time.Hour)
	if e := w.last(into, ticket.ConsultOverdue); e.Message != asked {
		t.Errorf("the journal says %+v", e)
	}
	w.must(w.desk.Answer(ctx, from, by("ben"), asked, "Yes."))
	if got := w.ticket(into); len(got.Consults) != 0 {
		t.Errorf("open consults: %+v", got.Consults)
	}
}

func TestATicketIsOnHoldUntilTheLastQuestionThatHoldsItIsAnswered(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "Is this legal?")
	w.pass(time.Second)
	id := w.only().ID
	q := socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour, Hold: true}
	ask := func() string { t.Helper(); return w.must(w.desk.Consult(ctx, id, ana, q)).Messages[0] }
	answer := func(key string, want ticket.Status, when string) {
		t.Helper()
		w.must(w.desk.Answer(ctx, id, by("ben"), key, "Yes."))
		if got := w.ticket(id).Status; got != want {
			t.Errorf("%s it is %s, want %s", when, got, want)
		}
	}
	first, second := ask(), ask()
	answer(first, ticket.OnHold, "with one of two answered")
	answer(second, ticket.Open, "with both answered")

	first = ask()
	mia.Reply(root, "Hello?")
	w.pass(time.Minute)
	second = ask()
	answer(second, ticket.Open, "with the one answered for which it was put on hold again")
	w.must(w.desk.SetStatus(ctx, id, ana, ticket.OnHold, "the depot looks for it"))
	second = ask()
	answer(first, ticket.OnHold, "put on hold by a person")
	answer(second, ticket.OnHold, "put on hold by a person before the question")
}

func TestConsultCanHoldTheTicket(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Is this legal?")
	q := socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour, Hold: true}
	first := w.must(w.desk.Consult(ctx, id, ana, q)).Messages[0]
	if got := w.ticket(id); got.Status != ticket.OnHold {
		t.Fatalf("it is %s, want on-hold", got.Status)
	}
	w.must(w.desk.Answer(ctx, id, by("ben"), first, "Yes."))
	if got := w.ticket(id); got.Status != ticket.Open {
		t.Errorf("answered it is %s, want open", got.Status)
	}
	for name, bad := range map[string]socialcrm.Consult{
		"nobody":      {Question: "?", Within: time.Hour},
		"two":         {Team: "money", Agent: "ben", Question: "?", Within: time.Hour},
		"no question": {Team: "money", Within: time.Hour},
		"no time":     {Team: "money", Question: "?"},
	} {
		if _, err := w.desk.Consult(ctx, id, ana, bad); !errors.Is(err, socialcrm.ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", name, err)
		}
	}
	_, err := w.desk.Consult(ctx, id, ana, socialcrm.Consult{Team: "legal", Question: "?", Within: time.Hour})
	w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
	w.must(w.desk.Consult(ctx, id, ana, q))
	w.must(w.desk.CloseWithoutReply(ctx, id, ana, "a bot"))
	w.noTasks("consult")
	w.pass(2 * time.Hour)
	if n := countKind(w.kinds(id), ticket.ConsultOverdue); n != 0 {
		t.Errorf("a closed ticket has %d overdue consults", n)
	}
}

func TestTicketOnHoldWaitsForTheLastAnswer(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	id := w.asked("mia", "Is this legal?")
	first := w.must(w.desk.Consult(ctx, id, ana, socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour, Hold: true})).Messages[0]
	w.must(w.desk.SetStatus(ctx, id, ana, ticket.Open, "she called"))
	second := w.must(w.desk.Consult(ctx, id, ana, socialcrm.Consult{Agent: "lea", Question: "And you?", Within: time.Hour, Hold: true})).Messages[0]
	w.must(w.desk.Answer(ctx, id, by("ben"), first, "Yes."))
	if got := w.ticket(id); got.Status != ticket.OnHold {
		t.Errorf("with one question open it is %s, want on-hold", got.Status)
	}
	w.must(w.desk.Answer(ctx, id, by("lea"), second, "Yes."))
	if got := w.ticket(id); got.Status != ticket.Open {
		t.Errorf("with both answered it is %s, want open", got.Status)
	}
}

func TestNobodyWaitsForAnAnswerOnceTheTicketIsSolved(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	id := w.asked("mia", "Is this legal?")
	w.must(w.desk.Consult(t.Context(), id, ana, socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour}))
	w.must(w.desk.Resolve(t.Context(), id, ana, "she found it herself"))
	w.pass(2 * time.Hour)
	if n := countKind(w.kinds(id), ticket.ConsultOverdue); n != 0 {
		t.Errorf("a solved ticket has %d overdue consults", n)
	}
}

func TestAClosedTicketAsksNobodyAnyMore(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	id := w.asked("mia", "Is this legal?")
	w.must(w.desk.Consult(t.Context(), id, ana, socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour}))
	w.must(w.desk.Close(t.Context(), id, ana))
	if got := w.ticket(id).Consults; len(got) != 0 {
		t.Errorf("it still asks %+v", got)
	}
	w.noTasks("consult")
}

func TestATicketThatLeavesTakesItsQuestionsAlong(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	part, whole := w.asked("mia", "Where is it?"), w.asked("noa", "And mine?")
	q := socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour}
	first := w.must(w.desk.Consult(ctx, part, ana, q)).Messages[0]
	own := w.must(w.desk.Consult(ctx, whole, ana, q)).Messages[0]
	w.must(w.desk.Merge(ctx, whole, ana, part))
	w.must(w.desk.Unmerge(ctx, whole, ana, part))
	for id, want := range map[ticket.ID]string{part: first, whole: own} {
		if got := w.ticket(id).Consults; len(got) != 1 || got[0].Key != want {
			t.Errorf("open consults: %+v, want %s", got, want)
		}
	}
	w.pass(2 * time.Hour)
	for id, want := range map[ticket.ID]string{part: first, whole: own} {
		if e := w.last(id, ticket.ConsultOverdue); e.Message != want {
			t.Errorf("overdue is %q, want %s", e.Message, want)
		}
	}
}

func TestSolvingEndsQuestions(t *testing.T) {
	t.Parallel()
	for name, solve := range map[string]func(w *world, id ticket.ID){
		"resolved": func(w *world, id ticket.ID) { w.must(w.desk.Resolve(w.t.Context(), id, ana, "")) },
		"with the answer": func(w *world, id ticket.ID) {
			w.must(w.desk.Reply(w.t.Context(), id, ana, socialcrm.Reply{Text: "In Lyon.", Then: ticket.Solved}))
		},
		"in the CRM": func(w *world, id ticket.ID) { w.ok(w.crm.SetStatus("lea", string(id), ticket.Solved)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := staffed(t)
			id := w.asked("mia", "Where is it?")
			asked := w.must(w.desk.Consult(t.Context(), id, ana, socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour})).Messages[0]
			solve(w, id)
			w.pass(20 * time.Minute)
			if got := w.ticket(id); got.Status != ticket.Solved || len(got.Consults) != 0 {
				t.Errorf("the ticket is %s, open consults: %+v", got.Status, got.Consults)
			}
			w.must(w.desk.Reopen(t.Context(), id, ana, ""))
			w.pass(2 * time.Hour)
			if n := countKind(w.kinds(id), ticket.ConsultOverdue); n != 0 {
				t.Errorf("%d questions are overdue, want none", n)
			}
			if _, err := w.desk.Answer(t.Context(), id, ana, asked, "Yes."); !errors.Is(err, socialcrm.ErrNotFound) {
				t.Errorf("an answer afterwards: %v, want ErrNotFound", err)
			}
		})
	}
}

func TestATransferToATeamGoesToItsFirstLaneAndLowersNothing(t *testing.T) {
	t.Parallel()
	w := staffed(t, func(s *socialcrm.Setup) {
		for i := range s.Lanes {
			if s.Lanes[i].Team == "money" {
				s.Lanes[i].Priority = new(ticket.Low)
			}
		}
		s.Lanes = append(s.Lanes, routing.Lane{Name: "refunds", Team: "money", ByHand: true})
	})
	id := w.asked("mia", "Hello?")
	w.must(w.desk.SetPriority(t.Context(), id, ana, ticket.Urgent))
	w.must(w.desk.Transfer(t.Context(), id, ana, socialcrm.Transfer{Team: "money", Reason: "about money"}))
	if got := w.ticket(id); got.Lane != "billing" || got.Priority != ticket.Urgent {
		t.Errorf("it is in %s, %s; want billing, urgent", got.Lane, got.Priority)
	}
}

func TestWhoGaveATicketBackMayGetItOnceSomebodyHandsItOn(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(*socialcrm.Setup) {})
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Assign(t.Context(), id, ana, ""))
	w.pass(time.Minute)
	w.wantHands("care?", "after ana gave it back")
	w.must(w.desk.Transfer(t.Context(), id, by("ben"), socialcrm.Transfer{Lane: "care", Reason: "it is yours"}))
	w.wantHands("ana", "once it was handed on")
}

func TestAnAnswerAtTheDeadlineOfAQuestionIsInTime(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	id := w.asked("mia", "Is this legal?")
	asked := w.must(w.desk.Consult(t.Context(), id, ana, socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour})).Messages[0]
	w.pass(time.Hour)
	w.must(w.desk.Answer(t.Context(), id, by("ben"), asked, "Yes."))
	w.pass(time.Hour)
	if told := w.told(ticket.ConsultOverdue); len(told) != 0 {
		t.Errorf("the journal tells %+v", told)
	}
}

func TestAQuestionInAFollowUpKeepsItsDeadlineWhereverItGoes(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	ctx := t.Context()
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "Where is it?")
	w.pass(time.Minute)
	former := w.only().ID
	w.must(w.desk.Close(ctx, former, ana))
	mia.Reply(root, "Still nothing!")
	w.pass(time.Minute)
	all := w.tickets()
	if len(all) != 2 {
		t.Fatalf("%d tickets", len(all))
	}
	again := all[1].ID
	q := w.must(w.desk.Consult(ctx, again, ana, socialcrm.Consult{Team: "money", Question: "Is it paid?", Within: time.Hour})).Messages[0]
	w.must(w.desk.Merge(ctx, again, ana, former))
	w.must(w.desk.Unmerge(ctx, again, ana, former))
	w.pass(2 * time.Hour)
	if told := w.told(ticket.ConsultOverdue); len(told) != 1 || told[0].Message != q {
		t.Errorf("the journal tells %+v, want question %s once", told, q)
	}
}

func TestAQuestionThatIsOverdueIsToldOnceWhereverItsTicketGoes(t *testing.T) {
	t.Parallel()
	w := staffed(t)
	part, whole := w.asked("mia", "Where is it?"), w.asked("noa", "And mine?")
	w.must(w.desk.Consult(t.Context(), part, ana, socialcrm.Consult{Team: "money", Question: "Is it?", Within: time.Hour}))
	w.must(w.desk.Merge(t.Context(), whole, ana, part))
	w.pass(2 * time.Hour)
	w.must(w.desk.Unmerge(t.Context(), whole, ana, part))
	w.pass(2 * time.Hour)
	if told := w.told(ticket.ConsultOverdue); len(told) != 1 {
		t.Errorf("the journal tells %+v, want it once", told)
	}
}
