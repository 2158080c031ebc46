package postgres

import (
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket"
)

// errEnded answers whoever keeps a Reader or Tx beyond its function.
var errEnded = errors.New("postgres: the Reader was used after its function had ended")

// reader looks things up: in what the Update has written or read before, then on the server.
type reader struct {
	*session
	tenant string
	tx     *tx // of an Update; nil in a View
	ended  bool
	trips  int // how often something was read

	tickets       shelf[ticket.Ticket]
	conversations shelf[ticket.Conversation]
	messages      shelf[ticket.Message]
	contacts      shelf[ticket.Contact]
	identities    shelf[ticket.Identity]
	agents        shelf[ticket.AgentState]
	reservations  shelf[reservation]
	values        shelf[stored]
	seen          shelf[mark]
	tasks         shelf[task]
	pauses        shelf[ticket.QueuePause]
	refs          map[string]refRow // by ref: the committed message that it leads to
}

func newReader(s *session, tenant string) reader {
	r := reader{session: s, tenant: tenant}
	r.tickets.kind, r.conversations.kind, r.messages.kind, r.contacts.kind, r.identities.kind = &tickets, &conversations, &messages, &contacts, &identities
	r.agents.kind, r.reservations.kind, r.values.kind, r.seen.kind, r.tasks.kind, r.pauses.kind = &agents, &reservations, &values, &seen, &tasks, &pauses
	return r
}

// query reads something.
func (r *reader) query(b *pgx.Batch) error {
	r.trips++
	return wrap("read", r.send(r.ctx, b))
}

// load reads the keys that are not at hand.
func load[R any](r *reader, s *shelf[R], keys []string) error {
	unwritten := keys[:0:0]
	for _, key := range keys {
		if _, ok := s.latest[key]; !ok {
			unwritten = append(unwritten, key)
		}
	}
	return loadAll(r, s, unwritten)
}

// loadAll also reads what is on the server of keys that the Update writes.
func loadAll[R any](r *reader, s *shelf[R], keys []string) error {
	if r.ended {
		return errEnded
	}
	var missing []string
	for _, key := range keys {
		if _, ok := s.read[key]; !ok {
			missing = append(missing, key)
			s.have(key, row{})
		}
	}
	if len(missing) == 0 {
		return nil
	}
	b := new(pgx.Batch)
	s.fetch(b, r.store.sql.of(s.kind.table).read, r.tenant, missing)
	return r.query(b)
}

// lookUp returns one record for each key.
func lookUp[K, R any](r *reader, s *shelf[R], keys []K, name func(K) string) ([]R, error) {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = name(key)
	}
	if err := load(r, s, names); err != nil {
		return nil, err
	}
	out := make([]R, len(keys))
	for i, key := range names {
		if _, err := s.get(key, &out[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func text[S ~string](s S) string { return string(s) }

// Tickets implements ticket.Reader.
func (r *reader) Tickets(ids ...ticket.ID) ([]ticket.Ticket, error) {
	return lookUp(r, &r.tickets, ids, text)
}

// Conversations implements ticket.Reader.
func (r *reader) Conversations(keys ...ticket.ConversationKey) ([]ticket.Conversation, error) {
	return lookUp(r, &r.conversations, keys, conversationKey)
}

// Messages implements ticket.Reader.
func (r *reader) Messages(keys ...string) ([]ticket.Message, error) {
	return lookUp(r, &r.messages, keys, text)
}

// Contacts implements ticket.Reader.
func (r *reader) Contacts(ids ...ticket.ContactID) ([]ticket.Contact, error) {
	return lookUp(r, &r.contacts, ids, text)
}

// Identities implements ticket.Reader.
func (r *reader) Identities(keys ...ticket.IdentityKey) ([]ticket.Identity, error) {
	return lookUp(r, &r.identities, keys, identityKey)
}

// Values implements ticket.Reader.
func (r *reader) Values(keys ...ticket.ValueKey) ([]ticket.Value, error) {
	found, err := lookUp(r, &r.values, keys, valueKey)
	if err != nil {
		return nil, err
	}
	out := make([]ticket.Value, len(found))
	for i, v := range found {
		if _, own := r.values.latest[valueKey(keys[i])]; own && !v.Expires.IsZero() && !v.Expires.After(r.store.time()) {
			v.expired = true // what is about to be written has not met the server's clock yet
		}
		if !v.expired {
			out[i] = v.Value
		}
	}
	return out, nil
}

// Tasks implements ticket.Reader.
func (r *reader) Tasks(ids ...string) ([]ticket.Task, error) {
	if r.tx != nil {
		if err := r.tx.decide(ids); err != nil {
			return nil, err
		}
	}
	found, err := lookUp(r, &r.tasks, ids, text)
	if err != nil {
		return nil, err
	}
	out := make([]ticket.Task, len(found))
	for i := range found {
		out[i] = found[i].Task
	}
	return out, nil
}

// Seen implements ticket.Reader.
func (r *reader) Seen(keys ...ticket.EventKey) ([]bool, error) {
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = eventKey(key)
	}
	if err := load(r, &r.seen, names); err != nil {
		return nil, err
	}
	out := make([]bool, len(keys))
	for i, key := range names {
		out[i], _ = r.seen.get(key, new(mark))
	}
	return out, nil
}

// refRow is where a ref led when it was read.
type refRow struct {
	key     string
	version int64
}

func refKey(r ticket.MessageRef) string {
	return keyOf(r.Account.Platform, r.Account.ID, r.ID)
}

// MessagesByRef implements ticket.Reader.
func (r *reader) MessagesByRef(refs ...ticket.MessageRef) ([]ticket.Message, error) {
	if r.ended {
		return nil, errEnded
	}
	if err := r.loadRefs(refs); err != nil {
		return nil, err
	}
	out := make([]ticket.Message, len(refs))
	for i, ref := range refs {
		key := r.leadsTo(ref)
		if key == "" {
			continue
		}
		if _, err := r.messages.get(key, &out[i]); err != nil {
			return nil, err
		}
		if out[i].Ref() != ref { // the Update files it under another
			out[i] = ticket.Message{}
		}
	}
	return out, nil
}

// leadsTo is the key of the message that was put last under the ref.
func (r *reader) leadsTo(ref ticket.MessageRef) string {
	if ref.ID == "" {
		return ""
	}
	for i := len(r.messages.writes) - 1; i >= 0; i-- {
		w := &r.messages.writes[i]
		if r.messages.latest[w.key] != i || w.columns[0] != ref.Account.Platform || w.columns[1] != ref.Account.ID || w.columns[2] != ref.ID {
			continue
		}
		return w.key
	}
	return r.refs[refKey(ref)].key
}

func (r *reader) loadRefs(refs []ticket.MessageRef) error {
	var missing []string
	for _, ref := range refs {
		key := refKey(ref)
		if _, ok := r.refs[key]; ok || ref.ID == "" {
			continue
		}
		if r.refs == nil {
			r.refs = make(map[string]refRow)
		}
		r.refs[key] = refRow{}
		missing = append(missing, key)
	}
	if len(missing) == 0 {
		return nil
	}
	b := new(pgx.Batch)
	b.Queue(r.store.sql.refs, args(r.tenant, missing, 3)...).Query(func(rows pgx.Rows) error {
		var at int64
		for rows.Next() {
			var key string
			var found row
			if err := rows.Scan(&at, &key, &found.version, &found.data); err != nil {
				return err
			}
			r.refs[missing[at-1]] = refRow{key, found.version}
			if _, ok := r.messages.read[key]; !ok {
				r.messages.have(key, found)
			}
		}
		return rows.Err()
	})
	return r.query(b)
}
