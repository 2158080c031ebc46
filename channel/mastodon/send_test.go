package mastodon_test

import (
	"net/http"
	"net/http/httptest"
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

// customer is who asks, as events name them.
var customer = channel.Author{ID: standin.Customer, Handle: standin.Customer}

// reply answers a post as the Desk would.
func reply(id, text string) channel.Outgoing {
	return channel.Outgoing{Key: "reply-" + id + text, InReplyTo: id, To: customer, Text: text}
}

func TestAnAnswerHasTheAudienceOfTheQuestion(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		question string
		out      channel.Visibility
		want     string
	}{
		{"public", channel.Public, "public"},
		{"unlisted", channel.Public, "unlisted"},
		{"private", channel.Public, "private"},
		{"direct", channel.Private, "direct"},
		{"direct", channel.Public, "direct"}, // whoever asked in private is never answered in public
		{"public", channel.Private, "direct"},
		{"mutuals only", channel.Public, "direct"}, // an audience of another server's
	} {
		network := standin.New()
		id := network.Post(standin.Status{Text: "Where is it?", Visibility: tc.question})
		out := reply(id, "On its way.")
		out.Visibility = tc.out
		if _, err := connect(t, network).Send(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if got := network.Posts()[0].Visibility; got != tc.want {
			t.Errorf("a %s question answered in %s: the answer is %s, want %s", tc.question, tc.out, got, tc.want)
		}
	}
}

func TestWhomAnAnswerMentions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name     string
		question standin.Status
		to       channel.Author
		text     string
		want     string
	}{
		{"the customer", standin.Status{}, customer, "Hello", "@mia@other.example Hello"},
		{"a customer of our own server", standin.Status{Author: "lea"}, channel.Author{ID: "lea@social.example", Handle: "lea@social.example"}, "Hello", "@lea Hello"},
		{"as the server writes the handle", standin.Status{Author: "Mia@Other.Example"}, channel.Author{ID: "mia@other.example"}, "Hello", "@mia@other.example Hello"},
		{"not twice", standin.Status{}, customer, "Hello @mia@other.example, welcome", "Hello @mia@other.example, welcome"},
		{"not by a longer handle", standin.Status{}, customer, "Ask @mia@other.example.org", "@mia@other.example Ask @mia@other.example.org"},
		{"at the end of a sentence", standin.Status{}, customer, "Thanks @MIA@other.example.", "Thanks @MIA@other.example."},
		{"nobody else in public", standin.Status{Mentions: []string{standin.Brand, "ann@third.example"}}, customer, "Hello", "@mia@other.example Hello"},
		{"all of a private conversation", standin.Status{Visibility: "direct", Mentions: []string{standin.Brand, "ann@third.example"}}, customer, "Hello",
			"@mia@other.example @ann@third.example Hello"},
		{"not ourselves", standin.Status{Author: standin.Brand, Mentions: []string{"mia@other.example"}}, customer, "And one thing more", "@mia@other.example And one thing more"},
		{"an empty text is the mention", standin.Status{}, customer, "", "@mia@other.example"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			network := standin.New()
			tc.question.Text = "Where is it?"
			out := reply(network.Post(tc.question), tc.text)
			out.To = tc.to
			sent, err := connect(t, network).Send(t.Context(), out)
			if err != nil {
				t.Fatal(err)
			}
			if got := network.Status(sent.ID).Text; got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestPrivateWithoutAQuestion(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := connect(t, network)
	sent, err := c.Send(t.Context(), channel.Outgoing{Key: "1", Visibility: channel.Private, Thread: "ann@third.example,mia@other.example", To: customer, Text: "It is here"})
	if err != nil {
		t.Fatal(err)
	}
	p := network.Status(sent.ID)
	if p.Text != "@mia@other.example @ann@third.example It is here" || p.Visibility != "direct" {
		t.Errorf("got %q, %s", p.Text, p.Visibility)
	}
	if sent.Thread != "ann@third.example,mia@other.example" {
		t.Errorf("the thread is %q", sent.Thread)
	}
}

func TestAPublicQuestionIsAnsweredInPrivate(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := connect(t, network)
	id := network.Post(standin.Status{Text: "My order 17 is late", Mentions: []string{standin.Brand, "ann@third.example"}})
	got, err := c.ReplyPrivately(t.Context(), reply(id, "Which street?"))
	if err != nil {
		t.Fatal(err)
	}
	p := network.Status(got.ID)
	if p.Visibility != "direct" || p.Text != "@mia@other.example Which street?" || p.InReplyTo != id {
		t.Errorf("got %+v", p)
	}
	// The customer's answer comes into the same private conversation.
	network.Reply(got.ID, "Long Lane")
	batch, err := c.Poll(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	last := batch.Events[len(batch.Events)-1].Message
	if got.Thread == "" || last.Thread != got.Thread || last.Visibility != channel.Private || got.Author != customer {
		t.Errorf("the reply is in %q with %v, the answer to it in %q", got.Thread, got.Author, last.Thread)
	}
}

func TestContentWarningOfAnAnswer(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("warning ", 20)
	for _, tc := range []struct {
		name, warning string
		text          int
		want          string
	}{
		{"is that of the question", "illness", 100, "illness"},
		{"is shortened where the text leaves no room", long, 430, strings.TrimSpace(long[:46]) + "…"},
		{"is none where there was none", "", 100, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			network := standin.New()
			id := network.Post(standin.Status{Text: "Where is it?", Spoiler: tc.warning, Sensitive: tc.warning != ""})
			sent, err := connect(t, network).Send(t.Context(), reply(id, strings.Repeat("x", tc.text)))
			if err != nil {
				t.Fatal(err)
			}
			p := network.Status(sent.ID)
			if len([]rune(p.Spoiler)) > 70 || !strings.HasPrefix(p.Spoiler, strings.TrimSuffix(tc.want, "…")[:min(len(tc.want), 10)]) || tc.want == "" && p.Spoiler != "" {
				t.Errorf("got %q, want %q", p.Spoiler, tc.want)
			}
			if p.Sensitive != (tc.warning != "") {
				t.Errorf("sensitive is %t", p.Sensitive)
			}
		})
	}
}

// Parts hang below each other, and each reaches the customer.
func TestPartsFollowEachOther(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := connect(t, network)
	id := network.Write("Tell me everything")
	first := reply(id, "(1/2) It began")
	sent, err := c.Send(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	second := reply(id, "(2/2) and ended")
	second.After, second.Part, second.Parts = sent.ID, 2, 2
	last, err := c.Send(t.Context(), second)
	if err != nil {
		t.Fatal(err)
	}
	if p := network.Status(last.ID); p.InReplyTo != sent.ID || p.Text != "@mia@other.example (2/2) and ended" {
		t.Errorf("got %+v", p)
	}
}

func TestSendRefusesWhatTheServerWould(t *testing.T) {
	t.Parallel()
	longName := strings.Repeat("n", 90) + "@other.example"
	for _, tc := range []struct {
		name   string
		change func(*standin.Server, *channel.Outgoing)
		kind   remote.Kind
		says   string
	}{
		{"a long text", func(_ *standin.Server, out *channel.Outgoing) { out.Text = strings.Repeat("x", 437) }, remote.Rejected, "the text counts 437, the limit is 436"},
		{"a long mention", func(s *standin.Server, out *channel.Outgoing) {
			out.InReplyTo, out.To = s.Post(standin.Status{Author: longName, Text: "Hi"}), channel.Author{ID: longName}
			out.Text = strings.Repeat("x", 430)
		}, remote.Rejected, "with the mentions the text counts 522, the limit of the server is 500"},
		{"five attachments", func(_ *standin.Server, out *channel.Outgoing) { out.Attachments = make([]channel.Attachment, 5) }, remote.Rejected, "there are 5 attachments, the limit is 4"},
		{"a question that is gone", func(s *standin.Server, out *channel.Outgoing) { s.Delete(out.InReplyTo) }, remote.NotFound, "read post"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			network := standin.New()
			posts := &postCounter{next: network}
			out := reply(network.Write("Where is it?"), "On its way.")
			tc.change(network, &out)
			_, err := connect(t, posts).Send(t.Context(), out)
			if remote.KindOf(err) != tc.kind || err == nil || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want %q, %s", err, tc.says, tc.kind)
			}
			if posts.count() != 0 {
				t.Errorf("the server was asked all the same")
			}
		})
	}
}

// postCounter counts requests to post.
type postCounter struct {
	next http.Handler
	mu   sync.Mutex
	n    int
}

func (p *postCounter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isPost(r) {
		p.mu.Lock()
		p.n++
		p.mu.Unlock()
	}
	p.next.ServeHTTP(w, r)
}

func (p *postCounter) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

func TestTextsCountAsOnMastodon(t *testing.T) {
	t.Parallel()
	count := mastodon.Counter(23)
	for text, want := range map[string]int{
		"":      0,
		"hello": 5,
		"😀é":    2,
		"https://shop.example/help/returns/how-to-send-it-back": 23,
		"http://a.example": 23,
		"see https://shop.example/a/very/long/path/to/a/page, or https://b.example": 4 + 23 + 4 + 23, // the comma is within a link's 23 here
		"(https://shop.example/x)":                          24,
		"詳細https://shop.example/abcdefを":                    2 + 23 + 1,
		"https://localhost-without-a-dot":                   31,
		"xhttps://shop.example/abcdefghi":                   31,
		"@mia@other.example":                                18,
		"https://" + strings.Repeat("a", 60) + ".example/x": 70, // rather too much
	} {
		if got := count(text); got != want {
			t.Errorf("%q counts %d, want %d", text, got, want)
		}
	}
	if got := mastodon.Counted("@mia@other.example @lea hello", 23); got != len("@mia @lea hello") {
		t.Errorf("with mentions: %d", got)
	}
}

func TestTraitsFollowTheServer(t *testing.T) {
	t.Parallel()
	limits := func(answer string) channel.Traits {
		network := standin.New()
		c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/instance") {
				_, _ = w.Write([]byte(answer))
				return
			}
			network.ServeHTTP(w, r)
		}))
		before := c.Traits(channel.Public)
		if before.MaxText != 436 || before.MaxAttachments != 4 || before.Length("https://shop.example/help/returns/now") != 23 {
			t.Errorf("before the server was asked: %+v", before)
		}
		if _, err := c.Poll(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		return c.Traits(channel.Private)
	}
	got := limits(`{"configuration":{"statuses":{"max_characters":5000,"max_media_attachments":6,"characters_reserved_per_url":25},"media_attachments":{"image_size_limit":100,"video_size_limit":200}}}`)
	if got.MaxText != 4936 || got.MaxAttachments != 6 || got.MaxAttachmentBytes != 200 || got.Length("https://shop.example/help/returns/now") != 25 {
		t.Errorf("got %+v", got)
	}
	if got := limits(`{"max_toot_chars":1064}`); got.MaxText != 1000 || got.MaxAttachments != 4 {
		t.Errorf("got %+v", got)
	}
	if got := limits(`{"configuration":{"statuses":{"max_characters":-1}}}`); got.MaxText != 436 {
		t.Errorf("a limit that makes no sense: %+v", got)
	}
}

