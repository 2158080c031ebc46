package sqlite

import (
	"context"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// Search implements ticket.Searcher with SQLite's full-text index: words are found whole, in any case, with and without accents. The text of a message is
// in the index from the commit that brings it until the one that changes or deletes it. A word that very many messages contain takes long to sort.
func (s *Store) Search(ctx context.Context, tenant, query string, p ticket.Page) (ticket.List[ticket.Ticket], error) {
	words := strings.Fields(query)
	out := page[ticket.Ticket]{limit: limit(p.Limit)}
	at := ticketPlace{created: never}
	if p.After != "" {
		from := readPlace(p.After)
		at.created, at.id = from.number(), from.text()
		if err := from.end("found tickets"); err != nil {
			return out.list, err
		}
	}
	err := s.View(ctx, tenant, func(rd ticket.Reader) error {
		if len(words) == 0 {
			return nil
		}
		r := rd.(*reader)
		return r.on.each(scanTickets(&out), `SELECT t.created, t.id, t.body FROM socialcrm_ticket t
			WHERE t.tenant = ?1 AND (t.created, t.id) < (?2, ?3) AND t.id IN
				(SELECT m.ticket FROM socialcrm_search s CROSS JOIN socialcrm_message m ON m.n = s.rowid WHERE socialcrm_search MATCH ?4 AND m.tenant = ?1)
			ORDER BY t.created DESC, t.id DESC LIMIT ?5`, r.tenant, at.created, at.id, match(r.tenant, words), out.limit+1)
	})
	return out.list, err
}

// match asks for messages of the tenant with all the words.
func match(tenant int64, words []string) string {
	var q strings.Builder
	q.WriteString("tenant : " + tenantWord(tenant))
	for _, w := range words {
		q.WriteString(` AND text : "` + strings.ReplaceAll(w, `"`, `""`) + `"`)
	}
	return q.String()
}

func tenantWord(tenant int64) string { return "t" + strconv.FormatInt(tenant, 10) }

// index puts a message's text into the search.
func (x *tx) index(n int64, text string) error {
	if text == "" {
		return nil
	}
	return x.on.exec(`INSERT INTO socialcrm_search (rowid, tenant, text) VALUES (?, ?, ?)`, n, tenantWord(x.tenant), text)
}

// unindex takes a message's words out of the search; the index does not know the text that it was made from.
func (x *tx) unindex(n int64, text string) error {
	if text == "" {
		return nil
	}
	return x.on.exec(`INSERT INTO socialcrm_search (socialcrm_search, rowid, tenant, text) VALUES ('delete', ?, ?, ?)`, n, tenantWord(x.tenant), text)
}
