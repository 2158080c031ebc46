package socialcrm

import (
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// ask is what a message that wants an answer means for its ticket: who handles it, by when, and what status. What a party writes moves no clock but by the status.
func (w *work) ask(c *change, e *channel.Event, entry ticket.Entry, outcome Outcome, line string) error {
	author, party := entry.Actor, entry.Actor.Kind == ticket.ByParty
	who := "the " + string(author.Kind)
	mark := sla.Mark{Time: e.Time, Order: e.Message.Order, Key: entry.Message}
	asked := c.Clocks.Asked
	c.Returned = ticket.Return{}
	if outcome == Reopened {
		if err := w.retake(c); err != nil {
			return err
		}
	}
	if err := w.unattended(c); err != nil {
		return err
	}
	if outcome != Joined || c.Lane == "" { // one that waits is handed out in its turn
		if err := w.decides(c, &e.Message, entry.Message, party); err != nil {
			return err
		}
	}
	var err error
	// In a ticket that others are part of, what opens it is the message: it opens the ticket that it is of also once that is taken out, and no other one then.
	opens := !party && len(c.Absorbed) > 0 && mark.Compare(c.Clocks.Last) > 0
	if !party {
		if entry.Clock, err = c.fold(sla.Event{Kind: sla.CustomerWrote, Mark: mark, Line: line, Opens: opens}); err != nil {
			return err
		}
	}
	c.journal(entry)
	if outcome == Joined && !party {
		if err := w.further(c, &e.Message, entry.Message); err != nil {
			return err
		}
		if err := w.raise(c, &e.Message); err != nil {
			return err
		}
	}
	switch wrote := who + " wrote"; {
	case opens && (outcome == Reopened || c.Status == ticket.Pending || c.Status == ticket.OnHold):
		c.stand(ticket.Open, e.Time, author, wrote)
	case outcome == Reopened:
		at := e.Time
		if at.Before(c.SolvedAt) {
			at = w.now // written before the ticket was solved, so it is reopened by its arrival
		}
		err = c.setStatus(ticket.Open, at, mark.Order, mark.Key+"/open", author, wrote+" again")
	case outcome == Joined && (c.Status == ticket.Pending || c.Status == ticket.OnHold):
		err = c.setStatus(ticket.Open, e.Time, mark.Order, mark.Key+"/open", author, wrote)
	}
	if err == nil && c.Clocks.Asked.Before(asked) {
		err = c.answeredBefore(mark)
	}
	if err != nil {
		return err
	}
	if !party && c.Answered.After(e.Time) && !c.Late {
		c.Late = true
		c.journal(ticket.Entry{Kind: ticket.TicketLate, Message: entry.Message, Happened: e.Time, Received: e.Received, Actor: ticket.Actor{Kind: ticket.BySystem}, Reason: "it was written before the latest answer and arrived after it"})
	}
	return nil
}

// reopen sets a solved ticket open and gives it to somebody.
func (w *work) reopen(c *change, at time.Time, order, key string, actor ticket.Actor, reason string) error {
	if err := c.setStatus(ticket.Open, at, order, key, actor, reason); err != nil {
		return err
	}
	return w.takeUpAgain(c)
}

// takeUpAgain gives a ticket that was solved to somebody.
func (w *work) takeUpAgain(c *change) error {
	if err := w.retake(c); err != nil {
		return err
	}
	if c.Agent == "" {
		m, err := w.deciding(c)
		if err == nil {
			err = w.route(c, m)
		}
		if err != nil {
			return err
		}
	}
	return c.knowFacts("reopen")
}
