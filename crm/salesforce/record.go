package salesforce

import (
	"slices"
	"strconv"
	"time"
	"unicode/utf16"

	"github.com/socialcrm/socialcrm/crm"
)

// record is the JSON object of one sObject while it is written.
type record struct {
	b    []byte
	host []string // fields that the host's mapping wrote, or left out: what comes after does not write them again
}

// name begins a field and reports whether it is to be written.
func (r *record) name(field string) bool {
	if slices.Contains(r.host, field) {
		return false
	}
	if len(r.b) == 0 {
		r.b = append(r.b, '{')
	} else {
		r.b = append(r.b, ',')
	}
	r.b = append(r.b, '"')
	r.b = append(r.b, field...)
	r.b = append(r.b, `":`...)
	return true
}

// text writes a text of at most limit UTF-16 units; a longer one is cut and ends in "…". An empty one is written as null, which clears the field.
func (r *record) text(field, value string, limit int) {
	if !r.name(field) {
		return
	}
	value = fit(crm.Printable(value), limit)
	if value == "" {
		r.b = append(r.b, "null"...)
		return
	}
	r.b = appendQuoted(r.b, value)
}

// known writes a text if there is one; an empty one leaves the field as people in the org made it.
func (r *record) known(field, value string, limit int) {
	if value != "" {
		r.text(field, value, limit)
	}
}

func (r *record) flag(field string, value bool) {
	if r.name(field) {
		r.b = strconv.AppendBool(r.b, value)
	}
}

// stampLayout is how Salesforce writes an instant in JSON and reads one in SOQL.
const stampLayout = "2006-01-02T15:04:05.000Z"

// time writes an instant in milliseconds, all that Salesforce keeps; the zero one as null.
func (r *record) time(field string, t time.Time) {
	switch {
	case !r.name(field):
	case t.IsZero():
		r.b = append(r.b, "null"...)
	default:
		r.b = append(r.b, '"')
		r.b = t.UTC().AppendFormat(r.b, stampLayout)
		r.b = append(r.b, '"')
	}
}

// link points at another record by its key. Salesforce looks it up in the same call; unlike @{ref.id} it also works when that record was written by an earlier call.
func (r *record) link(relation, key string) {
	if r.name(relation) {
		r.b = append(r.b, `{"`+keyField+`":`...)
		r.b = append(appendQuoted(r.b, key), '}')
	}
}

func (r *record) close() []byte {
	if len(r.b) == 0 {
		return []byte("{}")
	}
	return append(r.b, '}')
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
