package postgres

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket"
)

// statement is SQL being put together, with its arguments.
type statement struct {
	text strings.Builder
	args []any
}

func (s *statement) add(format string, args ...any) {
	named := make([]any, len(args))
	for i, a := range args {
		s.args = append(s.args, a)
		named[i] = fmt.Sprintf("$%d", len(s.args))
	}
	fmt.Fprintf(&s.text, format, named...)
}

// list reads a page: rows begin with the columns that order the list, as text, and end with the record. It asks for one item more than the page has.
func list[R any](r *reader, page ticket.Page, columns int, s *statement, set func(*R, []byte) error) (out ticket.List[R], err error) {
	limit := limitOf(page)
	fmt.Fprintf(&s.text, " limit %d", limit+1) // not an argument: the planner wants to know
	b := new(pgx.Batch)
	b.Queue(inSchema(s.text.String(), r.store.schema), s.args...).Query(func(rows pgx.Rows) error {
		at := make(place, columns)
		into := make([]any, columns+1)
		for i := range at {
			into[i] = &at[i]
		}
		var data []byte
		into[columns] = &data
		for rows.Next() {
			if len(out.Items) == limit {
				out.Next = at.String()
				break
			}
			if err := rows.Scan(into...); err != nil {
				return err
			}
			var item R
			if err := set(&item, data); err != nil {
				return err
			}
			out.Items = append(out.Items, item)
		}
		rows.Close()
		return rows.Err()
	})
	if err := r.queryList(b); err != nil {
		return ticket.List[R]{}, err
	}
	return out, nil
}

func record[R any](r *R, data []byte) error { return decode(data, r) }

// after reads the place after which the page begins; nil: it is the first.
func after(list string, page ticket.Page, columns string) (place, error) {
	if page.After == "" {
		return nil, nil
	}
	return readPlace(list, page.After, columns)
}

// ListTickets implements ticket.Reader. Each status that is asked for is read from its own stretch of the index, and the stretches are merged.
func (r *reader) ListTickets(q ticket.TicketQuery) (ticket.List[ticket.Ticket], error) {
	at, err := after("tickets", q.Page, "nt")
	if err != nil {
		return ticket.List[ticket.Ticket]{}, err
	}
	compare, order := ">", "t.created, t.id"
	if q.Newest {
		compare, order = "<", "t.created desc, t.id desc"
	}
	ranks := []int{}
	for rank := range statusRanks {
		if len(q.Statuses) == 0 || slices.ContainsFunc(q.Statuses, func(s ticket.Status) bool { return statusRank(s) == rank }) {
			ranks = append(ranks, rank)
		}
	}
	s := new(statement)
	s.text.WriteString("select created::text, id, data::text from (")
	for i, rank := range ranks {
		if i > 0 {
			s.text.WriteString(" union all ")
		}
		s.add("(select created, id, data from SCHEMA.tickets t where tenant = %s and rank = %s", r.tenant, rank)
		if rank == statusRanks-1 && len(q.Statuses) > 0 {
			statuses := make([]string, len(q.Statuses))
			for i, status := range q.Statuses {
				statuses[i] = string(status)
			}
			s.add(" and status = any(%s)", statuses)
		}
		for _, c := range []struct{ column, is string }{{"lane", q.Lane}, {"agent", q.Agent}, {"contact", string(q.Contact)}} {
			if c.is != "" {
				s.add(" and "+c.column+" <> '' and "+c.column+" = %s", c.is)
			}
		}
		if q.Tag != "" {
			s.add(" and tags <> '{}' and tags @> %s::text[]", []string{q.Tag})
		}
		if q.Conversation != (ticket.ConversationKey{}) {
			s.add(" and conversations <> '{}' and conversations @> %s::text[]", []string{label(q.Conversation)})
		}
		if !q.CreatedFrom.IsZero() {
			s.add(" and created >= %s", int64(nanosOf(q.CreatedFrom)))
		}
		if !q.CreatedTo.IsZero() {
			s.add(" and created < %s", int64(nanosOf(q.CreatedTo)))
		}
		if at != nil {
			s.add(" and (created, id) "+compare+" (%s::text::bigint, %s)", at[0], at[1])
		}
		fmt.Fprintf(&s.text, " order by %s limit %d)", order, limitOf(q.Page)+1)
	}
	s.text.WriteString(") t order by " + order)
	return list(r, q.Page, 2, s, record[ticket.Ticket])
}

// Waiting implements ticket.Reader.
func (r *reader) Waiting(lane string, page ticket.Page) (ticket.List[ticket.Ticket], error) {
	return r.waiting(page, "lane = %s", lane)
}

// WaitingOf implements ticket.Reader.
func (r *reader) WaitingOf(lane, class string, page ticket.Page) (ticket.List[ticket.Ticket], error) {
	return r.waiting(page, "lane = %s and class = %s", lane, class)
}

// WaitingFirst implements ticket.Reader. It goes from class to class, and looks at nothing between.
func (r *reader) WaitingFirst(lane string) (first []ticket.Ticket, err error) {
	const wait = "from SCHEMA.tickets where tenant = $1 and lane = $2 and agent = '' and rank not in (4, 5) "
	b := new(pgx.Batch)
	b.Queue(inSchema("with recursive c(class) as ((select class "+wait+"order by class limit 1) union all select (select class "+wait+`and class > c.class order by class limit 1)
		from c where c.class is not null)
		select t.data from c cross join lateral (select data::text `+wait+"and class = c.class order by tickets.promise, tickets.urgency, tickets.created, id limit 1) t order by c.class",
		r.store.schema), r.tenant, lane).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var data []byte
			if err := rows.Scan(&data); err != nil {
				return err
			}
			var t ticket.Ticket
			if err := decode(data, &t); err != nil {
				return err
			}
			first = append(first, t)
		}
		rows.Close()
		return rows.Err()
	})
	if err := r.queryList(b); err != nil {
		return nil, err
	}
	return first, nil
}

