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

// absorb takes in the lines of a part, with their clocks as they stand, at the event that merged it.
func (f *folding) absorb(p *part, e *Event) {
	f.parts = append(slices.DeleteFunc(f.parts, func(other *part) bool { return other == p }), p.parts...)
	f.Lines = slices.Concat(f.Lines, []Line{p.Line}, p.Lines)
	f.owned = false
	f.own()
	for i := range p.Clocks {
		if p.Clocks[i].Metric.responds() {
			f.Clocks = append(f.Clocks, p.Clocks[i])
		}
	}
	slices.SortStableFunc(f.Clocks, func(a, b Clock) int { return compareClocks(&a, &b) })
	for i := range p.replaced {
		if p.replaced[i].Metric.responds() {
			f.replaced = append(f.replaced, p.replaced[i])
		}
	}
	f.past.absorb(p.past)
	before := f.State
	f.owned = false
	f.before = f.set // both have come to this event
	f.keepPromises(e.Time)
	if f.past != nil {
		f.past.note(&before, f, e)
	}
}

// absorb takes over the stories of the part's lines.
func (p *past) absorb(other *past) {
	if p == nil {
		return
	}
	for _, s := range other.stories {
		if s.clock.Metric.responds() {
			p.stories = append(p.stories, s)
		}
	}
}
