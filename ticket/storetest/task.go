package storetest

import (
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func tasks() []Check {
	return []Check{
		{"tasks that are due are claimed in the order of Due, then of scheduling", claimOrder},
		{"Claim takes as many as asked for, of the queues asked for", claimLimits},
		{"tasks of one key are done in order", keyOrder},
		{"scheduling again replaces a task", scheduleReplaces},
		{"a task that is scheduled again while claimed becomes due again", scheduledWhileClaimed},
		{"Ensure leaves a task alone that waits and is due no later", ensureLeaves},
		{"Postpone counts attempts that have a reason", postponeCounts},
		{"a dead letter is kept, listed and out of the way", deadLetters},
		{"cancelled tasks are gone", cancelled},
		{"tasks are listed by Due, then by ID", taskList},
		{"NextDue is never too late", nextDue},
	}
}

func (r Rig) schedule(t T, tasks ...ticket.Task) {
	t.Helper()
	r.write(t, func(tx ticket.Tx) { tx.Schedule(tasks...) })
}

// claim claims at noon and so many minutes, for longer than the check takes.
func (r Rig) claim(t T, minutes, limit int, queues ...string) []ticket.Lease {
	t.Helper()
	return inTx(t, r, func(tx ticket.Tx) ([]ticket.Lease, error) {
		return tx.Claim(ticket.ClaimQuery{Now: at(minutes), Limit: limit, Queues: queues, Lease: time.Hour})
	})
}

// claimsShort expects to claim these, and the lease ends after r.short.
func (r Rig) claimsShort(t T, what string, minutes int, want ...string) []ticket.Lease {
	t.Helper()
	leases := inTx(t, r, func(tx ticket.Tx) ([]ticket.Lease, error) {
		return tx.Claim(ticket.ClaimQuery{Now: at(minutes), Limit: 100, Lease: r.short()})
	})
	if !same(t, "claimed "+what, ids(leases, leaseID), want) {
		t.Fatalf("the rest of the check builds on this")
	}
	return leases
}

// claims expects to claim these.
func (r Rig) claims(t T, what string, minutes int, want ...string) []ticket.Lease {
	t.Helper()
	leases := r.claim(t, minutes, 100)
	if !same(t, "claimed "+what, ids(leases, leaseID), want) {
		t.Fatalf("the rest of the check builds on this")
	}
	return leases
}

func (r Rig) finish(t T, leases ...ticket.Lease) {
	t.Helper()
	r.do(t, func(tx ticket.Tx) error {
		for _, l := range leases {
			if err := tx.Finish(l); err != nil {
				return fmt.Errorf("finish %s: %w", l.ID, err)
			}
		}
		return nil
	})
}

func (r Rig) task(t T, id string) ticket.Task {
	t.Helper()
	return read(t, r, func(rd ticket.Reader) ([]ticket.Task, error) { return rd.Tasks(id) })[0]
}

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// todo is a task without key, due so many minutes after noon.
func todo(id string, minutes int) ticket.Task {
	return ticket.Task{ID: id, Kind: "kind", Queue: "queue", Due: at(minutes)}
}

// keyed is a task of a key.
func keyed(id, key string, minutes int) ticket.Task {
	task := todo(id, minutes)
	task.Key = key
	return task
}

func claimOrder(t T, r Rig) {
	r.schedule(t, todo("late", 5), todo("b", 1), todo("a", 1), todo("future", 6))
	other := todo("first", 0)
	other.Queue = "other"
	r.schedule(t, todo("c", 1), other)
	r.claims(t, "before anything is due", -1)
	leases := r.claims(t, "at five past", 5, "first", "b", "a", "c", "late")
	r.claims(t, "once more", 5)
	same(t, "the task in the lease", leases[0].Task, other)
	if got := leases[0].Until; got.IsZero() {
		t.Errorf("the lease has no end")
	}
	r.finish(t, leases...)
	r.claims(t, "the last one, exactly when it is due", 6, "future")
}

func claimLimits(t T, r Rig) {
	for i := range 6 {
		task := todo(fmt.Sprint("task", i), i)
		task.Queue = fmt.Sprint("queue", i%3)
		r.schedule(t, task)
	}
	names := func(leases []ticket.Lease) []string { return ids(leases, leaseID) }
	same(t, "without a limit", names(r.claim(t, 60, 0)), []string{"task0"})
	same(t, "of a queue that is not there", names(r.claim(t, 60, 9, "no such queue")), []string{})
	same(t, "of two queues", names(r.claim(t, 60, 3, "queue2", "queue1")), []string{"task1", "task2", "task4"})
	same(t, "of a queue named twice", names(r.claim(t, 60, 9, "queue2", "queue2")), []string{"task5"})
	same(t, "the rest", names(r.claim(t, 60, 9)), []string{"task3"})
}

func keyOrder(t T, r Rig) {
	r.schedule(t, keyed("a1", "a", 5), keyed("a2", "a", 0), keyed("a3", "a", 0), keyed("b1", "b", 1), todo("free", 2))
	elsewhere := keyed("other", "a", 3)
	elsewhere.Queue = "other"
	r.schedule(t, elsewhere)
	first := r.claims(t, "while the first of its key is not due", 4, "b1", "free", "other")
	r.finish(t, first...)
	a1 := r.claims(t, "the first of the key", 5, "a1")
	r.claims(t, "while the first of the key is claimed", 5)
	r.do(t, func(tx ticket.Tx) error { return tx.Postpone(a1[0], at(9), "the platform is down") })
	r.claims(t, "while the first of the key waits for its retry", 8)
	a1 = r.claims(t, "the retry", 9, "a1")
	r.finish(t, a1...)
	a2 := r.claims(t, "the second of the key", 9, "a2")
	r.do(t, func(tx ticket.Tx) error { return tx.Bury(a2[0], "rejected") })
	r.claims(t, "behind a dead letter", 9, "a3")

	r.schedule(t, keyed("c1", "c", 0), keyed("c2", "c", 0))
	r.schedule(t, keyed("c1", "c", 1))
	r.claims(t, "the first of a key after it was scheduled again: it keeps its place", 9, "c1")
	r.write(t, func(tx ticket.Tx) { tx.Cancel("c1") })
	r.claims(t, "behind one that was cancelled", 9, "c2")

	r.write(t, func(tx ticket.Tx) {
		tx.Schedule(keyed("d1", "d", 0))
		tx.Schedule(keyed("d2", "d", 0))
		tx.Schedule(keyed("d1", "d", 1))
	})
	r.claims(t, "the first of a key that one Update scheduled again behind the second", 9, "d1")
}

func scheduleReplaces(t T, r Rig) {
	r.schedule(t, todo("a", 0))
	lease := r.claims(t, "at first", 0, "a")
	r.do(t, func(tx ticket.Tx) error { return tx.Postpone(lease[0], at(1), "reason") })
	task := todo("a", 5)
	task.Payload, task.Attempts, task.LastError, task.Dead = []byte("new"), 7, "not the Store's", true
	r.schedule(t, task)
	task.Attempts, task.LastError, task.Dead = 0, "", false
	same(t, "task", r.task(t, "a"), task)
	r.claims(t, "before it is due now", 4)
	r.schedule(t, todo("a", 2), todo("a", 3))
	r.claims(t, "of two schedules in one call", 2)
	lease = r.claims(t, "by the last of two schedules", 3, "a")
	r.finish(t, lease...)
	same(t, "task after it was finished", r.task(t, "a"), ticket.Task{})
	r.schedule(t, todo("a", 0))
	anew := r.claims(t, "after it was finished and scheduled anew", 3, "a")
	if anew[0].Token <= lease[0].Token {
		t.Errorf("the token of a later claim is %d, want more than %d", anew[0].Token, lease[0].Token)
	}
}

func scheduledWhileClaimed(t T, r Rig) {
	outcomes := []struct {
		name string
		end  func(tx ticket.Tx, l ticket.Lease) error
	}{
		{"Finish", func(tx ticket.Tx, l ticket.Lease) error { return tx.Finish(l) }},
		{"Postpone", func(tx ticket.Tx, l ticket.Lease) error { return tx.Postpone(l, at(50), "reason") }},
		{"Bury", func(tx ticket.Tx, l ticket.Lease) error { return tx.Bury(l, "reason") }},
	}
	for _, outcome := range outcomes {
		r.schedule(t, keyed("a", "key", 0), keyed("behind", "key", 0))
		lease := r.claims(t, "at first", 0, "a")
		anew := keyed("a", "key", 3)
		anew.Payload = []byte("new " + outcome.name)
		r.schedule(t, anew)
		r.claims(t, "while it is claimed and scheduled again", 3)
		same(t, "the lease holds", inTx(t, r, func(tx ticket.Tx) (bool, error) { return tx.Holds(lease[0]) }), true)
		r.do(t, func(tx ticket.Tx) error { return outcome.end(tx, lease[0]) })
		same(t, "task after "+outcome.name, r.task(t, "a"), anew)
		r.claims(t, "before the new schedule is due", 2)
		lease = r.claims(t, "by the new schedule, after "+outcome.name, 3, "a")
		same(t, "the task in the lease", lease[0].Task, anew)
		r.finish(t, lease...)
		r.finish(t, r.claims(t, "what was behind it", 3, "behind")...)
	}

	r.schedule(t, todo("b", 0))
	lease := r.claims(t, "at first", 0, "b")
	r.do(t, func(tx ticket.Tx) error { // in one Tx: first finished, then scheduled
		if err := tx.Finish(lease[0]); err != nil {
			return err
		}
		tx.Schedule(todo("b", 1))
		return nil
	})
	lease = r.claims(t, "after it was finished and scheduled in one Tx", 1, "b")
	r.do(t, func(tx ticket.Tx) error { // and the other way round
		tx.Schedule(todo("b", 2))
		return tx.Finish(lease[0])
	})
	r.claims(t, "after it was scheduled and finished in one Tx", 2, "b")
}

func postponeCounts(t T, r Rig) {
	task := todo("a", 0)
	task.Payload = []byte("payload")
	r.schedule(t, task)
	for i, reason := range []string{"first", "", "third"} {
		lease := r.claims(t, fmt.Sprint("round ", i), i, "a")
		r.do(t, func(tx ticket.Tx) error { return tx.Postpone(lease[0], at(i+1), reason) })
	}
	task.Due, task.Attempts, task.LastError = at(3), 2, "third"
	same(t, "task", r.task(t, "a"), task)
	r.claims(t, "before it is due again", 2)
	lease := r.claims(t, "when it is due again", 3, "a")
	same(t, "the task in the lease", lease[0].Task, task)
}

func deadLetters(t T, r Rig) {
	r.schedule(t, todo("a", 0), todo("b", 0))
	leases := r.claims(t, "at first", 0, "a", "b")
	r.do(t, func(tx ticket.Tx) error { return tx.Bury(leases[0], "rejected") })
	want := todo("a", 0)
	want.Dead, want.LastError = true, "rejected"
	same(t, "task", r.task(t, "a"), want)
	lists := func() (dead, alive []string) {
		for _, q := range []ticket.TaskQuery{{Dead: true}, {Dead: true, Queue: "queue"}} {
			dead = ids(read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Task], error) { return rd.ListTasks(q) }).Items, taskID)
		}
		return dead, ids(read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Task], error) { return rd.ListTasks(ticket.TaskQuery{}) }).Items, taskID)
	}
	dead, alive := lists()
	same(t, "dead letters", dead, []string{"a"})
	same(t, "tasks to do, claimed ones included", alive, []string{"b"})
	r.finish(t, leases[1])
	r.claims(t, "when all is dead", 60)
	if next := read(t, r, func(rd ticket.Reader) (time.Time, error) { return rd.NextDue(at(0)) }); !next.IsZero() {
		t.Errorf("something is due at %v, want nothing: there is only a dead letter", next)
	}
	r.schedule(t, keyed("behind", "key", 0), ticket.Task{ID: "a", Kind: "kind", Queue: "queue", Key: "key", Due: at(0)})
	dead, _ = lists()
	same(t, "dead letters after it was scheduled again", dead, []string{})
	r.finish(t, r.claims(t, "what was there before the dead letter came back", 1, "behind")...)
	leases = r.claims(t, "what was a dead letter", 1, "a")
	r.do(t, func(tx ticket.Tx) error { return tx.Bury(leases[0], "again") })
	r.write(t, func(tx ticket.Tx) { tx.Cancel("a") })
	dead, _ = lists()
	same(t, "dead letters after it was cancelled", dead, []string{})
}

