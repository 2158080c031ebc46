package socialcrm

import (
	"fmt"
	"strings"

	"github.com/socialcrm/socialcrm/rule"
)

// checkLanguages finds what a Setup takes for a language and is none.
func (s *Setup) checkLanguages() error {
	for _, a := range s.Agents {
		for i, tag := range a.Languages {
			if !languageTag(tag) {
				return fmt.Errorf("agent %q: languages[%d] %q: %s", a.Name, i, tag, wantLanguage)
			}
		}
	}
	conditions := make([]languageRule, 0, len(s.Lanes)+len(s.SLA)+len(s.Noise)+len(s.Weights)+len(s.Private)+2)
	for _, l := range s.Lanes {
		conditions = append(conditions, languageRule{fmt.Sprintf("lane %q: when", l.Name), l.When})
		for i, p := range l.Priorities {
			conditions = append(conditions, languageRule{fmt.Sprintf("lane %q: priorities[%d].when", l.Name, i), p.When})
		}
	}
	for i, weight := range s.Weights {
		conditions = append(conditions, languageRule{fmt.Sprintf("weights[%d].when", i), weight.When})
	}
	for _, p := range s.SLA {
		conditions = append(conditions, languageRule{fmt.Sprintf("sla policy %q: when", p.Name), p.When})
	}
	for _, n := range s.Noise {
		conditions = append(conditions, languageRule{fmt.Sprintf("noise %q: when", n.Name), n.When})
	}
	for _, r := range s.Private {
		conditions = append(conditions, languageRule{fmt.Sprintf("private %q: when", r.Name), r.When})
	}
	conditions = append(conditions, languageRule{"related.merge", s.Related.Merge})
	if s.OffHours != nil {
		conditions = append(conditions, languageRule{"off_hours.when", s.OffHours.When})
	}
	for _, c := range conditions {
		if fact, tag := wrongLanguage(&c.when); fact != "" {
			return fmt.Errorf("%s: fact %q: %q: %s", c.where, fact, tag, wantLanguage)
		}
	}
	return nil
}

// languageRule is a condition and where it stands.
type languageRule struct {
	where string
	when  rule.Condition
}

const wantLanguage = `want a BCP 47 tag of a language, such as "de" or "pt-BR"`

// wrongLanguage returns the first fact of a condition that a language is compared with which is none, and that.
func wrongLanguage(c *rule.Condition) (fact, tag string) {
	if c.Not != nil {
		return wrongLanguage(c.Not)
	}
	for _, parts := range [...][]rule.Condition{c.All, c.Any} {
		for i := range parts {
			if fact, tag = wrongLanguage(&parts[i]); fact != "" {
				return fact, tag
			}
		}
	}
	switch c.Fact {
	case "language", "author.language", "contact.language":
		for _, v := range append([]rule.Value{c.Equals}, c.In...) {
			if text, ok := v.Text(); ok && !languageTag(text) {
				return c.Fact, text
			}
		}
	}
	return "", ""
}

// languageTag reports whether a text is formed as RFC 5646 (BCP 47) wants a language tag: a language of two or three letters, then subtags of up to eight letters and digits
// behind hyphens. The longer languages that the form allows do not exist.
func languageTag(tag string) bool {
	subtags := strings.Split(tag, "-")
	if n := len(subtags[0]); n != 2 && n != 3 || strings.Trim(strings.ToLower(subtags[0]), "abcdefghijklmnopqrstuvwxyz") != "" {
		return false
	}
	single := false // a singleton begins an extension, which has to follow
	for _, s := range subtags[1:] {
		if s == "" || len(s) > 8 || strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
		single = len(s) == 1
	}
	return !single
}
