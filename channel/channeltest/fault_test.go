package channeltest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
)

func TestFaultsComeInOrder(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{Public: channel.Traits{Echoes: true}})
	m := mia.Post(page, "hello")
	own := errors.New("the test's own")
	p.Fail(channeltest.OnSend, channeltest.LoseAnswer, nil, channeltest.LoseRequest, channeltest.AcceptThenFail)
	p.Fail(channeltest.OnSend, func(a *channeltest.Attempt) error { return own })
	p.Break(channeltest.OnSend, channeltest.Refuse(remote.Unavailable))
	var got []string
	for _, text := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		_, err := page.Send(t.Context(), channel.Outgoing{Text: text, InReplyTo: m.ID})
		switch {
		case err == nil:
			got = append(got, "ok")
		case errors.Is(err, own):
			got = append(got, "own")
		default:
			got = append(got, remote.KindOf(err).String())
		}
	}
	p.Mend(channeltest.OnSend)
	if _, err := page.Send(t.Context(), channel.Outgoing{Text: "h", InReplyTo: m.ID}); err != nil {
		t.Error(err)
	}
	same(t, []string{"unknown outcome", "ok", "unknown outcome", "ok", "own", "unavailable", "unavailable"}, got)
	same(t, []string{"a", "b", "h"}, p.Replies())
	if n := p.Calls(channeltest.OnSend); n != 8 {
		t.Errorf("%d calls are counted", n)
	}
	same(t, []string{"received fakebook-0001 hello", "echoed fakebook-0002 a", "echoed fakebook-0003 b", "echoed fakebook-0004 d", "receipt", "echoed fakebook-0005 h"}, told(t, page))
}

func TestEveryKindOfFailure(t *testing.T) {
	t.Parallel()
	p, page, _ := open(channeltest.Options{})
	for kind := remote.Unknown; kind <= remote.Duplicate; kind++ {
		p.Fail(channeltest.OnPoll, channeltest.Refuse(kind))
		if _, err := page.Poll(t.Context(), ""); err == nil || remote.KindOf(err) != kind {
			t.Errorf("want %s, got %v", kind, err)
		}
	}
}

func TestThrottleNamesWhatIsThrottled(t *testing.T) {
	t.Parallel()
	c := newClock()
	p := channeltest.New(channeltest.Options{Now: c.Now})
	page := p.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Credential: "token-1", App: "app-1"})
	for level, id := range map[remote.Level]string{
		remote.LevelNone: "", remote.LevelRecipient: "mia", remote.LevelEndpoint: "send", remote.LevelAccount: "fakebook/shop",
		remote.LevelCredential: "token-1", remote.LevelApp: "app-1",
	} {
		p.Fail(channeltest.OnAny, channeltest.Throttle(level, time.Minute))
		_, err := page.Send(t.Context(), channel.Outgoing{Text: "hi", To: channel.Author{ID: "mia"}})
		e, ok := errors.AsType[*remote.Error](err)
		if !ok || e.Kind != remote.RateLimited || e.Scope != (remote.Scope{Level: level, ID: id}) || !e.RetryAt.Equal(c.now.Add(time.Minute)) {
			t.Errorf("%s: got %v, scope %s, until %s", level, err, e.Scope, e.RetryAt)
		}
	}
}

func TestHangEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p, page, _ := open(channeltest.Options{})
		p.Fail(channeltest.OnSend, channeltest.Hang)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		_, err := page.Send(ctx, channel.Outgoing{Text: "hi"})
		if took := time.Since(start); took != time.Minute || remote.KindOf(err) != remote.Unknown || !errors.Is(err, context.DeadlineExceeded) || len(p.Posts()) > 0 {
			t.Errorf("after %s: %v, %d posts", took, err, len(p.Posts()))
		}
	})
}

func TestALostTokenStopsEveryAccountOfTheCredential(t *testing.T) {
	t.Parallel()
	p := channeltest.New(channeltest.Options{})
	account := func(id, credential string) *channeltest.FakeChannel {
		return p.Account(channel.Account{AccountID: channel.AccountID{ID: id}, Credential: credential})
	}
	a, b, other := account("a", "shared"), account("b", "shared"), account("c", "")
	a.ExpireToken()
	for c, works := range map[*channeltest.FakeChannel]bool{a: false, b: false, other: true} {
		_, err := c.Poll(t.Context(), "")
		if works != (err == nil) || err != nil && remote.KindOf(err) != remote.Unauthorized {
			t.Errorf("%s: %v", c.Name(), err)
		}
	}
	b.Reconnect()
	same(t, []string(nil), told(t, a)) // silent
	a.Revoke()
	a.Reconnect()
	same(t, []string{"authorization lost"}, told(t, a))
	same(t, []string{"authorization lost"}, told(t, b))
	same(t, []string(nil), told(t, other))
}
