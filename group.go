package socialcrm

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// arrival is what one caller brings at once: the events of an Ingest, of a webhook call, of a poll.
type arrival struct {
	source  string
	events  []channel.Event
	bad     []channel.Bad
	then    func(*work) error // in the same transaction: moving a cursor, finishing a task
	results []Result

	alone [1]*arrival // where the list begins of those who share its commit
	err   error
	turn  chan bool // false: it is done; true: lead the next group
	told  bool      // whether turn got its false
	// decided is set for a leader on an overlapping Store: called when its transaction has done its work and will commit.
	decided func()
}

// group lets arrivals that come together share a commit. The callers lead it themselves: the first to come commits for all that came meanwhile, then hands
// the lead to the next that waits. On a ticket.Overlapping Store it does so as soon as only the commit is left, so that the next group decides meanwhile; a
// third waits until the first has committed.
type group struct {
	mu      sync.Mutex
	leading bool
	waiting []*arrival
	commits int  // how many have decided and commit
	kept    bool // the lead waits for one of them to end
}

// most is how many events one commit takes at most; a single arrival may be larger.
const most = 256

// do takes the arrival in and returns once it is stored. When ctx ends first it returns ctx's error, and the arrival may still be stored.
func (g *group) do(ctx context.Context, d *Desk, a *arrival) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ticket.IsUngrouped(ctx) {
		return d.transact(ctx, (*work).arriveAll, []*arrival{a})
	}
	g.mu.Lock()
	if g.leading {
		a.turn = make(chan bool, 1)
		a.events = slices.Clone(a.events) // the caller may give up waiting and use its own again
		g.waiting = append(g.waiting, a)
		g.mu.Unlock()
		select {
		case lead := <-a.turn:
			if !lead {
				return a.err
			}
		case <-ctx.Done():
			return g.leave(ctx, a)
		}
		g.mu.Lock()
	}
	g.leading = true
	together := append(append(a.alone[:0], a), g.take()...)
	g.mu.Unlock()
	early := false
	if d.overlaps {
		a.decided = func() {
			if !early { // its function may run again
				early = true
				g.passEarly()
			}
		}
	}
	defer func() { // also when a router or predicate of the host panics
		a.decided = nil
		handOver(together, a)
		g.passAfter(early)
	}()
	g.commit(ctx, d, together, a)
	return a.err
}

// handOver tells whoever was not told yet.
func handOver(together []*arrival, leader *arrival) {
	for _, a := range together {
		if a != leader && !a.told {
			a.err = errLeaderPanicked
			a.turn <- false
		}
	}
}

// passEarly hands the lead on while the leader's commit goes on, or keeps it until an earlier commit ends.
func (g *group) passEarly() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.commits++
	if g.kept = g.commits > 1; !g.kept {
		g.passLocked()
	}
}

// passAfter hands the lead on after a commit, unless somebody has it already.
func (g *group) passAfter(early bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if early {
		g.commits--
	}
	if !early || g.kept {
		g.kept = false
		g.passLocked()
	}
}

var errLeaderPanicked = errors.New("a panic ended the commit; give it again")

// take removes from the queue what fits into one commit.
func (g *group) take() []*arrival {
	n, events := 0, 0
	for n < len(g.waiting) && events+len(g.waiting[n].events) <= most {
		events += len(g.waiting[n].events)
		n++
	}
	if n == 0 {
		return nil
	}
	together := append([]*arrival(nil), g.waiting[:n]...)
	g.waiting = append(g.waiting[:0], g.waiting[n:]...)
	return together
}

// leave takes an arrival whose caller gave up out of the queue, if it is still there; a lead that was handed to it is handed on.
func (g *group) leave(ctx context.Context, a *arrival) error {
	g.mu.Lock()
	for i, other := range g.waiting {
		if other == a {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			g.mu.Unlock()
			return ctx.Err()
		}
	}
	g.mu.Unlock()
	select {
	case lead := <-a.turn:
		if lead {
			g.pass()
			return ctx.Err()
		}
		return a.err
	default:
		return ctx.Err() // somebody is committing it right now
	}
}

// pass hands the lead to the next that waits, or lets it go.
func (g *group) pass() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passLocked()
}

func (g *group) passLocked() {
	if len(g.waiting) == 0 {
		g.leading = false
		return
	}
	next := g.waiting[0]
	g.waiting = append(g.waiting[:0], g.waiting[1:]...)
	next.turn <- true
}

// commit stores the arrivals in one transaction. Should that fail, each gets its own, so that one that cannot be stored costs the others nothing. The
// leader's own cancellation does not cancel the others.
func (g *group) commit(ctx context.Context, d *Desk, together []*arrival, leader *arrival) {
	shared := ctx
	if len(together) > 1 {
		shared = context.WithoutCancel(ctx)
	}
	err := d.transact(shared, (*work).arriveAll, together)
	for _, a := range together {
		a.err = err
		if err != nil && len(together) > 1 {
			own := shared
			if a == leader {
				own = ctx
			}
			a.err = d.transact(own, (*work).arriveAll, []*arrival{a})
		}
		if a != leader {
			a.told = true
			a.turn <- false
		}
	}
}
