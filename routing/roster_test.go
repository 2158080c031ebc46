package routing

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/ticket"
)

func TestARosterBeginsWithEverybodyOfflineButThoseAlwaysOn(t *testing.T) {
	t.Parallel()
	r := NewRoster([]Agent{{Name: "ada", AlwaysOn: true, Capacity: 3}, {Name: "bo"}})
	for name, want := range map[string]ticket.AgentState{
		"ada": {Name: "ada", Presence: ticket.Available, Capacity: 3}, "bo": {Name: "bo", Capacity: 1},
	} {
		if got, ok := r.Agent(name); !ok || got != want {
			t.Errorf("Agent(%q) = %+v, %v, want %+v", name, got, ok, want)
		}
	}
	if got, ok := r.Agent("cy"); ok {
		t.Errorf("Agent of somebody unknown = %+v, want none", got)
	}
}

func TestSetReplacesAndIgnoresStrangers(t *testing.T) {
	t.Parallel()
	r := NewRoster([]Agent{{Name: "ada"}})
	busy := ticket.AgentState{Name: "ada", Presence: ticket.Busy, Capacity: 2, Load: 1}
	r.Set(busy, ticket.AgentState{Name: "stranger"})
	if got, _ := r.Agent("ada"); got != busy {
		t.Errorf("Agent = %+v, want %+v", got, busy)
	}
	if _, ok := r.Agent("stranger"); ok {
		t.Error("a stranger came onto the roster")
	}
}

func TestAnEmptyRosterServes(t *testing.T) {
	t.Parallel()
	var none *Roster
	for _, r := range []*Roster{none, new(Roster)} {
		if names, passed := r.LeastLoaded("crew", 1, 5); len(names) != 0 || len(passed) != 0 {
			t.Errorf("LeastLoaded = %q, %+v, want nobody", names, passed)
		}
		if _, ok := r.Agent("ada"); ok {
			t.Error("somebody is on an empty roster")
		}
	}
	new(Roster).Set(ticket.AgentState{Name: "ada"})
}

func TestWhoIsListedTwiceInATeamIsOne(t *testing.T) {
	t.Parallel()
	r := NewRoster([]Agent{{Name: "ada", Teams: []string{"crew", "crew"}, AlwaysOn: true}})
	if names, _ := r.LeastLoaded("crew", 1, 5); !slices.Equal(names, []string{"ada"}) {
		t.Errorf("LeastLoaded = %q, want ada once", names)
	}
}

func TestLeastLoaded(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	here := func(name string, load, capacity int) ticket.AgentState {
		return ticket.AgentState{Name: name, Presence: ticket.Available, Load: load, Capacity: capacity}
	}
	freed := func(s ticket.AgentState, at time.Time) ticket.AgentState {
		s.Freed = at
		return s
	}
	tests := []struct {
		name   string
		states []ticket.AgentState
		weight int
		want   []string
		passed []Passed
	}{
		{"by load", []ticket.AgentState{here("a", 2, 4), here("b", 0, 4), here("c", 1, 4)}, 1, []string{"b", "c", "a"}, nil},
		{"as a share of capacity", []ticket.AgentState{here("a", 2, 3), here("b", 4, 10), here("c", 1, 2)}, 1, []string{"b", "c", "a"}, nil},
		{"among equals whose hands have been free for longest", []ticket.AgentState{freed(here("a", 1, 2), noon), freed(here("b", 2, 4), noon.Add(-time.Hour)), here("c", 1, 2)}, 1,
			[]string{"c", "b", "a"}, nil},
		{"then by name", []ticket.AgentState{here("b", 1, 2), here("a", 2, 4)}, 1, []string{"a", "b"}, nil},
		{"only who has room for the weight", []ticket.AgentState{here("a", 1, 2), here("b", 1, 4)}, 2, []string{"b"}, []Passed{{Full, 1, []string{"a"}}}},
		{"a weight of 0 counts as 1", []ticket.AgentState{here("a", 1, 1), here("b", 0, 1)}, 0, []string{"b"}, []Passed{{Full, 1, []string{"a"}}}},
		{"only who is available", []ticket.AgentState{here("a", 0, 1), {Name: "b", Presence: ticket.Busy, Capacity: 1}, {Name: "c", Presence: ticket.Away, Capacity: 1},
			{Name: "d", Capacity: 1}, here("e", 1, 1)}, 1, []string{"a"}, []Passed{{NotPresent, 3, []string{"b", "c", "d"}}, {Full, 1, []string{"e"}}}},
		{"the first five of those passed over", []ticket.AgentState{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "e"}, {Name: "f"}, {Name: "g"}}, 1, nil,
			[]Passed{{NotPresent, 7, []string{"a", "b", "c", "d", "e"}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := rosterOf(tt.states)
			names, passed := r.LeastLoaded("crew", tt.weight, 5)
			if !slices.Equal(names, tt.want) {
				t.Errorf("names %q, want %q", names, tt.want)
			}
			if diff := gocmp.Diff(tt.passed, passed); diff != "" {
				t.Errorf("passed over (-want +got):\n%s", diff)
			}
			if names, _ := r.LeastLoaded("another team", 1, 5); len(names) != 0 {
				t.Errorf("another team has %q", names)
			}
		})
	}
}

