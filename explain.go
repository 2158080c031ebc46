package socialcrm

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Explain says of each clock that the ticket ever had which time counted, which did not and why, and how its deadline and its verdict came about, as of now. It
// folds the ticket's journal again under the Setups that were in force. A ticket that was merged is explained as the one that it is part of. ErrNotFound.
func (d *Desk) Explain(ctx context.Context, id ticket.ID) ([]sla.Explanation, error) {
	var told []sla.Explanation
	err := d.recount(ctx, id, func(events []sla.Event, inForce sla.InForce, now time.Time) {
		told = sla.Explain(slices.Values(events), inForce, now)
	})
	if err != nil {
		return nil, fmt.Errorf("socialcrm: explain ticket %s: %w", id, err)
	}
	return told, nil
}

// Clocks returns every clock that the ticket ever had, as they stand now, in the order of sla.Metrics, then of Line, then of Started; Ticket.Clocks has only those
// that run and the latest that ended. ErrNotFound.
func (d *Desk) Clocks(ctx context.Context, id ticket.ID) ([]sla.Clock, error) {
	var all []sla.Clock
	err := d.recount(ctx, id, func(events []sla.Event, inForce sla.InForce, now time.Time) {
		all = sla.Judge(slices.Values(events), inForce, now)
	})
	if err != nil {
		return nil, fmt.Errorf("socialcrm: clocks of ticket %s: %w", id, err)
	}
	return all, nil
}

// recount gives fn all that ever moved the ticket's clocks. The transaction writes nothing.
func (d *Desk) recount(ctx context.Context, id ticket.ID, fn func([]sla.Event, sla.InForce, time.Time)) error {
	return d.update(ctx, func(w *work) error {
		c, err := w.load(id)
		if err != nil {
			return err
		}
		if c.ID == "" {
			return ErrNotFound
		}
		events, err := c.history()
		if err == nil {
			fn(events, w.company.timeline, w.now)
		}
		return err
	})
}
