package socialcrm

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// pause stops the queues that a failure reaches: the account's, or those of all accounts that share its credential or app. Where the platform said when to come back, they
// are not polled before that, either. A pause that is there and lasts longer stays.
func (w *work) pause(cause error, kind remote.Kind, id channel.AccountID, until time.Time) error {
	e, ok := errors.AsType[*remote.Error](cause)
	if !ok || e.Scope.Level < remote.LevelAccount {
		return nil
	}
	if kind == remote.Unauthorized || kind == remote.Exhausted || kind == remote.PolicyBlocked && e.RetryAt.IsZero() {
		until = time.Time{} // until somebody mends it and calls Resume
	}
	pauses, err := w.tx.ListPauses()
	if err != nil {
		return err
	}
	for _, shared := range w.d.sharing(id, e.Scope.Level) {
		queues := []string{sendQueue(shared)}
		if comesBack(cause, w.now) {
			queues = w.d.queuesOf(shared)
		}
		for _, queue := range queues {
			longer := func(p ticket.QueuePause) bool { return p.Queue == queue && (p.Until.IsZero() || p.Until.After(until)) }
			if until.IsZero() || !slices.ContainsFunc(pauses, longer) {
				w.tx.PauseQueue(ticket.QueuePause{Queue: queue, Until: until, Reason: reasonOf(cause)})
			}
		}
	}
	key, err := w.entryKey("pause/" + cleanText(e.Scope.String()))
	if err != nil {
		return err
	}
	w.append(ticket.Entry{
		Kind: ticket.ScopePaused, Key: key, Actor: ticket.Actor{Kind: ticket.BySystem},
		Old: id.String(), New: cleanText(e.Scope.String()), Reason: reasonOf(cause),
	})
	return nil
}

// comesBack reports whether the platform said when everything of a failure's scope may come back.
func comesBack(cause error, now time.Time) bool {
	e, ok := errors.AsType[*remote.Error](cause)
	return ok && e.Kind.Temporary() && e.RetryAt.After(now)
}

// pollPauses stops what the failure of a poll reaches beside that poll, where the platform said when to come back.
func (w *work) pollPauses(cause error, id channel.AccountID) error {
	if id.IsZero() || !comesBack(cause, w.now) {
		return nil
	}
	e, _ := errors.AsType[*remote.Error](cause)
	return w.pause(cause, e.Kind, id, e.RetryAt)
}

// queuesOf lists the queues of what is done for an account alone: its posts and, where it is a source itself, its polls.
func (d *Desk) queuesOf(id channel.AccountID) []string {
	queues := []string{sendQueue(id)}
	if acc := d.channelOf(id); acc != nil {
		if s, ok := acc.Channel.(channel.Poller); ok {
			queues = append(queues, pollQueue(s.Name()))
		}
	}
	return queues
}

// pausedAlong lists the other accounts that the failure paused which paused this one until somebody mends it.
func (w *work) pausedAlong(id channel.AccountID) (along []channel.AccountID, err error) {
	pauses, err := w.tx.ListPauses()
	if err != nil {
		return nil, err
	}
	of := func(id channel.AccountID) ticket.QueuePause {
		i := slices.IndexFunc(pauses, func(p ticket.QueuePause) bool { return p.Queue == sendQueue(id) && p.Until.IsZero() })
		if i < 0 {
			return ticket.QueuePause{}
		}
		return pauses[i]
	}
	own := of(id)
	if own.Queue == "" {
		return nil, nil
	}
	for _, level := range [...]remote.Level{remote.LevelCredential, remote.LevelApp} {
		for _, other := range w.d.sharing(id, level) {
			if p := of(other); other != id && p.Queue != "" && p.Reason == own.Reason && !slices.Contains(along, other) {
				along = append(along, other)
			}
		}
	}
	return along, nil
}

// sharing lists the accounts that a failure of this level concerns.
func (d *Desk) sharing(id channel.AccountID, level remote.Level) []channel.AccountID {
	d.mu.RLock()
	defer d.mu.RUnlock()
	own, shared := d.channels[id], []channel.AccountID{id}
	if own == nil {
		return shared
	}
	for other, a := range d.channels {
		sameCredential := own.account.Credential != "" && a.account.Credential == own.account.Credential
		sameApp := own.account.App != "" && a.account.App == own.account.App
		if other != id && a.account.Platform == own.account.Platform && (level == remote.LevelCredential && sameCredential || level == remote.LevelApp && sameApp) {
			shared = append(shared, other)
		}
	}
	slices.SortFunc(shared, func(a, b channel.AccountID) int { return strings.Compare(a.String(), b.String()) })
	return shared
}
