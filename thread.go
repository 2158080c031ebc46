package socialcrm

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// place is the conversation that a customer's message belongs to.
type place struct {
	key ticket.ConversationKey
	// provisional: author or root are not known, so the conversation is keyed by the message and shared with none.
	provisional bool
	// missing is the ID of an ancestor that is not known yet: it stands for the root until it comes.
	missing string
}

// conversationOf says which conversation a customer's message belongs to: (account, thread, author) in public, (account, thread) in private.
func (w *work) conversationOf(e *channel.Event) (place, error) {
	m := &e.Message
	p := place{key: ticket.ConversationKey{Account: e.Account, Visibility: m.Visibility, Thread: m.Thread}}
	if p.key.Thread == "" && m.Parent != "" {
		parents, err := w.byRef(ticket.MessageRef{Account: e.Account, ID: m.Parent})
		if err != nil {
			return p, err
		}
		if parent := parents[0]; parent.Key != "" && parent.Conversation.Visibility == m.Visibility {
			p.key.Thread, p.missing = parent.Conversation.Thread, parent.Missing
		} else {
			p.key.Thread, p.missing = m.Parent, m.Parent
		}
	}
	switch {
	case m.Visibility == channel.Private:
		if p.key.Thread == "" {
			p.key.Thread = m.Author.ID // a private conversation without an ID of its own is the one with its author
		}
		if p.key.Thread == "" {
			p.key.Thread, p.provisional = m.ID, true
		}
	case m.Author.ID == "":
		p.key.Thread, p.provisional, p.missing = m.ID, true, ""
	default:
		p.key.Author = m.Author.ID
		if p.key.Thread == "" {
			p.key.Thread = m.ID
		}
	}
	return p, nil
}

// conversation is a stored conversation, or a new one.
type conversation struct{ ticket.Conversation }

func (w *work) conversation(p place) (conversation, error) {
	w.keys.conversation[0] = p.key
	found, err := w.tx.Conversations(w.keys.conversation[:]...)
	if err != nil {
		return conversation{}, err
	}
	c := conversation{found[0]}
	if c.Ticket == "" {
		c.Key, c.Provisional = p.key, p.provisional
	}
	return c, nil
}

// meet notes who the customer is. A group conversation has one customer: who opened it.
func (c *conversation) meet(author channel.Author, contact *ticket.Contact) {
	if c.Author.ID == "" || c.Author.ID == author.ID {
		c.Author = author
	}
	if c.Contact == "" && contact != nil {
		c.Contact = contact.ID
	}
}

// hear notes the customer's latest message: by the platform's time, then its order, then the ID, so that arrival decides nothing.
func hear(c *ticket.Conversation, at time.Time, order, id string) {
	if cmp.Or(at.Compare(c.CustomerWrote), strings.Compare(order, c.CustomerOrder), strings.Compare(id, c.CustomerMessage)) > 0 {
		c.CustomerWrote, c.CustomerOrder, c.CustomerMessage = at, order, id
	}
}

