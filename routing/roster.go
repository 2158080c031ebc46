package routing

import (
	"cmp"
	"slices"
	"sync"

	"github.com/socialcrm/socialcrm/ticket"
)

// Roster is an index of who is there and how loaded, by team. The Desk keeps it current; a Router reads it. It may lag behind the Store for a
// moment: Reserve has the last word. All methods may be called from several goroutines at once. The zero value is empty.
type Roster struct {
	mu     sync.RWMutex
	states map[string]ticket.AgentState
	teams  map[string][]string
}

// NewRoster returns a roster of the agents, all offline except those who are AlwaysOn.
func NewRoster(agents []Agent) *Roster {
	r := &Roster{states: make(map[string]ticket.AgentState, len(agents)), teams: make(map[string][]string)}
	for _, a := range agents {
		r.states[a.Name] = a.State()
		for _, t := range a.Teams {
			r.teams[t] = append(r.teams[t], a.Name)
		}
	}
	for _, names := range r.teams {
		slices.Sort(names)
	}
	return r
}

// State returns the state with which the agent begins.
func (a Agent) State() ticket.AgentState {
	s := ticket.AgentState{Name: a.Name, Capacity: max(a.Capacity, 1)}
	if a.AlwaysOn {
		s.Presence = ticket.Available
	}
	return s
}

// Set replaces what is known of an agent; one who is not on the roster is ignored.
func (r *Roster) Set(states ...ticket.AgentState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range states {
		if _, ok := r.states[s.Name]; ok {
			r.states[s.Name] = s
		}
	}
}

// Agent returns what is known of an agent, and whether the agent is on the roster.
func (r *Roster) Agent(name string) (ticket.AgentState, bool) {
	if r == nil {
		return ticket.AgentState{}, false
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	s, ok := r.states[name]
	return s, ok
}

// LeastLoaded returns up to n members of the team who have room for the weight, the least loaded first; among equals the one whose hands have been free for
// longest, then by name. It also counts those passed over.
func (r *Roster) LeastLoaded(team string, weight, n int) ([]string, []Passed) {
	if r == nil {
		return nil, nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	absent, full := Passed{Cause: NotPresent}, Passed{Cause: Full}
	var free []ticket.AgentState
	for _, name := range r.teams[team] {
		switch s := r.states[name]; {
		case s.Presence != ticket.Available:
			absent.add(name)
		case s.Free() < max(weight, 1):
			full.add(name)
		default:
			free = append(free, s)
		}
	}
	slices.SortFunc(free, func(a, b ticket.AgentState) int {
		// Loads are compared as shares of capacity, without dividing.
		return cmp.Or(cmp.Compare(a.Load*b.Capacity, b.Load*a.Capacity), a.Freed.Compare(b.Freed), cmp.Compare(a.Name, b.Name))
	})
	names := make([]string, 0, min(n, len(free)))
	for _, s := range free[:min(n, len(free))] {
		names = append(names, s.Name)
	}
	var passed []Passed
	for _, p := range []Passed{absent, full} {
		if p.Count > 0 {
			passed = append(passed, p)
		}
	}
	return names, passed
}

func (p *Passed) add(name string) {
	p.Count++
	if len(p.First) < 5 {
		p.First = append(p.First, name)
	}
}
