package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket"
)

// putTask keeps a task of which all is known back.
func (x *tx) putTask(t *task) error {
	if t.place <= 0 {
		return x.putTaskAs(&schedules, t)
	}
	return x.putTaskAs(&tasks, t)
}

func (x *tx) putTaskAs(as *kind[task], t *task) error {
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
	if pending && w.as == &ensures {
		pending = false
		known, err = x.tasks.stored(t.ID, &was)
	}
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

// Ensure implements ticket.Tx. Nothing is read for it either: of a task that the Update does not know the server decides whether it serves.
func (x *tx) Ensure(list ...ticket.Task) {
	for _, t := range list {
		t.Attempts, t.LastError, t.Dead = 0, "", false
		if err := x.ensure(t); err != nil {
			x.fail(err)
			return
		}
	}
}

func (x *tx) ensure(t ticket.Task) error {
	w, pending := x.tasks.pending(t.ID)
	_, read := x.tasks.read[t.ID]
	if !pending && !read || pending && w.as == &ensures {
		var asked task
		if _, err := x.tasks.get(t.ID, &asked); err != nil || pending && asked.Serves(&t) {
			return err
		}
		x.wake = true
		return x.putTaskAs(&ensures, &task{Task: t, place: x.next(), until: never})
	}
	var was task
	if found, err := x.tasks.get(t.ID, &was); err != nil || found && was.token == 0 && was.Serves(&t) {
		return err
	}
	x.wake = true
	return x.schedule(&task{Task: t})
}

// decide says what becomes of tasks that were ensured blindly, so that they can be read.
func (x *tx) decide(ids []string) error {
	for _, id := range ids {
		w, pending := x.tasks.pending(id)
		if !pending || w.as != &ensures {
			continue
		}
		var asked, was task
		_, err := x.tasks.get(id, &asked)
		if err == nil {
			err = loadAll(&x.reader, &x.tasks, []string{id})
		}
		if err != nil {
			return err
		}
		found, err := x.tasks.stored(id, &was)
		switch {
		case err != nil:
			return err
		case found && was.token == 0 && was.Serves(&asked.Task):
			err = x.putTask(&was)
		default:
			err = x.schedule(&task{Task: asked.Task})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Cancel implements ticket.Tx.
func (x *tx) Cancel(ids ...string) {
	for _, id := range ids {
		x.tasks.delete(id)
	}
}

// task is the task as the Update sees it, with all that the Store knows of it.
func (x *tx) task(id string) (t task, ok bool, err error) {
	if err := x.decide([]string{id}); err != nil {
		return t, false, err
	}
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
