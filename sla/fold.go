package sla

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"
)

// EventKind says what happened to the ticket, as far as clocks care.
type EventKind string

const (
	// CustomerWrote: a message that wants an answer.
	CustomerWrote EventKind = "customer wrote"
	// Answered: a post of ours that the platform accepted and the customer can see.
	Answered EventKind = "answered"
	// AnswerWithdrawn: the platform reports that the post named by Event.Key never arrived after all.
	AnswerWithdrawn EventKind = "answer withdrawn"
	// StatusChanged: Event.Status is the new status.
	StatusChanged EventKind = "status changed"
	// FactsChanged: Event.Facts are the new facts (priority, lane, tags, ...).
	FactsChanged EventKind = "facts changed"
)

// Mark is an event's place in the order of a ticket's events: by the platform's time, then the platform's own order, then the key. When it arrived
// plays no part.
type Mark struct {
	Time  time.Time `json:"time,omitzero"`
	Order string    `json:"order,omitempty"`
	Key   string    `json:"key,omitempty"`
}

// Compare returns -1, 0 or +1 as m lies before, at or after other.
func (m Mark) Compare(other Mark) int {
	return cmp.Or(m.Time.Compare(other.Time), strings.Compare(m.Order, other.Order), strings.Compare(m.Key, other.Key))
}

// Event is something that starts, stops or moves clocks.
type Event struct {
	Mark
	Kind EventKind `json:"kind"`
	// Automated is set on an answer that no person wrote: it acknowledges, but is no response.
	Automated bool `json:"automated,omitempty"`
	// Status is set for StatusChanged.
	Status Status `json:"status,omitempty"`
	// Reason says, on a change to solved, why no answer is needed.
	Reason string `json:"reason,omitempty"`
	// Facts are the ticket's facts from now on. Nil: as before.
	Facts *Facts `json:"facts,omitempty"`
}

// ErrLate is returned by Fold for an event that belongs further back, or that changes what was folded before: use FoldAll.
var ErrLate = errors.New("sla: the event belongs before one that was folded already")

// Fold returns the state after the event. The policy is chosen anew at each event, so that a changed set or changed facts apply from then on, to the
// time already spent. It returns ErrLate, with the state unchanged, when the event lies before the last one, not after a breach that At found, or withdraws
// an answer.
func (s *PolicySet) Fold(state State, e Event) (State, error) {
	if e.Kind == AnswerWithdrawn || e.Mark.Compare(state.Last) < 0 || state.breachedSince(e.Time) {
		return state, ErrLate
	}
	return s.fold(state, e), nil
}

// breachedSince reports whether a clock is breached that was not yet at t. Folding alone never leaves one behind the last event; At does.
func (state *State) breachedSince(t time.Time) bool {
	return slices.ContainsFunc(state.Clocks, func(c Clock) bool { return !c.BreachedAt.IsZero() && !t.After(c.BreachedAt) })
}

// FoldAll folds a ticket's events from the beginning, in the order of their marks whatever the order given, each under the set that inForce returns for
// its time. Answers that were withdrawn are left out. An event given twice (the same mark and kind) counts once.
func FoldAll(events iter.Seq[Event], inForce func(time.Time) *PolicySet) (State, error) {
	all := slices.SortedStableFunc(events, func(a, b Event) int {
		return cmp.Or(a.Mark.Compare(b.Mark), strings.Compare(string(a.Kind), string(b.Kind)))
	})
	all = slices.CompactFunc(all, func(a, b Event) bool { return a.Kind == b.Kind && a.Mark.Compare(b.Mark) == 0 })
	withdrawn := make(map[string]bool)
	for _, e := range all {
		if e.Kind == AnswerWithdrawn {
			withdrawn[e.Key] = true
		}
	}
	var state State
	for _, e := range all {
		if e.Kind == AnswerWithdrawn || e.Kind == Answered && withdrawn[e.Key] {
			continue
		}
		state = inForce(e.Time).fold(state, e)
	}
	return state, nil
}

