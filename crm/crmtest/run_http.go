package crmtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/internal/dense"
	"github.com/socialcrm/socialcrm/remote"
)

// HTTPHarness tells RunHTTP how to open a sink that talks to its CRM over HTTP.
type HTTPHarness struct {
	// Open returns a sink in front of an empty CRM, which serve puts on the network. The sink calls it through the Client of that server, once for each
	// request that it makes, and takes now for its clock. It is called at least once for each mishap.
	Open func(t T, serve func(http.Handler) *httptest.Server, now func() time.Time) Rig
	// Writes returns how many records a request may write. Nil: as for Flaky.
	Writes func(r *http.Request, body []byte) int
	// Repeatable says that a write may simply be made again, because it names the record by our key: an answer that is lost is then Unavailable. Otherwise it is
	// Unknown, and the sink looks before it writes again. Of a PUT or DELETE, which HTTP lets repeat, either will do.
	Repeatable bool
	// Limits is whom a throttled call concerns; LevelNone, the zero value: the app, as where a quota is the whole CRM's.
	Limits remote.Level
	// Lists are how answers of this CRM frame a list, with … in place of its elements: {"items":[…]}. Beside them goes the bare list. What they can hold at most
	// must not take more memory than twenty times the longest answer that a remote.Client takes.
	Lists []string
	// Mishaps are ways of this CRM to refuse, beside those that RunHTTP knows.
	Mishaps []Mishap
}

// RunHTTP holds a sink against what may become of each of its calls: throttled, failed, cut off, answered by a proxy, in pieces, too long, too slow, by nonsense. It checks
// the error's kind and scope and when it says to come back, that one attempt is made, that no secret is shown, and that afterwards the CRM holds everything once.
//
// It also measures memory, so call it from a test that does not run beside others.
//
// Run checks what a sink does; RunHTTP what it makes of a network. A sink over HTTP passes both.
func RunHTTP(t *testing.T, h HTTPHarness) {
	t.Helper()
	t.Run("the longest lists take bounded memory", func(t *testing.T) { checkMemory(t, h) })
	for _, c := range h.checks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t)
		})
	}
}

type httpCheck struct {
	Name string
	Run  func(t T)
}

func (h HTTPHarness) checks() []httpCheck {
	if h.Limits == remote.LevelNone {
		h.Limits = remote.LevelApp
	}
	all := []httpCheck{{"timeout before the request was written", func(t T) { checkUnreachable(t, h) }}}
	for _, m := range append(mishaps(h.Limits), h.Mishaps...) {
		all = append(all, httpCheck{m.Name, func(t T) {
			checkMishap(t, h, m, false)
			if !h.Repeatable {
				checkMishap(t, h, m, true)
			}
		}})
	}
	return all
}

// line is the network between a sink and its CRM.
type line struct {
	harness HTTPHarness
	crm     http.Handler
	dial    net.Dialer

	mu     sync.Mutex
	now    time.Time
	mishap *Mishap // that happens to every call; nil: none
	writes bool    // it happens only to those that write
	giveUp func()  // ends a call that hangs
	cut    bool    // nobody can connect
	struck int     // how many calls it happened to
	wrote  int     // how many of them write
	once   int     // how many of those HTTP does not let repeat
}

// open puts the CRM behind a line. Each call has a connection of its own, because the standard transport asks again by itself where one ends that was used before.
func (h HTTPHarness) open(t T) (*line, Rig) {
	l := &line{harness: h, now: sampleTime()}
	rig := h.Open(t, func(crm http.Handler) *httptest.Server {
		l.crm = crm
		server := httptest.NewServer(l)
		t.Cleanup(server.Close)
		transport := server.Client().Transport.(*http.Transport)
		transport.DisableKeepAlives = true
		transport.DialContext = l.connect
		return server
	}, l.clock)
	return l, rig
}

func (l *line) clock() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now
}

func (l *line) connect(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	cut := l.cut
	l.mu.Unlock()
	if cut {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return l.dial.DialContext(ctx, network, address)
}

// ServeHTTP lets the CRM answer, or the mishap happen.
func (l *line) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	writes := (&Flaky{Writes: l.harness.Writes}).writes(r, body) > 0
	r.Body = io.NopCloser(bytes.NewReader(body))
	l.mu.Lock()
	m, giveUp := l.mishap, l.giveUp
	if l.writes && !writes {
		m = nil
	}
	if m != nil {
		l.struck++
		if writes {
			l.wrote++
			if r.Method != http.MethodPut && r.Method != http.MethodDelete {
				l.once++
			}
		}
	}
	l.mu.Unlock()
	if m == nil {
		l.crm.ServeHTTP(w, r)
		return
	}
	right := httptest.NewRecorder()
	if m.Done {
		l.crm.ServeHTTP(right, r)
	}
	if m.hangs {
		time.AfterFunc(20*time.Millisecond, giveUp)
	}
	m.answer(w, r, right)
}

// attempt makes a call on which the mishap falls, and returns its error.
func (l *line) attempt(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	l.mu.Lock()
	l.struck, l.wrote, l.once, l.giveUp = 0, 0, 0, cancel
	l.now = l.now.Add(25 * time.Hour) // whatever the call before learned, this one begins afresh
	l.mu.Unlock()
	return call(ctx)
}

func (l *line) suffer(m *Mishap, writes bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.mishap, l.writes, l.now = m, writes, l.now.Add(25*time.Hour)
}

