package socialcrm

import (
	"context"
	"encoding/json"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

const (
	eraseKind   = "erase"    // remove a person from a CRM
	eraseByKind = "erase by" // look whether that was done in time
)

// erasure is a person who must be removed from a CRM.
type erasure struct {
	Sink    string           `json:"sink"`
	Contact ticket.ContactID `json:"contact"`
	// Again is set for the second time: a push that was under way at the first may have brought something back.
	Again bool `json:"again,omitempty"`
}

func (e *erasure) id() string         { return eraseKind + "/" + e.Sink + "/" + string(e.Contact) }
func (e *erasure) deadlineID() string { return eraseByKind + "/" + e.Sink + "/" + string(e.Contact) }

// tasks are the removal and, for the first one, its deadline.
func (e *erasure) tasks(due, deadline time.Time) ([]ticket.Task, error) {
	payload, err := json.Marshal(e)
	subject := crm.Subject{Contact: e.Contact}.String()
	tasks := []ticket.Task{{ID: e.id(), Kind: eraseKind, Queue: syncQueue(e.Sink), Key: subject, Due: due, Payload: payload}}
	if !deadline.IsZero() {
		tasks = append(tasks, ticket.Task{ID: e.deadlineID(), Kind: eraseByKind, Queue: eraseByKind, Due: deadline, Payload: payload})
	}
	return tasks, err
}

// entry is an entry about the removal.
func (e *erasure) entry(w *work, kind ticket.EntryKind, what, reason string) ticket.Entry {
	return w.crmEntry(kind, e.Sink, crm.Subject{Contact: e.Contact}, eraseKind+"/"+what, reason)
}

// eraseEverywhere has a person who is gone here also removed from the CRMs. A CRM that cannot do that is reported at once.
func (w *work) eraseEverywhere(id ticket.ContactID) error {
	for _, s := range w.sinks {
		e := erasure{Sink: s.Name(), Contact: id}
		if _, able := s.(crm.Eraser); !able {
			w.append(e.entry(w, ticket.CaseUnerased, "cannot", "the sink cannot remove what it holds"))
			w.d.log.Error("a person cannot be erased in the CRM", "sink", e.Sink, "contact", string(id))
			continue
		}
		if err := w.eraseIn(e.Sink, id); err != nil {
			return err
		}
	}
	return nil
}

// eraseIn has a person removed from one CRM.
func (w *work) eraseIn(sink string, id ticket.ContactID) error {
	e := erasure{Sink: sink, Contact: id}
	tasks, err := e.tasks(w.now, w.now.Add(w.company.redactWithin()))
	if err != nil {
		return err
	}
	w.tx.Schedule(tasks...)
	return nil
}

// erase removes a person from a CRM, and once more when whatever was being pushed at that moment has ended.
func (d *Desk) erase(ctx context.Context, lease ticket.Lease) error {
	var e erasure
	if err := json.Unmarshal(lease.Payload, &e); err != nil {
		return d.settle(ctx, func(w *work) error { return w.tx.Bury(lease, err.Error()) })
	}
	eraser, able := d.sinkOf(e.Sink).(crm.Eraser)
	if !able {
		return d.settle(ctx, func(w *work) error { return d.withoutSink(w, e.Sink, lease) })
	}
	var known progress
	key := progressKey(e.Sink, crm.Subject{Contact: e.Contact})
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		values, err := r.Values(key)
		if err != nil {
			return err
		}
		return readProgress(values, &known)
	})
	if err != nil {
		return err
	}
	callCtx, cancel := d.request(ctx)
	cause := eraser.Erase(callCtx, string(e.Contact), known.Ref)
	cancel()
	return d.settle(ctx, func(w *work) error {
		if cause != nil {
			return w.notDone(e.Sink, lease, cause, func() {
				w.tx.Cancel(e.deadlineID())
				w.append(e.entry(w, ticket.CaseUnerased, "refused/"+stamp(w.now), reasonOf(cause)))
				d.log.Error("a person is not erased in the CRM", "sink", e.Sink, "contact", string(e.Contact), "error", cause)
			})
		}
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		if !e.Again {
			e.Again = true
			tasks, err := e.tasks(w.now.Add(d.cfg.SendTimeout+d.margin()), time.Time{})
			if err != nil {
				return err
			}
			w.tx.Schedule(tasks...)
			return w.reached(e.Sink, lease.Kind)
		}
		w.tx.DeleteValue(key)
		w.tx.Cancel(e.deadlineID())
		w.append(e.entry(w, ticket.CaseErased, "done", ""))
		return w.reached(e.Sink, lease.Kind)
	})
}

// eraseBy reports that a person is still in a CRM when that should have ended. The attempts go on.
func (w *work) eraseBy(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	var e erasure
	if err := json.Unmarshal(lease.Payload, &e); err != nil {
		return err
	}
	reason, late, err := w.overdueIn(e.Sink, e.id())
	if err != nil || !late {
		return err
	}
	w.append(e.entry(w, ticket.CaseUnerased, "late", reason))
	w.d.log.Error("a person is not erased in the CRM in time", "sink", e.Sink, "contact", string(e.Contact))
	return nil
}
