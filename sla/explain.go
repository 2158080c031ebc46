package sla

import (
	"iter"
	"slices"
	"strings"
	"time"
)

// Explanation says of one clock which time counted, which did not and why, what happened to it, and how its deadline and its verdict came about. Its times are
// in the zone of the calendar in which the clock counted last.
type Explanation struct {
	// Clock is how it stands at Until.
	Clock Clock `json:"clock"`
	// Why says its verdict and its deadline in one sentence.
	Why string `json:"why"`
	// Until is when the clock ended, or the time of the explanation.
	Until time.Time `json:"until"`
	// Spent is what counted in all.
	Spent Duration `json:"spent"`
	// Stretches cover the time from Clock.Started to Until, without gap or overlap. What each counts adds up to Spent. Of a long time without events only the first
	// and the last days are told one by one; what lies between is one stretch, InSum.
	Stretches []Stretch `json:"stretches"`
	// Turns are what happened to the clock, in their order.
	Turns []Turn `json:"turns"`
}

// Explain folds as [Judge] does and explains every clock that the ticket ever had, in the order of Metrics, then of Line, then of Started, as they stand at now; a
// now before the last event is the time of that.
func Explain(events iter.Seq[Event], inForce InForce, now time.Time) []Explanation {
	told := inOrder(events)
	f := foldWith(gather(told, true, true), told, inForce)
	p := f.past
	if now.Before(f.Last.Time) {
		now = f.Last.Time
	}
	p.until(now, f)
	state := f.At(now)
	for i := range state.Clocks {
		c := &state.Clocks[i]
		s := p.story(c)
		if s.clock.Verdict != Breached {
			s.breached(c)
		}
		s.clock = *c
	}
	slices.SortStableFunc(p.stories, func(a, b *story) int { return compareClocks(&a.clock, &b.clock) })
	all := make([]Explanation, len(p.stories))
	for i, s := range p.stories {
		all[i] = s.explain(now, inForce)
	}
	return all
}

func (s *story) explain(now time.Time, inForce InForce) Explanation {
	x := Explanation{Clock: s.clock, Until: now, Turns: s.turns}
	if !s.clock.Stopped.IsZero() {
		x.Until = s.clock.Stopped
	}
	for i := range s.passages {
		s.passages[i].stretches(&x)
	}
	slices.SortStableFunc(x.Turns, func(a, b Turn) int { return a.At.Compare(b.At) })
	calendar, _ := inForce(x.Until).Calendar(s.clock.Calendar, "")
	x.in(calendar.Zone())
	for _, part := range x.Stretches {
		x.Spent += part.Counted
	}
	x.Why = x.why()
	return x
}

// Tell adds turns that the events do not show, in their place: steps that were done, and verdicts that were told and taken back. In one instant a warning comes before the breach
// or the end that it warned of, and what else was done after the breach.
func (x *Explanation) Tell(turns ...Turn) {
	x.Turns = slices.Clone(x.Turns)
	for _, t := range turns {
		at := len(x.Turns)
		for at > 0 && (x.Turns[at-1].At.After(t.At) || x.Turns[at-1].At.Equal(t.At) && t.comesBefore(x.Turns[at-1].Kind)) {
			at--
		}
		x.Turns = slices.Insert(x.Turns, at, t)
	}
	x.in(x.Until.Location())
}

// comesBefore reports whether a step is told before another turn of its instant.
func (t *Turn) comesBefore(other TurnKind) bool {
	switch t.Kind {
	case TurnWarned:
		return other == TurnBreached || other == TurnEscalated || other == TurnEnded
	case TurnEscalated:
		return other == TurnEnded
	}
	return false
}

// Bounds on what is told one by one of a passage.
const (
	longPassage  = 14 * 24 * time.Hour
	itsEdges     = 3 * 24 * time.Hour
	mostInDetail = 100
)

// stretches adds the passage's.
func (g *passage) stretches(x *Explanation) {
	switch {
	case g.counts && g.forgotten:
		x.add(Stretch{From: g.from, To: g.to, Reason: BegunAnew})
	case !g.counts && g.status.Done():
		x.add(Stretch{From: g.from, To: g.to, Reason: WhileSolved})
	case !g.counts:
		x.add(Stretch{From: g.from, To: g.to, Reason: Paused, Name: string(g.status)})
	case g.calendar != nil && g.to.Sub(g.from) > longPassage:
		g.detailed(x, g.from, g.from.Add(itsEdges))
		g.summed(x, g.from.Add(itsEdges), g.to.Add(-itsEdges))
		g.detailed(x, g.to.Add(-itsEdges), g.to)
	default:
		g.detailed(x, g.from, g.to)
	}
}

func (g *passage) detailed(x *Explanation, from, to time.Time) {
	told := 0
	for s := range g.calendar.Stretches(from, to) {
		if told++; told > mostInDetail {
			g.summed(x, s.From, to)
			return
		}
		x.add(s)
	}
}

