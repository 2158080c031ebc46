package storetest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
)

// recorder is a T that remembers what a check complains about.
type recorder struct {
	t        *testing.T
	ctx      context.Context
	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Cleanup(fn func()) { r.cleanups = append(r.cleanups, fn) }

func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) TempDir() string { return r.t.TempDir() }

// failuresOf runs the named check and returns what it complains about.
func failuresOf(t *testing.T, name string, h Harness) []string {
	t.Helper()
	i := slices.IndexFunc(Checks(), func(c Check) bool { return c.Name == name })
	if i < 0 {
		t.Fatalf("there is no check %q", name)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := &recorder{t: t, ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		Checks()[i].Run(r, h.Open(r))
	}()
	<-done
	for _, fn := range slices.Backward(r.cleanups) {
		fn()
	}
	return r.failures
}
