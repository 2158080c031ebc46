package sla_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// A world is a random company and what happens to one of its tickets, all on whole minutes of a window.
type world struct {
	begin    time.Time
	minutes  int
	versions []version // of the policies, in the order in which they come into force
	events   []sla.Event
}

// version is a policy set, and how a person would write it down.
type version struct {
	from     int // minute
	set      *sla.PolicySet
	policies []sla.Policy
	lanes    map[string]string
	named    map[string]*sla.Calendar
	open     map[string][]bool // whether the calendar is open, by the minute; the calendar that is always open is not in it
}

const windowMinutes = 40 * 60

func randomWorld(t *rapid.T) *world {
	zone, near := place(t)
	if zone.String() == "Africa/Monrovia" { // its clocks changed within a minute
		near = near.AddDate(1, 0, 0)
	}
	w := &world{begin: near.Add(-20 * time.Hour).Truncate(time.Minute), minutes: windowMinutes}
	from := 0
	for range rapid.IntRange(1, 3).Draw(t, "versions") {
		w.versions = append(w.versions, w.randomVersion(t, zone, near, from))
		from += rapid.IntRange(1, 900).Draw(t, "version lasts")
	}
	w.randomEvents(t)
	return w
}

func (w *world) at(minute int) time.Time { return w.begin.Add(time.Duration(minute) * time.Minute) }

func (w *world) inForce(t time.Time) *sla.PolicySet {
	return w.version(int(t.Sub(w.begin) / time.Minute)).set
}

func (w *world) version(minute int) *version {
	v := &w.versions[0]
	for i := range w.versions {
		if w.versions[i].from <= minute {
			v = &w.versions[i]
		}
	}
	return v
}

func (w *world) randomVersion(t *rapid.T, zone *time.Location, near time.Time, from int) version {
	v := version{from: from, open: map[string][]bool{}}
	calendars := sla.Calendars{Named: map[string]*sla.Calendar{}}
	for _, name := range []string{"a", "b"} {
		hours := randomHours(t, zone, near, time.Minute)
		calendars.Named[name] = calendarOf(t, hours)
		open := make([]bool, w.minutes)
		for m := range open {
			open[m] = shows(hours, zone, w.at(m))
		}
		v.open[name] = open
	}
	named := rapid.SampledFrom([]string{"", "", sla.AroundTheClock, "a", "b"})
	v.lanes = map[string]string{"day": named.Draw(t, "day"), "night": named.Draw(t, "night")}
	calendars.Lanes, v.named = v.lanes, calendars.Named
	conditions := []rule.Condition{{Fact: "priority", Equals: rule.Text("urgent")}, {Fact: "tags", Equals: rule.Text("vip")}, {Not: &rule.Condition{Fact: "priority", Equals: rule.Text("low")}}}
	for i, when := range conditions {
		if rapid.Bool().Draw(t, "policy") {
			v.policies = append(v.policies, randomPolicy(t, fmt.Sprint("p", i), named.Draw(t, "calendar"), when))
		}
	}
	var err error
	if v.set, err = sla.NewPolicySet(v.policies, calendars, nil); err != nil {
		t.Fatal(err)
	}
	return v
}

