package salesforce

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// record is the JSON object of one sObject while it is written.
type record []byte

func (r *record) name(field string) {
	if len(*r) == 0 {
		*r = append(*r, '{')
	} else {
		*r = append(*r, ',')
	}
	*r = append(*r, '"')
	*r = append(*r, field...)
	*r = append(*r, `":`...)
}

// text writes a text of at most limit UTF-16 units; a longer one is cut and ends in "…". An empty one is written as null, which clears the field.
func (r *record) text(field, value string, limit int) {
	r.name(field)
	value = fit(clean(value), limit)
	if value == "" {
		*r = append(*r, "null"...)
		return
	}
	*r = appendQuoted(*r, value)
}

// known writes a text if there is one; an empty one leaves the field as people in the org made it.
func (r *record) known(field, value string, limit int) {
	if value != "" {
		r.text(field, value, limit)
	}
}

func (r *record) flag(field string, value bool) {
	r.name(field)
	*r = strconv.AppendBool(*r, value)
}

// time writes an instant in milliseconds, all that Salesforce keeps; the zero one as null.
func (r *record) time(field string, t time.Time) {
	r.name(field)
	if t.IsZero() {
		*r = append(*r, "null"...)
		return
	}
	*r = append(*r, '"')
	*r = t.UTC().AppendFormat(*r, "2006-01-02T15:04:05.000Z")
	*r = append(*r, '"')
}

// link points at another record by its key. Salesforce looks it up in the same call; unlike @{ref.id} it also works when that record was written by an earlier call.
func (r *record) link(relation, key string) {
	r.name(relation)
	*r = append(*r, `{"`+keyField+`":`...)
	*r = append(appendQuoted(*r, key), '}')
}

func (r *record) close() []byte {
	if len(*r) == 0 {
		return []byte("{}")
	}
	return append(*r, '}')
}

// clean takes out what Salesforce does not keep or refuses: control characters other than line ends and tabs, and what is no UTF-8.
func clean(s string) string {
	odd := func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\t' || c == utf8.RuneError }
	if strings.IndexFunc(s, odd) < 0 {
		return s
	}
	return strings.Map(func(c rune) rune {
		if odd(c) {
			return -1
		}
		return c
	}, s)
}

// fit cuts s to at most limit UTF-16 units, between two runes, with a sign.
func fit(s string, limit int) string {
	if len(s) <= limit {
		return s // no rune has more units than bytes
	}
	units, cut := 0, 0
	for i, c := range s {
		if units <= limit-1 {
			cut = i
		}
		units += utf16.RuneLen(c)
		if units > limit {
			return s[:cut] + "…"
		}
	}
	return s
}

// appendQuoted writes a clean text as a JSON string.
func appendQuoted(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
