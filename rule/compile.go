package rule

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Rule is a compiled Condition. It is immutable; any number of goroutines may use one. The zero Rule and a nil *Rule match everything, as the zero
// Condition does.
type Rule struct {
	root  part
	facts []string
}

// part is what a condition becomes. Negations have moved down to the tests, so that only "every part" and "one part" remain above them.
type part struct {
	test  *test // nil where parts decide
	any   bool  // one of parts is enough; otherwise every one is needed
	parts []part
}

// test is a condition on one fact, or a predicate.
type test struct {
	path     string // in the Condition, without Word, Min and so on
	negated  bool
	operator operator

	fact      string // or the name of the predicate
	value     Value  // equals
	in        []Value
	texts     map[string]struct{} // the texts of in
	prefix    string
	phrase    phrase
	words     string // phrase as it was written
	min, max  float64
	predicate func(Facts) bool
}

type operator uint8

const (
	equals operator = iota
	in
	prefix
	contains
	between
	exists
	predicate
)

// Compile checks c and makes a Rule of it, which keeps nothing of c. The error names what is wrong by its path, such as all[1].word, and holds an *Error
// that errors.As finds: more than one form or operator, an empty list, a word without a letter, a number that is not finite, a predicate that p does
// not hold, more than MaxDepth or MaxSize.
func Compile(c Condition, p Predicates) (*Rule, error) {
	k := compiler{predicates: p, facts: make(map[string]struct{})}
	root, err := k.compile(&c, "", 1, false)
	if err != nil {
		return nil, fmt.Errorf("rule: compile condition: %w", err)
	}
	return &Rule{root: root, facts: slices.Sorted(maps.Keys(k.facts))}, nil
}

// Facts returns the names of the facts that the rule looks at itself, sorted, each once; what its predicates look at is not known. Whoever offers facts
// finds misspelt names with it before a rule is put to work. The slice is the caller's.
func (r *Rule) Facts() []string {
	if r == nil {
		return nil
	}
	return slices.Clone(r.facts)
}

type compiler struct {
	predicates Predicates
	facts      map[string]struct{}
	size       int
}

func (k *compiler) compile(c *Condition, path string, depth int, negated bool) (part, error) {
	if step, err := c.check(); err != nil {
		return part{}, &Error{Path: joinPath(path, step), Err: err}
	}
	if depth > MaxDepth {
		return part{}, &Error{Path: path, Err: fmt.Errorf("nests deeper than %d conditions", MaxDepth)}
	}
	if k.size += 1 + len(c.In); k.size > MaxSize {
		return part{}, &Error{Path: path, Err: fmt.Errorf("is one too many: a condition holds at most %d conditions and values", MaxSize)}
	}
	switch {
	case c.All != nil:
		return k.parts(c.All, joinPath(path, "all"), depth, negated, negated)
	case c.Any != nil:
		return k.parts(c.Any, joinPath(path, "any"), depth, !negated, negated)
	case c.Not != nil:
		return k.compile(c.Not, joinPath(path, "not"), depth+1, !negated)
	case c.Predicate != "":
		decide := k.predicates[c.Predicate]
		if decide == nil {
			return part{}, &Error{Path: joinPath(path, "predicate"), Err: k.unknown(c.Predicate)}
		}
		return part{test: &test{path: path, negated: negated, operator: predicate, fact: c.Predicate, predicate: decide}}, nil
	case c.Fact != "":
		k.facts[c.Fact] = struct{}{}
		return part{test: compileTest(c, path, negated)}, nil
	}
	return part{any: negated}, nil // every one of no parts holds, one of no parts does not
}

func (k *compiler) parts(conditions []Condition, path string, depth int, any, negated bool) (part, error) {
	p := part{any: any, parts: make([]part, len(conditions))}
	for i := range conditions {
		var err error
		if p.parts[i], err = k.compile(&conditions[i], path+"["+strconv.Itoa(i)+"]", depth+1, negated); err != nil {
			return part{}, err
		}
	}
	return p, nil
}

func (k *compiler) unknown(name string) error {
	var known []string
	for _, name := range slices.Sorted(maps.Keys(k.predicates)) {
		if k.predicates[name] != nil {
			known = append(known, strconv.Quote(name))
		}
	}
	if known == nil {
		return fmt.Errorf("%q is unknown; this process supplies no predicates", name)
	}
	return fmt.Errorf("%q is unknown; known are %s", name, strings.Join(known, ", "))
}

// compileTest compiles a condition on a fact that check has found good.
func compileTest(c *Condition, path string, negated bool) *test {
	t := &test{path: path, negated: negated, fact: c.Fact}
	switch {
	case !c.Equals.Missing():
		t.operator, t.value = equals, c.Equals
	case c.In != nil:
		t.operator, t.in = in, slices.Clone(c.In)
		t.texts = make(map[string]struct{})
		for _, v := range c.In {
			if s, ok := v.Text(); ok {
				t.texts[s] = struct{}{}
			}
		}
	case c.Prefix != "":
		t.operator, t.prefix = prefix, c.Prefix
	case c.Word != "":
		t.operator, t.words = contains, c.Word
		t.phrase, _ = parsePhrase(c.Word)
	case c.Exists != nil:
		t.operator, t.negated = exists, negated == *c.Exists
	default:
		t.operator, t.min, t.max = between, math.Inf(-1), math.Inf(1)
		if c.Min != nil {
			t.min = *c.Min
		}
		if c.Max != nil {
			t.max = *c.Max
		}
	}
	return t
}
