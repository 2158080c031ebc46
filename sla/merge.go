package sla

import (
	"slices"
	"time"
)

// A line that a merged ticket brought was a ticket of its own before: part is how that one is folded, under its own facts and statuses, until it is merged.
type part struct {
	folding
	merged Mark
}

// gather makes the folding of a ticket with the parts that events of the kind Merged name; each remembers all where all is to be remembered.
func gather(events []Event, remembering, telling bool) *folding {
	begin := func(name string) folding {
		f := folding{State: State{Line: Line{Name: name}}, listing: true}
		if remembering {
			f.past = &past{telling: telling}
		}
		return f
	}
	whole := begin("")
	parts := make(map[string]*part)
	into := make(map[string]string)
	for i := range events {
		if e := &events[i]; e.Kind == Merged && e.Line != whole.Name {
			if parts[e.Line] == nil {
				parts[e.Line] = &part{folding: begin(e.Line)}
			}
			parts[e.Line].merged, into[e.Line] = e.Mark, e.Into // the last time counts
		}
	}
	for i := range events {
		if e := &events[i]; parts[e.Line] != nil && parts[e.Line].merges(e) {
			if p := parts[into[e.Line]]; p != nil {
				p.parts = append(p.parts, parts[e.Line])
			} else {
				whole.parts = append(whole.parts, parts[e.Line])
			}
		}
	}
	return &whole
}

// apart returns the part that the line still belongs to; nil when there is none.
func (f *folding) apart(line string) *part {
	for _, p := range f.parts {
		if p.Name == line || slices.ContainsFunc(p.Lines, func(l Line) bool { return l.Name == line }) || p.apart(line) != nil {
			return p
		}
	}
	return nil
}

// lineOf returns the line of this name; of one that is still apart, which counts there, an empty one.
func (f *folding) lineOf(name string) *Line {
	if f.apart(name) != nil {
		return &Line{Name: name}
	}
	return f.line(name)
}

// merges reports whether the event makes the part one with what it is a part of.
func (p *part) merges(e *Event) bool {
	return e.Kind == Merged && e.Line == p.Name && p.merged.Compare(e.Mark) == 0
}

// absorb takes in the lines of a part with their clocks as they stand, at the event that merged it, and only then comes under the facts that this tells. Of the clocks about the
// ticket as a whole one of each metric goes on.
func (f *folding) absorb(p *part, e *Event) {
	before := f.State
	f.parts = append(slices.DeleteFunc(f.parts, func(other *part) bool { return other == p }), p.parts...)
	f.Lines = slices.Concat(f.Lines, []Line{p.Line}, p.Lines)
	f.Joined = e.Time
	var origins [AgentWork + 1]Origin
	for m := PeriodicUpdate; m <= AgentWork; m++ {
		origins[m] = f.goesOn(p, m)
	}
	f.past.absorb(p, f, e.Time)
	if !p.Asked.IsZero() && (f.Asked.IsZero() || p.Asked.Before(f.Asked)) {
		f.Asked = p.Asked
	}
	if f.Status == "" && !f.Asked.IsZero() {
		f.Status, f.StatusSince = New, e.Time
	}
	if p.Updated.After(f.Updated) {
		f.Updated = p.Updated
	}
	f.replaced = append(f.replaced, p.replaced...)
	f.Clocks = slices.Concat(f.Clocks, p.Clocks)
	f.owned = true
	slices.SortStableFunc(f.Clocks, func(a, b Clock) int { return compareClocks(&a, &b) })
	for m := PeriodicUpdate; m <= AgentWork; m++ {
		f.originate(origins[m])
		f.unite(origins[m], e)
	}
	before.Clocks = f.Clocks
	f.owned = false
	f.before, f.same = f.set, false // both have come to this event
	if e.Facts != nil {
		f.learn(e)
	}
	if e.Status != "" {
		f.setStatus(e.Status, e)
	}
	f.keepPromises(e.Time)
	if f.past != nil {
		f.past.note(&before, f, e)
	}
}

