package socialcrm

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

const clockKind = "clock"

const clockPrefix = clockKind + "/"

func clockTaskID(id ticket.ID) string { return clockPrefix + string(id) }

// clockTask looks at a ticket's clocks: one task a ticket, however many clocks and steps it has.
func clockTask(taskID string, due time.Time) ticket.Task {
	return ticket.Task{ID: taskID, Kind: clockKind, Queue: clockKind, Due: due}
}

// nextLook returns when the ticket's clocks must be looked at next, and whether that may be another time than was planned; zero when never. A deadline is looked at
// once it has passed: at the deadline itself an answer still meets it.
func (c *change) nextLook() (at time.Time, moved bool) {
	at = c.Clocks.Next()
	moved = c.looked || c.w.company.escalates || !at.Equal(c.before.Next()) || !c.ReplyBy.Equal(c.replyBy)
	if !c.ReplyBy.IsZero() && (at.IsZero() || c.ReplyBy.Before(at)) {
		at = c.ReplyBy
	}
	if !at.IsZero() {
		at = at.Add(1)
	}
	planned, open := c.planned(), append(c.openSteps(), c.closing()...)
	c.Stepped = slices.DeleteFunc(slices.Clone(c.Stepped), func(key string) bool {
		return !slices.ContainsFunc(open, func(p sla.Planned) bool { return p.Key == key })
	})
	for i := range planned {
		if p := &planned[i]; !slices.Contains(c.Stepped, p.Key) {
			if at.IsZero() || p.At.Before(at) {
				at = p.At
			}
			break // they are in order
		}
	}
	return at, moved
}

// planned are the steps of the ticket's clocks, by the policy that was in force when they last moved (none once the company has no such policy any more), and those before
// its reply window closes.
func (c *change) planned() []sla.Planned {
	planned := c.steps(c.Clocks)
	if closing := c.closing(); len(closing) > 0 {
		planned = append(planned, closing...)
		slices.SortStableFunc(planned, func(a, b sla.Planned) int { return a.At.Compare(b.At) })
	}
	return planned
}

// openSteps are the steps of all clocks that have not ended: also of those that stand still, which may go on.
func (c *change) openSteps() []sla.Planned {
	if !c.escalates() {
		return nil
	}
	state := c.Clocks
	state.Clocks = slices.Clone(state.Clocks)
	for i := range state.Clocks {
		if clock := &state.Clocks[i]; clock.Since.IsZero() {
			clock.Since = state.Last.Time
		}
	}
	return c.steps(state)
}

func (c *change) steps(state sla.State) []sla.Planned {
	if !c.escalates() {
		return nil
	}
	return c.w.company.timeline(state.Last.Time).Steps(state)
}

// escalates reports whether the ticket's clocks may have steps at all.
func (c *change) escalates() bool {
	w := c.w
	return w.company.escalates && c.Clocks.Policy != "" && c.MergedInto == "" &&
		slices.ContainsFunc(w.company.setup.SLA, func(p sla.Policy) bool { return p.Name == c.Clocks.Policy })
}

// deadline records what passed, at the time at which it passed, and does the steps that are due.
func (w *work) deadline(lease ticket.Lease) error {
	// Finishing comes first: finish below may schedule the next look under the same ID.
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	c, err := w.load(ticket.ID(strings.TrimPrefix(lease.ID, clockPrefix)))
	if err != nil || c.ID == "" {
		return err
	}
	c.looked = true
	c.Clocks = c.Clocks.At(w.now)
	stepped, err := c.escalate()
	if err != nil {
		return err
	}
	closed := !c.ReplyBy.IsZero() && c.ReplyBy.Before(w.now)
	if !stepped && !closed && len(sla.Changes(c.before, c.Clocks)) == 0 {
		if due, _ := c.nextLook(); !due.IsZero() {
			w.tx.Schedule(clockTask(lease.ID, due)) // it was moved meanwhile
		}
		return nil
	}
	c.quiet = !slices.ContainsFunc(c.entries, func(e ticket.Entry) bool {
		return e.Kind != ticket.ClockWarned && e.Kind != ticket.TicketEscalated && e.Kind != ticket.ReplyClosing
	})
	c.finish()
	return nil
}

// stepKey tells a step that happened from one that has not. The ticket names only those of clocks that have not ended, so that it does not grow.
func stepKey(id ticket.ID, step string) ticket.EventKey {
	return ticket.EventKey{Account: channel.AccountID{Platform: "step", ID: string(id)}, Key: step}
}

