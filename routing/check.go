package routing

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// Check reports everything in the Org that cannot be, one error a line, each with the name of what it is about: a missing or double name, a team, lane or calendar that
// there is not, a lane that no ticket can reach, lanes that lead round in a circle, a lane in which nobody can work, a weight that nobody has the capacity for. Of very much
// it tells the first, and how much more there is. What conditions say is checked by New.
func (o Org) Check() error {
	var p problems
	o.check(&p)
	o.mistakes(&p)
	return rule.Faults(p...)
}

// problems collects what is wrong.
type problems []error

func (p *problems) add(format string, args ...any) { *p = append(*p, fmt.Errorf(format, args...)) }

// check finds what cannot be used, and returns the calendars that it had to make.
func (o Org) check(p *problems) map[string]*sla.Calendar {
	calendars := o.calendars(p)
	teams := names(p, "team", "teams", o.Teams, func(t Team) string { return t.Name })
	lanes := names(p, "lane", "lanes", o.Lanes, func(l Lane) string { return l.Name })
	names(p, "agent", "agents", o.Agents, func(a Agent) string { return a.Name })
	known := func(owner, name, field, what, value string, there bool) {
		if value != "" && !there {
			p.add("%s %q: %s: %s %q is not known", owner, name, field, what, value)
		}
	}
	for i := range o.Lanes {
		l := &o.Lanes[i]
		if l.Team != "" && !teams[l.Team] {
			p.add("lane %q: team %q is not known", l.Name, l.Team)
		}
		_, open := calendars[l.Calendar]
		known("lane", l.Name, "calendar", "calendar", l.Calendar, open)
		known("lane", l.Name, "escalation", "lane", l.Escalation, lanes[l.Escalation])
		known("lane", l.Name, "fallback", "lane", l.Fallback, lanes[l.Fallback])
		known("lane", l.Name, "overflow", "lane", l.Overflow.To, lanes[l.Overflow.To])
		l.check(p)
	}
	for _, t := range o.Teams {
		_, open := calendars[t.Calendar]
		known("team", t.Name, "calendar", "calendar", t.Calendar, open)
	}
	o.checkReach(p)
	o.checkCircles(p, "escalation leads", func(l *Lane) []string { return []string{l.Escalation} })
	o.checkCircles(p, "fallback and overflow lead", func(l *Lane) []string { return []string{l.Fallback, l.Overflow.To} })
	for i := range o.Agents {
		a := &o.Agents[i]
		_, open := calendars[a.Shift]
		known("agent", a.Name, "shift", "calendar", a.Shift, open)
		a.check(p, teams)
	}
	for i, w := range o.Weights {
		if w.Weight < 1 {
			p.add("weights[%d]: weight: want 1 or more, got %d", i, w.Weight)
		}
		for j, before := range o.Weights[:i] {
			if w.When.Implies(before.When) {
				p.add("weights[%d]: is never used, because weights[%d] takes all that it would", i, j)
				break
			}
		}
	}
	o.checkStaff(p)
	return calendars
}

// names returns the names of a kind of things, and reports those that are missing or there twice.
func names[T any](p *problems, one, field string, all []T, name func(T) string) map[string]bool {
	known := make(map[string]bool, len(all))
	for i, v := range all {
		switch n := name(v); {
		case n == "":
			p.add("%s[%d]: name is missing", field, i)
		case known[n]:
			p.add("%s %q: there are two of this name", one, n)
		default:
			known[n] = true
		}
	}
	return known
}

func (o *Org) calendars(p *problems) map[string]*sla.Calendar {
	made := make(map[string]*sla.Calendar, len(o.Calendars)+1)
	for _, name := range slices.Sorted(maps.Keys(o.Calendars)) {
		if name == "" || name == sla.AroundTheClock {
			p.add("calendar %q: the name stands for around the clock", name)
		}
		c, err := sla.NewCalendar(o.Calendars[name])
		if err != nil {
			p.add("calendar %q: %w", name, err)
		}
		made[name] = c
	}
	made[sla.AroundTheClock] = nil
	return made
}

func (l *Lane) check(p *problems) {
	wrong := func(format string, args ...any) { p.add("lane %q: "+format, append([]any{l.Name}, args...)...) }
	if l.ByHand && !l.When.IsZero() {
		wrong("when: nothing is routed into a lane that is by_hand")
	}
	if l.Fallback != "" && l.Calendar == "" && l.Team == "" {
		wrong("fallback: is never used, because the lane has neither a calendar nor a team")
	}
	switch {
	case l.FallbackAfter < 0:
		wrong("fallback_after: want 0 or more, got %s", time.Duration(l.FallbackAfter))
	case l.FallbackAfter > 0 && (l.Fallback == "" || l.Team == ""):
		wrong("fallback_after: is never used, because the lane has no fallback or no team")
	}
	switch o := l.Overflow; {
	case o.After < 0 || o.Longer < 0:
		wrong("overflow: after and longer: want 0 or more")
	case o.To == "" && o != (Overflow{}):
		wrong("overflow: to is missing")
	case o.To != "" && o.After == 0 && o.Longer == 0:
		wrong("overflow: is never used; want after or longer")
	}
	for _, skill := range slices.Sorted(maps.Keys(l.Skills)) {
		if l.Skills[skill] < 1 {
			wrong("skills: %q: want a level of 1 or more, got %d", skill, l.Skills[skill])
		}
	}
	if (len(l.Skills) > 0 || l.Speak || len(l.Strategy) > 0) && l.Team == "" {
		wrong("skills, speak and strategy choose between agents, and it has no team")
	}
	if err := checkStrategies(l.Strategy); err != nil {
		wrong("%w", err)
	}
	for i, r := range l.Priorities {
		for j, before := range l.Priorities[:i] {
			if r.When.Implies(before.When) {
				wrong("priorities[%d]: is never used, because priorities[%d] takes all that it would", i, j)
				break
			}
		}
	}
}