// rosterOf returns a roster of one team, crew, with these states.
func rosterOf(states []ticket.AgentState) *Roster {
	var agents []Agent
	for _, s := range states {
		agents = append(agents, Agent{Name: s.Name, Teams: []string{"crew"}})
	}
	r := NewRoster(agents)
	r.Set(states...)
	return r
}

func TestLawsOfLeastLoaded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var states []ticket.AgentState
		for i := range rapid.IntRange(0, 12).Draw(t, "agents") {
			states = append(states, ticket.AgentState{
				Name: fmt.Sprintf("%02d", i), Presence: rapid.SampledFrom([]ticket.Presence{ticket.Available, ticket.Available, ticket.Busy, ticket.Offline}).Draw(t, "presence"),
				Capacity: rapid.IntRange(1, 6).Draw(t, "capacity"), Load: rapid.IntRange(0, 7).Draw(t, "load"),
				Freed: time.Unix(rapid.Int64Range(0, 3).Draw(t, "freed"), 0),
			})
		}
		weight, n := rapid.IntRange(1, 3).Draw(t, "weight"), rapid.IntRange(0, 14).Draw(t, "n")
		names, passed := rosterOf(states).LeastLoaded("crew", weight, n)

		// The same again, by the words of the comment.
		free := slices.DeleteFunc(slices.Clone(states), func(s ticket.AgentState) bool { return s.Free() < weight })
		slices.SortFunc(free, func(a, b ticket.AgentState) int {
			return cmp.Or(cmp.Compare(float64(a.Load)/float64(a.Capacity), float64(b.Load)/float64(b.Capacity)), a.Freed.Compare(b.Freed), cmp.Compare(a.Name, b.Name))
		})
		var want []string
		for _, s := range free[:min(n, len(free))] {
			want = append(want, s.Name)
		}
		if !slices.Equal(names, want) {
			t.Fatalf("names %q, want %q", names, want)
		}
		count := len(free)
		for _, p := range passed {
			count += p.Count
			if len(p.First) != min(p.Count, 5) {
				t.Fatalf("%d passed over, %d named", p.Count, len(p.First))
			}
		}
		if count != len(states) {
			t.Fatalf("%d free or passed over, want %d", count, len(states))
		}
		// Who gives the answer plays no part: neither the order on the roster nor that of Set.
		again, _ := rosterOf(rapid.Permutation(states).Draw(t, "order")).LeastLoaded("crew", weight, n)
		if !slices.Equal(names, again) {
			t.Fatalf("in another order %q, want %q", again, names)
		}
	})
}

func TestARosterIsReadWhileItIsSet(t *testing.T) {
	t.Parallel()
	org := crew(20)
	r := NewRoster(org.Agents)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for load := range 50 {
				r.Set(ticket.AgentState{Name: org.Agents[i].Name, Presence: ticket.Available, Capacity: 100, Load: load})
			}
		})
		wg.Go(func() {
			for range 50 {
				if names, _ := r.LeastLoaded("crew", 1, 5); len(names) != 5 {
					t.Errorf("LeastLoaded = %q, want five", names)
				}
				r.Agent("agent-0000")
			}
		})
	}
	wg.Wait()
}
