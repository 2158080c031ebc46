package socialcrm

import (
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// This file says which message decides where a ticket belongs, and what becomes of that when more is known.

// deciding is the message that decided where the ticket belongs; nil when there is none. Where that is not known, or was taken back, it is the first that waits for an answer, or
// else what the customer wrote last.
func (w *work) deciding(c *change) (*channel.Message, error) {
	if c.Routed.Message != "" {
		found, err := w.tx.Messages(c.Routed.Message)
		if err != nil {
			return nil, err
		}
		if m := &found[0]; m.Key != "" && m.Deleted.IsZero() {
			return &m.Content, nil
		}
	}
	list, err := w.tx.ListMessages(ticket.MessageQuery{Ticket: c.ID, Page: ticket.Page{Limit: messagesRead}})
	if err != nil {
		return nil, err
	}
	for i := range list.Items {
		if m := &list.Items[i]; m.Direction == ticket.Inbound && m.Party == "" && m.Deleted.IsZero() && m.Content.Time.After(c.Answered) {
			return &m.Content, nil
		}
	}
	return w.latest(c)
}

// messagesRead is how many messages of a ticket are read at a time.
const messagesRead = 20

// decides routes a ticket by the message with which its matter begins. What a party writes decides nothing.
func (w *work) decides(c *change, m *channel.Message, key string, party bool) (err error) {
	if !party || c.Routed.Message == "" {
		c.Routed.Message = key
	} else if m, err = w.deciding(c); err != nil {
		return err
	}
	if c.Agent != "" {
		return nil
	}
	return w.route(c, m)
}

// further looks whether what the customer writes beside makes it more pressing where a ticket belongs: one that waits goes to a lane that is asked before its own when this message
// belongs there, and the message decides from then on. It never goes to a later one, and stays where a person put it and while somebody is writing an answer.
func (w *work) further(c *change, m *channel.Message, key string) error {
	if !c.waits() || c.Handed || c.Campaign > 0 || w.d.cfg.Router != nil {
		return nil
	}
	q := routing.Query{Now: w.now, Ticket: c.Ticket, Message: m}
	if c.contact != nil {
		q.Contact = *c.contact
	}
	if !w.company.lanes.Earlier(q) {
		return nil
	}
	if claim, err := w.claim(c.ID); err != nil || claim != nil {
		return err
	}
	c.Routed.Message = key
	told := len(c.entries)
	if err := w.routeBy(c, m, true); err != nil {
		return err
	}
	for i := range c.entries[told:] {
		if e := &c.entries[told+i]; e.Kind == ticket.TicketRouted {
			e.Message = key
		}
	}
	return c.knowFacts("further")
}

// decideAgain asks where a ticket belongs by now, by the message that decided before.
func (w *work) decideAgain(c *change) (q routing.Query, d routing.Decision, err error) {
	m, err := w.deciding(c)
	if err != nil {
		return q, d, err
	}
	if q, err = w.query(c, m); err != nil {
		return q, d, err
	}
	if w.d.cfg.Router != nil || c.Lane == "" {
		d, err = w.decide(q)
	} else {
		d, err = w.company.lanes.Again(q), w.unknown
	}
	if c.Ranked.Person {
		d.Priority = nil
	}
	return q, d, err
}

// reweigh says what the ticket weighs where it is put: that goes by what its customer wrote last.
func (w *work) reweigh(c *change, q routing.Query, d *routing.Decision) (int, error) {
	m, err := w.weighed(c)
	if m == nil || err != nil || w.d.cfg.Router != nil {
		return d.Weight, err
	}
	q.Message, q.Ticket.Lane, q.Ticket.Team = m, d.Lane, d.Team
	if d.Priority != nil {
		q.Ticket.Priority = *d.Priority
	}
	return w.company.lanes.Weight(q), nil
}

// routeAgain asks the router once more, now that more is known, and returns what it said. A ticket whose lane stays keeps its agent, unless it belongs to the contact's own.
func (w *work) routeAgain(c *change) (said routing.Decision, err error) {
	q, decision, err := w.decideAgain(c)
	if err != nil {
		return said, err
	}
	said = decision
	c.Routed.Lane = decision.Own()
	same := decision.Lane == c.Lane && decision.Team == c.Team
	owner := q.Contact.Owner
	if same {
		decision.Priority = keepRaised(c, decision.Priority)
	}
	if same && c.Agent != "" && (c.Agent == owner || !slices.Contains(decision.Candidates, owner)) {
		home := c.Home
		err = w.place(c, decision, c.Agent) // perhaps another priority
		c.Home = home
		return said, err
	}
	if decision.Weight, err = w.reweigh(c, q, &decision); err != nil {
		return said, err
	}
	was := c.Agent
	agent, err := w.reserve(c, decision)
	if err != nil {
		return said, err
	}
	if agent == "" && was != "" {
		if same {
			agent = was
		} else if err := w.tx.Release(c.ID, w.now); err != nil {
			return said, err
		}
	}
	if err := w.place(c, decision, agent); err != nil || was == agent {
		return said, err
	}
	return said, w.freed(was)
}

// keepRaised lets a ticket keep a priority that somebody, a step or a further message raised.
func keepRaised(c *change, to *ticket.Priority) *ticket.Priority {
	if c.Ranked.Person || c.Priority > ticket.Normal && to != nil && *to < c.Priority {
		return nil
	}
	return to
}

// begun reports whether somebody has begun to work on a ticket: there is an answer, a note, a question to a colleague, a claim, a hand-off, or a status that somebody gave it.
func (w *work) begun(t *ticket.Ticket) (bool, error) {
	if t.Status != ticket.New || t.Handed || !t.Answered.IsZero() || len(t.Consults) > 0 {
		return true, nil
	}
	if claim, err := w.claim(t.ID); err != nil || claim != nil {
		return claim != nil, err
	}
	for page := (ticket.Page{Limit: messagesRead}); ; {
		list, err := w.tx.ListMessages(ticket.MessageQuery{Ticket: t.ID, Page: page})
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(list.Items, func(m ticket.Message) bool {
			return m.Direction == ticket.Internal || m.Direction == ticket.Outbound && !m.Automated
		}) {
			return true, nil
		}
		if page.After = list.Next; page.After == "" {
			return false, nil
		}
	}
}
