package rule_test

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
)

func TestValueTellsItsTypeAndItsJSON(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		value   rule.Value
		missing bool
		text    string
		texts   []string
		number  float64
		truth   bool
		shown   string
		json    string
	}{
		{name: "zero", missing: true, shown: "missing", json: "null"},
		{name: "no texts", value: rule.Texts(), missing: true, shown: "missing", json: "null"},
		{name: "not a number", value: rule.Number(math.NaN()), missing: true, shown: "missing", json: "null"},
		{name: "empty text", value: rule.Text(""), texts: []string{""}, shown: `""`, json: `""`},
		{name: "text", value: rule.Text("gold"), text: "gold", texts: []string{"gold"}, shown: `"gold"`, json: `"gold"`},
		{name: "one of texts", value: rule.Texts("gold"), text: "gold", texts: []string{"gold"}, shown: `"gold"`, json: `"gold"`},
		{name: "texts", value: rule.Texts("a", "b"), texts: []string{"a", "b"}, shown: `"a", "b"`, json: `["a","b"]`},
		{name: "number", value: rule.Number(12_000_000), number: 12_000_000, shown: "12000000", json: "12000000"},
		{name: "big number", value: rule.Number(1e300), number: 1e300, shown: "1e+300", json: "1e+300"},
		{name: "true", value: rule.Bool(true), truth: true, shown: "true", json: "true"},
		{name: "false", value: rule.Bool(false), shown: "false", json: "false"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := test.value
			text, _ := v.Text()
			number, isNumber := v.Number()
			truth, isBool := v.Bool()
			if v.Missing() != test.missing || text != test.text || number != test.number || truth != test.truth || v.String() != test.shown {
				t.Errorf("got missing %t, text %q, number %v, bool %t, shown %s", v.Missing(), text, number, truth, v)
			}
			if diff := cmp.Diff(test.texts, v.Texts()); diff != "" {
				t.Errorf("texts (-want +got):\n%s", diff)
			}
			if kinds := []bool{v.Missing(), len(v.Texts()) > 0, isNumber, isBool}; count(kinds) != 1 {
				t.Errorf("missing, texts, number, bool: %v, want exactly one", kinds)
			}
			data, err := json.Marshal(v)
			if err != nil || string(data) != test.json {
				t.Fatalf("JSON is %s, %v; want %s", data, err, test.json)
			}
			var back rule.Value
			if err := json.Unmarshal(data, &back); err != nil || !back.Equal(v) {
				t.Errorf("came back as %v, %v", back, err)
			}
		})
	}
}

func count(set []bool) (n int) {
	for _, b := range set {
		if b {
			n++
		}
	}
	return n
}

func TestValueEqualComparesTypeAndContent(t *testing.T) {
	t.Parallel()
	values := []rule.Value{
		{}, rule.Text(""), rule.Text("a"), rule.Text("A"), rule.Texts("a", "b"), rule.Texts("b", "a"), rule.Number(0), rule.Number(1), rule.Bool(false),
		rule.Bool(true),
	}
	for i, v := range values {
		for j, w := range values {
			if v.Equal(w) != (i == j) {
				t.Errorf("%v equal to %v: %t", v, w, v.Equal(w))
			}
		}
	}
}

func TestValueRefusesOtherJSON(t *testing.T) {
	t.Parallel()
	for _, data := range []string{`{}`, `[1]`, `["a", null]`, `1e999`} {
		var v rule.Value
		if err := json.Unmarshal([]byte(data), &v); err == nil {
			t.Errorf("%s became %v", data, v)
		}
	}
	if data, err := json.Marshal(rule.Number(math.Inf(1))); err == nil {
		t.Errorf("infinity became %s", data)
	}
}
