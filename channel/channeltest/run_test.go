package channeltest

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// everything is what the Fake can do.
func everything() Features {
	return Features{
		Abilities: allAbilities, Webhook: true, Stream: true, Poll: true,
		Edits: true, Deletions: true, Revisions: true, Threads: true, Batches: true,
	}
}

// fakeFixture is the Fake as its own adapter, on a platform whose clock is ten days behind.
func fakeFixture(o Options) Fixture {
	o.Now = func() time.Time { return time.Now().AddDate(0, 0, -10) }
	p := New(o)
	page := p.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
	mia := p.Customer("mia")
	message := func(id string) channel.Message { return channel.Message{ID: id} }
	return Fixture{
		Channel: page, Sources: []channel.Source{p},
		Write:    func(text string) string { return mia.Post(page, text).ID },
		Customer: "mia",
		Reply:    func(to, text string) string { return mia.Reply(message(to), text).ID },
		Answers:  p.RepliesTo,
		Attached: func(text string) int {
			for _, post := range p.Posts() {
				if post.ByBrand && post.Text == text {
					return len(post.Attachments)
				}
			}
			return 0
		},
		Edit:   func(id, text string) string { return mia.Edit(message(id), text).ID },
		Delete: func(id string) { mia.Delete(message(id)) },
		Posts:  p.Replies,
		Calls:  func() int { return p.Calls(OnSend) },
		Break: func(tr Trouble) {
			switch tr {
			case Throttled:
				p.Fail(OnAny, Throttle(remote.LevelAccount, time.Minute))
			case AnswerLost:
				p.Fail(OnSend, LoseAnswer)
			case RequestLost:
				p.Fail(OnSend, LoseRequest)
			case Silent:
				p.Fail(OnSend, Hang)
			default:
				p.Fail(OnAny, Refuse(tr.kind()))
			}
		},
		Webhook: p.Webhook, Challenge: p.Challenge, AwaitStream: p.AwaitStream,
		Corrupt: func() { p.Corrupt(page) },
		Secrets: []string{p.options.Secret},
		Now:     p.options.Now,
	}
}

func fakeHarness(o Options) Harness {
	return Harness{Features: everything(), New: func(T) Fixture { return fakeFixture(o) }}
}

func TestFakeConforms(t *testing.T) {
	t.Parallel()
	limits := channel.Traits{MaxText: 280, ReplyWindow: 24 * time.Hour, HumanWindow: 7 * 24 * time.Hour, Echoes: true, RefusesDuplicates: true, MaxAttachments: 1, AttachmentTypes: []string{"video"}}
	for name, o := range map[string]Options{
		"zero options":        {},
		"small pages":         {PageSize: 2},
		"limits and echoes":   {Public: limits},
		"keys and changed ID": {Public: channel.Traits{Echoes: true}, KnowsKeys: true, Edits: EditsChangeID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := fakeHarness(o)
			if o.PageSize == 2 {
				h.Features.Batches = false // the bad entry and what surrounds it do not fit one call
			}
			Run(t, h)
		})
	}
	t.Run("unnamed edits", func(t *testing.T) {
		t.Parallel()
		h := fakeHarness(Options{Edits: EditsUnnamed})
		h.Features.Revisions = false
		Run(t, h)
	})
	t.Run("private only", func(t *testing.T) {
		t.Parallel()
		h := fakeHarness(Options{})
		h.Features.PrivateOnly = true
		h.Features.Abilities = Finds
		h.New = func(T) Fixture {
			f := fakeFixture(Options{ScopedAuthors: true, Private: channel.Traits{MaxText: 1000, Echoes: true}})
			page := f.Channel.(*FakeChannel)
			f.Channel = page.Only(Finds)
			f.Customer = "shop:mia"
			f.Write = func(text string) string { return page.platform.Customer("mia").Write(page, text).ID }
			return f
		}
		Run(t, h)
	})
}

// An adapter need not do everything.
func TestAdaptersThatDoLessConform(t *testing.T) {
	t.Parallel()
	type only struct{ channel.Channel } // nothing but Account, Traits and Send
	for name, tc := range map[string]struct {
		features Features
		sources  func(*FakeChannel) []channel.Source
	}{
		"speaks only":  {Features{}, func(*FakeChannel) []channel.Source { return nil }},
		"webhook only": {Features{Webhook: true, Batches: true}, func(c *FakeChannel) []channel.Source { return []channel.Source{struct{ channel.Receiver }{c.platform}} }},
		"stream only":  {Features{Stream: true}, func(c *FakeChannel) []channel.Source { return []channel.Source{struct{ channel.Streamer }{c.platform}} }},
		"poll only":    {Features{Poll: true, Batches: true, Cannot: []Trouble{Silent, Throttled}}, func(c *FakeChannel) []channel.Source { return []channel.Source{struct{ channel.Poller }{c}} }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			Run(t, Harness{Features: tc.features, New: func(T) Fixture {
				f := fakeFixture(Options{Public: channel.Traits{Echoes: true}})
				page := f.Channel.(*FakeChannel)
				f.Channel, f.Sources = only{page}, tc.sources(page)
				if len(f.Sources) == 0 {
					f.Write = nil
				}
				return f
			}})
		})
	}
}

// Streams and polls wait for nothing but each other, so that the kit runs in a bubble of virtual time.
func TestFakeConformsInABubble(t *testing.T) {
	t.Parallel()
	for _, c := range checks() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { runCheck(t, c, fakeHarness(Options{Public: channel.Traits{Echoes: true}})) })
		})
	}
}

// recorder is a T that keeps what a check reports.
type recorder struct {
	ctx context.Context

	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()                  {}
func (r *recorder) Logf(string, ...any)      {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

// record runs one check and returns what it reports.
func record(ctx context.Context, c check, h Harness) []string {
	ctx, cancel := context.WithCancel(ctx)
	r := &recorder{ctx: ctx}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runCheck(r, c, h)
	}()
	<-done
	cancel()
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
	return r.failures
}
