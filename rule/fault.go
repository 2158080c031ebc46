package rule

import (
	"fmt"
	"iter"
	"strconv"
)

// maxFaults is how many faults of a document are told; who mends these finds out about the rest.
const maxFaults = 20

// faults are all that is wrong.
type faults struct{ all []error }

// Faults joins all that is wrong with a document into one error, one fault a line: the first 20, and how many more there are. What it joined before it joins anew, and leaves
// out what is nil. None: nil.
func Faults(all ...error) error {
	var list []error
	for _, err := range all {
		list = append(list, FaultsOf(err)...)
	}
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return &faults{list}
}

// FaultsOf returns what Faults joined; another error by itself.
func FaultsOf(err error) []error {
	switch f := err.(type) {
	case nil:
		return nil
	case *faults:
		return f.all
	}
	return []error{err}
}

// FaultsAt puts a place before each of the faults: "lane 3: ". None: nil.
func FaultsAt(place string, err error) error {
	var list []error
	for _, fault := range FaultsOf(err) {
		list = append(list, fmt.Errorf("%s%w", place, fault))
	}
	return Faults(list...)
}

// Error returns the first of them, a line each.
func (f *faults) Error() string {
	var text []byte
	for i, err := range f.all {
		if i == maxFaults {
			return fmt.Sprintf("%sand %d more", text, len(f.all)-i)
		}
		text = append(append(text, err.Error()...), '\n')
	}
	return string(text[:len(text)-1])
}

func (f *faults) Unwrap() []error { return f.all }

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
