package meta

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// List says in which list of an entry an item was.
type List string

const (
	Changes   List = "changes"   // comments, posts and the like; Item.Field names the kind
	Messaging List = "messaging" // private messages
	Standby   List = "standby"   // private messages of a conversation that another app holds
)

// Item is one element of one entry of a webhook call.
type Item struct {
	// Account is whose entry it is.
	Account channel.AccountID
	// List is where in the entry it was.
	List List
	// Field is the webhook field of a change: "feed". Empty for messaging and standby.
	Field string
	// Time is when Meta made up the entry. Zero: not told.
	Time time.Time
	// Value is the element; of a change, its value.
	Value json.RawMessage
}

// Unmarshal reads the item's value into v. Its error tells [Decode] which field had the wrong type.
func (it Item) Unmarshal(v any) error { return json.Unmarshal(it.Value, v) }

// Missing returns the error of a decode function for a field without which an item makes no sense.
func Missing(field string) error { return Wrong(field, "is missing") }

// Wrong returns the error of a decode function for a field whose value makes no sense; why completes a sentence: "is not a count".
func Wrong(field, why string) error { return &wrong{field, why} }

type wrong struct{ field, why string }

func (w *wrong) Error() string { return w.field + " " + w.why }

// Ignore counts an item that is of no use in d, by what Meta calls it: Ignore(d, "feed", "album", "add").
func Ignore(d *channel.Delivery, what ...string) {
	label := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.Join(what, "/"))
	if runes := []rune(label); len(runes) > maxLabel {
		label = string(runes[:maxLabel])
	}
	if d.Ignored == nil {
		d.Ignored = make(map[string]int)
	}
	d.Ignored[label]++
}

const maxLabel = 60

type body struct {
	Object string            `json:"object"`
	Entry  []json.RawMessage `json:"entry"`
}

type entry struct {
	ID        ID                `json:"id"`
	Time      Time              `json:"time"`
	Changes   []json.RawMessage `json:"changes"`
	Messaging []json.RawMessage `json:"messaging"`
	Standby   []json.RawMessage `json:"standby"`
	change                      // some products write the one change straight into the entry
}

type change struct {
	Field string          `json:"field"`
	Value json.RawMessage `json:"value"`
}

// element is the change as it would stand in a list.
func (c change) element() json.RawMessage {
	value := c.Value
	if value == nil {
		value = json.RawMessage("null")
	}
	out := append([]byte(`{"field":`), quote(c.Field)...)
	out = append(append(out, `,"value":`...), value...)
	return append(out, '}')
}

// Decode walks through every element of every entry of a webhook body and calls decode for each, which appends to d what it makes of the item. platform is
// the Platform of the accounts; object is what Meta must call them ("page").
//
// When decode returns an error, or an event that does not pass its Check, the item becomes a Bad, keeps nothing that it had appended, and the next one
// goes on. Bad.Where names the field as far as known, and Bad.Raw is a body that holds this item alone. An error means that the body is not JSON, is of
// another object, or has no entries.
//
// It is pure and may be called concurrently.
func Decode(platform, object string, raw []byte, decode func(it Item, d *channel.Delivery) error) (channel.Delivery, error) {
	if err := remote.CheckValues(raw); err != nil {
		return channel.Delivery{}, fmt.Errorf("%s: decode webhook call: %w", platform, err)
	}
	var b body
	if err := json.Unmarshal(raw, &b); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return channel.Delivery{}, fmt.Errorf("%s: decode webhook call: byte %d: %w", platform, syntax.Offset, err)
		}
		where, reason := Explain("", err)
		return channel.Delivery{}, fmt.Errorf("%s: decode webhook call: %s", platform, strings.TrimSpace(where+" "+reason))
	}
	if b.Object != object {
		return channel.Delivery{}, fmt.Errorf("%s: decode webhook call: object is %.40q, want %q", platform, b.Object, object)
	}
	if b.Entry == nil {
		return channel.Delivery{}, fmt.Errorf("%s: decode webhook call: entry is missing", platform)
	}
	w := walk{platform: platform, object: object, decode: decode}
	for i, raw := range b.Entry {
		w.entry("entry["+strconv.Itoa(i)+"]", raw)
	}
	return w.d, nil
}

