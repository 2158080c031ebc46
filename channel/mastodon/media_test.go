package mastodon_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/remote"
)

// withPicture answers a post with a picture.
func withPicture(t T, id string) channel.Outgoing {
	out := reply(id, "Here it is.")
	out.Attachments = []channel.Attachment{{Type: "image", URL: pictures(t) + "/bag.png?key=secret", Description: "a bag"}}
	return out
}

// While the server works on an upload, Send says when to come back, later each time, uploads nothing twice and posts once.
func TestSendComesBackForAttachments(t *testing.T) {
	t.Parallel()
	network := standin.New()
	network.Processing = 3
	now := time.Now()
	c := connect(t, network, func(o *mastodon.Options) { o.Now = func() time.Time { return now } })
	out := withPicture(t, network.Write("Do you have a picture?"))
	var waits []time.Duration
	for {
		sent, err := c.Send(t.Context(), out)
		if err == nil {
			if p := network.Status(sent.ID); len(p.Media) != 1 || p.Media[0].Description != "a bag" || !strings.HasSuffix(p.Media[0].URL, "/bag.png") {
				t.Errorf("the post has %+v", p.Media)
			}
			break
		}
		e, ok := errors.AsType[*remote.Error](err)
		if !ok || e.Kind != remote.Unavailable || e.Scope != (remote.Scope{}) || !e.RetryAt.After(now) || len(waits) > 5 {
			t.Fatalf("got %v", err)
		}
		waits = append(waits, e.RetryAt.Sub(now))
		now = e.RetryAt
	}
	if len(waits) != 3 || waits[0] != 3*time.Second || waits[1] != 3*time.Second || waits[2] != 6*time.Second {
		t.Errorf("it waited %v", waits)
	}
	if network.Uploads() != 1 || len(network.Posts()) != 1 {
		t.Errorf("%d uploads, %d posts; want one of each", network.Uploads(), len(network.Posts()))
	}
}

// A process that died between upload and post uploads again; the post is made once.
func TestUploadsAreNotNeededAfterADeath(t *testing.T) {
	t.Parallel()
	network := standin.New()
	network.Processing = 1
	out := withPicture(t, network.Write("Do you have a picture?"))
	if _, err := connect(t, network).Send(t.Context(), out); remote.KindOf(err) != remote.Unavailable {
		t.Fatal(err)
	}
	c := connect(t, network)
	if _, err := c.Send(t.Context(), out); remote.KindOf(err) != remote.Unavailable {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), out); err != nil || len(network.Posts()) != 1 || len(network.Posts()[0].Media) != 1 {
		t.Errorf("got %v, %v", err, network.Posts())
	}
}

// What the server threw away while the post waited is uploaded again.
func TestUploadsThatWereThrownAway(t *testing.T) {
	t.Parallel()
	network := standin.New()
	network.Processing = 1
	var asked atomic.Int64
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/media/") && asked.Add(1) == 1 {
			answer(404, `{"error":"Record not found"}`)(w, r)
			return
		}
		network.ServeHTTP(w, r)
	}))
	out := withPicture(t, network.Write("Do you have a picture?"))
	for range 2 {
		if _, err := c.Send(t.Context(), out); remote.KindOf(err) != remote.Unavailable {
			t.Fatal(err)
		}
	}
	if _, err := c.Send(t.Context(), out); err != nil || network.Uploads() != 2 {
		t.Errorf("got %v, %d uploads", err, network.Uploads())
	}
}

