package rule

import (
	"fmt"
	"maps"
	"slices"
)

// Lists are word lists by the name under which a Condition's List refers to them, as a document holds them that writes down once what many of its conditions look for.
type Lists map[string][]string

// Builder compiles conditions that will be asked about the same facts, and may refer to the same word lists. The zero Builder serves; it is used by one goroutine.
type Builder struct {
	Predicates Predicates // that conditions may name
	Lists      Lists      // that conditions may name

	rules []Rule
	tests []*test // that look for words, by their number
}

// Add compiles one condition, of which it keeps nothing, and returns its number in the Set: 0 for the first, and one more for each further one. Errors are those of
// [Compile]; a List that is not known, or has an entry without a letter, is one too. After an error the Builder is as it was before.
func (b *Builder) Add(c Condition) (int, error) {
	k := compiler{Builder: b, facts: make(map[string]struct{})}
	before := len(b.tests)
	root, err := k.compile(&c, "", 1, false)
	if err != nil {
		b.tests = b.tests[:before]
		return 0, fmt.Errorf("rule: compile condition: %w", err)
	}
	b.rules = append(b.rules, Rule{root: root, facts: slices.Sorted(maps.Keys(k.facts))})
	return len(b.rules) - 1, nil
}

// number gives a test that looks for words its number.
func (b *Builder) number(t *test) {
	t.number = uint32(len(b.tests))
	b.tests = append(b.tests, t)
}

// fewWords is how many conditions on a single Word are asked one by one: looking at one place of a text for a few is quicker than cutting it into words.
const fewWords = 3

// Set returns the rules added so far, compiled together. The Builder begins anew.
func (b *Builder) Set() *Set {
	s := &Set{rules: b.rules, tests: b.tests}
	b.rules, b.tests = nil, nil
	for i := range s.rules {
		s.rules[i].set = s
	}
	worth := make(map[string]int) // of a lexicon, by fact
	for _, t := range s.tests {
		if worth[t.fact]++; t.operator == lists {
			worth[t.fact] += fewWords
		}
	}
	phrases := make(map[string][]listed)
	for _, t := range s.tests {
		if worth[t.fact] > fewWords {
			for _, l := range t.listed {
				l.test = t.number
				phrases[t.fact] = append(phrases[t.fact], l)
			}
		}
		t.listed = nil
	}
	byFact := make(map[string]*lexicon, len(phrases))
	for i, fact := range slices.Sorted(maps.Keys(phrases)) {
		byFact[fact] = newLexicon(i, phrases[fact])
	}
	for _, t := range s.tests {
		if t.listable {
			t.lexicon = byFact[t.fact]
		}
	}
	return s
}

// Set is rules that are asked about the same facts one after the other, such as a company's lanes. What they look for in one fact is found in one pass over it, the
// first time one of them asks, so that ten thousand words in a hundred lanes cost hardly more than ten in one. It is immutable; any number of goroutines may use one.
type Set struct {
	rules []Rule
	tests []*test // that look for words, by their number
}

// Len returns how many rules there are.
func (s *Set) Len() int { return len(s.rules) }

// Rule returns the rule of that number as one of its own.
func (s *Set) Rule(i int) *Rule { return &s.rules[i] }

// Ask begins to ask rules about f, which must answer the same until the last of them has been asked.
func (s *Set) Ask(f Facts) Evaluation { return Evaluation{set: s, facts: f} }

// Evaluation asks rules of a Set about the same facts. One goroutine uses it.
type Evaluation struct {
	set         *Set
	facts       Facts
	match       Match
	raw, folded string // the text that was folded last, for Word

	scanned uint64 // lexicons that have gone over their fact, a bit for each of the first
	hits    [hitsKept]hit
	n       int
	more    []hit // than there is room for in hits
}

// hit is a test whose words were found.
type hit struct {
	test    uint32
	written string
	text    string
}

const hitsKept = 16

// Match reports whether the rule of that number holds, and why, as [Rule.Match] does.
func (e *Evaluation) Match(i int) (Match, bool) {
	e.match = Match{}
	return e.ask(&e.set.rules[i])
}

func (e *Evaluation) ask(r *Rule) (Match, bool) {
	ok := e.holds(&r.root)
	return e.match, ok
}

func (e *Evaluation) holds(p *part) bool {
	switch {
	case p.test != nil:
		return e.passes(p.test)
	case p.from < p.until:
		saw, ok := e.firstOf(p.from, p.until)
		if ok {
			e.match.add(saw)
		}
		return ok
	}
	before := e.match.count
	for i := range p.parts {
		if e.holds(&p.parts[i]) == p.any {
			if !p.any {
				e.match.count = before // what held before is no reason now
			}
			return p.any
		}
	}
	return !p.any
}

// firstOf returns the first of the tests with numbers from from to below until, which are of one fact and one lexicon or none, that finds its words.
func (e *Evaluation) firstOf(from, until uint32) (reason, bool) {
	t := e.set.tests[from]
	v := e.facts.Fact(t.fact)
	if t.lexicon != nil {
		e.scan(t.lexicon, &v)
	}
	for ; from < until; from++ {
		t = e.set.tests[from]
		if t.lexicon != nil {
			h := e.firstHit(from, until)
			if h == nil {
				break
			}
			if from, t = h.test, e.set.tests[h.test]; t.operator == lists {
				return reason{test: t, kind: v.kind, text: h.text, word: h.written}, true
			}
		}
		if which, yes := e.answer(t, &v); yes { // for Word, where accents count, the lexicon only says where to look
			return reason{test: t, kind: v.kind, text: which}, true
		}
	}
	return reason{test: t, kind: v.kind}, false
}

// firstHit returns the hit of the lowest test from from to below until; nil if there is none.
func (e *Evaluation) firstHit(from, until uint32) *hit {
	var first *hit
	for _, hits := range [...][]hit{e.hits[:e.n], e.more} {
		for i := range hits {
			if h := &hits[i]; from <= h.test && h.test < until && (first == nil || h.test < first.test) {
				first = h
			}
		}
	}
	return first
}

// scan goes over the texts of a fact once, whatever the number of tests that ask.
func (e *Evaluation) scan(l *lexicon, v *Value) {
	bit := uint64(1) << l.number // 0 beyond the 64th: that fact is gone over each time, which finds the same again
	if e.scanned&bit != 0 {
		return
	}
	e.scanned |= bit
	switch v.kind {
	case kindText:
		l.scan(v.text, e)
	case kindTexts:
		for _, s := range v.texts {
			l.scan(s, e)
		}
	}
}

// found keeps the first phrase that a test finds.
func (e *Evaluation) found(f *ending, text string) {
	if e.firstHit(f.test, f.test+1) != nil {
		return
	}
	h := hit{f.test, f.written, text}
	if e.n < len(e.hits) {
		e.hits[e.n] = h
		e.n++
	} else {
		e.more = append(e.more, h)
	}
}

func (e *Evaluation) fold(s string) string {
	if e.raw != s {
		e.raw, e.folded = s, s
		if !isASCII(s) { // phrases fold ASCII while they look
			e.folded = fold(s)
		}
	}
	return e.folded
}
