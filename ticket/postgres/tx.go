package postgres

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket"
)

// tx adds writing to a reader. Writes are kept back: they go out together at the commit.
type tx struct {
	reader
	entries   []entryWrite
	room      bytes.Buffer // in which entries are encoded
	appended  map[string]bool
	scheduled int64 // counts the tasks that were put behind all others
	wake      bool
	held      bool // the tenant's lock is held
	numbered  bool // all that is committed has its position
}

// entryWrite is a journal entry to be appended.
type entryWrite struct{ key, ticket, contact, data string }

func (x *tx) fail(err error) {
	if x.failed == nil {
		x.failed = err
	}
}

// put keeps a record back. An error of encoding comes out at the commit.
func put[R any](x *tx, s *shelf[R], key string, r *R) {
	if err := s.put(key, s.kind, r); err != nil {
		x.fail(err)
	}
}

// PutTicket implements ticket.Tx.
func (x *tx) PutTicket(t ticket.Ticket) { put(x, &x.tickets, string(t.ID), &t) }

// PutConversation implements ticket.Tx.
func (x *tx) PutConversation(c ticket.Conversation) {
	put(x, &x.conversations, conversationKey(c.Key), &c)
}

// PutMessage implements ticket.Tx.
func (x *tx) PutMessage(m ticket.Message) { put(x, &x.messages, m.Key, &m) }

// PutContact implements ticket.Tx.
func (x *tx) PutContact(c ticket.Contact) { put(x, &x.contacts, string(c.ID), &c) }

// PutIdentity implements ticket.Tx.
func (x *tx) PutIdentity(i ticket.Identity) { put(x, &x.identities, identityKey(i.Key), &i) }

// PutValue implements ticket.Tx.
func (x *tx) PutValue(v ticket.Value) { put(x, &x.values, valueKey(v.Key), &stored{Value: v}) }

// DeleteValue implements ticket.Tx.
func (x *tx) DeleteValue(key ticket.ValueKey) { x.values.delete(valueKey(key)) }

// MarkSeen implements ticket.Tx.
func (x *tx) MarkSeen(keys ...ticket.EventKey) {
	for _, key := range keys {
		put(x, &x.seen, eventKey(key), new(mark))
	}
}

// Append implements ticket.Tx.
func (x *tx) Append(entries ...ticket.Entry) {
	for i := range entries {
		e := entries[i]
		if x.appended[e.Key] {
			continue
		}
		e.Position = ""
		data, err := encode(&x.room, &e)
		if err != nil {
			x.fail(err)
			return
		}
		if x.appended == nil {
			x.appended = make(map[string]bool)
		}
		x.appended[e.Key] = true
		x.entries = append(x.entries, entryWrite{e.Key, string(e.Ticket), string(e.Contact), data})
		x.wake = true
	}
}

// PauseQueue implements ticket.Tx.
func (x *tx) PauseQueue(p ticket.QueuePause) { put(x, &x.pauses, p.Queue, &p) }

// ResumeQueue implements ticket.Tx.
func (x *tx) ResumeQueue(queue string) {
	x.pauses.delete(queue)
	x.wake = true
}

// Try implements ticket.Tx. As all writes are kept back, none of it needs the server.
func (x *tx) Try(fn func(ticket.Tx) error) error {
	back := x.rewind()
	kept := false
	defer func() {
		if !kept {
			back()
		}
	}()
	if err := fn(x); err != nil {
		return err
	}
	kept = true
	return nil
}

// rewind returns what drops all that was written since.
func (x *tx) rewind() func() {
	tickets, conversations, messages, contacts := x.tickets.length(), x.conversations.length(), x.messages.length(), x.contacts.length()
	identities, agents, reservations, values := x.identities.length(), x.agents.length(), x.reservations.length(), x.values.length()
	seen, tasks, pauses, entries, wake := x.seen.length(), x.tasks.length(), x.pauses.length(), len(x.entries), x.wake
	return func() {
		x.tickets.rewind(tickets)
		x.conversations.rewind(conversations)
		x.messages.rewind(messages)
		x.contacts.rewind(contacts)
		x.identities.rewind(identities)
		x.agents.rewind(agents)
		x.reservations.rewind(reservations)
		x.values.rewind(values)
		x.seen.rewind(seen)
		x.tasks.rewind(tasks)
		x.pauses.rewind(pauses)
		for _, e := range x.entries[entries:] {
			delete(x.appended, e.key)
		}
		x.entries, x.wake = x.entries[:entries], wake
	}
}

// shelfWork is what is done with a shelf whatever it holds.
type shelfWork interface {
	// work reports whether anything was read and whether anything will be written.
	work() (read, written bool)
	// verify queues the check that what was read is still so.
	verify(b *pgx.Batch, x *tx)
	// flush queues the writes.
	flush(b *pgx.Batch, x *tx)
	// touched are the keys that are written, looked are all that were read, both with the table before them.
	touched(name func(table, key string))
	looked(name func(table, key string))
}

func (x *tx) shelves() []shelfWork {
	return []shelfWork{
		&x.tickets, &x.conversations, &x.messages, &x.contacts, &x.identities, &x.agents, &x.reservations, &x.values, &x.seen, &x.tasks, &x.pauses,
	}
}

func (s *shelf[R]) work() (read, written bool) { return len(s.read) > 0, len(s.writes) > 0 }

func (s *shelf[R]) verify(b *pgx.Batch, x *tx) {
	if len(s.read) == 0 {
		return
	}
	keys, versions := make([]string, 0, len(s.read)), make([]int64, 0, len(s.read))
	for key, r := range s.read {
		keys, versions = append(keys, key), append(versions, r.version)
	}
	b.Queue(x.store.sql.of(s.kind.table).verify, append(args(x.tenant, keys, len(s.kind.keys)), versions)...)
}

func (s *shelf[R]) touched(name func(table, key string)) {
	for key := range s.latest {
		name(s.kind.table, key)
	}
}

func (s *shelf[R]) looked(name func(table, key string)) {
	for key := range s.read {
		name(s.kind.table, key)
	}
}

// flush writes the newest write of each key, in the order in which they were made.
func (s *shelf[R]) flush(b *pgx.Batch, x *tx) {
	var deleted []string
	puts := make(map[*kind[R]][]*write[R])
	var order []*kind[R]
	for i := range s.writes {
		w := &s.writes[i]
		switch {
		case s.latest[w.key] != i:
		case w.as == nil:
			deleted = append(deleted, w.key)
		default:
			if puts[w.as] == nil {
				order = append(order, w.as)
			}
			puts[w.as] = append(puts[w.as], w)
		}
	}
	if len(deleted) > 0 {
		b.Queue(x.store.sql.of(s.kind.table).delete, args(x.tenant, deleted, len(s.kind.keys))...)
	}
	for _, as := range order {
		writes := puts[as]
		slices.SortStableFunc(writes, func(a, b *write[R]) int { return cmp.Compare(a.order, b.order) })
		keys := make([]string, len(writes))
		columns := make([][]string, len(as.columns))
		for i := range columns {
			columns[i] = make([]string, len(writes))
		}
		data := make([]string, len(writes))
		for i, w := range writes {
			keys[i], data[i] = w.key, w.data
			for j := range columns {
				columns[j][i] = w.columns[j]
			}
		}
		arguments := args(x.tenant, keys, len(as.keys))
		for _, c := range columns {
			arguments = append(arguments, c)
		}
		if !as.bare {
			arguments = append(arguments, data)
		}
		b.Queue(x.store.sql.of(as.name()).put, arguments...)
	}
}
