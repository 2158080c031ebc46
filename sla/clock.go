package sla

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict is how a clock stands or ended. The zero value is Running.
type Verdict int8

const (
	Running           Verdict = iota // not due yet, not stopped
	Met                              // stopped at its deadline or before
	Breached                         // not stopped by its deadline; Clock.Stopped may come later
	NoReplyNeeded                    // solved without an answer, with a reason
	WithdrawnQuestion                // the customer deleted the only unanswered message
	CannotReply                      // the platform forbids an answer
	AnsweredElsewhere                // the answer was given on another channel
	Unjudged                         // no policy promises this any more
)

var verdictTexts = [...]string{"running", "met", "breached", "no reply needed", "withdrawn", "cannot reply", "answered elsewhere", "unjudged"}

// String returns the verdict in words: "running", "met", "no reply needed".
func (v Verdict) String() string {
	if v < 0 || v > Unjudged {
		return fmt.Sprintf("verdict %d", int8(v))
	}
	return verdictTexts[v]
}

// MarshalText returns String.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what String writes; "" is Running.
func (v *Verdict) UnmarshalText(text []byte) error {
	i := max(slices.Index(verdictTexts[:], string(text)), 0)
	if i == 0 && len(text) > 0 && string(text) != verdictTexts[0] {
		return fmt.Errorf("verdict %q: want one of %s", text, strings.Join(verdictTexts[:], ", "))
	}
	*v = Verdict(i)
	return nil
}

// Clock is one promise running, or how it ended.
type Clock struct {
	Metric Metric `json:"metric"`
	// Verdict is how it stands.
	Verdict Verdict `json:"verdict,omitempty"`
	// Restarts counts how often it began anew, because the ticket was reopened and the policy chooses Restart.
	Restarts int32 `json:"restarts,omitzero"`
	// Line is which of the ticket's lines it is about; see Event.Line. Clocks about the ticket as a whole (periodic update, resolution, requester wait, agent work) have the
	// line of the ticket whose question they are about: that of a merged one goes on here where it is still open, or was asked first.
	Line string `json:"line,omitempty"`
	// Policy is the name of the policy that promised it.
	Policy string `json:"policy"`
	// Calendar is the name of the calendar in which it counts; empty or AroundTheClock: around the clock.
	Calendar string `json:"calendar,omitempty"`
	// Target is the time allowed.
	Target Duration `json:"target"`
	// Started is the instant from which it counts. Together with Metric and Line it names the clock, so it stays where a reopened ticket lets the clock go on, or begin anew (Restart):
	// then Spent is what counted since.
	Started time.Time `json:"started"`
	// Due is the deadline, and zero while the clock stands still in a status that pauses it; one that passed stays. Stopping exactly at Due meets it.
	Due time.Time `json:"due,omitzero"`
	// Stopped is when it ended; zero while nothing stopped it, also after a breach.
	Stopped time.Time `json:"stopped,omitzero"`
	// Lane and Agent held the ticket at the breach or, where there was none, when the clock ended.
	Lane  string `json:"lane,omitempty"`
	Agent string `json:"agent,omitempty"`
	// Spent is the time counted until Since, from which on it counts further; while Since is zero it counts nothing, and Spent is all.
	Spent Duration  `json:"spent,omitzero"`
	Since time.Time `json:"since,omitzero"`
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
