package socialcrm

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// queues is what the lanes of a company do with those who wait.
type queues struct {
	calendars map[string]*sla.Calendar
	after     map[string]time.Duration // Overflow.After of lanes
	opens     map[string][]string      // by lane, the calendars at whose opening its tickets may be taken: its own, and the shifts of its team
	longest   int                      // how long a queue must be counted
	sticky    bool                     // some lane asks who served a contact before
	returns   bool                     // some lane returns tickets of those who go away
}

func queuesOf(org routing.Org, lanes *routing.Lanes) queues {
	q := queues{calendars: lanes.Calendars().Named, after: make(map[string]time.Duration), opens: make(map[string][]string)}
	shifts := make(map[string][]string) // by team
	for _, a := range org.Agents {
		for _, team := range a.Teams {
			if a.Shift != "" && !slices.Contains(shifts[team], a.Shift) {
				shifts[team] = append(shifts[team], a.Shift)
			}
		}
	}
	for _, l := range org.Lanes {
		q.longest = max(q.longest, l.Overflow.Longer+1)
		q.sticky = q.sticky || slices.ContainsFunc(l.Strategy, func(s routing.Strategy) bool { return s.By == routing.Sticky })
		q.returns = q.returns || l.Return
		if l.Overflow.After > 0 {
			q.after[l.Name] = time.Duration(l.Overflow.After)
		}
		if l.Team == "" {
			continue
		}
		opens := slices.Clone(shifts[l.Team])
		if l.Calendar != "" && !slices.Contains(opens, l.Calendar) {
			opens = append(opens, l.Calendar)
		}
		if len(opens) > 0 {
			q.opens[l.Name] = opens
		}
	}
	return q
}

// waits reports whether the ticket waits in a lane for an agent.
func (c *change) waits() bool {
	return c.Agent == "" && c.Lane != "" && !c.Status.Done() && c.MergedInto == ""
}

// queue notes since when the ticket waits in its lane, and plans what ends that: that it has waited too long there, and that those who can take it begin to work.
func (c *change) queue(tasks []ticket.Task) []ticket.Task {
	w := c.w
	if !c.waits() {
		if !c.Queued.IsZero() && w.company.queues.after[c.waitsIn] > 0 {
			w.tx.Cancel(overflowTaskID(c.ID))
		}
		c.Queued = time.Time{}
		return tasks
	}
	if !c.Queued.IsZero() && c.Lane == c.waitsIn {
		return tasks
	}
	c.Queued, c.Weight = w.now, 0
	w.queued = append(w.queued, queued{c.Lane, c.ID})
	if after := w.company.queues.after[c.Lane]; after > 0 && !c.Handed {
		tasks = append(tasks, overflowTask(c.ID, w.now.Add(after)))
	}
	return w.openings(tasks, c.Lane)
}

// freed notes that an agent's hands may be free: once the transaction has done its work, they get what waits.
func (w *work) freed(agent string) error {
	if agent == "" {
		return nil
	}
	w.hands = append(w.hands, agent)
	return w.tellRoster(agent)
}

// deal gives what waits to those whose hands became free, and what came back to whoever can take it. It is part of the transaction that freed them, so that nobody
// who comes later is served before.
func (w *work) deal() error {
	if len(w.hands) == 0 && len(w.returned) == 0 {
		return nil
	}
	var teams []string
	for _, name := range w.hands {
		if state, _ := w.company.roster.Agent(name); state.Free() > 0 {
			if a := w.company.agent(name); a != nil {
				teams = append(teams, a.Teams...)
			}
		}
	}
	var lanes []string
	for i := range w.company.setup.Lanes {
		if l := &w.company.setup.Lanes[i]; slices.Contains(teams, l.Team) {
			lanes = append(lanes, l.Name)
		}
	}
	also := w.returned
	for _, q := range w.queued {
		if slices.Contains(lanes, q.lane) && !slices.Contains(also, q.ticket) {
			also = append(also, q.ticket)
		}
	}
	w.hands, w.returned = w.hands[:0], nil
	return w.handOut(lanes, also)
}

const (
	handed    = 100  // how many waiting tickets one commit hands out at most
	lookedAt  = 1000 // how many it looks at
	firstPage = 4    // of a queue, because most often one agent takes one ticket
	laterPage = 50
)

// turns is who waits in several lanes, in order of promise, read a few at a time.
type turns struct {
	w     *work
	lines []waiting
}

// waiting is a part of a lane's queue.
type waiting struct {
	lane    string // empty: of several
	tickets []ticket.Ticket
	after   string
	ended   bool
}

func (w *work) turns(lanes []string) *turns {
	t := &turns{w: w}
	for _, lane := range lanes {
		t.lines = append(t.lines, waiting{lane: lane})
	}
	return t
}

