package storetest

import "github.com/socialcrm/socialcrm/ticket"

func ensureLeaves(t T, r Rig) {
	ensure := func(tasks ...ticket.Task) {
		t.Helper()
		r.write(t, func(tx ticket.Tx) { tx.Ensure(tasks...) })
	}
	first := todo("a", 1)
	first.Payload = []byte("first")
	ensure(first, todo("behind", 9))
	same(t, "the first", r.task(t, "a"), first)
	ensure(todo("a", 1), todo("a", 2))
	same(t, "after one that is due no sooner", r.task(t, "a"), first)
	sooner := todo("a", 0)
	sooner.Attempts, sooner.LastError = 7, "of no account"
	ensure(sooner)
	same(t, "after one that is due sooner", r.task(t, "a"), todo("a", 0))

	lease := r.claims(t, "at first", 0, "a")
	ensure(todo("a", 3))
	r.claims(t, "while it is claimed", 3)
	r.finish(t, lease...)
	same(t, "asked for while it was claimed, once that is finished", r.task(t, "a"), todo("a", 3))
	lease = r.claims(t, "anew", 3, "a")
	r.do(t, func(tx ticket.Tx) error { return tx.Bury(lease[0], "rejected") })
	ensure(todo("a", 4))
	same(t, "in place of a dead letter", r.task(t, "a"), todo("a", 4))
	moved := todo("a", 5)
	moved.Queue = "elsewhere"
	ensure(moved)
	same(t, "in another queue", r.task(t, "a"), moved)
	keyed := moved
	keyed.Key = "key"
	ensure(keyed)
	same(t, "with another key", r.task(t, "a"), keyed)

	r.write(t, func(tx ticket.Tx) { // what the Tx itself has done counts
		tx.Schedule(todo("a", 6))
		tx.Ensure(todo("a", 7))
		tx.Cancel("behind")
		tx.Ensure(todo("behind", 8), todo("new", 8), todo("new", 7))
	})
	same(t, "scheduled before", r.task(t, "a"), todo("a", 6))
	same(t, "cancelled before", r.task(t, "behind"), todo("behind", 8))
	same(t, "twice", r.task(t, "new"), todo("new", 7))
	r.do(t, func(tx ticket.Tx) error {
		tx.Ensure(todo("a", 9), todo("behind", 9), todo("new", 6))
		found, err := tx.Tasks("a", "behind", "new")
		same(t, "as the Tx itself sees them", found, []ticket.Task{todo("a", 6), todo("behind", 8), todo("new", 6)})
		tx.Schedule(todo("behind", 10))
		return err
	})
	same(t, "scheduled after", r.task(t, "behind"), todo("behind", 10))
	lease = r.claims(t, "of them", 6, "a", "new")
	r.do(t, func(tx ticket.Tx) error { // done and wanted again
		if err := tx.Finish(lease[0]); err != nil {
			return err
		}
		tx.Ensure(todo("a", 7))
		tx.Ensure(todo("new", 7))
		return tx.Finish(lease[1])
	})
	r.claims(t, "finished and wanted in one Tx", 7, "new", "a")
	r.do(t, func(tx ticket.Tx) error {
		_ = tx.Try(func(tx ticket.Tx) error {
			tx.Ensure(todo("dropped", 0))
			return errOwn
		})
		return nil
	})
	same(t, "what a Try dropped", r.task(t, "dropped"), ticket.Task{})
}
