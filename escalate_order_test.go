package socialcrm_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestABreachIsToldBeforeTheStepsThatFollowItHoweverLateAnybodyLooks(t *testing.T) {
	t.Parallel()
	for name, looks := range map[string]time.Duration{"at once": time.Minute, "hours later": 3 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := escalating()
			s.SLA[0].Steps[0].Tags = []string{"soon"} // done however late
			w.apply(s)
			id := w.asked("mia", "Hello?")
			for range 3 * time.Hour / looks {
				w.now = w.now.Add(looks)
				_, err := w.desk.Tick(t.Context())
				w.ok(err)
			}
			var told []string
			for _, e := range w.journal(ticket.JournalQuery{Ticket: id}) {
				switch e.Kind {
				case ticket.ClockBreached:
					told = append(told, "breached")
				case ticket.TicketEscalated, ticket.ClockWarned:
					told = append(told, e.Old)
				}
			}
			if diff := cmp.Diff([]string{"75%", "breached", "breach", "30m after"}, told); diff != "" {
				t.Errorf("the journal (-want +tells):\n%s", diff)
			}
		})
	}
}

func TestAHandOverToALaneWithAnotherPolicyEndsTheStepsOfTheFormer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := escalating()
	handed := sla.Policy{Name: "billing", When: rule.Condition{Fact: "lane", Equals: rule.Text("billing")}, Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(4 * time.Hour)}},
		Steps: []sla.Step{{At: sla.Moment{Percent: 50}, Notify: []string{"ben"}}, {At: sla.Moment{Percent: 75}, Notify: []string{"ben"}}}}
	early := s.SLA[0]
	early.Name, early.Steps = "early", []sla.Step{{At: sla.Moment{Percent: 75}, Lane: "billing"}, {At: sla.Moment{}, Tags: []string{"late"}}}
	early.When = rule.Condition{Fact: "tags", Equals: rule.Text("early")}
	s.SLA = append([]sla.Policy{handed, early}, s.SLA...)
	w.apply(s)
	breached := w.asked("mia", "Hello?")
	running := w.asked("noa", "Hello!")
	w.must(w.desk.Tag(t.Context(), running, ana, "early"))
	w.pass(24 * time.Hour)
	happened := func(id ticket.ID) (moments []string) {
		for _, e := range w.journal(ticket.JournalQuery{Ticket: id}) {
			if e.Kind == ticket.TicketEscalated || e.Kind == ticket.ClockWarned {
				moments = append(moments, e.Reason+": "+e.Old)
			}
		}
		return moments
	}
	if diff := cmp.Diff([]string{"promise: 75%", "promise: breach"}, happened(breached)); diff != "" {
		t.Errorf("steps of the clock that was breached by then (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"early: 75%", "billing: 50%", "billing: 75%"}, happened(running)); diff != "" {
		t.Errorf("steps of the clock that ran on (-want +got):\n%s", diff)
	}
}

func TestAWarningIsExplainedBeforeTheEndOfItsInstant(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	x := sla.Explanation{Until: at, Turns: []sla.Turn{{At: at, Kind: sla.TurnPromised}, {At: at, Kind: sla.TurnBreached}, {At: at, Kind: sla.TurnEnded}}}
	x.Tell(sla.Turn{At: at, Kind: sla.TurnEscalated, To: "1"}, sla.Turn{At: at, Kind: sla.TurnWarned}, sla.Turn{At: at, Kind: sla.TurnEscalated, To: "2"})
	var kinds []string
	for _, turn := range x.Turns {
		kinds = append(kinds, string(turn.Kind)+turn.To)
	}
	want := []string{string(sla.TurnPromised), string(sla.TurnWarned), string(sla.TurnBreached), "escalated1", "escalated2", string(sla.TurnEnded)}
	if !slices.Equal(want, kinds) {
		t.Errorf("told %v, want %v", kinds, want)
	}
}