// add lets tickets wait beside those in the lanes.
func (t *turns) add(ids []ticket.ID) error {
	if len(ids) == 0 {
		return nil
	}
	tickets, err := t.w.tx.Tickets(ids...)
	if err != nil {
		return err
	}
	slices.SortFunc(tickets, func(a, b ticket.Ticket) int { return ticket.ComparePromise(&a, &b) })
	t.lines = append(t.lines, waiting{tickets: tickets, ended: true})
	return nil
}

// next returns whose turn it is; nil when nobody waits.
func (t *turns) next() (*ticket.Ticket, error) {
	best := -1
	for i := 0; i < len(t.lines); i++ {
		l := &t.lines[i]
		if len(l.tickets) == 0 && !l.ended {
			limit := laterPage
			if l.after == "" {
				limit = firstPage
			}
			list, err := t.w.tx.Waiting(l.lane, ticket.Page{Limit: limit, After: l.after})
			if err != nil {
				return nil, err
			}
			l.tickets, l.after, l.ended = list.Items, list.Next, list.Next == ""
		}
		if len(l.tickets) > 0 && (best < 0 || ticket.ComparePromise(&l.tickets[0], &t.lines[best].tickets[0]) < 0) {
			best = i
		}
	}
	if best < 0 {
		return nil, nil
	}
	first := &t.lines[best].tickets[0]
	t.lines[best].tickets = t.lines[best].tickets[1:]
	return first, nil
}

// drop leaves out a lane from here on.
func (t *turns) drop(lane string) {
	t.lines = slices.DeleteFunc(t.lines, func(l waiting) bool { return l.lane == lane })
}

// kind is what tells tickets apart that somebody can take from those that nobody can.
type kind struct {
	lane, language string
	priority       ticket.Priority
}

// handOut gives what waits in the lanes, and those tickets beside, to who can take it, in order of promise.
func (w *work) handOut(lanes []string, also []ticket.ID) error {
	staffed := func(lane string) bool { return w.company.lanes.Staffed(lane, w.company.roster, w.now) }
	lanes = slices.DeleteFunc(lanes, func(lane string) bool { return !staffed(lane) })
	turns := w.turns(lanes)
	if err := turns.add(also); err != nil {
		return err
	}
	given, refused := 0, make(map[kind]bool)
	for range lookedAt {
		t, err := turns.next()
		if err != nil || t == nil {
			return err
		}
		k := kind{t.Lane, t.Language, t.Priority}
		if refused[k] {
			continue
		}
		c, err := w.load(t.ID)
		if err != nil {
			return err
		}
		if c.ID != t.ID || c.Lane != t.Lane || !c.waits() {
			continue // it was taken, or moved, in this transaction
		}
		d, agent, err := w.offered(c, c.Lane, "")
		if err != nil {
			return err
		}
		if agent == "" {
			refused[k] = len(w.company.setup.Weights) == 0 && c.Returned.Agent == ""
			continue
		}
		if err := w.place(c, d, agent); err != nil {
			return err
		}
		if err := c.knowFacts("drain"); err != nil {
			return err
		}
		c.finish()
		if !staffed(c.Lane) {
			turns.drop(c.Lane)
		}
		if given++; given == handed {
			w.tx.Schedule(drainTask(w.now)) // the rest in the next commit
			return nil
		}
	}
	return nil
}

const drainKind = "drain"

// drainTask hands out what waits in all lanes, because hands may be free.
func drainTask(due time.Time) ticket.Task {
	return ticket.Task{ID: drainKind, Kind: drainKind, Queue: drainKind, Due: due}
}

func (w *work) drain(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	lanes := make([]string, len(w.company.setup.Lanes))
	for i := range lanes {
		lanes[i] = w.company.setup.Lanes[i].Name
	}
	return w.handOut(lanes, nil)
}

const openKind = "open"

// openTask hands out what waits for the opening of a calendar: of lanes that have it, and of those whose agents work by it.
func openTask(calendar string, due time.Time) ticket.Task {
	return ticket.Task{ID: openKind + "/" + calendar, Kind: openKind, Queue: openKind, Key: calendar, Due: due, Payload: []byte(calendar)}
}

// openings plans to look again at a lane in which somebody waits when it opens next, and when people of its team begin to work.
func (w *work) openings(tasks []ticket.Task, lane string) []ticket.Task {
	for _, name := range w.company.queues.opens[lane] {
		calendar, from := w.company.queues.calendars[name], w.now
		if closes, ever := calendar.NextClose(from); ever {
			from = closes
		}
		at, ever := calendar.NextOpen(from)
		if !ever || !at.After(w.now) {
			continue
		}
		task := openTask(name, at)
		planned, err := w.tx.Tasks(task.ID) // mostly it is there, and many arrivals would write it at once
		if err != nil {
			w.unknown = err
		} else if planned[0].ID == "" || planned[0].Due.After(at) {
			tasks = append(tasks, task)
		}
	}
	return tasks
}