// contactOf returns who wrote, making the contact at the first message of an identity; nil when the platform did not say who.
func (w *work) contactOf(e *channel.Event) (*ticket.Contact, error) {
	author := e.Message.Author
	if author.ID == "" {
		return nil, nil
	}
	key := ticket.IdentityKey{Platform: e.Account.Platform, ID: author.ID}
	w.keys.identity[0] = key
	known, err := w.tx.Identities(w.keys.identity[:]...)
	if err != nil {
		return nil, err
	}
	erased := known[0].Erased
	if !erased.IsZero() && !e.Time.After(erased) {
		return nil, errErased
	}
	if identity := known[0]; identity.Contact != "" {
		return w.contact(identity.Contact)
	}
	made := &struct { // most contacts keep one identity and one channel
		ticket.Contact
		first [1]ticket.IdentityKey
		here  [1]ticket.Channel
	}{first: [1]ticket.IdentityKey{key}, here: [1]ticket.Channel{{Account: e.Account, Visibility: e.Message.Visibility}}}
	contact := &made.Contact
	w.newcomer = contactID(key, erased)
	*contact = ticket.Contact{
		ID: w.newcomer, Version: 1, Name: displayName(author), Language: author.Language,
		Identities: made.first[:], Channels: made.here[:], Created: e.Time, Updated: w.now,
	}
	if author.Email != "" {
		contact.Emails = []string{author.Email}
	}
	if author.Phone != "" {
		contact.Phones = []string{author.Phone}
	}
	w.tx.PutContact(*contact)
	if handle := strings.ToLower(author.Handle); handle != "" && handle != author.ID {
		w.tx.PutValue(ticket.Value{Key: handleKey(key.Platform, handle), Data: []byte(author.ID)})
	}
	w.tx.PutIdentity(ticket.Identity{Key: key, Contact: contact.ID, Author: author, Seen: e.Time, Erased: erased})
	n := w.room.names.empty()
	n.end(append(append(n.text, "contact/"...), contact.ID...))
	n.end(append(append(n.text, learnPrefix...), contact.ID...))
	n.make()
	w.room.entry[0] = ticket.Entry{
		Kind: ticket.ContactCreated, Key: n.take(), Contact: contact.ID, Happened: e.Time, Received: e.Received,
		Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: author.ID},
	}
	w.append(w.room.entry[:]...)
	w.learnAbout(contact, e, n.take())
	return contact, nil
}

// handleKey is where the author's ID behind a handle is kept: posts mention people by it.
func handleKey(platform, handle string) ticket.ValueKey {
	return ticket.ValueKey{Space: "handle/" + platform, Name: strings.ToLower(handle)}
}

// contact reads a contact, following merges.
func (w *work) contact(id ticket.ContactID) (*ticket.Contact, error) {
	for {
		w.keys.contact[0] = id
		contacts, err := w.tx.Contacts(w.keys.contact[:]...)
		if err != nil {
			return nil, err
		}
		if contacts[0].MergedInto == "" {
			return &contacts[0], nil
		}
		id = contacts[0].MergedInto
	}
}

func displayName(a channel.Author) string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Handle != "":
		return a.Handle
	}
	return a.ID
}

// matter says which ticket the message belongs to: the conversation's own unless that is closed, or was solved too long ago; then a follow-up. Noise belongs to
// a ticket that is there and makes none: the change is nil.
func (w *work) matter(conv *conversation, e *channel.Event, contact *ticket.Contact, history bool, noise string) (*change, Outcome, error) {
	var followUpOf ticket.ID
	if conv.Ticket != "" {
		t, err := w.ticket(conv.Ticket)
		if err != nil {
			return nil, "", err
		}
		switch {
		case t.ID == "", t.Campaign > 0: // who writes something else is a customer again
		case history, !t.Status.Done(), noise != "" && t.Status == ticket.Solved:
			c, err := w.beginFor(t, contact)
			return c, Joined, err
		case t.Status == ticket.Solved:
			window, ever := w.company.reopenWindow(t.Visibility == channel.Private)
			if ever && e.Time.Sub(t.SolvedAt) <= window {
				c, err := w.beginFor(t, contact)
				return c, Reopened, err
			}
			followUpOf = t.ID
		case slices.Contains(t.Tags, spamTag):
			return nil, "", nil // what follows spam is spam
		default:
			followUpOf = t.ID
		}
	}
	if noise != "" {
		return nil, "", nil
	}
	t := ticket.Ticket{
		ID:     ticket.ID(hashID("ticket", e.Account.Platform, e.Account.ID, e.Message.ID)),
		Status: ticket.New, Subject: subjectLine(&e.Message), Account: e.Account, Visibility: e.Message.Visibility, Language: e.Message.Language,
		Conversations: []ticket.ConversationKey{conv.Key}, FollowUpOf: followUpOf, Created: e.Time,
	}
	outcome := Created
	if followUpOf != "" {
		outcome = FollowedUp
	}
	if contact != nil {
		t.Contact = contact.ID
		if t.Language == "" {
			t.Language = contact.Language
		}
	}
	if history {
		t.Status = ticket.Closed // the past is no work
	}
	c := w.beginArrival(&t, contact)
	c.journal(ticket.Entry{Kind: ticket.TicketCreated, Happened: e.Time, Received: e.Received, Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: e.Message.Author.ID}, Old: string(followUpOf)})
	return c, outcome, nil
}

