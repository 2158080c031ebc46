package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/socialcrm/socialcrm/ticket"
)

// entryRow is a journal entry as it is stored: the body leaves out what has a column.
type entryRow struct {
	ticket    ticket.ID
	contact   ticket.ContactID
	processed int64
	body      string
}

const positionWidth = 16

// positionOf writes a number with a fixed width, so that positions compare as text.
func positionOf(n int64) ticket.Position {
	return ticket.Position(fmt.Sprintf("%0*d", positionWidth, n))
}

func numberOf(p ticket.Position) (int64, error) {
	if p == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(string(p), 10, 64)
	if err != nil || len(p) != positionWidth || n < 0 {
		return 0, fmt.Errorf("sqlite: read journal: position %q is not one of this store", string(p))
	}
	return n, nil
}

// Journal implements ticket.Reader. Positions are given in the order of commits, since one Update is open at a time.
func (r *reader) Journal(q ticket.JournalQuery) ([]ticket.Entry, error) {
	if r.on == nil {
		return nil, errEnded
	}
	after, err := numberOf(q.After)
	if err != nil {
		return nil, err
	}
	query, args := `SELECT position, key, ticket, contact, body FROM socialcrm_entry WHERE tenant = ? AND position > ?`, []any{r.tenant, after}
	if q.Ticket != "" {
		query += ` AND ticket = ? AND ticket <> ''`
		args = append(args, string(q.Ticket))
	}
	if q.Contact != "" {
		query += ` AND contact = ? AND contact <> ''`
		args = append(args, string(q.Contact))
	}
	var out []ticket.Entry
	var raw sql.RawBytes
	err = r.on.each(func(rows *sql.Rows) error {
		var n int64
		var key, id, contact string
		if err := rows.Scan(&n, &key, &id, &contact, &raw); err != nil {
			return err
		}
		var e ticket.Entry
		if err := json.Unmarshal(raw, &e); err != nil {
			return err
		}
		e.Position, e.Key, e.Ticket, e.Contact = positionOf(n), key, ticket.ID(id), ticket.ContactID(contact)
		out = append(out, e)
		return nil
	}, query+` ORDER BY position LIMIT ?`, append(args, limit(q.Limit))...)
	return out, err
}

// Head implements ticket.Reader.
func (r *reader) Head() (ticket.Position, error) {
	if r.on == nil {
		return "", errEnded
	}
	n, err := r.on.number(`SELECT max(position) FROM socialcrm_entry WHERE tenant = ?`, r.tenant)
	if err != nil || n == 0 {
		return "", err
	}
	return positionOf(n), nil
}

// Pruned implements ticket.Reader.
func (r *reader) Pruned() (ticket.Position, error) {
	if r.on == nil {
		return "", errEnded
	}
	n, err := r.on.number(`SELECT pruned FROM socialcrm_tenant WHERE id = ?`, r.tenant)
	if err != nil || n == 0 {
		return "", err
	}
	return positionOf(n), nil
}

// Append implements ticket.Tx.
func (x *tx) Append(entries ...ticket.Entry) {
	for _, e := range entries {
		if x.entries.get(e.Key) != nil {
			continue
		}
		row := entryRow{ticket: e.Ticket, contact: e.Contact, processed: nanos(e.Processed)}
		key := e.Key
		e.Position, e.Key, e.Ticket, e.Contact = "", "", "", ""
		row.body = x.encode(&e)
		x.entries.put(key, row)
		x.wake = true
	}
}
