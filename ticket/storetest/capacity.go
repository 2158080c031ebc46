package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func capacity() []Check {
	return []Check{
		{"Reserve keeps within capacity and presence", reserveLimits},
		{"reserving again moves the weight", reserveMoves},
		{"Release frees the weight and remembers when", release},
		{"putting an agent leaves its load as it is", putAgentKeepsLoad},
		{"reservations side by side never exceed capacity", reserveSideBySide},
	}
}

func (r Rig) agent(t T, name string, p ticket.Presence, capacity int) {
	t.Helper()
	r.write(t, func(tx ticket.Tx) { tx.PutAgent(ticket.AgentState{Name: name, Presence: p, Capacity: capacity}) })
}

func (r Rig) reserves(t T, what, agent string, id ticket.ID, weight int, want bool) {
	t.Helper()
	ok := inTx(t, r, func(tx ticket.Tx) (bool, error) { return tx.Reserve(agent, id, weight) })
	if ok != want {
		t.Errorf("reserve %s: got %v, want %v", what, ok, want)
	}
}

// loads expects the loads of ann and bob.
func (r Rig) loads(t T, what string, ann, bob int) {
	t.Helper()
	got := read(t, r, func(rd ticket.Reader) ([]ticket.AgentState, error) { return rd.Agents("ann", "bob") })
	same(t, "loads of ann and bob "+what, []int{got[0].Load, got[1].Load}, []int{ann, bob})
}

func reserveLimits(t T, r Rig) {
	r.reserves(t, "of an agent who is not there", "nobody", "1", 1, false)
	r.agent(t, "ann", ticket.Available, 3)
	r.reserves(t, "1 of 3", "ann", "1", 1, true)
	r.reserves(t, "3 of 2", "ann", "2", 3, false)
	r.loads(t, "after what did not fit", 1, 0)
	r.reserves(t, "2 of 2", "ann", "2", 2, true)
	r.reserves(t, "1 of 0", "ann", "3", 1, false)
	r.reserves(t, "nothing, which counts as 1, of 0", "ann", "3", 0, false)
	r.loads(t, "when full", 3, 0)
	for _, p := range []ticket.Presence{ticket.Offline, ticket.Busy, ticket.Away} {
		r.agent(t, "bob", p, 9)
		r.reserves(t, fmt.Sprintf("of an agent who is %q", p), "bob", "4", 1, false)
	}
	r.agent(t, "bob", ticket.Available, 9)
	r.reserves(t, "less than nothing, which counts as 1", "bob", "4", -5, true)
	r.loads(t, "at the end", 3, 1)
	names := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.AgentState], error) { return rd.ListAgents(ticket.Page{}) })
	same(t, "agents", ids(names.Items, func(a *ticket.AgentState) string { return a.Name }), []string{"ann", "bob"})
}

func reserveMoves(t T, r Rig) {
	r.agent(t, "ann", ticket.Available, 3)
	r.agent(t, "bob", ticket.Available, 2)
	r.reserves(t, "at first", "ann", "1", 2, true)
	r.reserves(t, "with another weight, which fits once the first is off", "ann", "1", 3, true)
	r.loads(t, "after it", 3, 0)
	r.reserves(t, "of one for whom it is too much", "bob", "1", 3, false)
	r.loads(t, "after what did not fit", 3, 0)
	r.reserves(t, "of another", "bob", "1", 2, true)
	r.loads(t, "after the hand-over", 0, 2)
	r.agent(t, "bob", ticket.Away, 2)
	r.reserves(t, "from one who is away", "ann", "1", 1, true)
	r.loads(t, "after it was taken over", 1, 0)
	moved := inTx(t, r, func(tx ticket.Tx) ([]ticket.AgentState, error) {
		for _, name := range []string{"ann", "bob"} {
			tx.PutAgent(ticket.AgentState{Name: name, Presence: ticket.Available, Capacity: 2})
			if ok, err := tx.Reserve(name, "1", 2); err != nil || !ok {
				return nil, fmt.Errorf("reserve %s within one Tx: %v, %w", name, ok, err)
			}
		}
		return tx.Agents("ann", "bob")
	})
	same(t, "loads within one Tx", []int{moved[0].Load, moved[1].Load}, []int{0, 2})
}

