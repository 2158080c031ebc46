package salesforce

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// PushLead upserts a Lead by its key and returns its ID. The company, which a Lead must have, is the customer's name; Mapping.Lead says it better. A lead that sales
// has converted stays as it is. Errors as Push.
func (s *Sink) PushLead(ctx context.Context, l crm.Lead) (ref string, err error) {
	op := "push lead " + l.Key
	if err := s.begin(op); err != nil {
		return "", err
	}
	var written struct {
		ID string `json:"id"`
	}
	_, err = s.client.Do(ctx, remote.Request{
		Op: op, Method: http.MethodPatch, Path: apiPath + remote.Path("sobjects", leadObject, keyField, l.Key), Body: s.words.leadRecord(&l), ContentType: "application/json",
		Header: http.Header{"Sforce-Duplicate-Rule-Header": {"allowSave=true"}}, Into: &written, Idempotent: true,
	})
	if e, ok := errors.AsType[*remote.Error](err); err != nil && !(ok && e.Code == codeConverted) {
		return "", err
	}
	if written.ID != "" {
		return written.ID, nil
	}
	found, err := s.query(ctx, op, "SELECT Id FROM Lead WHERE "+keyField+"="+quoted(l.Key)+" LIMIT 1")
	if err != nil {
		return "", err
	}
	if len(found.Rows) == 0 {
		return "", &remote.Error{Op: s.name + ": " + op, Kind: remote.Unavailable, Err: fmt.Errorf("the lead was written and is not there")}
	}
	return found.Rows[0].text("Id"), nil
}

func (w *words) leadRecord(l *crm.Lead) []byte {
	r := recordFor(w.Mapping.Lead, l, 400)
	name := lastName(&l.Contact)
	r.text("LastName", name, maxName)
	r.text("Company", name, maxCompany)
	r.known("Email", email(&l.Contact), maxEmail)
	if len(l.Contact.Phones) > 0 {
		r.known("Phone", l.Contact.Phones[0], maxPhone)
	}
	r.text("Description", strings.TrimSpace(l.Title+"\n\n"+l.Description), maxDescription)
	r.text("Social_Title__c", l.Title, maxShort)
	r.text("Social_Contact__c", l.Contact.Key, maxKey)
	r.text("Social_Case_Key__c", l.Case, maxShort)
	r.text("Social_Actor__c", l.Actor.ID, maxShort)
	r.time("Social_Found_At__c", l.Time)
	return r.close()
}