func randomPolicy(t *rapid.T, name, calendar string, when rule.Condition) sla.Policy {
	p := sla.Policy{Name: name, When: when, Calendar: calendar,
		Responses: rapid.SampledFrom([]sla.Responder{"", "", sla.ByAnyone}).Draw(t, "responses"),
		Reopening: rapid.SampledFrom([]sla.Reopening{"", sla.Frozen, sla.Restart, sla.Ignore}).Draw(t, "reopening")}
	within := func() sla.Duration {
		return sla.Duration(rapid.SampledFrom([]int{1, 10, 30, 60, 61, 120, 300, 900, 3000}).Draw(t, "within")) * sla.Duration(time.Minute)
	}
	pause := func(m sla.Metric) []sla.Status {
		if m == sla.RequesterWait || m == sla.AgentWork || rapid.Bool().Draw(t, "pauses by default") {
			return nil
		}
		return slices.Concat([]sla.Status{}, rapid.SliceOfNDistinct(rapid.SampledFrom([]sla.Status{sla.New, sla.Open, sla.Pending, sla.OnHold}), 0, 3, rapid.ID).Draw(t, "pause"))
	}
	general := [3]sla.Duration{within(), within(), within()} // in the order in which one cannot be longer than the next
	slices.Sort(general[:])
	longer := general
	if rapid.Bool().Draw(t, "at high priority more time") {
		for i := range longer {
			longer[i] *= 2
		}
	} else {
		for i := range longer {
			longer[i] = max(longer[i]/2/sla.Duration(time.Minute), 1) * sla.Duration(time.Minute)
		}
	}
	ordered := rapid.Bool().Draw(t, "by priority, where one cannot be longer than the next")
	for _, m := range sla.Metrics() {
		if rapid.IntRange(0, 3).Draw(t, "promised") == 0 {
			continue
		}
		target, high, byPriority := within(), within(), rapid.Bool().Draw(t, "by priority")
		switch m {
		case sla.Acknowledgement:
			target, high, byPriority = general[0], longer[0], ordered
		case sla.FirstResponse:
			target, high, byPriority = general[1], longer[1], ordered
		case sla.Resolution:
			target, high, byPriority = general[2], longer[2], ordered
		}
		p.Targets = append(p.Targets, sla.Target{Metric: m, Within: target, Pause: pause(m)})
		if byPriority {
			p.Targets = append(p.Targets, sla.Target{Metric: m, Within: high, Pause: pause(m), Priority: new(sla.High)})
		}
	}
	if len(p.Targets) == 0 {
		p.Targets = []sla.Target{{Metric: sla.FirstResponse, Within: within()}}
	}
	return p
}

func (w *world) randomEvents(t *rapid.T) {
	minute, withdrawn := rapid.IntRange(0, 600).Draw(t, "first"), map[int]bool{}
	for i := range rapid.IntRange(1, 24).Draw(t, "events") {
		minute += rapid.SampledFrom([]int{0, 0, 1, 5, 10, 30, 60, 61, 150, 400}).Draw(t, "minutes")
		if minute > w.minutes-60 {
			break
		}
		e := sla.Event{Mark: sla.Mark{Time: w.at(minute), Order: fmt.Sprintf("%02d", i), Key: fmt.Sprint("k", i)}}
		e.Line = rapid.SampledFrom([]string{"", "", "", "", "merged"}).Draw(t, "line")
		e.Kind = rapid.SampledFrom([]sla.EventKind{sla.CustomerWrote, sla.CustomerWrote, sla.Answered, sla.Answered, sla.StatusChanged, sla.StatusChanged, sla.StatusChanged,
			sla.FactsChanged, sla.FactsChanged, sla.MessageWithdrawn, sla.AnswerWithdrawn, sla.AnswerGivenElsewhere, sla.ReplyForbidden}).Draw(t, "kind")
		switch e.Kind {
		case sla.Answered:
			e.Automated = rapid.Bool().Draw(t, "automated")
		case sla.StatusChanged:
			e.Status = rapid.SampledFrom([]sla.Status{sla.New, sla.Open, sla.Open, sla.Pending, sla.OnHold, sla.Solved, sla.Solved, sla.Closed}).Draw(t, "status")
			e.Reason = rapid.SampledFrom([]string{"", "spam"}).Draw(t, "reason")
		case sla.FactsChanged:
			e.Facts = &sla.Facts{Priority: sla.Priority(rapid.IntRange(-1, 2).Draw(t, "priority")), Lane: rapid.SampledFrom([]string{"", "day", "night"}).Draw(t, "lane"),
				Agent: rapid.SampledFrom([]string{"", "jo"}).Draw(t, "agent"), Tags: rapid.SampledFrom([][]string{nil, {"vip"}}).Draw(t, "tags")}
		case sla.MessageWithdrawn, sla.AnswerWithdrawn:
			of := -1
			for j, before := range w.events {
				if wanted := map[sla.EventKind]sla.EventKind{sla.MessageWithdrawn: sla.CustomerWrote, sla.AnswerWithdrawn: sla.Answered}[e.Kind]; before.Kind == wanted &&
					before.Line == e.Line && !withdrawn[j] && (of < 0 || rapid.Bool().Draw(t, "that")) {
					of = j
				}
			}
			if of < 0 {
				continue
			}
			if withdrawn[of] = true; e.Kind == sla.MessageWithdrawn {
				e.Of = w.events[of].Mark
			} else {
				e.Key = w.events[of].Key
			}
		}
		w.events = append(w.events, e)
	}
}

