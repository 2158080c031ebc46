package salesforce

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

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// TestFaults is the table of what may become of a call: what each means, and that the next attempt leaves everything in the org once.
func TestFaults(t *testing.T) {
	t.Parallel()
	answer := func(status int, body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			for _, h := range headers {
				name, value, _ := strings.Cut(h, ": ")
				w.Header().Set(name, value)
			}
			w.WriteHeader(status)
			text, end := strings.CutSuffix(body, `"}]`)
			text += " " + r.Header.Get("Authorization") // as careless servers do
			if end {
				text += `"}]`
			}
			_, _ = io.WriteString(w, text)
		}
	}
	const anHour = "Retry-After: 3600"
	none, credential := remote.LevelNone, remote.LevelCredential
	for _, tt := range []struct {
		name  string
		fault http.HandlerFunc
		after bool // the org has carried it out before
		kind  remote.Kind
		scope remote.Level
		wait  time.Duration
		hangs bool // until the caller gives up
	}{
		{name: "429 with Retry-After", fault: answer(429, "", anHour), kind: remote.RateLimited, scope: remote.LevelApp, wait: time.Hour},
		{name: "429 without", fault: answer(429, ""), kind: remote.RateLimited, scope: remote.LevelApp},
		{name: "500", fault: answer(500, `[{"errorCode":"UNKNOWN_EXCEPTION","message":"An unexpected error occurred"}]`), kind: remote.Unavailable},
		{name: "500 after the work was done", fault: answer(500, ""), after: true, kind: remote.Unavailable},
		{name: "502 with HTML", fault: answer(502, "<html><title>Bad gateway</title>"), kind: remote.Unavailable},
		{name: "503 with Retry-After", fault: answer(503, "", anHour), kind: remote.Unavailable, scope: remote.LevelApp, wait: time.Hour},
		{name: "reset within the answer", fault: cutShort, after: true, kind: remote.Unavailable},
		{name: "no answer", fault: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, after: true, kind: remote.Unavailable},
		{name: "timeout after the request was written", fault: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, after: true, kind: remote.Unavailable, hangs: true},
		{name: "invalid JSON", fault: answer(200, `{"compositeResponse":[`), after: true, kind: remote.Unavailable},
		{name: "HTML in place of JSON", fault: answer(200, "<html><title>Log in</title>"), kind: remote.Unavailable},
		{name: "empty body", fault: func(http.ResponseWriter, *http.Request) {}, after: true, kind: remote.Unavailable},
		{name: "wrong types in fields", fault: answer(200, `{"compositeResponse":[{"httpStatusCode":"201","referenceId":7,"body":{}}]}`), after: true, kind: remote.Unavailable},
		{name: "another answer", fault: answer(200, `{"hasErrors":false,"results":[]}`), after: true, kind: remote.Unavailable},
		{name: "session that has ended", fault: answer(401, `[{"errorCode":"INVALID_SESSION_ID","message":"Session expired or invalid"}]`), kind: remote.Unauthorized, scope: credential},
		{name: "401 without a code", fault: answer(401, ""), kind: remote.Unauthorized, scope: credential},
		{name: "password that has expired", fault: answer(403, `[{"errorCode":"INVALID_OPERATION_WITH_EXPIRED_PASSWORD","message":"The password has expired"}]`), kind: remote.Unauthorized, scope: credential},
		{name: "API switched off", fault: answer(403, `[{"errorCode":"API_DISABLED_FOR_ORG","message":"The REST API is not enabled"}]`), kind: remote.Unauthorized, scope: remote.LevelApp},
		{name: "missing permission", fault: answer(403, `[{"errorCode":"INSUFFICIENT_ACCESS_OR_READONLY","message":"insufficient access rights on object id"}]`), kind: remote.PolicyBlocked},
		{name: "locked record", fault: answer(400, `[{"errorCode":"UNABLE_TO_LOCK_ROW","message":"unable to obtain exclusive access to this record"}]`), kind: remote.Unavailable},
		{name: "storage is full", fault: answer(400, `[{"errorCode":"STORAGE_LIMIT_EXCEEDED","message":"storage limit exceeded"}]`), kind: remote.Exhausted, scope: remote.LevelApp},
		{name: "a day's calls are used up", fault: answer(403, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`), kind: remote.Exhausted, scope: remote.LevelApp, wait: pauseWhenSpent},
		{name: "too many calls at once", fault: answer(403, `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"ConcurrentPerOrgLongTxn Limit exceeded."}]`), kind: remote.RateLimited, scope: remote.LevelApp, wait: pauseWhenBusy},
		{name: "redirect", fault: answer(302, "", "Location: https://evil.example/"), kind: remote.Unavailable, scope: none},
		{name: "huge body", fault: huge, after: true, kind: remote.Rejected},
		{name: "slow body", fault: slow, after: true, kind: remote.Unavailable, hangs: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, mended := newOrg(), new(atomic.Bool)
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, _ := io.ReadAll(r.Body)
				r.Body = io.NopCloser(bytes.NewReader(body))
				switch {
				case mended.Load():
					o.ServeHTTP(w, r)
				case tt.after:
					o.ServeHTTP(httptest.NewRecorder(), r)
					fallthrough
				default:
					tt.fault(w, r)
				}
			}))
			t.Cleanup(server.Close)
			now := loginTime
			sink := New(Options{
				Instance: server.URL, HTTP: server.Client(), Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}), Now: func() time.Time { return now }, Settle: 1,
				Mapping: mapping(),
			})
			sink.user = us
			c := change(3, "Where is my bag?")
			look := cursor{place{At: o.now()}, place{At: o.now()}}.encode()
			for name, call := range map[string]func(context.Context) error{
				"push":    func(ctx context.Context) error { _, err := sink.Push(ctx, c); return err },
				"changes": func(ctx context.Context) error { _, err := sink.Changes(ctx, look); return err },
				"lookup": func(ctx context.Context) error {
					_, _, err := sink.Lookup(ctx, crm.Lookup{Emails: []string{"a@example.org"}})
					return err
				},
				"erase": func(ctx context.Context) error { return sink.Erase(ctx, "contact-2", "") },
				"lead": func(ctx context.Context) error {
					_, err := sink.PushLead(ctx, crm.Lead{Key: "lead-1", Contact: *c.Contact})
					return err
				},
			} {
				now = now.Add(25 * time.Hour) // whatever one of them learned, the next begins afresh
				limit := time.Minute
				if tt.hangs {
					limit = 500 * time.Millisecond // long enough to have asked
				}
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				err := call(ctx)
				cancel()
				e, ok := errors.AsType[*remote.Error](err)
				if !ok {
					t.Fatalf("%s: error %v, want a *remote.Error", name, err)
				}
				if e.Kind != tt.kind || e.Scope.Level != tt.scope {
					t.Errorf("%s: error %v for %s, want %s for %s", name, err, e.Scope, tt.kind, tt.scope)
				}
				if wait := e.RetryAt.Sub(now); tt.wait == 0 != e.RetryAt.IsZero() || tt.wait != 0 && wait != tt.wait {
					t.Errorf("%s: come back at %s, want after %s", name, e.RetryAt, tt.wait)
				}
				if strings.Contains(err.Error(), token) {
					t.Errorf("%s: the error shows the token: %v", name, err)
				}
			}
			mended.Store(true)
			now = now.Add(25 * time.Hour)
			for range 2 {
				if _, err := sink.Push(t.Context(), c); err != nil {
					t.Fatalf("the next push: %v", err)
				}
				if _, err := sink.PushLead(t.Context(), crm.Lead{Key: "lead-1", Contact: *c.Contact}); err != nil {
					t.Fatalf("the next lead: %v", err)
				}
			}
			for object, want := range map[string]int{"Contact": 1, caseObject: 1, interactionObject: 3, leadObject: 1} {
				if n := len(o.objects[object]); n != want {
					t.Errorf("the org holds %d of %s, want %d", n, object, want)
				}
			}
		})
	}
}

// cutShort answers half of what it says it will.
func cutShort(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"compositeResponse":[`)
}