func (s *PolicySet) fold(state State, e Event) State {
	state.Clocks = slices.Clone(state.Clocks)
	for i := range state.Clocks {
		state.Clocks[i].expire(e.Time)
	}
	state.Last = e.Mark
	if e.Facts != nil {
		state.Facts = *e.Facts
	}
	switch e.Kind {
	case CustomerWrote:
		if state.Asked.IsZero() {
			state.Asked = e.Time
		}
		if state.Status == "" {
			state.Status = New
		}
	case Answered:
		state.answer(e)
	case StatusChanged:
		state.setStatus(e)
	}
	s.apply(&state, e.Time)
	return state
}

func (state *State) answer(e Event) {
	if state.Asked.IsZero() {
		return // the brand wrote first: nothing was promised yet
	}
	if state.Acknowledged.IsZero() {
		state.Acknowledged = e.Time
		state.stop(Acknowledgement, e.Time)
	}
	if !e.Automated && state.Responded.IsZero() {
		state.Responded = e.Time
		state.stop(FirstResponse, e.Time)
	}
}

func (state *State) stop(m Metric, t time.Time) {
	for i := range state.Clocks {
		if c := &state.Clocks[i]; c.Metric == m {
			c.stop(t)
		}
	}
}

func (state *State) setStatus(e Event) {
	was := state.Status
	state.Status = e.Status
	switch {
	case e.Status.Done() && !was.Done():
		for i := range state.Clocks {
			c := &state.Clocks[i]
			if c.Metric != Resolution && c.running() && e.Reason != "" {
				c.Verdict, c.Stopped = NoReplyNeeded, e.Time
				continue
			}
			c.stop(e.Time)
		}
	case was.Done() && !e.Status.Done():
		for i := range state.Clocks {
			// The time while solved does not count, and a met resolution is withdrawn; a breach stays.
			if c := &state.Clocks[i]; c.Metric == Resolution && c.Verdict == Met {
				idle := e.Time.Sub(c.Stopped)
				c.Idle += Duration(idle)
				c.Due = c.Due.Add(idle)
				c.Verdict, c.Stopped = Running, time.Time{}
			}
		}
	}
}

// apply lets the policy that now matches start, retarget and end clocks.
func (s *PolicySet) apply(state *State, now time.Time) {
	if state.Asked.IsZero() {
		return
	}
	policy := s.match(state.Facts)
	for _, m := range [...]Metric{Acknowledgement, FirstResponse, Resolution} {
		var target time.Duration
		if policy != nil {
			target = policy.target(m, state.Facts.Priority)
		}
		i := slices.IndexFunc(state.Clocks, func(c Clock) bool { return c.Metric == m })
		switch {
		case i < 0 && target > 0 && !state.over(m):
			c := Clock{Metric: m, Policy: policy.Name, Target: Duration(target), Started: state.Asked, Due: state.Asked.Add(target)}
			c.expire(now)
			behind := slices.IndexFunc(state.Clocks, func(other Clock) bool { return other.Metric.rank() > m.rank() })
			if behind < 0 {
				behind = len(state.Clocks)
			}
			state.Clocks = slices.Insert(slices.Grow(state.Clocks, 4), behind, c)
		case i >= 0 && state.Clocks[i].running():
			c := &state.Clocks[i]
			if target == 0 {
				c.Verdict, c.Stopped = Unjudged, now
				continue
			}
			c.Policy, c.Target = policy.Name, Duration(target)
			c.Due = c.Started.Add(target + time.Duration(c.Idle))
			c.expire(now)
		}
	}
}

// over reports whether what the metric measures has ended, so that no clock starts for it any more.
func (state *State) over(m Metric) bool {
	switch m {
	case Acknowledgement:
		return !state.Acknowledged.IsZero() || state.Status.Done()
	case FirstResponse:
		return !state.Responded.IsZero() || state.Status.Done()
	}
	return state.Status.Done()
}
