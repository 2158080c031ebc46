package ticket

import "strings"

// taskState is what the Store knows of a task beside the Task itself.
type taskState struct {
	// place is the task's place in the order of scheduling.
	place int64
	// token is that of the newest claim; 0 while there is none that holds.
	token int64
	// until is when the lease ends. lapsed is set once it has been seen to have ended: the task can be claimed again, and the lease still holds.
	until  instant
	lapsed bool
	// again is set when the task was scheduled again while it was claimed.
	again bool
}

// memoryTask is a stored task. All its texts are parts of the record.
type memoryTask struct {
	taskState
	record string
	id     string
	queue  string
	key    string
	due    instant
	dead   bool
	at     taskPlacement
}

// taskPlacement says among which tasks it is.
type taskPlacement uint8

const (
	taskBlocked taskPlacement = iota // behind another of its key, or dead
	taskReady                        // the head of its key, or without key: in memoryQueue.heads
	taskLeased                       // in memoryTasks.leased
)

func (t *memoryTask) read(record string) {
	p := unpacker(record)
	var kind string
	t.record = record
	packText(&p, &t.id)
	packText(&p, &kind)
	packText(&p, &t.queue)
	packText(&p, &t.key)
	t.due = p.instant()
	p.bool(&t.dead)
}

func comparePlaces(a, b *memoryTask) int {
	if a.place != b.place {
		return order(a.place < b.place)
	}
	return 0
}

// compareLines is the order within queue and key.
func compareLines(a, b *memoryTask) int {
	if c := strings.Compare(a.queue, b.queue); c != 0 {
		return c
	}
	if c := strings.Compare(a.key, b.key); c != 0 {
		return c
	}
	return comparePlaces(a, b)
}

// compareHeads is the order in which tasks are claimed.
func compareHeads(a, b *memoryTask) int {
	if c := a.due.compare(b.due); c != 0 {
		return c
	}
	return comparePlaces(a, b)
}

func compareLeases(a, b *memoryTask) int {
	if c := a.until.compare(b.until); c != 0 {
		return c
	}
	return comparePlaces(a, b)
}

// compareListed is the order of ListTasks.
func compareListed(a, b *memoryTask) int {
	if a.dead != b.dead {
		return order(b.dead)
	}
	if c := a.due.compare(b.due); c != 0 {
		return c
	}
	return strings.Compare(a.id, b.id)
}

func compareQueued(a, b *memoryTask) int {
	if c := strings.Compare(a.queue, b.queue); c != 0 {
		return c
	}
	return compareListed(a, b)
}

// memoryQueue is the tasks of a queue that can be claimed: the heads of its keys.
type memoryQueue struct {
	name  string
	heads ordered[*memoryTask]
	first *memoryTask // of heads; nil: none
	pause string      // the packed QueuePause; empty: not paused
	until instant     // of the pause; zero: without end
}

func compareReady(a, b *memoryQueue) int { return compareHeads(a.first, b.first) }

func comparePauses(a, b *memoryQueue) int {
	if c := a.until.compare(b.until); c != 0 {
		return c
	}
	return strings.Compare(a.name, b.name)
}

// memoryTasks is the tasks of a tenant.
type memoryTasks struct {
	byID   map[string]*memoryTask // by packed ID
	lines  ordered[*memoryTask]   // those with a key that are not dead
	leased ordered[*memoryTask]   // by the end of the lease
	listed ordered[*memoryTask]
	queued ordered[*memoryTask]

	queues map[string]*memoryQueue
	ready  ordered[*memoryQueue] // with heads and not paused, by their first
	paused ordered[*memoryQueue] // by the end of the pause

	places, tokens int64 // the last ones given
}

func (s *memoryTasks) init() {
	s.byID, s.queues = make(map[string]*memoryTask), make(map[string]*memoryQueue)
	s.lines.compare, s.leased.compare = compareLines, compareLeases
	s.listed.compare, s.queued.compare = compareListed, compareQueued
	s.ready.compare, s.paused.compare = compareReady, comparePauses
}

