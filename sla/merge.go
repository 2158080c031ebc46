package sla

import "slices"

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

// absorb takes in the lines of a part, with their clocks as they stand, at the event that merged it. Of the clocks of the ticket as a whole, of which the part had some
// before, one of each metric goes on.
func (f *folding) absorb(p *part, had []Clock, e *Event) {
	f.parts = append(slices.DeleteFunc(f.parts, func(other *part) bool { return other == p }), p.parts...)
	f.Lines = slices.Concat(f.Lines, []Line{p.Line}, p.Lines)
	elder := !p.Asked.IsZero() && (f.Asked.IsZero() || p.Asked.Before(f.Asked))
	if elder {
		f.Asked, f.StatusSince, f.was.statusSince = p.Asked, e.Time, e.Time // until now it stood as the part did
	}
	if f.Status == "" && elder {
		f.Status = New
	}
	if p.Updated.After(f.Updated) {
		f.Updated = p.Updated
	}
	f.past.absorb(p.past, elder, stand{from: e.Time, status: f.Status, solvedFrom: f.SolvedFrom})
	f.replaced = append(f.replaced, p.replaced...)
	f.owned = false
	f.own()
	for i := range p.Clocks {
		c := &p.Clocks[i]
		if c.Metric.responds() || slices.ContainsFunc(had, func(before Clock) bool { return before.is(c) }) {
			f.Clocks = append(f.Clocks, *c)
		} else {
			f.past.forget(c) // promised by the survivor's policy alone, which has a clock of its own for it
		}
	}
	slices.SortStableFunc(f.Clocks, func(a, b Clock) int { return compareClocks(&a, &b) })
	for m := PeriodicUpdate; m <= AgentWork; m++ {
		f.unite(m, e)
	}
	before := f.State
	f.owned = false
	f.before, f.same = f.set, false // both have come to this event
	f.keepPromises(e.Time)
	if f.past != nil {
		f.past.note(&before, f, e)
	}
}

// unite leaves one clock of a metric that is about the ticket as a whole.
func (f *folding) unite(m Metric, e *Event) {
	goes := -1
	for i := range f.Clocks {
		if c := &f.Clocks[i]; c.Metric == m && (goes < 0 || f.precedes(c, &f.Clocks[goes])) {
			goes = i
		}
	}
	if goes < 0 {
		return
	}
	on := f.Clocks[goes]
	f.Clocks = slices.DeleteFunc(f.Clocks, func(c Clock) bool {
		if c.Metric != m || c.is(&on) && f.weight(&c) > 0 {
			return false
		}
		f.retire(&c, e)
		return true
	})
}

// weight says which of several clocks goes on: one that nothing has stopped before one that was judged, and that before one that no policy promised any more. Updates go on from
// the latest answer.
func (f *folding) weight(c *Clock) int {
	switch {
	case c.Metric == PeriodicUpdate && !c.Started.Equal(f.Updated):
		return 0
	case c.Stopped.IsZero():
		return 3
	case c.Verdict != Unjudged:
		return 2
	}
	return 1
}

// precedes reports whether the one goes on rather than the other: of equals the one that began first.
func (f *folding) precedes(one, other *Clock) bool {
	a, b := f.weight(one), f.weight(other)
	return a > b || a == b && one.Started.Before(other.Started)
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

// absorb takes over the stories of a part. Of the elder ticket it is told, too, how it stood until it became as it stands now.
func (p *past) absorb(other *past, elder bool, now stand) {
	if p == nil {
		return
	}
	p.stories = append(p.stories, other.stories...)
	if elder {
		p.stands = append(slices.Clone(other.stands), now)
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
