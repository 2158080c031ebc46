package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

var errDropped = errors.New("dropped")

// faults are Stores that do one thing wrong, and the check that is there to find it.
var faults = []struct {
	name  string
	check string
	fault func(b *broken)
}{
	{"forgets a field", "records come back as they were put", func(b *broken) {
		b.tx.putTicket = func(tx ticket.Tx, t ticket.Ticket) {
			t.Late = false
			tx.PutTicket(t)
		}
	}},
	{"keeps what the record had before where the new one is empty", "a second put replaces the whole record", func(b *broken) {
		b.tx.putTicket = func(tx ticket.Tx, t ticket.Ticket) {
			if was, _ := tx.Tickets(t.ID); t.Lane == "" {
				t.Lane = was[0].Lane
			}
			tx.PutTicket(t)
		}
	}},
	{"leaves out what is missing", "what is missing is the zero value in its place", func(b *broken) {
		b.reader.tickets = func(r ticket.Reader, ids []ticket.ID) ([]ticket.Ticket, error) {
			found, err := r.Tickets(ids...)
			missing := len(ids)
			found = slices.DeleteFunc(found, func(t ticket.Ticket) bool { return t.ID == "" })
			return append(found, make([]ticket.Ticket, missing-len(found))...), err
		}
	}},
	{"answers in the order of its index", "look-ups answer in the order of the keys", func(b *broken) {
		b.reader.tickets = func(r ticket.Reader, ids []ticket.ID) ([]ticket.Ticket, error) {
			return r.Tickets(slices.Sorted(slices.Values(ids))...)
		}
	}},
	{"hands out its own memory", "records are copies", func(b *broken) {
		kept := make(map[ticket.ValueKey][]byte)
		b.reader.values = func(r ticket.Reader, keys []ticket.ValueKey) ([]ticket.Value, error) {
			values, err := r.Values(keys...)
			for i := range values {
				if data, ok := kept[keys[i]]; ok {
					values[i].Data = data
				} else {
					kept[keys[i]] = values[i].Data
				}
			}
			return values, err
		}
	}},
	{"folds the case of keys", "keys may hold any text", func(b *broken) {
		fold := func(id ticket.ID) ticket.ID {
			if id == "A" {
				return "a"
			}
			return id
		}
		b.tx.putTicket = func(tx ticket.Tx, t ticket.Ticket) {
			t.ID = fold(t.ID)
			tx.PutTicket(t)
		}
		b.reader.tickets = func(r ticket.Reader, ids []ticket.ID) ([]ticket.Ticket, error) {
			for i := range ids {
				ids[i] = fold(ids[i])
			}
			return r.Tickets(ids...)
		}
	}},
	{"cuts times to microseconds", "times keep their instant to the nanosecond", func(b *broken) {
		b.tx.putTicket = func(tx ticket.Tx, t ticket.Ticket) {
			t.Created, t.Updated = t.Created.Truncate(time.Microsecond), t.Updated.Truncate(time.Microsecond)
			tx.PutTicket(t)
		}
	}},
	{"never lets values expire", "an expired value is as if it were not there", func(b *broken) {
		b.tx.putValue = func(tx ticket.Tx, v ticket.Value) {
			v.Expires = time.Time{}
			tx.PutValue(v)
		}
	}},
	{"keeps the expiry of the value before", "an expired value is as if it were not there", func(b *broken) {
		b.tx.putValue = func(tx ticket.Tx, v ticket.Value) {
			if was, _ := tx.Values(v.Key); v.Expires.IsZero() {
				v.Expires = was[0].Expires
			}
			tx.PutValue(v)
		}
	}},
	{"forgets events whose keys are long", "keys may have 1 KiB", func(b *broken) {
		b.tx.markSeen = func(tx ticket.Tx, keys []ticket.EventKey) {
			tx.MarkSeen(slices.DeleteFunc(slices.Clone(keys), func(k ticket.EventKey) bool { return len(k.Key) >= 900 })...)
		}
	}},
	{"cuts long keys", "keys may have 1 KiB", func(b *broken) {
		cut := func(id ticket.ID) ticket.ID { return id[:min(len(id), 1000)] }
		b.tx.putTicket = func(tx ticket.Tx, t ticket.Ticket) {
			t.ID = cut(t.ID)
			tx.PutTicket(t)
		}
	}},
	{"prunes nothing", "Prune lets go of what is old and closed, and of nothing else", func(b *broken) {
		b.prune = func(context.Context, time.Time) (int, error) { return 0, nil }
	}},
	{"prunes what is young", "Prune lets go of what is old and closed, and of nothing else", func(b *broken) {
		b.prune = func(ctx context.Context, until time.Time) (int, error) {
			return b.Memory.Prune(ctx, brand, until.Add(time.Hour))
		}
	}},
	{"does not tell what it pruned", "whoever has missed what Prune removed can tell, and nobody else", func(b *broken) {
		b.reader.pruned = func(ticket.Reader) (ticket.Position, error) { return "", nil }
	}},
	{"tells of a gap to those who read all", "whoever has missed what Prune removed can tell, and nobody else", func(b *broken) {
		b.reader.pruned = func(r ticket.Reader) (ticket.Position, error) { return r.Head() }
	}},
	{"tells of no gap, beside Updates", "Prune runs beside Updates and readers", func(b *broken) {
		b.reader.pruned = func(ticket.Reader) (ticket.Position, error) { return "", nil }
	}},
	{"commits what failed", "a failed Update leaves nothing", func(b *broken) {
		b.update = func(ctx context.Context, tenant string, fn func(ticket.Tx) error) (err error) {
			_ = b.Memory.Update(ctx, tenant, func(tx ticket.Tx) error {
				err = fn(tx)
				return nil
			})
			return err
		}
	}},
	{"wraps the function's error", "a failed Update leaves nothing", func(b *broken) {
		b.update = func(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
			if err := b.Memory.Update(ctx, tenant, fn); err != nil {
				return fmt.Errorf("store: %w", err)
			}
			return nil
		}
	}},
	{"commits what was written before a panic", "a panic in an Update leaves nothing and holds up nobody", func(b *broken) {
		b.update = func(ctx context.Context, tenant string, fn func(ticket.Tx) error) (err error) {
			var panicked any
			_ = b.Memory.Update(ctx, tenant, func(tx ticket.Tx) error {
				defer func() { panicked = recover() }()
				err = fn(tx)
				return err
			})
			if panicked != nil {
				panic(panicked)
			}
			return err
		}
	}},
	{"keeps what a Try that failed has written", "Try keeps what succeeded and drops what failed", func(b *broken) {
		b.tx.try = func(tx ticket.Tx, fn func(ticket.Tx) error) error { return fn(tx) }
	}},
	{"keeps what a Try within another has written", "Try may be nested", func(b *broken) {
		depth := 0
		b.tx.try = func(tx ticket.Tx, fn func(ticket.Tx) error) error {
			depth++
			defer func() { depth-- }()
			if depth > 1 {
				return fn(tx)
			}
			return tx.Try(fn)
		}
	}},
	{"does not see its own writes", "a Tx sees its own writes by key, and lists what is committed", func(b *broken) {
		b.reader.tickets = func(_ ticket.Reader, ids []ticket.ID) (found []ticket.Ticket, err error) {
			err = b.Memory.View(context.Background(), brand, func(r ticket.Reader) error {
				found, err = r.Tickets(ids...)
				return err
			})
			return found, err
		}
	}},
	{"reads what another Update is about to change", "Updates side by side lose nothing", func(b *broken) {
		var before []ticket.Value
		reads := 0
		b.reader.values = func(r ticket.Reader, keys []ticket.ValueKey) ([]ticket.Value, error) {
			now, err := r.Values(keys...)
			if reads++; reads%5 == 0 && err == nil {
				return before, nil
			}
			before = now
			return now, err
		}
	}},
	{"reads tickets and values at different moments", "a View sees one moment", func(b *broken) {
		b.reader.tickets = func(r ticket.Reader, ids []ticket.ID) ([]ticket.Ticket, error) {
			now, err := r.Tickets(ids...)
			if len(now) > 0 && now[0].Version > 0 {
				now[0].Version--
			}
			return now, err
		}
	}},
	{"does not notice that another marked the key at the same time", "redeliveries side by side are new exactly once", func(b *broken) {
		asked := make(map[ticket.EventKey]int)
		b.reader.seen = func(r ticket.Reader, keys []ticket.EventKey) ([]bool, error) {
			seen, err := r.Seen(keys...)
			b.mu.Lock()
			defer b.mu.Unlock()
			for i, key := range keys {
				if asked[key]++; asked[key] == 2 {
					seen[i] = false
				}
			}
			return seen, err
		}
	}},
	{"claims in the order of scheduling", "tasks that are due are claimed in the order of Due, then of scheduling", func(b *broken) {
		b.tx.schedule = func(tx ticket.Tx, tasks []ticket.Task) {
			for _, task := range tasks {
				if task.Due.Before(at(6)) {
					task.Due = at(0)
				}
				tx.Schedule(task)
			}
		}
	}},
	{"does not know of keys", "tasks of one key are done in order", func(b *broken) {
		b.tx.schedule = func(tx ticket.Tx, tasks []ticket.Task) {
			for _, task := range tasks {
				task.Key = ""
				tx.Schedule(task)
			}
		}
	}},
	{"forgets that a task was scheduled while it was claimed", "a task that is scheduled again while claimed becomes due again", func(b *broken) {
		b.tx.finish = func(tx ticket.Tx, l ticket.Lease) error {
			err := tx.Finish(l)
			if err == nil {
				tx.Cancel(l.ID)
			}
			return err
		}
	}},
	{"is a minute late", "NextDue is never too late", func(b *broken) {
		b.reader.nextDue = func(r ticket.Reader, now time.Time) (time.Time, error) {
			next, err := r.NextDue(now)
			if !next.IsZero() {
				next = next.Add(time.Minute)
			}
			return next, err
		}
	}},
	{"lets a stale lease finish", "a lease that was overtaken is stale", func(b *broken) {
		b.tx.finish = func(tx ticket.Tx, l ticket.Lease) error {
			if err := tx.Finish(l); err != nil {
				tx.Cancel(l.ID)
			}
			return nil
		}
	}},
	{"takes an expired lease for stale", "an expired lease holds until somebody else claims", func(b *broken) {
		b.tx.holds = func(tx ticket.Tx, l ticket.Lease) (bool, error) {
			if noon.Before(l.Until) {
				return false, nil
			}
			return tx.Holds(l)
		}
	}},
	{"leases for a minute whatever was asked", "a lease lasts as long as was asked for", func(b *broken) {
		b.tx.claim = func(tx ticket.Tx, q ticket.ClaimQuery) ([]ticket.Lease, error) {
			q.Lease = time.Minute
			return tx.Claim(q)
		}
	}},
	{"does not remember claims", "two claimers never get the same task", func(b *broken) {
		claims := 0
		b.tx.claim = func(tx ticket.Tx, q ticket.ClaimQuery) (leases []ticket.Lease, err error) {
			if claims++; claims%10 > 0 {
				return tx.Claim(q)
			}
			_ = tx.Try(func(tx ticket.Tx) error {
				leases, err = tx.Claim(q)
				return errDropped
			})
			return leases, err
		}
	}},
	{"claims from paused queues", "nothing is claimed from a paused queue", func(b *broken) {
		b.tx.pauseQueue = func(ticket.Tx, ticket.QueuePause) {}
	}},
	{"never ends a pause", "a pause with an end ends by itself", func(b *broken) {
		b.tx.pauseQueue = func(tx ticket.Tx, p ticket.QueuePause) {
			p.Until = time.Time{}
			tx.PauseQueue(p)
		}
	}},
	{"reserves whoever is there or not", "Reserve keeps within capacity and presence", func(b *broken) {
		b.tx.putAgent = func(tx ticket.Tx, a ticket.AgentState) {
			a.Presence = ticket.Available
			tx.PutAgent(a)
		}
	}},
	{"adds the weight once more", "reserving again moves the weight", func(b *broken) {
		reserved := 0
		b.tx.reserve = func(tx ticket.Tx, agent string, id ticket.ID, weight int) (bool, error) {
			reserved++
			return tx.Reserve(agent, id+ticket.ID(strconv.Itoa(reserved)), weight)
		}
	}},
	{"does not remember when", "Release frees the weight and remembers when", func(b *broken) {
		b.tx.release = func(tx ticket.Tx, id ticket.ID, _ time.Time) error { return tx.Release(id, time.Time{}) }
	}},
	{"cuts to seconds when it was", "Release frees the weight and remembers when", func(b *broken) {
		b.tx.release = func(tx ticket.Tx, id ticket.ID, now time.Time) error {
			return tx.Release(id, now.Truncate(time.Second))
		}
	}},
	{"does not lower a capacity below the load", "putting an agent leaves its load as it is", func(b *broken) {
		b.tx.putAgent = func(tx ticket.Tx, a ticket.AgentState) {
			if was, _ := tx.Agents(a.Name); was[0].Load > a.Capacity {
				a.Capacity = was[0].Load
			}
			tx.PutAgent(a)
		}
	}},
	{"takes the load from the caller", "putting an agent leaves its load as it is", func(b *broken) {
		loads := make(map[string]int)
		b.tx.putAgent = func(tx ticket.Tx, a ticket.AgentState) {
			loads[a.Name] = a.Load
			tx.PutAgent(a)
		}
		b.reader.agents = func(r ticket.Reader, names []string) ([]ticket.AgentState, error) {
			agents, err := r.Agents(names...)
			for i := range agents {
				agents[i].Load = loads[agents[i].Name]
			}
			return agents, err
		}
	}},
	{"looks at the capacity before and reserves after", "reservations side by side never exceed capacity", func(b *broken) {
		var free, reserved int
		b.tx.reserve = func(tx ticket.Tx, agent string, id ticket.ID, weight int) (bool, error) {
			agents, err := tx.Agents(agent)
			if err != nil {
				return false, err
			}
			if reserved++; reserved%3 == 1 {
				free = agents[0].Free()
			}
			if free < weight {
				return false, nil
			}
			a := agents[0]
			a.Capacity += weight
			tx.PutAgent(a)
			ok, err := tx.Reserve(agent, id, weight)
			a.Capacity -= weight
			tx.PutAgent(a)
			return ok, err
		}
	}},
	{"appends what is there already", "appending a key that is there changes nothing", func(b *broken) {
		keys := make(map[string]int)
		b.tx.appendTo = func(tx ticket.Tx, entries []ticket.Entry) {
			for _, e := range entries {
				if keys[e.Key]++; keys[e.Key] > 1 {
					e.Key += fmt.Sprint(" again ", keys[e.Key])
				}
				tx.Append(e)
			}
		}
	}},
	{"numbers entries when they are appended", "nothing appears at or below a position that was read, when the first to append commits last", numbersAtAppend},
	{"hides an entry from who follows", "nothing appears at or below a position that was read, while many append", func(b *broken) {
		b.reader.journal = func(r ticket.Reader, q ticket.JournalQuery) ([]ticket.Entry, error) {
			entries, err := r.Journal(q)
			if q.Limit > 100 {
				return entries, err
			}
			return slices.DeleteFunc(entries, func(e ticket.Entry) bool { return e.Key == "0/7/a" }), err
		}
	}},
	{"looks at one condition only", "tickets are found by every condition and all together", func(b *broken) {
		b.reader.listTickets = func(r ticket.Reader, q ticket.TicketQuery) (ticket.List[ticket.Ticket], error) {
			if q.Lane != "" {
				q.Tag = ""
			}
			return r.ListTickets(q)
		}
	}},
	{"hands out the oldest first", "waiting tickets are listed in order of promise", func(b *broken) {
		b.reader.waiting = func(r ticket.Reader, lane string, p ticket.Page) (ticket.List[ticket.Ticket], error) {
			list, err := r.Waiting(lane, p)
			slices.SortFunc(list.Items, func(x, y ticket.Ticket) int { return x.Created.Compare(y.Created) })
			return list, err
		}
	}},
	{"finds the first of all only", "the first waiting ticket of each class is found, and those behind it", func(b *broken) {
		b.reader.waitingFirst = func(r ticket.Reader, lane string) ([]ticket.Ticket, error) {
			list, err := r.Waiting(lane, ticket.Page{Limit: 1})
			return list.Items, err
		}
	}},
	{"counts pages by how many tickets they pass", "paging through tickets while they are written", countsPages},
	{"counts pages by how many tickets they pass, beside writers", "whoever lists tickets while many write sees each once", func(b *broken) {
		countsPages(b)
		written := 0
		b.view = func(ctx context.Context, tenant string, fn func(ticket.Reader) error) error { // one comes before each page
			b.mu.Lock()
			written++
			id := ticket.ID(fmt.Sprint("early ", written))
			b.mu.Unlock()
			if err := b.Memory.Update(ctx, tenant, func(tx ticket.Tx) error { tx.PutTicket(open(id, "lane", -90)); return nil }); err != nil {
				return err
			}
			return b.Memory.View(ctx, tenant, func(r ticket.Reader) error {
				wrapped := b.reader
				wrapped.Reader = r
				return fn(wrapped)
			})
		}
	}},
	{"takes any page", "a page that no list named is an error", func(b *broken) {
		b.reader.waiting = func(r ticket.Reader, lane string, p ticket.Page) (ticket.List[ticket.Ticket], error) {
			list, err := r.Waiting(lane, p)
			if err != nil {
				return r.Waiting(lane, ticket.Page{})
			}
			return list, nil
		}
	}},
	{"knows one tenant", "two tenants never meet", func(b *broken) {
		b.update = func(ctx context.Context, _ string, fn func(ticket.Tx) error) error {
			return b.Memory.Update(ctx, "all", fn)
		}
		b.view = func(ctx context.Context, _ string, fn func(ticket.Reader) error) error {
			return b.Memory.View(ctx, "all", fn)
		}
	}},
	{"goes on after it was closed", "a closed Store returns ErrClosed", func(b *broken) {
		b.close = func() error { return nil }
	}},
	{"does not look at the context", "nothing is done when the context has ended", func(b *broken) {
		b.update = func(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
			return b.Memory.Update(context.WithoutCancel(ctx), tenant, fn)
		}
	}},
	{"closes the channel before its context ends", "a Waker wakes after work and journal entries, and only its tenant", func(b *broken) {
		b.wake = func(context.Context) <-chan struct{} {
			wake := make(chan struct{})
			close(wake)
			return wake
		}
	}},
}

