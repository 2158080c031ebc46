package socialcrm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// spamTag marks a closed ticket whose conversations are no work any more.
const spamTag = "spam"

// Spam closes the ticket for good and tags it "spam". What is written in its conversations from then on is kept, but makes no ticket and reaches nobody; taking the
// tag off (Untag) ends that. What is queued to go out and was not tried yet is cancelled. It says nothing about the author's other conversations: Block does.
func (d *Desk) Spam(ctx context.Context, id ticket.ID, by By) (Receipt, error) {
	return d.verb(ctx, VerbSpam, id, by, nil, func(w *work, c *change) (Receipt, error) {
		if err := c.cancelQueued(by.Actor, spamTag, everyPost); err != nil {
			return Receipt{}, err
		}
		return Receipt{}, w.close(c, by.Actor, spamTag, spamTag)
	})
}

// Block stops serving the ticket's customer, on every channel: what the customer writes is kept, but makes no ticket, reopens none and starts no clock, until Unblock.
// What is queued to go out to the customer and was not tried yet is cancelled. Open tickets stay as they are, and nothing is done on the platform (Moderate does that). ErrInvalid without a reason, or when nobody knows who the customer is.
func (d *Desk) Block(ctx context.Context, id ticket.ID, by By, reason string) (Receipt, error) {
	return d.verb(ctx, VerbBlock, id, by, reason, func(w *work, c *change) (Receipt, error) {
		if strings.TrimSpace(reason) == "" {
			return Receipt{}, errNoReason
		}
		return Receipt{}, w.block(c, by.Actor, true, reason)
	})
}

// Unblock serves the ticket's customer again. What was written meanwhile stays without a ticket.
func (d *Desk) Unblock(ctx context.Context, id ticket.ID, by By, reason string) (Receipt, error) {
	return d.verb(ctx, VerbUnblock, id, by, reason, func(w *work, c *change) (Receipt, error) {
		return Receipt{}, w.block(c, by.Actor, false, reason)
	})
}

func (w *work) block(c *change, actor ticket.Actor, blocked bool, reason string) error {
	if c.Contact == "" {
		return fmt.Errorf("nobody knows who its customer is: %w", ErrInvalid)
	}
	contact, err := w.contact(c.Contact)
	if err != nil || contact.Blocked == blocked {
		return err
	}
	e := ticket.Entry{Kind: ticket.ContactChanged, Actor: actor, New: "blocked", Reason: reason}
	if !blocked {
		e.Old, e.New = "blocked", ""
	}
	changed := *contact
	changed.Blocked = blocked
	w.putContacts(&changed)
	c.contact = &changed
	c.journal(e)
	if !blocked {
		return nil
	}
	const why = "the customer is blocked"
	if err := c.cancelQueued(actor, why, toCustomer); err != nil {
		return err
	}
	return w.eachTicket(contact.ID, func(other *change) error {
		if other.ID == c.ID {
			return nil
		}
		before := len(other.entries)
		if err := other.cancelQueued(actor, why, toCustomer); err != nil || len(other.entries) == before {
			return err
		}
		other.finish()
		return nil
	})
}

func everyPost(*ticket.Message) bool    { return true }
func toCustomer(m *ticket.Message) bool { return m.Party == "" }

// cancelQueued withdraws the ticket's posts that wait for their turn and are meant. One under way may be out already, and is left to find out.
func (c *change) cancelQueued(actor ticket.Actor, reason string, meant func(*ticket.Message) bool) error {
	w := c.w
	convs, err := w.tx.Conversations(c.Conversations...)
	if err != nil {
		return err
	}
	for _, conv := range convs {
		if len(conv.Unfinished) == 0 {
			continue
		}
		posts, err := w.tx.Messages(conv.Unfinished...)
		if err != nil {
			return err
		}
		var done []string
		for _, m := range posts {
			if m.Post == nil || m.Post.State != ticket.PostQueued || m.Ticket != c.ID || !meant(&m) {
				continue
			}
			post := *m.Post
			post.State, post.Error, m.Post = ticket.PostCancelled, reason, &post
			w.tx.PutMessage(m)
			w.tx.Cancel("send/"+m.Key, "pace/"+post.Reply)
			c.journal(ticket.Entry{Kind: ticket.ReplyCancelled, Message: m.Key, Actor: actor, Reason: reason})
			if err := c.notTold(&m); err != nil {
				return err
			}
			if post.Private {
				if err := w.notAwaited(post.Out.Account, m.Key); err != nil {
					return err
				}
			}
			done = append(done, m.Key)
		}
		if len(done) > 0 {
			conv.Unfinished = slices.DeleteFunc(slices.Clone(conv.Unfinished), func(p string) bool { return slices.Contains(done, p) })
			w.tx.PutConversation(conv)
		}
	}
	return nil
}
