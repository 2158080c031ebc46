package ticket

import "errors"

// errReaderEnded answers whoever keeps a Reader or Tx beyond its function.
var errReaderEnded = errors.New("ticket: the Reader was used after its function had ended")

// memoryReader looks things up: in what the Update has written, if it belongs to one, then in what is committed.
type memoryReader struct {
	tenant  *memoryTenant // nil after the end
	pending *pending      // nil in a View
	packer  packer
}

func (r *memoryReader) end() { r.tenant, r.pending = nil, nil }

// record returns the packed record of a packed key; "" when there is none.
func (r *memoryReader) record(k kind, key []byte) string {
	if r.pending != nil {
		if w, ok := r.pending.get(k, key); ok {
			return r.pending.record(w)
		}
	}
	return r.tenant.record(k, key)
}

// record returns the packed record of a packed key as it is committed; "" when there is none, and for kinds that are not looked up.
func (t *memoryTenant) record(k kind, key []byte) string {
	switch k {
	case kindTicket:
		if s := t.tickets.byID[string(key)]; s != nil {
			return s.record
		}
	case kindConversation:
		return t.conversations[string(key)]
	case kindMessage:
		if s := t.messages.byKey[string(key)]; s != nil {
			return s.record
		}
	case kindContact:
		return t.contacts[string(key)]
	case kindIdentity:
		return t.identities[string(key)]
	case kindAgent:
		if s := t.agents.byName[string(key)]; s != nil {
			return s.record
		}
	case kindReservation:
		return t.agents.held[string(key)]
	case kindValue:
		if s := t.values.byKey[string(key)]; s != nil {
			return s.record
		}
	case kindTask:
		if s := t.tasks.byID[string(key)]; s != nil {
			return s.record
		}
	}
	return ""
}

// lookUp reads the records of the keys.
func lookUp[K, T any](r *memoryReader, k kind, keys []K, pack func(*packer, *K), unpack func(*packer, *T)) ([]T, error) {
	if r.tenant == nil {
		return nil, errReaderEnded
	}
	out := make([]T, len(keys))
	for i := range keys {
		if record := r.record(k, packedKey(r, &keys[i], pack)); record != "" {
			r.unpack(record)
			unpack(&r.packer, &out[i])
		}
	}
	return out, nil
}

// packedKey is good until the next use of the packer.
func packedKey[K any](r *memoryReader, key *K, pack func(*packer, *K)) []byte {
	r.packer.reading, r.packer.buf = false, r.packer.buf[:0]
	pack(&r.packer, key)
	return r.packer.buf
}

func (r *memoryReader) unpack(record string) {
	r.packer.reading, r.packer.record, r.packer.src = true, record, record
}

// Tickets implements Reader.
func (r *memoryReader) Tickets(ids ...ID) ([]Ticket, error) {
	return lookUp(r, kindTicket, ids, packKey[ID], (*packer).ticket)
}

// Conversations implements Reader.
func (r *memoryReader) Conversations(keys ...ConversationKey) ([]Conversation, error) {
	return lookUp(r, kindConversation, keys, (*packer).conversationKey, (*packer).conversation)
}

// Messages implements Reader.
func (r *memoryReader) Messages(keys ...string) ([]Message, error) {
	return lookUp(r, kindMessage, keys, packKey[string], (*packer).message)
}

// MessagesByRef implements Reader.
func (r *memoryReader) MessagesByRef(refs ...MessageRef) ([]Message, error) {
	if r.tenant == nil {
		return nil, errReaderEnded
	}
	out := make([]Message, len(refs))
	for i := range refs {
		if refs[i].ID == "" {
			continue
		}
		if record := r.messageByRef(packedKey(r, &refs[i], (*packer).messageRef)); record != "" {
			r.unpack(record)
			r.packer.message(&out[i])
		}
	}
	return out, nil
}

// messageByRef finds the message that was filed under the packed ref last.
func (r *memoryReader) messageByRef(ref []byte) string {
	s := r.tenant.messages.byRef[string(ref)]
	if r.pending == nil {
		if s == nil {
			return ""
		}
		return s.record
	}
	var m memoryMessage
	if w, ok := r.pending.get(kindRef, ref); ok {
		if m.read(r.record(kindMessage, r.pending.written[w.from+w.key:w.to])); m.ref == string(ref) {
			return m.record
		}
	}
	if s == nil {
		return ""
	}
	if m.read(r.record(kindMessage, []byte(s.record[:s.keyLength]))); m.ref != string(ref) {
		return ""
	}
	return m.record
}

// Contacts implements Reader.
func (r *memoryReader) Contacts(ids ...ContactID) ([]Contact, error) {
	return lookUp(r, kindContact, ids, packKey[ContactID], (*packer).contact)
}

// Identities implements Reader.
func (r *memoryReader) Identities(keys ...IdentityKey) ([]Identity, error) {
	return lookUp(r, kindIdentity, keys, (*packer).identityKey, (*packer).identity)
}

// Agents implements Reader.
func (r *memoryReader) Agents(names ...string) ([]AgentState, error) {
	return lookUp(r, kindAgent, names, packKey[string], (*packer).agent)
}

// Values implements Reader.
func (r *memoryReader) Values(keys ...ValueKey) ([]Value, error) {
	values, err := lookUp(r, kindValue, keys, (*packer).valueKey, (*packer).value)
	for i := range values {
		if e := values[i].Expires; !e.IsZero() && !e.After(r.tenant.now()) {
			values[i] = Value{}
		}
	}
	return values, err
}

// Tasks implements Reader.
func (r *memoryReader) Tasks(ids ...string) ([]Task, error) {
	return lookUp(r, kindTask, ids, packKey[string], (*packer).task)
}

// Seen implements Reader.
func (r *memoryReader) Seen(keys ...EventKey) ([]bool, error) {
	if r.tenant == nil {
		return nil, errReaderEnded
	}
	out := make([]bool, len(keys))
	for i := range keys {
		key := packedKey(r, &keys[i], (*packer).eventKey)
		if r.pending != nil {
			_, out[i] = r.pending.get(kindSeen, key)
		}
		if !out[i] {
			_, out[i] = r.tenant.seen[string(key)]
		}
	}
	return out, nil
}
