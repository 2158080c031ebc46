package socialcrm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// Verbs for what was given up or is in doubt, for Config.Authorize.
const (
	VerbRequeue Verb = "requeue" // concerns no ticket
	VerbDecide  Verb = "decide about a post of"
)

// Requeue makes a dead letter due again, with all its attempts before it: after a CRM was mended, or a record there. Tasks with Dead set lists dead letters. An answer
// that failed because the platform was away goes out as it was written, with the parts behind it: look first whether somebody answered anew. Errors: ErrNotFound when
// there is no such task, ErrInvalid when it is no dead letter, or is an answer whose text was removed or whose ticket is closed.
func (d *Desk) Requeue(ctx context.Context, by By, taskID string) error {
	err := d.keyed(ctx, VerbRequeue, by, taskID, func(w *work) error {
		tasks, err := w.tx.Tasks(taskID)
		if err != nil {
			return err
		}
		task := tasks[0]
		switch {
		case task.ID == "":
			return ErrNotFound
		case !task.Dead:
			return fmt.Errorf("it is no dead letter: %w", ErrInvalid)
		}
		if err := w.revive(task.ID, by.Actor); err != nil {
			return err
		}
		task.Due = w.now
		w.tx.Schedule(task)
		w.append(ticket.Entry{Kind: ticket.TaskRequeued, Key: "requeued/" + taskID + "/" + stamp(w.now), Actor: by.Actor, New: taskID, Reason: task.LastError})
		return nil
	})
	if err != nil {
		return fmt.Errorf("socialcrm: requeue %s: %w", taskID, err)
	}
	return nil
}

// revive lets an answer that failed wait to be sent again, and the parts behind it, which were cancelled with it.
func (w *work) revive(taskID string, actor ticket.Actor) error {
	key, post := strings.CutPrefix(taskID, "send/")
	if !post {
		return nil
	}
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := messages[0]
	if m.Post == nil || m.Post.State != ticket.PostFailed {
		return nil
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	switch {
	case !m.Deleted.IsZero():
		return fmt.Errorf("%s: %w", textRemoved, ErrInvalid)
	case c.Status == ticket.Closed:
		return errClosed
	}
	parts := []ticket.Message{m}
	for n := m.Post.Out.Part + 1; n <= m.Post.Out.Parts; n++ {
		later, err := w.part(&m, n)
		if err != nil {
			return err
		}
		if later.Post != nil && later.Post.State == ticket.PostCancelled {
			parts = append(parts, later)
			w.tx.Schedule(sendTask(&later, w.now))
		}
	}
	convs, err := w.tx.Conversations(m.Conversation)
	if err != nil {
		return err
	}
	conv := convs[0]
	conv.Unfinished = slices.Clone(conv.Unfinished)
	for _, part := range parts {
		again := *part.Post
		again.State, again.Error, again.Begun, part.Post = ticket.PostQueued, "", time.Time{}, &again
		w.tx.PutMessage(part)
		conv.Unfinished = append(conv.Unfinished, part.Key)
	}
	w.tx.PutConversation(conv)
	c.journal(ticket.Entry{Kind: ticket.ReplyRetried, Message: key, Actor: actor})
	c.finish()
	return nil
}

// Decide says what became of a post that may have gone out (ticket.PostUnknown) and of which the platform cannot tell. With wentOut it counts as sent, at the time at
// which it was tried; otherwise it is sent again. CRMs hear of it then, too; its ID comes with its echo, should there be one. Errors: ErrNotFound when the ticket has no such message, ErrInvalid when the post is not in doubt.
func (d *Desk) Decide(ctx context.Context, id ticket.ID, by By, message string, wentOut bool) (Receipt, error) {
	content := struct {
		Message string
		WentOut bool
	}{message, wentOut}
	return d.verb(ctx, VerbDecide, id, by, content, func(w *work, c *change) (Receipt, error) {
		messages, err := w.tx.Messages(message)
		if err != nil {
			return Receipt{}, err
		}
		m := messages[0]
		switch {
		case m.Key == "" || m.Ticket != c.ID:
			return Receipt{}, fmt.Errorf("message %s: %w", message, ErrNotFound)
		case m.Post == nil || m.Post.State != ticket.PostUnknown:
			return Receipt{}, fmt.Errorf("message %s is not in doubt: %w", message, ErrInvalid)
		}
		receipt := Receipt{Messages: []string{message}}
		post := *m.Post
		if !wentOut {
			post.State, m.Post = ticket.PostQueued, &post
			w.tx.PutMessage(m)
			w.tx.Schedule(sendTask(&m, w.now))
			c.journal(ticket.Entry{Kind: ticket.ReplyRetried, Message: message, Actor: by.Actor, Reason: "it was decided that it did not go out"})
			return receipt, nil
		}
		c.journal(ticket.Entry{Kind: ticket.ReplyConfirmed, Message: message, Actor: by.Actor, Reason: "it was decided that it went out"})
		c.finish()
		w.tx.Cancel("send/" + message)
		if err := w.wentOut(message, channel.Sent{Time: post.Tried}, ticket.ReplySent); err != nil {
			return Receipt{}, err
		}
		after, err := w.load(id)
		if err == nil {
			*c = *after // wentOut changed it
		}
		return receipt, err
	})
}
