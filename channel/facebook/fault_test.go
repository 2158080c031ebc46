package facebook_test

import (
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

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// TestFaults is the table of what can go wrong with a call: its kind and how far it reaches, for a post and for a poll. Nothing is tried twice, no poll moves its
// cursor, and no error tells a secret.
func TestFaults(t *testing.T) {
	t.Parallel()
	const account, credential = "account facebook/700100", "credential facebook/700100"
	say := func(status int, body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for _, row := range []struct {
		name       string
		meta       http.HandlerFunc
		post, poll remote.Kind
		scope      string
		retry      time.Duration // RetryAt, from noon on
		silent     bool          // it ends when the caller gives up
	}{
		{name: "429 with Retry-After", meta: say(429, `{}`, "Retry-After", "90"), post: remote.RateLimited, poll: remote.RateLimited, scope: account, retry: 90 * time.Second},
		{name: "429 without", meta: say(429, `{"error":{"code":32,"message":"Page request limit reached"}}`), post: remote.RateLimited, poll: remote.RateLimited, scope: account, retry: 5 * time.Minute},
		{name: "429 without a word", meta: say(429, ``), post: remote.RateLimited, poll: remote.RateLimited, scope: account},
		{name: "500", meta: say(500, `{"error":{"code":1,"message":"An unknown error occurred"}}`), post: remote.Unknown, poll: remote.Unavailable},
		{name: "502 with HTML", meta: say(502, `<html><title>Bad Gateway</title></html>`, "Content-Type", "text/html"), post: remote.Unknown, poll: remote.Unavailable},
		{name: "503", meta: say(503, ``), post: remote.Unavailable, poll: remote.Unavailable},
		{name: "reset in mid-body", meta: cut, post: remote.Unknown, poll: remote.Unavailable},
		{name: "invalid JSON", meta: say(200, `{"id":`), post: remote.Unknown, poll: remote.Unavailable},
		{name: "empty body", meta: say(200, ``), post: remote.Unknown, poll: remote.Unavailable},
		{name: "wrong types", meta: say(200, `{"id":{},"data":"x"}`), post: remote.Unknown, poll: remote.Unavailable},
		{name: "expired token", meta: say(400, `{"error":{"code":190,"error_subcode":463,"message":"Session has expired"}}`), post: remote.Unauthorized, poll: remote.Unauthorized, scope: credential},
		{name: "revoked token", meta: say(400, `{"error":{"code":190,"error_subcode":458,"message":"`+pageToken+`: the app is not installed"}}`), post: remote.Unauthorized, poll: remote.Unauthorized, scope: credential},
		{name: "blocked for a time", meta: say(400, `{"error":{"code":368,"message":"The action attempted has been deemed abusive"}}`), post: remote.PolicyBlocked, poll: remote.PolicyBlocked, scope: account},
		{name: "redirect", meta: say(302, ``, "Location", "https://elsewhere.example/?access_token="+pageToken), post: remote.Rejected, poll: remote.Rejected},
		{name: "huge body", meta: huge, post: remote.Unknown, poll: remote.Rejected},
		{name: "slow body", meta: slow, post: remote.Unknown, poll: remote.Unavailable, silent: true},
		{name: "no answer", meta: func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, post: remote.Unknown, poll: remote.Unavailable, silent: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the caller has gone
				row.meta(w, r)
			}))
			defer server.Close()
			noon := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
			check := func(what string, err error, want remote.Kind) {
				t.Helper()
				e, ok := errors.AsType[*remote.Error](err)
				if !ok || e.Kind != want {
					t.Fatalf("%s: %v, want %s", what, err, want)
				}
				scope := ""
				if e.Scope != (remote.Scope{}) {
					scope = e.Scope.String()
				}
				if scope != row.scope {
					t.Errorf("%s: scope %q, want %q", what, scope, row.scope)
				}
				if want := noon.Add(row.retry); row.retry > 0 && !e.RetryAt.Equal(want) {
					t.Errorf("%s: come back at %s, want %s", what, e.RetryAt, want)
				}
				for inner := err; inner != nil; inner = errors.Unwrap(inner) {
					for _, secret := range []string{pageToken, "t0ken", appSecret, proof} {
						if strings.Contains(fmt.Sprintf("%v %+v", inner, inner), secret) {
							t.Errorf("%s: %v tells a secret", what, inner)
						}
					}
				}
			}
			patience := 10 * time.Second
			if row.silent {
				patience = 500 * time.Millisecond // long enough to have asked
			}
			within := func() context.Context {
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				t.Cleanup(cancel)
				return ctx
			}
			page := func() *facebook.Channel { // each with a memory of its own
				return facebook.New(options(server, func() time.Time { return noon }))
			}
			sent, err := page().Send(within(), channel.Outgoing{Key: "r/1", InReplyTo: "9001_51", Text: "On its way"})
			check("Send", err, row.post)
			if n := calls.Swap(0); n != 1 || sent != (channel.Sent{}) {
				t.Errorf("Send: %d calls, %+v; want one, and nothing", n, sent)
			}
			batch, err := page().Poll(within(), "")
			check("Poll", err, row.poll)
			if n := calls.Load(); n != 1 || batch.Cursor != "" || len(batch.Events) > 0 {
				t.Errorf("Poll: %d calls, %+v; want one, and nothing", n, batch)
			}
		})
	}
}

