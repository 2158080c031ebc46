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
	set   *Set
	root  part
	facts []string
}

// part is what a condition becomes. Negations have moved down to the tests, so that only "every part" and "one part" remain above them.
type part struct {
	test        *test  // nil where others decide
	from, until uint32 // numbers of tests of which one is enough; all look for words in one fact
	any         bool   // one of parts is enough; otherwise every one is needed
	parts       []part
}

// test is a condition on one fact, or a predicate.
type test struct {
	number   uint32 // in the Set
	path     string // in the Condition, without Word, Min and so on
	negated  bool
	operator operator
	lexicon  *lexicon // that knows its words; nil if none does
	listable bool     // a lexicon can know its words

	fact      string // or the name of the predicate
	value     Value  // equals
	in        []Value
	texts     map[string]struct{} // the texts of in
	prefix    string
	phrase    phrase
	words     string // phrase as it was written
	listed    []listed
	entries   int    // of Words
	list      string // name of the word list
	min, max  float64
	predicate func(Facts) bool
}

type operator uint8

const (
	equals operator = iota
	in
	prefix
	contains
	lists
	between
	exists
	predicate
)

// Compile checks c and makes a Rule of it, which keeps nothing of c. The error names what is wrong by its path, such as all[1].word, and holds an *Error
// that errors.As finds: more than one form or operator, an empty list, a word without a letter, a number that is not finite, a predicate that p does
// not hold, a List (a [Builder] knows those), more than MaxDepth, MaxSize or MaxWords.
func Compile(c Condition, p Predicates) (*Rule, error) {
	b := Builder{Predicates: p}
	if _, err := b.Add(c); err != nil {
		return nil, err
	}
	return b.Set().Rule(0), nil
}

// Facts returns the names of the facts that the rule looks at itself, sorted, each once; what its predicates look at is not known. Whoever offers facts
// finds misspelt names with it before a rule is put to work. The slice is the caller's.
func (r *Rule) Facts() []string {
	if r == nil {
		return nil
	}
	return slices.Clone(r.facts)
}

// compiler compiles one condition for a Builder.
type compiler struct {
	*Builder
	facts map[string]struct{}
	size  int
	words int
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
		decide := k.Predicates[c.Predicate]
		if decide == nil {
			return part{}, &Error{Path: joinPath(path, "predicate"), Err: k.unknownPredicate(c.Predicate)}
		}
		return part{test: &test{path: path, negated: negated, operator: predicate, fact: c.Predicate, predicate: decide}}, nil
	case c.Fact != "":
		k.facts[c.Fact] = struct{}{}
		t := compileTest(c, path, negated)
		if err := k.wordsOf(c, t); err != nil {
			return part{}, err
		}
		return part{test: t}, nil
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
	if any {
		p.parts = k.joinRuns(p.parts)
	}
	return p, nil
}

// joinRuns makes one part of neighbours that look for words in the same fact, so that a thousand of them cost no more than what they find.
func (k *compiler) joinRuns(parts []part) []part {
	joined := parts[:0]
	for _, p := range parts {
		last := len(joined) - 1
		if t := p.test; t != nil && !t.negated && (t.operator == contains || t.operator == lists) {
			if last >= 0 && joined[last].from < joined[last].until && joined[last].until == t.number {
				if first := k.tests[joined[last].from]; first.fact == t.fact && first.listable == t.listable {
					joined[last].until++
					continue
				}
			}
			p = part{from: t.number, until: t.number + 1}
		}
		joined = append(joined, p)
	}
	return slices.Clip(joined)
}

// wordsOf sets what a test looks for beyond one Word.
func (k *compiler) wordsOf(c *Condition, t *test) error {
	written, step := c.Words, "words"
	switch {
	case c.Word != "":
		if l, ok := t.phrase.listed(c.Word); ok {
			t.listed, t.listable = []listed{l}, true
		}
	case c.List != "":
		written, step = k.Lists[c.List], "list"
		if written == nil {
			return &Error{Path: joinPath(t.path, "list"), Err: unknown(c.List, "there are no lists here", slices.Collect(maps.Keys(k.Lists)))}
		}
	}
	if k.words += len(written); k.words > MaxWords {
		return &Error{Path: joinPath(t.path, step), Err: fmt.Errorf("is too long: a condition looks for at most %d words", MaxWords)}
	}
	for i, w := range written {
		l, err := parseListed(w)
		switch {
		case err != nil && c.List != "":
			return &Error{Path: joinPath(t.path, step), Err: fmt.Errorf("list %q: [%d] %q %w", c.List, i, w, err)}
		case err != nil:
			return &Error{Path: joinPath(t.path, step) + "[" + strconv.Itoa(i) + "]", Err: err}
		}
		t.listed = append(t.listed, l)
	}
	if t.operator == lists {
		t.listable, t.entries = true, len(t.listed)
	}
	if t.operator == contains || t.operator == lists {
		k.number(t)
	}
	return nil
}

func (k *compiler) unknownPredicate(name string) error {
	var known []string
	for name, decide := range k.Predicates {
		if decide != nil {
			known = append(known, name)
		}
	}
	return unknown(name, "this process supplies no predicates", known)
}

// unknown says that there is nothing of a name, and what there is instead.
func unknown(name, none string, known []string) error {
	if len(known) == 0 {
		return fmt.Errorf("%q is unknown; %s", name, none)
	}
	slices.Sort(known)
	for i := range known {
		known[i] = strconv.Quote(known[i])
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
	case c.Words != nil, c.List != "":
		t.operator, t.list = lists, c.List
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
