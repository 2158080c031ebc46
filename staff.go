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
				if a.Load > 0 {
					w.tx.Schedule(leaveTask(a.Name, w.now)) // somebody else gets what is in these hands
				}
			}
		}
		if page.After = list.Next; page.After == "" {
			return nil
		}
	}
}

// refreshRoster reads the state of every agent, and reports whether anybody has more room than was known, and who came or left. It is an Update, although it writes nothing, so that what a
// transaction under way tells the roster is not replaced by what was so before it.
func (d *Desk) refreshRoster(ctx context.Context, c *company) (freer bool, moved []string, err error) {
	err = d.store.Update(ctx, d.cfg.Tenant, func(tx ticket.Tx) error {
		freer, moved = false, nil
		page := ticket.Page{}
		for {
			list, err := tx.ListAgents(page)
			if err != nil {
				return err
			}
			for _, now := range list.Items {
				known, _ := c.roster.Agent(now.Name)
				freer = freer || now.Free() > known.Free()
				if gone(now.Presence) != gone(known.Presence) {
					moved = append(moved, now.Name)
				}
			}
			c.roster.Set(list.Items...)
			if page.After = list.Next; page.After == "" {
				return nil
			}
		}
	})
	return freer, moved, err
}

// followHands learns what other processes of the Store know of agents, and hands out what waits when somebody has more room than this one knew. What came meanwhile went by
// what it knew.
func (d *Desk) followHands(ctx context.Context) error {
	freer, moved, err := d.refreshRoster(ctx, d.company.Load())
	if err != nil || !freer && len(moved) == 0 {
		return err
	}
	return d.update(ctx, func(w *work) error {
		if freer {
			w.tx.Schedule(drainTask(w.now))
		}
		return w.attended(moved...)
	})
}
