package channeltest_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
)

var shop = channel.Account{AccountID: channel.AccountID{ID: "shop"}, Name: "The Shop"}

// clock is a time that stands still until it is moved.
type clock struct{ now time.Time }

func newClock() *clock                   { return &clock{time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }
func (c *clock) Now() time.Time          { return c.now }
func (c *clock) forward(d time.Duration) { c.now = c.now.Add(d) }

// open returns a platform with one page and one customer.
func open(o channeltest.Options) (*channeltest.Platform, *channeltest.FakeChannel, *channeltest.Customer) {
	p := channeltest.New(o)
	return p, p.Account(shop), p.Customer("mia")
}

func poll(t *testing.T, page channel.Poller) []channel.Event {
	t.Helper()
	b, err := page.Poll(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return b.Events
}

// told says in a line each what the account was told.
func told(t *testing.T, page channel.Poller) []string {
	t.Helper()
	var lines []string
	for _, e := range poll(t, page) {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s", e.Kind, e.Message.ID, e.Message.Text)))
	}
	return lines
}

func same(t *testing.T, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func TestCustomersWriteWhereTheySay(t *testing.T) {
	t.Parallel()
	_, page, mia := open(channeltest.Options{})
	root := mia.Post(page, "root")
	reply := mia.Reply(root, "reply")
	comment := mia.Comment(reply, "comment")
	private := mia.Write(page, "private")
	again := mia.Reply(private, "private again")
	mention := mia.Mention("hey @shop", page)
	type place struct {
		Thread, Parent string
		Visibility     channel.Visibility
		Mentions       []string
	}
	var got []place
	for _, m := range []channel.Message{root, reply, comment, private, again, mention} {
		got = append(got, place{m.Thread, m.Parent, m.Visibility, m.Mentions})
	}
	same(t, []place{
		{Thread: root.ID}, {Thread: root.ID, Parent: root.ID}, {Thread: root.ID, Parent: root.ID},
		{Thread: "private-shop-mia", Visibility: channel.Private}, {Thread: "private-shop-mia", Parent: private.ID, Visibility: channel.Private},
		{Thread: mention.ID, Mentions: []string{"shop"}},
	}, got)
}

func TestACustomerSendsAWholeMessage(t *testing.T) {
	t.Parallel()
	_, page, mia := open(channeltest.Options{})
	m := mia.Send(page, channel.Message{Visibility: channel.Private, Text: "look", Language: "en", Attachments: []channel.Attachment{{Type: "image", URL: "https://fakebook.example/1.png"}},
		Facts: map[string]string{"rating": "2"}, Author: channel.Author{ID: "not me"}})
	events := poll(t, page)
	same(t, m, events[0].Message)
	if m.ID == "" || m.Author.ID != "mia" || m.Thread != "private-shop-mia" || m.Language != "en" || m.Facts["rating"] != "2" {
		t.Errorf("got %+v", m)
	}
}

func TestAMentionReachesEveryAccount(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{})
	other := p.Account(channel.Account{AccountID: channel.AccountID{ID: "help"}})
	m := mia.Mention("@shop @help", page, other)
	for _, c := range []*channeltest.FakeChannel{page, other} {
		events := poll(t, c)
		if len(events) != 1 || events[0].Message.ID != m.ID || events[0].Account != c.Account().AccountID {
			t.Errorf("%s heard %+v", c.Account().AccountID, events)
		}
	}
}

func TestEditStyles(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		style     channeltest.EditStyle
		formerIDs []string
		keys      []string
	}{
		{"revised", channeltest.EditsRevised, []string{"", ""}, []string{"edit/fakebook-0001/0001", "edit/fakebook-0001/0002"}},
		{"unnamed", channeltest.EditsUnnamed, []string{"", ""}, []string{"", ""}},
		{"changed ID", channeltest.EditsChangeID, []string{"fakebook-0001", "fakebook-0002"}, []string{"edit/fakebook-0002/0001", "edit/fakebook-0003/0002"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, page, mia := open(channeltest.Options{Edits: tc.style})
			m := mia.Post(page, "red")
			mia.Edit(m, "blue")
			mia.Edit(m, "red") // by the ID that it had at first
			var former, keys []string
			for _, e := range poll(t, page)[1:] {
				former, keys = append(former, e.FormerID), append(keys, e.DedupeKey())
			}
			same(t, tc.formerIDs, former)
			same(t, tc.keys, keys)
			if post := p.Posts()[0]; post.Text != "red" || post.Edits != 2 {
				t.Errorf("the post is %q after %d edits", post.Text, post.Edits)
			}
		})
	}
}

func TestWhatHappensIsTold(t *testing.T) {
	t.Parallel()
	c := newClock()
	p, page, mia := open(channeltest.Options{Now: c.Now, Private: channel.Traits{Echoes: true}, Public: channel.Traits{Echoes: true}})
	m := mia.Post(page, "hello")
	mia.React(m, "like")
	mia.Unreact(m, "like")
	page.ModerateInApp(channel.Hide, m)
	mia.DeleteForGood(m)
	mia.Open(page, "advert")
	w := mia.Write(page, "psst")
	page.Answer(w, "by a person", "")
	page.Answer(w, "by a tool", "othertool")
	c.forward(time.Minute)
	mia.Read(page)
	page.Report(channel.ReceiptDelivered, "", "", "fakebook-0004")
	page.TakenOver("private-shop-mia", "bot")
	mia.Write(page, "to whom?")

	events := poll(t, page)
	var got []string
	for i := range events {
		e := &events[i]
		if err := e.Check(); err != nil {
			t.Error(err)
		}
		if !e.Time.Equal(e.Message.Time) && !e.Message.Time.IsZero() {
			t.Errorf("%s is of %s, its message of %s", e.Kind, e.Time, e.Message.Time)
		}
		got = append(got, fmt.Sprintf("%s|%s|%s|%s|%t|%t|%t", e.Kind, e.Message.Text, e.App, e.Receipt.State, e.Honour, e.Reaction.Removed, e.Standby))
	}
	same(t, []string{
		"received|hello|||false|false|false",
		"reaction||||false|false|false",
		"reaction||||false|true|false",
		"moderated||||false|false|false",
		"deleted||||true|false|false",
		"opened||||false|false|false",
		"received|psst|||false|false|false",
		"echoed|by a person|||false|false|false",
		"echoed|by a tool|othertool||false|false|false",
		"receipt|||read|false|false|false",
		"receipt|||delivered|false|false|false",
		"control changed||bot||false|false|true",
		"received|to whom?|||false|false|true",
	}, got)
	same(t, []string{"psst", "by a person", "by a tool", "to whom?"}, mia.Sees())
	same(t, []string{"by a person", "by a tool"}, p.Replies())
	same(t, []string(nil), p.Customer("tom").Sees())
}

func TestThePlatformEnforcesItsTraits(t *testing.T) {
	t.Parallel()
	c := newClock()
	traits := channel.Traits{MaxText: 10, ReplyWindow: time.Hour, HumanWindow: 2 * time.Hour, MaxAttachments: 1, MaxAttachmentBytes: 9, AttachmentTypes: []string{"image"},
		NoAutomation: true, RefusesDuplicates: true}
	image := channel.Attachment{Type: "image", Size: 9}
	for _, tc := range []struct {
		name string
		out  channel.Outgoing
		age  time.Duration
		want string // the kind, or empty when taken
	}{
		{"fits", channel.Outgoing{Text: "1234567890"}, 0, ""},
		{"too long", channel.Outgoing{Text: "12345678901"}, 0, "rejected"},
		{"empty", channel.Outgoing{}, 0, "rejected"},
		{"picture alone", channel.Outgoing{Attachments: []channel.Attachment{image}}, 0, ""},
		{"two pictures", channel.Outgoing{Attachments: []channel.Attachment{image, image}}, 0, "rejected"},
		{"too large", channel.Outgoing{Attachments: []channel.Attachment{{Type: "image", Size: 10}}}, 0, "rejected"},
		{"a film", channel.Outgoing{Attachments: []channel.Attachment{{Type: "video"}}}, 0, "rejected"},
		{"automated", channel.Outgoing{Text: "hi", Automated: true}, 0, "blocked by policy"},
		{"in the person's window", channel.Outgoing{Text: "hi"}, 2 * time.Hour, ""},
		{"after the window", channel.Outgoing{Text: "hi"}, 3 * time.Hour, "window closed"},
		{"after the window, by template", channel.Outgoing{Template: &channel.Template{Name: "t"}}, 3 * time.Hour, ""},
		{"repeated", channel.Outgoing{Text: "before"}, 0, "duplicate"},
		{"another account", channel.Outgoing{Text: "hi", Account: channel.AccountID{Platform: "fakebook", ID: "other"}}, 0, "rejected"},
		{"to what is not there", channel.Outgoing{Text: "hi", InReplyTo: "none"}, 0, "not found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := *c
			p, page, mia := open(channeltest.Options{Now: c.Now, Public: traits})
			m := mia.Post(page, "hello")
			page.Answer(m, "before", "")
			c.forward(tc.age)
			if tc.out.InReplyTo == "" {
				tc.out.InReplyTo = m.ID
			}
			_, err := page.Send(t.Context(), tc.out)
			got := ""
			if err != nil {
				got = remote.KindOf(err).String()
			}
			if got != tc.want {
				t.Errorf("got %q (%v), want %q", got, err, tc.want)
			}
			if n := len(p.Posts()); err != nil && n != 2 {
				t.Errorf("refused, but there are %d posts", n)
			}
		})
	}
}

