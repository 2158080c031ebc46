package ticket

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
// again for each Update.
type pending struct {
	packer packer
	keys   []byte // room for packing keys
	logs   [kinds]pendingLog
	wake   bool
}

// pendingLog is the writes of one kind in their order; latest finds the newest of a key.
type pendingLog struct {
	writes []pendingWrite
	latest map[string]int
}

// pendingWrite is a record written or, with an empty one, deleted. Every packed record is longer than "".
type pendingWrite struct {
	key    string // packed; the record begins with it
	record string
	task   taskState // of tasks only
	before int       // the write of the same key before this one; -1: none
}

func (p *pending) empty() bool {
	for i := range p.logs {
		if len(p.logs[i].writes) > 0 {
			return false
		}
	}
	return true
}

func (l *pendingLog) put(w pendingWrite) *pendingWrite {
	if l.latest == nil {
		l.latest = make(map[string]int)
	}
	w.before = -1
	if i, ok := l.latest[w.key]; ok {
		w.before = i
	}
	l.latest[w.key] = len(l.writes)
	l.writes = append(l.writes, w)
	return &l.writes[len(l.writes)-1]
}

// get finds the newest write of a key.
func (l *pendingLog) get(key []byte) (*pendingWrite, bool) {
	if len(l.writes) == 0 {
		return nil, false
	}
	i, ok := l.latest[string(key)]
	if !ok {
		return nil, false
	}
	return &l.writes[i], true
}

// has reports whether the key was written.
func (l *pendingLog) has(key string) bool {
	_, ok := l.latest[key]
	return ok
}

// truncate drops all writes from the n-th on.
func (l *pendingLog) truncate(n int) {
	for i := len(l.writes) - 1; i >= n; i-- {
		if w := &l.writes[i]; w.before >= 0 {
			l.latest[w.key] = w.before
		} else {
			delete(l.latest, w.key)
		}
	}
	clear(l.writes[n:])
	l.writes = l.writes[:n]
}

// pendingMark is a place to which the logs can be taken back.
type pendingMark struct {
	lengths [kinds]int
	wake    bool
}

func (p *pending) mark() pendingMark {
	m := pendingMark{wake: p.wake}
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
}

// pendingKept is how much room is kept for the next Update.
const pendingKept = 1024

func (p *pending) reset() {
	p.wake = false
	for i := range p.logs {
		l := &p.logs[i]
		if len(l.writes) > pendingKept {
			*l = pendingLog{}
			continue
		}
		if len(l.writes) > 0 {
			clear(l.writes)
			clear(l.latest)
			l.writes = l.writes[:0]
		}
	}
	if cap(p.packer.buf) > 1<<16 {
		p.packer.buf = nil
	}
}

// all calls each with the newest write of every key, in the order in which they were made.
func (l *pendingLog) all(each func(w *pendingWrite)) {
	for i := range l.writes {
		if w := &l.writes[i]; l.latest[w.key] == i {
			each(w)
		}
	}
}
