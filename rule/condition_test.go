package rule_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
)

func TestParseReadsEveryForm(t *testing.T) {
	t.Parallel()
	tests := map[string]rule.Condition{
		`{}`:                                    {},
		`{"not": {}}`:                           {Not: &rule.Condition{}},
		`{"all": [{}, {"predicate": "quiet"}]}`: {All: []rule.Condition{{}, {Predicate: "quiet"}}},
		`{"any": [{"fact": "tier", "equals": "gold"}]}`:    {Any: []rule.Condition{{Fact: "tier", Equals: rule.Text("gold")}}},
		`{"fact": "text", "equals": ""}`:                   {Fact: "text", Equals: rule.Text("")},
		`{"fact": "verified", "equals": false}`:            {Fact: "verified", Equals: rule.Bool(false)},
		`{"fact": "tier", "in": ["gold", 7, true]}`:        {Fact: "tier", In: []rule.Value{rule.Text("gold"), rule.Number(7), rule.Bool(true)}},
		`{"fact": "url", "prefix": "https:"}`:              {Fact: "url", Prefix: "https:"},
		`{"fact": "text", "word": "money back"}`:           {Fact: "text", Word: "money back"},
		`{"fact": "reach", "min": 0}`:                      {Fact: "reach", Min: new(0.0)},
		`{"fact": "reach", "min": -1.5, "max": 1e3}`:       {Fact: "reach", Min: new(-1.5), Max: new(1000.0)},
		`{"fact": "contact", "exists": false}`:             {Fact: "contact", Exists: new(false)},
		"\n{\"fact\"\t:\r\n\"\\u0061\", \"equals\" : 1}\n": {Fact: "a", Equals: rule.Number(1)},
	}
	for data, want := range tests {
		t.Run(data, func(t *testing.T) {
			t.Parallel()
			got, err := rule.Parse([]byte(data))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseNamesFieldAndLineOfAMistake(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, data, want string }{
		{"unknown field", "{\n\"wrod\": 1}", "line 2: wrod: unknown field; known are all, any, "},
		{"name in another case", `{"All": []}`, "line 1: All: unknown field"},
		{"repeated field", "{\"fact\": \"a\",\n\n\"fact\": \"b\"}", "line 3: fact: is given twice, first on line 1"},
		{"repeated field, spelt differently", `{"fact": "a", "f\u0061ct": "a"}`, "fact: is given twice"},
		{"repeated field inside", "{\"all\": [\n{\"fact\": \"a\",\n\"fact\": \"b\"}]}", "line 3: all[0].fact: is given twice, first on line 2"},
		{"wrong type of fact", `{"fact": 7}`, "line 1: fact: is the number 7, want a string"},
		{"wrong type of list", `{"all": {}}`, "line 1: all: is an object, want an array"},
		{"wrong type of part", "{\"all\": [{},\n[]]}", "line 2: all[1]: is an array, want an object"},
		{"wrong type of range", `{"fact": "a", "min": "7"}`, "line 1: min: is a string, want a number"},
		{"number too big", `{"fact": "a", "min": 1e999}`, "line 1: min: is the number 1e999, want a number (float64)"},
		{"wrong type of exists", `{"fact": "a", "exists": 1}`, "line 1: exists: is the number 1, want true or false"},
		{"whole is no object", `[]`, "line 1: is an array, want an object"},
		{"whole is null", `null`, "line 1: is null"},
		{"trailing data", "{}\n{}", "line 2: invalid character"},
		{"cut off", "{\n\"all\": [", "line 2: unexpected end"},
		{"nothing", "", "line 1: unexpected end"},
		{"not UTF-8", "{\n\"fact\": \"\xff\"}", "line 2: is not UTF-8"},
		{"null", "{\"all\":\nnull}", "line 2: all: is null; leave it out"},
		{"null value", `{"fact": "a", "equals": null}`, "line 1: equals: is null"},
		{"null among values", `{"fact": "a", "in": ["b", null]}`, "line 1: in[1]: is null"},
		{"empty all", `{"not": {"all": []}}`, "line 1: not.all: is empty"},
		{"empty any", `{"any": []}`, "line 1: any: is empty"},
		{"empty in", `{"fact": "a", "in": []}`, "line 1: in: is empty"},
		{"empty prefix", `{"fact": "a", "prefix": ""}`, "line 1: prefix: is empty"},
		{"empty prefix beside an operator", `{"fact": "a", "word": "b", "prefix": ""}`, "line 1: prefix: is empty"},
		{"empty word", `{"fact": "a", "word": ""}`, "line 1: word: is empty"},
		{"empty fact", `{"fact": ""}`, "line 1: fact: is empty"},
		{"empty predicate", `{"predicate": ""}`, "line 1: predicate: is empty"},
		{"two forms", "{\"all\": [{}],\n\"any\": [{}]}", `line 2: any: stands beside "all"; a condition has one form`},
		{"operator beside a form", "{\"all\": [{}],\n\"word\": \"b\"}", `line 2: word: stands beside "all"`},
		{"predicate on a fact", `{"fact": "a", "exists": true, "predicate": "p"}`, `predicate: stands beside "fact"`},
		{"two operators", "{\"fact\": \"a\", \"max\": 7,\n\"prefix\": \"b\"}", `line 1: max: stands beside "prefix"`},
		{"fact without operator", "{\n\"fact\": \"a\"}", `line 2: fact: nothing is asked of "a"; want one of equals`},
		{"operator without fact", `{"equals": 1}`, `line 1: equals: has no "fact" to look at`},
		{"several texts to equal", `{"fact": "a", "equals": ["b", "c"]}`, "line 1: equals: want one text, number or bool"},
		{"several texts among values", "{\"fact\": \"a\", \"in\":\n[\"b\", [\"c\", \"d\"]]}", "line 2: in[1]: want one text, number or bool"},
		{"object as value", `{"fact": "a", "equals": {}}`, "line 1: equals: want a string, a number"},
		{"range upside down", "{\"fact\": \"a\", \"min\": 2,\n\"max\": 1}", "line 2: max: is 1, below min 2"},
		{"word without a letter", `{"fact": "a", "word": "?!"}`, "line 1: word: has no letter or digit"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, err := rule.Parse([]byte(test.data))
			if err == nil {
				t.Fatalf("parsed as %+v", c)
			}
			text, ok := strings.CutPrefix(err.Error(), "rule: parse condition: ")
			if !ok || !strings.Contains(text, test.want) {
				t.Errorf("error is %q, want %q", err, test.want)
			}
			if mistake, ok := errors.AsType[*rule.Error](err); !ok || mistake.Line == 0 {
				t.Errorf("%v holds no *Error with a line", err)
			}
		})
	}
}

func TestConditionIsStrictInsideAnyDocument(t *testing.T) {
	t.Parallel()
	type lane struct {
		Name string         `json:"name"`
		When rule.Condition `json:"when"`
	}
	tests := map[string]string{
		`{"when": {"not": {"wrod": "b"}}}`:               "not.wrod: unknown field",
		`{"when": {"fact": "a", "fact": "b"}}`:           "fact: is given twice",
		`{"when": {"all": []}}`:                          "all: is empty",
		`{"when": {"fact": "a", "prefix": "", "min":1}}`: "prefix: is empty",
	}
	for data, want := range tests {
		var l lane
		if err := json.Unmarshal([]byte(data), &l); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("encoding/json reads %s with error %v, want %q", data, err, want)
		}
		if err := rule.DecodeStrict([]byte(data), &l); err == nil || !strings.HasPrefix(err.Error(), "line 1: when."+want) {
			t.Errorf("DecodeStrict reads %s with error %v, want %q", data, err, want)
		}
	}
	var l lane
	if err := json.Unmarshal([]byte(`{"name": "n", "when": {"fact": "a", "exists": true}}`), &l); err != nil || l.When.Fact != "a" {
		t.Errorf("a good lane is %+v, %v", l, err)
	}
}

func TestAnEmptyListSurvivesEncodingAndIsRefused(t *testing.T) {
	t.Parallel()
	// Left out, it would turn a condition that Compile refuses into one that holds always.
	for _, c := range []rule.Condition{{All: []rule.Condition{}}, {Any: []rule.Condition{}}, {Fact: "a", In: []rule.Value{}}} {
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rule.Parse(data); err == nil {
			t.Errorf("%s parsed as %+v", data, got)
		}
	}
}

func TestOnlyTheZeroConditionIsZero(t *testing.T) {
	t.Parallel()
	if !(rule.Condition{}).IsZero() {
		t.Error("the zero Condition is not")
	}
	for _, c := range []rule.Condition{
		{All: []rule.Condition{}}, {Any: []rule.Condition{}}, {Not: &rule.Condition{}}, {Fact: "a"}, {Equals: rule.Text("")}, {In: []rule.Value{}}, {Prefix: "a"},
		{Word: "a"}, {Min: new(0.0)}, {Max: new(0.0)}, {Exists: new(false)}, {Predicate: "p"},
	} {
		if c.IsZero() {
			t.Errorf("%+v is zero", c)
		}
	}
}
