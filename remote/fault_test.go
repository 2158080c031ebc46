package remote_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

// TestFaultyAnswers is the table of what may come back, and what it means for a post and for a request that may be repeated.
func TestFaultyAnswers(t *testing.T) {
	t.Parallel()
	status := func(code int, body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for _, h := range headers {
				name, value, _ := strings.Cut(h, ": ")
				w.Header().Set(name, value)
			}
			w.WriteHeader(code)
			io.WriteString(w, body)
		}
	}
	hijack := func(answer string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				panic(err)
			}
			io.WriteString(conn, answer)
			if tcp, ok := conn.(*net.TCPConn); ok && answer == "" {
				tcp.SetLinger(0) // a reset instead of an orderly end
			}
			conn.Close()
		}
	}
	var bomb bytes.Buffer
	zip := gzip.NewWriter(&bomb)
	zip.Write(make([]byte, 1<<20))
	zip.Close()

	for _, c := range []struct {
		name       string
		answer     http.HandlerFunc
		post, read string // the errors after "chirp: call: "; "" is success
	}{
		{"429 with Retry-After", status(429, `{"error":"Too many requests"}`, "Retry-After: 90"),
			"rate limited until 12:01:30Z: status 429: Too many requests", "rate limited until 12:01:30Z: status 429: Too many requests"},
		{"429 without", status(429, ""), "rate limited: status 429", "rate limited: status 429"},
		{"429 with a reset", status(429, "", "X-Left: 0", "X-Reset: 60"), "rate limited until 12:01:00Z: status 429", "rate limited until 12:01:00Z: status 429"},
		{"500", status(500, `{"error":{"message":"boom"}}`), "unknown outcome: status 500: boom", "unavailable: status 500: boom"},
		{"502 in HTML", status(502, "<html><title>Bad\nGateway</title>", "Content-Type: text/html"),
			`unknown outcome: status 502: HTML page "Bad Gateway"`, `unavailable: status 502: HTML page "Bad Gateway"`},
		{"503", status(503, "down", "Retry-After: 5"), "unavailable until 12:00:05Z: status 503: down", "unavailable until 12:00:05Z: status 503: down"},
		{"504", status(504, ""), "unknown outcome: status 504", "unavailable: status 504"},
		{"400", status(400, `[{"message":"bad id","errorCode":"MALFORMED_ID"}]`), "rejected: status 400: bad id", "rejected: status 400: bad id"},
		{"401", status(401, `{"title":"Unauthorized"}`), "unauthorized: status 401: Unauthorized", "unauthorized: status 401: Unauthorized"},
		{"402", status(402, ""), "exhausted: status 402", "exhausted: status 402"},
		{"403", status(403, `{"errors":["", "no"]}`), "blocked by policy: status 403: no", "blocked by policy: status 403: no"},
		{"404", status(404, ""), "not found: status 404", "not found: status 404"},
		{"408", status(408, ""), "unavailable: status 408", "unavailable: status 408"},
		{"409", status(409, ""), "rejected: status 409", "rejected: status 409"},
		{"410", status(410, ""), "not found: status 410", "not found: status 410"},
		{"invalid JSON", status(200, `{"id":`), "unknown outcome: status 200: answer is not JSON: unexpected end of JSON input",
			"unavailable: status 200: answer is not JSON: unexpected end of JSON input"},
		{"another JSON", status(200, `{"id":7}`), `unknown outcome: status 200: answer has a JSON number at "id", which does not fit string`,
			`unavailable: status 200: answer has a JSON number at "id", which does not fit string`},
		{"HTML for JSON", status(200, " <!doctype html><title>Log in &amp; go on</title>"), `unknown outcome: status 200: answer is not JSON but an HTML page "Log in & go on"`,
			`unavailable: status 200: answer is not JSON but an HTML page "Log in & go on"`},
		{"empty body", status(200, ""), "unknown outcome: status 200: answer is empty where JSON was expected",
			"unavailable: status 200: answer is empty where JSON was expected"},
		{"204", status(204, ""), "", ""},
		{"huge body", status(200, strings.Repeat("x", 4<<10)), "unknown outcome: status 200: answer has more than 2048 bytes",
			"rejected: status 200: answer has more than 2048 bytes"},
		{"huge body of an error", status(400, strings.Repeat("x", 4<<10)), "rejected: status 400: " + strings.Repeat("x", 300) + "…",
			"rejected: status 400: " + strings.Repeat("x", 300) + "…"},
		{"gzip bomb", status(200, bomb.String(), "Content-Encoding: gzip"), "unknown outcome: status 200: answer has more than 2048 bytes",
			"rejected: status 200: answer has more than 2048 bytes"},
		{"what was not asked for", status(200, "?", "Content-Encoding: br"), `unknown outcome: status 200: answer is compressed with "br", which was not asked for`,
			`unavailable: status 200: answer is compressed with "br", which was not asked for`},
		{"redirect to another host", status(307, "", "Location: https://evil.example/x?access_token=1"),
			"rejected: status 307: redirects to https://evil.example/x", "rejected: status 307: redirects to https://evil.example/x"},
		{"end within the body", hijack("HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{\"id\""), "unknown outcome: status 200: unexpected EOF",
			"unavailable: status 200: unexpected EOF"},
		{"end without an answer", hijack("HTTP/1.1 200 OK\r\nA: b"), "unknown outcome: net/http: HTTP/1.x transport connection broken: unexpected EOF",
			"unavailable: net/http: HTTP/1.x transport connection broken: unexpected EOF"},
		{"not HTTP", hijack("hello\r\n\r\n"), `unknown outcome: net/http: HTTP/1.x transport connection broken: malformed HTTP response "hello"`,
			`unavailable: net/http: HTTP/1.x transport connection broken: malformed HTTP response "hello"`},
		{"forged log lines", status(400, "no\nERROR all is lost\x1b[2J"), "rejected: status 400: no ERROR all is lost [2J", "rejected: status 400: no ERROR all is lost [2J"},
		{"an echoed token", status(400, "bad token "+secretToken+" or "+url.QueryEscape(secretToken)), "rejected: status 400: bad token [redacted] or [redacted]",
			"rejected: status 400: bad token [redacted] or [redacted]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := serve(t, c.answer)
			client.MaxResponse = 2 << 10
			client.Quotas = []remote.Quota{{Remaining: "X-Left", Reset: "X-Reset"}}
			var into struct {
				ID string `json:"id"`
			}
			for _, idempotent := range []bool{false, true} {
				client.Limiter = new(remote.Limiter)
				want := c.post
				if idempotent {
					want = c.read
				}
				resp, err := client.Do(t.Context(), remote.Request{Op: "call", Method: "POST", JSON: struct{}{}, Into: &into, Idempotent: idempotent})
				if want != "" {
					want = "chirp: call: " + want
				}
				got := ""
				if err != nil {
					got = err.Error()
					if e := asError(t, err); (e.Status != 0) != (resp != nil) {
						t.Errorf("status %d, but the response is %v", e.Status, resp)
					}
				}
				if got != want {
					t.Errorf("idempotent %t:\n got %s\nwant %s", idempotent, got, want)
				}
			}
		})
	}
}

