package report_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/report"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// naive computes the same report again, with the whole journal at hand and by looking through it once for each number. It knows no merges.
type naive struct {
	entries []ticket.Entry
	query   report.Query
}

func (n naive) in(t time.Time) bool { return !t.Before(n.query.From) && t.Before(n.query.To) }
func (n naive) by(t time.Time) bool { return t.Before(n.query.To) }
func byOf(e ticket.Entry) string    { return e.Actor.ID }
func (n naive) tickets() []ticket.ID {
	return distinct(n.entries, func(e ticket.Entry) ticket.ID { return e.Ticket })
}

func distinct[T any, K cmp.Ordered](list []T, key func(T) K) []K {
	var keys []K
	for _, each := range list {
		keys = append(keys, key(each))
	}
	slices.Sort(keys)
	return slices.Compact(keys)
}

// of returns a ticket's entries.
func (n naive) of(id ticket.ID) []ticket.Entry {
	return slices.DeleteFunc(slices.Clone(n.entries), func(e ticket.Entry) bool { return e.Ticket != id })
}

// until returns the entries up to the one at which it was closed.
func untilClosed(entries []ticket.Entry) []ticket.Entry {
	if i := slices.IndexFunc(entries, func(e ticket.Entry) bool { return e.New == "closed" }); i >= 0 {
		return entries[:i+1]
	}
	return entries
}

// holder is who held the ticket last before the period's end.
func (n naive) holder(entries []ticket.Entry) (g report.Group) {
	for _, e := range untilClosed(entries) {
		if e.Clock != nil && e.Clock.Facts != nil {
			g.Account = e.Clock.Facts.Account
		}
		if e.Kind == ticket.TicketRouted && n.by(e.Happened) {
			g.Lane = e.New
		}
		if e.Kind == ticket.TicketAssigned && n.by(e.Happened) {
			g.Agent = e.New
		}
	}
	return g
}

func percentile(d []time.Duration, percent int) sla.Duration {
	var best *time.Duration
	for _, candidate := range d {
		within := 0
		for _, other := range d {
			if other <= candidate {
				within++
			}
		}
		if 100*within >= percent*len(d) && (best == nil || candidate < *best) {
			best = &candidate
		}
	}
	if best == nil {
		return 0
	}
	return sla.Duration(*best)
}

func spreadOf(d []time.Duration) report.Spread {
	s := report.Spread{Count: len(d), Median: percentile(d, 50), P90: percentile(d, 90), P95: percentile(d, 95)}
	for _, each := range d {
		s.Total += sla.Duration(each)
	}
	return s
}

// judged are the clocks that ended in the period, as the last entry about each tells.
func (n naive) judged() (all []report.Promises, clocks []sla.Clock) {
	for i, e := range n.entries {
		if e.Stand == nil {
			continue
		}
		last := true
		for _, later := range n.entries[i+1:] {
			if later.Stand != nil && later.Ticket == e.Ticket && later.Stand.Metric == e.Stand.Metric && later.Stand.Started.Equal(e.Stand.Started) {
				last = false
			}
		}
		c := *e.Stand
		if !last || c.Verdict == sla.Running || e.Kind == ticket.ClockWithdrawn && c.Verdict.String() == e.Old {
			continue
		}
		at := c.Stopped
		if c.Verdict == sla.Breached {
			at = c.Due
		}
		if n.in(at) {
			account := n.holder(n.of(e.Ticket)).Account
			all = append(all, report.Promises{Group: report.Group{Account: account, Lane: c.Lane, Agent: c.Agent}, Policy: c.Policy, Metric: c.Metric})
			clocks = append(clocks, c)
		}
	}
	return all, clocks
}

func (n naive) promises() []report.Promises {
	rows, clocks := n.judged()
	name := func(p report.Promises) string {
		return strings.Join([]string{p.Account, p.Lane, p.Agent, p.Policy, string(rune('a' + slices.Index(sla.Metrics(), p.Metric)))}, "\x00")
	}
	list := []report.Promises{}
	for _, key := range distinct(rows, name) {
		var p report.Promises
		var working, elapsed []time.Duration
		for i, row := range rows {
			if name(row) != key {
				continue
			}
			p.Group, p.Policy, p.Metric = row.Group, row.Policy, row.Metric
			c := clocks[i]
			count := map[sla.Verdict]*int{
				sla.Met: &p.Met, sla.Breached: &p.Breached, sla.NoReplyNeeded: &p.NoReplyNeeded, sla.WithdrawnQuestion: &p.Withdrawn,
				sla.CannotReply: &p.CannotReply, sla.AnsweredElsewhere: &p.AnsweredElsewhere, sla.Unjudged: &p.Unjudged,
			}
			*count[c.Verdict]++
			switch judged := c.Verdict == sla.Met || c.Verdict == sla.Breached; {
			case judged && c.Stopped.IsZero():
				p.Unstopped++
			case judged:
				working, elapsed = append(working, time.Duration(c.Spent)), append(elapsed, c.Stopped.Sub(c.Started))
			}
		}
		if p.Met+p.Breached > 0 {
			share := float64(p.Met) / float64(p.Met+p.Breached)
			p.ShareMet = &share
		}
		p.Working, p.Elapsed = spreadOf(working), spreadOf(elapsed)
		list = append(list, p)
	}
	return list
}

