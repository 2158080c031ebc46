package socialcrm

import (
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/channel"
)

func TestSubjectLineIsTheFirstWords(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, subject, text, want string }{
		{"title", "My order", "Where is it?", "My order"},
		{"spaces", "", "  Where\n\tis   it? ", "Where is it?"},
		{"nothing", "", " \n ", ""},
		{"exactly 80", "", strings.Repeat("a", 80), strings.Repeat("a", 80)},
		{"long words", "", strings.Repeat("a", 100), strings.Repeat("a", 80) + "…"},
		{"cut between words", "", strings.Repeat("word ", 30), strings.TrimSpace(strings.Repeat("word ", 16)) + "…"},
		{"never inside a letter", "", strings.Repeat("é", 60), strings.Repeat("é", 40) + "…"},
	} {
		if got := subjectLine(&channel.Message{Subject: test.subject, Text: test.text}); got != test.want {
			t.Errorf("%s: got %q, want %q", test.name, got, test.want)
		}
	}
}

func TestIDsFollowFromWhatTheyName(t *testing.T) {
	t.Parallel()
	seen := map[string]string{}
	for _, parts := range [][]string{{"a", "b"}, {"ab"}, {"a", "", "b"}, {"", "ab"}, {"a:1", "b"}, {strings.Repeat("x", 1000)}} {
		id := hashID(parts...)
		if len(id) != 13 || id != hashID(parts...) {
			t.Errorf("%q: %q", parts, id)
		}
		if other, twice := seen[id]; twice {
			t.Errorf("%q and %s have the ID %s", parts, other, id)
		}
		seen[id] = strings.Join(parts, "|")
	}
}
