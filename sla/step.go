package sla

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/rule"
)

// Step is what happens at a moment of a running clock: a warning, or an escalation. A step that only has a moment is a warning: it stands in the journal, and
// whoever reads the feed hears of it. A step whose clock has ended meanwhile does not happen.
type Step struct {
	// At is the moment. The zero moment is the breach.
	At Moment `json:"at"`
	// Metric is whose clock it is about. Zero: every metric that the policy promises.
	Metric Metric `json:"metric,omitzero"`
	// Notify names who is to be told: agents, teams, lanes, or, with a colon in it, whatever the host understands. The names stand in the journal's entry.
	Notify []string `json:"notify,omitempty"`
	// Raise lifts the ticket's priority to this, never lowers it. Nil: not.
	Raise *Priority `json:"raise,omitempty"`
	// Lane hands the ticket to another lane, Agent to an agent (a lead). Empty: not.
	Lane  string `json:"lane,omitempty"`
	Agent string `json:"agent,omitempty"`
	// Tags are added.
	Tags []string `json:"tags,omitempty"`
}

// Warns reports whether the step only warns.
func (s *Step) Warns() bool {
	return s.Raise == nil && s.Lane == "" && s.Agent == "" && len(s.Tags) == 0 && len(s.Notify) == 0
}

// String says what the step does, without its moment: "notify care, raise to urgent, hand to lane desk". That of a warning is empty.
func (s *Step) String() string {
	var does []string
	add := func(what, name string) {
		if name != "" {
			does = append(does, what+" "+name)
		}
	}
	add("notify", strings.Join(s.Notify, ", "))
	if s.Raise != nil {
		add("raise to", s.Raise.String())
	}
	add("tag", strings.Join(s.Tags, ", "))
	add("hand to lane", s.Lane)
	add("hand to", s.Agent)
	return strings.Join(does, ", ")
}

func (s *Step) concerns(m Metric) bool { return s.Metric == 0 || s.Metric == m }

// Moment is a point of a clock's run, in the time that the clock counts: "75%" of the target, "15m before" the deadline, "breach", "2h after" the breach. The
// zero value is the breach; at most one field is set. Where the target is no longer than Before, the moment is the one at which the clock starts.
type Moment struct {
	Percent int // of the target, 1 to 99
	Before  Duration
	After   Duration
}

// String returns the moment as JSON has it.
func (m Moment) String() string {
	switch {
	case m.Percent != 0:
		return strconv.Itoa(m.Percent) + "%"
	case m.Before != 0:
		return shortly(time.Duration(m.Before)) + " before"
	case m.After != 0:
		return shortly(time.Duration(m.After)) + " after"
	}
	return "breach"
}

// MarshalText returns String.
func (m Moment) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads "75%", "15m before", "breach" or "2h after".
func (m *Moment) UnmarshalText(text []byte) error {
	read, ok := parseMoment(strings.TrimSpace(string(text)))
	if !ok || read.check() != nil {
		return fmt.Errorf(`moment %q: want for example "75%%", "15m before", "breach" or "2h after"`, text)
	}
	*m = read
	return nil
}

func parseMoment(text string) (m Moment, ok bool) {
	if text == "breach" {
		return m, true
	}
	if percent, is := strings.CutSuffix(text, "%"); is {
		n, err := strconv.Atoi(percent)
		return Moment{Percent: n}, err == nil && n != 0
	}
	span, word, _ := strings.Cut(text, " ")
	d, err := time.ParseDuration(span)
	switch {
	case err != nil || d == 0:
		return m, false
	case word == "before":
		return Moment{Before: Duration(d)}, true
	case word == "after":
		return Moment{After: Duration(d)}, true
	}
	return m, false
}

func (m Moment) check() error {
	set := 0
	for _, is := range [...]bool{m.Percent != 0, m.Before != 0, m.After != 0} {
		if is {
			set++
		}
	}
	switch {
	case set > 1:
		return fmt.Errorf("at: want one of percent, before and after, got %d%%, %s before and %s after", m.Percent, shortly(time.Duration(m.Before)), shortly(time.Duration(m.After)))
	case m.Percent < 0 || m.Percent > 99:
		return fmt.Errorf("at: want 1%% to 99%%, got %d%%", m.Percent)
	case m.Before < 0 || m.After < 0 || m.After > Duration(MaxTarget):
		return fmt.Errorf("at: %s: want a time of more than 0 and at most 10 years", m)
	}
	return nil
}

