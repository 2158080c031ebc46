package sla

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// keepPromises starts, moves and ends clocks as the ticket's policy now wants.
func (f *folding) keepPromises(now time.Time) {
	f.terms = f.policy.at(f.Facts.Priority)
	missing := f.missing()
	f.begins = missing.count()
	if !f.same || f.Status != f.was.status { // otherwise the clocks are kept already
		f.keepAll(now)
	}
	if f.terms == nil || f.Status.Done() {
		return
	}
	f.openLine(&f.Line, missing, now)
	for i := range f.Lines {
		line := &f.Lines[i]
		f.openLine(line, line.wants()&f.terms.promised, now)
	}
	if missing.has(PeriodicUpdate) {
		o := f.origin(PeriodicUpdate)
		f.open(PeriodicUpdate, o.Line, o.Since, now)
	}
	for m := Resolution; m <= AgentWork; m++ {
		if missing.has(m) {
			o := f.origin(m)
			f.open(m, o.Line, o.Since, now)
		}
	}
}

// keepAll keeps the clocks that nothing has stopped.
func (f *folding) keepAll(now time.Time) {
	status := f.Status.bit()
	for i := range f.Clocks {
		if f.Clocks[i].Stopped.IsZero() {
			f.keep(i, status, now)
		}
	}
}

// missing are the clocks that the ticket should have, but for those of merged tickets' lines, and that are not there.
func (f *folding) missing() metrics {
	if f.terms == nil || f.Status.Done() {
		return 0
	}
	wanted := f.Line.wants()
	if !f.Updated.IsZero() {
		wanted |= PeriodicUpdate.bit()
	}
	if !f.Asked.IsZero() {
		wanted |= solving &^ PeriodicUpdate.bit()
	}
	wanted &= f.terms.promised
	for i := range f.Clocks {
		if c := &f.Clocks[i]; (c.Line == f.Name || !c.Metric.responds()) && c.lasting() {
			wanted &^= c.Metric.bit()
		}
	}
	return wanted
}

// wants are the clocks of what the line waits for.
func (l *Line) wants() (wanted metrics) {
	if l.Wrote.IsZero() {
		return 0
	}
	if !l.Greeted {
		wanted |= Acknowledgement.bit()
	}
	switch {
	case !l.Opened:
		wanted |= FirstResponse.bit()
	case l.Waiting > 0:
		wanted |= NextResponse.bit()
	}
	return wanted
}

// openLine starts clocks of a line.
func (f *folding) openLine(line *Line, missing metrics, now time.Time) {
	if missing.has(Acknowledgement) {
		f.open(Acknowledgement, line.Name, line.Wrote, now)
	}
	if missing.has(FirstResponse) {
		f.open(FirstResponse, line.Name, line.Wrote, now)
	}
	if missing.has(NextResponse) {
		f.open(NextResponse, line.Name, line.Oldest, now)
	}
}

// keep brings a clock that nothing has stopped under the policy, keeping the time spent.
func (f *folding) keep(i int, status statuses, now time.Time) {
	c := &f.Clocks[i]
	p := f.terms.promise(c.Metric)
	counted := f.counted(c)
	if p.within == 0 {
		f.own()
		f.stop(&f.Clocks[i], now, Unjudged, counted, f.Facts.holding())
		return
	}
	paused := p.pause&status != 0
	if time.Duration(c.Target) == p.within && c.Since.IsZero() == paused && counted == f.calendar && c.Policy == f.policy.Name && c.Calendar == f.name {
		return
	}
	f.own()
	c = &f.Clocks[i]
	if c.running() {
		f.retarget(c, p, now)
	}
	switch {
	case paused:
		f.count(c, now, counted)
		if c.running() {
			c.Due = time.Time{}
		}
	case c.Since.IsZero():
		f.run(c, now)
	case counted != f.calendar:
		f.count(c, now, counted)
		f.run(c, now)
	}
	c.Calendar = f.name
}

// retarget applies the policy's target to the time already spent; that may breach the clock at once.
func (f *folding) retarget(c *Clock, p promise, now time.Time) {
	moved := time.Duration(c.Target) != p.within
	c.Policy, c.Target = f.policy.Name, Duration(p.within)
	switch {
	case !moved:
	case c.Spent >= c.Target:
		f.miss(c, now)
	case !c.Since.IsZero():
		c.Due = f.reaching(c, f.counted(c))
		f.expire(c, now)
	}
}

// miss finds out when the time spent reached a target that it was not held to before.
func (f *folding) miss(c *Clock, now time.Time) {
	if f.past == nil {
		f.unknown = true
		return
	}
	if c.Due = f.past.reaching(c); c.Due.IsZero() && !c.Since.IsZero() {
		c.Due = now
	}
	f.expire(c, now)
}

// expire makes the clock breached when its deadline lies before now, to the account of who held the ticket then.
func (f *folding) expire(c *Clock, now time.Time) {
	held := f.was.held
	if c.overdue(now) && (c.Due.Before(f.was.heldSince) || f.apartAt(c, c.Due)) {
		if f.past == nil {
			f.unknown = true
			return
		}
		held = f.past.of(c.Line).holder(c.Due)
	}
	c.expire(now, held)
}

