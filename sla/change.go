package sla

import "slices"

// Change is a clock that began, ended, was breached, whose deadline moved, or whose breach or end was withdrawn.
type Change struct {
	// Clock is the clock as it now is; where it is no longer there, as it was.
	Clock Clock
	// Was is its verdict before; New says that there was no such clock before.
	Was Verdict
	New bool
	// Moved is set when a clock that runs has another deadline than the one that stood before. One that paused or runs on has not: its status tells that.
	Moved bool
	// Withdrawn is set when a verdict was taken back: by a late event, by a reopening, or because its clock is gone.
	Withdrawn bool
}

// Changes lists what an event changed, given the states before and after it; also between any two of which the first was folded into the second.
func Changes(before, after State) []Change {
	return changes(before.Clocks, after.Clocks, func(gone *Clock) bool {
		// The latest of a metric takes the place of the ended one before it, which stays as it was judged.
		return gone.running() || !slices.ContainsFunc(after.Clocks, func(c Clock) bool {
			return c.Metric == gone.Metric && c.Line == gone.Line && c.Started.After(gone.Started)
		})
	})
}

// Differences lists what differs between all clocks of a ticket as they were judged before and as they are now: two answers of [Judge].
func Differences(before, after []Clock) []Change {
	return changes(before, after, func(*Clock) bool { return true })
}

func changes(before, after []Clock, withdrawn func(*Clock) bool) []Change {
	var out []Change
	add := func(c Change) {
		if out == nil { // mostly nothing changed
			out = make([]Change, 0, len(after))
		}
		out = append(out, c)
	}
	for i := range after {
		c := &after[i]
		at := slices.IndexFunc(before, func(b Clock) bool { return b.is(c) })
		if at < 0 {
			add(Change{Clock: *c, New: true})
			if c.Verdict != Running {
				add(Change{Clock: *c})
			}
			continue
		}
		switch was := &before[at]; {
		case was.Verdict != c.Verdict:
			add(Change{Clock: *c, Was: was.Verdict, Withdrawn: was.Verdict != Running})
		case !was.Stopped.Equal(c.Stopped) || !was.Due.Equal(c.Due) || was.Lane != c.Lane || was.Agent != c.Agent || c.Verdict != Running && was.Spent != c.Spent:
			add(Change{Clock: *c, Was: was.Verdict, Moved: c.running() && !was.Due.IsZero() && !c.Due.IsZero() && !was.Due.Equal(c.Due)})
		}
	}
	for i := range before {
		if gone := &before[i]; !slices.ContainsFunc(after, func(c Clock) bool { return c.is(gone) }) && withdrawn(gone) {
			add(Change{Clock: *gone, Was: gone.Verdict, Withdrawn: true})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return compareClocks(&a.Clock, &b.Clock) })
	return out
}
