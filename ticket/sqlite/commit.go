package sqlite

import (
	"cmp"
	"database/sql"
	"slices"

	"github.com/socialcrm/socialcrm/ticket"
)

// send executes what was kept back.
func (x *tx) send() error {
	if x.failed != nil || x.empty() {
		return x.failed
	}
	if err := x.settle(); err != nil {
		return err
	}
	for _, step := range []func() error{
		x.sendTickets, x.sendMessages, x.sendPeople, x.sendAgents, x.sendValues, x.sendEntries, x.sendTasks, x.sendCounters,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// settle gives the tenant its number.
func (x *tx) settle() error {
	if x.tenant != 0 {
		return nil
	}
	result, err := x.on.result(`INSERT INTO socialcrm_tenant (name) VALUES (?)`, x.name)
	if err == nil {
		x.tenant, err = result.LastInsertId()
	}
	return err
}

// blob is never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// count reads the tenant's counters.
func (x *tx) count() error {
	if x.counted {
		return nil
	}
	x.counted = true
	return x.on.one(func(rows *sql.Rows) error { return rows.Scan(&x.position, &x.tokens) }, `SELECT position, token FROM socialcrm_tenant WHERE id = ?`, x.tenant)
}

func (x *tx) sendCounters() error {
	if !x.counted && !x.wake {
		return nil
	}
	if err := x.count(); err != nil {
		return err
	}
	return x.on.exec(`UPDATE socialcrm_tenant SET position = ?, token = ?, wakes = wakes + ? WHERE id = ?`, x.position, x.tokens, x.wake, x.tenant)
}

func (x *tx) sendTickets() error {
	return x.tickets.each(func(w *write[ticket.ID, ticketRow]) error {
		was, known := x.ticketsBefore[w.key]
		if !known {
			var t ticket.Ticket
			found, err := x.body(&t, selectTicket, x.tenant, string(w.key))
			if err != nil {
				return err
			}
			was = ticketBefore{ticketColumnsOf(&t), found}
		}
		t := &w.record
		var err error
		switch {
		case !was.there:
			err = x.on.exec(`INSERT INTO socialcrm_ticket (tenant, id, status, rank, lane, agent, contact, created, promise, urgency, waiting, class, body)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				x.tenant, string(w.key), string(t.status), t.rank, t.lane, t.agent, string(t.contact), t.created, t.promise, t.urgency, t.waiting, t.class, t.body)
		case was.sameOrder(&t.ticketColumns): // no index needs to be touched
			err = x.on.exec(`UPDATE socialcrm_ticket SET body = ? WHERE tenant = ? AND id = ?`, t.body, x.tenant, string(w.key))
		default:
			err = x.on.exec(`UPDATE socialcrm_ticket SET status = ?, rank = ?, lane = ?, agent = ?, contact = ?, created = ?, promise = ?, urgency = ?, waiting = ?, class = ?, body = ?
				WHERE tenant = ? AND id = ?`,
				string(t.status), t.rank, t.lane, t.agent, string(t.contact), t.created, t.promise, t.urgency, t.waiting, t.class, t.body, x.tenant, string(w.key))
		}
		if err != nil {
			return err
		}
		return x.sendLabels(string(w.key), &was, &t.ticketColumns)
	})
}

// sendLabels files the ticket under its tags and conversations, and under none that it no longer has.
func (x *tx) sendLabels(id string, was *ticketBefore, is *ticketColumns) error {
	moved := was.there && (was.rank != is.rank || was.created != is.created)
	if was.there {
		for _, tag := range was.tags {
			if moved || !slices.Contains(is.tags, tag) {
				if err := x.on.exec(`DELETE FROM socialcrm_ticket_tag WHERE tenant = ? AND tag = ? AND rank = ? AND created = ? AND ticket = ?`,
					x.tenant, tag, was.rank, was.created, id); err != nil {
					return err
				}
			}
		}
		for _, k := range was.conversations {
			if moved || !slices.Contains(is.conversations, k) {
				if err := x.on.exec(`DELETE FROM socialcrm_ticket_conversation
					WHERE tenant = ? AND platform = ? AND account = ? AND visibility = ? AND thread = ? AND author = ? AND rank = ? AND created = ? AND ticket = ?`,
					x.tenant, k.Account.Platform, k.Account.ID, int64(k.Visibility), k.Thread, k.Author, was.rank, was.created, id); err != nil {
					return err
				}
			}
		}
	}
	for _, tag := range is.tags {
		if !was.there || moved || !slices.Contains(was.tags, tag) {
			if err := x.on.exec(`INSERT OR IGNORE INTO socialcrm_ticket_tag (tenant, tag, rank, created, ticket) VALUES (?, ?, ?, ?, ?)`,
				x.tenant, tag, is.rank, is.created, id); err != nil {
				return err
			}
		}
	}
	for _, k := range is.conversations {
		if !was.there || moved || !slices.Contains(was.conversations, k) {
			if err := x.on.exec(`INSERT OR IGNORE INTO socialcrm_ticket_conversation (tenant, platform, account, visibility, thread, author, rank, created, ticket)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				x.tenant, k.Account.Platform, k.Account.ID, int64(k.Visibility), k.Thread, k.Author, is.rank, is.created, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (x *tx) sendMessages() error {
	return x.messages.each(func(w *write[string, messageRow]) error {
		was, known := x.messagesBefore[w.key]
		if !known {
			var m ticket.Message
			if err := x.messageByKey(&m, w.key); err != nil {
				return err
			}
			was = x.messagesBefore[w.key]
		}
		m := &w.record
		ref := sql.NullString{String: m.ref.ID, Valid: m.ref.ID != ""}
		if ref.Valid && x.refs.get(m.ref).record != w.key {
			ref.Valid = false // another was filed under it later, in the same Update
		}
		if ref.Valid && (!was.referred || was.ref != m.ref) { // the ref leads to the message put last
			if err := x.on.exec(`UPDATE socialcrm_message SET ref = NULL WHERE tenant = ? AND platform = ? AND account = ? AND ref = ?`,
				x.tenant, m.ref.Account.Platform, m.ref.Account.ID, ref.String); err != nil {
				return err
			}
		}
		if was.n == 0 {
			result, err := x.on.result(`INSERT INTO socialcrm_message (tenant, key, platform, account, ref, ticket, time, ord, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
				x.tenant, w.key, m.ref.Account.Platform, m.ref.Account.ID, ref, string(m.ticket), m.time, m.order, m.body)
			if err == nil {
				was.n, err = result.LastInsertId()
			}
			if err != nil {
				return err
			}
			return x.index(was.n, m.text)
		}
		var err error
		if same := was.messageColumns; same.ref == m.ref && was.referred == ref.Valid && same.ticket == m.ticket && same.time == m.time && same.order == m.order {
			err = x.on.exec(`UPDATE socialcrm_message SET body = ? WHERE n = ?`, m.body, was.n)
		} else {
			err = x.on.exec(`UPDATE socialcrm_message SET platform = ?, account = ?, ref = ?, ticket = ?, time = ?, ord = ?, body = ? WHERE n = ?`,
				m.ref.Account.Platform, m.ref.Account.ID, ref, string(m.ticket), m.time, m.order, m.body, was.n)
		}
		if err != nil || was.text == m.text {
			return err
		}
		if err := x.unindex(was.n, was.text); err != nil {
			return err
		}
		return x.index(was.n, m.text)
	})
}

func (x *tx) sendPeople() error {
	if err := x.conversations.each(func(w *write[ticket.ConversationKey, string]) error {
		return x.on.exec(`INSERT INTO socialcrm_conversation (tenant, platform, account, visibility, thread, author, body) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT DO UPDATE SET body = excluded.body`,
			x.tenant, w.key.Account.Platform, w.key.Account.ID, int64(w.key.Visibility), w.key.Thread, w.key.Author, w.record)
	}); err != nil {
		return err
	}
	if err := x.contacts.each(func(w *write[ticket.ContactID, string]) error {
		return x.on.exec(`INSERT INTO socialcrm_contact (tenant, id, body) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body`, x.tenant, string(w.key), w.record)
	}); err != nil {
		return err
	}
	return x.identities.each(func(w *write[ticket.IdentityKey, string]) error {
		return x.on.exec(`INSERT INTO socialcrm_identity (tenant, platform, id, body) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body`,
			x.tenant, w.key.Platform, w.key.ID, w.record)
	})
}

func (x *tx) sendAgents() error {
	if err := x.agents.each(func(w *write[string, ticket.AgentState]) error {
		a := &w.record
		return x.on.exec(`INSERT OR REPLACE INTO socialcrm_agent (tenant, name, presence, capacity, load, since, freed) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			x.tenant, a.Name, string(a.Presence), a.Capacity, a.Load, nanos(a.Since), nanos(a.Freed))
	}); err != nil {
		return err
	}
	return x.reservations.each(func(w *write[ticket.ID, reservation]) error {
		if w.gone {
			return x.on.exec(`DELETE FROM socialcrm_reservation WHERE tenant = ? AND ticket = ?`, x.tenant, string(w.key))
		}
		return x.on.exec(`INSERT OR REPLACE INTO socialcrm_reservation (tenant, ticket, agent, weight) VALUES (?, ?, ?, ?)`,
			x.tenant, string(w.key), w.record.agent, w.record.weight)
	})
}

func (x *tx) sendValues() error {
	if err := x.seen.each(func(w *write[ticket.EventKey, struct{}]) error {
		return x.on.exec(`INSERT OR IGNORE INTO socialcrm_seen (tenant, platform, account, key) VALUES (?, ?, ?, ?)`,
			x.tenant, w.key.Account.Platform, w.key.Account.ID, w.key.Key)
	}); err != nil {
		return err
	}
	if err := x.values.each(func(w *write[ticket.ValueKey, valueRow]) error {
		if w.gone {
			return x.on.exec(`DELETE FROM socialcrm_value WHERE tenant = ? AND space = ? AND name = ?`, x.tenant, w.key.Space, w.key.Name)
		}
		var expires sql.NullInt64
		if !w.record.expires.IsZero() {
			expires = sql.NullInt64{Int64: nanos(w.record.expires), Valid: true}
		}
		return x.on.exec(`INSERT OR REPLACE INTO socialcrm_value (tenant, space, name, expires, data) VALUES (?, ?, ?, ?, ?)`,
			x.tenant, w.key.Space, w.key.Name, expires, blob(w.record.data))
	}); err != nil || x.values.length() == 0 {
		return err
	}
	// More go than come, so that expired values do not pile up.
	return x.on.exec(`DELETE FROM socialcrm_value WHERE tenant = ?1 AND (space, name) IN
		(SELECT space, name FROM socialcrm_value INDEXED BY socialcrm_value_expires WHERE tenant = ?1 AND expires IS NOT NULL AND expires <= ?2 LIMIT ?3)`,
		x.tenant, nanos(x.now()), 2*x.values.length()+2)
}

func (x *tx) sendEntries() error {
	if x.entries.length() == 0 {
		return nil
	}
	if err := x.count(); err != nil {
		return err
	}
	return x.entries.each(func(w *write[string, entryRow]) error {
		x.position++
		return x.on.exec(`INSERT INTO socialcrm_entry (tenant, position, key, ticket, contact, processed, body) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (tenant, key) DO NOTHING`,
			x.tenant, x.position, w.key, string(w.record.ticket), string(w.record.contact), w.record.processed, w.record.body)
	})
}

func (x *tx) sendTasks() error {
	type line struct{ queue, key string }
	var left []line // lines that somebody has left: the next one may be first now
	if err := x.tasks.eachBy(compareTaskPlaces, func(w *write[string, taskRow]) error {
		was, known := x.tasksBefore[w.key]
		if !known {
			var err error
			if was, err = x.storedTask(w.key); err != nil {
				return err
			}
		}
		stood := was.place != 0 && was.Key != "" && !was.Dead
		if l := (line{was.Queue, was.Key}); stood && (w.gone || w.record.Dead || w.record.place != was.place) && !slices.Contains(left, l) {
			left = append(left, l)
		}
		switch {
		case !w.gone:
			return x.sendTask(&was, &w.record)
		case was.place != 0:
			return x.on.exec(`DELETE FROM socialcrm_task WHERE place = ?`, was.place)
		}
		return nil
	}); err != nil {
		return err
	}
	for _, l := range left {
		if err := x.promote(l.queue, l.key); err != nil {
			return err
		}
	}
	return x.pauses.each(func(w *write[string, ticket.QueuePause]) error {
		if w.gone {
			return x.on.exec(`DELETE FROM socialcrm_pause WHERE tenant = ? AND queue = ?`, x.tenant, w.key)
		}
		return x.on.exec(`INSERT OR REPLACE INTO socialcrm_pause (tenant, queue, until, reason) VALUES (?, ?, ?, ?)`,
			x.tenant, w.key, nanos(w.record.Until), w.record.Reason)
	})
}

// compareTaskPlaces has tasks join the lines of their keys in their places: an Update may schedule one, then another, then the first again.
func compareTaskPlaces(a, b *write[string, taskRow]) int {
	return cmp.Compare(a.record.place, b.record.place)
}

// stateOf says whether the task can be claimed once it is due: it is leased, or the first of its key.
func (x *tx) stateOf(t *taskRow) (int64, error) {
	switch {
	case t.Dead:
		return stateBehind, nil
	case t.state == stateLeased:
		return stateLeased, nil
	case t.Key == "":
		return stateReady, nil
	}
	first, err := x.on.number(selectFirst, x.tenant, t.Queue, t.Key)
	if first != 0 && first < t.place {
		return stateBehind, err
	}
	return stateReady, err
}

// sendTask stores a task.
func (x *tx) sendTask(was, t *taskRow) (err error) {
	if t.state, err = x.stateOf(t); err != nil {
		return err
	}
	payload := blob(t.Payload)
	switch {
	case was.place == 0:
		return x.on.exec(`INSERT INTO socialcrm_task (place, tenant, id, kind, queue, key, due, dead, state, token, until, again, attempts, last_error, payload)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			t.place, x.tenant, t.ID, t.Kind, t.Queue, t.Key, nanos(t.Due), t.Dead, t.state, t.token, t.until, t.again, t.Attempts, t.LastError, payload)
	case t.state == stateLeased && was.place == t.place && !t.again:
		return x.on.exec(`UPDATE socialcrm_task SET state = ?, token = ?, until = ?, again = ? WHERE place = ?`, t.state, t.token, t.until, t.again, t.place)
	}
	return x.on.exec(`UPDATE socialcrm_task SET place = ?, kind = ?, queue = ?, key = ?, due = ?, dead = ?, state = ?, token = ?, until = ?, again = ?, attempts = ?,
		last_error = ?, payload = ? WHERE place = ?`,
		t.place, t.Kind, t.Queue, t.Key, nanos(t.Due), t.Dead, t.state, t.token, t.until, t.again, t.Attempts, t.LastError, payload, was.place)
}
