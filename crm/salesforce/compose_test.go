package salesforce

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/ticket"
)

var update = flag.Bool("update", false, "write the requests in testdata anew")

// TestCompose turns each testdata/compose/NAME.change.json into NAME.request.json.
func TestCompose(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/compose/*.change.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no changes in testdata: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".change.json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var c crm.Change
			if err := json.Unmarshal(data, &c); err != nil {
				t.Fatal(err)
			}
			words := readWords(Mapping{})
			var got bytes.Buffer
			if err := json.Indent(&got, composite(words.compose(c, "salesforce"), true), "", "  "); err != nil {
				t.Fatalf("the body is no JSON: %v", err)
			}
			got.WriteByte('\n')
			golden := strings.TrimSuffix(file, ".change.json") + ".request.json"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFillKeepsToTheLimitsOfACall(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		sizes []int
		want  []int // subrequests of each call
	}{
		{"one", []int{1}, []int{1}},
		{"as many as fit", repeat(1, 25), []int{25}},
		{"one more", repeat(1, 26), []int{25, 1}},
		{"long texts go out in more calls", repeat(300<<10, 5), []int{2, 2, 1}},
		{"one that is too long goes alone", []int{1, 900 << 10, 1}, []int{1, 1, 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var todo []subrequest
			for _, size := range tt.sizes {
				todo = append(todo, subrequest{body: make([]byte, size)})
			}
			var got []int
			for len(todo) > 0 {
				n := fill(todo)
				got, todo = append(got, n), todo[n:]
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("calls (-want +got):\n%s", diff)
			}
		})
	}
}

func repeat(size, n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = size
	}
	return all
}

func TestFitCutsBetweenRunesAndCountsInUTF16(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		got := fit(s, limit)
		units := func(s string) int { return len(utf16.Encode([]rune(s))) }
		switch kept, cut := strings.CutSuffix(got, "…"); {
		case units(s) <= limit:
			if got != s {
				t.Fatalf("fit(%q, %d) = %q, want it whole", s, limit, got)
			}
		case !cut || units(got) > limit || !strings.HasPrefix(s, kept) || !utf8.ValidString(got):
			t.Fatalf("fit(%q, %d) = %q", s, limit, got)
		case units(got) < limit-1:
			t.Fatalf("fit(%q, %d) = %q: more would have fit", s, limit, got)
		}
	})
}

func TestRecordsAreJSONWhateverTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		var r record
		r.text("Text", s, maxText)
		var got map[string]string
		body := r.close()
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%q becomes %s: %v", s, body, err)
		}
		if got["Text"] != crm.Printable(s) {
			t.Fatalf("%q becomes %q, want %q", s, got["Text"], crm.Printable(s))
		}
	})
}

func TestLooksLikeEmail(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]bool{
		"a@example.org": true, "a.b+c@mail.example.org": true, "": false, "a": false, "@example.org": false, "a@": false, "a@localhost": false, "a b@example.org": false,
		"a@b@example.org": false, "a@example.org, b@example.org": false, "<a@example.org>": false, "a@.": false,
		strings.Repeat("a", 80) + "@example.org": false,
	} {
		if got := looksLikeEmail(s); got != want {
			t.Errorf("looksLikeEmail(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestStatusAndPriorityInWordsThatEveryOrgHas(t *testing.T) {
	t.Parallel()
	w := readWords(Mapping{})
	for s, want := range map[ticket.Status]string{
		ticket.New: "New", ticket.Open: "Working", ticket.Pending: "Working", ticket.OnHold: "Working", ticket.Solved: "Closed", ticket.Closed: "Closed",
	} {
		if got := w.caseStatus(s); got != want {
			t.Errorf("caseStatus(%q) = %q, want %q", s, got, want)
		}
	}
	for p, want := range map[ticket.Priority]string{ticket.Low: "Low", ticket.Normal: "Medium", ticket.High: "High", ticket.Urgent: "High"} {
		if got := casePriority(p); got != want {
			t.Errorf("casePriority(%s) = %q, want %q", p, got, want)
		}
	}
}

func change(n int, text string) crm.Change {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	c := crm.Change{
		Subject: crm.Subject{Ticket: "T1"},
		Contact: &crm.Contact{Key: "contact-1", Name: "Ada", Emails: []string{"ada@example.org"}},
		Case:    &crm.Case{Key: "case-1", Contact: "contact-1", Subject: "Bag", Status: ticket.Open, Account: channel.AccountID{Platform: "x", ID: "7"}, Created: at},
	}
	for i := range n {
		c.Interactions = append(c.Interactions, crm.Interaction{
			Key: fmt.Sprintf("in-%d", i+1), Message: "m", Direction: ticket.Inbound, Text: text, Time: at.Add(time.Duration(i) * time.Second),
		})
	}
	return c
}

func BenchmarkCompose(b *testing.B) {
	for _, size := range []struct {
		name string
		c    crm.Change
	}{{"two interactions", change(2, "Where is my bag?")}, {"200 interactions", change(200, strings.Repeat("Where is my bag? ", 15))}} {
		b.Run(size.name, func(b *testing.B) {
			words := readWords(Mapping{})
			b.ReportAllocs()
			for b.Loop() {
				for todo := words.compose(size.c, "salesforce"); len(todo) > 0; {
					n := fill(todo)
					composite(todo[:n], true)
					todo = todo[n:]
				}
			}
		})
	}
}
