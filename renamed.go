package socialcrm

import (
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// Where an edit changes the ID of a message, the message stays under the key of its first ID, is found by every ID that it had, and is answered by the newest one.

func formerKey(ref ticket.MessageRef) ticket.ValueKey {
	return ticket.ValueKey{Space: "former message IDs", Name: messageKey(ref)}
}

// byRef finds messages by the platform's ID, also by one that they had before an edit.
func (w *work) byRef(refs ...ticket.MessageRef) ([]ticket.Message, error) {
	found, err := w.tx.MessagesByRef(refs...)
	if err != nil {
		return nil, err
	}
	var former []ticket.ValueKey
	var missing []int
	for i := range found {
		if found[i].Key == "" && refs[i].ID != "" {
			former, missing = append(former, formerKey(refs[i])), append(missing, i)
		}
	}
	if len(former) == 0 {
		return found, nil
	}
	values, err := w.tx.Values(former...)
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if v.Data == nil {
			continue
		}
		messages, err := w.tx.Messages(string(v.Data))
		if err != nil {
			return nil, err
		}
		found[missing[i]] = messages[0]
	}
	return found, nil
}

// saidFirst adds the text that a message had under a former ID, where nobody told of it before the edit, and reports whether it did.
func saidFirst(m *ticket.Message, e *channel.Event) bool {
	told := e.Message.ID == m.Content.ID || e.Message.Text == m.Content.Text
	for _, v := range m.Versions {
		told = told || v.ID == e.Message.ID
	}
	if !told {
		m.Versions = append([]ticket.Version{{ID: e.Message.ID, Revision: e.Message.Revision, Text: e.Message.Text, Until: m.Edited}}, m.Versions...)
	}
	return !told
}

// renamed lets a message be known by both IDs of an edit, whichever of them it has now. What is told under the other one is not taken in as another message.
func (w *work) renamed(m *ticket.Message, e *channel.Event) error {
	for _, id := range [...]string{e.FormerID, e.Message.ID} {
		told := channel.Event{Kind: channel.MessageReceived, Message: channel.Message{ID: id}}
		w.tx.MarkSeen(ticket.EventKey{Account: e.Account, Key: told.DedupeKey()})
		if ref := (ticket.MessageRef{Account: e.Account, ID: id}); id != m.Content.ID {
			w.tx.PutValue(ticket.Value{Key: formerKey(ref), Data: []byte(m.Key)})
		}
	}
	return w.answerUnder(m, e.FormerID)
}

// answerUnder lets what answers a message, also what waits to go out, answer it under the ID that it has now.
func (w *work) answerUnder(m *ticket.Message, former string) error {
	convs, err := w.tx.Conversations(m.Conversation)
	if err != nil || convs[0].Ticket == "" || former == m.Content.ID {
		return err
	}
	conv := convs[0]
	if conv.CustomerMessage == former {
		conv.CustomerMessage = m.Content.ID
		w.tx.PutConversation(conv)
	}
	posts, err := w.tx.Messages(conv.Unfinished...)
	if err != nil {
		return err
	}
	for _, p := range posts {
		if p.Post == nil || p.Post.State != ticket.PostQueued || p.Post.Out.InReplyTo != former && !slices.Contains(p.Post.Out.AlsoAnswers, former) {
			continue
		}
		post := *p.Post
		if post.Out.InReplyTo == former {
			post.Out.InReplyTo, p.Content.Parent = m.Content.ID, m.Content.ID
		}
		post.Out.AlsoAnswers = slices.Clone(post.Out.AlsoAnswers)
		for i, id := range post.Out.AlsoAnswers {
			if id == former {
				post.Out.AlsoAnswers[i] = m.Content.ID
			}
		}
		p.Post = &post
		w.tx.PutMessage(p)
	}
	return nil
}

// sameMessage takes back the copy of a message that was taken in under the ID that an edit gave it, before anybody knew of the edit; m is the message. Their tickets
// become one.
func (w *work) sameMessage(copied, m ticket.Message, e *channel.Event) error {
	gone := channel.Event{Kind: channel.MessageDeleted, Account: e.Account, Time: e.Time, Received: e.Received, Message: channel.Message{ID: copied.Content.ID}}
	if _, err := w.altered(&gone); err != nil {
		return err
	}
	messages, err := w.tx.Messages(copied.Key)
	if err != nil {
		return err
	}
	copied = messages[0]
	remove(&copied, &channel.Event{Time: e.Time, Honour: true}) // what it said, the message says
	copied.Content.ID = ""
	w.tx.PutMessage(copied)
	if copied.Ticket == "" || m.Ticket == "" {
		return nil
	}
	a, err := w.ticket(copied.Ticket)
	if err != nil {
		return err
	}
	b, err := w.ticket(m.Ticket)
	if err != nil || a.ID == b.ID {
		return err
	}
	if b.Status == ticket.Closed || a.Status != ticket.Closed && a.Created.Before(b.Created) {
		a, b = b, a
	}
	if b.Status == ticket.Closed || a.Pruned != "" { // both are, for good
		return nil
	}
	return w.merge(b.ID, merging{from: a.ID, actor: ticket.Actor{Kind: ticket.BySystem}, reason: "they are one message", oneLine: true})
}
