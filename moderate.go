package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// Moderation is something done on the platform to a message of somebody else.
type Moderation struct {
	// Action is what to do: channel.Hide, Unhide, Like, Unlike, Remove or Block (the author, on this account).
	Action channel.ModerateAction `json:"action"`
	// Message is the key of the message. Empty: the customer's latest.
	Message string `json:"message,omitempty"`
	// Reason says why. Only a like needs none.
	Reason string `json:"reason,omitempty"`
}

// Moderate hides, shows, likes or removes a message on the platform. It returns once that is stored; it is done after that, and again until the platform says how it
// went: the journal then tells who did it and why, or why it could not be done. Of two orders that contradict each other (hide, unhide), the later one holds. Errors:
// ErrInvalid (no reason, a channel or platform that cannot, no such message in the ticket's latest conversation), ErrNotFound, ErrForbidden.
func (d *Desk) Moderate(ctx context.Context, id ticket.ID, by By, m Moderation) (Receipt, error) {
	return d.verb(ctx, VerbModerate, id, by, m, func(w *work, c *change) (Receipt, error) {
		return Receipt{}, w.orderModeration(c, by.Actor, m)
	})
}

// Hide hides a message of the ticket, by its key, from all but its author and the author's friends; an empty key is the customer's latest. It is a Moderate.
func (d *Desk) Hide(ctx context.Context, id ticket.ID, by By, message, reason string) (Receipt, error) {
	return d.Moderate(ctx, id, by, Moderation{Action: channel.Hide, Message: message, Reason: reason})
}

// Unhide shows a hidden message to everybody again. It is a Moderate.
func (d *Desk) Unhide(ctx context.Context, id ticket.ID, by By, message, reason string) (Receipt, error) {
	return d.Moderate(ctx, id, by, Moderation{Action: channel.Unhide, Message: message, Reason: reason})
}

// Like lets the brand like a message of the ticket, by its key; an empty key is the customer's latest. It is a Moderate.
func (d *Desk) Like(ctx context.Context, id ticket.ID, by By, message string) (Receipt, error) {
	return d.Moderate(ctx, id, by, Moderation{Action: channel.Like, Message: message})
}

const moderateKind = "moderate"

// moderation is what a task does.
type moderation struct {
	Moderation
	Actor ticket.Actor `json:"actor"`
}

// aspect is what two actions that contradict each other are about.
func aspect(a channel.ModerateAction) string {
	switch a {
	case channel.Hide, channel.Unhide:
		return "visibility"
	case channel.Like, channel.Unlike:
		return "like"
	}
	return string(a)
}

func (w *work) orderModeration(c *change, actor ticket.Actor, m Moderation) error {
	switch m.Action {
	case channel.Like, channel.Unlike:
	case channel.Hide, channel.Unhide, channel.Remove, channel.Block:
		if strings.TrimSpace(m.Reason) == "" {
			return errNoReason
		}
	default:
		return fmt.Errorf("action %q: want hide, unhide, like, unlike, remove or block: %w", m.Action, ErrInvalid)
	}
	message, err := w.moderated(c, m.Message)
	if err != nil {
		return err
	}
	m.Message = message.Key
	account := message.Conversation.Account
	acc := w.d.channelOf(account)
	if acc == nil {
		return fmt.Errorf("account %s is not known: %w", account, ErrInvalid)
	}
	if moderator, able := acc.Channel.(channel.Moderator); !able || !moderator.CanModerate(m.Action) {
		return fmt.Errorf("account %s cannot %s: %w", account, m.Action, ErrInvalid)
	}
	payload, err := json.Marshal(moderation{m, actor})
	if err != nil {
		return err
	}
	w.tx.Schedule(ticket.Task{
		ID: "moderate/" + m.Message + "/" + aspect(m.Action), Kind: moderateKind, Queue: sendQueue(account), Key: "moderate/" + m.Message, Due: w.now, Payload: payload,
	})
	c.journal(ticket.Entry{Kind: ticket.ModerationQueued, Message: m.Message, Actor: actor, New: string(m.Action), Reason: m.Reason})
	return nil
}

// moderated finds the customer's message that is meant.
func (w *work) moderated(c *change, key string) (m ticket.Message, err error) {
	var found []ticket.Message
	if key != "" {
		found, err = w.tx.Messages(key)
	} else {
		latest, err := w.answering(c, "", "")
		if err != nil {
			return m, err
		}
		key = latest.to
		if found, err = w.tx.MessagesByRef(ticket.MessageRef{Account: latest.conv.Key.Account, ID: latest.to}); err != nil {
			return m, err
		}
	}
	if err != nil {
		return m, err
	}
	if m = first(found); m.Key == "" || m.Ticket != c.ID || m.Direction != ticket.Inbound {
		return m, fmt.Errorf("message %q of the customer: %w", key, ErrNotFound)
	}
	return m, nil
}

// moderate makes one attempt. Doing what is done already is no error, so an attempt whose outcome is unknown is simply made again.
func (d *Desk) moderate(ctx context.Context, lease ticket.Lease) error {
	var order moderation
	if err := json.Unmarshal(lease.Payload, &order); err != nil {
		return err
	}
	var m ticket.Message
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		found, err := r.Messages(order.Message)
		m = first(found)
		return err
	})
	if err != nil {
		return err
	}
	acc := d.channelOf(m.Conversation.Account)
	if acc == nil {
		return d.settle(ctx, func(w *work) error { return w.leaveModeration(lease, &m, order) })
	}
	var cause error = &remote.Error{Op: "moderate " + m.Content.ID, Kind: remote.Rejected, Message: "account " + acc.account.AccountID.String() + " cannot"}
	if moderator, able := acc.Channel.(channel.Moderator); able {
		callCtx, cancel := d.request(ctx)
		cause = moderator.Moderate(callCtx, order.Action, m.Content)
		cancel()
	}
	return d.settle(ctx, func(w *work) error { return w.moderationDone(lease, &m, order, cause) })
}

// moderationDone records what an attempt came to: done, to be made again, or an entry that tells the agent why not.
func (w *work) moderationDone(lease ticket.Lease, m *ticket.Message, order moderation, cause error) error {
	e := ticket.Entry{Kind: ticket.MessageModerated, Message: m.Key, Actor: order.Actor, New: string(order.Action), Reason: order.Reason}
	if cause != nil {
		switch kind := remote.KindOf(cause); {
		case kind == remote.Duplicate:
		case kind == remote.Unauthorized, kind == remote.Exhausted, kind == remote.RateLimited,
			(kind == remote.Unknown || kind == remote.Unavailable) && lease.Attempts+1 < maxAttempts:
			due := retryAt(cause, w.now, lease)
			if err := w.pause(cause, kind, m.Conversation.Account, due); err != nil {
				return err
			}
			return w.tx.Postpone(lease, due, reasonOf(cause))
		default:
			e.Kind, e.Reason = ticket.ModerationFailed, reasonOf(cause)
		}
	}
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	found, err := w.tx.Messages(m.Key) // its ticket may have been merged meanwhile
	if err != nil {
		return err
	}
	if found[0].Ticket == "" {
		e.Key = lease.ID + "/" + w.now.UTC().Format(time.RFC3339Nano)
		w.append(e)
		return nil
	}
	c, err := w.load(found[0].Ticket)
	if err != nil {
		return err
	}
	c.journal(e)
	c.finish()
	return nil
}
