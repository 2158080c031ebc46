package sla

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"
)

// InForce tells which set was in force at a time. It gives the same set whenever it is asked for the same time.
type InForce func(time.Time) *PolicySet

// ErrLate is returned by Fold for an event that belongs further back, or whose effect reaches further back than a State remembers: use FoldAll.
var ErrLate = errors.New("sla: the event belongs before one that was folded already")

// Fold returns the state after the event, where s was in force all the time; [InForce.Fold] is for sets that change. The policy is chosen anew at each
// event, so that changed facts apply from then on, to the time already spent. It returns ErrLate, with the state unchanged, when the event lies before the last
// one, not after a breach that At found, says what became of an answer, withdraws a message that may wait, merges, and when the state does not tell enough of the past: a new target turns out to have been
// missed before the clock paused last or the ticket was handed over, or begins to be promised after statuses that would have paused it. The states may share
// memory: change neither.
func (s *PolicySet) Fold(state State, e Event) (State, error) {
	var f folding // a literal would be copied once more
	f.State, f.before, f.set = state, s, s
	if f.last(&e) {
		return f.State, nil
	}
	return state, ErrLate
}

// Fold returns the state after the event, as [PolicySet.Fold] does: the time until the event counts in the calendars that were in force at the event before it,
// and everything else goes by the set in force at the event.
func (in InForce) Fold(state State, e Event) (State, error) {
	var f folding // a literal would be copied once more
	f.State, f.before, f.set = state, in(state.Last.Time), in(e.Time)
	if f.last(&e) {
		return f.State, nil
	}
	return state, ErrLate
}

// last folds an event that comes after all others, and reports whether it does and the state suffices.
func (f *folding) last(e *Event) bool {
	if e.corrects() || e.Kind == Merged || e.Kind == MessageWithdrawn && f.lineOf(e.Line).waits(e.Of) || e.Mark.Compare(f.Last) < 0 || f.breachedSince(e.Time) {
		return false
	}
	f.apply(e)
	return !f.unknown
}

// breachedSince reports whether a clock is breached that was not yet at t. Folding alone never leaves one behind the last event; At does.
func (state *State) breachedSince(t time.Time) bool {
	for i := range state.Clocks {
		if c := &state.Clocks[i]; c.Verdict == Breached && !t.After(c.Due) {
			return true
		}
	}
	return false
}

// FoldAll folds a ticket's events from the beginning, in the order of their marks whatever the order given, each under the set that was in force at its
// time. Answers that were withdrawn are left out. An event given twice (the same mark, kind and line) counts once. The error is always nil.
func FoldAll(events iter.Seq[Event], inForce func(time.Time) *PolicySet) (State, error) {
	return foldEvents(inOrder(events), inForce).State, nil
}

// Judge folds as FoldAll does and returns every clock that the ticket ever had, in the order of Metrics, then of Line, then of Started, as they stand at now.
func Judge(events iter.Seq[Event], inForce InForce, now time.Time) []Clock {
	f := foldEvents(inOrder(events), inForce)
	all := append(f.replaced, f.At(now).Clocks...)
	slices.SortStableFunc(all, func(a, b Clock) int { return compareClocks(&a, &b) })
	return all
}

// foldEvents folds as Fold does, without remembering more than the State; only when that does not suffice it folds once more, and remembers all.
func foldEvents(events []Event, inForce InForce) *folding {
	f := gather(events, false, false)
	for i := range events {
		if f.next(inForce, &events[i]); f.unknown {
			return foldWith(gather(events, true, false), events, inForce)
		}
	}
	return f
}

func foldWith(f *folding, events []Event, inForce InForce) *folding {
	for i := range events {
		f.next(inForce, &events[i])
	}
	return f
}

// next folds the next event: one that happened to a part while that is apart, into the part alone.
func (f *folding) next(inForce InForce, e *Event) {
	p := f.apart(e.Line)
	if p == nil {
		f.step(inForce, e)
		return
	}
	p.next(inForce, e)
	if p.merges(e) {
		f.step(inForce, e)
		f.absorb(p, e)
	}
	f.unknown = f.unknown || p.unknown
}

// step folds an event under the sets in force.
func (f *folding) step(inForce InForce, e *Event) {
	before := f.State
	if f.past != nil {
		f.past.until(e.Time, f)
	}
	set := inForce(e.Time)
	if f.before = set; !f.Last.Time.IsZero() {
		f.before = inForce(f.Last.Time)
	}
	f.set = set
	f.owned = false
	f.apply(e)
	if f.past != nil {
		f.past.note(&before, f, e)
	}
}

// inOrder returns what happened in the order in which it counts, without what was withdrawn or is told twice.
func inOrder(events iter.Seq[Event]) []Event {
	all := slices.SortedStableFunc(events, func(a, b Event) int {
		return cmp.Or(a.Mark.Compare(b.Mark), strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Line, b.Line))
	})
	all = slices.CompactFunc(all, func(a, b Event) bool { return a.Kind == b.Kind && a.Line == b.Line && a.Mark.Compare(b.Mark) == 0 })
	withdrawn := make(map[string]bool)
	for i := range all {
		if all[i].Kind == AnswerWithdrawn {
			withdrawn[all[i].Key] = true
		}
	}
	for i := range all {
		if all[i].Kind == AnswerArrived {
			delete(withdrawn, all[i].Key)
		}
	}
	deleted := make(map[message]bool)
	for i := range all {
		if e := &all[i]; e.Kind == MessageWithdrawn { // platforms tell of a deletion more than once
			of := message{e.Line, e.Of.Time.UnixNano(), e.Of.Order, e.Of.Key}
			if deleted[of] {
				e.Kind = FactsChanged // to what they were
			}
			deleted[of] = true
		}
	}
	return slices.DeleteFunc(all, func(e Event) bool {
		return e.corrects() || e.Kind == Answered && withdrawn[e.Key] || e.Post != "" && withdrawn[e.Post]
	})
}

// corrects reports whether the event only says which others count.
func (e *Event) corrects() bool { return e.Kind == AnswerWithdrawn || e.Kind == AnswerArrived }

// message names one by its line and its place.
type message struct {
	line       string
	time       int64
	order, key string
}
