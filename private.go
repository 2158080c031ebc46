package socialcrm

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// MovePrivate leads a customer from the public wall into a private conversation, by an answer in private to a public message: InReplyTo, or the latest public one. The
// platform allows one for a message, so it is never split, and automated only where the platform permits that (channel.Traits.AutomatedPrivateReply); attachments and templates
// are not taken. Without a text it says what the ticket's offer does (Ticket.Private). Once it is out, the private conversation
// belongs to the ticket, and the customer's identity there to the same contact: one context, one agent, one set of clocks. It goes out, is drafted and fails as a Reply
// does. Errors: as for Reply; ErrInvalid where the channel is no channel.PrivateReplier or the text is too long for one post, ErrConflict when the message was
// answered in private before. Desk.Link leads to another platform.
func (d *Desk) MovePrivate(ctx context.Context, id ticket.ID, by By, r Reply) (Receipt, error) {
	return d.verb(ctx, VerbMovePrivate, id, by, r, func(w *work, c *change) (_ Receipt, err error) {
		reply := r
		c.takeUp(&reply)
		if reply.InReplyTo == "" && reply.Party == "" {
			if reply.InReplyTo, err = w.latestIn(c, id, true); err != nil {
				return Receipt{}, err
			}
		}
		return w.submit(c, by, draft{Reply: reply, Private: true})
	})
}

