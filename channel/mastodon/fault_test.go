package mastodon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/remote"
)

// fault is what goes wrong with one request. done is whether the server carried it out.
type fault struct {
	name string
	do   func(w http.ResponseWriter, r *http.Request)
	done bool
	// send is the kind of a Send of which this befell the post, poll that of a Poll.
	send, poll remote.Kind
	// scoped: the error says by account what else it concerns. at: and when to come back.
	scoped bool
	at     time.Duration
}

func answer(status int, body string, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// reset refuses until five minutes from now, in the server's way of writing that.
func reset(write func(time.Time) string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		at := write(time.Now().Add(5 * time.Minute))
		answer(429, `{"error":"Too many requests"}`, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", at)(w, r)
	}
}

func aborts(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

const html502 = "<html><head><title>502 Bad Gateway</title></head><body>standin-access-token</body></html>"

// faults are the ways in which a call may go wrong.
func faults() []fault {
	return []fault{
		{name: "429 with Retry-After", do: answer(429, `{"error":"Too many requests"}`, "Retry-After", "120"), send: remote.RateLimited, poll: remote.RateLimited, scoped: true, at: 2 * time.Minute},
		{name: "429 without a time", do: answer(429, `{"error":"Too many requests"}`), send: remote.RateLimited, poll: remote.RateLimited, scoped: true},
		{name: "429 with an ISO reset", do: reset(func(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }),
			send: remote.RateLimited, poll: remote.RateLimited, scoped: true, at: 5 * time.Minute},
		{name: "429 with an epoch reset", do: reset(func(at time.Time) string { return fmt.Sprint(at.Unix()) }),
			send: remote.RateLimited, poll: remote.RateLimited, scoped: true, at: 5 * time.Minute},
		{name: "500", do: answer(500, `{"error":"We're sorry, but something went wrong"}`), send: remote.Unknown, poll: remote.Unavailable},
		{name: "500 after it was done", do: answer(500, ``), done: true, send: remote.Unknown, poll: remote.Unavailable},
		{name: "502 with HTML", do: answer(502, html502, "Content-Type", "text/html"), send: remote.Unknown, poll: remote.Unavailable},
		{name: "503", do: answer(503, `{"error":"maintenance"}`), send: remote.Unavailable, poll: remote.Unavailable},
		{name: "503 with Retry-After", do: answer(503, ``, "Retry-After", "60"), send: remote.Unavailable, poll: remote.Unavailable, scoped: true, at: time.Minute},
		{name: "silence", do: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, send: remote.Unknown, poll: remote.Unavailable},
		{name: "silence after it was done", do: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, done: true, send: remote.Unknown, poll: remote.Unavailable},
		{name: "reset", do: aborts, send: remote.Unknown, poll: remote.Unavailable},
		{name: "reset in the body", do: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"id":"1`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, done: true, send: remote.Unknown, poll: remote.Unavailable},
		{name: "invalid JSON", do: answer(200, `{"id":`), done: true, send: remote.Unknown, poll: remote.Unavailable},
		{name: "an empty body", do: answer(200, ``), done: true, send: remote.Unknown, poll: remote.Unavailable},
		{name: "an empty object", do: answer(200, `{}`), done: true, send: remote.Unknown, poll: remote.Unavailable},
		{name: "wrong types", do: answer(200, `{"id":17,"created_at":false}`), done: true, send: remote.Unknown, poll: remote.Unavailable},
		{name: "an expired token", do: answer(401, `{"error":"The access token expired"}`), send: remote.Unauthorized, poll: remote.Unauthorized, scoped: true},
		{name: "a revoked token", do: answer(401, `{"error":"The access token was revoked"}`), send: remote.Unauthorized, poll: remote.Unauthorized, scoped: true},
		{name: "a missing scope", do: answer(403, `{"error":"This action is outside the authorized scopes"}`), send: remote.Unauthorized, poll: remote.Unauthorized, scoped: true},
		{name: "a suspended account", do: answer(403, `{"error":"Your login is currently disabled"}`), send: remote.Unauthorized, poll: remote.Unauthorized, scoped: true},
		{name: "not allowed", do: answer(403, `{"error":"This action is not allowed"}`), send: remote.PolicyBlocked, poll: remote.PolicyBlocked},
		{name: "gone", do: answer(404, `{"error":"Record not found"}`), send: remote.NotFound, poll: remote.NotFound},
		{name: "a proxy's 404", do: answer(404, `<html><title>404</title>`), send: remote.Unavailable, poll: remote.Unavailable},
		{name: "invalid", do: answer(422, `{"error":"Validation failed: Text can't be blank"}`), send: remote.Rejected, poll: remote.Rejected},
		{name: "a redirect elsewhere", do: answer(302, ``, "Location", "https://elsewhere.example/?access_token=standin-access-token"), send: remote.Rejected, poll: remote.Rejected},
		{name: "a huge body", do: func(w http.ResponseWriter, _ *http.Request) {
			line := bytes.Repeat([]byte(" "), 1<<20)
			for range 12 {
				if _, err := w.Write(line); err != nil {
					return
				}
			}
		}, done: true, send: remote.Unknown, poll: remote.Rejected},
		{name: "a slow body", do: func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "[")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, done: true, send: remote.Unknown, poll: remote.Unavailable},
	}
}

// faulty is the stand-in with a fault that befalls the next request that hits chooses.
type faulty struct {
	network *standin.Server
	fault   fault
	hits    func(*http.Request) bool
	armed   atomic.Bool
	posts   atomic.Int64
	giveUp  func() // what the caller does once a slow fault has struck; nil: nothing
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isPost(r) {
		f.posts.Add(1)
	}
	if !f.hits(r) || !f.armed.CompareAndSwap(true, false) {
		f.network.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	if f.fault.done {
		again := r.Clone(context.Background())
		again.Body = io.NopCloser(bytes.NewReader(body))
		f.network.ServeHTTP(httptest.NewRecorder(), again)
	}
	if f.giveUp != nil {
		time.AfterFunc(20*time.Millisecond, f.giveUp)
	}
	f.fault.do(w, r)
}

// slow reports whether the fault is that no answer comes.
func (f fault) slow() bool { return strings.HasPrefix(f.name, "silence") || f.name == "a slow body" }

// context is one whose end comes when a slow fault has struck: then the caller gives up.
func (f *faulty) context(t *testing.T) context.Context {
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	if f.fault.slow() {
		f.giveUp = cancel
	}
	return ctx
}

// check holds an error against what the fault should become.
func (f fault) check(t *testing.T, err error, kind remote.Kind) {
	t.Helper()
	e, ok := errors.AsType[*remote.Error](err)
	if !ok || e.Kind != kind {
		t.Fatalf("got %v, want kind %q", err, kind)
	}
	if scoped := e.Scope == (remote.Scope{Level: remote.LevelAccount, ID: "mastodon/acme@social.example"}); scoped != f.scoped {
		t.Errorf("the scope is %q, want the account: %t", e.Scope, f.scoped)
	}
	if in := time.Until(e.RetryAt); f.at > 0 && (in < f.at-time.Minute || in > f.at+time.Minute) || f.at == 0 && !e.RetryAt.IsZero() {
		t.Errorf("it says to come back in %s, want %s", in, f.at)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, e.Message), standin.Token) {
		t.Errorf("the error holds the token: %v", err)
	}
}

// Whatever befalls a post: it says what that means, is tried once, and what Find then says leads to exactly one post.
func TestFaultsOfSend(t *testing.T) {
	t.Parallel()
	for _, fault := range faults() {
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			f := &faulty{network: standin.New(), fault: fault, hits: isPost}
			c := connect(t, f)
			out := reply(f.network.Write("Where is it?"), "On its way.")
			f.armed.Store(true)
			ctx := f.context(t)
			tried := time.Now()
			_, err := c.Send(ctx, out)
			fault.check(t, err, fault.send)
			if n := f.posts.Load(); n != 1 {
				t.Errorf("it was tried %d times, want once", n)
			}
			if fault.scoped && fault.at > 0 {
				if _, err := c.Send(t.Context(), out); !remote.KindOf(err).Temporary() && remote.KindOf(err) != remote.RateLimited {
					t.Errorf("sent again before the time: %v", err)
				}
				if n := f.posts.Load(); n != 1 {
					t.Errorf("the server was asked before the time")
				}
				return
			}
			if fault.send == remote.Unknown {
				finding, sent, err := c.Find(t.Context(), out, tried)
				want := channel.Absent
				if fault.done {
					want = channel.Found
				}
				if err != nil || finding != want || (finding == channel.Found) != (sent.ID != "") {
					t.Fatalf("Find says %s, %q, %v; want %s", finding, sent.ID, err, want)
				}
				if finding == channel.Found {
					return
				}
			}
			if _, err := c.Send(t.Context(), out); err != nil {
				t.Errorf("sent again: %v", err)
			}
			if n := len(f.network.Posts()); n != 1 {
				t.Errorf("in the end there are %d posts, want one", n)
			}
		})
	}
}

