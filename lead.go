package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// Lead is an opportunity that somebody found in a conversation.
type Lead struct {
	// Title says in a few words what the customer might buy; it must not be empty.
	Title string `json:"title"`
	// Description is what sales should know.
	Description string `json:"description,omitempty"`
}

// VerbHandLead is HandLead, for Config.Authorize.
const VerbHandLead Verb = "hand over a lead of"

// HandLead hands an opportunity to sales: every sink that is a crm.LeadSink gets it, once, with the contact and the case. The journal says when it is taken. The ticket
// goes on as it was. Errors: ErrNotFound, ErrConflict, ErrInvalid (no title, or no sink takes leads).
func (d *Desk) HandLead(ctx context.Context, id ticket.ID, by By, l Lead) (Receipt, error) {
	return d.verb(ctx, VerbHandLead, id, by, l, func(w *work, c *change) (Receipt, error) {
		if strings.TrimSpace(l.Title) == "" {
			return Receipt{}, fmt.Errorf("the lead has no title: %w", ErrInvalid)
		}
		h := handedLead{Key: hashID("lead", c.newKey("lead")), Ticket: c.ID, Lead: l, Actor: by.Actor, Time: w.now}
		takers := 0
		for _, s := range w.sinks {
			if _, ok := s.(crm.LeadSink); !ok {
				continue
			}
			takers++
			h.Sink = s.Name()
			payload, err := json.Marshal(h)
			if err != nil {
				return Receipt{}, err
			}
			w.tx.Schedule(ticket.Task{ID: leadKind + "/" + h.Sink + "/" + h.Key, Kind: leadKind, Queue: syncQueue(h.Sink), Due: w.now, Payload: payload})
		}
		if takers == 0 {
			return Receipt{}, fmt.Errorf("no sink takes leads: %w", ErrInvalid)
		}
		c.journal(ticket.Entry{Kind: ticket.LeadHanded, Actor: by.Actor, New: h.Key})
		return Receipt{}, nil
	})
}

const leadKind = "lead"

// handedLead is a lead on its way to a sink.
type handedLead struct {
	Sink   string       `json:"sink"`
	Key    string       `json:"key"`
	Ticket ticket.ID    `json:"ticket"`
	Lead   Lead         `json:"lead"`
	Actor  ticket.Actor `json:"actor"`
	Time   time.Time    `json:"time"`
}

// pushLead hands a lead to a CRM. It is idempotent by the lead's key, so a lost answer is no harm.
func (d *Desk) pushLead(ctx context.Context, lease ticket.Lease) error {
	var h handedLead
	if err := json.Unmarshal(lease.Payload, &h); err != nil {
		return d.settle(ctx, func(w *work) error { return w.tx.Bury(lease, err.Error()) })
	}
	taker, ok := d.sinkOf(h.Sink).(crm.LeadSink)
	if !ok {
		return d.settle(ctx, func(w *work) error { return d.withoutSink(w, h.Sink, lease) })
	}
	out := crm.Lead{Key: h.Key, Case: string(h.Ticket), Title: h.Lead.Title, Description: h.Lead.Description, Actor: h.Actor, Time: h.Time}
	erased := false
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		tickets, err := r.Tickets(h.Ticket)
		if erased = err == nil && !tickets[0].Erased.IsZero(); err != nil || tickets[0].Contact == "" {
			return err
		}
		contact, err := contactIn(r, tickets[0].Contact)
		if err != nil {
			return err
		}
		known, err := crmContact(r, contact)
		if err == nil {
			out.Contact = *known
		}
		return err
	})
	if err != nil {
		return err
	}
	if erased {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) })
	}
	callCtx, cancel := d.request(ctx)
	ref, cause := taker.PushLead(callCtx, out)
	cancel()
	ref = cleanText(ref)
	return d.settle(ctx, func(w *work) error {
		subject := crm.Subject{Ticket: h.Ticket}
		if cause != nil {
			return w.notDone(h.Sink, lease, cause, func() {
				w.append(w.crmEntry(ticket.CaseFailed, h.Sink, subject, "lead/"+h.Key+"/"+stamp(w.now), "lead "+h.Key+": "+reasonOf(cause)))
			})
		}
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		taken := w.crmEntry(ticket.LeadTaken, h.Sink, subject, "lead/"+h.Key, "")
		taken.Old, taken.New = h.Key, ref
		w.append(taken)
		return w.reached(h.Sink, lease.Kind)
	})
}
