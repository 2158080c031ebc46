package rule

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Bounds of a condition, so that a file from outside cannot cost more than a file written by a person would.
const (
	// MaxDepth is how deep conditions nest at most; a condition without parts has depth 1.
	MaxDepth = 32
	// MaxSize is how many conditions, and values in their In, one condition holds at most, itself included.
	MaxSize = 10_000
	// MaxWords is how many entries of word lists one condition looks for at most.
	MaxWords = 100_000
)

// Condition says when something holds, in one of these forms: All, Any, Not, a Fact with one operator, or a Predicate. The zero Condition holds
// always, so {"not": {}} never does. A Condition is data: [Compile] checks it and makes it usable.
//
// In JSON the names are those of the fields in lower case. Decoding is strict, also inside a bigger document: an unknown, repeated, empty or null
// field, a second form or a second operator is an error. Encoding and decoding again gives an equal Condition.
type Condition struct {
	All []Condition `json:"all,omitzero"`  // every part holds; at least one part
	Any []Condition `json:"any,omitzero"`  // one part or more holds; at least one part
	Not *Condition  `json:"not,omitempty"` // the part does not hold; omitzero would lose the zero Condition in it, and with it the "not"

	Fact string `json:"fact,omitzero"` // name of the fact that the operator below looks at

	Equals Value    `json:"equals,omitzero"` // the fact is this one text (byte for byte), number or bool
	In     []Value  `json:"in,omitzero"`     // the fact is one of these
	Prefix string   `json:"prefix,omitzero"` // the fact is a text that begins so, byte for byte
	Word   string   `json:"word,omitzero"`   // the fact is a text that has this word, or these one after the other; see Text in the package's description
	Words  []string `json:"words,omitzero"`  // the fact is a text that has one of these, each as in Word, and without regard to accents; see Word lists
	List   string   `json:"list,omitzero"`   // Words that stand in a list of this name, which the Builder knows
	Min    *float64 `json:"min,omitzero"`    // the fact is a number not below this; Min and Max together are one operator
	Max    *float64 `json:"max,omitzero"`    // the fact is a number not above this
	Exists *bool    `json:"exists,omitzero"` // the fact is known (true), or missing (false)

	Predicate string `json:"predicate,omitzero"` // name of a Go function that decides, see Predicates
}

// Predicates are conditions written in Go, by the name under which a Condition calls them. They are called from every goroutine that matches, so
// they must be safe for that, quick, and answer the same for the same facts. Their panics are not recovered.
type Predicates map[string]func(Facts) bool

// Parse reads one condition from JSON, strictly. Its error names the field and the line, and holds an *Error that errors.As finds. What Parse accepts
// can still be refused by [Compile], which knows the predicates and looks at depth and size.
func Parse(data []byte) (Condition, error) {
	var c Condition
	if err := DecodeStrict(data, &c); err != nil {
		return Condition{}, fmt.Errorf("rule: parse condition: %w", err)
	}
	return c, nil
}

// IsZero reports whether nothing is set, so that c holds always. A condition with an empty list is not zero, it is a mistake that Compile names. The
// option omitzero of encoding/json asks this.
func (c Condition) IsZero() bool { return len(c.forms(c.operators())) == 0 }

// UnmarshalJSON is strict however it is called. The errors it gives to encoding/json name the field but not the line, which it cannot know; decode the
// document with [DecodeStrict] to learn it.
func (c *Condition) UnmarshalJSON(data []byte) error {
	err := DecodeStrict(data, c)
	if e, ok := errors.AsType[*Error](err); ok {
		e.Line = 0
	}
	return err
}

// decodeCondition decodes one level of a condition; its parts come back here by way of decode.
func decodeCondition(n *node, to *Condition) error {
	for _, m := range n.members {
		switch {
		case m.kind == nullNode:
			return m.errorf("is null; leave it out")
		case string(m.raw) == `""` && m.name != "equals": // a text can be empty, what to look for in one cannot
			return m.errorf("is empty")
		}
	}
	type fields Condition // without UnmarshalJSON
	var c fields
	if err := decodeStruct(n, reflect.ValueOf(&c).Elem()); err != nil {
		return err
	}
	*to = Condition(c)
	if step, err := to.check(); err != nil {
		field, _, _ := strings.Cut(step, "[")
		return &Error{Path: joinPath(n.path(), step), Line: n.member(field).line, Err: err}
	}
	return nil
}

