package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socialcrm/socialcrm/ticket"
)

// session is the connection of one Update or View: it is taken from the pool when the first statement goes out, and given back at the end. What is sent
// together goes out together.
type session struct {
	store *Store
	ctx   context.Context
	conn  *pgxpool.Conn
	host  pgx.Tx // a host's own transaction, used instead of a connection
	how   string // what begins a transaction
	begun bool   // whether one is open
	// failed is the first error of a statement: nothing is committed after it.
	failed error
}

// begin puts what opens a transaction before the batch, unless one is open. Statements are planned once and not for each call: they are short, and looked up by
// key whatever the key is.
func (s *session) begin(b *pgx.Batch) {
	if s.begun || s.host != nil {
		return
	}
	first := new(pgx.Batch)
	first.Queue(s.how)
	first.Queue("set local plan_cache_mode = force_generic_plan")
	if now := s.store.now; now != nil {
		first.Queue("select set_config('socialcrm.now', $1, true)", nanosOf(now()).text())
	}
	b.QueuedQueries = append(first.QueuedQueries, b.QueuedQueries...)
	s.begun = true
}

// send sends a batch and reads its results.
func (s *session) send(ctx context.Context, b *pgx.Batch) error {
	if s.failed != nil {
		return s.failed
	}
	s.begin(b)
	var results pgx.BatchResults
	if s.host != nil {
		results = s.host.SendBatch(ctx, b)
	} else {
		if s.conn == nil {
			conn, err := s.store.pool.Acquire(ctx)
			if err != nil {
				s.failed = err
				return err
			}
			s.conn = conn
		}
		results = s.conn.SendBatch(ctx, b)
	}
	s.failed = results.Close()
	return s.failed
}

// end gives the connection back; what was not committed is undone.
func (s *session) end() {
	if s.conn == nil {
		return
	}
	if s.conn.Conn().PgConn().TxStatus() != 'I' {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(s.ctx), commitTimeout)
		defer cancel()
		_, _ = s.conn.Exec(ctx, "rollback") // a connection on which this fails is not used again
	}
	s.conn.Release()
	s.conn = nil
}

// conflict reports whether the error says that two transactions got in each other's way: nothing was done, and trying again helps.
func conflict(err error) bool {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		return false
	}
	switch pg.Code {
	case "40001", "40P01", "55P03", "53200": // serialization failure, deadlock, lock not available, too many locks
		return true
	}
	return false
}

// ErrConflict: another transaction changed what an Update in a host's own transaction had read, or is about to. Nothing of the Update was written; the host rolls
// back and does it all again.
var ErrConflict = errors.New("postgres: the transaction conflicts with another")

// wrap says what could not be done. What comes of a server that cannot be reached, or cannot write for now, is a ticket.ErrUnavailable.
func wrap(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case conflict(err):
		return fmt.Errorf("postgres: %s: %w: %w", what, ErrConflict, err)
	case unavailable(err):
		return fmt.Errorf("postgres: %s: %w: %w", what, ticket.ErrUnavailable, err)
	}
	return fmt.Errorf("postgres: %s: %w", what, err)
}

// unavailable reports whether the error is the connection's or the server's, and neither the statement's nor the caller's.
func unavailable(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		case "08", "53", "57", "58": // connection, resources, shutting down, system
			return true
		}
		return pg.Code == "25006" // a server that only reads, as a standby does
	}
	var lost net.Error
	var connect *pgconn.ConnectError
	return errors.As(err, &lost) || errors.As(err, &connect) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, net.ErrClosed) || pgconn.SafeToRetry(err)
}