func cancelled(t T, r Rig) {
	r.schedule(t, todo("a", 0), todo("b", 0), todo("c", 0))
	leases := r.claim(t, 0, 1)
	if !same(t, "claimed", ids(leases, leaseID), []string{"a"}) {
		return
	}
	var own []ticket.Task
	r.do(t, func(tx ticket.Tx) (err error) {
		tx.Cancel("a", "b", "was never there")
		own, err = tx.Tasks("a", "b", "c")
		return err
	})
	same(t, "tasks in the Tx that cancelled them", ids(own, taskID), []string{"", "", "c"})
	r.claims(t, "afterwards", 0, "c")
	stale(t, r, "the lease of a cancelled task", leases[0])
	r.schedule(t, todo("a", 0))
	stale(t, r, "the lease from before the task was cancelled and scheduled anew", leases[0])
	r.claims(t, "anew", 0, "a")
}

func taskList(t T, r Rig) {
	r.schedule(t, todo("b", 1), todo("a", 1), todo("C", 1), todo("z", 0))
	other := todo("other", -5)
	other.Queue = "other"
	r.schedule(t, other)
	if leases := r.claim(t, 0, 1, "queue"); len(leases) != 1 {
		t.Errorf("claimed %d, want 1", len(leases))
	}
	pages := func(q ticket.TaskQuery) (out []string) {
		q.Limit = 2
		for range 9 {
			list := read(t, r, func(rd ticket.Reader) (ticket.List[ticket.Task], error) { return rd.ListTasks(q) })
			out = append(out, ids(list.Items, taskID)...)
			if q.After = list.Next; q.After == "" {
				break
			}
		}
		return out
	}
	same(t, "all", pages(ticket.TaskQuery{}), []string{"other", "z", "C", "a", "b"})
	same(t, "of a queue", pages(ticket.TaskQuery{Queue: "queue"}), []string{"z", "C", "a", "b"})
	same(t, "of a queue that is not there", pages(ticket.TaskQuery{Queue: "no"}), []string{})
	same(t, "dead", pages(ticket.TaskQuery{Dead: true}), []string{})
}

