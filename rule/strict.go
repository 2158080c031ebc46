package rule

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// Error is what is wrong with a condition, or with a document that [DecodeStrict] read, and where.
type Error struct {
	Path string // such as lanes[2].when.all[1].word; empty for the whole
	Line int    // line in the document, from 1; 0 where there is no document
	Err  error
}

// Error gives the place and the reason: `line 12: lanes[2].when.all[1].wrod: unknown field`.
func (e *Error) Error() string {
	s := e.Err.Error()
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Line > 0 {
		s = fmt.Sprintf("line %d: %s", e.Line, s)
	}
	return s
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// DecodeStrict decodes one JSON document, such as a desk file, into what into points at. It follows encoding/json and its struct tags (but not the
// option "string"), and refuses what a slip of the hand would turn into a silent mistake: an unknown field, a field given twice, a name in another
// case, null where neither a pointer nor an interface takes it (a list or map that is null is left out instead), text that is not UTF-8, data after the end, and values nested very deep.
//
// Its error is an *Error with the path and the line of the first mistake. A type's own UnmarshalJSON or UnmarshalText is used; when its UnmarshalJSON
// itself calls DecodeStrict and returns the error as it is, path and line come out as those in the whole document. After an error, what into points at
// may be partly filled. A byte order mark at the beginning is passed over. The size of data is the caller's to bound.
func DecodeStrict(data []byte, into any) error {
	to := reflect.ValueOf(into)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return &Error{Err: &json.InvalidUnmarshalError{Type: reflect.TypeOf(into)}}
	}
	n, err := parseDocument(data)
	if err != nil {
		return err
	}
	return decode(n, to.Elem())
}

// decode sets to, which is addressable, from n.
func decode(n *node, to reflect.Value) error {
	kind := to.Kind()
	if kind == reflect.Pointer {
		if n.kind == nullNode {
			to.SetZero()
			return nil
		}
		if to.IsNil() {
			to.Set(reflect.New(to.Type().Elem()))
		}
		return decode(n, to.Elem())
	}
	nullable := kind == reflect.Interface
	if kind == reflect.Slice || kind == reflect.Map {
		_, nullable = to.Addr().Interface().(json.Unmarshaler) // as json.RawMessage; others would lose what they hold in silence
	}
	if n.kind == nullNode && !nullable {
		return n.errorf("is null; leave it out")
	}
	switch own := to.Addr().Interface().(type) {
	case *Condition: // its own UnmarshalJSON would come here again, without the place
		return decodeCondition(n, own)
	case json.Unmarshaler, encoding.TextUnmarshaler:
		return decodeLeaf(n, to)
	}
	if n.kind == nullNode {
		to.SetZero()
		return nil
	}
	switch kind {
	case reflect.Struct:
		return decodeStruct(n, to)
	case reflect.Map:
		return decodeMap(n, to)
	case reflect.Slice:
		if to.Type().Elem().Kind() == reflect.Uint8 {
			return decodeLeaf(n, to) // base64
		}
		if n.kind != arrayNode {
			return wrongType(n, to.Type())
		}
		to.Set(reflect.MakeSlice(to.Type(), len(n.items), len(n.items)))
		return decodeItems(n, to)
	case reflect.Array:
		if n.kind != arrayNode {
			return wrongType(n, to.Type())
		}
		if len(n.items) != to.Len() {
			return n.errorf("has %d items, want %d", len(n.items), to.Len())
		}
		return decodeItems(n, to)
	}
	return decodeLeaf(n, to)
}

