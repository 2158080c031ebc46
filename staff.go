package socialcrm

import (
	"context"

	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// staff brings the agents' states in line with the Setup: capacities, those who are always on, and those who are gone.
func (w *work) staff(agents []routing.Agent) error {
	named := make(map[string]bool, len(agents))
	for _, a := range agents {
		named[a.Name] = true
		known, err := w.tx.Agents(a.Name)
		if err != nil {
			return err
		}
		if !a.Until.IsZero() {
			w.tx.Schedule(leaveTask(a.Name, a.Until))
		}
		state := a.State()
		if was := known[0]; was.Name != "" && !a.AlwaysOn {
			state.Presence, state.Since = was.Presence, was.Since
		} else {
			state.Since = w.now
		}
		if ended(&a, w.now) {
			state.Presence = ticket.Offline
		}
		w.tx.PutAgent(state)
	}
	page := ticket.Page{}
	for {
		list, err := w.tx.ListAgents(page)
		if err != nil {
			return err
		}
		for _, a := range list.Items {
			if !named[a.Name] {
				w.tx.PutAgent(ticket.AgentState{Name: a.Name, Since: w.now})
			}
		}
		if page.After = list.Next; page.After == "" {
			return nil
		}
	}
}

// refreshRoster reads the state of every agent, and reports whether anybody has more room than was known. It is an Update, although it writes nothing, so that what a
// transaction under way tells the roster is not replaced by what was so before it.
func (d *Desk) refreshRoster(ctx context.Context, c *company) (freer bool, err error) {
	err = d.store.Update(ctx, d.cfg.Tenant, func(tx ticket.Tx) error {
		freer = false
		page := ticket.Page{}
		for {
			list, err := tx.ListAgents(page)
			if err != nil {
				return err
			}
			for _, now := range list.Items {
				known, _ := c.roster.Agent(now.Name)
				freer = freer || now.Free() > known.Free()
			}
			c.roster.Set(list.Items...)
			if page.After = list.Next; page.After == "" {
				return nil
			}
		}
	})
	return freer, err
}

// followHands learns what other processes of the Store know of agents, and hands out what waits when somebody has more room than this one knew.
func (d *Desk) followHands(ctx context.Context) error {
	freer, err := d.refreshRoster(ctx, d.company.Load())
	if err != nil || !freer {
		return err
	}
	return d.update(ctx, func(w *work) error {
		w.tx.Schedule(drainTask(w.now))
		return nil
	})
}
