package socialcrm_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// companyOf is a world whose company is the one of the other tests, changed.
func companyOf(t *testing.T, change func(*socialcrm.Setup)) *world {
	t.Helper()
	w := newWorld(t)
	s := company()
	change(&s)
	w.apply(s)
	w.pass(time.Second)
	return w
}

// hands says who has each ticket, the oldest first, and "lane?" for one that waits there.
func (w *world) hands() string {
	w.t.Helper()
	var all []string
	for _, tk := range w.tickets() {
		switch {
		case tk.Status.Done():
			all = append(all, "-")
		case tk.Agent == "":
			all = append(all, tk.Lane+"?")
		default:
			all = append(all, tk.Agent)
		}
	}
	return strings.Join(all, " ")
}

func (w *world) wantHands(want, when string) {
	w.t.Helper()
	if got := w.hands(); got != want {
		w.t.Errorf("%s the tickets are with %s, want %s", when, got, want)
	}
}

func (w *world) presence(agent string, p ticket.Presence) {
	w.t.Helper()
	if err := w.desk.SetPresence(w.t.Context(), by(agent), agent, p); err != nil {
		w.t.Fatal(err)
	}
}

func daily(from, to time.Duration) sla.Hours {
	return sla.Hours{Zone: "UTC", Week: sla.EveryDay(sla.Interval{From: from * time.Hour, To: to * time.Hour})}
}

func TestWhatWaitsGoesToWhoCanDoItByTheLanesStrategy(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes[1].Skills, s.Lanes[1].Strategy = map[string]int{"cars": 1}, []routing.Strategy{{By: routing.BestSkill}}
		s.Agents = []routing.Agent{
			{Name: "ana", Teams: []string{"care", "money"}, Capacity: 9, AlwaysOn: true},
			{Name: "bea", Teams: []string{"care"}, Skills: map[string]int{"cars": 1}, Capacity: 2},
			{Name: "cem", Teams: []string{"care"}, Skills: map[string]int{"cars": 3}, Capacity: 1},
		}
	})
	w.asked("mia", "Hello")
	w.asked("noa", "Hello")
	w.wantHands("care? care?", "while only ana is there, who knows nothing of cars,")
	w.presence("bea", ticket.Busy)
	w.presence("cem", ticket.Available)
	w.wantHands("cem care?", "once cem has come, who has room for one,")
	w.presence("bea", ticket.Available)
	w.wantHands("cem bea", "once bea takes some, too,")
	w.asked("oli", "Hello")
	w.must(w.desk.Resolve(t.Context(), w.tickets()[0].ID, by("cem"), ""))
	w.asked("pam", "Hello")
	w.wantHands("- bea bea cem", "with room at cem's, who knows most,")
}

func TestWeightCountsWhoeverGivesTheTicketToSomebody(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Weights = []routing.Weight{{When: rule.Condition{Fact: "text", Word: "car"}, Weight: 2}}
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 3, AlwaysOn: true}, {Name: "ben", Teams: []string{"money"}, Capacity: 1, AlwaysOn: true}}
	})
	ctx := t.Context()
	first, second := w.asked("mia", "My car is broken"), w.asked("noa", "My car is gone")
	w.wantHands("ana care?", "with room for one of weight two")
	if got := w.ticket(first).Weight; got != 2 {
		t.Errorf("it weighs %d, want 2", got)
	}
	w.asked("oli", "Hello")
	w.wantHands("ana care? ana", "with a light one beside it")
	w.refused(socialcrm.ErrCapacity, socialcrm.Receipt{}, assignErr(w, second, "ben"))
	w.must(w.desk.Resolve(ctx, first, ana, ""))
	w.wantHands("- ana ana", "once there is room, in the same transaction,")
	w.must(w.desk.Reopen(ctx, first, ana, "too early"))
	w.wantHands("care? ana ana", "reopened without room for two")
	if got := w.ticket(first); got.Weight != 2 || got.Class != "2" || !got.Queued.Equal(w.now) {
		t.Errorf("it waits with the weight %d in class %q since %s, want 2, 2, since now", got.Weight, got.Class, got.Queued)
	}
}

