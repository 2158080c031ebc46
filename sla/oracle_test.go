package sla_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// An oracle counts minutes. It knows nothing of instants: for each minute and each clock it writes down whether the clock counted. It is of one ticket: what is to be merged into
// that has an oracle of its own until then.
type oracle struct {
	w      *world
	name   string // of the ticket's own line
	minute int
	minutes

	facts    sla.Facts
	policy   *sla.Policy
	calendar string
	version  *version
	asked    int
	updated  int
	about    map[sla.Metric]question // whose question a metric about the ticket as a whole is, where that is another one since a merge
	lines    map[string]*oracleLine
	clocks   []*oracleClock
	parts    []*oracle
}

// minutes tell how a ticket stood and who held it.
type minutes struct {
	now, solvedFrom  sla.Status
	status, solvedAs []sla.Status // by the minute, and what it was before it was solved
	held             []sla.Facts
}

// question is who asked, or for updates was answered, and when.
type question struct {
	line  string
	since int
}

type oracleLine struct {
	messages        map[sla.Mark]bool // whether they wait
	wrote, oldest   int
	greeted, opened bool
	minutes         *minutes // of a line that was merged: until then those of the ticket that it was
}

type oracleClock struct {
	metric           sla.Metric
	line             string
	started          int
	policy, calendar string
	hours            []bool // nil: always open
	target           int
	awake, counted   []bool // from started on
	stopped, breach  int    // -1: not
	verdict          sla.Verdict
	lane, agent      string
	past             bool // another one goes on for it
}

const never = -1

func newOracle(w *world, name string) *oracle {
	o := &oracle{w: w, name: name, asked: never, updated: never, lines: map[string]*oracleLine{}, about: map[sla.Metric]question{}}
	o.line(name)
	return o
}

func simulate(w *world) *oracle {
	o, lastly := newOracle(w, ""), map[string]int{}
	for i, e := range w.events {
		if e.Kind == sla.Merged {
			lastly[e.Line] = i
		}
	}
	tickets := map[string]*oracle{"": o}
	for name := range lastly {
		tickets[name] = newOracle(w, name)
	}
	for name, i := range lastly {
		into := tickets[w.events[i].Into]
		if into == nil {
			into = o
		}
		into.parts = append(into.parts, tickets[name])
	}
	gone := map[string]bool{}
	for _, e := range w.events {
		if e.Kind == sla.AnswerWithdrawn {
			gone[e.Key] = true
		}
	}
	for minute := 0; minute <= w.end(); minute++ {
		o.begin(minute)
		for i := range w.events {
			e := &w.events[i]
			if e.Time.Equal(w.at(minute)) && !gone[e.Key] && (e.Post == "" || !gone[e.Post]) {
				o.happens(e, e.Kind == sla.Merged && lastly[e.Line] == i)
			}
		}
		o.finish()
	}
	o.minute = w.end() + 1
	return o
}

// happens tells the event to the ticket to which it happened, and to the one that takes that in.
func (o *oracle) happens(e *sla.Event, merges bool) {
	i := slices.IndexFunc(o.parts, func(p *oracle) bool { return p.has(e.Line) })
	if i < 0 {
		o.apply(e)
		return
	}
	p := o.parts[i]
	p.happens(e, merges)
	if merges && p.name == e.Line {
		o.apply(e)
		o.parts = slices.Concat(o.parts[:i:i], o.parts[i+1:], p.parts)
		o.merge(p, e)
	}
}

// has reports whether a line is one of the ticket's, or of what is to be merged into it.
func (o *oracle) has(line string) bool {
	return o.lines[line] != nil || slices.ContainsFunc(o.parts, func(p *oracle) bool { return p.has(line) })
}

// begin looks at the clocks before anything happens in the minute.
func (o *oracle) begin(minute int) {
	o.minute = minute
	for _, p := range o.parts {
		p.begin(minute)
	}
	for _, c := range o.clocks {
		o.judge(c)
	}
}

// finish writes the minute down.
func (o *oracle) finish() {
	for _, p := range o.parts {
		p.finish()
	}
	o.minutes.write(o.facts)
	for _, l := range o.lines {
		if l.minutes != nil {
			l.minutes.write(o.facts)
		}
	}
	for _, c := range o.clocks {
		if c.stopped == never {
			c.tick(!o.pauses(c.metric, o.now, c), o.minute)
		}
	}
}

