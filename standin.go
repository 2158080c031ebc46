package socialcrm

import (
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// This file is about what waits in a lane in which nobody works: its fallback takes it (routing.Lane.Fallback), and gives back what still waits there once somebody works in the
// lane again. Tickets move in portions, the nearest promise first. What has moved no longer stands where the next portion is read, so that nothing has to be remembered.

const (
	handOnKind    = "hand on"
	bringBackKind = "bring back"
)

// handOnTask hands on what waits in a lane, if nobody works there by then.
func handOnTask(lane string, due time.Time) ticket.Task {
	return ticket.Task{ID: handOnKind + "/" + lane, Kind: handOnKind, Queue: handOnKind, Key: lane, Due: due, Payload: []byte(lane)}
}

// bringBackTask brings back what others took over from a lane.
func bringBackTask(lane string, due time.Time) ticket.Task {
	return ticket.Task{ID: bringBackKind + "/" + lane, Kind: bringBackKind, Queue: bringBackKind, Key: lane, Due: due, Payload: []byte(lane)}
}

// standIns plans what moves a ticket that begins to wait: that nobody works in its lane any more, or that somebody works in its own again.
func (c *change) standIns(tasks []ticket.Task) []ticket.Task {
	w := c.w
	if c.Handed {
		return tasks
	}
	tasks = w.watch(tasks, c.Lane)
	for _, lane := range w.company.queues.before(c.Home, c.Lane) {
		tasks = w.openings(tasks, lane)
	}
	if to := w.backTo(&c.Ticket); to != "" {
		tasks = w.sooner(tasks, bringBackTask(to, w.now))
	}
	return tasks
}

// before are the lanes from the one whose ticket it is up to the one that stands in for it.
func (q *queues) before(home, lane string) []string {
	if home == "" {
		return nil
	}
	way := append([]string{home}, q.standIns[home]...)
	return way[:max(slices.Index(way, lane), 0)]
}

// backTo is the lane to which a ticket that waits goes back now; empty when it does not.
func (w *work) backTo(t *ticket.Ticket) string {
	if t.Home == "" {
		return ""
	}
	to := w.company.lanes.StandIn(t.Home, w.company.roster, w.now)
	if !slices.Contains(w.company.queues.before(t.Home, t.Lane), to) {
		return "" // what goes further waits for FallbackAfter
	}
	return to
}

// watch plans to look whether somebody works in a lane in which tickets wait.
func (w *work) watch(tasks []ticket.Task, lane string) []ticket.Task {
	if _, when := w.company.lanes.Unmanned(lane, w.company.roster, w.now); !when.IsZero() {
		tasks = w.sooner(tasks, handOnTask(lane, when))
	}
	return tasks
}

// movable reports whether tickets wait in a lane that its fallback would take.
func (w *work) movable(lane string) (bool, error) {
	first, err := w.tx.WaitingFirst(lane)
	return slices.ContainsFunc(first, func(t ticket.Ticket) bool { return !t.Handed }), err
}

// strays reports whether tickets wait elsewhere until somebody works in a lane.
func (w *work) strays(lane string) (bool, error) {
	q := &w.company.queues
	for _, other := range q.standIns[lane] {
		first, err := w.tx.WaitingFirst(other)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(first, func(t ticket.Ticket) bool { return slices.Contains(q.before(t.Home, other), lane) }) {
			return true, nil
		}
	}
	return false, nil
}

// attended looks at the lanes of agents who came or left.
func (w *work) attended(agents ...string) error {
	var teams, back []string
	for _, name := range agents {
		if a := w.company.agent(name); a != nil {
			teams = append(teams, a.Teams...)
		}
	}
	for i := range w.company.setup.Lanes {
		l := &w.company.setup.Lanes[i]
		if l.Fallback == "" || l.Team == "" || !slices.Contains(teams, l.Team) {
			continue
		}
		if why, _ := w.company.lanes.Unmanned(l.Name, w.company.roster, w.now); why == "" {
			back = append(back, l.Name)
		} else if waits, err := w.movable(l.Name); err != nil {
			return err
		} else if waits {
			w.tx.Schedule(w.watch(nil, l.Name)...)
		}
	}
	return w.bringBack(back...)
}

// plansOf plans, for all who wait, the openings and the looks of the Setup in force.
func (w *work) plansOf(tasks []ticket.Task) ([]ticket.Task, error) {
	if len(w.company.queues.opens) == 0 && len(w.company.queues.standIns) == 0 {
		return tasks, nil
	}
	var wait, watch []string
	for _, lane := range w.company.laneNames() {
		first, err := w.tx.WaitingFirst(lane)
		if err != nil {
			return tasks, err
		}
		if len(first) > 0 {
			wait = append(wait, lane)
		}
		for i := range first {
			if t := &first[i]; !t.Handed {
				watch, wait = append(watch, lane), append(wait, w.company.queues.before(t.Home, lane)...)
			}
		}
	}
	for _, lane := range sorted(wait) {
		tasks = w.openings(tasks, lane)
	}
	for _, lane := range sorted(watch) {
		tasks = w.watch(tasks, lane)
	}
	return tasks, nil
}

// sorted are the names in order, each once.
func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// standIn does what a task about a lane says, one portion, and plans the next.
func (w *work) standIn(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	lane := w.company.lane(string(lease.Payload))
	if lane == nil || lane.Fallback == "" {
		return nil
	}
	if err := w.tellTeam(lane.Team); err != nil {
		return err
	}
	if lease.Kind == handOnKind {
		return w.handOnAll(lane.Name)
	}
	if err := w.bringBack(lane.Name); err != nil {
		return err
	}
	also := w.returned
	w.returned = nil
	return w.handOut(w.company.laneNames(), also)
}

// tellTeam tells the roster who of a team is there, whichever process knew it first.
func (w *work) tellTeam(team string) error {
	var names []string
	for i := range w.company.setup.Agents {
		if a := &w.company.setup.Agents[i]; slices.Contains(a.Teams, team) {
			names = append(names, a.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return w.tellRoster(names...)
}

// handOnAll hands on what waits in a lane in which nobody works.
func (w *work) handOnAll(lane string) error {
	why, when := w.company.lanes.Unmanned(lane, w.company.roster, w.now)
	if why == "" || when.After(w.now) {
		waits, err := w.movable(lane)
		if waits {
			w.tx.Schedule(w.watch(nil, lane)...)
		}
		return err
	}
	_, again, err := w.move([]string{lane}, func(t *ticket.Ticket) bool { return !t.Handed })
	if !again.IsZero() {
		w.tx.Schedule(handOnTask(lane, again))
	}
	return err
}

// bringBack lets lanes in which somebody works have back what others took over from them and from those for which they stand in. What comes back is handed out with
// what else the transaction hands out.
func (w *work) bringBack(lanes ...string) error {
	var from []string
	for _, lane := range lanes {
		from = append(from, w.company.queues.standIns[lane]...)
	}
	if len(from) == 0 {
		return nil
	}
	last, again, err := w.move(sorted(from), func(t *ticket.Ticket) bool { return w.backTo(t) != "" })
	if again.IsZero() || err != nil {
		return err
	}
	if !again.After(w.now) {
		w.until = last
	}
	for _, lane := range lanes {
		if len(w.company.queues.standIns[lane]) > 0 {
			w.tx.Schedule(bringBackTask(lane, again))
		}
	}
	return nil
}

// moved is how many waiting tickets one commit moves to other lanes at most.
const moved = 50

// move puts tickets that wait in lanes, those of classes that may go, where they belong by now, in order of promise. It returns the last of a portion behind which there may be
// more, and when to go on: now, or once nobody is writing an answer to those that were left for that; zero: there is nothing left to move.
func (w *work) move(lanes []string, goes func(*ticket.Ticket) bool) (last ticket.Ticket, again time.Time, err error) {
	stays := make(map[[2]string]bool) // by lane and class
	turns, err := w.turns(lanes, func(t *ticket.Ticket) taking {
		if stays[[2]string{t.Lane, t.Class}] || !goes(t) {
			return byNobody
		}
		return bySomebody
	})
	if err != nil {
		return last, again, err
	}
	for n := 0; n < moved; {
		t, err := turns.next()
		if err != nil || t == nil {
			return last, again, err
		}
		claim, err := w.claim(t.ID)
		if err != nil {
			return last, again, err
		}
		if claim != nil {
			if again.IsZero() || claim.Until.Before(again) {
				again = claim.Until
			}
			continue
		}
		went, err := w.moveOn(t)
		if err != nil {
			return last, again, err
		}
		if !went {
			stays[[2]string{t.Lane, t.Class}] = true
			continue
		}
		last = *t
		n++
	}
	return last, w.now, nil
}

// moveOn puts a ticket that waits where one that came for its own lane would go now, to wait on there, and reports whether it left its class.
func (w *work) moveOn(t *ticket.Ticket) (bool, error) {
	c, err := w.load(t.ID)
	if err != nil || c.ID != t.ID || c.Lane != t.Lane || !c.waits() {
		return true, err // it was moved, or taken, in this transaction
	}
	m, err := w.weighed(c)
	if err != nil {
		return false, err
	}
	q, err := w.query(c, m)
	if err != nil {
		return false, err
	}
	own := c.Home
	if w.company.lane(own) == nil {
		own = c.Lane
	}
	decision, known := w.company.lanes.Onward(q, own)
	switch {
	case w.d.cfg.Router != nil:
		if decision, err = w.decide(q); err != nil {
			return false, err
		}
	case !known:
		return false, nil
	case !slices.ContainsFunc(decision.Moved, func(m routing.Move) bool { return m.From == c.Lane }):
		decision.Moved = slices.Insert(decision.Moved, 0, routing.Move{From: c.Lane, To: own, Why: routing.Back})
	}
	decision.Priority = nil // it keeps what it has
	if w.unknown != nil {
		return false, w.unknown
	}
	lane, home := c.Lane, c.Home
	if err := w.place(c, decision, ""); err != nil {
		return false, err
	}
	switch {
	case c.Lane != lane:
		w.returned = append(w.returned, c.ID)
	case c.Home == home:
		return false, nil
	default:
		c.quiet = true
	}
	if err := c.knowFacts("move on"); err != nil {
		return false, err
	}
	c.finish()
	return true, nil
}