func assignErr(w *world, id ticket.ID, agent string) error {
	_, err := w.desk.Assign(w.t.Context(), id, ana, agent)
	return err
}

func TestQueuesAreServedInOrderOfPromiseAcrossLanes(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes[0].Priority = new(ticket.Urgent)
		s.SLA = append([]sla.Policy{{Name: "soon", When: rule.Condition{Fact: "text", Word: "now"}, Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(10 * time.Minute)}}}}, s.SLA...)
		s.SLA[0].When = laneIs("billing")
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}, Capacity: 1}}
	})
	w.presence("ana", ticket.Offline)
	for _, customer := range []string{"mia", "noa"} {
		w.asked(customer, "Hello")
	}
	w.asked("oli", "The invoice is wrong") // later, but promised sooner
	w.presence("ana", ticket.Available)
	w.wantHands("care? care? ana", "with one hand free")
	w.must(w.desk.Resolve(t.Context(), w.tickets()[2].ID, ana, ""))
	w.wantHands("ana care? -", "after the first")
	w.must(w.desk.Close(t.Context(), w.tickets()[0].ID, ana))
	w.wantHands("- ana -", "after the second")
}

// What is waiting when hands become free comes before what arrives after, also before the Desk's next Tick.
func TestNobodyWhoComesLaterIsServedBeforeThoseWhoWait(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) { s.Agents[0].Capacity = 1 })
	first := w.asked("mia", "Hello")
	w.asked("noa", "Hello")
	if _, err := w.desk.Resolve(t.Context(), first, ana, ""); err != nil {
		t.Fatal(err)
	}
	post := w.platform.Customer("oli").Post(w.page, "Hello")
	if _, err := w.desk.Ingest(t.Context(), channel.Event{Kind: channel.MessageReceived, Account: w.page.Account().AccountID, Message: post, Time: post.Time}); err != nil {
		t.Fatal(err)
	}
	w.wantHands("- ana care?", "without a Tick")
}

func TestClosedLaneWaitsUntilItOpens(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Calendars = map[string]sla.Hours{"day": daily(8, 10), "evening": daily(18, 20)}
		s.Lanes[1].Calendar = "day"
	})
	w.pass(2 * time.Hour) // it is eleven
	w.asked("mia", "Hello")
	w.asked("noa", "Hello")
	w.asked("oli", "Hello")
	w.wantHands("care? care? care?", "while the lane is closed")
	if e := w.last(w.tickets()[0].ID, ticket.TicketRouted); !strings.Contains(string(e.Detail), `"waits":"closed"`) {
		t.Errorf("the journal says %s, want why it waits", e.Detail)
	}
	w.presence("ana", ticket.Away)
	w.presence("ana", ticket.Available)
	w.wantHands("care? care? care?", "while somebody comes and the lane is closed")
	w.pass(20*time.Hour + 50*time.Minute)
	w.wantHands("care? care? care?", "before it opens")
	w.pass(10 * time.Minute)
	w.wantHands("ana ana care?", "at eight")
	// The third one waits over another closing.
	w.pass(2 * time.Hour)
	for _, tk := range w.tickets()[:2] {
		w.must(w.desk.Resolve(t.Context(), tk.ID, ana, ""))
	}
	w.wantHands("- - care?", "with hands free after closing")
	w.pass(22 * time.Hour)
	w.wantHands("- - ana", "on the next morning")
}

