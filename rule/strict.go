package rule

import "fmt"

// Error is what is wrong with a condition, or with a document that [DecodeStrict] read, and where.
type Error struct {
	Path string // such as lanes[2].when.all[1].word; empty for the whole
	Line int    // line in the document, from 1; 0 where there is no document
	Err  error
}

// Error gives the place and the reason: `line 12: lanes[2].when.all[1].wrod: unknown field`.
func (e *Error) Error() string {
	s := e.Err.Error()
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Line > 0 {
		s = fmt.Sprintf("line %d: %s", e.Line, s)
	}
	return s
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// DecodeStrict decodes one JSON document into what into points at, as encoding/json does, and refuses what a typing mistake would make of it: unknown
// fields, repeated fields, names in another case, null where a value belongs, data after the end. Its error is an *Error.
func DecodeStrict(data []byte, into any) error {
	panic("being written")
}