// numbersAtAppend gives positions when entries are appended and shows them when their Update ends, as a database's sequence does.
func numbersAtAppend(b *broken) {
	var number int
	var shown []ticket.Entry
	b.update = func(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
		var own []ticket.Entry
		alone := &broken{Memory: ticket.NewMemory(nil)}
		alone.tx.appendTo = func(_ ticket.Tx, entries []ticket.Entry) {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, e := range entries {
				number++
				e.Position = ticket.Position(fmt.Sprintf("%06d", number))
				own = append(own, e)
			}
		}
		err := alone.Update(ctx, tenant, fn)
		b.mu.Lock()
		defer b.mu.Unlock()
		shown = append(shown, own...)
		slices.SortFunc(shown, func(x, y ticket.Entry) int { return cmp.Compare(x.Position, y.Position) })
		return err
	}
	b.reader.journal = func(_ ticket.Reader, q ticket.JournalQuery) ([]ticket.Entry, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		i := slices.IndexFunc(shown, func(e ticket.Entry) bool { return e.Position > q.After })
		if i < 0 {
			return nil, nil
		}
		return slices.Clone(shown[i:]), nil
	}
}

func countsPages(b *broken) {
	b.reader.listTickets = func(r ticket.Reader, q ticket.TicketQuery) (ticket.List[ticket.Ticket], error) {
		offset, _ := strconv.Atoi(q.After)
		limit := q.Limit
		q.After, q.Limit = "", 10_000
		list, err := r.ListTickets(q)
		list.Items = list.Items[min(offset, len(list.Items)):]
		if len(list.Items) > limit {
			list.Items, list.Next = list.Items[:limit], strconv.Itoa(offset+limit)
		}
		return list, err
	}
}

func TestABrokenStoreFailsTheCheckThatIsMeant(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			h := MemoryHarness()
			whole := h.Open
			h.Open = func(t T) Rig {
				r := whole(t)
				b := &broken{Memory: r.Store.(*ticket.Memory)}
				f.fault(b)
				r.Store = b
				return r
			}
			failures := failuresOf(t, f.check, h)
			if len(failures) == 0 {
				t.Fatalf("%q finds nothing", f.check)
			}
			t.Logf("%s", failures[0])
		})
	}
}

// A wrapper that breaks nothing passes, so the failures above are the faults' own.
func TestAWrappedStorePassesTheKit(t *testing.T) {
	t.Parallel()
	h := MemoryHarness()
	whole := h.Open
	h.Open = func(t T) Rig {
		r := whole(t)
		r.Store = &broken{Memory: r.Store.(*ticket.Memory)}
		return r
	}
	Run(t, h)
}
