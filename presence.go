package socialcrm

import (
	"context"
	"fmt"

	"github.com/socialcrm/socialcrm/ticket"
)

// SetPresence says whether an agent can be given work. Who becomes available gets what waits, at once. The tickets of an agent who goes away or offline stay, or return
// to the queue where their lane says so (routing.Lane.Return). What waits in a lane of whose team nobody is there goes to its fallback after a while, and comes back with the
// first of them (routing.Lane.Fallback).
func (d *Desk) SetPresence(ctx context.Context, by By, agent string, p ticket.Presence) error {
	if err := d.permit(ctx, VerbSetPresence, by); err != nil {
		return fmt.Errorf("socialcrm: set presence of %s: %w", agent, err)
	}
	switch p {
	case ticket.Offline, ticket.Available, ticket.Busy, ticket.Away:
	default:
		return fmt.Errorf("socialcrm: set presence of %s: presence %q: want available, busy, away or offline (empty): %w", agent, string(p), ErrInvalid)
	}
	if err := d.update(ctx, func(w *work) error { return w.setPresence(by.Actor, agent, p) }); err != nil {
		return fmt.Errorf("socialcrm: set presence of %s: %w", agent, err)
	}
	return nil
}

func (w *work) setPresence(actor ticket.Actor, agent string, p ticket.Presence) error {
	states, err := w.tx.Agents(agent)
	if err != nil {
		return err
	}
	state := states[0]
	if state.Name == "" {
		return fmt.Errorf("agent %q: %w", agent, ErrNotFound)
	}
	if p != ticket.Offline {
		if err := w.company.access(ticket.Agent(agent), w.now); err != nil {
			return err
		}
	}
	if state.Presence == p {
		return nil
	}
	was := state.Presence
	state.Presence, state.Since = p, w.now
	w.tx.PutAgent(state)
	key, err := w.entryKey("presence/" + agent)
	if err != nil {
		return err
	}
	w.append(ticket.Entry{Kind: ticket.AgentPresence, Key: key, Actor: actor, Old: string(was), New: string(p), Reason: agent})
	if err := w.freed(agent); err != nil {
		return err
	}
	if gone(was) != gone(p) {
		if err := w.attended(agent); err != nil {
			return err
		}
	}
	if !gone(p) || !w.company.queues.returns {
		return nil
	}
	return w.eachHeld(agent, []ticket.Status{ticket.New, ticket.Open}, func(t *ticket.Ticket) error {
		if lane := w.company.lane(t.Lane); lane == nil || !lane.Return {
			return nil
		}
		return w.giveBack(t.ID, agent, ticket.Actor{Kind: ticket.BySystem}, agent+" is not there")
	})
}

// gone reports whether somebody is not there, and not just busy.
func gone(p ticket.Presence) bool { return p == ticket.Away || p == ticket.Offline }

// unattended takes the ticket from an agent who is not there, where its lane says so, and offers it to others.
func (w *work) unattended(c *change) error {
	if c.Agent == "" || c.Status.Done() || !w.company.queues.returns {
		return nil
	}
	lane := w.company.lane(c.Lane)
	state, known := w.company.roster.Agent(c.Agent)
	if lane == nil || !lane.Return || known && !gone(state.Presence) {
		return nil
	}
	if err := w.tx.Release(c.ID, w.now); err != nil {
		return err
	}
	was := c.Agent
	c.journal(ticket.Entry{Kind: ticket.TicketAssigned, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: was, Reason: was + " is not there"})
	c.Agent = ""
	return w.offer(c, lane, was, "")
}