func TestShiftThatBeginsTakesWhatWaits(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Calendars = map[string]sla.Hours{"early": daily(6, 9), "late": daily(14, 22)}
		s.Agents = []routing.Agent{
			{Name: "ana", Teams: []string{"care"}, Shift: "early", Capacity: 5, AlwaysOn: true},
			{Name: "lou", Teams: []string{"care", "money"}, Shift: "late", Capacity: 1, AlwaysOn: true},
			{Name: "max", Teams: []string{"care"}, Shift: "late", Capacity: 1, AlwaysOn: true},
		}
	})
	for _, customer := range []string{"mia", "noa", "oli"} {
		w.asked(customer, "Hello")
	}
	w.wantHands("care? care? care?", "between the shifts")
	w.pass(5 * time.Hour)
	w.wantHands("lou max care?", "in the late shift")
	first := w.tickets()[0].ID
	w.must(w.desk.Resolve(t.Context(), first, by("lou"), ""))
	w.wantHands("- max lou", "once lou is done")
	w.pass(8 * time.Hour)
	w.must(w.desk.Reopen(t.Context(), first, by("lou"), "too early"))
	w.wantHands("care? max lou", "reopened after lou's shift")
	w.pass(8 * time.Hour)
	w.wantHands("ana max lou", "in the morning")
}

func TestTicketThatWaitedTooLongMovesOn(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes[1].Overflow = routing.Overflow{To: "temps", After: sla.Duration(30 * time.Minute)}
		s.Lanes = append(s.Lanes, routing.Lane{Name: "temps", Team: "temps", ByHand: true})
		s.Teams = append(s.Teams, routing.Team{Name: "temps"})
		s.Agents = append(s.Agents, routing.Agent{Name: "tia", Teams: []string{"temps"}, Capacity: 9, AlwaysOn: true})
	})
	ids := []ticket.ID{}
	for _, customer := range []string{"mia", "noa", "oli", "pam"} {
		ids = append(ids, w.asked(customer, "Hello"))
	}
	w.wantHands("ana ana care? care?", "at first")
	w.pass(27 * time.Minute)
	w.must(w.desk.Resolve(t.Context(), ids[0], ana, ""))
	w.wantHands("- ana ana care?", "just in time")
	if got := w.ticket(ids[2]).Queued; !got.IsZero() {
		t.Errorf("the third waits since %s though ana has it", got)
	}
	w.pass(time.Minute)
	w.wantHands("- ana ana care?", "when the third would have moved")
	w.pass(2 * time.Minute)
	w.wantHands("- ana ana tia", "after half an hour")
	e := w.last(ids[3], ticket.TicketRouted)
	if e.Old != "care" || e.New != "temps" || e.Reason != "from care to temps: waited too long" {
		t.Errorf("the journal says from %s to %s because %q", e.Old, e.New, e.Reason)
	}
	if left := w.tasks("overflow"); len(left) != 0 {
		t.Errorf("tasks %v are left", left)
	}
}

func TestATicketThatSomebodyHandsOnWaitsWhereItWasPut(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes[1].Overflow = routing.Overflow{To: "temps", After: sla.Duration(30 * time.Minute)}
		s.Lanes = append(s.Lanes, routing.Lane{Name: "temps", Team: "temps", ByHand: true})
		s.Teams = append(s.Teams, routing.Team{Name: "temps"})
		s.Agents = append(s.Agents, routing.Agent{Name: "tia", Teams: []string{"temps"}, Capacity: 9, AlwaysOn: true})
	})
	w.asked("mia", "Hello")
	w.asked("noa", "Hello")
	handed := w.asked("oli", "Hello")
	w.asked("pam", "Hello")
	w.pass(10 * time.Minute)
	w.must(w.desk.Transfer(t.Context(), handed, ana, socialcrm.Transfer{Lane: "care", Reason: "only we can do it"}))
	w.pass(time.Hour)
	w.wantHands("ana ana care? tia", "after an hour")
}

