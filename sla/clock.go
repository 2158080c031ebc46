package sla

import (
	"slices"
	"time"
)

// Verdict is how a clock stands or ended.
type Verdict string

const (
	Running           Verdict = ""                   // not due yet, not stopped
	Met               Verdict = "met"                // stopped at its deadline or before
	Breached          Verdict = "breached"           // not stopped by its deadline; Clock.Stopped may come later
	NoReplyNeeded     Verdict = "no reply needed"    // solved without an answer, with a reason
	WithdrawnQuestion Verdict = "withdrawn"          // the customer deleted the only unanswered message
	CannotReply       Verdict = "cannot reply"       // the platform forbids an answer
	AnsweredElsewhere Verdict = "answered elsewhere" // the answer was given on another channel
	Unjudged          Verdict = "unjudged"           // no policy promises this any more
)

// Clock is one promise running, or how it ended.
type Clock struct {
	Metric Metric `json:"metric"`
	// Policy is the name of the policy that promised it.
	Policy string `json:"policy"`
	// Target is the time allowed.
	Target Duration `json:"target"`
	// Started is the instant from which it counts; Due is the deadline. Stopping exactly at Due meets it.
	Started time.Time `json:"started"`
	Due     time.Time `json:"due"`
	// Stopped is when it ended; zero while nothing stopped it, also after a breach.
	Stopped time.Time `json:"stopped,omitzero"`
	// BreachedAt is the deadline that passed, not the time at which somebody looked.
	BreachedAt time.Time `json:"breached_at,omitzero"`
	// Verdict is how it stands.
	Verdict Verdict `json:"verdict,omitempty"`
	// Idle is the time that did not count (while the ticket was solved).
	Idle Duration `json:"idle,omitzero"`
}

func (c *Clock) running() bool { return c.Verdict == Running }

// stop ends the clock at t: met or, past the deadline, breached.
func (c *Clock) stop(t time.Time) {
	if !c.Stopped.IsZero() {
		return
	}
	c.expire(t)
	if c.running() {
		c.Verdict = Met
	}
	c.Stopped = t
}

// expire makes the clock breached when its deadline lies before t.
func (c *Clock) expire(t time.Time) {
	if c.running() && c.Due.Before(t) {
		c.Verdict, c.BreachedAt = Breached, c.Due
	}
}

// State is what is known of a ticket's clocks. It is a value: Fold returns a new one and leaves the old as it was. The zero State is a ticket to which
// nothing has happened.
type State struct {
	// Clocks in the order of Metrics.
	Clocks []Clock `json:"clocks,omitempty"`
	// Facts are the ticket's facts as of the last event.
	Facts Facts `json:"facts,omitzero"`
	// Status is the ticket's status as of the last event.
	Status Status `json:"status,omitempty"`
	// Asked is the platform's time of the customer's first message.
	Asked time.Time `json:"asked,omitzero"`
	// Acknowledged and Responded are the times of the first post of any kind and of the first by a person.
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Responded    time.Time `json:"responded,omitzero"`
	// Last is the place of the last event folded.
	Last Mark `json:"last,omitzero"`
}

// IsZero reports whether nothing was folded yet.
func (s State) IsZero() bool { return s.Last == Mark{} && len(s.Clocks) == 0 }

// Clock returns the clock of the metric, and whether there is one.
func (s State) Clock(m Metric) (Clock, bool) {
	for _, c := range s.Clocks {
		if c.Metric == m {
			return c, true
		}
	}
	return Clock{}, false
}

// Next returns the nearest deadline of a running clock; zero when none runs. A clock is breached once its deadline lies in the past, so at the deadline
// itself it is still running.
func (s State) Next() time.Time {
	var next time.Time
	for i := range s.Clocks {
		if c := &s.Clocks[i]; c.running() && (next.IsZero() || c.Due.Before(next)) {
			next = c.Due
		}
	}
	return next
}

// At returns the state as it stands at now: clocks whose deadline lies before now are breached, at their deadline.
func (s State) At(now time.Time) State {
	if next := s.Next(); next.IsZero() || !next.Before(now) {
		return s
	}
	s.Clocks = slices.Clone(s.Clocks)
	for i := range s.Clocks {
		s.Clocks[i].expire(now)
	}
	return s
}

// Change is a clock that began, ended, was breached, or whose breach or end was withdrawn.
type Change struct {
	// Clock is the clock as it now is; where it is no longer there, as it was.
	Clock Clock
	// Was is its verdict before; New says that there was no clock of the metric before.
	Was Verdict
	New bool
	// Withdrawn is set when a verdict was taken back: by a late event, by a reopening, or because its clock is gone.
	Withdrawn bool
}

// Changes lists what differs between two states of one ticket, in the order of Metrics.
func Changes(before, after State) []Change {
	out := make([]Change, 0, len(after.Clocks))
	for _, m := range Metrics() {
		was, had := before.Clock(m)
		c, has := after.Clock(m)
		switch {
		case !had && !has:
		case !had:
			out = append(out, Change{Clock: c, New: true})
			if c.Verdict != Running {
				out = append(out, Change{Clock: c})
			}
		case !has:
			out = append(out, Change{Clock: was, Was: was.Verdict, Withdrawn: true})
		case was.Verdict != c.Verdict:
			out = append(out, Change{Clock: c, Was: was.Verdict, Withdrawn: was.Verdict != Running})
		case was.Stopped.IsZero() != c.Stopped.IsZero() || !was.Due.Equal(c.Due):
			out = append(out, Change{Clock: c, Was: was.Verdict})
		}
	}
	return out
}
