package desktest

import (
	"slices"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// floor is who works where, counted from the Setup in force and from who is there.
type floor struct {
	setup     socialcrm.Setup
	calendars map[string]*sla.Calendar
	agents    map[string]ticket.AgentState
	now       time.Time
}

func (f *floor) lane(name string) *routing.Lane {
	i := slices.IndexFunc(f.setup.Lanes, func(l routing.Lane) bool { return l.Name == name })
	if i < 0 {
		return nil
	}
	return &f.setup.Lanes[i]
}

// works reports whether anybody of a lane's team works now who is there as it says.
func (f *floor) works(l *routing.Lane, there func(*routing.Agent, ticket.AgentState) bool) bool {
	return f.calendars[l.Calendar].Open(f.now) && slices.ContainsFunc(f.setup.Agents, func(a routing.Agent) bool {
		return slices.Contains(a.Teams, l.Team) && f.calendars[a.Shift].Open(f.now) && there(&a, f.agents[a.Name])
	})
}

// moves reports whether a lane's fallback takes its tickets.
func (f *floor) moves(l *routing.Lane) bool {
	return l.Fallback != "" && !f.works(l, func(_ *routing.Agent, s ticket.AgentState) bool {
		return s.Presence == ticket.Available || s.Presence == ticket.Busy
	})
}

// standIn is the lane that takes what belongs in a lane now.
func (f *floor) standIn(name string) string {
	for l := f.lane(name); l != nil && f.moves(l); l = f.lane(name) {
		name = l.Fallback
	}
	return name
}

// 8. What waits is found once, in a lane that there is; in none whose fallback takes its tickets, at no fallback of a lane that takes them itself, and not while somebody
// could take it. Nobody came or left in the last minutes, and nobody is writing an answer.
func (m *Invariants) checkLanes(tickets map[ticket.ID]ticket.Ticket) {
	f := floor{calendars: map[string]*sla.Calendar{}, agents: map[string]ticket.AgentState{}, now: m.Now}
	found := map[ticket.ID]int{}
	m.view(func(r ticket.Reader) error {
		all, err := versions(r)
		if err != nil {
			return err
		}
		last := all[len(all)-1]
		f.setup = last.Setup
		if f.lane(routing.DefaultLane) == nil {
			f.setup.Lanes = append(f.setup.Lanes, routing.Lane{Name: routing.DefaultLane}) // of what no lane takes
		}
		for name, hours := range f.setup.Calendars {
			hours.Holidays = slices.Concat(hours.Holidays, last.Holidays[name])
			if f.calendars[name], err = sla.NewCalendar(hours); err != nil {
				return err
			}
		}
		for _, l := range f.setup.Lanes {
			list, err := r.Waiting(l.Name, ticket.Page{Limit: everyone})
			if err != nil {
				return err
			}
			for _, t := range list.Items {
				found[t.ID]++
			}
		}
		list, err := r.ListAgents(ticket.Page{Limit: everyone})
		for _, a := range list.Items {
			f.agents[a.Name] = a
		}
		return err
	})
	for _, t := range tickets {
		if t.Agent != "" || t.Lane == "" || t.Status.Done() || t.MergedInto != "" {
			continue
		}
		l := f.lane(t.Lane)
		if l == nil || found[t.ID] != 1 {
			m.Errorf("ticket %s waits in %q, found %d times in the lanes that there are", t.ID, t.Lane, found[t.ID])
			continue
		}
		if !t.Handed && f.moves(l) {
			m.Errorf("ticket %s waits in %s, whose fallback %s takes its tickets", t.ID, t.Lane, l.Fallback)
		}
		if to := f.standIn(t.Home); t.Home != "" && to != t.Lane {
			m.Errorf("ticket %s of %s waits in %s, not in %s", t.ID, t.Home, t.Lane, to)
		}
		takes := func(a *routing.Agent, s ticket.AgentState) bool {
			return s.Presence == ticket.Available && s.Capacity-s.Load >= max(t.Weight, 1) && (t.Returned.Agent != a.Name || s.Since.After(t.Returned.At))
		}
		if !l.Pull && f.works(l, takes) {
			m.Errorf("ticket %s waits in %s, where somebody could take it", t.ID, t.Lane)
		}
	}
}
