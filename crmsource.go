package socialcrm

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

const changesKind = "changes"

// changesTask asks a CRM what people did there. It waits in the queue of all calls to that CRM.
func changesTask(sink string, due time.Time) ticket.Task {
	return ticket.Task{ID: "changes/" + sink, Kind: changesKind, Queue: syncQueue(sink), Due: due, Payload: []byte(sink)}
}

// changesWait is how long to wait between two looks, where the CRM does not say: CRMs count calls.
const changesWait = time.Minute

// caseKey leads from the CRM's own ID of a case to its ticket.
func caseKey(sink, ref string) ticket.ValueKey {
	return ticket.ValueKey{Space: "crm/" + sink + "/cases", Name: ref}
}

// updateKey tells an update that was taken in from one that is new.
func updateKey(sink, key string) ticket.EventKey {
	return ticket.EventKey{Account: channel.AccountID{Platform: "crm", ID: sink}, Key: key}
}

// changes takes in what people did in a CRM. What follows from it, the cursor and the next look are stored together.
func (d *Desk) changes(ctx context.Context, lease ticket.Lease) error {
	name := string(lease.Payload)
	sink := d.sinkOf(name)
	if sink == nil {
		return d.settle(ctx, func(w *work) error { return w.leaveOrFinish(lease, "sink "+name) })
	}
	source, ok := sink.(crm.Source)
	if !ok {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) }) // it was replaced
	}
	cursor := cursorKey("crm/" + name)
	var after channel.Cursor
	refused := false
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		values, err := r.Values(cursor, refusedKey(name))
		if err == nil {
			after, refused = channel.Cursor(values[0].Data), values[1].Data != nil
		}
		return err
	})
	if err != nil {
		return err
	}
	callCtx, cancel := d.request(ctx)
	batch, cause := source.Changes(callCtx, after)
	cancel()
	clean(&batch.Updates)
	return d.settle(ctx, func(w *work) error {
		if cause != nil {
			return w.changesFailed(name, lease, cause, refused)
		}
		// Finishing comes first: with a stale lease, another worker takes in the same.
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		for i := range batch.Updates {
			if err := w.takeUpdate(name, &batch.Updates[i]); err != nil {
				return err
			}
		}
		if batch.Cursor != after {
			w.tx.PutValue(ticket.Value{Key: cursor, Data: []byte(batch.Cursor)})
		}
		wait := batch.Wait
		if wait <= 0 {
			wait = changesWait
		}
		if batch.More {
			wait = 0
		}
		w.tx.Schedule(changesTask(name, w.now.Add(wait)))
		if refused {
			w.tx.DeleteValue(refusedKey(name))
			w.append(ticket.Entry{Kind: ticket.ChangesRead, Key: "changes read/" + name + "/" + stamp(w.now), Actor: ticket.Actor{Kind: ticket.ByCRM, ID: name}})
		}
		return w.reached(name, lease.Kind)
	})
}

// refusedKey is there while a CRM refuses to tell what people do in it.
func refusedKey(sink string) ticket.ValueKey {
	return ticket.ValueKey{Space: "changes refused", Name: sink}
}

// changesFailed asks again later, also a CRM that refuses: nobody else would begin to ask once that is mended. It asks ever more seldom, at least about once an hour,
// and the journal hears of a refusal once.
func (w *work) changesFailed(sink string, lease ticket.Lease, cause error, told bool) error {
	if later, err := w.later(sink, lease, cause); later || err != nil {
		return err
	}
	if !told {
		w.tx.PutValue(ticket.Value{Key: refusedKey(sink), Data: []byte(stamp(w.now))})
		w.append(ticket.Entry{Kind: ticket.ChangesFailed, Key: "changes failed/" + sink + "/" + stamp(w.now), Actor: ticket.Actor{Kind: ticket.ByCRM, ID: sink}, Reason: reasonOf(cause)})
	}
	return w.tx.Postpone(lease, retryAt(cause, w.now, lease), reasonOf(cause))
}

// takeUpdate takes in one update, once. What cannot be done here is journalled on the ticket, its texts are kept there as notes, and it costs the others nothing; what
// belongs to no ticket is quarantined.
func (w *work) takeUpdate(sink string, u *crm.Update) error {
	if u.Key != "" {
		key := updateKey(sink, u.Key)
		seen, err := w.tx.Seen(key)
		if err != nil || seen[0] {
			return err
		}
		w.tx.MarkSeen(key)
	}
	id, err := w.ticketOf(sink, u)
	if err == errErased {
		return nil // nothing that was said about its customer is kept
	}
	if err != nil {
		return err
	}
	if id == "" {
		return w.quarantine(QuarantineEntry{Source: "crm/" + sink, Reason: fmt.Sprintf("update %s: there is no ticket of case %s", u.Key, u.Case+u.CaseRef), Update: u})
	}
	return w.applyUpdate(sink, id, u)
}

// applyUpdate does on a ticket what somebody did on its case, or says on it why that cannot be.
func (w *work) applyUpdate(sink string, id ticket.ID, u *crm.Update) error {
	err := w.try(func(w *work) error { return w.acts(sink, id, u) })
	if reason, no := refusal(err); no {
		w.d.log.Info("what was done in the CRM cannot be done here", "sink", sink, "ticket", string(id), "reason", reason)
		return w.refused(sink, id, u, reason)
	}
	return err
}

