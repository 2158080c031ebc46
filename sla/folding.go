package sla

import (
	"slices"
	"time"
)

// folding is a state that an event is being folded into.
type folding struct {
	State
	was         was        // before the event
	owned       bool       // Clocks are not those of was any more
	begins      int        // for how many new clocks they have room
	before, set *PolicySet // in force at the event before, and at this one
	policy      *compiled  // the ticket's, by set
	hours                  // that it counts in
	terms       *terms     // what it promises at the ticket's priority
	same        bool       // all three are what they were
	now, then   tally      // the latest that were looked up: clocks often count between the same instants
	past        *past      // nil where nothing is remembered but the State
	unknown     bool       // the State does not suffice
	listing     bool       // replaced is wanted
	replaced    []Clock    // ended clocks that others of their metric took the place of
	parts       []*part    // that are to be merged later
}

// was is how a ticket stood before an event.
type was struct {
	status, solvedFrom     Status
	statusSince, heldSince time.Time
	held                   holding
}

// holding is who holds a ticket.
type holding struct{ lane, agent string }

func (f *Facts) holding() holding { return holding{f.Lane, f.Agent} }

// own makes the clocks the folding's own: from then on they may be changed.
func (f *folding) own() {
	if !f.owned {
		shared := f.Clocks
		clocks := make([]Clock, len(shared)+f.begins)
		copy(clocks, shared)
		f.Clocks = clocks[:len(shared)]
		f.owned = true
	}
}

func (f *folding) apply(e *Event) {
	f.was = was{f.Status, f.SolvedFrom, f.StatusSince, f.HeldSince, f.Facts.holding()}
	if f.begins = 1; e.Kind == StatusChanged && (e.Status.Done() || !f.Status.Done()) {
		f.begins = 0
	}
	for i := range f.Clocks {
		if f.Clocks[i].overdue(e.Time) {
			f.own()
			f.Clocks[i].expire(e.Time, f.was.held)
		}
	}
	own := e.Line == f.Name
	f.same = f.set == f.before && !f.Last.Time.IsZero() && (e.Facts == nil || !own)
	if e.Facts != nil && own && e.Kind != Merged {
		f.learn(e)
	} else {
		f.choose(nil)
	}
	switch line := f.lineOf(e.Line); e.Kind {
	case CustomerWrote:
		f.wrote(line, e)
	case MessageWithdrawn:
		f.withdrawn(line, e)
	case Answered:
		f.answered(line, e)
	case AnswerGivenElsewhere:
		f.settle(line, e, AnsweredElsewhere)
	case ReplyForbidden:
		f.settle(line, e, CannotReply)
	case StatusChanged:
		if own {
			f.setStatus(e.Status, e)
		} else if e.Status.Done() {
			f.settle(line, e, solvedVerdict(e))
		}
	}
	f.Last = e.Mark
	f.keepPromises(e.Time)
}

// learn takes the event's facts for the ticket's.
func (f *folding) learn(e *Event) {
	if f.was.held != e.Facts.holding() {
		f.HeldSince = e.Time
	}
	f.Facts = *e.Facts
	f.choose(e.Facts)
}

// choose finds the ticket's policy; told are its facts when they are new.
func (f *folding) choose(told *Facts) {
	switch {
	case told != nil:
		f.policy = f.set.match(told)
	case f.same:
		f.policy = f.set.named(f.Policy)
	default:
		facts := f.Facts
		f.policy = f.set.match(&facts)
	}
	if f.policy == nil {
		f.Policy, f.hours = "", hours{}
		return
	}
	if f.Policy, f.hours = f.policy.Name, f.policy.hours; f.name == "" {
		f.hours = f.set.lanes[f.Facts.Lane]
	}
}

func (f *folding) wrote(line *Line, e *Event) {
	if f.Asked.IsZero() {
		f.Asked = e.Time
	}
	if line.Wrote.IsZero() {
		line.Wrote = e.Time
	}
	if line.Waiting == 0 {
		line.Oldest = e.Time
	}
	line.Waiting++
	switch f.Status {
	case "":
		f.Status, f.StatusSince = New, e.Time
	case New, Open:
	default:
		if e.Opens {
			f.setStatus(Open, e)
		}
	}
}

// withdrawn takes a message back that waits for an answer. Where others wait, clocks run on as they are: the customer has waited since then.
func (f *folding) withdrawn(line *Line, e *Event) {
	if !line.waits(e.Of) {
		return
	}
	if line.Waiting--; line.Waiting > 0 {
		return
	}
	f.end(responses, line.Name, e.Time, WithdrawnQuestion)
	line.Oldest = time.Time{}
	if !line.Opened {
		line.Wrote = time.Time{} // the next message is the first one
	}
}

func (f *folding) answered(line *Line, e *Event) {
	asked := !line.Wrote.IsZero()
	var ends metrics // also of an automated answer
	if asked && line.Acknowledged.IsZero() {
		line.Acknowledged, line.Greeted = e.Time, true
		ends = Acknowledgement.bit()
	}
	if e.Automated && (f.policy == nil || f.policy.Responses != ByAnyone) {
		f.end(ends, line.Name, e.Time, Met)
		return
	}
	updates := !f.Status.Done() && !e.Time.Equal(f.Updated) // a solved ticket is owed no updates; parts of one reply share their time
	if updates {
		ends |= PeriodicUpdate.bit()
	}
	if asked {
		if line.Responded.IsZero() {
			line.Responded = e.Time
		}
		ends |= responses
		line.settle(e)
	}
	f.end(ends, line.Name, e.Time, Met)
	if updates {
		f.Updated = e.Time
		if len(f.Origins) > 0 {
			f.originate(Origin{PeriodicUpdate, f.Name, e.Time})
		}
	}
}