func (g *passage) summed(x *Explanation, from, to time.Time) {
	x.add(Stretch{From: from, To: to, Reason: InSum, Counted: Duration(g.calendar.Between(from, to))})
}

// add joins a stretch to the last where the reason is the same.
func (x *Explanation) add(s Stretch) {
	if n := len(x.Stretches); n > 0 {
		if last := &x.Stretches[n-1]; last.Reason == s.Reason && last.Name == s.Name {
			last.To = s.To
			last.Counted += s.Counted
			return
		}
	}
	x.Stretches = append(x.Stretches, s)
}

// in shows all times in the zone.
func (x *Explanation) in(zone *time.Location) {
	times := []*time.Time{&x.Until, &x.Clock.Started, &x.Clock.Due, &x.Clock.Stopped, &x.Clock.Since}
	for i := range x.Stretches {
		times = append(times, &x.Stretches[i].From, &x.Stretches[i].To)
	}
	for i := range x.Turns {
		times = append(times, &x.Turns[i].At, &x.Turns[i].Due)
	}
	for _, t := range times {
		if !t.IsZero() {
			*t = t.In(zone)
		}
	}
}

func (x *Explanation) why() string {
	c := &x.Clock
	spent := shortly(time.Duration(x.Spent)) + " of " + shortly(time.Duration(c.Target)) + " spent"
	due := "due " + moment(c.Due)
	switch {
	case c.Verdict == Running && c.Paused():
		return "stands still, " + spent
	case c.Verdict == Running:
		return due + ", " + spent
	case c.Verdict == Breached && c.Stopped.IsZero():
		return "breached: was due " + moment(c.Due) + ", and nothing has ended it, " + spent
	case c.Verdict == Breached:
		return "breached: was due " + moment(c.Due) + ", ended " + moment(c.Stopped) + x.ender() + ", " + spent
	case c.Verdict == Met && !c.Due.IsZero():
		return "met: ended " + moment(c.Stopped) + x.ender() + ", " + due + ", " + spent
	}
	return c.Verdict.String() + ": ended " + moment(c.Stopped) + x.ender() + ", " + spent
}

// ender says what ended the clock last.
func (x *Explanation) ender() string {
	for _, t := range slices.Backward(x.Turns) {
		if t.Kind == TurnEnded {
			return " (" + t.Cause + ")"
		}
	}
	return ""
}

// String returns the explanation as a time line, a line for each turn and each stretch.
func (x Explanation) String() string {
	var b strings.Builder
	b.WriteString(x.Clock.Metric.String())
	if x.Clock.Line != "" {
		b.WriteString(" of " + x.Clock.Line)
	}
	b.WriteString(" (" + x.Until.Location().String() + "): " + x.Why + "\n")
	turns := x.Turns
	tell := func(until time.Time) {
		for len(turns) > 0 && !turns[0].At.After(until) {
			b.WriteString("  " + moment(turns[0].At) + "  " + turns[0].String())
			if t := turns[0]; !t.Due.IsZero() {
				b.WriteString(", due " + moment(t.Due))
			}
			b.WriteString("\n")
			turns = turns[1:]
		}
	}
	for _, s := range x.Stretches {
		tell(s.From)
		b.WriteString("  " + moment(s.From) + " – " + momentAfter(s.From, s.To) + "  " + s.String() + "\n")
	}
	if n := len(turns); n > 0 {
		tell(turns[n-1].At)
	}
	return b.String()
}

// String returns what a person would say of the stretch, without its times.
func (s Stretch) String() string {
	text := string(s.Reason)
	if s.Name != "" {
		text += ": " + s.Name
	}
	if s.Counted > 0 {
		return shortly(time.Duration(s.Counted)) + " " + text
	}
	return "nothing, " + text
}

// moment writes an instant with no more digits than it has. In an hour that occurs twice it says which one.
func moment(t time.Time) string {
	layout := "Mon 2006-01-02 15:04:05.999999999"
	if t.Truncate(time.Minute).Equal(t) {
		layout = "Mon 2006-01-02 15:04"
	}
	if twice(t) {
		layout += " MST"
	}
	return t.Format(layout)
}

// twice reports whether the wall clock shows the same at another instant, because clocks were put back.
func twice(t time.Time) bool {
	start, end := t.ZoneBounds()
	_, offset := t.Zone()
	if !start.IsZero() {
		_, before := start.Add(-1).Zone()
		if t.Sub(start) < time.Duration(before-offset)*time.Second {
			return true
		}
	}
	if end.IsZero() {
		return false
	}
	_, after := end.Zone()
	return end.Sub(t) <= time.Duration(offset-after)*time.Second
}

// momentAfter leaves the date out where it is the same.
func momentAfter(before, t time.Time) string {
	text := moment(t)
	if before.Format(time.DateOnly) == t.Format(time.DateOnly) {
		return text[len("Mon 2006-01-02 "):]
	}
	return text
}

// shortly writes 2h where time.Duration writes 2h0m0s.
func shortly(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}
