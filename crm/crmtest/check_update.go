package crmtest

import (
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// updating are the checks that what changes with us changes in the CRM.
func updating() []Check {
	return []Check{
		{Name: "status, subject and owner of a case follow", Run: checkCaseFollows},
		{Name: "a case is reopened and taken off its agent", Run: checkBackwards},
		{Name: "an edited or deleted interaction is written under its key", Run: checkEdited},
		{Name: "an interaction that moves to another case is there once", Run: checkMoved},
		{Name: "a contact alone can be pushed", Run: checkContactAlone},
		{Name: "a case of a contact that the CRM knows needs only its key", Run: checkKnownContact},
		{Name: "merges and follow-ups are kept, in whatever order they come", Run: checkLinks},
	}
}

func checkCaseFollows(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 1)
	refs := r.pushOK(t, c).Refs
	for _, status := range []ticket.Status{ticket.New, ticket.Pending, ticket.OnHold, ticket.Open, ticket.Solved, ticket.Closed} {
		next := cloneChange(c)
		next.Contact, next.Interactions, next.Refs = nil, nil, refs
		next.Case.Status, next.Case.Subject, next.Case.Agent = status, "It is "+string(status), "agent-"+string(status)
		if status.Done() {
			next.Case.SolvedAt = sampleTime().Add(time.Hour)
		}
		r.pushOK(t, next)
		held := r.theCase(t, c.Case.Key)
		if held.Status != status || held.Subject != next.Case.Subject {
			t.Errorf("the case has status %q and subject %q, want %q and %q", held.Status, held.Subject, status, next.Case.Subject)
		}
		if h.Features.Owner && held.Agent != next.Case.Agent {
			t.Errorf("the case belongs to %q, want %q", held.Agent, next.Case.Agent)
		}
	}
	r.expectInteractions(t, c)
}

// checkBackwards pushes what rarely goes back, and must all the same.
func checkBackwards(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 1)
	c.Case.Status, c.Case.SolvedAt = ticket.Solved, sampleTime().Add(time.Hour)
	c.Refs = r.pushOK(t, c).Refs
	c.Contact, c.Interactions = nil, nil
	c.Case.Status, c.Case.SolvedAt, c.Case.Agent = ticket.Open, time.Time{}, ""
	r.pushOK(t, c)
	held := r.theCase(t, c.Case.Key)
	if held.Status != ticket.Open {
		t.Errorf("a case that was reopened has status %q, want %q", held.Status, ticket.Open)
	}
	if h.Features.Owner && held.Agent != "" {
		t.Errorf("a case that was taken off its agent belongs to %q", held.Agent)
	}
}

func checkEdited(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 3)
	refs := r.pushOK(t, c).Refs

	edited := cloneChange(c)
	edited.Contact, edited.Refs = nil, refs
	edited.Interactions = edited.Interactions[:2]
	edited.Interactions[0].Text, edited.Interactions[0].Edited = "Where is my green bag?", sampleTime().Add(time.Hour)
	edited.Interactions[1].Deleted = sampleTime().Add(time.Hour)
	r.pushOK(t, edited)

	held := r.Interactions(c.Case.Key)
	if len(held) != 3 {
		t.Fatalf("the CRM holds %d interactions, want 3", len(held))
	}
	if held[0].Key != c.Interactions[0].Key || held[0].Text != "Where is my green bag?" {
		t.Errorf("the first interaction is %+v, want the edited text in its place", held[0])
	}
	if !held[1].Deleted || held[0].Deleted || held[2].Deleted {
		t.Errorf("deleted are %v, %v, %v, want only the second", held[0].Deleted, held[1].Deleted, held[2].Deleted)
	}
}

// checkMoved pushes an interaction again with another case, as after tickets were taken apart.
func checkMoved(t T, h Harness) {
	r := h.Open(t)
	whole, part := sampleChange("a", 3), sampleChange("b", 1)
	refs := r.pushOK(t, whole).Refs
	part.Refs = r.pushOK(t, part).Refs
	moved := whole.Interactions[2]
	part.Contact, part.Interactions = nil, []crm.Interaction{moved}
	part.Refs.Interactions = map[string]string{moved.Key: refs.Interactions[moved.Key]}
	for range 2 {
		if _, err := r.Sink.Push(t.Context(), part); err != nil {
			t.Fatalf("push %s: %v", part.Subject, err)
		}
	}
	n := 0
	for _, key := range []string{whole.Case.Key, part.Case.Key} {
		for _, in := range r.Interactions(key) {
			if in.Key == moved.Key {
				n++
			}
		}
	}
	if n != 1 {
		t.Errorf("the CRM holds the interaction that moved %d times, want once", n)
	}
}

func checkContactAlone(t T, h Harness) {
	r := h.Open(t)
	contact := sampleContact("a")
	c := crm.Change{Subject: crm.Subject{Contact: "C-a"}, Contact: &contact}
	receipt := r.pushOK(t, c)
	if receipt.Contact == "" || receipt.Case != "" {
		t.Errorf("the receipt has contact %q and case %q, want a contact only", receipt.Contact, receipt.Case)
	}
	contact.Name = "Ada Lovelace"
	c.Refs = receipt.Refs
	if again := r.pushOK(t, c); again.Contact != receipt.Contact {
		t.Errorf("the contact was %q and is %q", receipt.Contact, again.Contact)
	}
	r.expectHeld(t, c)

	anonymous := crm.Contact{Key: "contact-b"} // a platform that tells no name
	r.pushOK(t, crm.Change{Subject: crm.Subject{Contact: "C-b"}, Contact: &anonymous})
	r.contact(t, anonymous.Key)
}

func checkKnownContact(t T, h Harness) {
	r := h.Open(t)
	contact := sampleContact("a")
	refs := r.pushOK(t, crm.Change{Subject: crm.Subject{Contact: "C-a"}, Contact: &contact}).Refs
	for _, known := range []crm.Refs{{}, refs} {
		c := sampleChange("a", 1)
		c.Contact, c.Refs = nil, known
		r.pushOK(t, c)
		r.expectHeld(t, c)
	}
}

// checkLinks pushes the one that points before the one it points at: subjects are pushed independently.
func checkLinks(t T, h Harness) {
	r := h.Open(t)
	c := sampleChange("a", 1)
	c.Case.Parent, c.Case.MergedInto = "case-b", "case-c"
	r.pushOK(t, c)
	r.pushOK(t, sampleChange("b", 1))
	r.pushOK(t, sampleChange("c", 1))
	r.pushOK(t, c)
	merged := sampleContact("d")
	merged.MergedInto = "contact-a"
	r.pushOK(t, crm.Change{Subject: crm.Subject{Contact: "C-d"}, Contact: &merged})
	r.expectHeld(t, c)
	if !h.Features.Links {
		return
	}
	if held := r.theCase(t, "case-a"); held.Parent != "case-b" || held.MergedInto != "case-c" {
		t.Errorf("the case has parent %q and was merged into %q, want case-b and case-c", held.Parent, held.MergedInto)
	}
	if held := r.contact(t, "contact-d"); held.MergedInto != "contact-a" {
		t.Errorf("the contact was merged into %q, want contact-a", held.MergedInto)
	}
}
