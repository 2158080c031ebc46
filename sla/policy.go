package sla

import (
	"errors"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/rule"
)

// Metric is what a clock measures. The zero value is none. Its text is its name with underscores: "first_response".
type Metric int8

const (
	// Acknowledgement runs from the customer's first message to the first post that the platform accepted, automated or by a person.
	Acknowledgement Metric = iota + 1
	// FirstResponse runs from the customer's first message to the first post by a person.
	FirstResponse
	// NextResponse runs from the oldest unanswered message after the first response to the next post by a person.
	NextResponse
	// PeriodicUpdate runs from one post by a person to the next, until the ticket is solved.
	PeriodicUpdate
	// Resolution runs from the customer's first message until the ticket is solved.
	Resolution
	// RequesterWait counts the time while new, open or on-hold, until solved.
	RequesterWait
	// AgentWork counts the time while new or open, until solved.
	AgentWork
)

var metricNames = [...]string{"", "acknowledgement", "first_response", "next_response", "periodic_update", "resolution", "requester_wait", "agent_work"}

// Metrics lists all metrics in the order in which reports show them.
func Metrics() []Metric {
	return []Metric{Acknowledgement, FirstResponse, NextResponse, PeriodicUpdate, Resolution, RequesterWait, AgentWork}
}

// String returns the metric's name; that of none is empty.
func (m Metric) String() string {
	if m < 0 || m > AgentWork {
		return fmt.Sprintf("metric %d", int8(m))
	}
	return metricNames[m]
}

// MarshalText returns String.
func (m Metric) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads one of the seven names; "" is none.
func (m *Metric) UnmarshalText(text []byte) error {
	i := slices.Index(metricNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("metric %q: want one of %s", text, strings.Join(metricNames[1:], ", "))
	}
	*m = Metric(i)
	return nil
}

// once reports whether a ticket has at most one such clock, whatever happens to it.
func (m Metric) once() bool { return m >= Resolution }

// responds reports whether the metric measures an answer to a message; such clocks run for each line of a ticket.
func (m Metric) responds() bool { return m >= Acknowledgement && m <= NextResponse }

// Duration is a time.Duration that reads and writes as text in JSON: "1h30m".
type Duration time.Duration

// MarshalText returns the duration as time.Duration prints it.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("duration %q: want for example 90s, 15m or 48h", text)
	}
	*d = Duration(v)
	return nil
}

// Target promises that one metric is met within a time.
type Target struct {
	// Metric is what is promised.
	Metric Metric `json:"metric"`
	// Within is the time allowed; more than 0. It is counted in the policy's calendar.
	Within Duration `json:"within"`
	// Priority limits the target to tickets of this priority. Nil: all that no other target of the metric names.
	Priority *Priority `json:"priority,omitempty"`
	// Pause are the statuses in which the clock stands still. Nil: pending for resolution and periodic_update, none for acknowledgement, first_response and
	// next_response; an empty list: none. The pauses of requester_wait (pending) and agent_work (pending, on-hold) are what the metrics mean, and cannot be
	// changed.
	Pause []Status `json:"pause,omitzero"`
}

// Reopening says what becomes of resolution, requester_wait and agent_work when a solved ticket is reopened. A breach stays in any case.
type Reopening string

const (
	// Extend goes on where the clock stood; the time while solved does not count. The default.
	Extend Reopening = "extend"
	// Frozen lets the verdict stand; there is no such clock any more.
	Frozen Reopening = "frozen"
	// Restart begins anew at the reopening, with the whole target.
	Restart Reopening = "restart"
	// Ignore runs on as if the ticket had never been solved.
	Ignore Reopening = "ignore"
)

// Responder says whose answers are responses.
type Responder string

const (
	// ByPerson counts only what a person wrote, in the Desk or in the platform's own app. The default.
	ByPerson Responder = "person"
	// ByAnyone counts automated texts too.
	ByAnyone Responder = "anyone"
)

// AroundTheClock is the name of the calendar that is always open.
const AroundTheClock = "always"

