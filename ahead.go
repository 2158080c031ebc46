package socialcrm

import (
	"maps"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// ahead is a Tx that has read in a few look-ups what many events will ask for one by one: a durable Store takes a journey for each look-up. What it read is
// handed out once, because it belongs to whoever asked, and forgotten when the transaction writes it; everything else is asked of the Tx.
type ahead struct {
	ticket.Tx
	read *readAhead
}

type readAhead struct {
	seen          map[ticket.EventKey]bool
	repeated      map[ticket.MessageRef]ticket.Message // of events that were here before
	values        map[ticket.ValueKey]ticket.Value
	conversations map[ticket.ConversationKey]ticket.Conversation
	identities    map[ticket.IdentityKey]ticket.Identity
	contacts      map[ticket.ContactID]ticket.Contact
	tickets       map[ticket.ID]ticket.Ticket
}

// readAhead reads what the arrivals will ask for, and puts itself before the Tx. A single event gains nothing by it.
func (w *work) readAhead() error {
	events := 0
	for _, a := range w.come {
		events += len(a.events)
	}
	if events < 2 {
		return nil
	}
	coming := make([]channel.Event, 0, events)
	for _, a := range w.come {
		for _, e := range a.events {
			if w.readable(&e) {
				coming = append(coming, e)
			}
		}
	}
	read, err := w.readFor(coming)
	w.tx = &ahead{w.tx, read}
	return err
}

// readable reports whether an event will be taken in, under keys that a Store can be asked for, and sets its times as event does.
func (w *work) readable(e *channel.Event) bool {
	for _, text := range [...]string{e.Account.Platform, e.Account.ID, e.Key, e.Message.ID, e.Message.Thread, e.Message.Author.ID} {
		if !soundText(text) {
			return false
		}
	}
	w.receive(e)
	if e.Check() != nil || w.d.channelOf(e.Account) == nil {
		return false
	}
	e.Time = happened(e)
	return soundText(e.DedupeKey())
}

func (w *work) readFor(events []channel.Event) (r *readAhead, err error) {
	r = new(readAhead)
	dedupe := func(e *channel.Event) ticket.EventKey { return ticket.EventKey{Account: e.Account, Key: e.DedupeKey()} }
	var keys []ticket.EventKey
	for i := range events {
		if key := dedupe(&events[i]); key.Key != "" {
			keys = append(keys, key)
		}
	}
	if r.seen, err = readAll(keys, w.tx.Seen); err != nil {
		return r, err
	}
	var (
		refs          []ticket.MessageRef
		values        []ticket.ValueKey
		conversations []ticket.ConversationKey
		identities    []ticket.IdentityKey
	)
	for i := range events {
		switch e := &events[i]; {
		case e.Kind != channel.MessageReceived && e.Kind != channel.MessageEchoed:
		case r.seen[dedupe(e)]:
			refs = append(refs, ticket.MessageRef{Account: e.Account, ID: e.Message.ID})
		case e.Kind == channel.MessageReceived && (e.Message.Thread != "" || e.Message.Parent == ""): // else its conversation is its parent's
			p, err := w.conversationOf(e)
			if err != nil {
				return r, err
			}
			conversations = append(conversations, p.key)
			values = append(values, earlyKey(ticket.MessageRef{Account: e.Account, ID: e.Message.ID}), waitingEchoes(p.key), w.rowsOf(e))
			if e.Message.Author.ID != "" {
				identities = append(identities, ticket.IdentityKey{Platform: e.Account.Platform, ID: e.Message.Author.ID})
			}
		}
	}
	if r.repeated, err = readAll(refs, w.tx.MessagesByRef); err != nil {
		return r, err
	}
	if r.values, err = readAll(values, w.tx.Values); err != nil {
		return r, err
	}
	if r.conversations, err = readAll(conversations, w.tx.Conversations); err != nil {
		return r, err
	}
	if r.identities, err = readAll(identities, w.tx.Identities); err != nil {
		return r, err
	}
	var contacts []ticket.ContactID
	for _, i := range r.identities {
		contacts = append(contacts, i.Contact)
	}
	var tickets []ticket.ID
	for _, c := range r.conversations {
		tickets = append(tickets, c.Ticket)
	}
	if r.contacts, err = readAll(contacts, w.tx.Contacts); err != nil {
		return r, err
	}
	r.tickets, err = readAll(tickets, w.tx.Tickets)
	return r, err
}

// readAll looks up each key once; the zero key names nothing.
func readAll[K comparable, V any](keys []K, lookUp func(...K) ([]V, error)) (map[K]V, error) {
	var none K
	found := make(map[K]V, len(keys))
	once := make([]K, 0, len(keys))
	for _, key := range keys {
		if _, asked := found[key]; !asked && key != none {
			var zero V
			found[key], once = zero, append(once, key)
		}
	}
	if len(once) == 0 {
		return found, nil
	}
	records, err := lookUp(once...)
	if err != nil {
		return nil, err
	}
	for i, key := range once {
		found[key] = records[i]
	}
	return found, nil
}

// hand hands out what was read of the keys, or asks the Tx when that is not all.
func hand[K comparable, V any](read map[K]V, keys []K, lookUp func(...K) ([]V, error)) ([]V, error) {
	records := make([]V, len(keys))
	for i, key := range keys {
		record, ok := read[key]
		if !ok {
			return lookUp(keys...)
		}
		records[i] = record
	}
	for _, key := range keys {
		delete(read, key)
	}
	return records, nil
}

func (a *ahead) Seen(keys ...ticket.EventKey) ([]bool, error) {
	return hand(a.read.seen, keys, a.Tx.Seen)
}

func (a *ahead) MessagesByRef(refs ...ticket.MessageRef) ([]ticket.Message, error) {
	return hand(a.read.repeated, refs, a.Tx.MessagesByRef)
}

func (a *ahead) Values(keys ...ticket.ValueKey) ([]ticket.Value, error) {
	return hand(a.read.values, keys, a.Tx.Values)
}

func (a *ahead) Conversations(keys ...ticket.ConversationKey) ([]ticket.Conversation, error) {
	return hand(a.read.conversations, keys, a.Tx.Conversations)
}

func (a *ahead) Identities(keys ...ticket.IdentityKey) ([]ticket.Identity, error) {
	return hand(a.read.identities, keys, a.Tx.Identities)
}

func (a *ahead) Contacts(ids ...ticket.ContactID) ([]ticket.Contact, error) {
	return hand(a.read.contacts, ids, a.Tx.Contacts)
}

func (a *ahead) Tickets(ids ...ticket.ID) ([]ticket.Ticket, error) {
	return hand(a.read.tickets, ids, a.Tx.Tickets)
}

func (a *ahead) MarkSeen(keys ...ticket.EventKey) {
	for _, key := range keys {
		delete(a.read.seen, key)
	}
	a.Tx.MarkSeen(keys...)
}

func (a *ahead) PutMessage(m ticket.Message) {
	ref := m.Ref()
	maps.DeleteFunc(a.read.repeated, func(r ticket.MessageRef, known ticket.Message) bool { return r == ref || known.Key == m.Key })
	a.Tx.PutMessage(m)
}

func (a *ahead) PutValue(v ticket.Value) {
	delete(a.read.values, v.Key)
	a.Tx.PutValue(v)
}

func (a *ahead) DeleteValue(key ticket.ValueKey) {
	delete(a.read.values, key)
	a.Tx.DeleteValue(key)
}

func (a *ahead) PutConversation(c ticket.Conversation) {
	delete(a.read.conversations, c.Key)
	a.Tx.PutConversation(c)
}

func (a *ahead) PutIdentity(i ticket.Identity) {
	delete(a.read.identities, i.Key)
	a.Tx.PutIdentity(i)
}

func (a *ahead) PutContact(c ticket.Contact) {
	delete(a.read.contacts, c.ID)
	a.Tx.PutContact(c)
}

func (a *ahead) PutTicket(t ticket.Ticket) {
	delete(a.read.tickets, t.ID)
	a.Tx.PutTicket(t)
}

// Try keeps what was forgotten forgotten, also when fn's writes are dropped.
func (a *ahead) Try(fn func(ticket.Tx) error) error {
	return a.Tx.Try(func(tx ticket.Tx) error { return fn(&ahead{tx, a.read}) })
}
