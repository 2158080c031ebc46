package mastodon_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/remote"
)

// pollAll polls until there is no more.
func pollAll(t T, c *mastodon.Channel, after channel.Cursor) ([]channel.Event, channel.Cursor) {
	t.Helper()
	var all []channel.Event
	for range 100 {
		batch, err := c.Poll(t.Context(), after)
		if err != nil {
			t.Fatalf("%v", err)
		}
		all, after = append(all, batch.Events...), batch.Cursor
		if !batch.More {
			return all, after
		}
	}
	t.Fatalf("there is always more")
	return nil, ""
}

// told returns kind and ID of each event.
func told(events []channel.Event) (lines []string) {
	for _, e := range events {
		lines = append(lines, string(e.Kind)+" "+e.Message.ID)
	}
	return lines
}

// Pages of any size, with posts written between them, lose nothing and repeat nothing.
func TestPagesLoseNothing(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 20, 80} {
		network := standin.New()
		network.MaxPage = size
		c := connect(t, network)
		var want, got []string
		var cursor channel.Cursor
		for polls, idle := 0, 0; idle < 2; polls++ {
			for range []int{7, 0, 3, 25, 1}[polls%5] {
				if polls < 5 {
					want = append(want, "received "+network.Write("Where is it?"))
				}
			}
			batch, err := c.Poll(t.Context(), cursor)
			if err != nil {
				t.Fatal(err)
			}
			got, cursor = append(got, told(batch.Events)...), batch.Cursor
			if idle++; polls < 5 || len(batch.Events) > 0 {
				idle = 0
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d: written -, polled +:\n%s", size, diff)
		}
	}
}

func TestThreadsWithUnknownParents(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := connect(t, network)
	root := network.Post(standin.Status{Author: "ann@third.example", Text: "Who knows Acme?", Mentions: []string{}})
	between := network.Post(standin.Status{Author: "bob@third.example", Text: "I do", InReplyTo: root, Mentions: []string{"ann@third.example"}})
	asked := network.Post(standin.Status{Text: "And are they quick?", InReplyTo: between})
	answer, err := c.Send(t.Context(), reply(asked, "We are."))
	if err != nil {
		t.Fatal(err)
	}
	back := network.Reply(answer.ID, "Thanks")
	own := network.Post(standin.Status{Text: "PS", InReplyTo: back})
	gone := network.Post(standin.Status{Author: "bob@third.example", Text: "gone soon", Mentions: []string{}})
	orphan := network.Post(standin.Status{Text: "Is it?", InReplyTo: gone})
	network.Delete(gone)
	events, _ := pollAll(t, c, "")
	got := map[string][2]string{}
	for _, e := range events {
		got[e.Message.ID] = [2]string{e.Message.Thread, e.Message.Parent}
	}
	want := map[string][2]string{
		asked:     {root, between}, // asked for, since nobody here knows the parent
		answer.ID: {"", asked},
		back:      {"", answer.ID}, // ours is known
		own:       {"", back},      // their own, too
		orphan:    {"", gone},      // nobody can say any more
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("thread and parent: want -, got +:\n%s", diff)
	}
}

func TestHistoryAsksForNoThreads(t *testing.T) {
	t.Parallel()
	network := standin.New()
	network.Post(standin.Status{Text: "Old", InReplyTo: network.Post(standin.Status{Author: "bob@third.example", Text: "Older", Mentions: []string{}})})
	asked := false
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = asked || strings.HasSuffix(r.URL.Path, "/context")
		network.ServeHTTP(w, r)
	}), func(o *mastodon.Options) { o.Since = time.Now().Add(time.Hour) })
	if events, _ := pollAll(t, c, ""); len(events) != 1 || asked {
		t.Errorf("got %v, asked %t", told(events), asked)
	}
}

