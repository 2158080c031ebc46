package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

const (
	// perErasure is what one call deletes or empties.
	perErasure = 200
	// maxRounds bounds the calls for one object; who has more is finished by the next attempt.
	maxRounds = 25
)

// Redact empties text and attachments of an interaction, and deletes its CaseComment where there is one. What Mapping.Interaction made of the text is the host's to
// remove. Errors as Push; what is not there is none.
func (s *Sink) Redact(ctx context.Context, subject crm.Subject, interaction, ref string) error {
	op := "redact interaction " + interaction + " of " + subject.String()
	if err := s.begin(op); err != nil {
		return err
	}
	where := keyField + "=" + quoted(interaction)
	if interaction == "" {
		where = "Id=" + quoted(ref)
		if !isID(longID(ref)) {
			return nil
		}
	}
	found, err := s.query(ctx, op, "SELECT Id,Social_Comment__c FROM "+interactionObject+" WHERE "+where+" LIMIT 1")
	if err != nil || len(found.Rows) == 0 {
		return err
	}
	r := found.Rows[0]
	if err := s.change(ctx, op, http.MethodPatch, interactionObject, r.id(), emptied(nil)); err != nil {
		return err
	}
	if comment := longID(r.text("Social_Comment__c")); isID(comment) {
		return s.change(ctx, op, http.MethodDelete, commentObject, comment, nil)
	}
	return nil
}

// emptied is what is left of an interaction.
func emptied(more func(*record)) []byte {
	var r record
	if more != nil {
		more(&r)
	}
	r.text("Social_Text__c", "", maxText)
	r.text("Social_Attachments__c", "", maxProfiles)
	return r.close()
}

// change writes or deletes one record by its ID. That it is gone is no error.
func (s *Sink) change(ctx context.Context, op, method, object, id string, body []byte) error {
	r := remote.Request{Op: op, Method: method, Path: apiPath + remote.Path("sobjects", object, id), Idempotent: true}
	if body != nil {
		r.Body, r.ContentType = body, "application/json"
	}
	_, err := s.client.Do(ctx, r)
	if err != nil && remote.KindOf(err) == remote.NotFound {
		return nil
	}
	return err
}

// Erase deletes the customer's record, cases with all that was said in them, and leads, and empties what the person said as a party of somebody else's case. Salesforce
// keeps what is deleted in its recycle bin for 15 days. Errors as Push; PolicyBlocked where something in the org still needs the record, such as a case that people made by
// hand.
func (s *Sink) Erase(ctx context.Context, contact, ref string) error {
	op := "erase contact " + contact
	if err := s.begin(op); err != nil {
		return err
	}
	w := s.words
	if contact == "" {
		if !isID(longID(ref)) {
			return nil
		}
		found, err := s.query(ctx, op, "SELECT Id,"+keyField+" FROM "+w.customer.object+" WHERE Id="+quoted(ref)+" LIMIT 1")
		if err != nil || len(found.Rows) == 0 {
			return err
		}
		if contact = found.Rows[0].text(keyField); contact == "" {
			return nil // a record that we did not make
		}
	}
	key := quoted(contact)
	if err := s.emptyAll(ctx, op, "Social_Party__c="+key); err != nil {
		return err
	}
	for _, what := range []struct{ object, where string }{
		{leadObject, "Social_Contact__c=" + key},
		{caseObject, keyField + "!=null AND Social_Contact__c=" + key}, // with interactions and comments; people may have merged the contact into another
		{w.customer.object, keyField + "=" + key},
	} {
		if err := s.deleteAll(ctx, op, what.object, what.where); err != nil {
			return err
		}
	}
	return nil
}

// each calls fn with the IDs of all records, some at a time, until none is left.
func (s *Sink) each(ctx context.Context, op, object, where string, fn func(ids []string) error) error {
	for range maxRounds {
		found, err := s.query(ctx, op, fmt.Sprintf("SELECT Id FROM %s WHERE %s LIMIT %d", object, where, perErasure))
		if err != nil || len(found.Rows) == 0 {
			return err
		}
		ids := make([]string, len(found.Rows))
		for i, r := range found.Rows {
			ids[i] = r.id()
		}
		if err := fn(ids); err != nil {
			return err
		}
	}
	return &remote.Error{Op: s.name + ": " + op, Kind: remote.Unavailable, Message: "there is more of " + object + " than one attempt removes"}
}

func (s *Sink) deleteAll(ctx context.Context, op, object, where string) error {
	return s.each(ctx, op, object, where, func(ids []string) error {
		return s.collection(ctx, remote.Request{
			Op: op, Method: http.MethodDelete, Path: compositePath + "/sobjects", Query: url.Values{"ids": {strings.Join(ids, ",")}, "allOrNone": {"false"}}, Idempotent: true,
		})
	})
}

// emptyAll also takes away the mark by which the interactions were found.
func (s *Sink) emptyAll(ctx context.Context, op, where string) error {
	return s.each(ctx, op, interactionObject, where, func(ids []string) error {
		b := []byte(`{"allOrNone":false,"records":[`)
		for i, id := range ids {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(b, emptied(func(r *record) {
				r.name("attributes")
				r.b = append(r.b, `{"type":"`+interactionObject+`"}`...)
				r.text("id", id, maxShort)
				r.text("Social_Party__c", "", maxShort)
				r.text("Social_Author__c", "", maxShort)
				r.text("Social_Author_Name__c", "", maxShort)
				r.text("Social_URL__c", "", maxShort)
			})...)
		}
		return s.collection(ctx, remote.Request{
			Op: op, Method: http.MethodPatch, Path: compositePath + "/sobjects", Body: append(b, "]}"...), ContentType: "application/json", Idempotent: true,
		})
	})
}

// collection makes a call about several records. Its answer is a list in the same order, and 200 also where all of it failed.
func (s *Sink) collection(ctx context.Context, r remote.Request) error {
	answer, err := s.client.Do(ctx, r)
	if err != nil {
		return err
	}
	var results []struct {
		Success bool `json:"success"`
		Errors  []struct {
			Code    string `json:"statusCode"`
			Message string `json:"message"`
		} `json:"errors"`
	}
	if err := json.Unmarshal(answer.Body, &results); err != nil || len(results) == 0 {
		return s.unreadable(r.Op, answer, errors.Join(errIncomplete, err))
	}
	for _, result := range results {
		if result.Success {
			continue
		}
		if len(result.Errors) == 0 {
			return s.unreadable(r.Op, answer, errIncomplete)
		}
		first := result.Errors[0]
		if m := judge(first.Code, first.Message); m.kind != remote.NotFound {
			e := m.failure(first.Code, remote.Redact(fit(first.Message, 300)), s.org, s.now())
			e.Op = s.name + ": " + r.Op
			return e
		}
	}
	return nil
}
