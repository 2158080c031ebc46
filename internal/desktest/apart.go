package desktest

import (
	"context"
	"fmt"

	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/ticket"
)

// unmerge takes a ticket out of another one that it is part of, perhaps through others.
func (m *model) unmerge() {
	type part struct{ whole, id ticket.ID }
	var parts []part
	m.view(func(r ticket.Reader) error {
		parts = nil
		list, err := r.ListTickets(ticket.TicketQuery{Page: ticket.Page{Limit: everyone}})
		for _, t := range list.Items {
			for _, id := range t.Absorbed {
				parts = append(parts, part{t.ID, id})
			}
		}
		return err
	})
	if len(parts) == 0 {
		return
	}
	p := rapid.SampledFrom(parts).Draw(m.T, "part")
	m.insist(func(by socialcrm.By) error {
		_, err := m.desk.Unmerge(context.Background(), p.whole, by, p.id)
		return err
	})
}

// unmergeContacts takes two people apart who were taken for one.
func (m *model) unmergeContacts() {
	type pair struct{ into, from ticket.ContactID }
	var pairs []pair
	m.view(func(r ticket.Reader) error {
		pairs = nil
		entries, err := r.Journal(ticket.JournalQuery{Limit: everyone})
		for _, e := range entries {
			if e.Kind == ticket.ContactMerged && e.Ticket == "" {
				if e.Contact < ticket.ContactID(e.New) { // both contacts have an entry, and one of the two ways is right
					pairs = append(pairs, pair{e.Contact, ticket.ContactID(e.New)})
				} else {
					pairs = append(pairs, pair{ticket.ContactID(e.New), e.Contact})
				}
			}
		}
		return err
	})
	if len(pairs) == 0 {
		return
	}
	p := rapid.SampledFrom(pairs).Draw(m.T, "pair")
	if rapid.Bool().Draw(m.T, "the other way") {
		p.into, p.from = p.from, p.into
	}
	m.insist(func(by socialcrm.By) error { return m.desk.UnmergeContacts(context.Background(), by, p.into, p.from) })
}

// 7. Who wrote is whom the customer's profile leads to: no ticket belongs to a contact that was merged away, a contact knows whether it has tickets on several channels, and
// the CRM has the contacts as they are.
func (m *Invariants) checkContacts(tickets map[ticket.ID]ticket.Ticket) {
	held := map[string]string{}
	for _, c := range m.CRM.Contacts() {
		held[c.Key] = fmt.Sprintf("merged into %q", c.MergedInto)
	}
	seen, only := map[ticket.ContactID]bool{}, map[ticket.ContactID]ticket.Channel{}
	for _, t := range tickets {
		if t.Contact == "" || !t.Erased.IsZero() {
			continue
		}
		m.view(func(r ticket.Reader) error {
			for id := t.Contact; id != "" && !seen[id]; {
				found, err := r.Contacts(id)
				if err != nil {
					return err
				}
				c := found[0]
				seen[id] = true
				if len(c.Channels) == 1 {
					only[id] = c.Channels[0]
				}
				if t.MergedInto == "" && id == t.Contact && (c.ID == "" || c.MergedInto != "" || !c.Erased.IsZero()) {
					m.Errorf("ticket %s belongs to %+v", t.ID, c)
				}
				if want := fmt.Sprintf("merged into %q", c.MergedInto); c.Erased.IsZero() && held[string(id)] != want {
					m.Errorf("contact %s is %s, in the CRM %s", id, want, held[string(id)])
				}
				for _, key := range c.Identities {
					identities, err := r.Identities(key)
					if err != nil {
						return err
					}
					if c.MergedInto == "" && identities[0].Contact != c.ID {
						m.Errorf("contact %s has the profile %v, which is of %s", c.ID, key, identities[0].Contact)
					}
				}
				id = c.MergedInto
			}
			return nil
		})
	}
	for _, t := range tickets {
		if where, one := only[t.Contact]; one && where != (ticket.Channel{Account: t.Account, Visibility: t.Visibility}) {
			m.Errorf("contact %s has tickets on %+v only, and ticket %s elsewhere", t.Contact, where, t.ID)
		}
	}
}
