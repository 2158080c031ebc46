package routing

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// Roster is an index of who is there and how loaded, kept in the order in which lanes hand out work, so that a decision looks at a few agents and not at all. The
// Desk keeps it current; a Router reads it. It may lag behind the Store for a moment: Reserve has the last word. All methods may be called from several goroutines at
// once. The zero value is empty.
type Roster struct {
	mu      sync.RWMutex
	members map[string]*member
	teams   map[string]*team
	plain   map[string]*need  // of LeastLoaded, by team
	pools   map[poolKey]*pool // made when a lane first asks
	spoken  map[string]bool   // languages that somebody speaks
	turns   uint64            // how often somebody was given work

	rankings sync.Pool // of *ranking
}

// member is an agent on the roster.
type member struct {
	agent   Agent
	state   ticket.AgentState
	turn    uint64        // when work was last given, counted in turns; 0: never
	teams   []*attendance // where the member counts when at work
	entries []*entry
}

// team is who belongs to a team, and how many of them are at work, available or busy, in each shift.
type team struct {
	members []*member // by name
	shifts  []attendance
}

type attendance struct {
	shift string
	n     int
}

// NewRoster returns a roster of the agents, all offline except those who are AlwaysOn.
func NewRoster(agents []Agent) *Roster {
	r := &Roster{
		members: make(map[string]*member, len(agents)), teams: make(map[string]*team), plain: make(map[string]*need),
		pools: make(map[poolKey]*pool), spoken: make(map[string]bool),
	}
	for _, a := range agents {
		m := &member{agent: a, state: a.State()}
		r.members[a.Name] = m
		for _, tag := range a.Languages {
			r.spoken[base(tag)] = true
		}
		for _, name := range a.Teams {
			t := r.teams[name]
			if t == nil {
				t = &team{}
				r.teams[name], r.plain[name] = t, &need{team: name, order: standard}
			}
			t.members = append(t.members, m)
		}
	}
	for _, t := range r.teams {
		slices.SortFunc(t.members, func(a, b *member) int { return cmp.Compare(a.agent.Name, b.agent.Name) })
		t.members = slices.Compact(t.members) // who is listed twice in a team is one
		t.attend()
	}
	return r
}

// attend counts who is at work.
func (t *team) attend() {
	for _, m := range t.members {
		if !slices.ContainsFunc(t.shifts, func(a attendance) bool { return a.shift == m.agent.Shift }) {
			t.shifts = append(t.shifts, attendance{shift: m.agent.Shift})
		}
	}
	for _, m := range t.members {
		for i := range t.shifts {
			if a := &t.shifts[i]; a.shift == m.agent.Shift {
				m.teams = append(m.teams, a)
				a.n += m.atWork()
			}
		}
	}
}

// atWork is 1 for who is available or busy, otherwise 0.
func (m *member) atWork() int {
	if m.state.Presence == ticket.Available || m.state.Presence == ticket.Busy {
		return 1
	}
	return 0
}

// Set replaces what is known of agents; one who is not on the roster is ignored. Who holds more than before was given work.
func (r *Roster) Set(states ...ticket.AgentState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range states {
		m, ok := r.members[s.Name]
		if !ok || m.state == s {
			continue
		}
		for _, e := range m.entries {
			e.leave()
		}
		if s.Load > m.state.Load {
			r.turns++
			m.turn = r.turns
		}
		was := m.atWork()
		m.state = s
		for _, a := range m.teams {
			a.n += m.atWork() - was
		}
		for _, e := range m.entries {
			e.join()
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
	m, ok := r.members[name]
	if !ok {
		return ticket.AgentState{}, false
	}
	return m.state, true
}

// LeastLoaded returns up to n members of the team who have room for the weight, the least loaded first; among equals the one whose hands have been free for
// longest, then by name. It also counts those passed over. Shifts, skills and languages play no part: Lanes.Offer looks at those.
func (r *Roster) LeastLoaded(team string, weight, n int) ([]string, []Passed) {
	if r == nil || r.plain[team] == nil {
		return nil, nil
	}
	return r.rank(r.plain[team], &wish{weight: weight, n: n})
}

// there reports whether anybody of a team is at work, available or busy.
func (r *Roster) there(team string, s shifts) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if t := r.teams[team]; t != nil {
		for _, a := range t.shifts {
			if a.n > 0 && s.on(a.shift) {
				return true
			}
		}
	}
	return false
}

// size returns how many belong to a team.
func (r *Roster) size(team string) int {
	if t := r.teams[team]; t != nil {
		return len(t.members) // teams do not change
	}
	return 0
}

// passedOver returns copies of the members of a team who are not among the names, by name.
func (r *Roster) passedOver(team string, names []string) []member {
	t := r.teams[team]
	if t == nil {
		return nil
	}
	r.mu.RLock()
	defer r.mu.RUnlock()
	placed := make(map[string]bool, len(names))
	for _, name := range names {
		placed[name] = true
	}
	var rest []member
	for _, m := range t.members {
		if !placed[m.agent.Name] {
			rest = append(rest, *m)
		}
	}
	return rest
}

// can reports whether the agent has all the skills, at the levels asked for.
func (a *Agent) can(skills map[string]int) bool {
	for skill, level := range skills {
		if a.Skills[skill] < level {
			return false
		}
	}
	return true
}

// speaks reports whether the agent speaks a language, given as base returns it.
func (a *Agent) speaks(language string) bool {
	return slices.ContainsFunc(a.Languages, func(tag string) bool { return base(tag) == language })
}

// base returns the language of a BCP 47 tag without script and region, in lower case.
func base(tag string) string {
	if i := strings.IndexAny(tag, "-_"); i >= 0 {
		tag = tag[:i]
	}
	return strings.ToLower(tag)
}

// idleSince is when the agent's hands became free, or when the agent came, if that was later.
func (m *member) idleSince() time.Time {
	if m.state.Since.After(m.state.Freed) {
		return m.state.Since
	}
	return m.state.Freed
}
