package rule_test

import (
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/rule"
)

func compile(t testing.TB, c rule.Condition, p rule.Predicates) *rule.Rule {
	t.Helper()
	r, err := rule.Compile(c, p)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMatchSaysWhatHolds(t *testing.T) {
	t.Parallel()
	facts := rule.Map{
		"account":  rule.Text("acme"),
		"text":     rule.Text("Where is my REFUND?"),
		"tags":     rule.Texts("new", "vip-gold", "late order"),
		"reach":    rule.Number(12000),
		"verified": rule.Bool(true),
		"silent":   rule.Text(""),
	}
	tests := []struct{ condition, why string }{ // why is empty where the condition does not hold
		{`{}`, `always`},
		{`{"not": {}}`, ``},
		{`{"fact": "account", "equals": "acme"}`, `account is "acme"`},
		{`{"fact": "account", "equals": "Acme"}`, ``},
		{`{"not": {"fact": "account", "equals": "Acme"}}`, `not: account is not "Acme"`},
		{`{"fact": "silent", "equals": ""}`, `silent is ""`},
		{`{"fact": "tags", "equals": "new"}`, `tags is "new"`},
		{`{"fact": "tags", "equals": "old"}`, ``},
		{`{"fact": "reach", "equals": 12000}`, `reach is 12000`},
		{`{"fact": "reach", "equals": "12000"}`, ``},
		{`{"fact": "verified", "equals": true}`, `verified is true`},
		{`{"fact": "verified", "equals": 1}`, ``},
		{`{"fact": "tier", "equals": ""}`, ``},
		{`{"not": {"fact": "tier", "equals": "gold"}}`, `not: tier is not known`},

		{`{"fact": "account", "in": ["emca", "acme"]}`, `account is "acme"`},
		{`{"fact": "tags", "in": ["late order", "vip-gold"]}`, `tags is "vip-gold"`},
		{`{"fact": "reach", "in": ["12000", 12000]}`, `reach is 12000`},
		{`{"fact": "verified", "in": [false]}`, ``},
		{`{"not": {"fact": "verified", "in": [false, 1]}}`, `not: verified is none of false, 1`},
		{`{"not": {"fact": "account", "in": ["a", "b", "c", "d", "e"]}}`, `not: account is none of "a", "b", "c" and 2 more`},

		{`{"fact": "account", "prefix": "ac"}`, `account begins with "ac"`},
		{`{"fact": "account", "prefix": "AC"}`, ``},
		{`{"fact": "tags", "prefix": "vip"}`, `tags begins with "vip" in "vip-gold"`},
		{`{"fact": "reach", "prefix": "1"}`, ``},
		{`{"not": {"fact": "tags", "prefix": "x"}}`, `not: tags does not begin with "x"`},

		{`{"fact": "text", "word": "refund"}`, `text contains word "refund"`},
		{`{"fact": "text", "word": "My Refund"}`, `text contains words "My Refund"`},
		{`{"fact": "tags", "word": "order"}`, `tags contains word "order" in "late order"`},
		{`{"fact": "verified", "word": "true"}`, ``},
		{`{"not": {"fact": "text", "word": "fund"}}`, `not: text does not contain word "fund"`},

		{`{"fact": "reach", "min": 12000}`, `reach is 12000, at least 12000`},
		{`{"fact": "reach", "max": 12000}`, `reach is 12000, at most 12000`},
		{`{"fact": "reach", "min": 12000, "max": 12000}`, `reach is 12000, from 12000 to 12000`},
		{`{"fact": "reach", "min": 12000.5}`, ``},
		{`{"fact": "reach", "min": 1, "max": 11999}`, ``},
		{`{"fact": "verified", "min": 0}`, ``},
		{`{"fact": "tier", "max": 0}`, ``},
		{`{"not": {"fact": "reach", "min": 1e6}}`, `not: reach is 12000, not at least 1000000`},
		{`{"not": {"fact": "account", "min": 1}}`, `not: account is no number`},
		{`{"not": {"fact": "tier", "min": 1}}`, `not: tier is not known`},

		{`{"fact": "silent", "exists": true}`, `silent is known`},
		{`{"fact": "silent", "exists": false}`, ``},
		{`{"fact": "tier", "exists": false}`, `tier is not known`},
		{`{"fact": "tier", "exists": true}`, ``},
		{`{"not": {"fact": "tier", "exists": true}}`, `not: tier is not known`},
		{`{"not": {"fact": "silent", "exists": false}}`, `not: silent is known`},

		{`{"predicate": "busy"}`, `predicate "busy" holds`},
		{`{"predicate": "quiet"}`, ``},
		{`{"not": {"predicate": "quiet"}}`, `not: predicate "quiet" does not hold`},

		{`{"all": [{"fact": "account", "equals": "acme"}, {"fact": "text", "word": "refund"}]}`,
			`all[0]: account is "acme"; all[1]: text contains word "refund"`},
		{`{"all": [{"fact": "account", "equals": "acme"}, {"fact": "text", "word": "refunds"}]}`, ``},
		{`{"any": [{"predicate": "quiet"}, {"predicate": "busy"}, {"fact": "reach", "min": 1}]}`, `any[1]: predicate "busy" holds`},
		{`{"any": [{"predicate": "quiet"}, {}]}`, `always`},
		{`{"any": [{"all": [{"predicate": "busy"}, {"predicate": "quiet"}]}, {"fact": "account", "prefix": "a"}]}`, `any[1]: account begins with "a"`},
		{`{"not": {"all": [{"predicate": "busy"}, {"predicate": "quiet"}]}}`, `not.all[1]: predicate "quiet" does not hold`},
		{`{"not": {"any": [{"predicate": "quiet"}, {"fact": "tier", "exists": true}]}}`,
			`not.any[0]: predicate "quiet" does not hold; not.any[1]: tier is not known`},
		{`{"not": {"any": [{"predicate": "quiet"}, {"predicate": "busy"}]}}`, ``},
		{`{"not": {"not": {"predicate": "busy"}}}`, `not.not: predicate "busy" holds`},
		{`{"all": [{"predicate": "busy"}, {"predicate": "busy"}, {"predicate": "busy"}, {"predicate": "busy"}, {"predicate": "busy"}, {"predicate": "busy"}]}`,
			`all[0]: predicate "busy" holds; all[1]: predicate "busy" holds; all[2]: predicate "busy" holds; all[3]: predicate "busy" holds; and 2 more`},
	}
	predicates := rule.Predicates{"busy": func(f rule.Facts) bool { return !f.Fact("text").Missing() }, "quiet": never}
	for _, test := range tests {
		t.Run(test.condition, func(t *testing.T) {
			t.Parallel()
			c, err := rule.Parse([]byte(test.condition))
			if err != nil {
				t.Fatal(err)
			}
			why, ok := compile(t, c, predicates).Match(facts)
			if ok != (test.why != "") || ok && why.String() != test.why {
				t.Errorf("matches: %t, because %s; want %s", ok, why, test.why)
			}
		})
	}
}

func TestZeroAndNilRuleMatchEverything(t *testing.T) {
	t.Parallel()
	var none *rule.Rule
	for _, r := range []*rule.Rule{none, new(rule.Rule), compile(t, rule.Condition{}, nil)} {
		if why, ok := r.Match(rule.Map{}); !ok || why.String() != "always" {
			t.Errorf("matches: %t, because %s", ok, why)
		}
	}
}

func TestMatchCutsALongTextShort(t *testing.T) {
	t.Parallel()
	r := compile(t, rule.Condition{Fact: "tags", Prefix: "ä"}, nil)
	why, ok := r.Match(rule.Map{"tags": rule.Texts("x", strings.Repeat("ä", 41))})
	if want := `tags begins with "ä" in "` + strings.Repeat("ä", 40) + `…"`; !ok || why.String() != want {
		t.Errorf("matches: %t, because %s; want %s", ok, why, want)
	}
}

func TestMatchAsksForOneFactAtATime(t *testing.T) {
	t.Parallel()
	r := compile(t, rule.Condition{Any: []rule.Condition{
		{All: []rule.Condition{{Fact: "a", Equals: rule.Number(1)}, {Fact: "b", Equals: rule.Number(1)}}}, {Fact: "c", Exists: new(false)}, {Fact: "d", Exists: new(true)},
	}}, nil)
	var asked []string
	_, ok := r.Match(rule.FactFunc(func(name string) rule.Value {
		asked = append(asked, name)
		return rule.Value{}
	}))
	if got := strings.Join(asked, " "); !ok || got != "a c" {
		t.Errorf("matches: %t after asking for %s, want a c", ok, got)
	}
}

func TestMatchDoesNotAllocate(t *testing.T) {
	r, facts := laneRule(t), laneFacts("Hello there, when will I get my money back? #AcmeFail")
	var ok bool
	if n := testing.AllocsPerRun(100, func() { _, ok = r.Match(facts) }); n != 0 || !ok {
		t.Errorf("matches: %t with %v allocations", ok, n)
	}
}

func laneRule(t testing.TB) *rule.Rule {
	c, err := rule.Parse([]byte(`{"all": [
		{"fact": "account", "in": ["acme", "acme-help", "acme-de"]},
		{"not": {"fact": "tags", "in": ["spam", "noise"]}},
		{"any": [
			{"fact": "text", "word": "refund"},
			{"fact": "text", "word": "#refund"},
			{"fact": "text", "word": "invoice"},
			{"fact": "text", "word": "money back"}
		]},
		{"fact": "reach", "min": 0, "max": 1000000}
	]}`))
	if err != nil {
		t.Fatal(err)
	}
	return compile(t, c, nil)
}

func laneFacts(text string) rule.Facts {
	return rule.Map{"account": rule.Text("acme"), "tags": rule.Texts("web", "vip"), "text": rule.Text(text), "reach": rule.Number(250)}
}

func BenchmarkMatch(b *testing.B) {
	for name, text := range map[string]string{
		"ascii":   strings.Repeat("I wrote to you about this on Monday and nobody has answered. ", 4) + "I want my money back!",
		"unicode": strings.Repeat("Ich habe Ihnen schon am Montag geschrieben, müde bin ich. ", 4) + "Money back, bitte 😡",
	} {
		b.Run(name, func(b *testing.B) {
			r, facts := laneRule(b), laneFacts(text)
			b.ReportAllocs()
			for b.Loop() {
				if _, ok := r.Match(facts); !ok {
					b.Fatal("no match")
				}
			}
		})
	}
}
