package ticket

import (
	"fmt"
	"sort"
	"strconv"
)

// memoryJournal is the journal of a tenant. An entry's place in it, counted from 1, is its Position.
type memoryJournal struct {
	chunks   []*[journalChunk]string // packed entries; chunks, so that growing copies nothing
	length   uint32
	keys     map[string]struct{} // packed
	tickets  map[ID][]uint32     // where the ticket's entries are, ascending
	contacts map[ContactID][]uint32
}

const (
	journalChunk  = 1024
	positionWidth = 12
)

func (j *memoryJournal) init() {
	j.keys = make(map[string]struct{})
	j.tickets, j.contacts = make(map[ID][]uint32), make(map[ContactID][]uint32)
}

func (j *memoryJournal) append(key, record string) {
	if j.length%journalChunk == 0 {
		j.chunks = append(j.chunks, new([journalChunk]string))
	}
	j.chunks[j.length/journalChunk][j.length%journalChunk] = record
	j.length++
	j.keys[key] = struct{}{}
	p := unpacker(record)
	var e Entry
	packText(&p, &e.Key)
	packText(&p, &e.Kind)
	packText(&p, &e.Ticket)
	packText(&p, &e.Contact)
	if e.Ticket != "" {
		j.tickets[e.Ticket] = addPlace(j.tickets[e.Ticket], j.length)
	}
	if e.Contact != "" {
		j.contacts[e.Contact] = addPlace(j.contacts[e.Contact], j.length)
	}
}

// addPlace begins with room for the four entries that a first message brings.
func addPlace(places []uint32, at uint32) []uint32 {
	if places == nil {
		places = make([]uint32, 0, 4)
	}
	return append(places, at)
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
	var out []Entry
	add := func(at uint32) {
		if out == nil {
			out = make([]Entry, 0, min(limit, int(j.length-after)))
		}
		r.unpack(j.entry(at))
		out = append(out, Entry{Position: position(at)})
		r.packer.entry(&out[len(out)-1])
	}
	if q.Ticket == "" && q.Contact == "" {
		for at := after + 1; at <= j.length && len(out) < limit; at++ {
			add(at)
		}
		return out, nil
	}
	places, others := j.tickets[q.Ticket], j.contacts[q.Contact]
	switch {
	case q.Ticket == "":
		places, others = others, nil
	case q.Contact == "":
		others = nil
	case len(others) < len(places):
		places, others = others, places
	}
	both := q.Ticket != "" && q.Contact != ""
	for _, at := range places[search(places, after+1):] {
		if len(out) == limit {
			break
		}
		if both {
			if others = others[search(others, at):]; len(others) == 0 {
				break
			}
			if others[0] != at {
				continue
			}
		}
		add(at)
	}
	return out, nil
}

// search returns the index of the first place at or after at.
func search(places []uint32, at uint32) int {
	return sort.Search(len(places), func(i int) bool { return places[i] >= at })
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