func TestAttachmentsThatCannotGo(t *testing.T) {
	t.Parallel()
	serve := func(contentType, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/none") {
				http.NotFound(w, r)
				return
			}
			w.Header().Set("Content-Type", contentType)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	for _, tc := range []struct {
		name, url string
		kind      remote.Kind
		says      string
	}{
		{"too large a picture", serve("image/png", strings.Repeat("x", 1<<20+1)) + "/a.png", remote.Rejected, "image/png of 1048577 bytes, the limit is 1048576"},
		{"a type that the server refuses", serve("text/html", "<p>") + "/a.html", remote.Rejected, "File content type is invalid"},
		{"an empty file", serve("image/png", "") + "/a.png", remote.Rejected, "File content type is invalid"},
		{"gone", serve("image/png", "x") + "/none?key=secret", remote.NotFound, "/none"},
		{"no address", "", remote.Rejected, "fetch"},
		{"a file of this machine", "file:///etc/passwd", remote.Rejected, "neither http nor https"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			network := standin.New()
			c := connect(t, network)
			if _, err := c.Poll(t.Context(), ""); err != nil { // for the limits
				t.Fatal(err)
			}
			out := reply(network.Write("Do you have a picture?"), "Here it is.")
			out.Attachments = []channel.Attachment{{Type: "image", URL: tc.url}}
			_, err := c.Send(t.Context(), out)
			if err == nil || remote.KindOf(err) != tc.kind || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "secret") {
				t.Errorf("got %v, want %q, %s", err, tc.says, tc.kind)
			}
			if len(network.Posts()) != 0 {
				t.Error("it was posted without")
			}
		})
	}
}

// An attachment's address is a stranger's word: without leave it leads to no private network.
func TestAttachmentsComeFromPublicAddresses(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := connect(t, network, func(o *mastodon.Options) { o.Fetcher = nil })
	_, err := c.Send(t.Context(), withPicture(t, network.Write("Do you have a picture?")))
	if remote.KindOf(err) != remote.Rejected || err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v", err)
	}
}

func TestProcessingFailed(t *testing.T) {
	t.Parallel()
	network := standin.New()
	network.Processing = 1
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/media/") {
			answer(422, `{"error":"Error processing thumbnail for uploaded media"}`)(w, r)
			return
		}
		network.ServeHTTP(w, r)
	}))
	out := withPicture(t, network.Write("Do you have a picture?"))
	if _, err := c.Send(t.Context(), out); remote.KindOf(err) != remote.Unavailable {
		t.Fatal(err)
	}
	if _, err := c.Send(t.Context(), out); remote.KindOf(err) != remote.Rejected || err == nil || !strings.Contains(err.Error(), "Error processing thumbnail") {
		t.Errorf("got %v", err)
	}
}

// Each answer of an upload may be lost without harm: it is asked for again.
func TestALostUploadIsUploadedAgain(t *testing.T) {
	t.Parallel()
	f := &faulty{network: standin.New(), fault: fault{do: aborts, done: true}, hits: func(r *http.Request) bool { return r.URL.Path == "/api/v2/media" }}
	c := connect(t, f)
	out := withPicture(t, f.network.Write("Do you have a picture?"))
	f.armed.Store(true)
	if _, err := c.Send(t.Context(), out); remote.KindOf(err) != remote.Unavailable {
		t.Fatalf("got %v", err)
	}
	if _, err := c.Send(t.Context(), out); err != nil || len(f.network.Posts()) != 1 || len(f.network.Posts()[0].Media) != 1 {
		t.Errorf("got %v, %v", err, f.network.Posts())
	}
}

// Several attachments keep their order; those that are done are not uploaded again when another one fails.
func TestSeveralAttachments(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := connect(t, network)
	var mu sync.Mutex
	served := map[string]int{}
	files := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		served[r.URL.Path]++
		if r.URL.Path == "/2.png" && served[r.URL.Path] == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.Header().Set("Content-Type", "image/png")
		_, _ = io.WriteString(w, png)
	}))
	defer files.Close()
	out := reply(network.Write("Do you have pictures?"), "Here they are.")
	for _, name := range []string{"1.png", "2.png", "3.png"} {
		out.Attachments = append(out.Attachments, channel.Attachment{Type: "image", URL: files.URL + "/" + name, Description: strings.Repeat("long ", 400) + name})
	}
	if _, err := c.Send(t.Context(), out); remote.KindOf(err) != remote.Unavailable {
		t.Fatal(err)
	}
	sent, err := c.Send(t.Context(), out)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range network.Status(sent.ID).Media {
		if !strings.HasSuffix(m.URL, "/"+string(rune('1'+i))+".png") || len([]rune(m.Description)) != 1500 {
			t.Errorf("number %d is %s with a description of %d characters", i+1, m.URL, len([]rune(m.Description)))
		}
	}
	if network.Uploads() != 3 {
		t.Errorf("there were %d uploads, want three", network.Uploads())
	}
}
