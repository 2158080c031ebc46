package socialcrm

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// conversationOf says which conversation a customer's message belongs to: (account, thread, author) in public, (account, thread) in private. Where author or
// root are not known the conversation is provisional, keyed by the message and shared with none.
func (w *work) conversationOf(e *channel.Event) (key ticket.ConversationKey, provisional bool, err error) {
	m := &e.Message
	key = ticket.ConversationKey{Account: e.Account, Visibility: m.Visibility, Thread: m.Thread}
	if key.Thread == "" && m.Parent != "" {
		parents, err := w.tx.MessagesByRef(ticket.MessageRef{Account: e.Account, ID: m.Parent})
		if err != nil {
			return key, false, err
		}
		if p := parents[0]; p.Key != "" && p.Conversation.Visibility == m.Visibility {
			key.Thread = p.Conversation.Thread
		} else {
			key.Thread = m.Parent
		}
	}
	if m.Visibility == channel.Private {
		if key.Thread == "" {
			key.Thread = m.Author.ID // a private conversation without an ID of its own is the one with its author
		}
		if key.Thread == "" {
			key.Thread, provisional = m.ID, true
		}
		return key, provisional, nil
	}
	if m.Author.ID == "" {
		key.Thread = m.ID
		return key, true, nil
	}
	key.Author = m.Author.ID
	if key.Thread == "" {
		key.Thread = m.ID
	}
	return key, false, nil
}

// contactOf returns who wrote, making the contact at the first message of an identity; nil when the platform did not say who.
func (w *work) contactOf(e *channel.Event) (*ticket.Contact, error) {
	author := e.Message.Author
	if author.ID == "" {
		return nil, nil
	}
	key := ticket.IdentityKey{Platform: e.Account.Platform, ID: author.ID}
	known, err := w.tx.Identities(key)
	if err != nil {
		return nil, err
	}
	if identity := known[0]; identity.Contact != "" {
		id := identity.Contact
		for {
			contacts, err := w.tx.Contacts(id)
			if err != nil {
				return nil, err
			}
			if contacts[0].MergedInto == "" {
				return &contacts[0], nil
			}
			id = contacts[0].MergedInto
		}
	}
	contact := ticket.Contact{
		ID: ticket.ContactID(hashID("contact", key.Platform, key.ID)), Version: 1, Name: displayName(author), Language: author.Language,
		Identities: []ticket.IdentityKey{key}, Created: e.Time, Updated: w.now,
	}
	if author.Email != "" {
		contact.Emails = []string{author.Email}
	}
	if author.Phone != "" {
		contact.Phones = []string{author.Phone}
	}
	w.tx.PutContact(contact)
	w.tx.PutIdentity(ticket.Identity{Key: key, Contact: contact.ID, Author: author, Seen: e.Time})
	w.append(ticket.Entry{
		Kind: ticket.ContactCreated, Key: "contact/" + string(contact.ID), Contact: contact.ID, Happened: e.Time, Received: e.Received,
		Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: author.ID}, New: contact.Name,
	})
	return &contact, nil
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

// matter says which ticket the message belongs to: the conversation's own unless that is closed, or was solved too long ago; then a follow-up.
func (w *work) matter(conv *ticket.Conversation, e *channel.Event, contact *ticket.Contact, history bool) (*change, Outcome, error) {
	var followUpOf ticket.ID
	if conv.Ticket != "" {
		t, err := w.ticket(conv.Ticket)
		if err != nil {
			return nil, "", err
		}
		switch {
		case t.ID == "":
		case history, t.Status == ticket.New, t.Status == ticket.Open, t.Status == ticket.Pending, t.Status == ticket.OnHold:
			return w.begin(t, contact), Joined, nil
		case t.Status == ticket.Solved:
			window, ever := w.company.reopenWindow(t.Visibility == channel.Private)
			if ever && e.Time.Sub(t.SolvedAt) <= window {
				return w.begin(t, contact), Reopened, nil
			}
			followUpOf = t.ID
		default:
			followUpOf = t.ID
		}
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
	c := w.begin(t, contact)
	c.journal(ticket.Entry{Kind: ticket.TicketCreated, Happened: e.Time, Received: e.Received, Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: e.Message.Author.ID}, Old: string(followUpOf), New: c.Subject})
	return c, outcome, nil
}

// waitingEchoes are own posts in a thread that belong to no ticket yet: the brand wrote first, or its answer came before the question.
func waitingEchoes(key ticket.ConversationKey) ticket.ValueKey {
	return ticket.ValueKey{Space: "echoes", Name: key.Account.String() + "#" + key.Visibility.String() + "#" + key.Thread}
}

