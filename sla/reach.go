package sla

import (
	"reflect"
	"slices"

	"github.com/socialcrm/socialcrm/rule"
)

// takesAll reports whether the one condition certainly holds wherever the other does, so that no ticket gets past a policy with the one to a policy with the other.
// What cannot be told from the conditions' form alone it does not claim.
func takesAll(one, other *rule.Condition) bool {
	covers := func(part rule.Condition) bool { return takesAll(&part, other) }
	covered := func(part rule.Condition) bool { return takesAll(one, &part) }
	switch {
	case one.IsZero() || reflect.DeepEqual(one, other):
		return true
	case len(other.Any) > 0:
		return !slices.ContainsFunc(other.Any, func(part rule.Condition) bool { return !covered(part) })
	case len(one.All) > 0:
		return !slices.ContainsFunc(one.All, func(part rule.Condition) bool { return !covers(part) })
	case len(one.Any) > 0 && slices.ContainsFunc(one.Any, covers), len(other.All) > 0 && slices.ContainsFunc(other.All, covered):
		return true
	}
	return one.Fact != "" && one.Fact == other.Fact && takesValues(one, other)
}

// takesValues does the same for two conditions on one fact: known takes each value, a list takes what is in it.
func takesValues(one, other *rule.Condition) bool {
	values := other.In
	if !other.Equals.Missing() {
		values = []rule.Value{other.Equals}
	}
	if len(values) == 0 {
		return false
	}
	if one.Exists != nil {
		return *one.Exists
	}
	return !slices.ContainsFunc(values, func(v rule.Value) bool { return !one.Equals.Equal(v) && !slices.ContainsFunc(one.In, v.Equal) })
}
