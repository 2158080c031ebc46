package socialcrm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

const syncKind = "sync"

func syncQueue(sink string) string { return "sync/" + sink }

// syncTask pushes what is new about a subject into one CRM. Its ID is the subject's, so a burst of changes is one push.
func syncTask(sink string, s crm.Subject, due time.Time) ticket.Task {
	return syncTaskNamed(string(appendSyncID(nil, sink, s)), sink, due)
}

func appendSyncID(b []byte, sink string, s crm.Subject) []byte {
	b = append(append(b, "sync/"...), sink...)
	if s.Ticket == "" {
		return append(append(b, "/contact/"...), s.Contact...)
	}
	return append(append(b, "/ticket/"...), s.Ticket...)
}

func syncTaskNamed(id, sink string, due time.Time) ticket.Task {
	queue := len("sync/") + len(sink)
	return ticket.Task{ID: id, Kind: syncKind, Queue: id[:queue], Key: id[queue+1:], Due: due}
}

// progress is how far a sink is with a subject.
type progress struct {
	// Position is the last journal entry pushed.
	Position ticket.Position `json:"position,omitempty"`
	// Version is the contact's version pushed.
	Version int64 `json:"version,omitempty"`
	// Ref is the CRM's own ID.
	Ref string `json:"ref,omitempty"`
}

func progressKey(sink string, s crm.Subject) ticket.ValueKey {
	return ticket.ValueKey{Space: "crm/" + sink, Name: s.String()}
}

func refKey(sink, interaction string) ticket.ValueKey {
	return ticket.ValueKey{Space: "crm/" + sink + "/interactions", Name: interaction}
}

// push is what one sync is about to tell a CRM, and the progress once it is told.
type push struct {
	change   crm.Change
	subject  progress        // of the ticket
	from     ticket.Position // where the push begins
	contact  progress        // of its contact
	contacts crm.Subject
	outage   bool // the latest call to the CRM failed

	contactWas int64  // the contact's version that the sink had
	task       string // that makes the push
	began      time.Time
	messages   []string // that something happened to, also those that left the ticket
	missed     bool     // retention let go of something that the sink never heard of
}

// syncSubject pushes everything that one CRM has not heard about one subject, as one Change, and records how far it got.
func (d *Desk) syncSubject(ctx context.Context, lease ticket.Lease) error {
	name, subject := lease.Queue[len("sync/"):], crm.Subject{}
	if id, ok := strings.CutPrefix(lease.Key, "ticket/"); ok {
		subject.Ticket = ticket.ID(id)
	} else {
		subject.Contact = ticket.ContactID(strings.TrimPrefix(lease.Key, "contact/"))
	}
	sink := d.sinkOf(name)
	if sink == nil {
		return d.settle(ctx, func(w *work) error { return d.withoutSink(w, name, lease) })
	}
	var p push
	var more bool
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) (err error) {
		p, more, err = gather(r, name, subject)
		return err
	})
	if err != nil {
		return err
	}
	if p.change.Contact == nil && p.change.Case == nil {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) })
	}
	if p.change.Contact != nil {
		p.task, p.began = lease.ID, d.now()
		later := false
		err := d.settle(ctx, func(w *work) (err error) {
			later, err = w.aboutToTell(name, p, lease)
			return err
		})
		if later || err != nil {
			return err
		}
	}
	pushCtx, cancel := d.request(ctx)
	receipt, cause := sink.Push(pushCtx, p.change)
	cancel()
	clean(&receipt)
	return d.settle(ctx, func(w *work) error {
		if err := w.recordRefs(name, p, receipt); err != nil {
			return err
		}
		if p.change.Contact != nil && receipt.Contact == "" && remote.KindOf(cause) != remote.Unknown {
			if err := w.contactNotTold(name, p); err != nil {
				return err
			}
		}
		if holds, err := w.tx.Holds(lease); err != nil || !holds {
			return errors.Join(err, w.overtaken(name, subject, p))
		}
		if cause != nil {
			return w.notPushed(name, subject, lease, cause)
		}
		if err := w.recordPush(name, subject, p, receipt); err != nil {
			return err
		}
		if p.outage {
			if err := w.reached(name, lease.Kind); err != nil {
				return err
			}
		}
		if more {
			return w.tx.Postpone(lease, w.now, "")
		}
		return w.tx.Finish(lease)
	})
}

