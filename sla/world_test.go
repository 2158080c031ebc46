package sla_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

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
		e.Line = rapid.SampledFrom([]string{"", "", "", "", "merged", "merged", "other"}).Draw(t, "line")
		e.Kind = rapid.SampledFrom([]sla.EventKind{sla.CustomerWrote, sla.CustomerWrote, sla.Answered, sla.Answered, sla.StatusChanged, sla.StatusChanged, sla.StatusChanged,
			sla.FactsChanged, sla.FactsChanged, sla.MessageWithdrawn, sla.AnswerWithdrawn, sla.AnswerGivenElsewhere, sla.ReplyForbidden, sla.Merged}).Draw(t, "kind")
		switch e.Kind {
		case sla.Merged:
			e.Line = rapid.SampledFrom([]string{"merged", "other"}).Draw(t, "which")
			if e.Line == "merged" {
				e.Into = rapid.SampledFrom([]string{"", "", "other"}).Draw(t, "into")
			}
			if rapid.Bool().Draw(t, "with facts") {
				e.Facts = randomFacts(t)
			}
			e.Status = rapid.SampledFrom([]sla.Status{"", "", sla.Open, sla.Pending, sla.OnHold}).Draw(t, "together")
		case sla.CustomerWrote:
			e.Opens = rapid.Bool().Draw(t, "opens")
		case sla.Answered:
			e.Automated = rapid.Bool().Draw(t, "automated")
		case sla.StatusChanged:
			e.Status = rapid.SampledFrom([]sla.Status{sla.New, sla.Open, sla.Open, sla.Pending, sla.OnHold, sla.Solved, sla.Solved, sla.Closed}).Draw(t, "status")
			e.Reason = rapid.SampledFrom([]string{"", "spam"}).Draw(t, "reason")
			if last := len(w.events) - 1; last >= 0 && w.events[last].Kind == sla.Answered && w.events[last].Line == e.Line && rapid.Bool().Draw(t, "with it") {
				e.Post = w.events[last].Key
			}
		case sla.FactsChanged:
			e.Facts = randomFacts(t)
		case sla.MessageWithdrawn, sla.AnswerWithdrawn:
			of := -1
			for j, before := range w.events {
				if wanted := map[sla.EventKind]sla.EventKind{sla.MessageWithdrawn: sla.CustomerWrote, sla.AnswerWithdrawn: sla.Answered}[e.Kind]; before.Kind == wanted &&
					before.Line == e.Line && (!withdrawn[j] || before.Kind == sla.CustomerWrote) && (of < 0 || rapid.Bool().Draw(t, "that")) {
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

func randomFacts(t *rapid.T) *sla.Facts {
	return &sla.Facts{Priority: sla.Priority(rapid.IntRange(-1, 2).Draw(t, "priority")), Lane: rapid.SampledFrom([]string{"", "day", "night"}).Draw(t, "lane"),
		Agent: rapid.SampledFrom([]string{"", "jo"}).Draw(t, "agent"), Tags: rapid.SampledFrom([][]string{nil, {"vip"}}).Draw(t, "tags")}
}

// end is the minute at which everything is looked at.
func (w *world) end() int {
	if len(w.events) == 0 {
		return 1
	}
	return int(w.events[len(w.events)-1].Time.Sub(w.begin)/time.Minute) + 45
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
			time.Duration(c.Target)/time.Minute, c.Verdict, minute(c.Stopped), minute(c.BreachedAt()), c.Lane, c.Agent, int(spent.Minutes()), due))
	}
	return all
}

// calendars are those that the clocks of the last event that counts count in.
func (w *world) calendars(name string) *sla.Calendar {
	gone := map[string]bool{}
	for i := range w.events {
		if e := &w.events[i]; e.Kind == sla.AnswerWithdrawn {
			gone[e.Key] = true
		}
	}
	for _, e := range slices.Backward(w.events) {
		if !gone[e.Key] && (e.Post == "" || !gone[e.Post]) {
			return w.version(int(e.Time.Sub(w.begin) / time.Minute)).named[name]
		}
	}
	return nil
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
		fmt.Fprintf(&b, "%d %s %s line %q into %q auto %v status %s reason %q", int(e.Time.Sub(w.begin)/time.Minute), e.Key, e.Kind, e.Line, e.Into, e.Automated, e.Status, e.Reason)
		if e.Facts != nil {
			fmt.Fprintf(&b, " facts %+v", *e.Facts)
		}
		b.WriteString("\n")
	}
	return b.String()
}
