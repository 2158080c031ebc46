// Package postgres keeps tickets in PostgreSQL 15 or newer: a durable [ticket.Store] for several processes on several machines.
//
//	store, err := postgres.Open(ctx, "postgres://socialcrm@db.internal/brand", nil)
//	if err != nil {
//		return err
//	}
//	defer store.Close()
//	desk, err := socialcrm.New(socialcrm.Config{Store: store})
//
// The tables lie in a schema of their own, which Open creates and brings up to date. [New] takes a pool that the host has, and [WithTx] commits tickets together
// with the host's own data.
//
// The Store keeps no state in a session, so it works through a connection pooler in transaction mode, pgbouncer for one: set Options.NoListen, since
// LISTEN needs a session, and let pgx not name its prepared statements, with default_query_exec_mode=exec in the DSN.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socialcrm/socialcrm/ticket"
)

// Options are the options of Open and New. The zero value is ready for use.
type Options struct {
	// Schema is where the tables lie. Empty: "socialcrm".
	Schema string
	// NoListen is for connections that cannot LISTEN, through pgbouncer in transaction mode. Other processes' work is then noticed within a second, instead
	// of at once.
	NoListen bool
	// Patience is how long an Update goes on trying while other transactions are in its way; 0: 10 seconds. One whose process stands still for half of that, between
	// two statements, is undone by the server and run again, so that it is in nobody's way for longer.
	Patience time.Duration
	// Now is virtual time for replays and tests: leases and values expire by it instead of by the server's clock. Nil: the server's clock, which all
	// processes share, however their own clocks differ.
	Now func() time.Time
}

// Store is a ticket.Store in PostgreSQL. It is also a ticket.Waker, a ticket.Searcher and a ticket.Pruner. All methods may be called from several goroutines.
//
// Leases and values expire by the server's clock. An Update whose transaction met another's runs its function again.
type Store struct {
	pool     *pgxpool.Pool
	own      bool // Close closes the pool
	schema   string
	channel  string
	patience time.Duration
	now      func() time.Time // nil: the server's clock
	sql      *queries
	wakes    wakes
	closed   atomic.Bool
	close    sync.Once
}

var (
	_ ticket.Store    = (*Store)(nil)
	_ ticket.Waker    = (*Store)(nil)
	_ ticket.Searcher = (*Store)(nil)
	_ ticket.Pruner   = (*Store)(nil)
)

// commitTimeout bounds what goes on after the caller's context has ended.
const commitTimeout = 30 * time.Second

// Open connects to the database, as pgxpool.New does, and brings the schema up to date. options may be nil. Close closes the connections.
func Open(ctx context.Context, dsn string, options *Options) (*Store, error) {
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		return nil, wrap("open", err)
	}
	s, err := New(ctx, pool, options)
	if err != nil {
		pool.Close()
		return nil, err
	}
	s.own = true
	return s, nil
}

// New opens a Store on a pool that the host has and goes on owning, and brings the schema up to date. options may be nil. Beside the pool, a Store uses one connection
// that listens for other processes, once somebody wants to be woken. ErrNewer when the schema is of a newer version than this package knows.
func New(ctx context.Context, pool *pgxpool.Pool, options *Options) (*Store, error) {
	if options == nil {
		options = new(Options)
	}
	name := options.Schema
	if name == "" {
		name = "socialcrm"
	}
	s := &Store{pool: pool, channel: name, schema: pgx.Identifier{name}.Sanitize(), patience: options.Patience, now: options.Now}
	if s.patience <= 0 {
		s.patience = 10 * time.Second
	}
	s.sql = newQueries(s.schema)
	if err := s.migrate(ctx, latestVersion); err != nil {
		return nil, wrap("open schema "+s.schema, err)
	}
	s.wakes.open(s, !options.NoListen)
	return s, nil
}

// Overlaps implements ticket.Overlapping: what an Update has read is checked when it commits.
func (s *Store) Overlaps() bool { return true }

// Close implements ticket.Store. What is running then is completed.
func (s *Store) Close() error {
	s.close.Do(func() {
		s.closed.Store(true)
		s.wakes.end()
		if s.own {
			s.pool.Close()
		}
	})
	return nil
}

// Update implements ticket.Store. While other transactions are in the way it tries again, for Options.Patience; then the error is an ErrConflict, and nothing was
// written. It is a ticket.ErrUnavailable when the server cannot be reached.
func (s *Store) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	if s.closed.Load() {
		return ticket.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if host := hostTx(ctx); host != nil {
		x := s.begin(ctx, tenant, host)
		defer x.stop()
		if err := fn(x); err != nil {
			return err
		}
		return x.commitInHost()
	}
	begun := time.Now()
	for attempt := 0; ; attempt++ {
		again, wake, err := s.attempt(ctx, tenant, fn, attempt > 0)
		if wake {
			s.wakes.tell(tenant)
		}
		if !again {
			return err
		}
		wait := rand.N(min(time.Millisecond<<min(attempt, 8), 200*time.Millisecond)) + 1
		if attempt > 0 && time.Since(begun)+wait > s.patience { // a process that stood still has another try
			if !errors.Is(err, ErrConflict) { // fn gave the conflict back in words of its own
				err = fmt.Errorf("%w: %w", ErrConflict, err)
			}
			return fmt.Errorf("postgres: tried for %v: %w", s.patience, err)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// attempt runs fn and commits. locked takes the tenant's lock from the start.
func (s *Store) attempt(ctx context.Context, tenant string, fn func(ticket.Tx) error, locked bool) (again, wake bool, err error) {
	x := s.begin(ctx, tenant, nil)
	defer x.stop()
	if locked {
		if err := x.hold(); err != nil {
			return conflict(err), false, err
		}
	}
	again, err = x.run(fn)
	return again, err == nil && x.wake, err
}

func (s *Store) begin(ctx context.Context, tenant string, host pgx.Tx) *tx {
	x := &tx{reader: newReader(&session{store: s, ctx: ctx, host: host, how: "begin"}, tenant)}
	x.tx = x
	return x
}

// standstill is for how long an Update may do nothing between two statements: it may hold the tenant's lock and those of tasks.
func (s *Store) standstill() time.Duration { return s.patience / 2 }

// time is about the Store's time; the server knows it better.
func (s *Store) time() time.Time {
	if s.now != nil {
		return s.now()
	}
	return time.Now()
}

// stop ends a Reader or Tx: it can no longer be used.
func (r *reader) stop() {
	r.ended = true
	r.end()
}

// snapshot is how a View begins: it sees one moment.
const snapshot = "begin isolation level repeatable read read only"

// View implements ticket.Store. In a context of WithTx it sees what the host's transaction sees.
func (s *Store) View(ctx context.Context, tenant string, fn func(ticket.Reader) error) error {
	if s.closed.Load() {
		return ticket.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r := newReader(&session{store: s, ctx: ctx, host: hostTx(ctx), how: snapshot}, tenant)
	defer r.stop()
	return fn(&r)
}
