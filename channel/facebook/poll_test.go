package facebook_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
	"github.com/socialcrm/socialcrm/remote"
)

// polled is a Page on a stand-in, at a time that the test sets.
type polled struct {
	*testing.T
	*standIn
	page *facebook.Channel
	at   time.Time
	log  bytes.Buffer
	// refuse answers a request in the place of the stand-in, if it returns true.
	refuse func(http.ResponseWriter, *http.Request) bool
	asked  []string
}

func newPolled(t *testing.T, change func(*facebook.Options)) *polled {
	p := &polled{T: t, at: time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)}
	p.standIn = newStandIn(func() time.Time { return p.at })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.asked = append(p.asked, strings.TrimPrefix(r.URL.Path, "/v25.0/"))
		if p.refuse == nil || !p.refuse(w, r) {
			p.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	o := options(server, func() time.Time { return p.at })
	o.Logger = slog.New(slog.NewTextHandler(&p.log, nil))
	if change != nil {
		change(&o)
	}
	p.page = facebook.New(o)
	return p
}

// poll polls once, and must not fail.
func (p *polled) poll(after channel.Cursor) channel.Batch {
	p.Helper()
	b, err := p.page.Poll(p.Context(), after)
	if err != nil {
		p.Fatal(err)
	}
	return b
}

// round polls until there is no more, and returns what was told and the polls that it took.
func (p *polled) round(after channel.Cursor) (channel.Batch, int) {
	p.Helper()
	var all channel.Batch
	for n := 1; n < 200; n++ {
		b := p.poll(after)
		all.Events, after = append(all.Events, b.Events...), b.Cursor
		if !b.More {
			b.Events = all.Events
			return b, n
		}
	}
	p.Fatal("the round does not end")
	return all, 0
}

func (p *polled) write(from, to, text string) *written {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.comment(from, to, text)
}

func (p *polled) chatWith(customer, from, text string) *written {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.message(from, customer, text, "")
}

