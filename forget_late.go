package socialcrm

import (
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// authorErased reports whether the author whom an event names was erased after something was written.
func (w *work) authorErased(e *channel.Event, written time.Time) (bool, error) {
	return w.erasedBefore(e.Account, e.Message.Author.ID, written)
}

// erasedBefore reports whether an author was erased after something was written.
func (w *work) erasedBefore(account channel.AccountID, author string, written time.Time) (bool, error) {
	if author == "" {
		return false, nil
	}
	known, err := w.tx.Identities(ticket.IdentityKey{Platform: account.Platform, ID: author})
	if err != nil {
		return false, err
	}
	erased := known[0].Erased
	return !erased.IsZero() && !written.After(erased), nil
}

// forgottenLate reports whether an event names, as the author of a message that had none, somebody who was erased since; then what was kept of the message is gone too.
func (w *work) forgottenLate(m *ticket.Message, e *channel.Event) (bool, error) {
	if m.Direction != ticket.Inbound || m.Content.Author.ID != "" || !m.Deleted.IsZero() {
		return false, nil
	}
	written := m.Content.Time
	if e.Time.Before(written) {
		written = e.Time
	}
	if erased, err := w.authorErased(e, written); err != nil || !erased {
		return false, err
	}
	return true, w.forgetUnnamed(m)
}

// forgetUnnamed empties a message whose author turned out to be erased, with the whole of its ticket where that is known to be nobody else's.
func (w *work) forgetUnnamed(m *ticket.Message) error {
	f := &forgotten{w: w, actor: ticket.Actor{Kind: ticket.BySystem}}
	this := func(other *ticket.Message) bool { return other.Key == m.Key }
	f.empty(m)
	w.tx.PutMessage(*m)
	if m.Ticket == "" {
		return nil
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	if c.Contact != "" || len(c.Conversations) != 1 {
		return f.elsewhere(c.ID, nil, this)
	}
	if err := w.close(c, f.actor, "", "the customer is erased"); err != nil {
		return err
	}
	if err := c.cancelQueued(f.actor, textRemoved, everyPost); err != nil {
		return err
	}
	if err := f.messages(c.ID, func(*ticket.Message) bool { return true }, w.redactEverywhere); err != nil {
		return err
	}
	if err := f.conversations(c.Conversations); err != nil {
		return err
	}
	c.Subject, c.Language = "", ""
	c.journal(ticket.Entry{Kind: ticket.ContactErased, Actor: f.actor})
	c.finish()
	return nil
}

// notErased takes out the conversations whose customer was erased after an own post to there was made. errErased: none is left, or the post answers what was erased.
func (w *work) notErased(found []ticket.Conversation, parent *ticket.Message, e *channel.Event) ([]ticket.Conversation, error) {
	before := func(erased time.Time) bool { return !erased.IsZero() && !e.Time.After(erased) }
	left := slices.DeleteFunc(slices.Clone(found), func(c ticket.Conversation) bool { return before(c.Erased) })
	gone := len(left) < len(found)
	left = slices.DeleteFunc(left, func(c ticket.Conversation) bool { return c.Ticket == "" })
	if len(left) > 0 {
		return left, nil
	}
	if !gone && parent.Ticket != "" {
		tickets, err := w.tx.Tickets(parent.Ticket)
		if err != nil {
			return nil, err
		}
		gone = before(tickets[0].Erased)
	}
	if gone {
		return nil, errErased
	}
	return nil, nil
}
