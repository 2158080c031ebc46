package rule_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
)

// office has every kind of field that a document may have.
type office struct {
	Place
	*Contacts
	Name     string            `json:"name"`
	Floors   int8              `json:"floors,omitempty"`
	Area     float64           `json:"area"`
	Open     *bool             `json:"open"`
	Since    time.Time         `json:"since"`
	Wait     wait              `json:"wait"`
	Badge    []byte            `json:"badge"`
	Corners  [2]uint           `json:"corners"`
	Desks    []desk            `json:"desks"`
	ByName   map[string]*desk  `json:"by_name"`
	ByNumber map[int]string    `json:"by_number"`
	ByWait   map[wait]string   `json:"by_wait"`
	When     rule.Condition    `json:"when"`
	Fact     rule.Value        `json:"fact"`
	Extra    any               `json:"extra"`
	Raw      json.RawMessage   `json:"raw"`
	Labels   map[string]string // goes by its Go name
	Secret   string            `json:"-"`
	hidden   string
}

// Place is embedded, so its fields stand beside those of office, which hide them.
type Place struct {
	Street string `json:"street"`
	Name   int    `json:"name"`
}

// Contacts is embedded by pointer.
type Contacts struct {
	Phone string `json:"phone"`
}

// wait is a duration written as text.
type wait time.Duration

func (w *wait) UnmarshalText(text []byte) error {
	d, err := time.ParseDuration(string(text))
	*w = wait(d)
	return err
}

// desk decodes itself, strictly.
type desk struct{ seats int }

func (d *desk) UnmarshalJSON(data []byte) error {
	var fields struct {
		Seats int `json:"seats"`
	}
	err := rule.DecodeStrict(data, &fields)
	d.seats = fields.Seats
	return err
}

const wholeOffice = `{
	"name": "north", "floors": 3, "area": 12.5, "open": true, "since": "2026-01-02T03:04:05Z", "wait": "90s", "badge": "aGk=", "corners": [1, 2],
	"desks": [{"seats": 1}, {}], "by_name": {"x y": {"seats": 2}, "none": null}, "by_number": {"7": "seven"}, "by_wait": {"1m": "short"},
	"when": {"not": {"fact": "text", "word": "closed"}}, "fact": ["a", "b"], "extra": {"any": [1, null]}, "raw": {"as": "is"}, "Labels": {},
	"street": "Main", "phone": "1"
}`

func TestDecodeStrictReadsWhatEncodingJSONReads(t *testing.T) {
	t.Parallel()
	for _, data := range []string{wholeOffice, `{}`, `{"open": null, "extra": null, "raw": null}`, `{"desks": []}`} {
		var got, want office
		if err := rule.DecodeStrict([]byte(data), &got); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(data), &want); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(office{}, desk{})); diff != "" {
			t.Errorf("%s (-encoding/json +DecodeStrict):\n%s", data, diff)
		}
	}
}

