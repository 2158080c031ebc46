package socialcrm

import (
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

const leaveKind = "leave"

// leaveTask ends an agent's access when its time has come.
func leaveTask(agent string, until time.Time) ticket.Task {
	return ticket.Task{ID: "leave/" + agent, Kind: leaveKind, Queue: leaveKind, Due: until, Payload: []byte(agent)}
}

// leave sends an agent whose access has ended offline and returns the tickets to their lanes.
func (w *work) leave(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	name := string(lease.Payload)
	reason := "the access ended"
	if agent := w.company.agent(name); agent == nil {
		reason = name + " is not in the Setup any more"
	} else if !ended(agent, w.now) {
		return nil // it was lengthened meanwhile
	}
	states, err := w.tx.Agents(name)
	if err != nil {
		return err
	}
	system := ticket.Actor{Kind: ticket.BySystem}
	if state := states[0]; state.Presence != ticket.Offline {
		w.append(ticket.Entry{
			Kind: ticket.AgentPresence, Key: "leave/" + name + "/" + lease.Due.UTC().Format(time.RFC3339Nano), Actor: system, Old: string(state.Presence), Reason: name,
		})
		state.Presence, state.Since = ticket.Offline, w.now
		w.tx.PutAgent(state)
	}
	list, err := w.tx.ListTickets(ticket.TicketQuery{
		Agent: name, Statuses: []ticket.Status{ticket.New, ticket.Open, ticket.Pending, ticket.OnHold}, Page: ticket.Page{Limit: rerouted},
	})
	if err != nil {
		return err
	}
	for i := range list.Items {
		if err := w.giveBack(list.Items[i].ID, name, system, reason); err != nil {
			return err
		}
	}
	if list.Next != "" { // those before are nobody's now
		w.tx.Schedule(leaveTask(name, w.now))
	}
	if err := w.tellRoster(name); err != nil {
		return err
	}
	return w.attended(name)
}

// eachHeld runs fn for every ticket of these statuses that an agent holds.
func (w *work) eachHeld(agent string, statuses []ticket.Status, fn func(*ticket.Ticket) error) error {
	q := ticket.TicketQuery{Agent: agent, Statuses: statuses}
	for {
		list, err := w.tx.ListTickets(q)
		if err != nil {
			return err
		}
		for i := range list.Items {
			if err := fn(&list.Items[i]); err != nil {
				return err
			}
		}
		if q.After = list.Next; q.After == "" {
			return nil
		}
	}
}

// giveBack returns a ticket from an agent to its lane.
func (w *work) giveBack(id ticket.ID, agent string, actor ticket.Actor, reason string) error {
	c, err := w.load(id)
	if err != nil || c.Agent != agent {
		return err
	}
	if err := w.tx.Release(c.ID, w.now); err != nil {
		return err
	}
	c.Agent = ""
	c.journal(ticket.Entry{Kind: ticket.TicketAssigned, Actor: actor, Old: agent, Reason: reason})
	if err := c.knowFacts("give back"); err != nil {
		return err
	}
	c.finish()
	w.returned = append(w.returned, c.ID)
	return nil
}
