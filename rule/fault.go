package rule

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
)

// maxFaults is how many faults of a document are told; who mends these finds out about the rest.
const maxFaults = 20

// Faults joins all that is wrong with a document into one error, one fault a line: the first 20, and how many more there are. None: nil.
func Faults(all ...error) error {
	if more := len(all) - maxFaults; more > 0 {
		return errors.Join(errors.Join(all[:maxFaults]...), fmt.Errorf("and %d more", more))
	}
	return errors.Join(all...)
}

// Tests yields the conditions in c that look at a fact, in the order in which they stand, each with its path in c: "all[1].not", or empty for c itself. Whoever knows the
// facts finds those with it that can never hold.
func (c *Condition) Tests() iter.Seq2[string, *Condition] {
	return func(yield func(string, *Condition) bool) { c.tests("", yield) }
}

func (c *Condition) tests(path string, yield func(string, *Condition) bool) bool {
	if c.Fact != "" && !yield(path, c) {
		return false
	}
	if c.Not != nil && !c.Not.tests(joinPath(path, "not"), yield) {
		return false
	}
	for _, form := range [...]struct {
		name  string
		parts []Condition
	}{{"all", c.All}, {"any", c.Any}} {
		for i := range form.parts {
			if !form.parts[i].tests(joinPath(path, form.name)+"["+strconv.Itoa(i)+"]", yield) {
				return false
			}
		}
	}
	return true
}