// settle leaves nothing on the line waiting: its clocks end with this verdict.
func (f *folding) settle(line *Line, e *Event, verdict Verdict) {
	f.end(responses, line.Name, e.Time, verdict)
	line.settle(e)
}

// settle leaves nothing waiting.
func (l *Line) settle(e *Event) {
	l.Waiting, l.Oldest, l.Settled = 0, time.Time{}, e.Mark
	if !l.Wrote.IsZero() {
		l.Greeted, l.Opened = true, true
	}
}

// end stops the clocks of these metrics that nothing has stopped: on the line, or about the ticket as a whole.
func (f *folding) end(which metrics, line string, t time.Time, verdict Verdict) {
	if which == 0 {
		return
	}
	for i := range f.Clocks {
		if c := &f.Clocks[i]; which.has(c.Metric) && c.Stopped.IsZero() && (c.Line == line || !c.Metric.responds()) {
			f.own()
			f.stop(&f.Clocks[i], t, verdict, f.counted(c), f.was.held)
		}
	}
}

// stop ends a clock that nothing has stopped.
func (f *folding) stop(c *Clock, t time.Time, verdict Verdict, counted *Calendar, held holding) {
	c.end(t, verdict, held)
	f.count(c, t, counted)
}

// tally is how long a calendar was open before an instant.
type tally struct {
	calendar *Calendar
	at       time.Time
	opened   opened
}

func (l *tally) look(calendar *Calendar, t time.Time) opened {
	if l.calendar != calendar || !l.at.Equal(t) {
		*l = tally{calendar, t, calendar.opened(t)}
	}
	return l.opened
}

// count adds what has passed for a clock until t, from when on it stands still.
func (f *folding) count(c *Clock, t time.Time, calendar *Calendar) {
	switch {
	case c.Since.IsZero():
		return
	case calendar == nil:
		c.Spent += Duration(t.Sub(c.Since))
	default:
		passed, now := t.Sub(c.Since), f.now.look(calendar, t)
		if !now.throughout(passed) { // mostly nobody went home in between
			passed = now.since(f.then.look(calendar, c.Since))
		}
		c.Spent += Duration(passed)
	}
	c.Since = time.Time{}
}

// run lets the clock count from t on, and sets the deadline of one that is not breached: the instant at which the time counted reaches the target.
func (f *folding) run(c *Clock, t time.Time) {
	c.Since = t
	if c.running() {
		c.Due = f.reaching(c, f.calendar)
	}
}

// reaching returns when the time counted reaches the target. What it is when the target was reached before the clock paused last is not known any more: then it
// is the instant at which it ran on.
func (f *folding) reaching(c *Clock, calendar *Calendar) time.Time {
	rest := time.Duration(c.Target - c.Spent)
	if rest <= 0 {
		return c.Since
	}
	if calendar == nil {
		return c.Since.Add(rest)
	}
	before := &f.then
	if f.now.at.Equal(c.Since) {
		before = &f.now
	}
	due, err := calendar.after(c.Since, rest, before.look(calendar, c.Since))
	if err != nil { // more than ten years of it away: as good as never
		return c.Since.Add(MaxTarget)
	}
	return due
}

// counted is the calendar in which the clock has counted until now.
func (f *folding) counted(c *Clock) *Calendar {
	switch {
	case f.before == f.set && c.Calendar == f.name && f.policy != nil:
		return f.calendar
	case f.before == nil:
		return nil
	}
	return f.before.calendars.Named[c.Calendar]
}

func solvedVerdict(e *Event) Verdict {
	if e.Reason != "" {
		return NoReplyNeeded
	}
	return Met
}

func (f *folding) setStatus(to Status, e *Event) {
	was := f.Status
	if was == to {
		return
	}
	f.Status, f.StatusSince = to, e.Time
	switch {
	case to.Done() && !was.Done():
		f.SolvedFrom = was
		f.settle(&f.Line, e, solvedVerdict(e))
		for i := range f.Lines {
			f.settle(f.line(f.Lines[i].Name), e, solvedVerdict(e))
		}
		f.unbegin(e.Time)
		f.end(solving, "", e.Time, Met)
		f.Updated = time.Time{}
	case was.Done() && !to.Done():
		for i := range f.Clocks {
			if f.Clocks[i].Verdict == Met && f.Clocks[i].Metric.once() {
				f.own()
				f.reopen(&f.Clocks[i], e.Time)
			}
		}
		f.SolvedFrom = ""
	}
}

// unbegin takes the periodic update back that the answer which also solves the ticket has begun: a solved ticket is owed none, and nothing was kept.
func (f *folding) unbegin(t time.Time) {
	for i := range f.Clocks {
		if c := &f.Clocks[i]; c.Metric == PeriodicUpdate && c.Stopped.IsZero() && c.Started.Equal(t) {
			f.past.forget(c)
			f.own()
			f.Clocks = slices.Delete(f.Clocks, i, i+1)
			return
		}
	}
}
