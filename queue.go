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
	standIns  map[string][]string      // by lane that has a fallback, the lanes that may stand in for it, in their order
	longest   int                      // how long a queue must be counted
	sticky    bool                     // some lane asks who served a contact before
	returns   bool                     // some lane returns tickets of those who go away
}

func queuesOf(org routing.Org, lanes *routing.Lanes) queues {
	q := queues{calendars: lanes.Calendars().Named, after: make(map[string]time.Duration), opens: make(map[string][]string), standIns: make(map[string][]string)}
	shifts := make(map[string][]string) // by team
	for _, a := range org.Agents {
		for _, team := range a.Teams {
			if a.Shift != "" && !slices.Contains(shifts[team], a.Shift) {
				shifts[team] = append(shifts[team], a.Shift)
			}
		}
	}
	fallback := make(map[string]string, len(org.Lanes))
	for _, l := range org.Lanes {
		fallback[l.Name] = l.Fallback
	}
	for _, l := range org.Lanes {
		for other := l.Fallback; other != ""; other = fallback[other] {
			q.standIns[l.Name] = append(q.standIns[l.Name], other)
		}
		q.longest = max(q.longest, l.Overflow.Longer+1)
		q.sticky = q.sticky || slices.ContainsFunc(l.Strategy, func(s routing.Strategy) bool { return s.By == routing.Sticky })
		q.returns = q.returns || l.Return
		if l.Overflow.After > 0 {
			q.after[l.Name] = time.Duration(l.Overflow.After)
		}
		if l.Team == "" && l.Fallback == "" {
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

// classify notes what the ticket that waits takes of whoever takes it, and what it asks beside, so that it is found among those that ask the same. What changes in it changes
// that at once; what changes elsewhere, such as its contact's tier, with the next thing that happens to it.
func (w *work) classify(c *change) error {
	weight := c.decided.weight
	if weight == 0 || c.decided.lane != c.Lane || c.decided.priority != c.Priority {
		var err error
		if weight, err = w.weigh(c); err != nil {
			return err
		}
	}
	if c.Weight = weight; weight == 1 {
		c.Weight = 0
	}
	c.Class = w.company.lanes.Class(&c.Ticket)
	if c.Returned.Agent != "" { // the agent may not be able to take this, but the next
		c.Class = strings.TrimSpace(c.Class + " not " + c.Returned.Agent)
	}
	switch { // no fallback takes the one, and its own lane takes the other back
	case c.Handed:
		c.Class = strings.TrimSpace(c.Class + " handed")
	case c.Home != "":
		c.Class = strings.TrimSpace(c.Class + " of " + c.Home)
	}
	return nil
}

// queue notes since when the ticket waits in its lane, and plans what ends that: that it has waited too long there, and that those who can take it begin to work.
func (c *change) queue(tasks []ticket.Task) []ticket.Task {
	w := c.w
	if !c.waits() {
		c.Class = ""
		if !c.Queued.IsZero() && w.company.queues.after[c.waitsIn] > 0 {
			w.tx.Cancel(overflowTaskID(c.ID))
		}
		c.Queued = time.Time{}
		return tasks
	}
	asked := c.Class
	if err := w.classify(c); err != nil {
		w.unknown = err
	}
	if !c.Queued.IsZero() && c.Lane == c.waitsIn {
		if c.Class != asked && !slices.Contains(w.returned, c.ID) {
			w.returned = append(w.returned, c.ID) // somebody may have room for what it asks now
		}
		return tasks
	}
	c.Queued = w.now
	w.queued = append(w.queued, queued{c.Lane, c.ID})
	if after := w.company.queues.after[c.Lane]; after > 0 && !c.Handed {
		tasks = append(tasks, overflowTask(c.ID, w.now.Add(after)))
	}
	return c.standIns(w.openings(tasks, c.Lane))
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
	for _, id := range w.returned {
		if err := w.leaveLost(id); err != nil {
			return err
		}
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

// leaveLost routes a ticket that came back to a lane that the Setup no longer has: it would wait where nobody looks.
func (w *work) leaveLost(id ticket.ID) error {
	t, err := w.ticket(id)
	if err != nil || t.Lane == "" || w.company.lane(t.Lane) != nil || w.d.cfg.Router != nil {
		return err
	}
	return w.routeWaiting(id)
}

// handed is how many waiting tickets one commit hands out at most.
const handed = 100

// handOut gives what waits in the lanes, and those tickets beside, to who can take it, in order of promise.
func (w *work) handOut(lanes []string, also []ticket.ID) error {
	lanes = slices.DeleteFunc(lanes, func(lane string) bool { return !w.company.lanes.Staffed(lane, w.company.roster, w.now) })
	turns, err := w.turns(lanes, w.takers)
	if err != nil {
		return err
	}
	if err := turns.add(also); err != nil {
		return err
	}
	for given := 0; ; {
		t, err := turns.next()
		if err != nil || t == nil {
			return err
		}
		if w.until.ID != "" && ticket.ComparePromise(t, &w.until) > 0 {
			return nil
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
			continue
		}
		home := c.Home
		if err := w.place(c, d, agent); err != nil {
			return err
		}
		c.Home = home
		if err := c.knowFacts("drain"); err != nil {
			return err
		}
		c.finish()
		if given++; given == handed {
			w.tx.Schedule(drainTask(w.now)) // the rest in the next commit
			return nil
		}
	}
}

// takers says whether anybody of its lane can take a ticket that waits.
func (w *work) takers(t *ticket.Ticket) taking {
	d, _ := w.company.lanes.Offer(routing.Query{Now: w.now, Ticket: *t, Roster: w.company.roster}, t.Lane)
	switch {
	case len(d.Candidates) == 0:
		return byNobody
	case len(d.Candidates) == 1 && w.declined(t, d.Candidates[0]):
		return butNotThis
	}
	return bySomebody
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
	return w.handOut(w.company.laneNames(), nil)
}

func (c *company) laneNames() []string {
	lanes := make([]string, len(c.setup.Lanes))
	for i := range lanes {
		lanes[i] = c.setup.Lanes[i].Name
	}
	return lanes
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
		tasks = w.sooner(tasks, openTask(name, at))
	}
	return tasks
}

// sooner plans a task unless it is planned for then or sooner: mostly it is, and many arrivals would write it at once.
func (w *work) sooner(tasks []ticket.Task, task ticket.Task) []ticket.Task {
	planned, err := w.tx.Tasks(task.ID)
	switch {
	case err != nil:
		w.unknown = err
	case planned[0].ID == "" || planned[0].Due.After(task.Due):
		return append(tasks, task)
	}
	return tasks
}

// opens brings back what waited elsewhere for an opening, hands out what waited for it, and plans the next one where somebody goes on waiting.
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
	if err := w.bringBack(lanes...); err != nil {
		return err
	}
	also := w.returned
	w.returned = nil
	if err := w.handOut(slices.Clone(lanes), also); err != nil {
		return err
	}
	var tasks []ticket.Task
	for _, lane := range lanes {
		list, err := w.tx.Waiting(lane, ticket.Page{Limit: 1})
		if err != nil {
			return err
		}
		expected := len(list.Items) > 0
		if !expected {
			if expected, err = w.strays(lane); err != nil {
				return err
			}
		}
		if expected {
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
	after, patient := w.company.queues.after[c.Lane]
	if !patient {
		return nil // it waits in another lane now, or the lane has all patience
	}
	if due := c.Queued.Add(after); due.After(w.now) {
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
	w.returned = nil
	if list.Next != "" {
		w.tx.Schedule(rerouteTask(w.now, list.Next))
		return nil
	}
	tasks, err := w.plansOf([]ticket.Task{drainTask(w.now)})
	w.tx.Schedule(tasks...)
	return err
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
		var q routing.Query
		if q, decision, err = w.decideAgain(c); err == nil {
			decision.Weight, err = w.reweigh(c, q, &decision)
		}
		if err != nil {
			return err
		}
		c.Handed, c.Routed.Lane = false, decision.Own()
	}
	decision.Priority = keepRaised(c, decision.Priority)
	class, weight, home := c.Class, c.Weight, c.Home
	if err := w.place(c, decision, ""); err != nil {
		return err
	}
	if len(c.entries) == 0 {
		if err := w.classify(c); err != nil || c.Class == class && c.Weight == weight && c.Home == home {
			return err
		}
		c.quiet = true
	}
	if err := c.knowFacts("reroute"); err != nil {
		return err
	}
	c.finish()
	return nil
}
