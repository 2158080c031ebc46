package mastodon_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/remote"
)

// listen streams while happens, until last arrives, and returns what was told.
func listen(t *testing.T, network *standin.Server, happens func() (last string)) (batches []channel.Batch) {
	t.Helper()
	c := connect(t, network)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	heard := make(chan channel.Batch, 100)
	go func() {
		done <- c.Stream(ctx, func(b channel.Batch) error { heard <- b; return nil })
	}()
	<-network.Connected()
	last := happens()
	for {
		select {
		case b := <-heard:
			batches = append(batches, b)
			if len(b.Events) > 0 && b.Events[0].Message.ID == last {
				return batches
			}
		case err := <-done:
			t.Fatalf("the stream ended: %v", err)
		}
	}
}

func TestWhatTheStreamTells(t *testing.T) {
	t.Parallel()
	network := standin.New()
	var want []string
	batches := listen(t, network, func() string {
		q := network.Write("Where is it?")
		network.Edit(q, "Where is my parcel?")
		own := network.Post(standin.Status{Author: standin.Brand, Text: "News"})
		network.Edit(own, "Better news")
		toUs := network.Post(standin.Status{Text: "And this", InReplyTo: own, Mentions: []string{}}) // no mention, so no notification
		network.Edit(toUs, "And that")
		other := network.Post(standin.Status{Author: "ann@third.example", Text: "Good morning", Mentions: []string{}})
		network.Stream("update", `{"id":"1","created_at":"2026-07-01T08:00:00Z","visibility":"public","content":"Good morning","account":{"acct":"ann@third.example"}}`)
		network.Edit(other, "Good evening")
		network.Stream("filters_changed", "undefined")
		network.Stream("notification", `{"id":"1","type":"follow"}`)
		network.Delete(q)
		last := network.Write("Anybody?")
		want = []string{"received " + q, "edited " + q, "echoed " + own, "edited " + own, "edited " + toUs, "deleted " + q, "received " + last}
		return last
	})
	var events []channel.Event
	for _, b := range batches {
		events = append(events, b.Events...)
		if b.Cursor != "" {
			t.Errorf("the stream moves the cursor to %q", b.Cursor)
		}
	}
	if diff := cmp.Diff(want, told(events)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestWhatTheStreamCannotRead(t *testing.T) {
	t.Parallel()
	network := standin.New()
	batches := listen(t, network, func() string {
		network.Stream("notification", `{"id":`)
		network.Stream("delete", ``)
		network.Stream("update", strings.Repeat("x", mastodon.MaxEvent+1))
		return network.Write("Anybody?")
	})
	var bad []string
	for _, b := range batches {
		for _, e := range b.Bad {
			bad = append(bad, e.Where+": "+e.Reason)
		}
	}
	want := []string{
		"stream/notification: unexpected end of JSON input", "stream/delete: the deletion names no status", "stream/update: the event has more than 1048576 bytes",
	}
	if diff := cmp.Diff(want, bad); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

func TestTheStreamEnds(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		do   func(http.ResponseWriter, *http.Request)
		kind remote.Kind
		says string
	}{
		{"by the server", answer(200, ":thump\n"), remote.Unavailable, "the server ended it"},
		{"for want of one", answer(404, `{"error":"Not Found"}`), remote.NotFound, "listen to the stream"},
		{"for want of a token", answer(401, `{"error":"The access token is invalid: standin-access-token"}`), remote.Unauthorized, "[redacted]"},
		{"at a redirect elsewhere", answer(302, ``, "Location", "https://elsewhere.example/"), remote.Rejected, "redirects to https://elsewhere.example/"},
		{"by a broken connection", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "event: notification\n")
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, remote.Unavailable, "listen to the stream"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			network := standin.New()
			c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.HasPrefix(r.URL.Path, "/api/v1/streaming") {
					tc.do(w, r)
					return
				}
				network.ServeHTTP(w, r)
			}))
			err := c.Stream(t.Context(), func(channel.Batch) error { return nil })
			if _, ok := errors.AsType[*remote.Error](err); !ok || remote.KindOf(err) != tc.kind || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), standin.Token) {
				t.Errorf("got %v, want %q, %s", err, tc.says, tc.kind)
			}
		})
	}
}

// The server names where its streams are; a token that goes over https goes nowhere in the clear.
func TestStreamingAddress(t *testing.T) {
	t.Parallel()
	for _, tc := range [][3]string{
		{"wss://streaming.social.example", "https://social.example", "https://streaming.social.example"},
		{"wss://social.example/api/v1/streaming", "https://social.example", "https://social.example"},
		{"https://social.example:4000", "https://social.example", "https://social.example:4000"},
		{"ws://streaming.social.example", "https://social.example", "https://social.example"},
		{"", "https://social.example", "https://social.example"},
		{"gopher://x.example", "https://social.example", "https://social.example"},
		{"wss://", "https://social.example", "https://social.example"},
		{"ws://127.0.0.1:4000", "http://127.0.0.1:3000", "http://127.0.0.1:4000"},
	} {
		if got := mastodon.StreamingBase(tc[0], tc[1]); got != tc[2] {
			t.Errorf("%q of %s: got %s, want %s", tc[0], tc[1], got, tc[2])
		}
	}
}

func TestServerSentEvents(t *testing.T) {
	t.Parallel()
	stream := ":)\n\nevent: notification\ndata: {\"id\":1}\n\n" +
		":thump\nevent:delete\r\ndata:103\r\n\r\n" + // other line ends, no space
		"data: one\ndata: two\nid: 7\nretry: 5\nunknown\n\n" +
		"event: empty\n\n" + // without data it is none
		"event: long\ndata: " + strings.Repeat("x", 20<<10) + "\n\n" +
		"event: huge\ndata: " + strings.Repeat("x", mastodon.MaxEvent+100) + "\ndata: y\n\n" +
		"event: many\n" + strings.Repeat("data: "+strings.Repeat("x", 1000)+"\n", 1100) + "\n" +
		"event: cut\ndata: off"
	var got []string
	err := mastodon.ReadSSE(strings.NewReader(stream), func(name string, data []byte, tooLong bool) {
		got = append(got, fmt.Sprintf("%s %.10s %d %t", name, data, len(data), tooLong))
	})
	want := []string{
		`notification {"id":1} 8 false`, "delete 103 3 false", " one\ntwo 7 false", "long xxxxxxxxxx 20480 false", "huge  0 true", "many  0 true",
	}
	if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, io.EOF) {
		t.Errorf("%v, want -, got +:\n%s", err, diff)
	}
}

func FuzzServerSentEvents(f *testing.F) {
	f.Add([]byte(":)\n\nevent: notification\ndata: {\"id\":1}\n\nevent:delete\r\ndata:103\r\n\r\n"))
	f.Add([]byte("data\ndata:\ndata: \n\n\n\nevent\n:\n\n"))
	f.Fuzz(func(t *testing.T, stream []byte) {
		total := 0
		err := mastodon.ReadSSE(bytes.NewReader(stream), func(name string, data []byte, tooLong bool) {
			total += len(name) + len(data)
			if tooLong && len(data) > 0 || len(data) > mastodon.MaxEvent {
				t.Errorf("an event of %d bytes, too long %t", len(data), tooLong)
			}
		})
		if !errors.Is(err, io.EOF) || total > len(stream) {
			t.Errorf("%d bytes of %d, %v", total, len(stream), err)
		}
	})
}
