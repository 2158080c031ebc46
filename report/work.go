package report

import (
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// matter is what is known of a ticket that is not closed.
type matter struct {
	id          ticket.ID
	account     string
	lane, agent string // who held it last in the period
	begun       bool   // in the period
	repeats     bool
	into        ticket.ID // it was merged into this one
	oneLine     bool      // whose line it shares
	absorbed    []ticket.ID
	events      []sla.Event // what decides who waits for whom; since it was solved last
	solved      sla.Mark
	claim       *claim
	handled     map[Group]time.Duration
	asked       []question
}

// claim is an agent's "I am writing".
type claim struct {
	group        Group
	since, until time.Time
}

// question is a consult that has not been answered.
type question struct {
	key   string
	group Group
	since time.Time
}

// working is a row of work as it grows.
type working struct {
	Work
	handling, consulting []time.Duration
}

func (b *Builder) row(g Group) *working {
	row := b.work[g]
	if row == nil {
		row = &working{Work: Work{Group: g}}
		b.work[g] = row
	}
	return row
}

// clocked keeps what decides whether the customer waits.
func (b *Builder) clocked(m *matter, e *sla.Event) {
	if e.Facts != nil && e.Line == "" && e.Kind != sla.Merged {
		m.account = e.Facts.Account
	}
	if e.Line != "" { // it belongs to the ticket whose line it is, wherever it is told
		if m = b.part(m, ticket.ID(e.Line), e.Kind); m == nil {
			return
		}
	}
	over := func(e *sla.Event) bool { // statuses still count for the lines of tickets that are merged into it
		return !corrects(e.Kind) && e.Kind != sla.StatusChanged && e.Compare(m.solved) <= 0
	}
	if e.Kind == sla.FactsChanged || !corrects(e.Kind) && !b.query.before(e.Time) || over(e) {
		return
	}
	kept := *e
	kept.Facts, kept.Line = nil, ""
	if e.Kind == sla.StatusChanged && e.Status.Done() && e.Line == "" && e.Post == "" { // nobody waits for what was before; what an answer solved may be taken back
		if e.Compare(m.solved) > 0 {
			m.solved = e.Mark
		}
		m.events = slices.DeleteFunc(m.events, func(old sla.Event) bool { return over(&old) })
	}
	m.events = append(m.events, kept)
}

// part returns what is known of a part of the ticket. One that was part of a ticket that was closed, and is part of this one because that was merged, was forgotten: it
// is known again once its customer writes.
func (b *Builder) part(whole *matter, id ticket.ID, k sla.EventKind) *matter {
	m := b.tickets[id]
	if m == nil && k == sla.CustomerWrote {
		m = &matter{id: id, into: whole.id}
		b.tickets[id], whole.absorbed = m, append(whole.absorbed, id)
	}
	return m
}

// corrects reports whether events of the kind only say whether an answer counts.
func corrects(k sla.EventKind) bool { return k == sla.AnswerWithdrawn || k == sla.AnswerArrived }

// claimed begins a claim; one that is there ends, or is renewed.
func (b *Builder) claimed(m *matter, e *ticket.Entry) {
	b.unclaimed(m, e.Happened)
	until, err := time.Parse(time.RFC3339Nano, e.New)
	if err == nil {
		m.claim = &claim{b.group(m, e.Actor.ID), e.Happened, until}
	}
}

// unclaimed ends the claim that is there, at t or when it ended by itself.
func (b *Builder) unclaimed(m *matter, t time.Time) {
	c := m.claim
	if c == nil {
		return
	}
	m.claim = nil
	from, to := c.since, c.until
	if t.Before(to) {
		to = t
	}
	if from.Before(b.query.From) {
		from = b.query.From
	}
	if !b.query.before(to) {
		to = b.query.To
	}
	if from.Before(to) {
		if m.handled == nil {
			m.handled = make(map[Group]time.Duration)
		}
		m.handled[c.group] += to.Sub(from)
	}
}

func (b *Builder) answered(m *matter, e *ticket.Entry) {
	i := slices.IndexFunc(m.asked, func(q question) bool { return q.key == e.Old })
	if i < 0 {
		return
	}
	q := m.asked[i]
	m.asked = slices.Delete(m.asked, i, i+1)
	if b.query.has(e.Happened) {
		row := b.row(q.group)
		row.consulting = append(row.consulting, e.Happened.Sub(q.since))
	}
}

// merged hears of both sides of a merge, each naming the other: the one that is taken over is told first.
func (b *Builder) merged(m *matter, e *ticket.Entry, within bool) {
	other := b.tickets[ticket.ID(e.New)]
	if other == nil || other.into == m.id {
		return
	}
	if within {
		m.into, m.oneLine = other.id, e.Old == ticket.OneLine
		other.absorbed = append(other.absorbed, m.id)
	}
	other.asked = append(other.asked, m.asked...) // the survivor's journal has the answers
	m.asked = nil
}

// unmerged hears of both sides, and acts at the first.
func (b *Builder) unmerged(m *matter, id ticket.ID) {
	survivor := b.tickets[id]
	if survivor == nil {
		return
	}
	if b.within(survivor, m) {
		m, survivor = survivor, m
	}
	if !b.within(m, survivor) {
		return
	}
	direct := b.tickets[m.into] // the survivor, or a part of it
	direct.absorbed = slices.DeleteFunc(direct.absorbed, func(id ticket.ID) bool { return id == m.id })
	m.into, m.oneLine = "", false
}

// within reports whether a ticket is part of another one, perhaps through others.
func (b *Builder) within(m, whole *matter) bool {
	for m != nil && m.into != "" {
		if m.into == whole.id {
			return b.tickets[m.into] != nil
		}
		m = b.tickets[m.into]
	}
	return false
}

// closed counts a ticket for which nothing more can come.
func (b *Builder) closed(m *matter, at time.Time) {
	if m.into != "" {
		return
	}
	b.unclaimed(m, at)
	b.count(m)
	b.forget(m)
}

func (b *Builder) forget(m *matter) {
	for _, id := range m.absorbed {
		if other := b.tickets[id]; other != nil {
			b.count(other)
			b.forget(other)
		}
	}
	delete(b.tickets, m.id)
	b.latest = m
}

// count adds what a ticket comes to.
func (b *Builder) count(m *matter) {
	if m.begun {
		row := b.row(b.group(m, m.agent))
		row.Tickets++
		if m.repeats {
			row.Repeats++
		}
	}
	for g, d := range m.handled {
		row := b.row(g)
		row.handling = append(row.handling, d)
	}
	if m.into == "" {
		b.waits(m)
	}
}

// waits counts the conversations of a ticket in which the customer waits.
func (b *Builder) waits(m *matter) {
	events := b.told(m, "", "")
	if len(events) == 0 {
		return
	}
	state, err := sla.FoldAll(slices.Values(events), func(time.Time) *sla.PolicySet { return nil })
	if err != nil && b.err == nil {
		b.err = err
	}
	for _, line := range append([]sla.Line{state.Line}, state.Lines...) {
		if line.Waiting == 0 {
			continue
		}
		row := b.row(b.group(m, m.agent))
		row.Waiting++
		if row.Oldest.IsZero() || line.Oldest.Before(row.Oldest) {
			row.Oldest = line.Oldest
		}
	}
}

// told are the events of a ticket and of those merged into it, each on its line; into is which line that is part of.
func (b *Builder) told(m *matter, line, into string) []sla.Event {
	events := slices.Clone(m.events)
	if m.oneLine { // it was never a line of its own
		events = slices.DeleteFunc(events, func(e sla.Event) bool { return e.Kind == sla.Merged })
	}
	for i := range events {
		if events[i].Line = line; events[i].Kind == sla.Merged {
			events[i].Into = into
		}
	}
	for _, id := range m.absorbed {
		other := b.tickets[id]
		switch {
		case other == nil:
		case other.oneLine:
			events = append(events, b.told(other, line, into)...)
		default:
			events = append(events, b.told(other, string(id), line)...)
		}
	}
	return events
}