func keys(events []channel.Event) (all []string) {
	for _, e := range events {
		all = append(all, e.DedupeKey())
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// TestWebhookAndPollTellTheSame: a visitor's post, an advert's comment, an answer to it, one of the Page's own, a tagged post and both sides of Messenger have the
// same key, thread, parent, author, text and time, whether a webhook tells of them or a poll.
func TestWebhookAndPollTellTheSame(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	p.post(visitor, "Do you open on Sunday?", facebook.Feed)
	ad := p.post(pageID, "Taps, half price", facebook.AdsPosts)
	first := p.write(visitor, ad.id, "Still no tap!")
	second := p.write(pageID, first.id, "It's on its way")
	p.write(visitor, second.id, "Thanks")
	p.write(visitor, p.post(visitor, "Look at my new tap", facebook.Tagged).id, "And it drips")
	p.chatWith(psid, psid, "My order is 17")
	p.chatWith(psid, pageID, "Thank you")

	d, err := (&facebook.Receiver{App: app}).Decode(p.webhook())
	if err != nil || len(d.Bad) > 0 {
		t.Fatal(err, d.Bad)
	}
	byPoll := map[string]channel.Event{}
	b, _ := p.round("")
	for _, e := range b.Events {
		byPoll[e.DedupeKey()] = e
	}
	if len(d.Events) != 9 || len(byPoll) != 9 {
		t.Errorf("the webhook tells of %d, the poll of %d, want 9 each", len(d.Events), len(byPoll))
	}
	for _, e := range d.Events {
		other, ok := byPoll[e.DedupeKey()]
		if !ok {
			t.Errorf("the poll does not tell %s", e.DedupeKey())
			continue
		}
		ignore := cmp.Options{cmpopts.IgnoreFields(channel.Event{}, "Time", "App", "SentKey"), cmpopts.IgnoreFields(channel.Author{}, "Name")}
		if diff := cmp.Diff(e, other, ignore); diff != "" {
			t.Errorf("%s, webhook -, poll +:\n%s", e.DedupeKey(), diff)
		}
	}
}

func TestPollReadsLongThreadsToTheEnd(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	var want []string
	ad := p.post(pageID, "Taps, half price", facebook.AdsPosts)
	want = append(want, "message/"+ad.id)
	for i := range 20 {
		p.at = p.at.Add(time.Second)
		want = append(want, "message/"+p.write(visitor, ad.id, fmt.Sprint("comment ", i)).id, "message/"+p.chatWith(psid, psid, fmt.Sprint("message ", i)).id)
	}
	for i := range 7 { // pages of posts and of conversations
		want = append(want, "message/"+p.post(visitor, fmt.Sprint("post ", i), facebook.Feed).id, "message/"+p.chatWith(fmt.Sprint(6000+i), fmt.Sprint(6000+i), "Hello").id)
	}
	slices.Sort(want)
	b, polls := p.round("")
	if diff := cmp.Diff(want, keys(b.Events)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if polls < 3 || b.Wait != 15*time.Minute {
		t.Errorf("%d polls, then wait %s; want several and 15m", polls, b.Wait)
	}
	if !slices.IsSortedFunc(p.poll("").Events, func(a, b channel.Event) int { return a.Time.Compare(b.Time) }) {
		t.Error("the oldest does not come first")
	}
}

func TestPollTellsOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	post := p.post(visitor, "Do you open on Sunday?", facebook.Feed)
	p.write(visitor, post.id, "Hello?")
	p.chatWith(psid, psid, "Hello?")
	p.at = p.at.Add(8 * 24 * time.Hour)
	recent := p.write(visitor, post.id, "Anybody?")
	p.at = p.at.Add(11 * time.Minute) // what is younger than ten minutes is told again
	first, _ := p.round("")
	if diff := cmp.Diff([]string{"message/" + recent.id}, keys(first.Events)); diff != "" {
		t.Errorf("the first round reads seven days back; want -, got +:\n%s", diff)
	}
	p.at = p.at.Add(time.Hour)
	last := p.write(visitor, recent.id, "I see")
	p.at = p.at.Add(11 * time.Minute)
	second, _ := p.round(first.Cursor)
	if diff := cmp.Diff([]string{"message/" + last.id}, keys(second.Events)); diff != "" {
		t.Errorf("the second round; want -, got +:\n%s", diff)
	}
	p.at = p.at.Add(time.Hour)
	p.asked = nil
	third, polls := p.round(second.Cursor)
	if len(third.Events) > 0 || polls != 1 || len(p.asked) != 5 {
		t.Errorf("nothing new: %d events, %d polls, %d calls; want 0, 1 and one for each list", len(third.Events), polls, len(p.asked))
	}
}

// refusing answers requests to a path with one of Meta's errors.
func refusing(path string, code int) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, path) {
			return false
		}
		(&refusal{400, code, 0, "refused by the test"}).write(w)
		return true
	}
}

func TestPollPassesOverAListThatItMayNotRead(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	post := p.post(visitor, "Do you open on Sunday?", facebook.Feed)
	message := p.chatWith(psid, psid, "Hello?")
	p.refuse = refusing("/ads_posts", 200)
	b, _ := p.round("")
	want := []string{"message/" + message.id, "message/" + post.id}
	slices.Sort(want)
	if diff := cmp.Diff(want, keys(b.Events)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if log := p.log.String(); !strings.Contains(log, "poll ads_posts of page 700100: blocked by policy") || strings.Contains(log, pageToken) {
		t.Errorf("the log says %s", log)
	}

	p.refuse = refusing("/ads_posts", 368) // that concerns the account: nothing is passed over for it
	half := p.poll("")
	if _, err := p.page.Poll(t.Context(), half.Cursor); err == nil || remote.KindOf(err) != remote.PolicyBlocked || !half.More {
		t.Errorf("blocked for a time: %v, want blocked by policy", err)
	}
}

func TestPollGoesOnWhereAFailureEndedIt(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	post := p.post(visitor, "Do you open on Sunday?", facebook.Feed)
	message := p.chatWith(psid, psid, "Hello?")
	p.refuse = refusing("/tagged", 1200)
	half := p.poll("")
	if !half.More || !slices.Equal(keys(half.Events), []string{"message/" + post.id}) {
		t.Errorf("until the failure: %v, more %t", keys(half.Events), half.More)
	}
	if _, err := p.page.Poll(t.Context(), half.Cursor); err == nil || remote.KindOf(err) != remote.Unavailable {
		t.Errorf("again: %v, want unavailable", err)
	}
	p.refuse, p.asked = nil, nil
	rest := p.poll(half.Cursor)
	if p.asked[0] != "700100/tagged" || !slices.Equal(keys(rest.Events), []string{"message/" + message.id}) {
		t.Errorf("it goes on with %s and tells %v", p.asked[0], keys(rest.Events))
	}
}

func TestPollLeavesTheCallsNearALimitToAnswers(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	p.post(visitor, "Do you open on Sunday?", facebook.Feed)
	message := p.chatWith(psid, psid, "Hello?")
	usage := `{"call_count":85,"total_cputime":1,"total_time":1}`
	p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("X-Page-Usage", usage)
		return false
	}
	b := p.poll("")
	if b.More || b.Wait != 5*time.Minute || len(p.asked) != 1 || len(b.Events) != 1 {
		t.Errorf("%d calls, %d events, more %t, wait %s; want one call, and a pause of 5m", len(p.asked), len(b.Events), b.More, b.Wait)
	}
	p.at = p.at.Add(b.Wait)
	usage = `{"call_count":20}`
	rest, _ := p.round(b.Cursor)
	if !slices.Contains(keys(rest.Events), "message/"+message.id) {
		t.Errorf("it goes on with %v", keys(rest.Events))
	}
}