// of returns how much of the target's time, and more, has been counted at the moment.
func (m Moment) of(target time.Duration) time.Duration {
	switch {
	case m.Percent != 0:
		return target/100*time.Duration(m.Percent) + target%100*time.Duration(m.Percent)/100
	case m.Before != 0:
		return max(target-time.Duration(m.Before), 0)
	}
	return target + time.Duration(m.After)
}

func (c *compiled) checkSteps() error {
	var wrong []error
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	for i, step := range c.Steps {
		if err := step.At.check(); err != nil {
			add("steps[%d].%w", i, err)
		}
		if step.Metric != 0 && !slices.ContainsFunc(c.Targets, func(t Target) bool { return t.Metric == step.Metric }) {
			add("steps[%d].metric %q: the policy has no target for it", i, step.Metric)
		}
		if before := step.At.Before; before > 0 && !slices.ContainsFunc(c.Targets, func(t Target) bool { return step.concerns(t.Metric) && t.Within > before }) {
			add("steps[%d].at: %s: none of its targets is that long, so it would be due as soon as a clock starts", i, step.At)
		}
		if p := step.Raise; p != nil && (*p < Low || *p > Urgent) {
			add("steps[%d].raise: %s is none", i, *p)
		}
		if step.Lane != "" && step.Agent != "" {
			add("steps[%d]: want a lane or an agent, not both", i)
		}
	}
	return rule.Faults(wrong...)
}

// Planned is a step of a clock and when it is due.
type Planned struct {
	// At is the instant; one that lies in the past is due at once.
	At    time.Time
	Step  Step
	Clock Clock
	// Key names the step among all that a ticket will ever see, so that each is done once; of a clock that begins anew, once for each run. Where the ticket comes under
	// another policy, the steps of that one are others.
	Key string
}

// Steps returns what is planned for the clocks as they stand, by their instants: nothing for clocks that have ended, stand still, or whose policy is not the
// ticket's any more. s is the set in force.
func (s *PolicySet) Steps(state State) []Planned {
	policy := s.named(state.Policy)
	if policy == nil || len(policy.Steps) == 0 {
		return nil
	}
	var planned []Planned
	for _, c := range state.Clocks {
		if !c.Stopped.IsZero() || c.Policy != policy.Name || c.Since.IsZero() {
			continue
		}
		for i, step := range policy.Steps {
			if !step.concerns(c.Metric) {
				continue
			}
			at, ok := c.moment(step.At, s.calendars.Named[c.Calendar])
			if !ok {
				continue
			}
			nth := 0 // of its moment: a policy that is edited may name others before it
			for _, before := range policy.Steps[:i] {
				if before.At == step.At && before.concerns(c.Metric) {
					nth++
				}
			}
			key := fmt.Sprintf("%s/%s/%d/%d/%s/%s", c.Metric, c.Line, c.Started.UnixNano(), nth, policy.Name, step.At)
			if c.Restarts > 0 {
				key += "/" + strconv.Itoa(int(c.Restarts))
			}
			planned = append(planned, Planned{At: at, Step: step, Clock: c, Key: key})
		}
	}
	slices.SortStableFunc(planned, func(a, b Planned) int { return a.At.Compare(b.At) })
	return planned
}

// moment returns when the clock reaches the moment, if nothing happens to it before. A breach is just after the deadline.
func (c *Clock) moment(m Moment, calendar *Calendar) (time.Time, bool) {
	if m == (Moment{}) {
		if c.Verdict == Breached {
			return c.Due, true
		}
		return c.Due.Add(1), true
	}
	rest := m.of(time.Duration(c.Target)) - time.Duration(c.Spent)
	if rest <= 0 {
		return c.Since, true
	}
	at, err := calendar.Add(c.Since, rest)
	return at, err == nil
}