func TestOneReplyReplacesTheFormer(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{Public: channel.Traits{OneReply: true}})
	m := mia.Post(page, "two stars")
	for _, text := range []string{"sorry", "sorry!"} {
		out := channel.Outgoing{Key: text, Text: text, InReplyTo: m.ID}
		if _, err := page.Send(t.Context(), out); err != nil {
			t.Fatal(err)
		}
		if finding, _, err := page.Find(t.Context(), out, time.Now()); finding != channel.Found || err != nil {
			t.Errorf("%q: %s, %v", text, finding, err)
		}
	}
	same(t, []string{"sorry!"}, p.Replies())
}

func TestAKeyIsPostedOnceWhereThePlatformKnowsKeys(t *testing.T) {
	t.Parallel()
	for knows, want := range map[bool]int{false: 2, true: 1} {
		p, page, mia := open(channeltest.Options{KnowsKeys: knows, Public: channel.Traits{Echoes: true}})
		out := channel.Outgoing{Key: "k", Text: "hi", InReplyTo: mia.Post(page, "hello").ID}
		first, err1 := page.Send(t.Context(), out)
		second, err2 := page.Send(t.Context(), out)
		if err1 != nil || err2 != nil || (first.ID == second.ID) != knows || len(p.Replies()) != want {
			t.Errorf("keys known %t: posts %q, %q: %q, %v, %v", knows, first.ID, second.ID, p.Replies(), err1, err2)
		}
		if e := poll(t, page)[1]; (e.SentKey == "k") != knows || e.App != "our-app" {
			t.Errorf("keys known %t: the echo names key %q and app %q", knows, e.SentKey, e.App)
		}
	}
}

func TestATestThatNamesWhatDoesNotExistPanics(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{})
	for name, f := range map[string]func(){
		"a message":          func() { mia.Reply(channel.Message{ID: "none"}, "hi") },
		"another platform":   func() { p.Account(channel.Account{AccountID: channel.AccountID{Platform: "x", ID: "1"}}) },
		"an account of none": func() { p.Account(channel.Account{}) },
		"no account":         func() { mia.Mention("hi") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if r := recover(); r == nil || !strings.HasPrefix(fmt.Sprint(r), "channeltest: ") {
					t.Errorf("got %v", r)
				}
			}()
			f()
		})
	}
	if p.Account(shop) != page || p.Customer("mia") != mia {
		t.Error("the same name gives another")
	}
}
