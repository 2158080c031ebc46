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
	var room [256]byte
	b := room[:0]
	for i, r := range m.reasons[:min(m.count, len(m.reasons))] {
		if i > 0 {
			b = append(b, "; "...)
		}
		b = r.append(b)
	}
	if more := m.count - len(m.reasons); more > 0 {
		b = fmt.Appendf(b, "; and %d more", more)
	}
	return string(b)
}

func (r reason) append(b []byte) []byte {
	t := r.test
	if t.path != "" {
		b = append(append(b, t.path...), ": "...)
	}
	say := func(s string) { b = append(b, s...) }
	switch {
	case t.operator == predicate:
		b = strconv.AppendQuote(append(b, "predicate "...), t.fact)
		if t.negated {
			return append(b, " does not hold"...)
		}
		return append(b, " holds"...)
	case r.kind == kindMissing: // then it is a negation that holds
		return append(append(b, t.fact...), " is not known"...)
	}
	b = append(b, t.fact...)
	switch t.operator {
	case exists:
		return append(b, " is known"...)
	case equals:
		say(t.either(" is ", " is not "))
		return t.value.append(b)
	case in:
		say(t.either(" is ", " is none of "))
		return r.appendListed(b)
	case prefix:
		say(t.either(" begins with ", " does not begin with "))
		b = strconv.AppendQuote(b, t.prefix)
	case contains:
		say(t.either(" contains ", " does not contain "))
		say("word")
		if len(t.phrase) > 1 {
			say("s")
		}
		b = strconv.AppendQuote(append(b, ' '), t.words)
	case lists:
		switch {
		case !t.negated && t.list == "":
			b = strconv.AppendQuote(append(b, " contains "...), r.word)
		case !t.negated:
			b = strconv.AppendQuote(append(b, " contains "...), r.word)
			b = strconv.AppendQuote(append(b, ", listed in "...), t.list)
		case t.list == "":
			return fmt.Appendf(b, " contains none of %d words", t.entries)
		default:
			return strconv.AppendQuote(append(b, " contains nothing listed in "...), t.list)
		}
	case between:
		if r.kind != kindNumber {
			return append(b, " is no number"...)
		}
		b = Number(r.number).append(append(b, " is "...))
		say(t.either(", ", ", not "))
		return t.appendRange(b)
	}
	if t.negated {
		return b
	}
	return r.appendWitness(b)
}

// either returns what to say of a test that holds, or of one whose opposite does.
func (t *test) either(yes, no string) string {
	if t.negated {
		return no
	}
	return yes
}

// appendListed names the value of In that the fact is, or for a negation some of those that it is not.
func (r reason) appendListed(b []byte) []byte {
	if !r.test.negated {
		if r.kind == kindTexts {
			return strconv.AppendQuote(b, r.text)
		}
		return Value{kind: r.kind, text: r.text, number: r.number}.append(b)
	}
	const shown = 3
	for i, v := range r.test.in[:min(shown, len(r.test.in))] {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = v.append(b)
	}
	if more := len(r.test.in) - shown; more > 0 {
		b = fmt.Appendf(b, " and %d more", more)
	}
	return b
}

// appendWitness names which of several texts matched, where that is not said already.
func (r reason) appendWitness(b []byte) []byte {
	if r.kind != kindTexts {
		return b
	}
	b = append(b, " in "...)
	const shown = 40
	count := 0
	for at := range r.text {
		if count == shown {
			return strconv.AppendQuote(b, r.text[:at]+"…")
		}
		count++
	}
	return strconv.AppendQuote(b, r.text)
}

func (t *test) appendRange(b []byte) []byte {
	low, high := Number(t.min), Number(t.max)
	switch {
	case math.IsInf(t.max, 1):
		return low.append(append(b, "at least "...))
	case math.IsInf(t.min, -1):
		return high.append(append(b, "at most "...))
	}
	b = low.append(append(b, "from "...))
	return high.append(append(b, " to "...))
}