func (r Rig) leadOf(c crm.Change) crm.Lead {
	return crm.Lead{Key: "lead-1", Contact: *c.Contact, Title: "A bag", Time: sampleTime()}
}

type namedCall struct {
	name string
	call func(context.Context) error
}

// calls are all that a sink can be asked, about a change that the CRM has not heard of.
func (r Rig) calls(t T, c crm.Change) []namedCall {
	all := []namedCall{{"push", func(ctx context.Context) error { _, err := r.Sink.Push(ctx, c); return err }}}
	if s, ok := r.Sink.(crm.Source); ok {
		first, err := s.Changes(t.Context(), "")
		if err != nil {
			t.Fatalf("changes from the beginning: %v", err)
		}
		all = append(all, namedCall{"changes", func(ctx context.Context) error { _, err := s.Changes(ctx, first.Cursor); return err }})
	}
	if s, ok := r.Sink.(crm.Directory); ok {
		all = append(all, namedCall{"lookup", func(ctx context.Context) error {
			_, _, err := s.Lookup(ctx, crm.Lookup{Emails: []string{"a@example.org"}})
			return err
		}})
	}
	if s, ok := r.Sink.(crm.Eraser); ok {
		all = append(all,
			namedCall{"redact", func(ctx context.Context) error { return s.Redact(ctx, crm.Subject{Ticket: "case-b"}, "in-b-1", "") }},
			namedCall{"erase", func(ctx context.Context) error { return s.Erase(ctx, "contact-b", "") }})
	}
	if s, ok := r.Sink.(crm.LeadSink); ok {
		all = append(all, namedCall{"lead", func(ctx context.Context) error { _, err := s.PushLead(ctx, r.leadOf(c)); return err }})
	}
	return all
}

// checkMishap lets it happen to the first request of each call, or to the first that writes.
func checkMishap(t T, h HTTPHarness, m Mishap, writes bool) {
	l, r := h.open(t)
	c := sampleChange("a", 3)
	calls := r.calls(t, c)
	l.suffer(&m, writes)
	for _, call := range calls {
		err := l.attempt(t.Context(), call.call)
		l.mu.Lock()
		struck, wrote, once, now := l.struck, l.wrote, l.once, l.now
		l.mu.Unlock()
		if struck == 0 {
			if err != nil {
				t.Errorf("%s: %v, and nothing has happened to it", call.name, err)
			}
			continue
		}
		e, ok := errors.AsType[*remote.Error](err)
		if !ok {
			t.Errorf("%s: error %v, want a *remote.Error", call.name, err)
			continue
		}
		want, or := m.Kind, m.or
		if m.Doubtful && wrote > 0 && !h.Repeatable {
			want = remote.Unknown
			if once == 0 {
				or = m.Kind
			}
		}
		if e.Kind != want && (e.Kind != or || or == remote.Unknown) || e.Scope.Level != m.Scope {
			t.Errorf("%s, writing %t: error %v for %s, want %s for %s", call.name, wrote > 0, err, e.Scope, want, m.Scope)
		}
		if m.Wait == 0 && !e.RetryAt.IsZero() || m.Wait != 0 && !e.RetryAt.Equal(now.Add(m.Wait)) {
			t.Errorf("%s, writing %t: come back at %s, want after %s", call.name, wrote > 0, e.RetryAt, m.Wait)
		}
		// Who was told nothing by an answer that says that all is well may look.
		if struck > 1 && (m.Status != http.StatusOK || wrote > 1) {
			t.Errorf("%s, writing %t: %d requests, want no further one after the first that fails", call.name, wrote > 0, struck)
		}
		r.expectNoSecret(t, err)
	}
	l.suffer(nil, false)
	for range 2 {
		r.pushOK(t, c)
		r.expectHeld(t, c)
		s, ok := r.Sink.(crm.LeadSink)
		if !ok {
			continue
		}
		if _, err := s.PushLead(t.Context(), r.leadOf(c)); err != nil {
			t.Fatalf("the next lead: %v", err)
		}
		if refs := r.Leads("lead-1"); len(refs) != 1 {
			t.Errorf("the CRM holds %d leads, want one", len(refs))
		}
	}
}

// checkUnreachable: what was never sent leaves no doubt.
func checkUnreachable(t T, h HTTPHarness) {
	l, r := h.open(t)
	calls := r.calls(t, sampleChange("a", 1))
	l.mu.Lock()
	l.cut = true
	l.mu.Unlock()
	for _, call := range calls {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		err := call.call(ctx)
		cancel()
		if remote.KindOf(err) != remote.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: error %v, want unavailable, and the deadline", call.name, err)
		}
	}
}

// checkMemory answers each call with the longest lists.
func checkMemory(t T, h HTTPHarness) {
	for _, frame := range append([]string{"[…]"}, h.Lists...) {
		l, r := h.open(t)
		calls := r.calls(t, sampleChange("a", 1))
		body := dense.Most(frame, "{}")
		l.suffer(&Mishap{play: func(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) { _, _ = w.Write(body) }}, false)
		for _, call := range calls {
			taken := dense.Allocated(func() { _ = l.attempt(t.Context(), call.call) })
			l.mu.Lock()
			answers := l.struck
			l.mu.Unlock()
			if taken > dense.Bound*uint64(max(answers, 1)) {
				t.Errorf("%s: %d MB for %d answers of %s", call.name, taken>>20, answers, frame)
			}
		}
	}
}
