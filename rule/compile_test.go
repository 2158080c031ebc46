package rule_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
)

func TestCompileNamesThePathOfAMistake(t *testing.T) {
	t.Parallel()
	predicates := rule.Predicates{"weekend": never, "holiday": never, "forgotten": nil}
	tests := []struct {
		name       string
		condition  rule.Condition
		path, want string
	}{
		{"empty all", rule.Condition{All: []rule.Condition{}}, "all", "is empty"},
		{"empty any", rule.Condition{Not: &rule.Condition{Any: []rule.Condition{}}}, "not.any", "is empty"},
		{"empty in", rule.Condition{Fact: "a", In: []rule.Value{}}, "in", "is empty"},
		{"word of symbols", rule.Condition{All: []rule.Condition{{}, {Fact: "a", Word: "++"}}}, "all[1].word", `has a '+', which is no part of any word`},
		{"unknown predicate", rule.Condition{Any: []rule.Condition{{Predicate: "weekday"}}}, "any[0].predicate",
			`"weekday" is unknown; known are "holiday", "weekend"`},
		{"nil predicate", rule.Condition{Predicate: "forgotten"}, "predicate", `"forgotten" is unknown`},
		{"min is not a number", rule.Condition{Fact: "a", Min: new(math.NaN())}, "min", "is not a finite number"},
		{"max is infinite", rule.Condition{Fact: "a", Max: new(math.Inf(1))}, "max", "is not a finite number"},
		{"equals is infinite", rule.Condition{Fact: "a", Equals: rule.Number(math.Inf(-1))}, "equals", "is not a finite number"},
		{"in has infinity", rule.Condition{Fact: "a", In: []rule.Value{rule.Text("b"), rule.Number(math.Inf(1))}}, "in[1]", "is not a finite number"},
		{"in has a missing value", rule.Condition{Fact: "a", In: []rule.Value{rule.Number(math.NaN())}}, "in[0]", "want one text, number or bool"},
		{"range upside down", rule.Condition{Fact: "a", Min: new(2.0), Max: new(1.0)}, "max", "is 1, below min 2"},
		{"two forms", rule.Condition{Predicate: "weekend", Fact: "a", Exists: new(true)}, "predicate", `stands beside "fact"`},
		{"operator without fact", rule.Condition{Exists: new(true)}, "exists", `has no "fact"`},
		{"too deep", nested(rule.MaxDepth + 1), strings.Repeat("not.", rule.MaxDepth-1) + "not", "nests deeper than 32 conditions"},
		{"too many conditions", rule.Condition{Any: make([]rule.Condition, rule.MaxSize)}, "any[9999]", "at most 10000"},
		{"too many values", rule.Condition{Fact: "a", In: manyValues(rule.MaxSize)}, "", "at most 10000"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r, err := rule.Compile(test.condition, predicates)
			if err == nil {
				t.Fatalf("compiled to %v", r)
			}
			mistake, ok := errors.AsType[*rule.Error](err)
			if !ok || mistake.Path != test.path || mistake.Line != 0 || !strings.Contains(mistake.Err.Error(), test.want) {
				t.Errorf("error is %q, want %q at %q", err, test.want, test.path)
			}
			if !strings.HasPrefix(err.Error(), "rule: compile condition: "+test.path) {
				t.Errorf("error %q does not begin with operation and path", err)
			}
		})
	}
}

func TestCompileWithoutPredicatesSaysSo(t *testing.T) {
	t.Parallel()
	_, err := rule.Compile(rule.Condition{Predicate: "weekend"}, nil)
	if err == nil || !strings.HasSuffix(err.Error(), `"weekend" is unknown; this process supplies no predicates`) {
		t.Errorf("error is %v", err)
	}
}

func TestCompileAcceptsTheBounds(t *testing.T) {
	t.Parallel()
	for _, c := range []rule.Condition{
		nested(rule.MaxDepth), {Any: make([]rule.Condition, rule.MaxSize-1)}, {Fact: "a", In: manyValues(rule.MaxSize - 1)},
	} {
		if _, err := rule.Compile(c, nil); err != nil {
			t.Error(err)
		}
	}
}

func TestCompileEndsOnAConditionThatHoldsItself(t *testing.T) {
	t.Parallel()
	loop := rule.Condition{All: make([]rule.Condition, 2)}
	loop.All[0], loop.All[1] = loop, loop
	if _, err := rule.Compile(loop, nil); err == nil || !strings.Contains(err.Error(), "nests deeper") {
		t.Errorf("error is %v", err)
	}
}

func TestRuleKeepsNothingOfTheCondition(t *testing.T) {
	t.Parallel()
	c := rule.Condition{All: []rule.Condition{{Fact: "tier", In: []rule.Value{rule.Text("gold"), rule.Number(1)}}, {Fact: "reach", Min: new(10.0)}}}
	r, err := rule.Compile(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.All[0].In[1], *c.All[1].Min, c.All[0].Fact = rule.Number(2), 99, "other"
	if _, ok := r.Match(rule.Map{"tier": rule.Number(1), "reach": rule.Number(10)}); !ok {
		t.Error("changing the condition changed the rule")
	}
}

func TestRuleListsItsFacts(t *testing.T) {
	t.Parallel()
	r, err := rule.Compile(rule.Condition{Any: []rule.Condition{
		{Fact: "tier", Exists: new(true)}, {Not: &rule.Condition{Fact: "reach", Min: new(1.0)}}, {Predicate: "weekend"}, {Fact: "tier", Prefix: "g"},
	}}, rule.Predicates{"weekend": never})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"reach", "tier"}, r.Facts()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	var none *rule.Rule
	if facts := none.Facts(); facts != nil {
		t.Errorf("a nil rule looks at %q", facts)
	}
}

func never(rule.Facts) bool { return false }

// nested returns a condition of that depth.
func nested(depth int) rule.Condition {
	var c rule.Condition
	for range depth - 1 {
		inner := c
		c.Not = &inner
	}
	return c
}

func manyValues(n int) []rule.Value {
	values := make([]rule.Value, n)
	for i := range values {
		values[i] = rule.Number(float64(i))
	}
	return values
}
