package ticket

import "strings"

// memoryMessage is a stored message: the packed record, and beside it what lists are ordered by. All its texts are parts of the record.
type memoryMessage struct {
	record string
	key    string
	// keyLength is how much of the record is the packed key.
	keyLength int
	ref       string // packed account and platform ID; empty while there is no platform ID
	ticket    ID
	time      instant
	order     string
}

func (m *memoryMessage) read(record string) {
	p := unpacker(record)
	m.record = record
	packText(&p, &m.key)
	m.keyLength = len(record) - len(p.src)
	before := p.src
	var ref MessageRef
	p.messageRef(&ref)
	m.ref = ""
	if ref.ID != "" {
		m.ref = before[:len(before)-len(p.src)]
	}
	packText(&p, &m.ticket)
	m.time = p.instant()
	packText(&p, &m.order)
}

func compareMessages(a, b *memoryMessage) int {
	if c := strings.Compare(string(a.ticket), string(b.ticket)); c != 0 {
		return c
	}
	if c := a.time.compare(b.time); c != 0 {
		return c
	}
	if c := strings.Compare(a.order, b.order); c != 0 {
		return c
	}
	return strings.Compare(a.key, b.key)
}

// memoryMessages is the messages of a tenant, by key, by ref, and in the order of their tickets.
type memoryMessages struct {
	byKey  map[string]*memoryMessage // by packed key
	byRef  map[string]*memoryMessage
	listed ordered[*memoryMessage]
}

func (s *memoryMessages) init() {
	s.byKey, s.byRef = make(map[string]*memoryMessage), make(map[string]*memoryMessage)
	s.listed.compare = compareMessages
}

func (s *memoryMessages) put(key, record string) {
	var after memoryMessage
	after.read(record)
	m, ok := s.byKey[key]
	if !ok {
		m = new(memoryMessage)
	}
	moved := !ok || compareMessages(m, &after) != 0
	if ok && moved {
		s.listed.delete(m)
	}
	if m.ref != "" && m.ref != after.ref && s.byRef[m.ref] == m {
		delete(s.byRef, m.ref)
	}
	*m = after
	s.byKey[record[:len(key)]] = m
	if m.ref != "" {
		s.byRef[m.ref] = m
	}
	if moved {
		s.listed.insert(m)
	}
}
