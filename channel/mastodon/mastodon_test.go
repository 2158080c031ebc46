package mastodon_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/remote"
)

// T is what both tests and the conformance kit hand on.
type T interface {
	Helper()
	Fatalf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
}

// connect returns the adapter over the handler.
func connect(t T, handler http.Handler, change ...func(*mastodon.Options)) *mastodon.Channel {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	o := options()
	o.Server, o.HTTP = server.URL, server.Client()
	for _, c := range change {
		c(&o)
	}
	c, err := mastodon.New(o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

// options are those of the stand-in's account, without its address.
func options() mastodon.Options {
	return mastodon.Options{
		Server: "https://social.example", Handle: "@" + standin.Handle, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: standin.Token}),
		Fetcher: &remote.Fetcher{AnyPort: true, Allow: netip.Addr.IsLoopback},
	}
}

// png is a picture of one pixel.
const png = "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"

// pictures serves a picture at every path, on a server of its own.
func pictures(t T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write([]byte(png))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// isPost reports whether a request makes a post; an upload makes none.
func isPost(r *http.Request) bool {
	return r.Method == http.MethodPost && r.URL.Path == "/api/v1/statuses"
}

func TestConformance(t *testing.T) {
	t.Parallel()
	run := func(visibility string) func(t *testing.T) {
		return func(t *testing.T) {
			t.Parallel()
			channeltest.Run(t, channeltest.Harness{
				Features: channeltest.Features{
					Abilities: channeltest.Finds | channeltest.Profiles | channeltest.Moderates | channeltest.PrivateReplies,
					Stream:    true, Poll: true, Edits: true, Deletions: true, Revisions: true, Threads: true, Batches: true,
					PrivateOnly: visibility == "direct",
				},
				New: func(t channeltest.T) channeltest.Fixture { return fixture(t, visibility) },
			})
		}
	}
	t.Run("public", run("public"))
	t.Run("direct", run("direct"))
}

func fixture(t channeltest.T, visibility string) channeltest.Fixture {
	platform := standin.New()
	flaky := &channeltest.Flaky{Handler: platform, Posts: isPost}
	c := connect(t, flaky)
	return channeltest.Fixture{
		Channel: c, HTTP: flaky, Secrets: []string{standin.Token}, Customer: standin.Customer,
		Write:   func(text string) string { return platform.Post(standin.Status{Text: text, Visibility: visibility}) },
		Reply:   platform.Reply,
		Edit:    func(id, text string) string { platform.Edit(id, text); return id },
		Delete:  platform.Delete,
		Corrupt: platform.Corrupt,
		Posts: func() (texts []string) {
			for _, p := range platform.Posts() {
				texts = append(texts, p.Text)
			}
			return texts
		},
		Answers: func(id string) (texts []string) {
			for _, p := range platform.Posts() {
				if p.InReplyTo == id {
					texts = append(texts, p.Text)
				}
			}
			return texts
		},
		Attached: func(text string) int {
			for _, p := range platform.Posts() {
				if p.Text == "@"+standin.Customer+" "+text {
					return len(p.Media)
				}
			}
			return 0
		},
		Attachment: channel.Attachment{Type: "image", URL: pictures(t) + "/bag.png", Description: "a bag"},
		AwaitStream: func(ctx context.Context) error {
			select {
			case <-platform.Connected():
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		},
	}
}
