package routing

import (
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// wish is what one ticket asks of a pool.
type wish struct {
	weight   int    // at least 1; less counts as 1
	keep     int    // what must stay free beside it
	n        int    // how many agents to name
	language string // as base returns it; "" when it is not known
	shifts   shifts
	first    []string  // agents to try first, in this order
	seed     [2]uint64 // for Random
}

// shifts tells which shifts are on at a time. Of the zero value all are.
type shifts struct {
	calendars map[string]*sla.Calendar
	now       time.Time
}

func (s *shifts) on(shift string) bool { return s.calendars[shift].Open(s.now) } // none is always open

// rank returns those of the team who can take a ticket, best first, and counts the others by cause.
func (r *Roster) rank(n *need, w *wish) ([]string, []Passed) {
	w.weight = max(w.weight, 1)
	p := r.pool(n, w.language)
	r.mu.RLock()
	defer r.mu.RUnlock()
	working := r.beginRanking()
	defer r.endRanking(working)
	passed, lists := &working.passed, heads(working.room[:0])
	for _, g := range p.groups {
		if !w.shifts.on(g.shift) {
			passed.off.add(g.all)
			continue
		}
		passed.absent.add(g.absent)
		for free := range g.levels {
			l := &g.levels[free]
			switch least := w.weight + w.keep; {
			case len(l.ranked) == 0:
			case free == levels-1 && least > free:
				lists.add(passed.sift(l, w))
			case free < w.weight:
				passed.full.add(l.named)
			case free < least:
				passed.reserved.add(l.named)
			default:
				lists.add(l.ranked)
			}
		}
	}
	var names []string
	if w.n > 0 && len(lists) > 0 {
		names = make([]string, 0, min(w.n, p.size))
	}
	for _, name := range w.first {
		if len(names) < w.n && !slices.Contains(names, name) && r.able(p, name, w) {
			names = append(names, name)
		}
	}
	if n.random {
		names = slices.Clone(lists).draw(p, names, w) // a copy, so that without chance nothing leaves the stack
	} else {
		names = lists.merge(p, names, w.n)
	}
	return names, passed.list(p.unfit)
}

// can reports whether an agent is among those who can take a ticket now.
func (r *Roster) can(n *need, name string, w *wish) bool {
	w.weight = max(w.weight, 1)
	p := r.pool(n, w.language)
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.able(p, name, w)
}

// able reports whether an agent is in the pool and can take the ticket now.
func (r *Roster) able(p *pool, name string, w *wish) bool {
	m := r.members[name]
	if m == nil || m.state.Free() < w.weight+w.keep || !w.shifts.on(m.agent.Shift) {
		return false
	}
	return slices.ContainsFunc(m.entries, func(e *entry) bool { return e.group.pool == p })
}

// heads are lists in a pool's order, taken from the front.
type heads [][]*entry

func (h *heads) add(list []*entry) {
	if len(list) > 0 {
		*h = append(*h, list)
	}
}

// best returns the index of the list whose front comes first.
func (h heads) best(p *pool) int {
	best := 0
	for i := 1; i < len(h); i++ {
		if p.before(h[i][0], h[best][0]) < 0 {
			best = i
		}
	}
	return best
}

// skip takes n off the front of a list.
func (h *heads) skip(i, n int) {
	lists := *h
	if lists[i] = lists[i][n:]; len(lists[i]) == 0 {
		last := len(lists) - 1
		lists[i] = lists[last]
		*h = lists[:last]
	}
}

// merge adds the names that come first, up to n of them with those that are there.
func (h heads) merge(p *pool, names []string, n int) []string {
	there := len(names)
	for len(names) < n && len(h) > 0 {
		i := h.best(p)
		name := h[i][0].agent.Name
		h.skip(i, 1)
		if !slices.Contains(names[:there], name) {
			names = append(names, name)
		}
	}
	return names
}

// draw is merge with chance deciding between those whom the order leaves equal.
func (h heads) draw(p *pool, names []string, w *wish) []string {
	there := len(names)
	random := rand.New(rand.NewPCG(w.seed[0], w.seed[1]))
	for len(names) < w.n && len(h) > 0 {
		front := h[h.best(p)][0]
		equal := func(list []*entry) int {
			return sort.Search(len(list), func(i int) bool { return p.compare(front, list[i]) < 0 })
		}
		total := 0
		for _, list := range h {
			total += equal(list)
		}
		for at := range shuffled(random, total) {
			if name := h.at(at, equal).agent.Name; !slices.Contains(names[:there], name) {
				names = append(names, name)
			}
			if len(names) == w.n {
				return names
			}
		}
		for i := len(h) - 1; i >= 0; i-- {
			h.skip(i, equal(h[i]))
		}
	}
	return names
}

// at returns the one of that number among the fronts of all lists, of which equal tells the lengths.
func (h heads) at(i int, equal func([]*entry) int) *entry {
	for _, list := range h {
		n := equal(list)
		if i < n {
			return list[i]
		}
		i -= n
	}
	return nil
}

// shuffled yields the numbers below total in an order of chance, at the cost of those that are taken.
func shuffled(random *rand.Rand, total int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		moved := make(map[int]int) // what stands where no longer its own number does
		number := func(at int) int {
			if n, ok := moved[at]; ok {
				return n
			}
			return at
		}
		for i := range total {
			at := i + random.IntN(total-i)
			drawn := number(at)
			moved[at] = number(i)
			if !yield(drawn) {
				return
			}
		}
	}
}
