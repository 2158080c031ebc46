package meta

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"time"
)

// ID is an ID in a webhook. Meta documents them as strings and now and then sends a number; both are read, and null or nothing is "".
type ID string

const maxID = 1024 // several times the longest that Meta gives

// UnmarshalJSON reads a string, a whole number or null.
func (id *ID) UnmarshalJSON(data []byte) error {
	text, ok := scalar(data)
	if !ok || len(text) > maxID || data[0] != '"' && !digits(text) {
		return wrongType[ID](data)
	}
	*id = ID(text)
	return nil
}

// Time is a time in a webhook or a Graph API answer, in UTC. Comments have whole seconds, Messenger milliseconds, reads ISO 8601 with an offset without
// colon; numbers may come as strings. Null, 0 or nothing is the zero time.
type Time struct{ time.Time }

// A count of seconds reaches this in the year 5138; a count of milliseconds passed it in 1973.
const leastMilliseconds = 100_000_000_000

const maxMilliseconds = 253_402_300_799_999 // the end of the year 9999, the last that RFC 3339 can write

// UnmarshalJSON reads seconds, milliseconds, or ISO 8601.
func (t *Time) UnmarshalJSON(data []byte) error {
	text, ok := scalar(data)
	if !ok {
		return wrongType[Time](data)
	}
	if text == "" {
		*t = Time{}
		return nil
	}
	if digits(text) {
		n, err := strconv.ParseInt(text, 10, 64)
		switch {
		case err != nil || n > maxMilliseconds:
			return wrongType[Time](data)
		case n == 0:
			*t = Time{}
		case n < leastMilliseconds:
			*t = Time{time.Unix(n, 0).UTC()}
		default:
			*t = Time{time.UnixMilli(n).UTC()}
		}
		return nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05-0700", time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil && at.UTC().Year() > 0 && at.UTC().Year() <= 9999 {
			*t = Time{at.UTC()}
			return nil
		}
	}
	return wrongType[Time](data)
}

// scalar returns the text of a JSON string or number; null is "".
func scalar(data []byte) (string, bool) {
	switch {
	case len(data) == 0 || bytes.Equal(data, []byte("null")):
		return "", true
	case data[0] == '"':
		if body := data[1 : len(data)-1]; bytes.IndexByte(body, '\\') < 0 {
			return string(bytes.ToValidUTF8(body, []byte("\uFFFD"))), true
		}
		var s string
		err := json.Unmarshal(data, &s)
		return s, err == nil
	case data[0] == '-' || data[0] >= '0' && data[0] <= '9':
		return string(data), true
	}
	return "", false
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// wrongType is the error to which encoding/json adds the path of the field.
func wrongType[T any](data []byte) error {
	value := "object"
	switch data[0] {
	case '[':
		value = "array"
	case 't', 'f':
		value = "bool"
	case '"':
		value = "string"
	case '{':
	default:
		value = "number"
	}
	return &json.UnmarshalTypeError{Value: value, Type: reflect.TypeFor[T]()}
}

// Person is somebody as webhooks name them.
type Person struct {
	ID   ID     `json:"id"`
	Name string `json:"name"`
}