// A key that the server honours makes one post even of a Send that should not have been repeated.
func TestTheKeyMakesOnePost(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := connect(t, network)
	out := reply(network.Write("Where is it?"), "On its way.")
	one, err1 := c.Send(t.Context(), out)
	two, err2 := c.Send(t.Context(), out)
	if err1 != nil || err2 != nil || one != two || len(network.Posts()) != 1 {
		t.Errorf("got %v, %v and %v, %v", one, err1, two, err2)
	}
	out.Key = "another"
	if three, err := c.Send(t.Context(), out); err != nil || three.ID == one.ID {
		t.Errorf("got %v, %v", three, err)
	}
}

// Whatever befalls a poll, whichever of its calls: the cursor stays, and the next poll brings all.
func TestFaultsOfPoll(t *testing.T) {
	t.Parallel()
	for _, fault := range faults() {
		for _, path := range []string{"/api/v1/notifications", "/api/v1/accounts/14715/statuses", "/api/v1/accounts/verify_credentials"} {
			t.Run(fault.name+path, func(t *testing.T) {
				t.Parallel()
				f := &faulty{network: standin.New(), fault: fault, hits: func(r *http.Request) bool { return r.URL.Path == path }}
				id := f.network.Write("Where is it?")
				c := connect(t, f)
				f.armed.Store(true)
				ctx := f.context(t)
				batch, err := c.Poll(ctx, "")
				if fault.name == "reset" && err == nil { // on a connection used before, the standard transport asks again by itself
					if len(batch.Events) != 1 {
						t.Errorf("the poll brings %v", told(batch.Events))
					}
					return
				}
				if fault.name == "an empty object" && strings.HasSuffix(path, "verify_credentials") {
					if remote.KindOf(err) != remote.Unauthorized {
						t.Errorf("got %v", err)
					}
				} else {
					fault.check(t, err, fault.poll)
				}
				if len(batch.Events) > 0 || batch.Cursor != "" {
					t.Errorf("a failed poll brings %v and cursor %q", told(batch.Events), batch.Cursor)
				}
				if fault.scoped && fault.at > 0 {
					return // the limiter is closed
				}
				if events, _ := pollAll(t, c, ""); len(events) != 1 || events[0].Message.ID != id {
					t.Errorf("the next poll brings %v", told(events))
				}
			})
		}
	}
}

