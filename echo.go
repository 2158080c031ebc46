package socialcrm

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// echoed takes in a post of the brand: one of the Desk's own coming back, a person's in the platform's own app, or another tool's.
func (w *work) echoed(e *channel.Event) (Result, error) {
	m := &e.Message
	m.Time = e.Time
	ref := ticket.MessageRef{Account: e.Account, ID: m.ID}
	if found, err := w.tx.MessagesByRef(ref); err != nil || found[0].Key != "" {
		return Result{Outcome: Duplicate, Ticket: found[0].Ticket, Message: found[0].Key}, err
	}
	convs, err := w.addressees(e)
	if err == errErased {
		return Result{Outcome: Dropped}, nil
	}
	if err != nil {
		return Result{}, err
	}
	for i := range convs {
		ours, err := w.unfinished(&convs[i], e)
		if err != nil {
			return Result{}, err
		}
		if ours != nil {
			return w.confirm(ours, channel.Sent{ID: m.ID, Thread: m.Thread, Time: e.Time, URL: m.URL})
		}
	}
	if ours, err := w.threadlessAnswer(e); err != nil {
		return Result{}, err
	} else if ours != nil {
		return w.confirm(ours, channel.Sent{ID: m.ID, Thread: m.Thread, Time: e.Time, URL: m.URL})
	}
	waiting, err := w.earlyFor(ref)
	if err != nil {
		return Result{}, err
	}
	stored := ticket.Message{
		Key: messageKey(ref), Direction: ticket.Outbound, Content: *m, Received: e.Received, Actor: ticket.Actor{Kind: ticket.ByAgent},
		Conversation: ticket.ConversationKey{Account: e.Account, Visibility: m.Visibility, Thread: m.Thread},
	}
	if m.Automated || e.App != "" && w.company.setup.Apps[e.App] != PersonApp {
		stored.Automated, stored.Actor = true, ticket.Actor{Kind: ticket.ByTool, ID: e.App}
	}
	r := Result{Outcome: Recorded, Message: stored.Key}
	if len(convs) == 0 {
		err = w.unaddressed(e, stored)
	} else {
		r.Outcome, r.Ticket = Joined, convs[0].Ticket
		stored.Ticket, stored.Conversation = convs[0].Ticket, convs[0].Key
		w.putMessage(stored)
		err = w.answeredIn(convs, &stored)
	}
	if err != nil {
		return Result{}, err
	}
	return r, w.catchUp(ref, waiting)
}

// answeredIn lets an own post count in every conversation that it addresses, once for each line of a ticket.
func (w *work) answeredIn(convs []ticket.Conversation, m *ticket.Message) error {
	told := make(map[ticket.ID][]string, len(convs)) // the lines of each ticket
	for _, conv := range convs {
		c, err := w.load(conv.Ticket)
		if err != nil {
			return err
		}
		line, said := c.line(&conv), *m
		before := told[c.ID]
		if slices.Contains(before, line) {
			continue
		}
		told[c.ID] = append(before, line)
		again := ""
		if len(before) > 0 {
			again = lineMark + line // each line hears of it by an event of its own
		}
		if party := c.PartyIn(conv.Key); party != nil {
			if said.Party = party.Contact; conv.Key == m.Conversation {
				w.putMessage(said)
			}
		}
		if err := c.answeredOutside(line, again, &said); err != nil {
			return err
		}
		c.finish()
	}
	return nil
}

// answeredOutside is what an own post that the Desk did not send means for a line of the ticket. One of the past is kept, and moves no clock.
func (c *change) answeredOutside(line, again string, m *ticket.Message) error {
	past, err := c.w.past(m)
	if err != nil {
		return err
	}
	if past {
		c.journal(ticket.Entry{Kind: ticket.MessageEchoed, Message: m.Key, Actor: m.Actor, Happened: m.Content.Time, Received: m.Received})
		return nil
	}
	return c.answeredOn(line, again, m, ticket.MessageEchoed)
}

// past reports whether an own post is from before its account's Since. It is not when it answers a question from after it, however the platform dates the two:
// that question would wait for ever.
func (w *work) past(m *ticket.Message) (bool, error) {
	since, err := w.since(m.Conversation.Account)
	if err != nil || !m.Content.Time.Before(since) || m.Content.Parent == "" {
		return err == nil && m.Content.Time.Before(since), err
	}
	found, err := w.byRef(ticket.MessageRef{Account: m.Conversation.Account, ID: m.Content.Parent})
	if err != nil {
		return false, err
	}
	question := &found[0]
	return question.Key == "" || question.Direction != ticket.Inbound || question.Content.Time.Before(since), nil
}

