package remote_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/remote"
)

const secretToken = "EAAB/secret+token=="

// serve starts a server and a client of it, which holds a token and is on the clock of noon.
func serve(t *testing.T, h http.HandlerFunc) *remote.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &remote.Client{
		Name: "chirp", Base: server.URL + "/v1", HTTP: server.Client(), Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secretToken}),
		Scopes: []remote.Scope{acme, {Level: remote.LevelCredential, ID: "token-7"}, app}, Limiter: new(remote.Limiter),
		Now: func() time.Time { return noon },
	}
}

// asError returns err as an Error.
func asError(t *testing.T, err error) *remote.Error {
	t.Helper()
	e, ok := errors.AsType[*remote.Error](err)
	if !ok {
		t.Fatalf("got %v, want a *remote.Error", err)
	}
	return e
}

func TestDoSendsWhatTheRequestSays(t *testing.T) {
	t.Parallel()
	var got string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = fmt.Sprintf("%s %s|%s|%s|%s|%s", r.Method, r.URL, r.Header.Get("Authorization"), r.Header.Get("Content-Type"), r.Header.Get("X-More"), body)
		fmt.Fprint(w, `{"id":"9"}`)
	})
	const bearer = "Bearer " + secretToken
	for _, test := range []struct {
		name string
		req  remote.Request
		want string
	}{
		{"nothing but a path", remote.Request{Path: "me"}, "GET /v1/me|" + bearer + "|||"},
		{"no path at all", remote.Request{}, "GET /v1|" + bearer + "|||"},
		{"a query in both places", remote.Request{Path: "/me?fields=id", Query: url.Values{"limit": {"5"}}}, "GET /v1/me?fields=id&limit=5|" + bearer + "|||"},
		{"JSON", remote.Request{Path: "/posts", JSON: map[string]int{"a": 1}}, "POST /v1/posts|" + bearer + `|application/json||{"a":1}`},
		{"a form", remote.Request{Path: "/posts", Method: "PUT", Form: url.Values{"a": {"1 2"}}}, "PUT /v1/posts|" + bearer + "|application/x-www-form-urlencoded||a=1+2"},
		{"bytes", remote.Request{Path: "/posts", Body: []byte("raw"), ContentType: "text/plain"}, "POST /v1/posts|" + bearer + "|text/plain||raw"},
		{"a header", remote.Request{Path: "/me", Header: http.Header{"x-more": {"1"}}}, "GET /v1/me|" + bearer + "||1|"},
		{"IDs that want elsewhere", remote.Request{Path: remote.Path("a/b", "..", "c?d")}, "GET /v1/a%2Fb/%2E%2E/c%3Fd|" + bearer + "|||"},
		{"the next page", remote.Request{Path: c.Base + "/me?after=x"}, "GET /v1/me?after=x|" + bearer + "|||"},
	} {
		var into struct{ ID string }
		test.req.Into = &into
		resp, err := c.Do(t.Context(), test.req)
		if err != nil || resp.Status != 200 || into.ID != "9" {
			t.Errorf("%s: %v, %+v", test.name, err, into)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestAuthorizePutsTheTokenElsewhere(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("access_token") != secretToken || r.Header.Get("Authorization") != "" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	c.Authorize = func(req *http.Request, token *oauth2.Token) error {
		q := req.URL.Query()
		q.Set("access_token", token.AccessToken)
		req.URL.RawQuery = q.Encode()
		return nil
	}
	if _, err := c.Do(t.Context(), remote.Request{Path: "/me"}); err != nil {
		t.Error(err)
	}
	c.Authorize = func(*http.Request, *oauth2.Token) error { return errors.New("no key for " + secretToken) }
	_, err := c.Do(t.Context(), remote.Request{Op: "read", Path: "/me"})
	if want := "chirp: read: rejected: no key for [redacted]"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %q", err, want)
	}
}

func TestRedirectsStayOnTheHost(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/moved":
			http.Redirect(w, r, "/v1/here?a=1", http.StatusMovedPermanently)
		case r.URL.Path == "/v1/loop":
			http.Redirect(w, r, "/v1/loop", http.StatusFound)
		case r.URL.Path == "/v1/away":
			http.Redirect(w, r, other.URL, http.StatusFound)
		case r.Header.Get("Referer") != "" || r.Header.Get("Authorization") == "":
			w.WriteHeader(http.StatusBadRequest)
		}
	})
	for _, test := range []struct {
		req    remote.Request
		status int
	}{
		{remote.Request{Path: "/moved"}, 200},
		{remote.Request{Path: "/moved", JSON: 1}, 301}, // a post is not turned into a read
		{remote.Request{Path: "/loop"}, 302},
		{remote.Request{Path: "/away"}, 302},
	} {
		resp, err := c.Do(t.Context(), test.req)
		if resp == nil || resp.Status != test.status || (err == nil) != (test.status == 200) {
			t.Errorf("%s %s: got %v, %v", test.req.Method, test.req.Path, resp, err)
		}
	}
	if n := elsewhere.Load(); n != 0 {
		t.Errorf("the token travelled to another host %d times", n)
	}
}

// refusing is an oauth2.TokenSource that fails as x/oauth2 does.
type refusing struct{ err error }

func (r refusing) Token() (*oauth2.Token, error) { return nil, r.err }

