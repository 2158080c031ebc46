package remote_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/remote"
)

func TestValuesOfADocumentAreCounted(t *testing.T) {
	t.Parallel()
	list := func(element string, n int) string { return "[" + strings.Repeat(element+",", n-1) + element + "]" }
	for name, test := range map[string]struct {
		doc  string
		fits bool
	}{
		"nothing":                    {"", true},
		"an object":                  {`{"id":"1"}`, true},
		"as many as may be":          {list("0", remote.MaxValues-1), true},
		"one more":                   {list("0", remote.MaxValues), false},
		"empty objects":              {list("{}", remote.MaxValues), false},
		"members":                    {"{" + strings.Repeat(`"":0,`, remote.MaxValues) + `"":0}`, false},
		"deep":                       {strings.Repeat("[", remote.MaxValues), false},
		"commas within a text":       {`["` + strings.Repeat(",", 2*remote.MaxValues) + `"]`, true},
		"quotes within a text":       {`["` + strings.Repeat(`\",`, remote.MaxValues) + `"]`, true},
		"a backslash before the end": {`["` + strings.Repeat(`\\`, 9) + `",` + list("0", remote.MaxValues), false},
		"a text without an end":      {`["` + strings.Repeat(",", 2*remote.MaxValues), true},
	} {
		if err := remote.CheckValues([]byte(test.doc)); (err == nil) != test.fits || err != nil && !errors.Is(err, remote.ErrTooLarge) {
			t.Errorf("%s: %v, want it to fit: %t", name, err, test.fits)
		}
	}
}

// FuzzCheckValues: the count is never less than what a decoder finds.
func FuzzCheckValues(f *testing.F) {
	f.Add([]byte(`[{"a":"\\\",[","b":[1,2,{}]},null,"x"]`))
	f.Add([]byte(`"\\"`))
	f.Fuzz(func(t *testing.T, doc []byte) {
		var v any
		if json.Unmarshal(doc, &v) != nil || len(doc) > 1<<16 {
			_ = remote.CheckValues(doc)
			return
		}
		// As often as it takes for the bound to be passed, whatever the document holds.
		values := count(v)
		times := remote.MaxValues/values + 1
		many := append(append([]byte{'['}, strings.Repeat(string(doc)+",", times)...), "0]"...)
		if err := remote.CheckValues(many); err == nil {
			t.Errorf("%d times %d values fit into %d", times, values, remote.MaxValues)
		}
	})
}

// count is how many values there are.
func count(v any) int {
	n := 1
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			n += count(e)
		}
	case map[string]any: // a name that is there twice counts once
		for _, e := range v {
			n += count(e)
		}
	}
	return n
}
