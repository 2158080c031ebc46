package ticket

// memoryTx adds writing to a memoryReader. Its writes go to the pending ones of the tenant.
type memoryTx struct{ memoryReader }

// begin returns the packer, ready for a record.
func (x *memoryTx) begin() *packer {
	p := &x.pending.packer
	p.reading, p.buf = false, p.buf[:0]
	return p
}

// put keeps what was packed; the first n bytes are the key.
func (x *memoryTx) put(k kind, n int) *pendingWrite {
	return x.pending.put(k, x.pending.packer.buf, n)
}

// remove keeps a deletion of what was packed, if there is anything to delete.
func (x *memoryTx) remove(k kind) {
	if key := x.pending.packer.buf; x.record(k, key) != "" {
		x.pending.put(k, key, len(key)).deleted = true
	}
}

// keyed packs a key alone, tells its length, and starts over.
func (p *packer) keyed() int {
	n := len(p.buf)
	p.buf = p.buf[:0]
	return n
}

// PutTicket implements Tx.
func (x *memoryTx) PutTicket(t Ticket) {
	p := x.begin()
	packKey(p, &t.ID)
	n := p.keyed()
	p.ticket(&t)
	x.put(kindTicket, n)
}

// PutConversation implements Tx.
func (x *memoryTx) PutConversation(c Conversation) {
	p := x.begin()
	p.conversationKey(&c.Key)
	n := p.keyed()
	p.conversation(&c)
	x.put(kindConversation, n)
}

// PutMessage implements Tx.
func (x *memoryTx) PutMessage(m Message) {
	p := x.begin()
	packKey(p, &m.Key)
	n := p.keyed()
	p.message(&m)
	x.put(kindMessage, n)
	if m.Content.ID != "" {
		ref := m.Ref()
		p = x.begin()
		p.messageRef(&ref)
		n := len(p.buf)
		packKey(p, &m.Key)
		x.put(kindRef, n)
	}
}

// PutContact implements Tx.
func (x *memoryTx) PutContact(c Contact) {
	p := x.begin()
	packKey(p, &c.ID)
	n := p.keyed()
	p.contact(&c)
	x.put(kindContact, n)
}

// PutIdentity implements Tx.
func (x *memoryTx) PutIdentity(i Identity) {
	p := x.begin()
	p.identityKey(&i.Key)
	n := p.keyed()
	p.identity(&i)
	x.put(kindIdentity, n)
}

// PutValue implements Tx.
func (x *memoryTx) PutValue(v Value) {
	p := x.begin()
	p.valueKey(&v.Key)
	n := p.keyed()
	p.value(&v)
	x.put(kindValue, n)
}

// DeleteValue implements Tx.
func (x *memoryTx) DeleteValue(key ValueKey) {
	p := x.begin()
	p.valueKey(&key)
	x.remove(kindValue)
}

// MarkSeen implements Tx.
func (x *memoryTx) MarkSeen(keys ...EventKey) {
	for i := range keys {
		p := x.begin()
		p.eventKey(&keys[i])
		if _, ok := x.tenant.seen[string(p.buf)]; ok {
			continue
		}
		if _, ok := x.pending.get(kindSeen, p.buf); !ok {
			x.put(kindSeen, len(p.buf))
		}
	}
}

// Append implements Tx.
func (x *memoryTx) Append(entries ...Entry) {
	for i := range entries {
		p := x.begin()
		packKey(p, &entries[i].Key)
		if _, ok := x.pending.get(kindEntry, p.buf); ok || x.tenant.journal.has(entries[i].Key) {
			continue
		}
		n := p.keyed()
		p.entry(&entries[i])
		x.put(kindEntry, n)
		x.pending.wake = true
	}
}

// Try implements Tx.
func (x *memoryTx) Try(fn func(Tx) error) error {
	mark := x.pending.mark()
	kept := false
	defer func() {
		if !kept {
			x.pending.rewind(mark)
		}
	}()
	if err := fn(x); err != nil {
		return err
	}
	kept = true
	return nil
}

// end drops what was not committed.
func (x *memoryTx) end() {
	x.pending.keys = x.packer.buf
	x.pending.reset()
	x.memoryReader.end()
}
