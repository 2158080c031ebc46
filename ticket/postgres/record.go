package postgres

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// This file says how each record lies in its table: the columns of its key, those by which it is listed, and the rest as JSON.

// column is a column beside the key, and how a record fills it. Values go to the server as text.
type column[R any] struct {
	name string
	// kind is the column's type or, with a bracket in it, what makes the value on the server.
	kind string
	of   func(r *R) string
}

// kind is a kind of record that is looked up by key.
type kind[R any] struct {
	table string
	keys  []string // the columns of the key, behind the tenant
	// columns are written with the record.
	columns []column[R]
	// state are columns of numbers that the Store keeps beside the record: read with it, and handed to set.
	state []string
	set   func(r *R, state []int64)
	// bare kinds have no JSON: that they are there is all, or their state.
	bare bool
	// variant names another way of writing into the table.
	variant string
	// onConflict is what becomes of a row that is there already; empty: all columns are replaced.
	onConflict string
}

// name names the kind among the statements.
func (k *kind[R]) name() string {
	if k.variant != "" {
		return k.variant
	}
	return k.table
}

// keyOf joins the parts of a key: no text has a NUL.
func keyOf(parts ...string) string { return strings.Join(parts, "\x00") }

// keyColumns turns keys into one list of texts for each column.
func keyColumns(keys []string, n int) []any {
	columns := make([][]string, n)
	for i := range columns {
		columns[i] = make([]string, 0, len(keys))
	}
	for _, key := range keys {
		for i := range columns {
			part, rest, _ := strings.Cut(key, "\x00")
			columns[i], key = append(columns[i], part), rest
		}
	}
	args := make([]any, n)
	for i := range columns {
		args[i] = columns[i]
	}
	return args
}

// encode uses the buffer's memory.
func encode[R any](b *bytes.Buffer, r *R) (string, error) {
	b.Reset()
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return "", fmt.Errorf("postgres: encode %T: %w", *r, err)
	}
	return string(b.Bytes()[:b.Len()-1]), nil
}

func decode[R any](data []byte, r *R) error {
	if err := json.Unmarshal(data, r); err != nil {
		return fmt.Errorf("postgres: decode %T: %w", *r, err)
	}
	return nil
}

var tickets = kind[ticket.Ticket]{
	table: "tickets", keys: []string{"id"},
	columns: []column[ticket.Ticket]{
		{"status", "text", func(t *ticket.Ticket) string { return string(t.Status) }},
		{"rank", "smallint", func(t *ticket.Ticket) string { return number(int64(statusRank(t.Status))) }},
		{"lane", "text", func(t *ticket.Ticket) string { return t.Lane }},
		{"agent", "text", func(t *ticket.Ticket) string { return t.Agent }},
		{"contact", "text", func(t *ticket.Ticket) string { return string(t.Contact) }},
		{"created", "bigint", func(t *ticket.Ticket) string { return nanosOf(t.Created).text() }},
		{"promise", "bigint", func(t *ticket.Ticket) string {
			if p := t.Promise(); !p.IsZero() {
				return nanosOf(p).text()
			}
			return latest.text()
		}},
		{"urgency", "smallint", func(t *ticket.Ticket) string { return number(-int64(t.Priority)) }},
		{"class", "text", func(t *ticket.Ticket) string { return t.Class }},
		{"tags", "text[]", func(t *ticket.Ticket) string { return array(t.Tags) }},
		{"conversations", "text[]", func(t *ticket.Ticket) string {
			keys := make([]string, len(t.Conversations))
			for i, c := range t.Conversations {
				keys[i] = label(c)
			}
			return array(keys)
		}},
	},
}

// statusRanks is how many ranks there are. Tickets of one lane (agent, contact, ...) lie apart by status; a list of several statuses merges them.
const statusRanks = 7

func statusRank(s ticket.Status) int {
	switch s {
	case ticket.New:
		return 0
	case ticket.Open:
		return 1
	case ticket.Pending:
		return 2
	case ticket.OnHold:
		return 3
	case ticket.Solved:
		return 4
	case ticket.Closed:
		return 5
	}
	return 6 // the empty one, and what is no status
}

