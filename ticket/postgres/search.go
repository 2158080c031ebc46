package postgres

import (
	"context"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// Search implements ticket.Searcher, by PostgreSQL's full text search in its configuration "simple": words are compared in lower case, whole and unstemmed.
// Punctuation within the query separates words too.
func (s *Store) Search(ctx context.Context, tenant, query string, page ticket.Page) (out ticket.List[ticket.Ticket], err error) {
	if len(strings.Fields(query)) == 0 {
		return out, nil
	}
	at, err := after("tickets found", page, "nt")
	if err != nil {
		return out, err
	}
	q := new(statement)
	q.add(`select created::text, id, data::text from SCHEMA.tickets t where tenant = %s and id in (select m.ticket from SCHEMA.messages m
		where m.tenant = %s and to_tsvector('simple', left(m.data -> 'content' ->> 'text', 100000)) @@ plainto_tsquery('simple', %s))`, tenant, tenant, query)
	if at != nil {
		q.add(" and (created, id) < (%s::text::bigint, %s)", at[0], at[1])
	}
	q.text.WriteString(" order by t.created desc, t.id desc")
	err = s.View(ctx, tenant, func(rd ticket.Reader) error {
		out, err = list(rd.(*reader), page, 2, q, record[ticket.Ticket])
		return err
	})
	return out, err
}