func (m *minutes) write(facts sla.Facts) {
	m.status, m.held, m.solvedAs = append(m.status, m.now), append(m.held, facts), append(m.solvedAs, m.solvedFrom)
}

// of returns how the ticket of a line stood.
func (o *oracle) of(line string) *minutes {
	if l := o.lines[line]; l != nil && l.minutes != nil {
		return l.minutes
	}
	return &o.minutes
}

// become lets all lines stand as the ticket does.
func (o *oracle) become(now, solvedFrom sla.Status) {
	o.now, o.solvedFrom = now, solvedFrom
	for _, l := range o.lines {
		if l.minutes != nil {
			l.minutes.now, l.minutes.solvedFrom = now, solvedFrom
		}
	}
}

// merge goes on with the clocks of the part's lines as they are, and with one of each metric that is about the ticket as a whole.
func (o *oracle) merge(p *oracle, e *sla.Event) {
	goes := map[sla.Metric]question{}
	for _, m := range sla.Metrics() {
		if wholly(m) {
			goes[m] = o.goesOn(p, m)
		}
	}
	for name, l := range p.lines {
		if l.minutes == nil {
			l.minutes = &p.minutes
		}
		if !isDone(o.now) || isDone(p.now) { // what is open is not solved by coming to a solved ticket
			l.minutes.now, l.minutes.solvedFrom = o.now, o.solvedFrom
		}
		o.lines[name] = l
	}
	if p.asked != never && (o.asked == never || p.asked < o.asked) {
		o.asked = p.asked
	}
	if o.now == "" && o.asked != never {
		o.become(sla.New, "")
	}
	o.updated = max(o.updated, p.updated)
	o.clocks, o.about = append(o.clocks, p.clocks...), goes
	for m, q := range goes {
		o.unite(m, q)
	}
	was := o.facts
	if e.Facts != nil {
		o.facts = *e.Facts
	}
	o.comeUnder()
	if e.Status != "" {
		o.changeTo(e.Status, sla.Met, was)
	}
	o.promise(was)
}

// question tells whose question a metric about the ticket as a whole is.
func (o *oracle) question(m sla.Metric) question {
	own := question{o.name, o.asked}
	if m == sla.PeriodicUpdate {
		own.since = o.updated
	}
	if q, ok := o.about[m]; ok && q.since != never && (m != sla.PeriodicUpdate || q.since == o.updated) {
		return q
	}
	return own
}

// goesOn tells whose question goes on when a part is merged. Each promise that was made is kept and judged once: one that runs goes on before one that has not been made, and both
// before what is judged, which stays so. Where that leaves a choice, who asked first has waited longest.
func (o *oracle) goesOn(p *oracle, m sla.Metric) question {
	mine, its := o.question(m), p.question(m)
	switch {
	case its.since == never:
		return mine
	case mine.since == never:
		return its
	case m == sla.PeriodicUpdate && its.since > mine.since:
		return its
	case m == sla.PeriodicUpdate:
		return mine
	}
	clock := func(o *oracle, q question) *oracleClock {
		for _, c := range o.clocks {
			if !c.past && c.metric == m && c.line == q.line && c.started == q.since {
				return c
			}
		}
		return nil
	}
	a, b := clock(o, mine), clock(p, its)
	for _, is := range []func(c *oracleClock, done bool) bool{
		func(c *oracleClock, _ bool) bool { return c != nil && c.stopped == never },
		func(c *oracleClock, done bool) bool { return (c == nil || c.verdict == sla.Unjudged) && !done },
		func(_ *oracleClock, done bool) bool { return !done }, // nothing reopens what is open
		func(c *oracleClock, _ bool) bool { return c != nil && c.verdict != sla.Unjudged },
	} {
		if one, other := is(a, isDone(o.now)), is(b, isDone(p.now)); one != other {
			if one {
				return mine
			}
			return its
		}
	}
	if its.since < mine.since {
		return its
	}
	return mine
}

// unite ends all clocks of a metric but the one that goes on.
func (o *oracle) unite(m sla.Metric, goes question) {
	o.clocks = slices.DeleteFunc(o.clocks, func(c *oracleClock) bool {
		if c.metric != m || c.line == goes.line && c.started == goes.since {
			return false
		}
		if c.past = true; c.stopped == never && c.verdict != sla.Running {
			c.stopped = o.minute
		}
		return c.stopped == never
	})
}

