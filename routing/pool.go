package routing

import (
	"cmp"
	"slices"

	"github.com/socialcrm/socialcrm/ticket"
)

// need is what a lane asks of agents, and how it orders them.
type need struct {
	team   string
	skills map[string]int
	speak  bool
	order  []By // of those that compare two agents
	random bool // decides between those whom order leaves equal
}

// byLanguage reports whether it matters what language a ticket is in.
func (n *need) byLanguage() bool { return n.speak || slices.Contains(n.order, BestSkill) }

// poolKey names a pool. The language is "" where it does not matter or is not known, and unspoken for all that nobody speaks.
type poolKey struct {
	need     *need
	language string
}

const unspoken = "?"

// pool is the agents who can do what a lane needs, in its order.
type pool struct {
	*need
	size   int      // how many they are
	groups []*group // by shift
	unfit  []Passed // who cannot
}

// group is the agents of a pool who work in the same shift.
type group struct {
	pool   *pool
	shift  string
	all    []*entry // by name
	absent []*entry // not available, by name
	levels [levels]level
}

// level is those who are available and have the same capacity free.
type level struct {
	ranked []*entry // in the order of the pool
	named  []*entry // by name
}

// levels is how many amounts of free capacity are kept apart; the last holds those who have more, too.
const levels = 17

// entry is an agent in a pool.
type entry struct {
	*member
	group *group
	score int // for BestSkill
}

// pool returns the pool of a key, which it makes when it is first asked for.
func (r *Roster) pool(n *need, language string) *pool {
	key := poolKey{need: n}
	if language != "" && n.byLanguage() {
		if key.language = language; !r.spoken[language] {
			key.language = unspoken
		}
	}
	r.mu.RLock()
	p := r.pools[key]
	r.mu.RUnlock()
	if p != nil {
		return p
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if p = r.pools[key]; p == nil {
		p = r.newPool(key)
		r.pools[key] = p
	}
	return p
}

func (r *Roster) newPool(key poolKey) *pool {
	p := &pool{need: key.need}
	unskilled, mute := Passed{Cause: Unskilled}, Passed{Cause: NoLanguage}
	var members []*member
	if t := r.teams[p.team]; t != nil {
		members = t.members
	}
	for _, m := range members {
		e := &entry{member: m}
		speaks := key.language != "" && m.agent.speaks(key.language)
		switch {
		case !m.agent.can(p.skills):
			unskilled.add(m.agent.Name)
			continue
		case p.speak && key.language != "" && !speaks:
			mute.add(m.agent.Name)
			continue
		}
		for skill := range p.skills {
			e.score += min(m.agent.Skills[skill], 1<<20)
		}
		if speaks {
			e.score += 1 << 40
		}
		e.group = p.group(m.agent.Shift)
		e.group.all = append(e.group.all, e)
		e.join()
		m.entries = append(m.entries, e)
		p.size++
	}
	for _, passed := range []Passed{unskilled, mute} {
		if passed.Count > 0 {
			p.unfit = append(p.unfit, passed)
		}
	}
	return p
}

func (p *pool) group(shift string) *group {
	for _, g := range p.groups {
		if g.shift == shift {
			return g
		}
	}
	g := &group{pool: p, shift: shift}
	p.groups = append(p.groups, g)
	return g
}

// before compares by the pool's order, then by name.
func (p *pool) before(a, b *entry) int {
	if c := p.compare(a, b); c != 0 {
		return c
	}
	return byName(a, b)
}

func byName(a, b *entry) int { return cmp.Compare(a.agent.Name, b.agent.Name) }

// compare is negative when a gets work before b.
func (n *need) compare(a, b *entry) int {
	for _, by := range n.order {
		c := 0
		switch by {
		case BestSkill:
			c = cmp.Compare(b.score, a.score)
		case LeastLoaded: // as shares of capacity, without dividing
			c = cmp.Compare(a.state.Load*b.state.Capacity, b.state.Load*a.state.Capacity)
		case LongestIdle:
			if c = cmp.Compare(min(a.state.Load, 1), min(b.state.Load, 1)); c == 0 {
				c = a.idleSince().Compare(b.idleSince())
			}
		case RoundRobin:
			c = cmp.Compare(a.turn, b.turn)
		}
		if c != 0 {
			return c
		}
	}
	return 0
}

// join puts the agent where the agent's state belongs; leave takes the agent out again, and must come before the state changes.
func (e *entry) join() {
	if e.state.Presence != ticket.Available {
		insert(&e.group.absent, e, byName)
		return
	}
	l := e.level()
	insert(&l.ranked, e, e.group.pool.before)
	insert(&l.named, e, byName)
}

func (e *entry) leave() {
	if e.state.Presence != ticket.Available {
		remove(&e.group.absent, e, byName)
		return
	}
	l := e.level()
	remove(&l.ranked, e, e.group.pool.before)
	remove(&l.named, e, byName)
}

func (e *entry) level() *level { return &e.group.levels[min(e.state.Free(), levels-1)] }

func insert(list *[]*entry, e *entry, order func(a, b *entry) int) {
	i, _ := slices.BinarySearchFunc(*list, e, order)
	*list = slices.Insert(*list, i, e)
}

func remove(list *[]*entry, e *entry, order func(a, b *entry) int) {
	if i, found := slices.BinarySearchFunc(*list, e, order); found {
		*list = slices.Delete(*list, i, i+1)
	}
}
