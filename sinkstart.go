package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// SinkStart is the point of the journal at which a CRM that is new starts. A ticket that it is told of it gets as a whole, as far as that is kept, whichever point that is.
//
// The zero value starts now, and is the safe one: a CRM is not flooded with years of cases, and nobody gets the mails that its rules send for new ones. What was
// pushed cannot be taken back; the past can be asked for at any later time.
type SinkStart struct {
	// Past also brings what happened before: every ticket and contact of which the journal tells something that the CRM has not heard, in the order of the journal. They are
	// pushed a hundred or so at a time, so that what happens now does not wait behind them.
	Past bool `json:"past,omitempty"`
	// After limits the past to what happened after this entry: Entry.Position of the last one that is not wanted. Where it is set, Past need not be. Empty: all that is kept.
	After ticket.Position `json:"after,omitempty"`
}

// AddSinkFrom is AddSink with a point to start at. The past is brought once for each point: a process that starts again and names the same one does not bring it again,
// and naming another later brings what the CRM has not heard from there on, as it may after a time in which it was not there.
//
// What retention let go of before it was the CRM's turn is missing there; the journal tells that as crm.gap. Errors are those of AddSink, and ErrInvalid for a position that is
// none of this Store.
func (d *Desk) AddSinkFrom(ctx context.Context, s crm.Sink, start SinkStart) error {
	return d.addSink(ctx, s, start)
}

// startKey holds the point at which a sink started, where it brought the past.
func startKey(sink string) ticket.ValueKey { return ticket.ValueKey{Space: "sink", Name: sink} }

// startFrom plans to bring a sink the past from a point, unless that was planned before.
func (w *work) startFrom(sink string, start SinkStart) error {
	start.Past = start.Past || start.After != ""
	if !start.Past {
		return nil
	}
	if _, err := w.tx.Journal(ticket.JournalQuery{After: start.After, Limit: 1}); err != nil {
		if start.After == "" {
			return err
		}
		return fmt.Errorf("start after %q: %w: %w", start.After, ErrInvalid, err)
	}
	values, err := w.tx.Values(startKey(sink))
	if err != nil {
		return err
	}
	data, err := json.Marshal(start)
	if err != nil || string(values[0].Data) == string(data) {
		return err
	}
	w.tx.PutValue(ticket.Value{Key: startKey(sink), Data: data})
	return w.schedulePast(past{Sink: sink, After: start.After}, w.now)
}

const pastKind = "past"

// past is how far a sink was brought the past.
type past struct {
	Sink string `json:"sink"`
	// After is the last entry that was looked at, Told how far the journal had been pruned when that was told last.
	After ticket.Position `json:"after,omitempty"`
	Told  ticket.Position `json:"told,omitempty"`
}

func (w *work) schedulePast(p past, due time.Time) error {
	data, err := json.Marshal(p)
	if err == nil {
		w.tx.Schedule(ticket.Task{ID: "past/" + p.Sink, Kind: pastKind, Queue: pastKind, Due: due, Payload: data})
	}
	return err
}

const (
	// pastAhead is how many pushes of a sink may wait when the next of the past are planned, pastStep how many entries are looked at for those.
	pastAhead = 100
	pastStep  = 500
	// pastPause is how long to wait while more than that do.
	pastPause = 5 * time.Second
)

// bringPast plans the next pushes of what happened before a sink was there.
func (d *Desk) bringPast(ctx context.Context, lease ticket.Lease) error {
	var p past
	if err := json.Unmarshal(lease.Payload, &p); err != nil {
		return fmt.Errorf("past of a sink: %w", err)
	}
	if d.sinkOf(p.Sink) == nil {
		return d.settle(ctx, func(w *work) error { return d.withoutSink(w, p.Sink, lease) })
	}
	var entries []ticket.Entry
	var pruned ticket.Position
	var pushes []ticket.Task
	busy := false
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) (err error) {
		if entries, err = r.Journal(ticket.JournalQuery{After: p.After, Limit: pastStep}); err != nil {
			return err
		}
		if pruned, err = r.Pruned(); err != nil {
			return err
		}
		waiting, err := r.ListTasks(ticket.TaskQuery{Queue: syncQueue(p.Sink), Page: ticket.Page{Limit: pastAhead}})
		if busy = len(waiting.Items) == pastAhead; busy || err != nil {
			return err
		}
		pushes, err = unheard(r, p.Sink, entries)
		return err
	})
	if err != nil {
		return err
	}
	return d.settle(ctx, func(w *work) error {
		if busy {
			return w.tx.Postpone(lease, w.now.Add(pastPause), "")
		}
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		if pruned > p.After && pruned > p.Told {
			p.Told = pruned
			w.append(ticket.Entry{
				Kind: ticket.JournalGap, Key: "crm/" + p.Sink + "/past/" + string(pruned), Actor: ticket.Actor{Kind: ticket.ByCRM, ID: p.Sink}, New: lease.ID,
				Reason: "of what happened up to position " + string(pruned) + " a part was let go of before the CRM's turn; it is told of what is kept",
			})
		}
		for i := range pushes {
			pushes[i].Due = w.now
		}
		w.tx.Schedule(pushes...)
		if len(entries) == 0 {
			return nil
		}
		p.After = entries[len(entries)-1].Position
		return w.schedulePast(p, w.now)
	})
}

// unheard are the pushes of what the entries tell and the sink has not heard, but for those that are planned already.
func unheard(r ticket.Reader, sink string, entries []ticket.Entry) ([]ticket.Task, error) {
	var subjects []crm.Subject
	newest := make(map[crm.Subject]ticket.Position)
	for _, e := range entries {
		s := crm.Subject{Ticket: e.Ticket}
		if e.Ticket == "" {
			s.Contact = e.Contact
		}
		if s == (crm.Subject{}) || s.Contact != "" && e.Kind == ticket.ContactCreated {
			continue // a contact comes with its first ticket
		}
		if newest[s] == "" {
			subjects = append(subjects, s)
		}
		newest[s] = e.Position
	}
	keys, ids := make([]ticket.ValueKey, len(subjects)), make([]string, len(subjects))
	for i, s := range subjects {
		keys[i], ids[i] = progressKey(sink, s), string(appendSyncID(nil, sink, s))
	}
	heard, err := r.Values(keys...)
	if err != nil {
		return nil, err
	}
	planned, err := r.Tasks(ids...)
	if err != nil {
		return nil, err
	}
	var pushes []ticket.Task
	for i, s := range subjects {
		var p progress
		if err := readProgress(heard[i:i+1], &p); err != nil {
			return nil, err
		}
		if p.Position < newest[s] && (planned[i].ID == "" || planned[i].Dead) {
			pushes = append(pushes, syncTaskNamed(ids[i], sink, time.Time{}))
		}
	}
	return pushes, nil
}