// wholly reports whether clocks of the metric are about the ticket as a whole.
func wholly(m sla.Metric) bool { return m >= sla.PeriodicUpdate }

func (o *oracle) line(name string) *oracleLine {
	if o.lines[name] == nil {
		o.lines[name] = &oracleLine{messages: map[sla.Mark]bool{}, wrote: never, oldest: never}
	}
	return o.lines[name]
}

func (l *oracleLine) waiting() (n int) {
	for _, waits := range l.messages {
		if waits {
			n++
		}
	}
	return n
}

// tick writes a minute down.
func (c *oracleClock) tick(awake bool, minute int) {
	c.awake = append(c.awake, awake)
	c.counted = append(c.counted, awake && (c.hours == nil || c.hours[minute]))
}

// deadline is the first minute of those written down at whose beginning the clock was awake and its target spent.
func (c *oracleClock) deadline() int {
	spent := 0
	for i := range c.awake {
		if c.awake[i] && spent >= c.target {
			return c.started + i
		}
		if c.counted[i] {
			spent++
		}
	}
	return never
}

func (o *oracle) judge(c *oracleClock) {
	if c.verdict != sla.Running {
		return
	}
	if d := c.deadline(); d != never && d < o.minute {
		held := o.of(c.line).held[d]
		c.verdict, c.breach, c.lane, c.agent = sla.Breached, d, held.Lane, held.Agent
	}
}

// target finds what the policy promises.
func (o *oracle) target(m sla.Metric) *sla.Target {
	var general *sla.Target
	if o.policy == nil {
		return nil
	}
	for i := range o.policy.Targets {
		t := &o.policy.Targets[i]
		if t.Metric == m && t.Priority != nil && *t.Priority == o.facts.Priority {
			return t
		}
		if t.Metric == m && t.Priority == nil {
			general = t
		}
	}
	return general
}

// pauses says whether a clock stands still in a status; what no policy promises any more has ended.
func (o *oracle) pauses(m sla.Metric, s sla.Status, c *oracleClock) bool {
	switch m {
	case sla.RequesterWait:
		return s == sla.Pending
	case sla.AgentWork:
		return s == sla.Pending || s == sla.OnHold
	}
	t := o.target(m)
	if t == nil {
		panic("a clock without a promise runs: " + c.metric.String())
	}
	if t.Pause == nil {
		return s == sla.Pending && (m == sla.Resolution || m == sla.PeriodicUpdate)
	}
	return slices.Contains(t.Pause, s)
}

func isDone(s sla.Status) bool { return s == sla.Solved || s == sla.Closed }

func (o *oracle) apply(e *sla.Event) {
	was := o.facts
	if e.Facts != nil && e.Line == o.name && e.Kind != sla.Merged {
		o.facts = *e.Facts
	}
	o.comeUnder()
	l := &oracleLine{messages: map[sla.Mark]bool{}, wrote: never, oldest: never}
	if !slices.ContainsFunc(o.parts, func(p *oracle) bool { return p.has(e.Line) }) {
		l = o.line(e.Line)
	}
	switch e.Kind {
	case sla.CustomerWrote:
		if o.asked == never {
			o.asked = o.minute
		}
		if l.wrote == never {
			l.wrote = o.minute
		}
		if l.waiting() == 0 {
			l.oldest = o.minute
		}
		l.messages[e.Mark] = true
		if o.now == "" {
			o.become(sla.New, "")
		}
		if e.Opens && o.now != sla.New {
			o.changeTo(sla.Open, sla.Met, was)
		}
	case sla.MessageWithdrawn:
		if !l.messages[e.Of] {
			break
		}
		l.messages[e.Of] = false
		if l.waiting() == 0 {
			o.endLine(e.Line, sla.WithdrawnQuestion, was)
			if !l.opened {
				l.wrote = never
			}
		}
	case sla.Answered:
		if l.wrote != never && !l.greeted {
			o.end(sla.Acknowledgement, e.Line, sla.Met, was)
			l.greeted = true
		}
		if e.Automated && (o.policy == nil || o.policy.Responses != sla.ByAnyone) {
			break
		}
		if l.wrote != never {
			o.settle(e.Line, sla.Met, was)
		}
		if !isDone(o.now) && o.updated != o.minute {
			o.end(sla.PeriodicUpdate, "", sla.Met, was)
			o.updated = o.minute
		}
	case sla.AnswerGivenElsewhere:
		o.settle(e.Line, sla.AnsweredElsewhere, was)
	case sla.ReplyForbidden:
		o.settle(e.Line, sla.CannotReply, was)
	case sla.StatusChanged:
		o.changeStatus(e, was)
	}
	o.promise(was)
}

