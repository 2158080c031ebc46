package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// pruneBatch is how much one transaction of Prune looks at, so that Updates get their turn.
const pruneBatch = 200

// Prune implements ticket.Pruner, in small transactions. Space in the file is used again, not given back; Backup writes a compact copy.
func (s *Store) Prune(ctx context.Context, tenant string, until time.Time) (removed int, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.running.Done()
	p := &pruning{until: until}
	for _, step := range []func() (more bool, err error){p.tickets, p.loose, p.entries} {
		for more := true; more; {
			err := s.alone(ctx, func(on *session) (err error) {
				p.on = on
				if p.tenant, err = s.tenant(on, tenant); err == nil {
					more, err = step()
				}
				return err
			})
			if err != nil {
				return removed, fmt.Errorf("sqlite: prune: %w", err)
			}
			removed += p.removed
			p.removed = 0
		}
	}
	return removed, nil
}

type pruning struct {
	on       *session
	tenant   int64
	until    time.Time
	removed  int             // by the transaction that is open
	named    map[string]bool // the last parts of keys of tasks that wait
	at       ticketPlace
	position int64
}

// tickets prunes the next tickets that have something to prune.
func (p *pruning) tickets() (more bool, err error) {
	p.named = make(map[string]bool)
	if err := p.on.each(func(rows *sql.Rows) error {
		var key string
		err := rows.Scan(&key)
		p.named[key[strings.LastIndexByte(key, '/')+1:]] = true
		return err
	}, `SELECT key FROM socialcrm_task INDEXED BY socialcrm_task_line WHERE tenant = ? AND key <> '' AND NOT dead`, p.tenant); err != nil {
		return false, err
	}
	if p.at == (ticketPlace{}) {
		p.at.created = before
	}
	var old []ticket.Ticket
	n := 0
	var raw sql.RawBytes
	if err := p.on.each(func(rows *sql.Rows) error {
		n++
		var t ticket.Ticket
		if err := rows.Scan(&p.at.created, &p.at.id, &raw); err != nil {
			return err
		}
		err := json.Unmarshal(raw, &t)
		if err == nil && t.Updated.Before(p.until) && !p.named[string(t.ID)] {
			old = append(old, t)
		}
		return err
	}, `SELECT t.created, t.id, t.body FROM socialcrm_ticket t INDEXED BY socialcrm_ticket_created
		WHERE t.tenant = ?1 AND t.rank = ?2 AND (t.created, t.id) > (?3, ?4)
			AND (EXISTS (SELECT 1 FROM socialcrm_message m WHERE m.tenant = ?1 AND m.ticket = t.id)
				OR EXISTS (SELECT 1 FROM socialcrm_entry e WHERE e.tenant = ?1 AND e.ticket = t.id AND e.ticket <> ''))
		ORDER BY t.created, t.id LIMIT ?5`, p.tenant, rankOf(ticket.Closed), p.at.created, p.at.id, pruneBatch); err != nil {
		return false, err
	}
	for _, t := range old {
		kept, err := p.survives(t.MergedInto)
		if err != nil {
			return false, err
		}
		if kept {
			continue
		}
		if err := p.messages(`tenant = ? AND ticket = ?`, p.tenant, string(t.ID)); err != nil {
			return false, err
		}
		if err := p.journal(t.ID); err != nil {
			return false, err
		}
	}
	return n == pruneBatch, nil
}

// survives reports whether the ticket that another was merged into, or one further on, is not to be pruned: it needs the other's journal.
func (p *pruning) survives(id ticket.ID) (bool, error) {
	for range 100 { // merges form no circle; should they, nothing is pruned
		if id == "" {
			return false, nil
		}
		var t ticket.Ticket
		found, err := (&reader{on: p.on}).body(&t, selectTicket, p.tenant, string(id))
		if err != nil || !found {
			return false, err
		}
		if t.Status != ticket.Closed || !t.Updated.Before(p.until) || p.named[string(id)] {
			return true, nil
		}
		id = t.MergedInto
	}
	return true, nil
}

