package socialcrm

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// Verbs about further parties of a ticket, for Config.Authorize.
const (
	VerbAddParty    Verb = "add a party to"
	VerbRemoveParty Verb = "remove a party from"
)

// Party is somebody who joins a ticket beside its customer: the seller beside the buyer.
type Party struct {
	// Contact is who. Empty: whoever writes in Conversation.
	Contact ticket.ContactID `json:"contact,omitempty"`
	// Role is what the party is in this ticket: ticket.Seller, Partner, Employee, or a word of the host's. Empty: the contact's kind.
	Role ticket.ContactKind `json:"role,omitempty"`
	// Conversation is where the party wrote to the brand before, and is reached.
	Conversation ticket.ConversationKey `json:"conversation"`
}

// AddParty lets somebody join the ticket beside its customer. From then on what the party writes in its conversation belongs to the ticket: it puts the ticket in front
// of an agent again, or reopens it, but no promise starts or ends with it. Reply.Party answers the party, which is no answer to the customer; the CRM hears who is
// who. A party that is there already gets the role and the conversation given. Errors: ErrNotFound (no such contact or conversation), ErrConflict (the conversation is
// in another ticket that is not done), ErrInvalid (no role, the customer, another's conversation, a closed ticket).
func (d *Desk) AddParty(ctx context.Context, id ticket.ID, by By, p Party) (Receipt, error) {
	return d.verb(ctx, VerbAddParty, id, by, p, func(w *work, c *change) (Receipt, error) { return Receipt{}, w.addParty(c, by.Actor, p) })
}

// RemoveParty takes a party out of the ticket. What was said stays there; what the party writes from then on is a matter of its own. ErrNotFound when the contact is
// no party of it.
func (d *Desk) RemoveParty(ctx context.Context, id ticket.ID, by By, contact ticket.ContactID) (Receipt, error) {
	return d.verb(ctx, VerbRemoveParty, id, by, contact, func(w *work, c *change) (Receipt, error) {
		i, err := w.partyOf(c, contact)
		if err != nil {
			return Receipt{}, err
		}
		gone := c.Parties[i]
		c.journal(ticket.Entry{Kind: ticket.PartyRemoved, Actor: by.Actor, Old: string(gone.Contact), Reason: string(gone.Role)})
		return Receipt{}, w.dropParty(c, i)
	})
}

func (w *work) addParty(c *change, actor ticket.Actor, p Party) error {
	if c.Status == ticket.Closed {
		return errClosed
	}
	conv, err := w.partyConversation(c, p.Conversation)
	if err != nil {
		return err
	}
	who := cmp.Or(p.Contact, conv.Contact)
	if who == "" {
		return fmt.Errorf("nobody knows who writes in conversation %s: %w", p.Conversation.Thread, ErrInvalid)
	}
	contact, err := w.contact(who)
	if err != nil {
		return err
	}
	role := cmp.Or(p.Role, contact.Kind)
	switch {
	case contact.ID == "" || !contact.Erased.IsZero():
		return fmt.Errorf("contact %s: %w", who, ErrNotFound)
	case role == "":
		return fmt.Errorf("the role is missing: %w", ErrInvalid)
	case c.contact != nil && c.contact.ID == contact.ID || c.Contact == contact.ID:
		return fmt.Errorf("contact %s is its customer: %w", contact.ID, ErrInvalid)
	}
	if conv.Contact != "" {
		if other, err := w.contact(conv.Contact); err != nil || other.ID != contact.ID {
			return cmp.Or(err, fmt.Errorf("conversation %s is that of contact %s: %w", conv.Key.Thread, other.ID, ErrInvalid))
		}
	}
	party := ticket.Party{Contact: contact.ID, Role: role, Conversation: conv.Key, Added: w.now, By: actor}
	if i, err := w.partyOf(c, contact.ID); err == nil {
		was := c.Parties[i]
		if was.Role == role && was.Conversation == conv.Key {
			return nil
		}
		if err := w.dropParty(c, i); err != nil {
			return err
		}
	}
	conv.Ticket, conv.Line, conv.Part, conv.Contact = c.ID, "", "", contact.ID
	w.tx.PutConversation(conv)
	c.Conversations = append(slices.Clone(c.Conversations), conv.Key)
	c.Parties = append(slices.Clone(c.Parties), party)
	w.tookPart(contact.ID, &c.Ticket)
	w.syncContact(contact.ID)
	c.journal(ticket.Entry{Kind: ticket.PartyAdded, Actor: actor, New: string(contact.ID), Reason: string(role)})
	return nil
}

// partyConversation reads the conversation in which a party is reached, and refuses one that belongs elsewhere.
func (w *work) partyConversation(c *change, key ticket.ConversationKey) (conv ticket.Conversation, err error) {
	convs, err := w.tx.Conversations(key)
	if err == nil && convs[0].MovedTo != nil {
		convs, err = w.tx.Conversations(*convs[0].MovedTo)
	}
	if err != nil {
		return conv, err
	}
	conv = convs[0]
	if conv.Key == (ticket.ConversationKey{}) {
		return conv, fmt.Errorf("conversation %s of account %s: %w", key.Thread, key.Account, ErrNotFound)
	}
	if slices.Contains(c.Conversations, conv.Key) && c.PartyIn(conv.Key) == nil {
		return conv, fmt.Errorf("conversation %s is its customer's: %w", conv.Key.Thread, ErrInvalid)
	}
	if conv.Ticket == "" || conv.Ticket == c.ID {
		return conv, nil
	}
	other, err := w.ticket(conv.Ticket)
	if err == nil && other.ID != c.ID && other.ID != "" && !other.Status.Done() {
		err = fmt.Errorf("conversation %s is in ticket %s, which is %s: %w", conv.Key.Thread, other.ID, other.Status, ErrConflict)
	}
	return conv, err
}

// partyOf finds a party of the ticket, also by what its contact was before a merge.
func (w *work) partyOf(c *change, id ticket.ContactID) (int, error) {
	wanted, err := w.contact(id)
	if err != nil {
		return 0, err
	}
	for i, p := range c.Parties {
		known, err := w.contact(p.Contact)
		if err != nil {
			return 0, err
		}
		if p.Contact == id || known.ID != "" && known.ID == wanted.ID {
			return i, nil
		}
	}
	return 0, fmt.Errorf("contact %s is no party of it: %w", id, ErrNotFound)
}

// dropParty ends that a party's conversation belongs to the ticket.
func (w *work) dropParty(c *change, i int) error {
	gone := c.Parties[i]
	c.Parties = slices.Delete(slices.Clone(c.Parties), i, i+1)
	c.Conversations = slices.DeleteFunc(slices.Clone(c.Conversations), func(k ticket.ConversationKey) bool { return k == gone.Conversation })
	convs, err := w.tx.Conversations(gone.Conversation)
	if err == nil && convs[0].Ticket == c.ID {
		convs[0].Ticket = ""
		w.tx.PutConversation(convs[0])
	}
	return err
}

// crmParties are the ticket's parties as a CRM sees them.
func crmParties(t *ticket.Ticket) (parties []crm.Party) {
	for _, p := range t.Parties {
		parties = append(parties, crm.Party{Contact: string(p.Contact), Role: p.Role})
	}
	return parties
}