// The server is asked once a day; where it does not answer then, what it said before counts.
func TestTraitsOfYesterday(t *testing.T) {
	t.Parallel()
	network := standin.New()
	asked, now := 0, time.Now()
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/instance") {
			if asked++; asked == 1 {
				answer(200, `{"configuration":{"statuses":{"max_characters":1064}},"api_versions":{"mastodon":7}}`)(w, r)
			} else {
				answer(500, ``)(w, r)
			}
			return
		}
		network.ServeHTTP(w, r)
	}), func(o *mastodon.Options) { o.Now = func() time.Time { return now } })
	for _, tc := range []struct {
		after time.Duration
		asked int
	}{{0, 1}, {23 * time.Hour, 1}, {2 * time.Hour, 2}, {30 * time.Minute, 2}, {time.Hour, 3}} {
		now = now.Add(tc.after)
		if _, err := c.Poll(t.Context(), ""); err != nil || c.Traits(channel.Public).MaxText != 1000 || asked != tc.asked {
			t.Errorf("%s later: %v, at most %d, asked %d times, want %d", tc.after, err, c.Traits(channel.Public).MaxText, asked, tc.asked)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	whole := options()
	for _, tc := range []struct {
		name   string
		change func(*mastodon.Options)
		says   string
	}{
		{"no server", func(o *mastodon.Options) { o.Server = "" }, `server ""`},
		{"a name", func(o *mastodon.Options) { o.Server = "social.example" }, "want an address such as https://social.example"},
		{"a token in the clear", func(o *mastodon.Options) { o.Server = "http://social.example" }, "a token goes over https only"},
		{"a password", func(o *mastodon.Options) { o.Server = "https://me:hunter2@social.example" }, "want an address"},
		{"half a handle", func(o *mastodon.Options) { o.Handle = "acme" }, `handle "acme": want name@domain`},
		{"no token", func(o *mastodon.Options) { o.Token = nil }, "there is no token source"},
	} {
		o := whole
		tc.change(&o)
		_, err := mastodon.New(o)
		if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.says)
		}
	}
}