// escalate does the steps that are due, each once, and reports whether there were any. What a step changes may make others due, or not.
func (c *change) escalate() (any bool, err error) {
	for {
		planned := c.planned()
		i := slices.IndexFunc(planned, func(p sla.Planned) bool { return !slices.Contains(c.Stepped, p.Key) })
		if i < 0 || planned[i].At.After(c.w.now) {
			return any, nil
		}
		any = true
		key := stepKey(c.ID, planned[i].Key)
		seen, err := c.w.tx.Seen(key)
		if err != nil {
			return any, err
		}
		c.Stepped = append(slices.Clone(c.Stepped), planned[i].Key)
		if seen[0] {
			continue
		}
		c.w.tx.MarkSeen(key)
		c.journalBreaches(planned[i].At)
		if err := c.step(&planned[i]); err != nil {
			return any, err
		}
	}
}

// step does what a step says.
func (c *change) step(p *sla.Planned) error {
	w, s, system := c.w, &p.Step, ticket.Actor{Kind: ticket.BySystem}
	early := s.At.Percent != 0 || s.At.Before != 0
	warns := early && s.Raise == nil && s.Lane == "" && s.Agent == "" && len(s.Tags) == 0
	if warns && p.Clock.Verdict == sla.Breached {
		return nil // there is nothing to warn of any more
	}
	detail, err := json.Marshal(s)
	if err != nil {
		return err
	}
	e, why := standEntry(ticket.TicketEscalated, &p.Clock), ""
	if warns {
		e.Kind = ticket.ClockWarned
	}
	e.Happened, e.Old, e.Detail = p.At, s.At.String(), detail
	if why = fmt.Sprintf("%s of %s, policy %s", e.Old, e.New, e.Reason); p.Clock.Metric == 0 {
		e = ticket.Entry{Kind: ticket.ReplyClosing, Actor: system, Happened: p.At, Old: e.Old, New: c.ReplyBy.UTC().Format(time.RFC3339), Detail: detail}
		why = e.Old + " the reply window closes"
	}
	c.journal(e)
	if s.Raise != nil && *s.Raise > c.Priority {
		c.journal(ticket.Entry{Kind: ticket.TicketPriority, Actor: system, Old: c.Priority.String(), New: s.Raise.String(), Reason: why})
		c.Priority = *s.Raise
	}
	if err := c.knowFacts("raise"); err != nil {
		return err
	}
	if len(s.Tags) > 0 {
		if err := c.retag(system, s.Tags, nil); err != nil {
			return err
		}
	}
	if s.Agent != "" {
		if err := w.handUp(c, s.Agent, why); err != nil {
			return err
		}
	}
	if lane := w.company.lane(s.Lane); lane != nil && c.Lane != lane.Name {
		_, err := w.handOn(c, system, lane, Transfer{Reason: why})
		return err
	}
	return nil
}

// handUp gives the ticket to the agent whom a step names. Where that one is away or has no room, which the journal says, it goes up to the next tier, to be taken there by
// who has room first; without a next tier it stays where it is.
func (w *work) handUp(c *change, agent, why string) error {
	was := c.Agent
	if agent == was {
		return nil
	}
	e := ticket.Entry{Kind: ticket.TicketAssigned, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: was, New: agent, Reason: why}
	_, known := w.company.roster.Agent(agent)
	if known {
		weight, err := w.weigh(c)
		if err != nil {
			return err
		}
		taken, err := w.reserve(c, routing.Decision{Candidates: []string{agent}, Weight: weight})
		if err != nil {
			return err
		}
		known = taken != ""
	}
	if !known {
		e.New, e.Reason = was, why+": "+agent+" is not there or has no room"
		c.journal(e)
		if from := w.company.lane(c.Lane); from != nil && from.Escalation != "" {
			_, err := w.handOn(c, e.Actor, w.company.lane(from.Escalation), Transfer{Reason: e.Reason})
			return err
		}
		return nil
	}
	c.Agent = agent
	c.journal(e)
	if err := w.freed(was); err != nil {
		return err
	}
	return c.knowFacts("hand up")
}

// happened are the steps of the ticket's clocks that happened.
func (c *change) happened() []sla.Planned {
	return slices.DeleteFunc(c.openSteps(), func(p sla.Planned) bool { return !slices.Contains(c.Stepped, p.Key) })
}

// haveHappened notes the steps that clocks took while they belonged to another ticket, where the line had another name.
func (c *change) haveHappened(steps []sla.Planned, from, line string) {
	for _, p := range c.openSteps() {
		same := func(h sla.Planned) bool {
			if h.Clock.Line == from {
				h.Clock.Line = line
			}
			return h.Clock.Metric == p.Clock.Metric && h.Clock.Line == p.Clock.Line && h.Clock.Started.Equal(p.Clock.Started) && h.Clock.Policy == p.Clock.Policy && h.Step.At == p.Step.At
		}
		if slices.ContainsFunc(steps, same) && !slices.Contains(c.Stepped, p.Key) {
			c.Stepped = append(slices.Clone(c.Stepped), p.Key)
			c.w.tx.MarkSeen(stepKey(c.ID, p.Key))
		}
	}
}
