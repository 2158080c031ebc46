package socialcrm

import (
	"slices"

	"github.com/socialcrm/socialcrm/ticket"
)

// tookPart remembers that somebody spoke, or was spoken to, in a ticket of another customer: as a party, or as a member of a group. It outlasts that, since what was
// said stays: only by it does an erasure find the ticket.
func (w *work) tookPart(who ticket.ContactID, t *ticket.Ticket) {
	if who != t.Contact {
		w.tx.PutValue(ticket.Value{Key: ticket.ValueKey{Space: partsOf(who), Name: string(t.ID)}, Data: []byte("1")})
	}
}

// partsOf is where the tickets of others are kept in which a contact took part.
func partsOf(who ticket.ContactID) string { return "took part/" + string(who) }

// partAsOne notes for two contacts that were one where that one spoke: it may have been either, so the erasure of either looks there.
func (w *work) partAsOne(into, from ticket.ContactID) error {
	q := ticket.TicketQuery{Contact: into}
	for {
		list, err := w.tx.ListTickets(q)
		if err != nil {
			return err
		}
		for _, t := range list.Items {
			t.Contact = "" // it may become the other's
			w.tookPart(into, &t)
			w.tookPart(from, &t)
		}
		if q.After = list.Next; q.After == "" {
			break
		}
	}
	return w.eachValue(partsOf(into), func(v ticket.Value) error {
		w.tookPart(from, &ticket.Ticket{ID: ticket.ID(v.Key.Name)})
		return nil
	})
}

// partiesAgain gives the part that a contact took in tickets while it was one with another back to it, with what was said there.
func (w *work) partiesAgain(into, from ticket.ContactID, identities []ticket.IdentityKey, actor ticket.Actor) error {
	return w.eachValue(partsOf(into), func(v ticket.Value) error {
		c, err := w.load(ticket.ID(v.Key.Name))
		if err != nil {
			return err
		}
		for i := range c.Parties {
			p := &c.Parties[i]
			if p.Contact != into {
				continue
			}
			convs, err := w.tx.Conversations(p.Conversation)
			if err != nil {
				return err
			}
			if !spokenBy(&convs[0], identities) {
				continue
			}
			w.meetsAgain(&convs[0], into, from)
			c.Parties = slices.Clone(c.Parties)
			c.Parties[i].Contact = from
			c.journal(ticket.Entry{Kind: ticket.ContactUnmerged, Actor: actor, Old: string(into), New: string(from)})
			if err := c.partySaid(p.Conversation, into, from, actor); err != nil {
				return err
			}
		}
		if len(c.entries) > 0 {
			c.finish()
		}
		return nil
	})
}

// partySaid gives what was said with a party to another contact.
func (c *change) partySaid(in ticket.ConversationKey, into, from ticket.ContactID, actor ticket.Actor) error {
	q := ticket.MessageQuery{Ticket: c.ID}
	for {
		list, err := c.w.tx.ListMessages(q)
		if err != nil {
			return err
		}
		for _, m := range list.Items {
			if m.Conversation != in || m.Party != into {
				continue
			}
			m.Party = from
			c.w.tx.PutMessage(m)
			c.journal(ticket.Entry{Kind: ticket.ContactUnmerged, Actor: actor, Message: m.Key, Old: string(into), New: string(from)})
		}
		if q.After = list.Next; q.After == "" {
			return nil
		}
	}
}

// eachValue calls fn with each value of a space, as they are committed.
func (w *work) eachValue(space string, fn func(ticket.Value) error) error {
	page := ticket.Page{}
	for {
		list, err := w.tx.ListValues(space, page)
		if err != nil {
			return err
		}
		for _, v := range list.Items {
			if err := fn(v); err != nil {
				return err
			}
		}
		if page.After = list.Next; page.After == "" {
			return nil
		}
	}
}
