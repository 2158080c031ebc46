package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver of Open

	"github.com/socialcrm/socialcrm/ticket"
)

// Durability says what an acknowledged commit survives. Either way the file is consistent afterwards.
type Durability int

const (
	// Full, the zero value: a commit survives the end of the process, a crash of the machine and a power cut. Each commit waits for the disk.
	Full Durability = iota
	// Normal: a commit survives the end of the process; the latest ones may be lost when the machine crashes or loses power. What a platform was told has
	// been stored is then gone, unless the platform is polled as well.
	Normal
)

// Options are the options of Open and New. The zero value is good.
type Options struct {
	// Durability says what a commit survives; zero: Full.
	Durability Durability
	// Busy is how long to wait for another program, or a host's transaction, that holds the file's write lock; then Update fails with
	// ticket.ErrUnavailable. Zero: 5 seconds.
	Busy time.Duration
	// Readers is how many Views run side by side at most; further ones wait. Zero: 4.
	Readers int
	// Now is the Store's clock: leases and values expire by it. Nil: time.Now.
	Now func() time.Time
}

// Store is a ticket.Store in a SQLite file, a ticket.Waker, a ticket.Searcher and a ticket.Pruner. All methods may be called from several goroutines.
type Store struct {
	db      *sql.DB
	owned   bool // db is closed with the Store
	options Options

	writer  chan *session // the one connection that writes; nil while there is none
	readers chan *session // idle connections; nil: one may be opened
	tenants sync.Map      // numbers (int64) by name

	wakes wakes

	mu      sync.Mutex
	closed  bool
	running sync.WaitGroup
}

var (
	_ ticket.Store    = (*Store)(nil)
	_ ticket.Waker    = (*Store)(nil)
	_ ticket.Searcher = (*Store)(nil)
	_ ticket.Pruner   = (*Store)(nil)
)

// Open opens the file, or makes it, readable by its owner only, and brings its schema up to date. Options may be nil. Beside the file lie two others, path-wal
// and path-shm: together they are the database, so copy it with Backup.
func Open(path string, options *Options) (*Store, error) {
	file, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	db, err := sql.Open("sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(filepath.ToSlash(file)))
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	s, err := open(db, options)
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("sqlite: open %s: %w", path, err)
	}
	s.owned = true
	return s, nil
}

// New returns a Store in the host's own database, opened with whichever SQLite driver it uses (SQLite 3.42 or later with FTS5), beside the host's own tables, and
// brings its part of the schema up to date. The file is switched to write-ahead logging. While the Store is open it keeps up to 2 + Options.Readers connections
// of db, so db must allow more than that; Close gives them back and leaves db open. Options may be nil.
func New(db *sql.DB, options *Options) (*Store, error) {
	s, err := open(db, options)
	if err != nil {
		return nil, fmt.Errorf("sqlite: new store: %w", err)
	}
	return s, nil
}

func open(db *sql.DB, options *Options) (*Store, error) {
	s := &Store{db: db, writer: make(chan *session, 1)}
	if options != nil {
		s.options = *options
	}
	if s.options.Now == nil {
		s.options.Now = time.Now
	}
	if s.options.Busy <= 0 {
		s.options.Busy = 5 * time.Second
	}
	if s.options.Readers <= 0 {
		s.options.Readers = 4
	}
	if most := db.Stats().MaxOpenConnections; most > 0 && most < s.options.Readers+3 {
		return nil, fmt.Errorf("the database allows %d connections, want at least %d: one that writes, %d that read, one that listens, one for the host", most, s.options.Readers+3, s.options.Readers)
	}
	s.readers = make(chan *session, s.options.Readers)
	for range s.options.Readers {
		s.readers <- nil
	}
	w, err := s.connect(context.Background())
	if err != nil {
		return nil, err
	}
	conn := w.on.(*sql.Conn)
	var mode string
	err = unavailable(conn.QueryRowContext(context.Background(), "PRAGMA journal_mode = WAL").Scan(&mode))
	if err == nil && mode != "wal" {
		err = errors.New("the database is not in a file; to keep tickets in memory use ticket.NewMemory")
	}
	if err == nil {
		err = migrate(context.Background(), conn)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	s.writer <- w
	return s, nil
}

// connect takes a connection from the pool for good and sets it up.
func (s *Store) connect(ctx context.Context) (*session, error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, unavailable(err)
	}
	synchronous := "FULL"
	if s.options.Durability == Normal {
		synchronous = "NORMAL"
	}
	for _, pragma := range []string{
		fmt.Sprintf("PRAGMA busy_timeout = %d", s.options.Busy.Milliseconds()),
		"PRAGMA synchronous = " + synchronous,
		"PRAGMA foreign_keys = ON",
		"PRAGMA secure_delete = ON", // what is erased leaves the file
		"PRAGMA cache_size = -16384",
		"PRAGMA journal_size_limit = 67108864",
	} {
		if err := exhaust(conn.QueryContext(ctx, pragma)); err != nil {
			conn.Close()
			return nil, unavailable(err)
		}
	}
	return newSession(conn), nil
}

