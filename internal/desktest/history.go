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

// Version is a Setup as a Store keeps it: in force from a time on, with the holidays of feeds.
type Version struct {
	Since    time.Time
	Setup    socialcrm.Setup
	Holidays map[string][]sla.Holiday
}

// versions reads all that a Store holds.
func versions(r ticket.Reader) (all []Version, err error) {
	list, err := r.ListValues("setup", ticket.Page{Limit: everyone})
	for _, v := range list.Items {
		var version Version
		if v.Key.Name == "current" || err != nil {
			continue
		}
		err = json.Unmarshal(v.Data, &version)
		all = append(all, version)
	}
	return all, err
}

// promises are what was promised when.
type promises struct {
	since []time.Time
	sets  []*sla.PolicySet
}

// promised makes the calendars and the policies of each version anew.
func promised(versions []Version, predicates rule.Predicates) (p promises, err error) {
	for _, v := range versions {
		calendars := sla.Calendars{Named: map[string]*sla.Calendar{}, Lanes: map[string]string{}}
		for name, hours := range v.Setup.Calendars {
			hours.Holidays = slices.Concat(hours.Holidays, v.Holidays[name])
			if calendars.Named[name], err = sla.NewCalendar(hours); err != nil {
				return p, err
			}
		}
		for _, lane := range v.Setup.Lanes {
			name := lane.Calendar
			for _, team := range v.Setup.Teams {
				if team.Name == lane.Team {
					name = cmp.Or(name, team.Calendar)
				}
			}
			calendars.Lanes[lane.Name] = name
		}
		set, err := sla.NewPolicySet(v.Setup.SLA, calendars, predicates)
		if err != nil {
			return p, err
		}
		p.since, p.sets = append(p.since, v.Since), append(p.sets, set)
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
		e.Into = lines[e.Into]
		if e.Line == "" && line != string(entry.Ticket) && entry.Ticket != t.ID {
			if e.Kind == sla.StatusChanged || e.Kind == sla.FactsChanged || e.Kind == sla.Merged {
				continue
			}
			e.Facts, e.Opens = nil, false
		}
		e.Line = line
		events = append(events, e)
	}
	return events
}

func (m *Invariants) checkClocks(tickets map[ticket.ID]ticket.Ticket, entries []ticket.Entry) {
	var all []Version
	m.view(func(r ticket.Reader) (err error) {
		all, err = versions(r)
		return err
	})
	CheckClocks(m.Reporter, m.Now, all, tickets, entries)
}

// CheckClocks holds invariant 3: folding the journal from scratch, each event under the version in force at its time, gives the clocks and the status that are stored;
// and what the journals say of a ticket's clocks, and of those of its parts, is how they are judged. The tickets are all there are, the entries the whole journal.
func CheckClocks(m Reporter, now time.Time, versions []Version, tickets map[ticket.ID]ticket.Ticket, entries []ticket.Entry) {
	when, err := promised(versions, nil)
	if err != nil {
		m.Fatal(err)
	}
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
		a, b := folded.At(now).Clocks, t.Clocks.At(now).Clocks
		if !slices.EqualFunc(a, b, sameClock) {
			m.Errorf("ticket %s: folded from the journal %+v, stored %+v", t.ID, a, b)
		}
		if folded.Status != t.Status {
			m.Errorf("ticket %s is %s, its clocks say %s", t.ID, t.Status, folded.Status)
		}
		checkVerdicts(m, &t, sla.Judge(slices.Values(events), when.at, now), heard)
	}
}

// checkVerdicts compares how clocks are judged with what the journals say of them: the ticket's own, and those of tickets that it is or was one with.
func checkVerdicts(m Reporter, t *ticket.Ticket, clocks []sla.Clock, entries []ticket.Entry) {
	var journalled []sla.Clock
	for _, e := range entries {
		if e.Stand == nil || e.Kind == ticket.ClockMoved && e.Stand.Verdict == sla.Running {
			continue
		}
		stand := *e.Stand
		whose := ticket.ID(cmp.Or(stand.Line, string(e.Ticket)))
		if stand.Line = string(whose); whose == t.ID {
			stand.Line = ""
		} else if !slices.Contains(t.Absorbed, whose) {
			continue
		}
		switch e.Kind {
		case ticket.ClockMet, ticket.ClockBreached, ticket.ClockEnded, ticket.ClockMoved, ticket.ClockWithdrawn:
			journalled = slices.DeleteFunc(journalled, func(c sla.Clock) bool {
				return c.Metric == stand.Metric && c.Line == stand.Line && c.Started.Equal(stand.Started)
			})
			if e.Kind != ticket.ClockWithdrawn {
				journalled = append(journalled, stand)
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
		m.Errorf("ticket %s: judged %+v, the journal says %+v", t.ID, clocks, journalled)
	}
}

func sameClock(a, b sla.Clock) bool {
	return a.Metric == b.Metric && a.Line == b.Line && a.Verdict == b.Verdict && a.Started.Equal(b.Started) && a.Due.Equal(b.Due) && a.Stopped.Equal(b.Stopped) &&
		a.Lane == b.Lane && a.Agent == b.Agent && a.Policy == b.Policy && a.Target == b.Target
}
