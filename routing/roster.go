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
	states map[string]*ticket.AgentState
	teams  map[string][]*ticket.AgentState // by name
}

// NewRoster returns a roster of the agents, all offline except those who are AlwaysOn.
func NewRoster(agents []Agent) *Roster {
	r := &Roster{states: make(map[string]*ticket.AgentState, len(agents)), teams: make(map[string][]*ticket.AgentState)}
	for _, a := range agents {
		s := a.State()
		r.states[a.Name] = &s
		for _, t := range a.Teams {
			r.teams[t] = append(r.teams[t], &s)
		}
	}
	for team, members := range r.teams {
		slices.SortFunc(members, func(a, b *ticket.AgentState) int { return cmp.Compare(a.Name, b.Name) })
		r.teams[team] = slices.Compact(members) // who is listed twice in a team is one
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
		if known, ok := r.states[s.Name]; ok {
			*known = s
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
	if !ok {
		return ticket.AgentState{}, false
	}
	return *s, true
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
	var few [candidates + 1]*ticket.AgentState
	best := few[:0]
	for _, s := range r.teams[team] {
		switch {
		case s.Presence != ticket.Available:
			absent.add(s.Name)
		case s.Free() < max(weight, 1):
			full.add(s.Name)
		default:
			// Only the best n are kept: a team may have thousands, and a decision names a few.
			if i := place(best, s); i < n {
				best = slices.Insert(best, i, s)
				best = best[:min(n, len(best))]
			}
		}
	}
	names := make([]string, len(best))
	for i, s := range best {
		names[i] = s.Name
	}
	var passed []Passed
	for _, p := range []Passed{absent, full} {
		if p.Count > 0 {
			passed = append(passed, p)
		}
	}
	return names, passed
}

// place returns where s comes among the best, from behind: most are worse than all of them.
func place(best []*ticket.AgentState, s *ticket.AgentState) int {
	i := len(best)
	for i > 0 && before(s, best[i-1]) {
		i--
	}
	return i
}

// before reports whether a gets work before b. Loads are compared as shares of capacity, without dividing.
func before(a, b *ticket.AgentState) bool {
	return cmp.Or(cmp.Compare(a.Load*b.Capacity, b.Load*a.Capacity), a.Freed.Compare(b.Freed), cmp.Compare(a.Name, b.Name)) < 0
}

func (p *Passed) add(name string) {
	p.Count++
	if len(p.First) < 5 {
		p.First = append(p.First, name)
	}
}
