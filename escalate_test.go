package socialcrm_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// escalating is the company with a warning, a step at the breach and one after it, for first responses within the hour.
func escalating() socialcrm.Setup {
	s, urgent := company(), sla.Urgent
	s.Agents = append(s.Agents, routing.Agent{Name: "lea", Role: routing.RoleLead, AlwaysOn: true})
	s.SLA[0].Targets = []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}}
	s.SLA[0].Steps = []sla.Step{
		{At: sla.Moment{Percent: 75}, Notify: []string{"care", "pager:1"}},
		{Raise: &urgent, Tags: []string{"late"}, Lane: "billing"},
		{At: sla.Moment{After: sla.Duration(30 * time.Minute)}, Agent: "lea"},
	}
	return s
}

// stepped is what the journal tells of a step.
type stepped struct {
	Kind   ticket.EntryKind
	Moment string
	At     time.Time
	Notify []string
}

func (w *world) steps(id ticket.ID) (all []stepped) {
	w.t.Helper()
	entries, err := w.desk.Journal(w.t.Context(), ticket.JournalQuery{Ticket: id})
	w.ok(err)
	for _, e := range entries {
		if e.Kind != ticket.ClockWarned && e.Kind != ticket.TicketEscalated {
			continue
		}
		var s sla.Step
		w.ok(json.Unmarshal(e.Detail, &s))
		if e.New != sla.FirstResponse.String() || e.Reason != "promise" || e.Stand == nil {
			w.t.Errorf("step %s is about %q under policy %q, with the clock %v", e.Old, e.New, e.Reason, e.Stand)
		}
		all = append(all, stepped{e.Kind, e.Old, e.Happened, s.Notify})
	}
	return all
}

func TestStepsHappenOnceEachAtTheirMoment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(escalating())
	id := w.asked("mia", "Hello?")
	begin := w.ticket(id).Created
	w.pass(begin.Add(44 * time.Minute).Sub(w.now))
	if got := w.steps(id); len(got) != 0 {
		t.Fatalf("after 44 minutes: %+v", got)
	}
	w.pass(17 * time.Minute)
	if got := w.ticket(id); got.Priority != sla.Urgent || !slices.Contains(got.Tags, "late") || got.Lane != "billing" || got.Agent != "ben" {
		t.Errorf("after the breach: priority %s, tags %v, lane %s, agent %q", got.Priority, got.Tags, got.Lane, got.Agent)
	}
	w.restart()
	w.pass(10 * time.Minute)
	low := sla.Low
	w.must(w.desk.SetPriority(t.Context(), id, ana, low))
	w.pass(time.Hour)
	if got := w.ticket(id); got.Agent != "lea" || got.Lane != "billing" || got.Priority != sla.Low {
		t.Errorf("half an hour after the breach: priority %s, lane %s, agent %q", got.Priority, got.Lane, got.Agent)
	}
	w.restart()
	w.pass(24 * time.Hour)
	want := []stepped{
		{ticket.ClockWarned, "75%", begin.Add(45 * time.Minute), []string{"care", "pager:1"}},
		{ticket.TicketEscalated, "breach", begin.Add(time.Hour), nil},
		{ticket.TicketEscalated, "30m after", begin.Add(90 * time.Minute), nil},
	}
	if diff := cmp.Diff(want, w.steps(id)); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	breached := 0
	entries, err := w.desk.Journal(t.Context(), ticket.JournalQuery{Ticket: id})
	w.ok(err)
	for _, e := range entries {
		if e.Kind == ticket.ClockBreached {
			breached++
			if e.Stand.Lane != "care" || e.Stand.Agent != "ana" {
				t.Errorf("the breach belongs to lane %q and %q, want care and ana, who had it then", e.Stand.Lane, e.Stand.Agent)
			}
		}
	}
	if breached != 1 {
		t.Errorf("%d breaches", breached)
	}
}

func TestStepsAreQuietOnceTheTicketIsAnswered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(escalating())
	id := w.asked("mia", "Hello?")
	w.pass(50 * time.Minute)
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"}))
	w.pass(24 * time.Hour)
	if got := w.steps(id); len(got) != 1 || got[0].Kind != ticket.ClockWarned {
		t.Errorf("steps %+v, want the warning alone", got)
	}
}

func TestStepsThatWereMissedHappenWithoutStaleWarnings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(escalating())
	id := w.asked("mia", "Hello?")
	w.now = w.now.Add(2 * time.Hour) // nobody was there to look
	w.pass(time.Second)
	var moments []string
	for _, s := range w.steps(id) {
		moments = append(moments, s.Moment)
	}
	if diff := cmp.Diff([]string{"breach", "30m after"}, moments); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
}