func decodeItems(n *node, to reflect.Value) error {
	for i, item := range n.items {
		if err := decode(item, to.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func decodeMap(n *node, to reflect.Value) error {
	t := to.Type()
	if n.kind != objectNode {
		return wrongType(n, t)
	}
	to.Set(reflect.MakeMapWithSize(t, len(n.members)))
	for _, m := range n.members {
		key, err := decodeKey(m, t.Key())
		if err != nil {
			return err
		}
		if to.MapIndex(key).IsValid() {
			return m.errorf("is given twice, in another spelling")
		}
		value := reflect.New(t.Elem()).Elem()
		if err := decode(m, value); err != nil {
			return err
		}
		to.SetMapIndex(key, value)
	}
	return nil
}

// decodeKey leaves the many ways to spell a key to encoding/json, by a map with this one key.
func decodeKey(m *node, t reflect.Type) (reflect.Value, error) {
	name, err := json.Marshal(m.name)
	if err != nil {
		return reflect.Value{}, m.errorf("%w", err)
	}
	one := reflect.New(reflect.MapOf(t, reflect.TypeFor[*struct{}]()))
	if err := json.Unmarshal(append(append([]byte("{"), name...), ":null}"...), one.Interface()); err != nil {
		return reflect.Value{}, m.errorf("name: %w", err)
	}
	return one.Elem().MapKeys()[0], nil
}

func decodeStruct(n *node, to reflect.Value) error {
	if n.kind != objectNode {
		return wrongType(n, to.Type())
	}
	fields := fieldsOf(to.Type(), nil)
	for _, m := range n.members {
		index, known := find(fields, m.name)
		if !known {
			names := make([]string, len(fields))
			for i, f := range fields {
				names[i] = f.name
			}
			return m.errorf("unknown field; known are %s", strings.Join(names, ", "))
		}
		if err := decode(m, fieldAt(to, index)); err != nil {
			return err
		}
	}
	return nil
}

// field is a field of a struct, or of a struct embedded in it, by its name in JSON.
type field struct {
	name  string
	index []int
}

func find(fields []field, name string) (index []int, ok bool) {
	for _, f := range fields {
		if f.name == name {
			return f.index, true
		}
	}
	return nil, false
}

// fieldsOf lists the fields of t: its own before those of embedded structs, which they hide.
func fieldsOf(t reflect.Type, above []int) []field {
	own := make([]field, 0, t.NumField())
	var embedded []field
	for i := range t.NumField() {
		f := t.Field(i)
		index := f.Index
		if above != nil {
			index = append(above[:len(above):len(above)], i)
		}
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		inner := f.Type
		if inner.Kind() == reflect.Pointer && f.IsExported() {
			inner = inner.Elem()
		}
		switch {
		case tag == "-":
		case f.Anonymous && name == "" && inner.Kind() == reflect.Struct:
			embedded = append(embedded, fieldsOf(inner, index)...)
		case !f.IsExported():
		case name == "":
			own = append(own, field{f.Name, index})
		default:
			own = append(own, field{name, index})
		}
	}
	for _, f := range embedded {
		if _, hidden := find(own, f.name); !hidden {
			own = append(own, f)
		}
	}
	return own
}

// fieldAt returns the field of to, making the embedded structs on the way to it.
func fieldAt(to reflect.Value, index []int) reflect.Value {
	for _, i := range index {
		if to.Kind() == reflect.Pointer {
			if to.IsNil() {
				to.Set(reflect.New(to.Type().Elem()))
			}
			to = to.Elem()
		}
		to = to.Field(i)
	}
	return to
}

// unmarshal leaves n to the type's own decoding, or else to encoding/json; the commonest values need neither.
func unmarshal(n *node, to reflect.Value) error {
	switch own := to.Addr().Interface().(type) {
	case json.Unmarshaler:
		return own.UnmarshalJSON(n.raw)
	case encoding.TextUnmarshaler:
		if n.kind == stringNode {
			return own.UnmarshalText([]byte(n.text))
		}
	case *json.Number: // a string that must be a number
	default:
		switch {
		case n.kind == stringNode && to.Kind() == reflect.String:
			to.SetString(n.text)
			return nil
		case n.kind == boolNode && to.Kind() == reflect.Bool:
			to.SetBool(n.raw[0] == 't')
			return nil
		}
	}
	return json.Unmarshal(n.raw, to.Addr().Interface())
}

// decodeLeaf decodes n as a whole, and finds the place of an error.
func decodeLeaf(n *node, to reflect.Value) error {
	err := unmarshal(n, to)
	switch e := err.(type) {
	case nil:
		return nil
	case *Error:
		place := &Error{Path: joinPath(n.path(), e.Path), Line: n.line, Err: e.Err}
		if e.Line > 0 {
			place.Line += e.Line - 1
		}
		return place
	case *json.UnmarshalTypeError:
		if own, ok := to.Addr().Interface().(encoding.TextUnmarshaler); ok && e.Field == "" && n.kind != stringNode {
			return wrongText(n, own)
		}
		if e.Field == "" {
			return wrongType(n, e.Type)
		}
	}
	return &Error{Path: n.path(), Line: n.line, Err: err}
}

// wrongText says that n is not the text that a type is read from, and in the type's own words what texts it reads.
func wrongText(n *node, own encoding.TextUnmarshaler) error {
	is := string(n.kind)
	if n.kind == numberNode {
		is = "the number " + string(n.raw)
	}
	if err := own.UnmarshalText(n.raw); err != nil {
		return n.errorf("is %s, want a string: %w", is, err)
	}
	return n.errorf("is %s, want a string", is)
}

// wrongType says that n is not what a t is decoded from.
func wrongType(n *node, t reflect.Type) error {
	want := t.Kind().String()
	switch t.Kind() {
	case reflect.String:
		want = "a string"
	case reflect.Bool:
		want = "true or false"
	case reflect.Float32, reflect.Float64:
		want = "a number (" + want + ")"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		want = "a whole number (" + want + ")"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		want = "a whole number from 0 (" + want + ")"
	case reflect.Slice, reflect.Array:
		want = "an array"
	case reflect.Struct, reflect.Map:
		want = "an object"
	}
	if n.kind == numberNode {
		return n.errorf("is the number %s, want %s", n.raw, want)
	}
	return n.errorf("is %s, want %s", n.kind, want)
}
