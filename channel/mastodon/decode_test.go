package mastodon_test

import (
	"context"
	"encoding/json"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
)

var update = flag.Bool("update", false, "write what Poll returns into testdata/poll/*.want; read the difference before committing it")

// TestPollRecorded polls every testdata/poll/*.json, a page of notifications, and compares with the *.want beside it: a line an event or bad entry.
func TestPollRecorded(t *testing.T) {
	t.Parallel()
	files := glob(t, "testdata/poll/*.json")
	if !*update {
		if wants := glob(t, "testdata/poll/*.want"); len(wants) != len(files) {
			t.Errorf("%d files and %d expectations", len(files), len(wants))
		}
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			c := connect(t, notifying(t, read(t, file)), func(o *mastodon.Options) { o.Favourites = true })
			batch, err := c.Poll(t.Context(), "")
			if err != nil {
				t.Fatal(err)
			}
			wantFile := strings.TrimSuffix(file, ".json") + ".want"
			got := lines(t, batch)
			if *update {
				if err := os.WriteFile(wantFile, []byte(got), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(string(read(t, wantFile)), got); diff != "" {
				t.Errorf("want -, got +:\n%s", diff)
			}
		})
	}
}

// notifying is the stand-in with these notifications, newest last as a person writes them down.
func notifying(t testing.TB, page []byte) http.Handler {
	var list []json.RawMessage
	if err := json.Unmarshal(page, &list); err != nil {
		t.Fatal(err)
	}
	for i, j := 0, len(list)-1; i < j; i, j = i+1, j-1 {
		list[i], list[j] = list[j], list[i]
	}
	body, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	network := standin.New()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/notifications" {
			network.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Link", `<https://social.example/api/v1/notifications?min_id=999>; rel="prev"`)
		_, _ = w.Write(body)
	})
}

// lines writes a batch for people to compare.
func lines(t testing.TB, batch channel.Batch) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, e := range batch.Events {
		if e.Kind != channel.MessageDeleted { // whatever these posts are, the stand-in does not have them
			if err := enc.Encode(e); err != nil {
				t.Fatal(err)
			}
			b.WriteString("  key " + e.DedupeKey() + "\n")
		}
	}
	for _, bad := range batch.Bad {
		b.WriteString("bad " + bad.Account.String() + " " + bad.Where + " " + bad.Reason + "\n")
	}
	return b.String()
}

// FuzzNotification gives the stream's decoder whatever somebody may send: it says what is wrong, or makes an event that the Desk takes.
func FuzzNotification(f *testing.F) {
	files, _ := filepath.Glob("testdata/poll/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var list []json.RawMessage
		if err := json.Unmarshal(data, &list); err != nil {
			f.Fatal(err)
		}
		for _, n := range list {
			f.Add("notification", []byte(n))
			var inner struct{ Status json.RawMessage }
			if json.Unmarshal(n, &inner) == nil && inner.Status != nil {
				f.Add("status.update", []byte(inner.Status))
				f.Add("update", []byte(inner.Status))
			}
		}
	}
	f.Add("delete", []byte("103186"))
	f.Add("filters_changed", []byte("undefined"))
	c := connect(f, standin.New(), func(o *mastodon.Options) { o.Favourites = true })
	if _, err := c.Poll(context.Background(), ""); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		got, ok, err := c.Understand(name, data)
		if !ok || err != nil {
			return
		}
		e := got.(channel.Event)
		if err := e.Check(); err != nil {
			t.Errorf("%s %q: %v", name, data, err)
		}
		if e.DedupeKey() == "" {
			t.Errorf("%s %q: the event has no key", name, data)
		}
	})
}