// Policy is a set of targets and the tickets that they are promised to.
type Policy struct {
	// Name is unique in the set; the journal and reports show it.
	Name string `json:"name"`
	// When says which tickets it is for, over the facts of type Facts. The zero condition matches all.
	When rule.Condition `json:"when,omitzero"`
	// Calendar names the calendar in which its targets count. Empty: that of the ticket's lane (Calendars.Lanes; in a Desk a lane without one has its team's), and where there is
	// none, around the clock; AroundTheClock: always.
	Calendar string `json:"calendar,omitempty"`
	// Targets are what is promised.
	Targets []Target `json:"targets"`
	// Responses says whose answers stop first_response and next_response and start periodic_update. Empty: ByPerson.
	Responses Responder `json:"responses,omitempty"`
	// Reopening is what reopening means for the clocks that solving stopped. Empty: Extend.
	Reopening Reopening `json:"reopening,omitempty"`
	// Steps are what happens as a clock of the policy runs: warnings and escalations.
	Steps []Step `json:"steps,omitempty"`
}

// Calendars are the business hours that policies count in. The zero value has none: everything counts around the clock.
type Calendars struct {
	// Named are the calendars by the names that policies and Lanes use.
	Named map[string]*Calendar
	// Lanes names each lane's calendar.
	Lanes map[string]string
}

// PolicySet is an ordered list of policies with the calendars that they count in, checked and compiled. It never changes and may be used by any number of
// goroutines. The nil set promises nothing.
type PolicySet struct {
	policies  []compiled
	calendars Calendars
	lanes     map[string]hours // by the lane's name
}

// hours are a calendar and its name.
type hours struct {
	name     string
	calendar *Calendar
}

type compiled struct {
	Policy
	rule  *rule.Rule
	hours hours    // of Policy.Calendar
	terms [4]terms // by priority, from Low on
}

// terms are what a policy promises at one priority.
type terms struct {
	promised metrics
	promises [AgentWork + 1]promise // by metric
}

// promise is a target at one priority; the zero promise is none.
type promise struct {
	within time.Duration
	pause  statuses
}

// statuses is a set of those in which a clock can stand still.
type statuses uint8

func statusesOf(list ...Status) (set statuses) {
	for _, s := range list {
		set |= s.bit()
	}
	return set
}

func (set statuses) has(s Status) bool { return set&s.bit() != 0 }

// bit is the status in a set; 0 for what cannot pause.
func (s Status) bit() statuses {
	switch s {
	case New:
		return 1
	case Open:
		return 2
	case Pending:
		return 4
	case OnHold:
		return 8
	}
	return 0
}

// Calendar returns the calendar in which a policy with this Policy.Calendar counts for a ticket in the lane, nil when that is around the clock. ok is false
// when there is none of this name.
func (s *PolicySet) Calendar(name, lane string) (c *Calendar, ok bool) {
	if s == nil {
		return nil, name == "" || name == AroundTheClock
	}
	if name == "" {
		name = s.calendars.Lanes[lane]
	}
	c = s.calendars.Named[name]
	return c, c != nil || name == "" || name == AroundTheClock
}

// NewPolicySet checks and compiles policies; the first that matches a ticket wins. predicates are the Go predicates that conditions may name. The
// error tells all that is wrong, with the policy: no name or one given twice, a condition or calendar that is not known, a policy behind one that
// takes all its tickets, a target that is none or contradicts another.
func NewPolicySet(policies []Policy, calendars Calendars, predicates rule.Predicates) (*PolicySet, error) {
	set := &PolicySet{policies: make([]compiled, 0, len(policies)), calendars: Calendars{Named: maps.Clone(calendars.Named), Lanes: maps.Clone(calendars.Lanes)},
		lanes: make(map[string]hours, len(calendars.Lanes))}
	var wrong []error
	for _, lane := range slices.Sorted(maps.Keys(calendars.Lanes)) {
		name := calendars.Lanes[lane]
		if _, ok := calendars.Named[name]; !ok && name != AroundTheClock && name != "" {
			wrong = append(wrong, fmt.Errorf("sla: lane %q: calendar %q is not known", lane, name))
		}
		set.lanes[lane] = hours{name, calendars.Named[name]}
	}
	names := make(map[string]bool, len(policies))
	for i, p := range policies {
		place := fmt.Sprintf("sla policy %q: ", p.Name)
		if p.Name == "" {
			place = fmt.Sprintf("sla policy %d: ", i)
			wrong = append(wrong, fmt.Errorf("%sname is missing", place))
		} else if names[p.Name] {
			wrong = append(wrong, fmt.Errorf("%sthere are two of this name", place))
		} else if before := set.takesAll(&p.When); before != "" {
			wrong = append(wrong, fmt.Errorf("%sno ticket reaches it, because policy %q before it takes them all", place, before))
		}
		names[p.Name] = true
		c, err := set.compile(p, predicates)
		wrong = append(wrong, rule.FaultsAt(place, err))
		set.policies = append(set.policies, *c)
	}
	if err := rule.Faults(wrong...); err != nil {
		return nil, err
	}
	return set, nil
}

