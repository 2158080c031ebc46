package storetest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// brand is the tenant that checks use where one is enough.
const brand = "brand"

// write puts records.
func (r Rig) write(t T, fn func(tx ticket.Tx)) {
	t.Helper()
	r.do(t, func(tx ticket.Tx) error {
		fn(tx)
		return nil
	})
}

// do runs an Update that must succeed. fn ends no check itself, since not every Store bears that.
func (r Rig) do(t T, fn func(tx ticket.Tx) error) {
	t.Helper()
	if err := r.Store.Update(t.Context(), brand, fn); err != nil {
		t.Fatalf("update: %v", err)
	}
}

// read returns what fn reads in a View.
func read[V any](t T, r Rig, fn func(ticket.Reader) (V, error)) V {
	t.Helper()
	return readAs(t, r.Store, brand, fn)
}

func readAs[V any](t T, s ticket.Store, tenant string, fn func(ticket.Reader) (V, error)) (v V) {
	t.Helper()
	err := s.View(t.Context(), tenant, func(rd ticket.Reader) (err error) {
		v, err = fn(rd)
		return err
	})
	if err != nil {
		t.Fatalf("view: %v", err)
	}
	return v
}

// inTx returns what fn returns in an Update that is committed.
func inTx[V any](t T, r Rig, fn func(ticket.Tx) (V, error)) (v V) {
	t.Helper()
	r.do(t, func(tx ticket.Tx) (err error) {
		v, err = fn(tx)
		return err
	})
	return v
}

// same expects two values to say the same: times by their instant, lists that are empty or nil alike, JSON by what it means.
func same(t T, what string, got, want any) bool {
	t.Helper()
	if d := difference(reflect.ValueOf(got), reflect.ValueOf(want)); d != "" {
		t.Errorf("%s: %s", what, d)
		return false
	}
	return true
}

// difference says where two values of one type first differ; "" when they do not.
func difference(got, want reflect.Value) string {
	if !got.IsValid() || !want.IsValid() || got.Type() != want.Type() {
		return fmt.Sprintf("got %v, want %v", got, want)
	}
	switch a := got.Interface().(type) {
	case time.Time:
		if b := want.Interface().(time.Time); !a.Equal(b) {
			return fmt.Sprintf("got %v, want %v", a, b)
		}
		return ""
	case json.RawMessage:
		var x, y any
		b := want.Interface().(json.RawMessage)
		if len(a)+len(b) > 0 && (json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil || !reflect.DeepEqual(x, y)) {
			return fmt.Sprintf("got %s, want %s", a, b)
		}
		return ""
	}
	switch got.Kind() {
	case reflect.Struct:
		for i := range got.NumField() {
			if d := difference(got.Field(i), want.Field(i)); d != "" {
				return got.Type().Field(i).Name + ": " + d
			}
		}
	case reflect.Pointer:
		if got.IsNil() != want.IsNil() {
			return fmt.Sprintf("got nil: %v, want nil: %v", got.IsNil(), want.IsNil())
		}
		if !got.IsNil() {
			return difference(got.Elem(), want.Elem())
		}
	case reflect.Slice:
		if got.Len() != want.Len() {
			return fmt.Sprintf("got %d: %s, want %d: %s", got.Len(), short(got), want.Len(), short(want))
		}
		for i := range got.Len() {
			if d := difference(got.Index(i), want.Index(i)); d != "" {
				return fmt.Sprintf("[%d]: %s", i, d)
			}
		}
	case reflect.Map:
		if got.Len()+want.Len() > 0 && !reflect.DeepEqual(got.Interface(), want.Interface()) {
			return fmt.Sprintf("got %s, want %s", short(got), short(want))
		}
	default:
		if !reflect.DeepEqual(got.Interface(), want.Interface()) {
			return fmt.Sprintf("got %s, want %s", short(got), short(want))
		}
	}
	return ""
}

func short(v reflect.Value) string {
	s := fmt.Sprintf("%+v", v)
	if v.Kind() == reflect.String {
		s = fmt.Sprintf("%q", v.String())
	}
	if len(s) > 300 {
		s = s[:300] + "..."
	}
	return s
}

// noon is when most of what the checks tell of happens.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is a Store's clock that stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: noon} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// short returns a time after which leases and values expire, and pass lets them.
func (r Rig) short() time.Duration {
	if r.Advance == nil {
		return 500 * time.Millisecond
	}
	return time.Minute
}

func (r Rig) pass(d time.Duration) {
	if r.Advance == nil {
		time.Sleep(d + d/4)
		return
	}
	r.Advance(d + time.Nanosecond)
}