// No connection at all: nothing was written, so nothing can have been posted.
func TestNoServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	o := options()
	o.Server = server.URL
	c, err := mastodon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), channel.Outgoing{Key: "1", To: customer, Text: "Hello"}); remote.KindOf(err) != remote.Unavailable {
		t.Errorf("got %v", err)
	}
	if _, err := c.Poll(t.Context(), ""); remote.KindOf(err) != remote.Unavailable {
		t.Errorf("got %v", err)
	}
}

// A connection that is never made leaves no doubt, as one that is refused.
func TestTimeoutBeforeTheRequestIsWritten(t *testing.T) {
	t.Parallel()
	o := options()
	o.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
	c, err := mastodon.New(o)
	if err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func(context.Context) error{
		"send": func(ctx context.Context) error {
			_, err := c.Send(ctx, channel.Outgoing{Key: "1", To: customer, Text: "Hello"})
			return err
		},
		"poll":   func(ctx context.Context) error { _, err := c.Poll(ctx, ""); return err },
		"reread": func(ctx context.Context) error { _, err := c.Reread(ctx, []channel.Message{{ID: "1"}}); return err },
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if err := call(ctx); remote.KindOf(err) != remote.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: got %v, want unavailable, and the deadline", name, err)
		}
		cancel()
	}
}