func TestResetAfterTheRequestWasWritten(t *testing.T) {
	t.Parallel()
	c := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	})
	_, err := c.Do(t.Context(), remote.Request{Op: "post", JSON: 1})
	if remote.KindOf(err) != remote.Unknown || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("got %v, want an unknown outcome after a reset", err)
	}
}

func TestSlowAnswers(t *testing.T) {
	t.Parallel()
	for name, early := range map[string]string{"before the headers": "", "within the body": `{"id":`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := serve(t, func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if early != "" {
					io.WriteString(w, early)
					http.NewResponseController(w).Flush()
				}
				<-r.Context().Done()
			})
			c.Timeout = 50 * time.Millisecond
			for _, idempotent := range []bool{false, true} {
				_, err := c.Do(t.Context(), remote.Request{Op: "post", JSON: 1, Idempotent: idempotent})
				want := remote.Unknown
				if idempotent {
					want = remote.Unavailable
				}
				var timeout net.Error
				if remote.KindOf(err) != want || !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &timeout) || !timeout.Timeout() {
					t.Errorf("idempotent %t: got %v, want %v and a timeout", idempotent, err, want)
				}
				if !strings.Contains(err.Error(), "no answer within 50ms") {
					t.Errorf("%v does not say how long was waited", err)
				}
			}
		})
	}
}

func TestCancelledWhileWaitingForTheAnswer(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	})
	_, err := c.Do(ctx, remote.Request{Op: "post", JSON: 1})
	if remote.KindOf(err) != remote.Unknown || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want an unknown outcome, cancelled", err)
	}
}

