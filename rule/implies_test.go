package rule_test

import (
	"testing"

	"pgregory.net/rapid"

	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/rule"
)

func TestImplies(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b string
		want bool
	}{
		{`{"fact": "a", "equals": "x"}`, `{}`, true},
		{`{}`, `{"fact": "a", "equals": "x"}`, false},
		{`{}`, `{"any": [{"fact": "a", "equals": "x"}, {}]}`, true},
		{`{"not": {}}`, `{"fact": "a", "equals": "x"}`, true},
		{`{"fact": "a", "equals": "x"}`, `{"fact": "a", "in": ["y", "x"]}`, true},
		{`{"fact": "a", "in": ["y", "z"]}`, `{"fact": "a", "in": ["y", "x"]}`, false},
		{`{"fact": "a", "in": ["xy", "xz"]}`, `{"fact": "a", "prefix": "x"}`, true},
		{`{"fact": "a", "in": ["xy", 1]}`, `{"fact": "a", "prefix": "x"}`, false},
		{`{"fact": "a", "prefix": "xy"}`, `{"fact": "a", "prefix": "x"}`, true},
		{`{"fact": "a", "prefix": "x"}`, `{"fact": "b", "prefix": "x"}`, false},
		{`{"fact": "a", "min": 5, "max": 6}`, `{"fact": "a", "min": 1}`, true},
		{`{"fact": "a", "min": 5}`, `{"fact": "a", "min": 1, "max": 9}`, false},
		{`{"fact": "a", "equals": 5}`, `{"fact": "a", "min": 1, "max": 9}`, true},
		{`{"fact": "a", "words": ["x"]}`, `{"fact": "a", "words": ["y", "x"]}`, true},
		{`{"fact": "a", "words": ["x", "z"]}`, `{"fact": "a", "words": ["y", "x"]}`, false},
		{`{"fact": "a", "list": "l"}`, `{"fact": "a", "list": "l"}`, true},
		{`{"fact": "a", "list": "l"}`, `{"fact": "a", "exists": true}`, true},
		{`{"fact": "a", "exists": false}`, `{"fact": "a", "exists": true}`, false},
		{`{"predicate": "p"}`, `{"predicate": "p"}`, true},
		{`{"predicate": "p"}`, `{"predicate": "q"}`, false},
		{`{"all": [{"predicate": "p"}, {"predicate": "q"}]}`, `{"all": [{"predicate": "q"}, {"predicate": "p"}]}`, true},
		{`{"all": [{"predicate": "p"}, {"predicate": "q"}]}`, `{"predicate": "q"}`, true},
		{`{"predicate": "q"}`, `{"any": [{"predicate": "p"}, {"predicate": "q"}]}`, true},
		{`{"any": [{"predicate": "p"}, {"predicate": "q"}]}`, `{"predicate": "q"}`, false},
		{`{"not": {"fact": "a", "in": ["x", "y"]}}`, `{"not": {"fact": "a", "equals": "x"}}`, true},
		{`{"not": {"fact": "a", "equals": "x"}}`, `{"not": {"fact": "a", "in": ["x", "y"]}}`, false},
	} {
		a, err := rule.Parse([]byte(test.a))
		if err != nil {
			t.Fatal(err)
		}
		b, err := rule.Parse([]byte(test.b))
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Implies(b); got != test.want {
			t.Errorf("%s implies %s: %t, want %t", test.a, test.b, got, test.want)
		}
	}
}

func TestWhatIsImpliedHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x, y, f := conditions.Draw(t, "x"), conditions.Draw(t, "y"), facts.Draw(t, "facts")
		_, hx := mustCompile(t, x).Match(f)
		_, hy := mustCompile(t, y).Match(f)
		if x.Implies(y) && hx && !hy {
			t.Fatal("x holds and y does not, though x implies it")
		}
		for law, kept := range map[string]bool{
			"x implies x":              x.Implies(x),
			"x and y imply x":          rule.Condition{All: []rule.Condition{x, y}}.Implies(x),
			"x implies x or y":         x.Implies(rule.Condition{Any: []rule.Condition{y, x}}),
			"not x or y implies not x": rule.Condition{Not: &rule.Condition{Any: []rule.Condition{x, y}}}.Implies(rule.Condition{Not: &x}),
		} {
			if !kept {
				t.Fatalf("broken: %s", law)
			}
		}
	})
}
