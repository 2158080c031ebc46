package rule_test

import (
	"errors"
	"fmt"

	"github.com/socialcrm/socialcrm/rule"
)

func Example() {
	condition, err := rule.Parse([]byte(`{
		"all": [
			{"fact": "account", "in": ["acme", "acme-help"]},
			{"any": [
				{"fact": "text", "word": "refund"},
				{"fact": "reach", "min": 10000}
			]}
		]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	refunds, err := rule.Compile(condition, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	why, ok := refunds.Match(rule.Map{
		"account": rule.Text("acme"),
		"text":    rule.Text("I want a REFUND, now."),
	})
	fmt.Println(ok, why)

	_, ok = refunds.Match(rule.Map{"account": rule.Text("acme"), "text": rule.Text("The refunds page is down.")})
	fmt.Println(ok)
	// Output:
	// true all[0]: account is "acme"; all[1].any[0]: text contains word "refund"
	// false
}

// A predicate says in Go what no operator says; the condition holds only its name.
func ExamplePredicates() {
	predicates := rule.Predicates{
		"shouting": func(f rule.Facts) bool {
			text, _ := f.Fact("text").Text()
			return len(text) > 0 && text[len(text)-1] == '!'
		},
	}
	calm, err := rule.Compile(rule.Condition{Not: &rule.Condition{Predicate: "shouting"}}, predicates)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(calm.Match(rule.Map{"text": rule.Text("Thank you.")}))

	_, err = rule.Compile(rule.Condition{Predicate: "shoutin"}, predicates)
	fmt.Println(err)
	// Output:
	// not: predicate "shouting" does not hold true
	// rule: compile condition: predicate: "shoutin" is unknown; known are "shouting"
}

// A document that holds conditions is decoded as a whole, and its mistakes are named with their path and line.
func ExampleDecodeStrict() {
	var desk struct {
		Lanes []struct {
			Name string         `json:"name"`
			When rule.Condition `json:"when"`
		} `json:"lanes"`
	}
	err := rule.DecodeStrict([]byte(`{
		"lanes": [
			{"name": "press", "when": {"fact": "tier", "equals": "press"}},
			{"name": "money", "when": {"any": [
				{"fact": "text", "word": "invoice"},
				{"fact": "text", "wrod": "refund"}
			]}}
		]
	}`), &desk)
	fmt.Println(err)

	mistake, ok := errors.AsType[*rule.Error](err)
	fmt.Println(ok, mistake.Line, mistake.Path)
	// Output:
	// line 6: lanes[1].when.any[1].wrod: unknown field; known are all, any, not, fact, equals, in, prefix, word, words, list, min, max, exists, predicate
	// true 6 lanes[1].when.any[1].wrod
}

// Two lanes share a word list. They are compiled together, so that the text is gone over once for both.
func ExampleBuilder() {
	build := rule.Builder{Lists: rule.Lists{"refunds": {"refund", "money back", "remboursé", "Geld zurück"}}}
	for _, condition := range []rule.Condition{
		{All: []rule.Condition{{Fact: "account", Prefix: "acme-fr"}, {Fact: "text", List: "refunds"}}},
		{Fact: "text", List: "refunds"},
	} {
		if _, err := build.Add(condition); err != nil {
			fmt.Println(err)
			return
		}
	}
	lanes := build.Set()

	asked := lanes.Ask(rule.Map{"account": rule.Text("acme-de"), "text": rule.Text("Ich will mein GELD ZURUCK!")})
	for i := range lanes.Len() {
		why, ok := asked.Match(i)
		if ok {
			fmt.Println(i, why)
		}
	}
	// Output:
	// 1 text contains "Geld zurück", listed in "refunds"
}
