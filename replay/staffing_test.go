package replay_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/replay"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// shifts is a company of 30 agents in three shifts, and ten temps beside them where overflow says so.
func shifts(overflow bool) *socialcrm.Setup {
	s := &socialcrm.Setup{
		Calendars: map[string]sla.Hours{},
		Lanes: []routing.Lane{
			{Name: "flights", Team: "care", When: rule.Condition{Fact: "text", List: "flights"}, Priority: new(sla.High)},
			{Name: "care", Team: "care"},
		},
		Teams: []routing.Team{{Name: "care"}, {Name: "temps"}},
		Words: rule.Lists{"flights": {"cancelled", "cancelled flight", "flightled", "delayed", "stranded"}},
		SLA:   []sla.Policy{{Name: "hour", Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}}}},
	}
	for i, name := range []string{"night", "day", "late"} {
		from := time.Duration(i*8) * time.Hour
		s.Calendars[name] = sla.Hours{Zone: "America/Los_Angeles", Week: sla.EveryDay(sla.Interval{From: from, To: from + 8*time.Hour})}
		for n := range 10 {
			s.Agents = append(s.Agents, routing.Agent{Name: fmt.Sprint(name, n), Teams: []string{"care"}, Shift: name, Capacity: 2})
		}
	}
	if overflow {
		for i := range s.Lanes {
			s.Lanes[i].Overflow = routing.Overflow{To: "temps", After: sla.Duration(30 * time.Minute), Longer: 40}
		}
		s.Lanes = append(s.Lanes, routing.Lane{Name: "temps", Team: "temps", ByHand: true})
		for n := range 10 {
			s.Agents = append(s.Agents, routing.Agent{Name: fmt.Sprint("temp", n), Teams: []string{"temps"}, Capacity: 2})
		}
	} else {
		s.Teams = s.Teams[:1]
	}
	return s
}

