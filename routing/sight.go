package routing

import "github.com/socialcrm/socialcrm/ticket"

// sight is what a call of Route works on. Rules and sorting see it through interfaces, for which it would be allocated for each ticket, so it is used again; nothing
// of it is in the Decision.
type sight struct {
	query Query
	facts ticket.Facts
}

func (l *Lanes) look(q *Query) *sight {
	s, ok := l.sights.Get().(*sight)
	if !ok {
		s = new(sight)
	}
	s.query = *q
	s.facts = ticket.Facts{Ticket: &s.query.Ticket, Contact: &s.query.Contact, Message: q.Message}
	return s
}

func (l *Lanes) lookAway(s *sight) {
	*s = sight{}
	l.sights.Put(s)
}

// ranking is what ranking the agents of a pool takes.
type ranking struct {
	passed tally
	room   [64][]*entry
}

func (r *Roster) beginRanking() *ranking {
	if k, ok := r.rankings.Get().(*ranking); ok {
		return k
	}
	return new(ranking)
}

func (r *Roster) endRanking(k *ranking) {
	*k = ranking{}
	r.rankings.Put(k)
}