// beginFor opens a ticket for change in which somebody wrote: its customer, another member of a group, or a party.
func (w *work) beginFor(t ticket.Ticket, author *ticket.Contact) (*change, error) {
	if t.Contact == "" || author != nil && author.ID == t.Contact {
		return w.beginArrival(&t, author), nil
	}
	customer, err := w.contact(t.Contact)
	return w.beginArrival(&t, customer), err
}

// elsewhere finds the same post where it reached another account of ours before: one that it names.
func (w *work) elsewhere(e *channel.Event) (*ticket.Message, error) {
	if e.Message.Visibility != channel.Public || len(e.Message.Mentions) == 0 {
		return nil, nil
	}
	others := w.d.named(e.Account, e.Message.Mentions)
	if len(others) == 0 {
		return nil, nil
	}
	refs := make([]ticket.MessageRef, len(others))
	for i, id := range others {
		refs[i] = ticket.MessageRef{Account: id, ID: e.Message.ID}
	}
	found, err := w.tx.MessagesByRef(refs...)
	if err != nil {
		return nil, err
	}
	for i := range found {
		if found[i].Ticket != "" {
			return &found[i], nil
		}
	}
	return nil, nil
}

// named returns our other accounts of the platform that a post names, in the order in which it does.
func (d *Desk) named(by channel.AccountID, mentions []string) (ids []channel.AccountID) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, name := range mentions {
		id := channel.AccountID{Platform: by.Platform, ID: name}
		if _, ours := d.channels[id]; !ours {
			id = d.handles[channel.AccountID{Platform: by.Platform, ID: strings.ToLower(name)}]
		}
		if !id.IsZero() && id != by && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// samePost joins a post to the ticket that it made when it reached another account of ours. The account that it names first answers.
func (w *work) samePost(e *channel.Event, conv *conversation, copied ticket.Message, known *ticket.Message, echoes []string) (Result, error) {
	c, err := w.load(known.Ticket)
	if err != nil {
		return Result{}, err
	}
	w.putApart(copied) // without a ticket, so that it is not shown twice; answers to it are found by it
	busy := false      // with another open ticket, which keeps its conversation
	if conv.Ticket != "" && conv.Ticket != c.ID {
		other, err := w.ticket(conv.Ticket)
		if err != nil {
			return Result{}, err
		}
		busy = other.ID != "" && other.ID != c.ID && !other.Status.Done()
	}
	if !busy {
		if conv.Line, conv.Part, err = c.placeOf(known); err != nil {
			return Result{}, err
		}
		conv.Ticket = c.ID
		if !slices.Contains(c.Conversations, conv.Key) {
			c.Conversations = append(slices.Clone(c.Conversations), conv.Key)
		}
	}
	hear(&conv.Conversation, e.Time, e.Message.Order, e.Message.ID)
	w.tx.PutConversation(conv.Conversation)
	if !busy {
		if err := w.adopt(c, &conv.Conversation, echoes); err != nil {
			return Result{}, err
		}
	}
	if first := w.d.named(channel.AccountID{Platform: e.Account.Platform}, e.Message.Mentions); len(first) > 0 && first[0] == e.Account {
		c.Account = e.Account
	}
	c.journal(ticket.Entry{
		Kind: ticket.MessageCompleted, Message: known.Key, Happened: e.Time, Received: e.Received, New: e.Account.String(), Reason: "it reached this account too",
	})
	c.finish()
	return Result{Outcome: Joined, Ticket: c.ID, Message: known.Key}, nil
}

// awaitRoot keeps a message in mind until the ancestor comes that its thread hangs on.
func (w *work) awaitRoot(p place, item early) error {
	if p.missing == "" {
		return nil
	}
	return w.keepEarly(ticket.MessageRef{Account: p.key.Account, ID: p.missing}, item)
}

// rekey moves a message's conversation to where it belongs, now that its author or its root is known, and joins the tickets.
func (w *work) rekey(key string) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := messages[0]
	if m.Key == "" || m.Direction != ticket.Inbound || m.Ticket == "" || !m.Deleted.IsZero() && m.Content.Author.ID == "" {
		return nil // the last: its author was erased
	}
	e := channel.Event{Kind: channel.MessageReceived, Account: m.Conversation.Account, Message: m.Content, Time: m.Content.Time, Received: m.Received}
	to, err := w.conversationOf(&e)
	if err != nil {
		return err
	}
	if m.Missing != to.missing {
		m.Missing = to.missing
		w.tx.PutMessage(m)
	}
	if err := w.awaitRoot(to, early{Reply: m.Key}); err != nil {
		return err
	}
	contact, err := w.contactOf(&e)
	if err == errErased {
		return nil
	}
	if err != nil {
		return err
	}
	if contact != nil {
		t, err := w.ticket(m.Ticket)
		if err != nil {
			return err
		}
		w.tookPart(contact.ID, &t)
	}
	if to.key == m.Conversation {
		return nil
	}
	convs, err := w.tx.Conversations(m.Conversation, to.key)
	if err != nil {
		return err
	}
	from, into := convs[0], convs[1]
	if from.Ticket == "" {
		return nil
	}
	begins := into.Ticket == ""
	if begins {
		into = from
		into.Key, into.Provisional, into.MovedTo = to.key, to.provisional, nil
	}
	if contact != nil && into.Contact == "" {
		into.Contact, into.Author = contact.ID, m.Content.Author
	}
	hear(&into, from.CustomerWrote, from.CustomerOrder, from.CustomerMessage)
	moved, kept := from.Ticket, into.Ticket
	if moved != kept {
		if apart, err := w.goesOn(&m, from, into); apart || err != nil {
			return err
		}
		from.Part = cmp.Or(from.Part, moved) // should they be taken apart, it goes where it was
	}
	from.Ticket, from.MovedTo = into.Ticket, &into.Key
	w.tx.PutConversation(from)
	w.tx.PutConversation(into)
	m.Conversation, m.Part = to.key, cmp.Or(m.Part, from.Part)
	w.tx.PutMessage(m)
	if moved != kept {
		a, err := w.ticket(moved)
		if err != nil {
			return err
		}
		b, err := w.ticket(kept)
		if err != nil || a.ID == b.ID {
			return err
		}
		if a.Created.Before(b.Created) {
			a, b = b, a
		}
		return w.merge(b.ID, merging{from: a.ID, actor: ticket.Actor{Kind: ticket.BySystem}, reason: "they are one conversation", oneLine: into.Line == ""})
	}
	c, err := w.load(kept)
	if err != nil {
		return err
	}
	i := slices.Index(c.Conversations, from.Key)
	c.Conversations = slices.Clone(c.Conversations)
	if i >= 0 {
		c.Conversations[i] = into.Key
	} else {
		c.Conversations = append(c.Conversations, into.Key)
	}
	if c.Contact == "" && contact != nil {
		c.Contact, c.contact = contact.ID, contact
	}
	c.journal(ticket.Entry{Kind: ticket.MessageCompleted, Message: m.Key, Happened: e.Time, Received: e.Received, Reason: "author or root are known now"})
	if begins {
		waiting, err := w.waiting(waitingEchoes(into.Key))
		if err == nil {
			err = w.adopt(c, &into, waiting)
		}
		if err != nil {
			return err
		}
	}
	c.finish()
	return nil
}

// controlChanged notes who holds a conversation that several apps share.
func (w *work) controlChanged(e *channel.Event) (Result, error) {
	key := ticket.ConversationKey{Account: e.Account, Visibility: channel.Private, Thread: e.Message.Thread}
	convs, err := w.tx.Conversations(key)
	if err != nil {
		return Result{}, err
	}
	conv := convs[0]
	conv.Key, conv.Away = key, e.Standby
	w.tx.PutConversation(conv)
	return Result{Outcome: Recorded, Ticket: conv.Ticket}, nil
}