// comeUnder finds the policy and the calendar.
func (o *oracle) comeUnder() {
	o.version = o.w.version(o.minute)
	o.policy = nil
	for i := range o.version.policies {
		p := &o.version.policies[i]
		matches := map[string]bool{"p0": o.facts.Priority == sla.Urgent, "p1": slices.Contains(o.facts.Tags, "vip"), "p2": o.facts.Priority != sla.Low}[p.Name]
		if matches {
			o.policy = p
			break
		}
	}
	if o.calendar = ""; o.policy != nil {
		if o.calendar = o.policy.Calendar; o.calendar == "" {
			o.calendar = o.version.lanes[o.facts.Lane]
		}
	}
}

func (o *oracle) changeStatus(e *sla.Event, was sla.Facts) {
	verdict := sla.Met
	if e.Reason != "" {
		verdict = sla.NoReplyNeeded
	}
	if e.Line != o.name {
		if isDone(e.Status) {
			o.settle(e.Line, verdict, was)
		}
		return
	}
	o.changeTo(e.Status, verdict, was)
}

func (o *oracle) changeTo(to sla.Status, verdict sla.Verdict, was sla.Facts) {
	before := o.now
	if before == to {
		return
	}
	o.become(to, o.solvedFrom)
	switch {
	case isDone(o.now) && !isDone(before):
		o.become(to, before)
		o.clocks = slices.DeleteFunc(o.clocks, func(c *oracleClock) bool {
			return c.metric == sla.PeriodicUpdate && c.stopped == never && c.started == o.minute // the answer that solved it began none
		})
		for name := range o.lines {
			o.settle(name, verdict, was)
		}
		for _, m := range []sla.Metric{sla.PeriodicUpdate, sla.Resolution, sla.RequesterWait, sla.AgentWork} {
			o.end(m, "", sla.Met, was)
		}
		o.updated = never
	case isDone(before) && !isDone(o.now):
		for _, c := range o.clocks {
			if !c.past && c.verdict == sla.Met && (c.metric == sla.Resolution || c.metric == sla.RequesterWait || c.metric == sla.AgentWork) {
				o.reopen(c)
			}
		}
		o.become(to, "")
	}
}

// reopen fills the minutes in which the ticket was solved.
func (o *oracle) reopen(c *oracleClock) {
	t := o.target(c.metric)
	if t == nil || o.policy.Reopening == sla.Frozen {
		return
	}
	c.verdict, c.stopped, c.lane, c.agent = sla.Running, never, "", ""
	c.policy, c.target = o.policy.Name, int(time.Duration(t.Within)/time.Minute)
	c.calendar, c.hours = o.calendar, o.version.open[o.calendar]
	stood := o.of(c.line)
	for m := c.started + len(c.awake); m < o.minute; m++ {
		as := stood.status[m]
		if isDone(as) {
			as = stood.solvedAs[m]
		}
		c.tick(o.policy.Reopening == sla.Ignore && !o.pauses(c.metric, as, c), m)
	}
	if o.policy.Reopening == sla.Restart {
		clear(c.awake)
		clear(c.counted)
	}
	o.judge(c)
}

func (o *oracle) settle(line string, verdict sla.Verdict, was sla.Facts) {
	l := o.line(line)
	o.endLine(line, verdict, was)
	for mark := range l.messages {
		l.messages[mark] = false
	}
	if l.wrote != never {
		l.greeted, l.opened = true, true
	}
}

func (o *oracle) endLine(line string, verdict sla.Verdict, was sla.Facts) {
	for _, m := range []sla.Metric{sla.Acknowledgement, sla.FirstResponse, sla.NextResponse} {
		o.end(m, line, verdict, was)
	}
}

func (o *oracle) end(m sla.Metric, line string, verdict sla.Verdict, was sla.Facts) {
	for _, c := range o.clocks {
		if c.metric == m && (c.line == line || wholly(m)) && c.stopped == never {
			c.stop(o.minute, verdict, was)
		}
	}
}

func (c *oracleClock) stop(minute int, verdict sla.Verdict, held sla.Facts) {
	c.stopped = minute
	if c.verdict == sla.Running {
		c.verdict, c.lane, c.agent = verdict, held.Lane, held.Agent
	}
}