type walk struct {
	platform, object string
	decode           func(Item, *channel.Delivery) error
	d                channel.Delivery
}

func (w *walk) entry(where string, raw json.RawMessage) {
	var e entry
	err := json.Unmarshal(raw, &e)
	if err == nil && e.ID == "" {
		err = Missing("id")
	}
	account := channel.AccountID{}
	if e.ID != "" {
		account = channel.AccountID{Platform: w.platform, ID: string(e.ID)}
	}
	if err != nil {
		w.bad(account, where, err, w.wrap(raw))
		return
	}
	it := Item{Account: account, Time: e.Time.Time}
	if e.Field != "" {
		it.List, it.Field, it.Value = Changes, e.Field, e.Value
		w.item(where+".value", it, func() []byte { return w.rewrap(e, Changes, e.element()) })
	}
	for i, raw := range e.Changes {
		at := where + ".changes[" + strconv.Itoa(i) + "]"
		again := func() []byte { return w.rewrap(e, Changes, raw) }
		var c change
		err := json.Unmarshal(raw, &c)
		if err == nil && c.Field == "" {
			err = Missing("field")
		}
		if err != nil {
			w.bad(account, at, err, again())
			continue
		}
		it.List, it.Field, it.Value = Changes, c.Field, c.Value
		w.item(at+".value", it, again)
	}
	it.Field = ""
	for _, l := range []struct {
		list  List
		items []json.RawMessage
	}{{Messaging, e.Messaging}, {Standby, e.Standby}} {
		for i, raw := range l.items {
			it.List, it.Value = l.list, raw
			w.item(where+"."+string(l.list)+"["+strconv.Itoa(i)+"]", it, func() []byte { return w.rewrap(e, l.list, raw) })
		}
	}
	if e.Field == "" && e.Changes == nil && e.Messaging == nil && e.Standby == nil {
		Ignore(&w.d, "entry")
	}
}

// item decodes one element; again makes the body that holds it alone.
func (w *walk) item(where string, it Item, again func() []byte) {
	if it.Value == nil {
		it.Value = json.RawMessage("null")
	}
	n := len(w.d.Events)
	err := w.decode(it, &w.d)
	for i := n; err == nil && i < len(w.d.Events); i++ {
		err = w.d.Events[i].Check()
	}
	if err != nil {
		clear(w.d.Events[n:])
		w.d.Events = w.d.Events[:n]
		w.bad(it.Account, where, err, again())
	}
}

func (w *walk) bad(account channel.AccountID, where string, err error, raw []byte) {
	where, reason := Explain(where, err)
	w.d.Bad = append(w.d.Bad, channel.Bad{Account: account, Where: where, Reason: reason, Raw: raw})
}

// wrap returns a body with this entry alone.
func (w *walk) wrap(entry json.RawMessage) []byte {
	out := append([]byte(`{"object":`), quote(w.object)...)
	out = append(out, `,"entry":[`...)
	out = append(out, entry...)
	return append(out, "]}"...)
}

// rewrap returns a body with one entry that has this element alone.
func (w *walk) rewrap(e entry, list List, element json.RawMessage) []byte {
	out := append([]byte(`{"id":`), quote(string(e.ID))...)
	if !e.Time.IsZero() {
		out = append(out, `,"time":"`...)
		out = e.Time.AppendFormat(out, time.RFC3339Nano)
		out = append(out, '"')
	}
	out = append(out, `,"`+string(list)+`":[`...)
	out = append(out, element...)
	return w.wrap(append(out, "]}"...))
}

func quote(s string) []byte {
	out, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return out
}

// Explain is for who decodes elements outside Decode: it adds to where the path of the field that err is about, and says in words what was wrong with it.
func Explain(where string, err error) (string, string) {
	field, reason := "", err.Error()
	if typ, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		kind, _, _ := strings.Cut(typ.Value, " ") // the rest is the value itself
		field, reason = typ.Field, "is "+kind+", want "+want(typ.Type)
	} else if w, ok := errors.AsType[*wrong](err); ok {
		field, reason = w.field, w.why
	}
	if where != "" && field != "" {
		where += "."
	}
	return where + field, reason
}

func want(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[ID]():
		return "an ID (text or a whole number)"
	case reflect.TypeFor[Time]():
		return "a time (seconds, milliseconds or ISO 8601)"
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "a number"
}