// A quota that an answer says is spent closes the account before the server has to refuse.
func TestASpentQuotaIsHeeded(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64
	network := standin.New()
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		rec := httptest.NewRecorder()
		network.ServeHTTP(rec, r)
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", time.Now().Add(time.Minute).UTC().Format(time.RFC3339Nano))
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	}))
	_, err := c.Poll(t.Context(), "")
	e, ok := errors.AsType[*remote.Error](err)
	if !ok || e.Kind != remote.RateLimited || e.RetryAt.IsZero() || calls.Load() != 1 {
		t.Errorf("got %v after %d calls", err, calls.Load())
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := connect(t, network)
	q := network.Write("Where is it?")
	text := "Dear Mia,\n\nsee https://shop.example/help/returns/how-to-send-it-back?step=2&x=1 – or ask @lea@third.example <b> &amp; \"co\"!"
	out := reply(q, text)
	tried := time.Now()
	if finding, _, err := c.Find(t.Context(), out, tried); finding != channel.Absent || err != nil {
		t.Errorf("before: %s, %v", finding, err)
	}
	sent, err := c.Send(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		out  channel.Outgoing
		want channel.Finding
	}{
		"the same":        {out, channel.Found},
		"another text":    {reply(q, "Dear Mia"), channel.Absent},
		"another message": {reply(network.Write("And this?"), text), channel.Absent},
	} {
		finding, found, err := c.Find(t.Context(), tc.out, tried)
		if err != nil || finding != tc.want || finding == channel.Found && found != sent {
			t.Errorf("%s: got %s, %v, %v; want %s", name, finding, found, err, tc.want)
		}
	}
	if finding, _, err := c.Find(t.Context(), out, time.Now().Add(time.Hour)); finding != channel.Absent || err != nil {
		t.Errorf("one from before it was tried: %s, %v", finding, err)
	}
	for range 201 {
		network.Post(standin.Status{Author: standin.Brand, Text: "News"})
	}
	if finding, _, err := c.Find(t.Context(), out, tried); finding != channel.CannotTell || err != nil {
		t.Errorf("behind two hundred others: %s, %v", finding, err)
	}
}

// Of a server without keys, "it is not there" counts only when no request can be under way any more.
func TestFindWithoutKeys(t *testing.T) {
	t.Parallel()
	network := standin.New()
	network.API = 0
	now := time.Now()
	c := connect(t, network, func(o *mastodon.Options) { o.Now = func() time.Time { return now } })
	out := reply(network.Write("Where is it?"), "On its way.")
	_, _, err := c.Find(t.Context(), out, now)
	if e, ok := errors.AsType[*remote.Error](err); !ok || e.Kind != remote.Unavailable || !e.RetryAt.Equal(now.Add(time.Minute)) {
		t.Errorf("at once: %v", err)
	}
	if finding, _, err := c.Find(t.Context(), out, now.Add(-time.Minute)); finding != channel.Absent || err != nil {
		t.Errorf("a minute later: %s, %v", finding, err)
	}
}