func TestLateAnswerWithdrawsTheBreachAndLeavesWhatWasDone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(escalating())
	begin := w.now
	w.ingest(said("1", "mia", "p", "p", "Hello?", begin))
	id := w.only().ID
	w.pass(2 * time.Hour)
	w.ingest(posted("2", "p", "1", "Hi Mia", begin.Add(20*time.Minute)))
	w.pass(24 * time.Hour)
	var verdicts []ticket.EntryKind
	for _, kind := range w.kinds(id) {
		switch kind {
		case ticket.ClockBreached, ticket.ClockWithdrawn, ticket.ClockMet, ticket.ClockMoved:
			verdicts = append(verdicts, kind)
		}
	}
	if diff := cmp.Diff([]ticket.EntryKind{ticket.ClockBreached, ticket.ClockWithdrawn, ticket.ClockMet}, verdicts); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if e := w.last(id, ticket.ClockWithdrawn); e.Old != sla.Breached.String() {
		t.Errorf("the verdict %q is withdrawn, want breached", e.Old)
	}
	if got := w.ticket(id); len(w.steps(id)) != 3 || got.Agent != "lea" || got.Priority != sla.Urgent {
		t.Errorf("steps %+v, agent %q, priority %s: what happened stays", w.steps(id), got.Agent, got.Priority)
	}
}

func TestNothingEscalatesOnceThePolicyIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(escalating())
	id := w.asked("mia", "Hello?")
	w.pass(61 * time.Minute)
	s := escalating()
	s.SLA = nil
	w.apply(s)
	w.pass(24 * time.Hour)
	kinds := w.kinds(id)
	if got := w.steps(id); len(got) != 2 || !slices.Contains(kinds, ticket.ClockBreached) || slices.Contains(kinds, ticket.ClockWithdrawn) {
		t.Errorf("steps %+v in %v, want the two before, and the breach", got, kinds)
	}
}

func TestLeadWithoutRoomLeavesTheTicketWhereItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := escalating()
	s.Agents[2].AlwaysOn = false
	w.apply(s)
	id := w.asked("mia", "Hello?")
	w.pass(2 * time.Hour)
	if got := w.ticket(id); got.Agent != "ben" || len(w.steps(id)) != 3 {
		t.Errorf("the ticket is with %q after %+v, want ben, whose lane it was handed to", got.Agent, w.steps(id))
	}
}

func TestAStepToALeadWhoIsNotThereGoesToTheNextTier(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := escalating()
	s.Agents[2].AlwaysOn = false
	s.Lanes = append(s.Lanes, routing.Lane{Name: "leads", Team: "leads", ByHand: true})
	s.Lanes[0].Escalation = "leads"
	s.Teams = append(s.Teams, routing.Team{Name: "leads"})
	s.Agents = append(s.Agents, routing.Agent{Name: "max", Teams: []string{"leads"}, Role: routing.RoleLead, Capacity: 1})
	w.apply(s)
	id := w.asked("mia", "Hello?")
	w.pass(2 * time.Hour)
	if got := w.ticket(id); got.Lane != "leads" || got.Agent != "" {
		t.Errorf("the ticket is in lane %q with %q, want it to wait for the leads", got.Lane, got.Agent)
	}
	w.ok(w.desk.SetPresence(t.Context(), socialcrm.By{Actor: ticket.Agent("max")}, "max", ticket.Available))
	w.pass(time.Minute)
	if got := w.ticket(id); got.Agent != "max" {
		t.Errorf("the ticket is with %q, want max, who signed in", got.Agent)
	}
	if got := w.steps(id); len(got) != 3 {
		t.Errorf("steps %+v, want three", got)
	}
}

func TestAnExplanationShowsStepsAndWithdrawnBreaches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(escalating())
	begin := w.now
	w.ingest(said("1", "mia", "p", "p", "Hello?", begin))
	id := w.only().ID
	w.pass(80 * time.Minute) // breached and escalated, by what is known
	w.ingest(posted("2", "p", "1", "Hi Mia", begin.Add(50*time.Minute)))
	told, err := w.desk.Explain(t.Context(), id)
	w.ok(err)
	if len(told) != 1 {
		t.Fatalf("%d clocks", len(told))
	}
	var turns []string
	for _, turn := range told[0].Turns {
		turns = append(turns, turn.At.Format("15:04 ")+turn.String())
	}
	want := []string{"09:00 promised by policy promise (1h around the clock)", "09:45 warned: 75% (notify care, pager:1)", "09:50 met (answered)",
		"10:00 escalated: breach (raise to urgent, tag late, hand to lane billing)", "10:20 breached withdrawn"}
	if diff := cmp.Diff(want, turns); diff != "" {
		t.Errorf("turns (-want +got):\n%s", diff)
	}
	if last := told[0].Turns[4]; last.Due.Format("15:04") != "10:00" {
		t.Errorf("the breach was due %s", last.Due)
	}
}

func TestStepsOfMergedTicketsDoNotHappenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := escalating()
	s.SLA[0].Steps = s.SLA[0].Steps[:1]
	w.apply(s)
	first, second := w.asked("mia", "Hello?"), w.asked("noa", "Hello!")
	w.pass(50 * time.Minute)
	w.must(w.desk.Merge(t.Context(), first, ana, second))
	w.pass(time.Minute)
	w.must(w.desk.Unmerge(t.Context(), first, ana, second))
	w.pass(24 * time.Hour)
	if a, b := w.steps(first), w.steps(second); len(a) != 1 || len(b) != 1 {
		t.Errorf("warnings %+v and %+v, want one each", a, b)
	}
}

