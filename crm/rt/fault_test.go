package rt

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// TestFaults is the table of what may become of a call: what each means where RT is read and where it is written, and that the next attempt leaves everything in RT once.
func TestFaults(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for _, h := range headers {
				name, value, _ := strings.Cut(h, ": ")
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.ReplaceAll(body, "TOKEN", r.Header.Get("Authorization"))) // as careless servers do
		}
	}
	const anHour = "Retry-After: 3600"
	app, credential := remote.LevelApp, remote.LevelCredential
	for _, tt := range []struct {
		name          string
		fault         http.HandlerFunc
		after         bool // RT has carried it out before
		reads, writes remote.Kind
		scope         remote.Level
		wait          time.Duration
	}{
		{name: "429 with Retry-After", fault: answer(429, "slow down, TOKEN", anHour), reads: remote.RateLimited, writes: remote.RateLimited, scope: app, wait: time.Hour},
		{name: "429 without", fault: answer(429, ""), reads: remote.RateLimited, writes: remote.RateLimited, scope: app},
		{name: "500 without a word", fault: answer(500, ""), reads: remote.Unavailable, writes: remote.Unknown},
		{name: "500 after the work was done", fault: answer(500, `{"message":"TOKEN"}`), after: true, reads: remote.Unavailable, writes: remote.Unknown},
		{name: "502 with HTML", fault: answer(502, "<html><title>Bad gateway TOKEN</title>"), reads: remote.Unavailable, writes: remote.Unknown},
		{name: "503 with Retry-After", fault: answer(503, "", anHour), reads: remote.Unavailable, writes: remote.Unavailable, scope: app, wait: time.Hour},
		{name: "reset within the answer", fault: cutShort, after: true, reads: remote.Unavailable, writes: remote.Unknown},
		{name: "no answer", fault: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, after: true, reads: remote.Unavailable, writes: remote.Unknown},
		{name: "timeout after the request was written", fault: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, after: true, reads: remote.Unavailable, writes: remote.Unknown},
		{name: "invalid JSON, and nowhere to be found", fault: answer(200, `{"items":[`), after: true, reads: remote.Unavailable, writes: remote.Unknown},
		{name: "HTML in place of JSON", fault: answer(200, "<html><title>Log in, TOKEN</title>"), reads: remote.Unavailable, writes: remote.Unknown},
		{name: "empty body", fault: func(http.ResponseWriter, *http.Request) {}, after: true, reads: remote.Unavailable, writes: remote.Unknown},
		{name: "wrong types in fields", fault: answer(200, `{"id":{},"items":7,"Name":[]}`), after: true, reads: remote.Unavailable, writes: remote.Unknown},
		{name: "another answer", fault: answer(200, `{}`), after: true, reads: remote.Unavailable, writes: remote.Unknown},
		{name: "a token that has expired or was revoked", fault: answer(401, `{"message":"Unauthorized TOKEN"}`), reads: remote.Unauthorized, writes: remote.Unauthorized, scope: credential},
		{name: "a right that is missing", fault: answer(403, `{"message":"Forbidden"}`), reads: remote.PolicyBlocked, writes: remote.PolicyBlocked},
		{name: "a page that is missing", fault: answer(404, "<html><title>Not Found</title>"), reads: remote.Unavailable, writes: remote.Unavailable},
		{name: "redirect", fault: answer(302, "", "Location: https://evil.example/"), reads: remote.Unavailable, writes: remote.Unavailable},
		{name: "huge body", fault: huge, after: true, reads: remote.Rejected, writes: remote.Unknown},
		{name: "slow body", fault: slow, after: true, reads: remote.Unavailable, writes: remote.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for _, writing := range []bool{false, true} {
				s, healed := newStandIn(), new(atomic.Bool)
				server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					body, _ := io.ReadAll(r.Body)
					r.Body = io.NopCloser(bytes.NewReader(body))
					switch {
					case healed.Load() || writing != (writes(r, nil) > 0):
						s.ServeHTTP(w, r)
					case tt.after:
						s.ServeHTTP(httptest.NewRecorder(), r)
						fallthrough
					default:
						tt.fault(w, r)
					}
				}))
				t.Cleanup(server.Close)
				now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
				sink := New(Options{
					Address: server.URL, HTTP: server.Client(), Token: token, User: us, Now: func() time.Time { return now }, Settle: 1,
					Shred: func(_ context.Context, records []string) error { return s.shred(records) },
				})
				c := change(3, "Where is my bag?")
				calls := map[string]func(context.Context) error{
					"push":    func(ctx context.Context) error { _, err := sink.Push(ctx, c); return err },
					"changes": func(ctx context.Context) error { _, err := sink.Changes(ctx, "7"); return err },
					"lookup": func(ctx context.Context) error {
						_, _, err := sink.Lookup(ctx, crm.Lookup{Emails: []string{"a@example.org"}})
						return err
					},
					"erase": func(ctx context.Context) error { return sink.Erase(ctx, "contact-2", "") },
				}
				want := tt.reads
				if writing {
					want, calls = tt.writes, map[string]func(context.Context) error{"push": calls["push"]}
				}
				for name, call := range calls {
					now = now.Add(25 * time.Hour) // whatever one of them learned, the next begins afresh
					ctx, cancel := context.WithTimeout(t.Context(), patience(tt.name))
					err := call(ctx)
					cancel()
					e, ok := errors.AsType[*remote.Error](err)
					if !ok {
						t.Errorf("%s, writing %v: error %v, want a *remote.Error", name, writing, err)
						continue
					}
					if e.Kind != want || e.Scope.Level != tt.scope {
						t.Errorf("%s, writing %v: error %v for %s, want %s for %s", name, writing, err, e.Scope, want, tt.scope)
					}
					if wait := e.RetryAt.Sub(now); tt.wait == 0 != e.RetryAt.IsZero() || tt.wait != 0 && wait != tt.wait {
						t.Errorf("%s, writing %v: come back at %s, want after %s", name, writing, e.RetryAt, tt.wait)
					}
					if strings.Contains(err.Error(), token) {
						t.Errorf("%s, writing %v: the error shows the token: %v", name, writing, err)
					}
				}
				healed.Store(true)
				now = now.Add(25 * time.Hour)
				for range 2 {
					if _, err := sink.Push(t.Context(), c); err != nil {
						t.Fatalf("the next push: %v", err)
					}
				}
				s.mu.Lock()
				if users, tickets, comments := len(s.users)-9, len(s.tickets), len(s.transactions); users != 1 || tickets != 1 || comments != 3 {
					t.Errorf("writing %v: RT holds %d customers, %d tickets and %d comments, want 1, 1 and 3", writing, users, tickets, comments)
				}
				s.mu.Unlock()
			}
		})
	}
}

// patience is short where RT does not answer anyway.
func patience(fault string) time.Duration {
	if strings.HasPrefix(fault, "timeout") || strings.HasPrefix(fault, "slow") {
		return 300 * time.Millisecond
	}
	return 20 * time.Second
}

// cutShort answers half of what it says it will.
func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"items":[`)
}

func huge(w http.ResponseWriter, _ *http.Request) {
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 12 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func slow(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"items":[`)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func TestTimeoutBeforeTheRequestWasWrittenIsUnavailable(t *testing.T) {
	t.Parallel()
	dialler := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	sink := New(Options{Address: "https://rt.example", HTTP: &http.Client{Transport: dialler}, Token: token})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := sink.Push(ctx, change(1, "Where is my bag?"))
	if remote.KindOf(err) != remote.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want unavailable, and the deadline", err)
	}
}