// end is the minute at which everything is looked at.
func (w *world) end() int {
	if len(w.events) == 0 {
		return 1
	}
	return int(w.events[len(w.events)-1].Time.Sub(w.begin)/time.Minute) + 45
}

// An oracle counts minutes. It knows nothing of instants: for each minute and each clock it writes down whether the clock counted.
type oracle struct {
	w        *world
	minute   int
	status   []sla.Status // by the minute
	solvedAs []sla.Status // what the status was before it was solved, by the minute
	held     []sla.Facts  // by the minute

	now        sla.Status
	solvedFrom sla.Status
	facts      sla.Facts
	policy     *sla.Policy
	calendar   string
	version    *version
	asked      int
	updated    int
	lines      map[string]*oracleLine
	clocks     []*oracleClock
}

type oracleLine struct {
	messages        map[sla.Mark]bool // whether they wait
	wrote, oldest   int
	greeted, opened bool
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
}

const never = -1

func simulate(w *world) *oracle {
	o := &oracle{w: w, asked: never, updated: never, lines: map[string]*oracleLine{}}
	o.line("")
	gone := map[string]bool{}
	for _, e := range w.events {
		if e.Kind == sla.AnswerWithdrawn {
			gone[e.Key] = true
		}
	}
	for o.minute = 0; o.minute <= w.end(); o.minute++ {
		for _, c := range o.clocks {
			o.judge(c)
		}
		for i := range w.events {
			if e := &w.events[i]; e.Time.Equal(w.at(o.minute)) && !gone[e.Key] {
				o.apply(e)
			}
		}
		o.status, o.held, o.solvedAs = append(o.status, o.now), append(o.held, o.facts), append(o.solvedAs, o.solvedFrom)
		for _, c := range o.clocks {
			if c.stopped == never {
				c.tick(!o.pauses(c.metric, o.now, c), o.minute)
			}
		}
	}
	return o
}

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

func (c *oracleClock) spent() (n int) {
	for _, counted := range c.counted {
		if counted {
			n++
		}
	}
	return n
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
		c.verdict, c.breach, c.lane, c.agent = sla.Breached, d, o.held[d].Lane, o.held[d].Agent
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
		panic("a clock without a promise runs: " + string(c.metric))
	}
	if t.Pause == nil {
		return s == sla.Pending && (m == sla.Resolution || m == sla.PeriodicUpdate)
	}
	return slices.Contains(t.Pause, s)
}

func isDone(s sla.Status) bool { return s == sla.Solved || s == sla.Closed }