func staffed(t *testing.T, steps []replay.Step, setup *socialcrm.Setup) *replay.Report {
	t.Helper()
	report, err := replay.Run(t.Context(), steps, replay.Options{Setup: setup, DeskAgents: true, Handle: 6 * time.Minute, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// storm holds what a storm looks like, with and without temps.
func storm(t *testing.T, steps []replay.Step) {
	t.Helper()
	alone, helped := staffed(t, steps, shifts(false)), staffed(t, steps, shifts(true))
	a, h := alone.Staffing, helped.Staffing
	if a.Agents != 30 || h.Agents != 40 || a.MovedOn != 0 || h.MovedOn == 0 {
		t.Errorf("%d and %d agents; %d and %d moved on", a.Agents, h.Agents, a.MovedOn, h.MovedOn)
	}
	if a.LongestQueue < 50 || len(a.Queue) < 3 || a.Queue[0].Waiting >= a.LongestQueue || a.Queue[len(a.Queue)-1].Waiting >= a.LongestQueue {
		t.Errorf("the queue does not build and drain: %+v", a.Queue)
	}
	if h.LongestWait >= a.LongestWait {
		t.Errorf("with temps the longest wait is %.0f s, without %.0f s", h.LongestWait, a.LongestWait)
	}
	given := 0
	for _, l := range helped.Staffing.Lanes {
		given += l.Given
	}
	if given < helped.Tickets || a.Utilisation <= 0 || a.Utilisation > 1.2 {
		t.Errorf("%d given of %d tickets; at work %.2f of the time", given, helped.Tickets, a.Utilisation)
	}
	if one, two := totals(t, helped), totals(t, staffed(t, steps, shifts(true))); one != two {
		t.Errorf("twice the same came to\n%s\n%s", one, two)
	}
	text := helped.String()
	for _, want := range []string{"40 agents, ", " moved on to another lane\n", "waiting from ", "temps "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	t.Logf("alone: longest wait %.0f s, queue %d; with temps %.0f s, %d\n%s", a.LongestWait, a.LongestQueue, h.LongestWait, h.LongestQueue, alone)
}

func TestTheDesksAgentsWorkInTheirShifts(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) // midnight in Los Angeles
	var steps []replay.Step
	add := func(at time.Duration) {
		i := len(steps)
		text := []string{"Where is my bag?", "My flight is cancelled", "Nice crew"}[i%3]
		when := begin.Add(at)
		steps = append(steps, replay.Step{Event: &channel.Event{
			Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "twitter", ID: "air"}, Time: when,
			Message: channel.Message{ID: fmt.Sprint("m", i), Author: channel.Author{ID: fmt.Sprint("c", i)}, Text: text, Time: when},
		}})
	}
	for i := range 60 { // calm
		add(time.Duration(i) * 7 * time.Minute)
	}
	for i := range 280 { // the storm
		add(6*time.Hour + 40*time.Minute + time.Duration(i)*20*time.Second)
	}
	storm(t, steps)
}

func TestTheDesksAgentsThroughTheStormOfTheTweets(t *testing.T) {
	t.Parallel()
	all, _, err := replay.ReadFile(dataFile(t, "airline-tweets.csv"), archive.Airline)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2015, 2, 22, 8, 0, 0, 0, time.UTC)
	var steps []replay.Step
	for _, s := range all {
		if at := s.Event.Message.Time; !at.Before(from) && at.Before(from.Add(48*time.Hour)) {
			steps = append(steps, s)
		}
	}
	storm(t, steps)
}

func TestTheDesksAgentsMustBeThere(t *testing.T) {
	t.Parallel()
	for _, o := range []replay.Options{{DeskAgents: true}, {DeskAgents: true, Setup: &socialcrm.Setup{}}, {DeskAgents: true, Setup: shifts(false), Agents: 3}} {
		if _, err := replay.Run(t.Context(), nil, o); err == nil || !strings.Contains(err.Error(), "the desk's agents") {
			t.Errorf("got %v", err)
		}
	}
}

func TestWhoNeverGetsAnybodyIsCounted(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var steps []replay.Step
	for i, at := range []time.Duration{0, 40 * time.Minute, 50 * time.Minute, 3 * time.Hour} {
		lane := []string{"care", "safety", "care", "care"}[i]
		steps = append(steps, replay.Step{Event: &channel.Event{
			Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "twitter", ID: lane}, Time: begin.Add(at),
			Message: channel.Message{ID: fmt.Sprint("m", i), Author: channel.Author{ID: fmt.Sprint("c", i)}, Text: "Hello?", Time: begin.Add(at)},
		}})
	}
	setup := &socialcrm.Setup{
		Lanes: []routing.Lane{{Name: "safety", Team: "safety", When: rule.Condition{Fact: "account", Equals: rule.Text("twitter/safety")}}, {Name: "care", Team: "care"}},
		Teams: []routing.Team{{Name: "care"}, {Name: "safety"}},
		Agents: []routing.Agent{
			{Name: "ana", Teams: []string{"care"}, Capacity: 1, Until: begin.AddDate(0, 3, 0)}, // long after the story
			{Name: "sam", Teams: []string{"safety"}, Capacity: 1, Until: begin.Add(30 * time.Minute)},
		},
	}
	report, err := replay.Run(t.Context(), steps, replay.Options{Setup: setup, DeskAgents: true, Handle: 10 * time.Minute, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	s := report.Staffing
	if s.Unserved != 1 || s.Waited < 1 || s.LongestWait < (2*time.Hour+20*time.Minute).Seconds() || s.LongestWait > (4*time.Hour).Seconds() {
		t.Errorf("%d waited, the longest %.0f s, %d still wait; want the one of safety, from 9:40 to the end of the story", s.Waited, s.LongestWait, s.Unserved)
	}
	if s.Utilisation < 0.02 {
		t.Errorf("at work %.3f of the time: it is counted on to the end of ana's access", s.Utilisation)
	}
	if text := report.String(); !strings.Contains(text, "; 1 still wait\n") {
		t.Errorf("the report does not say that one still waits:\n%s", text)
	}
}
