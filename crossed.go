package socialcrm

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// Pushes of different subjects cross: one that was read before something changed may reach the CRM after the push that tells of the change. Whoever records a push looks
// whether that happened, and lets what holds by now be pushed once more.

// crossedMessages looks for messages that the push told of, or that an earlier attempt at it may have, and that belong to another ticket by now: that one tells of
// them again.
func (w *work) crossedMessages(p push) error {
	messages, err := w.tx.Messages(p.messages...)
	if err != nil || p.change.Subject.Ticket == "" {
		return err
	}
	whole, err := w.ticket(p.change.Subject.Ticket)
	if err != nil {
		return err
	}
	left := make(map[ticket.ID][]string)
	for _, m := range messages {
		if m.Ticket != "" && m.Ticket != whole.ID {
			left[m.Ticket] = append(left[m.Ticket], m.Key)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(left)) {
		c, err := w.load(id)
		if err != nil {
			return err
		}
		if !c.Erased.IsZero() || c.ID == whole.ID {
			continue
		}
		for _, key := range left[id] {
			c.journal(ticket.Entry{
				Kind: ticket.MessageMoved, Message: key, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: string(p.change.Subject.Ticket),
				Reason: "a push that was under way may have left it there",
			})
		}
		c.finish()
	}
	return nil
}

// telling is a push under way that tells of a contact: which version, and until when it may reach the CRM.
type telling struct {
	Task    string    `json:"task"`
	Version int64     `json:"version"`
	Until   time.Time `json:"until"`
}

// tellingKey leads to the pushes under way that tell one CRM of one contact.
func tellingKey(sink string, contact crm.Subject) ticket.ValueKey {
	return ticket.ValueKey{Space: "crm/" + sink + "/telling", Name: contact.String()}
}

// firstTold is how long a push waits while another one tells the CRM of the same contact for the first time.
const firstTold = time.Second

// aboutToTell notes, before a push, which version of the contact it tells: should the process die before it is recorded, whoever records another version knows that
// this one may have come last.
//
// A contact that the CRM does not know is told by one push at a time, because two that look for it by its key, side by side, may both write it. The others are put back,
// and aboutToTell returns true: until that one ended, or cannot reach the CRM any more.
func (w *work) aboutToTell(sink string, p push, lease ticket.Lease) (later bool, err error) {
	values, err := w.tx.Values(tellingKey(sink, p.contacts), progressKey(sink, p.contacts))
	if err != nil {
		return false, err
	}
	others, err := p.beside(&values[0])
	if err != nil {
		return false, err
	}
	if p.change.Refs.Contact == "" {
		var known progress
		if err := readProgress(values[1:], &known); err != nil {
			return false, err
		}
		if known.Ref != "" { // it has just been told: this push is to be gathered anew
			return true, w.tx.Postpone(lease, w.now, "")
		}
		if len(others) > 0 {
			return true, w.tx.Postpone(lease, w.now.Add(firstTold), "")
		}
	}
	until := p.began.Add(w.d.cfg.SendTimeout + w.d.margin())
	return false, w.putTelling(sink, p, append(others, telling{p.task, p.contact.Version, until}))
}

// contactNotTold ends what aboutToTell noted, for a push that did not tell of the contact: the CRM did not take it.
func (w *work) contactNotTold(sink string, p push) error {
	others, err := w.toldBeside(sink, p)
	if err != nil {
		return err
	}
	return w.putTelling(sink, p, others)
}

// toldBeside returns the pushes of others that may have reached the CRM since this one began.
func (w *work) toldBeside(sink string, p push) ([]telling, error) {
	values, err := w.tx.Values(tellingKey(sink, p.contacts))
	if err != nil {
		return nil, err
	}
	return p.beside(&values[0])
}

// beside picks, from all pushes that tell of the contact, those of others that may have reached the CRM since this one began.
func (p *push) beside(tellings *ticket.Value) ([]telling, error) {
	all, err := decode[telling](tellings)
	return slices.DeleteFunc(all, func(t telling) bool { return t.Task == p.task || t.Until.Before(p.began) }), err
}

func (w *work) putTelling(sink string, p push, all []telling) error {
	key := tellingKey(sink, p.contacts)
	if len(all) == 0 {
		w.tx.DeleteValue(key)
		return nil
	}
	data, err := json.Marshal(all)
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: key, Data: data, Expires: w.now.Add(24 * time.Hour)})
	}
	return err
}

// crossedContact records how far the CRM is with the contact that the push told of. Where another push recorded another version meanwhile, or is under way with one,
// nobody knows which of them came last: the contact is pushed again, once both have ended.
func (w *work) crossedContact(sink string, p push, ref string) error {
	values, err := w.tx.Values(progressKey(sink, p.contacts))
	if err != nil {
		return err
	}
	var now progress
	if err := readProgress(values, &now); err != nil {
		return err
	}
	others, err := w.toldBeside(sink, p)
	if err != nil {
		return err
	}
	if err := w.putTelling(sink, p, others); err != nil {
		return err
	}
	p.contact.Ref = ref
	crossed, due := now.Version != p.contactWas && now.Version != p.contact.Version, w.now
	for _, other := range others {
		if other.Version != p.contact.Version {
			crossed = true
			if due.Before(other.Until) {
				due = other.Until.Add(1)
			}
		}
	}
	if crossed {
		p.contact.Version = 0
		w.tx.Schedule(syncTask(sink, crm.Subject{Contact: p.contacts.Contact}, due))
	}
	return w.putProgress(sink, p.contacts, p.contact)
}

// overtaken lets the CRM hear once more, as it is by now, of all that a push told. Its worker stood still for so long that another one has the subject: a push of that
// one, which told what is newer, may have reached the CRM first, and so may an erasure.
func (w *work) overtaken(sink string, s crm.Subject, p push) error {
	if err := w.crossedMessages(p); err != nil {
		return err
	}
	contacts, err := w.tx.Contacts(p.contacts.Contact)
	if err != nil {
		return err
	}
	if !contacts[0].Erased.IsZero() {
		return w.eraseIn(sink, p.contacts.Contact)
	}
	values, err := w.tx.Values(progressKey(sink, s), progressKey(sink, p.contacts))
	if err != nil {
		return err
	}
	var now, contact progress
	if err := readProgress(values, &now, &contact); err != nil {
		return err
	}
	if p.change.Contact != nil {
		contact.Version = 0
		if err := w.putProgress(sink, p.contacts, contact); err != nil {
			return err
		}
	}
	if s.Ticket != "" && p.from < now.Position {
		now.Position = p.from
		if err := w.putProgress(sink, s, now); err != nil {
			return err
		}
	}
	w.tx.Schedule(syncTask(sink, s, w.now))
	return nil
}
