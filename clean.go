package socialcrm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// What comes from outside (platforms, CRMs, hosts) may hold bytes that are no UTF-8, or NUL, and databases refuse both for ever: a message would never be stored. So
// every text is cleaned once, where it comes in, before anything is made of it: events by arrive, what adapters answer where the call returns, errors by reasonOf.
// Verbs refuse such texts instead: a person can write them again.

const replacement = "�" // U+FFFD stands where something was that cannot be kept

func cleanText(s string) string {
	if soundText(s) {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, replacement), "\x00", replacement)
}

func soundText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// clean makes every text sound that *v holds, however deep. What v shares with others (slices, maps, what it points to) is copied before it changes.
func clean[T any](v *T) {
	if value := reflect.ValueOf(v).Elem(); !sound(value) {
		mend(value)
	}
}

// checkSound refuses what a host gives to a verb: name says what it is.
func checkSound(name string, v any) error {
	if v != nil && !sound(reflect.ValueOf(v)) {
		return fmt.Errorf("%s: a text is no UTF-8, or holds a zero byte: %w", name, ErrInvalid)
	}
	return nil
}

// reasonOf is what an error of somebody else says, fit to be stored.
func reasonOf(err error) string { return cleanText(err.Error()) }

// textless are the types without text for others that the walks below need not enter.
func textless(t reflect.Type) bool {
	return t == reflect.TypeFor[time.Time]() || t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Uint8 // bytes are kept as they are
}

func sound(v reflect.Value) bool {
	if textless(v.Type()) {
		return true
	}
	switch v.Kind() {
	case reflect.String:
		return soundText(v.String())
	case reflect.Struct:
		for i := range v.NumField() {
			if !sound(v.Field(i)) {
				return false
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !sound(v.Index(i)) {
				return false
			}
		}
	case reflect.Map:
		return v.Len() == 0 || soundMap(v)
	case reflect.Pointer, reflect.Interface:
		return v.IsNil() || sound(v.Elem())
	}
	return true
}

// unsound finds the first text that cannot be stored, and says where it is as JSON names it; empty: there is none.
func unsound(v reflect.Value, path string) string {
	if sound(v) {
		return ""
	}
	switch v.Kind() {
	case reflect.Struct:
		if v.Type().Implements(reflect.TypeFor[json.Marshaler]()) {
			return path // one value
		}
		for i := range v.NumField() {
			name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			if where := unsound(v.Field(i), strings.TrimPrefix(path+"."+cmp.Or(name, v.Type().Field(i).Name), ".")); where != "" {
				return where
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if where := unsound(v.Index(i), path+"["+strconv.Itoa(i)+"]"); where != "" {
				return where
			}
		}
	case reflect.Map:
		for key, value := range v.Seq2() {
			if where := unsound(value, fmt.Sprintf("%s[%q]", path, key)); where != "" {
				return where
			}
		}
	case reflect.Pointer, reflect.Interface:
		return unsound(v.Elem(), path)
	}
	return path
}

// soundMap stands alone, because walking over a map costs allocations, also for who does not get that far.
func soundMap(v reflect.Value) bool {
	for key, value := range v.Seq2() {
		if !sound(key) || !sound(value) {
			return false
		}
	}
	return true
}

func mend(v reflect.Value) {
	if textless(v.Type()) {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(cleanText(v.String()))
	case reflect.Struct:
		for i := range v.NumField() {
			mend(v.Field(i))
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(own, v)
		for i := range own.Len() {
			mend(own.Index(i))
		}
		v.Set(own)
	case reflect.Map:
		if v.IsNil() {
			return
		}
		own := reflect.MakeMapWithSize(v.Type(), v.Len())
		for key, value := range v.Seq2() {
			k, e := reflect.New(key.Type()).Elem(), reflect.New(value.Type()).Elem()
			k.Set(key)
			e.Set(value)
			mend(k)
			mend(e)
			own.SetMapIndex(k, e)
		}
		v.Set(own)
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		own := reflect.New(v.Type().Elem())
		own.Elem().Set(v.Elem())
		mend(own.Elem())
		v.Set(own)
	}
}
