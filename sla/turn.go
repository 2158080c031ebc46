package sla

import (
	"slices"
	"time"
)

// TurnKind says what happened to a clock.
type TurnKind string

const (
	TurnPromised TurnKind = "promised"         // Turn.To is the policy
	TurnPolicy   TurnKind = "policy changed"   // from one policy to another
	TurnTarget   TurnKind = "target changed"   // from one time allowed to another; Turn.Cause is the priority or the policy
	TurnCalendar TurnKind = "calendar changed" // from one calendar to another; Turn.From is empty where the hours or holidays of the same one were edited
	TurnPaused   TurnKind = "paused"           // Turn.To is the status
	TurnResumed  TurnKind = "resumed"          // Turn.To is the status
	TurnBreached TurnKind = "breached"         // Turn.Cause is who held the ticket
	TurnEnded    TurnKind = "ended"            // Turn.To is the verdict, Turn.Cause what ended it
	TurnReopened TurnKind = "reopened"         // Turn.From is the verdict withdrawn, Turn.Cause the policy's choice

	// These are not of the events, but of what was done by what was known then; see Explanation.Tell.
	TurnWithdrawn TurnKind = "withdrawn" // Turn.From is a verdict that had been told, Turn.Due the deadline of a breach
	TurnWarned    TurnKind = "warned"    // Turn.To is the step's moment, Turn.Cause whom it told
	TurnEscalated TurnKind = "escalated" // Turn.To is the step's moment, Turn.Cause what it did
)

// Turn is something that happened to a clock.
type Turn struct {
	At   time.Time `json:"at"`
	Kind TurnKind  `json:"kind"`
	// From and To are what was before and is now: names of policies or calendars, times allowed, statuses, verdicts; see TurnKind.
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
	// Cause is what made it so, where Kind does not say it all.
	Cause string `json:"cause,omitempty"`
	// Due is the deadline from then on; zero where there is none.
	Due time.Time `json:"due,omitzero"`
}

// String returns the turn as a person would say it, without its time.
func (t Turn) String() string {
	s := string(t.Kind)
	switch {
	case t.Kind == TurnPromised:
		s += " by policy " + t.To
	case t.Kind == TurnEnded:
		s = t.To
	case t.Kind == TurnWithdrawn:
		s = t.From + " withdrawn"
	case t.Kind == TurnReopened:
		s += ", " + t.From + " withdrawn"
	case t.Kind == TurnWarned || t.Kind == TurnEscalated:
		s += ": " + t.To
	case t.From != "" || t.To != "":
		s += ": " + arrow(t.From, t.To)
	}
	if t.Cause != "" {
		s += " (" + t.Cause + ")"
	}
	return s
}

func arrow(from, to string) string {
	if from == "" {
		return to
	}
	return from + " → " + to
}

// tell remembers what the event did to each clock.
func (p *past) tell(was *State, f *folding, e *Event) {
	for i := range f.Clocks {
		c := &f.Clocks[i]
		s := p.story(c)
		at := slices.IndexFunc(was.Clocks, func(b Clock) bool { return b.is(c) })
		if at < 0 || was.Clocks[at].Verdict == Unjudged && c.Verdict != Unjudged {
			s.turn(c, Turn{At: e.Time, Kind: TurnPromised, To: c.Policy, Cause: shortly(time.Duration(c.Target)) + calendarCause(c.Calendar)})
			if c.Paused() {
				s.turn(c, Turn{At: e.Time, Kind: TurnPaused, To: string(f.Status)})
			}
			s.breached(c)
			continue
		}
		b := &was.Clocks[at]
		if !b.Stopped.IsZero() && (c.Stopped.IsZero() || c.Stopped.After(b.Stopped)) {
			s.turn(c, Turn{At: e.Time, Kind: TurnReopened, From: b.Verdict.String(), Cause: string(f.reopening())})
		}
		s.moved(b, c, was, f, e)
		if b.Verdict != Breached {
			s.breached(c)
		}
		if b.Stopped.IsZero() && !c.Stopped.IsZero() {
			s.turn(c, Turn{At: c.Stopped, Kind: TurnEnded, To: ending(c.Verdict), Cause: f.ender(c, e)})
		}
	}
}

