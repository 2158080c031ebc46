package routing

import (
	"fmt"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// Lane is a team's clearly bounded responsibility.
type Lane struct {
	// Name is unique.
	Name string `json:"name"`
	// Purpose says in a sentence what the lane is for; people read it.
	Purpose string `json:"purpose,omitempty"`
	// When says what belongs in it, over the facts of ticket.Facts. The zero condition takes everything.
	When rule.Condition `json:"when,omitzero"`
	// Team handles it. Empty: nobody is assigned, tickets wait until somebody takes them.
	Team string `json:"team,omitempty"`
	// Priority of its tickets. Nil: unchanged.
	Priority *ticket.Priority `json:"priority,omitempty"`
}

// Team is a group of agents.
type Team struct {
	// Name is unique.
	Name string `json:"name"`
}

// Agent is somebody who answers.
type Agent struct {
	// Name is unique and stands in the journal.
	Name string `json:"name"`
	// FirstName signs replies, where the lane says so. Empty: Name.
	FirstName string `json:"first_name,omitempty"`
	// Teams that the agent belongs to.
	Teams []string `json:"teams,omitempty"`
	// Capacity is the weight of tickets that the agent can hold at once; 0 means 1.
	Capacity int `json:"capacity,omitempty"`
	// AlwaysOn makes the agent available without signing in: for small teams without presence, and for simulations.
	AlwaysOn bool `json:"always_on,omitempty"`
}

// Org is a company as far as routing goes: lanes in the order in which they are asked, teams, agents.
type Org struct {
	Lanes  []Lane  `json:"lanes,omitempty"`
	Teams  []Team  `json:"teams,omitempty"`
	Agents []Agent `json:"agents,omitempty"`
}

// Check reports the first thing in the Org that cannot be: a missing or double name, an unknown team, a negative capacity, a lane behind one that takes everything.
func (o Org) Check() error {
	teams := make(map[string]bool, len(o.Teams))
	for i, t := range o.Teams {
		if t.Name == "" {
			return fmt.Errorf("teams[%d]: name is missing", i)
		}
		if teams[t.Name] {
			return fmt.Errorf("team %q: there are two of this name", t.Name)
		}
		teams[t.Name] = true
	}
	lanes := make(map[string]bool, len(o.Lanes))
	catchAll := ""
	for i, l := range o.Lanes {
		switch {
		case l.Name == "":
			return fmt.Errorf("lanes[%d]: name is missing", i)
		case lanes[l.Name]:
			return fmt.Errorf("lane %q: there are two of this name", l.Name)
		case l.Team != "" && !teams[l.Team]:
			return fmt.Errorf("lane %q: team %q is not known", l.Name, l.Team)
		case catchAll != "":
			return fmt.Errorf("lane %q: no ticket can reach it, because lane %q before it takes everything", l.Name, catchAll)
		}
		lanes[l.Name] = true
		if l.When.IsZero() {
			catchAll = l.Name
		}
	}
	agents := make(map[string]bool, len(o.Agents))
	for i, a := range o.Agents {
		if a.Name == "" {
			return fmt.Errorf("agents[%d]: name is missing", i)
		}
		if agents[a.Name] {
			return fmt.Errorf("agent %q: there are two of this name", a.Name)
		}
		agents[a.Name] = true
		if a.Capacity < 0 {
			return fmt.Errorf("agent %q: capacity: want 0 or more, got %d", a.Name, a.Capacity)
		}
		for _, t := range a.Teams {
			if !teams[t] {
				return fmt.Errorf("agent %q: team %q is not known", a.Name, t)
			}
		}
	}
	return nil
}