// array writes texts as PostgreSQL writes an array.
func array(texts []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, s := range texts {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		for j := range len(s) {
			if s[j] == '"' || s[j] == '\\' {
				b.WriteByte('\\')
			}
			b.WriteByte(s[j])
		}
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

func conversationKey(k ticket.ConversationKey) string {
	return keyOf(k.Account.Platform, k.Account.ID, k.Visibility.String(), k.Thread, k.Author)
}

// label names a conversation in a list of them: each part with its length, so that no two are alike.
func label(k ticket.ConversationKey) string {
	var b strings.Builder
	for _, part := range []string{k.Account.Platform, k.Account.ID, k.Visibility.String(), k.Thread, k.Author} {
		fmt.Fprintf(&b, "%d:%s", len(part), part)
	}
	return b.String()
}

var conversations = kind[ticket.Conversation]{table: "conversations", keys: []string{"platform", "account", "visibility", "thread", "author"}}

var messages = kind[ticket.Message]{
	table: "messages", keys: []string{"key"},
	columns: []column[ticket.Message]{
		{"platform", "text", func(m *ticket.Message) string { return m.Ref().Account.Platform }},
		{"account", "text", func(m *ticket.Message) string { return m.Ref().Account.ID }},
		{"ref", "text", func(m *ticket.Message) string { return m.Content.ID }},
		{"ticket", "text", func(m *ticket.Message) string { return string(m.Ticket) }},
		{"written", "bigint", func(m *ticket.Message) string { return nanosOf(m.Content.Time).text() }},
		{"ord", "text", func(m *ticket.Message) string { return m.Content.Order }},
		{"place", "nextval('SCHEMA.places')", func(*ticket.Message) string { return "" }},
	},
}

var contacts = kind[ticket.Contact]{table: "contacts", keys: []string{"id"}}

func identityKey(k ticket.IdentityKey) string { return keyOf(k.Platform, k.ID) }

var identities = kind[ticket.Identity]{table: "identities", keys: []string{"platform", "id"}}

// agents keep load and freed beside the record: PutAgent, which writes presences, leaves them as they are.
var agents = kind[ticket.AgentState]{
	table: "agents", keys: []string{"name"},
	columns: []column[ticket.AgentState]{
		{"load", "bigint", func(a *ticket.AgentState) string { return number(int64(a.Load)) }},
		{"freed", "bigint", func(a *ticket.AgentState) string { return nanosOf(a.Freed).text() }},
	},
	state: []string{"t.load", "t.freed"},
	set:   func(a *ticket.AgentState, state []int64) { a.Load, a.Freed = int(state[0]), nanos(state[1]).time() },
}

var presences = kind[ticket.AgentState]{table: agents.table, variant: "presences", keys: agents.keys}

// reservation says which agent holds a ticket.
type reservation struct {
	Agent  string `json:"agent"`
	Weight int    `json:"weight"`
}

var reservations = kind[reservation]{table: "reservations", keys: []string{"ticket"}}

// stored is a Value and whether it has expired.
type stored struct {
	ticket.Value
	expired bool
}

func valueKey(k ticket.ValueKey) string { return keyOf(k.Space, k.Name) }

var values = kind[stored]{
	table: "small_values", keys: []string{"space", "name"},
	columns: []column[stored]{{"expires", "bigint", func(v *stored) string { return nanosOf(v.Expires).text() }}},
	state:   []string{"(t.expires <> -9223372036854775808 and t.expires <= SCHEMA.clock())::int::bigint"},
	set:     func(v *stored, state []int64) { v.expired = state[0] != 0 },
}

func eventKey(k ticket.EventKey) string { return keyOf(k.Account.Platform, k.Account.ID, k.Key) }

// mark is that an event was seen.
type mark struct{}

var seen = kind[mark]{table: "seen", keys: []string{"platform", "account", "key"}, bare: true, onConflict: "do nothing"}

// task is a Task and what the Store knows of it beside.
type task struct {
	ticket.Task
	// place is the task's place in the order of scheduling; not above 0: a new one.
	place int64
	// token is that of the newest claim; 0 while there is none that holds. until is when the lease ends.
	token int64
	until nanos
	// again is set when the task was scheduled again while it was claimed.
	again bool
}

var tasks = kind[task]{
	table: "tasks", keys: []string{"id"},
	columns: []column[task]{
		{"queue", "text", func(t *task) string { return t.Queue }},
		{"key", "text", func(t *task) string { return t.Key }},
		{"due", "bigint", func(t *task) string { return nanosOf(t.Due).text() }},
		{"place", "coalesce(nullif(u.place, '0')::bigint, nextval('SCHEMA.places'))", func(t *task) string { return number(max(t.place, 0)) }},
		{"token", "bigint", func(t *task) string { return number(t.token) }},
		{"until", "bigint", func(t *task) string { return t.until.text() }},
		{"again", "boolean", func(t *task) string { return truth(t.again) }},
		{"dead", "boolean", func(t *task) string { return truth(t.Dead) }},
	},
	state: []string{"t.place", "t.token", "t.until", "t.again::int::bigint"},
	set: func(t *task, state []int64) {
		t.place, t.token, t.until, t.again = state[0], state[1], nanos(state[2]), state[3] != 0
	},
}

// schedules are tasks that go behind all others of their key, or that are scheduled whatever is there: what is kept of that is decided on the server. Then
// "again" says that the task goes to the end in any case, and until that nothing is kept (anew), or is the end of the lease, or tells nothing (never).
var schedules = kind[task]{
	table: tasks.table, variant: "schedules", keys: tasks.keys, columns: tasks.columns,
	onConflict: `do update set queue = excluded.queue, key = excluded.key, due = excluded.due, dead = false, data = excluded.data,
		place = case when excluded.again or excluded.until = 1 or t.dead or t.queue <> excluded.queue or t.key <> excluded.key then excluded.place else t.place end,
		token = case when excluded.until = 1 then 0 else t.token end, again = excluded.until <> 1 and t.token <> 0,
		until = case when excluded.until > 1 then excluded.until else t.until end`,
}

// ensures are schedules that leave a task alone that serves as well.
var ensures = kind[task]{
	table: tasks.table, variant: "ensures", keys: tasks.keys, columns: tasks.columns,
	onConflict: schedules.onConflict + ` where t.token <> 0 or t.dead or t.due > excluded.due or t.queue <> excluded.queue or t.key <> excluded.key`,
}

const anew nanos = 1

func truth(b bool) string {
	if b {
		return "true"
	}
	return "false"
}

var pauses = kind[ticket.QueuePause]{
	table: "pauses", keys: []string{"queue"},
	columns: []column[ticket.QueuePause]{{"until", "bigint", func(p *ticket.QueuePause) string { return nanosOf(p.Until).text() }}},
}