// check looks at this one level of a condition. An error comes with the step from here to what is wrong.
func (c *Condition) check() (step string, err error) {
	operators := c.operators()
	forms := c.forms(operators)
	switch {
	case len(forms) > 1:
		return forms[1], fmt.Errorf("stands beside %q; a condition has one form", forms[0])
	case len(operators) > 1:
		return operators[1], fmt.Errorf("stands beside %q; a fact has one operator", operators[0])
	case len(operators) == 1 && c.Fact == "":
		return operators[0], errors.New(`has no "fact" to look at`)
	case len(operators) == 0 && c.Fact != "":
		return "fact", fmt.Errorf("nothing is asked of %q; want one of equals, in, prefix, word, words, list, min, max, exists", c.Fact)
	case c.All != nil && len(c.All) == 0:
		return "all", errors.New("is empty")
	case c.Any != nil && len(c.Any) == 0:
		return "any", errors.New("is empty")
	}
	return c.checkOperator()
}

func (c *Condition) checkOperator() (step string, err error) {
	switch {
	case !c.Equals.Missing():
		return "equals", c.Equals.checkScalar()
	case c.In != nil:
		if len(c.In) == 0 {
			return "in", errors.New("is empty")
		}
		for i, v := range c.In {
			if err := v.checkScalar(); err != nil {
				return "in[" + strconv.Itoa(i) + "]", err
			}
		}
	case c.Word != "":
		_, err := parsePhrase(c.Word)
		return "word", err
	case c.Words != nil && len(c.Words) == 0:
		return "words", errors.New("is empty")
	case c.Min != nil && !isFinite(*c.Min):
		return "min", errNotFinite
	case c.Max != nil && !isFinite(*c.Max):
		return "max", errNotFinite
	case c.Min != nil && c.Max != nil && *c.Min > *c.Max:
		return "max", fmt.Errorf("is %v, below min %v", *c.Max, *c.Min)
	}
	return "", nil
}

// checkScalar reports a value that a fact cannot be compared with.
func (v Value) checkScalar() error {
	switch {
	case v.kind == kindMissing || v.kind == kindTexts:
		return errors.New("want one text, number or bool")
	case v.kind == kindNumber && !isFinite(v.number):
		return errNotFinite
	}
	return nil
}

var errNotFinite = errors.New("is not a finite number")

func isFinite(f float64) bool { return !math.IsNaN(f) && !math.IsInf(f, 0) }

// forms names the forms that are set; one that has operators but no fact goes by the first of them.
func (c *Condition) forms(operators []string) []string {
	var set []string
	fact := "fact"
	if c.Fact == "" && len(operators) > 0 {
		fact = operators[0]
	}
	for _, form := range []struct {
		name string
		set  bool
	}{
		{"all", c.All != nil}, {"any", c.Any != nil}, {"not", c.Not != nil}, {fact, c.Fact != "" || len(operators) > 0}, {"predicate", c.Predicate != ""},
	} {
		if form.set {
			set = append(set, form.name)
		}
	}
	return set
}

// operators names the operators that are set; Min and Max count as one.
func (c *Condition) operators() []string {
	var set []string
	for _, operator := range []struct {
		name string
		set  bool
	}{
		{"equals", !c.Equals.Missing()}, {"in", c.In != nil}, {"prefix", c.Prefix != ""}, {"word", c.Word != ""}, {"words", c.Words != nil}, {"list", c.List != ""},
		{"min", c.Min != nil}, {"max", c.Max != nil && c.Min == nil}, {"exists", c.Exists != nil},
	} {
		if operator.set {
			set = append(set, operator.name)
		}
	}
	return set
}
