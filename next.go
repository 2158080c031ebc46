package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// Next gives the agent who asks (By.Actor) the ticket whose turn it is: of all that wait in lanes of the agent's teams, and in those without a team, the first in order of
// promise that the agent can take. No two agents get the same. Receipt.Ticket names it. For lanes that hand out nothing by themselves (routing.Lane.Pull, or no team);
// what else waits can be asked for as well. Errors: ErrNotFound (nothing waits that the agent can take, or the Setup has no such agent), ErrCapacity (the agent is
// not available, or has no room), ErrForbidden, ErrInvalid (who asks is no agent).
func (d *Desk) Next(ctx context.Context, by By) (Receipt, error) {
	var receipt Receipt
	fail := func(err error) (Receipt, error) {
		return Receipt{}, fmt.Errorf("socialcrm: %s %s: %w", VerbNext, by.Actor.ID, err)
	}
	if err := d.permit(ctx, VerbNext, by); err != nil {
		return fail(err)
	}
	if by.Actor.Kind != ticket.ByAgent {
		return fail(fmt.Errorf("a %s gets no tickets: %w", by.Actor.Kind, ErrInvalid))
	}
	asked := hashID(string(VerbNext), by.Actor.ID)
	err := d.update(ctx, func(w *work) (err error) {
		var done bool
		if receipt, done, err = w.done(by, asked); done || err != nil {
			return err
		}
		if receipt, err = w.next(by.Actor); err != nil {
			return err
		}
		return w.remember(by, asked, receipt)
	})
	if err != nil {
		return fail(err)
	}
	return receipt, nil
}

// next gives an agent the first ticket that waits and that the agent can take.
func (w *work) next(actor ticket.Actor) (Receipt, error) {
	agent := w.company.agent(actor.ID)
	if agent == nil {
		return Receipt{}, fmt.Errorf("agent %q: %w", actor.ID, ErrNotFound)
	}
	if err := w.tellRoster(agent.Name); err != nil {
		return Receipt{}, err
	}
	if state, _ := w.company.roster.Agent(agent.Name); state.Free() == 0 {
		return Receipt{}, ErrCapacity
	}
	turns, err := w.turns(w.company.lanesOf(agent), func(t *ticket.Ticket) taking { return w.takes(agent, t) })
	if err != nil {
		return Receipt{}, err
	}
	for {
		t, err := turns.next()
		if err != nil {
			return Receipt{}, err
		}
		if t == nil {
			break
		}
		c, err := w.load(t.ID)
		if err != nil {
			return Receipt{}, err
		}
		if c.ID != t.ID || !c.waits() {
			continue
		}
		if taken, err := w.pull(c, actor); err != nil || taken {
			return Receipt{Ticket: c.ID, Version: c.Version}, err
		}
	}
	return Receipt{}, fmt.Errorf("nothing waits: %w", ErrNotFound)
}

// takes says whether an agent can take a ticket that waits.
func (w *work) takes(agent *routing.Agent, t *ticket.Ticket) taking {
	able := false
	if w.company.lane(t.Lane) == nil { // what no lane takes is anybody's
		state, _ := w.company.roster.Agent(agent.Name)
		able = state.Free() >= max(t.Weight, 1)
	} else {
		_, able = w.company.lanes.Able(routing.Query{Now: w.now, Ticket: *t, Roster: w.company.roster}, t.Lane, agent.Name)
	}
	switch {
	case !able:
		return byNobody
	case w.declined(t, agent.Name):
		return butNotThis
	}
	return bySomebody
}

// lanesOf are the lanes from which an agent can take tickets.
func (c *company) lanesOf(agent *routing.Agent) (lanes []string) {
	inbox := true
	for i := range c.setup.Lanes {
		l := &c.setup.Lanes[i]
		if l.Team == "" || slices.Contains(agent.Teams, l.Team) {
			lanes = append(lanes, l.Name)
		}
		inbox = inbox && l.Name != routing.DefaultLane
	}
	if inbox {
		lanes = append(lanes, routing.DefaultLane)
	}
	return lanes
}

// pull gives the ticket to the agent who asked, and reports whether the agent could take it.
func (w *work) pull(c *change, actor ticket.Actor) (bool, error) {
	q, err := w.query(c, nil)
	if err != nil {
		return false, err
	}
	d, able := w.company.lanes.Able(q, c.Lane, actor.ID)
	if w.company.lane(c.Lane) == nil { // what no lane takes is anybody's
		d, able = routing.Decision{Lane: c.Lane, Team: c.Team, Candidates: []string{actor.ID}, Weight: c.Weight}, true
	}
	if !able {
		return false, nil
	}
	d.Matched = "asked for"
	if agent, err := w.reserve(c, d); err != nil || agent == "" {
		return false, err
	}
	why, err := json.Marshal(d)
	if err != nil {
		return false, err
	}
	c.Agent, c.Returned = actor.ID, ticket.Return{}
	if err := c.tell("next", ticket.Entry{Kind: ticket.TicketAssigned, Actor: actor, New: actor.ID, Detail: why}); err != nil {
		return false, err
	}
	if err := c.setStatus(ticket.Open, w.now, "", c.newKey("next/open"), actor, ""); err != nil {
		return false, err
	}
	c.finish()
	return true, nil
}