// TestFaultsThroughTheDesk lets each fault befall the answer to a comment that goes out, which Meta carried out or not: in the end the Page says it once, or an agent
// hears that it will not go out.
func TestFaultsThroughTheDesk(t *testing.T) {
	t.Parallel()
	say := func(status int, body string, headers ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i+1 < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}
	}
	for _, row := range []struct {
		name  string
		meta  http.HandlerFunc
		state ticket.PostState // where Meta did nothing and says so
	}{
		{name: "429 with Retry-After", meta: say(429, `{}`, "Retry-After", "90"), state: ticket.PostSent},
		{name: "429 without", meta: say(429, `{}`), state: ticket.PostSent},
		{name: "500", meta: say(500, `{"error":{"code":1}}`)},
		{name: "502 with HTML", meta: say(502, `<html><title>Bad Gateway</title></html>`)},
		{name: "503", meta: say(503, ``), state: ticket.PostSent},
		{name: "reset before the answer", meta: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }},
		{name: "reset in mid-body", meta: cut},
		{name: "invalid JSON", meta: say(200, `{"id":`)},
		{name: "empty body", meta: say(200, ``)},
		{name: "wrong types", meta: say(200, `{"id":{}}`)},
		{name: "expired token", meta: say(400, `{"error":{"code":190,"error_subcode":463}}`), state: ticket.PostQueued},
		{name: "revoked token", meta: say(400, `{"error":{"code":190,"error_subcode":458}}`), state: ticket.PostQueued},
		{name: "redirect", meta: say(302, ``, "Location", "https://elsewhere.example/"), state: ticket.PostFailed},
		{name: "huge body", meta: huge},
	} {
		for _, done := range []bool{false, true} {
			if done && row.state != "" {
				continue // Meta says that it did nothing
			}
			t.Run(fmt.Sprintf("%s, done %t", row.name, done), func(t *testing.T) {
				t.Parallel()
				p := newPolled(t, nil)
				desk, err := socialcrm.New(socialcrm.Config{Channels: []channel.Channel{p.page}, Sources: []channel.Source{&facebook.Receiver{App: app}}, Now: func() time.Time { return p.at }})
				if err != nil {
					t.Fatal(err)
				}
				question := p.write(visitor, p.post(pageID, "Taps", facebook.Feed).id, "Still no tap!")
				if status, body := deliverTo(desk, p.webhook()); status != http.StatusOK {
					t.Fatalf("webhook: %d %s", status, body)
				}
				p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
					if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/comments") {
						return false
					}
					p.refuse = nil
					if done {
						p.ServeHTTP(httptest.NewRecorder(), r)
					} else {
						_, _ = io.Copy(io.Discard, r.Body)
					}
					row.meta(w, r)
					return true
				}
				list, err := desk.Tickets(t.Context(), ticket.TicketQuery{})
				if err != nil || len(list.Items) != 1 {
					t.Fatalf("%d tickets, %v", len(list.Items), err)
				}
				receipt, err := desk.Reply(t.Context(), list.Items[0].ID, socialcrm.By{Actor: ticket.Agent("ana")}, socialcrm.Reply{Text: "On its way."})
				if err != nil {
					t.Fatal(err)
				}
				for range 40 {
					if _, err := desk.Tick(t.Context()); err != nil {
						t.Fatal(err)
					}
					p.at = p.at.Add(30 * time.Second)
				}
				said, err := desk.Messages(t.Context(), ticket.MessageQuery{Ticket: list.Items[0].ID})
				if err != nil {
					t.Fatal(err)
				}
				want, posts := row.state, 1
				if want == "" {
					want = ticket.PostSent
				}
				if want != ticket.PostSent {
					posts = 0
				}
				state := ticket.PostState("not there")
				for _, m := range said.Items {
					if m.Key == receipt.Messages[0] {
						state = m.Post.State
					}
				}
				p.mu.Lock()
				defer p.mu.Unlock()
				n := 0
				for _, w := range p.below {
					if w.from == pageID && w.parent == question.id {
						n++
					}
				}
				if state != want || n != posts || len(said.Items) != 2 {
					t.Errorf("it is %s, and %d times on the Page, among %d messages; want %s, %d times, among 2", state, n, len(said.Items), want, posts)
				}
			})
		}
	}
}

// cut breaks off in the middle of an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	_, _ = io.WriteString(w, `{"id":"9001_60"`)
	panic(http.ErrAbortHandler)
}

// huge never ends.
func huge(w http.ResponseWriter, r *http.Request) {
	chunk := strings.Repeat(" ", 1<<20)
	for r.Context().Err() == nil {
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
	}
}

// slow begins an answer and leaves it at that.
func slow(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, `{"id":`)
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// A request that was not written leaves no doubt.
func TestTimeoutBeforeTheRequestIsWritten(t *testing.T) {
	t.Parallel()
	o := facebook.Options{Account: channel.Account{AccountID: channel.AccountID{ID: pageID}}, Base: "https://graph.example"}
	o.HTTP = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := facebook.New(o).Send(ctx, channel.Outgoing{InReplyTo: "9001_51", Text: "Hi"})
	if err == nil || remote.KindOf(err) != remote.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want unavailable: deadline exceeded", err)
	}
}
