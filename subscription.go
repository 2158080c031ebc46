package socialcrm

import (
	"context"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

const subscribeKind = "subscribe"

// A subscription is checked at start, daily, when the platform says that it is lost, when an account is silent or was resumed, and after a source could not be
// polled longOutage times in a row.
const (
	subscribeEvery = 24 * time.Hour
	longOutage     = 6
)

// subscribeTask checks, and renews, the subscription to an account's webhooks.
func subscribeTask(id channel.AccountID, due time.Time) ticket.Task {
	return ticket.Task{ID: "subscribe/" + id.String(), Kind: subscribeKind, Queue: subscribeKind, Due: due, Payload: []byte(id.String())}
}

// checkSubscription plans a check for now, where the account's channel can do that.
func (w *work) checkSubscription(id channel.AccountID) {
	if acc := w.d.channelOf(id); acc != nil {
		if _, ok := acc.Channel.(channel.Subscriber); ok {
			w.tx.Schedule(subscribeTask(id, w.now))
		}
	}
}

// subscribe makes sure that an account's webhooks are subscribed to. Where they were not, what came meanwhile is polled.
func (d *Desk) subscribe(ctx context.Context, lease ticket.Lease) error {
	var id channel.AccountID
	if err := id.UnmarshalText(lease.Payload); err != nil {
		return d.settle(ctx, func(w *work) error { return w.tx.Bury(lease, err.Error()) })
	}
	acc := d.channelOf(id)
	if acc == nil {
		return d.settle(ctx, func(w *work) error { return w.leaveOrFinish(lease, "account "+id.String()) })
	}
	subscriber, ok := acc.Channel.(channel.Subscriber)
	if !ok {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) })
	}
	callCtx, cancel := d.request(ctx)
	lost, cause := subscriber.Subscribe(callCtx)
	cancel()
	return d.settle(ctx, func(w *work) error {
		if cause != nil {
			d.log.Warn("subscription not checked", "account", id.String(), "error", cause)
			return w.tx.Postpone(lease, retryAt(cause, w.now, lease), reasonOf(cause))
		}
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		w.tx.Schedule(subscribeTask(id, w.now.Add(subscribeEvery)))
		if lost {
			d.log.Warn("subscription was lost and is renewed", "account", id.String())
			w.append(ticket.Entry{Kind: ticket.AccountRecovered, Key: "subscribed/" + id.String() + "/" + stamp(w.now), Actor: ticket.Actor{Kind: ticket.BySystem}, Old: id.String(), New: "subscription", Reason: "it was lost; it is renewed, and what came meanwhile is polled"})
			w.pollGap(acc)
		}
		return nil
	})
}

// pollGap polls now whatever may bring what an account missed: its own source and those given beside, which may serve several accounts.
func (w *work) pollGap(acc *account) {
	for _, name := range w.d.pollersFor(acc) {
		w.tx.Schedule(pollTask(name, w.now))
	}
}

// pollersFor lists the pollers that may bring events of an account.
func (d *Desk) pollersFor(acc *account) (names []string) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	others := make(map[string]bool) // the sources of other accounts
	for _, a := range d.channels {
		if s, ok := a.Channel.(channel.Source); ok && a != acc {
			others[s.Name()] = true
		}
	}
	for name, s := range d.sources {
		if _, ok := s.(channel.Poller); ok && !others[name] {
			names = append(names, name)
		}
	}
	return names
}

// accountOf returns the account whose own source has this name; zero when there is none.
func (d *Desk) accountOf(source string) channel.AccountID {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for id, a := range d.channels {
		if s, ok := a.Channel.(channel.Source); ok && s.Name() == source {
			return id
		}
	}
	return channel.AccountID{}
}

// resumedKey holds when somebody last resumed an account.
func resumedKey(id channel.AccountID) ticket.ValueKey {
	return ticket.ValueKey{Space: "resumed", Name: id.String()}
}

// accountLost takes in that the platform no longer lets us act for an account, or no longer tells us of it.
func (w *work) accountLost(e *channel.Event) error {
	alarm := ticket.Entry{
		Kind: ticket.AccountAlarm, Key: "alarm/" + e.Account.String() + "/" + e.Key, Happened: e.Time, Received: e.Received, Old: e.Account.String(), New: string(e.Kind),
	}
	w.append(alarm)
	w.d.log.Warn("account alarm", "account", e.Account.String(), "what", string(e.Kind))
	if e.Kind == channel.SubscriptionLost {
		w.checkSubscription(e.Account)
		return nil
	}
	values, err := w.tx.Values(resumedKey(e.Account))
	if err != nil {
		return err
	}
	if values[0].Data != nil {
		resumed, err := time.Parse(time.RFC3339Nano, string(values[0].Data))
		if err != nil || e.Time.Before(resumed) {
			return err // it was mended since, and the news is old
		}
	}
	if err := w.toldByPlatform(e.Account); err != nil {
		return err
	}
	reason := "the platform says that the authorization is lost; reconnect the account, then resume it"
	w.tx.PauseQueue(ticket.QueuePause{Queue: sendQueue(e.Account), Reason: reason})
	w.append(ticket.Entry{
		Kind: ticket.ScopePaused, Key: "pause/" + alarm.Key, Actor: ticket.Actor{Kind: ticket.BySystem}, Happened: e.Time, Received: e.Received,
		Old: e.Account.String(), New: "account " + e.Account.String(), Reason: reason,
	})
	return nil
}
