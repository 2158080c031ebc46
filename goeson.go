package socialcrm

import (
	"slices"

	"github.com/socialcrm/socialcrm/ticket"
)

// goesOn is rekey where two tickets turn out to be one conversation and one of them is closed: for good, so they become no one ticket. The conversation goes on in
// the other, as a follow-up where it is the newer one. It reports false, and does nothing, when neither is closed.
func (w *work) goesOn(m *ticket.Message, from, into ticket.Conversation) (apart bool, err error) {
	own, err := w.ticket(from.Ticket)
	if err != nil {
		return false, err
	}
	other, err := w.ticket(into.Ticket)
	if err != nil || own.ID == other.ID || own.Status != ticket.Closed && other.Status != ticket.Closed {
		return false, err
	}
	c, err := w.load(own.ID)
	if err != nil {
		return false, err
	}
	newer := other.Created.Before(own.Created)
	if own.Status != ticket.Closed || other.Status == ticket.Closed && newer {
		into.Ticket, into.Line, into.Part = own.ID, from.Line, from.Part
		if newer && c.FollowUpOf == "" {
			c.FollowUpOf = other.ID
		}
	}
	from.MovedTo, m.Conversation = &into.Key, into.Key
	w.tx.PutConversation(from)
	w.tx.PutConversation(into)
	w.tx.PutMessage(*m)
	c.Conversations = slices.Clone(c.Conversations)
	if i := slices.Index(c.Conversations, from.Key); i >= 0 {
		c.Conversations[i] = into.Key
	} else {
		c.Conversations = append(c.Conversations, into.Key)
	}
	if contact := into.Contact; c.Contact == "" && contact != "" {
		if c.contact, err = w.contact(contact); err != nil {
			return false, err
		}
		c.Contact = c.contact.ID
	}
	c.journal(ticket.Entry{Kind: ticket.MessageCompleted, Message: m.Key, Happened: m.Content.Time, Received: m.Received, Old: string(other.ID), Reason: "author or root are known now; what they are about is closed in one of two tickets"})
	c.finish()
	return true, nil
}
