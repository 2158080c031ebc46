package socialcrm

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/sla/holidays"
)

// businessHours are a calendar and what it was made of.
type businessHours struct {
	hours    sla.Hours
	calendar *sla.Calendar
}

// The years for which national holidays are computed: none that a ticket falls into is missing.
const firstHolidays, lastHolidays = 2000, 2100

// hours are the Setup's calendars with the holidays of countries, and those that feeds gave.
func (v *storedSetup) hours() (map[string]sla.Hours, error) {
	s := &v.Setup
	all := maps.Clone(s.Calendars)
	var wrong []error
	for _, name := range slices.Sorted(maps.Keys(s.NationalHolidays)) {
		h, there := all[name]
		if !there {
			wrong = append(wrong, fmt.Errorf("national_holidays[%q]: there is no calendar of this name", name))
			continue
		}
		for i, region := range s.NationalHolidays[name] {
			public, err := holidays.Of(region, firstHolidays, lastHolidays)
			if err != nil {
				wrong = append(wrong, fmt.Errorf("national_holidays[%q][%d]: %w", name, i, err))
			}
			h.Holidays = slices.Concat(h.Holidays, public)
		}
		all[name] = h
	}
	for name, fed := range v.Holidays {
		if h, there := all[name]; there {
			h.Holidays = slices.Concat(h.Holidays, fed)
			all[name] = h
		}
	}
	return all, rule.Faults(wrong...)
}

// businessHoursOf keeps the calendars of the version before whose hours are the same, so that versions cost little and a clock that counts in them is not cut in two.
func businessHoursOf(org routing.Org, made sla.Calendars, before *company) map[string]businessHours {
	kept := make(map[string]businessHours, len(org.Calendars))
	for name, h := range org.Calendars {
		kept[name] = businessHours{h, made.Named[name]}
		if before == nil {
			continue
		}
		if was, there := before.hours[name]; there && reflect.DeepEqual(was.hours, h) {
			kept[name] = was
		}
	}
	return kept
}

// promises compiles what is promised, in whose hours, and checks that its steps lead somewhere.
func (s *Setup) promises(hours map[string]businessHours, predicates rule.Predicates) (*sla.PolicySet, error) {
	calendars := sla.Calendars{Named: make(map[string]*sla.Calendar, len(hours)), Lanes: make(map[string]string, len(s.Lanes))}
	for name, h := range hours {
		calendars.Named[name] = h.calendar
	}
	ofTeam := make(map[string]string, len(s.Teams))
	for _, t := range s.Teams {
		ofTeam[t.Name] = t.Calendar
	}
	for _, l := range s.Lanes {
		name := cmp.Or(l.Calendar, ofTeam[l.Team])
		if _, known := hours[name]; known || name == sla.AroundTheClock { // one that is not is a fault of the lane or the team
			calendars.Lanes[l.Name] = name
		}
	}
	policies, err := sla.NewPolicySet(s.SLA, calendars, predicates)
	wrong := []error{err}
	for _, p := range s.SLA {
		for i := range p.Steps {
			wrong = append(wrong, rule.FaultsAt(fmt.Sprintf("sla policy %q: steps[%d].", p.Name, i), s.checkStep(&p.Steps[i])))
		}
	}
	return policies, rule.Faults(wrong...)
}

// checkStep reports all whom and what a step names that the company does not have.
func (s *Setup) checkStep(step *sla.Step) error {
	lane := func(name string) bool {
		return slices.ContainsFunc(s.Lanes, func(l routing.Lane) bool { return l.Name == name })
	}
	agent := func(name string) bool {
		return slices.ContainsFunc(s.Agents, func(a routing.Agent) bool { return a.Name == name })
	}
	team := func(name string) bool {
		return slices.ContainsFunc(s.Teams, func(t routing.Team) bool { return t.Name == name })
	}
	var wrong []error
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if step.Lane != "" && !lane(step.Lane) {
		add("lane %q is not known", step.Lane)
	}
	if step.Agent != "" && !agent(step.Agent) {
		add("agent %q is not known", step.Agent)
	}
	for i, name := range step.Notify {
		if !strings.Contains(name, ":") && !agent(name) && !team(name) && !lane(name) {
			add("notify[%d] %q: there is no such agent, team or lane; a name that the host understands has a colon", i, name)
		}
	}
	for i, tag := range step.Tags {
		if tag == "" || strings.TrimSpace(tag) != tag {
			add("tags[%d] %q: is empty, or has spaces around it", i, tag)
		}
	}
	return rule.Faults(wrong...)
}
