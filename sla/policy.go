package sla

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/rule"
)

// Metric is what a clock measures.
type Metric string

const (
	// Acknowledgement runs from the customer's first message to the first post that the platform accepted, automated or by a person.
	Acknowledgement Metric = "acknowledgement"
	// FirstResponse runs from the customer's first message to the first post by a person.
	FirstResponse Metric = "first_response"
	// NextResponse runs from the oldest unanswered message after the first response to the next post by a person.
	NextResponse Metric = "next_response"
	// PeriodicUpdate runs from one post by a person to the next, until the ticket is solved.
	PeriodicUpdate Metric = "periodic_update"
	// Resolution runs from the customer's first message until the ticket is solved.
	Resolution Metric = "resolution"
	// RequesterWait counts the time while new, open or on-hold, until solved.
	RequesterWait Metric = "requester_wait"
	// AgentWork counts the time while new or open, until solved.
	AgentWork Metric = "agent_work"
)

// Metrics lists all metrics in the order in which reports show them.
func Metrics() []Metric {
	return []Metric{Acknowledgement, FirstResponse, NextResponse, PeriodicUpdate, Resolution, RequesterWait, AgentWork}
}

// rank is the metric's place in Metrics.
func (m Metric) rank() int { return slices.Index(Metrics(), m) }

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
	// Within is the time allowed; more than 0.
	Within Duration `json:"within"`
	// Priority limits the target to tickets of this priority. Nil: all that no other target of the metric names.
	Priority *Priority `json:"priority,omitempty"`
}

// Policy is a set of targets and the tickets that they are promised to.
type Policy struct {
	// Name is unique in the set; the journal and reports show it.
	Name string `json:"name"`
	// When says which tickets it is for, over the facts of type Facts. The zero condition matches all.
	When rule.Condition `json:"when,omitzero"`
	// Targets are what is promised.
	Targets []Target `json:"targets"`
}

// PolicySet is an ordered list of policies, checked and compiled. It never changes and may be used by any number of goroutines. The nil set promises
// nothing.
type PolicySet struct {
	policies []compiled
}

type compiled struct {
	Policy
	rule *rule.Rule
}

// NewPolicySet checks and compiles policies; the first that matches a ticket wins. predicates are the Go predicates that conditions may name. The
// error names the policy and what is wrong with it.
func NewPolicySet(policies []Policy, predicates rule.Predicates) (*PolicySet, error) {
	set := &PolicySet{policies: make([]compiled, 0, len(policies))}
	names := make(map[string]bool, len(policies))
	for i, p := range policies {
		if p.Name == "" {
			return nil, fmt.Errorf("sla policy %d: name is missing", i)
		}
		if names[p.Name] {
			return nil, fmt.Errorf("sla policy %q: there are two of this name", p.Name)
		}
		names[p.Name] = true
		r, err := rule.Compile(p.When, predicates)
		if err != nil {
			return nil, fmt.Errorf("sla policy %q: when: %w", p.Name, err)
		}
		for _, name := range r.Facts() {
			if !slices.Contains(factNames[:], name) {
				return nil, fmt.Errorf("sla policy %q: when: fact %q is not known; known are %s", p.Name, name, strings.Join(factNames[:], ", "))
			}
		}
		if err := checkTargets(p.Targets); err != nil {
			return nil, fmt.Errorf("sla policy %q: %w", p.Name, err)
		}
		p.Targets = slices.Clone(p.Targets)
		set.policies = append(set.policies, compiled{p, r})
	}
	return set, nil
}

func checkTargets(targets []Target) error {
	if len(targets) == 0 {
		return fmt.Errorf("targets: there are none")
	}
	type slot struct {
		metric   Metric
		priority Priority
		any      bool
	}
	seen := make(map[slot]bool, len(targets))
	for i, t := range targets {
		switch t.Metric {
		case Acknowledgement, FirstResponse, Resolution:
		default:
			return fmt.Errorf("targets[%d].metric %q: want %s, %s or %s", i, t.Metric, Acknowledgement, FirstResponse, Resolution)
		}
		if t.Within <= 0 {
			return fmt.Errorf("targets[%d].within: want more than 0, got %s", i, time.Duration(t.Within))
		}
		if time.Duration(t.Within) > MaxTarget {
			return fmt.Errorf("targets[%d].within: want at most 10 years, got %s", i, time.Duration(t.Within))
		}
		s := slot{metric: t.Metric, any: t.Priority == nil}
		if t.Priority != nil {
			s.priority = *t.Priority
		}
		if seen[s] {
			return fmt.Errorf("targets[%d]: %s is promised twice for the same priority", i, t.Metric)
		}
		seen[s] = true
	}
	return nil
}

// MaxTarget is the longest time that a target may allow: ten years of 365 days.
const MaxTarget = 10 * 365 * 24 * time.Hour

// Match returns the first policy that is for a ticket with these facts, and whether there is one.
func (s *PolicySet) Match(f Facts) (Policy, bool) {
	if p := s.match(f); p != nil {
		return p.Policy, true
	}
	return Policy{}, false
}

func (s *PolicySet) match(f Facts) *compiled {
	if s == nil {
		return nil
	}
	for i := range s.policies {
		if _, ok := s.policies[i].rule.Match(&f); ok {
			return &s.policies[i]
		}
	}
	return nil
}

// target returns what the policy promises for the metric at the priority; 0 when nothing.
func (c *compiled) target(m Metric, p Priority) time.Duration {
	var general time.Duration
	for _, t := range c.Targets {
		if t.Metric != m {
			continue
		}
		if t.Priority == nil {
			general = time.Duration(t.Within)
		} else if *t.Priority == p {
			return time.Duration(t.Within)
		}
	}
	return general
}

// Facts are what a policy's condition can look at. They are part of the journal, so that clocks can be folded again under other policies.
type Facts struct {
	Account    string   `json:"account,omitempty"` // "platform/id"
	Platform   string   `json:"platform,omitempty"`
	Visibility string   `json:"visibility,omitempty"`
	Language   string   `json:"language,omitempty"`
	Lane       string   `json:"lane,omitempty"`
	Agent      string   `json:"agent,omitempty"`
	Tier       string   `json:"tier,omitempty"` // of the contact
	Tags       []string `json:"tags,omitempty"`
	Priority   Priority `json:"priority,omitzero"`
}

var factNames = [...]string{"account", "platform", "visibility", "language", "lane", "agent", "contact.tier", "tags", "priority"}

// Fact returns the fact of this name: account, platform, visibility, language, lane, agent, contact.tier, tags, priority (as its word).
func (f *Facts) Fact(name string) rule.Value {
	var text string
	switch name {
	case "account":
		text = f.Account
	case "platform":
		text = f.Platform
	case "visibility":
		text = f.Visibility
	case "language":
		text = f.Language
	case "lane":
		text = f.Lane
	case "agent":
		text = f.Agent
	case "contact.tier":
		text = f.Tier
	case "tags":
		if len(f.Tags) == 0 {
			return rule.Value{}
		}
		return rule.Texts(f.Tags...)
	case "priority":
		return rule.Text(f.Priority.String())
	}
	if text == "" {
		return rule.Value{}
	}
	return rule.Text(text)
}
