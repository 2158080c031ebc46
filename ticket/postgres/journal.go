package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket"
)

// Positions are numbers of a sequence that are given under the tenant's lock, which is held until the commit: whoever sees one sees all below. A host's own
// transaction must not hold that lock, so its entries are stored without position; they get theirs from whoever next reads the journal.

const positionWidth = 19

// position writes a number with a fixed width, so that positions compare as text.
func position(at int64) ticket.Position {
	return ticket.Position(fmt.Sprintf("%0*d", positionWidth, at))
}

func numberOf(p ticket.Position) (int64, error) {
	if p == "" {
		return 0, nil
	}
	at, err := strconv.ParseInt(string(p), 10, 64)
	if err != nil || len(p) != positionWidth {
		return 0, fmt.Errorf("postgres: read journal: position %q is not one of this store", string(p))
	}
	return at, nil
}

// Journal implements ticket.Reader.
func (r *reader) Journal(q ticket.JournalQuery) ([]ticket.Entry, error) {
	after, err := numberOf(q.After)
	if err != nil {
		return nil, err
	}
	s := new(statement)
	s.add("select position, data::text from SCHEMA.journal where tenant = %s and position is not null and position > %s", r.tenant, after)
	if q.Ticket != "" {
		s.add(" and ticket <> '' and ticket = %s", string(q.Ticket))
	}
	if q.Contact != "" {
		s.add(" and contact <> '' and contact = %s", string(q.Contact))
	}
	fmt.Fprintf(&s.text, " order by position limit %d", limitOf(ticket.Page{Limit: q.Limit}))
	var out []ticket.Entry
	b := new(pgx.Batch)
	b.Queue(inSchema(s.text.String(), r.store.schema), s.args...).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var at int64
			var data []byte
			if err := rows.Scan(&at, &data); err != nil {
				return err
			}
			var e ticket.Entry
			if err := decode(data, &e); err != nil {
				return err
			}
			e.Position = position(at)
			out = append(out, e)
		}
		return rows.Err()
	})
	if err := r.queryJournal(b); err != nil {
		return nil, err
	}
	return out, nil
}

// Head implements ticket.Reader.
func (r *reader) Head() (ticket.Position, error) {
	var at *int64
	b := new(pgx.Batch)
	b.Queue(r.store.sql.head, r.tenant).QueryRow(func(row pgx.Row) error { return row.Scan(&at) })
	if err := r.queryJournal(b); err != nil || at == nil {
		return "", err
	}
	return position(*at), nil
}

// Pruned implements ticket.Reader.
func (r *reader) Pruned() (at ticket.Position, err error) {
	b := new(pgx.Batch)
	b.Queue(r.store.sql.pruned, r.tenant).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var n int64
			if err := rows.Scan(&n); err != nil {
				return err
			}
			at = position(n)
		}
		return rows.Err()
	})
	return at, r.queryList(b)
}

// queryJournal reads the journal once all that is committed has its position. A View that has read something else before keeps to its moment.
func (r *reader) queryJournal(b *pgx.Batch) error {
	if r.ended {
		return errEnded
	}
	if r.host != nil || r.tx == nil && !r.begun {
		if err := r.store.number(r.ctx, r.tenant); err != nil {
			return err
		}
	}
	return r.queryList(b)
}

// number gives positions to the entries that host transactions have committed.
func (s *Store) number(ctx context.Context, tenant string) error {
	var waiting bool
	if err := s.pool.QueryRow(ctx, s.sql.anyHeld, tenant).Scan(&waiting); err != nil || !waiting {
		return wrap("read journal", err)
	}
	return wrap("number journal", pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		b := new(pgx.Batch)
		b.Queue("select pg_advisory_xact_lock($1)", s.lock(tenant))
		b.Queue(s.sql.number, tenant)
		return tx.SendBatch(ctx, b).Close()
	}))
}
