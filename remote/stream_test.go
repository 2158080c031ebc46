package remote_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/remote"
)

// streaming is a client of a server that answers with the handler.
func streaming(t *testing.T, handler http.HandlerFunc) *remote.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return &remote.Client{
		Name: "example", Base: server.URL, HTTP: server.Client(), Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "stream-token"}),
		Scopes: []remote.Scope{{Level: remote.LevelAccount, ID: "example/1"}}, Limiter: &remote.Limiter{},
	}
}

// carrying is a transport that answers without a network, so that time can be virtual.
type carrying func(*http.Request) *http.Response

func (c carrying) RoundTrip(r *http.Request) (*http.Response, error) { return c(r), nil }

func TestOpenGoesOnLongerThanACall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		in, out := io.Pipe()
		c := &remote.Client{
			Base: "https://chirp.example", Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "stream-token"}), Timeout: time.Second,
			HTTP: &http.Client{Timeout: time.Second, Transport: carrying(func(r *http.Request) *http.Response {
				if r.Header.Get("Authorization") != "Bearer stream-token" || r.Header.Get("User-Agent") != "socialcrm" {
					return &http.Response{StatusCode: http.StatusUnauthorized, Header: http.Header{}, Body: http.NoBody, Request: r}
				}
				return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: in, Request: r}
			})},
		}
		body, err := c.Open(t.Context(), remote.Request{Op: "listen", Path: "/events"}, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		go func() {
			for _, line := range []string{"one\n", "two\n", "three\n"} {
				_, _ = io.WriteString(out, line)
				time.Sleep(59 * time.Second) // the time of a whole call is long over
			}
			_ = out.Close()
		}()
		if got, err := io.ReadAll(body); err != nil || string(got) != "one\ntwo\nthree\n" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}

func TestOpenRefused(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
		kind    remote.Kind
		says    string
	}{
		{"token", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = io.WriteString(w, `{"error":"stream-token is not valid"}`)
		}, remote.Unauthorized, "[redacted] is not valid"},
		{"limit", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
		}, remote.RateLimited, "rate limited until"},
		{"redirect to another host", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://elsewhere.invalid/events", http.StatusFound)
		}, remote.Rejected, "redirects to http://elsewhere.invalid/events"},
		{"broken connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, remote.Unavailable, "listen: unavailable"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := streaming(t, tc.handler)
			body, err := c.Open(t.Context(), remote.Request{Op: "listen", Path: "/events"}, 0)
			if body != nil || remote.KindOf(err) != tc.kind || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, %v; want kind %q and %q", body, err, tc.kind, tc.says)
			}
			if tc.kind == remote.RateLimited {
				if _, err := c.Do(t.Context(), remote.Request{Path: "/other"}); remote.KindOf(err) != remote.RateLimited {
					t.Errorf("the next call, too, waits for the limit: %v", err)
				}
			}
		})
	}
}

func TestOpenEnds(t *testing.T) {
	t.Parallel()
	silent := func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "one\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	open := func(t *testing.T, ctx context.Context, handler http.HandlerFunc, idle time.Duration, opened func()) error {
		body, err := streaming(t, handler).Open(ctx, remote.Request{Op: "listen", Path: "/events"}, idle)
		if err != nil {
			t.Fatal(err)
		}
		defer body.Close()
		if opened != nil {
			opened()
		}
		_, err = io.ReadAll(body)
		if e, ok := errors.AsType[*remote.Error](err); !ok || e.Kind != remote.Unavailable || !strings.HasPrefix(err.Error(), "example: listen: ") {
			t.Errorf("got %v, want an Unavailable *remote.Error that says what was read", err)
		}
		return err
	}
	t.Run("nothing comes", func(t *testing.T) {
		t.Parallel()
		if err := open(t, t.Context(), silent, 20*time.Millisecond, nil); !strings.Contains(err.Error(), "nothing came for 20ms") {
			t.Error(err)
		}
	})
	t.Run("the context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		if err := open(t, ctx, silent, 0, cancel); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	t.Run("the connection breaks", func(t *testing.T) {
		t.Parallel()
		open(t, t.Context(), func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "one\n")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, 0, nil)
	})
	t.Run("no answer begins", func(t *testing.T) {
		t.Parallel()
		c := streaming(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		c.Timeout = 20 * time.Millisecond
		if _, err := c.Open(t.Context(), remote.Request{Path: "/events"}, 0); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "no answer within 20ms") {
			t.Error(err)
		}
	})
}