// promise brings all clocks under the policy.
func (o *oracle) promise(was sla.Facts) {
	for _, c := range o.clocks {
		if c.stopped != never {
			continue
		}
		t := o.target(c.metric)
		if t == nil {
			c.stop(o.minute, sla.Unjudged, o.facts)
			continue
		}
		c.calendar, c.hours = o.calendar, o.version.open[o.calendar]
		if c.verdict == sla.Running {
			c.policy, c.target = o.policy.Name, int(time.Duration(t.Within)/time.Minute)
			o.judge(c)
		}
	}
	if isDone(o.now) {
		return
	}
	for name, l := range o.lines {
		if l.wrote != never && !l.greeted {
			o.start(sla.Acknowledgement, name, l.wrote)
		}
		if l.wrote != never && !l.opened {
			o.start(sla.FirstResponse, name, l.wrote)
		}
		if l.wrote != never && l.opened && l.waiting() > 0 {
			o.start(sla.NextResponse, name, l.oldest)
		}
	}
	if o.updated != never {
		q := o.question(sla.PeriodicUpdate)
		o.start(sla.PeriodicUpdate, q.line, q.since)
	}
	if o.asked != never {
		for _, m := range []sla.Metric{sla.Resolution, sla.RequesterWait, sla.AgentWork} {
			q := o.question(m)
			o.start(m, q.line, q.since)
		}
	}
}

func (o *oracle) start(m sla.Metric, line string, started int) {
	t := o.target(m)
	if t == nil {
		return
	}
	once := m == sla.Resolution || m == sla.RequesterWait || m == sla.AgentWork
	for i, c := range o.clocks {
		if c.past || c.metric != m || c.line != line && !wholly(m) {
			continue
		}
		if once && c.verdict != sla.Unjudged {
			return
		}
		if c.started != started {
			if c.stopped == never {
				return
			}
			continue
		}
		if c.stopped == never || c.verdict != sla.Unjudged && (once || c.stopped != c.started) {
			return
		}
		o.clocks = slices.Delete(o.clocks, i, i+1)
		break
	}
	c := &oracleClock{metric: m, line: line, started: started, policy: o.policy.Name, calendar: o.calendar, hours: o.version.open[o.calendar],
		target: int(time.Duration(t.Within) / time.Minute), stopped: never, breach: never}
	o.clocks = append(o.clocks, c)
	stood := o.of(line)
	for minute := started; minute < o.minute; minute++ {
		// What had been solved before goes by the reopening rule, as it would have.
		status := stood.status[minute]
		if !once || !isDone(status) {
			c.tick(!o.pauses(m, status, c), minute)
			continue
		}
		c.tick(o.policy.Reopening == sla.Ignore && !o.pauses(m, stood.solvedAs[minute], c), minute)
		if o.policy.Reopening == sla.Restart {
			o.judge(c)
			clear(c.awake)
			clear(c.counted)
		}
	}
	o.judge(c)
}

// say writes the clocks down as lines, in the order of their metric, line and start.
func (o *oracle) say() []string {
	slices.SortStableFunc(o.clocks, func(a, b *oracleClock) int {
		if d := slices.Index(sla.Metrics(), a.metric) - slices.Index(sla.Metrics(), b.metric); d != 0 {
			return d
		}
		if d := strings.Compare(a.line, b.line); d != 0 {
			return d
		}
		return a.started - b.started
	})
	minute := func(m int) string {
		if m == never {
			return "-"
		}
		return fmt.Sprint(m)
	}
	var all []string
	for _, c := range o.clocks {
		end := c.stopped
		if end == never {
			end = o.minute - 1 // the last minute is only looked at
		}
		spent := 0
		for i, counted := range c.counted {
			if counted && c.started+i < end {
				spent++
			}
		}
		due := "-"
		if c.verdict == sla.Running && c.stopped == never && c.awake[len(c.awake)-1] {
			for m := c.started + len(c.awake); m < windowMinutes; m++ {
				c.tick(true, m)
			}
			if due = "later"; c.deadline() != never {
				due = minute(c.deadline())
			}
		}
		all = append(all, fmt.Sprintf("%s %q from %d by %s %q within %d: %q stopped %s breached %s held by %q %q spent %d due %s", c.metric, c.line, c.started, c.policy, c.calendar,
			c.target, c.verdict, minute(c.stopped), minute(c.breach), c.lane, c.agent, spent, due))
	}
	return all
}