func TestDecodeStrictNamesPathAndLine(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, data, want string }{
		{"unknown field", "{\n\n\"nmae\": 1}", "line 3: nmae: unknown field; known are name, floors, "},
		{"name in another case", `{"Name": "x"}`, "line 1: Name: unknown field"},
		{"field left out of JSON", `{"Secret": "x"}`, "line 1: Secret: unknown field"},
		{"field not exported", `{"hidden": "x"}`, "line 1: hidden: unknown field"},
		{"field hidden by an outer one", `{"name": 7}`, "line 1: name: is the number 7, want a string"},
		{"null for a value", "{\"name\":\n null}", "line 2: name: is null; leave it out"},
		{"null for a list", "{\"name\": \"x\",\n\"desks\": null}", "line 2: desks: is null; leave it out"},
		{"null for a map", "{\n\n\"by_name\": null}", "line 3: by_name: is null; leave it out"},
		{"null for bytes", `{"badge": null}`, "line 1: badge: is null; leave it out"},
		{"behind a byte order mark", "\xef\xbb\xbf{\n\"nmae\": 1}", "line 2: nmae: unknown field"},
		{"a byte order mark in the middle", "{\"name\":\n\xef\xbb\xbf\"x\"}", "line 2: invalid character"},
		{"null for a time", `{"since": null}`, "line 1: since: is null"},
		{"too big", `{"floors": 128}`, "line 1: floors: is the number 128, want a whole number (int8)"},
		{"negative", `{"corners": [0, -1]}`, "line 1: corners[1]: is the number -1, want a whole number from 0 (uint)"},
		{"too few", `{"corners": [0]}`, "line 1: corners: has 1 items, want 2"},
		{"array for an object", `{"by_name": []}`, "line 1: by_name: is an array, want an object"},
		{"object for an array", `{"desks": {}}`, "line 1: desks: is an object, want an array"},
		{"object for a fixed array", `{"corners": {}}`, "line 1: corners: is an object, want an array"},
		{"bool for bytes", `{"badge": true}`, "line 1: badge: is a bool, want an array"},
		{"bad time", "{\n\"since\": \"yesterday\"}", "line 2: since: parsing time"},
		{"bad text", "{\n\"wait\": \"long\"}", `line 2: wait: time: invalid duration "long"`},
		{"bad key", "{\"by_number\": {\n\"x\": \"y\"}}", "line 2: by_number.x: name: "},
		{"one key in two spellings", "{\"by_wait\": {\"60s\": \"\",\n\"1m\": \"\"}}", "line 2: by_wait.1m: is given twice, in another spelling"},
		{"in what decodes itself", "{\"desks\": [{},\n{\n\"seats\": true}]}", "line 3: desks[1].seats: is a bool, want a whole number (int)"},
		{"in what decodes itself, by a name to quote", "{\"by_name\": {\"x.y\": {\n\"chairs\": 1}}}", `line 2: by_name["x.y"].chairs: unknown field`},
		{"empty name", `{"": 1}`, `line 1: [""]: unknown field`},
		{"in a condition", "{\"when\": {\"not\":\n{\"fact\": \"a\",\n\"max\": []}}}", "line 3: when.not.max: is an array, want a number"},
		{"in a fact", "{\n\"fact\": {}}", "line 2: fact: want a string, a number"},
		{"repeated in what takes anything", "{\"extra\": [{\"a\": 1,\n\"a\": 2}]}", "line 2: extra[0].a: is given twice, first on line 1"},
		{"nested too deep", `{"extra": ` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`, "nests deeper than 128"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			o := office{hidden: "unseen"}
			err := rule.DecodeStrict([]byte(test.data), &o)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
			if mistake, ok := err.(*rule.Error); !ok || mistake.Line == 0 {
				t.Errorf("%v is no *Error with a line", err)
			}
		})
	}
}

func TestDecodeStrictPassesOverAByteOrderMark(t *testing.T) {
	t.Parallel()
	var o office
	if err := rule.DecodeStrict([]byte("\xef\xbb\xbf"+wholeOffice), &o); err != nil || o.Street != "Main" {
		t.Errorf("street is %q, error %v", o.Street, err)
	}
}

func TestDecodeStrictKeepsTheCauseOfAnError(t *testing.T) {
	t.Parallel()
	var o office
	err := rule.DecodeStrict([]byte(`{"since": "yesterday"}`), &o)
	if _, ok := errors.AsType[*time.ParseError](err); !ok {
		t.Errorf("%v holds no *time.ParseError", err)
	}
}

func TestDecodeStrictWantsAPointer(t *testing.T) {
	t.Parallel()
	for _, into := range []any{nil, office{}, (*office)(nil)} {
		if err := rule.DecodeStrict([]byte(`{}`), into); err == nil || !strings.Contains(err.Error(), "Unmarshal(") {
			t.Errorf("decoding into %T gives %v", into, err)
		}
	}
}

func TestDecodeStrictDoesNotPayForLongNames(t *testing.T) {
	t.Parallel()
	// A path kept with every one of these would take gigabytes.
	data := `{"extra": {"` + strings.Repeat("n", 100_000) + `": [` + strings.Repeat("0,", 100_000) + `0]}}`
	var o office
	if err := rule.DecodeStrict([]byte(data), &o); err != nil {
		t.Fatal(err)
	}
}

// What DecodeStrict accepts, encoding/json accepts and understands in the same way.
func FuzzDecodeStrict(f *testing.F) {
	f.Add([]byte(wholeOffice))
	f.Add([]byte(`{"when": {"all": [{"fact": "a", "in": ["b", 1, true]}]}, "by_number": {"1": ""}}`))
	f.Add([]byte("\xef\xbb\xbf{\"raw\": null}"))
	f.Add([]byte("{\"desks\": [\n{\"seats\": 1e2}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var got, want office
		if err := rule.DecodeStrict(data, &got); err != nil {
			mistake, ok := err.(*rule.Error)
			if lines := strings.Count(string(data), "\n") + 1; !ok || mistake.Line < 1 || mistake.Line > lines {
				t.Fatalf("error %q is not on one of %d lines", err, lines)
			}
			return
		}
		if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), &want); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("got %s, encoding/json %s", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want))
		}
	})
}
