package crmtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/crm"
)

// AddPerson puts somebody into the CRM whom the company knew already, with the profiles by which to find the person. Adding a Ref again replaces it.
func (f *Fake) AddPerson(p crm.Person, identities ...crm.Identity) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.people = slices.DeleteFunc(f.people, func(known crm.Person) bool { return known.Ref == p.Ref })
	f.people = append(f.people, clonePerson(p))
	f.identities[p.Ref] = slices.Clone(identities)
}

// Lookup finds the one person who was added, or else the one contact that was pushed and not merged, with any of the identities, e-mail addresses (in any case) or
// phone numbers.
func (f *Fake) Lookup(ctx context.Context, q crm.Lookup) (crm.Person, bool, error) {
	op := "look up a person"
	fault, err := f.beginSimple(ctx, MethodLookup, op)
	if err != nil {
		return crm.Person{}, false, err
	}
	if err := f.lose(ctx, op, fault); err != nil {
		return crm.Person{}, false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []crm.Person
	for _, p := range f.people {
		if fits(q, p.Emails, p.Phones, f.identities[p.Ref]) {
			found = append(found, clonePerson(p))
		}
	}
	if len(found) == 0 {
		for _, c := range f.contacts {
			if c.MergedInto == "" && fits(q, c.Emails, c.Phones, c.Identities) {
				found = append(found, clonePerson(crm.Person{
					Ref: c.Ref, Name: c.Name, Kind: c.Kind, Language: c.Language, Emails: c.Emails, Phones: c.Phones,
				}))
			}
		}
	}
	if len(found) != 1 {
		return crm.Person{}, false, nil
	}
	return found[0], true, nil
}

func fits(q crm.Lookup, emails, phones []string, identities []crm.Identity) bool {
	return slices.ContainsFunc(q.Emails, func(want string) bool {
		return slices.ContainsFunc(emails, func(has string) bool { return strings.EqualFold(want, has) })
	}) || slices.ContainsFunc(q.Phones, func(want string) bool {
		return slices.Contains(phones, want)
	}) || slices.ContainsFunc(q.Identities, func(want crm.Identity) bool {
		return slices.ContainsFunc(identities, func(has crm.Identity) bool {
			return want.Platform == has.Platform && want.Author.ID == has.Author.ID
		})
	})
}

func clonePerson(p crm.Person) crm.Person {
	p.Emails, p.Phones = slices.Clone(p.Emails), slices.Clone(p.Phones)
	return p
}

// Redact removes text and attachments of the interaction, found by its Key or else its ref.
func (f *Fake) Redact(ctx context.Context, s crm.Subject, interaction, ref string) error {
	op := fmt.Sprintf("redact interaction %q of %s", interaction, s)
	fault, err := f.beginSimple(ctx, MethodRedact, op)
	if err != nil {
		return err
	}
	f.mu.Lock()
	for key, in := range f.interactions {
		if key == interaction || interaction == "" && in.Ref == ref {
			in.Text, in.Attachments, in.Redacted = "", nil, true
		}
	}
	f.mu.Unlock()
	return f.lose(ctx, op, fault)
}

// Erase removes the contact, found by its Key or else its ref, and its cases, interactions, leads, and what was done to its cases.
func (f *Fake) Erase(ctx context.Context, contact, ref string) error {
	op := fmt.Sprintf("erase contact %q", contact)
	fault, err := f.beginSimple(ctx, MethodErase, op)
	if err != nil {
		return err
	}
	f.mu.Lock()
	for key, c := range f.contacts {
		if key == contact || contact == "" && c.Ref == ref {
			f.erase(key)
		}
	}
	f.mu.Unlock()
	return f.lose(ctx, op, fault)
}

func (f *Fake) erase(contact string) {
	gone := make(map[string]bool)
	for key, c := range f.cases {
		if c.Contact == contact {
			gone[key] = true
			delete(f.cases, key)
		}
	}
	for key, in := range f.interactions {
		if gone[in.Case] {
			delete(f.interactions, key)
		}
	}
	for key, l := range f.leads {
		if l.Contact.Key == contact {
			delete(f.leads, key)
		}
	}
	for i, u := range f.updates {
		if gone[u.Case] {
			f.updates[i] = crm.Update{} // its place stays, so that cursors do
		}
	}
	for i, c := range f.pushes {
		if c.Contact != nil && c.Contact.Key == contact || c.Case != nil && gone[c.Case.Key] {
			f.pushes[i] = crm.Change{Subject: c.Subject}
		}
	}
	delete(f.contacts, contact)
}

// PushLead upserts the lead by its Key.
func (f *Fake) PushLead(ctx context.Context, l crm.Lead) (string, error) {
	op := fmt.Sprintf("push lead %q", l.Key)
	fault, err := f.beginSimple(ctx, MethodPushLead, op)
	if err != nil {
		return "", err
	}
	f.mu.Lock()
	held := f.leads[l.Key]
	if held == nil {
		held = &Lead{Ref: f.ref("lead")}
		f.leads[l.Key] = held
	}
	held.Lead = l
	held.Lead.Contact = cloneContact(l.Contact)
	held.Writes++
	ref := held.Ref
	f.mu.Unlock()
	if err := f.lose(ctx, op, fault); err != nil {
		return "", err
	}
	return ref, nil
}