// tasks are the IDs of the tasks of a kind.
func (w *world) tasks(kind string) (ids []string) {
	w.t.Helper()
	err := w.store.View(w.t.Context(), "", func(r ticket.Reader) error {
		list, err := r.ListTasks(ticket.TaskQuery{})
		for _, task := range list.Items {
			if task.Kind == kind {
				ids = append(ids, task.ID)
			}
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return ids
}

func TestNewTicketsMoveOnWhileTheQueueIsTooLong(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes[1].Overflow = routing.Overflow{To: "temps", Longer: 2}
		s.Lanes = append(s.Lanes, routing.Lane{Name: "temps", Team: "temps", ByHand: true})
		s.Teams = append(s.Teams, routing.Team{Name: "temps"})
		s.Agents = append(s.Agents, routing.Agent{Name: "tia", Teams: []string{"temps"}, Capacity: 1, AlwaysOn: true})
	})
	events := make([]channel.Event, 0, 7)
	for i := range 7 { // in one commit
		m := w.platform.Customer(fmt.Sprint("c", i)).Post(w.page, "Hello")
		events = append(events, channel.Event{Kind: channel.MessageReceived, Account: w.page.Account().AccountID, Message: m, Time: m.Time})
	}
	if _, err := w.desk.Ingest(t.Context(), events...); err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, tk := range w.tickets() {
		got[tk.Lane+" "+tk.Agent]++
	}
	if diff := cmp.Diff(map[string]int{"care ana": 2, "care ": 3, "temps tia": 1, "temps ": 1}, got); diff != "" {
		t.Errorf("lanes and agents (-want +got):\n%s", diff)
	}
}

func TestApplyRoutesWhatWaitsAgain(t *testing.T) {
	t.Parallel()
	s := company()
	s.Agents[0].Capacity = 1
	w := companyOf(t, func(other *socialcrm.Setup) { *other = s })
	held, cars, handed := w.asked("mia", "Hello"), w.asked("noa", "My car is gone"), w.asked("oli", "My car is broken")
	w.must(w.desk.Transfer(t.Context(), handed, ana, socialcrm.Transfer{Lane: "care", Reason: "it is ours"}))
	next := company()
	next.Agents[0].Capacity = 1
	next.Lanes = append([]routing.Lane{{Name: "cars", Team: "cars", When: rule.Condition{Fact: "text", Word: "car"}, Priority: new(ticket.High)}}, next.Lanes...)
	next.Teams = append(next.Teams, routing.Team{Name: "cars"})
	next.Agents = append(next.Agents, routing.Agent{Name: "cem", Teams: []string{"cars"}, Capacity: 9, AlwaysOn: true})
	w.apply(next)
	w.pass(time.Second)
	if got := w.ticket(cars); got.Lane != "cars" || got.Agent != "cem" || got.Priority != ticket.High {
		t.Errorf("what waited is in %s with %q, %s; want cars, cem, high", got.Lane, got.Agent, got.Priority)
	}
	if a, b := w.ticket(held), w.ticket(handed); a.Lane != "care" || a.Agent != "ana" || b.Lane != "care" || b.Agent != "" {
		t.Errorf("what somebody has, and what was handed on, are in %s and %s with %q and %q", a.Lane, b.Lane, a.Agent, b.Agent)
	}
	// A lane that is gone keeps nobody waiting.
	last := next
	last.Lanes = []routing.Lane{next.Lanes[0], next.Lanes[1], {Name: "rest", Team: "cars"}}
	last.Teams, last.Agents = last.Teams[:3], append([]routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 1, AlwaysOn: true}}, last.Agents[1:]...)
	w.apply(last)
	w.pass(time.Second)
	if got := w.ticket(handed); got.Lane != "cars" || got.Agent != "cem" || got.Handed {
		t.Errorf("what waited in the lane that is gone is in %s with %q", got.Lane, got.Agent)
	}
}

