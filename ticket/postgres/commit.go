package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/socialcrm/socialcrm/ticket"
)

// How Updates come one after the other. While its function runs, an Update reads without locks and remembers the version of each record that it read.
// At the end it takes the tenant's lock, checks that all it read is still so, writes, and commits, in one round trip. Lists have no versions: before the
// first one the lock is taken and what was read so far is checked. What has changed makes the function run again, then under the lock from the start.
// Updates that only claim or finish tasks do without the tenant's lock: the locks of the tasks are enough.
//
// A host's own transaction may stay open for long, so it does not keep the tenant's lock: see host.go.

// errChanged stands for a conflict that was noticed here and not by the server.
var errChanged error = &pgconn.PgError{Severity: "ERROR", Code: "40001", Message: "what was read has changed since"}

// hold takes the tenant's lock, unless it is held.
func (x *tx) hold() error {
	if x.held {
		return nil
	}
	b := new(pgx.Batch)
	x.queueLock(b)
	x.queueVerify(b)
	return wrap("lock", x.send(x.ctx, b))
}

// queueLock queues the taking of the tenant's lock.
func (x *tx) queueLock(b *pgx.Batch) {
	x.held = true
	b.Queue("select pg_advisory_xact_lock($1)", x.store.lock(x.tenant))
}

// queueVerify queues the check of what was read. Whoever's writes cannot be seen yet must have been ruled out before.
func (x *tx) queueVerify(b *pgx.Batch) {
	for _, s := range x.shelves() {
		s.verify(b, x)
	}
	if len(x.refs) > 0 {
		keys, versions := make([]string, 0, len(x.refs)), make([]int64, 0, len(x.refs))
		for key, found := range x.refs {
			keys, versions = append(keys, key), append(versions, found.version)
		}
		b.Queue(x.store.sql.verifyRefs, append(args(x.tenant, keys, 3), versions)...)
	}
}

// queryList reads a list: in an Update, under the tenant's lock.
func (r *reader) queryList(b *pgx.Batch) error {
	if r.ended {
		return errEnded
	}
	if r.tx != nil && r.host == nil {
		first := new(pgx.Batch)
		r.tx.queueListLock(first)
		first.QueuedQueries = append(first.QueuedQueries, b.QueuedQueries...)
		b = first
	}
	return r.query(b)
}

// queueListLock queues what a list in an Update needs before it: the tenant's lock, and positions for all that is committed.
func (x *tx) queueListLock(b *pgx.Batch) {
	if !x.held {
		x.queueLock(b)
		x.queueVerify(b)
	}
	if !x.numbered {
		b.Queue(x.store.sql.number, x.tenant)
		x.numbered = true
	}
}

// written reports whether there is anything to commit.
func (x *tx) written() bool {
	return len(x.entries) > 0 || slices.ContainsFunc(x.shelves(), func(s shelfWork) bool {
		_, written := s.work()
		return written
	})
}

// tasksOnly reports whether the Update did nothing but claim, finish and put back tasks, all of which are there, so that their own locks are enough.
func (x *tx) tasksOnly() bool {
	if x.held || len(x.entries) > 0 || len(x.refs) > 0 {
		return false
	}
	for _, s := range x.shelves() {
		if s == shelfWork(&x.tasks) {
			continue
		}
		if read, written := s.work(); read || written {
			return false
		}
	}
	for id, r := range x.tasks.read {
		if _, ok := x.tasks.latest[id]; !ok || r.version == 0 {
			return false
		}
	}
	for i := range x.tasks.writes {
		if as := x.tasks.writes[i].as; as == &schedules || as == &ensures {
			return false
		}
	}
	return true
}

// commit writes what was kept back. The end of ctx no longer prevents it.
func (x *tx) commit() error {
	if x.failed != nil {
		return wrap("update", x.failed)
	}
	if err := x.ctx.Err(); err != nil {
		return err
	}
	if !x.written() {
		return x.confirm()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.ctx), commitTimeout)
	defer cancel()
	b := new(pgx.Batch)
	if !x.tasksOnly() {
		if !x.held {
			x.queueLock(b)
		}
		x.queueHosts(b)
	}
	x.queueTaskLocks(b) // behind the tenant's lock, which an Update that has read a list holds already: in another order the two would wait for each other
	x.queueVerify(b)
	x.queueWrites(b, x.store.sql.append)
	b.Queue("commit")
	return wrap("update", x.send(ctx, b))
}

// confirm ends an Update that wrote nothing: what it read in several steps must have been so at one moment.
func (x *tx) confirm() error {
	if x.trips < 2 {
		return nil
	}
	b := new(pgx.Batch)
	if !x.held {
		x.queueLock(b)
		x.queueVerify(b)
	}
	b.Queue("rollback")
	return wrap("update", x.send(x.ctx, b))
}

// queueTaskLocks locks the tasks that are written: claimers do not wait for the tenant's lock.
func (x *tx) queueTaskLocks(b *pgx.Batch) {
	if len(x.tasks.latest) == 0 {
		return
	}
	ids := make([]string, 0, len(x.tasks.latest))
	for id := range x.tasks.latest {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	b.Queue(x.store.sql.of(tasks.name()).lock, args(x.tenant, ids, 1)...)
}

func (x *tx) queueWrites(b *pgx.Batch, appendSQL string) {
	for _, s := range x.shelves() {
		s.flush(b, x)
	}
	if n := x.values.length(); n > 0 { // more go than come, so that expired values do not pile up
		b.Queue(x.store.sql.dropExpired, 2*n+2)
	}
	if len(x.entries) == 0 {
		return
	}
	var columns [4][]string
	for _, e := range x.entries {
		for i, text := range [...]string{e.key, e.ticket, e.contact, e.data} {
			columns[i] = append(columns[i], text)
		}
	}
	b.Queue(appendSQL, x.tenant, columns[0], columns[1], columns[2], columns[3])
}

// run runs fn once and commits. again tells that a conflict undid it all.
func (x *tx) run(fn func(ticket.Tx) error) (again bool, err error) {
	err = fn(x)
	switch {
	case x.failed != nil:
		if err == nil {
			err = wrap("update", x.failed)
		}
	case err == nil:
		err = x.commit()
	case x.trips > 1:
		if confirmed := x.confirm(); conflict(confirmed) {
			return true, err
		}
	}
	return x.failed != nil && conflict(x.failed), err
}
