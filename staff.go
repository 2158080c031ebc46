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

// refreshRoster reads the state of every agent.
func (d *Desk) refreshRoster(ctx context.Context, c *company) error {
	return d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		page := ticket.Page{}
		for {
			list, err := r.ListAgents(page)
			if err != nil {
				return err
			}
			c.roster.Set(list.Items...)
			if page.After = list.Next; page.After == "" {
				return nil
			}
		}
	})
}
