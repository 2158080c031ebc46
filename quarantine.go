package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// QuarantineEntry is something that came in and could not be taken in. It is kept until Release succeeds. Exactly one of Event, Raw and Update is set.
type QuarantineEntry struct {
	// ID names it for Release. The same thing delivered again has the same ID.
	ID string `json:"id,omitempty"`
	// Source is the name of the source that brought it, "crm/NAME" for a sink; empty for what a host gave to Ingest.
	Source string `json:"source,omitempty"`
	// Reason says why it could not be taken in, Where names the place in the call.
	Reason string `json:"reason"`
	Where  string `json:"where,omitempty"`
	// Account is whose it is, as far as known.
	Account channel.AccountID `json:"account,omitzero"`
	// Event is one that makes no sense, or whose account is not known.
	Event *channel.Event `json:"event,omitempty"`
	// Raw is what could not be decoded: from a Receiver a whole body.
	Raw []byte `json:"raw,omitempty"`
	// Update is what somebody did in a CRM to a case that has no ticket.
	Update *crm.Update `json:"update,omitempty"`
	// At is when it was put here.
	At time.Time `json:"at"`
}

const quarantineSpace = "quarantine"

// expectedKey says that events of an account which is not known are in quarantine, and since when.
func expectedKey(id channel.AccountID) ticket.ValueKey {
	return ticket.ValueKey{Space: "expected", Name: id.String()}
}

// storable drops from a bad event the times that JSON cannot hold, so that nothing keeps it from being kept.
func storable(e channel.Event) channel.Event {
	for _, t := range []*time.Time{&e.Time, &e.Received, &e.Message.Time, &e.Receipt.Watermark} {
		if _, err := t.MarshalText(); err != nil {
			*t = time.Time{}
		}
	}
	return e
}

func (w *work) quarantine(q QuarantineEntry) error {
	same := q // without times of ours, so that a redelivery is the same
	if q.Event != nil {
		e, bare := storable(*q.Event), storable(*q.Event)
		if e.Received.IsZero() {
			e.Received = w.now
		}
		bare.Received = time.Time{}
		q.Event, same.Event = &e, &bare
	}
	same.Reason = "" // it may be another one the next time
	body, err := json.Marshal(same)
	if err != nil {
		return err
	}
	q.ID, q.At = hashID(quarantineSpace, string(body)), w.now
	if body, err = json.Marshal(q); err != nil {
		return err
	}
	w.tx.PutValue(ticket.Value{Key: ticket.ValueKey{Space: quarantineSpace, Name: q.ID}, Data: body})
	w.append(ticket.Entry{Kind: ticket.EventQuarantined, Key: "quarantine/" + q.ID, Old: q.Source, New: q.ID, Reason: q.Reason})
	w.d.log.Warn("event quarantined", "source", q.Source, "id", q.ID)
	if q.Account.IsZero() || w.d.channelOf(q.Account) != nil {
		return nil
	}
	return w.expect(q)
}

// expectedBefore is how much older than its arrival an event of an unknown account may be and still be work once the account is added.
const expectedBefore = time.Hour

// expect notes that the account is to be looked after once it is added.
func (w *work) expect(q QuarantineEntry) error {
	key := expectedKey(q.Account)
	known, err := w.tx.Values(key)
	if err != nil || known[0].Data != nil {
		return err
	}
	since := w.now
	if q.Event != nil {
		if at := happened(q.Event); at.Before(since) {
			since = at
		}
	}
	if earliest := w.now.Add(-expectedBefore); since.Before(earliest) {
		since = earliest
	}
	text, err := since.MarshalText()
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: key, Data: text})
	}
	return err
}

// Quarantined lists what is in quarantine, in no particular order.
func (d *Desk) Quarantined(ctx context.Context, page ticket.Page) (ticket.List[QuarantineEntry], error) {
	var list ticket.List[QuarantineEntry]
	err := d.view(ctx, "list the quarantine", func(r ticket.Reader) error {
		values, err := r.ListValues(quarantineSpace, page)
		if err != nil {
			return err
		}
		list = ticket.List[QuarantineEntry]{Next: values.Next}
		for _, v := range values.Items {
			q, err := readQuarantine(v)
			if err != nil {
				return err
			}
			list.Items = append(list.Items, q)
		}
		return nil
	})
	return list, err
}

func readQuarantine(v ticket.Value) (q QuarantineEntry, err error) {
	if err := json.Unmarshal(v.Data, &q); err != nil {
		return q, fmt.Errorf("quarantine %s: %w", v.Key.Name, err)
	}
	return q, nil
}

