package socialcrm

import (
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// journalVerdicts says in the journal how the change left the clocks.
func (c *change) journalVerdicts() {
	if c.retold != nil {
		c.journalRetold()
		return
	}
	if len(c.before.Clocks) == 0 && !slices.ContainsFunc(c.Clocks.Clocks, judged) {
		return // clocks that only began are worth no entry
	}
	for _, ch := range sla.Changes(c.before, c.Clocks) {
		c.journalClock(&ch)
	}
}

// journalBreaches says which clocks were breached until t: a step that follows a breach is told behind it.
func (c *change) journalBreaches(t time.Time) {
	if c.retold != nil {
		return
	}
	for _, ch := range sla.Changes(c.before, c.Clocks) {
		if ch.New || ch.Was != sla.Running || ch.Clock.Verdict != sla.Breached || !ch.Clock.Stopped.IsZero() || ch.Clock.Due.After(t) {
			continue
		}
		c.journalClock(&ch)
		c.before.Clocks = slices.Clone(c.before.Clocks)
		for i := range c.before.Clocks {
			if b := &c.before.Clocks[i]; b.Metric == ch.Clock.Metric && b.Line == ch.Clock.Line && b.Started.Equal(ch.Clock.Started) {
				*b = ch.Clock
			}
		}
	}
}

// journalRetold compares all clocks that the ticket ever had with what the journals tell of them: its history was folded again, so that also one that its state lists no more may
// have another verdict now, and one that was another ticket's until now may have none told yet.
func (c *change) journalRetold() {
	c.Clocks = c.Clocks.At(c.w.now)
	now := sla.Judge(slices.Values(slices.Concat(c.retold.events, c.added())), c.w.company.timeline, c.w.now)
	for _, ch := range sla.Differences(c.stood(), now) {
		c.journalClock(&ch)
	}
}

func judged(c sla.Clock) bool { return c.Verdict != sla.Running }

// journalClock says what became of a clock; not every change is worth an entry.
func (c *change) journalClock(ch *sla.Change) {
	gone := ch.Withdrawn && ch.Clock.Verdict == ch.Was
	if ch.Withdrawn && ch.Was != sla.Running {
		e := standEntry(ticket.ClockWithdrawn, &ch.Clock)
		e.Old = ch.Was.String()
		c.journal(e)
	}
	switch {
	case gone || ch.New: // how a new one ended is a change of its own
	case ch.Moved, ch.Clock.Verdict == ch.Was && ch.Clock.Verdict != sla.Running:
		c.journal(standEntry(ticket.ClockMoved, &ch.Clock))
	case ch.Clock.Verdict == sla.Running:
	case ch.Clock.Verdict == sla.Met:
		c.journal(standEntry(ticket.ClockMet, &ch.Clock))
	case ch.Clock.Verdict == sla.Breached:
		e := standEntry(ticket.ClockBreached, &ch.Clock)
		e.Happened = ch.Clock.Due
		c.journal(e)
	default:
		c.journal(standEntry(ticket.ClockEnded, &ch.Clock))
	}
}

// standEntry is an entry about a clock as it stands.
func standEntry(kind ticket.EntryKind, clock *sla.Clock) ticket.Entry {
	stand := *clock
	return ticket.Entry{
		Kind: kind, Actor: ticket.Actor{Kind: ticket.BySystem}, New: stand.Metric.String(), Reason: stand.Policy, Stand: &stand, Happened: stand.Stopped,
	}
}
