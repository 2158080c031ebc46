package channeltest_test

import (
	"context"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
)

func TestOnlyHasTheAbilitiesAskedFor(t *testing.T) {
	t.Parallel()
	_, page, _ := open(channeltest.Options{})
	for a := range channeltest.Ability(128) {
		if got := channeltest.AbilitiesOf(page.Only(a)); got != a {
			t.Errorf("asked for %s, got %s", a, got)
		}
	}
	if got := channeltest.Ability(0).String(); got != "none" {
		t.Error(got)
	}
}

func TestReplyPrivately(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{ScopedAuthors: true})
	m := mia.Post(page, "hello")
	out := channel.Outgoing{Text: "psst", InReplyTo: m.ID, Thread: m.Thread}
	reply, err := page.ReplyPrivately(t.Context(), out)
	if err != nil || reply.Author.ID != "shop:mia" || reply.Thread != "private-shop-mia" {
		t.Errorf("got %+v, %v", reply, err)
	}
	same(t, []string{"hello"}, p.Customer("tom").Sees())
	same(t, []string{"hello", "psst"}, mia.Sees())
	if w := mia.Write(page, "yes?"); w.Author.ID != "shop:mia" || w.Thread != reply.Thread {
		t.Errorf("the customer answers as %+v", w)
	}
	automated := out
	automated.Automated, automated.InReplyTo = true, mia.Post(page, "more").ID
	for want, out := range map[remote.Kind]channel.Outgoing{
		remote.Duplicate: out, remote.PolicyBlocked: automated, remote.NotFound: {Text: "psst", InReplyTo: "none"}, remote.Rejected: {Text: "psst", InReplyTo: reply.ID},
	} {
		if _, err := page.ReplyPrivately(t.Context(), out); err == nil || remote.KindOf(err) != want {
			t.Errorf("want %s, got %v", want, err)
		}
	}
}

func TestModerate(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{})
	m := mia.Post(page, "rude")
	do := func(action channel.ModerateAction) {
		t.Helper()
		if err := page.Moderate(t.Context(), action, m); err != nil {
			t.Error(err)
		}
	}
	do(channel.Hide)
	do(channel.Like)
	same(t, []string(nil), p.Customer("tom").Sees())
	same(t, []string{"rude"}, mia.Sees())
	do(channel.Unhide)
	same(t, []string{"rude"}, p.Customer("tom").Sees())
	do(channel.Block)
	if m := mia.Post(page, "still rude"); m.ID != "" {
		t.Errorf("blocked, but wrote %+v", m)
	}
	do(channel.Remove)
	post := p.Posts()[0]
	if !post.Deleted || !post.Liked || len(p.Posts()) != 1 {
		t.Errorf("got %+v", post)
	}
	if err := page.Moderate(t.Context(), channel.Hide, m); remote.KindOf(err) != remote.NotFound {
		t.Errorf("hiding what is gone: %v", err)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		fault  channeltest.Fault
		cannot bool
		want   channel.Finding
	}{
		{"answer lost", channeltest.LoseAnswer, false, channel.Found},
		{"request lost", channeltest.LoseRequest, false, channel.Absent},
		{"a platform that does not show it", channeltest.LoseAnswer, true, channel.CannotTell},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			p, page, _ := open(channeltest.Options{CannotFind: tc.cannot})
			p.Fail(channeltest.OnSend, tc.fault)
			out := channel.Outgoing{Key: "k", Text: "hi"}
			if _, err := page.Send(t.Context(), out); remote.KindOf(err) != remote.Unknown || err == nil {
				t.Fatal(err)
			}
			if got, sent, err := page.Find(t.Context(), out, time.Now()); got != tc.want || err != nil || (sent.ID != "") != (tc.want == channel.Found) {
				t.Errorf("got %s, %+v, %v", got, sent, err)
			}
		})
	}
}

func TestProfile(t *testing.T) {
	t.Parallel()
	p, page, mia := open(channeltest.Options{})
	mia.Describe(channel.Author{ID: "ignored", Name: "Mia Meyer", Followers: 4000})
	for _, id := range []string{"mia", "shop:mia"} {
		if got, err := page.Profile(t.Context(), id); err != nil || got.ID != id || got.Followers != 4000 {
			t.Errorf("%s: %+v, %v", id, got, err)
		}
	}
	if _, err := page.Profile(t.Context(), "nobody"); remote.KindOf(err) != remote.NotFound {
		t.Error(err)
	}
	if n := p.Calls(channeltest.OnProfile); n != 3 {
		t.Errorf("%d calls are counted", n)
	}
}

func TestControl(t *testing.T) {
	t.Parallel()
	_, page, mia := open(channeltest.Options{})
	w := mia.Write(page, "hello")
	send := func() error {
		_, err := page.Send(t.Context(), channel.Outgoing{Text: "hi", Visibility: channel.Private, InReplyTo: w.ID})
		return err
	}
	for _, step := range []struct {
		do   func(context.Context) error
		ours bool
	}{
		{func(ctx context.Context) error { return nil }, true},
		{func(ctx context.Context) error { return page.ReleaseControl(ctx, w.Thread, "") }, false},
		{func(ctx context.Context) error { return page.TakeControl(ctx, w.Thread) }, true},
		{func(ctx context.Context) error { page.TakenOver(w.Thread, "bot"); return nil }, false},
		{func(ctx context.Context) error { page.TakenOver(w.Thread, ""); return nil }, true},
	} {
		if err := step.do(t.Context()); err != nil {
			t.Error(err)
		}
		if err := send(); (err == nil) != step.ours || err != nil && remote.KindOf(err) != remote.NotInControl {
			t.Errorf("ours %t: %v", step.ours, err)
		}
	}
}
