package ticket

import (
	"cmp"
	"slices"
	"strings"
)

// memoryTicket is a stored ticket: the packed record, and beside it what lists are ordered by. All its texts are parts of the record.
type memoryTicket struct {
	record        string
	id            ID
	contact       ContactID
	lane, agent   string
	class         string
	created       instant
	promise       instant
	priority      Priority
	rank          uint8 // of the status
	waiting       bool
	tags          []string
	conversations []string  // packed keys
	conversation  [1]string // where conversations begins: most tickets have one
}

// statusRanks is how many ranks there are: tickets of one lane (agent, contact, ...) are kept apart by status, so that the few open ones among many closed are
// found at once. A list of several statuses merges them.
const statusRanks = 7

func statusRank(s Status) uint8 {
	switch s {
	case New:
		return 0
	case Open:
		return 1
	case Pending:
		return 2
	case OnHold:
		return 3
	case Solved:
		return 4
	case Closed:
		return 5
	}
	return 6 // the empty one, and what is no status
}

// read takes over a record. With reuse, the room of tags and conversations is used again.
func (t *memoryTicket) read(record string, reuse bool) {
	p := unpacker(record)
	var status Status
	t.record = record
	packText(&p, &t.id)
	packText(&p, &status)
	packInt(&p, &t.priority)
	packText(&p, &t.contact)
	packText(&p, &t.lane)
	packText(&p, &t.agent)
	t.created, t.promise = p.instant(), p.instant()
	packText(&p, &t.class)
	t.rank = statusRank(status)
	t.waiting = t.agent == "" && !status.Done()
	if !reuse {
		t.tags, t.conversations = nil, nil
	}
	tags := p.uint()
	t.tags = slices.Grow(t.tags[:0], int(tags))
	for range tags {
		var tag string
		packText(&p, &tag)
		t.tags = append(t.tags, tag)
	}
	conversations := p.uint()
	if t.conversations == nil {
		t.conversations = t.conversation[:0]
	}
	t.conversations = slices.Grow(t.conversations[:0], int(conversations))
	for range conversations {
		before := p.src
		var key ConversationKey
		p.conversationKey(&key)
		t.conversations = append(t.conversations, before[:len(before)-len(p.src)])
	}
}

// status reads the status; only those of the last rank are not told by it.
func (t *memoryTicket) status() Status {
	p := unpacker(t.record)
	var id ID
	var status Status
	packText(&p, &id)
	packText(&p, &status)
	return status
}

func compareCreated(a, b *memoryTicket) int {
	if c := a.created.compare(b.created); c != 0 {
		return c
	}
	return strings.Compare(string(a.id), string(b.id))
}

func compareRank(a, b *memoryTicket) int {
	if a.rank != b.rank {
		return int(a.rank) - int(b.rank)
	}
	return compareCreated(a, b)
}

func compareLane(a, b *memoryTicket) int {
	if c := strings.Compare(a.lane, b.lane); c != 0 {
		return c
	}
	return compareRank(a, b)
}

func compareAgent(a, b *memoryTicket) int {
	if c := strings.Compare(a.agent, b.agent); c != 0 {
		return c
	}
	return compareRank(a, b)
}

func compareContact(a, b *memoryTicket) int {
	if c := strings.Compare(string(a.contact), string(b.contact)); c != 0 {
		return c
	}
	return compareRank(a, b)
}

// compareWaiting is ComparePromise within a lane, compareClass within a class of a lane.
func compareWaiting(a, b *memoryTicket) int {
	if c := strings.Compare(a.lane, b.lane); c != 0 {
		return c
	}
	return comparePromise(a, b)
}

func compareClass(a, b *memoryTicket) int {
	if c := strings.Compare(a.lane, b.lane); c != 0 {
		return c
	}
	if c := strings.Compare(a.class, b.class); c != 0 {
		return c
	}
	return comparePromise(a, b)
}

func comparePromise(a, b *memoryTicket) int {
	if none := (instant{}); (a.promise == none) != (b.promise == none) {
		return order(b.promise == none)
	}
	if c := a.promise.compare(b.promise); c != 0 {
		return c
	}
	if a.priority != b.priority {
		return cmp.Compare(b.priority, a.priority)
	}
	return compareCreated(a, b)
}

