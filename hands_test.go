package socialcrm_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// stressed is the company of this test: three lanes, one of which hands out nothing, and agents of several teams with different room.
func stressed() socialcrm.Setup {
	word := func(w string) rule.Condition { return rule.Condition{Fact: "text", Word: w} }
	s := socialcrm.Setup{
		Lanes: []routing.Lane{
			{Name: "fast", Team: "fast", When: word("fast"), Return: true},
			{Name: "pull", Team: "pull", When: word("pull"), Pull: true},
			{Name: "slow", Team: "slow", Priorities: []routing.PriorityRule{{When: word("urgent"), Priority: ticket.High}}},
		},
		Teams:   []routing.Team{{Name: "fast"}, {Name: "pull"}, {Name: "slow"}},
		Weights: []routing.Weight{{When: word("heavy"), Weight: 2}},
		SLA:     []sla.Policy{{Name: "fast", When: laneIs("fast"), Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}}}},
	}
	for i := range 30 {
		a := routing.Agent{Name: fmt.Sprint("a", i), Capacity: 1 + i%4, Teams: []string{s.Teams[i%3].Name}}
		if i%2 == 0 {
			a.Teams = append(a.Teams, s.Teams[(i+1)%3].Name)
		}
		s.Agents = append(s.Agents, a)
	}
	return s
}

