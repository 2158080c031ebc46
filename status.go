package socialcrm

import (
	"context"
	"fmt"

	"github.com/socialcrm/socialcrm/ticket"
)

// SetStatus says what the ticket waits for: pending for the customer, on-hold for somebody else, open for the brand. The reason may be empty. A solved ticket is
// taken up again with Reopen; Resolve and Close end one. ErrInvalid: another status, or the ticket is solved or closed.
func (d *Desk) SetStatus(ctx context.Context, id ticket.ID, by By, to ticket.Status, reason string) (Receipt, error) {
	return d.verb(ctx, VerbSetStatus, id, by, []string{string(to), reason}, func(w *work, c *change) (Receipt, error) {
		switch to {
		case ticket.Open, ticket.Pending, ticket.OnHold:
		default:
			return Receipt{}, fmt.Errorf("status %q: want open, pending or on-hold: %w", to, ErrInvalid)
		}
		if c.Status.Done() {
			return Receipt{}, fmt.Errorf("it is %s: %w", c.Status, ErrInvalid)
		}
		return Receipt{}, c.setStatus(to, w.now, "", c.newKey("status"), by.Actor, reason)
	})
}