func TestTheStandInIsStrict(t *testing.T) {
	t.Parallel()
	network := standin.New()
	for _, tc := range []struct {
		name, body string
		status     int
	}{
		{"no text", `{"status":""}`, 422},
		{"a field too many", `{"status":"x","in_reply_to":"1"}`, 400},
		{"an unknown parent", `{"status":"x","in_reply_to_id":"1"}`, 404},
		{"an unknown audience", `{"status":"x","visibility":"all"}`, 422},
		{"a long text", `{"status":"` + strings.Repeat("x", 501) + `"}`, 422},
		{"an unknown attachment", `{"status":"x","media_ids":["1"]}`, 422},
		{"links count 23", `{"status":"` + strings.Repeat("x", 476) + ` https://shop.example/` + strings.Repeat("y", 100) + `"}`, 200},
	} {
		r := httptest.NewRequest(http.MethodPost, "/api/v1/statuses", strings.NewReader(tc.body))
		r.Header = http.Header{"Authorization": {"Bearer " + standin.Token}, "Content-Type": {"application/json"}, "User-Agent": {"test"}}
		w := httptest.NewRecorder()
		network.ServeHTTP(w, r)
		if diff := cmp.Diff(tc.status, w.Code); diff != "" {
			t.Errorf("%s: %s %s", tc.name, diff, w.Body)
		}
	}
}