func TestStickyFindsWhoServedTheContactBefore(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes[1].Strategy = []routing.Strategy{{By: routing.Sticky, Within: sla.Duration(72 * time.Hour)}, {By: routing.LongestIdle}}
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 5, AlwaysOn: true}, {Name: "bea", Teams: []string{"care", "money"}, Capacity: 5, AlwaysOn: true}}
	})
	first := w.asked("mia", "Hello")
	who := w.ticket(first).Agent
	w.asked("noa", "Hello") // the other one
	w.must(w.desk.Reply(t.Context(), first, by(who), socialcrm.Reply{Text: "Hello!", Then: ticket.Solved}))
	w.pass(24 * time.Hour)
	for i := range 3 {
		if got := w.ticket(w.asked("mia", fmt.Sprint("Something else ", i))).Agent; got != who {
			t.Errorf("ticket %d is with %s, want %s who served her yesterday", i, got, who)
		}
	}
	for _, tk := range w.tickets() {
		if tk.Agent == who {
			w.must(w.desk.Close(t.Context(), tk.ID, ana))
		}
	}
	w.must(w.desk.Close(t.Context(), w.tickets()[1].ID, ana))
	w.pass(96 * time.Hour)
	w.must(w.desk.Assign(t.Context(), w.asked("noa", "Hello"), ana, who)) // so that the other one is idle
	if got := w.ticket(w.asked("mia", "And another thing")).Agent; got == who {
		t.Errorf("after four days it is still with %s", got)
	}
}

func TestThirdMessageWithoutAnAnswerRaisesThePriority(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		three := 3.0
		s.Lanes[1].Priorities = []routing.PriorityRule{{When: rule.Condition{Fact: "unanswered", Min: &three}, Priority: ticket.High}}
	})
	mia := w.platform.Customer("mia")
	root := mia.Post(w.page, "Hello")
	w.pass(time.Minute)
	for i, want := range []ticket.Priority{ticket.Normal, ticket.High} {
		mia.Reply(root, "Hello?")
		w.pass(time.Minute)
		if got := w.only().Priority; got != want {
			t.Errorf("with %d messages it is %s, want %s", i+2, got, want)
		}
	}
	if e := w.last(w.only().ID, ticket.TicketPriority); !strings.Contains(e.Reason, "unanswered") {
		t.Errorf("the journal says %q", e.Reason)
	}
	w.must(w.desk.Reply(t.Context(), w.only().ID, ana, socialcrm.Reply{Text: "Yes?"}))
	w.pass(time.Minute)
	if got := w.only(); got.Unanswered() != 0 || got.Priority != ticket.High {
		t.Errorf("once answered %d wait, and it is %s", got.Unanswered(), got.Priority)
	}
}

func TestALightTicketIsTakenByWhoHasNoRoomForTheHeavyOneBeforeIt(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Weights = []routing.Weight{{When: rule.Condition{Fact: "text", Word: "car"}, Weight: 2}}
		s.Agents[0].Capacity = 3
	})
	first := w.asked("mia", "Hello")
	w.asked("noa", "My car is gone")
	w.asked("oli", "My car is broken")
	w.asked("pam", "Hello")
	w.wantHands("ana ana care? care?", "while ana is full")
	w.must(w.desk.Resolve(t.Context(), first, ana, ""))
	w.wantHands("- ana care? ana", "with room for one")
}

func TestALaneThatOpensEarlierThanItDidIsLookedAtThen(t *testing.T) {
	t.Parallel()
	opening := func(from time.Duration) func(*socialcrm.Setup) {
		return func(s *socialcrm.Setup) {
			s.Calendars = map[string]sla.Hours{"day": daily(from, from+2)}
			s.Lanes[1].Calendar = "day"
		}
	}
	w := companyOf(t, opening(18))
	w.asked("mia", "Hello")
	s := company()
	opening(12)(&s)
	w.apply(s)
	w.asked("noa", "Hello")
	w.wantHands("care? care?", "while it is closed")
	w.pass(3 * time.Hour)
	w.wantHands("ana ana", "at noon")
}

