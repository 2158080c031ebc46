package routing

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestWhenAFallbackTakesWhatWaits(t *testing.T) {
	t.Parallel()
	org := store()
	org.Calendars["early"] = sla.Hours{Zone: "UTC", Week: sla.EveryDay(sla.Interval{From: 6 * time.Hour, To: 12 * time.Hour})}
	org.Lanes[3].FallbackAfter = sla.Duration(time.Hour)
	org.Agents = append(org.Agents, Agent{Name: "eve", Teams: []string{"desk"}, Shift: "early"})
	lanes, err := New(org, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string, p ticket.Presence, since time.Duration) ticket.AgentState {
		return ticket.AgentState{Name: name, Presence: p, Since: monday.Add(since), Capacity: 3}
	}
	ago := func(d time.Duration) time.Time { return monday.Add(-d) }
	for _, tt := range []struct {
		name, lane string
		now        time.Time
		roster     []ticket.AgentState
		why        MoveCause
		when       time.Time
		standIn    string
	}{
		{"somebody is there: until the shift is over for long enough", "billing", monday, nil, "", time.Date(2026, 3, 2, 20, 0, 0, 0, time.UTC), "billing"},
		{"it is closed", "billing", night, nil, Closed, night, "night"},
		{"just left", "billing", monday, []ticket.AgentState{at("mo", ticket.Away, -time.Minute), at("moa", ticket.Offline, -2*time.Minute)}, Deserted, monday.Add(4 * time.Minute), "night"},
		{"left just before it closes", "billing", monday.Add(8*time.Hour - time.Minute), []ticket.AgentState{at("mo", ticket.Away, 8*time.Hour-2*time.Minute), at("moa", ticket.Offline, 0)}, Deserted, monday.Add(8 * time.Hour), "night"},
		{"left five minutes ago", "billing", monday, []ticket.AgentState{at("mo", ticket.Away, -5*time.Minute), at("moa", ticket.Offline, -time.Hour)}, Deserted, monday, "night"},
		{"the shift has just ended, and one has left since", "desk", monday.Add(10 * time.Minute), []ticket.AgentState{at("dee", ticket.Offline, -time.Hour), at("eve", ticket.Offline, 5*time.Minute)}, Deserted, monday.Add(time.Hour), "temps"},
		{"the shift has just ended", "desk", monday.Add(10 * time.Minute), []ticket.AgentState{at("dee", ticket.Offline, -time.Hour), at("eve", ticket.Available, -time.Hour)}, Deserted, monday.Add(time.Hour), "temps"},
		{"the shift ended long ago", "desk", monday.Add(time.Hour), []ticket.AgentState{at("dee", ticket.Offline, -time.Hour), at("eve", ticket.Available, -time.Hour)}, Deserted, monday.Add(time.Hour), "temps"},
		{"left before the shift", "desk", time.Date(2026, 3, 2, 6, 10, 0, 0, time.UTC), []ticket.AgentState{at("dee", ticket.Offline, -24*time.Hour), at("eve", ticket.Away, -6*time.Hour-5*time.Minute)}, Deserted, time.Date(2026, 3, 2, 6, 10, 0, 0, time.UTC), "temps"},
		{"one is there, and the next shift will end", "desk", night, []ticket.AgentState{at("dee", ticket.Busy, 0)}, "", time.Date(2026, 3, 3, 13, 0, 0, 0, time.UTC), "desk"},
		{"without a fallback", "night", monday, []ticket.AgentState{at("nia", ticket.Offline, -time.Hour)}, "", time.Time{}, "night"},
		{"a lane that there is not", "beach", monday, nil, "", time.Time{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := NewRoster(org.Agents)
			r.Set(ticket.AgentState{Name: "eve", Since: ago(100 * time.Hour)})
			r.Set(tt.roster...)
			why, when := lanes.Unmanned(tt.lane, r, tt.now)
			if why != tt.why || !when.Equal(tt.when) {
				t.Errorf("%q by %s, want %q by %s", why, when, tt.why, tt.when)
			}
			if got := lanes.StandIn(tt.lane, r, tt.now); got != tt.standIn {
				t.Errorf("%q stands in, want %q", got, tt.standIn)
			}
		})
	}
}

func TestADecisionTellsWhoseTicketItIs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want  string
		moved []Move
	}{
		{"", nil},
		{"care", []Move{{"care", "night", Closed}}},
		{"care", []Move{{"care", "night", Closed}, {"night", "temps", Deserted}}},
		{"care", []Move{{"temps", "care", Back}, {"care", "night", Closed}}},
		{"temps", []Move{{"care", "temps", QueueTooLong}, {"temps", "night", Closed}}},
		{"", []Move{{"care", "night", Closed}, {"night", "temps", WaitedTooLong}}},
		{"", []Move{{"night", "care", Back}}},
	} {
		if got := (&Decision{Moved: tt.moved}).Home(); got != tt.want {
			t.Errorf("after %v it is of %q, want %q", tt.moved, got, tt.want)
		}
	}
}
