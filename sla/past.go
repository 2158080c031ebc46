package sla

import (
	"iter"
	"slices"
	"time"
)

// past is what a State does not remember: how the ticket stood and who held it, and all that ever counted for each clock. Its methods that a folding without a
// past calls too do nothing then.
type past struct {
	own     record
	merged  map[string]*record // those of merged lines: until they were merged, of the tickets that they were
	stories []*story           // of all clocks, as they began
	telling bool               // turns are wanted
}

// record is how a ticket stood and who held it.
type record struct {
	stands  []stand
	holders []holder
}

// stand is a status and when it lasted; for solved and closed also what the status was before.
type stand struct {
	from, to           time.Time
	status, solvedFrom Status
}

// holder is who held the ticket from an instant on.
type holder struct {
	since time.Time
	holding
}

// story is what happened to a clock.
type story struct {
	clock    Clock
	passages []passage
	turns    []Turn
}

// passage is a time in which a clock counted in one calendar, or did not count.
type passage struct {
	from, to  time.Time
	status    Status // of the ticket
	counts    bool
	forgotten bool // the clock began anew afterwards
	calendar  *Calendar
	name      string // of the calendar
}

// begin opens the story of a clock, or begins it again where it is the same clock.
func (p *past) begin(c *Clock) {
	if p == nil {
		return
	}
	if s := p.story(c); s != nil {
		s.passages = s.passages[:0]
		return
	}
	p.stories = append(p.stories, &story{clock: *c})
}

func (p *past) story(c *Clock) *story {
	for _, s := range slices.Backward(p.stories) {
		if s.clock.is(c) {
			return s
		}
	}
	return nil
}

// forget drops the story of a clock that never was.
func (p *past) forget(c *Clock) {
	if p != nil {
		p.stories = slices.DeleteFunc(p.stories, func(s *story) bool { return s.clock.is(c) })
	}
}

// passed adds what lies behind the story told so far.
func (p *past) passed(c *Clock, g passage) {
	if p == nil || !g.from.Before(g.to) {
		return
	}
	s := p.story(c)
	if n := len(s.passages); n > 0 {
		if last := &s.passages[n-1]; last.status == g.status && last.counts == g.counts && last.forgotten == g.forgotten &&
			last.calendar == g.calendar && last.name == g.name {
			last.to = g.to
			return
		}
	}
	s.passages = append(s.passages, g)
}

// anew forgets what the clock counted.
func (p *past) anew(c *Clock) {
	if p == nil {
		return
	}
	s := p.story(c)
	for i := range s.passages {
		s.passages[i].forgotten = true
	}
}

// until lets time go by up to t, since the last event, for the clocks that nothing has stopped.
func (p *past) until(t time.Time, f *folding) {
	for i := range f.Clocks {
		c := &f.Clocks[i]
		if !c.Stopped.IsZero() {
			continue
		}
		g := passage{from: f.Last.Time, to: t, status: f.Status, counts: !c.Since.IsZero()}
		if g.counts {
			g.calendar, g.name = f.set.calendars.Named[c.Calendar], c.Calendar
		}
		p.passed(c, g)
	}
}

// note remembers what the event changed.
func (p *past) note(was *State, f *folding, e *Event) {
	p.own.note(was, f, e)
	for _, r := range p.merged {
		r.note(was, f, e)
	}
	if p.telling {
		p.tell(was, f, e)
	}
	for i := range f.Clocks {
		p.story(&f.Clocks[i]).clock = f.Clocks[i]
	}
}

func (r *record) note(was *State, f *folding, e *Event) {
	if f.Status != was.Status {
		r.stands = append(r.stands, stand{from: e.Time, status: f.Status, solvedFrom: f.SolvedFrom})
	}
	if held := f.Facts.holding(); held != was.Facts.holding() {
		r.holders = append(r.holders, holder{e.Time, held})
	}
}

// of returns the record of a line.
func (p *past) of(line string) *record {
	if r := p.merged[line]; r != nil {
		return r
	}
	return &p.own
}

// holder returns who held the ticket at the instant.
func (r *record) holder(t time.Time) holding {
	for _, h := range slices.Backward(r.holders) {
		if !h.since.After(t) {
			return h.holding
		}
	}
	return holding{}
}

// stood returns how the ticket stood between two instants.
func (r *record) stood(from, to time.Time) iter.Seq[stand] {
	return func(yield func(stand) bool) {
		before := stand{from: from, to: to}
		for _, s := range r.stands {
			if s.from.After(from) {
				if before.to = s.from; !yield(before) {
					return
				}
				from = s.from
			}
			before = stand{from, to, s.status, s.solvedFrom}
		}
		yield(before)
	}
}

// reaching returns the first instant at which the clock counted and had counted its whole target; zero when there is none so far.
func (p *past) reaching(c *Clock) time.Time {
	rest := time.Duration(c.Target)
	for _, g := range p.story(c).passages {
		if !g.counts || g.forgotten {
			continue
		}
		if due, err := g.calendar.Add(g.from, rest); err == nil && due.Before(g.to) {
			return due
		}
		rest -= g.calendar.Between(g.from, g.to)
	}
	return time.Time{}
}
