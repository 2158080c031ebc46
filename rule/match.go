package rule

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Match says why a Rule matched. It is a value, made without allocation; String renders it. It remembers the first few reasons and how many more there
// were. Of the facts it keeps a number it looked at and, of several texts, the one that matched.
type Match struct {
	count   int
	reasons [4]reason
}

// reason is a test that came out as it had to, and what it saw.
type reason struct {
	test   *test
	kind   kind
	text   string
	word   string // of a list
	number float64
}

// Match reports whether the rule holds for f, and if so which parts of it made it hold. The parts of "all" are asked in their order until one does not
// hold, those of "any" until one does. Match does not allocate, except for a text in which more than a few lists have words, or that is not ASCII and is asked
// for a Word. Rules that look at the same facts are better asked together, see [Set].
func (r *Rule) Match(f Facts) (Match, bool) {
	if r == nil {
		return Match{}, true
	}
	e := Evaluation{set: r.set, facts: f}
	return e.ask(r)
}

func (e *Evaluation) passes(t *test) bool {
	saw := reason{test: t}
	var yes bool
	switch {
	case t.operator == predicate:
		yes = t.predicate(e.facts)
	case t.operator == contains, t.operator == lists:
		saw, yes = e.firstOf(t.number, t.number+1)
	default:
		v := e.facts.Fact(t.fact)
		saw.kind, saw.number = v.kind, v.number
		saw.text, yes = e.answer(t, &v)
	}
	if yes == t.negated {
		return false
	}
	e.match.add(saw)
	return true
}

func (m *Match) add(r reason) {
	if m.count < len(m.reasons) {
		m.reasons[m.count] = r
	}
	m.count++
}

// answer returns t's answer for a fact, leaving negation aside, and of several texts the one that it is true of.
func (e *Evaluation) answer(t *test, v *Value) (which string, yes bool) {
	switch {
	case t.operator == exists:
		return "", v.kind != kindMissing
	case t.operator == between:
		return "", v.kind == kindNumber && t.min <= v.number && v.number <= t.max
	case v.kind == kindText:
		if yes := e.askText(t, v.text); yes && t.operator == in {
			return v.text, true
		} else {
			return "", yes
		}
	case v.kind == kindTexts:
		for _, s := range v.texts {
			if e.askText(t, s) {
				return s, true
			}
		}
	case t.operator == equals:
		return "", v.Equal(t.value)
	case t.operator == in:
		return "", slices.ContainsFunc(t.in, v.Equal)
	}
	return "", false
}

func (e *Evaluation) askText(t *test, s string) bool {
	switch t.operator {
	case equals:
		return t.value.kind == kindText && t.value.text == s
	case in:
		_, found := t.texts[s]
		return found
	case prefix:
		return strings.HasPrefix(s, t.prefix)
	case contains:
		return t.phrase.in(e.fold(s))
	}
	return false
}

// String names the parts that made the rule hold, each with its path: `all[0]: account is "acme"; all[1]: text contains word "refund"`.
// A rule that asked nothing gives "always".
func (m Match) String() string {
	if m.count == 0 {
		return "always"
	}
	var parts []string
	for _, r := range m.reasons[:min(m.count, len(m.reasons))] {
		parts = append(parts, r.String())
	}
	if more := m.count - len(m.reasons); more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, "; ")
}

func (r reason) String() string {
	if r.test.path == "" {
		return r.statement()
	}
	return r.test.path + ": " + r.statement()
}

func (r reason) statement() string {
	t := r.test
	say := func(yes, no, what string) string {
		if t.negated {
			return t.fact + " " + no + " " + what
		}
		return t.fact + " " + yes + " " + what + r.witness()
	}
	switch {
	case t.operator == predicate && t.negated:
		return fmt.Sprintf("predicate %q does not hold", t.fact)
	case t.operator == predicate:
		return fmt.Sprintf("predicate %q holds", t.fact)
	case r.kind == kindMissing: // then it is a negation that holds
		return t.fact + " is not known"
	}
	switch t.operator {
	case exists:
		return t.fact + " is known"
	case equals:
		return say("is", "is not", t.value.String())
	case in:
		return say("is", "is none of", r.listed())
	case prefix:
		return say("begins with", "does not begin with", strconv.Quote(t.prefix))
	case contains:
		word := "word "
		if len(t.phrase) > 1 {
			word = "words "
		}
		return say("contains", "does not contain", word+strconv.Quote(t.words))
	case lists:
		switch {
		case t.list == "" && t.negated:
			return fmt.Sprintf("%s contains none of %d words", t.fact, t.entries)
		case t.list == "":
			return t.fact + " contains " + strconv.Quote(r.word) + r.witness()
		}
		return say("contains "+strconv.Quote(r.word)+", listed in", "contains nothing listed in", strconv.Quote(t.list))
	}
	if r.kind != kindNumber {
		return t.fact + " is no number"
	}
	n := Number(r.number).String()
	return say("is "+n+",", "is "+n+", not", t.rangeText())
}

// listed names the value of In that the fact is, or for a negation some of those that it is not.
func (r reason) listed() string {
	if !r.test.negated {
		if r.kind == kindTexts {
			return strconv.Quote(r.text)
		}
		return Value{kind: r.kind, text: r.text, number: r.number}.String()
	}
	const shown = 3
	var names []string
	for _, v := range r.test.in[:min(shown, len(r.test.in))] {
		names = append(names, v.String())
	}
	s := strings.Join(names, ", ")
	if more := len(r.test.in) - shown; more > 0 {
		s += fmt.Sprintf(" and %d more", more)
	}
	return s
}

// witness names which of several texts matched, where that is not said already.
func (r reason) witness() string {
	if r.kind != kindTexts || r.test.operator != prefix && r.test.operator != contains && r.test.operator != lists {
		return ""
	}
	const shown = 40
	count := 0
	for at := range r.text {
		if count == shown {
			return " in " + strconv.Quote(r.text[:at]+"…")
		}
		count++
	}
	return " in " + strconv.Quote(r.text)
}

func (t *test) rangeText() string {
	low, high := Number(t.min).String(), Number(t.max).String()
	switch {
	case math.IsInf(t.max, 1):
		return "at least " + low
	case math.IsInf(t.min, -1):
		return "at most " + high
	}
	return "from " + low + " to " + high
}
