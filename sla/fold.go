package sla

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strings"
	"time"
)

// EventKind says what happened to the ticket, as far as clocks care.
type EventKind string

const (
	// CustomerWrote: a message that wants an answer.
	CustomerWrote EventKind = "customer wrote"
	// MessageWithdrawn: the customer deleted the message whose place is Event.Of.
	MessageWithdrawn EventKind = "message withdrawn"
	// Answered: a post of ours that the platform accepted and the customer can see.
	Answered EventKind = "answered"
	// AnswerWithdrawn: the platform reports that the post named by Event.Key never arrived after all.
	AnswerWithdrawn EventKind = "answer withdrawn"
	// AnswerGivenElsewhere: what the line's messages ask was answered on another channel.
	AnswerGivenElsewhere EventKind = "answered elsewhere"
	// ReplyForbidden: the platform forbids an answer on this line, or its window closed.
	ReplyForbidden EventKind = "cannot reply"
	// StatusChanged: Event.Status is the new status.
	StatusChanged EventKind = "status changed"
	// FactsChanged: Event.Facts are the new facts (priority, lane, tags, ...).
	FactsChanged EventKind = "facts changed"
)

// Mark is an event's place in the order of a ticket's events: by the platform's time, then the platform's own order, then the key. When it arrived
// plays no part.
type Mark struct {
	Time  time.Time `json:"time,omitzero"`
	Order string    `json:"order,omitempty"`
	Key   string    `json:"key,omitempty"`
}

// Compare returns -1, 0 or +1 as m lies before, at or after other.
func (m Mark) Compare(other Mark) int {
	return cmp.Or(m.Time.Compare(other.Time), strings.Compare(m.Order, other.Order), strings.Compare(m.Key, other.Key))
}

// Event is something that starts, stops or moves clocks.
type Event struct {
	Mark
	Kind EventKind `json:"kind"`
	// Line is which line of the ticket it happened on. Empty: the ticket's own. A ticket that was merged into this one is a line of its own, whose messages want
	// their own answers; what else happened to it, before it was merged, leaves this ticket's status and facts alone.
	Line string `json:"line,omitempty"`
	// Automated is set on an answer that no person wrote: it acknowledges, and is a response only where the policy says so.
	Automated bool `json:"automated,omitempty"`
	// Status is set for StatusChanged.
	Status Status `json:"status,omitempty"`
	// Reason says, on a change to solved, why no answer is needed.
	Reason string `json:"reason,omitempty"`
	// Of is set for MessageWithdrawn: the place of the message.
	Of Mark `json:"of,omitzero"`
	// Facts are the ticket's facts from now on. Nil: as before.
	Facts *Facts `json:"facts,omitempty"`
}

// InForce tells which set was in force at a time. It gives the same set whenever it is asked for the same time.
type InForce func(time.Time) *PolicySet

// ErrLate is returned by Fold for an event that belongs further back, or that changes what was folded before: use FoldAll.
var ErrLate = errors.New("sla: the event belongs before one that was folded already")

// Fold returns the state after the event, where s was in force all the time; [InForce.Fold] is for sets that change. The policy is chosen anew at each
// event, so that changed facts apply from then on, to the time already spent. It returns ErrLate, with the state unchanged, when the event lies before the last
// one, not after a breach that At found, or withdraws an answer. Use the state that it returns and no older one: they may share memory.
func (s *PolicySet) Fold(state State, e Event) (State, error) {
	return foldNext(s, s, state, e)
}

// Fold returns the state after the event, as [PolicySet.Fold] does: the time until the event counts in the calendars that were in force at the event before it,
// and everything else goes by the set in force at the event.
func (in InForce) Fold(state State, e Event) (State, error) {
	return foldNext(in(state.Last.Time), in(e.Time), state, e)
}

func foldNext(before, s *PolicySet, state State, e Event) (State, error) {
	if e.Kind == AnswerWithdrawn || e.Mark.Compare(state.Last) < 0 || state.breachedSince(e.Time) {
		return state, ErrLate
	}
	f := folding{State: state, before: before, set: s}
	f.apply(&e)
	return f.State, nil
}

// breachedSince reports whether a clock is breached that was not yet at t. Folding alone never leaves one behind the last event; At does.
func (state *State) breachedSince(t time.Time) bool {
	for i := range state.Clocks {
		if c := &state.Clocks[i]; !c.BreachedAt.IsZero() && !t.After(c.BreachedAt) {
			return true
		}
	}
	return false
}

