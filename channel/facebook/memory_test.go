package facebook_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/internal/dense"
)

// Whatever a webhook call or an answer holds, the memory it takes is bounded. This measures, so it runs alone.
func TestMemoryIsBounded(t *testing.T) {
	r := receiver()
	measure := func(what string, decode func() (docs int)) {
		t.Helper()
		docs := 0
		taken := dense.Allocated(func() { docs = decode() })
		if taken > dense.Bound*uint64(max(docs, 1)) {
			t.Errorf("%s: %d MB for %d documents", what, taken>>20, docs)
		}
	}
	const change = `{"object":"page","entry":[{"id":"1","changes":[…]}]}`
	for what, body := range map[string][]byte{
		"a full call":   dense.Full(change, `{}`),
		"empty entries": dense.Most(`{"object":"page","entry":[…]}`, `{}`),
		"empty changes": dense.Most(change, `{}`),
	} {
		measure(what, func() int { _, _ = r.Decode(channel.Call{Body: body}); return 1 })
	}
	var body []byte
	asked := 0
	now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	page := facebook.New(facebook.Options{
		Account: channel.Account{AccountID: channel.AccountID{ID: pageID}}, Now: func() time.Time { return now },
		HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			asked++
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
		})},
	})
	for what, answer := range map[string][]byte{
		"a full answer":  dense.Full(`{"data":[…]}`, `{}`),
		"empty elements": dense.Most(`{"data":[…]}`, `{}`),
		"many posts":     dense.Most(`{"data":[…]}`, `{"id":"9001_51","created_time":1788263940}`),
	} {
		body = answer
		for name, call := range map[string]func(context.Context){
			"poll": func(ctx context.Context) { _, _ = page.Poll(ctx, "") },
			"find": func(ctx context.Context) {
				_, _, _ = page.Find(ctx, channel.Outgoing{InReplyTo: "9001_51", Text: "a"}, now)
			},
			"read": func(ctx context.Context) { _, _ = page.Read(ctx, "9001_51") },
		} {
			measure(name+", "+what, func() int {
				asked = 0
				call(t.Context())
				return asked
			})
		}
	}
}
