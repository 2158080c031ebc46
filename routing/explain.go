package routing

import (
	"slices"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// Explanation is a Decision with all that led to it.
type Explanation struct {
	Decision Decision `json:"decision"`
	// Lanes that were asked, in their order, up to the one that matched.
	Lanes []LaneVerdict `json:"lanes,omitempty"`
	// Agents of the decision's team, as they come to their turn; then those who were passed over, by cause and name.
	Agents []AgentVerdict `json:"agents,omitempty"`
}

// LaneVerdict says whether a lane's condition matched, and which part of it made it so, or made it not so.
type LaneVerdict struct {
	Lane    string `json:"lane"`
	Matched bool   `json:"matched,omitempty"`
	Why     string `json:"why,omitempty"`
}

// AgentVerdict says at which place an agent comes, from 1, or why the agent was passed over.
type AgentVerdict struct {
	Agent string            `json:"agent"`
	Place int               `json:"place,omitempty"`
	Cause Cause             `json:"cause,omitempty"`
	State ticket.AgentState `json:"state"`
}

// Explain works out what Route leaves out to stay quick: for the same Query it decides the same. It costs as much as there are lanes and agents.
func (l *Lanes) Explain(q Query) Explanation { return l.explain(&q, l.route(&q, q.Facts())) }

// ExplainAgain is Explain for what Again decides.
func (l *Lanes) ExplainAgain(q Query) Explanation { return l.explain(&q, l.again(&q, q.Facts())) }

func (l *Lanes) explain(q *Query, d Decision) Explanation {
	x := Explanation{Decision: d}
	facts := q.Facts()
	asked := l.rules.Ask(facts)
	for i := range l.lanes {
		at := &l.lanes[i]
		if at.when < 0 {
			continue
		}
		match, ok := asked.Match(at.when)
		v := LaneVerdict{Lane: at.Name, Matched: ok, Why: match.String()}
		if !ok {
			v.Why = l.whyNot(at, facts)
		}
		x.Lanes = append(x.Lanes, v)
		if ok {
			break
		}
	}
	if at := l.byName[x.Decision.Lane]; at != nil && at.Team != "" && q.Roster != nil {
		x.Agents = l.agents(at, q, &x.Decision)
	}
	return x
}

// whyNot says what kept a condition from holding: the opposite of it holds, and says so.
func (l *Lanes) whyNot(at *lane, facts rule.Facts) string {
	b := rule.Builder{Predicates: l.predicates, Lists: l.org.Words}
	if _, err := b.Add(rule.Condition{Not: &at.When}); err != nil {
		return "" // one level too deep
	}
	why, _ := b.Set().Rule(0).Match(facts)
	return why.String()
}

// agents ranks the whole team.
func (l *Lanes) agents(at *lane, q *Query, d *Decision) []AgentVerdict {
	w := l.wish(at, q, d)
	w.n = q.Roster.size(at.Team)
	names, _ := q.Roster.rank(&at.need, &w)
	gaveBack := slices.Contains(names, q.Declined)
	if gaveBack {
		names = slices.DeleteFunc(names, func(name string) bool { return name == q.Declined })
	}
	verdicts := make([]AgentVerdict, 0, w.n)
	for i, name := range names {
		s, _ := q.Roster.Agent(name)
		verdicts = append(verdicts, AgentVerdict{Agent: name, Place: i + 1, State: s})
	}
	placed := len(verdicts)
	for _, m := range q.Roster.passedOver(at.Team, names) {
		v := AgentVerdict{Agent: m.agent.Name, Cause: m.cause(&at.need, &w), State: m.state}
		if gaveBack && v.Agent == q.Declined {
			v.Cause = GaveBack
		}
		verdicts = append(verdicts, v)
	}
	slices.SortStableFunc(verdicts[placed:], func(a, b AgentVerdict) int {
		return slices.Index(causes[:], a.Cause) - slices.Index(causes[:], b.Cause)
	})
	return verdicts
}

var causes = [...]Cause{NotPresent, OffShift, Full, Reserved, GaveBack, Unskilled, NoLanguage}

// cause says why somebody who was passed over was.
func (m *member) cause(n *need, w *wish) Cause {
	switch {
	case !m.agent.can(n.skills):
		return Unskilled
	case n.speak && w.language != "" && !m.agent.speaks(w.language):
		return NoLanguage
	case !w.shifts.on(m.agent.Shift):
		return OffShift
	case m.state.Presence != ticket.Available:
		return NotPresent
	case m.state.Free() < w.weight:
		return Full
	}
	return Reserved
}
