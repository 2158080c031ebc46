package rule

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strconv"
)

// Facts is what conditions look at. A type that offers its facts to rules documents their names.
type Facts interface {
	// Fact returns the fact of that name, or the zero Value for one that does not exist or is not known (yet).
	Fact(name string) Value
}

// FactFunc is a function that serves as Facts.
type FactFunc func(name string) Value

// Fact calls f.
func (f FactFunc) Fact(name string) Value { return f(name) }

// Map is Facts by name, for tests and for hosts whose facts are few. The nil Map knows nothing.
type Map map[string]Value

// Fact returns what m holds under name.
func (m Map) Fact(name string) Value { return m[name] }

// Value is one fact: a text, several texts, a number, a bool, or missing. The zero Value is missing. Values are immutable and may be shared.
//
// In JSON a Value is a string, an array of strings, a number or a bool; missing is null.
type Value struct {
	kind   kind
	text   string
	texts  []string
	number float64 // 0 or 1 for a bool
}

type kind uint8

const (
	kindMissing kind = iota
	kindText
	kindTexts
	kindNumber
	kindBool
)

// Text returns a fact that is one text. The empty text is a known fact, not a missing one.
func Text(s string) Value { return Value{kind: kindText, text: s} }

// Texts returns a fact that is several texts at once, such as tags. No text at all is the missing Value, one is the same as Text. The Value keeps
// the slice: do not change it afterwards.
func Texts(s ...string) Value {
	switch len(s) {
	case 0:
		return Value{}
	case 1:
		return Text(s[0])
	}
	return Value{kind: kindTexts, texts: s}
}

// Number returns a fact that is a number. NaN is the missing Value.
func Number(f float64) Value {
	if math.IsNaN(f) {
		return Value{}
	}
	return Value{kind: kindNumber, number: f}
}

// Bool returns a fact that is true or false.
func Bool(b bool) Value {
	if b {
		return Value{kind: kindBool, number: 1}
	}
	return Value{kind: kindBool}
}

// Missing reports whether the fact is not known. It is true for the zero Value.
func (v Value) Missing() bool { return v.kind == kindMissing }

// Text returns the text, and false for anything but exactly one text.
func (v Value) Text() (string, bool) { return v.text, v.kind == kindText }

// Texts returns the texts of a Value that is one text or several, otherwise none. The slice is the caller's.
func (v Value) Texts() []string {
	switch v.kind {
	case kindText:
		return []string{v.text}
	case kindTexts:
		return slices.Clone(v.texts)
	}
	return nil
}

// Number returns the number, and false for anything else.
func (v Value) Number() (float64, bool) {
	if v.kind != kindNumber {
		return 0, false
	}
	return v.number, true
}

// Bool returns the bool; ok is false for anything else.
func (v Value) Bool() (b, ok bool) { return v.kind == kindBool && v.number != 0, v.kind == kindBool }

// Equal reports whether v and w are the same: of one type, texts byte for byte and in the same order. Two missing Values are equal.
func (v Value) Equal(w Value) bool {
	return v.kind == w.kind && v.text == w.text && v.number == w.number && slices.Equal(v.texts, w.texts)
}

// String renders the Value for people: texts quoted, a missing Value as "missing".
func (v Value) String() string { return string(v.append(nil)) }

func (v Value) append(b []byte) []byte {
	switch v.kind {
	case kindText:
		return strconv.AppendQuote(b, v.text)
	case kindTexts:
		for i, s := range v.texts {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = strconv.AppendQuote(b, s)
		}
		return b
	case kindNumber:
		if math.Abs(v.number) < 1e15 { // people read 12000000 more easily than 1.2e+07
			return strconv.AppendFloat(b, v.number, 'f', -1, 64)
		}
		return strconv.AppendFloat(b, v.number, 'g', -1, 64)
	case kindBool:
		return strconv.AppendBool(b, v.number != 0)
	}
	return append(b, "missing"...)
}

// MarshalJSON writes a string, an array of strings, a number, a bool, or null for a missing Value. An infinite number is an error.
func (v Value) MarshalJSON() ([]byte, error) {
	switch v.kind {
	case kindText:
		return json.Marshal(v.text)
	case kindTexts:
		return json.Marshal(v.texts)
	case kindNumber:
		return json.Marshal(v.number)
	case kindBool:
		return json.Marshal(v.number != 0)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads what MarshalJSON writes. Any other JSON is an error.
func (v *Value) UnmarshalJSON(data []byte) error {
	var read any
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	switch x := read.(type) {
	case nil:
		*v = Value{}
	case string:
		*v = Text(x)
	case float64:
		*v = Number(x)
	case bool:
		*v = Bool(x)
	case []any:
		all := make([]string, len(x))
		for i, one := range x {
			s, ok := one.(string)
			if !ok {
				return errNotValue
			}
			all[i] = s
		}
		*v = Texts(all...)
	default:
		return errNotValue
	}
	return nil
}

var errNotValue = errors.New("want a string, a number, true or false, or an array of strings")