// Release tries again what is in quarantine under this ID, after the cause was mended: an event is taken in, a body is decoded anew by its source. It returns what
// became of each event. What cannot be taken in even now stays in quarantine, or goes back there in smaller pieces, with Quarantined as its outcome.
// Errors: ErrNotFound; ErrInvalid when the source is not there, or cannot decode what it once brought.
func (d *Desk) Release(ctx context.Context, id string) ([]Result, error) {
	var results []Result
	err := d.update(ctx, func(w *work) (err error) {
		results, err = w.release(id)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("socialcrm: release %s from quarantine: %w", id, err)
	}
	return results, nil
}

// ReleaseAll does what Release does for all that is in quarantine now, each in a commit of its own, and returns how many left it. What cannot be released is
// passed over: Quarantined lists it.
func (d *Desk) ReleaseAll(ctx context.Context) (released int, err error) {
	return d.releaseAll(ctx, func(QuarantineEntry) bool { return true })
}

func (d *Desk) releaseAll(ctx context.Context, wanted func(QuarantineEntry) bool) (released int, err error) {
	var ids []string
	page := ticket.Page{}
	for {
		list, err := d.Quarantined(ctx, page)
		if err != nil {
			return 0, err
		}
		for _, q := range list.Items {
			if wanted(q) {
				ids = append(ids, q.ID)
			}
		}
		if page.After = list.Next; page.After == "" {
			break
		}
	}
	for _, id := range ids {
		results, err := d.Release(ctx, id)
		if _, no := refusal(err); no {
			continue
		}
		if err != nil {
			return released, err
		}
		if !stayed(results) {
			released++
		}
	}
	return released, nil
}

func stayed(results []Result) bool {
	for _, r := range results {
		if r.Outcome == Quarantined {
			return true
		}
	}
	return false
}

func (w *work) release(id string) ([]Result, error) {
	key := ticket.ValueKey{Space: quarantineSpace, Name: id}
	values, err := w.tx.Values(key)
	if err != nil {
		return nil, err
	}
	if values[0].Data == nil {
		return nil, ErrNotFound
	}
	q, err := readQuarantine(values[0])
	if err != nil {
		return nil, err
	}
	a := &arrival{source: q.Source}
	switch {
	case q.Event != nil:
		a.events = []channel.Event{*q.Event}
	case q.Update != nil:
		return w.releaseUpdate(key, q)
	default:
		if err := w.d.decodeAgain(q, a); err != nil {
			return nil, err
		}
	}
	w.tx.DeleteValue(key) // first: what fails again may go back under the same name
	if err := w.arrive(a); err != nil {
		return nil, err
	}
	for _, bad := range a.bad {
		a.results = append(a.results, Result{Outcome: Quarantined, Reason: bad.Reason})
	}
	if !stayed(a.results) {
		w.released(id)
	}
	return a.results, nil
}

func (w *work) released(id string) {
	w.append(ticket.Entry{Kind: ticket.EventReleased, Key: "released/" + id + "/" + stamp(w.now), Actor: ticket.Actor{Kind: ticket.ByHost}, New: id})
}

// decodeAgain lets the source that once brought a body decode it anew.
func (d *Desk) decodeAgain(q QuarantineEntry, a *arrival) error {
	receiver, ok := d.sourceOf(q.Source).(channel.Receiver)
	if !ok {
		return fmt.Errorf("source %q is no receiver that is here: %w", q.Source, ErrInvalid)
	}
	delivery, err := receiver.Decode(channel.Call{Body: q.Raw, Received: q.At})
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	a.events, a.bad = delivery.Events, delivery.Bad
	for i := range a.events {
		if a.events[i].Received.IsZero() {
			a.events[i].Received = q.At
		}
	}
	return nil
}

// releaseUpdate does what somebody did in a CRM, if its case has a ticket by now.
func (w *work) releaseUpdate(key ticket.ValueKey, q QuarantineEntry) ([]Result, error) {
	sink := q.Source[len("crm/"):]
	id, err := w.ticketOf(sink, q.Update)
	if err == errErased {
		w.tx.DeleteValue(key)
		return []Result{{Outcome: Dropped}}, nil
	}
	if err != nil {
		return nil, err
	}
	if id == "" {
		return []Result{{Outcome: Quarantined, Reason: q.Reason}}, nil
	}
	w.tx.DeleteValue(key)
	w.released(q.ID)
	return []Result{{Outcome: Joined, Ticket: id}}, w.applyUpdate(sink, id, q.Update)
}

const releaseKind = "release"

// releaseTask takes in what waited for an account.
func releaseTask(id channel.AccountID, due time.Time) ticket.Task {
	return ticket.Task{ID: "release/" + id.String(), Kind: releaseKind, Queue: releaseKind, Due: due, Payload: []byte(id.String())}
}

// releaseExpected takes in the events that waited for an account to be added.
func (d *Desk) releaseExpected(ctx context.Context, lease ticket.Lease) error {
	var id channel.AccountID
	if err := id.UnmarshalText(lease.Payload); err != nil {
		return d.settle(ctx, func(w *work) error { return w.tx.Bury(lease, err.Error()) })
	}
	if d.channelOf(id) == nil {
		// It was added in another process, or removed again.
		return d.settle(ctx, func(w *work) error { return w.leaveOrFinish(lease, "account "+id.String()) })
	}
	if _, err := d.releaseAll(ctx, func(q QuarantineEntry) bool { return q.Account == id }); err != nil {
		return err
	}
	return d.settle(ctx, func(w *work) error {
		w.tx.DeleteValue(expectedKey(id))
		return w.tx.Finish(lease)
	})
}
