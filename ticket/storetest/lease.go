package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func leases() []Check {
	return []Check{
		{"a lease that was overtaken is stale", overtaken},
		{"an expired lease holds until somebody else claims", expiredHolds},
		{"a lease lasts as long as was asked for", leaseLength},
		{"Extend lengthens a lease", extended},
		{"two claimers never get the same task", oneClaimer},
		{"claimers side by side keep the order within a key", orderSideBySide},
		{"two claims in one Tx take different tasks", claimTwice},
		{"a claim that is not committed gives the tasks back", claimUndone},
	}
}

// stale expects that nothing can be done with the lease.
func stale(t T, r Rig, what string, l ticket.Lease) {
	t.Helper()
	ends := map[string]func(tx ticket.Tx) error{
		"Finish":   func(tx ticket.Tx) error { return tx.Finish(l) },
		"Postpone": func(tx ticket.Tx) error { return tx.Postpone(l, at(0), "reason") },
		"Bury":     func(tx ticket.Tx) error { return tx.Bury(l, "reason") },
		"Extend": func(tx ticket.Tx) error {
			_, err := tx.Extend(l, time.Hour)
			return err
		},
	}
	for name, end := range ends {
		if err := r.Store.Update(t.Context(), brand, end); !errors.Is(err, ticket.ErrStale) {
			t.Errorf("%s: %s returns %v, want ErrStale", what, name, err)
		}
	}
	if inTx(t, r, func(tx ticket.Tx) (bool, error) { return tx.Holds(l) }) {
		t.Errorf("%s holds", what)
	}
}

func overtaken(t T, r Rig) {
	r.schedule(t, todo("a", 0))
	first := r.claimsShort(t, "at first", 0, "a")[0]
	r.claims(t, "while it is leased", 0)
	r.pass(r.short())
	second := r.claims(t, "after the lease has ended", 0, "a")[0]
	if second.Token <= first.Token {
		t.Errorf("the second token is %d, want more than %d", second.Token, first.Token)
	}
	stale(t, r, "the overtaken lease", first)
	same(t, "the newer lease holds", inTx(t, r, func(tx ticket.Tx) (bool, error) { return tx.Holds(second) }), true)
	r.do(t, func(tx ticket.Tx) error { return tx.Postpone(second, at(1), "") })
	stale(t, r, "a lease that was put back", second)
	third := r.claims(t, "after it was put back", 1, "a")[0]
	r.finish(t, third)
	stale(t, r, "a lease that was finished", third)
	stale(t, r, "a lease that never was", ticket.Lease{Task: todo("never", 0), Token: 1})
	r.schedule(t, todo("b", 0))
	stale(t, r, "a lease without a token, of a task that nobody claimed", ticket.Lease{Task: todo("b", 0)})
}

func expiredHolds(t T, r Rig) {
	r.schedule(t, keyed("a", "key", 0), keyed("behind", "key", 0))
	lease := r.claimsShort(t, "at first", 0, "a")[0]
	r.pass(r.short())
	same(t, "it holds", inTx(t, r, func(tx ticket.Tx) (bool, error) { return tx.Holds(lease) }), true)
	r.write(t, func(tx ticket.Tx) { tx.Schedule(keyed("a", "key", 2)) })
	r.finish(t, lease)
	same(t, "task, scheduled again while the lease held", r.task(t, "a"), keyed("a", "key", 2))
	r.claims(t, "before it is due again", 1)
	r.finish(t, r.claims(t, "when it is due again", 2, "a")...)
	r.claims(t, "what was behind it", 2, "behind")
}

func leaseLength(t T, r Rig) {
	r.schedule(t, todo("brief", 0), todo("long", 1))
	claim := func(lease time.Duration) ticket.Lease {
		leases := inTx(t, r, func(tx ticket.Tx) ([]ticket.Lease, error) {
			return tx.Claim(ticket.ClaimQuery{Now: at(1), Limit: 1, Lease: lease})
		})
		if len(leases) != 1 {
			t.Fatalf("claimed %d tasks, want 1", len(leases))
		}
		return leases[0]
	}
	brief, long := claim(r.short()), claim(4*r.short())
	if d, least := long.Until.Sub(brief.Until), 3*r.short(); d < least || d > least+time.Minute {
		t.Errorf("the long lease ends %v after the brief one, want %v", d, least)
	}
	r.pass(r.short())
	r.claims(t, "when the brief lease has ended", 1, "brief")
	r.pass(3 * r.short())
	r.claims(t, "when the long one has ended too", 1, "long")
}