// takesAll returns the name of the first policy that takes all tickets of a condition; empty when none does.
func (s *PolicySet) takesAll(when *rule.Condition) string {
	for i := range s.policies {
		if before := &s.policies[i]; takesAll(&before.When, when) {
			return before.Name
		}
	}
	return ""
}

// compile makes a policy ready, and tells all that is wrong with it.
func (s *PolicySet) compile(p Policy, predicates rule.Predicates) (*compiled, error) {
	var wrong []error
	r, err := compileWhen(p.When, predicates)
	wrong = append(wrong, rule.FaultsAt("when: ", err))
	if _, ok := s.calendars.Named[p.Calendar]; !ok && p.Calendar != "" && p.Calendar != AroundTheClock {
		wrong = append(wrong, fmt.Errorf("calendar %q is not known", p.Calendar))
	}
	switch p.Reopening {
	case "", Extend, Frozen, Restart, Ignore:
	default:
		wrong = append(wrong, fmt.Errorf("reopening %q: want %s, %s, %s or %s", p.Reopening, Extend, Frozen, Restart, Ignore))
	}
	switch p.Responses {
	case "", ByPerson, ByAnyone:
	default:
		wrong = append(wrong, fmt.Errorf("responses %q: want %s or %s", p.Responses, ByPerson, ByAnyone))
	}
	c := &compiled{Policy: p, rule: r, hours: hours{p.Calendar, s.calendars.Named[p.Calendar]}}
	c.Targets, c.Steps = slices.Clone(p.Targets), slices.Clone(p.Steps)
	wrong = append(wrong, c.checkTargets(), c.checkSteps())
	c.spell()
	return c, rule.Faults(wrong...)
}

func compileWhen(when rule.Condition, predicates rule.Predicates) (*rule.Rule, error) {
	r, err := rule.Compile(when, predicates)
	if err != nil {
		return nil, err
	}
	var wrong []error
	for _, name := range r.Facts() {
		if !slices.Contains(factNames[:], name) {
			wrong = append(wrong, fmt.Errorf("fact %q is not known; known are %s", name, strings.Join(factNames[:], ", ")))
		}
	}
	return r, rule.Faults(append(wrong, r.CheckValues(KnownValues))...)
}

func (c *compiled) checkTargets() error {
	if len(c.Targets) == 0 {
		return errors.New("targets: there are none")
	}
	type slot struct {
		metric   Metric
		priority Priority
		any      bool
	}
	var wrong []error
	seen := make(map[slot]bool, len(c.Targets))
	for i, t := range c.Targets {
		err := t.check()
		wrong = append(wrong, rule.FaultsAt(fmt.Sprintf("targets[%d]", i), err))
		if err != nil {
			continue
		}
		s := slot{metric: t.Metric, any: t.Priority == nil}
		if t.Priority != nil {
			s.priority = *t.Priority
		}
		if seen[s] {
			wrong = append(wrong, fmt.Errorf("targets[%d]: %s is promised twice for the same priority", i, t.Metric))
		}
		seen[s] = true
	}
	return rule.Faults(append(wrong, c.checkOrder())...)
}

// check tells all that is wrong with a target by itself.
func (t *Target) check() error {
	var wrong []error
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	if t.Metric < Acknowledgement || t.Metric > AgentWork {
		add(".metric %q: want one of %s", t.Metric, strings.Join(metricNames[1:], ", "))
	}
	if t.Within <= 0 {
		add(".within: want more than 0, got %s", time.Duration(t.Within))
	}
	if time.Duration(t.Within) > MaxTarget {
		add(".within: want at most 10 years, got %s", time.Duration(t.Within))
	}
	for _, s := range t.Pause {
		if s.bit() == 0 {
			add(".pause %q: want new, open, pending or on-hold", s)
		}
	}
	if t.Pause != nil && (t.Metric == RequesterWait || t.Metric == AgentWork) {
		add(".pause: the pauses of %s cannot be changed", t.Metric)
	}
	if p := t.Priority; p != nil && (*p < Low || *p > Urgent) {
		add(".priority: %s is none", *p)
	}
	return rule.Faults(wrong...)
}

