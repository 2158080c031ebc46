package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket"
)

// A host's own transaction may stay open for long after the Update in it. It must not hold the tenant's lock until then, and yet behave towards other Updates
// as if one came after the other. So it announces the keys that it writes, by locks of its own that it keeps; waits for a moment at the tenant's lock, so
// that whoever had not seen the announcement is done; and then checks what it has read. Others, under the tenant's lock, check that no key that they
// read or write is announced. Whoever is second finds the other: it tries again, or fails if it is the host's.

type hostKey struct{}

// WithTx returns a context in which Updates and Views of the Store run in the host's own transaction, so that the host's data and the tickets are
// committed together, by the host. The context is ticket.Ungrouped. The transaction must be of the same database, and READ COMMITTED, which is the default.
//
// An Update in it runs its function once. An error that is an ErrConflict means that another transaction got in the way: roll back, and do all of it again.
// After any other error of an Update the transaction may go on; nothing of that Update is in it. Until the host commits, its messages and tickets are in no list of
// others, and others that need the same records wait; nobody else does. Journal entries get their Position after the host's commit. While the
// transaction is open, a look at the journal in it needs a second connection of the pool.
func WithTx(ctx context.Context, tx pgx.Tx) context.Context {
	return ticket.Ungrouped(context.WithValue(ctx, hostKey{}, tx))
}

func hostTx(ctx context.Context) pgx.Tx {
	tx, _ := ctx.Value(hostKey{}).(pgx.Tx)
	return tx
}

// lock is the advisory lock of what is named.
func (s *Store) lock(parts ...string) int64 {
	h := named(named(fnvBasis, "socialcrm"), s.schema)
	for _, part := range parts {
		h = named(h, part)
	}
	return int64(h)
}

// The 64-bit FNV-1a hash, by its authors' numbers. An Update hashes each key that it reads or writes, so it is done without memory.
const (
	fnvBasis uint64 = 14695981039346656037
	fnvPrime uint64 = 1099511628211
)

// named adds a text and its end to a hash.
func named(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * fnvPrime
	}
	return h * fnvPrime // a zero
}

// locks are the locks of the keys that were read or written.
func (x *tx) locks(written, read bool) []int64 {
	var out []int64
	name := func(table, key string) { out = append(out, x.store.lock(x.tenant, table, key)) }
	for _, s := range x.shelves() {
		if written {
			s.touched(name)
		}
		if read {
			s.looked(name)
		}
	}
	if written {
		for _, w := range x.messages.writes {
			name("ref", keyOf(w.columns[:3]...))
		}
		for _, w := range x.tasks.writes { // who is first of a key must not change behind a claimer's back
			if w.as != nil && w.columns[1] != "" {
				name("line", keyOf(w.columns[0], w.columns[1]))
			}
		}
	}
	if read {
		for key := range x.refs {
			name("ref", key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// queueHosts queues the check that no host's transaction has announced what the Update reads or writes. It costs next to nothing where there is none.
func (x *tx) queueHosts(b *pgx.Batch) {
	b.Queue(x.store.sql.hosts, x.store.lock(x.tenant, "hosts"), x.locks(true, true))
}

// commitInHost writes what was kept back into the host's transaction.
func (x *tx) commitInHost() error {
	if x.failed != nil {
		return wrap("update", x.failed)
	}
	if !x.written() {
		return nil
	}
	b := new(pgx.Batch)
	b.Queue("savepoint socialcrm_update")
	b.Queue("select " + x.store.schema + ".require(current_setting('transaction_isolation') = 'read committed')")
	b.Queue(x.store.sql.announce, x.locks(true, false))
	b.Queue(x.store.sql.announceHost, x.store.lock(x.tenant, "hosts"))
	b.Queue("savepoint socialcrm_wait")
	b.Queue("select pg_advisory_xact_lock($1)", x.store.lock(x.tenant))
	b.Queue("rollback to savepoint socialcrm_wait")
	x.queueTaskLocks(b)
	b.Queue(x.store.sql.others, x.locks(false, true))
	x.queueVerify(b)
	x.queueWrites(b, x.store.sql.hold)
	if x.wake {
		b.Queue("select pg_notify($1, $2)", x.store.channel, x.store.wakes.payload(x.tenant, true))
	}
	b.Queue("release savepoint socialcrm_update")
	err := x.send(x.ctx, b)
	if err != nil && x.ctx.Err() == nil {
		_, _ = x.host.Exec(x.ctx, "rollback to savepoint socialcrm_update")
	}
	return wrap("update", err)
}