// adopt takes the own posts of the thread that address the conversation's customer into its new ticket.
func (w *work) adopt(c *change, conv *ticket.Conversation) error {
	key := waitingEchoes(conv.Key)
	values, err := w.tx.Values(key)
	if err != nil || values[0].Data == nil {
		return err
	}
	var waiting, left []string
	if err := json.Unmarshal(values[0].Data, &waiting); err != nil {
		return err
	}
	messages, err := w.tx.Messages(waiting...)
	if err != nil {
		return err
	}
	for _, m := range messages {
		if m.Key == "" || !addresses(&m.Content, conv) {
			left = append(left, m.Key)
			continue
		}
		m.Ticket, m.Conversation = c.ID, conv.Key
		w.tx.PutMessage(m)
		if err := c.answered(&m, ticket.MessageEchoed); err != nil {
			return err
		}
	}
	return w.putWaiting(key, left)
}

func (w *work) putWaiting(key ticket.ValueKey, waiting []string) error {
	if len(waiting) == 0 {
		w.tx.DeleteValue(key)
		return nil
	}
	data, err := json.Marshal(waiting)
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: key, Data: data})
	}
	return err
}

// addresses reports whether an own post in the conversation's thread is meant for its customer: in private always, in public when it answers or mentions the customer.
func addresses(post *channel.Message, conv *ticket.Conversation) bool {
	if conv.Key.Visibility == channel.Private || post.Parent != "" && post.Parent == conv.CustomerMessage {
		return true
	}
	return slices.ContainsFunc(post.Mentions, func(name string) bool {
		return name == conv.Author.ID || strings.EqualFold(name, conv.Author.Handle)
	})
}

// echoed takes in a post of the brand: one of the Desk's own coming back, a person's in the platform's own app, or another tool's.
func (w *work) echoed(e *channel.Event, acc *account) (Result, error) {
	m := &e.Message
	m.Time = e.Time
	ref := ticket.MessageRef{Account: e.Account, ID: m.ID}
	if found, err := w.tx.MessagesByRef(ref); err != nil || found[0].Key != "" {
		return Result{Outcome: Duplicate, Ticket: found[0].Ticket, Message: found[0].Key}, err
	}
	convs, err := w.addressees(e)
	if err != nil {
		return Result{}, err
	}
	stored := ticket.Message{
		Key: messageKey(ref), Direction: ticket.Outbound, Content: *m, Received: e.Received, Actor: ticket.Actor{Kind: ticket.ByAgent},
		Conversation: ticket.ConversationKey{Account: e.Account, Visibility: m.Visibility, Thread: m.Thread},
	}
	if e.App != "" && w.company.setup.Apps[e.App] != PersonApp {
		stored.Automated, stored.Actor = true, ticket.Actor{Kind: ticket.ByTool, ID: e.App}
	}
	if len(convs) == 0 {
		w.tx.PutMessage(stored)
		w.append(ticket.Entry{Kind: ticket.MessageEchoed, Key: "echo/" + stored.Key, Message: stored.Key, Actor: stored.Actor, Happened: e.Time, Received: e.Received})
		key := waitingEchoes(stored.Conversation)
		values, err := w.tx.Values(key)
		if err != nil {
			return Result{}, err
		}
		var waiting []string
		if values[0].Data != nil {
			if err := json.Unmarshal(values[0].Data, &waiting); err != nil {
				return Result{}, err
			}
		}
		return Result{Outcome: Recorded, Message: stored.Key}, w.putWaiting(key, append(waiting, stored.Key))
	}
	for i := range convs {
		ours, err := w.unfinished(&convs[i], e)
		if err != nil {
			return Result{}, err
		}
		if ours != nil {
			return w.confirm(ours, channel.Sent{ID: m.ID, Thread: m.Thread, Time: e.Time, URL: m.URL}, e)
		}
	}
	stored.Ticket, stored.Conversation = convs[0].Ticket, convs[0].Key
	w.tx.PutMessage(stored)
	history := e.Time.Before(acc.since)
	for _, conv := range convs {
		c, err := w.load(conv.Ticket)
		if err != nil {
			return Result{}, err
		}
		if history {
			c.journal(ticket.Entry{Kind: ticket.MessageEchoed, Message: stored.Key, Actor: stored.Actor, Happened: e.Time, Received: e.Received})
		} else if err := c.answered(&stored, ticket.MessageEchoed); err != nil {
			return Result{}, err
		}
		c.finish()
	}
	return Result{Outcome: Joined, Ticket: stored.Ticket, Message: stored.Key}, nil
}

