package salesforce

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// add puts a record into the org that its own people made.
func (o *org) add(t *testing.T, object string, fields map[string]any) string {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	id, fail := o.create(object, fields, "005Zz0000000009AAA")
	if fail != nil {
		t.Fatalf("%s: %s", fail.code, fail.message)
	}
	return id
}

func TestLookupTellsWhatTheCompanyKnows(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{Mapping: mapping()})
	if _, err := sink.Push(t.Context(), change(0, "")); err != nil { // our own contact of the same person is no rival
		t.Fatal(err)
	}
	id := o.add(t, "Contact", map[string]any{
		"LastName": "Lovelace", "Email": "ADA@example.org", "Phone": "+44 20 1", "MobilePhone": "+44 77 2", "OwnerId": "005Qy000000000A", "Tier__c": "gold", "Segment__c": "press",
		"Social_Kind__c": "press", "Social_Language__c": "en", "Facebook_Profile__c": "@ada.l", "Mastodon_Profile__c": "AbC",
	})
	want := crm.Person{
		Ref: id, Name: "Lovelace", Kind: ticket.ContactKind("press"), Tier: "gold", Segment: "press", Language: "en", Owner: "jo",
		Emails: []string{"ADA@example.org"}, Phones: []string{"+44 20 1", "+44 77 2"},
	}
	profile := func(platform, id, handle string) crm.Lookup {
		return crm.Lookup{Identities: []crm.Identity{{Platform: platform, Author: channel.Author{ID: id, Handle: handle}}}}
	}
	for name, tt := range map[string]struct {
		q     crm.Lookup
		found bool
	}{
		"by e-mail":                    {crm.Lookup{Emails: []string{"other@example.org", "ada@example.org"}}, true},
		"by phone":                     {crm.Lookup{Phones: []string{"+44 20 1"}}, true},
		"by mobile phone":              {crm.Lookup{Phones: []string{"+44 77 2"}}, true},
		"by handle":                    {profile("facebook", "77", "Ada.L"), true},
		"by handle with @":             {profile("facebook", "77", "@ada.l"), true},
		"by ID":                        {profile("mastodon", "AbC", ""), true},
		"not by an ID in another case": {profile("mastodon", "aBc", ""), false},
		"not by another platform":      {profile("x", "AbC", "ada.l"), false},
		"not by another handle":        {profile("facebook", "77", "ada"), false},
		"not by nothing":               {crm.Lookup{Emails: []string{""}, Phones: []string{""}}, false},
	} {
		p, found, err := sink.Lookup(t.Context(), tt.q)
		if err != nil || found != tt.found {
			t.Errorf("%s: found %v, %v, want %v", name, found, err, tt.found)
		}
		if diff := cmp.Diff(want, p); found && diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	o.add(t, "Contact", map[string]any{"LastName": "Byron", "Email": "ada@example.org"})
	if p, found, err := sink.Lookup(t.Context(), crm.Lookup{Emails: []string{"ada@example.org"}}); found || err != nil {
		t.Errorf("two fit, and %+v was found: %v", p, err)
	}
}

func TestLookupReadsFieldsOfRelatedRecords(t *testing.T) {
	t.Parallel()
	r := row{"Account": []byte(`{"Owner":{"Region__c":"north"},"Tier__c":null}`), "Name": []byte(`"Ada"`)}
	for field, want := range map[string]string{"Account.Owner.Region__c": "north", "Account.Tier__c": "", "Name": "Ada", "Name.X": "", "Missing": "", "Missing.X": ""} {
		if got := r.text(field); got != want {
			t.Errorf("%s is %q, want %q", field, got, want)
		}
	}
}
