package socialcrm

import (
	"errors"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// storeLoss is a time in which nothing could be written. It cannot be told while it lasts: the next transaction that goes through tells it.
type storeLoss struct {
	since  time.Time
	reason string
}

// watchStore notes how a transaction ended. told is the loss of which it told.
func (d *Desk) watchStore(told *storeLoss, err error) {
	switch {
	case err == nil && told != nil:
		d.lost.CompareAndSwap(told, nil)
		d.log.Info("the store can be written again", "since", told.since)
	case errors.Is(err, ticket.ErrUnavailable):
		if d.lost.CompareAndSwap(nil, &storeLoss{since: d.now(), reason: reasonOf(err)}) {
			d.log.Error("the store cannot be written", "error", err)
		}
	}
}

// tellLoss journals that the Store was lost and is back, and polls what came meanwhile: a platform does not repeat a webhook for ever.
func (w *work) tellLoss() {
	if w.loss = w.d.lost.Load(); w.loss == nil {
		return
	}
	key, system := w.loss.since.UTC().Format(time.RFC3339Nano), ticket.Actor{Kind: ticket.BySystem}
	w.append(
		ticket.Entry{Kind: ticket.StoreLost, Key: "store lost/" + key, Actor: system, Happened: w.loss.since, Reason: w.loss.reason},
		ticket.Entry{Kind: ticket.StoreBack, Key: "store back/" + key, Actor: system},
	)
	w.d.mu.RLock()
	defer w.d.mu.RUnlock()
	for name, s := range w.d.sources {
		if _, ok := s.(channel.Poller); ok {
			w.tx.Schedule(pollTask(name, w.now))
		}
	}
}