// checkReach reports lanes to which no ticket comes.
func (o *Org) checkReach(p *problems) {
	for i := range o.Lanes {
		l := &o.Lanes[i]
		if l.ByHand {
			continue
		}
		if l.When.Implies(rule.Condition{Not: &rule.Condition{}}) {
			p.add("lane %q: no ticket can reach it, because its condition never holds", l.Name)
			continue
		}
		for j := range o.Lanes[:i] {
			before := &o.Lanes[j]
			if before.ByHand || !l.When.Implies(before.When) {
				continue
			}
			what := "all that it would"
			if (rule.Condition{}).Implies(before.When) {
				what = "everything"
			}
			p.add("lane %q: no ticket can reach it, because lane %q before it takes %s", l.Name, before.Name, what)
			break
		}
	}
}

// checkCircles reports each circle of lanes once, with the way.
func (o *Org) checkCircles(p *problems, how string, next func(*Lane) []string) {
	lanes := make(map[string]*Lane, len(o.Lanes))
	for i := range o.Lanes {
		lanes[o.Lanes[i].Name] = &o.Lanes[i]
	}
	told := make(map[string]bool)
	for i := range o.Lanes {
		from := o.Lanes[i].Name
		if from == "" || told[from] {
			continue
		}
		been := make(map[string]bool)
		var walk func(way []string) bool
		walk = func(way []string) bool {
			at := lanes[way[len(way)-1]]
			if at == nil {
				return false
			}
			for _, to := range next(at) {
				if to == from {
					p.add("lane %q: %s back to it: %s", from, how, strings.Join(append(way, from), " → "))
					for _, name := range way {
						told[name] = true
					}
					return true
				}
				if to != "" && !been[to] {
					been[to] = true
					if walk(append(way, to)) {
						return true
					}
				}
			}
			return false
		}
		walk([]string{from})
	}
}

func (a *Agent) check(p *problems, teams map[string]bool) {
	wrong := func(format string, args ...any) { p.add("agent %q: "+format, append([]any{a.Name}, args...)...) }
	if a.Capacity < 0 {
		wrong("capacity: want 0 or more, got %d", a.Capacity)
	}
	switch a.Role {
	case "", RoleTrainee, RoleAgent, RoleLead:
	default:
		wrong("role %q: want trainee, agent or lead", a.Role)
	}
	for _, t := range a.Teams {
		if !teams[t] {
			wrong("team %q is not known", t)
		}
	}
	for _, skill := range slices.Sorted(maps.Keys(a.Skills)) {
		if a.Skills[skill] < 1 {
			wrong("skills: %q: want a level of 1 or more, got %d", skill, a.Skills[skill])
		}
	}
	for i, tag := range a.Languages {
		if base(tag) == "" {
			wrong("languages[%d]: is empty", i)
		}
	}
}

// checkStaff reports teams of nobody, and lanes for which nobody of the team can do what they ask. A company that names no agents has them from elsewhere.
func (o *Org) checkStaff(p *problems) {
	if len(o.Agents) == 0 {
		return
	}
	members := make(map[string][]*Agent)
	for i := range o.Agents {
		for _, t := range o.Agents[i].Teams {
			members[t] = append(members[t], &o.Agents[i])
		}
	}
	empty := make(map[string]bool)
	for i := range o.Lanes {
		l := &o.Lanes[i]
		switch {
		case l.Team == "" || empty[l.Team]:
		case len(members[l.Team]) == 0:
			empty[l.Team] = true
			p.add("team %q: nobody is in it, and lane %q needs it", l.Team, l.Name)
		case !slices.ContainsFunc(members[l.Team], func(a *Agent) bool { return a.can(l.Skills) }):
			p.add("lane %q: nobody in team %q has the skills it asks for: %s", l.Name, l.Team, skillText(l.Skills))
		}
	}
}

func skillText(skills map[string]int) string {
	var parts []string
	for _, s := range slices.Sorted(maps.Keys(skills)) {
		parts = append(parts, fmt.Sprintf("%s %d", s, skills[s]))
	}
	return strings.Join(parts, ", ")
}
