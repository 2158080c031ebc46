package socialcrm

import (
	"context"
	"fmt"
	"slices"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Merge makes another ticket part of this one, because both are about one matter: its conversations and messages move here, its clocks are folded together with this
// one's, and it is closed. Unmerge undoes it.
func (d *Desk) Merge(ctx context.Context, id ticket.ID, by By, other ticket.ID) (Receipt, error) {
	return d.verb(ctx, "merge", id, by, other, func(w *work, c *change) (Receipt, error) {
		return Receipt{}, w.absorb(c, other, by.Actor, "")
	})
}

// Unmerge takes a ticket that was merged into this one out again, with its conversations and what was said in them.
func (d *Desk) Unmerge(ctx context.Context, id ticket.ID, by By, other ticket.ID) (Receipt, error) {
	return d.verb(ctx, "unmerge", id, by, other, func(w *work, c *change) (Receipt, error) {
		return Receipt{}, w.expel(c, other, by.Actor)
	})
}

// merge makes one ticket part of another.
func (w *work) merge(into, from ticket.ID, actor ticket.Actor, reason string) error {
	c, err := w.load(into)
	if err != nil {
		return err
	}
	if err := w.absorb(c, from, actor, reason); err != nil {
		return err
	}
	c.finish()
	return nil
}

// absorb makes another ticket part of the one being changed.
func (w *work) absorb(c *change, id ticket.ID, actor ticket.Actor, reason string) error {
	found, err := w.tx.Tickets(id)
	if err != nil {
		return err
	}
	switch other := found[0]; {
	case other.ID == "":
		return fmt.Errorf("ticket %s: %w", id, ErrNotFound)
	case other.ID == c.ID:
		return fmt.Errorf("a ticket cannot be merged into itself: %w", ErrInvalid)
	case other.MergedInto != "":
		return fmt.Errorf("ticket %s is part of ticket %s already: %w", id, other.MergedInto, ErrInvalid)
	case c.Status == ticket.Closed:
		return fmt.Errorf("it is closed for good: %w", ErrInvalid)
	}
	other, err := w.load(id)
	if err != nil {
		return err
	}
	if err := w.refile(other.Conversations, other.ID, c.ID, func(*ticket.Message) bool { return true }); err != nil {
		return err
	}
	if err := w.tx.Release(other.ID, w.now); err != nil {
		return err
	}
	if err := w.freed(other.Agent); err != nil {
		return err
	}
	wanted := other.Status
	c.Absorbed = append(append(slices.Clone(c.Absorbed), other.ID), other.Absorbed...)
	for _, key := range other.Conversations {
		if !slices.Contains(c.Conversations, key) {
			c.Conversations = append(slices.Clone(c.Conversations), key)
		}
	}
	for _, p := range other.Parties {
		if c.PartyIn(p.Conversation) == nil {
			c.Parties = append(slices.Clone(c.Parties), p)
			w.tx.PutValue(ticket.Value{Key: partyKey(p.Contact, c.ID), Data: []byte(p.Role)})
		}
	}
	c.Consults = append(slices.Clone(c.Consults), other.Consults...)
	for _, tag := range other.Tags {
		if i, there := slices.BinarySearch(c.Tags, tag); !there {
			c.Tags = slices.Insert(slices.Clone(c.Tags), i, tag)
		}
	}
	c.Priority = max(c.Priority, other.Priority)
	if other.CustomerWrote.After(c.CustomerWrote) {
		c.CustomerWrote = other.CustomerWrote
	}
	if other.Answered.After(c.Answered) {
		c.Answered = other.Answered
	}
	if c.Contact == "" {
		c.Contact, c.contact = other.Contact, other.contact
	}
	c.journal(ticket.Entry{Kind: ticket.TicketMerged, Actor: actor, New: string(other.ID), Reason: reason})
	// The other's own clocks end with it: they run on in the survivor.
	other.MergedInto, other.Status, other.Clocks.Clocks = c.ID, ticket.Closed, nil
	other.before = other.Clocks
	w.tx.Cancel(clockTaskID(other.ID))
	other.journal(ticket.Entry{Kind: ticket.TicketMerged, Actor: actor, New: string(c.ID), Reason: reason})
	other.finish()
	if err := c.foldAnew(); err != nil {
		return err
	}
	if c.Status == ticket.Solved && !wanted.Done() {
		return w.reopen(c, w.now, "", c.newKey("merge"), actor, "the ticket merged into it is open")
	}
	return nil
}

// foldAnew folds everything that counts for the ticket, and brings the clocks to its own status and facts.
func (c *change) foldAnew() error {
	state, err := c.refold()
	if err != nil {
		return err
	}
	c.Clocks = state
	clock, err := c.fold(sla.Event{Kind: sla.StatusChanged, Mark: c.afterAll(sla.Mark{Time: c.w.now, Key: c.newKey("fold")}), Status: c.Status})
	if err != nil {
		return err
	}
	c.entries[len(c.entries)-1].Clock = clock
	return nil
}

// expel takes a ticket out of the one being changed.
func (w *work) expel(c *change, id ticket.ID, actor ticket.Actor) error {
	i := slices.Index(c.Absorbed, id)
	if i < 0 {
		return fmt.Errorf("ticket %s is no part of it: %w", id, ErrInvalid)
	}
	found, err := w.tx.Tickets(id)
	if err != nil {
		return err
	}
	other := w.begin(found[0], c.contact)
	if other.Contact != c.Contact {
		if other.contact, err = w.contact(other.Contact); err != nil {
			return err
		}
	}
	c.Absorbed = slices.Delete(slices.Clone(c.Absorbed), i, i+1)
	c.Conversations = slices.DeleteFunc(slices.Clone(c.Conversations), func(k ticket.ConversationKey) bool { return slices.Contains(other.Conversations, k) })
	c.Parties = slices.DeleteFunc(slices.Clone(c.Parties), func(p ticket.Party) bool { return slices.Contains(other.Conversations, p.Conversation) })
	if err := w.refile(other.Conversations, c.ID, other.ID, func(m *ticket.Message) bool { return slices.Contains(other.Conversations, m.Conversation) }); err != nil {
		return err
	}
	c.journal(ticket.Entry{Kind: ticket.TicketUnmerged, Actor: actor, New: string(id)})
	other.journal(ticket.Entry{Kind: ticket.TicketUnmerged, Actor: actor, New: string(c.ID)})
	other.MergedInto, other.Status, other.Agent = "", ticket.Open, ""
	if err := other.foldAnew(); err != nil {
		return err
	}
	if err := w.route(other, nil); err != nil {
		return err
	}
	other.finish()
	return c.foldAnew()
}

// refile gives conversations, and the messages that go with them, to another ticket.
func (w *work) refile(conversations []ticket.ConversationKey, from, to ticket.ID, goes func(*ticket.Message) bool) error {
	convs, err := w.tx.Conversations(conversations...)
	if err != nil {
		return err
	}
	for _, conv := range convs {
		if conv.Ticket == from {
			conv.Ticket = to
			w.tx.PutConversation(conv)
		}
	}
	var keys []string
	q := ticket.MessageQuery{Ticket: from}
	for {
		list, err := w.tx.ListMessages(q)
		if err != nil {
			return err
		}
		for _, m := range list.Items {
			keys = append(keys, m.Key)
		}
		if q.After = list.Next; q.After == "" {
			break
		}
	}
	for _, f := range w.filed {
		if f.ticket == from && !slices.Contains(keys, f.message) {
			keys = append(keys, f.message)
		}
	}
	messages, err := w.tx.Messages(keys...)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m.Ticket == from && goes(&m) {
			m.Ticket = to
			w.putMessage(m)
		}
	}
	return nil
}
