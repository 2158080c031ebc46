package mastodon_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/remote"
)

// arrivals polls what people wrote.
func arrivals(t T, c *mastodon.Channel) (known []channel.Message) {
	t.Helper()
	events, _ := pollAll(t, c, "")
	for _, e := range events {
		known = append(known, e.Message)
	}
	return known
}

// rereadAll reads all of them again, as many at once as the channel says, and returns the last error.
func rereadAll(ctx context.Context, c *mastodon.Channel, known []channel.Message) (events []channel.Event, trouble error) {
	atOnce, _ := c.RereadPace()
	for part := range slices.Chunk(known, atOnce) {
		some, err := c.Reread(ctx, part)
		if events = append(events, some...); err != nil {
			trouble = err
		}
	}
	return events, trouble
}

// Edits and deletions that no stream told are found when the posts are read again, on servers that give several posts at once and on those that do not.
func TestReadingAgainFindsEditsAndDeletions(t *testing.T) {
	t.Parallel()
	for _, api := range []int{0, 7} {
		network := standin.New()
		network.API = api
		var calls atomic.Int64
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			calls.Add(1)
			network.ServeHTTP(w, r)
		}))
		var ids []string
		for i := range 30 {
			ids = append(ids, network.Write(fmt.Sprintf("Question %d", i)))
		}
		known := arrivals(t, c)
		network.Edit(ids[3], "another question")
		network.Edit(ids[3], "quite another question")
		network.Delete(ids[29])
		network.Delete(ids[0])
		calls.Store(0)
		events, err := rereadAll(t.Context(), c, known)
		if diff := cmp.Diff([]string{"deleted " + ids[0], "edited " + ids[3], "deleted " + ids[29]}, told(events)); diff != "" || err != nil {
			t.Fatalf("API %d: %v; want -, got +:\n%s", api, err, diff)
		}
		if want := map[int]int64{0: 30, 7: 2 + 2}[api]; calls.Load() != want {
			t.Errorf("API %d: %d calls, want %d", api, calls.Load(), want)
		}
		edit := events[1]
		if edit.Message.Text != "@acme quite another question" || edit.Message.Revision == "" || edit.Time.IsZero() {
			t.Errorf("API %d: the edit is %+v", api, edit)
		}
		known[3] = edit.Message
		if events, err = c.Reread(t.Context(), known[3:4]); len(events) > 0 || err != nil {
			t.Errorf("API %d: what is known already is told again: %v, %v", api, told(events), err)
		}
	}
}

// One post that the server never shows holds up none of the others, and is no deletion; a limit ends the look, for nothing more is to be had.
func TestTroubleWhileReadingAgain(t *testing.T) {
	t.Parallel()
	for status, kind := range map[int]remote.Kind{
		http.StatusInternalServerError: remote.Unavailable, http.StatusForbidden: remote.PolicyBlocked, http.StatusBadGateway: remote.Unavailable,
		http.StatusTooManyRequests: remote.RateLimited, http.StatusUnauthorized: remote.Unauthorized,
	} {
		network := standin.New()
		network.API = 0 // one by one
		var poisoned atomic.Value
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if id, _ := poisoned.Load().(string); id != "" && r.URL.Path == "/api/v1/statuses/"+id {
				w.WriteHeader(status)
				_, _ = w.Write([]byte(`{"error":"Oh"}`))
				return
			}
			network.ServeHTTP(w, r)
		}))
		var ids []string
		for range 3 {
			ids = append(ids, network.Write("Where is it?"))
		}
		known := arrivals(t, c)
		network.Delete(ids[0])
		network.Edit(ids[2], "edited")
		poisoned.Store(ids[1])
		want := []string{"deleted " + ids[0], "edited " + ids[2]}
		if kind == remote.RateLimited || kind == remote.Unauthorized {
			want = want[:1]
		}
		events, err := c.Reread(t.Context(), known)
		if diff := cmp.Diff(want, told(events)); diff != "" || remote.KindOf(err) != kind {
			t.Errorf("status %d: %v; want -, got +:\n%s", status, err, diff)
		}
	}
}

// A proxy's 404 is no deletion.
func TestAProxysNotFoundDeletesNothing(t *testing.T) {
	t.Parallel()
	network := standin.New()
	var lost atomic.Bool
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if lost.Load() {
			http.Error(w, "<html><title>404 Not Found</title></html>", http.StatusNotFound)
			return
		}
		network.ServeHTTP(w, r)
	}))
	id := network.Write("Where is it?")
	known := arrivals(t, c)
	lost.Store(true)
	if events, err := c.Reread(t.Context(), known); remote.KindOf(err) != remote.Unavailable || len(events) > 0 {
		t.Errorf("got %v, %v", told(events), err)
	}
	if _, err := c.Send(t.Context(), reply(id, "On its way.")); remote.KindOf(err) != remote.Unavailable {
		t.Errorf("got %v; want to come back", err)
	}
}

// FuzzReread: whatever a server answers when posts are read again, what is told is an edit or a deletion of what was asked for, and whole.
func FuzzReread(f *testing.F) {
	f.Add(200, []byte(`[{"id":"1","created_at":"2026-09-01T12:00:00.000Z","edited_at":"2026-09-01T12:01:00.000Z","content":"<p>a</p>","visibility":"public","account":{"id":"2","acct":"mia@other.example"}}]`))
	f.Add(200, []byte(`{"id":"1","created_at":"2026-09-01T12:00:00.000Z","edited_at":"2026-09-01T12:01:00.000Z","account":{"id":"2","acct":"mia"}}`))
	f.Add(200, []byte(`[null,{},[],1]`))
	f.Add(404, []byte(`{"error":"Record not found"}`))
	network := standin.New()
	var status atomic.Int64
	var body atomic.Value
	c := connect(f, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/api/v1/statuses") {
			network.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(int(status.Load()))
		_, _ = w.Write(body.Load().([]byte))
	}))
	f.Fuzz(func(t *testing.T, code int, answer []byte) {
		status.Store(int64(200 + (code&0x7fff)%400))
		body.Store(answer)
		events, err := c.Reread(t.Context(), []channel.Message{{ID: "1"}})
		if remote.KindOf(err) == remote.Unknown && err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if e.Check() != nil || e.Message.ID != "1" || e.DedupeKey() == "" || e.Kind != channel.MessageEdited && e.Kind != channel.MessageDeleted {
				t.Fatalf("%v: %+v", e.Check(), e)
			}
		}
	})
}
