package crmtest

import (
	"context"
	"errors"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

// failing are the checks of errors.
func failing() []Check {
	return []Check{
		{Name: "a throttled push says until when, and for what", Run: checkThrottled},
		{Name: "an expired token is unauthorized, with its scope", Run: checkUnauthorized},
		{Name: "a CRM that is down is unavailable", Run: checkDown},
		{Name: "what will never be accepted is rejected", Run: checkRejected},
		{Name: "push makes one attempt", Run: checkOneAttempt},
		{Name: "a context that has ended stops a push before it begins", Run: checkEnded},
		{Name: "a push ends with its context", Run: checkStalled},
		{Name: "no error shows a secret", Run: checkSecrets},
		{Name: "the name is a fit name and stays", Run: checkName},
	}
}

func checkThrottled(t T, h Harness) {
	if !h.Features.has(remote.RateLimited) {
		return
	}
	r := h.Open(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r.Fault(Throttle(time.Hour, remote.Scope{Level: remote.LevelApp, ID: "crm"}))
	_, err := r.Sink.Push(ctx, sampleChange("a", 1))
	e := r.expectError(t, err, remote.RateLimited)
	if e.RetryAt.IsZero() {
		t.Errorf("error %q does not say when to come back", e)
	}
	if e.Scope == (remote.Scope{}) {
		t.Errorf("error %q does not say what is limited", e)
	}
	r.expectNothing(t)
}

func checkUnauthorized(t T, h Harness) {
	if !h.Features.has(remote.Unauthorized) {
		return
	}
	r := h.Open(t)
	r.Fault(Fault{Kind: remote.Unauthorized, Scope: remote.Scope{Level: remote.LevelCredential, ID: "crm"}})
	_, e := r.pushFails(t, sampleChange("a", 1), remote.Unauthorized)
	if e.Scope == (remote.Scope{}) {
		t.Errorf("error %q does not say whose token it is", e)
	}
	r.expectNothing(t)
}

func checkDown(t T, h Harness) {
	r := h.Open(t)
	r.Fault(Fail(remote.Unavailable))
	r.pushFails(t, sampleChange("a", 1), remote.Unavailable)
	r.expectNothing(t)
}

func checkRejected(t T, h Harness) {
	if !h.Features.has(remote.Rejected) {
		return
	}
	r := h.Open(t)
	r.Fault(Fail(remote.Rejected))
	r.pushFails(t, sampleChange("a", 1), remote.Rejected)
	r.expectNothing(t)
}

// expectNothing expects that sampleChange("a", 1) left no trace.
func (r Rig) expectNothing(t T) {
	t.Helper()
	if n := len(r.Cases("case-a")); n != 0 {
		t.Errorf("the push failed, and yet the CRM holds %d cases of it", n)
	}
}

func checkOneAttempt(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 1)
	second := remote.Rejected
	if !h.Features.has(second) {
		second = remote.Unavailable
	}
	r.Fault(Fail(remote.Unavailable))
	r.Fault(Fail(second))
	r.pushFails(t, c, remote.Unavailable)
	r.pushFails(t, c, second)
	r.pushOK(t, c)
	r.expectHeld(t, c)
}

func checkEnded(t T, h Harness) {
	r := h.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := r.Sink.Push(ctx, sampleChange("a", 1))
	r.expectError(t, err, remote.Unavailable)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %q does not wrap context.Canceled", err)
	}
	r.expectNothing(t)
}

func checkStalled(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 1)
	r.Fault(Stall())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	result := make(chan error, 1)
	go func() {
		_, err := r.Sink.Push(ctx, c)
		result <- err
	}()
	select {
	case err := <-result:
		r.expectError(t, err, remote.Unknown, remote.Unavailable)
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %q does not wrap context.DeadlineExceeded", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatalf("the push goes on 10 s after its context has ended")
	}
	r.pushOK(t, c)
	r.expectHeld(t, c)
}

// checkSecrets makes the CRM fail in every way; expectError looks for secrets.
func checkSecrets(t T, h Harness) {
	kinds := []remote.Kind{remote.RateLimited, remote.Unavailable, remote.Unauthorized, remote.Exhausted, remote.Rejected, remote.PolicyBlocked, remote.NotFound}
	for _, kind := range kinds {
		if !h.Features.has(kind) {
			continue
		}
		r := h.Open(t)
		r.Fault(Fail(kind))
		if _, err := r.Sink.Push(t.Context(), sampleChange("a", 1)); err == nil {
			t.Errorf("the CRM answered %q, and there is no error", kind)
		} else {
			r.expectNoSecret(t, err)
		}
	}
	r := h.Open(t)
	r.Fault(Lose())
	_, err := r.Sink.Push(t.Context(), sampleChange("a", 1))
	r.expectNoSecret(t, err)
}

func checkName(t T, h Harness) {
	r := h.Open(t)
	name := r.Sink.Name()
	if name == "" {
		t.Errorf("the sink has no name")
	}
	for _, c := range []byte(name) {
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '.' || c == '_') {
			t.Errorf("name %q has a %q, want lower-case letters, digits, '-', '.', '_'", name, c)
		}
	}
	r.pushOK(t, sampleChange("a", 1))
	if again := r.Sink.Name(); again != name {
		t.Errorf("the name was %q and is %q", name, again)
	}
}
