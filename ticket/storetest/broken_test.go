package storetest

import (
	"context"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// broken is a Store that does one thing wrong. What is nil is done as Memory does it. What is broken of a Tx runs one at a time, as Memory's Updates do.
type broken struct {
	*ticket.Memory
	mu     sync.Mutex
	update func(ctx context.Context, tenant string, fn func(ticket.Tx) error) error
	view   func(ctx context.Context, tenant string, fn func(ticket.Reader) error) error
	wake   func(ctx context.Context) <-chan struct{}
	close  func() error
	prune  func(ctx context.Context, until time.Time) (int, error)
	tx     tx // what is broken of a Tx; its Tx is nil
	reader reader
}

type reader struct {
	ticket.Reader
	tickets      func(r ticket.Reader, ids []ticket.ID) ([]ticket.Ticket, error)
	values       func(r ticket.Reader, keys []ticket.ValueKey) ([]ticket.Value, error)
	seen         func(r ticket.Reader, keys []ticket.EventKey) ([]bool, error)
	agents       func(r ticket.Reader, names []string) ([]ticket.AgentState, error)
	listTickets  func(r ticket.Reader, q ticket.TicketQuery) (ticket.List[ticket.Ticket], error)
	waiting      func(r ticket.Reader, lane string, p ticket.Page) (ticket.List[ticket.Ticket], error)
	waitingFirst func(r ticket.Reader, lane string) ([]ticket.Ticket, error)
	journal      func(r ticket.Reader, q ticket.JournalQuery) ([]ticket.Entry, error)
	nextDue      func(r ticket.Reader, now time.Time) (time.Time, error)
	pruned       func(r ticket.Reader) (ticket.Position, error)
}

type tx struct {
	ticket.Tx
	r          reader
	try        func(tx ticket.Tx, fn func(ticket.Tx) error) error
	putTicket  func(tx ticket.Tx, t ticket.Ticket)
	putValue   func(tx ticket.Tx, v ticket.Value)
	putAgent   func(tx ticket.Tx, a ticket.AgentState)
	markSeen   func(tx ticket.Tx, keys []ticket.EventKey)
	appendTo   func(tx ticket.Tx, entries []ticket.Entry)
	schedule   func(tx ticket.Tx, tasks []ticket.Task)
	claim      func(tx ticket.Tx, q ticket.ClaimQuery) ([]ticket.Lease, error)
	finish     func(tx ticket.Tx, l ticket.Lease) error
	holds      func(tx ticket.Tx, l ticket.Lease) (bool, error)
	reserve    func(tx ticket.Tx, agent string, id ticket.ID, weight int) (bool, error)
	release    func(tx ticket.Tx, id ticket.ID, now time.Time) error
	pauseQueue func(tx ticket.Tx, p ticket.QueuePause)
}

func (b *broken) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	if b.update != nil {
		return b.update(ctx, tenant, fn)
	}
	return b.Memory.Update(ctx, tenant, func(t ticket.Tx) error { return fn(b.wrap(t)) })
}

func (b *broken) View(ctx context.Context, tenant string, fn func(ticket.Reader) error) error {
	if b.view != nil {
		return b.view(ctx, tenant, fn)
	}
	return b.Memory.View(ctx, tenant, func(r ticket.Reader) error {
		wrapped := b.reader
		wrapped.Reader = r
		return fn(wrapped)
	})
}

func (b *broken) wrap(t ticket.Tx) ticket.Tx {
	wrapped := b.tx
	wrapped.Tx, wrapped.r = t, b.reader
	wrapped.r.Reader = t
	return wrapped
}

func (b *broken) Wakes(ctx context.Context, tenant string) <-chan struct{} {
	if b.wake != nil {
		return b.wake(ctx)
	}
	return b.Memory.Wakes(ctx, tenant)
}

func (b *broken) Prune(ctx context.Context, tenant string, until time.Time) (int, error) {
	if b.prune != nil {
		return b.prune(ctx, until)
	}
	return b.Memory.Prune(ctx, tenant, until)
}

func (b *broken) Close() error {
	if b.close != nil {
		return b.close()
	}
	return b.Memory.Close()
}

func (r reader) Tickets(ids ...ticket.ID) ([]ticket.Ticket, error) {
	if r.tickets != nil {
		return r.tickets(r.Reader, ids)
	}
	return r.Reader.Tickets(ids...)
}

func (r reader) Values(keys ...ticket.ValueKey) ([]ticket.Value, error) {
	if r.values != nil {
		return r.values(r.Reader, keys)
	}
	return r.Reader.Values(keys...)
}

func (r reader) Seen(keys ...ticket.EventKey) ([]bool, error) {
	if r.seen != nil {
		return r.seen(r.Reader, keys)
	}
	return r.Reader.Seen(keys...)
}