// FoldAll folds a ticket's events from the beginning, in the order of their marks whatever the order given, each under the set that was in force at its
// time. Answers that were withdrawn are left out. An event given twice (the same mark and kind) counts once.
func FoldAll(events iter.Seq[Event], inForce func(time.Time) *PolicySet) (State, error) {
	return foldEvents(events, inForce, nil), nil
}

// Judge folds as FoldAll does and returns every clock that the ticket ever had, in the order of Metrics, then of Line, then of Started, as they stand at now.
func Judge(events iter.Seq[Event], inForce InForce, now time.Time) []Clock {
	var all []Clock
	state := foldEvents(events, inForce, func(c *Clock) { all = append(all, *c) })
	all = append(all, state.At(now).Clocks...)
	slices.SortStableFunc(all, func(a, b Clock) int { return compareClocks(&a, &b) })
	return all
}

// foldEvents tells replaced of each ended clock that another one of its metric takes the place of.
func foldEvents(events iter.Seq[Event], inForce InForce, replaced func(*Clock)) State {
	f := folding{replaced: replaced}
	for _, e := range inOrder(events) {
		set := inForce(e.Time)
		if f.before = set; !f.Last.Time.IsZero() {
			f.before = inForce(f.Last.Time)
		}
		f.set = set
		f.apply(&e)
	}
	return f.State
}

// inOrder returns what happened in the order in which it counts, without what was withdrawn or is told twice.
func inOrder(events iter.Seq[Event]) []Event {
	all := slices.SortedStableFunc(events, func(a, b Event) int {
		return cmp.Or(a.Mark.Compare(b.Mark), strings.Compare(string(a.Kind), string(b.Kind)))
	})
	all = slices.CompactFunc(all, func(a, b Event) bool { return a.Kind == b.Kind && a.Mark.Compare(b.Mark) == 0 })
	withdrawn := make(map[string]bool)
	for i := range all {
		if all[i].Kind == AnswerWithdrawn {
			withdrawn[all[i].Key] = true
		}
	}
	return slices.DeleteFunc(all, func(e Event) bool { return e.Kind == AnswerWithdrawn || e.Kind == Answered && withdrawn[e.Key] })
}

// folding is a state that an event is being folded into.
type folding struct {
	State
	before, set *PolicySet // in force at the event before, and at this one
	policy      *compiled  // the ticket's, by set
	name        string     // of the calendar that it counts in
	calendar    *Calendar
	replaced    func(*Clock) // may be nil
}

func (f *folding) apply(e *Event) {
	if len(f.Clocks) > 0 {
		f.Clocks = append(make([]Clock, 0, max(len(f.Clocks)+1, usualClocks)), f.Clocks...)
	}
	for i := range f.Clocks {
		f.Clocks[i].expire(e.Time, &f.Facts)
	}
	held := f.Facts
	own := e.Line == f.Name
	if e.Facts != nil && own {
		f.Facts = *e.Facts
		f.choose(e.Facts)
	} else {
		f.choose(nil)
	}
	switch line := f.line(e.Line); e.Kind {
	case CustomerWrote:
		f.wrote(line, e)
	case MessageWithdrawn:
		f.withdrawn(line, e, &held)
	case Answered:
		f.answered(line, e, &held)
	case AnswerGivenElsewhere:
		f.settle(line, e, AnsweredElsewhere, &held)
	case ReplyForbidden:
		f.settle(line, e, CannotReply, &held)
	case StatusChanged:
		if own {
			f.setStatus(e, &held)
		} else if e.Status.Done() {
			f.settle(line, e, solvedVerdict(e), &held)
		}
	}
	f.Last = e.Mark
	f.keepPromises(e.Time)
}

