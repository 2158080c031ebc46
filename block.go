package socialcrm

import (
	"context"
	"fmt"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// spamTag marks a closed ticket whose conversations are no work any more.
const spamTag = "spam"

// Spam closes the ticket for good and tags it "spam". What is written in its conversations from then on is kept, but makes no ticket and reaches nobody; taking the
// tag off (Untag) ends that. It says nothing about the author's other conversations: Block does.
func (d *Desk) Spam(ctx context.Context, id ticket.ID, by By) (Receipt, error) {
	return d.verb(ctx, VerbSpam, id, by, nil, func(w *work, c *change) (Receipt, error) {
		return Receipt{}, w.close(c, by.Actor, spamTag, spamTag)
	})
}

// Block stops serving the ticket's customer, on every channel: what the customer writes is kept, but makes no ticket, reopens none and starts no clock, until Unblock.
// Open tickets stay as they are, and nothing is done on the platform (Moderate does that). ErrInvalid without a reason, or when nobody knows who the customer is.
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
	return nil
}