// perPush is how many journal entries one push covers at most.
const perPush = 200

// gather reads what the sink has not heard about the subject.
func gather(r ticket.Reader, sink string, s crm.Subject) (p push, more bool, err error) {
	contactID := s.Contact
	var t ticket.Ticket
	if s.Ticket != "" {
		tickets, err := r.Tickets(s.Ticket)
		if err != nil {
			return p, false, err
		}
		t = tickets[0]
		if t.ID == "" || !t.Erased.IsZero() {
			return p, false, nil
		}
		contactID = t.Contact
	}
	p.contacts = crm.Subject{Contact: contactID}
	values, err := r.Values(progressKey(sink, s), progressKey(sink, p.contacts), outageKey(sink))
	if err != nil {
		return p, false, err
	}
	p.outage = values[2].Data != nil
	if err := readProgress(values, &p.subject, &p.contact); err != nil {
		return p, false, err
	}
	p.from = p.subject.Position
	p.change.Subject, p.contactWas = s, p.contact.Version
	p.change.Refs.Contact = p.contact.Ref
	if contactID != "" {
		contacts, err := r.Contacts(contactID)
		if err != nil {
			return p, false, err
		}
		if contacts[0].Version > p.contact.Version && contacts[0].Erased.IsZero() {
			if p.change.Contact, err = crmContact(r, contacts[0]); err != nil {
				return p, false, err
			}
			p.contact.Version = contacts[0].Version
		}
	}
	if s.Ticket == "" {
		return p, false, nil
	}
	p.change.Refs.Case = p.subject.Ref
	p.change.Case = crmCase(t)
	was := p.subject.Position
	entries, err := r.Journal(ticket.JournalQuery{Ticket: s.Ticket, After: was, Limit: perPush})
	if err != nil {
		return p, false, err
	}
	for _, e := range entries {
		if e.Message != "" && !slices.Contains(p.messages, e.Message) {
			p.messages = append(p.messages, e.Message)
		}
		p.subject.Position = e.Position
	}
	if p.missed = t.Pruned > was; p.missed {
		p.subject.Position = max(p.subject.Position, t.Pruned)
	}
	messages, err := r.Messages(p.messages...)
	if err != nil {
		return p, false, err
	}
	whole, err := wholeOf(r, t)
	if err != nil {
		return p, false, err
	}
	var refs []ticket.ValueKey
	for i := range messages {
		m := &messages[i]
		if m.Key == "" || m.Post != nil && !isOut(m.Post) {
			continue // not on the platform yet: the entry that says so will bring it
		}
		if m.Ticket != whole.ID {
			continue // it left with a ticket that was taken out of this one, and has an entry there
		}
		if m.Direction == ticket.Internal && m.Actor.Kind == ticket.ByCRM && m.Actor.ID == sink {
			continue // it was written there
		}
		in := crmInteraction(m)
		p.change.Interactions = append(p.change.Interactions, in)
		refs = append(refs, refKey(sink, in.Key))
	}
	known, err := r.Values(refs...)
	if err != nil {
		return p, false, err
	}
	for i, v := range known {
		if v.Data != nil {
			if p.change.Refs.Interactions == nil {
				p.change.Refs.Interactions = make(map[string]string)
			}
			p.change.Refs.Interactions[p.change.Interactions[i].Key] = string(v.Data)
		}
	}
	return p, len(entries) == perPush, nil
}

// wholeOf returns the ticket that a ticket is part of by now, else itself.
func wholeOf(r ticket.Reader, t ticket.Ticket) (ticket.Ticket, error) {
	for t.MergedInto != "" {
		found, err := r.Tickets(t.MergedInto)
		if err != nil {
			return t, err
		}
		t = found[0]
	}
	return t, nil
}

