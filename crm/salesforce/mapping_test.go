package salesforce

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestAHostWritesItsOwnFieldsAndReplacesOurs(t *testing.T) {
	t.Parallel()
	m := mapping()
	m.Contact = func(f *Fields, c *crm.Contact) { f.Text("Segment__c", "buyer of "+c.Key+" and more", 20) }
	m.Case = func(f *Fields, c *crm.Case) {
		f.Text("Origin", "Social", 255)
		f.Text("Order_Number__c", "1042", 10)
		f.Number("Score__c", 7)
		f.Omit("Priority")
		f.Text("Order_Number__c", "a second time", 10) // once written, it stays
	}
	m.Interaction = func(f *Fields, in *crm.Interaction) {
		f.Flag("Social_Private__c", true)
		f.Time("Social_Sent_At__c", time.Time{})
	}
	o, sink := openWith(t, Options{Mapping: m})
	pushed(t, sink, change(1, "Where is my bag?"))
	customer, _ := o.record("Contact", "contact-1")
	k, _ := o.record(caseObject, "case-1")
	in, _ := o.record(interactionObject, "in-1")
	for _, tt := range []struct {
		r     entry
		field string
		want  any
	}{
		{customer, "Segment__c", "buyer of contact-1 …"}, {customer, "LastName", "Ada"}, {k, "Origin", "Social"}, {k, "Order_Number__c", "1042"}, {k, "Score__c", 7.0}, {k, "Priority", nil},
		{k, "Subject", "Bag"}, {in, "Social_Private__c", true}, {in, "Social_Sent_At__c", nil}, {in, "Social_Text__c", "Where is my bag?"},
	} {
		if got := tt.r[tt.field]; got != tt.want {
			t.Errorf("%s is %v, want %v", tt.field, got, tt.want)
		}
	}
}

func TestTheOwnerFollowsTheAgent(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{Mapping: mapping()})
	c := change(0, "")
	for _, tt := range []struct{ agent, want string }{
		{"jo", "005Qy000000000A"}, {"sam", "005Qy000000000B"}, {"somebody else", "005Qy000000000B"}, {"", "00GQy000000000C"},
	} {
		c.Case.Agent = tt.agent
		pushed(t, sink, c)
		if r, _ := o.record(caseObject, "case-1"); text(r, "OwnerId") != longID(tt.want) {
			t.Errorf("the case of %q belongs to %s, want %s", tt.agent, text(r, "OwnerId"), tt.want)
		}
	}
}

func TestVerificationAndPartiesAreInTheOrg(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{})
	c := change(0, "")
	c.Contact.Verified, c.Contact.VerifiedUntil = ticket.Confirmed, loginTime
	c.Case.Parties = []crm.Party{{Contact: "contact-7", Role: "seller"}, {Contact: "contact-8", Role: "press"}}
	pushed(t, sink, c)
	customer, _ := o.record("Contact", "contact-1")
	k, _ := o.record(caseObject, "case-1")
	if text(customer, "Social_Verified__c") != "confirmed" || text(customer, "Social_Verified_Until__c") != "2026-03-02T09:00:00.000Z" {
		t.Errorf("the contact is verified %q until %q", text(customer, "Social_Verified__c"), text(customer, "Social_Verified_Until__c"))
	}
	if got, want := text(k, "Social_Parties__c"), "seller contact-7\npress contact-8"; got != want {
		t.Errorf("the parties are %q, want %q", got, want)
	}
}
