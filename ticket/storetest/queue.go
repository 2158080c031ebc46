package storetest

import (
	"fmt"

	"github.com/socialcrm/socialcrm/ticket"
)

func queues() []Check {
	return []Check{
		{"nothing is claimed from a paused queue", pausedQueue},
		{"a pause with an end ends by itself", pauseEnds},
		{"a pause leaves claimed tasks with their claimers", pauseWhileClaimed},
		{"pauses are listed", pauseList},
	}
}

// inQueues schedules a task in each of the queues.
func (r Rig) inQueues(t T, queues ...string) {
	t.Helper()
	for i, q := range queues {
		task := todo("of "+q, i)
		task.Queue = q
		r.schedule(t, task)
	}
}

func (r Rig) pause(t T, p ticket.QueuePause) {
	t.Helper()
	r.write(t, func(tx ticket.Tx) { tx.PauseQueue(p) })
}

func pausedQueue(t T, r Rig) {
	r.pause(t, ticket.QueuePause{Queue: "a", Reason: "before it had any tasks"})
	r.inQueues(t, "a", "b", "c")
	r.pause(t, ticket.QueuePause{Queue: "c"})
	r.finish(t, r.claims(t, "of the queue that is not paused", 60, "of b")...)
	same(t, "claimed of paused queues by name", ids(r.claim(t, 60, 9, "a", "c"), leaseID), []string{})
	r.inQueues(t, "a", "b", "c")
	r.finish(t, r.claims(t, "after tasks were added", 60, "of b")...)
	r.write(t, func(tx ticket.Tx) {
		tx.ResumeQueue("a")
		tx.ResumeQueue("was never paused")
	})
	r.finish(t, r.claims(t, "of the resumed queue", 60, "of a")...)
	r.write(t, func(tx ticket.Tx) { tx.ResumeQueue("c") })
	r.claims(t, "of the other one", 60, "of c")
}

func pauseEnds(t T, r Rig) {
	r.inQueues(t, "a", "b")
	r.pause(t, ticket.QueuePause{Queue: "a", Until: at(10)})
	r.pause(t, ticket.QueuePause{Queue: "b", Until: at(20)})
	r.claims(t, "before", 9)
	r.finish(t, r.claims(t, "when the first pause ends", 10, "of a")...)
	same(t, "claimed by name before the second pause ends", ids(r.claim(t, 19, 9, "b"), leaseID), []string{})
	r.pause(t, ticket.QueuePause{Queue: "b", Until: at(30)})
	r.claims(t, "when the pause was lengthened", 29)
	same(t, "claimed by name when the pause ends", ids(r.claim(t, 30, 9, "b"), leaseID), []string{"of b"})
	r.inQueues(t, "c")
	r.pause(t, ticket.QueuePause{Queue: "c", Until: at(10)})
	r.pause(t, ticket.QueuePause{Queue: "c"})
	r.claims(t, "when the pause was made one without end", 1000)
	r.write(t, func(tx ticket.Tx) { tx.ResumeQueue("c") })
	r.claims(t, "resumed", 1000, "of c")
}

func pauseWhileClaimed(t T, r Rig) {
	r.schedule(t, keyed("a1", "a", 0), keyed("a2", "a", 0))
	lease := r.claims(t, "at first", 0, "a1")
	r.pause(t, ticket.QueuePause{Queue: "queue"})
	r.do(t, func(tx ticket.Tx) error { return tx.Postpone(lease[0], at(0), "reason") })
	r.claims(t, "while paused", 0)
	r.write(t, func(tx ticket.Tx) { tx.ResumeQueue("queue") })
	lease = r.claims(t, "resumed", 0, "a1")
	r.pause(t, ticket.QueuePause{Queue: "queue"})
	r.finish(t, lease...)
	r.claims(t, "while paused again", 0)
	r.write(t, func(tx ticket.Tx) { tx.ResumeQueue("queue") })
	r.claims(t, "resumed again", 0, "a2")
}

func pauseList(t T, r Rig) {
	want := []ticket.QueuePause{{Queue: "a", Until: at(10), Reason: "rate limited"}, {Queue: "b"}, {Queue: "c", Until: at(5)}}
	for i := range want {
		r.pause(t, want[len(want)-1-i])
	}
	same(t, "pauses", read(t, r, func(rd ticket.Reader) ([]ticket.QueuePause, error) { return rd.ListPauses() }), want)
	want[1] = ticket.QueuePause{Queue: "b", Until: at(7), Reason: "changed"}
	r.pause(t, want[1])
	r.write(t, func(tx ticket.Tx) { tx.ResumeQueue("a") })
	same(t, "pauses", read(t, r, func(rd ticket.Reader) ([]ticket.QueuePause, error) { return rd.ListPauses() }), want[1:])
	r.write(t, func(tx ticket.Tx) {
		for i := range 300 {
			tx.PauseQueue(ticket.QueuePause{Queue: fmt.Sprint("queue", i), Until: at(i)})
		}
	})
	n := len(read(t, r, func(rd ticket.Reader) ([]ticket.QueuePause, error) { return rd.ListPauses() }))
	same(t, "number of pauses: they are not paged", n, 302)
}
