package socialcrm

import (
	"fmt"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// Noise is a kind of message that wants no answer.
type Noise struct {
	// Name stands in the journal.
	Name string `json:"name"`
	// When says what it is, over the facts of the message that ticket.Facts names. It must not be empty.
	When rule.Condition `json:"when"`
}

// compileNoise compiles the kinds of noise, and tells all that is wrong with them.
func (s *Setup) compileNoise(predicates rule.Predicates) (*rule.Set, error) {
	var wrong []error
	b := rule.Builder{Predicates: predicates, Lists: s.Words}
	var places []string
	for i, n := range s.Noise {
		where := placeOf("noise", "[%d]", i, n.Name) + ": "
		if n.Name == "" {
			wrong = append(wrong, fmt.Errorf("%sname is missing", where))
		}
		if n.When.IsZero() {
			wrong = append(wrong, fmt.Errorf("%swhen is empty, so that every message would be noise", where))
		}
		if _, err := b.Add(n.When); err != nil {
			wrong = append(wrong, fmt.Errorf("%swhen: %w", where, err))
		} else {
			places = append(places, where+"when: ")
		}
	}
	rules := b.Set()
	for i, where := range places {
		for _, name := range rules.Rule(i).Facts() {
			if !ticket.KnownMessageFact(name) {
				wrong = append(wrong, fmt.Errorf("%sfact %q is not known of a message; ticket.Facts lists those that are", where, name))
			}
		}
		wrong = append(wrong, rule.FaultsAt(where, rules.Rule(i).CheckValues(ticket.KnownValues)))
	}
	return rules, rule.Faults(wrong...)
}

// noise returns the name of the kind of noise that a message is; empty when it wants an answer.
func (c *company) noise(m *channel.Message) string {
	if len(c.setup.Noise) == 0 || strings.ContainsAny(m.Text, "?？؟") {
		return ""
	}
	asked := c.noises.Ask(&ticket.Facts{Message: m})
	for i, n := range c.setup.Noise {
		if _, ok := asked.Match(i); ok {
			return n.Name
		}
	}
	return ""
}