// An answer that a person gives in Mastodon's own app is an echo, in order with what it answers.
func TestOwnPostsAreEchoes(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := connect(t, network)
	_, cursor := pollAll(t, c, "")
	q := network.Write("Where is it?")
	a := network.Post(standin.Status{Author: standin.Brand, Text: "On its way.", InReplyTo: q, Mentions: []string{standin.Customer}})
	again := network.Reply(a, "Thanks")
	alone := network.Post(standin.Status{Author: standin.Brand, Text: "A note", Visibility: "direct", Mentions: []string{standin.Customer}})
	events, _ := pollAll(t, c, cursor)
	want := []string{"received " + q, "echoed " + a, "received " + again, "echoed " + alone}
	if diff := cmp.Diff(want, told(events)); diff != "" {
		t.Fatalf("want -, got +:\n%s", diff)
	}
	if e := events[1].Message; e.Parent != q || e.Author.ID != standin.Handle || e.Mentions[0] != standin.Customer {
		t.Errorf("the echo is %+v", e)
	}
	if e := events[3].Message; e.Thread != standin.Customer || e.Visibility != channel.Private {
		t.Errorf("the private echo is %+v", e)
	}
}

func TestTheTokenIsAnothersAccount(t *testing.T) {
	t.Parallel()
	c := connect(t, standin.New(), func(o *mastodon.Options) { o.Handle = "other@social.example" })
	_, err := c.Poll(t.Context(), "")
	e, ok := errors.AsType[*remote.Error](err)
	if !ok || e.Kind != remote.Unauthorized || e.Scope.ID != "mastodon/other@social.example" || !strings.Contains(err.Error(), "that of acme@social.example, not of other@social.example") {
		t.Errorf("got %v", err)
	}
}

func TestForeignCursor(t *testing.T) {
	t.Parallel()
	if _, err := connect(t, standin.New()).Poll(t.Context(), "17"); remote.KindOf(err) != remote.Rejected || err == nil {
		t.Errorf("got %v", err)
	}
}

// Servers that do not know a type of notification may refuse the question, so quotes are asked for only where there are some.
func TestQuotesAreAskedForWhereThereAreSome(t *testing.T) {
	t.Parallel()
	for api, want := range map[int]string{0: "mention", 2: "mention", 7: "mention quote"} {
		network := standin.New()
		network.API = api
		var mu sync.Mutex
		got := ""
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/api/v1/notifications" {
				mu.Lock()
				got = strings.Join(r.URL.Query()["types[]"], " ")
				mu.Unlock()
			}
			network.ServeHTTP(w, r)
		}))
		id := network.Post(standin.Status{Author: standin.Brand, Text: "News"})
		q := network.Post(standin.Status{Text: "Look at this", Mentions: []string{}})
		network.Notify("quote", standin.Customer, q)
		events, _ := pollAll(t, c, "")
		if len(events) != 1+len(strings.Fields(want))-1 || events[0].Message.ID != id || got != want {
			t.Errorf("API %d: asked for %q, want %q; got %v", api, got, want, told(events))
		}
	}
}

func TestNewerIsReadFromLinks(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		links []string
		want  string
	}{
		{nil, ""},
		{[]string{`<https://s.example/api?max_id=1>; rel="next", <https://s.example/api?min_id=9&limit=80>; rel="prev"`}, "9"},
		{[]string{`<https://s.example/api?max_id=1>; rel="next"`, `<https://s.example/api?min_id=8>; rel=prev`}, "8"},
		{[]string{`<https://s.example/api?types[]=a,b&min_id=7>; rel="prev", <https://s.example/api?max_id=1>; rel="next"`}, "7"},
		{[]string{`<https://s.example/api?since_id=9>; rel="prev"`}, ""},
		{[]string{`<https://s.example/api?min_id=9`}, ""},
		{[]string{`<>; rel="prev"`, `rel="prev"`, `<::>; rel="prev"`}, ""},
	} {
		if got := mastodon.Newer(http.Header{"Link": tc.links}); got != tc.want {
			t.Errorf("%q: got %q, want %q", tc.links, got, tc.want)
		}
	}
}

func FuzzNewer(f *testing.F) {
	f.Add(`<https://s.example/api?max_id=1>; rel="next", <https://s.example/api?min_id=9>; rel="prev"`)
	f.Add(`<a?min_id=1>rel="prev"<<>>`)
	f.Fuzz(func(t *testing.T, link string) {
		if got := mastodon.Newer(http.Header{"Link": {link}}); len(got) > len(link) {
			t.Errorf("%q gives %q", link, got)
		}
	})
}
