package socialcrm

import (
	"maps"
	"slices"

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
		if !c.Erased.IsZero() {
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

// crossedContact records how far the CRM is with the contact that the push told of. Where another push recorded another version meanwhile, nobody knows which of them came
// last: the contact is pushed again.
func (w *work) crossedContact(sink string, p push, ref string) error {
	values, err := w.tx.Values(progressKey(sink, p.contacts))
	if err != nil {
		return err
	}
	var now progress
	if err := readProgress(values, &now); err != nil {
		return err
	}
	p.contact.Ref = ref
	if now.Version != p.contactWas && now.Version != p.contact.Version {
		p.contact.Version = 0
		w.tx.Schedule(syncTask(sink, crm.Subject{Contact: p.contacts.Contact}, w.now))
	}
	return w.putProgress(sink, p.contacts, p.contact)
}
