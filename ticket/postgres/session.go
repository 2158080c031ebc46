package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

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
	// asked and heard are when the last batch was sent, and when its results were read.
	asked, heard time.Time
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
	if s.how == snapshot {
		first.Queue("set local plan_cache_mode = force_generic_plan")
	} else {
		first.Queue("select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('idle_in_transaction_session_timeout', $1, true)",
			strconv.FormatInt(max(s.store.standstill().Milliseconds(), 1), 10))
	}
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
	if s.stoodStill(s.heard) {
		s.failed = errStoodStill
		return s.failed
	}
	asked := s.asked
	s.begin(b)
	s.asked = time.Now()
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
	s.heard = time.Now()
	if s.stoodStill(asked) && unavailable(s.failed) && b.QueuedQueries[b.Len()-1].SQL != "commit" {
		s.failed = errStoodStill // while it was reading what it had asked before
	}
	return s.failed
}

// errStoodStill stands for the server's having undone an Update whose process stood still. It is noticed here, a little earlier than there, because a connection
// that is found broken does not tell whether the last batch got through.
var errStoodStill error = &pgconn.PgError{Severity: "ERROR", Code: "40001", Message: "the process stood still for too long"}

// stoodStill reports whether the server may have undone an Update, of which it has heard nothing since then.
func (s *session) stoodStill(since time.Time) bool {
	return !since.IsZero() && s.host == nil && s.how != snapshot && time.Since(since) > s.store.standstill()*3/4
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
	case "40001", "40P01", "55P03", "53200", "25P03": // serialization failure, deadlock, lock not available, too many locks, stood still in a transaction
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