// ticketLabel is one of a ticket's tags or conversations.
type ticketLabel struct {
	ticket *memoryTicket
	i      int
}

func compareTag(a, b ticketLabel) int {
	if c := strings.Compare(a.ticket.tags[a.i], b.ticket.tags[b.i]); c != 0 {
		return c
	}
	return compareRank(a.ticket, b.ticket)
}

func compareConversation(a, b ticketLabel) int {
	if c := strings.Compare(a.ticket.conversations[a.i], b.ticket.conversations[b.i]); c != 0 {
		return c
	}
	return compareRank(a.ticket, b.ticket)
}

// memoryTickets is the tickets of a tenant and the orders in which they are listed.
type memoryTickets struct {
	byID                         map[string]*memoryTicket // by packed ID
	all, lanes, agents, contacts ordered[*memoryTicket]
	waiting, classes             ordered[*memoryTicket]
	tags, conversations          ordered[ticketLabel]

	after memoryTicket // room for what a ticket becomes
}

func (s *memoryTickets) init() {
	s.byID = make(map[string]*memoryTicket)
	s.all.compare, s.lanes.compare, s.agents.compare = compareRank, compareLane, compareAgent
	s.contacts.compare, s.waiting.compare, s.classes.compare = compareContact, compareWaiting, compareClass
	s.tags.compare, s.conversations.compare = compareTag, compareConversation
}

func (s *memoryTickets) put(id, record string) {
	t, ok := s.byID[id]
	if !ok {
		t = new(memoryTicket)
		t.read(record, false)
		s.byID[record[:len(id)]] = t
		s.file(t, true, everyOrder)
		return
	}
	s.after.read(record, true)
	changed := changedOrders(t, &s.after)
	s.file(t, false, changed)
	// The record before is given up as a whole: no order holds on to it, and the map's key follows.
	t.read(record, changed&(tagOrder|conversationOrder) == 0)
	s.byID[record[:len(id)]] = t
	s.file(t, true, changed)
}

// orders is a set of the orders in which tickets are kept.
type orders uint8

const (
	rankOrder orders = 1 << iota
	laneOrder
	agentOrder
	contactOrder
	waitingOrder
	tagOrder
	conversationOrder
	everyOrder orders = 1<<iota - 1
)

func changedOrders(a, b *memoryTicket) orders {
	var o orders
	if a.rank != b.rank || a.created != b.created {
		o |= everyOrder &^ waitingOrder
	}
	if a.lane != b.lane {
		o |= laneOrder
	}
	if a.agent != b.agent {
		o |= agentOrder
	}
	if a.contact != b.contact {
		o |= contactOrder
	}
	if a.waiting != b.waiting || compareClass(a, b) != 0 {
		o |= waitingOrder
	}
	if !slices.Equal(a.tags, b.tags) {
		o |= tagOrder
	}
	if !slices.Equal(a.conversations, b.conversations) {
		o |= conversationOrder
	}
	return o
}

// file adds the ticket to the orders where it belongs, or takes it out of them.
func (s *memoryTickets) file(t *memoryTicket, add bool, which orders) {
	one := func(o *ordered[*memoryTicket], belongs bool) {
		switch {
		case !belongs:
		case add:
			o.insert(t)
		default:
			o.delete(t)
		}
	}
	one(&s.all, which&rankOrder != 0)
	one(&s.lanes, which&laneOrder != 0 && t.lane != "")
	one(&s.agents, which&agentOrder != 0 && t.agent != "")
	one(&s.contacts, which&contactOrder != 0 && t.contact != "")
	one(&s.waiting, which&waitingOrder != 0 && t.waiting)
	one(&s.classes, which&waitingOrder != 0 && t.waiting)
	many := func(o *ordered[ticketLabel], n int) {
		for i := range n {
			if add {
				o.insert(ticketLabel{t, i})
			} else {
				o.delete(ticketLabel{t, i})
			}
		}
	}
	if which&tagOrder != 0 {
		many(&s.tags, len(t.tags))
	}
	if which&conversationOrder != 0 {
		many(&s.conversations, len(t.conversations))
	}
}