func huge(w http.ResponseWriter, r *http.Request) {
	block := bytes.Repeat([]byte(" "), 1<<20)
	for range 12 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

func slow(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"compositeResponse":[`)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func TestTimeoutBeforeTheRequestWasWrittenIsUnavailable(t *testing.T) {
	t.Parallel()
	dialler := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	sink := New(Options{Instance: "https://acme.example", HTTP: &http.Client{Transport: dialler}, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := sink.Push(ctx, change(1, "Where is my bag?"))
	if remote.KindOf(err) != remote.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v, want unavailable, and the deadline", err)
	}
}

func TestLittleOfTheQuotaLeftSlowsDownBetweenPushesNotWithin(t *testing.T) {
	t.Parallel()
	now := loginTime
	o, sink := openWith(t, Options{Now: func() time.Time { return now }})
	o.usage = "api-usage=4600/5000"
	if _, err := sink.Push(t.Context(), change(60, "Where is my bag?")); err != nil || o.calls != 3 {
		t.Fatalf("error %v after %d calls, want none after 3", err, o.calls)
	}
	_, err := sink.Push(t.Context(), change(1, "Where is my bag?"))
	e, ok := errors.AsType[*remote.Error](err)
	if !ok || e.Kind != remote.RateLimited || e.Scope != sink.org || e.RetryAt.Sub(now) != 17280*time.Millisecond || o.calls != 3 {
		t.Fatalf("error %v after %d calls, want rate limited for 17.28 s without a call", err, o.calls)
	}
	now = e.RetryAt
	o.usage = "api-usage=4400/5000"
	for range 3 {
		if _, err := sink.Push(t.Context(), change(1, "Where is my bag?")); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	}
	o.usage = "api-usage=5000/5000"
	c := change(60, "Where is my bag?")
	if receipt, err := sink.Push(t.Context(), c); remote.KindOf(err) != remote.RateLimited || len(receipt.Interactions) != 23 {
		t.Errorf("the quota is spent in the middle: error %v with %d interactions told, want rate limited with 23", err, len(receipt.Interactions))
	}
}
