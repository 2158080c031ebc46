package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket"
)

// putTask keeps a task of which all is known back.
func (x *tx) putTask(t *task) error {
	as := &tasks
	if t.place <= 0 {
		as = &schedules
	}
	if err := x.tasks.put(t.ID, as, t, t.place, t.token, int64(t.until), bit(t.again)); err != nil {
		return err
	}
	x.tasks.writes[len(x.tasks.writes)-1].order = -t.place
	return nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// next is a place behind all others, to be given at the commit.
func (x *tx) next() int64 {
	x.scheduled++
	return -x.scheduled
}

// Schedule implements ticket.Tx. Nothing is read for it: where the Update does not know what is there, the server decides what is kept of it.
func (x *tx) Schedule(list ...ticket.Task) {
	for _, t := range list {
		t.Attempts, t.LastError, t.Dead = 0, "", false
		if err := x.schedule(&task{Task: t}); err != nil {
			x.fail(err)
			return
		}
		x.wake = true
	}
}

func (x *tx) schedule(t *task) error {
	var was task
	w, pending := x.tasks.pending(t.ID)
	_, read := x.tasks.read[t.ID]
	known, err := x.tasks.get(t.ID, &was)
	if err != nil {
		return err
	}
	switch {
	case pending && w.as == nil: // cancelled or finished before
		t.place, t.until = x.next(), anew
	case known:
		t.place, t.token, t.until, t.again = was.place, was.token, was.until, was.token != 0
		if was.Dead || was.Queue != t.Queue || was.Key != t.Key {
			t.place = x.next()
			t.again = true
		} else if pending && w.as == &schedules {
			t.again = was.again
		}
	case read: // there is none
		t.place, t.until = x.next(), anew
	default:
		t.place, t.until = x.next(), never
	}
	return x.putTask(t)
}

// Cancel implements ticket.Tx.
func (x *tx) Cancel(ids ...string) {
	for _, id := range ids {
		x.tasks.delete(id)
	}
}

// task is the task as the Update sees it, with all that the Store knows of it.
func (x *tx) task(id string) (t task, ok bool, err error) {
	w, pending := x.tasks.pending(id)
	blind := pending && w.as == &schedules && nanos(w.state[2]) == never
	if !pending || blind {
		if err := loadAll(&x.reader, &x.tasks, []string{id}); err != nil {
			return t, false, err
		}
	}
	if ok, err = x.tasks.get(id, &t); !ok || err != nil || !blind {
		return t, ok, err
	}
	have := x.tasks.read[id]
	if have.version == 0 {
		return t, true, nil
	}
	var was task
	if err := x.tasks.decode(have.data, have.state, &was); err != nil {
		return t, false, err
	}
	moved := t.again || was.Dead || was.Queue != t.Queue || was.Key != t.Key
	t.token, t.until, t.again = was.token, was.until, was.token != 0
	if !moved {
		t.place = was.place
	}
	return t, true, nil
}

// holds returns the task of a lease that holds, else ErrStale.
func (x *tx) holds(l *ticket.Lease) (task, error) {
	if x.ended {
		return task{}, errEnded
	}
	t, ok, err := x.task(l.ID)
	if err == nil && (!ok || l.Token == 0 || t.token != l.Token) {
		err = ticket.ErrStale
	}
	return t, err
}

// Holds implements ticket.Tx.
func (x *tx) Holds(l ticket.Lease) (bool, error) {
	_, err := x.holds(&l)
	if err == ticket.ErrStale {
		return false, nil
	}
	return err == nil, err
}

// free puts a task back that was claimed.
func (x *tx) free(t *task) error {
	t.token, t.until, t.again = 0, never, false
	if t.place <= 0 {
		t.until, t.again = anew, true
	}
	return x.putTask(t)
}

// Finish implements ticket.Tx.
func (x *tx) Finish(l ticket.Lease) error {
	t, err := x.holds(&l)
	switch {
	case err != nil:
		return err
	case t.again:
		x.wake = true
		return x.free(&t)
	}
	x.Cancel(l.ID)
	return nil
}

// Postpone implements ticket.Tx.
func (x *tx) Postpone(l ticket.Lease, due time.Time, reason string) error {
	t, err := x.holds(&l)
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
	x.wake = true
	return x.free(&t)
}

// Bury implements ticket.Tx.
func (x *tx) Bury(l ticket.Lease, reason string) error {
	t, err := x.holds(&l)
	if err != nil {
		return err
	}
	if t.again {
		x.wake = true
	} else {
		t.Dead, t.LastError = true, reason
	}
	return x.free(&t)
}

// Extend implements ticket.Tx.
func (x *tx) Extend(l ticket.Lease, d time.Duration) (ticket.Lease, error) {
	t, err := x.holds(&l)
	if err != nil {
		return ticket.Lease{}, err
	}
	b := new(pgx.Batch)
	var now int64
	b.Queue(x.store.sql.clock).QueryRow(func(row pgx.Row) error { return row.Scan(&now) })
	if err := x.query(b); err != nil {
		return ticket.Lease{}, err
	}
	t.until = nanos(now + int64(d))
	l.Until = t.until.time()
	return l, x.putTask(&t)
}

// Claim implements ticket.Tx. The tasks stay locked until the Update ends, and other claimers pass over them; their leases are written at the commit.
func (x *tx) Claim(q ticket.ClaimQuery) ([]ticket.Lease, error) {
	if x.ended {
		return nil, errEnded
	}
	length := q.Lease
	if length <= 0 {
		length = time.Minute
	}
	sql, queues := x.store.sql.claim, []string{}
	if len(q.Queues) > 0 {
		sql, queues = x.store.sql.claimOf, q.Queues
	}
	own := make([]string, 0, len(x.tasks.latest))
	for id := range x.tasks.latest {
		own = append(own, id)
	}
	var leases []ticket.Lease
	b := new(pgx.Batch)
	b.Queue(sql, x.tenant, int64(nanosOf(q.Now)), queues, own, max(q.Limit, 1), int64(length)).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var id string
			var token, until int64
			r := row{state: make([]int64, len(tasks.state))}
			if err := rows.Scan(&id, &token, &until, &r.version, &r.data, &r.state[0], &r.state[1], &r.state[2], &r.state[3]); err != nil {
				return err
			}
			if before, ok := x.tasks.read[id]; ok && before.version != r.version {
				return errChanged
			}
			x.tasks.have(id, r)
			var t task
			if err := x.tasks.decode(r.data, r.state, &t); err != nil {
				return err
			}
			t.token, t.until, t.again = token, nanos(until), false
			if err := x.putTask(&t); err != nil {
				return err
			}
			leases = append(leases, ticket.Lease{Task: t.Task, Token: t.token, Until: t.until.time()})
		}
		return rows.Err()
	})
	return leases, x.query(b)
}
