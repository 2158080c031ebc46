package crmtest

import (
	"cmp"
	"maps"
	"slices"

	"github.com/socialcrm/socialcrm/crm"
)

// Contact is a contact as the Fake holds it.
type Contact struct {
	crm.Contact
	// Ref is the CRM's ID, Writes how often it was written.
	Ref    string
	Writes int
}

// Case is a case as the Fake holds it.
type Case struct {
	crm.Case
	// Ref is the CRM's ID, Writes how often a push wrote it; what the CRM's own users do is not counted.
	Ref    string
	Writes int
}

// Interaction is an interaction as the Fake holds it.
type Interaction struct {
	crm.Interaction
	// Ref is the CRM's ID, Writes how often it was written.
	Ref    string
	Writes int
	// Case is the Key of the case it belongs to.
	Case string
	// Redacted is set since Redact took its text.
	Redacted bool

	place int
}

// Lead is an opportunity as the Fake holds it.
type Lead struct {
	crm.Lead
	// Ref is the CRM's ID, Writes how often it was written.
	Ref    string
	Writes int
}

// Contacts returns copies of all contacts, by Key.
func (f *Fake) Contacts() []Contact {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Contact, 0, len(f.contacts))
	for _, key := range sortedKeys(f.contacts) {
		c := *f.contacts[key]
		c.Contact = cloneContact(c.Contact)
		out = append(out, c)
	}
	return out
}

// Cases returns copies of all cases, by Key. They hold what the CRM's own users changed.
func (f *Fake) Cases() []Case {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Case, 0, len(f.cases))
	for _, key := range sortedKeys(f.cases) {
		c := *f.cases[key]
		c.Case = cloneCase(c.Case)
		out = append(out, c)
	}
	return out
}

// Interactions returns copies of the interactions of a case, in the order in which they were first written.
func (f *Fake) Interactions(caseKey string) []Interaction {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []Interaction
	for _, in := range f.interactions {
		if in.Case == caseKey {
			held := *in
			held.Interaction = cloneInteraction(in.Interaction)
			out = append(out, held)
		}
	}
	slices.SortFunc(out, func(a, b Interaction) int { return cmp.Compare(a.place, b.place) })
	return out
}

// Leads returns copies of all leads, by Key.
func (f *Fake) Leads() []Lead {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]Lead, 0, len(f.leads))
	for _, key := range sortedKeys(f.leads) {
		l := *f.leads[key]
		l.Contact = cloneContact(l.Contact)
		out = append(out, l)
	}
	return out
}

// Pushes returns copies of the Changes that came, in the order in which they came, also those that a fault then cut short.
func (f *Fake) Pushes() []crm.Change {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := make([]crm.Change, len(f.pushes))
	for i, c := range f.pushes {
		out[i] = cloneChange(c)
	}
	return out
}

// Calls returns how often the method was called, failures included.
func (f *Fake) Calls(m Method) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[m]
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func cloneContact(c crm.Contact) crm.Contact {
	c.Emails, c.Phones, c.Identities = slices.Clone(c.Emails), slices.Clone(c.Phones), slices.Clone(c.Identities)
	return c
}

func cloneCase(c crm.Case) crm.Case {
	c.Tags, c.Parties, c.Related = slices.Clone(c.Tags), slices.Clone(c.Parties), slices.Clone(c.Related)
	return c
}

func cloneInteraction(in crm.Interaction) crm.Interaction {
	in.Attachments = slices.Clone(in.Attachments)
	return in
}

func cloneChange(c crm.Change) crm.Change {
	if c.Contact != nil {
		contact := cloneContact(*c.Contact)
		c.Contact = &contact
	}
	if c.Case != nil {
		held := cloneCase(*c.Case)
		c.Case = &held
	}
	c.Interactions = slices.Clone(c.Interactions)
	for i, in := range c.Interactions {
		c.Interactions[i] = cloneInteraction(in)
	}
	c.Refs.Interactions = maps.Clone(c.Refs.Interactions)
	return c
}
