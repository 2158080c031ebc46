package routing

import (
	"fmt"
	"time"

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
	// ByHand is set on a lane into which nothing is routed: tickets come to it only when somebody transfers or escalates them. When must then be empty.
	ByHand bool `json:"by_hand,omitempty"`
	// Escalation is the lane to which its tickets are escalated: the next tier. Empty: there is none.
	Escalation string `json:"escalation,omitempty"`
	// Sign lets replies end with the first name of the agent who wrote them.
	Sign bool `json:"sign,omitempty"`
	// Approval asks that another approves what agents write before it goes out; a RoleLead's replies go out at once.
	Approval bool `json:"approval,omitempty"`
}

// Team is a group of agents.
type Team struct {
	// Name is unique.
	Name string `json:"name"`
}

// Role says what an agent may do alone.
type Role string

const (
	// RoleTrainee: another must approve each reply.
	RoleTrainee Role = "trainee"
	// RoleAgent: replies go out, unless the lane or the company asks for approval. The empty Role is the same.
	RoleAgent Role = "agent"
	// RoleLead: replies always go out; leads approve those of others where approval is asked for, and take tickets over.
	RoleLead Role = "lead"
)

// Agent is somebody who answers.
type Agent struct {
	// Name is unique and stands in the journal.
	Name string `json:"name"`
	// FirstName signs replies, where the lane says so. Empty: Name.
	FirstName string `json:"first_name,omitempty"`
	// Role says what the agent may do alone. Empty: RoleAgent.
	Role Role `json:"role,omitempty"`
	// Until is when the agent's access ends, for temporary staff: from then on the agent can do nothing, and gets no tickets. Zero: it does not end.
	Until time.Time `json:"until,omitzero"`
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

// Check reports the first thing in the Org that cannot be: a missing or double name, an unknown team, lane or role, a negative capacity, a lane behind one that
// takes everything, escalations that go round in a circle.
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
		case catchAll != "" && !l.ByHand:
			return fmt.Errorf("lane %q: no ticket can reach it, because lane %q before it takes everything", l.Name, catchAll)
		}
		lanes[l.Name] = true
		switch {
		case l.ByHand && !l.When.IsZero():
			return fmt.Errorf("lane %q: when: nothing is routed into a lane that is by_hand", l.Name)
		case l.When.IsZero() && !l.ByHand:
			catchAll = l.Name
		}
	}
	if err := o.checkEscalation(); err != nil {
		return err
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
		switch a.Role {
		case "", RoleTrainee, RoleAgent, RoleLead:
		default:
			return fmt.Errorf("agent %q: role %q: want trainee, agent or lead", a.Name, a.Role)
		}
		for _, t := range a.Teams {
			if !teams[t] {
				return fmt.Errorf("agent %q: team %q is not known", a.Name, t)
			}
		}
	}
	return nil
}

// checkEscalation reports a tier that is not known, and tiers that lead back to where they began.
func (o Org) checkEscalation() error {
	next := make(map[string]string, len(o.Lanes))
	for _, l := range o.Lanes {
		next[l.Name] = l.Escalation
	}
	for _, l := range o.Lanes {
		if l.Escalation == "" {
			continue
		}
		if _, known := next[l.Escalation]; !known {
			return fmt.Errorf("lane %q: escalation: lane %q is not known", l.Name, l.Escalation)
		}
		for at, steps := l.Escalation, 0; at != ""; at, steps = next[at], steps+1 {
			if at == l.Name {
				return fmt.Errorf("lane %q: escalation leads back to it", l.Name)
			}
			if steps > len(o.Lanes) {
				break // a circle further up, which its own lanes report
			}
		}
	}
	return nil
}
