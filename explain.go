package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Explain says of each clock that the ticket ever had which time counted, which did not and why, how its deadline and its verdict came about, which steps were taken, and
// which verdicts were taken back, as of now. It folds the ticket's journal again under the Setups that were in force. A ticket that was merged is explained as the one that
// it is part of. Where retention let go of its journal (Ticket.Pruned), it says how the clocks stand that are kept, and nothing else. ErrNotFound.
func (d *Desk) Explain(ctx context.Context, id ticket.ID) ([]sla.Explanation, error) {
	var told []sla.Explanation
	err := d.recount(ctx, id, func(c *change, events []sla.Event) error {
		if c.Pruned != "" {
			for _, clock := range c.Clocks.Clocks {
				told = append(told, sla.Explanation{Clock: clock, Spent: clock.Spent})
			}
			return nil
		}
		told = sla.Explain(slices.Values(events), c.w.company.timeline, c.w.now)
		return c.tellSteps(told)
	})
	if err != nil {
		return nil, fmt.Errorf("socialcrm: explain ticket %s: %w", id, err)
	}
	return told, nil
}

// tellSteps adds what the journals tell of clocks beside their events: the steps that were taken, and verdicts that were taken back.
func (c *change) tellSteps(told []sla.Explanation) error {
	lines, err := c.lines()
	if err != nil {
		return err
	}
	breached := make(map[*sla.Explanation]time.Time)
	for _, id := range append([]ticket.ID{c.ID}, c.Absorbed...) {
		err := c.w.eachEntry(id, func(e *ticket.Entry) {
			if e.Stand == nil {
				return
			}
			line := lines[id]
			if e.Stand.Line != "" {
				line = lines[ticket.ID(e.Stand.Line)]
			}
			i := slices.IndexFunc(told, func(x sla.Explanation) bool {
				return x.Clock.Metric == e.Stand.Metric && x.Clock.Line == line && x.Clock.Started.Equal(e.Stand.Started)
			})
			if i < 0 {
				return
			}
			x := &told[i]
			switch e.Kind {
			case ticket.ClockBreached:
				breached[x] = e.Happened
			case ticket.ClockWarned, ticket.TicketEscalated:
				turn := sla.Turn{At: e.Happened, Kind: sla.TurnWarned, To: e.Old}
				if e.Kind == ticket.TicketEscalated {
					turn.Kind = sla.TurnEscalated
				}
				var step sla.Step
				if json.Unmarshal(e.Detail, &step) == nil {
					turn.Cause = step.String()
				}
				x.Tell(turn)
			case ticket.ClockWithdrawn:
				reopened := slices.ContainsFunc(x.Turns, func(t sla.Turn) bool { return t.Kind == sla.TurnReopened && t.From == e.Old })
				turn := sla.Turn{At: e.Processed, Kind: sla.TurnWithdrawn, From: e.Old}
				if e.Old == sla.Breached.String() {
					turn.Due = breached[x]
				}
				if !reopened {
					x.Tell(turn)
				}
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ExplainRouting says where the ticket belongs by the Setup in force, as of now, by the message that decided (Ticket.Routed): why each lane before did not match, and the place of every agent of the team, or why
// the agent was passed over. What was decided, when and why, stands in the journal (ticket.TicketRouted). With a Router of the host's own it tells what the lanes of the
// Setup would do. ErrNotFound.
func (d *Desk) ExplainRouting(ctx context.Context, id ticket.ID) (x routing.Explanation, err error) {
	err = d.update(ctx, func(w *work) error {
		c, err := w.load(id)
		if err != nil {
			return err
		}
		if c.ID == "" {
			return ErrNotFound
		}
		m, err := w.deciding(c)
		if err != nil {
			return err
		}
		q, err := w.query(c, m)
		if err == nil {
			x = w.company.lanes.ExplainAgain(q)
		}
		return err
	})
	if err != nil {
		return routing.Explanation{}, fmt.Errorf("socialcrm: explain the routing of ticket %s: %w", id, err)
	}
	return x, nil
}

// Clocks returns every clock that the ticket ever had, as they stand now, in the order of sla.Metrics, then of Line, then of Started; Ticket.Clocks has only those
// that run and the latest that ended, and so has this once retention let go of its journal (Ticket.Pruned). ErrNotFound.
func (d *Desk) Clocks(ctx context.Context, id ticket.ID) ([]sla.Clock, error) {
	var all []sla.Clock
	err := d.recount(ctx, id, func(c *change, events []sla.Event) error {
		if c.Pruned != "" {
			all = slices.Clone(c.Clocks.Clocks)
			return nil
		}
		all = sla.Judge(slices.Values(events), c.w.company.timeline, c.w.now)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("socialcrm: clocks of ticket %s: %w", id, err)
	}
	return all, nil
}

// recount gives fn all that ever moved the ticket's clocks. The transaction writes nothing.
func (d *Desk) recount(ctx context.Context, id ticket.ID, fn func(*change, []sla.Event) error) error {
	return d.update(ctx, func(w *work) error {
		c, err := w.load(id)
		if err != nil {
			return err
		}
		if c.ID == "" {
			return ErrNotFound
		}
		events, err := c.history()
		if err != nil {
			return err
		}
		return fn(c, events)
	})
}