// addressees are the conversations with a ticket that an own post belongs to: in private its thread; in public that of its parent's author and of those whom it mentions.
// errErased: it is part of what was erased since.
func (w *work) addressees(e *channel.Event) ([]ticket.Conversation, error) {
	m := &e.Message
	var keys []ticket.ConversationKey
	var parent ticket.Message
	add := func(k ticket.ConversationKey) {
		if k.Thread != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	if m.Parent != "" {
		parents, err := w.byRef(ticket.MessageRef{Account: e.Account, ID: m.Parent})
		if err != nil {
			return nil, err
		}
		parent = parents[0]
		if p := parent; p.Key != "" && p.Conversation.Visibility == m.Visibility {
			add(p.Conversation)
			if m.Thread == "" {
				m.Thread = p.Conversation.Thread
			}
		}
	}
	if m.Thread == "" {
		m.Thread = m.Parent
	}
	if m.Thread == "" {
		m.Thread = m.ID
	}
	base := ticket.ConversationKey{Account: e.Account, Visibility: m.Visibility, Thread: m.Thread}
	if m.Visibility == channel.Private {
		add(base)
	} else {
		handles := make([]ticket.ValueKey, len(m.Mentions))
		for i, name := range m.Mentions {
			handles[i] = handleKey(e.Account.Platform, name)
			base.Author = name
			add(base)
		}
		ids, err := w.tx.Values(handles...)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			if base.Author = string(id.Data); base.Author != "" {
				add(base)
			}
		}
	}
	found, err := w.tx.Conversations(keys...)
	if err != nil {
		return nil, err
	}
	return w.notErased(found, &parent, e)
}

// waitingEchoes are own posts in a thread that belong to no ticket yet: the brand wrote first, or its answer came before the question.
func waitingEchoes(key ticket.ConversationKey) ticket.ValueKey {
	return ticket.ValueKey{Space: echoesSpace, Name: string(appendEchoesName(nil, &key))}
}

const echoesSpace = "echoes"

func appendEchoesName(b []byte, key *ticket.ConversationKey) []byte {
	b = append(append(append(b, key.Account.Platform...), '/'), key.Account.ID...)
	b = append(append(append(b, '#'), key.Visibility.String()...), '#')
	return append(b, key.Thread...)
}

// unaddressed keeps an own post that belongs to no ticket yet where the ticket that it belongs to will find it.
func (w *work) unaddressed(e *channel.Event, m ticket.Message) error {
	if m.Content.Parent != "" && m.Conversation.Thread == m.Content.Parent {
		m.Missing = m.Content.Parent
	}
	w.putMessage(m)
	w.append(ticket.Entry{Kind: ticket.MessageEchoed, Key: "echo/" + m.Key, Message: m.Key, Actor: m.Actor, Happened: e.Time, Received: e.Received})
	if m.Content.Parent != "" {
		if err := w.keepEarly(ticket.MessageRef{Account: e.Account, ID: m.Content.Parent}, early{Echo: m.Key}); err != nil {
			return err
		}
	}
	key := waitingEchoes(m.Conversation)
	waiting, err := w.waiting(key)
	if err != nil {
		return err
	}
	return w.putWaiting(key, append(waiting, m.Key))
}

