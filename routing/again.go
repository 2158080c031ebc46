package routing

import (
	"slices"

	"github.com/socialcrm/socialcrm/rule"
)

// This file is about tickets that have a lane already, and are asked for again.

// Again is Route for a ticket that has a lane, with what is known by now; the message of the Query is the one that decided before (ticket.Ticket.Routed). Where it belongs in the
// same lane as before, it stays with the agent who has it, and in the lane that took it over, for as long as the lanes lead there: nothing sends it back to wait anew. One
// that waits is none of the new ones of Overflow.Longer.
func (l *Lanes) Again(q Query) Decision {
	s := l.look(&q)
	defer l.lookAway(s)
	return l.again(&s.query, &s.facts)
}

func (l *Lanes) again(q *Query, facts rule.Facts) Decision {
	at, d := l.match(facts)
	if at == nil {
		return Decision{Lane: DefaultLane, Weight: l.weight(q, DefaultLane, "", nil)}
	}
	t := &q.Ticket
	from, now := at, l.byName[t.Lane]
	if t.Agent == "" && t.Home != "" { // it waits elsewhere for somebody to work there
		now = l.byName[t.Home]
	}
	if now != nil && (t.Routed.Lane == at.Name || t.Routed.Lane == "") && l.leads(at, now) {
		from = now
	}
	if from != at {
		d.Moved = append(d.Moved, Move{From: at.Name, To: from.Name, Why: MovedBefore})
	}
	if t.Agent == "" || from.Name != t.Lane {
		l.decide(from, q, &d)
		return d
	}
	d.Lane, d.Team = from.Name, from.Team
	d.Weight = l.weight(q, d.Lane, d.Team, d.Priority)
	l.rank(from, q, &d)
	return d
}

// leads reports whether fallbacks and overflows lead from one lane to another, or it is the same.
func (l *Lanes) leads(from, to *lane) bool {
	on := []*lane{from}
	for i := 0; i < len(on); i++ {
		for _, name := range [...]string{on[i].Fallback, on[i].Overflow.To} {
			if next := l.byName[name]; next != nil && !slices.Contains(on, next) {
				on = append(on, next)
			}
		}
	}
	return slices.Contains(on, to)
}

// stands reports whether the ticket is in the lane: an agent there has it, or it waits there.
func (q *Query) stands(at *lane) bool {
	return q.Ticket.Lane == at.Name && (q.Ticket.Agent != "" || !q.Ticket.Queued.IsZero())
}

// Earlier reports whether the ticket, by the message of the Query, belongs in a lane that is asked before the one in which it belonged so far. It looks at conditions, and at
// no agents.
func (l *Lanes) Earlier(q Query) bool {
	own := q.Ticket.Routed.Lane
	if own == "" {
		own = q.Ticket.Lane
	}
	before := slices.IndexFunc(l.lanes, func(at lane) bool { return at.Name == own })
	switch {
	case before < 0:
		before = len(l.lanes) // no lane took it
	case l.lanes[before].when < 0:
		return false // nobody knows what it was filled from
	}
	s := l.look(&q)
	defer l.lookAway(s)
	asked := l.rules.Ask(&s.facts)
	for i := range l.lanes[:before] {
		if at := &l.lanes[i]; at.when >= 0 {
			if _, ok := asked.Match(at.when); ok {
				return true
			}
		}
	}
	return false
}
