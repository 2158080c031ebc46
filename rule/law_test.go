package rule_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/rule"
)

var predicates = rule.Predicates{
	"even":  func(f rule.Facts) bool { n, _ := f.Fact("a").Number(); return int(n)%2 == 0 },
	"never": never,
}

var values = rapid.OneOf(
	rapid.Map(rapid.SampledFrom([]string{"", "x", "xy", "x y", "X", "é y"}), rule.Text),
	rapid.Map(rapid.Float64Range(-3, 3), rule.Number),
	rapid.Map(rapid.IntRange(-1, 1), func(n int) rule.Value { return rule.Number(float64(n)) }),
	rapid.Map(rapid.Bool(), rule.Bool),
)

var facts = rapid.Map(rapid.MapOf(rapid.SampledFrom([]string{"a", "b", "c"}), rapid.OneOf(
	values, rapid.Just(rule.Value{}), rapid.Map(rapid.SliceOf(rapid.SampledFrom([]string{"x", "y", "x y"})), func(s []string) rule.Value { return rule.Texts(s...) }),
)), func(m map[string]rule.Value) rule.Facts { return rule.Map(m) })

// tests are conditions on one fact.
var tests = rapid.Custom(func(t *rapid.T) rule.Condition {
	c := rule.Condition{Fact: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "fact")}
	switch rapid.IntRange(0, 7).Draw(t, "operator") {
	case 0:
		c.Equals = values.Draw(t, "equals")
	case 1:
		c.In = rapid.SliceOfN(values, 1, 4).Draw(t, "in")
	case 2:
		c.Prefix = rapid.SampledFrom([]string{"x", "é", "xy"}).Draw(t, "prefix")
	case 3:
		c.Word = rapid.SampledFrom([]string{"X", "y", "x y", "É"}).Draw(t, "word")
	case 4:
		c.Min = new(rapid.Float64Range(-2, 2).Draw(t, "min"))
	case 5:
		low := rapid.Float64Range(-2, 2).Draw(t, "min")
		c.Min, c.Max = &low, new(low+1)
	case 7:
		c.Words = rapid.SliceOfN(rapid.SampledFrom([]string{"x", "Y", "x y", "e y", "#x"}), 1, 3).Draw(t, "words")
	case 6:
		c.Exists = new(rapid.Bool().Draw(t, "exists"))
	}
	return c
})

// conditions nest at most three deep below the top.
var conditions = conditionsOf(3)

func conditionsOf(depth int) *rapid.Generator[rule.Condition] {
	return rapid.Custom(func(t *rapid.T) rule.Condition {
		form := rapid.IntRange(0, 5).Draw(t, "form")
		if depth == 0 {
			form %= 3
		}
		switch form {
		case 0:
			return rule.Condition{}
		case 1:
			return rule.Condition{Predicate: rapid.SampledFrom([]string{"even", "never"}).Draw(t, "predicate")}
		case 2:
			return tests.Draw(t, "test")
		case 3:
			return rule.Condition{Not: new(conditionsOf(depth-1).Draw(t, "not"))}
		}
		parts := rapid.SliceOfN(conditionsOf(depth-1), 1, 3).Draw(t, "parts")
		if form == 4 {
			return rule.Condition{All: parts}
		}
		return rule.Condition{Any: parts}
	})
}

func TestLawsOfLogic(t *testing.T) {
	t.Parallel()
	not := func(c rule.Condition) rule.Condition { return rule.Condition{Not: &c} }
	all := func(c ...rule.Condition) rule.Condition { return rule.Condition{All: c} }
	any := func(c ...rule.Condition) rule.Condition { return rule.Condition{Any: c} }
	rapid.Check(t, func(t *rapid.T) {
		f := facts.Draw(t, "facts")
		x, y := conditions.Draw(t, "x"), conditions.Draw(t, "y")
		holds := func(c rule.Condition) bool {
			r, err := rule.Compile(c, predicates)
			if err != nil {
				t.Fatal(err)
			}
			why, ok := r.Match(f)
			if ok && why.String() == "" {
				t.Fatalf("%+v holds without a reason", c)
			}
			return ok
		}
		hx, hy := holds(x), holds(y)
		for law, kept := range map[string]bool{
			"not x":                            holds(not(x)) == !hx,
			"not not x is x":                   holds(not(not(x))) == hx,
			"all of one is it":                 holds(all(x)) == hx,
			"any of one is it":                 holds(any(x)) == hx,
			"all is and":                       holds(all(x, y)) == (hx && hy),
			"any is or":                        holds(any(x, y)) == (hx || hy),
			"order does not matter to all":     holds(all(x, y)) == holds(all(y, x)),
			"order does not matter to any":     holds(any(x, y)) == holds(any(y, x)),
			"De Morgan: not all is any not":    holds(not(all(x, y))) == holds(any(not(x), not(y))),
			"De Morgan: not any is all not":    holds(not(any(x, y))) == holds(all(not(x), not(y))),
			"x or not x":                       holds(any(x, not(x))),
			"not both x and not x":             !holds(all(x, not(x))),
			"the zero Condition takes no part": holds(all(x, rule.Condition{})) == hx,
		} {
			if !kept {
				t.Fatalf("broken: %s", law)
			}
		}
	})
}