// checkOrder refuses a target that another one, for the same tickets, always ends before its time. One for a single priority may well be shorter than a general
// one of another metric.
func (c *compiled) checkOrder() error {
	var wrong []error
	order := [...]Metric{Acknowledgement, FirstResponse, Resolution}
	for i := range c.Targets {
		for j := range c.Targets {
			sooner, later := &c.Targets[i], &c.Targets[j]
			before, after := slices.Index(order[:], sooner.Metric), slices.Index(order[:], later.Metric)
			same := sooner.Priority == nil && later.Priority == nil || sooner.Priority != nil && later.Priority != nil && *sooner.Priority == *later.Priority
			if before >= 0 && before < after && same && sooner.Within > later.Within {
				wrong = append(wrong, fmt.Errorf("targets: %s may take %s, longer than %s with %s, which ends it too",
					sooner.Metric, time.Duration(sooner.Within), later.Metric, time.Duration(later.Within)))
			}
		}
	}
	return rule.Faults(wrong...)
}

// spell looks up once what each metric's target is at each priority.
func (c *compiled) spell() {
	for p := Low; p <= Urgent; p++ {
		at := c.at(p)
		for _, m := range Metrics() {
			if t := c.find(m, p); t != nil {
				at.promised |= m.bit()
				at.promises[m] = promise{within: time.Duration(t.Within), pause: t.pauses()}
			}
		}
	}
}

// find returns the target for the metric at the priority: the one that names it, or the general one.
func (c *compiled) find(m Metric, p Priority) (found *Target) {
	for i := range c.Targets {
		switch t := &c.Targets[i]; {
		case t.Metric != m:
		case t.Priority == nil:
			if found == nil {
				found = t
			}
		case *t.Priority == p:
			return t
		}
	}
	return found
}

func (t *Target) pauses() statuses {
	switch {
	case t.Metric == AgentWork:
		return statusesOf(Pending, OnHold)
	case t.Metric == RequesterWait, t.Pause == nil && !t.Metric.responds():
		return statusesOf(Pending)
	}
	return statusesOf(t.Pause...)
}

// at returns what the policy promises at the priority; the nil policy promises nothing.
func (c *compiled) at(p Priority) *terms {
	if c == nil || p < Low || p > Urgent {
		return nil
	}
	return &c.terms[p-Low]
}

// promise returns what is promised for the metric.
func (t *terms) promise(m Metric) promise {
	if t == nil || m < 0 || int(m) >= len(t.promises) {
		return promise{}
	}
	return t.promises[m]
}

// metrics is a set of metrics.
type metrics uint8

const (
	responses metrics = 1<<Acknowledgement | 1<<FirstResponse | 1<<NextResponse
	solving   metrics = 1<<PeriodicUpdate | 1<<Resolution | 1<<RequesterWait | 1<<AgentWork // what solving ends besides
)

// bit is the metric in a set.
func (m Metric) bit() metrics { return 1 << (m & 7) }

func (set metrics) has(m Metric) bool { return set&m.bit() != 0 }

func (set metrics) count() int { return bits.OnesCount8(uint8(set)) }

// MaxTarget is the longest time that a target may allow: ten years of 365 days.
const MaxTarget = 10 * 365 * 24 * time.Hour

// Match returns the first policy that is for a ticket with these facts, and whether there is one.
func (s *PolicySet) Match(f Facts) (Policy, bool) {
	if p := s.match(&f); p != nil {
		return p.Policy, true
	}
	return Policy{}, false
}

func (s *PolicySet) match(f *Facts) *compiled {
	if s == nil {
		return nil
	}
	for i := range s.policies {
		if _, ok := s.policies[i].rule.Match(f); ok {
			return &s.policies[i]
		}
	}
	return nil
}

// named returns the policy of this name.
func (s *PolicySet) named(name string) *compiled {
	if s == nil || name == "" {
		return nil
	}
	for i := range s.policies {
		if s.policies[i].Name == name {
			return &s.policies[i]
		}
	}
	return nil
}