func (w *work) waiting(key ticket.ValueKey) (waiting []string, err error) {
	values, err := w.tx.Values(key)
	if err != nil {
		return nil, err
	}
	return decode[string](&values[0])
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

// adopt takes the own posts of the thread that address the conversation's customer into its new ticket.
func (w *work) adopt(c *change, conv *ticket.Conversation, waiting []string) error {
	if len(waiting) == 0 {
		return nil
	}
	messages, err := w.tx.Messages(waiting...)
	if err != nil {
		return err
	}
	if err := c.remember(); err != nil { // one of them may end what another began
		return err
	}
	var left []string
	for _, m := range messages {
		switch {
		case m.Key == "" || m.Ticket != "":
		case addresses(&m.Content, conv):
			m.Ticket, m.Conversation = c.ID, conv.Key
			w.putMessage(m)
			line, err := c.lineAt(m.Conversation)
			if err != nil {
				return err
			}
			if err := c.answeredOutside(line, "", &m); err != nil {
				return err
			}
		default:
			left = append(left, m.Key)
		}
	}
	return w.putWaiting(waitingEchoes(conv.Key), left)
}

// addresses reports whether an own post in the conversation's thread is meant for its customer: in private always, in public when it answers or mentions the customer.
func addresses(post *channel.Message, conv *ticket.Conversation) bool {
	if conv.Key.Visibility == channel.Private || post.Parent != "" && post.Parent == conv.CustomerMessage {
		return true
	}
	return slices.ContainsFunc(post.Mentions, func(name string) bool {
		return name == conv.Author.ID || conv.Author.Handle != "" && strings.EqualFold(name, conv.Author.Handle)
	})
}

// lineMark is before the line in the key of what an own post means on a further line.
const lineMark = "@"

// echoOf is the event that told of an own post.
func echoOf(m *ticket.Message) channel.Event {
	return channel.Event{Kind: channel.MessageEchoed, Account: m.Conversation.Account, Message: m.Content, Time: m.Content.Time, Received: m.Received}
}

// adoptLate files an own post whose question has come only now.
func (w *work) adoptLate(key string) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := messages[0]
	if m.Key == "" || m.Ticket != "" {
		return nil
	}
	e := echoOf(&m)
	if m.Missing != "" {
		e.Message.Thread = "" // it was a guess; the parent knows better
	}
	convs, err := w.addressees(&e)
	if err == errErased {
		(&forgotten{w: w}).empty(&m)
		w.tx.PutMessage(m)
		return nil
	}
	if err != nil {
		return err
	}
	m.Missing, m.Conversation.Thread = "", e.Message.Thread
	if len(convs) > 0 {
		m.Ticket, m.Conversation = convs[0].Ticket, convs[0].Key
	}
	w.putMessage(m)
	return w.answeredIn(convs, &m)
}

// answerMark is where an answer stands among what happened to the ticket: where the platform's time and order say. An answer whose order the platform does not
// tell is not before the message that it answers, as it would seem where times are whole seconds, or clocks differ.
func (c *change) answerMark(m *ticket.Message) (sla.Mark, error) {
	mark := sla.Mark{Time: m.Content.Time, Order: m.Content.Order, Key: m.Key}
	if m.Content.Parent == "" || m.Content.Order != "" {
		return mark, nil
	}
	found, err := c.w.byRef(ticket.MessageRef{Account: m.Conversation.Account, ID: m.Content.Parent})
	if err != nil || found[0].Direction != ticket.Inbound || found[0].Key == "" {
		return mark, err
	}
	question := &found[0].Content
	if mark.Compare(sla.Mark{Time: question.Time, Order: question.Order, Key: found[0].Key}) <= 0 {
		mark.Time, mark.Order = question.Time, question.Order+"~"
	}
	return mark, nil
}

// answered is what a post that the customer can see means for the ticket.
func (c *change) answered(m *ticket.Message, kind ticket.EntryKind) error {
	line, err := c.lineAt(m.Conversation)
	if err != nil {
		return err
	}
	return c.answeredOn(line, "", m, kind)
}

// answeredOn is answered for a line of the ticket; again tells one line's event from another's. What a party was answered is no answer to the customer,
// and what never arrived is none to anybody, unless the platform says later that it did.
func (c *change) answeredOn(line, again string, m *ticket.Message, kind ticket.EntryKind) error {
	if m.Party != "" {
		c.journal(ticket.Entry{Kind: kind, Message: m.Key, Actor: m.Actor, Happened: m.Content.Time, Received: m.Received})
		return nil
	}
	mark, err := c.answerMark(m)
	if err != nil {
		return err
	}
	mark.Key += again
	clock, err := c.fold(sla.Event{Kind: sla.Answered, Mark: mark, Line: line, Automated: m.Automated})
	if err != nil {
		return err
	}
	c.journal(ticket.Entry{Kind: kind, Message: m.Key, Actor: m.Actor, Happened: m.Content.Time, Received: m.Received, Clock: clock})
	if m.State == ticket.PostFailed {
		if clock, err = c.fold(sla.Event{Kind: sla.AnswerWithdrawn, Mark: mark, Line: line}); err != nil {
			return err
		}
		c.journal(ticket.Entry{Kind: ticket.ReplyFailed, Message: m.Key, Actor: m.Actor, Happened: m.Content.Time, Reason: "it failed before it was known what it answers", Clock: clock})
		return nil
	}
	if m.Automated || c.Clocks.Asked.IsZero() || mark.Time.Before(c.Clocks.Asked) {
		return nil // no person's answer, or said before the customer asked
	}
	if mark.Time.After(c.Answered) {
		c.Answered = mark.Time
	}
	c.Late = false
	if c.Status == ticket.New {
		return c.setStatus(ticket.Open, mark.Time, mark.Order, m.Key+"/open", m.Actor, "answered")
	}
	return nil
}
