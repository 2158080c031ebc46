package sqlite

import (
	"database/sql"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// taskRow is a task as it is stored: beside the Task, its place in the order of scheduling and who has claimed it.
type taskRow struct {
	ticket.Task
	place int64
	token int64 // of the newest claim; 0 while there is none that holds
	until int64
	again bool // scheduled again while it was claimed
	state int64
}

// States of a task; see the schema.
const (
	stateBehind = 0
	stateReady  = 1
	stateLeased = 2
)

const selectTasks = `SELECT place, id, kind, queue, key, due, dead, state, token, until, again, attempts, last_error, payload FROM socialcrm_task `

func scanTask(rows *sql.Rows) (t taskRow, err error) {
	var due int64
	err = rows.Scan(&t.place, &t.ID, &t.Kind, &t.Queue, &t.Key, &due, &t.Dead, &t.state, &t.token, &t.until, &t.again, &t.Attempts, &t.LastError, &t.Payload)
	if t.Due = timeOf(due); len(t.Payload) == 0 {
		t.Payload = nil
	}
	return t, err
}

// stored reads a task as it is committed; its place is 0 when there is none.
func (r *reader) storedTask(id string) (t taskRow, err error) {
	err = r.on.one(func(rows *sql.Rows) (err error) {
		t, err = scanTask(rows)
		return err
	}, selectTasks+`WHERE tenant = ? AND id = ?`, r.tenant, id)
	if err == nil && r.own != nil {
		r.own.tasksBefore[id] = t
	}
	return t, err
}

// task reads a task as the Update sees it.
func (r *reader) task(id string) (taskRow, error) {
	if r.own != nil {
		if w := r.own.tasks.get(id); w != nil {
			return w.record, nil
		}
	}
	return r.storedTask(id)
}

// Tasks implements ticket.Reader.
func (r *reader) Tasks(ids ...string) ([]ticket.Task, error) {
	if r.on == nil {
		return nil, errEnded
	}
	out := make([]ticket.Task, len(ids))
	for i, id := range ids {
		t, err := r.task(id)
		if err != nil {
			return nil, err
		}
		out[i] = t.Task
		out[i].Payload = slices.Clone(t.Payload)
	}
	return out, nil
}

// ListTasks implements ticket.Reader.
func (r *reader) ListTasks(q ticket.TaskQuery) (ticket.List[ticket.Task], error) {
	if r.on == nil {
		return ticket.List[ticket.Task]{}, errEnded
	}
	due, id := int64(before), ""
	if q.After != "" {
		at := readPlace(q.After)
		due, id = at.number(), at.text()
		if err := at.end("tasks"); err != nil {
			return ticket.List[ticket.Task]{}, err
		}
	}
	query, args := selectTasks+`INDEXED BY socialcrm_task_listed WHERE tenant = ? AND dead = ?`, []any{r.tenant, q.Dead}
	if q.Queue != "" {
		query, args = selectTasks+`INDEXED BY socialcrm_task_queued WHERE tenant = ? AND dead = ? AND queue = ?`, append(args, q.Queue)
	}
	out := page[ticket.Task]{limit: limit(q.Limit)}
	err := r.on.each(func(rows *sql.Rows) error {
		if out.full() {
			return nil
		}
		t, err := scanTask(rows)
		if err != nil {
			return err
		}
		out.add(t.Task, place("").number(nanos(t.Due)).text(t.ID))
		return nil
	}, query+` AND (due, id) > (?, ?) ORDER BY due, id LIMIT ?`, append(args, due, id, out.limit+1)...)
	return out.list, err
}

// ListPauses implements ticket.Reader.
func (r *reader) ListPauses() ([]ticket.QueuePause, error) {
	if r.on == nil {
		return nil, errEnded
	}
	var out []ticket.QueuePause
	err := r.on.each(func(rows *sql.Rows) error {
		var p ticket.QueuePause
		var until int64
		err := rows.Scan(&p.Queue, &until, &p.Reason)
		p.Until = timeOf(until)
		out = append(out, p)
		return err
	}, `SELECT queue, until, reason FROM socialcrm_pause WHERE tenant = ? ORDER BY queue`, r.tenant)
	return out, err
}

// Schedule implements ticket.Tx.
func (x *tx) Schedule(tasks ...ticket.Task) {
	if x.on == nil {
		return
	}
	for _, t := range tasks {
		t.Attempts, t.LastError, t.Dead = 0, "", false
		t.Payload = slices.Clone(t.Payload)
		was, err := x.task(t.ID)
		x.fail(err)
		next := taskRow{Task: t, place: was.place, token: was.token, until: was.until, state: was.state, again: was.token != 0}
		if was.place == 0 || was.Dead || was.Queue != t.Queue || was.Key != t.Key {
			next.place = x.newPlace()
		}
		x.tasks.put(t.ID, next)
		x.wake = true
	}
}

// Ensure implements ticket.Tx.
func (x *tx) Ensure(tasks ...ticket.Task) {
	if x.on == nil {
		return
	}
	for i := range tasks {
		was, err := x.task(tasks[i].ID)
		x.fail(err)
		if was.place == 0 || was.token != 0 || !was.Serves(&tasks[i]) {
			x.Schedule(tasks[i])
		}
	}
}

// newPlace returns the place behind all others.
func (x *tx) newPlace() int64 {
	if x.places == 0 {
		n, err := x.on.number(`SELECT max(place) FROM socialcrm_task`)
		x.fail(err)
		x.places = n
	}
	x.places++
	return x.places
}

// Cancel implements ticket.Tx.
func (x *tx) Cancel(ids ...string) {
	for _, id := range ids {
		x.tasks.remove(id)
	}
}

// held returns the task of a lease that holds, else ErrStale.
func (x *tx) held(l *ticket.Lease) (taskRow, error) {
	if x.on == nil {
		return taskRow{}, errEnded
	}
	t, err := x.task(l.ID)
	if err == nil && (l.Token == 0 || t.token != l.Token) {
		err = ticket.ErrStale
	}
	return t, err
}

// release puts a task back that is no longer claimed.
func (x *tx) release(t taskRow) {
	t.token, t.until, t.again, t.state = 0, noTime, false, stateBehind
	x.tasks.put(t.ID, t)
}

// Holds implements ticket.Tx.
func (x *tx) Holds(l ticket.Lease) (bool, error) {
	_, err := x.held(&l)
	if err == ticket.ErrStale {
		return false, nil
	}
	return err == nil, err
}

// Finish implements ticket.Tx.
func (x *tx) Finish(l ticket.Lease) error {
	t, err := x.held(&l)
	switch {
	case err != nil:
		return err
	case t.again:
		x.release(t)
		x.wake = true
	default:
		x.tasks.remove(l.ID)
	}
	return nil
}

// Postpone implements ticket.Tx.
func (x *tx) Postpone(l ticket.Lease, due time.Time, reason string) error {
	t, err := x.held(&l)
	if err != nil {
		return err
	}
	if !t.again {
		t.Due = due
		if reason != "" {
			t.Attempts++
			t.LastError = reason
		}
	}
	x.release(t)
	x.wake = true
	return nil
}

// Bury implements ticket.Tx.
func (x *tx) Bury(l ticket.Lease, reason string) error {
	t, err := x.held(&l)
	if err != nil {
		return err
	}
	if t.again {
		x.wake = true
	} else {
		t.Dead, t.LastError = true, reason
	}
	x.release(t)
	return nil
}

// Extend implements ticket.Tx.
func (x *tx) Extend(l ticket.Lease, d time.Duration) (ticket.Lease, error) {
	t, err := x.held(&l)
	if err != nil {
		return ticket.Lease{}, err
	}
	t.until, t.state = nanos(x.now().Add(d)), stateLeased
	x.tasks.put(t.ID, t)
	l.Until = timeOf(t.until)
	return l, nil
}

// PauseQueue implements ticket.Tx.
func (x *tx) PauseQueue(p ticket.QueuePause) { x.pauses.put(p.Queue, p) }

// ResumeQueue implements ticket.Tx.
func (x *tx) ResumeQueue(queue string) {
	x.pauses.remove(queue)
	x.wake = true
}
