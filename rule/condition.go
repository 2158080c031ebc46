package rule

// Bounds of a condition, so that a file from outside cannot cost more than a file written by a person would.
const (
	// MaxDepth is how deep conditions nest at most; a condition without parts has depth 1.
	MaxDepth = 32
	// MaxSize is how many conditions, and values in their In, one condition holds at most, itself included.
	MaxSize = 10_000
)

// Condition says when something holds, in one of these forms: All, Any, Not, a Fact with one operator, or a Predicate. The zero Condition holds
// always, so {"not": {}} never does. A Condition is data: [Compile] checks it and makes it usable.
//
// In JSON the names are those of the fields in lower case. Decoding is strict, also inside a bigger document: an unknown, repeated, empty or null
// field, a second form or a second operator is an error. Encoding and decoding again gives an equal Condition.
type Condition struct {
	All []Condition `json:"all,omitzero"` // every part holds; at least one part
	Any []Condition `json:"any,omitzero"` // one part or more holds; at least one part
	Not *Condition  `json:"not,omitzero"` // the part does not hold

	Fact string `json:"fact,omitzero"` // name of the fact that the operator below looks at

	Equals Value    `json:"equals,omitzero"` // the fact is this one text (byte for byte), number or bool
	In     []Value  `json:"in,omitzero"`     // the fact is one of these
	Prefix string   `json:"prefix,omitzero"` // the fact is a text that begins so, byte for byte
	Word   string   `json:"word,omitzero"`   // the fact is a text that has this word, or these words one after the other
	Min    *float64 `json:"min,omitzero"`    // the fact is a number not below this; Min and Max together are one operator
	Max    *float64 `json:"max,omitzero"`    // the fact is a number not above this
	Exists *bool    `json:"exists,omitzero"` // the fact is known (true), or missing (false)

	Predicate string `json:"predicate,omitzero"` // name of a Go function that decides, see Predicates
}

// Predicates are conditions written in Go, by the name under which a Condition calls them. They are called from every goroutine that matches, so
// they must be safe for that, quick, and answer the same for the same facts. Their panics are not recovered.
type Predicates map[string]func(Facts) bool

// Parse reads one condition from JSON, strictly. Its errors name the field and the line and can be found as *Error.
func Parse(data []byte) (Condition, error) {
	panic("being written")
}

// UnmarshalJSON is strict however it is called. Called by encoding/json its errors name the field but cannot know the line in the document; use
// [DecodeStrict] for the document and they do.
func (c *Condition) UnmarshalJSON(data []byte) error {
	panic("being written")
}
