package bench

import (
	"regexp"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// The question: does a message to one of two accounts ask for a refund or report something broken?

const refunds = `{"all": [
	{"fact": "account", "in": ["plaza/shop", "plaza/outlet"]},
	{"any": [{"fact": "text", "word": "refund"}, {"fact": "text", "word": "money back"}, {"fact": "text", "word": "broken"}]}
]}`

var byRegexp = regexp.MustCompile(`(?i)\b(?:refund|money\W+back|broken)\b`)

func inGo(account, text string) bool {
	if account != "plaza/shop" && account != "plaza/outlet" {
		return false
	}
	text = strings.ToLower(text)
	return strings.Contains(text, "refund") || strings.Contains(text, "money back") || strings.Contains(text, "broken")
}

func inRegexp(account, text string) bool {
	return (account == "plaza/shop" || account == "plaza/outlet") && byRegexp.MatchString(text)
}

var asked = []struct {
	account, text string
	want          bool
}{
	{"plaza/shop", "The lamp arrived broken and nobody answers the telephone. I have waited for two weeks now, what am I to do?", true},
	{"plaza/shop", "Good morning! I ordered two chairs on Monday, order 20931. Can they come on a Saturday, between nine and noon? Thank you.", false},
	{"plaza/outlet", "I want my MONEY BACK", true},
	{"plaza/cafe", "I want a refund", false},
}

func compiled(tb testing.TB) *rule.Rule {
	condition, err := rule.Parse([]byte(refunds))
	if err != nil {
		tb.Fatal(err)
	}
	r, err := rule.Compile(condition, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func factsOf(account, text string) *ticket.Facts {
	platform, id, _ := strings.Cut(account, "/")
	return &ticket.Facts{
		Ticket:  &ticket.Ticket{Account: channel.AccountID{Platform: platform, ID: id}},
		Message: &channel.Message{Text: text},
	}
}

func TestRuleAgreesWithGo(t *testing.T) {
	r := compiled(t)
	for _, a := range asked {
		_, matches := r.Match(factsOf(a.account, a.text))
		if matches != a.want || inGo(a.account, a.text) != a.want || inRegexp(a.account, a.text) != a.want {
			t.Errorf("%s %q: rule %t, Go %t, regexp %t; want %t", a.account, a.text, matches, inGo(a.account, a.text), inRegexp(a.account, a.text), a.want)
		}
	}
}

func BenchmarkRule(b *testing.B) {
	b.Run("by=rule", func(b *testing.B) {
		r := compiled(b)
		facts := make([]*ticket.Facts, len(asked))
		for i, a := range asked {
			facts[i] = factsOf(a.account, a.text)
		}
		b.ReportAllocs()
		for b.Loop() {
			for _, f := range facts {
				r.Match(f)
			}
		}
	})
	for _, other := range []struct {
		by    string
		match func(account, text string) bool
	}{{"by=go", inGo}, {"by=regexp", inRegexp}} {
		b.Run(other.by, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				for _, a := range asked {
					other.match(a.account, a.text)
				}
			}
		})
	}
}
