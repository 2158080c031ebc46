package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// session is the connection of one Update or View: it is taken from the pool when the first statement goes out, and given back at the end. What is sent
// together goes out together.
type session struct {
	store *Store
	ctx   context.Context
	conn  *pgxpool.Conn
	host  pgx.Tx // a host's own transaction, used instead of a connection
	begun bool   // whether a transaction is open
	// failed is the first error of a statement: nothing is committed after it.
	failed error
}

// begin queues what opens a transaction, unless one is open.
func (s *session) begin(b *pgx.Batch, how string) {
	if !s.begun && s.host == nil {
		b.Queue(how)
		s.begun = true
	}
}

// send sends a batch and reads its results.
func (s *session) send(ctx context.Context, b *pgx.Batch) error {
	if s.failed != nil {
		return s.failed
	}
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

// wrap says what could not be done. Errors of the context stay what they are.
func wrap(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case conflict(err):
		return fmt.Errorf("postgres: %s: %w: %w", what, ErrConflict, err)
	}
	return fmt.Errorf("postgres: %s: %w", what, err)
}
