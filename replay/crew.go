package replay

import (
	"container/heap"
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// crewTeam is the team of the simulated agents in lanes that have none.
const crewTeam = "simulated"

// crew are the simulated agents at work.
type crew struct {
	handle time.Duration
	seed   uint64
	names  map[string]bool
	turns  map[ticket.ID]int    // how often each ticket was taken up
	doing  map[ticket.ID]finish // what is being handled
	busy   map[string]time.Time // until when each agent has work, where one can hold several tickets
	worked map[string]time.Duration
	due    finishes
	count  int
}

// finish is when an agent will be done with a ticket.
type finish struct {
	at     time.Time
	order  int
	ticket ticket.ID
	agent  string
}

func newCrew(agents int, handle time.Duration, seed uint64) *crew {
	c := &crew{handle: handle, seed: seed, names: make(map[string]bool), turns: make(map[ticket.ID]int), doing: make(map[ticket.ID]finish), busy: make(map[string]time.Time), worked: make(map[string]time.Duration)}
	for i := range agents {
		c.names[agentName(i)] = true
	}
	return c
}

func agentName(i int) string { return fmt.Sprintf("agent-%03d", i+1) }

// staff returns the setup with the crew in place of its agents: members of every team, and every lane has a team, as has what no lane takes.
func (c *crew) staff(s socialcrm.Setup) socialcrm.Setup {
	s.Lanes, s.Teams = slices.Clone(s.Lanes), slices.Clone(s.Teams)
	used := make(map[string]bool)
	if n := len(s.Lanes); n == 0 || !s.Lanes[n-1].When.IsZero() {
		name := routing.DefaultLane
		for slices.ContainsFunc(s.Lanes, func(l routing.Lane) bool { return l.Name == name }) {
			name += "+"
		}
		s.Lanes = append(s.Lanes, routing.Lane{Name: name, Purpose: "What no other lane takes."})
	}
	for i := range s.Lanes {
		if s.Lanes[i].Team == "" {
			s.Lanes[i].Team = crewTeam
		}
		used[s.Lanes[i].Team] = true
	}
	if used[crewTeam] && !slices.ContainsFunc(s.Teams, func(t routing.Team) bool { return t.Name == crewTeam }) {
		s.Teams = append(s.Teams, routing.Team{Name: crewTeam})
	}
	teams := make([]string, len(s.Teams))
	for i, t := range s.Teams {
		teams[i] = t.Name
	}
	// The Setup's own agents stay in it, away, because lanes and steps may name them or want what only they can do; the crew can do all of it, one ticket at a time.
	skills, languages := make(map[string]int), []string(nil)
	s.Agents, s.Weights = slices.Clone(s.Agents), nil
	for i := range s.Agents {
		a := &s.Agents[i]
		a.AlwaysOn = false
		for skill, level := range a.Skills {
			skills[skill] = max(skills[skill], level)
		}
		languages = append(languages, a.Languages...)
	}
	slices.Sort(languages)
	languages = slices.Compact(languages)
	for i := range len(c.names) {
		s.Agents = append(s.Agents, routing.Agent{Name: agentName(i), Teams: teams, Skills: skills, Languages: languages, Capacity: 1, AlwaysOn: true})
	}
	return s
}

// own returns the setup with its own agents as the crew: there whenever their shift is.
func (c *crew) own(s socialcrm.Setup) socialcrm.Setup {
	s.Agents = slices.Clone(s.Agents)
	for i := range s.Agents {
		s.Agents[i].AlwaysOn = true
		s.Agents[i].Role = "" // nobody approves what is not written
		c.names[s.Agents[i].Name] = true
	}
	s.Lanes, s.Approval = slices.Clone(s.Lanes), false
	for i := range s.Lanes {
		s.Lanes[i].Approval, s.Lanes[i].Pull = false, false
	}
	return s
}

// takeUp lets an agent who was given the ticket begin with it.
func (c *crew) takeUp(t ticket.Ticket, now time.Time) {
	if t.Status.Done() || !c.names[t.Agent] || c.doing[t.ID].agent == t.Agent {
		return
	}
	c.count++
	begins, takes := now, c.time(t.ID)
	if busy := c.busy[t.Agent]; busy.After(begins) {
		begins = busy
	}
	f := finish{at: begins.Add(takes), order: c.count, ticket: t.ID, agent: t.Agent}
	c.busy[t.Agent] = f.at
	c.worked[t.Agent] += takes
	c.doing[t.ID] = f
	heap.Push(&c.due, f)
}

// time is how long the ticket takes this time. It follows from the ticket, whoever handles it, so that runs with more or fewer agents can be compared.
func (c *crew) time(id ticket.ID) time.Duration {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%d", id, c.turns[id])
	c.turns[id]++
	d := rand.New(rand.NewPCG(c.seed, h.Sum64())).ExpFloat64() * float64(c.handle)
	return max(1, time.Duration(min(d, float64(1000*c.handle))))
}

// next is when the next agent is done, and whether anybody is at work.
func (c *crew) next() (time.Time, bool) {
	if c == nil {
		return time.Time{}, false
	}
	for len(c.due) > 0 {
		if f := c.due[0]; c.doing[f.ticket] == f {
			return f.at, true
		}
		heap.Pop(&c.due) // the ticket was taken away meanwhile
	}
	return time.Time{}, false
}

// finish lets the agent who is done next answer and solve.
func (c *crew) finish(ctx context.Context, desk *socialcrm.Desk) error {
	f := heap.Pop(&c.due).(finish)
	delete(c.doing, f.ticket)
	t, err := desk.Ticket(ctx, f.ticket)
	if err != nil || t.Status.Done() || t.Agent != f.agent {
		return err
	}
	_, err = desk.Reply(ctx, f.ticket, socialcrm.By{Actor: ticket.Agent(f.agent)}, socialcrm.Reply{Text: "This is a simulated answer.", Then: ticket.Solved})
	return err
}

// finishes is a heap by time, then by who began first.
type finishes []finish

func (f finishes) Len() int { return len(f) }
func (f finishes) Less(i, j int) bool {
	if !f[i].at.Equal(f[j].at) {
		return f[i].at.Before(f[j].at)
	}
	return f[i].order < f[j].order
}
func (f finishes) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *finishes) Push(x any)   { *f = append(*f, x.(finish)) }
func (f *finishes) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}