// ticketOf finds the ticket of an update's case; empty when there is none.
func (w *work) ticketOf(sink string, u *crm.Update) (ticket.ID, error) {
	id := ticket.ID(u.Case)
	if id == "" && u.CaseRef != "" {
		values, err := w.tx.Values(caseKey(sink, u.CaseRef))
		if err != nil {
			return "", err
		}
		id = ticket.ID(values[0].Data)
	}
	if id == "" {
		return "", nil
	}
	t, err := w.ticket(id)
	if t.ID != "" && t.ID != id {
		w.tx.Schedule(syncTask(sink, crm.Subject{Ticket: id}, w.now)) // its own case was merged away, and is to stay so
	}
	if !t.Erased.IsZero() {
		return "", errErased
	}
	return t.ID, err
}

// refusal says why an act makes no sense on the ticket as it is; false for what only the Store can be blamed for.
func refusal(err error) (string, bool) {
	if _, no := errors.AsType[*remote.Error](err); no || errors.Is(err, ErrInvalid) || errors.Is(err, ErrNotFound) || errors.Is(err, ErrCapacity) || errors.Is(err, ErrConflict) || errors.Is(err, ErrClaimed) || errors.Is(err, ErrForbidden) {
		return err.Error(), true
	}
	return "", false
}

// inCRM is who acted in a CRM.
func inCRM(sink string, who ticket.Actor) ticket.Actor {
	name := who.Name
	if name == "" {
		name = who.ID
	}
	return ticket.Actor{Kind: ticket.ByCRM, ID: sink, Name: name}
}

// acts does on the ticket what somebody did on its case. What is so already is our own push, or the same idea, and does nothing.
func (w *work) acts(sink string, id ticket.ID, u *crm.Update) error {
	c, err := w.load(id)
	if err != nil {
		return err
	}
	by := By{Actor: inCRM(sink, u.Actor)}
	to := u.Status
	if strings.TrimSpace(u.Note) != "" {
		w.noteFromCRM(c, by.Actor, u, "note", u.Note)
	}
	if strings.TrimSpace(u.Reply) != "" {
		r := Reply{Text: u.Reply}
		switch to {
		case ticket.Pending, ticket.OnHold, ticket.Solved:
			r.Then, to = to, "" // once the reply is out
		}
		if _, err := w.submit(c, by, draft{Reply: r, Record: u.Ref}); err != nil {
			return err
		}
	}
	if u.Agent != nil && *u.Agent != c.Agent {
		if err := w.assign(c, by.Actor, *u.Agent); err != nil {
			return err
		}
	}
	if err := w.statusInCRM(c, by.Actor, to, u); err != nil {
		return err
	}
	if len(c.entries) > 0 {
		c.finish()
	}
	return nil
}

// statusInCRM gives the ticket the status that its case has.
func (w *work) statusInCRM(c *change, actor ticket.Actor, to ticket.Status, u *crm.Update) error {
	at := w.now
	if !u.Time.IsZero() && u.Time.Before(at) && !u.Time.Before(c.Clocks.Last.Time) {
		at = u.Time // as long as nothing happened since, it counts from when it was done
	}
	key, reason := c.newKey("crm"), "done in the CRM"
	switch {
	case to == "" || to == c.Status || to == ticket.New && c.Status == ticket.Open:
		return nil
	case c.Status == ticket.Closed:
		return fmt.Errorf("it is closed for good: %w", ErrInvalid)
	case to.Done() && !u.Time.IsZero() && c.CustomerWrote.After(u.Time):
		return fmt.Errorf("the customer has written since: %w", ErrInvalid)
	case to == ticket.Solved:
		return w.solve(c, at, "", key, actor, reason)
	case to == ticket.Closed:
		if err := c.setStatus(ticket.Closed, at, "", key, actor, reason); err != nil {
			return err
		}
		if err := w.tx.Release(c.ID, w.now); err != nil {
			return err
		}
		return w.freed(c.Agent)
	case to == ticket.New:
		to = ticket.Open
	case to != ticket.Open && to != ticket.Pending && to != ticket.OnHold:
		return fmt.Errorf("status %q is not known: %w", to, ErrInvalid)
	}
	if !c.Status.Done() {
		return c.setStatus(to, at, "", key, actor, reason)
	}
	if err := w.reopen(c, at, "", key, actor, reason); err != nil {
		return err
	}
	return c.setStatus(to, at, "", key+"/then", actor, reason)
}

// refused tells the agents what somebody wanted in the CRM, and lets the next push tell the CRM how things are here.
func (w *work) refused(sink string, id ticket.ID, u *crm.Update, reason string) error {
	c, err := w.load(id)
	if err != nil {
		return err
	}
	entry := ticket.Entry{Kind: ticket.CaseRefused, Actor: inCRM(sink, u.Actor), Happened: u.Time, New: string(u.Status), Reason: reason}
	if u.Reply != "" {
		entry.Message = w.noteFromCRM(c, entry.Actor, u, "reply", u.Reply)
	}
	if u.Note != "" {
		entry.Message = w.noteFromCRM(c, entry.Actor, u, "note", u.Note)
	}
	c.journal(entry)
	c.finish()
	return nil
}

// noteFromCRM keeps a text for the agents and returns its key.
func (w *work) noteFromCRM(c *change, actor ticket.Actor, u *crm.Update, what, text string) string {
	m := ticket.Message{
		Key: c.newKey("note") + "/crm/" + what, Ticket: c.ID, Direction: ticket.Internal, Actor: actor, Received: w.now,
		Conversation: first(c.Conversations), Content: channel.Message{Text: text, Time: w.now},
	}
	if u.Time.Before(w.now) && !u.Time.IsZero() {
		m.Content.Time = u.Time
	}
	w.putMessage(m)
	c.journal(ticket.Entry{Kind: ticket.NoteAdded, Message: m.Key, Actor: actor, Happened: u.Time})
	return m.Key
}

// stamp makes a time a part of a key.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
