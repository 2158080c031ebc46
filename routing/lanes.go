package routing

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Lanes is the Router that the Desk uses unless the host gives another: ordered lanes, of which the first that matches takes the ticket; a lane that is closed, deserted
// or too full hands it on; and the lane's strategy says who of its team gets it. It never changes and may be used by any number of goroutines.
type Lanes struct {
	lanes      []lane
	byName     map[string]*lane
	rules      *rule.Set // of lanes' conditions and priorities
	weights    *rule.Set // asked when lane and priority are decided
	weigh      []int     // what the weights say
	calendars  map[string]*sla.Calendar
	org        Org
	predicates rule.Predicates
	sights     sync.Pool // of *sight
}

// lane is a Lane as it is asked.
type lane struct {
	*Lane
	when       int // number of its condition in the rules; -1 for one that is filled by hand
	priorities int // number of the first of its priority rules
	calendar   *sla.Calendar
	need       need
	sticky     *Strategy // nil: it has none
	reserve    *Strategy
}

// DefaultLane is the lane of a company that names none, and of tickets that no lane takes.
const DefaultLane = "inbox"

// New compiles the Org and returns the router. predicates are the Go predicates that conditions may name. The error has all that keeps it from routing, one a line: what
// refers to nothing, goes round in a circle or is never reached, conditions that do not compile, and facts that are not known. Org.Check finds more: what routes, and was never meant so.
func New(org Org, predicates rule.Predicates) (*Lanes, error) {
	var p problems
	calendars := org.check(&p)
	l := &Lanes{lanes: make([]lane, len(org.Lanes)), byName: make(map[string]*lane, len(org.Lanes)), calendars: calendars, org: org, predicates: predicates}
	l.org.Lanes = slices.Clone(org.Lanes)
	rules, weights := rule.Builder{Predicates: predicates, Lists: org.Words}, rule.Builder{Predicates: predicates, Lists: org.Words}
	var compiled []condition
	compile := func(b *rule.Builder, c rule.Condition, where string) int {
		number, err := b.Add(c)
		if err != nil {
			p.add("%s: %w", where, err)
		} else {
			compiled = append(compiled, condition{where, number, b == &weights})
		}
		return number
	}
	for i := range l.org.Lanes {
		at := &l.lanes[i]
		*at = lane{Lane: &l.org.Lanes[i], when: -1, calendar: calendars[org.Lanes[i].Calendar]}
		l.byName[at.Name] = at
		at.compose()
		if !at.ByHand {
			at.when = compile(&rules, at.When, fmt.Sprintf("lane %q: when", at.Name))
		}
		for j, r := range at.Priorities {
			if n := compile(&rules, r.When, fmt.Sprintf("lane %q: priorities[%d].when", at.Name, j)); j == 0 {
				at.priorities = n
			}
		}
	}
	for i, w := range org.Weights {
		compile(&weights, w.When, fmt.Sprintf("weights[%d].when", i))
		l.weigh = append(l.weigh, w.Weight)
	}
	l.rules, l.weights = rules.Set(), weights.Set()
	for _, c := range compiled {
		set := l.rules
		if c.weight {
			set = l.weights
		}
		p = append(p, rule.FaultsAt(c.where+": ", ticket.CheckFacts(set.Rule(c.number))))
	}
	if err := rule.Faults(p...); err != nil {
		return nil, err
	}
	return l, nil
}

// condition is one that compiles, with its place and its number.
type condition struct {
	where  string
	number int
	weight bool // among those of weights
}

// Calendars returns the calendars of the company, and which lane has which, for its SLA policies.
func (l *Lanes) Calendars() sla.Calendars {
	c := sla.Calendars{Named: maps.Clone(l.calendars), Lanes: make(map[string]string)}
	for i := range l.lanes {
		if at := &l.lanes[i]; at.Calendar != "" {
			c.Lanes[at.Name] = at.Calendar
		}
	}
	return c
}

// compose takes the strategy apart.
func (l *lane) compose() {
	l.need = need{team: l.Team, skills: l.Skills, speak: l.Speak}
	for i := range l.Strategy {
		switch s := &l.Strategy[i]; s.By {
		case Sticky:
			l.sticky = s
		case Reserve:
			l.reserve = s
		case Random:
			l.need.random = true
		default:
			l.need.order = append(l.need.order, s.By)
		}
	}
	if len(l.need.order) == 0 && !l.need.random {
		l.need.order = standard
	}
}

// candidates is how many agents a decision names; more would only be tried after that many others took a ticket in the same moment.
const candidates = 5

// Route returns the lane that takes the ticket, and the agents of its team to try, best first. A ticket that no lane takes goes to DefaultLane. It returns no error.
func (l *Lanes) Route(_ context.Context, q Query) (Decision, error) {
	s := l.look(&q)
	defer l.lookAway(s)
	return l.route(&s.query, &s.facts), nil
}

func (l *Lanes) route(q *Query, facts rule.Facts) Decision {
	at, d := l.match(facts)
	if at == nil {
		return Decision{Lane: DefaultLane, Weight: l.weight(q, DefaultLane, "", nil)}
	}
	l.decide(at, q, &d)
	return d
}

