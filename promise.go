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
	for _, name := range slices.Sorted(maps.Keys(s.NationalHolidays)) {
		h, there := all[name]
		if !there {
			return nil, fmt.Errorf("national_holidays[%q]: there is no calendar of this name", name)
		}
		for i, region := range s.NationalHolidays[name] {
			public, err := holidays.Of(region, firstHolidays, lastHolidays)
			if err != nil {
				return nil, fmt.Errorf("national_holidays[%q][%d]: %w", name, i, err)
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
	return all, nil
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
		if name := cmp.Or(l.Calendar, ofTeam[l.Team]); name != "" {
			calendars.Lanes[l.Name] = name
		}
	}
	policies, err := sla.NewPolicySet(s.SLA, calendars, predicates)
	if err != nil {
		return nil, err
	}
	for _, p := range s.SLA {
		for i := range p.Steps {
			if err := s.checkStep(&p.Steps[i]); err != nil {
				return nil, fmt.Errorf("sla policy %q: steps[%d].%w", p.Name, i, err)
			}
		}
	}
	return policies, nil
}

// checkStep reports whom or what a step names that the company does not have.
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
	if step.Lane != "" && !lane(step.Lane) {
		return fmt.Errorf("lane %q is not known", step.Lane)
	}
	if step.Agent != "" && !agent(step.Agent) {
		return fmt.Errorf("agent %q is not known", step.Agent)
	}
	for i, name := range step.Notify {
		if !strings.Contains(name, ":") && !agent(name) && !team(name) && !lane(name) {
			return fmt.Errorf("notify[%d] %q: there is no such agent, team or lane; a name that the host understands has a colon", i, name)
		}
	}
	for i, tag := range step.Tags {
		if tag == "" || strings.TrimSpace(tag) != tag {
			return fmt.Errorf("tags[%d] %q: is empty, or has spaces around it", i, tag)
		}
	}
	return nil
}