// opens hands out what waited for an opening, and plans the next one where somebody goes on waiting.
func (w *work) opens(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	calendar := string(lease.Payload)
	var lanes []string
	for i := range w.company.setup.Lanes {
		if name := w.company.setup.Lanes[i].Name; slices.Contains(w.company.queues.opens[name], calendar) {
			lanes = append(lanes, name)
		}
	}
	if err := w.handOut(slices.Clone(lanes), nil); err != nil {
		return err
	}
	var tasks []ticket.Task
	for _, lane := range lanes {
		list, err := w.tx.Waiting(lane, ticket.Page{Limit: 1})
		if err != nil {
			return err
		}
		if len(list.Items) > 0 {
			tasks = w.openings(tasks, lane)
		}
	}
	if len(tasks) > 0 {
		w.tx.Schedule(tasks...)
	}
	return nil
}

const overflowKind = "overflow"

func overflowTaskID(id ticket.ID) string { return overflowKind + "/" + string(id) }

// overflowTask moves a ticket on when it has waited too long in its lane.
func overflowTask(id ticket.ID, due time.Time) ticket.Task {
	return ticket.Task{ID: overflowTaskID(id), Kind: overflowKind, Queue: overflowKind, Due: due}
}

// overflow lets a ticket that has waited too long go where its lane says.
func (w *work) overflow(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	id := ticket.ID(strings.TrimPrefix(lease.ID, overflowKind+"/"))
	c, err := w.load(id)
	if err != nil || c.ID != id || !c.waits() || c.Handed {
		return err
	}
	if due := c.Queued.Add(w.company.queues.after[c.Lane]); due.After(w.now) {
		w.tx.Schedule(overflowTask(id, due)) // the lane has more patience now
		return nil
	}
	m, err := w.weighed(c)
	if err != nil {
		return err
	}
	q, err := w.query(c, m)
	if err != nil {
		return err
	}
	decision, _ := w.company.lanes.Onward(q, c.Lane)
	if w.d.cfg.Router != nil {
		decision, err = w.decide(q)
	}
	if err := errors.Join(err, w.unknown); err != nil || decision.Lane == "" {
		return err
	}
	agent, err := w.reserve(c, decision)
	if err != nil {
		return err
	}
	if err := w.place(c, decision, agent); err != nil || len(c.entries) == 0 {
		return err
	}
	if err := c.knowFacts("overflow"); err != nil {
		return err
	}
	c.finish()
	return nil
}

const rerouteKind = "reroute"

// rerouted is how many tickets one commit looks at.
const rerouted = 50

// rerouteTask goes on after a page of open tickets. There is one: another Setup begins again.
func rerouteTask(due time.Time, after string) ticket.Task {
	return ticket.Task{ID: rerouteKind, Kind: rerouteKind, Queue: rerouteKind, Due: due, Payload: []byte(after)}
}

// reroute puts tickets that wait into the lanes that a new Setup has for them; once all are there, they are handed out.
func (w *work) reroute(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	list, err := w.tx.ListTickets(ticket.TicketQuery{
		Statuses: []ticket.Status{ticket.New, ticket.Open, ticket.Pending, ticket.OnHold}, Page: ticket.Page{Limit: rerouted, After: string(lease.Payload)},
	})
	if err != nil {
		return err
	}
	for i := range list.Items {
		if t := &list.Items[i]; t.Agent == "" && t.Lane != "" {
			if err := w.routeWaiting(t.ID); err != nil {
				return err
			}
		}
	}
	if list.Next != "" {
		w.tx.Schedule(rerouteTask(w.now, list.Next))
	} else {
		w.tx.Schedule(drainTask(w.now))
	}
	return nil
}

// routeWaiting asks where a ticket that waits belongs by now, and puts it there to wait on. One that a person put where it is stays as long as there is such a lane.
func (w *work) routeWaiting(id ticket.ID) error {
	c, err := w.load(id)
	if err != nil || c.ID != id || !c.waits() {
		return err
	}
	var decision routing.Decision
	if lane := w.company.lane(c.Lane); c.Handed && lane != nil {
		decision = routing.Decision{Lane: lane.Name, Team: lane.Team}
	} else {
		m, err := w.latest(c)
		if err != nil {
			return err
		}
		q, err := w.query(c, m)
		if err != nil {
			return err
		}
		if decision, err = w.decide(q); err != nil {
			return err
		}
		c.Handed = false
	}
	if c.Priority > ticket.Normal && decision.Priority != nil && *decision.Priority < c.Priority {
		decision.Priority = nil // somebody, or a step, raised it
	}
	if err := w.place(c, decision, ""); err != nil || len(c.entries) == 0 {
		return err
	}
	if err := c.knowFacts("reroute"); err != nil {
		return err
	}
	c.finish()
	return nil
}
