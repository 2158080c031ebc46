package sla

import (
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
	// Line is which of the ticket's lines it is about, for acknowledgement and responses; see Event.Line.
	Line string `json:"line,omitempty"`
	// Policy is the name of the policy that promised it.
	Policy string `json:"policy"`
	// Calendar is the name of the calendar in which it counts; empty or AroundTheClock: around the clock.
	Calendar string `json:"calendar,omitempty"`
	// Target is the time allowed.
	Target Duration `json:"target"`
	// Started is the instant from which it counts. Together with Metric and Line it names the clock.
	Started time.Time `json:"started"`
	// Due is the deadline, and zero while the clock stands still in a status that pauses it; one that passed stays. Stopping exactly at Due meets it.
	Due time.Time `json:"due,omitzero"`
	// Stopped is when it ended; zero while nothing stopped it, also after a breach.
	Stopped time.Time `json:"stopped,omitzero"`
	// Lane and Agent held the ticket at the breach or, where there was none, when the clock ended.
	Lane  string `json:"lane,omitempty"`
	Agent string `json:"agent,omitempty"`
	// Verdict is how it stands.
	Verdict Verdict `json:"verdict,omitempty"`
	// Spent is the time counted until Since, from which on it counts further; while Since is zero it counts nothing, and Spent is all.
	Spent Duration  `json:"spent,omitzero"`
	Since time.Time `json:"since,omitzero"`
	// Restarts counts how often it began anew, because the ticket was reopened and the policy chooses Restart.
	Restarts int `json:"restarts,omitzero"`
}

// BreachedAt returns when the clock was breached: at the deadline that passed, not at the time at which somebody looked. It is zero where there is no breach.
func (c *Clock) BreachedAt() time.Time {
	if c.Verdict != Breached {
		return time.Time{}
	}
	return c.Due
}

// Paused reports whether the clock runs but stands still, because of the ticket's status.
func (c *Clock) Paused() bool { return c.Stopped.IsZero() && c.Since.IsZero() }

func (c *Clock) running() bool { return c.Verdict == Running }

// is reports whether both are the same clock.
func (c *Clock) is(other *Clock) bool {
	return c.Metric == other.Metric && c.Line == other.Line && c.Started.Equal(other.Started)
}

// run lets the clock count from t on, and sets the deadline of one that is not breached: the instant at which the time counted reaches the target.
func (c *Clock) run(t time.Time, calendar *Calendar) {
	c.Since = t
	if c.running() {
		c.Due = c.reaching(calendar)
	}
}

// reaching returns when the time counted reaches the target. What it is when the target was reached before the clock paused last is not known any more: then it
// is the instant at which it ran on.
func (c *Clock) reaching(calendar *Calendar) time.Time {
	due, err := calendar.Add(c.Since, max(time.Duration(c.Target-c.Spent), 0))
	if err != nil { // more than ten years of it away: as good as never
		return c.Since.Add(MaxTarget)
	}
	return due
}

// end stops the clock at t with this verdict or, past the deadline, breached.
func (c *Clock) end(t time.Time, verdict Verdict, held holding) {
	c.expire(t, held)
	if c.running() {
		c.Verdict, c.Lane, c.Agent = verdict, held.lane, held.agent
	}
	c.Stopped = t
}

// expire makes the clock breached when its deadline lies before t.
func (c *Clock) expire(t time.Time, held holding) {
	if c.overdue(t) {
		c.Verdict, c.Lane, c.Agent = Breached, held.lane, held.agent
	}
}

// overdue reports whether the deadline of a running clock lies before t.
func (c *Clock) overdue(t time.Time) bool { return c.running() && !c.Due.IsZero() && c.Due.Before(t) }
