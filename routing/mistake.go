package routing

import (
	"strings"
	"unicode"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// mistakes reports what can be used, and cannot have been meant: what nobody ever gets, and names that nobody can tell apart. They are found when a company is checked, not
// when it is put to work, so that one which is in force stays so.
func (o *Org) mistakes(p *problems) {
	for _, l := range o.Lanes {
		checkName(p, "lane", l.Name)
	}
	for _, t := range o.Teams {
		checkName(p, "team", t.Name)
	}
	for _, a := range o.Agents {
		checkName(p, "agent", a.Name)
	}
	if len(o.Agents) > 0 { // a company that names none has them from elsewhere
		o.checkCapacities(p)
	}
	for i := range o.Lanes {
		for j, s := range o.Lanes[i].Strategy {
			if s.By == Reserve && s.from() <= ticket.Low {
				p.add("lane %q: strategy[%d] %q: from: no ticket has less than %s priority, so that nothing is kept from any", o.Lanes[i].Name, j, s.By, s.from())
			}
		}
	}
}

// checkName refuses a name that looks like another one. A space between two words is a part of the name.
func checkName(p *problems, what, name string) {
	if name != strings.Join(strings.Fields(name), " ") || strings.ContainsFunc(name, unicode.IsControl) {
		p.add("%s %q: the name has spaces at its ends, or more than one between two words, or a control character", what, name)
	}
}

// checkCapacities reports tickets for which nobody who may get them can ever have room.
func (o *Org) checkCapacities(p *problems) {
	most, ofTeam := 0, make(map[string]int, len(o.Teams))
	for _, a := range o.Agents {
		capacity := a.State().Capacity
		most = max(most, capacity)
		for _, t := range a.Teams {
			ofTeam[t] = max(ofTeam[t], capacity)
		}
	}
	room := func(team string) int { // a lane without a team is anybody's
		if team == "" {
			return most
		}
		return ofTeam[team]
	}
	for i := range o.Weights {
		w := &o.Weights[i]
		if w.Weight > most {
			p.add("weights[%d]: weight: %d is more than anybody's capacity, of which the highest is %d: nobody ever gets such a ticket", i, w.Weight, most)
			continue
		}
		lanes, teams := rule.Condition{Fact: "lane"}, rule.Condition{Fact: "team"} // in which nobody has the room
		for _, l := range o.Lanes {
			if room(l.Team) < w.Weight {
				lanes.In = append(lanes.In, rule.Text(l.Name))
			}
		}
		for _, t := range o.Teams {
			if room(t.Name) < w.Weight {
				teams.In = append(teams.In, rule.Text(t.Name))
			}
		}
		if len(lanes.In) > 0 && w.When.Implies(lanes) || len(teams.In) > 0 && w.When.Implies(teams) {
			p.add("weights[%d]: weight: %d is more than anybody's capacity where it is used: nobody there ever gets such a ticket", i, w.Weight)
		}
	}
	for i := range o.Lanes {
		l := &o.Lanes[i]
		for j, s := range l.Strategy {
			if s.By == Reserve && l.Team != "" && ofTeam[l.Team] > 0 && s.Keep >= ofTeam[l.Team] {
				p.add("lane %q: strategy[%d] %q: keep: %d leaves no room for other tickets: the highest capacity in team %q is %d", l.Name, j, s.By, s.Keep, l.Team, ofTeam[l.Team])
			}
		}
	}
}
