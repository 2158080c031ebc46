package rt

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/crm"
)

// The custom fields that setup/social.initialdata declares.
const (
	keyField    = "SocialKey" // of tickets and users
	mergedField = "SocialMergedInto"

	emailsField   = "SocialEmails" // of users
	phonesField   = "SocialPhones"
	profilesField = "SocialProfiles"
	kindField     = "SocialKind"
)

// Lengths of fields, in bytes.
const (
	maxName    = 120
	maxSubject = 200
	maxValue   = 255
	maxText    = 256 << 10 // bounds a comment; RT itself takes what its MaxAttachmentSize allows
)

// scalar is a value that RT writes as a text here and as a number there.
type scalar string

// UnmarshalJSON takes texts, numbers and null.
func (s *scalar) UnmarshalJSON(data []byte) error {
	switch {
	case bytes.Equal(data, []byte("null")):
		*s = ""
		return nil
	case len(data) > 0 && data[0] == '"':
		return json.Unmarshal(data, (*string)(s))
	}
	var n json.Number
	err := json.Unmarshal(data, &n)
	*s = scalar(n)
	return err
}

// link is how RT names another record: users by their name, all else by number.
type link struct {
	ID       scalar `json:"id"`
	RealName scalar `json:"RealName"`
}

// field is a custom field with its values.
type field struct {
	Name   string   `json:"name"`
	Values []scalar `json:"values"`
}

// fields are the custom fields of a record.
type fields []field

// values returns a field's, sorted; ok is false where the record does not have that field.
func (all fields) values(name string) (values []string, ok bool) {
	for _, f := range all {
		if f.Name == name {
			for _, v := range f.Values {
				if v != "" { // RT shows a value that was cleared as null
					values = append(values, string(v))
				}
			}
			slices.Sort(values)
			return values, true
		}
	}
	return nil, false
}

// first is the value of a field that has one; empty where there is none.
func (all fields) first(name string) string {
	if values, _ := all.values(name); len(values) > 0 {
		return values[0]
	}
	return ""
}

// condition is one of a search.
type condition struct {
	Field    string `json:"field"`
	Operator string `json:"operator"`
	Value    string `json:"value"`
	Join     string `json:"entry_aggregator,omitempty"`
}

// page is a part of what a search found.
type page[T any] struct {
	Items *[]T `json:"items"`
}

// list is what is in the page, and whether that was an answer to a search at all. What our user may not see RT leaves out, or writes as null.
func (p page[T]) list() ([]T, bool) {
	if p.Items == nil {
		return nil, false
	}
	return *p.Items, true
}

// differing returns what is to be changed for the record to hold the wanted values of custom fields, as far as it has those fields. A single value is a text, since RT fails
// on null.
func (all fields) differing(want map[string][]string, several ...string) map[string]any {
	change := make(map[string]any)
	for name, values := range want {
		has, ok := all.values(name)
		sorted := slices.Sorted(slices.Values(values))
		switch {
		case !ok || slices.Equal(has, sorted):
		case slices.Contains(several, name):
			if values == nil {
				values = []string{}
			}
			change[name] = values
		default:
			change[name] = strings.Join(values, "")
		}
	}
	return change
}

// line makes a text fit for a field of one line.
func line(s string, limit int) string {
	return crm.Shorten(strings.Join(strings.Fields(crm.Printable(s)), " "), limit)
}

// lines are the values of a field that holds several: each once.
func lines(all []string) (values []string) {
	for _, s := range all {
		if s = line(s, maxValue); s != "" && !slices.Contains(values, s) {
			values = append(values, s)
		}
	}
	return values
}

// one is the value of a field that holds one, none where it is empty.
func one(s string) []string { return lines([]string{s}) }