// waiting is since when the customer of a ticket has waited at the end of the period; zero: not. Where a message is deleted while others wait, they wait since then.
func (n naive) waiting(entries []ticket.Entry) (since time.Time) {
	var events []sla.Event
	failed, arrived := make(map[string]bool), make(map[string]bool)
	for _, e := range entries {
		switch {
		case e.Clock == nil:
		case e.Clock.Kind == sla.AnswerWithdrawn:
			failed[e.Clock.Key] = true
		case e.Clock.Kind == sla.AnswerArrived:
			arrived[e.Clock.Key] = true
		case n.by(e.Clock.Time):
			events = append(events, *e.Clock)
		}
	}
	slices.SortFunc(events, func(a, b sla.Event) int { return a.Compare(b.Mark) })
	var asked []sla.Mark
	for _, e := range events {
		switch {
		case e.Kind == sla.CustomerWrote:
			if len(asked) == 0 {
				since = e.Time
			}
			asked = append(asked, e.Mark)
		case e.Kind == sla.MessageWithdrawn:
			asked = slices.DeleteFunc(asked, func(m sla.Mark) bool { return m == e.Of })
		case e.Kind == sla.Answered && !e.Automated && (!failed[e.Key] || arrived[e.Key]), e.Kind == sla.StatusChanged && e.Status.Done() && (!failed[e.Post] || arrived[e.Post]):
			asked = nil
		}
	}
	if len(asked) == 0 {
		return time.Time{}
	}
	return since
}

func (n naive) work() []report.Work {
	type item struct {
		report.Work
		handling, consulting []time.Duration
	}
	rows := make(map[report.Group]*item)
	row := func(g report.Group) *item {
		if rows[g] == nil {
			rows[g] = &item{Work: report.Work{Group: g}}
		}
		return rows[g]
	}
	for _, id := range n.tickets() {
		entries := untilClosed(n.of(id))
		holder := n.holder(entries)
		handled := make(map[report.Group]time.Duration)
		for i, e := range entries {
			then := n.holder(entries[:i])
			switch e.Kind {
			case ticket.TicketCreated:
				if n.in(e.Happened) {
					row(holder).Tickets++
					if e.Old != "" {
						row(holder).Repeats++
					}
				}
			case ticket.TicketClaimed:
				to, _ := time.Parse(time.RFC3339Nano, e.New)
				ends := func(e ticket.Entry) bool {
					return e.Kind == ticket.TicketClaimed || e.Kind == ticket.TicketUnclaimed || e.New == "closed"
				}
				if j := slices.IndexFunc(entries[i+1:], ends); j >= 0 && entries[i+1+j].Happened.Before(to) {
					to = entries[i+1+j].Happened
				}
				for second := e.Happened; second.Before(to); second = second.Add(time.Second) {
					if n.in(second) {
						then.Agent = byOf(e)
						handled[then] += time.Second
					}
				}
			case ticket.ConsultAnswered:
				for j, asked := range entries[:i] {
					before := func(b ticket.Entry) bool { return b.Kind == e.Kind && b.Old == e.Old }
					if !slices.ContainsFunc(entries[j:i], before) && asked.Kind == ticket.ConsultAsked && asked.Message == e.Old && n.in(e.Happened) {
						r := row(n.holder(entries[:j]))
						r.consulting = append(r.consulting, e.Happened.Sub(asked.Happened))
					}
				}
			}
		}
		for g, d := range handled {
			row(g).handling = append(row(g).handling, d)
		}
		if oldest := n.waiting(entries); !oldest.IsZero() {
			r := row(holder)
			if r.Waiting++; r.Oldest.IsZero() || oldest.Before(r.Oldest) {
				r.Oldest = oldest
			}
		}
	}
	list := []report.Work{}
	for _, r := range rows {
		r.Handling, r.Consulting = spreadOf(r.handling), spreadOf(r.consulting)
		list = append(list, r.Work)
	}
	slices.SortFunc(list, func(a, b report.Work) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Lane, b.Lane), cmp.Compare(a.Agent, b.Agent))
	})
	return list
}
