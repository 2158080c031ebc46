package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// sample returns a record in which every field is set, so that a Store that forgets one is found out whatever fields records come to have. Texts contain the
// given one.
func sample[R any](text string) (record R) {
	n := 0
	fill(reflect.ValueOf(&record).Elem(), &n, text)
	return record
}

func fill(v reflect.Value, n *int, text string) {
	*n++
	switch v.Type() {
	case reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(noon.Add(time.Duration(*n) * (time.Hour + 1))))
		return
	case reflect.TypeFor[json.RawMessage]():
		detail, _ := json.Marshal(map[string]string{"text": text})
		v.SetBytes(detail)
		return
	case reflect.TypeFor[ticket.Status]():
		v.SetString(string(ticket.Pending))
		return
	case reflect.TypeFor[channel.AccountID]():
		v.Set(reflect.ValueOf(account(fmt.Sprint(text, *n))))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint(text, *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int8, reflect.Uint8:
		v.Set(reflect.ValueOf(1).Convert(v.Type()))
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(*n))
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n, text)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n, text)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			fill(v.Index(i), n, text)
		}
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{text + "name": text}))
	default:
		panic(fmt.Sprintf("storetest: records have a new kind of field: %s", v.Type()))
	}
}

func account(id string) channel.AccountID { return channel.AccountID{Platform: "mastodon", ID: id} }

// open returns an open ticket of the lane, created so many minutes after noon.
func open(id ticket.ID, lane string, minutes int) ticket.Ticket {
	return ticket.Ticket{ID: id, Status: ticket.Open, Lane: lane, Created: noon.Add(time.Duration(minutes) * time.Minute)}
}

// promised adds a clock that runs out so many minutes after noon.
func promised(t ticket.Ticket, minutes int) ticket.Ticket {
	c := sla.Clock{Metric: sla.FirstResponse, Due: noon.Add(time.Duration(minutes) * time.Minute), Since: noon.Add(-time.Hour)}
	if minutes < 0 {
		c.Verdict = sla.Breached // and still owed
	}
	t.Clocks.Clocks = append(t.Clocks.Clocks, c)
	return t
}

// said returns a message of a ticket, written so many minutes after noon.
func said(key string, id ticket.ID, minutes int, text string) ticket.Message {
	return ticket.Message{Key: key, Ticket: id, Direction: ticket.Inbound, Content: channel.Message{Text: text, Time: noon.Add(time.Duration(minutes) * time.Minute)}}
}

func entry(key string, id ticket.ID) ticket.Entry {
	return ticket.Entry{Key: key, Kind: ticket.NoteAdded, Ticket: id}
}

func valueKey(name string) ticket.ValueKey { return ticket.ValueKey{Space: "space", Name: name} }

func value(name, data string) ticket.Value {
	return ticket.Value{Key: valueKey(name), Data: []byte(data)}
}

// oddTexts are keys that some Stores find hard to tell apart, to quote or to order.
func oddTexts() []string {
	return []string{
		"a", "A", "a ", " a", "ä", "a\u0308", "a/b", "a//b", "/", "..", "a\\b", "a%b", "a_b", "a'b", `a"b`, "a;--", "a\nb", "a\tb", "a\x01b", "a\x7fb",
		"😀", "👩‍👩‍👧", "\u202eabc", "\ufffd", "\U0010ffff", "ß", "ss", "İ", "i", "1", "01", "1.0", "null", "NULL", "true", "{}",
		strings.Repeat("long", 60), strings.Repeat("long", 60) + "x",
	}
}

func ids[R any](records []R, id func(*R) string) []string {
	out := make([]string, len(records))
	for i := range records {
		out[i] = id(&records[i])
	}
	return out
}

func ticketID(t *ticket.Ticket) string    { return string(t.ID) }
func messageKey(m *ticket.Message) string { return m.Key }
func entryKey(e *ticket.Entry) string     { return e.Key }
func taskID(t *ticket.Task) string        { return t.ID }
func leaseID(l *ticket.Lease) string      { return l.ID }
