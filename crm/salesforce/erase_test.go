package salesforce

import (
	"fmt"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// pushed pushes a change and ends the test on an error.
func pushed(t *testing.T, sink *Sink, c crm.Change) crm.Receipt {
	t.Helper()
	receipt, err := sink.Push(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return receipt
}

func TestEraseTakesEverythingOfThePersonAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, byRef := range map[string]bool{"by key": false, "by ref": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o, sink := openWith(t, Options{Mapping: mapping(), MirrorComments: true})
			ada := change(3, "I am Ada, and my bag is gone.")
			receipt := pushed(t, sink, ada)
			if _, err := sink.PushLead(t.Context(), crm.Lead{Key: "lead-1", Contact: *ada.Contact, Title: "Ada wants bags"}); err != nil {
				t.Fatal(err)
			}
			bob := change(2, "I am Bob.")
			bob.Subject.Ticket, bob.Contact.Key, bob.Contact.Name, bob.Case.Key, bob.Case.Contact = "T2", "contact-2", "Bob", "case-2", "contact-2"
			bob.Interactions[0].Key, bob.Interactions[1].Key = "in-8", "in-9"
			bob.Interactions[1].Party, bob.Interactions[1].Text = "contact-1", "I am Ada, the seller."
			pushed(t, sink, bob)

			key := "contact-1"
			if byRef {
				key = ""
			}
			for range 2 {
				if err := sink.Erase(t.Context(), key, receipt.Contact); err != nil {
					t.Fatal(err)
				}
			}
			for object, want := range map[string]int{"Contact": 1, caseObject: 1, interactionObject: 2, leadObject: 0} {
				if n := len(o.objects[object]); n != want {
					t.Errorf("the org holds %d of %s, want %d", n, object, want)
				}
			}
			for _, r := range o.objects[interactionObject] {
				if strings.Contains(fmt.Sprint(r), "Ada") {
					t.Errorf("the org still holds %v", r)
				}
			}
		})
	}
}

func TestEraseRemovesMoreThanOneCallCan(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{})
	pushed(t, sink, change(0, ""))
	_, contact := o.byKey("Contact", "contact-1")
	for i := range 450 {
		o.add(t, caseObject, map[string]any{keyField: fmt.Sprint("case-many-", i), "ContactId": contact["Id"], "Social_Contact__c": "contact-1"})
	}
	if err := sink.Erase(t.Context(), "contact-1", ""); err != nil || len(o.objects[caseObject]) != 0 {
		t.Errorf("error %v, and %d cases are left", err, len(o.objects[caseObject]))
	}
}

func TestEraseFindsCasesOfAContactThatPeopleMerged(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{})
	pushed(t, sink, change(2, "Where is my bag?"))
	loser, _ := o.byKey("Contact", "contact-1")
	winner := o.add(t, "Contact", map[string]any{"LastName": "Lovelace"})
	for _, r := range o.objects[caseObject] {
		r["Contact"] = winner
	}
	delete(o.objects["Contact"], loser)
	if err := sink.Erase(t.Context(), "contact-1", loser); err != nil {
		t.Fatal(err)
	}
	if n := len(o.objects[caseObject]) + len(o.objects[interactionObject]); n != 0 || len(o.objects["Contact"]) != 1 {
		t.Errorf("%d cases and interactions and %d contacts are left, want none and the one that people made", n, len(o.objects["Contact"]))
	}
}

func TestEraseSaysWhatIsInTheWay(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{})
	pushed(t, sink, change(1, "Where is my bag?"))
	_, contact := o.byKey("Contact", "contact-1")
	o.add(t, caseObject, map[string]any{"Subject": "made by hand", "ContactId": contact["Id"]})
	err := sink.Erase(t.Context(), "contact-1", "")
	want := "salesforce: erase contact contact-1: blocked by policy: code DELETE_FAILED: Your attempt to delete the record could not be completed because it is associated with cases."
	if remote.KindOf(err) != remote.PolicyBlocked || err == nil || err.Error() != want {
		t.Errorf("error\n\t%v\nwant\n\t%s", err, want)
	}
}

func TestAnswersAboutSeveralRecords(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`[{"id":"500","success":true,"errors":[]}]`: "",
		`[{"success":false,"errors":[{"statusCode":"ENTITY_IS_DELETED","message":"entity is deleted"}]},{"success":true}]`: "", // somebody else was faster
		`[{"success":true},{"success":false,"errors":[{"statusCode":"UNABLE_TO_LOCK_ROW","message":"busy"}]}]`:             "salesforce: erase: unavailable: code UNABLE_TO_LOCK_ROW: busy",
		`[{"success":false,"errors":[]}]`: "salesforce: erase: unavailable: status 200: the answer does not tell of every subrequest",
		`[]`:                              "salesforce: erase: unavailable: status 200: the answer does not tell of every subrequest",
	} {
		sink := answering(t, Options{}, 200, nil, body)
		err := sink.collection(t.Context(), remote.Request{Op: "erase", Path: "/", Idempotent: true})
		if got := fmt.Sprint(err); got != want && (want != "" || err != nil) {
			t.Errorf("%s:\n\t%v\nwant\n\t%s", body, err, want)
		}
	}
}

func TestEraseLeavesRecordsThatWeDidNotMake(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{})
	theirs := o.add(t, "Contact", map[string]any{"LastName": "Lovelace"})
	for _, ref := range []string{theirs, "", "gone-1"} {
		if err := sink.Erase(t.Context(), "", ref); err != nil {
			t.Errorf("erase %q: %v", ref, err)
		}
	}
	if len(o.objects["Contact"]) != 1 {
		t.Error("a contact that people made is gone")
	}
}

func TestRedactByRefAndAgain(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{MirrorComments: true})
	receipt := pushed(t, sink, change(2, "Where is my bag?"))
	for range 2 {
		if err := sink.Redact(t.Context(), crm.Subject{Ticket: "T1"}, "", receipt.Interactions["in-2"]); err != nil {
			t.Fatal(err)
		}
	}
	held := o.interactions("case-1")
	if held[0].Text == "" || held[1].Text != "" || len(o.objects[commentObject]) != 1 {
		t.Errorf("the org holds %q and %q, and %d comments, want only the second emptied and its comment deleted", held[0].Text, held[1].Text, len(o.objects[commentObject]))
	}
}

func TestLeadStaysAsSalesConvertedIt(t *testing.T) {
	t.Parallel()
	o, sink := openWith(t, Options{Mapping: Mapping{Lead: func(f *Fields, l *crm.Lead) { f.Text("Company", "Lovelace & Co", 255) }}})
	lead := crm.Lead{
		Key: "lead-1", Contact: *change(0, "").Contact, Case: "case-1", Title: "A fleet of bags", Description: "Forty, by May.", Actor: ticket.Agent("jo"), Time: loginTime,
	}
	ref, err := sink.PushLead(t.Context(), lead)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := o.record(leadObject, "lead-1")
	for name, want := range map[string]string{
		"Id": ref, "LastName": "Ada", "Company": "Lovelace & Co", "Email": "ada@example.org", "Description": "A fleet of bags\n\nForty, by May.", "Social_Title__c": "A fleet of bags",
		"Social_Contact__c": "contact-1", "Social_Case_Key__c": "case-1", "Social_Actor__c": "jo", "Social_Found_At__c": "2026-03-02T09:00:00.000Z",
	} {
		if got := text(r, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	o.converted = true
	if again, err := sink.PushLead(t.Context(), lead); err != nil || again != ref {
		t.Errorf("pushed again after sales converted it: %q, %v, want %q", again, err, ref)
	}
}
