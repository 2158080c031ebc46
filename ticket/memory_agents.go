package ticket

import (
	"strings"
	"time"
)

// memoryAgent is a stored AgentState.
type memoryAgent struct {
	record string
	name   string
}

// memoryAgents is the agents of a tenant and the tickets that they hold.
type memoryAgents struct {
	byName map[string]*memoryAgent // by packed name
	listed ordered[*memoryAgent]
	held   map[string]string // packed reservations by packed ticket ID
}

func (s *memoryAgents) init() {
	s.byName, s.held = make(map[string]*memoryAgent), make(map[string]string)
	s.listed.compare = func(a, b *memoryAgent) int { return strings.Compare(a.name, b.name) }
}

func (s *memoryAgents) put(key, record string) {
	p := unpacker(record)
	a, ok := s.byName[key]
	if !ok {
		a = new(memoryAgent)
	}
	a.record = record
	packText(&p, &a.name)
	s.byName[record[:len(key)]] = a
	if !ok {
		s.listed.insert(a)
	}
}

// hold stores a reservation or, with an empty record, ends it.
func (s *memoryAgents) hold(key, record string) {
	if record == "" {
		delete(s.held, key)
		return
	}
	s.held[key] = record
}

// PutAgent implements Tx.
func (x *memoryTx) PutAgent(a AgentState) {
	was := x.agent(a.Name)
	a.Load, a.Freed = was.Load, was.Freed
	x.putAgent(a)
}

func (x *memoryTx) agent(name string) (a AgentState) {
	if record := x.record(kindAgent, packedKey(&x.memoryReader, &name, packKey[string])); record != "" {
		x.unpack(record)
		x.packer.agent(&a)
	}
	return a
}

func (x *memoryTx) putAgent(a AgentState) {
	p := x.begin()
	packKey(p, &a.Name)
	n := p.keyed()
	p.agent(&a)
	x.put(kindAgent, n)
}

// reservation says which agent holds a ticket.
type reservation struct {
	ticket ID
	agent  string
	weight int
}

func (p *packer) reservation(r *reservation) {
	packKey(p, &r.ticket)
	packText(p, &r.agent)
	packInt(p, &r.weight)
}

func (x *memoryTx) reservation(id ID) (held reservation, ok bool) {
	record := x.record(kindReservation, packedKey(&x.memoryReader, &id, packKey[ID]))
	if record == "" {
		return held, false
	}
	x.unpack(record)
	x.packer.reservation(&held)
	return held, true
}

// Reserve implements Tx.
func (x *memoryTx) Reserve(agent string, id ID, weight int) (bool, error) {
	if x.tenant == nil {
		return false, errReaderEnded
	}
	weight = max(weight, 1)
	a := x.agent(agent)
	held, ok := x.reservation(id)
	if ok && held.agent == agent {
		a.Load -= held.weight
	}
	if a.Free() < weight {
		return false, nil
	}
	if ok && held.agent != agent {
		before := x.agent(held.agent)
		before.Load -= held.weight
		x.putAgent(before)
	}
	a.Load += weight
	x.putAgent(a)
	p := x.begin()
	packKey(p, &id)
	n := p.keyed()
	p.reservation(&reservation{id, agent, weight})
	x.put(kindReservation, n)
	return true, nil
}

// Release implements Tx.
func (x *memoryTx) Release(id ID, now time.Time) error {
	if x.tenant == nil {
		return errReaderEnded
	}
	held, ok := x.reservation(id)
	if !ok {
		return nil
	}
	a := x.agent(held.agent)
	a.Load -= held.weight
	a.Freed = now
	x.putAgent(a)
	p := x.begin()
	packKey(p, &id)
	x.remove(kindReservation)
	return nil
}