// TestHandsAreGivenWorkInOrderUnderStress lets 64 goroutines write, finish, come, go away, ask for work, give back and assign by hand, and then replays the journal by
// rules of its own. SOCIALCRM_STRESS says how many tickets there are.
func TestHandsAreGivenWorkInOrderUnderStress(t *testing.T) {
	t.Parallel()
	tickets := 1500
	if n, err := strconv.Atoi(os.Getenv("SOCIALCRM_STRESS")); err == nil {
		tickets = n
	}
	begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var ticks, wrote atomic.Int64
	now := func() time.Time { return begin.Add(time.Duration(ticks.Add(1)) * time.Microsecond) }
	page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: begin.Add(-time.Hour)})
	setup := stressed()
	desk, err := socialcrm.New(socialcrm.Config{Setup: setup, Channels: []channel.Channel{speaker{page}}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	one := func(random *rand.Rand) error {
		agent := setup.Agents[random.IntN(len(setup.Agents))].Name
		held := func() ticket.ID {
			list, err := desk.Tickets(ctx, ticket.TicketQuery{Agent: agent, Statuses: []ticket.Status{ticket.New, ticket.Open}})
			if err != nil || len(list.Items) == 0 {
				return ""
			}
			return list.Items[random.IntN(len(list.Items))].ID
		}
		switch random.IntN(20) {
		case 0, 1, 2, 3:
			n := wrote.Add(1)
			if n > int64(tickets) {
				return nil
			}
			text := []string{"fast", "pull", "slow", "slow urgent"}[random.IntN(4)]
			if random.IntN(4) == 0 {
				text += " heavy"
			}
			id := fmt.Sprint("m", n)
			_, err := desk.Ingest(ctx, channel.Event{Kind: channel.MessageReceived, Account: page.Account().AccountID, Message: channel.Message{ID: id, Author: channel.Author{ID: "c" + id}, Text: text, Time: now()}})
			return err
		case 4:
			return desk.SetPresence(ctx, by(agent), agent, []ticket.Presence{ticket.Available, ticket.Available, ticket.Busy, ticket.Away}[random.IntN(4)])
		case 5, 6:
			_, err := desk.Next(ctx, by(agent))
			return err
		case 7:
			if id := held(); id != "" {
				_, err := desk.Assign(ctx, id, by(agent), "")
				return err
			}
		case 8:
			if id := held(); id != "" {
				_, err := desk.Assign(ctx, id, by(agent), setup.Agents[random.IntN(len(setup.Agents))].Name)
				return err
			}
		default:
			if id := held(); id != "" {
				_, err := desk.Resolve(ctx, id, by(agent), "")
				return err
			}
		}
		return nil
	}
	var all sync.WaitGroup
	for g := range 64 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(7, uint64(g)))
			for wrote.Load() < int64(tickets) {
				if err := one(random); err != nil && !errors.Is(err, socialcrm.ErrCapacity) && !errors.Is(err, socialcrm.ErrNotFound) && !errors.Is(err, socialcrm.ErrInvalid) {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	newReplayed(t, desk, setup).check(ctx)
}

// replayed is a history of who had what, told again from the journal alone, by rules of its own.
type replayed struct {
	t       *testing.T
	desk    *socialcrm.Desk
	agents  map[string]*worker
	tickets map[ticket.ID]*matter
	waiting map[string]*[3][]*matter // by lane and weight, in order of promise
	gave    map[string][]*matter     // by agent, what the agent declined since the last change of presence
	commits int
	given   int
}

type worker struct {
	routing.Agent
	presence ticket.Presence
	load     int
}

func (a *worker) free() int {
	if a.presence != ticket.Available {
		return 0
	}
	return a.Capacity - a.load
}

type matter struct {
	ticket.Ticket        // as it is in the end, for what never changes
	lane, agent   string // as it was
	weight        int
	promise       time.Time
	declined      string
	priority      int
	closed        bool
}

func newReplayed(t *testing.T, desk *socialcrm.Desk, s socialcrm.Setup) *replayed {
	r := &replayed{t: t, desk: desk, agents: map[string]*worker{}, tickets: map[ticket.ID]*matter{}, waiting: map[string]*[3][]*matter{"fast": {}, "pull": {}, "slow": {}}, gave: map[string][]*matter{}}
	for _, a := range s.Agents {
		r.agents[a.Name] = &worker{Agent: a}
	}
	return r
}

// before is the order of promise.
func (m *matter) before(o *matter) bool {
	if m.promise.IsZero() != o.promise.IsZero() {
		return o.promise.IsZero()
	}
	return cmp.Or(m.promise.Compare(o.promise), cmp.Compare(o.priority, m.priority), m.Created.Compare(o.Created), strings.Compare(string(m.ID), string(o.ID))) < 0
}

// place says where in its queue a matter is, or would be.
func (r *replayed) place(m *matter) (queue *[]*matter, at int, there bool) {
	queue = &r.waiting[m.lane][m.weight]
	at, there = slices.BinarySearchFunc(*queue, m, func(a, b *matter) int {
		switch {
		case a == b:
			return 0
		case a.before(b):
			return -1
		}
		return 1
	})
	return queue, at, there
}

func (r *replayed) wait(m *matter) {
	if queue, at, there := r.place(m); !there {
		*queue = slices.Insert(*queue, at, m)
	}
}

func (r *replayed) leave(m *matter) {
	if queue, at, there := r.place(m); there {
		*queue = slices.Delete(*queue, at, at+1)
	}
}

// first is the first who waits in a lane with a weight and whom the agent did not decline, but for those left out.
func (r *replayed) first(lane string, weight int, agent string, but map[*matter]bool) *matter {
	for _, m := range r.waiting[lane][weight] {
		if m.declined != agent && !but[m] {
			return m
		}
	}
	return nil
}

func (r *replayed) check(ctx context.Context) {
	q := ticket.TicketQuery{Page: ticket.Page{Limit: 1000}}
	for {
		list, err := r.desk.Tickets(ctx, q)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, t := range list.Items {
			m := &matter{Ticket: t, lane: strings.Fields(t.Subject)[0], weight: 1}
			if strings.Contains(t.Subject, "heavy") {
				m.weight = 2
			}
			if strings.Contains(t.Subject, "urgent") {
				m.priority = 1
			}
			if m.lane == "fast" {
				m.promise = t.Created.Add(time.Hour)
			}
			r.tickets[t.ID] = m
		}
		if q.After = list.Next; q.After == "" {
			break
		}
	}
	var commit []ticket.Entry
	j := ticket.JournalQuery{Limit: 1000}
	for {
		entries, err := r.desk.Journal(ctx, j)
		if err != nil {
			r.t.Fatal(err)
		}
		for _, e := range entries {
			if len(commit) > 0 && !commit[0].Processed.Equal(e.Processed) {
				r.commit(commit)
				commit = commit[:0]
			}
			commit, j.After = append(commit, e), e.Position
		}
		if len(entries) < j.Limit || r.t.Failed() {
			break
		}
	}
	r.commit(commit)
	if r.given < len(r.tickets)/4 {
		r.t.Errorf("only %d tickets were handed out of a queue, of %d: the test tries nothing", r.given, len(r.tickets))
	}
	r.t.Logf("%d tickets, %d commits, %d handed out of a queue", len(r.tickets), r.commits, r.given)
}

// commit tells what one transaction did, and holds what must be so after each.
func (r *replayed) commit(entries []ticket.Entry) {
	if r.t.Failed() {
		return
	}
	r.commits++
	type assigned struct {
		m     *matter
		a     *worker
		asked bool
	}
	var given []assigned
	waited, fresh := map[*matter]bool{}, map[*matter]bool{} // before this commit, and since it
	for _, e := range entries {
		m := r.tickets[e.Ticket]
		if m != nil && m.agent == "" && !m.closed {
			_, _, waited[m] = r.place(m)
		}
	}
	for _, e := range entries {
		m := r.tickets[e.Ticket]
		switch e.Kind {
		case ticket.TicketCreated:
			r.wait(m)
			fresh[m] = true
		case ticket.AgentPresence:
			a := r.agents[e.Reason]
			a.presence = ticket.Presence(e.New)
			for _, m := range r.gave[a.Name] {
				if m.declined == a.Name {
					m.declined = ""
				}
			}
			r.gave[a.Name] = nil
		case ticket.TicketStatus:
			if ticket.Status(e.New).Done() {
				m.closed = true
				r.leave(m)
				if a := r.agents[m.agent]; a != nil {
					a.load -= m.weight
				}
			}
		case ticket.TicketAssigned:
			if m.agent != e.Old || m.closed {
				r.t.Errorf("%s: ticket %s goes from %q to %q; it was with %q, closed %t", e.Position, m.ID, e.Old, e.New, m.agent, m.closed)
			}
			if a := r.agents[m.agent]; a != nil {
				a.load -= m.weight
			}
			m.agent, m.declined = e.New, ""
			if e.New == "" {
				r.wait(m)
				fresh[m] = true
				if e.Actor.Kind == ticket.ByAgent {
					m.declined = e.Old
					r.gave[e.Old] = append(r.gave[e.Old], m)
				}
				continue
			}
			r.leave(m)
			a := r.agents[e.New]
			if a.load += m.weight; a.load > a.Capacity || a.presence != ticket.Available {
				r.t.Errorf("%s: %s, who is %q, is given ticket %s and holds %d of %d", e.Position, a.Name, a.presence, m.ID, a.load, a.Capacity)
			}
			system := e.Actor.Kind == ticket.BySystem
			if asked := strings.Contains(string(e.Detail), `"asked for"`); system || asked {
				given = append(given, assigned{m, a, asked})
			}
			if system && waited[m] {
				r.given++
			}
		}
	}
	for _, g := range given {
		for _, team := range g.a.Teams {
			for weight := 1; weight <= 2 && (g.asked || team != "pull"); weight++ {
				if u := r.first(team, weight, g.a.Name, fresh); u != nil && u.before(g.m) && weight <= g.a.free()+g.m.weight {
					r.t.Errorf("%s was given %s (%s), though %s (%s) comes first", g.a.Name, g.m.ID, g.m.Subject, u.ID, u.Subject)
				}
			}
		}
	}
	for _, a := range r.agents {
		if a.free() == 0 {
			continue
		}
		for _, team := range a.Teams {
			for weight := 1; weight <= min(a.free(), 2) && team != "pull"; weight++ {
				if m := r.first(team, weight, a.Name, nil); m != nil {
					r.t.Errorf("after %s: %s has room for %d, and %s (%s) waits", entries[len(entries)-1].Key, a.Name, a.free(), m.ID, m.Subject)
				}
			}
		}
		if r.t.Failed() {
			for _, e := range entries {
				r.t.Logf("%s %s %s %s by %v: %q to %q, %s %s", e.Processed.Format("05.000000000"), e.Position, e.Ticket, e.Kind, e.Actor, e.Old, e.New, e.Reason, e.Detail)
			}
			return
		}
	}
}