func extended(t T, r Rig) {
	r.schedule(t, todo("a", 0))
	lease := r.claimsShort(t, "at first", 0, "a")[0]
	longer := inTx(t, r, func(tx ticket.Tx) (ticket.Lease, error) { return tx.Extend(lease, time.Hour) })
	if !longer.Until.After(lease.Until) || longer.Token != lease.Token {
		t.Errorf("extended from %v to %v, token from %d to %d; want a later end and the same token", lease.Until, longer.Until, lease.Token, longer.Token)
	}
	same(t, "the task in the lease", longer.Task, todo("a", 0))
	r.pass(2 * r.short())
	r.claims(t, "within the longer lease", 0)
	r.finish(t, longer)
}

func oneClaimer(t T, r Rig) {
	const workers, count = 6, 120
	stores := r.stores(t)
	r.write(t, func(tx ticket.Tx) {
		for i := range count {
			tx.Schedule(todo(fmt.Sprint("task", i), i%7))
		}
	})
	var claimed [count]atomic.Int32
	sideBySide(t, workers, func(worker int) error {
		for {
			var leases []ticket.Lease
			err := stores[worker%2].Update(t.Context(), brand, func(tx ticket.Tx) (err error) {
				leases, err = tx.Claim(ticket.ClaimQuery{Now: at(60), Limit: 1 + worker, Lease: time.Hour})
				return err
			})
			if err != nil || len(leases) == 0 {
				return err
			}
			for _, l := range leases {
				var i int
				if _, err := fmt.Sscanf(l.ID, "task%d", &i); err != nil {
					return err
				}
				claimed[i].Add(1)
			}
		}
	})
	for i := range claimed {
		if n := claimed[i].Load(); n != 1 {
			t.Fatalf("task%d was claimed %d times, want once", i, n)
		}
	}
}

func orderSideBySide(t T, r Rig) {
	const workers, keys, each = 4, 3, 8
	stores := r.stores(t)
	r.write(t, func(tx ticket.Tx) {
		for i := range each {
			for k := range keys {
				tx.Schedule(keyed(fmt.Sprintf("%d/%d", k, i), fmt.Sprint("key", k), 0))
			}
		}
	})
	var turn [keys]atomic.Int32
	var left atomic.Int32
	left.Store(keys * each)
	sideBySide(t, workers, func(worker int) error {
		for left.Load() > 0 {
			if err := t.Context().Err(); err != nil {
				return err
			}
			var leases []ticket.Lease
			err := stores[worker%2].Update(t.Context(), brand, func(tx ticket.Tx) (err error) {
				leases, err = tx.Claim(ticket.ClaimQuery{Now: at(0), Limit: 2, Lease: time.Hour})
				return err
			})
			if err != nil {
				return err
			}
			for _, l := range leases {
				var k, i int
				if _, err := fmt.Sscanf(l.ID, "%d/%d", &k, &i); err != nil {
					return err
				}
				if n := int(turn[k].Load()); n != i {
					left.Store(0)
					return fmt.Errorf("task %d of key %d is claimed while it is the turn of %d", i, k, n)
				}
				turn[k].Add(1)
				if err := stores[worker%2].Update(t.Context(), brand, func(tx ticket.Tx) error { return tx.Finish(l) }); err != nil {
					return err
				}
				left.Add(-1)
			}
		}
		return nil
	})
}

func claimTwice(t T, r Rig) {
	r.schedule(t, todo("a", 0), todo("b", 0), keyed("k1", "k", 0), keyed("k2", "k", 0))
	var got []string
	r.do(t, func(tx ticket.Tx) error {
		got = nil
		for range 5 {
			leases, err := tx.Claim(ticket.ClaimQuery{Now: at(0)})
			if err != nil {
				return err
			}
			got = append(got, ids(leases, leaseID)...)
		}
		return nil
	})
	same(t, "claimed one by one", got, []string{"a", "b", "k1"})
	r.claims(t, "afterwards", 0)
}

func claimUndone(t T, r Rig) {
	r.schedule(t, todo("a", 0))
	var lost ticket.Lease
	err := r.Store.Update(t.Context(), brand, func(tx ticket.Tx) error {
		leases, err := tx.Claim(ticket.ClaimQuery{Now: at(0), Lease: time.Hour})
		if err == nil && len(leases) == 1 {
			lost = leases[0]
		}
		return errOwn
	})
	if err != errOwn {
		t.Errorf("the error is %v, want the function's own", err)
	}
	stale(t, r, "a claim that was not committed", lost)
	r.claims(t, "afterwards", 0, "a")
	stale(t, r, "a claim that was not committed, after somebody else's", lost)
}
