package crm_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestASubjectNamesItself(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]crm.Subject{"ticket/T1": {Ticket: "T1"}, "contact/C1": {Contact: "C1"}} {
		if got := s.String(); got != want {
			t.Errorf("%+v is %q, want %q", s, got, want)
		}
	}
}

func TestRefsAreZeroWhileNothingIsKnown(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		refs crm.Refs
		want bool
	}{
		{"nothing", crm.Refs{}, true}, {"an empty map", crm.Refs{Interactions: map[string]string{}}, true}, {"a contact", crm.Refs{Contact: "1"}, false},
		{"a case", crm.Refs{Case: "1"}, false}, {"an interaction", crm.Refs{Interactions: map[string]string{"in-1": "1"}}, false},
	}
	for _, tt := range tests {
		if got := tt.refs.IsZero(); got != tt.want {
			t.Errorf("%s: IsZero = %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A Change waits in the Store as JSON, and a Receipt is kept there.
func TestChangesAndReceiptsSurviveJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 123456789, time.UTC)
	author := channel.Author{ID: "1234:5", Name: "Zoë"}
	change := crm.Change{
		Subject: crm.Subject{Ticket: "T1"},
		Contact: &crm.Contact{Key: "contact-1", Name: "Zoë", Kind: ticket.Seller, Emails: []string{"zoe@example.org"}, Identities: []crm.Identity{{Platform: "facebook", Author: author}}},
		Case: &crm.Case{Key: "case-1", Contact: "contact-1", Status: ticket.OnHold, Priority: ticket.Urgent, Account: channel.AccountID{Platform: "facebook", ID: "1234"},
			Tags: []string{"bag"}, Created: at, Parent: "case-0"},
		Interactions: []crm.Interaction{{Key: "in-1", Direction: ticket.Inbound, Author: author, Text: "👩‍👩‍👧", Attachments: []channel.Attachment{{Type: "image"}},
			Time: at, Order: "1", Edited: at}},
		Refs: crm.Refs{Case: "500"},
	}
	data, err := json.Marshal(change)
	if err != nil {
		t.Fatal(err)
	}
	var back crm.Change
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(change, back); diff != "" {
		t.Errorf("change there and back (-want +got):\n%s", diff)
	}

	receipt := crm.Receipt{Refs: crm.Refs{Contact: "003", Interactions: map[string]string{"in-1": "a01"}}, Refused: map[string]string{"in-2": "too rude"}}
	data, err = json.Marshal(receipt)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"contact":"003","interactions":{"in-1":"a01"},"refused":{"in-2":"too rude"}}`; string(data) != want {
		t.Errorf("receipt %s, want %s", data, want)
	}
}

func TestWhatIsNotSetIsNotWritten(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(crm.Change{Subject: crm.Subject{Contact: "C1"}, Contact: &crm.Contact{Key: "contact-1"}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"subject":{"contact":"C1"},"contact":{"key":"contact-1"}}`; string(data) != want {
		t.Errorf("JSON %s, want %s", data, want)
	}
}