// nextDue goes through a number of situations and, in each, from one time that NextDue names to the next: nothing can be claimed in between.
func nextDue(t T, r Rig) {
	next := func(minutes int) time.Time {
		return read(t, r, func(rd ticket.Reader) (time.Time, error) { return rd.NextDue(at(minutes)) })
	}
	notLater := func(what string, now, want int) {
		t.Helper()
		if got := next(now); got.IsZero() || got.After(at(want)) {
			t.Errorf("%s: next due at %v, want it no later than %v", what, got, at(want))
		}
	}
	nothing := func(what string, now int) {
		t.Helper()
		if got := next(now); !got.IsZero() {
			t.Errorf("%s: next due at %v, want nothing", what, got)
		}
	}
	nothing("empty store", 0)
	r.schedule(t, todo("a", 5), todo("b", 3))
	notLater("two tasks", 0, 3)
	if got := next(0); got.Before(at(3)) {
		t.Errorf("two tasks: next due at %v, want %v: nothing else is in the way", got, at(3))
	}
	r.write(t, func(tx ticket.Tx) { tx.PauseQueue(ticket.QueuePause{Queue: "queue", Until: at(20)}) })
	notLater("paused until 20", 0, 20)
	notLater("after the pause", 20, 20)
	r.write(t, func(tx ticket.Tx) { tx.ResumeQueue("queue") })
	notLater("resumed", 0, 3)
	b := r.claim(t, 3, 1)
	notLater("b is claimed", 3, 5)
	r.schedule(t, todo("b", 4))
	r.finish(t, b...)
	notLater("b is due again", 3, 4)
	r.write(t, func(tx ticket.Tx) { tx.Cancel("a", "b") })
	nothing("all cancelled", 3)
	r.schedule(t, keyed("k1", "k", 10), keyed("k2", "k", 1))
	notLater("the first of a key", 1, 10)
	k := r.claim(t, 10, 1)
	r.finish(t, k...)
	notLater("the second of a key", 10, 10)
	r.claimsShort(t, "the second of a key", 10, "k2")
	if got := next(10); got.IsZero() || got.After(at(10).Add(r.short())) {
		t.Errorf("one task, claimed: next due at %v, want it no later than the end of the lease", got)
	}
	r.pass(r.short())
	notLater("a lease has ended", 10, 10)
}