func TestTokenThatCannotBeHad(t *testing.T) {
	t.Parallel()
	leak := &oauth2.RetrieveError{
		Response: &http.Response{StatusCode: 400}, Body: []byte("client_secret=hush"), ErrorCode: "invalid_grant", ErrorDescription: "refresh_token=hush was used",
	}
	for _, c := range []struct {
		err  error
		want string
	}{
		{leak, "chirp: read: unauthorized: status 400: code invalid_grant: refresh_token=[redacted] was used"},
		{fmt.Errorf("wrapped: %w", &oauth2.RetrieveError{Response: &http.Response{StatusCode: 503, Header: http.Header{"Retry-After": {"9"}}}, Body: []byte("hush")}),
			"chirp: read: unavailable until 12:00:09Z: status 503"},
		{errors.New(`Post "https://h/token?client_secret=hush": EOF`), `chirp: read: unavailable: Post "https://h/token?client_secret=[redacted]": EOF`},
		{nil, "chirp: read: unauthorized: there is no token"},
	} {
		client := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("the request went out without a token") })
		client.Token = refusing{c.err}
		_, err := client.Do(t.Context(), remote.Request{Op: "read"})
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v, want %q", err, c.want)
		}
		if shown := fmt.Sprintf("%#v %+v", err, errors.Unwrap(err)); strings.Contains(shown, "hush") {
			t.Errorf("the error leaks when printed: %s", shown)
		}
		if _, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
			t.Error("errors.As gets at the body of the token endpoint's answer")
		}
	}
}

func TestNoErrorHoldsASecret(t *testing.T) {
	t.Parallel()
	const hush = "hush hush/hush"
	closed := httptest.NewServer(nil)
	closed.Close()
	c := remote.Client{
		Name: "gram", Base: closed.URL + "/bot" + url.PathEscape(hush), Secrets: []string{hush},
		Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: secretToken, RefreshToken: "refresh-7-hush"}),
		HTTP: &http.Client{Transport: quiet{&url.Error{Op: "Post", URL: "https://h?x=" + url.QueryEscape(hush), Err: &net.OpError{
			Op: "dial", Net: "tcp", Err: fmt.Errorf("proxy said %s, %s and %s: %w", hush, secretToken, "refresh-7-hush", io.EOF)}}}},
	}
	_, err := c.Do(t.Context(), remote.Request{Path: "/send?text=" + url.QueryEscape(hush), JSON: 1})
	shown := fmt.Sprintf("%v %+v %#v", err, err, err)
	for e := err; e != nil; e = errors.Unwrap(e) {
		shown += fmt.Sprintf("|%v %#v", e, e)
	}
	for _, secret := range []string{"hush", secretToken, url.QueryEscape(secretToken)} {
		if strings.Contains(shown, secret) {
			t.Errorf("%q is shown: %s", secret, shown)
		}
	}
	if _, ok := errors.AsType[*url.Error](err); ok || !errors.Is(err, io.EOF) {
		t.Errorf("%v: want io.EOF, and not the url.Error", err)
	}
}

func TestExpiredTokenIsReplacedForTheNextTry(t *testing.T) {
	t.Parallel()
	valid := "second"
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+valid {
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `[{"errorCode":"INVALID_SESSION_ID","message":"Session expired"}]`)
		}
	})
	store := &memory{token: &oauth2.Token{AccessToken: "first"}}
	c.Token = &remote.TokenSource{
		Name: "chirp", Store: store, Now: c.Now,
		Refresh: func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			return &oauth2.Token{AccessToken: "second"}, nil
		},
	}
	if _, err := c.Do(t.Context(), remote.Request{JSON: 1}); remote.KindOf(err) != remote.Unavailable {
		t.Errorf("with the old token: got %v, want to be told to try again", err)
	}
	if _, err := c.Do(t.Context(), remote.Request{JSON: 1}); err != nil {
		t.Errorf("with the new token: %v", err)
	}
	valid = "none"
	_, err := c.Do(t.Context(), remote.Request{JSON: 1})
	if e := asError(t, err); e.Kind != remote.Unauthorized || e.Scope.Level != remote.LevelCredential {
		t.Errorf("with a fresh token that is refused too: got %v, want unauthorized", err)
	}
}

func BenchmarkClientDo(b *testing.B) {
	c := remote.Client{
		Name: "chirp", Base: "https://social.example/v1", Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "t"}),
		HTTP: &http.Client{Transport: instant{}}, Scopes: []remote.Scope{acme, app}, Limiter: new(remote.Limiter),
		Quotas: []remote.Quota{{Remaining: "X-Ratelimit-Remaining", Reset: "X-Ratelimit-Reset"}},
	}
	type post struct{ ID, Text string }
	b.Run("Client", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var into post
			if _, err := c.Do(b.Context(), remote.Request{Op: "post", Path: "/posts", JSON: post{Text: "hello"}, Into: &into}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("http.Client alone", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			resp, err := c.HTTP.Post("https://social.example/v1/posts", "application/json", strings.NewReader(`{"ID":"","Text":"hello"}`))
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	})
}

// instant is a transport that answers at once.
type instant struct{}

func (instant) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 201, Header: http.Header{"X-Ratelimit-Remaining": {"299"}}, Body: io.NopCloser(strings.NewReader(`{"ID":"1","Text":"hello"}`)), Request: r,
	}, nil
}