// TestNothingWasSent lists the failures after which even a post may simply be tried again, or never.
func TestNothingWasSent(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(nil)
	closed.Close()
	secure := httptest.NewUnstartedServer(nil)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it would tell of the handshake that failed
	secure.StartTLS()
	t.Cleanup(secure.Close)
	stuck := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { <-ctx.Done(); return nil, ctx.Err() }}
	lost := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.DNSError{Err: "no such host", Name: "social.invalid", IsNotFound: true}
	}}
	distrustful := &http.Transport{TLSClientConfig: &tls.Config{ServerName: "other.example"}}
	ended, cancel := context.WithCancel(t.Context())
	cancel()

	for _, c := range []struct {
		name   string
		ctx    context.Context
		client remote.Client
		req    remote.Request
		kind   remote.Kind
		text   string
	}{
		{"connection refused", nil, remote.Client{Base: closed.URL}, remote.Request{JSON: 1}, remote.Unavailable, "connection refused"},
		{"timeout while connecting", nil, remote.Client{Base: "http://social.invalid", HTTP: &http.Client{Transport: stuck}, Timeout: 20 * time.Millisecond},
			remote.Request{JSON: 1}, remote.Unavailable, "no answer within 20ms"},
		{"no such host", nil, remote.Client{Base: "http://social.invalid", HTTP: &http.Client{Transport: lost}}, remote.Request{JSON: 1}, remote.Unavailable, "no such host"},
		{"a certificate nobody vouches for", nil, remote.Client{Base: secure.URL, HTTP: &http.Client{Transport: distrustful}}, remote.Request{JSON: 1}, remote.Unavailable, "certificate"},
		{"context over", ended, remote.Client{Base: closed.URL}, remote.Request{JSON: 1}, remote.Unavailable, "context canceled"},
		{"body too large", nil, remote.Client{Base: closed.URL, MaxRequest: 3}, remote.Request{JSON: "abc"}, remote.Rejected, "body has more than 3 bytes"},
		{"body that does not marshal", nil, remote.Client{Base: closed.URL}, remote.Request{JSON: func() {}}, remote.Rejected, "body does not marshal"},
		{"two bodies", nil, remote.Client{Base: closed.URL}, remote.Request{JSON: 1, Body: []byte{1}}, remote.Rejected, "only one of"},
		{"no address", nil, remote.Client{}, remote.Request{Path: "/me"}, remote.Rejected, "neither base nor path"},
		{"a page on another host", nil, remote.Client{Base: "https://social.example"}, remote.Request{Path: "HTTPS://evil.example/next"}, remote.Rejected,
			"address is on evil.example, not on social.example"},
		{"a page on another host, without scheme", nil, remote.Client{Base: "https://social.example"}, remote.Request{Path: "//evil.example/next"}, remote.Rejected, "neither"},
		{"a page without TLS", nil, remote.Client{Base: "https://social.example"}, remote.Request{Path: "http://social.example/next"}, remote.Rejected, "not on"},
		{"a base that tries to be another", nil, remote.Client{Base: "https://social.example@evil.example\x7f"}, remote.Request{Path: "/me"}, remote.Rejected, "base is not a URL"},
		{"a header that is none", nil, remote.Client{Base: closed.URL}, remote.Request{JSON: 1, Header: http.Header{"A": {"b\nc"}}}, remote.Rejected, "header A holds a line break"},
	} {
		ctx := c.ctx
		if ctx == nil {
			ctx = t.Context()
		}
		_, err := c.client.Do(ctx, c.req)
		if remote.KindOf(err) != c.kind || err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: got %v, want %v and %q", c.name, err, c.kind, c.text)
		}
	}
}

// quiet is a transport that tells nothing of how far it got, as fakes and wrappers may.
type quiet struct{ err error }

func (q quiet) RoundTrip(*http.Request) (*http.Response, error) { return nil, q.err }

func TestOfASilentTransportNothingIsKnown(t *testing.T) {
	t.Parallel()
	c := remote.Client{Base: "https://social.example", HTTP: &http.Client{Transport: quiet{io.ErrUnexpectedEOF}}}
	if _, err := c.Do(t.Context(), remote.Request{JSON: 1}); remote.KindOf(err) != remote.Unknown {
		t.Errorf("got %v, want an unknown outcome", err)
	}
	if _, err := c.Do(t.Context(), remote.Request{}); remote.KindOf(err) != remote.Unavailable {
		t.Errorf("got %v, want unavailable for a GET", err)
	}
}

// The standard transport repeats a request with an idempotency key by itself, on a connection that it has used before.
func TestNothingRepeatsAPostWithAKey(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Idempotency-Key", "X-Idempotency-Key"} {
		var calls atomic.Int64
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				return
			}
			calls.Add(1)
			if r.Header.Get(name) != "key-1" {
				t.Errorf("%s is %q", name, r.Header.Get(name))
			}
			_, _ = io.Copy(io.Discard, r.Body)
			panic(http.ErrAbortHandler)
		}))
		defer server.Close()
		c := remote.Client{Base: server.URL, HTTP: server.Client()}
		if _, err := c.Do(t.Context(), remote.Request{Path: "/"}); err != nil {
			t.Fatal(err)
		}
		_, err := c.Do(t.Context(), remote.Request{Path: "/posts", JSON: "text", Header: http.Header{name: {"key-1"}}})
		if remote.KindOf(err) != remote.Unknown || calls.Load() != 1 {
			t.Errorf("%s: got %v after %d calls, want an unknown outcome after one", name, err, calls.Load())
		}
	}
}
