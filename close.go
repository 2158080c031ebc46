package socialcrm

import (
	"context"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// CloseWithoutReply closes the ticket for good, because no answer is needed; the reason says why. Clocks that still run end with the verdict "no reply needed".
// ErrInvalid without a reason.
func (d *Desk) CloseWithoutReply(ctx context.Context, id ticket.ID, by By, reason string) (Receipt, error) {
	return d.verb(ctx, VerbCloseWithout, id, by, reason, func(w *work, c *change) (Receipt, error) {
		if strings.TrimSpace(reason) == "" {
			return Receipt{}, errNoReason
		}
		return Receipt{}, w.close(c, by.Actor, "", reason)
	})
}

// Close ends the ticket for good: what its customer writes later begins a ticket that follows it up. Replies that are queued
// still go out: they are its last word (Spam cancels them). A ticket that is closed already stays as it is.
func (d *Desk) Close(ctx context.Context, id ticket.ID, by By) (Receipt, error) {
	return d.verb(ctx, VerbClose, id, by, nil, func(w *work, c *change) (Receipt, error) {
		return Receipt{}, w.close(c, by.Actor, "", "")
	})
}

// close ends the ticket for good. Nobody waits for an answer to a question about it any more.
func (w *work) close(c *change, actor ticket.Actor, tag, reason string) error {
	if tag != "" && !slices.Contains(c.Tags, tag) {
		if err := c.retag(actor, []string{tag}, nil); err != nil {
			return err
		}
	}
	if c.Status == ticket.Closed {
		return nil
	}
	solved := c.SolvedAt
	if err := c.setStatus(ticket.Closed, w.now, "", c.newKey("close"), actor, reason); err != nil {
		return err
	}
	if !solved.IsZero() {
		c.SolvedAt = solved
	}
	if err := w.tx.Release(c.ID, w.now); err != nil {
		return err
	}
	return w.freed(c.Agent)
}
