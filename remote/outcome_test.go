package remote_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

func TestClassifyComesBeforeTheStatus(t *testing.T) {
	t.Parallel()
	body, status := "", 200
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); io.WriteString(w, body) })
	shared := &remote.Error{Kind: remote.WindowClosed, Code: "10/2018278"}
	c.Classify = func(r *remote.Response) *remote.Error {
		switch {
		case strings.Contains(string(r.Body), "window"):
			return shared
		case strings.Contains(string(r.Body), "slow"):
			return &remote.Error{Kind: remote.RateLimited, RetryAt: noon.Add(time.Minute), Scope: jane, Message: "slow down, " + secretToken}
		}
		return nil
	}
	for _, step := range []struct {
		status int
		body   string
		want   string
		scope  remote.Scope
	}{
		{200, `{}`, "", remote.Scope{}},
		{400, `{}`, "chirp: post: rejected: status 400", remote.Scope{}},
		{400, `{"message":"window over"}`, "chirp: post: window closed: status 400: code 10/2018278: window over", remote.Scope{}},
		{200, `{"message":"slow"}`, "chirp: post: rate limited until 12:01:00Z: status 200: slow down, [redacted]", jane},
	} {
		status, body = step.status, step.body
		_, err := c.Do(t.Context(), remote.Request{Op: "post", JSON: 1})
		got, scope := "", remote.Scope{}
		if err != nil {
			e := asError(t, err)
			got, scope = e.Error(), e.Scope
		}
		if got != step.want || scope != step.scope {
			t.Errorf("%d %s: got %q at %v, want %q at %v", step.status, step.body, got, scope, step.want, step.scope)
		}
	}
	if shared.Op != "" || shared.Message != "" {
		t.Errorf("the adapter's own error was written to: %+v", shared)
	}
	if _, err := c.Do(t.Context(), remote.Request{Op: "post", Scopes: []remote.Scope{jane}}); remote.KindOf(err) != remote.RateLimited {
		t.Errorf("to jane: got %v, want the limiter to hold", err)
	}
}

func TestScopesThatAnAnswerDoesNotName(t *testing.T) {
	t.Parallel()
	status := 0
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	credential := c.Scopes[1]
	for _, step := range []struct {
		status int
		scopes []remote.Scope
		want   remote.Scope
	}{
		{401, c.Scopes, credential},
		{401, nil, remote.Scope{Level: remote.LevelCredential, ID: "chirp"}},
		{401, []remote.Scope{acme}, acme},
		{402, c.Scopes, acme},
		{429, c.Scopes, acme},
		{404, c.Scopes, remote.Scope{}},
		{503, c.Scopes, remote.Scope{}},
	} {
		status, c.Scopes = step.status, step.scopes
		_, err := c.Do(t.Context(), remote.Request{})
		if got := asError(t, err).Scope; got != step.want {
			t.Errorf("status %d with scopes %v concerns %v, want %v", step.status, step.scopes, got, step.want)
		}
	}
}

func TestLimiterIsAskedBeforeAndLearnsAfter(t *testing.T) {
	t.Parallel()
	calls := 0
	var answer http.Header
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		calls++
		for name, values := range answer {
			w.Header()[name] = values
		}
		w.Header()["Date"] = nil
		if answer.Get("Retry-After") != "" {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	})
	clock := noon
	c.Now = func() time.Time { return clock }
	c.Quotas = []remote.Quota{
		{Remaining: "X-Left", Reset: "X-Reset", Level: remote.LevelEndpoint},
		{Remaining: "X-App-Left", Reset: "X-App-Reset", Level: remote.LevelApp},
	}
	c.Usage = func(h http.Header, now time.Time) []remote.Hold {
		if h.Get("X-Usage") == "100" {
			return []remote.Hold{{Scope: app, Until: now.Add(time.Hour)}}
		}
		return nil
	}
	posts := remote.Scope{Level: remote.LevelEndpoint, ID: "posts"}
	for _, step := range []struct {
		name   string
		answer http.Header
		wait   time.Duration // until when the next call is refused
		by     remote.Scope
	}{
		{"nothing to learn", headers("X-Left: 5", "X-Reset: 60"), 0, remote.Scope{}},
		{"the endpoint is spent", headers("X-Left: 0", "X-Reset: 60"), time.Minute, posts},
		{"the app is spent", headers("X-App-Left: 0", "X-App-Reset: 90"), 90 * time.Second, app},
		{"usage is full", headers("X-Usage: 100"), time.Hour, app},
		{"told to come back", headers("Retry-After: 30"), 30 * time.Second, acme},
	} {
		answer = step.answer
		before := calls
		if _, err := c.Do(t.Context(), remote.Request{Scopes: []remote.Scope{posts}}); calls != before+1 {
			t.Fatalf("%s: the call did not get through: %v", step.name, err)
		}
		answer = nil
		if step.wait == 0 {
			continue
		}
		_, err := c.Do(t.Context(), remote.Request{Op: "post", Scopes: []remote.Scope{posts}})
		e := asError(t, err)
		if e.Kind != remote.RateLimited || e.Scope != step.by || !e.RetryAt.Equal(clock.Add(step.wait)) || e.Status != 0 || calls != before+1 {
			t.Errorf("%s: got %v at %v, want %v by %v", step.name, e, e.Scope, clock.Add(step.wait), step.by)
		}
		clock = clock.Add(step.wait)
	}
}

func TestACallThatCannotBeBuiltTakesNothingFromTheRate(t *testing.T) {
	t.Parallel()
	c := serve(t, func(http.ResponseWriter, *http.Request) {})
	c.Limiter = &remote.Limiter{Rates: map[remote.Level]remote.Rate{remote.LevelNone: {Every: time.Hour}}}
	if _, err := c.Do(t.Context(), remote.Request{JSON: func() {}}); remote.KindOf(err) != remote.Rejected {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), remote.Request{}); err != nil {
		t.Error(err)
	}
}

func TestAScopeWithoutAnIDIsThatOfTheCallAtItsLevel(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTooManyRequests) }))
	defer server.Close()
	mia, shop := remote.Scope{Level: remote.LevelRecipient, ID: "shop/mia"}, remote.Scope{Level: remote.LevelAccount, ID: "shop"}
	for _, tt := range []struct{ said, want remote.Scope }{
		{remote.Scope{}, shop},
		{remote.Scope{Level: remote.LevelRecipient}, mia},
		{remote.Scope{Level: remote.LevelRecipient, ID: "shop/noa"}, remote.Scope{Level: remote.LevelRecipient, ID: "shop/noa"}},
		{remote.Scope{Level: remote.LevelAccount}, shop},
		{remote.Scope{Level: remote.LevelApp}, remote.Scope{Level: remote.LevelApp}}, // the call has none
	} {
		c := remote.Client{Name: "platform", Base: server.URL, Scopes: []remote.Scope{shop}, Classify: func(*remote.Response) *remote.Error {
			return &remote.Error{Kind: remote.RateLimited, Scope: tt.said}
		}}
		_, err := c.Do(t.Context(), remote.Request{Path: "/", Scopes: []remote.Scope{mia}})
		if e, ok := errors.AsType[*remote.Error](err); !ok || e.Scope != tt.want {
			t.Errorf("of %s: %v with %+v, want %s", tt.said, err, e, tt.want)
		}
	}
}