func readProgress(values []ticket.Value, into ...*progress) error {
	for i, p := range into {
		if values[i].Data == nil {
			continue
		}
		if err := json.Unmarshal(values[i].Data, p); err != nil {
			return fmt.Errorf("progress %s: %w", values[i].Key.Name, err)
		}
	}
	return nil
}

func crmContact(r ticket.Reader, c ticket.Contact) (*crm.Contact, error) {
	out := &crm.Contact{Key: string(c.ID), Name: c.Name, Kind: c.Kind, Language: c.Language, Emails: c.Emails, Phones: c.Phones, MergedInto: string(c.MergedInto), Verified: c.Verified.Level, VerifiedUntil: c.Verified.Until}
	identities, err := r.Identities(c.Identities...)
	for _, i := range identities {
		out.Identities = append(out.Identities, crm.Identity{Platform: i.Key.Platform, Author: i.Author})
	}
	return out, err
}

func crmCase(t ticket.Ticket) *crm.Case {
	var related []string
	for _, r := range t.Related {
		related = append(related, string(r.Ticket))
	}
	return &crm.Case{
		Key: string(t.ID), Subject: t.Subject, Status: t.Status, Priority: t.Priority, Account: t.Account, Private: t.Visibility == channel.Private,
		Language: t.Language, Lane: t.Lane, Team: t.Team, Agent: t.Agent, Tags: t.Tags, Created: t.Created, SolvedAt: t.SolvedAt,
		Contact: string(t.Contact), Parent: string(t.FollowUpOf), MergedInto: string(t.MergedInto), Parties: crmParties(&t), Related: related,
	}
}

func crmInteraction(m *ticket.Message) crm.Interaction {
	in := crm.Interaction{
		Key: interactionKey(m.Key), Message: m.Content.ID, Direction: m.Direction, Actor: m.Actor, Automated: m.Automated,
		Private: m.Conversation.Visibility == channel.Private || m.Post != nil && m.Post.Private, Text: m.Content.Text, Attachments: m.Content.Attachments, URL: m.Content.URL,
		Time: m.Content.Time, Order: m.Content.Order, Edited: m.Edited, Deleted: m.Deleted, Party: string(m.Party),
	}
	if m.Direction == ticket.Inbound {
		in.Author = m.Content.Author
	}
	if in.State = m.State; m.Post != nil {
		in.State = m.Post.State
	}
	return in
}

// recordRefs keeps the CRM's IDs that a push learned, also when the rest of it failed.
func (w *work) recordRefs(sink string, p push, r crm.Receipt) error {
	if p.change.Contact != nil && r.Contact != "" {
		if err := w.crossedContact(sink, p, r.Contact); err != nil {
			return err
		}
	}
	for key, ref := range r.Interactions {
		if p.change.Refs.Interactions[key] != ref {
			w.tx.PutValue(ticket.Value{Key: refKey(sink, key), Data: []byte(ref)})
		}
	}
	if r.Case != "" && r.Case != p.subject.Ref {
		w.tx.PutValue(ticket.Value{Key: caseKey(sink, r.Case), Data: []byte(p.change.Subject.Ticket)})
	}
	if r.Case != "" && p.subject.Ref == "" && p.change.Case != nil {
		// The position stays: what the CRM has not confirmed as a whole is pushed again.
		values, err := w.tx.Values(progressKey(sink, p.change.Subject))
		if err != nil {
			return err
		}
		var was progress
		if err := readProgress(values, &was); err != nil {
			return err
		}
		was.Ref = r.Case
		return w.putProgress(sink, p.change.Subject, was)
	}
	return nil
}

func (w *work) putProgress(sink string, s crm.Subject, p progress) error {
	data, err := json.Marshal(p)
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: progressKey(sink, s), Data: data})
	}
	return err
}