func (r reader) Agents(names ...string) ([]ticket.AgentState, error) {
	if r.agents != nil {
		return r.agents(r.Reader, names)
	}
	return r.Reader.Agents(names...)
}

func (r reader) ListTickets(q ticket.TicketQuery) (ticket.List[ticket.Ticket], error) {
	if r.listTickets != nil {
		return r.listTickets(r.Reader, q)
	}
	return r.Reader.ListTickets(q)
}

func (r reader) Waiting(lane string, p ticket.Page) (ticket.List[ticket.Ticket], error) {
	if r.waiting != nil {
		return r.waiting(r.Reader, lane, p)
	}
	return r.Reader.Waiting(lane, p)
}

func (r reader) WaitingFirst(lane string) ([]ticket.Ticket, error) {
	if r.waitingFirst != nil {
		return r.waitingFirst(r.Reader, lane)
	}
	return r.Reader.WaitingFirst(lane)
}

func (r reader) Journal(q ticket.JournalQuery) ([]ticket.Entry, error) {
	if r.journal != nil {
		return r.journal(r.Reader, q)
	}
	return r.Reader.Journal(q)
}

func (r reader) NextDue(now time.Time) (time.Time, error) {
	if r.nextDue != nil {
		return r.nextDue(r.Reader, now)
	}
	return r.Reader.NextDue(now)
}

func (r reader) Pruned() (ticket.Position, error) {
	if r.pruned != nil {
		return r.pruned(r.Reader)
	}
	return r.Reader.Pruned()
}

func (x tx) Tickets(ids ...ticket.ID) ([]ticket.Ticket, error)      { return x.r.Tickets(ids...) }
func (x tx) Values(keys ...ticket.ValueKey) ([]ticket.Value, error) { return x.r.Values(keys...) }
func (x tx) Seen(keys ...ticket.EventKey) ([]bool, error)           { return x.r.Seen(keys...) }
func (x tx) Agents(names ...string) ([]ticket.AgentState, error)    { return x.r.Agents(names...) }
func (x tx) Journal(q ticket.JournalQuery) ([]ticket.Entry, error)  { return x.r.Journal(q) }

func (x tx) Try(fn func(ticket.Tx) error) error {
	inner := func(t ticket.Tx) error {
		wrapped := x
		wrapped.Tx, wrapped.r.Reader = t, t
		return fn(wrapped)
	}
	if x.try != nil {
		return x.try(x.Tx, inner)
	}
	return x.Tx.Try(inner)
}

func (x tx) PutTicket(t ticket.Ticket) {
	if x.putTicket != nil {
		x.putTicket(x.Tx, t)
		return
	}
	x.Tx.PutTicket(t)
}

func (x tx) PutValue(v ticket.Value) {
	if x.putValue != nil {
		x.putValue(x.Tx, v)
		return
	}
	x.Tx.PutValue(v)
}

func (x tx) PutAgent(a ticket.AgentState) {
	if x.putAgent != nil {
		x.putAgent(x.Tx, a)
		return
	}
	x.Tx.PutAgent(a)
}

func (x tx) MarkSeen(keys ...ticket.EventKey) {
	if x.markSeen != nil {
		x.markSeen(x.Tx, keys)
		return
	}
	x.Tx.MarkSeen(keys...)
}

func (x tx) Append(entries ...ticket.Entry) {
	if x.appendTo != nil {
		x.appendTo(x.Tx, entries)
		return
	}
	x.Tx.Append(entries...)
}

func (x tx) Schedule(tasks ...ticket.Task) {
	if x.schedule != nil {
		x.schedule(x.Tx, tasks)
		return
	}
	x.Tx.Schedule(tasks...)
}

func (x tx) Claim(q ticket.ClaimQuery) ([]ticket.Lease, error) {
	if x.claim != nil {
		return x.claim(x.Tx, q)
	}
	return x.Tx.Claim(q)
}

func (x tx) Finish(l ticket.Lease) error {
	if x.finish != nil {
		return x.finish(x.Tx, l)
	}
	return x.Tx.Finish(l)
}

func (x tx) Holds(l ticket.Lease) (bool, error) {
	if x.holds != nil {
		return x.holds(x.Tx, l)
	}
	return x.Tx.Holds(l)
}

func (x tx) Reserve(agent string, id ticket.ID, weight int) (bool, error) {
	if x.reserve != nil {
		return x.reserve(x.Tx, agent, id, weight)
	}
	return x.Tx.Reserve(agent, id, weight)
}

func (x tx) Release(id ticket.ID, now time.Time) error {
	if x.release != nil {
		return x.release(x.Tx, id, now)
	}
	return x.Tx.Release(id, now)
}

func (x tx) PauseQueue(p ticket.QueuePause) {
	if x.pauseQueue != nil {
		x.pauseQueue(x.Tx, p)
		return
	}
	x.Tx.PauseQueue(p)
}
