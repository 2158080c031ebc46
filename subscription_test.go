package socialcrm_test

import (
	"cmp"
	"context"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// webhooked is a world whose events come by webhook; the account is polled only when something is wrong.
type webhooked struct {
	*world
	feed *seldom
}

// seldom is a poller that asks not to be called for a year.
type seldom struct {
	channel.Poller
	name  string // empty: seldom
	polls int
}

func (s *seldom) Name() string { return cmp.Or(s.name, "seldom") }

func (s *seldom) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	s.polls++
	b, err := s.Poller.Poll(ctx, after)
	b.Wait = 365 * 24 * time.Hour
	return b, err
}

func newWebhooked(t *testing.T) webhooked {
	w := newWorld(t)
	w.desk.RemoveChannel(shop)
	page := struct { // not a source of its own
		channel.Channel
		channel.Subscriber
	}{w.page, w.page}
	w.ok(w.desk.AddChannel(t.Context(), page))
	feed := &seldom{Poller: w.page}
	w.ok(w.desk.AddSource(t.Context(), feed))
	w.ok(w.desk.AddSource(t.Context(), w.platform))
	w.pass(time.Minute)
	return webhooked{w, feed}
}

func TestLostSubscriptionIsRenewedAndTheGapPolled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		wait time.Duration
		tell bool
	}{{"the platform says so", time.Minute, true}, {"found by the daily check", 25 * time.Hour, false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWebhooked(t)
			checks, polls := w.platform.Calls(channeltest.OnSubscribe), w.feed.polls
			if checks == 0 {
				t.Error("the subscription was not checked at start")
			}
			w.page.LoseSubscription()
			w.platform.Customer("mia").Post(w.page, "Nobody tells you of this")
			w.platform.Deliver(w.desk.Webhooks())
			w.pass(time.Minute)
			if len(w.tickets()) != 0 {
				t.Fatal("the webhook told of it all the same")
			}
			w.platform.Fail(channeltest.OnSubscribe, channeltest.Refuse(remote.Unavailable))
			if tt.tell {
				w.ingest(channel.Event{Kind: channel.SubscriptionLost, Account: shop, Key: "lost"})
			}
			w.pass(tt.wait)
			if len(w.tickets()) != 1 || w.feed.polls != polls+1 {
				t.Errorf("%d tickets after %d polls, want 1 after 1", len(w.tickets()), w.feed.polls-polls)
			}
			if told := w.told(ticket.AccountRecovered); len(told) != 1 || told[0].Old != shop.String() || told[0].New != "subscription" {
				t.Errorf("the journal tells %+v", told)
			}
			w.pass(48 * time.Hour)
			if w.feed.polls != polls+1 || len(w.told(ticket.AccountRecovered)) != 1 {
				t.Error("it was polled again though nothing was lost")
			}
		})
	}
}

func TestSubscriptionIsCheckedAfterALongOutage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	w.platform.Break(channeltest.OnPoll, channeltest.Refuse(remote.Unavailable))
	w.pass(12 * time.Hour)
	checks := w.platform.Calls(channeltest.OnSubscribe)
	w.platform.Mend(channeltest.OnPoll)
	w.pass(2 * time.Hour)
	if n := w.platform.Calls(channeltest.OnSubscribe) - checks; n != 1 {
		t.Errorf("%d checks after the outage, want 1", n)
	}
}

func TestLostAuthorizationPausesTheAccountUntilItIsResumed(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.page.Revoke()
	w.ingest(channel.Event{Kind: channel.AuthorizationLost, Account: shop, Key: "revoked"}) // a webhook of the app tells, not the account
	_, err := w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "In Lyon."})
	w.ok(err)
	w.pass(24 * time.Hour)
	if n := w.platform.Calls(channeltest.OnSend); n != 0 {
		t.Errorf("%d sends without authorization, want none", n)
	}
	if n := len(w.told(ticket.ScopePaused)); n != 1 || len(w.told(ticket.AccountAlarm)) != 1 {
		t.Errorf("the journal tells of %d pauses and %d alarms, want 1 and 1", n, len(w.told(ticket.AccountAlarm)))
	}
	w.page.Reconnect()
	w.ok(w.desk.Resume(t.Context(), ana, shop))
	w.pass(2 * time.Hour) // the poll that now succeeds tells, late, that the authorization was lost
	if !slices.Contains(w.platform.Replies(), "In Lyon.") {
		t.Error("the reply did not go out")
	}
	_, err = w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "Anything else?"})
	w.ok(err)
	w.pass(time.Minute)
	if !slices.Contains(w.platform.Replies(), "Anything else?") {
		t.Error("news from before the resumption paused the account again")
	}
}

func TestAGapOfOneAccountIsNotPolledFromTheOthers(t *testing.T) {
	t.Parallel()
	w := newWebhooked(t)
	outlet := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "outlet"}})
	own := &seldom{Poller: outlet, name: "outlet"}
	w.ok(w.desk.AddChannel(t.Context(), struct {
		channel.Channel
		*seldom
	}{outlet, own}))
	w.pass(time.Minute)
	polls, others := w.feed.polls, own.polls
	w.page.LoseSubscription()
	w.ingest(channel.Event{Kind: channel.SubscriptionLost, Account: shop, Key: "lost"})
	w.pass(time.Minute)
	if w.feed.polls != polls+1 || own.polls != others {
		t.Errorf("%d polls for all and %d of the outlet's, want 1 and 0", w.feed.polls-polls, own.polls-others)
	}
}

func TestOfOutagesOnlyALongOneHasTheSubscriptionChecked(t *testing.T) {
	t.Parallel()
	for failures, want := range map[int]int{5: 0, 6: 1} {
		w := newWorld(t)
		w.pass(time.Minute)
		for range failures {
			w.platform.Fail(channeltest.OnPoll, channeltest.Refuse(remote.Unavailable))
		}
		checks := w.platform.Calls(channeltest.OnSubscribe)
		w.pass(2 * time.Hour)
		if n := w.platform.Calls(channeltest.OnSubscribe) - checks; n != want {
			t.Errorf("%d checks after %d failed polls, want %d", n, failures, want)
		}
	}
}

func TestWhoResumesAnAccountHasItsSubscriptionChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(time.Minute)
	checks := w.platform.Calls(channeltest.OnSubscribe)
	w.ok(w.desk.Resume(t.Context(), ana, shop))
	w.pass(time.Second)
	if n := w.platform.Calls(channeltest.OnSubscribe) - checks; n != 1 {
		t.Errorf("%d checks, want 1", n)
	}
}