func (r *reader) waiting(page ticket.Page, where string, values ...any) (ticket.List[ticket.Ticket], error) {
	at, err := after("waiting tickets", page, "nnnt")
	if err != nil {
		return ticket.List[ticket.Ticket]{}, err
	}
	s := new(statement)
	s.add("select promise::text, urgency::text, created::text, id, data::text from SCHEMA.tickets where agent = '' and rank not in (4, 5) and tenant = %s and "+where,
		append([]any{r.tenant}, values...)...)
	if at != nil {
		s.add(" and (promise, urgency, created, id) > (%s::text::bigint, %s::text::smallint, %s::text::bigint, %s)", at[0], at[1], at[2], at[3])
	}
	s.text.WriteString(" order by tickets.promise, tickets.urgency, tickets.created, id")
	return list(r, page, 4, s, record[ticket.Ticket])
}

// ListMessages implements ticket.Reader.
func (r *reader) ListMessages(q ticket.MessageQuery) (ticket.List[ticket.Message], error) {
	at, err := after("messages", q.Page, "ntt")
	if err != nil {
		return ticket.List[ticket.Message]{}, err
	}
	s := new(statement)
	s.add("select written::text, ord, key, data::text from SCHEMA.messages where tenant = %s and ticket = %s", r.tenant, string(q.Ticket))
	if at != nil {
		s.add(" and (written, ord, key) > (%s::text::bigint, %s, %s)", at[0], at[1], at[2])
	}
	s.text.WriteString(" order by messages.written, ord, key")
	return list(r, q.Page, 3, s, record[ticket.Message])
}

// ListAgents implements ticket.Reader.
func (r *reader) ListAgents(page ticket.Page) (ticket.List[ticket.AgentState], error) {
	at, err := after("agents", page, "t")
	if err != nil {
		return ticket.List[ticket.AgentState]{}, err
	}
	s := new(statement)
	s.add("select name, load::text || ' ' || freed::text || ' ' || data::text from SCHEMA.agents where tenant = %s", r.tenant)
	if at != nil {
		s.add(" and name > %s", at[0])
	}
	s.text.WriteString(" order by name")
	return list(r, page, 1, s, func(a *ticket.AgentState, data []byte) error {
		load, rest, _ := strings.Cut(string(data), " ")
		freed, rest, _ := strings.Cut(rest, " ")
		if err := decode([]byte(rest), a); err != nil {
			return err
		}
		agents.set(a, []int64{int64Of(load), int64Of(freed)})
		return nil
	})
}

// ListValues implements ticket.Reader.
func (r *reader) ListValues(space string, page ticket.Page) (ticket.List[ticket.Value], error) {
	at, err := after("values", page, "t")
	if err != nil {
		return ticket.List[ticket.Value]{}, err
	}
	s := new(statement)
	s.add("select name, data::text from SCHEMA.small_values where tenant = %s and space = %s and (expires = -9223372036854775808 or expires > SCHEMA.clock())", r.tenant, space)
	if at != nil {
		s.add(" and name > %s", at[0])
	}
	s.text.WriteString(" order by name")
	return list(r, page, 1, s, record[ticket.Value])
}

// ListTasks implements ticket.Reader.
func (r *reader) ListTasks(q ticket.TaskQuery) (ticket.List[ticket.Task], error) {
	at, err := after("tasks", q.Page, "nt")
	if err != nil {
		return ticket.List[ticket.Task]{}, err
	}
	s := new(statement)
	s.add("select due::text, id, data::text from SCHEMA.tasks where tenant = %s and dead = %s", r.tenant, q.Dead)
	if q.Queue != "" {
		s.add(" and queue = %s", q.Queue)
	}
	if at != nil {
		s.add(" and (due, id) > (%s::text::bigint, %s)", at[0], at[1])
	}
	s.text.WriteString(" order by tasks.due, id")
	return list(r, q.Page, 2, s, record[ticket.Task])
}

// ListPauses implements ticket.Reader.
func (r *reader) ListPauses() ([]ticket.QueuePause, error) {
	var out []ticket.QueuePause
	b := new(pgx.Batch)
	b.Queue(r.store.sql.pauses, r.tenant).Query(func(rows pgx.Rows) error {
		for rows.Next() {
			var data []byte
			if err := rows.Scan(&data); err != nil {
				return err
			}
			var p ticket.QueuePause
			if err := decode(data, &p); err != nil {
				return err
			}
			out = append(out, p)
		}
		return rows.Err()
	})
	if err := r.queryList(b); err != nil {
		return nil, err
	}
	return out, nil
}

// NextDue implements ticket.Reader.
func (r *reader) NextDue(now time.Time) (time.Time, error) {
	var next, lease *int64
	b := new(pgx.Batch)
	b.Queue(r.store.sql.nextDue, r.tenant).QueryRow(func(row pgx.Row) error { return row.Scan(&next, &lease) })
	if err := r.queryList(b); err != nil {
		return time.Time{}, err
	}
	var due time.Time
	if next != nil {
		if due = nanos(*next).time(); due.IsZero() { // it has no due time, so it is due
			due = now
		}
	}
	if lease != nil { // by the server's clock the first lease ends in so much time
		if end := now.Add(max(0, time.Duration(*lease))); next == nil || end.Before(due) {
			due = end
		}
	}
	return due, nil
}