// ender says what ended the clock: the event, or that the promise is gone which would still have been made to the ticket before the policies were edited.
func (f *folding) ender(c *Clock, e *Event) string {
	if c.Verdict == Unjudged && f.before != f.set && f.before.match(&f.Facts).at(f.Facts.Priority).promise(c.Metric).within > 0 {
		return string(TurnPolicy)
	}
	return e.cause()
}

// moved tells of changes that leave the verdict as it is.
func (s *story) moved(b, c *Clock, was *State, f *folding, e *Event) {
	if b.Policy != c.Policy {
		s.turn(c, Turn{At: e.Time, Kind: TurnPolicy, From: b.Policy, To: c.Policy})
	}
	if b.Target != c.Target {
		cause := "the policy was edited"
		switch {
		case b.Policy != c.Policy:
			cause = "policy " + c.Policy
		case e.Kind == Merged && c.Line != f.Name:
			cause = e.cause()
		case was.Facts.Priority != f.Facts.Priority:
			cause = "priority " + arrow(was.Facts.Priority.String(), f.Facts.Priority.String())
		}
		s.turn(c, Turn{At: e.Time, Kind: TurnTarget, From: shortly(time.Duration(b.Target)), To: shortly(time.Duration(c.Target)), Cause: cause})
	}
	if b.Calendar != c.Calendar {
		var cause string
		if e.Kind == Merged && c.Line != f.Name {
			cause = e.cause()
		} else if was.Facts.Lane != f.Facts.Lane {
			cause = "lane " + arrow(was.Facts.Lane, f.Facts.Lane)
		}
		s.turn(c, Turn{At: e.Time, Kind: TurnCalendar, From: calendarName(b.Calendar), To: calendarName(c.Calendar), Cause: cause})
	} else if b.Target == c.Target && b.Verdict == Running && c.Verdict == Running && !b.Paused() && !c.Paused() && !b.Due.Equal(c.Due) && f.rehoured(c.Calendar) {
		s.turn(c, Turn{At: e.Time, Kind: TurnCalendar, To: calendarName(c.Calendar), Cause: "its hours or holidays were edited"})
	}
	if b.Stopped.IsZero() && c.Stopped.IsZero() && b.Paused() != c.Paused() {
		kind := TurnResumed
		if c.Paused() {
			kind = TurnPaused
		}
		s.turn(c, Turn{At: e.Time, Kind: kind, To: string(f.Status)})
	}
}

// rehoured reports whether the calendar of the name is another than at the event before.
func (f *folding) rehoured(name string) bool {
	if f.before == nil || f.set == nil {
		return false
	}
	return f.before.calendars.Named[name] != f.set.calendars.Named[name]
}

func (s *story) turn(c *Clock, t Turn) {
	if c.Verdict == Running {
		t.Due = c.Due
	}
	s.turns = append(s.turns, t)
}

// breached tells of a breach.
func (s *story) breached(c *Clock) {
	if c.Verdict == Breached {
		s.turn(c, Turn{At: c.Due, Kind: TurnBreached, Cause: holderCause(c)})
	}
}

func holderCause(c *Clock) string {
	switch {
	case c.Lane == "" && c.Agent == "":
		return ""
	case c.Agent == "":
		return "held by lane " + c.Lane
	case c.Lane == "":
		return "held by agent " + c.Agent
	}
	return "held by lane " + c.Lane + ", agent " + c.Agent
}

func calendarName(name string) string {
	if name == "" {
		return AroundTheClock
	}
	return name
}

func calendarCause(name string) string {
	if name == "" || name == AroundTheClock {
		return " around the clock"
	}
	return " in calendar " + name
}

// ending is the verdict as an end: a breached clock that ends is answered, late.
func ending(v Verdict) string {
	if v == Breached {
		return "ended late"
	}
	return v.String()
}

// cause says what the event was.
func (e *Event) cause() string {
	if e.Kind != StatusChanged {
		return string(e.Kind)
	}
	if e.Reason != "" {
		return "status " + string(e.Status) + ": " + e.Reason
	}
	return "status " + string(e.Status)
}

// reopening is what the ticket's policy chooses.
func (f *folding) reopening() Reopening {
	if f.policy == nil || f.policy.Reopening == "" {
		return Extend
	}
	return f.policy.Reopening
}
