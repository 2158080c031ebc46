package ticket

import (
	"math"
	"slices"
	"strings"
)

// earliest is before every instant, latest after.
var (
	earliest = instant{seconds: math.MinInt64}
	latest   = instant{seconds: math.MaxInt64}
)

// Waiting implements Reader.
func (r *memoryReader) Waiting(lane string, page Page) (List[Ticket], error) {
	if r.tenant == nil {
		return List[Ticket]{}, errReaderEnded
	}
	return r.waiting(&r.tenant.tickets.waiting, lane, "", page, func(t *memoryTicket) bool { return t.lane == lane })
}

// WaitingOf implements Reader.
func (r *memoryReader) WaitingOf(lane, class string, page Page) (List[Ticket], error) {
	if r.tenant == nil {
		return List[Ticket]{}, errReaderEnded
	}
	return r.waiting(&r.tenant.tickets.classes, lane, class, page, func(t *memoryTicket) bool { return t.lane == lane && t.class == class })
}

// firstWaiting stands before all that wait in a lane, or in a class of it.
func firstWaiting(lane, class string) *memoryTicket {
	return &memoryTicket{lane: lane, class: class, promise: earliest, priority: math.MaxInt8, created: earliest}
}

// WaitingFirst implements Reader.
func (r *memoryReader) WaitingFirst(lane string) ([]Ticket, error) {
	if r.tenant == nil {
		return nil, errReaderEnded
	}
	var records []string
	classes := &r.tenant.tickets.classes
	for t, ok := classes.above(firstWaiting(lane, "")); ok && t.lane == lane; {
		records = append(records, t.record)
		t, ok = classes.above(firstWaiting(lane, t.class+"\x00")) // the next class begins here
	}
	out := make([]Ticket, len(records))
	for i, record := range records {
		r.unpack(record)
		r.packer.ticket(&out[i])
	}
	return out, nil
}

func (r *memoryReader) waiting(waiting *ordered[*memoryTicket], lane, class string, page Page, belongs func(*memoryTicket) bool) (List[Ticket], error) {
	at := firstWaiting(lane, class)
	if page.After != "" {
		c := readCursor(page.After)
		at.promise, at.priority, at.created, at.id = c.instant(), Priority(c.int()), c.instant(), ID(c.text())
		if err := c.end("waiting tickets"); err != nil {
			return List[Ticket]{}, err
		}
	}
	next := func(last *memoryTicket) (*memoryTicket, bool) {
		t, ok := waiting.above(last)
		return t, ok && belongs(t)
	}
	return list(r, page, at, next, ticketRecord, (*packer).ticket, func(t *memoryTicket) pageCursor {
		return pageCursor("").withInstant(t.promise).withInt(int64(t.priority)).withInstant(t.created).withText(string(t.id))
	}), nil
}

func ticketRecord(t *memoryTicket) string { return t.record }

// ListMessages implements Reader.
func (r *memoryReader) ListMessages(q MessageQuery) (List[Message], error) {
	if r.tenant == nil {
		return List[Message]{}, errReaderEnded
	}
	at := &memoryMessage{ticket: q.Ticket, time: earliest}
	if q.After != "" {
		c := readCursor(q.After)
		at.time, at.order, at.key = c.instant(), c.text(), c.text()
		if err := c.end("messages"); err != nil {
			return List[Message]{}, err
		}
	}
	listed := &r.tenant.messages.listed
	next := func(last *memoryMessage) (*memoryMessage, bool) {
		m, ok := listed.above(last)
		return m, ok && m.ticket == q.Ticket
	}
	return list(r, q.Page, at, next, func(m *memoryMessage) string { return m.record }, (*packer).message, func(m *memoryMessage) pageCursor {
		return pageCursor("").withInstant(m.time).withText(m.order).withText(m.key)
	}), nil
}

// ListAgents implements Reader.
func (r *memoryReader) ListAgents(page Page) (List[AgentState], error) {
	if r.tenant == nil {
		return List[AgentState]{}, errReaderEnded
	}
	at, listed := &memoryAgent{}, &r.tenant.agents.listed
	next := fromFirst(listed, at)
	if page.After != "" {
		c := readCursor(page.After)
		at.name = c.text()
		if err := c.end("agents"); err != nil {
			return List[AgentState]{}, err
		}
		next = listed.above
	}
	return list(r, page, at, next, func(a *memoryAgent) string { return a.record }, (*packer).agent, func(a *memoryAgent) pageCursor {
		return pageCursor("").withText(a.name)
	}), nil
}

// fromFirst goes through the whole set: at stands before the first item, also where they compare as equal.
func fromFirst[T comparable](o *ordered[T], at T) func(last T) (T, bool) {
	return func(last T) (T, bool) {
		if last == at {
			return o.from(at)
		}
		return o.above(last)
	}
}

// ListValues implements Reader.
func (r *memoryReader) ListValues(space string, page Page) (List[Value], error) {
	if r.tenant == nil {
		return List[Value]{}, errReaderEnded
	}
	at := &memoryValue{space: space}
	listed, now := &r.tenant.values.listed, instantOf(r.tenant.now())
	following := fromFirst(listed, at)
	if page.After != "" {
		c := readCursor(page.After)
		at.name = c.text()
		if err := c.end("values"); err != nil {
			return List[Value]{}, err
		}
		following = listed.above
	}
	next := func(last *memoryValue) (*memoryValue, bool) {
		v, ok := following(last)
		for ok && v.expired(now) && v.space == space {
			v, ok = listed.above(v)
		}
		return v, ok && v.space == space
	}
	return list(r, page, at, next, func(v *memoryValue) string { return v.record }, (*packer).value, func(v *memoryValue) pageCursor {
		return pageCursor("").withText(v.name)
	}), nil
}

// ListTasks implements Reader.
func (r *memoryReader) ListTasks(q TaskQuery) (List[Task], error) {
	if r.tenant == nil {
		return List[Task]{}, errReaderEnded
	}
	at := &memoryTask{queue: q.Queue, dead: q.Dead, due: earliest}
	if q.After != "" {
		c := readCursor(q.After)
		at.due, at.id = c.instant(), c.text()
		if err := c.end("tasks"); err != nil {
			return List[Task]{}, err
		}
	}
	o := &r.tenant.tasks.queued
	if q.Queue == "" {
		o = &r.tenant.tasks.listed
	}
	next := func(last *memoryTask) (*memoryTask, bool) {
		t, ok := o.above(last)
		return t, ok && t.dead == q.Dead && (q.Queue == "" || t.queue == q.Queue)
	}
	return list(r, q.Page, at, next, func(t *memoryTask) string { return t.record }, (*packer).task, func(t *memoryTask) pageCursor {
		return pageCursor("").withInstant(t.due).withText(t.id)
	}), nil
}

// ListPauses implements Reader.
func (r *memoryReader) ListPauses() ([]QueuePause, error) {
	if r.tenant == nil {
		return nil, errReaderEnded
	}
	var out []QueuePause
	paused := &r.tenant.tasks.paused
	for q, ok := paused.min(); ok; q, ok = paused.above(q) {
		var pause QueuePause
		r.unpack(q.pause)
		r.packer.pause(&pause)
		out = append(out, pause)
	}
	slices.SortFunc(out, func(a, b QueuePause) int { return strings.Compare(a.Queue, b.Queue) })
	return out, nil
}
