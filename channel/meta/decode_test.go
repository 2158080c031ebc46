package meta_test

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
)

func TestIDIsReadFromTextOrNumber(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`"123"`: "123", `123`: "123", `9007199254740993123`: "9007199254740993123", `""`: "", `null`: "", `"1_2"`: "1_2", `"\u00e9"`: "é", `0`: "0",
	} {
		var id meta.ID
		if err := json.Unmarshal([]byte(in), &id); err != nil || string(id) != want {
			t.Errorf("%s: %q, %v", in, id, err)
		}
	}
	for _, in := range []string{`1.5`, `1e3`, `-1`, `true`, `{}`, `["1"]`, `"` + strings.Repeat("1", 1025) + `"`} {
		var id meta.ID
		err := json.Unmarshal([]byte(in), &id)
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
			t.Errorf("%s: %q, %v", in, id, err)
		}
	}
}

func TestTimeIsReadInAllItsForms(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		`1788000000`:                  "2026-08-29T10:40:00Z",
		`"1788000000"`:                "2026-08-29T10:40:00Z",
		`1788000000250`:               "2026-08-29T10:40:00.25Z",
		`"1788000000250"`:             "2026-08-29T10:40:00.25Z",
		`99999999999`:                 "5138-11-16T09:46:39Z",
		`100000000000`:                "1973-03-03T09:46:40Z",
		`253402300799999`:             "9999-12-31T23:59:59.999Z",
		`"2026-08-29T12:40:00+0200"`:  "2026-08-29T10:40:00Z",
		`"2026-08-29T12:40:00+02:00"`: "2026-08-29T10:40:00Z",
		`"2026-08-29T10:40:00.25Z"`:   "2026-08-29T10:40:00.25Z",
		`0`:                           "0001-01-01T00:00:00Z",
		`null`:                        "0001-01-01T00:00:00Z",
		`""`:                          "0001-01-01T00:00:00Z",
	} {
		var at meta.Time
		if err := json.Unmarshal([]byte(in), &at); err != nil || at.Format(time.RFC3339Nano) != want || at.Location() != time.UTC {
			t.Errorf("%s: %v, %v", in, at, err)
		}
	}
	for _, in := range []string{`-1`, `1.5`, `253402300800000`, `99999999999999999999`, `"today"`, `"0000-01-01T00:00:00Z"`, `true`, `{}`, `[]`} {
		var at meta.Time
		err := json.Unmarshal([]byte(in), &at)
		if _, ok := errors.AsType[*json.UnmarshalTypeError](err); !ok {
			t.Errorf("%s: %v, %v", in, at, err)
		}
	}
}

// received makes an event of any item whose value is a string, takes {"bad":…} for bad, and ignores the rest.
func received(it meta.Item, d *channel.Delivery) error {
	var v struct{ Bad meta.Time }
	var id string
	if json.Unmarshal(it.Value, &id) != nil {
		if err := it.Unmarshal(&v); err != nil {
			return err
		}
		meta.Ignore(d, string(it.List), it.Field, "thing\n")
		return nil
	}
	d.Events = append(d.Events, channel.Event{Kind: channel.MessageReceived, Account: it.Account, Time: it.Time, Message: channel.Message{ID: id}})
	return nil
}

func TestDecodeWalksEveryElementOfEveryEntry(t *testing.T) {
	t.Parallel()
	body := `{"object":"page","entry":[
		{"id":"1","time":1788000000,"changes":[{"field":"feed","value":"a"},{"field":"feed","value":{"bad":[]}},{"field":"x","value":{}}],"messaging":["b"],"standby":["c",""]},
		{"id":2,"time":1788000000250,"field":"feed","value":"d"}]}`
	d, err := meta.Decode("meta", "page", []byte(body), received)
	if err != nil {
		t.Fatal(err)
	}
	event := func(account, id string, at time.Time) channel.Event {
		return channel.Event{Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "meta", ID: account}, Time: at, Message: channel.Message{ID: id}}
	}
	seconds := time.Date(2026, 8, 29, 10, 40, 0, 0, time.UTC)
	one := channel.AccountID{Platform: "meta", ID: "1"}
	want := channel.Delivery{
		Events: []channel.Event{event("1", "a", seconds), event("1", "b", seconds), event("1", "c", seconds), event("2", "d", seconds.Add(250*time.Millisecond))},
		Bad: []channel.Bad{
			{Account: one, Where: "entry[0].changes[1].value.Bad", Reason: "is array, want a time (seconds, milliseconds or ISO 8601)",
				Raw: []byte(`{"object":"page","entry":[{"id":"1","time":"2026-08-29T10:40:00Z","changes":[{"field":"feed","value":{"bad":[]}}]}]}`)},
			{Account: one, Where: "entry[0].standby[1]", Reason: "event received on meta/1: message.id is missing",
				Raw: []byte(`{"object":"page","entry":[{"id":"1","time":"2026-08-29T10:40:00Z","standby":[""]}]}`)},
		},
		Ignored: map[string]int{"changes/x/thing?": 1},
	}
	if diff := cmp.Diff(want, d); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// TestDecodeLosesNothing: of any mixture, each element is told once: as an event, as bad, or as ignored.
func TestDecodeLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		element := rapid.SampledFrom([]string{`"m"`, `""`, `{"bad":true}`, `{}`, `5`, `null`})
		elements, inEntries := 0, rapid.IntRange(1, 4).Draw(t, "entries")
		var entries []string
		for i := range inEntries {
			fields := []string{`"id":` + strconv.Itoa(i+1)}
			for _, list := range []string{"messaging", "standby"} {
				items := rapid.SliceOfN(element, 0, 5).Draw(t, list)
				elements += len(items)
				fields = append(fields, `"`+list+`":[`+strings.Join(items, ",")+`]`)
			}
			entries = append(entries, "{"+strings.Join(fields, ",")+"}")
		}
		d, err := meta.Decode("meta", "page", []byte(`{"object":"page","entry":[`+strings.Join(entries, ",")+`]}`), received)
		if err != nil {
			t.Fatal(err)
		}
		told := len(d.Events) + len(d.Bad)
		for _, n := range d.Ignored {
			told += n
		}
		if told != elements {
			t.Fatalf("%d elements, %d told: %+v", elements, told, d)
		}
	})
}

func TestIgnoredNamesAreShortAndPrintable(t *testing.T) {
	t.Parallel()
	var d channel.Delivery
	meta.Ignore(&d, strings.Repeat("é", 100), "x")
	meta.Ignore(&d, "a\x1b[31m")
	if diff := cmp.Diff(map[string]int{strings.Repeat("é", 60): 1, "a?[31m": 1}, d.Ignored); diff != "" {
		t.Error(diff)
	}
}
