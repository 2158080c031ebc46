package socialcrm

import (
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// altered takes in what happened to a message: an edit, a deletion, a reaction, moderation elsewhere. It never makes a ticket; what comes before its message
// waits for it.
func (w *work) altered(e *channel.Event) (Result, error) {
	ref := ticket.MessageRef{Account: e.Account, ID: e.Message.ID}
	refs := []ticket.MessageRef{ref}
	if e.FormerID != "" {
		refs = append(refs, ticket.MessageRef{Account: e.Account, ID: e.FormerID})
	}
	found, err := w.byRef(refs...)
	if err != nil {
		return Result{}, err
	}
	m := found[len(found)-1]
	if m.Key == "" {
		m = found[0] // known under its new ID only
	} else if copied := found[0]; copied.Key != "" && copied.Key != m.Key {
		if err := w.sameMessage(copied, m, e); err != nil {
			return Result{}, err
		}
		if found, err = w.tx.Messages(m.Key); err != nil {
			return Result{}, err
		}
		m = found[0]
	}
	if m.Key == "" {
		if e.Kind == channel.ReactionChanged || e.Kind == channel.MessageModerated {
			return Result{Outcome: Recorded}, nil // a sign on something that we never saw
		}
		if e.Kind == channel.MessageEdited {
			if gone, err := w.authorErased(e, e.Time); err != nil || gone {
				return Result{Outcome: Dropped}, err
			}
		}
		return Result{Outcome: Recorded}, w.keepEarly(refs[len(refs)-1], early{Event: e})
	}
	if gone, err := w.forgottenLate(&m, e); err != nil || gone {
		return Result{Outcome: Dropped}, err
	}
	entry := ticket.Entry{Message: m.Key, Happened: e.Time, Received: e.Received, Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: m.Content.Author.ID}}
	if m.Direction == ticket.Outbound {
		entry.Actor = ticket.Actor{Kind: ticket.ByAgent}
	}
	changed, there, texts := true, m.Deleted.IsZero(), []string{subjectLine(&m.Content)}
	for _, v := range m.Versions {
		texts = append(texts, subjectLine(&channel.Message{Subject: m.Content.Subject, Text: v.Text}))
	}
	switch e.Kind {
	case channel.MessageEdited:
		entry.Kind, entry.Old, entry.New = ticket.MessageEdited, m.Content.Revision, e.Message.Revision
		changed = edit(&m, e)
	case channel.MessageDeleted:
		entry.Kind = ticket.MessageDeleted
		changed = m.Deleted.IsZero() || e.Honour && (m.Content.Text != "" || len(m.Versions) > 0)
		remove(&m, e)
	case channel.ReactionChanged:
		if gone, err := w.erasedBefore(e.Account, e.Reaction.Author.ID, e.Time); err != nil || gone {
			return Result{Outcome: Dropped}, err
		}
		entry.Kind, entry.New, entry.Actor.ID = ticket.MessageReaction, "given", e.Reaction.Author.ID
		if e.Reaction.Removed {
			entry.New = "taken back"
		}
		react(&m, e)
		w.saidApart(e.Account, e.Reaction.Author.ID, &m)
	case channel.MessageModerated:
		entry.Kind, entry.New, entry.Actor = ticket.MessageModerated, string(e.Action), ticket.Actor{Kind: ticket.ByTool}
	}
	if changed {
		w.tx.PutMessage(m)
	}
	var waiting []early // for the ID that it has now
	if now := m.Ref(); e.FormerID != "" {
		if err := w.renamed(&m, e); err != nil {
			return Result{}, err
		}
		if waiting, err = w.earlyFor(now); err != nil {
			return Result{}, err
		}
	}
	if !changed {
		return Result{Outcome: Duplicate, Ticket: m.Ticket, Message: m.Key}, w.catchUp(m.Ref(), waiting)
	}
	if m.Ticket == "" {
		return Result{Outcome: Recorded, Message: m.Key}, w.appendAbout(&m, entry)
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return Result{}, err
	}
	if e.Kind == channel.MessageDeleted && there && m.Direction == ticket.Inbound {
		if entry.Clock, err = c.withdrawn(&m); err != nil {
			return Result{}, err
		}
	}
	if e.Honour && slices.Contains(texts, c.Subject) {
		c.Subject = "" // it was made of the text that must not stay
	}
	c.journal(entry)
	switch {
	case e.Kind == channel.MessageDeleted && c.Private.Message == m.Key:
		c.Private = ticket.PrivateOffer{}
	case e.Kind == channel.MessageEdited && m.Direction == ticket.Inbound && m.Party == "":
		if err := w.leaveWall(c, &m.Content, m.Key, &m.Conversation); err != nil {
			return Result{}, err
		}
	}
	c.finish()
	r := Result{Outcome: Joined, Ticket: c.ID, Message: m.Key}
	if e.Kind == channel.MessageDeleted && e.Honour {
		return r, w.redactEverywhere(&m)
	}
	return r, w.catchUp(m.Ref(), waiting)
}