// journal removes a ticket's entries, and notes on the ticket how far.
func (p *pruning) journal(id ticket.ID) error {
	last, err := p.on.number(`SELECT max(position) FROM socialcrm_entry WHERE tenant = ?1 AND ticket = ?2 AND ticket <> ''
		AND position < (SELECT max(position) FROM socialcrm_entry WHERE tenant = ?1)`, p.tenant, string(id))
	if err != nil || last == 0 {
		return err
	}
	if err := p.exec(`DELETE FROM socialcrm_entry WHERE tenant = ? AND ticket = ? AND ticket <> '' AND position <= ?`, p.tenant, string(id), last); err != nil {
		return err
	}
	if err := p.on.exec(`UPDATE socialcrm_ticket SET body = json_set(body, '$.pruned', ?) WHERE tenant = ? AND id = ?`, string(positionOf(last)), p.tenant, string(id)); err != nil {
		return err
	}
	return p.reached(last)
}

// reached notes how far entries were removed.
func (p *pruning) reached(last int64) error {
	return p.on.exec(`UPDATE socialcrm_tenant SET pruned = max(pruned, ?) WHERE id = ?`, last, p.tenant)
}

// loose prunes messages that belong to no ticket.
func (p *pruning) loose() (more bool, err error) {
	err = p.messages(`n IN (SELECT n FROM socialcrm_message WHERE tenant = ? AND ticket = '' AND time < ? LIMIT ?)`, p.tenant, nanos(p.until), pruneBatch)
	return p.removed > 0, err
}

// entries prunes journal entries that belong to no ticket. Positions and times grow together, so it ends at the first entry that is young enough. The newest one
// always stays.
func (p *pruning) entries() (more bool, err error) {
	newest, err := p.on.number(`SELECT max(position) FROM socialcrm_entry WHERE tenant = ?`, p.tenant)
	if err != nil {
		return false, err
	}
	from, n, reached := p.position, 0, false
	if err := p.on.each(func(rows *sql.Rows) error {
		var processed int64
		var at int64
		n++
		err := rows.Scan(&at, &processed)
		if reached = reached || processed >= nanos(p.until) || at == newest; !reached {
			p.position = at
		}
		return err
	}, `SELECT position, processed FROM socialcrm_entry WHERE tenant = ? AND position > ? ORDER BY position LIMIT ?`, p.tenant, from, 10*pruneBatch); err != nil {
		return false, err
	}
	last, err := p.on.number(`SELECT max(position) FROM socialcrm_entry WHERE tenant = ? AND position > ? AND position <= ? AND ticket = ''`, p.tenant, from, p.position)
	if err == nil && last > 0 {
		err = p.reached(last)
	}
	if err == nil {
		err = p.exec(`DELETE FROM socialcrm_entry WHERE tenant = ? AND position > ? AND position <= ? AND ticket = ''`, p.tenant, from, last)
	}
	return !reached && n == 10*pruneBatch, err
}

// messages deletes messages with their words in the search.
func (p *pruning) messages(where string, args ...any) error {
	type said struct {
		n    int64
		text string
	}
	var texts []said
	if err := p.on.each(func(rows *sql.Rows) error {
		var s said
		err := rows.Scan(&s.n, &s.text)
		texts = append(texts, s)
		return err
	}, `SELECT n, coalesce(json_extract(body, '$.content.text'), '') FROM socialcrm_message WHERE `+where, args...); err != nil {
		return err
	}
	x := tx{reader: reader{on: p.on, tenant: p.tenant}}
	for _, s := range texts {
		if err := x.unindex(s.n, s.text); err != nil {
			return err
		}
		if err := p.exec(`DELETE FROM socialcrm_message WHERE n = ?`, s.n); err != nil {
			return err
		}
	}
	return nil
}

func (p *pruning) exec(query string, args ...any) error {
	result, err := p.on.result(query, args...)
	if err != nil {
		return err
	}
	n, err := result.RowsAffected()
	p.removed += int(n)
	return err
}