// match returns the lane in which a ticket belongs, and what that says of it; nil when no lane takes it.
func (l *Lanes) match(facts rule.Facts) (*lane, Decision) {
	asked := l.rules.Ask(facts)
	for i := range l.lanes {
		at := &l.lanes[i]
		if at.when < 0 {
			continue
		}
		match, ok := asked.Match(at.when)
		if !ok {
			continue
		}
		d := Decision{Matched: match.String(), Priority: at.Priority}
		for j := range at.Priorities {
			if why, ok := asked.Match(at.priorities + j); ok {
				d.Priority, d.PriorityMatched = &at.Priorities[j].Priority, why.String()
				break
			}
		}
		return at, d
	}
	return nil, Decision{}
}

// Offer is Route for a ticket whose lane somebody has decided: it returns the agents of that lane to try, by its strategy, and asks no conditions but those of weights:
// one that waits in the lane (Ticket.Queued) keeps the weight that it has. It is false when there is no such lane.
func (l *Lanes) Offer(q Query, name string) (Decision, bool) {
	at := l.byName[name]
	if at == nil {
		return Decision{}, false
	}
	d := Decision{Lane: at.Name, Team: at.Team, Weight: l.settled(&q, at)}
	l.rank(at, &q, &d)
	return d, true
}

// Onward is Route for a ticket that waits in a lane: it follows fallbacks and overflows from there, as Query.Waited and Query.Queues say, and asks no conditions but
// those of weights. It is false when there is no such lane.
func (l *Lanes) Onward(q Query, name string) (Decision, bool) {
	at := l.byName[name]
	if at == nil {
		return Decision{}, false
	}
	d := Decision{}
	l.decide(at, &q, &d)
	return d, true
}

// Able reports whether an agent of the lane's team can take the ticket now: the agent is available, in shift, has room, and what the lane asks for. In a lane without a
// team everybody on the roster is asked for no more than that and room. A ticket that waits in the lane keeps its weight. The Decision names the agent as its only candidate.
func (l *Lanes) Able(q Query, name, agent string) (Decision, bool) {
	at := l.byName[name]
	if at == nil || q.Roster == nil || !at.calendar.Open(q.Now) {
		return Decision{}, false
	}
	d := Decision{Lane: at.Name, Team: at.Team, Weight: l.settled(&q, at), Candidates: []string{agent}}
	w := l.wish(at, &q, &d)
	if at.Team == "" {
		state, _ := q.Roster.Agent(agent)
		return d, state.Free() >= max(d.Weight, 1)
	}
	return d, q.Roster.can(&at.need, agent, &w)
}

// Staffed reports whether the lane is open and hands out tickets, and somebody who can do what it asks for is available, in shift, and has any room.
func (l *Lanes) Staffed(name string, r *Roster, now time.Time) bool {
	at := l.byName[name]
	if at == nil || at.Team == "" || r == nil || at.waits(now) != "" {
		return false
	}
	w := wish{weight: 1, n: 1, shifts: l.shifts(now)}
	names, _ := r.rank(&at.need, &w)
	return len(names) > 0
}

// Raise returns the priority that the first matching priority rule of the ticket's lane gives it, if that is higher than the one it has, and which part of the rule matched.
func (l *Lanes) Raise(q Query) (to ticket.Priority, why string, raised bool) {
	at := l.byName[q.Ticket.Lane]
	if at == nil || len(at.Priorities) == 0 {
		return 0, "", false
	}
	asked := l.rules.Ask(q.Facts())
	for i := range at.Priorities {
		if match, ok := asked.Match(at.priorities + i); ok {
			to = at.Priorities[i].Priority
			return to, match.String(), to > q.Ticket.Priority
		}
	}
	return 0, "", false
}

// Class says what a ticket asks of agents beside what its lane does: two of one lane and class can be taken by the same agents. It is the ticket's weight, whether it must
// leave the room that Reserve keeps, and its language where the lane's agents must speak it; empty: nothing of these.
func (l *Lanes) Class(t *ticket.Ticket) string {
	var parts []string
	if t.Weight > 1 {
		parts = append(parts, strconv.Itoa(t.Weight))
	}
	if at := l.byName[t.Lane]; at != nil {
		if at.reserve != nil && t.Priority < at.reserve.from() {
			parts = append(parts, "keep")
		}
		if at.Speak && t.Language != "" {
			parts = append(parts, base(t.Language))
		}
	}
	return strings.Join(parts, " ")
}

// settled is the weight of a ticket that is offered in a lane: of one that waits there, what was decided.
func (l *Lanes) settled(q *Query, at *lane) int {
	if !q.Ticket.Queued.IsZero() && q.Ticket.Lane == at.Name {
		return max(q.Ticket.Weight, 1)
	}
	return l.weight(q, at.Name, at.Team, nil)
}

