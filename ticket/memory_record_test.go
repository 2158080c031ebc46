package ticket

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// fill sets every field of a record to something that is not zero, whatever fields it has: a field that a packer forgets comes back empty.
func fill(v reflect.Value, n *int, text func() string) {
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 12, 0, *n, *n, time.UTC)))
		return
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
		v.SetBytes([]byte(fmt.Sprintf("%s%d", text(), *n)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("%s%d", text(), *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(1000 + *n))
	case reflect.Int8:
		v.SetInt(-1)
	case reflect.Uint8:
		v.SetUint(1)
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
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n, text)
			fill(value, n, text)
			v.SetMapIndex(key, value)
		}
	default:
		panic(fmt.Sprintf("fill does not know %s", v.Type()))
	}
}

func packAndUnpack[T any](t rapid.TB, record T, pack func(*packer, *T)) {
	t.Helper()
	var p packer
	before := record
	pack(&p, &record)
	if diff := cmp.Diff(before, record); diff != "" {
		t.Errorf("packing changed the record (-before +after):\n%s", diff)
	}
	u := unpacker(string(p.buf))
	var got T
	pack(&u, &got)
	if diff := cmp.Diff(record, got); diff != "" {
		t.Errorf("%T came back as another (-put +got):\n%s", record, diff)
	}
	if u.src != "" {
		t.Errorf("%T: %d bytes are left", record, len(u.src))
	}
}

func filled[T any](text func() string) (record T) {
	n := 0
	fill(reflect.ValueOf(&record).Elem(), &n, text)
	return record
}

func packEach(t rapid.TB, text func() string) {
	packAndUnpack(t, filled[Ticket](text), (*packer).ticket)
	packAndUnpack(t, filled[Conversation](text), (*packer).conversation)
	packAndUnpack(t, filled[Message](text), (*packer).message)
	packAndUnpack(t, filled[Contact](text), (*packer).contact)
	packAndUnpack(t, filled[Identity](text), (*packer).identity)
	packAndUnpack(t, filled[AgentState](text), (*packer).agent)
	packAndUnpack(t, filled[Value](text), (*packer).value)
	packAndUnpack(t, filled[EventKey](text), (*packer).eventKey)
	packAndUnpack(t, filled[MessageRef](text), (*packer).messageRef)
	packAndUnpack(t, filled[Task](text), (*packer).task)
	packAndUnpack(t, filled[QueuePause](text), (*packer).pause)
	entry := filled[Entry](text)
	entry.Position = ""
	packAndUnpack(t, entry, (*packer).entry)
}

func TestPackedRecordsKeepEveryField(t *testing.T) {
	t.Parallel()
	packEach(t, func() string { return "text" })
	packEach(t, func() string { return strings.Repeat("long ", 100) })
}

func TestPackedRecordsKeepZeroFields(t *testing.T) {
	t.Parallel()
	packAndUnpack(t, Ticket{}, (*packer).ticket)
	packAndUnpack(t, Message{}, (*packer).message)
	packAndUnpack(t, Entry{}, (*packer).entry)
	packAndUnpack(t, Task{}, (*packer).task)
	packAndUnpack(t, Value{}, (*packer).value)
}

func TestPackedRecordsKeepAnyText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.String()
		packEach(t, func() string { return texts.Draw(t, "text") })
	})
}

func TestPackedTimesKeepTheInstant(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := time.Unix(rapid.Int64Range(-1e11, 1e11).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
		want = want.In(time.FixedZone("somewhere", rapid.IntRange(-12, 14).Draw(t, "zone")*3600))
		if got := instantOf(want).time(); !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("%v came back as %v", want, got)
		}
	})
}

func TestATextThatOccursBeforeIsPackedAsAReference(t *testing.T) {
	t.Parallel()
	const long = "1234567890:4711"
	size := func(texts ...string) int {
		var p packer
		for i := range texts {
			packText(&p, &texts[i])
		}
		u := unpacker(string(p.buf))
		for i, want := range texts {
			var got string
			if packText(&u, &got); got != want {
				t.Errorf("text %d of %q came back as %q", i, texts, got)
			}
		}
		return len(p.buf)
	}
	if once, twice := size(long), size(long, long); twice > once+3 {
		t.Errorf("%d bytes once, %d twice", once, twice)
	}
	if whole, part := size(long), size(long, long[11:]); part != whole+len(long[11:])+1 {
		t.Errorf("a short text takes %d bytes, want it as it is", part-whole)
	}
	if whole, part := size(long), size(long, long[:10]); part > whole+3 {
		t.Errorf("a part of a text takes %d bytes, want a reference", part-whole)
	}
	key := func(before string) string {
		var p packer
		packText(&p, &before)
		n := len(p.buf)
		k := long
		packKey(&p, &k)
		return string(p.buf[n:])
	}
	if key("") != key(long) {
		t.Error("a key is packed in two ways")
	}
}
