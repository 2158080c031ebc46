package rule_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
)

func TestTestsNamesEachPlaceInACondition(t *testing.T) {
	t.Parallel()
	c, err := rule.Parse([]byte(`{"all": [{"fact": "a", "exists": true}, {"not": {"any": [{"fact": "b", "equals": 1}, {"predicate": "p"}, {"not": {"fact": "c", "min": 2}}]}}, {"not": {}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for path, test := range c.Tests() {
		got = append(got, path+" "+test.Fact)
	}
	if diff := cmp.Diff([]string{"all[0] a", "all[1].not.any[0] b", "all[1].not.any[2].not c"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range c.Tests() {
		break // and no further
	}
	for path, test := range (&rule.Condition{Fact: "a", Word: "x"}).Tests() {
		if path != "" || test.Word != "x" {
			t.Errorf("%q %+v", path, test)
		}
	}
}

func TestFaultsTellsTheFirstTwenty(t *testing.T) {
	t.Parallel()
	var all []error
	if rule.Faults(all...) != nil {
		t.Error("no fault is an error")
	}
	for i := range 25 {
		all = append(all, fmt.Errorf("fault %d", i))
	}
	if text := rule.Faults(all[:20]...).Error(); strings.Count(text, "\n") != 19 || !strings.HasSuffix(text, "fault 19") {
		t.Errorf("of twenty: %s", text)
	}
	err := rule.Faults(all...)
	if text := err.Error(); strings.Count(text, "\n") != 20 || !strings.HasSuffix(text, "fault 19\nand 5 more") {
		t.Errorf("of 25: %s", text)
	}
	if !errors.Is(err, all[0]) {
		t.Error("the first fault is not in it")
	}
}

func TestFaultsOfPartsAreOneList(t *testing.T) {
	t.Parallel()
	one, two, three := errors.New("a"), errors.New("b"), errors.New("c")
	err := rule.Faults(rule.FaultsAt("x: ", rule.Faults(one, two)), nil, three, rule.FaultsAt("y: ", nil))
	if err == nil || err.Error() != "x: a\nx: b\nc" || len(rule.FaultsOf(err)) != 3 || !errors.Is(err, two) {
		t.Errorf("%v", err)
	}
	if rule.FaultsOf(nil) != nil || rule.FaultsAt("x: ", nil) != nil || rule.Faults(nil, nil) != nil {
		t.Error("no fault is one")
	}
	if got := rule.Faults(nil, one); got != one {
		t.Errorf("one fault is %v", got)
	}
	many := make([]error, 15)
	for i := range many {
		many[i] = fmt.Errorf("fault %d", i)
	}
	if text := rule.Faults(rule.FaultsAt("x: ", rule.Faults(many...)), rule.Faults(many...)).Error(); strings.Count(text, "\n") != 20 || !strings.HasSuffix(text, "\nand 10 more") {
		t.Errorf("of twice fifteen: %s", text)
	}
}