func TestPollLooksAgainForAPlaceThatMetaForgot(t *testing.T) {
	t.Parallel()
	p := newPolled(t, func(o *facebook.Options) { o.Lists = []facebook.List{facebook.Feed} })
	var want []string
	for i := range 50 {
		want = append(want, "message/"+p.post(visitor, fmt.Sprint("post ", i), facebook.Feed).id)
	}
	slices.Sort(want)
	forgotten := 1
	p.refuse = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("after") == "" || forgotten == 0 {
			return false
		}
		forgotten--
		return refusing("", 100)(w, r)
	}
	b, _ := p.round("")
	if diff := cmp.Diff(want, keys(b.Events)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}

	forgotten = 1000
	var err error
	for cursor, n := channel.Cursor(""), 0; n < 5 && err == nil; n++ {
		b, err = p.page.Poll(t.Context(), cursor)
		cursor = b.Cursor
	}
	if err == nil || remote.KindOf(err) != remote.Rejected {
		t.Errorf("a place that is refused again and again: %v, want rejected: nothing behind it may be lost in silence", err)
	}
}

func TestPollKeepsAnAuthorWhomMetaWithholdsEmpty(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	post := p.post(visitor, "Do you open on Sunday?", facebook.Feed)
	hidden := p.write("", post.id, "Hello?")
	without, _ := p.round("")
	hidden.from = visitor
	with, _ := p.round("")
	author := func(b channel.Batch) string {
		for _, e := range b.Events {
			if e.Message.ID == hidden.id {
				return e.Message.Author.ID
			}
		}
		return "nobody told"
	}
	if a, z := author(without), author(with); a != "" || z != pageID+":"+visitor {
		t.Errorf("author %q, later %q", a, z)
	}
	if diff := cmp.Diff(keys(without.Events), keys(with.Events)); diff != "" {
		t.Errorf("the keys differ: %s", diff)
	}
}

func TestPollTakesAnyCursor(t *testing.T) {
	t.Parallel()
	p := newPolled(t, nil)
	p.post(visitor, "Do you open on Sunday?", facebook.Feed)
	for _, cursor := range []channel.Cursor{"", "{", "17", `{"since":"yesterday"}`, `{"list":"feed"}`} {
		if b := p.poll(cursor); len(b.Events) == 0 || b.More {
			t.Errorf("cursor %q: %d events, more %t", cursor, len(b.Events), b.More)
		}
	}
	unknown := channel.Cursor(`{"since":"2026-09-01T00:00:00Z","until":"2026-09-01T11:00:00Z","list":"of_old"}`)
	if b, polls := p.round(unknown); polls != 1 || b.Cursor == unknown {
		t.Errorf("a list that Meta does not know takes %d polls, and leads to %s", polls, b.Cursor)
	}
}