// Weight is what the ticket takes of an agent's capacity where it is now.
func (l *Lanes) Weight(q Query) int { return l.weight(&q, q.Ticket.Lane, q.Ticket.Team, nil) }

// decide follows fallbacks and overflows from the lane that matched to the one that takes the ticket, and ranks its agents.
func (l *Lanes) decide(at *lane, q *Query, d *Decision) {
	for range len(l.lanes) { // Check allows no circles
		d.Lane, d.Team, d.Candidates, d.Passed, d.Waits = at.Name, at.Team, nil, nil, ""
		to, why := at.Fallback, l.unmanned(at, q)
		if why == Deserted && q.stands(at) {
			if _, when := l.Unmanned(at.Name, q.Roster, q.Now); when.After(q.Now) {
				why = "" // what waits there stays for a while
			}
		}
		if to == "" || why == "" {
			d.Weight = l.weight(q, at.Name, at.Team, d.Priority)
			l.rank(at, q, d)
			if to = at.Overflow.To; to == "" || len(d.Candidates) > 0 {
				return
			}
			if why = at.flooded(q); why == "" {
				return
			}
		}
		d.Moved = append(d.Moved, Move{From: at.Name, To: to, Why: why})
		at = l.byName[to]
	}
}

// flooded says why a lane has too much waiting; empty when it has not.
func (at *lane) flooded(q *Query) MoveCause {
	switch o := &at.Overflow; {
	case o.After > 0 && q.Ticket.Lane == at.Name && q.Waited >= time.Duration(o.After):
		return WaitedTooLong
	case o.Longer > 0 && q.Queues != nil && !q.stands(at) && q.Queues(at.Name) > o.Longer:
		return QueueTooLong
	}
	return ""
}

func (l *Lanes) shifts(now time.Time) shifts { return shifts{l.calendars, now} }

// weight is what the ticket takes of an agent's capacity once lane and priority are decided. For as long as it asks, the ticket has them.
func (l *Lanes) weight(q *Query, lane, team string, priority *ticket.Priority) int {
	if len(l.weigh) == 0 {
		return 1
	}
	wasLane, wasTeam, wasPriority := q.Ticket.Lane, q.Ticket.Team, q.Ticket.Priority
	q.Ticket.Lane, q.Ticket.Team = lane, team
	if priority != nil {
		q.Ticket.Priority = *priority
	}
	weight := 1
	asked := l.weights.Ask(q.Facts())
	for i, w := range l.weigh {
		if _, ok := asked.Match(i); ok {
			weight = w
			break
		}
	}
	q.Ticket.Lane, q.Ticket.Team, q.Ticket.Priority = wasLane, wasTeam, wasPriority
	return weight
}

// rank names the agents of a lane to try.
func (l *Lanes) rank(at *lane, q *Query, d *Decision) {
	if at.Team == "" || q.Roster == nil {
		return
	}
	if d.Waits = at.waits(q.Now); d.Waits != "" {
		return
	}
	w := l.wish(at, q, d)
	w.n = candidates
	if q.Declined != "" {
		w.n++ // one more, in place of that one
	}
	d.Candidates, d.Passed = q.Roster.rank(&at.need, &w)
	if q.Declined == "" {
		return
	}
	if i := slices.Index(d.Candidates, q.Declined); i >= 0 {
		d.Candidates = slices.Delete(d.Candidates, i, i+1)
		d.Passed = append(d.Passed, Passed{Cause: GaveBack, Count: 1, First: []string{q.Declined}})
	}
	d.Candidates = d.Candidates[:min(len(d.Candidates), candidates)]
}

// waits says why a lane gives its tickets to nobody now; empty when it does.
func (at *lane) waits(now time.Time) MoveCause {
	switch {
	case at.Pull:
		return Pulled
	case !at.calendar.Open(now):
		return Closed
	}
	return ""
}

// wish is what the ticket asks of a lane's agents.
func (l *Lanes) wish(at *lane, q *Query, d *Decision) wish {
	w := wish{weight: d.Weight, language: base(q.Ticket.Language), shifts: l.shifts(q.Now)}
	priority := q.Ticket.Priority
	if d.Priority != nil {
		priority = *d.Priority
	}
	if at.reserve != nil && priority < at.reserve.from() {
		w.keep = at.reserve.Keep
	}
	w.first = q.Related
	if at.sticky != nil {
		w.first = slices.Concat(w.first, at.sticky.first(q))
	}
	if at.need.random {
		h := fnv.New64a()
		h.Write([]byte(q.Ticket.ID))
		w.seed = [2]uint64{q.Seed, h.Sum64()}
	}
	return w
}

// first names the agents whom Sticky puts first.
func (s *Strategy) first(q *Query) []string {
	var names []string
	if q.Contact.Owner != "" {
		names = append(names, q.Contact.Owner)
	}
	for _, k := range q.Known {
		if s.Within == 0 || q.Now.Sub(k.Last) <= time.Duration(s.Within) {
			names = append(names, k.Agent)
		}
	}
	return names
}

var _ Router = (*Lanes)(nil)
var _ rule.Facts = (*ticket.Facts)(nil)
