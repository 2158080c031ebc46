package crmtest

import (
	"errors"
	"maps"
	"strings"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// pushOK pushes and ends the check on an error.
func (r Rig) pushOK(t T, c crm.Change) crm.Receipt {
	t.Helper()
	receipt, err := r.Sink.Push(t.Context(), c)
	if err != nil {
		t.Fatalf("push %s: %v", c.Subject, err)
	}
	r.expectTruth(t, c, receipt)
	return receipt
}

// pushFails pushes and expects an error of one of the kinds, without secrets.
func (r Rig) pushFails(t T, c crm.Change, kinds ...remote.Kind) (crm.Receipt, *remote.Error) {
	t.Helper()
	receipt, err := r.Sink.Push(t.Context(), c)
	return receipt, r.expectError(t, err, kinds...)
}

func (r Rig) expectError(t T, err error, kinds ...remote.Kind) *remote.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("no error where the CRM failed once: want one attempt, and its error %v", kinds)
	}
	e, ok := errors.AsType[*remote.Error](err)
	if !ok {
		t.Fatalf("error %q is a %T, want a *remote.Error", err, err)
	}
	r.expectNoSecret(t, err)
	for _, kind := range kinds {
		if e.Kind == kind {
			return e
		}
	}
	t.Errorf("error %q has kind %q, want one of %q", err, e.Kind, kinds)
	return e
}

func (r Rig) expectNoSecret(t T, err error) {
	t.Helper()
	for ; err != nil; err = errors.Unwrap(err) {
		for _, secret := range r.Secrets {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("an error shows a secret: %s", strings.ReplaceAll(err.Error(), secret, "[SECRET]"))
			}
		}
	}
}

// expectHeld expects the CRM to hold what the changes of one subject said, once, with the interactions in this order.
func (r Rig) expectHeld(t T, c crm.Change) {
	t.Helper()
	if c.Contact != nil {
		if held := r.contact(t, c.Contact.Key); held.Name != c.Contact.Name {
			t.Errorf("contact %s is called %q, want %q", held.Key, held.Name, c.Contact.Name)
		}
	}
	if c.Case == nil {
		return
	}
	held := r.theCase(t, c.Case.Key)
	if held.Subject != c.Case.Subject || held.Status != c.Case.Status || held.Contact != c.Case.Contact {
		t.Errorf("case %s has subject %q, status %q and contact %q, want %q, %q and %q",
			held.Key, held.Subject, held.Status, held.Contact, c.Case.Subject, c.Case.Status, c.Case.Contact)
	}
	r.expectInteractions(t, c)
}

func (r Rig) expectInteractions(t T, c crm.Change) {
	t.Helper()
	var want, got []string
	for _, in := range c.Interactions {
		want = append(want, in.Key+": "+in.Text)
	}
	for _, in := range r.Interactions(c.Case.Key) {
		got = append(got, in.Key+": "+in.Text)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("case %s holds the interactions\n\t%s\nwant\n\t%s", c.Case.Key, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// contact returns the one contact under the key.
func (r Rig) contact(t T, key string) HeldContact {
	t.Helper()
	held := r.Contacts(key)
	if len(held) != 1 {
		t.Fatalf("the CRM holds %d contacts under key %s, want 1", len(held), key)
	}
	return held[0]
}

// theCase returns the one case under the key.
func (r Rig) theCase(t T, key string) HeldCase {
	t.Helper()
	held := r.Cases(key)
	if len(held) != 1 {
		t.Fatalf("the CRM holds %d cases under key %s, want 1", len(held), key)
	}
	return held[0]
}

// expectTruth expects the CRM to hold whatever a Receipt claims.
func (r Rig) expectTruth(t T, c crm.Change, receipt crm.Receipt) {
	t.Helper()
	if receipt.Contact != "" && c.Contact != nil {
		if held := r.Contacts(c.Contact.Key); len(held) == 0 || held[0].Ref != receipt.Contact {
			t.Errorf("the receipt claims contact %q, the CRM holds %+v", receipt.Contact, held)
		}
	}
	if c.Case == nil {
		return
	}
	if receipt.Case != "" {
		if held := r.Cases(c.Case.Key); len(held) == 0 || held[0].Ref != receipt.Case {
			t.Errorf("the receipt claims case %q, the CRM holds %+v", receipt.Case, held)
		}
	}
	held := r.interactionRefs(c.Case.Key)
	for key, ref := range receipt.Interactions {
		if has, ok := held[key]; !ok || has != ref {
			t.Errorf("the receipt claims interaction %s under %q, the CRM holds %q", key, ref, has)
		}
	}
}

// expectProgress expects a Receipt to tell whatever the CRM holds of a Change that was new to it.
func (r Rig) expectProgress(t T, c crm.Change, receipt crm.Receipt) {
	t.Helper()
	if len(r.Contacts(c.Contact.Key)) > 0 && receipt.Contact == "" {
		t.Errorf("the contact was written, but the receipt does not tell")
	}
	if len(r.Cases(c.Case.Key)) > 0 && receipt.Case == "" {
		t.Errorf("the case was written, but the receipt does not tell")
	}
	for key := range r.interactionRefs(c.Case.Key) {
		if _, ok := receipt.Interactions[key]; !ok {
			t.Errorf("interaction %s was written, but the receipt does not tell", key)
		}
	}
}

func (r Rig) interactionRefs(caseKey string) map[string]string {
	refs := make(map[string]string)
	for _, in := range r.Interactions(caseKey) {
		refs[in.Key] = in.Ref
	}
	return refs
}

// rest is what the Desk pushes after a Receipt that came beside an error.
func rest(c crm.Change, done crm.Receipt) crm.Change {
	c = cloneChange(c)
	if done.Contact != "" {
		c.Contact = nil
	}
	all := c.Interactions
	c.Interactions = nil
	for _, in := range all {
		if _, ok := done.Interactions[in.Key]; !ok && done.Refused[in.Key] == "" {
			c.Interactions = append(c.Interactions, in)
		}
	}
	c.Refs = crm.Refs{Contact: done.Contact, Case: done.Case, Interactions: maps.Clone(done.Interactions)}
	return c
}
