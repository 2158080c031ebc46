package socialcrm

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Own posts wait for those whom they are for and who are not known yet: whose question comes first, or whether it comes only after the post, decides nothing.

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

// await keeps an own post in mind for those whom it may be for and who have no ticket yet, where that will find it: it answers a message that is not known, or
// names somebody.
func (w *work) await(m *ticket.Message, to addressed) error {
	alone := len(to.convs) == 0
	if m.Content.Parent != "" && (alone || !to.parent && m.Conversation.Visibility == channel.Public) {
		if err := w.keepEarly(ticket.MessageRef{Account: m.Conversation.Account, ID: m.Content.Parent}, early{Echo: m.Key}); err != nil {
			return err
		}
	}
	if !alone && to.named {
		return nil
	}
	key := waitingEchoes(m.Conversation)
	waiting, err := w.waiting(key)
	if err != nil || slices.Contains(waiting, m.Key) {
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

// adopt lets the own posts of the thread that address the conversation's customer count in its ticket, which is new there, and takes those in that belong to no other.
func (w *work) adopt(c *change, conv *ticket.Conversation, waiting []string) error {
	if len(waiting) == 0 {
		return nil
	}
	messages, err := w.tx.Messages(waiting...)
	if err != nil {
		return err
	}
	if err := c.reread(); err != nil { // one of them may end what another began
		return err
	}
	var left []string
	for _, m := range messages {
		if m.Key == "" || m.Content.ID == "" || m.Conversation.Thread != conv.Key.Thread || m.Ticket != "" && w.now.Sub(m.Received) > earlyKept {
			continue // it was a copy, or its thread is known better by now, or nobody will come any more
		}
		meant := addresses(&m.Content, conv)
		if !meant || namesOthers(&m.Content, conv) {
			left = append(left, m.Key)
		}
		if !meant || m.Ticket != "" && c.FollowUpOf != "" { // of the last, the ticket before heard
			continue
		}
		line, err := c.lineAt(conv.Key)
		if err != nil {
			return err
		}
		if m.Ticket == "" {
			m.Ticket, m.Conversation = c.ID, conv.Key
			w.putMessage(m)
		} else if told, err := c.toldOf(&m); err != nil || slices.Contains(told, line) {
			if err != nil {
				return err
			}
			continue
		}
		m.Conversation = conv.Key
		if err := c.answeredOutside(line, "", &m); err != nil {
			return err
		}
	}
	return w.putWaiting(waitingEchoes(conv.Key), left)
}

// addresses reports whether an own post in the conversation's thread is meant for its customer: in private always, in public when it answers or mentions the customer.
func addresses(post *channel.Message, conv *ticket.Conversation) bool {
	return conv.Key.Visibility == channel.Private || post.Parent != "" && post.Parent == conv.CustomerMessage ||
		slices.ContainsFunc(post.Mentions, func(name string) bool { return isCalled(conv, name) })
}

// namesOthers reports whether an own post mentions somebody beside the conversation's customer.
func namesOthers(post *channel.Message, conv *ticket.Conversation) bool {
	return conv.Key.Visibility == channel.Public && slices.ContainsFunc(post.Mentions, func(name string) bool { return !isCalled(conv, name) })
}

// isCalled reports whether a name is the ID or the handle of the conversation's customer.
func isCalled(conv *ticket.Conversation, name string) bool {
	return name == conv.Author.ID || conv.Author.Handle != "" && strings.EqualFold(name, conv.Author.Handle)
}

// adoptLate looks once more whom an own post is for, because what it answers has come only now: there it belongs.
func (w *work) adoptLate(key string) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := messages[0]
	if m.Key == "" || m.Content.ID == "" {
		return nil // it is gone, or was a copy
	}
	e := echoOf(&m)
	if m.Missing != "" {
		e.Message.Thread = "" // it was a guess; the parent knows better
	}
	to, err := w.addressees(&e)
	filed := m.Ticket != ""
	if err == errErased {
		if !filed {
			(&forgotten{w: w}).empty(&m)
			w.tx.PutMessage(m)
		}
		return nil
	}
	if err != nil {
		return err
	}
	m.Missing, m.Content.Thread = "", e.Message.Thread
	switch {
	case len(to.convs) == 0:
		if !filed {
			m.Conversation.Thread = e.Message.Thread
		}
	case !filed:
		m.Ticket, m.Conversation = to.convs[0].Ticket, to.convs[0].Key
	default:
		if err := w.belongsTo(&m, &to.convs[0]); err != nil {
			return err
		}
	}
	w.putMessage(m)
	if err := w.answeredIn(to.convs, &m, filed); err != nil {
		return err
	}
	return w.await(&m, to)
}

// belongsTo moves an own post to the conversation of what it answers, where it was in another ticket because it mentions somebody there.
func (w *work) belongsTo(m *ticket.Message, conv *ticket.Conversation) error {
	question, err := w.byRef(ticket.MessageRef{Account: m.Conversation.Account, ID: m.Content.Parent})
	if err != nil || question[0].Conversation != conv.Key {
		return err
	}
	was, err := w.ticket(m.Ticket)
	if err != nil {
		return err
	}
	c, err := w.load(conv.Ticket)
	if err != nil {
		return err
	}
	m.Conversation, m.Party, m.Part = conv.Key, "", ""
	if c.ID == was.ID {
		return nil
	}
	m.Ticket = c.ID
	c.journal(ticket.Entry{Kind: ticket.MessageMoved, Message: m.Key, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: string(was.ID), Reason: "what it answers is known now"})
	c.finish()
	return nil
}

// answeredBefore lets what seemed to be said before the customer asked be an answer: a question from before it, at the mark, has come only now.
func (c *change) answeredBefore(question sla.Mark) error {
	last := c.answeredLast()
	if !last.After(c.Answered) {
		return nil
	}
	c.Answered = last
	if c.Status != ticket.New {
		return nil
	}
	return c.setStatus(ticket.Open, last, "", question.Key+"/answered", ticket.Actor{Kind: ticket.BySystem}, "answered before its question was known")
}
