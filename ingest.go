package socialcrm

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// Outcome says what became of an event.
type Outcome string

const (
	Created     Outcome = "created"     // it began a ticket
	FollowedUp  Outcome = "followed up" // it began a ticket that continues an older one
	Reopened    Outcome = "reopened"    // it reopened a solved ticket
	Joined      Outcome = "joined"      // it joined a ticket, or changed something in it
	Recorded    Outcome = "recorded"    // it was kept, but belongs to no ticket
	Duplicate   Outcome = "duplicate"   // it was here before
	Dropped     Outcome = "dropped"     // its author, or whom it answers, was erased after it was written (EraseContact), so nothing of it is kept
	Quarantined Outcome = "quarantined" // it could not be taken in; it is kept with the reason
)

// Result is what became of one event.
type Result struct {
	Outcome Outcome
	// Ticket is the ticket that it belongs to now; empty when none.
	Ticket ticket.ID
	// Message is the key of its message in the Store; empty when none.
	Message string
	// Reason says why it was quarantined.
	Reason string
}

// Ingest takes events in, from anywhere, and returns what became of each, in order. When it returns without an error, all of them are stored; with an error none
// is, or (when ctx ended while waiting) perhaps all: give them again, redelivery does no harm. A bad event costs the others nothing: it is quarantined. Calls
// that come together share a commit.
func (d *Desk) Ingest(ctx context.Context, events ...channel.Event) ([]Result, error) {
	if len(events) == 0 {
		return nil, nil
	}
	a := &arrival{events: events}
	if err := d.group.do(ctx, d, a); err != nil {
		return nil, fmt.Errorf("socialcrm: ingest: %w", err)
	}
	return a.results, nil
}

// arriveAll takes in what shares the transaction.
func (w *work) arriveAll() error {
	if err := w.readAhead(); err != nil {
		return err
	}
	for _, a := range w.come {
		if err := w.arrive(a); err != nil {
			return err
		}
	}
	return nil
}

// arrive takes in what came together, each event on its own.
func (w *work) arrive(a *arrival) error {
	a.results = slices.Grow(a.results[:0], len(a.events))
	for i := range a.events {
		w.current = a.events[i] // a copy: fn may run again
		clean(&w.current)
		err := w.try((*work).takeIn)
		if reason, bad := err.(badEvent); bad {
			bad := a.events[i]
			clean(&bad)
			w.result, err = Result{Outcome: Quarantined, Reason: string(reason)}, w.quarantine(QuarantineEntry{Source: a.source, Reason: string(reason), Account: bad.Account, Event: &bad})
		}
		if err != nil {
			return err
		}
		a.results = append(a.results, w.result)
		if w.result.Outcome != Duplicate && w.result.Outcome != Quarantined {
			if err := w.alive(w.current.Account); err != nil {
				return err
			}
		}
	}
	for _, b := range a.bad {
		clean(&b)
		if err := w.quarantine(QuarantineEntry{Source: a.source, Reason: b.Reason, Where: b.Where, Account: b.Account, Raw: b.Raw}); err != nil {
			return err
		}
	}
	if a.then != nil {
		return a.then(w)
	}
	return nil
}

// takeIn takes in the current event.
func (w *work) takeIn() (err error) {
	if w.result, err = w.event(&w.current); err != nil {
		return err
	}
	return w.deal()
}

// badEvent is why an event cannot be taken in.
type badEvent string

func (b badEvent) Error() string { return string(b) }

// event takes in one event.
func (w *work) event(e *channel.Event) (Result, error) {
	w.receive(e)
	if err := e.Check(); err != nil {
		return Result{}, badEvent(err.Error())
	}
	acc := w.d.channelOf(e.Account)
	if acc == nil {
		return Result{}, badEvent(fmt.Sprintf("event %s: account %s is not known", e.Kind, e.Account))
	}
	e.Time = happened(e)
	if key := e.DedupeKey(); key != "" {
		w.keys.event[0] = ticket.EventKey{Account: e.Account, Key: key}
		seen, err := w.tx.Seen(w.keys.event[:]...)
		if err != nil {
			return Result{}, err
		}
		if seen[0] {
			return w.again(e)
		}
		w.tx.MarkSeen(w.keys.event[:]...)
	}
	switch e.Kind {
	case channel.MessageReceived:
		return w.received(e, acc)
	case channel.MessageEchoed:
		return w.echoed(e)
	case channel.MessageEdited, channel.MessageDeleted, channel.ReactionChanged, channel.MessageModerated:
		return w.altered(e)
	case channel.ReceiptArrived:
		return w.receipt(e)
	case channel.AuthorizationLost, channel.SubscriptionLost:
		return Result{Outcome: Recorded}, w.accountLost(e)
	case channel.ControlChanged:
		return w.controlChanged(e)
	case channel.ConversationOpened:
		return w.opened(e)
	}
	return Result{Outcome: Recorded}, nil
}

// receive notes when an event came: now, unless it says so itself.
func (w *work) receive(e *channel.Event) {
	if e.Received.IsZero() || e.Received.After(w.now) {
		e.Received = w.now
	}
}

// happened is the platform's time of an event, never in the future.
func happened(e *channel.Event) time.Time {
	t := e.Time
	if t.IsZero() {
		t = e.Message.Time
	}
	if t.IsZero() || t.After(e.Received) {
		return e.Received
	}
	return t
}
