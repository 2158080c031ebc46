package sla

import (
	"slices"
	"sort"
)

// Wall-clock readings are counted in seconds since the Monday before 1900, as if each day had 24 hours: a line without gaps, on which weeks repeat. What
// clocks that are put forward or back make of that line is the business of offsets.
const (
	firstYear   = 1900
	lastYear    = 2199
	firstMonday = -2_209_593_600 // 1899-12-25T00:00:00Z in Unix time
)

// readings are the open readings of the wall clock: a week that repeats, and exceptions.
type readings struct {
	week       []counted // within one week, sorted and without overlap
	perWeek    int64     // open seconds
	exceptions []exception
}

// counted is an open span and the open seconds before it.
type counted struct {
	span
	before int64
}

// exception is a span that is open or closed as a whole, whatever the week says.
type exception struct {
	counted
	open bool
	// weekly is what is to be added, after the exception and until the next, to the count of an ordinary week.
	weekly int64
}

// newReadings takes spans that are sorted and without overlap; what is in open is open even where it is in closed.
func newReadings(week, closed, open []span) readings {
	var r readings
	for _, s := range week {
		r.week = append(r.week, counted{s, r.perWeek})
		r.perWeek += s.to - s.from
	}
	for _, s := range without(closed, open) {
		if r.inWeeks(s.from).seconds < r.inWeeks(s.to).seconds { // otherwise closed anyway
			r.exceptions = append(r.exceptions, exception{counted: counted{span: s}})
		}
	}
	for _, s := range open {
		r.exceptions = append(r.exceptions, exception{counted: counted{span: s}, open: true})
	}
	slices.SortFunc(r.exceptions, func(a, b exception) int { return compareSpans(a.span, b.span) })
	var weekly int64
	for i := range r.exceptions {
		e := &r.exceptions[i]
		e.before = r.inWeeks(e.from).seconds + weekly
		weekly = e.after() - r.inWeeks(e.to).seconds
		e.weekly = weekly
	}
	r.exceptions = slices.Clip(r.exceptions)
	return r
}

// after returns the open seconds before the end of the exception.
func (e *exception) after() int64 {
	if e.open {
		return e.before + e.to - e.from
	}
	return e.before
}

// count returns what is open before the reading.
func (r *readings) count(reading int64) opened {
	i := sort.Search(len(r.exceptions), func(i int) bool { return r.exceptions[i].from >= reading })
	if i == 0 {
		return r.inWeeks(reading)
	}
	switch e := &r.exceptions[i-1]; {
	case reading >= e.to:
		before := r.inWeeks(reading)
		before.seconds += e.weekly
		before.unbroken = min(before.unbroken, reading-e.to)
		return before
	case e.open:
		return opened{seconds: e.before + reading - e.from, unbroken: reading - e.from}
	default:
		return opened{seconds: e.before}
	}
}

// reaching returns the first reading before which there are so many open seconds: the inverse of count. There must be one.
func (r *readings) reaching(count int64) int64 {
	i := sort.Search(len(r.exceptions), func(i int) bool { return r.exceptions[i].before >= count })
	if i == 0 {
		return r.reachingInWeeks(count)
	}
	e := &r.exceptions[i-1]
	if count <= e.after() {
		return e.from + count - e.before
	}
	return r.reachingInWeeks(count - e.weekly)
}

// inWeeks is count for ordinary weeks.
func (r *readings) inWeeks(reading int64) opened {
	weeks, within := reading/secondsPerWeek, reading%secondsPerWeek
	i := sort.Search(len(r.week), func(i int) bool { return r.week[i].from >= within })
	before := opened{seconds: weeks * r.perWeek}
	if i > 0 {
		s := &r.week[i-1]
		before.seconds += s.before + min(within, s.to) - s.from
		if within <= s.to {
			before.unbroken = within - s.from
		}
	}
	return before
}

// reachingInWeeks is reaching for ordinary weeks.
func (r *readings) reachingInWeeks(count int64) int64 {
	weeks := (count - 1) / r.perWeek // the week's last open second belongs to it
	count -= weeks * r.perWeek
	i := sort.Search(len(r.week), func(i int) bool { return r.week[i].before >= count })
	s := &r.week[i-1]
	return weeks*secondsPerWeek + s.from + count - s.before
}
