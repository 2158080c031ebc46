package mastodon_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/internal/dense"
)

// Whatever an answer or an event of the stream holds, the memory it takes is bounded. This measures, so it runs alone.
func TestMemoryIsBounded(t *testing.T) {
	network := standin.New()
	id := network.Write("Where is it?")
	out := reply(id, "On its way.")
	const status = `{"id":"17","created_at":"2026-09-01T12:00:00Z","visibility":"public","account":{"id":"2","acct":"mia@other.example"},"mentions":[…]}`
	const mention = `{"id":"7","type":"mention","created_at":"2026-09-01T12:00:00Z","account":{"id":"2","acct":"mia@other.example"},"status":` + status + `}`
	for what, body := range map[string][]byte{
		"a full answer":      dense.Full(`[…]`, `{}`),
		"empty elements":     dense.Most(`[…]`, `{}`),
		"many notifications": dense.Most(`[…]`, strings.Replace(mention, "…", "", 1)),
		"many statuses":      dense.Most(`[…]`, strings.Replace(status, "…", "", 1)),
		"many mentions":      dense.Most(mention, `{"acct":"a"}`),
		"a status":           dense.Most(status, `{}`),
	} {
		asked := 0
		chosen := func(r *http.Request) bool {
			asked++
			return !strings.Contains(r.URL.Path, "/instance") && !strings.HasSuffix(r.URL.Path, "/verify_credentials")
		}
		c := answering(t, network, 0, body, http.Header{}, chosen)
		live := answering(t, network, 0, append(append([]byte("event: notification\ndata: "), body...), "\n\n"...), http.Header{}, chosen)
		for name, call := range map[string]func(context.Context){
			"poll":   func(ctx context.Context) { _, _ = c.Poll(ctx, "") },
			"find":   func(ctx context.Context) { _, _, _ = c.Find(ctx, out, time.Now()) },
			"send":   func(ctx context.Context) { _, _ = c.Send(ctx, out) },
			"reread": func(ctx context.Context) { _, _ = c.Reread(ctx, []channel.Message{{ID: id}}) },
			"stream": func(ctx context.Context) { _ = live.Stream(ctx, func(channel.Batch) error { return nil }) },
		} {
			asked = 0
			taken := dense.Allocated(func() { call(t.Context()) })
			if taken > dense.Bound*uint64(max(asked, 1)) {
				t.Errorf("%s, %s: %d MB for %d answers", name, what, taken>>20, asked)
			}
		}
	}
}
