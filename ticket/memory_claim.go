package ticket

import (
	"slices"
	"time"
)

// Claim implements Tx.
func (x *memoryTx) Claim(q ClaimQuery) ([]Lease, error) {
	if x.tenant == nil {
		return nil, errReaderEnded
	}
	s := &x.tenant.tasks
	stored := x.tenant.now()
	x.tenant.state.Lock() // what has lapsed can be claimed, whatever becomes of this Update
	s.lapse(instantOf(stored))
	x.tenant.state.Unlock()
	length := q.Lease
	if length <= 0 {
		length = time.Minute
	}
	walk := claimWalk{tasks: s, now: instantOf(q.Now)}
	walk.begin(q.Queues)
	x.forgetPauses(walk.ended, instantOf(q.Now.Add(-pauseKept)))
	var leases []Lease
	for len(leases) < max(q.Limit, 1) {
		t := walk.next()
		if t == nil {
			break
		}
		key := packedKey(&x.memoryReader, &t.id, packKey[string])
		if _, own := x.pending.get(kindTask, key); own {
			continue
		}
		s.tokens++
		state := taskState{place: t.place, token: s.tokens, until: instantOf(stored.Add(length))}
		x.pending.putStored(kindTask, key, t.record).task = state
		leases = append(leases, Lease{Token: state.token, Until: state.until.time()})
		x.unpack(t.record)
		x.packer.task(&leases[len(leases)-1].Task)
	}
	return leases, nil
}

// pauseKept is how long a pause that has ended is still known: claimers' clocks differ, and a pause ends for each by its own.
const pauseKept = time.Hour

// forgetPauses ends pauses for good, so that Claim need not look at them for ever.
func (x *memoryTx) forgetPauses(ended []*memoryQueue, before instant) {
	for _, q := range ended {
		key := packedKey(&x.memoryReader, &q.name, packKey[string])
		if _, own := x.pending.get(kindPause, key); !own && q.until.compare(before) <= 0 {
			x.pending.put(kindPause, key, len(key)).deleted = true
		}
	}
}

// claimWalk goes through the tasks that can be claimed, of all queues or of some, in the order of Due.
type claimWalk struct {
	tasks *memoryTasks
	now   instant
	heads []claimHead    // the next task of each queue at hand
	more  *memoryQueue   // the first ready queue that is not at hand yet; nil: none
	ended []*memoryQueue // those whose pause has ended
}

type claimHead struct {
	queue *memoryQueue
	task  *memoryTask
}

func (w *claimWalk) begin(queues []string) {
	if len(queues) > 0 {
		for i, name := range queues {
			if q := w.tasks.queues[name]; q != nil && !slices.Contains(queues[:i], name) && !q.pausedAt(w.now) {
				w.take(q)
			}
		}
		return
	}
	// Pauses with an end come after those without, in the order of their ends.
	for q, ok := w.tasks.paused.from(&memoryQueue{until: instant{nanos: 1}}); ok && !q.pausedAt(w.now); q, ok = w.tasks.paused.above(q) {
		w.ended = append(w.ended, q)
		w.take(q)
	}
	w.more, _ = w.tasks.ready.min()
}

func (q *memoryQueue) pausedAt(now instant) bool {
	return q.pause != "" && (q.until == instant{} || q.until.compare(now) > 0)
}

// take brings a queue to hand when its first task is due.
func (w *claimWalk) take(q *memoryQueue) {
	if q.first != nil && q.first.due.compare(w.now) <= 0 {
		w.heads = append(w.heads, claimHead{q, q.first})
	}
}

// next returns the next task that is due; nil at the end.
func (w *claimWalk) next() *memoryTask {
	least := -1
	for i := range w.heads {
		if least < 0 || compareHeads(w.heads[i].task, w.heads[least].task) < 0 {
			least = i
		}
	}
	if w.more != nil && (least < 0 || compareHeads(w.more.first, w.heads[least].task) < 0) {
		q := w.more
		w.more, _ = w.tasks.ready.above(q)
		before := len(w.heads)
		if w.take(q); len(w.heads) == before {
			w.more = nil // not due, so none after it is
			if least < 0 {
				return nil
			}
		} else {
			least = before
		}
	}
	if least < 0 {
		return nil
	}
	head := &w.heads[least]
	t := head.task
	if after, ok := head.queue.heads.above(t); ok && after.due.compare(w.now) <= 0 {
		head.task = after
	} else {
		w.heads = slices.Delete(w.heads, least, least+1)
	}
	return t
}

// NextDue implements Reader.
func (r *memoryReader) NextDue(now time.Time) (time.Time, error) {
	if r.tenant == nil {
		return time.Time{}, errReaderEnded
	}
	s := &r.tenant.tasks
	var next time.Time
	earlier := func(t time.Time) {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	if q, ok := s.ready.min(); ok {
		earlier(q.first.due.time())
	}
	for q, ok := s.paused.from(&memoryQueue{until: instant{nanos: 1}}); ok; q, ok = s.paused.above(q) {
		if until := q.until.time(); !next.IsZero() && !until.Before(next) {
			break
		} else if q.first != nil {
			earlier(later(until, q.first.due.time()))
		}
	}
	if t, ok := s.leased.min(); ok { // by the Store's clock the lease ends in so much time
		earlier(now.Add(max(0, t.until.time().Sub(r.tenant.now()))))
	}
	return next, nil
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
