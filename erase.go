package socialcrm

import (
	"context"
	"encoding/json"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

const (
	redactKind   = "redact"    // remove a text from a CRM
	redactByKind = "redact by" // look whether that was done in time
)

// redaction is a message whose text must be removed from a CRM.
type redaction struct {
	Sink    string    `json:"sink"`
	Ticket  ticket.ID `json:"ticket"`
	Message string    `json:"message"`
}

func (r *redaction) id() string         { return redactKind + "/" + r.Sink + "/" + r.Message }
func (r *redaction) deadlineID() string { return redactByKind + "/" + r.Sink + "/" + r.Message }

// entry is an entry about the redaction in the ticket's journal.
func (r *redaction) entry(w *work, kind ticket.EntryKind, what, reason string) ticket.Entry {
	e := w.crmEntry(kind, r.Sink, crm.Subject{Ticket: r.Ticket}, redactKind+"/"+r.Message+"/"+what, reason)
	e.Message = r.Message
	return e
}

// redactEverywhere has a text that is gone here also removed from the CRMs, by the time that the Setup says. The place of a message in the CRM stays. A CRM
// that cannot remove it is reported at once.
func (w *work) redactEverywhere(m *ticket.Message) error {
	if m.Ticket == "" {
		return nil // what belongs to no ticket was never pushed
	}
	for _, s := range w.sinks {
		r := redaction{Sink: s.Name(), Ticket: m.Ticket, Message: m.Key}
		if _, ok := s.(crm.Eraser); !ok {
			w.append(r.entry(w, ticket.CaseUnredacted, "cannot", "the sink cannot remove what it holds"))
			w.d.log.Error("a deletion cannot be honoured in the CRM", "sink", r.Sink, "message", r.Message)
			continue
		}
		payload, err := json.Marshal(r)
		if err != nil {
			return err
		}
		subject := crm.Subject{Ticket: m.Ticket}.String()
		w.tx.Schedule(
			// The key puts it behind a push of the ticket that may be under way with the old text.
			ticket.Task{ID: r.id(), Kind: redactKind, Queue: syncQueue(r.Sink), Key: subject, Due: w.now, Payload: payload},
			ticket.Task{ID: r.deadlineID(), Kind: redactByKind, Queue: redactByKind, Due: w.now.Add(w.company.redactWithin()), Payload: payload},
		)
	}
	return nil
}

// redact removes a text from a CRM.
func (d *Desk) redact(ctx context.Context, lease ticket.Lease) error {
	var r redaction
	if err := json.Unmarshal(lease.Payload, &r); err != nil {
		return d.settle(ctx, func(w *work) error { return w.tx.Bury(lease, err.Error()) })
	}
	eraser, ok := d.sinkOf(r.Sink).(crm.Eraser)
	if !ok {
		return d.settle(ctx, func(w *work) error { return d.withoutSink(w, r.Sink, lease) })
	}
	interaction, ref := interactionKey(r.Message), ""
	err := d.store.View(ctx, d.cfg.Tenant, func(rd ticket.Reader) error {
		values, err := rd.Values(refKey(r.Sink, interaction))
		if err == nil {
			ref = string(values[0].Data)
		}
		return err
	})
	if err != nil {
		return err
	}
	callCtx, cancel := d.request(ctx)
	cause := eraser.Redact(callCtx, crm.Subject{Ticket: r.Ticket}, interaction, ref)
	cancel()
	return d.settle(ctx, func(w *work) error {
		if cause != nil {
			return w.notDone(r.Sink, lease, cause, func() {
				w.tx.Cancel(r.deadlineID())
				w.append(r.entry(w, ticket.CaseUnredacted, "refused/"+stamp(w.now), reasonOf(cause)))
				d.log.Error("a deletion is not honoured in the CRM", "sink", r.Sink, "message", r.Message, "error", cause)
			})
		}
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		w.tx.Cancel(r.deadlineID())
		w.append(r.entry(w, ticket.CaseRedacted, "done", ""))
		return w.reached(r.Sink, lease.Kind)
	})
}

// redactBy reports that a text is still in a CRM when it should be gone. The attempts go on.
func (w *work) redactBy(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	var r redaction
	if err := json.Unmarshal(lease.Payload, &r); err != nil {
		return err
	}
	reason, late, err := w.overdueIn(r.Sink, r.id())
	if err != nil || !late {
		return err
	}
	w.append(r.entry(w, ticket.CaseUnredacted, "late", reason))
	w.d.log.Error("a deletion is not honoured in the CRM in time", "sink", r.Sink, "message", r.Message)
	return nil
}

// overdueIn says why a task of a CRM is not done in the time that the Setup gives; late is false when it is done.
func (w *work) overdueIn(sink, task string) (reason string, late bool, err error) {
	tasks, err := w.tx.Tasks(task)
	if err != nil || tasks[0].ID == "" {
		return "", false, err
	}
	last, reason := tasks[0].LastError, "not done within "+w.company.redactWithin().String()
	if last == "" { // it never had its turn, because the CRM is not to be had
		pauses, err := w.tx.ListPauses()
		if err != nil {
			return "", false, err
		}
		for _, p := range pauses {
			if p.Queue == syncQueue(sink) {
				last = p.Reason
			}
		}
	}
	if last != "" {
		reason += ": " + last
	}
	return reason, true, nil
}

const redactStandard = 24 * time.Hour

// redactWithin is how long a CRM has to honour a deletion.
func (c *company) redactWithin() time.Duration {
	if c == nil || c.setup.RedactWithin == 0 {
		return redactStandard
	}
	return time.Duration(c.setup.RedactWithin)
}