func TestRulesOfASetAnswerAsAlone(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		all, f := rapid.SliceOfN(conditions, 1, 5).Draw(t, "conditions"), facts.Draw(t, "facts")
		b := rule.Builder{Predicates: predicates}
		for i, c := range all {
			if n, err := b.Add(c); n != i || err != nil {
				t.Fatalf("condition %d is number %d, %v", i, n, err)
			}
		}
		set := b.Set()
		asked := set.Ask(f)
		for _, i := range rapid.Permutation([]int{0, 1, 2, 3, 4}).Draw(t, "order") {
			if i >= len(all) {
				continue
			}
			together, ok := asked.Match(i)
			alone, okAlone := mustCompile(t, all[i]).Match(f)
			if ok != okAlone || ok && together.String() != alone.String() {
				t.Fatalf("rule %d: %t (%s) in the set, %t (%s) alone", i, ok, together, okAlone, alone)
			}
		}
	})
}

func TestInIsAnyOfEquals(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f, list := facts.Draw(t, "facts"), rapid.SliceOfN(values, 1, 4).Draw(t, "in")
		in := rule.Condition{Fact: "a", In: list}
		var any rule.Condition
		for _, v := range list {
			any.Any = append(any.Any, rule.Condition{Fact: "a", Equals: v})
		}
		_, one := mustCompile(t, in).Match(f)
		_, other := mustCompile(t, any).Match(f)
		if one != other {
			t.Fatalf("in %v: %t, any of equals: %t", list, one, other)
		}
	})
}

func mustCompile(t *rapid.T, c rule.Condition) *rule.Rule {
	r, err := rule.Compile(c, predicates)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestConditionSurvivesJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := conditions.Draw(t, "condition")
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		back, err := rule.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", data, diff)
		}
	})
}

// Whatever is parsed either does not compile or can be asked, and comes back the same from its own JSON.
func FuzzCondition(f *testing.F) {
	f.Add([]byte(`{"all": [{"fact": "a", "in": ["b", 1, true]}, {"not": {"predicate": "even"}}]}`), "b")
	f.Add([]byte(`{"any": [{"fact": "a", "word": "#größe now"}, {"fact": "a", "prefix": "x"}]}`), "Die #GRO\u0308SSE, now_")
	f.Add([]byte(`{"fact": "a", "min": -1, "max": 1e3}`), "")
	f.Add([]byte(`{"any": [{"fact": "a", "words": ["größe", "@acme", "返金 now"]}, {"fact": "b", "words": ["x"]}, {"fact": "a", "list": "insults"}]}`), "ÀX 返金。NOW")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		c, err := rule.Parse(data)
		if err != nil {
			return
		}
		again, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := rule.Parse(again); err != nil || !cmp.Equal(c, back) {
			t.Fatalf("%s came back as %+v, %v", again, back, err)
		}
		r, err := rule.Compile(c, predicates)
		if err != nil {
			return
		}
		opposite := rule.Condition{Not: &c}
		q, err := rule.Compile(opposite, predicates)
		if err != nil {
			return // one level too deep
		}
		for _, value := range []rule.Value{{}, rule.Text(text), rule.Texts(text, "b"), rule.Number(float64(len(text)))} {
			facts := rule.FactFunc(func(string) rule.Value { return value })
			why, yes := r.Match(facts)
			whyNot, no := q.Match(facts)
			if yes == no {
				t.Fatalf("%v matches %s and its opposite: %t (%s; %s)", value, again, yes, why, whyNot)
			}
		}
	})
}