func (o *oracle) apply(e *sla.Event) {
	was := o.facts
	if e.Facts != nil && e.Line == "" {
		o.facts = *e.Facts
	}
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
	l := o.line(e.Line)
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
			o.now = sla.New
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

func (o *oracle) changeStatus(e *sla.Event, was sla.Facts) {
	verdict := sla.Met
	if e.Reason != "" {
		verdict = sla.NoReplyNeeded
	}
	if e.Line != "" {
		if isDone(e.Status) {
			o.settle(e.Line, verdict, was)
		}
		return
	}
	before := o.now
	o.now = e.Status
	switch {
	case isDone(o.now) && !isDone(before):
		o.solvedFrom = before
		for name := range o.lines {
			o.settle(name, verdict, was)
		}
		for _, m := range []sla.Metric{sla.PeriodicUpdate, sla.Resolution, sla.RequesterWait, sla.AgentWork} {
			o.end(m, "", sla.Met, was)
		}
		o.updated = never
	case isDone(before) && !isDone(o.now):
		for _, c := range o.clocks {
			if c.verdict == sla.Met && (c.metric == sla.Resolution || c.metric == sla.RequesterWait || c.metric == sla.AgentWork) {
				o.reopen(c)
			}
		}
		o.solvedFrom = ""
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
	for m := c.started + len(c.awake); m < o.minute; m++ {
		c.tick(o.policy.Reopening == sla.Ignore && !o.pauses(c.metric, o.solvedFrom, c), m)
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
		if c.metric == m && c.line == line && c.stopped == never {
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
		o.start(sla.PeriodicUpdate, "", o.updated)
	}
	if o.asked != never {
		for _, m := range []sla.Metric{sla.Resolution, sla.RequesterWait, sla.AgentWork} {
			o.start(m, "", o.asked)
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
		if c.metric != m || c.line != line || c.started != started {
			if c.metric == m && c.line == line && c.stopped == never {
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
	for minute := started; minute < o.minute; minute++ {
		// What had been solved before goes by the reopening rule, as it would have.
		status := o.status[minute]
		if !once || !isDone(status) {
			c.tick(!o.pauses(m, status, c), minute)
			continue
		}
		c.tick(o.policy.Reopening == sla.Ignore && !o.pauses(m, o.solvedAs[minute], c), minute)
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

// sayClocks writes clocks down as the oracle does, as they stand at the end.
func (w *world) sayClocks(clocks []sla.Clock, calendars func(string) *sla.Calendar) []string {
	minute := func(t time.Time) string {
		if t.IsZero() {
			return "-"
		}
		if t.Sub(w.begin)%time.Minute != 0 {
			return t.String()
		}
		return fmt.Sprint(int(t.Sub(w.begin) / time.Minute))
	}
	var all []string
	for _, c := range clocks {
		spent := time.Duration(c.Spent)
		if !c.Since.IsZero() {
			spent += calendars(c.Calendar).Between(c.Since, w.at(w.end()))
		}
		due := "-"
		if c.Verdict == sla.Running && c.Stopped.IsZero() && !c.Due.IsZero() {
			if due = minute(c.Due); c.Due.After(w.at(windowMinutes - 1)) {
				due = "later"
			}
		}
		all = append(all, fmt.Sprintf("%s %q from %s by %s %q within %d: %q stopped %s breached %s held by %q %q spent %d due %s", c.Metric, c.Line, minute(c.Started), c.Policy, c.Calendar,
			time.Duration(c.Target)/time.Minute, c.Verdict, minute(c.Stopped), minute(c.BreachedAt), c.Lane, c.Agent, int(spent.Minutes()), due))
	}
	return all
}

// calendars are those that the clocks of the last event count in.
func (w *world) calendars(name string) *sla.Calendar {
	if len(w.events) == 0 {
		return nil
	}
	v := w.version(int(w.events[len(w.events)-1].Time.Sub(w.begin) / time.Minute))
	return v.named[name]
}

func TestClocksEqualACountByTheMinute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		want := simulate(w).say()
		got := w.sayClocks(sla.Judge(slices.Values(w.events), w.inForce, w.at(w.end())), w.calendars)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("of %s\n(-counted +judged):\n%s", w.story(), diff)
		}
	})
}

// story writes the world down for a person.
func (w *world) story() string {
	var b strings.Builder
	for _, v := range w.versions {
		fmt.Fprintf(&b, "from %d: lanes %v\n", v.from, v.lanes)
		for _, p := range v.policies {
			fmt.Fprintf(&b, "  %s calendar %q responses %q reopening %q\n", p.Name, p.Calendar, p.Responses, p.Reopening)
			for _, target := range p.Targets {
				fmt.Fprintf(&b, "    %s within %s pause %v priority %v\n", target.Metric, time.Duration(target.Within), target.Pause, target.Priority)
			}
		}
	}
	for _, e := range w.events {
		fmt.Fprintf(&b, "%d %s %s line %q auto %v status %s reason %q", int(e.Time.Sub(w.begin)/time.Minute), e.Key, e.Kind, e.Line, e.Automated, e.Status, e.Reason)
		if e.Facts != nil {
			fmt.Fprintf(&b, " facts %+v", *e.Facts)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTheOrderOfArrivalDecidesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		var inOrder, looked sla.State
		for i, e := range w.events {
			inOrder = w.fold(t, inOrder, e, i)
			looked = w.fold(t, looked.At(e.Time), e, i)
		}
		if diff := cmp.Diff(inOrder, looked); diff != "" {
			t.Fatalf("of %s\nlooking in between decided (-without +with):\n%s", w.story(), diff)
		}
		shuffled := append(rapid.Permutation(w.events).Draw(t, "arrival"), w.events...) // told twice
		got, err := sla.FoldAll(slices.Values(shuffled), w.inForce)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(inOrder, got); diff != "" {
			t.Fatalf("of %s\nin order and shuffled (-want +got):\n%s", w.story(), diff)
		}
	})
}

// fold folds the next event, all over again where one state does not suffice.
func (w *world) fold(t *rapid.T, s sla.State, e sla.Event, i int) sla.State {
	before := s
	before.Clocks = slices.Clone(s.Clocks)
	next, err := sla.InForce(w.inForce).Fold(s, e)
	if diff := cmp.Diff(before, s); diff != "" {
		t.Fatalf("the state before %s changed (-was +is):\n%s", e.Kind, diff)
	}
	if errors.Is(err, sla.ErrLate) {
		next, err = sla.FoldAll(slices.Values(w.events[:i+1]), w.inForce)
	}
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestChangesLeadToTheFinalVerdicts(t *testing.T) {
	t.Parallel()
	type name struct {
		metric  sla.Metric
		line    string
		started int64
	}
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		now := w.at(w.end())
		told := map[name]sla.Clock{}
		replay := func(changes []sla.Change) {
			for _, change := range changes {
				c := change.Clock
				at := name{c.Metric, c.Line, c.Started.UnixNano()}
				if before, ok := told[at]; ok == change.New || ok && before.Verdict != change.Was {
					t.Fatalf("of %s\n%+v was told before: %v, as %+v", w.story(), change, ok, before)
				}
				if change.New { // how it ended is a change of its own
					c.Verdict = sla.Running
				}
				told[at] = c
			}
		}
		var before []sla.Clock
		for i := range w.events {
			after := sla.Judge(slices.Values(w.events[:i+1]), w.inForce, w.events[i].Time)
			replay(sla.Differences(before, after))
			for at := range told {
				if !slices.ContainsFunc(after, func(c sla.Clock) bool { return name{c.Metric, c.Line, c.Started.UnixNano()} == at }) {
					delete(told, at)
				}
			}
			before = after
		}
		after := sla.Judge(slices.Values(w.events), w.inForce, now)
		replay(sla.Differences(before, after))
		for _, c := range after {
			got, ok := told[name{c.Metric, c.Line, c.Started.UnixNano()}]
			if !ok || got.Verdict != c.Verdict || !got.Stopped.Equal(c.Stopped) || !got.Due.Equal(c.Due) || !got.BreachedAt.Equal(c.BreachedAt) || got.Lane != c.Lane || got.Agent != c.Agent {
				t.Fatalf("of %s\nthe changes lead to %+v\nwant %+v", w.story(), got, c)
			}
		}
	})
}
