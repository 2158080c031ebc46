package routing

import (
	"errors"
	"time"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Org is a company as far as routing goes: lanes in the order in which they are asked, teams, agents, and what they refer to by name.
type Org struct {
	Lanes  []Lane  `json:"lanes,omitempty"`
	Teams  []Team  `json:"teams,omitempty"`
	Agents []Agent `json:"agents,omitempty"`
	// Weights say what a ticket takes of an agent's capacity; the first that matches wins. None does: 1.
	Weights []Weight `json:"weights,omitempty"`
	// Calendars by the names that lanes and shifts refer to.
	Calendars map[string]sla.Hours `json:"calendars,omitempty"`
	// Words are word lists by the names that conditions refer to with "list".
	Words rule.Lists `json:"words,omitempty"`
}

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
	// Skills are what an agent must be able to do to get its tickets, each at this level or a higher one.
	Skills map[string]int `json:"skills,omitempty"`
	// Speak asks for an agent who speaks the ticket's language. A ticket whose language is not known goes to anybody.
	Speak bool `json:"speak,omitempty"`
	// Strategy says who of those who can take a ticket gets it: each entry decides between those whom the ones before leave equal, the name decides last.
	// None: least_loaded, longest_idle.
	Strategy []Strategy `json:"strategy,omitempty"`
	// Priority of its tickets. Nil: unchanged.
	Priority *ticket.Priority `json:"priority,omitempty"`
	// Priorities give some of its tickets another priority; the first that matches wins over Priority.
	Priorities []PriorityRule `json:"priorities,omitempty"`
	// Calendar says when the lane is open. Empty: always. What comes while it is closed goes to Fallback, or waits. Promises to its tickets count in it, unless a
	// policy names another; where it is empty they count in its team's. sla.AroundTheClock: always, whatever the team has.
	Calendar string `json:"calendar,omitempty"`
	// Fallback is the lane that takes its tickets while it is closed, and while nobody of its team is there: what comes, and what waits. What still waits there goes back
	// when this lane opens, or somebody of its team comes. Empty: they wait here.
	Fallback string `json:"fallback,omitempty"`
	// FallbackAfter is how long nobody of its team must have been there before the Fallback takes what waits, so that a short break moves nothing; what comes goes there at
	// once, and so does what waits when the Calendar closes. 0: 5 minutes.
	FallbackAfter sla.Duration `json:"fallback_after,omitzero"`
	// Overflow is the lane that takes its tickets when they are too many. The zero value: none.
	Overflow Overflow `json:"overflow,omitzero"`
	// Pull leaves its tickets waiting until agents ask for them (Desk.Next): nobody is given one.
	Pull bool `json:"pull,omitempty"`
	// Return puts open tickets back into the queue when their agent goes away or offline, and others when their customer writes meanwhile. False: they stay with the
	// agent.
	Return bool `json:"return,omitempty"`
	// ByHand is set on a lane into which nothing is routed by its condition, which must then be empty: tickets come to it only when somebody transfers or
	// escalates them, or as the Fallback or Overflow of another.
	ByHand bool `json:"by_hand,omitempty"`
	// Escalation is the lane to which its tickets are escalated: the next tier. Empty: there is none.
	Escalation string `json:"escalation,omitempty"`
	// Sign lets replies end with the first name of the agent who wrote them.
	Sign bool `json:"sign,omitempty"`
	// Approval asks that another approves what agents write before it goes out; a RoleLead's replies go out at once.
	Approval bool `json:"approval,omitempty"`
}

// Overflow says when a lane has too much waiting, and which lane takes it. A ticket that somebody of the lane can take at once stays.
type Overflow struct {
	// To is the lane.
	To string `json:"to"`
	// After is how long a ticket waits in the lane before it moves on. 0: however long.
	After sla.Duration `json:"after,omitzero"`
	// Longer lets new tickets move on while more than so many wait: those that come to the lane, not those that wait there already. 0: however many.
	Longer int `json:"longer,omitempty"`
}

// PriorityRule gives a priority to what matches.
type PriorityRule struct {
	When     rule.Condition  `json:"when"`
	Priority ticket.Priority `json:"priority"`
}

// UnmarshalJSON reads it strictly. The priority must be there: a rule that gives none would make normal what the lane calls urgent.
func (r *PriorityRule) UnmarshalJSON(data []byte) error {
	var fields struct {
		When     rule.Condition `json:"when"`
		Priority string         `json:"priority"`
	}
	if err := rule.DecodeStrict(data, &fields); err != nil {
		return err
	}
	if fields.Priority == "" {
		return &rule.Error{Path: "priority", Err: errors.New("is missing")}
	}
	r.When = fields.When
	if err := r.Priority.UnmarshalText([]byte(fields.Priority)); err != nil {
		return &rule.Error{Path: "priority", Err: err}
	}
	return nil
}

// Weight says what a ticket that matches takes of an agent's capacity: a private chat more than a comment. When sees the lane and the priority that were decided.
type Weight struct {
	When   rule.Condition `json:"when"`
	Weight int            `json:"weight"`
}

// Team is a group of agents.
type Team struct {
	// Name is unique.
	Name string `json:"name"`
	// Calendar names the hours in which promises to tickets of its lanes count, where a lane has no calendar of its own. Empty: around the clock. It says nothing
	// about who is given work when: agents have shifts for that.
	Calendar string `json:"calendar,omitempty"`
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
	// Skills with their levels, from 1.
	Skills map[string]int `json:"skills,omitempty"`
	// Languages that the agent speaks, as BCP 47 tags: "en" stands for all its regions.
	Languages []string `json:"languages,omitempty"`
	// Shift is the calendar by which the agent works: outside of it the agent gets no tickets, whatever the presence. Empty: presence alone decides.
	Shift string `json:"shift,omitempty"`
	// Capacity is the weight of tickets that the agent can hold at once; 0 means 1.
	Capacity int `json:"capacity,omitempty"`
	// AlwaysOn makes the agent available without signing in: for small teams without presence, and for simulations.
	AlwaysOn bool `json:"always_on,omitempty"`
}

// State returns the state with which the agent begins.
func (a Agent) State() ticket.AgentState {
	s := ticket.AgentState{Name: a.Name, Capacity: max(a.Capacity, 1)}
	if a.AlwaysOn {
		s.Presence = ticket.Available
	}
	return s
}
