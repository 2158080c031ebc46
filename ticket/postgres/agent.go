package postgres

import (
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// PutAgent implements ticket.Tx. What is not known of load and freed is left to the server.
func (x *tx) PutAgent(a ticket.AgentState) {
	var err error
	if w, ok := x.agents.pending(a.Name); ok && w.as == &agents {
		agents.set(&a, w.state)
		err = x.putAgent(&a)
	} else {
		a.Load, a.Freed = 0, time.Time{}
		err = x.agents.put(a.Name, &presences, &a)
	}
	if err != nil {
		x.fail(err)
	}
}

// Agents implements ticket.Reader.
func (r *reader) Agents(names ...string) ([]ticket.AgentState, error) {
	if err := loadAll(r, &r.agents, names); err != nil {
		return nil, err
	}
	out := make([]ticket.AgentState, len(names))
	for i, name := range names {
		a, err := r.agent(name)
		if err != nil {
			return nil, err
		}
		out[i] = a
	}
	return out, nil
}

// agent is an agent that was loaded, as the Update sees it.
func (r *reader) agent(name string) (a ticket.AgentState, err error) {
	found, err := r.agents.get(name, &a)
	if w, ok := r.agents.pending(name); found && ok && w.as == &presences {
		agents.set(&a, zeroAgent)
		if have := r.agents.read[name]; have.version != 0 {
			agents.set(&a, have.state)
		}
	}
	return a, err
}

var zeroAgent = []int64{0, int64(never)}

func (x *tx) putAgent(a *ticket.AgentState) error {
	return x.agents.put(a.Name, &agents, a, int64(a.Load), int64(nanosOf(a.Freed)))
}

// holder returns the ticket's reservation and, with what else is named, the agents concerned, loaded.
func (x *tx) holder(id ticket.ID, names ...string) (held reservation, ok bool, err error) {
	if err := load(&x.reader, &x.reservations, []string{string(id)}); err != nil {
		return held, false, err
	}
	if ok, err = x.reservations.get(string(id), &held); err != nil {
		return held, false, err
	}
	if ok {
		names = append(names, held.Agent)
	}
	return held, ok, loadAll(&x.reader, &x.agents, names)
}

// Reserve implements ticket.Tx.
func (x *tx) Reserve(agent string, id ticket.ID, weight int) (bool, error) {
	weight = max(weight, 1)
	held, ok, err := x.holder(id, agent)
	if err != nil {
		return false, err
	}
	a, err := x.agent(agent)
	if err != nil {
		return false, err
	}
	if ok && held.Agent == agent {
		a.Load -= held.Weight
	}
	if a.Free() < weight {
		return false, nil
	}
	if ok && held.Agent != agent {
		before, err := x.agent(held.Agent)
		if err != nil {
			return false, err
		}
		before.Load -= held.Weight
		if err := x.putAgent(&before); err != nil {
			return false, err
		}
	}
	a.Load += weight
	if err := x.putAgent(&a); err != nil {
		return false, err
	}
	return true, x.reservations.put(string(id), &reservations, &reservation{agent, weight})
}

// Release implements ticket.Tx.
func (x *tx) Release(id ticket.ID, now time.Time) error {
	held, ok, err := x.holder(id)
	if err != nil || !ok {
		return err
	}
	a, err := x.agent(held.Agent)
	if err != nil {
		return err
	}
	a.Load -= held.Weight
	a.Freed = now
	if err := x.putAgent(&a); err != nil {
		return err
	}
	x.reservations.delete(string(id))
	return nil
}