// choose finds the ticket's policy; told are its facts when they are new.
func (f *folding) choose(told *Facts) {
	switch {
	case told != nil:
		f.policy = f.set.match(told)
	case f.set == f.before && f.Last != Mark{}:
		f.policy = f.set.named(f.Policy)
	default:
		facts := f.Facts
		f.policy = f.set.match(&facts)
	}
	f.Policy, f.name, f.calendar = "", "", nil
	if f.policy != nil {
		f.Policy = f.policy.Name
		f.name, f.calendar = f.set.calendars.of(&f.policy.Policy, f.Facts.Lane)
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
	if f.Status == "" {
		f.Status = New
	}
}

// withdrawn takes a message back that waits for an answer. Where others wait, clocks run on as they are: the customer has waited since then.
func (f *folding) withdrawn(line *Line, e *Event, held *Facts) {
	if line.Waiting == 0 || e.Of.Compare(line.Settled) <= 0 {
		return
	}
	if line.Waiting--; line.Waiting > 0 {
		return
	}
	f.endLine(line, e.Time, WithdrawnQuestion, held)
	line.Oldest = time.Time{}
	if !line.Opened {
		line.Wrote = time.Time{} // the next message is the first one
	}
}

func (f *folding) answered(line *Line, e *Event, held *Facts) {
	asked := !line.Wrote.IsZero()
	if asked && line.Acknowledged.IsZero() {
		line.Acknowledged, line.Greeted = e.Time, true
		f.end(Acknowledgement, line.Name, e.Time, Met, held)
	}
	if e.Automated && (f.policy == nil || f.policy.Responses != ByAnyone) {
		return
	}
	if asked {
		if line.Responded.IsZero() {
			line.Responded = e.Time
		}
		f.settle(line, e, Met, held)
	}
	if !e.Time.Equal(f.Updated) { // parts of one reply share their time
		f.end(PeriodicUpdate, "", e.Time, Met, held)
		f.Updated = e.Time
	}
}

// settle leaves nothing on the line waiting: its clocks end with this verdict.
func (f *folding) settle(line *Line, e *Event, verdict Verdict, held *Facts) {
	f.endLine(line, e.Time, verdict, held)
	line.Waiting, line.Oldest, line.Settled = 0, time.Time{}, e.Mark
	if !line.Wrote.IsZero() {
		line.Greeted, line.Opened = true, true
	}
}

func (f *folding) endLine(line *Line, t time.Time, verdict Verdict, held *Facts) {
	for _, m := range [...]Metric{Acknowledgement, FirstResponse, NextResponse} {
		f.end(m, line.Name, t, verdict, held)
	}
}

// end stops the running clock of the metric.
func (f *folding) end(m Metric, line string, t time.Time, verdict Verdict, held *Facts) {
	for i := range f.Clocks {
		if c := &f.Clocks[i]; c.Metric == m && c.Line == line {
			c.end(t, verdict, f.counted(c), held)
		}
	}
}

// counted is the calendar in which the clock has counted until now.
func (f *folding) counted(c *Clock) *Calendar {
	if f.before == nil {
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

func (f *folding) setStatus(e *Event, held *Facts) {
	was := f.Status
	f.Status = e.Status
	switch {
	case e.Status.Done() && !was.Done():
		f.settle(&f.Line, e, solvedVerdict(e), held)
		for i := range f.Lines {
			f.settle(f.line(f.Lines[i].Name), e, solvedVerdict(e), held)
		}
		for _, m := range [...]Metric{PeriodicUpdate, Resolution, RequesterWait, AgentWork} {
			f.end(m, "", e.Time, Met, held)
		}
		f.Updated = time.Time{}
	case was.Done() && !e.Status.Done():
		for i := range f.Clocks {
			if c := &f.Clocks[i]; c.Verdict == Met && (c.Metric == Resolution || c.Metric == RequesterWait || c.Metric == AgentWork) {
				f.reopen(c, e.Time)
			}
		}
	}
}

// reopen withdraws the verdict of a clock that solving had stopped, as the policy chooses.
func (f *folding) reopen(c *Clock, t time.Time) {
	choice, solved := Extend, c.Stopped
	if f.policy != nil && f.policy.Reopening != "" {
		choice = f.policy.Reopening
	}
	if choice == Frozen {
		return
	}
	c.Verdict, c.Stopped, c.Lane, c.Agent = Running, time.Time{}, "", ""
	switch choice {
	case Extend:
		c.run(t, f.calendar)
	case Restart:
		c.Spent = 0
		c.run(t, f.calendar)
	case Ignore:
		c.run(solved, f.counted(c))
		c.expire(t, &f.Facts)
	}
}

// keepPromises starts, moves and ends clocks as the ticket's policy now wants.
func (f *folding) keepPromises(now time.Time) {
	for i := range f.Clocks {
		if c := &f.Clocks[i]; c.Stopped.IsZero() {
			f.keep(c, now)
		}
	}
	if f.policy == nil || f.Status.Done() {
		return
	}
	f.openLine(&f.Line, now)
	for i := range f.Lines {
		f.openLine(&f.Lines[i], now)
	}
	if !f.Updated.IsZero() {
		f.open(PeriodicUpdate, "", f.Updated, now)
	}
	if !f.Asked.IsZero() {
		for _, m := range [...]Metric{Resolution, RequesterWait, AgentWork} {
			f.open(m, "", f.Asked, now)
		}
	}
}

func (f *folding) openLine(line *Line, now time.Time) {
	if line.Wrote.IsZero() {
		return
	}
	if !line.Greeted {
		f.open(Acknowledgement, line.Name, line.Wrote, now)
	}
	if !line.Opened {
		f.open(FirstResponse, line.Name, line.Wrote, now)
	} else if line.Waiting > 0 {
		f.open(NextResponse, line.Name, line.Oldest, now)
	}
}

// keep brings a clock that nothing has stopped under the policy, keeping the time spent.
func (f *folding) keep(c *Clock, now time.Time) {
	p := f.policy.promise(c.Metric, f.Facts.Priority)
	if p.within == 0 {
		if c.running() { // a breach stays
			c.end(now, Unjudged, f.counted(c), &f.Facts)
		}
		return
	}
	counted, paused := f.counted(c), p.pause.has(f.Status)
	if c.Policy == f.policy.Name && c.Calendar == f.name && counted == f.calendar && time.Duration(c.Target) == p.within && c.Since.IsZero() == paused {
		return
	}
	if c.running() {
		c.Policy, c.Target = f.policy.Name, Duration(p.within)
		if !c.Since.IsZero() {
			c.Due = c.reaching(counted)
			c.expire(now, &f.Facts)
		}
	}
	switch {
	case paused:
		c.count(now, counted)
		if c.running() {
			c.Due = time.Time{}
		}
	case c.Since.IsZero():
		c.run(now, f.calendar)
		c.expire(now, &f.Facts)
	case counted != f.calendar:
		c.count(now, counted)
		c.run(now, f.calendar)
	}
	c.Calendar = f.name
}

// open starts a clock that should run and does not.
func (f *folding) open(m Metric, line string, started, now time.Time) {
	p := f.policy.promise(m, f.Facts.Priority)
	if p.within == 0 {
		return
	}
	c := Clock{Metric: m, Line: line, Policy: f.policy.Name, Calendar: f.name, Target: Duration(p.within), Started: started}
	at, ended := f.place(&c)
	for i := at - ended; i < at; i++ {
		if other := &f.Clocks[i]; other.Stopped.IsZero() || m.once() && other.Verdict != Unjudged || other.is(&c) && other.Verdict != Unjudged {
			return // it runs, or was judged: nothing is promised twice
		}
	}
	if ended > 0 && f.Clocks[at-1].is(&c) { // unjudged until now
		f.Clocks = slices.Delete(f.Clocks, at-1, at)
		at, ended = at-1, ended-1
	}
	if ended > 1 { // the latest is kept for a while, so that who compares states sees how it ended
		if f.replaced != nil {
			f.replaced(&f.Clocks[at-ended])
		}
		f.Clocks = slices.Delete(f.Clocks, at-ended, at-ended+1)
		at--
	}
	c.run(started, f.calendar)
	c.expire(now, &f.Facts)
	if p.pause.has(f.Status) {
		c.count(now, f.calendar)
		if c.running() {
			c.Due = time.Time{}
		}
	}
	if f.Clocks == nil {
		f.Clocks = make([]Clock, 0, usualClocks)
	}
	f.Clocks = slices.Insert(f.Clocks, at, c)
}

// usualClocks is how many clocks a ticket has room for at first.
const usualClocks = 4

// place returns where the clock belongs, and how many of its metric and line stand before that.
func (f *folding) place(c *Clock) (at, before int) {
	for at < len(f.Clocks) && compareClocks(&f.Clocks[at], c) <= 0 {
		if f.Clocks[at].Metric == c.Metric && f.Clocks[at].Line == c.Line {
			before++
		}
		at++
	}
	return at, before
}

// compareClocks orders clocks by metric, line and time.
func compareClocks(a, b *Clock) int {
	return cmp.Or(cmp.Compare(a.Metric.rank(), b.Metric.rank()), strings.Compare(a.Line, b.Line), a.Started.Compare(b.Started))
}
