package sqlite

import (
	"database/sql"
	"encoding/json"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// ticketColumns is what a ticket is found and listed by.
type ticketColumns struct {
	status        ticket.Status
	rank          int64
	lane, agent   string
	contact       ticket.ContactID
	created       int64
	promise       int64
	urgency       int64
	waiting       bool
	class         string
	tags          []string
	conversations []ticket.ConversationKey
}

// ticketRow is a ticket as it is stored.
type ticketRow struct {
	ticketColumns
	body string
}

// ticketBefore is a ticket as it was before the Update.
type ticketBefore struct {
	ticketColumns
	there bool
}

// statuses in the order of their ranks; all others have the last rank.
var ranks = [...]ticket.Status{ticket.New, ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved, ticket.Closed}

func rankOf(s ticket.Status) int64 {
	if i := slices.Index(ranks[:], s); i >= 0 {
		return int64(i)
	}
	return int64(len(ranks))
}

func ticketColumnsOf(t *ticket.Ticket) ticketColumns {
	c := ticketColumns{
		status: t.Status, rank: rankOf(t.Status), lane: t.Lane, agent: t.Agent, contact: t.Contact, created: nanos(t.Created), promise: never,
		urgency: -int64(t.Priority), waiting: t.Agent == "" && !t.Status.Done(), class: t.Class, tags: slices.Clone(t.Tags), conversations: slices.Clone(t.Conversations),
	}
	if promise := t.Promise(); !promise.IsZero() {
		c.promise = nanos(promise)
	}
	return c
}

// sameOrder reports whether lists show both in the same place, labels aside.
func (c *ticketColumns) sameOrder(o *ticketColumns) bool {
	return c.status == o.status && c.lane == o.lane && c.agent == o.agent && c.contact == o.contact && c.created == o.created && c.promise == o.promise &&
		c.urgency == o.urgency && c.waiting == o.waiting && c.class == o.class
}

// ListTickets implements ticket.Reader. It reads each status from an index of its own and merges them, so that the few open tickets of a lane are found at once
// among many closed ones.
func (r *reader) ListTickets(q ticket.TicketQuery) (ticket.List[ticket.Ticket], error) {
	if r.on == nil {
		return ticket.List[ticket.Ticket]{}, errEnded
	}
	at := ticketPlace{created: before}
	switch {
	case q.After != "":
		p := readPlace(q.After)
		at.created, at.id = p.number(), p.text()
		if err := p.end("tickets"); err != nil {
			return ticket.List[ticket.Ticket]{}, err
		}
	case q.Newest && !q.CreatedTo.IsZero():
		at.created = nanos(q.CreatedTo)
	case q.Newest:
		at.created = never
	case !q.CreatedFrom.IsZero():
		at.created = nanos(q.CreatedFrom)
	}
	var s ticketSelect
	s.begin(r.tenant, &q, at)
	out := page[ticket.Ticket]{limit: limit(q.Limit)}
	query, args := s.end(out.limit + 1)
	err := r.on.each(scanTickets(&out), query, args...)
	return out.list, err
}

func scanTickets(out *page[ticket.Ticket]) func(rows *sql.Rows) error {
	var raw sql.RawBytes
	return func(rows *sql.Rows) error {
		if out.full() {
			return nil
		}
		var at ticketPlace
		if err := rows.Scan(&at.created, &at.id, &raw); err != nil {
			return err
		}
		var t ticket.Ticket
		if err := json.Unmarshal(raw, &t); err != nil {
			return err
		}
		out.add(t, place("").number(at.created).text(at.id))
		return nil
	}
}

// ticketPlace is where a ticket stands in a list by Created.
type ticketPlace struct {
	created int64
	id      string
}

// ticketSelect writes the statement of a list of tickets: one part for each rank.
type ticketSelect struct {
	text   strings.Builder
	args   []any
	newest bool
}

func (s *ticketSelect) begin(tenant int64, q *ticket.TicketQuery, at ticketPlace) {
	s.newest = q.Newest
	for rank := range int64(len(ranks) + 1) {
		if len(q.Statuses) > 0 && !slices.ContainsFunc(q.Statuses, func(status ticket.Status) bool { return rankOf(status) == rank }) {
			continue
		}
		if len(s.args) > 0 {
			s.text.WriteString(" UNION ALL ")
		}
		s.part(tenant, q, rank, at)
	}
}

func (s *ticketSelect) and(condition string, args ...any) {
	s.text.WriteString(" AND ")
	s.text.WriteString(condition)
	s.args = append(s.args, args...)
}

// part lists the tickets of one rank. The condition that leaves the fewest leads, by its own index; the others are checked on what it finds.
func (s *ticketSelect) part(tenant int64, q *ticket.TicketQuery, rank int64, at ticketPlace) {
	const columns = "SELECT t.created AS created, t.id AS id, t.body FROM socialcrm_ticket t"
	by := func(led string) {
		s.args = append(s.args, tenant)
		s.and(led+"rank = ?", rank)
		id := "id"
		if led == "l." {
			id = "ticket"
		}
		if s.newest {
			s.and("("+led+"created, "+led+id+") < (?, ?)", at.created, at.id)
		} else {
			s.and("("+led+"created, "+led+id+") > (?, ?)", at.created, at.id)
		}
		if s.newest && !q.CreatedFrom.IsZero() {
			s.and(led+"created >= ?", nanos(q.CreatedFrom))
		}
		if !s.newest && !q.CreatedTo.IsZero() {
			s.and(led+"created < ?", nanos(q.CreatedTo))
		}
	}
	lane, agent, contact, tag := q.Lane, q.Agent, q.Contact, q.Tag
	switch k := q.Conversation; {
	case k != ticket.ConversationKey{}:
		s.text.WriteString("SELECT l.created AS created, l.ticket AS id, t.body FROM socialcrm_ticket_conversation l CROSS JOIN socialcrm_ticket t ON t.tenant = l.tenant AND t.id = l.ticket WHERE l.tenant = ?")
		by("l.")
		s.and("l.platform = ? AND l.account = ? AND l.visibility = ? AND l.thread = ? AND l.author = ?", k.Account.Platform, k.Account.ID, int64(k.Visibility), k.Thread, k.Author)
	case contact != "":
		s.text.WriteString(columns + " INDEXED BY socialcrm_ticket_contact WHERE t.tenant = ?")
		by("t.")
		s.and("t.contact = ? AND t.contact <> ''", string(contact))
		contact = ""
	case agent != "":
		s.text.WriteString(columns + " INDEXED BY socialcrm_ticket_agent WHERE t.tenant = ?")
		by("t.")
		s.and("t.agent = ? AND t.agent <> ''", agent)
		agent = ""
	case tag != "":
		s.text.WriteString("SELECT l.created AS created, l.ticket AS id, t.body FROM socialcrm_ticket_tag l CROSS JOIN socialcrm_ticket t ON t.tenant = l.tenant AND t.id = l.ticket WHERE l.tenant = ?")
		by("l.")
		s.and("l.tag = ?", tag)
		tag = ""
	case lane != "":
		s.text.WriteString(columns + " INDEXED BY socialcrm_ticket_lane WHERE t.tenant = ?")
		by("t.")
		s.and("t.lane = ? AND t.lane <> ''", lane)
		lane = ""
	default:
		s.text.WriteString(columns + " INDEXED BY socialcrm_ticket_created WHERE t.tenant = ?")
		by("t.")
	}
	if contact != "" {
		s.and("t.contact = ?", string(contact))
	}
	if agent != "" {
		s.and("t.agent = ?", agent)
	}
	if lane != "" {
		s.and("t.lane = ?", lane)
	}
	if tag != "" {
		s.and("EXISTS (SELECT 1 FROM socialcrm_ticket_tag x WHERE x.tenant = t.tenant AND x.tag = ? AND x.rank = t.rank AND x.created = t.created AND x.ticket = t.id)", tag)
	}
	if rank == int64(len(ranks)) && len(q.Statuses) > 0 { // all statuses that are none have one rank
		s.text.WriteString(" AND t.status IN (")
		for i, status := range q.Statuses {
			if i > 0 {
				s.text.WriteString(", ")
			}
			s.text.WriteString("?")
			s.args = append(s.args, string(status))
		}
		s.text.WriteString(")")
	}
}

func (s *ticketSelect) end(limit int) (string, []any) {
	direction := " ORDER BY 1, 2 LIMIT ?"
	if s.newest {
		direction = " ORDER BY 1 DESC, 2 DESC LIMIT ?"
	}
	return s.text.String() + direction, append(s.args, limit)
}

// Waiting implements ticket.Reader.
func (r *reader) Waiting(lane string, p ticket.Page) (ticket.List[ticket.Ticket], error) {
	return r.waiting(p, `SELECT promise, urgency, created, id, body FROM socialcrm_ticket INDEXED BY socialcrm_ticket_waiting
		WHERE tenant = ? AND lane = ? AND waiting AND (promise, urgency, created, id) > (?, ?, ?, ?) ORDER BY promise, urgency, created, id LIMIT ?`, lane)
}

// WaitingOf implements ticket.Reader.
func (r *reader) WaitingOf(lane, class string, p ticket.Page) (ticket.List[ticket.Ticket], error) {
	return r.waiting(p, `SELECT promise, urgency, created, id, body FROM socialcrm_ticket INDEXED BY socialcrm_ticket_class
		WHERE tenant = ? AND lane = ? AND class = ? AND waiting AND (promise, urgency, created, id) > (?, ?, ?, ?) ORDER BY promise, urgency, created, id LIMIT ?`, lane, class)
}

// waiting reads a page of those who wait where the values say, which the query asks for behind the tenant and before the place.
func (r *reader) waiting(p ticket.Page, query string, where ...any) (ticket.List[ticket.Ticket], error) {
	if r.on == nil {
		return ticket.List[ticket.Ticket]{}, errEnded
	}
	promise, urgency, at := int64(before), int64(0), ticketPlace{}
	if p.After != "" {
		from := readPlace(p.After)
		promise, urgency, at.created, at.id = from.number(), from.number(), from.number(), from.text()
		if err := from.end("waiting tickets"); err != nil {
			return ticket.List[ticket.Ticket]{}, err
		}
	}
	out := page[ticket.Ticket]{limit: limit(p.Limit)}
	args := append(append([]any{r.tenant}, where...), promise, urgency, at.created, at.id, out.limit+1)
	var raw sql.RawBytes
	err := r.on.each(func(rows *sql.Rows) error {
		if out.full() {
			return nil
		}
		if err := rows.Scan(&promise, &urgency, &at.created, &at.id, &raw); err != nil {
			return err
		}
		var t ticket.Ticket
		if err := json.Unmarshal(raw, &t); err != nil {
			return err
		}
		out.add(t, place("").number(promise).number(urgency).number(at.created).text(at.id))
		return nil
	}, query, args...)
	return out.list, err
}

// WaitingFirst implements ticket.Reader. It goes from class to class, and looks at nothing between.
func (r *reader) WaitingFirst(lane string) (first []ticket.Ticket, err error) {
	if r.on == nil {
		return nil, errEnded
	}
	var raw sql.RawBytes
	err = r.on.each(func(rows *sql.Rows) error {
		if err := rows.Scan(&raw); err != nil {
			return err
		}
		var t ticket.Ticket
		if err := json.Unmarshal(raw, &t); err != nil {
			return err
		}
		first = append(first, t)
		return nil
	}, `WITH RECURSIVE q (class) AS (
			SELECT min(class) FROM socialcrm_ticket INDEXED BY socialcrm_ticket_class WHERE tenant = ? AND lane = ? AND waiting
			UNION ALL
			SELECT (SELECT min(class) FROM socialcrm_ticket INDEXED BY socialcrm_ticket_class WHERE tenant = ? AND lane = ? AND waiting AND class > q.class) FROM q WHERE q.class IS NOT NULL
		)
		SELECT (SELECT body FROM socialcrm_ticket INDEXED BY socialcrm_ticket_class WHERE tenant = ? AND lane = ? AND waiting AND class = q.class ORDER BY promise, urgency, created, id LIMIT 1)
		FROM q WHERE q.class IS NOT NULL`, r.tenant, lane, r.tenant, lane, r.tenant, lane)
	return first, err
}
