package remote

import (
	"bytes"
	"fmt"
)

// MaxValues is how many values a JSON document from outside may hold: objects, lists, and what stands in them. A few bytes of JSON can become hundreds in memory, so that a
// bound on bytes alone bounds little; pages of platforms and CRMs hold a few thousand.
const MaxValues = 1 << 17

// CheckValues refuses a JSON document of more than MaxValues values, with an error that wraps [ErrTooLarge], before anything is made of it. It does not check that the
// document is JSON. [Client.Do] checks its answers (Request.MaxValues).
func CheckValues(doc []byte) error { return checkValues(doc, MaxValues) }

func checkValues(doc []byte, most int) error {
	if most <= 0 {
		most = MaxValues
	}
	doc = bytes.TrimSpace(doc)
	if len(doc) == 0 || doc[0] != '{' && doc[0] != '[' {
		return nil // not a document of several
	}
	n := 1
	for i := 0; i < len(doc); i++ {
		switch doc[i] {
		case ',', '[', '{':
			if n++; n > most {
				return &redacted{text: fmt.Sprintf("JSON has more than %d values", most), is: []error{ErrTooLarge}}
			}
		case '"':
			i = endOfString(doc, i+1)
		}
	}
	return nil
}

// endOfString returns where a JSON string ends that begins before from: at its quote, or at the document's end.
func endOfString(doc []byte, from int) int {
	for {
		n := bytes.IndexByte(doc[from:], '"')
		if n < 0 {
			return len(doc)
		}
		end := from + n
		escapes := 0
		for end-escapes > from && doc[end-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			return end
		}
		from = end + 1
	}
}