// open starts a clock that should run and does not.
func (f *folding) open(m Metric, line string, started, now time.Time) {
	p := f.terms.promise(m)
	if p.within == 0 {
		return
	}
	at, ended, lasting := f.place(m, line, started)
	if lasting {
		return // nothing is promised twice
	}
	if ended > 0 && f.Clocks[at-1].Started.Equal(started) {
		// What no policy judged goes on being judged. A response in the same instant as its message was judged too early, for another message of that instant.
		if other := &f.Clocks[at-1]; other.Verdict != Unjudged && !other.Stopped.Equal(started) {
			return
		}
		f.own()
		f.Clocks = slices.Delete(f.Clocks, at-1, at)
		at, ended = at-1, ended-1
	}
	f.own()
	if ended > 1 { // the latest is kept for a while, so that who compares states sees how it ended
		if f.listing {
			f.replaced = append(f.replaced, f.Clocks[at-ended])
		}
		f.Clocks = slices.Delete(f.Clocks, at-ended, at-ended+1)
		at--
	}
	f.Clocks = slices.Grow(f.Clocks, 1)[:len(f.Clocks)+1]
	copy(f.Clocks[at+1:], f.Clocks[at:])
	c := &f.Clocks[at]
	*c = Clock{Metric: m, Line: line, Policy: f.policy.Name, Calendar: f.name, Target: Duration(p.within), Started: started}
	f.past.begin(c)
	f.catchUp(c, p, now)
	if !p.pause.has(f.Status) {
		f.run(c, now)
	} else if c.running() {
		c.Due = time.Time{}
	}
}

// catchUp counts what had passed before the clock was promised, as if it had been promised from its start on.
func (f *folding) catchUp(c *Clock, p promise, now time.Time) {
	if !c.Started.Before(now) {
		return
	}
	if f.past != nil {
		for s := range f.past.of(c.Line).stood(c.Started, now) {
			f.catchUpWith(c, p, s)
		}
		return
	}
	if f.unknown = f.unknown || (p.pause != 0 || c.Metric.once()) && f.stoodOtherwise(c, c.Started); !f.unknown {
		f.catchUpWith(c, p, stand{c.Started, now, f.was.status, f.was.solvedFrom})
	}
}

// apartAt reports whether the clock's line was, or may have been, that of another ticket at an instant.
func (f *folding) apartAt(c *Clock, t time.Time) bool { return c.Line != f.Name && t.Before(f.Joined) }

// stoodOtherwise reports whether the status may have changed between an instant and the event.
func (f *folding) stoodOtherwise(c *Clock, since time.Time) bool {
	return since.Before(f.was.statusSince) || f.apartAt(c, since)
}

func (f *folding) catchUpWith(c *Clock, p promise, s stand) {
	switch {
	case !s.status.Done() || !c.Metric.once():
		f.pass(c, p, s.from, s.to, s.status)
	case f.policy.Reopening == Ignore:
		f.pass(c, p, s.from, s.to, s.solvedFrom)
	default:
		f.past.passed(c, passage{from: s.from, to: s.to, status: s.status})
		if f.policy.Reopening == Restart {
			f.restart(c)
		}
	}
}

// pass lets time go by for a clock while the ticket stands in this status.
func (f *folding) pass(c *Clock, p promise, from, to time.Time, status Status) {
	counts := !p.pause.has(status)
	if counts {
		f.run(c, from)
		f.expire(c, to)
		f.count(c, to, f.calendar)
	}
	f.past.passed(c, passage{from: from, to: to, status: status, counts: counts, calendar: f.calendar, name: f.name})
}

// reopen withdraws the verdict of a clock that solving had stopped, as the policy chooses.
func (f *folding) reopen(c *Clock, t time.Time) {
	p, choice, solved := f.policy.at(f.Facts.Priority).promise(c.Metric), f.reopening(), c.Stopped
	if choice == Frozen || p.within == 0 {
		return
	}
	c.Verdict, c.Stopped, c.Lane, c.Agent = Running, time.Time{}, "", ""
	if choice != Ignore {
		f.past.passed(c, passage{from: solved, to: t, status: Solved})
	}
	if choice == Restart {
		f.restart(c)
	}
	f.retarget(c, p, t)
	if c.Calendar = f.name; choice == Ignore {
		f.ignore(c, p, solved, t)
	}
	if c.running() {
		c.Due = time.Time{}
	}
	if !p.pause.has(f.Status) {
		f.run(c, t)
	}
}

// ignore lets the time since the clock was stopped go by as if the ticket had never been solved.
func (f *folding) ignore(c *Clock, p promise, solved, t time.Time) {
	switch {
	case f.past != nil:
		for s := range f.past.of(c.Line).stood(solved, t) {
			if s.status.Done() {
				s.status = s.solvedFrom
			}
			f.pass(c, p, s.from, s.to, s.status)
		}
	case f.stoodOtherwise(c, solved):
		f.unknown = true
	default:
		f.pass(c, p, solved, t, f.SolvedFrom)
	}
}

// restart forgets the time spent.
func (f *folding) restart(c *Clock) {
	c.Spent = 0
	c.Restarts++
	f.past.anew(c)
}

// place returns where such a clock belongs, and how many of its metric and line stand before that, of which none can follow one that is lasting.
func (f *folding) place(m Metric, line string, started time.Time) (at, before int, lasting bool) {
	for i := range f.Clocks {
		c := &f.Clocks[i]
		if c.Metric > m {
			break
		}
		same := c.Metric == m && c.Line == line
		if same && c.lasting() {
			return 0, 0, true
		}
		if same && !c.Started.After(started) {
			before++
		}
		if c.Metric < m || c.Line < line || same && !c.Started.After(started) {
			at = i + 1
		}
	}
	return at, before, false
}

// compareClocks orders clocks by metric, line and time.
func compareClocks(a, b *Clock) int {
	switch {
	case a.Metric != b.Metric:
		return cmp.Compare(a.Metric, b.Metric)
	case a.Line != b.Line:
		return strings.Compare(a.Line, b.Line)
	}
	return a.Started.Compare(b.Started)
}

// lasting reports whether no other clock of its metric and line can begin: it runs, or was judged and is the only one that there ever is.
func (c *Clock) lasting() bool {
	return c.Stopped.IsZero() || c.Metric.once() && c.Verdict != Unjudged
}
