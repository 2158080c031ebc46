package ticket

import (
	"context"
	"strings"
	"time"
)

// Prune implements Pruner, all at once. Memory is given back once nothing is left of what was committed together.
func (m *Memory) Prune(ctx context.Context, tenant string, until time.Time) (removed int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t, err := m.tenant(tenant)
	if err != nil {
		return 0, err
	}
	select {
	case t.writer <- struct{}{}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	defer func() { <-t.writer }()
	t.state.Lock()
	defer t.state.Unlock()
	p := pruning{t: t, until: until, named: make(map[ID]bool)}
	for _, task := range t.tasks.byID {
		if !task.dead {
			p.named[ID(task.key[strings.LastIndexByte(task.key, '/')+1:])] = true
		}
	}
	var old []Ticket
	for _, stored := range t.tickets.byID {
		if stored.rank == statusRank(Closed) {
			if found, keeps := p.keeps(stored.id); !keeps {
				old = append(old, found)
			}
		}
	}
	for i := range old {
		p.ticket(&old[i])
	}
	p.messages("", func(m *memoryMessage) bool { return m.time.compare(instantOf(until)) < 0 })
	p.loose()
	return p.removed, nil
}

// pruning is one run of Prune. Whoever holds it holds the tenant.
type pruning struct {
	t       *memoryTenant
	until   time.Time
	named   map[ID]bool // by tasks that wait
	removed int
}

// keeps reports whether the ticket, or one that it was merged into, is not to be pruned.
func (p *pruning) keeps(id ID) (Ticket, bool) {
	var first, at Ticket
	for range 100 { // merges form no circle; should they, nothing is pruned
		record := p.t.record(kindTicket, p.key(id))
		if record == "" {
			return first, false
		}
		from := unpacker(record)
		at = Ticket{}
		from.ticket(&at)
		if first.ID == "" {
			first = at
		}
		if at.Status != Closed || !at.Updated.Before(p.until) || p.named[id] {
			return first, true
		}
		if id = at.MergedInto; id == "" {
			return first, false
		}
	}
	return first, true
}

func (p *pruning) key(id ID) []byte {
	var key packer
	packKey(&key, &id)
	return key.buf
}

// ticket removes what a ticket said and did, and notes on it how far.
func (p *pruning) ticket(t *Ticket) {
	p.messages(t.ID, func(*memoryMessage) bool { return true })
	var last uint32
	q := JournalQuery{Ticket: t.ID}
	for at, ok := p.t.journal.next(&q, 0); ok && at < p.t.journal.length; at, ok = p.t.journal.next(&q, at) {
		p.entry(at)
		last = at
	}
	if last == 0 {
		return
	}
	t.Pruned = position(last)
	var into packer
	into.ticket(t)
	record := string(into.buf)
	p.t.tickets.put(record[:len(p.key(t.ID))], record)
}

// messages removes those of a ticket that are old.
func (p *pruning) messages(of ID, old func(*memoryMessage) bool) {
	all := &p.t.messages
	var gone []*memoryMessage
	at, ok := all.listed.search(func(m *memoryMessage) bool { return m.ticket >= of })
	for ; ok && at.ticket == of; at, ok = all.listed.above(at) {
		if old(at) {
			gone = append(gone, at)
		}
	}
	for _, m := range gone {
		all.listed.delete(m)
		delete(all.byKey, m.record[:m.keyLength])
		if m.ref != "" && all.byRef[m.ref] == m {
			delete(all.byRef, m.ref)
		}
	}
	p.removed += len(gone)
}

// loose removes old entries that belong to no ticket.
func (p *pruning) loose() {
	j := &p.t.journal
	for at := uint32(1); at < j.length; at++ {
		record := j.entry(at)
		if record == "" || j.ticket(at) != "" {
			continue
		}
		var e Entry
		from := unpacker(record)
		if from.entry(&e); e.Processed.Before(p.until) {
			p.entry(at)
		}
	}
}

func (p *pruning) entry(at uint32) {
	j := &p.t.journal
	j.keys.delete(at)
	if j.ticket(at) != "" {
		j.tickets.delete(at)
	}
	if j.contact(at) != "" {
		j.contacts.delete(at)
	}
	j.chunks[(at-1)/journalChunk][(at-1)%journalChunk] = ""
	j.pruned = max(j.pruned, at)
	p.removed++
}
