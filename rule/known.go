package rule

import (
	"fmt"
	"slices"
	"strings"
)

// CheckValues reports the first Equals or In with a value that its fact never has, so that a misspelt one is found before the rule is put to work. known says what the
// fact of a name can be; nothing, where that can be anything. The error names the place in the Condition, what is wrong and what the fact can be, and holds an *Error
// that errors.As finds.
func (r *Rule) CheckValues(known func(fact string) []Value) error {
	if r == nil {
		return nil
	}
	return r.root.checkValues(known)
}

func (p *part) checkValues(known func(fact string) []Value) error {
	if p.test != nil {
		return p.test.checkValues(known)
	}
	for i := range p.parts {
		if err := p.parts[i].checkValues(known); err != nil {
			return err
		}
	}
	return nil
}

func (t *test) checkValues(known func(fact string) []Value) error {
	if t.operator != equals && t.operator != in {
		return nil
	}
	can := known(t.fact)
	if len(can) == 0 {
		return nil
	}
	check := func(v Value, field string) error {
		if slices.ContainsFunc(can, v.Equal) {
			return nil
		}
		words := make([]string, len(can))
		for i, c := range can {
			words[i] = c.String()
		}
		return &Error{Path: joinPath(t.path, field), Err: fmt.Errorf("is %s, which %q never is; it is one of %s", v, t.fact, strings.Join(words, ", "))}
	}
	if t.operator == equals {
		return check(t.value, "equals")
	}
	for i, v := range t.in {
		if err := check(v, fmt.Sprintf("in[%d]", i)); err != nil {
			return err
		}
	}
	return nil
}
