package sla

import (
	"slices"
	"time"
)

// State is what is known of a ticket's clocks. It is a value: Fold returns a new one and leaves the old as it was. The zero State is a ticket to which
// nothing has happened.
type State struct {
	// Clocks are those that run and the latest that ended of each metric and line, in the order of Metrics, then of Line, then of Started.
	Clocks []Clock `json:"clocks,omitempty"`
	// Facts are the ticket's facts as of the last event.
	Facts Facts `json:"facts,omitzero"`
	// Policy is the name of the policy that matched at the last event; empty: none did.
	Policy string `json:"policy,omitempty"`
	// Status is the ticket's status as of the last event.
	Status Status `json:"status,omitempty"`
	// StatusSince is when the status became this, and SolvedFrom, while it is solved or closed, what it was before.
	StatusSince time.Time `json:"status_since,omitzero"`
	SolvedFrom  Status    `json:"solved_from,omitempty"`
	// HeldSince is when the lane and the agent became those of Facts.
	HeldSince time.Time `json:"held_since,omitzero"`
	// Asked is the platform's time of the customer's first message.
	Asked time.Time `json:"asked,omitzero"`
	// Updated is the time of the newest response, until the ticket is solved.
	Updated time.Time `json:"updated,omitzero"`
	// Line is the ticket's own line; Lines are those that merged tickets brought, the last of them at Joined.
	Line
	Lines  []Line    `json:"lines,omitempty"`
	Joined time.Time `json:"joined,omitzero"`
	// Origins say of the metrics about the ticket as a whole what they count from since a merge, where that is not the ticket's own line since Asked or Updated.
	Origins []Origin `json:"origins,omitempty"`
	// Last is the place of the last event folded.
	Last Mark `json:"last,omitzero"`
}

// Origin is what a clock about the ticket as a whole counts from: the first message, or for periodic updates the latest response, of the ticket on the line.
type Origin struct {
	Metric Metric    `json:"metric"`
	Line   string    `json:"line,omitempty"`
	Since  time.Time `json:"since"`
}

// Line is how a conversation with the customer stands. A ticket has one; merging brings further ones, each of which wants its own answer.
type Line struct {
	// Name is Event.Line.
	Name string `json:"name,omitempty"`
	// Wrote is the time of the first message that wants a first response.
	Wrote time.Time `json:"wrote,omitzero"`
	// Acknowledged and Responded are the times of the first post of any kind and of the first response.
	Acknowledged time.Time `json:"acknowledged,omitzero"`
	Responded    time.Time `json:"responded,omitzero"`
	// Waiting counts the messages that nobody has answered; Oldest is the time of the first of them.
	Waiting int       `json:"waiting,omitzero"`
	Oldest  time.Time `json:"oldest,omitzero"`
	// Settled is the place of what answered last: a response, a solving, a verdict; messages before it wait no more.
	Settled Mark `json:"settled,omitzero"`
	// Greeted and Opened are set once acknowledgement and first response are over, however they ended: what comes then is a next response.
	Greeted bool `json:"greeted,omitempty"`
	Opened  bool `json:"opened,omitempty"`
}

// waits reports whether a message at this place may wait for an answer.
func (l *Line) waits(m Mark) bool { return l.Waiting > 0 && m.Compare(l.Settled) > 0 }

// IsZero reports whether nothing was folded yet.
func (s State) IsZero() bool { return s.Last == Mark{} && len(s.Clocks) == 0 }

// Clock returns the newest clock of the metric, of acknowledgement and responses the newest on the ticket's own line, and whether there is one. One that nothing has stopped is
// newer than one that has ended.
func (s State) Clock(m Metric) (newest Clock, ok bool) {
	for i := range s.Clocks {
		c := &s.Clocks[i]
		if c.Metric != m || c.Line != s.Name && m.responds() {
			continue
		}
		if !ok || c.Stopped.IsZero() || !newest.Stopped.IsZero() && c.Started.After(newest.Started) {
			newest, ok = *c, true
		}
	}
	return newest, ok
}

// Next returns the nearest deadline of a running clock; zero when none runs. A clock is breached once its deadline lies in the past, so at the deadline
// itself it is still running.
func (s State) Next() time.Time {
	var next time.Time
	for i := range s.Clocks {
		if c := &s.Clocks[i]; c.running() && !c.Due.IsZero() && (next.IsZero() || c.Due.Before(next)) {
			next = c.Due
		}
	}
	return next
}

// Owed returns the nearest deadline of a clock that nothing has stopped and that does not stand still, kept or broken: a promise that is broken is still owed. Zero when there is
// none.
func (s State) Owed() time.Time {
	var owed time.Time
	for i := range s.Clocks {
		c := &s.Clocks[i]
		late := c.Verdict == Breached && c.Stopped.IsZero() && !c.Since.IsZero()
		if (c.running() || late) && !c.Due.IsZero() && (owed.IsZero() || c.Due.Before(owed)) {
			owed = c.Due
		}
	}
	return owed
}

// At returns the state as it stands at now: clocks whose deadline lies before now are breached, at their deadline.
func (s State) At(now time.Time) State {
	if next := s.Next(); next.IsZero() || !next.Before(now) {
		return s
	}
	s.Clocks = slices.Clone(s.Clocks)
	for i := range s.Clocks {
		s.Clocks[i].expire(now, s.Facts.holding())
	}
	return s
}

// line returns the line of this name, which is made if it is new.
func (s *State) line(name string) *Line {
	if name == s.Name {
		return &s.Line
	}
	i := slices.IndexFunc(s.Lines, func(l Line) bool { return l.Name == name })
	s.Lines = slices.Clone(s.Lines)
	if i < 0 {
		i = len(s.Lines)
		s.Lines = append(s.Lines, Line{Name: name})
	}
	return &s.Lines[i]
}