// recordPush moves the sink's cursor past what the CRM now holds.
func (w *work) recordPush(sink string, s crm.Subject, p push, r crm.Receipt) error {
	if s.Ticket != "" {
		if r.Case != "" {
			p.subject.Ref = r.Case
		}
		if err := w.putProgress(sink, s, p.subject); err != nil {
			return err
		}
		if p.missed {
			// It belongs to no ticket: with that, it would be let go of itself.
			w.append(ticket.Entry{
				Kind: ticket.JournalGap, Key: "crm/" + sink + "/" + s.String() + "/pruned/" + string(p.subject.Position), Actor: ticket.Actor{Kind: ticket.ByCRM, ID: sink},
				New: string(appendSyncID(nil, sink, s)), Reason: "it has the case as it stands; what was said before was let go of before the CRM heard of it",
			})
		}
	}
	if err := w.crossedMessages(p); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(r.Refused)) {
		w.append(w.crmEntry(ticket.CaseFailed, sink, s, "refused/"+key, r.Refused[key]))
	}
	return nil
}

func (w *work) crmEntry(kind ticket.EntryKind, sink string, s crm.Subject, what, reason string) ticket.Entry {
	return ticket.Entry{
		Kind: kind, Key: "crm/" + sink + "/" + s.String() + "/" + what, Ticket: s.Ticket, Contact: s.Contact, Actor: ticket.Actor{Kind: ticket.ByCRM, ID: sink}, Reason: reason,
	}
}

// forgetRefs makes the next push of a subject write contact and case anew, by their keys.
func (w *work) forgetRefs(sink string, s crm.Subject) error {
	subjects := []crm.Subject{s}
	if s.Ticket != "" {
		t, err := w.ticket(s.Ticket)
		if err != nil {
			return err
		}
		subjects = append(subjects, crm.Subject{Contact: t.Contact})
	}
	for _, s := range subjects {
		values, err := w.tx.Values(progressKey(sink, s))
		if err != nil {
			return err
		}
		var p progress
		if err := readProgress(values, &p); err != nil {
			return err
		}
		p.Ref, p.Version = "", 0
		if err := w.putProgress(sink, s, p); err != nil {
			return err
		}
	}
	return nil
}

// notPushed says when to try again, whether the whole CRM is to be left alone meanwhile, or that the subject will not be taken.
func (w *work) notPushed(sink string, s crm.Subject, lease ticket.Lease, cause error) error {
	kind := remote.KindOf(cause)
	w.d.log.Warn("push failed", "sink", sink, "subject", s.String(), "kind", kind.String(), "error", cause)
	due := retryAt(cause, w.now, lease)
	switch kind {
	case remote.RateLimited, remote.Unavailable, remote.Unauthorized, remote.Exhausted:
		// The CRM as a whole is not to be had: everything waits, and one subject asks again.
		var err error
		if due, err = w.leaveAlone(sink, lease, cause); err != nil {
			return err
		}
	case remote.NotFound:
		// A record that we refer to is gone there: the next push brings everything, and no refs.
		if err := w.forgetRefs(sink, s); err != nil {
			return err
		}
	case remote.Unknown:
		// Push is idempotent, so doing it again finds out; where several subjects meet this, the CRM hangs.
		var err error
		if due, err = w.leaveAlone(sink, lease, cause); err != nil {
			return err
		}
	case remote.Duplicate:
	default:
		what, err := w.entryKey("failed")
		if err != nil {
			return err
		}
		w.append(w.crmEntry(ticket.CaseFailed, sink, s, what, reasonOf(cause)))
		return w.tx.Bury(lease, reasonOf(cause))
	}
	if e, ok := errors.AsType[*remote.Error](cause); lease.Attempts+1 >= maxAttempts && !(ok && e.Kind.Temporary()) && kind != remote.Unauthorized && kind != remote.Exhausted {
		return w.tx.Bury(lease, reasonOf(cause))
	}
	return w.tx.Postpone(lease, due, reasonOf(cause))
}