// goesOn tells what a metric about the ticket as a whole counts from, now that a part is merged: the question that is still open, and of two that are so the one with a clock that runs,
// then the one that was asked first; updates from the latest response. What was judged of the other one stays so.
func (f *folding) goesOn(p *part, m Metric) Origin {
	mine, its := f.origin(m), p.origin(m)
	a, b := f.openness(&mine), p.openness(&its)
	switch {
	case m == PeriodicUpdate && its.Since.After(mine.Since), m != PeriodicUpdate && (b > a || b == a && its.Since.Before(mine.Since)):
		return its
	}
	return mine
}

// openness says how open it still is whether a metric's promise is kept, as far as the ticket was asked at all: a clock runs, only the promise is missing, or it was judged; the last two for
// good, unless the ticket is reopened.
func (f *folding) openness(o *Origin) int {
	judged := false
	for i := range f.Clocks {
		if c := &f.Clocks[i]; o.starts(c) {
			if c.Stopped.IsZero() {
				return 5
			}
			judged = judged || c.Verdict != Unjudged
		}
	}
	switch done := f.Status.Done(); {
	case o.Since.IsZero():
		return 0
	case !judged && !done:
		return 4
	case !done:
		return 3
	case judged:
		return 2
	}
	return 1
}

// origin returns what a metric about the ticket as a whole counts from.
func (f *folding) origin(m Metric) Origin {
	for i := range f.Origins {
		if f.Origins[i].Metric == m {
			return f.Origins[i]
		}
	}
	if m == PeriodicUpdate {
		return Origin{m, f.Name, f.Updated}
	}
	return Origin{m, f.Name, f.Asked}
}

// originate lets a metric about the ticket as a whole count from there.
func (f *folding) originate(o Origin) {
	f.Origins = slices.DeleteFunc(slices.Clone(f.Origins), func(other Origin) bool { return other.Metric == o.Metric })
	if is := f.origin(o.Metric); is.Line != o.Line || !is.Since.Equal(o.Since) {
		f.Origins = append(f.Origins, o)
	}
	if len(f.Origins) == 0 {
		f.Origins = nil
	}
}

// starts reports whether it is the clock that counts from there.
func (o *Origin) starts(c *Clock) bool {
	return c.Metric == o.Metric && c.Line == o.Line && c.Started.Equal(o.Since)
}

// unite leaves one clock of a metric that is about the ticket as a whole, that of its origin.
func (f *folding) unite(o Origin, e *Event) {
	f.Clocks = slices.DeleteFunc(f.Clocks, func(c Clock) bool {
		if c.Metric != o.Metric || o.starts(&c) {
			return false
		}
		f.retire(&c, e)
		return true
	})
}

// retire takes out a clock that another one goes on for. What was judged stays so.
func (f *folding) retire(c *Clock, e *Event) {
	if c.running() {
		f.past.forget(c)
		return
	}
	if c.Stopped.IsZero() {
		c.Stopped = e.Time
		f.count(c, e.Time, f.set.calendars.Named[c.Calendar])
		f.past.retired(c, e)
	}
	f.replaced = append(f.replaced, *c)
}

// absorb takes over the stories of a part, and how its tickets stood and who held them; from now on all stand as the whole does. Only an open question that came to a solved ticket
// is not solved by that.
func (p *past) absorb(other *part, whole *folding, now time.Time) {
	if p == nil {
		return
	}
	p.stories = append(p.stories, other.past.stories...)
	if p.merged == nil {
		p.merged = make(map[string]*record)
	}
	take := func(line string, r *record) {
		if !whole.Status.Done() || other.Status.Done() {
			r.stands = append(r.stands, stand{from: now, status: whole.Status, solvedFrom: whole.SolvedFrom})
		}
		r.holders = append(r.holders, holder{now, whole.Facts.holding()})
		p.merged[line] = r
	}
	take(other.Name, &other.past.own)
	for line, r := range other.past.merged {
		take(line, r)
	}
}

// retired ends the story of a clock that another one goes on for.
func (p *past) retired(c *Clock, e *Event) {
	if p == nil {
		return
	}
	s := p.story(c)
	if s.clock = *c; p.telling {
		s.turn(c, Turn{At: e.Time, Kind: TurnEnded, To: ending(c.Verdict), Cause: e.cause()})
	}
}
