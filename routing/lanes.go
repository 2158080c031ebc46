package routing

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// Lanes is the Router that the Desk uses unless the host gives another: ordered lanes, the first match wins, the least loaded agent of the lane's team gets the
// ticket. It never changes and may be used by any number of goroutines.
type Lanes struct {
	lanes []Lane
	rules []*rule.Rule
	seen  sync.Pool // of *sight that no call of Route uses
}

// sight is what a call of Route looks at. It is used again, because rules see it through an interface, for which it would be allocated each time.
type sight struct {
	query Query
	facts ticket.Facts
}

// DefaultLane is the lane of a company that names none, and of tickets that no lane takes.
const DefaultLane = "inbox"

// New checks the Org, compiles its conditions and returns the router. predicates are the Go predicates that conditions may name. The error
// names the lane, team or agent and what is wrong with it.
func New(org Org, predicates rule.Predicates) (*Lanes, error) {
	if err := org.Check(); err != nil {
		return nil, err
	}
	l := &Lanes{lanes: slices.Clone(org.Lanes), rules: make([]*rule.Rule, len(org.Lanes))}
	for i, lane := range org.Lanes {
		r, err := rule.Compile(lane.When, predicates)
		if err != nil {
			return nil, fmt.Errorf("lane %q: when: %w", lane.Name, err)
		}
		for _, name := range r.Facts() {
			if !ticket.KnownFact(name) {
				return nil, fmt.Errorf("lane %q: when: fact %q is not known; ticket.Facts lists those that are", lane.Name, name)
			}
		}
		l.rules[i] = r
	}
	return l, nil
}

// candidates is how many agents a decision names; more would only be tried after that many others took a ticket in the same moment.
const candidates = 5

// Route returns the first lane that takes the ticket and the least loaded agents of its team. A ticket that no lane takes goes to DefaultLane.
func (l *Lanes) Route(_ context.Context, q Query) (Decision, error) {
	seen, ok := l.seen.Get().(*sight)
	if !ok {
		seen = new(sight)
	}
	seen.query = q
	seen.facts = ticket.Facts{Ticket: &seen.query.Ticket, Contact: &seen.query.Contact, Message: q.Message}
	defer func() {
		*seen = sight{}
		l.seen.Put(seen)
	}()
	for i := range l.lanes {
		lane := &l.lanes[i]
		if lane.ByHand {
			continue
		}
		match, ok := l.rules[i].Match(&seen.facts)
		if !ok {
			continue
		}
		d := Decision{Lane: lane.Name, Team: lane.Team, Matched: match.String(), Priority: lane.Priority, Weight: 1}
		if lane.Team != "" {
			d.Candidates, d.Passed = q.Roster.LeastLoaded(lane.Team, d.Weight, candidates)
		}
		return d, nil
	}
	return Decision{Lane: DefaultLane, Weight: 1}, nil
}

var _ Router = (*Lanes)(nil)
var _ rule.Facts = (*ticket.Facts)(nil)