// exhaust reads a result to its end: some pragmas return a row, others none.
func exhaust(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}

// disconnect gives a connection back.
func (s *session) disconnect() {
	s.forget()
	if conn, ok := s.on.(*sql.Conn); ok {
		conn.Close()
	}
}

// enter lets Close wait for what is running.
func (s *Store) enter(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ticket.ErrClosed
	}
	s.running.Add(1)
	return nil
}

// borrow takes a connection out of the pool, and opens it where there is none.
func (s *Store) borrow(ctx context.Context, from chan *session) (*session, error) {
	select {
	case on := <-from:
		if on != nil {
			return on, nil
		}
		on, err := s.connect(ctx)
		if err != nil {
			from <- nil
		}
		return on, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// giveBack puts a connection back into the pool, and ends its transaction if that is open. Where that fails, because SQLite has done it itself or the
// connection is gone, a fresh connection is in no doubt.
func (s *Store) giveBack(on *session, to chan *session, open bool) {
	if open && on.exec("ROLLBACK") != nil {
		on.disconnect()
		on = nil
	}
	to <- on
}

// tenant returns the number of a tenant; 0 while nothing is stored for it.
func (s *Store) tenant(on *session, name string) (int64, error) {
	if n, ok := s.tenants.Load(name); ok {
		return n.(int64), nil
	}
	n, err := on.number(`SELECT id FROM socialcrm_tenant WHERE name = ?`, name)
	if _, own := on.on.(*sql.Conn); err == nil && n != 0 && own { // what a host's transaction sees may be rolled back
		s.tenants.Store(name, n)
	}
	return n, err
}

// Update implements ticket.Store. It runs fn once. Once fn has begun, the end of ctx no longer prevents the commit. While the file cannot be written, it
// returns an error that is ticket.ErrUnavailable.
func (s *Store) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.running.Done()
	if host := hostTx(ctx); host != nil {
		on := newSession(host)
		defer on.forget()
		_, err := s.write(on, tenant, fn)
		return err
	}
	wake := false
	err := s.alone(ctx, func(on *session) (err error) {
		wake, err = s.write(on, tenant, fn)
		return err
	})
	if err == nil && wake {
		s.wakes.signal(tenant)
	}
	return err
}

// alone runs fn in a transaction that nobody else writes beside, and commits it.
func (s *Store) alone(ctx context.Context, fn func(on *session) error) error {
	w, err := s.borrow(ctx, s.writer)
	if err != nil {
		return err
	}
	open := true
	defer func() { // also when fn panics
		s.giveBack(w, s.writer, open)
	}()
	if err := w.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	if err := fn(w); err != nil {
		return err
	}
	if err := w.exec("COMMIT"); err != nil {
		return err
	}
	open = false
	return nil
}

// write runs fn and sends what it wrote.
func (s *Store) write(on *session, tenant string, fn func(ticket.Tx) error) (wake bool, err error) {
	n, err := s.tenant(on, tenant)
	if err != nil {
		return false, err
	}
	x := newTx(reader{on: on, tenant: n, now: s.options.Now}, tenant)
	defer func() { x.on = nil }()
	if err := fn(x); err != nil {
		return false, err
	}
	return x.wake, x.send()
}

// View implements ticket.Store.
func (s *Store) View(ctx context.Context, tenant string, fn func(ticket.Reader) error) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.running.Done()
	if host := hostTx(ctx); host != nil {
		on := newSession(host)
		defer on.forget()
		return s.read(on, tenant, fn)
	}
	on, err := s.borrow(ctx, s.readers)
	if err != nil {
		return err
	}
	defer s.giveBack(on, s.readers, true)
	if err := on.exec("BEGIN"); err != nil {
		return err
	}
	return s.read(on, tenant, fn)
}

func (s *Store) read(on *session, tenant string, fn func(ticket.Reader) error) error {
	n, err := s.tenant(on, tenant)
	if err != nil {
		return err
	}
	r := &reader{on: on, tenant: n, now: s.options.Now}
	defer func() { r.on = nil }()
	return fn(r)
}

// Close implements ticket.Store. It waits for what is running.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.wakes.close()
	s.running.Wait()
	for _, pool := range []chan *session{s.writer, s.readers} {
		for range cap(pool) {
			if on := <-pool; on != nil {
				on.disconnect()
			}
		}
	}
	if s.owned {
		if err := s.db.Close(); err != nil {
			return fmt.Errorf("sqlite: close: %w", unavailable(err))
		}
	}
	return nil
}
