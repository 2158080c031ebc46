package ticket

import "time"

// taskOf returns the record and state of a task as the Update sees it; "" when there is none.
func (x *memoryTx) taskOf(id string) (record string, state taskState) {
	key := packedKey(&x.memoryReader, &id, packKey[string])
	if w, ok := x.pending.get(kindTask, key); ok {
		return x.pending.record(w), w.task
	}
	if t := x.tenant.tasks.byID[string(key)]; t != nil {
		return t.record, t.taskState
	}
	return "", taskState{}
}

func (x *memoryTx) putTask(t *Task, state taskState) {
	p := x.begin()
	packKey(p, &t.ID)
	n := p.keyed()
	p.task(t)
	x.put(kindTask, n).task = state
}

// Schedule implements Tx.
func (x *memoryTx) Schedule(tasks ...Task) {
	for _, t := range tasks {
		t.Attempts, t.LastError, t.Dead = 0, "", false
		record, state := x.taskOf(t.ID)
		keep := false
		if record != "" {
			var was Task
			x.unpack(record)
			x.packer.task(&was)
			keep = !was.Dead && was.Queue == t.Queue && was.Key == t.Key
		}
		if !keep {
			x.tenant.tasks.places++
			state.place = x.tenant.tasks.places
		}
		state.again = state.token != 0
		x.putTask(&t, state)
		x.pending.wake = true
	}
}

// Ensure implements Tx.
func (x *memoryTx) Ensure(tasks ...Task) {
	for i := range tasks {
		if record, state := x.taskOf(tasks[i].ID); record != "" && state.token == 0 {
			var was Task
			x.unpack(record)
			x.packer.task(&was)
			if was.Serves(&tasks[i]) {
				continue
			}
		}
		x.Schedule(tasks[i])
	}
}

// Cancel implements Tx.
func (x *memoryTx) Cancel(ids ...string) {
	for i := range ids {
		p := x.begin()
		packKey(p, &ids[i])
		x.remove(kindTask)
	}
}

// held returns the task of a lease that holds, else ErrStale.
func (x *memoryTx) held(l *Lease) (t Task, state taskState, err error) {
	if x.tenant == nil {
		return t, state, errReaderEnded
	}
	record, state := x.taskOf(l.ID)
	if record == "" || l.Token == 0 || state.token != l.Token {
		return t, state, ErrStale
	}
	x.unpack(record)
	x.packer.task(&t)
	return t, state, nil
}

// Holds implements Tx.
func (x *memoryTx) Holds(l Lease) (bool, error) {
	if x.tenant == nil {
		return false, errReaderEnded
	}
	_, _, err := x.held(&l)
	return err == nil, nil
}

// Finish implements Tx.
func (x *memoryTx) Finish(l Lease) error {
	t, state, err := x.held(&l)
	switch {
	case err != nil:
		return err
	case state.again:
		x.putTask(&t, taskState{place: state.place})
		x.pending.wake = true
	default:
		x.Cancel(l.ID)
	}
	return nil
}

// Postpone implements Tx.
func (x *memoryTx) Postpone(l Lease, due time.Time, reason string) error {
	t, state, err := x.held(&l)
	if err != nil {
		return err
	}
	if !state.again {
		t.Due = due
		if reason != "" {
			t.Attempts++
			t.LastError = reason
		}
	}
	x.putTask(&t, taskState{place: state.place})
	x.pending.wake = true
	return nil
}

// Bury implements Tx.
func (x *memoryTx) Bury(l Lease, reason string) error {
	t, state, err := x.held(&l)
	if err != nil {
		return err
	}
	if state.again {
		x.pending.wake = true
	} else {
		t.Dead, t.LastError = true, reason
	}
	x.putTask(&t, taskState{place: state.place})
	return nil
}

// Extend implements Tx.
func (x *memoryTx) Extend(l Lease, d time.Duration) (Lease, error) {
	t, state, err := x.held(&l)
	if err != nil {
		return Lease{}, err
	}
	state.until, state.lapsed = instantOf(x.tenant.now().Add(d)), false
	x.putTask(&t, state)
	l.Until = state.until.time()
	return l, nil
}

// PauseQueue implements Tx.
func (x *memoryTx) PauseQueue(q QueuePause) {
	p := x.begin()
	packKey(p, &q.Queue)
	n := p.keyed()
	p.pause(&q)
	x.put(kindPause, n)
}

// ResumeQueue implements Tx.
func (x *memoryTx) ResumeQueue(queue string) {
	p := x.begin()
	packKey(p, &queue)
	x.pending.put(kindPause, p.buf, len(p.buf)).deleted = true
	x.pending.wake = true
}
