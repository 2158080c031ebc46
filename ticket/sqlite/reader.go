package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// reader reads one tenant on one connection. Within an Update, own is what has been written and not sent yet: look-ups by key see it, lists do not.
type reader struct {
	on     *session // nil once the function has ended
	tenant int64    // 0: nothing is stored for it yet
	now    func() time.Time
	own    *tx
}

var errEnded = errors.New("sqlite: a Reader or Tx was used after its function had ended")

// body reads a record that is stored as JSON and reports whether it is there.
func (r *reader) body(record any, query string, args ...any) (found bool, err error) {
	var raw sql.RawBytes
	err = r.on.one(func(rows *sql.Rows) error {
		found = true
		if err := rows.Scan(&raw); err != nil {
			return err
		}
		return json.Unmarshal(raw, record)
	}, query, args...)
	return found, err
}

// lookUp reads a record for each key: the Update's own, where own knows one, else the stored one.
func lookUp[K comparable, T any](r *reader, keys []K, own func(K) (body string, ok bool), stored func(record *T, key K) error) ([]T, error) {
	if r.on == nil {
		return nil, errEnded
	}
	out := make([]T, len(keys))
	for i, key := range keys {
		if r.own != nil {
			if body, ok := own(key); ok {
				if err := json.Unmarshal([]byte(body), &out[i]); err != nil {
					return nil, fmt.Errorf("sqlite: read own write: %w", err)
				}
				continue
			}
		}
		if err := stored(&out[i], key); err != nil {
			return nil, err
		}
	}
	return out, nil
}

const selectTicket = `SELECT body FROM socialcrm_ticket WHERE tenant = ? AND id = ?`

// Tickets implements ticket.Reader.
func (r *reader) Tickets(ids ...ticket.ID) ([]ticket.Ticket, error) {
	return lookUp(r, ids, func(id ticket.ID) (string, bool) {
		if w := r.own.tickets.get(id); w != nil {
			return w.record.body, true
		}
		return "", false
	}, func(t *ticket.Ticket, id ticket.ID) error {
		found, err := r.body(t, selectTicket, r.tenant, string(id))
		if err == nil && r.own != nil {
			r.own.ticketsBefore[id] = ticketBefore{ticketColumnsOf(t), found}
		}
		return err
	})
}

// Conversations implements ticket.Reader.
func (r *reader) Conversations(keys ...ticket.ConversationKey) ([]ticket.Conversation, error) {
	return lookUp(r, keys, func(k ticket.ConversationKey) (string, bool) { return ownBody(&r.own.conversations, k) }, func(c *ticket.Conversation, k ticket.ConversationKey) error {
		_, err := r.body(c, `SELECT body FROM socialcrm_conversation WHERE tenant = ? AND platform = ? AND account = ? AND visibility = ? AND thread = ? AND author = ?`,
			r.tenant, k.Account.Platform, k.Account.ID, int64(k.Visibility), k.Thread, k.Author)
		return err
	})
}

func ownBody[K comparable](l *kept[K, string], key K) (string, bool) {
	if w := l.get(key); w != nil {
		return w.record, true
	}
	return "", false
}

// Messages implements ticket.Reader.
func (r *reader) Messages(keys ...string) ([]ticket.Message, error) {
	return lookUp(r, keys, func(key string) (string, bool) {
		if w := r.own.messages.get(key); w != nil {
			return w.record.body, true
		}
		return "", false
	}, func(m *ticket.Message, key string) error {
		return r.messageByKey(m, key)
	})
}

func (r *reader) messageByKey(m *ticket.Message, key string) error {
	if r.own != nil {
		r.own.messagesBefore[key] = messageBefore{}
	}
	return r.message(m, `SELECT n, ref IS NOT NULL, body FROM socialcrm_message WHERE tenant = ? AND key = ?`, r.tenant, key)
}

// message reads a stored message and, within an Update, remembers where it is filed.
func (r *reader) message(m *ticket.Message, query string, args ...any) error {
	var raw sql.RawBytes
	var n int64
	var referred bool
	err := r.on.one(func(rows *sql.Rows) error {
		if err := rows.Scan(&n, &referred, &raw); err != nil {
			return err
		}
		return json.Unmarshal(raw, m)
	}, query, args...)
	if err == nil && n != 0 && r.own != nil {
		r.own.messagesBefore[m.Key] = messageBefore{n, referred, messageColumnsOf(m)}
	}
	return err
}

// MessagesByRef implements ticket.Reader.
func (r *reader) MessagesByRef(refs ...ticket.MessageRef) ([]ticket.Message, error) {
	if r.on == nil {
		return nil, errEnded
	}
	out := make([]ticket.Message, len(refs))
	for i, ref := range refs {
		if ref.ID == "" {
			continue
		}
		if r.own != nil {
			if w := r.own.refs.get(ref); w != nil {
				own := r.own.messages.get(w.record)
				if own.record.ref == ref {
					if err := json.Unmarshal([]byte(own.record.body), &out[i]); err != nil {
						return nil, err
					}
					continue
				}
			}
		}
		var m ticket.Message
		if err := r.message(&m, `SELECT n, true, body FROM socialcrm_message WHERE tenant = ? AND platform = ? AND account = ? AND ref = ?`,
			r.tenant, ref.Account.Platform, ref.Account.ID, ref.ID); err != nil {
			return nil, err
		}
		if r.own != nil {
			if own := r.own.messages.get(m.Key); own != nil {
				m = ticket.Message{}
				if own.record.ref == ref {
					if err := json.Unmarshal([]byte(own.record.body), &m); err != nil {
						return nil, err
					}
				}
			}
		}
		out[i] = m
	}
	return out, nil
}