// addressees are the conversations with a ticket that an own post belongs to: in private its thread; in public that of its parent's author and of those whom it mentions.
func (w *work) addressees(e *channel.Event) ([]ticket.Conversation, error) {
	m := &e.Message
	var keys []ticket.ConversationKey
	add := func(k ticket.ConversationKey) {
		if k.Thread != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	if m.Parent != "" {
		parents, err := w.tx.MessagesByRef(ticket.MessageRef{Account: e.Account, ID: m.Parent})
		if err != nil {
			return nil, err
		}
		if p := parents[0]; p.Ticket != "" && p.Conversation.Visibility == m.Visibility {
			add(p.Conversation)
			if m.Thread == "" {
				m.Thread = p.Conversation.Thread
			}
		}
	}
	thread := m.Thread
	if thread == "" {
		thread = m.Parent
	}
	if thread == "" {
		thread = m.ID
	}
	m.Thread = thread
	base := ticket.ConversationKey{Account: e.Account, Visibility: m.Visibility, Thread: thread}
	if m.Visibility == channel.Private {
		add(base)
	} else {
		for _, name := range m.Mentions {
			base.Author = name
			add(base)
		}
	}
	found, err := w.tx.Conversations(keys...)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(found, func(c ticket.Conversation) bool { return c.Ticket == "" }), nil
}

// answered is what a post that the customer can see means for the ticket.
func (c *change) answered(m *ticket.Message, kind ticket.EntryKind) error {
	clock, err := c.fold(sla.Event{Kind: sla.Answered, Mark: sla.Mark{Time: m.Content.Time, Order: m.Content.Order, Key: m.Key}, Automated: m.Automated})
	if err != nil {
		return err
	}
	c.journal(ticket.Entry{Kind: kind, Message: m.Key, Actor: m.Actor, Happened: m.Content.Time, Received: m.Received, Clock: clock})
	if m.Automated || c.Clocks.Asked.IsZero() || m.Content.Time.Before(c.Clocks.Asked) {
		return nil // no person's answer, or said before the customer asked
	}
	if m.Content.Time.After(c.Answered) {
		c.Answered = m.Content.Time
	}
	c.Late = false
	if c.Status == ticket.New {
		return c.setStatus(ticket.Open, m.Content.Time, m.Content.Order, m.Key+"/open", m.Actor, "answered")
	}
	return nil
}

// altered takes in what happened to a message that is there: an edit, a deletion, a reaction, moderation elsewhere. It never makes a ticket.
func (w *work) altered(e *channel.Event) (Result, error) {
	id := e.Message.ID
	if e.FormerID != "" {
		id = e.FormerID
	}
	found, err := w.tx.MessagesByRef(ticket.MessageRef{Account: e.Account, ID: id})
	if err != nil || found[0].Key == "" {
		return Result{Outcome: Recorded}, err
	}
	m := found[0]
	entry := ticket.Entry{Message: m.Key, Happened: e.Time, Received: e.Received, Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: m.Content.Author.ID}}
	switch e.Kind {
	case channel.MessageEdited:
		if e.Message.Revision == "" && e.Message.Text == m.Content.Text || e.Message.Revision != "" && e.Message.Revision <= m.Content.Revision {
			return Result{Outcome: Duplicate, Ticket: m.Ticket, Message: m.Key}, nil
		}
		entry.Kind, entry.Old, entry.New = ticket.MessageEdited, m.Content.Text, e.Message.Text
		m.Content.ID, m.Content.Text, m.Content.Revision, m.Edited = e.Message.ID, e.Message.Text, e.Message.Revision, e.Time
		if len(e.Message.Attachments) > 0 {
			m.Content.Attachments = e.Message.Attachments
		}
	case channel.MessageDeleted:
		if !m.Deleted.IsZero() {
			return Result{Outcome: Duplicate, Ticket: m.Ticket, Message: m.Key}, nil
		}
		entry.Kind, m.Deleted = ticket.MessageDeleted, e.Time
		if e.Honour {
			m.Content.Text, m.Content.Attachments = "", nil
		}
	case channel.ReactionChanged:
		entry.Kind, entry.New = ticket.MessageReaction, e.Reaction.Name
		entry.Actor.ID = e.Reaction.Author.ID
		if e.Reaction.Removed {
			entry.Old, entry.New = e.Reaction.Name, ""
		}
	case channel.MessageModerated:
		entry.Kind, entry.New, entry.Actor = ticket.MessageModerated, string(e.Action), ticket.Actor{Kind: ticket.ByTool}
	}
	w.tx.PutMessage(m)
	if m.Ticket == "" {
		entry.Key = "message/" + m.Key + "/" + string(e.Kind) + "/" + strconv.FormatInt(e.Time.UnixNano(), 10)
		w.append(entry)
		return Result{Outcome: Recorded, Message: m.Key}, nil
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return Result{}, err
	}
	c.journal(entry)
	c.finish()
	return Result{Outcome: Joined, Ticket: c.ID, Message: m.Key}, nil
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
