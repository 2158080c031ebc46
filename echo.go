package socialcrm

import (
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
	to, err := w.addressees(e)
	if err == errErased {
		return Result{Outcome: Dropped}, nil
	}
	if err != nil {
		return Result{}, err
	}
	for i := range to.convs {
		ours, err := w.unfinished(&to.convs[i], e)
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
	if m.Parent != "" && m.Thread == m.Parent && !to.parent {
		stored.Missing = m.Parent // its thread is a guess
	}
	r := Result{Outcome: Recorded, Message: stored.Key}
	if len(to.convs) == 0 {
		w.putMessage(stored)
		w.append(ticket.Entry{Kind: ticket.MessageEchoed, Key: "echo/" + stored.Key, Message: stored.Key, Actor: stored.Actor, Happened: e.Time, Received: e.Received})
	} else {
		first := to.convs[0]
		r.Outcome, r.Ticket = Joined, first.Ticket
		stored.Ticket, stored.Conversation = first.Ticket, first.Key
		w.putMessage(stored)
		err = w.answeredIn(to.convs, &stored, false)
	}
	if err == nil {
		err = w.await(&stored, to)
	}
	if err != nil {
		return Result{}, err
	}
	return r, w.catchUp(ref, waiting)
}

// answeredIn lets an own post count in every conversation that it addresses, once for each line of a ticket; again: it counts in some of them already.
func (w *work) answeredIn(convs []ticket.Conversation, m *ticket.Message, again bool) error {
	told := make(map[ticket.ID][]string, len(convs)) // the lines of each ticket
	for _, conv := range convs {
		c, err := w.load(conv.Ticket)
		if err != nil {
			return err
		}
		line, said := c.line(&conv), *m
		said.Conversation = conv.Key
		before, known := told[c.ID]
		if again && !known {
			if before, err = c.toldOf(m); err != nil {
				return err
			}
		}
		if told[c.ID] = before; slices.Contains(before, line) {
			continue
		}
		told[c.ID] = append(before, line)
		mark := ""
		if len(before) > 0 {
			mark = lineMark + line // each line hears of it by an event of its own
		}
		if party := c.PartyIn(conv.Key); party != nil {
			if said.Party = party.Contact; conv.Key == m.Conversation {
				w.putMessage(said)
			}
		}
		if err := c.answeredOutside(line, mark, &said); err != nil {
			return err
		}
		c.finish()
	}
	return nil
}

// toldOf returns the lines of the ticket on which an own post counts already.
func (c *change) toldOf(m *ticket.Message) (lines []string, err error) {
	events, err := c.history()
	for i := range events {
		if e := &events[i]; e.Kind == sla.Answered && (e.Key == m.Key || strings.HasPrefix(e.Key, m.Key+lineMark)) {
			lines = append(lines, e.Line)
		}
	}
	return lines, err
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
	if err != nil || !m.Content.Time.Before(since) {
		return false, err
	}
	question, err := w.questionOf(m)
	return question.Key == "" || question.Content.Time.Before(since), err
}

// questionOf returns the customer's message that a post answers in its conversation; the zero Message when it names none that is known there. To others whom
// the post mentions that message says nothing.
func (w *work) questionOf(m *ticket.Message) (none ticket.Message, err error) {
	if m.Content.Parent == "" {
		return none, nil
	}
	found, err := w.byRef(ticket.MessageRef{Account: m.Conversation.Account, ID: m.Content.Parent})
	if err != nil || found[0].Direction != ticket.Inbound || found[0].Conversation != m.Conversation {
		return none, err
	}
	return found[0], nil
}

// addressed is whom an own post is for, as far as it is known.
type addressed struct {
	convs  []ticket.Conversation // with a ticket; that of the message which it answers first
	parent bool                  // what it answers is known, or it answers nothing
	named  bool                  // everybody whom it names has a ticket in its thread
}

// addressees are the conversations with a ticket that an own post belongs to: in private its thread; in public that of its parent's author and of those whom it mentions.
// errErased: it is part of what was erased since.
func (w *work) addressees(e *channel.Event) (to addressed, err error) {
	m := &e.Message
	var keys []ticket.ConversationKey
	var parent ticket.Message
	add := func(k ticket.ConversationKey) {
		if k.Thread != "" && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	to.parent = m.Parent == ""
	if m.Parent != "" {
		parents, err := w.byRef(ticket.MessageRef{Account: e.Account, ID: m.Parent})
		if err != nil {
			return to, err
		}
		parent = parents[0]
		to.parent = parent.Key != ""
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
	var names [][2]ticket.ConversationKey // of each whom it names: by the name and, where that is a handle, by the ID
	if m.Visibility == channel.Private {
		add(base)
	} else {
		handles := make([]ticket.ValueKey, len(m.Mentions))
		names = make([][2]ticket.ConversationKey, len(m.Mentions))
		for i, name := range m.Mentions {
			handles[i] = handleKey(e.Account.Platform, name)
			base.Author = name
			names[i][0] = base
			add(base)
		}
		ids, err := w.tx.Values(handles...)
		if err != nil {
			return to, err
		}
		for i, id := range ids {
			if base.Author = string(id.Data); base.Author != "" {
				names[i][1] = base
				add(base)
			}
		}
	}
	found, err := w.tx.Conversations(keys...)
	if err != nil {
		return to, err
	}
	to.named = !slices.ContainsFunc(names, func(name [2]ticket.ConversationKey) bool {
		return !slices.ContainsFunc(found, func(c ticket.Conversation) bool {
			return (c.Ticket != "" || !c.Erased.IsZero()) && (c.Key == name[0] || c.Key == name[1])
		}) && len(w.d.named(channel.AccountID{Platform: e.Account.Platform}, []string{name[0].Author})) == 0
	})
	if to.convs, err = w.notErased(found, &parent, e); err != nil {
		return to, err
	}
	for i := range to.convs { // who took part in a campaign is not among its conversations: theirs still lead to it once it is part of another ticket
		whole, err := w.ticket(to.convs[i].Ticket)
		if err != nil {
			return to, err
		}
		to.convs[i].Ticket = whole.ID
	}
	return to, nil
}

// lineMark is before the line in the key of what an own post means on a further line.
const lineMark = "@"

// echoOf is the event that told of an own post.
func echoOf(m *ticket.Message) channel.Event {
	return channel.Event{Kind: channel.MessageEchoed, Account: m.Conversation.Account, Message: m.Content, Time: m.Content.Time, Received: m.Received}
}

// answerMark is where an answer stands among what happened to the ticket: where the platform's time and order say. An answer whose order the platform does not
// tell is not before the message that it answers, as it would seem where times are whole seconds, or clocks differ.
func (c *change) answerMark(m *ticket.Message) (sla.Mark, error) {
	mark := sla.Mark{Time: m.Content.Time, Order: m.Content.Order, Key: m.Key}
	if m.Content.Order != "" {
		return mark, nil
	}
	found, err := c.w.questionOf(m)
	if err != nil || found.Key == "" {
		return mark, err
	}
	question := &found.Content
	if mark.Compare(sla.Mark{Time: question.Time, Order: question.Order, Key: found.Key}) <= 0 {
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
	}
	if m.Automated || c.Clocks.Asked.IsZero() || mark.Time.Before(c.Clocks.Asked) {
		return nil // no person's answer, or said before the customer asked
	}
	if m.State != ticket.PostFailed && mark.Time.After(c.Answered) {
		c.Answered = mark.Time
	}
	c.Late = false
	if c.Status == ticket.New {
		return c.setStatus(ticket.Open, mark.Time, mark.Order, m.Key+"/open", m.Actor, "answered")
	}
	return nil
}
