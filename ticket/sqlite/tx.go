package sqlite

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// tx adds writing to a reader. Writes are kept back, already in the form in which they are stored, and sent at the end: lists and Claim see what is committed
// without further ado, Try drops what it must by forgetting it, and an Update that fails has written nothing.
type tx struct {
	reader

	tickets       kept[ticket.ID, ticketRow]
	messages      kept[string, messageRow]
	refs          kept[ticket.MessageRef, string] // the message that was filed under a ref last
	conversations kept[ticket.ConversationKey, string]
	contacts      kept[ticket.ContactID, string]
	identities    kept[ticket.IdentityKey, string]
	agents        kept[string, ticket.AgentState]
	reservations  kept[ticket.ID, reservation]
	values        kept[ticket.ValueKey, valueRow]
	seen          kept[ticket.EventKey, struct{}]
	entries       kept[string, entryRow]
	tasks         kept[string, taskRow]
	pauses        kept[string, ticket.QueuePause]
	wake          bool // somebody may wait for what was written

	// What was read anyway need not be read again to know what a write changes.
	ticketsBefore  map[ticket.ID]ticketBefore
	messagesBefore map[string]messageBefore
	tasksBefore    map[string]taskRow

	name             string // of the tenant
	counted          bool   // position and tokens have been read
	position, tokens int64  // the newest ones of the tenant
	places           int64  // the newest one of all tasks
	failed           error  // the first write that cannot be sent
	buffer           bytes.Buffer
}

func newTx(r reader, name string) *tx {
	x := &tx{
		reader: r, name: name, ticketsBefore: make(map[ticket.ID]ticketBefore), messagesBefore: make(map[string]messageBefore),
		tasksBefore: make(map[string]taskRow),
	}
	x.own = x
	return x
}

func (x *tx) fail(err error) {
	if x.failed == nil {
		x.failed = err
	}
}

// encode writes a record as JSON.
func (x *tx) encode(record any) string {
	x.buffer.Reset()
	e := json.NewEncoder(&x.buffer)
	e.SetEscapeHTML(false)
	if err := e.Encode(record); err != nil {
		x.fail(fmt.Errorf("sqlite: write %T: %w", record, err))
		return ""
	}
	return string(bytes.TrimSuffix(x.buffer.Bytes(), []byte("\n")))
}

// valueRow is a small value as it is stored.
type valueRow struct {
	data    []byte
	expires time.Time
}

// messageColumns is what a message is found and listed by.
type messageColumns struct {
	ref    ticket.MessageRef // without ID: filed under none
	ticket ticket.ID
	time   int64
	order  string
	text   string // for the search
}

// messageRow is a message as it is stored.
type messageRow struct {
	messageColumns
	body string
}

// messageBefore is a message as it was before the Update. n is its number in the table; 0: it was not there.
type messageBefore struct {
	n        int64
	referred bool // its ref leads to it, not to another
	messageColumns
}

func messageColumnsOf(m *ticket.Message) messageColumns {
	return messageColumns{m.Ref(), m.Ticket, nanos(m.Content.Time), m.Content.Order, m.Content.Text}
}

// PutTicket implements ticket.Tx.
func (x *tx) PutTicket(t ticket.Ticket) {
	x.tickets.put(t.ID, ticketRow{ticketColumnsOf(&t), x.encode(&t)})
}

// PutConversation implements ticket.Tx.
func (x *tx) PutConversation(c ticket.Conversation) { x.conversations.put(c.Key, x.encode(&c)) }

// PutMessage implements ticket.Tx.
func (x *tx) PutMessage(m ticket.Message) {
	x.messages.put(m.Key, messageRow{messageColumnsOf(&m), x.encode(&m)})
	if m.Content.ID != "" {
		x.refs.put(m.Ref(), m.Key)
	}
}

// PutContact implements ticket.Tx.
func (x *tx) PutContact(c ticket.Contact) { x.contacts.put(c.ID, x.encode(&c)) }

// PutIdentity implements ticket.Tx.
func (x *tx) PutIdentity(i ticket.Identity) { x.identities.put(i.Key, x.encode(&i)) }

// PutValue implements ticket.Tx.
func (x *tx) PutValue(v ticket.Value) {
	x.values.put(v.Key, valueRow{slices.Clone(v.Data), v.Expires})
}

// DeleteValue implements ticket.Tx.
func (x *tx) DeleteValue(key ticket.ValueKey) { x.values.remove(key) }

// MarkSeen implements ticket.Tx.
func (x *tx) MarkSeen(keys ...ticket.EventKey) {
	for _, key := range keys {
		if x.seen.get(key) == nil {
			x.seen.put(key, struct{}{})
		}
	}
}

// mark is where all logs stand.
type mark struct {
	lengths [13]int
	wake    bool
	failed  error
}

func (x *tx) mark() mark {
	return mark{[13]int{
		x.tickets.length(), x.messages.length(), x.refs.length(), x.conversations.length(), x.contacts.length(), x.identities.length(), x.agents.length(),
		x.reservations.length(), x.values.length(), x.seen.length(), x.entries.length(), x.tasks.length(), x.pauses.length(),
	}, x.wake, x.failed}
}

// rewind drops what was written since.
func (x *tx) rewind(m mark) {
	for i, truncate := range [...]func(int){
		x.tickets.truncate, x.messages.truncate, x.refs.truncate, x.conversations.truncate, x.contacts.truncate, x.identities.truncate, x.agents.truncate,
		x.reservations.truncate, x.values.truncate, x.seen.truncate, x.entries.truncate, x.tasks.truncate, x.pauses.truncate,
	} {
		truncate(m.lengths[i])
	}
	x.wake, x.failed = m.wake, m.failed
}

func (x *tx) empty() bool { return x.mark().lengths == [13]int{} }

// Try implements ticket.Tx.
func (x *tx) Try(fn func(ticket.Tx) error) error {
	before, keep := x.mark(), false
	defer func() {
		if !keep {
			x.rewind(before)
		}
	}()
	if err := fn(x); err != nil {
		return err
	}
	keep = true
	return nil
}
