package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// draft is an answer as it was written, public or in private.
type draft struct {
	Reply   Reply `json:"reply"`
	Private bool  `json:"private,omitempty"`
	// NotBefore is the Reply's, which is no part of a Reply's content.
	NotBefore time.Time    `json:"not_before,omitzero"`
	Actor     ticket.Actor `json:"actor,omitzero"`
	// Record is the CRM's own ID of what it was written in, where that becomes the interaction: Actor then names the sink.
	Record string `json:"record,omitempty"`
}

func draftKey(message string) ticket.ValueKey {
	return ticket.ValueKey{Space: "draft", Name: message}
}

// Approve lets a draft go out as its author's answer. An empty text leaves it as it was written; another one replaces it. Who approves must be somebody else than the
// author, and somebody whose own replies need no approval here: for a trainee's draft any agent, where the lane or the company asks for approval a lead. Errors: as
// for Reply; ErrForbidden, ErrConflict when it was decided already.
func (d *Desk) Approve(ctx context.Context, id ticket.ID, by By, message, text string) (Receipt, error) {
	return d.verb(ctx, VerbApprove, id, by, []string{message, text}, func(w *work, c *change) (Receipt, error) {
		m, dr, err := w.draft(c, message)
		if err != nil {
			return Receipt{}, err
		}
		if err := w.unclaimed(c, by); err != nil {
			return Receipt{}, err
		}
		if same(by.Actor, dr.Actor) {
			return Receipt{}, fmt.Errorf("nobody approves what they wrote: %w", ErrForbidden)
		}
		if w.needsApproval(c, by.Actor) {
			return Receipt{}, fmt.Errorf("the replies of %s need approval themselves: %w", by.Actor.ID, ErrForbidden)
		}
		e := ticket.Entry{Kind: ticket.DraftApproved, Message: m.Key, Actor: by.Actor}
		if strings.TrimSpace(text) != "" && text != dr.Reply.Text {
			dr.Reply.Text, e.New = text, "edited"
		}
		c.journal(e)
		w.decided(m, ticket.PostApproved, "")
		if err := w.unclaim(c.ID, by.Actor); err != nil {
			return Receipt{}, err
		}
		return w.post(c, dr)
	})
}

// Reject ends a draft that must not go out; the reason tells its author why. Authors may take their own drafts back. Errors: ErrInvalid without a reason, ErrForbidden,
// ErrConflict when it was decided already.
func (d *Desk) Reject(ctx context.Context, id ticket.ID, by By, message, reason string) (Receipt, error) {
	return d.verb(ctx, VerbReject, id, by, []string{message, reason}, func(w *work, c *change) (Receipt, error) {
		if strings.TrimSpace(reason) == "" {
			return Receipt{}, errNoReason
		}
		m, dr, err := w.draft(c, message)
		if err != nil {
			return Receipt{}, err
		}
		if !same(by.Actor, dr.Actor) && w.needsApproval(c, by.Actor) {
			return Receipt{}, fmt.Errorf("the replies of %s need approval themselves: %w", by.Actor.ID, ErrForbidden)
		}
		c.journal(ticket.Entry{Kind: ticket.DraftRejected, Message: m.Key, Actor: by.Actor, Reason: reason})
		w.decided(m, ticket.PostRejected, reason)
		return Receipt{}, nil
	})
}

var (
	errNoReason = fmt.Errorf("the reason is missing: %w", ErrInvalid)
	errClosed   = fmt.Errorf("it is closed for good: %w", ErrInvalid)
)

func same(a, b ticket.Actor) bool { return a.Kind == b.Kind && a.ID == b.ID }

// needsApproval reports whether another must approve what the actor answers to the ticket.
func (w *work) needsApproval(c *change, actor ticket.Actor) bool {
	switch w.company.role(actor) {
	case routing.RoleLead:
		return false
	case routing.RoleTrainee:
		return true
	}
	lane := w.company.lane(c.Lane)
	return w.company.setup.Approval || lane != nil && lane.Approval
}

// submit sends an answer, or keeps it as a draft where another must approve it. Nothing happens while somebody else is writing.
func (w *work) submit(c *change, by By, dr draft) (Receipt, error) {
	if err := w.unclaimed(c, by); err != nil {
		return Receipt{}, err
	}
	dr.Actor = by.Actor
	if !w.needsApproval(c, by.Actor) {
		return w.post(c, dr)
	}
	return w.keepDraft(c, dr)
}

// post stores an answer and what sends it, and ends its author's claim.
func (w *work) post(c *change, dr draft) (Receipt, error) {
	if err := w.unclaim(c.ID, dr.Actor); err != nil {
		return Receipt{}, err
	}
	if dr.Private {
		return w.replyPrivately(c, dr.Actor, dr.Reply)
	}
	receipt, err := w.reply(c, dr.Actor, dr.Reply)
	if err == nil && dr.Record != "" {
		w.tx.PutValue(ticket.Value{Key: refKey(dr.Actor.ID, interactionKey(receipt.Messages[0])), Data: []byte(dr.Record)})
	}
	return receipt, err
}

// keepDraft checks an answer as if it went out, and keeps it.
func (w *work) keepDraft(c *change, dr draft) (Receipt, error) {
	var p post
	var err error
	r := dr.Reply
	if dr.Private {
		p, err = w.composePrivate(c, dr.Actor, &r)
	} else {
		p, err = w.compose(c, dr.Actor, &r)
	}
	if err != nil {
		return Receipt{}, err
	}
	dr.NotBefore = r.NotBefore
	data, err := json.Marshal(dr)
	if err != nil {
		return Receipt{}, err
	}
	m := ticket.Message{
		Key: c.newKey("draft"), Ticket: c.ID, Conversation: p.conv.Key, Direction: ticket.Internal, Actor: dr.Actor, Automated: r.Automated, Received: w.now,
		Content: channel.Message{Parent: p.to, Text: r.Text, Attachments: r.Attachments, Time: w.now},
		Post:    &ticket.Post{State: ticket.PostDraft, Then: r.Then, Private: dr.Private},
	}
	w.putMessage(m)
	w.tx.PutValue(ticket.Value{Key: draftKey(m.Key), Data: data})
	c.journal(ticket.Entry{Kind: ticket.DraftWritten, Message: m.Key, Actor: dr.Actor})
	return Receipt{Draft: m.Key}, w.unclaim(c.ID, dr.Actor)
}

// draft reads a draft that waits for a decision.
func (w *work) draft(c *change, key string) (m ticket.Message, dr draft, err error) {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return m, dr, err
	}
	m = messages[0]
	if m.Key == "" || m.Ticket != c.ID || m.Post == nil || m.Direction != ticket.Internal {
		return m, dr, fmt.Errorf("draft %s: %w", key, ErrNotFound)
	}
	if m.Post.State != ticket.PostDraft {
		return m, dr, fmt.Errorf("draft %s is %s already: %w", key, m.Post.State, ErrConflict)
	}
	values, err := w.tx.Values(draftKey(key))
	if err != nil {
		return m, dr, err
	}
	if err := json.Unmarshal(values[0].Data, &dr); err != nil {
		return m, dr, err
	}
	dr.Reply.NotBefore = dr.NotBefore
	return m, dr, nil
}

// decided ends a draft.
func (w *work) decided(m ticket.Message, state ticket.PostState, reason string) {
	post := *m.Post
	post.State, post.Error, m.Post = state, reason, &post
	w.putMessage(m)
	w.tx.DeleteValue(draftKey(m.Key))
}