// withdrawn lets the clocks know that the customer took a message back. Nil when they never heard of the message.
func (c *change) withdrawn(m *ticket.Message) (*sla.Event, error) {
	events, err := c.history()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(events, func(e sla.Event) bool { return e.Kind == sla.CustomerWrote && e.Key == m.Key })
	if i < 0 {
		return nil, nil // noise, or history
	}
	asked := events[i]
	mark := sla.Mark{Time: m.Deleted, Order: asked.Order, Key: m.Key + "/deleted"}
	if mark.Time.Before(asked.Time) {
		mark.Time = asked.Time // nothing is taken back before it was said
	}
	return c.fold(sla.Event{Kind: sla.MessageWithdrawn, Mark: mark, Line: asked.Line, Of: asked.Mark})
}

// edit puts a new text in force and reports whether it did. Edits may come in any order: one that is older than the text in force becomes a version of the past.
func edit(m *ticket.Message, e *channel.Event) bool {
	now, then := &e.Message, &m.Content
	same := now.Text == then.Text && len(now.Attachments) == len(then.Attachments)
	if !m.Deleted.IsZero() {
		return false // nothing is in force any more, and what had to go must not come back
	}
	older := now.Revision != "" && now.Revision < then.Revision || now.Revision == "" && e.Time.Before(m.Edited)
	known := func(i int, v ticket.Version) bool {
		if now.Revision != "" || v.Text != now.Text {
			return now.Revision != "" && v.Revision == now.Revision
		}
		return older || i > 0 && m.Versions[i-1].Until.Equal(e.Time) && v.Until.Equal(e.Time) // or it came and went in one instant
	}
	told := false
	for i, v := range m.Versions {
		told = told || known(i, v)
	}
	switch {
	case same && (now.Revision == "" || now.Revision == then.Revision), told:
		return false
	case older:
		m.Versions = append(slices.Clone(m.Versions), ticket.Version{ID: now.ID, Revision: now.Revision, Text: now.Text, Until: m.Edited})
		return true
	}
	m.Versions = append(slices.Clone(m.Versions), ticket.Version{ID: then.ID, Revision: then.Revision, Text: then.Text, Until: e.Time})
	then.ID, then.Text, then.Revision, m.Edited = now.ID, now.Text, now.Revision, e.Time
	if len(now.Attachments) > 0 {
		then.Attachments = now.Attachments
	}
	if len(now.Mentions) > 0 {
		then.Mentions = now.Mentions
	}
	if len(now.Tags) > 0 {
		then.Tags = now.Tags
	}
	return true
}

// reactionsMost is how many reactions a message remembers.
const reactionsMost = 64

// react puts a reaction on a message, or takes it off. One without a name that is taken back is whatever its author put there.
func react(m *ticket.Message, e *channel.Event) {
	who, name := e.Reaction.Author.ID, e.Reaction.Name
	m.Reactions = slices.DeleteFunc(slices.Clone(m.Reactions), func(r ticket.Reaction) bool {
		return r.Author == who && (r.Name == name || e.Reaction.Removed && name == "")
	})
	if !e.Reaction.Removed && m.Deleted.IsZero() {
		m.Reactions = append(m.Reactions, ticket.Reaction{Author: who, Name: name, Time: e.Time})
		m.Reactions = m.Reactions[max(len(m.Reactions)-reactionsMost, 0):]
	}
}

// remove marks a message deleted; where the deletion must be honoured, nothing of what it said stays.
func remove(m *ticket.Message, e *channel.Event) {
	if m.Deleted.IsZero() {
		m.Deleted = e.Time
	}
	if e.Honour {
		m.Content.Text, m.Content.Subject, m.Content.Attachments, m.Content.Payload, m.Content.Facts, m.Versions, m.Reactions = "", "", nil, "", nil, nil, nil
		if m.Post != nil {
			post := *m.Post
			post.Out.Text, post.Out.Attachments, m.Post = "", nil, &post
		}
	}
}