func TestALaneThatBecomesMorePatientKeepsItsTicketsLonger(t *testing.T) {
	t.Parallel()
	patient := func(after time.Duration) func(*socialcrm.Setup) {
		return func(s *socialcrm.Setup) {
			s.Lanes[1].Overflow = routing.Overflow{To: "temps", After: sla.Duration(after)}
			s.Lanes = append(s.Lanes, routing.Lane{Name: "temps", Team: "temps", ByHand: true})
			s.Teams = append(s.Teams, routing.Team{Name: "temps"})
			s.Agents[0].AlwaysOn = false
			s.Agents = append(s.Agents, routing.Agent{Name: "tia", Teams: []string{"temps"}, AlwaysOn: true})
		}
	}
	w := companyOf(t, patient(30*time.Minute))
	w.presence("ana", ticket.Offline)
	id := w.asked("mia", "Hello")
	s := company()
	patient(2 * time.Hour)(&s)
	w.apply(s)
	w.pass(time.Hour)
	if lane := w.ticket(id).Lane; lane != "care" {
		t.Errorf("after an hour it is in %s, want care", lane)
	}
	w.pass(time.Hour)
	if lane := w.ticket(id).Lane; lane != "temps" {
		t.Errorf("after two hours it is in %s, want temps", lane)
	}
}

func TestAnotherSetupFindsAllWhoWaitAndTheMessageThatDecided(t *testing.T) {
	t.Parallel()
	nobody := func(s *socialcrm.Setup) { s.Agents[0].AlwaysOn = false }
	w := companyOf(t, nobody)
	w.presence("ana", ticket.Offline)
	first := w.asked("mia", "It is about my car")
	w.pass(time.Minute)
	w.must(w.desk.Merge(t.Context(), first, ana, w.asked("mia", "Hello")))
	w.must(w.desk.SetPriority(t.Context(), first, ana, ticket.Urgent))
	for i := range 60 {
		customer := fmt.Sprint("customer ", i)
		w.ingest(said(customer, customer, customer, "", "My car is gone", w.now))
	}
	s := company()
	nobody(&s)
	s.Lanes = append([]routing.Lane{{Name: "cars", Team: "care", When: rule.Condition{Fact: "text", Word: "car"}, Priority: new(ticket.High)}}, s.Lanes...)
	w.apply(s)
	w.pass(time.Second)
	for _, tk := range w.tickets() {
		want := ticket.High
		if tk.ID == first {
			want = ticket.Urgent // somebody raised it
		}
		if tk.MergedInto == "" && (tk.Lane != "cars" || tk.Priority != want) {
			t.Errorf("ticket %s is in %s, %s; want cars, %s", tk.ID, tk.Lane, tk.Priority, want)
		}
	}
}

func TestStickyFindsWhoHasAnotherTicketOfTheContactInHand(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Lanes[1].Strategy = []routing.Strategy{{By: routing.Sticky, Within: sla.Duration(72 * time.Hour)}, {By: routing.LongestIdle}}
		s.Agents = []routing.Agent{{Name: "ana", Teams: []string{"care"}, Capacity: 5, AlwaysOn: true}, {Name: "bea", Teams: []string{"care", "money"}, Capacity: 5, AlwaysOn: true}}
	})
	who := w.ticket(w.asked("mia", "Hello")).Agent
	if got := w.ticket(w.asked("mia", "Something else")).Agent; got != who {
		t.Errorf("it is with %s, want %s who is at her first one", got, who)
	}
}

func TestAReopenedTicketWaitsWhereTheShiftOfItsAgentIsOver(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.Calendars = map[string]sla.Hours{"early": daily(6, 10)}
		s.Agents[0].Shift = "early"
	})
	id := w.asked("mia", "Hello")
	w.wantHands("ana", "in the shift")
	w.must(w.desk.Resolve(t.Context(), id, ana, ""))
	w.pass(3 * time.Hour)
	w.must(w.desk.Reopen(t.Context(), id, ana, "too early"))
	w.wantHands("care?", "after it")
}