// put stores a task or, with an empty record, removes it.
func (s *memoryTasks) put(key, record string, state taskState) {
	t, ok := s.byID[key]
	if record == "" {
		if ok {
			s.displace(t)
			s.leave(t)
			s.listed.delete(t)
			s.queued.delete(t)
			delete(s.byID, key)
		}
		return
	}
	after := memoryTask{taskState: state}
	after.read(record)
	if !ok {
		t = new(memoryTask)
	}
	sameLine := ok && t.dead == after.dead && compareLines(t, &after) == 0
	sameList := ok && compareQueued(t, &after) == 0
	if ok {
		s.displace(t)
		if !sameLine {
			s.leave(t)
		}
		if !sameList {
			s.listed.delete(t)
			s.queued.delete(t)
		}
	}
	*t = after
	s.byID[record[:len(key)]] = t
	if !sameList {
		s.listed.insert(t)
		s.queued.insert(t)
	}
	if !sameLine {
		s.join(t)
	}
	s.place(t)
}

// join puts the task into the line of its key. That is its end, unless the Update scheduled it, then others, then it again: whoever was first is so no more.
func (s *memoryTasks) join(t *memoryTask) {
	if t.key == "" || t.dead {
		return
	}
	s.lines.insert(t)
	if next, ok := s.lines.above(t); ok && next.at == taskReady && next.sameLine(t) {
		s.displace(next)
	}
}

// leave takes the task out of the line of its key; who is first then can be claimed.
func (s *memoryTasks) leave(t *memoryTask) {
	if t.key == "" || t.dead {
		return
	}
	s.lines.delete(t)
	if next, ok := s.lines.above(t); ok && next.at == taskBlocked && next.sameLine(t) {
		s.place(next)
	}
}

func (t *memoryTask) sameLine(other *memoryTask) bool {
	return t.queue == other.queue && t.key == other.key
}

// first reports whether no other task of its key comes before it.
func (s *memoryTasks) first(t *memoryTask) bool {
	if t.key == "" {
		return true
	}
	before, ok := s.lines.below(t)
	return !ok || !before.sameLine(t)
}

// place puts a task that is nowhere to where it belongs.
func (s *memoryTasks) place(t *memoryTask) {
	switch {
	case t.dead:
	case t.token != 0 && !t.lapsed:
		t.at = taskLeased
		s.leased.insert(t)
	case s.first(t):
		t.at = taskReady
		s.changeHeads(s.queue(t.queue), t, true)
	}
}

// displace takes a task from where it is.
func (s *memoryTasks) displace(t *memoryTask) {
	switch t.at {
	case taskLeased:
		s.leased.delete(t)
	case taskReady:
		s.changeHeads(s.queue(t.queue), t, false)
	}
	t.at = taskBlocked
}

// lapse lets go of tasks whose lease has ended.
func (s *memoryTasks) lapse(now instant) {
	for {
		t, ok := s.leased.min()
		if !ok || t.until.compare(now) > 0 {
			return
		}
		s.displace(t)
		t.lapsed = true
		s.place(t)
	}
}

// manyQueues is how many queues are kept although nothing is in them.
const manyQueues = 1024

func (s *memoryTasks) queue(name string) *memoryQueue {
	q := s.queues[name]
	if q == nil {
		q = &memoryQueue{name: strings.Clone(name)}
		q.heads.compare = compareHeads
		s.queues[q.name] = q
	}
	return q
}

func (s *memoryTasks) changeHeads(q *memoryQueue, t *memoryTask, add bool) {
	if q.first != nil && q.pause == "" {
		s.ready.delete(q)
	}
	if add {
		q.heads.insert(t)
	} else {
		q.heads.delete(t)
	}
	q.first, _ = q.heads.min()
	s.settle(q)
}

// settle puts a queue to the ready ones if it is, and forgets it when nothing is known of it and there are many.
func (s *memoryTasks) settle(q *memoryQueue) {
	switch {
	case q.pause != "":
	case q.first != nil:
		s.ready.insert(q)
	case len(s.queues) > manyQueues:
		delete(s.queues, q.name)
	}
}

// pause stores a QueuePause or, with an empty record, ends it.
func (s *memoryTasks) pause(key, record string) {
	var pause QueuePause
	p := unpacker(key)
	packText(&p, &pause.Queue)
	q := s.queue(pause.Queue)
	switch {
	case q.pause != "":
		s.paused.delete(q)
	case q.first != nil:
		s.ready.delete(q)
	}
	q.pause, q.until = record, instant{}
	if record == "" {
		s.settle(q)
		return
	}
	p = unpacker(record)
	packText(&p, &pause.Queue)
	q.until = p.instant()
	s.paused.insert(q)
}