func TestStepThatHappenedDoesNotHappenAgainWhenTheAnswerIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorldOn(t, smallPosts())
	w.apply(escalating())
	id := w.asked("mia", "Hello?")
	w.pass(46 * time.Minute)
	w.platform.Fail(channeltest.OnSend, channeltest.AcceptThenFail)
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"}))
	w.pass(10 * time.Minute)
	if c := w.clock(id, sla.FirstResponse); c.Verdict != sla.Running {
		t.Fatalf("first response is %q, want running", c.Verdict)
	}
	if got := w.steps(id); len(got) != 1 {
		t.Errorf("steps %+v, want the one warning", got)
	}
}

func TestStepRaisesThePriorityAndNeverLowersIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, high := escalating(), sla.High
	s.SLA[0].Steps[1].Raise = &high
	w.apply(s)
	id := w.asked("mia", "Hello?")
	w.must(w.desk.SetPriority(t.Context(), id, ana, sla.Urgent))
	w.pass(70 * time.Minute)
	if got := w.ticket(id); got.Lane != "billing" || got.Priority != sla.Urgent {
		t.Errorf("after the breach: lane %s, priority %s; want billing, urgent", got.Lane, got.Priority)
	}
}

func TestAStepToTheLaneWhereTheTicketIsLeavesItWithItsAgent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := escalating()
	s.SLA[0].Steps = []sla.Step{{Lane: "care"}}
	w.apply(s)
	id := w.asked("mia", "Hello?")
	w.pass(2 * time.Hour)
	if got := w.ticket(id); got.Lane != "care" || got.Agent != "ana" || len(w.steps(id)) != 1 {
		t.Errorf("after %d steps it is in %s with %q, want one, care, ana", len(w.steps(id)), got.Lane, got.Agent)
	}
	if slices.Contains(w.kinds(id), ticket.TicketHanded) {
		t.Error("it was taken from her on the way")
	}
}

func TestHandingUpMakesRoomForWhoeverWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := escalating()
	s.SLA[0].Steps = []sla.Step{{Agent: "lea"}}
	w.apply(s)
	first := w.asked("mia", "Hello?")
	w.pass(30 * time.Minute)
	w.asked("noa", "Hello?")
	third := w.asked("oli", "Hello?")
	if got := w.ticket(third).Agent; got != "" {
		t.Fatalf("ana takes two, and the third is %s's", got)
	}
	w.pass(30 * time.Minute)
	if a, b := w.ticket(first).Agent, w.ticket(third).Agent; a != "lea" || b != "ana" {
		t.Errorf("the first is %q's and the third %q's, want lea's and ana's", a, b)
	}
}

func TestAnEarlyStepThatDoesSomethingIsDoneHoweverLateAnybodyLooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := escalating()
	s.SLA[0].Steps = []sla.Step{{At: sla.Moment{Percent: 75}, Tags: []string{"soon"}}}
	w.apply(s)
	id := w.asked("mia", "Hello?")
	w.now = w.now.Add(3 * time.Hour) // the process was down
	w.pass(time.Minute)
	if got := w.ticket(id).Tags; !slices.Contains(got, "soon") {
		t.Errorf("tags %q, want soon among them", got)
	}
}

func TestAPriorityThatAStepRaisesBringsItsPromise(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, urgent := escalating(), sla.Urgent
	s.SLA[0].Targets = append(s.SLA[0].Targets, sla.Target{Metric: sla.Resolution, Within: sla.Duration(48 * time.Hour)})
	s.SLA[0].Steps = []sla.Step{{Raise: &urgent}}
	s.SLA = append([]sla.Policy{{Name: "urgent", When: rule.Condition{Fact: "priority", Equals: rule.Text("urgent")}, Targets: []sla.Target{
		{Metric: sla.Resolution, Within: sla.Duration(4 * time.Hour)},
	}}}, s.SLA...)
	w.apply(s)
	id := w.asked("mia", "Hello?")
	w.pass(2 * time.Hour)
	if c := w.clock(id, sla.Resolution); c.Policy != "urgent" || !c.Due.Equal(c.Started.Add(4*time.Hour)) {
		t.Errorf("resolution is promised by %q for %s, want by urgent for four hours after %s", c.Policy, c.Due, c.Started)
	}
}

func TestStepsThatHappenedDoNotHappenAgainWhereOthersAreNamedBeforeThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.apply(escalating())
	id := w.asked("mia", "Hello?")
	w.pass(2 * time.Hour)
	happened := w.steps(id)
	s := escalating()
	s.SLA[0].Steps = append([]sla.Step{{At: sla.Moment{Percent: 50}, Notify: []string{"care"}}}, s.SLA[0].Steps...)
	w.apply(s)
	w.ok(w.desk.Reapply(t.Context(), ana))
	w.pass(2 * time.Hour)
	if diff := cmp.Diff(happened, w.steps(id)); diff != "" {
		t.Errorf("steps (-before the policy was edited +after):\n%s", diff)
	}
}
