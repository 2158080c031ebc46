package socialcrm

import (
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// failedKey names what comes of a post that never arrived.
func failedKey(post string) string { return post + "/failed" }

// neverArrived takes back an answer that the platform accepted and that never arrived, with the status that came with it, and puts its tickets in front of an agent.
func (w *work) neverArrived(m *ticket.Message, entry ticket.Entry) error {
	return w.eachAnswered(m, func(c *change) error {
		if err := c.correct(m, entry, sla.AnswerWithdrawn); err != nil {
			return err
		}
		if err := c.notTold(m); err != nil {
			return err
		}
		return w.wantsAgent(c, failedKey(m.Key), "the answer never arrived")
	})
}

// arrivedAfterAll lets an answer count again that was said to have failed. Where nothing has happened meanwhile, the tickets are as the answer left them.
func (w *work) arrivedAfterAll(m *ticket.Message, entry ticket.Entry) error {
	return w.eachAnswered(m, func(c *change) error {
		if err := c.correct(m, entry, sla.AnswerArrived); err != nil {
			return err
		}
		if only, err := c.onlyFailed(failedKey(m.Key)); err != nil || !only {
			return err
		}
		clock, err := c.fold(sla.Event{Kind: sla.AnswerWithdrawn, Mark: sla.Mark{Time: entry.Happened, Key: failedKey(m.Key)}})
		if err != nil {
			return err
		}
		was := c.Status
		if c.Status = c.Clocks.Status; c.Status.Done() {
			c.SolvedAt = c.Clocks.StatusSince
		}
		c.journal(ticket.Entry{
			Kind: ticket.TicketStatus, Actor: ticket.Actor{Kind: ticket.BySystem}, Happened: entry.Happened, Old: string(was), New: string(c.Status),
			Reason: "the answer arrived after all", Clock: clock,
		})
		if c.Status.Done() {
			return w.handBack(c)
		}
		return nil
	})
}

// eachAnswered runs fn for each ticket that an own post counts in: one in the platform's own app may have answered several.
func (w *work) eachAnswered(m *ticket.Message, fn func(*change) error) error {
	ids := []ticket.ID{m.Ticket}
	if m.Post == nil {
		e := echoOf(m)
		to, err := w.addressees(&e)
		if err != nil && err != errErased {
			return err
		}
		for _, conv := range to.convs {
			ids = append(ids, conv.Ticket)
		}
	}
	var done []ticket.ID
	for _, id := range ids {
		c, err := w.load(id)
		if err != nil {
			return err
		}
		if slices.Contains(done, c.ID) {
			continue
		}
		done = append(done, c.ID)
		if err := fn(c); err != nil {
			return err
		}
		c.finish()
	}
	return nil
}

// correct lets the clocks know what became of an answer, on each line on which it counted; and the journal, once at least.
func (c *change) correct(m *ticket.Message, entry ticket.Entry, kind sla.EventKind) error {
	events, err := c.history()
	if err != nil {
		return err
	}
	type answer struct{ key, line string }
	told := make([]answer, 0, 1)
	for i := range events {
		e := &events[i]
		if e.Kind != sla.Answered || e.Key != m.Key && !strings.HasPrefix(e.Key, m.Key+lineMark) || slices.Contains(told, answer{e.Key, e.Line}) {
			continue
		}
		told = append(told, answer{e.Key, e.Line})
		further := entry
		if further.Clock, err = c.fold(sla.Event{Kind: kind, Mark: sla.Mark{Time: entry.Happened, Key: e.Key}, Line: e.Line}); err != nil {
			return err
		}
		c.journal(further)
	}
	if len(told) == 0 {
		c.journal(entry) // what a party was told, or history
		return nil
	}
	c.Answered = c.answeredLast()
	return nil
}

// onlyFailed reports whether the newest thing that moved the clocks is the status that an answer's failure brought, so that nobody has relied on it.
func (c *change) onlyFailed(key string) (bool, error) {
	events, err := c.history()
	if err != nil {
		return false, err
	}
	var last *sla.Event
	events = append(events, c.added()...)
	for i := range events {
		switch e := &events[i]; e.Kind {
		case sla.CustomerWrote, sla.Answered, sla.StatusChanged:
			if last == nil || e.Compare(last.Mark) > 0 {
				last = e
			}
		}
	}
	return last != nil && last.Post == key, nil
}