// composePrivate checks an answer in private and makes it ready to be stored.
func (w *work) composePrivate(c *change, actor ticket.Actor, r *Reply) (p post, err error) {
	if err := worthSending(c, r); err != nil {
		return p, err
	}
	if len(r.Attachments) > 0 || r.Template != nil {
		return p, fmt.Errorf("an answer in private is one text: %w", ErrInvalid)
	}
	if p.conv, p.to, err = w.answeringPublic(c, r.InReplyTo, r.Party); err != nil {
		return p, err
	}
	if err := w.sure(&p.conv, true, r.Requires); err != nil {
		return p, err
	}
	account := p.conv.Key.Account
	acc := w.d.channelOf(account)
	if acc == nil {
		return p, fmt.Errorf("account %s is not known: %w", account, ErrInvalid)
	}
	if _, able := acc.Channel.(channel.PrivateReplier); !able {
		return p, fmt.Errorf("account %s cannot answer in private: %w", account, ErrInvalid)
	}
	before, err := w.privateAnswer(ticket.MessageRef{Account: account, ID: p.to})
	if err != nil {
		return p, err
	}
	if before != nil {
		return p, fmt.Errorf("message %s was answered in private by %s: %w", p.to, before.Key, ErrConflict)
	}
	traits := acc.Traits(channel.Private)
	if (r.Automated || actor.Kind == ticket.BySystem || actor.Kind == ticket.ByTool) && (!r.Automated || !traits.AutomatedPrivateReply) {
		return p, fmt.Errorf("an answer in private is by a person: %w", ErrInvalid)
	}
	w.sign(c, actor, r)
	if p.texts, err = channel.Split(r.Text, r.Signature, traits); err != nil {
		return p, fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	if len(p.texts) != 1 {
		return p, fmt.Errorf("the text counts %d, an answer in private has room for %d: %w", traits.Length(r.Text), traits.MaxText, ErrInvalid)
	}
	return p, nil
}

// answeringPublic finds the public conversation whose customer is led away, and the message to answer.
func (w *work) answeringPublic(c *change, inReplyTo string, party ticket.ContactID) (ticket.Conversation, string, error) {
	if inReplyTo != "" || party != "" {
		p, err := w.answering(c, inReplyTo, party)
		switch {
		case err != nil:
		case p.party != "":
			err = fmt.Errorf("only the customer is led into a private conversation: %w", ErrInvalid)
		case p.conv.Key.Visibility != channel.Public:
			err = fmt.Errorf("message %s is private already: %w", inReplyTo, ErrInvalid)
		}
		return p.conv, p.to, err
	}
	if c.Campaign > 0 {
		return ticket.Conversation{}, "", errWhichOfMany
	}
	convs, err := w.tx.Conversations(c.Conversations...)
	if err != nil {
		return ticket.Conversation{}, "", err
	}
	convs = slices.DeleteFunc(convs, func(v ticket.Conversation) bool {
		return v.Ticket != c.ID || v.MovedTo != nil || v.Key.Visibility != channel.Public || v.CustomerMessage == "" || c.PartyIn(v.Key) != nil
	})
	if len(convs) == 0 {
		return ticket.Conversation{}, "", fmt.Errorf("it has no public message to answer in private: %w", ErrInvalid)
	}
	latest := slices.MaxFunc(convs, func(a, b ticket.Conversation) int { return a.CustomerWrote.Compare(b.CustomerWrote) })
	return latest, latest.CustomerMessage, nil
}

// privateAnswerKey remembers the answer in private to a public message; threadlessKey the posts of an account whose private thread is not known yet.
func privateAnswerKey(ref ticket.MessageRef) ticket.ValueKey {
	return ticket.ValueKey{Space: "private", Name: messageKey(ref)}
}

func threadlessKey(account channel.AccountID) ticket.ValueKey {
	return ticket.ValueKey{Space: "private/awaited", Name: account.String()}
}

// privateAnswer returns the post that answers a public message in private, or is about to; nil when there is none.
func (w *work) privateAnswer(ref ticket.MessageRef) (*ticket.Message, error) {
	values, err := w.tx.Values(privateAnswerKey(ref))
	if err != nil || values[0].Data == nil {
		return nil, err
	}
	messages, err := w.tx.Messages(string(values[0].Data))
	if err != nil {
		return nil, err
	}
	m := &messages[0]
	if m.Post == nil || m.Post.State == ticket.PostFailed || m.Post.State == ticket.PostCancelled {
		return nil, nil
	}
	return m, nil
}

// replyPrivately stores an answer in private and the task to send it.
func (w *work) replyPrivately(c *change, actor ticket.Actor, r Reply) (Receipt, error) {
	p, err := w.composePrivate(c, actor, &r)
	if err != nil {
		return Receipt{}, err
	}
	key := c.newKey("private")
	m := ticket.Message{
		Key: key, Ticket: c.ID, Conversation: p.conv.Key, Direction: ticket.Outbound, Actor: actor, Automated: r.Automated, Received: w.now,
		Content: channel.Message{Parent: p.to, Visibility: channel.Private, Text: p.texts[0], Time: w.now},
		Post: &ticket.Post{Reply: key, State: ticket.PostQueued, Then: r.Then, Requires: r.Requires, Private: true, Out: channel.Outgoing{
			Key: key, Account: p.conv.Key.Account, Visibility: channel.Private, To: p.conv.Author, InReplyTo: p.to, CustomerWrote: p.conv.CustomerWrote,
			Text: p.texts[0], Signature: r.Signature, Automated: r.Automated,
		}},
	}
	w.putMessage(m)
	w.tx.Schedule(sendTask(&m, w.now))
	w.tx.PutValue(ticket.Value{Key: privateAnswerKey(ticket.MessageRef{Account: p.conv.Key.Account, ID: p.to}), Data: []byte(key)})
	awaited, err := w.waiting(threadlessKey(p.conv.Key.Account))
	if err != nil {
		return Receipt{}, err
	}
	if err := w.putWaiting(threadlessKey(p.conv.Key.Account), append(awaited, key)); err != nil {
		return Receipt{}, err
	}
	if !r.Automated {
		c.Private = ticket.PrivateOffer{} // until then it stands, should this not go out
	}
	p.conv.Unfinished = append(p.conv.Unfinished, key)
	w.tx.PutConversation(p.conv)
	c.journal(ticket.Entry{Kind: ticket.ReplyQueued, Message: key, Actor: actor})
	return Receipt{Messages: []string{key}}, nil
}

// carryOut makes one post, and tells who the customer is in private where the post led there.
func (a *account) carryOut(ctx context.Context, post *ticket.Post) (channel.PrivateReply, error) {
	if !post.Private {
		sent, err := a.Send(ctx, post.Out)
		return channel.PrivateReply{Sent: sent}, err
	}
	replier, able := a.Channel.(channel.PrivateReplier)
	if !able {
		return channel.PrivateReply{}, &remote.Error{Op: "answer in private to " + post.Out.InReplyTo, Kind: remote.Rejected, Message: "account " + a.account.AccountID.String() + " cannot"}
	}
	return replier.ReplyPrivately(ctx, post.Out)
}

// threadlessAnswer finds the answer in private that an echo is, before the platform said in which thread it is.
func (w *work) threadlessAnswer(e *channel.Event) (*ticket.Message, error) {
	if e.Message.Visibility != channel.Private {
		return nil, nil
	}
	keys, err := w.waiting(threadlessKey(e.Account))
	if err != nil || len(keys) == 0 {
		return nil, err
	}
	return w.unfinished(&ticket.Conversation{Unfinished: keys}, e)
}

// moved binds the private conversation that a post led to: to the post's ticket, and the customer's identity there to the ticket's contact. It may be called again
// when more is known. A matter that is open in that conversation already is merged: in one private thread nobody can tell two matters apart.
func (w *work) moved(key string, author channel.Author) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := messages[0]
	thread := m.Content.Thread
	if thread == "" {
		thread = author.ID // a private conversation without an ID of its own is the one with its author
	}
	if m.Post == nil || m.Content.ID == "" || thread == "" || !m.Deleted.IsZero() {
		return nil
	}
	if err := w.notAwaited(m.Post.Out.Account, key); err != nil {
		return err
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	convs, err := w.tx.Conversations(ticket.ConversationKey{Account: m.Post.Out.Account, Visibility: channel.Private, Thread: thread})
	if err != nil {
		return err
	}
	conv := convs[0]
	conv.Key = ticket.ConversationKey{Account: m.Post.Out.Account, Visibility: channel.Private, Thread: thread}
	was := conv.Ticket
	switch {
	case conv.Author.ID == "":
		conv.Author = author
	case author.ID == "":
		author = conv.Author // they were faster than the news of where they were led
	}
	if conv.Contact == "" || author.ID != "" {
		conv.Contact = c.Contact
	}
	switch {
	case was == "": // it goes on where the customer was led from: one set of clocks
		if conv.Line, conv.Part, err = c.placeOf(&m); err != nil {
			return err
		}
	case was != c.ID: // what was asked there before is answered there
		conv.Line, conv.Part = cmp.Or(conv.Line, string(was)), cmp.Or(conv.Part, was)
	}
	conv.Ticket = c.ID
	w.tx.PutConversation(conv)
	m.Conversation, m.Content.Thread = conv.Key, thread
	w.putMessage(m)
	if c.contact != nil {
		if c.contact, err = w.introduce(c.contact, m.Conversation.Account.Platform, author); err != nil {
			return err
		}
	}
	if err := w.join(c, was, conv.Key, m.Key, "answered in private"); err != nil {
		return err
	}
	if len(c.entries) > 0 {
		c.finish()
	}
	return nil
}

// join makes a conversation, which led to the ticket was so far, one of the ticket's.
func (w *work) join(c *change, was ticket.ID, conv ticket.ConversationKey, message, reason string) error {
	c.Private = ticket.PrivateOffer{}
	if !slices.Contains(c.Conversations, conv) {
		c.Conversations = append(slices.Clone(c.Conversations), conv)
		c.journal(ticket.Entry{
			Kind: ticket.TicketMoved, Message: message, Actor: ticket.Actor{Kind: ticket.BySystem}, Reason: reason,
			New: conv.Account.String() + " " + conv.Visibility.String() + " " + conv.Thread,
		})
	}
	if was == "" || was == c.ID {
		return nil
	}
	other, err := w.ticket(was)
	if err != nil || other.ID == "" || other.ID == c.ID || other.Status.Done() || c.Status == ticket.Closed {
		return err
	}
	return w.absorb(c, merging{from: other.ID, actor: ticket.Actor{Kind: ticket.BySystem}, reason: "they go on in one private conversation"})
}

func (w *work) notAwaited(account channel.AccountID, key string) error {
	awaited, err := w.waiting(threadlessKey(account))
	i := slices.Index(awaited, key)
	if err != nil || i < 0 {
		return err
	}
	return w.putWaiting(threadlessKey(account), slices.Delete(awaited, i, i+1))
}

// introduce gives a contact a further identity, for which the platform vouches, and returns the contact as it then is. Where the identity was somebody's already, the
// two are one person: they are merged, unless a person took them apart or they are of different kinds.
func (w *work) introduce(contact *ticket.Contact, platform string, author channel.Author) (*ticket.Contact, error) {
	if author.ID == "" || contact.ID == "" {
		return contact, nil
	}
	const vouched = "the platform says that it is the same person"
	key := ticket.IdentityKey{Platform: platform, ID: author.ID}
	met, err := w.tx.Identities(key)
	if err != nil {
		return nil, err
	}
	if met[0].Contact != "" {
		other, err := w.contact(met[0].Contact)
		if err != nil || other.ID == contact.ID {
			return contact, err
		}
		apart, err := w.tx.Values(apartKey(contact.ID, other.ID))
		if err != nil || apart[0].Data != nil || other.Kind != contact.Kind {
			return contact, err
		}
		into := *contact
		if err := w.mergeContacts(into, *other, ticket.Actor{Kind: ticket.BySystem}, vouched, known); err != nil {
			return nil, err
		}
		return w.contact(into.ID)
	}
	w.tx.PutIdentity(ticket.Identity{Key: key, Contact: contact.ID, Author: author, Erased: met[0].Erased})
	c := *contact
	c.Identities = append(slices.Clone(c.Identities), key)
	w.putContacts(&c)
	w.append(ticket.Entry{
		Kind: ticket.ContactChanged, Key: w.contactEntryKey(&c, "identity"), Contact: c.ID, Actor: ticket.Actor{Kind: ticket.BySystem},
		New: key.Platform + "/" + key.ID, Reason: vouched,
	})
	return &c, nil
}

// introduced lets the first message in a private conversation that we opened tell who the customer is there, where the platform had not said.
func (w *work) introduced(conv *conversation, e *channel.Event) error {
	if conv.Key.Visibility != channel.Private || conv.Contact == "" || conv.Author.ID != "" {
		return nil
	}
	identities, err := w.tx.Identities(ticket.IdentityKey{Platform: e.Account.Platform, ID: e.Message.Author.ID})
	if err != nil || !e.Time.After(identities[0].Erased) {
		return err
	}
	contact, err := w.contact(conv.Contact)
	if err == nil {
		_, err = w.introduce(contact, e.Account.Platform, e.Message.Author)
	}
	return err
}
