// Package routing says who handles a ticket: which lane it belongs in, and which agent of the lane's team gets it.
//
// A [Lane] is a team's clearly bounded responsibility. [New] checks an [Org] of lanes, teams and agents and makes the [Lanes] router out of it: the first
// lane whose condition matches takes the ticket, hands it on to another where it is closed or too full, and its [Strategy] says who of its team gets it. A [Decision]
// keeps its reasons small; [Lanes.Explain] works out the rest. A host with rules of its own implements [Router] instead.
//
// Routing decides from the values it is given, time included; assigning, and never beyond an agent's capacity, is the Desk's work.
package routing

import (
	"context"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// Router ranks who could handle a ticket. Route is called from several goroutines; it must not keep or change what it is given, and the same Query must give
// the same Decision.
type Router interface {
	Route(ctx context.Context, q Query) (Decision, error)
}

// RouterFunc is a function that serves as Router.
type RouterFunc func(ctx context.Context, q Query) (Decision, error)

// Route calls f.
func (f RouterFunc) Route(ctx context.Context, q Query) (Decision, error) { return f(ctx, q) }

// Query is what a Router decides from.
type Query struct {
	// Now is the time to decide at.
	Now time.Time
	// Ticket and Contact are copies.
	Ticket  ticket.Ticket
	Contact ticket.Contact
	// Message is the message that caused the routing; nil when there is none.
	Message *channel.Message
	// Roster tells who is there.
	Roster *Roster
	// Queues tells how long the lanes' queues are. Nil: not known.
	Queues func(lane string) int
	// Waited is how long the ticket has been waiting in its lane, Ticket.Lane. 0: it does not wait yet.
	Waited time.Duration
	// Known are agents who served the contact before, the latest first.
	Known []Acquaintance
	// Declined is the agent who gave the ticket back, and is not asked again. Empty: nobody.
	Declined string
	// Related are agents who handle the same matter on other channels: whoever of them can take the ticket comes first, whatever the strategy.
	Related []string
	// Seed makes random choices repeatable.
	Seed uint64
}

// Acquaintance is an agent who served the contact.
type Acquaintance struct {
	Agent string
	Last  time.Time
}

// Facts returns what lane conditions can look at; the names are those of ticket.Facts.
func (q *Query) Facts() rule.Facts {
	return &ticket.Facts{Ticket: &q.Ticket, Contact: &q.Contact, Message: q.Message}
}

// Decision is a lane and the agents to try, best first. The Desk takes the first whom it can reserve; when there is none, the ticket waits in the lane.
type Decision struct {
	Lane string `json:"lane"`
	Team string `json:"team,omitempty"`
	// Matched says which part of the condition of the lane that matched did so. That is Lane, or where it was moved from first.
	Matched string `json:"matched,omitempty"`
	// Moved is the way from the lane that matched to Lane, where they are not the same.
	Moved []Move `json:"moved,omitempty"`
	// Waits says why nobody is tried although there is a team: Closed, or Pulled. Empty: those who can take it are Candidates.
	Waits MoveCause `json:"waits,omitempty"`
	// Priority is set when the lane raises or lowers it. PriorityMatched says by which condition, if by one of its own.
	Priority        *ticket.Priority `json:"priority,omitempty"`
	PriorityMatched string           `json:"priority_matched,omitempty"`
	// Weight is what the ticket takes of an agent's capacity; 0 means 1.
	Weight int `json:"weight,omitempty"`
	// Candidates in the order in which to try them.
	Candidates []string `json:"candidates,omitempty"`
	// Passed counts who was passed over, by cause.
	Passed []Passed `json:"passed,omitempty"`
}

// Home is the lane whose ticket it is although another takes it, only because that one and those on the way are Closed or Deserted: there it goes back, once somebody works
// there. Empty: it is Lane's own.
func (d *Decision) Home() string {
	home := ""
	for _, m := range slices.Backward(d.Moved) {
		if m.Why != Closed && m.Why != Deserted {
			break
		}
		home = m.From
	}
	return home
}

// Own is the lane in which the ticket belongs: the one that matched.
func (d *Decision) Own() string {
	if len(d.Moved) > 0 {
		return d.Moved[0].From
	}
	return d.Lane
}

// Move is a step from one lane to another that takes its tickets.
type Move struct {
	From string    `json:"from"`
	To   string    `json:"to"`
	Why  MoveCause `json:"why"`
}

// MoveCause says why a lane does not keep a ticket.
type MoveCause string

const (
	Closed        MoveCause = "closed"          // by its calendar
	Deserted      MoveCause = "nobody there"    // of its team, available or busy
	WaitedTooLong MoveCause = "waited too long" // in it, by Overflow.After
	QueueTooLong  MoveCause = "queue too long"  // by Overflow.Longer
	MovedBefore   MoveCause = "moved on before" // in the lane that took it over it stays; see Lanes.Again
	Pulled        MoveCause = "agents ask"      // for its tickets, by Lane.Pull; it is no cause of a Move
	Back          MoveCause = "its own lane"    // takes back a ticket that another took over only because it was Closed or Deserted
)