func release(t T, r Rig) {
	freed := at(7).Add(123_456_789)
	r.agent(t, "ann", ticket.Available, 2)
	r.reserves(t, "at first", "ann", "1", 2, true)
	r.do(t, func(tx ticket.Tx) error { return tx.Release("1", freed) })
	got := read(t, r, func(rd ticket.Reader) ([]ticket.AgentState, error) { return rd.Agents("ann") })
	same(t, "ann", got[0], ticket.AgentState{Name: "ann", Presence: ticket.Available, Capacity: 2, Freed: freed})
	r.do(t, func(tx ticket.Tx) error {
		if err := tx.Release("1", at(8)); err != nil {
			return err
		}
		return tx.Release("was never reserved", at(9))
	})
	got = read(t, r, func(rd ticket.Reader) ([]ticket.AgentState, error) { return rd.Agents("ann") })
	same(t, "ann after a second release, which is none", got[0].Freed, freed)
	r.loads(t, "after it", 0, 0)
	r.reserves(t, "anew", "ann", "2", 2, true)
}

func putAgentKeepsLoad(t T, r Rig) {
	put := func(a ticket.AgentState) ticket.AgentState {
		r.write(t, func(tx ticket.Tx) { tx.PutAgent(a) })
		return read(t, r, func(rd ticket.Reader) ([]ticket.AgentState, error) { return rd.Agents(a.Name) })[0]
	}
	ann := ticket.AgentState{Name: "ann", Presence: ticket.Available, Capacity: 3, Since: at(1)}
	given := ann
	given.Load, given.Freed = 2, at(0)
	same(t, "a new agent, which holds nothing whatever is said", put(given), ann)
	r.reserves(t, "at first", "ann", "1", 1, true)
	r.reserves(t, "another", "ann", "2", 1, true)
	r.do(t, func(tx ticket.Tx) error { return tx.Release("2", at(5)) })
	changed := ticket.AgentState{Name: "ann", Presence: ticket.Busy, Capacity: 1, Since: at(9), Load: 77, Freed: at(77)}
	want := changed
	want.Load, want.Freed = 1, at(5)
	same(t, "after a change", put(changed), want)

	r.agent(t, "bob", ticket.Available, 3)
	r.reserves(t, "two of bob", "bob", "3", 2, true)
	r.reserves(t, "the third of bob", "bob", "4", 1, true)
	fewer := ticket.AgentState{Name: "bob", Presence: ticket.Available, Capacity: 1}
	want = fewer
	want.Load = 3
	same(t, "with a capacity below the load", put(fewer), want)
	r.do(t, func(tx ticket.Tx) error { return tx.Release("3", at(6)) })
	r.reserves(t, "while the load is the capacity", "bob", "5", 1, false)
	r.do(t, func(tx ticket.Tx) error { return tx.Release("4", at(6)) })
	r.reserves(t, "once the load is below the capacity", "bob", "5", 1, true)
}

func reserveSideBySide(t T, r Rig) {
	const workers, tickets, capacity = 8, 12, 5
	stores := r.stores(t)
	r.agent(t, "ann", ticket.Available, capacity)
	r.agent(t, "bob", ticket.Available, capacity)
	var reserved atomic.Int32
	sideBySide(t, workers, func(worker int) error {
		for i := range tickets {
			var ok bool
			err := stores[worker%2].Update(t.Context(), brand, func(tx ticket.Tx) (err error) {
				ok, err = tx.Reserve("ann", ticket.ID(fmt.Sprint(worker, "/", i)), 1)
				return err
			})
			if err != nil {
				return err
			}
			if ok {
				reserved.Add(1)
			}
		}
		return nil
	})
	same(t, "reservations that were granted", int(reserved.Load()), capacity)
	r.loads(t, "afterwards", capacity, 0)
	r.write(t, func(tx ticket.Tx) {
		tx.PutAgent(ticket.AgentState{Name: "ann", Presence: ticket.Available, Capacity: 100})
		tx.PutAgent(ticket.AgentState{Name: "bob", Presence: ticket.Available, Capacity: 100})
	})
	sideBySide(t, workers, func(worker int) error { // one ticket goes to and fro, and is released now and then
		for i := range tickets {
			err := stores[worker%2].Update(t.Context(), brand, func(tx ticket.Tx) error {
				if i%3 == 2 {
					return tx.Release("hot", noon.Add(time.Duration(i)))
				}
				_, err := tx.Reserve([]string{"ann", "bob"}[(worker+i)%2], "hot", 1+i%4)
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	r.do(t, func(tx ticket.Tx) error { return tx.Release("hot", noon) })
	r.loads(t, "after one ticket went to and fro and was released", capacity, 0)
}
