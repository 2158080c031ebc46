package ticket

import "hash/maphash"

// kind is a kind of record.
type kind uint8

const (
	kindTicket kind = iota
	kindConversation
	kindMessage
	kindRef // from packed refs to packed message keys, for the Update's own look-ups
	kindContact
	kindIdentity
	kindAgent
	kindReservation
	kindValue
	kindSeen
	kindEntry
	kindTask
	kindPause
	kinds // how many there are
)

// pending holds what an Update has written and not committed: for each kind of record a log, so that Try can drop the end of it. A tenant has one and uses it
// again for each Update, so that a write costs nothing until it is committed.
type pending struct {
	packer  packer
	keys    []byte // room for packing keys
	written []byte // the records of all logs, one behind the other
	seed    maphash.Seed
	logs    [kinds]pendingLog
	wake    bool

	// together and page are room for the records that a commit keeps together.
	together []*pendingWrite
	page     []byte
}

// pendingLog is the writes of one kind in their order.
type pendingLog struct {
	writes []pendingWrite
	latest map[uint64]int // the newest write by the hash of its key; pendingWrite.before leads on
}

// pendingWrite is a record written or deleted.
type pendingWrite struct {
	from, to int    // where the record stands in pending.written
	text     string // the record as a text, once it is needed as one
	key      int    // how much of it is the packed key
	deleted  bool   // then the key is all there is
	replaced bool   // by a later write of the key
	hash     uint64 // of the key
	before   int    // the write of this hash before this one; -1: none
	instead  int    // the write of the key that this one replaced; -1: none
	task     taskState
}

func (p *pending) init() { p.seed = maphash.MakeSeed() }

func (p *pending) empty() bool {
	for i := range p.logs {
		if len(p.logs[i].writes) > 0 {
			return false
		}
	}
	return true
}

// put keeps a record, of which the first n bytes are the key.
func (p *pending) put(k kind, record []byte, n int) *pendingWrite {
	from := len(p.written)
	p.written = append(p.written, record...)
	return p.log(k, record[:n], pendingWrite{from: from, to: len(p.written)})
}

// putStored keeps a record that is a text already.
func (p *pending) putStored(k kind, key []byte, record string) *pendingWrite {
	return p.log(k, key, pendingWrite{text: record})
}

func (p *pending) log(k kind, key []byte, w pendingWrite) *pendingWrite {
	l := &p.logs[k]
	if l.latest == nil {
		l.latest = make(map[uint64]int)
	}
	w.key, w.hash, w.before = len(key), maphash.Bytes(p.seed, key), -1
	if i, ok := l.latest[w.hash]; ok {
		w.before = i
	}
	if w.instead = p.find(l, w.hash, key); w.instead >= 0 {
		l.writes[w.instead].replaced = true
	}
	l.latest[w.hash] = len(l.writes)
	l.writes = append(l.writes, w)
	return &l.writes[len(l.writes)-1]
}

// find returns the newest write of a key; -1 when there is none.
func (p *pending) find(l *pendingLog, hash uint64, key []byte) int {
	i, ok := l.latest[hash]
	if !ok {
		return -1
	}
	for i >= 0 && !p.hasKey(&l.writes[i], key) {
		i = l.writes[i].before
	}
	return i
}

func (p *pending) hasKey(w *pendingWrite, key []byte) bool {
	if w.text != "" {
		return w.text[:w.key] == string(key)
	}
	return string(p.written[w.from:w.from+w.key]) == string(key)
}

// get finds the newest write of a key.
func (p *pending) get(k kind, key []byte) (*pendingWrite, bool) {
	l := &p.logs[k]
	if len(l.writes) == 0 {
		return nil, false
	}
	i := p.find(l, maphash.Bytes(p.seed, key), key)
	if i < 0 {
		return nil, false
	}
	return &l.writes[i], true
}

// record returns what was written as a text; "" when it was deleted.
func (p *pending) record(w *pendingWrite) string {
	if w.text == "" {
		w.text = string(p.written[w.from:w.to])
	}
	return w.record()
}

// record and keyText serve once the text is there.
func (w *pendingWrite) record() string {
	if w.deleted {
		return ""
	}
	return w.text
}

func (w *pendingWrite) keyText() string { return w.text[:w.key] }

// pendingMark is a place to which the logs can be taken back.
type pendingMark struct {
	lengths [kinds]int
	written int
	wake    bool
}

func (p *pending) mark() pendingMark {
	m := pendingMark{wake: p.wake, written: len(p.written)}
	for i := range p.logs {
		m.lengths[i] = len(p.logs[i].writes)
	}
	return m
}

func (p *pending) rewind(m pendingMark) {
	p.wake = m.wake
	for i := range p.logs {
		p.logs[i].truncate(m.lengths[i])
	}
	p.written = p.written[:m.written]
}

// truncate drops all writes from the n-th on.
func (l *pendingLog) truncate(n int) {
	for i := len(l.writes) - 1; i >= n; i-- {
		w := &l.writes[i]
		if w.before >= 0 {
			l.latest[w.hash] = w.before
		} else {
			delete(l.latest, w.hash)
		}
		if w.instead >= 0 {
			l.writes[w.instead].replaced = false
		}
	}
	clear(l.writes[n:])
	l.writes = l.writes[:n]
}

// How many writes of a kind, and how many bytes of them, room is kept for until the next Update.
const pendingWritesKept, pendingBytesKept = 1024, 1 << 19

func (p *pending) reset() {
	p.wake = false
	for i := range p.logs {
		l := &p.logs[i]
		if len(l.writes) > pendingWritesKept {
			*l = pendingLog{}
			continue
		}
		if len(l.writes) > 0 {
			clear(l.writes)
			clear(l.latest)
			l.writes = l.writes[:0]
		}
	}
	for _, room := range [...]*[]byte{&p.packer.buf, &p.written, &p.page} {
		if *room = (*room)[:0]; cap(*room) > pendingBytesKept {
			*room = nil
		}
	}
}

// all calls each with the newest write of every key, its text being there, in the order in which they were made.
func (p *pending) all(k kind, each func(w *pendingWrite)) {
	writes := p.logs[k].writes
	for i := range writes {
		if !writes[i].replaced {
			p.record(&writes[i])
			each(&writes[i])
		}
	}
}
