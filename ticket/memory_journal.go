package ticket

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// memoryJournal is the journal of a tenant. An entry's place in it, counted from 1, is its Position. The orders hold places and read what they compare from the
// entries: most of what is stored is journal, so each byte of an entry counts.
type memoryJournal struct {
	chunks   []*[journalChunk]string // packed entries, empty where one was removed; chunks, so that growing copies nothing
	length   uint32
	pruned   uint32 // the newest place from which an entry was removed
	keys     ordered[uint32]
	tickets  ordered[uint32] // by ticket, then place; those that have a ticket
	contacts ordered[uint32] // by contact, then place; those that have a contact
}

const (
	journalChunk  = 1024
	positionWidth = 12
)

func (j *memoryJournal) init() {
	j.keys.compare = func(a, b uint32) int { return strings.Compare(j.key(a), j.key(b)) }
	j.tickets.compare = func(a, b uint32) int { return comparePlace(j.ticket(a), a, j.ticket(b), b) }
	j.contacts.compare = func(a, b uint32) int { return comparePlace(j.contact(a), a, j.contact(b), b) }
}

// comparePlace compares by subject, then by place.
func comparePlace(subjectA string, a uint32, subjectB string, b uint32) int {
	if c := strings.Compare(subjectA, subjectB); c != 0 {
		return c
	}
	return cmp.Compare(a, b)
}

// text reads one of the first texts of an entry: the key, the ticket, the contact.
func (j *memoryJournal) text(at uint32, n int) (s string) {
	p := unpacker(j.entry(at))
	for range n + 1 {
		packText(&p, &s)
	}
	return s
}

func (j *memoryJournal) key(at uint32) string     { return j.text(at, 0) }
func (j *memoryJournal) ticket(at uint32) string  { return j.text(at, 1) }
func (j *memoryJournal) contact(at uint32) string { return j.text(at, 2) }

// has reports whether there is an entry of the key.
func (j *memoryJournal) has(key string) bool {
	at, ok := j.keys.search(func(at uint32) bool { return j.key(at) >= key })
	return ok && j.key(at) == key
}

func (j *memoryJournal) append(record string) {
	if j.length%journalChunk == 0 {
		j.chunks = append(j.chunks, new([journalChunk]string))
	}
	j.chunks[j.length/journalChunk][j.length%journalChunk] = record
	j.length++
	j.keys.insert(j.length)
	if j.ticket(j.length) != "" {
		j.tickets.insert(j.length)
	}
	if j.contact(j.length) != "" {
		j.contacts.insert(j.length)
	}
}

func (j *memoryJournal) entry(at uint32) string {
	return j.chunks[(at-1)/journalChunk][(at-1)%journalChunk]
}

// position writes a place with a fixed width, so that positions compare as text.
func position(at uint32) Position {
	var digits [positionWidth]byte
	for i := len(digits) - 1; i >= 0; i-- {
		digits[i] = byte('0' + at%10)
		at /= 10
	}
	return Position(digits[:])
}

func placeOf(p Position) (uint32, error) {
	if p == "" {
		return 0, nil
	}
	at, err := strconv.ParseUint(string(p), 10, 32)
	if err != nil || len(p) != positionWidth {
		return 0, fmt.Errorf("ticket: read journal: position %q is not one of this store", string(p))
	}
	return uint32(at), nil
}

// Journal implements Reader.
func (r *memoryReader) Journal(q JournalQuery) ([]Entry, error) {
	if r.tenant == nil {
		return nil, errReaderEnded
	}
	after, err := placeOf(q.After)
	if err != nil {
		return nil, err
	}
	j := &r.tenant.journal
	if after >= j.length {
		return nil, nil
	}
	limit := Page{Limit: q.Limit}.limit()
	var places []uint32
	for at, ok := j.next(&q, after); ok && len(places) < limit; at, ok = j.next(&q, at) {
		places = append(places, at)
	}
	out := make([]Entry, len(places))
	for i, at := range places {
		r.unpack(j.entry(at))
		r.packer.entry(&out[i])
		out[i].Position = position(at)
	}
	return out, nil
}

// next returns the first place after this one that the query is about. With both conditions they take turns to leap on, so that the rarer one sets the pace.
func (j *memoryJournal) next(q *JournalQuery, after uint32) (uint32, bool) {
	if q.Ticket == "" && q.Contact == "" {
		for after < j.length {
			if after++; j.entry(after) != "" {
				return after, true
			}
		}
		return 0, false
	}
	for {
		at := after
		if q.Ticket != "" {
			next, ok := j.tickets.search(func(at uint32) bool { return comparePlace(j.ticket(at), at, string(q.Ticket), after) > 0 })
			if !ok || j.ticket(next) != string(q.Ticket) {
				return 0, false
			}
			if at = next; q.Contact == "" || j.contact(at) == string(q.Contact) {
				return at, true
			}
		}
		next, ok := j.contacts.search(func(place uint32) bool { return comparePlace(j.contact(place), place, string(q.Contact), at) > 0 })
		if !ok || j.contact(next) != string(q.Contact) {
			return 0, false
		}
		if q.Ticket == "" || j.ticket(next) == string(q.Ticket) {
			return next, true
		}
		after = next
	}
}

// Head implements Reader.
func (r *memoryReader) Head() (Position, error) {
	if r.tenant == nil {
		return "", errReaderEnded
	}
	if r.tenant.journal.length == 0 {
		return "", nil
	}
	return position(r.tenant.journal.length), nil
}

// Pruned implements Reader.
func (r *memoryReader) Pruned() (Position, error) {
	if r.tenant == nil {
		return "", errReaderEnded
	}
	if r.tenant.journal.pruned == 0 {
		return "", nil
	}
	return position(r.tenant.journal.pruned), nil
}
