package socialcrm

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Reapply applies the promises that are in force to all open tickets at once. Without it, what Apply changes about them counts for a ticket from the next thing on
// that happens to it. It returns once that is planned; the tickets follow in small commits, from where they were after a restart. The time already spent is kept,
// and a shorter target may be breached at once.
func (d *Desk) Reapply(ctx context.Context, by By) error {
	err := d.permit(ctx, VerbReapply, by)
	if err == nil {
		err = d.update(ctx, func(w *work) error {
			key, err := w.entryKey("reapply")
			if err != nil {
				return err
			}
			w.append(ticket.Entry{Kind: ticket.SetupReapplied, Key: key, Actor: by.Actor, New: strconv.FormatInt(w.company.version, 10)})
			w.tx.Schedule(reapplyTask(w.now, ""))
			return nil
		})
	}
	if err != nil {
		return fmt.Errorf("socialcrm: apply the promises again: %w", err)
	}
	return nil
}

const reapplyKind = "reapply"

// reapplied is how many tickets one commit brings under the promises in force.
const reapplied = 50

// reapplyTask goes on after a page of open tickets. There is one: asking again begins again.
func reapplyTask(due time.Time, after string) ticket.Task {
	return ticket.Task{ID: reapplyKind, Kind: reapplyKind, Queue: reapplyKind, Due: due, Payload: []byte(after)}
}

// reapply brings a page of open tickets under the promises in force, and plans the next.
func (w *work) reapply(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	list, err := w.tx.ListTickets(ticket.TicketQuery{
		Statuses: []ticket.Status{ticket.New, ticket.Open, ticket.Pending, ticket.OnHold}, Page: ticket.Page{Limit: reapplied, After: string(lease.Payload)},
	})
	if err != nil {
		return err
	}
	for i := range list.Items {
		if err := w.promiseAnew(list.Items[i].ID); err != nil {
			return err
		}
	}
	if list.Next != "" {
		w.tx.Schedule(reapplyTask(w.now, list.Next))
	}
	return nil
}

// promiseAnew brings a ticket under the promises in force. One that is, or to which they make no difference, is left alone.
func (w *work) promiseAnew(id ticket.ID) error {
	c, err := w.load(id)
	if err != nil || c.ID != id || c.Status.Done() || c.Clocks.IsZero() {
		return err
	}
	if w.company.timeline(c.Clocks.Last.Time) == w.company.policies {
		return nil
	}
	clock, err := c.fold(sla.Event{Kind: sla.FactsChanged, Mark: c.afterAll(sla.Mark{Time: w.now, Key: c.newKey("reapply")})})
	if err != nil {
		return err
	}
	same := func(a, b sla.Clock) bool {
		return a.Policy == b.Policy && a.Target == b.Target && a.Calendar == b.Calendar && a.Due.Equal(b.Due) && a.Verdict == b.Verdict && a.Stopped.Equal(b.Stopped)
	}
	if !w.company.escalates && c.before.Policy == c.Clocks.Policy && slices.EqualFunc(c.before.Clocks, c.Clocks.Clocks, same) {
		return nil
	}
	c.quiet = true
	c.journal(ticket.Entry{Kind: ticket.ClockReapplied, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: c.before.Policy, New: c.Clocks.Policy, Clock: clock})
	c.finish()
	return nil
}
