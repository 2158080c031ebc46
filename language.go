package socialcrm

import (
	"fmt"
	"strings"

	"github.com/socialcrm/socialcrm/rule"
)

const wantLanguage = `want a BCP 47 tag of a language, such as "de" or "pt-BR"`

// checkLanguage refuses a test that compares a language with what is none.
func checkLanguage(t *rule.Condition) error {
	switch t.Fact {
	case "language", "author.language", "contact.language":
		for _, v := range append([]rule.Value{t.Equals}, t.In...) {
			if text, ok := v.Text(); ok && !languageTag(text) {
				return fmt.Errorf("fact %q: %q: %s", t.Fact, text, wantLanguage)
			}
		}
	}
	return nil
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
