package crmtest

import (
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// abilities are the checks of the optional interfaces.
func abilities() []Check {
	return []Check{
		{Name: "the sink has the abilities it claims", Run: checkClaims},
		{Name: "lookup finds the one person, and nobody where two fit", Needs: Directory, Run: checkLookup},
		{Name: "what the CRM's users did is told once, in order, and again from an older cursor", Needs: Source, Run: checkChanges},
		{Name: "our own writes are not told as changes", Needs: Source, Run: checkEcho},
		{Name: "redacting takes the text and leaves the place", Needs: Eraser, Run: checkRedact},
		{Name: "erasing removes the person and nobody else", Needs: Eraser, Run: checkErase},
		{Name: "a lead pushed twice is one", Needs: LeadSink, Run: checkLead},
	}
}

func checkClaims(t T, h Harness) {
	r := h.Open(t)
	for _, a := range []struct {
		ability Ability
		name    string
	}{{Directory, "Directory"}, {Source, "Source"}, {Eraser, "Eraser"}, {LeadSink, "LeadSink"}} {
		claims, has := h.Features.Abilities&a.ability != 0, AbilitiesOf(r.Sink)&a.ability != 0
		if claims != has {
			t.Errorf("crm.%s: the features say %v, the sink says %v", a.name, claims, has)
		}
	}
}

func checkLookup(t T, h Harness) {
	r := h.Open(t)
	directory, ok := r.Sink.(crm.Directory)
	if !ok {
		t.Fatalf("the sink is no crm.Directory")
	}
	refs := make(map[string]string)
	add := func(c crm.Contact) {
		refs[c.Key] = r.pushOK(t, crm.Change{Subject: crm.Subject{Contact: ticket.ContactID(c.Key)}, Contact: &c}).Contact
	}
	find := func(q crm.Lookup, want string) {
		t.Helper()
		p, found, err := directory.Lookup(t.Context(), q)
		switch {
		case err != nil:
			t.Errorf("lookup %+v: %v", q, err)
		case found != (want != "") || found && p.Ref != refs[want]:
			t.Errorf("lookup %+v found %+v (%v), want %q", q, p, found, refs[want])
		}
	}
	a, b, old := sampleContact("a"), sampleContact("b"), sampleContact("old")
	old.Emails, old.MergedInto = a.Emails, a.Key // merged: no rival
	add(a)
	add(b)
	add(old)
	byMail := crm.Lookup{Emails: a.Emails}
	find(byMail, a.Key)
	find(crm.Lookup{Identities: b.Identities}, b.Key)
	find(crm.Lookup{Emails: []string{"nobody@example.org"}}, "")
	find(crm.Lookup{}, "")
	twin := sampleContact("twin")
	twin.Emails = a.Emails
	add(twin)
	find(byMail, "")
}

// drain reads changes from the cursor to the end.
func drain(t T, s crm.Source, after channel.Cursor) ([]crm.Update, channel.Cursor) {
	t.Helper()
	var all []crm.Update
	for range 100 {
		b, err := s.Changes(t.Context(), after)
		if err != nil {
			t.Fatalf("changes after %q: %v", after, err)
		}
		all, after = append(all, b.Updates...), b.Cursor
		if !b.More {
			return all, after
		}
	}
	t.Fatalf("changes: there is always more")
	return nil, ""
}

func checkChanges(t T, h Harness) {
	r := h.Open(t)
	source, ok := r.Sink.(crm.Source)
	if !ok {
		t.Fatalf("the sink is no crm.Source")
	}
	ref := r.pushOK(t, sampleChange("a", 1)).Case
	_, start := drain(t, source, "")
	now := r.Now
	if now == nil {
		now = time.Now
	}
	began := now()
	for _, err := range []error{
		r.Users.SetStatus("mara", "case-a", ticket.Pending), r.Users.Reply("mara", "case-a", "It is on its way."),
		r.Users.Note("mara", "case-a", "Called the driver."),
	} {
		if err != nil {
			t.Fatalf("%v", err)
		}
	}
	ended := now()
	updates, end := drain(t, source, start)
	var keys, did []string
	for _, u := range updates {
		if slices.Contains(keys, u.Key) || u.Key == "" {
			t.Errorf("update key %q is empty or was told twice", u.Key)
		}
		keys = append(keys, u.Key)
		if u.Case != "case-a" && (u.Case != "" || u.CaseRef != ref) {
			t.Errorf("update %s is of case %q (%q), want case-a (%q)", u.Key, u.Case, u.CaseRef, ref)
		}
		if u.Actor.Kind != ticket.ByCRM {
			t.Errorf("update %s is by %+v, want somebody of the CRM", u.Key, u.Actor)
		}
		// Some CRMs tell the minute only. What is an hour or more off was read in another zone, and the Desk weighs by the time whose change was the later.
		if u.Time.Before(began.Add(-time.Minute)) || u.Time.After(ended.Add(time.Minute)) {
			t.Errorf("update %s is of %s, but was made in the CRM between %s and %s (Rig.Now)", u.Key, u.Time, began, ended)
		}
		for _, part := range []string{string(u.Status), u.Reply, u.Note} {
			if part != "" {
				did = append(did, part)
			}
		}
	}
	if want := []string{"pending", "It is on its way.", "Called the driver."}; !slices.Equal(did, want) {
		t.Errorf("the updates tell %q, want %q", did, want)
	}
	if more, _ := drain(t, source, end); len(more) != 0 {
		t.Errorf("after the end there are %d updates more", len(more))
	}
	again, _ := drain(t, source, start)
	var same []string
	for _, u := range again {
		same = append(same, u.Key)
	}
	if !slices.Equal(keys, same) {
		t.Errorf("from the older cursor come %q, want %q again", same, keys)
	}
}

func checkEcho(t T, h Harness) {
	r := h.Open(t)
	source, ok := r.Sink.(crm.Source)
	if !ok {
		t.Fatalf("the sink is no crm.Source")
	}
	c := sampleChange("a", 2)
	_, start := drain(t, source, "")
	r.pushOK(t, c)
	c.Case.Status, c.Case.Agent = ticket.Solved, "sam"
	r.pushOK(t, c)
	if told, _ := drain(t, source, start); len(told) != 0 {
		t.Errorf("after two pushes the source tells %+v", told)
	}
}

func checkRedact(t T, h Harness) {
	r := h.Open(t)
	eraser, ok := r.Sink.(crm.Eraser)
	if !ok {
		t.Fatalf("the sink is no crm.Eraser")
	}
	c := sampleChange("a", 3)
	receipt := r.pushOK(t, c)
	key := c.Interactions[1].Key
	for range 2 {
		if err := eraser.Redact(t.Context(), c.Subject, key, receipt.Interactions[key]); err != nil {
			t.Errorf("redact: %v", err)
		}
	}
	if err := eraser.Redact(t.Context(), c.Subject, "in-never", ""); err != nil {
		t.Errorf("redact what is not there: %v", err)
	}
	want := cloneChange(c)
	want.Interactions[1].Text = ""
	r.expectHeld(t, want)
}

func checkErase(t T, h Harness) {
	r := h.Open(t)
	eraser, ok := r.Sink.(crm.Eraser)
	if !ok {
		t.Fatalf("the sink is no crm.Eraser")
	}
	a, b := sampleChange("a", 2), sampleChange("b", 2)
	receipt := r.pushOK(t, a)
	r.pushOK(t, b)
	for range 2 {
		if err := eraser.Erase(t.Context(), a.Contact.Key, receipt.Contact); err != nil {
			t.Errorf("erase: %v", err)
		}
	}
	if err := eraser.Erase(t.Context(), "contact-never", ""); err != nil {
		t.Errorf("erase who is not there: %v", err)
	}
	if held := r.Contacts(a.Contact.Key); len(held) != 0 {
		t.Errorf("the CRM still holds %+v", held)
	}
	for _, in := range r.Interactions(a.Case.Key) {
		if in.Text != "" {
			t.Errorf("the CRM still holds the words %q", in.Text)
		}
	}
	r.expectHeld(t, b)
}

func checkLead(t T, h Harness) {
	r := h.Open(t)
	leads, ok := r.Sink.(crm.LeadSink)
	if !ok {
		t.Fatalf("the sink is no crm.LeadSink")
	}
	c := sampleChange("a", 1)
	r.pushOK(t, c)
	lead := crm.Lead{Key: "lead-a", Contact: *c.Contact, Case: c.Case.Key, Title: "A fleet of bikes", Actor: ticket.Agent("jo"), Time: sampleTime()}
	var refs []string
	for range 2 {
		ref, err := leads.PushLead(t.Context(), lead)
		if err != nil {
			t.Fatalf("push lead: %v", err)
		}
		refs = append(refs, ref)
	}
	if held := r.Leads(lead.Key); len(held) != 1 || held[0] != refs[0] || refs[0] != refs[1] {
		t.Errorf("the CRM holds the leads %q, the answers were %q, want one and the same", held, refs)
	}
}