// Contacts implements ticket.Reader.
func (r *reader) Contacts(ids ...ticket.ContactID) ([]ticket.Contact, error) {
	return lookUp(r, ids, func(id ticket.ContactID) (string, bool) { return ownBody(&r.own.contacts, id) }, func(c *ticket.Contact, id ticket.ContactID) error {
		_, err := r.body(c, `SELECT body FROM socialcrm_contact WHERE tenant = ? AND id = ?`, r.tenant, string(id))
		return err
	})
}

// Identities implements ticket.Reader.
func (r *reader) Identities(keys ...ticket.IdentityKey) ([]ticket.Identity, error) {
	return lookUp(r, keys, func(k ticket.IdentityKey) (string, bool) { return ownBody(&r.own.identities, k) }, func(i *ticket.Identity, k ticket.IdentityKey) error {
		_, err := r.body(i, `SELECT body FROM socialcrm_identity WHERE tenant = ? AND platform = ? AND id = ?`, r.tenant, k.Platform, k.ID)
		return err
	})
}

// Values implements ticket.Reader.
func (r *reader) Values(keys ...ticket.ValueKey) ([]ticket.Value, error) {
	if r.on == nil {
		return nil, errEnded
	}
	now := r.now()
	out := make([]ticket.Value, len(keys))
	for i, key := range keys {
		var v ticket.Value
		if w := r.ownValue(key); w != nil {
			if !w.gone {
				v = ticket.Value{Key: key, Data: append([]byte(nil), w.record.data...), Expires: w.record.expires}
			}
		} else if err := r.on.one(func(rows *sql.Rows) error {
			v.Key = key
			return scanValue(rows, &v)
		}, `SELECT name, expires, data FROM socialcrm_value WHERE tenant = ? AND space = ? AND name = ?`, r.tenant, key.Space, key.Name); err != nil {
			return nil, err
		}
		if v.Expires.IsZero() || v.Expires.After(now) {
			out[i] = v
		}
	}
	return out, nil
}

func (r *reader) ownValue(key ticket.ValueKey) *write[ticket.ValueKey, valueRow] {
	if r.own == nil {
		return nil
	}
	return r.own.values.get(key)
}

func scanValue(rows *sql.Rows, v *ticket.Value) error {
	var expires sql.NullInt64
	if err := rows.Scan(&v.Key.Name, &expires, &v.Data); err != nil {
		return err
	}
	if expires.Valid {
		v.Expires = timeOf(expires.Int64)
	}
	return nil
}

// Seen implements ticket.Reader.
func (r *reader) Seen(keys ...ticket.EventKey) ([]bool, error) {
	if r.on == nil {
		return nil, errEnded
	}
	out := make([]bool, len(keys))
	for i, key := range keys {
		if r.own != nil && r.own.seen.get(key) != nil {
			out[i] = true
			continue
		}
		if err := r.on.one(func(*sql.Rows) error {
			out[i] = true
			return nil
		}, `SELECT 1 FROM socialcrm_seen WHERE tenant = ? AND platform = ? AND account = ? AND key = ?`, r.tenant, key.Account.Platform, key.Account.ID, key.Key); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ListValues implements ticket.Reader.
func (r *reader) ListValues(space string, p ticket.Page) (ticket.List[ticket.Value], error) {
	if r.on == nil {
		return ticket.List[ticket.Value]{}, errEnded
	}
	query, name := `SELECT name, expires, data FROM socialcrm_value WHERE tenant = ? AND space = ? AND name >= ? AND (expires IS NULL OR expires > ?) ORDER BY name LIMIT ?`, ""
	if p.After != "" {
		at := readPlace(p.After)
		name = at.text()
		if err := at.end("values"); err != nil {
			return ticket.List[ticket.Value]{}, err
		}
		query = `SELECT name, expires, data FROM socialcrm_value WHERE tenant = ? AND space = ? AND name > ? AND (expires IS NULL OR expires > ?) ORDER BY name LIMIT ?`
	}
	out := page[ticket.Value]{limit: limit(p.Limit)}
	err := r.on.each(func(rows *sql.Rows) error {
		if out.full() {
			return nil
		}
		v := ticket.Value{Key: ticket.ValueKey{Space: space}}
		if err := scanValue(rows, &v); err != nil {
			return err
		}
		out.add(v, place("").text(v.Key.Name))
		return nil
	}, query, r.tenant, space, name, nanos(r.now()), out.limit+1)
	return out.list, err
}

// ListMessages implements ticket.Reader.
func (r *reader) ListMessages(q ticket.MessageQuery) (ticket.List[ticket.Message], error) {
	if r.on == nil {
		return ticket.List[ticket.Message]{}, errEnded
	}
	time, order, key := int64(before), "", ""
	if q.After != "" {
		at := readPlace(q.After)
		time, order, key = at.number(), at.text(), at.text()
		if err := at.end("messages"); err != nil {
			return ticket.List[ticket.Message]{}, err
		}
	}
	out := page[ticket.Message]{limit: limit(q.Limit)}
	var raw sql.RawBytes
	err := r.on.each(func(rows *sql.Rows) error {
		if out.full() {
			return nil
		}
		if err := rows.Scan(&time, &raw); err != nil {
			return err
		}
		var m ticket.Message
		if err := json.Unmarshal(raw, &m); err != nil {
			return err
		}
		out.add(m, place("").number(time).text(m.Content.Order).text(m.Key))
		return nil
	}, `SELECT time, body FROM socialcrm_message WHERE tenant = ? AND ticket = ? AND (time, ord, key) > (?, ?, ?) ORDER BY time, ord, key LIMIT ?`,
		r.tenant, string(q.Ticket), time, order, key, out.limit+1)
	return out.list, err
}
