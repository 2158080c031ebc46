package desktest

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// promises are what was promised when, read from the versions of the Setup that a Store holds.
type promises struct {
	since []time.Time
	sets  []*sla.PolicySet
}

// promised reads them, and makes the calendars anew.
func promised(r ticket.Reader, predicates rule.Predicates) (p promises, err error) {
	list, err := r.ListValues("setup", ticket.Page{Limit: everyone})
	if err != nil {
		return p, err
	}
	for _, v := range list.Items {
		if v.Key.Name == "current" {
			continue
		}
		var stored struct {
			Since    time.Time
			Setup    socialcrm.Setup
			Holidays map[string][]sla.Holiday
		}
		if err := json.Unmarshal(v.Data, &stored); err != nil {
			return p, err
		}
		calendars := sla.Calendars{Named: map[string]*sla.Calendar{}, Lanes: map[string]string{}}
		for name, hours := range stored.Setup.Calendars {
			hours.Holidays = slices.Concat(hours.Holidays, stored.Holidays[name])
			if calendars.Named[name], err = sla.NewCalendar(hours); err != nil {
				return p, err
			}
		}
		for _, lane := range stored.Setup.Lanes {
			name := lane.Calendar
			for _, team := range stored.Setup.Teams {
				if team.Name == lane.Team {
					name = cmp.Or(name, team.Calendar)
				}
			}
			calendars.Lanes[lane.Name] = name
		}
		set, err := sla.NewPolicySet(stored.Setup.SLA, calendars, predicates)
		if err != nil {
			return p, err
		}
		p.since, p.sets = append(p.since, stored.Since), append(p.sets, set)
	}
	return p, nil
}

func (p promises) at(t time.Time) *sla.PolicySet {
	i := len(p.sets) - 1
	for i > 0 && t.Before(p.since[i]) {
		i--
	}
	return p.sets[i]
}

// clockEvents are what moved the clocks of a ticket: its own events, and those of tickets that are part of it, each on its line. Events on the line of another
// ticket belong to that one, wherever they are told.
func clockEvents(t *ticket.Ticket, tickets map[ticket.ID]ticket.Ticket, entries []ticket.Entry) (events []sla.Event) {
	lines := map[string]string{string(t.ID): ""}
	for _, id := range t.Absorbed {
		part := tickets[id]
		for part.OneLine && part.MergedInto != t.ID {
			part = tickets[part.MergedInto]
		}
		if !part.OneLine {
			lines[string(id)] = string(part.ID)
		} else {
			lines[string(id)] = ""
		}
	}
	for _, entry := range entries {
		if entry.Clock == nil {
			continue
		}
		e := *entry.Clock
		line, counts := lines[cmp.Or(e.Line, string(entry.Ticket))]
		if !counts {
			continue
		}
		if entry.Ticket != t.ID && e.Line == "" {
			if line == "" && (e.Kind == sla.StatusChanged || e.Kind == sla.FactsChanged) {
				continue
			}
			e.Facts = nil
		}
		e.Line = line
		events = append(events, e)
	}
	return events
}

// 3. Folding the journal from scratch gives the clocks and the status that are stored; and what the journal says of a ticket's clocks is how they are judged.
func (m *Invariants) checkClocks(tickets map[ticket.ID]ticket.Ticket, entries []ticket.Entry) {
	var when promises
	m.view(func(r ticket.Reader) (err error) {
		when, err = promised(r, nil)
		return err
	})
	ever := map[ticket.ID]bool{} // was merged or taken apart
	for _, e := range entries {
		if e.Kind == ticket.TicketMerged || e.Kind == ticket.TicketUnmerged {
			ever[e.Ticket] = true
		}
	}
	told := map[ticket.ID][]ticket.Entry{}
	for _, e := range entries {
		told[e.Ticket] = append(told[e.Ticket], e)
	}
	for _, t := range tickets {
		if t.MergedInto != "" {
			continue
		}
		heard := told[t.ID]
		if ever[t.ID] {
			heard = entries
		}
		events := clockEvents(&t, tickets, heard)
		folded, err := sla.FoldAll(slices.Values(events), when.at)
		if err != nil {
			m.Fatal(err)
		}
		a, b := folded.At(m.Now).Clocks, t.Clocks.At(m.Now).Clocks
		if !slices.EqualFunc(a, b, sameClock) {
			m.Errorf("ticket %s: folded from the journal %+v, stored %+v", t.ID, a, b)
		}
		if folded.Status != t.Status {
			m.Errorf("ticket %s is %s, its clocks say %s", t.ID, t.Status, folded.Status)
		}
		if !ever[t.ID] {
			m.checkVerdicts(t.ID, sla.Judge(slices.Values(events), when.at, m.Now), told[t.ID])
		}
	}
}

// checkVerdicts compares how clocks are judged with what the journal says of them.
func (m *Invariants) checkVerdicts(id ticket.ID, clocks []sla.Clock, entries []ticket.Entry) {
	var journalled []sla.Clock
	for _, e := range entries {
		if e.Stand == nil {
			continue
		}
		switch e.Kind {
		case ticket.ClockMet, ticket.ClockBreached, ticket.ClockEnded, ticket.ClockMoved, ticket.ClockWithdrawn:
			journalled = slices.DeleteFunc(journalled, func(c sla.Clock) bool {
				return c.Metric == e.Stand.Metric && c.Line == e.Stand.Line && c.Started.Equal(e.Stand.Started)
			})
			if e.Kind != ticket.ClockWithdrawn {
				journalled = append(journalled, *e.Stand)
			}
		}
	}
	clocks = slices.DeleteFunc(clocks, func(c sla.Clock) bool { return c.Verdict == sla.Running })
	order := func(a, b sla.Clock) int {
		return cmp.Or(cmp.Compare(a.Metric, b.Metric), cmp.Compare(a.Line, b.Line), a.Started.Compare(b.Started))
	}
	slices.SortFunc(clocks, order)
	slices.SortFunc(journalled, order)
	if !slices.EqualFunc(clocks, journalled, sameClock) {
		m.Errorf("ticket %s: judged %+v, the journal says %+v", id, clocks, journalled)
	}
}

func sameClock(a, b sla.Clock) bool {
	return a.Metric == b.Metric && a.Line == b.Line && a.Verdict == b.Verdict && a.Started.Equal(b.Started) && a.Due.Equal(b.Due) && a.Stopped.Equal(b.Stopped) &&
		a.BreachedAt.Equal(b.BreachedAt) && a.Lane == b.Lane && a.Agent == b.Agent && a.Policy == b.Policy && a.Target == b.Target
}
