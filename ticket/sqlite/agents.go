package sqlite

import (
	"database/sql"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

const selectAgents = `SELECT name, presence, capacity, load, since, freed FROM socialcrm_agent WHERE tenant = ? AND name `

func scanAgent(rows *sql.Rows, a *ticket.AgentState) error {
	var since, freed int64
	err := rows.Scan(&a.Name, &a.Presence, &a.Capacity, &a.Load, &since, &freed)
	a.Since, a.Freed = timeOf(since), timeOf(freed)
	return err
}

func (r *reader) agent(name string) (a ticket.AgentState, err error) {
	if r.own != nil {
		if w := r.own.agents.get(name); w != nil {
			return w.record, nil
		}
	}
	err = r.on.one(func(rows *sql.Rows) error { return scanAgent(rows, &a) }, selectAgents+`= ?`, r.tenant, name)
	return a, err
}

// Agents implements ticket.Reader.
func (r *reader) Agents(names ...string) ([]ticket.AgentState, error) {
	if r.on == nil {
		return nil, errEnded
	}
	out := make([]ticket.AgentState, len(names))
	for i, name := range names {
		var err error
		if out[i], err = r.agent(name); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ListAgents implements ticket.Reader.
func (r *reader) ListAgents(p ticket.Page) (ticket.List[ticket.AgentState], error) {
	if r.on == nil {
		return ticket.List[ticket.AgentState]{}, errEnded
	}
	query, name := selectAgents+`>= ? ORDER BY name LIMIT ?`, ""
	if p.After != "" {
		at := readPlace(p.After)
		name = at.text()
		if err := at.end("agents"); err != nil {
			return ticket.List[ticket.AgentState]{}, err
		}
		query = selectAgents + `> ? ORDER BY name LIMIT ?`
	}
	out := page[ticket.AgentState]{limit: limit(p.Limit)}
	err := r.on.each(func(rows *sql.Rows) error {
		if out.full() {
			return nil
		}
		var a ticket.AgentState
		if err := scanAgent(rows, &a); err != nil {
			return err
		}
		out.add(a, place("").text(a.Name))
		return nil
	}, query, r.tenant, name, out.limit+1)
	return out.list, err
}

// reservation says which agent holds a ticket.
type reservation struct {
	agent  string
	weight int
}

// PutAgent implements ticket.Tx.
func (x *tx) PutAgent(a ticket.AgentState) {
	if x.on == nil {
		return
	}
	was, err := x.agent(a.Name)
	x.fail(err)
	a.Load, a.Freed = was.Load, was.Freed
	x.agents.put(a.Name, a)
}

func (x *tx) reservation(id ticket.ID) (held reservation, ok bool, err error) {
	if w := x.reservations.get(id); w != nil {
		return w.record, !w.gone, nil
	}
	err = x.on.one(func(rows *sql.Rows) error {
		ok = true
		return rows.Scan(&held.agent, &held.weight)
	}, `SELECT agent, weight FROM socialcrm_reservation WHERE tenant = ? AND ticket = ?`, x.tenant, string(id))
	return held, ok, err
}

// Reserve implements ticket.Tx.
func (x *tx) Reserve(agent string, id ticket.ID, weight int) (bool, error) {
	if x.on == nil {
		return false, errEnded
	}
	weight = max(weight, 1)
	a, err := x.agent(agent)
	if err != nil {
		return false, err
	}
	held, ok, err := x.reservation(id)
	if err != nil {
		return false, err
	}
	if ok && held.agent == agent {
		a.Load -= held.weight
	}
	if a.Free() < weight {
		return false, nil
	}
	if ok && held.agent != agent {
		former, err := x.agent(held.agent)
		if err != nil {
			return false, err
		}
		former.Load -= held.weight
		x.agents.put(held.agent, former)
	}
	a.Load += weight
	x.agents.put(agent, a)
	x.reservations.put(id, reservation{agent, weight})
	return true, nil
}

// Release implements ticket.Tx.
func (x *tx) Release(id ticket.ID, now time.Time) error {
	if x.on == nil {
		return errEnded
	}
	held, ok, err := x.reservation(id)
	if err != nil || !ok {
		return err
	}
	a, err := x.agent(held.agent)
	if err != nil {
		return err
	}
	a.Load -= held.weight
	a.Freed = now
	x.agents.put(held.agent, a)
	x.reservations.remove(id)
	return nil
}
