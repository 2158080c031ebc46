package salesforce

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// outcome is how one subrequest ended.
type outcome struct {
	ref     string // its referenceId
	id      string // of the record; empty where Salesforce did not say (a 204)
	created bool
	failed  bool
	status  int
	code    string
	text    string
	body    json.RawMessage
}

// apiError is one element of an error answer.
type apiError struct {
	Code    string   `json:"errorCode"`
	Message string   `json:"message"`
	Fields  []string `json:"fields"`
}

// readAnswer reads a composite answer. It returns nothing for an answer that is none: that of a call refused as a whole.
func readAnswer(r *remote.Response) ([]outcome, error) {
	if r == nil || r.Status != http.StatusOK {
		return nil, nil
	}
	var answer struct {
		Responses []struct {
			Body   json.RawMessage `json:"body"`
			Status int             `json:"httpStatusCode"`
			Ref    string          `json:"referenceId"`
		} `json:"compositeResponse"`
	}
	if err := json.Unmarshal(r.Body, &answer); err != nil {
		return nil, fmt.Errorf("the composite answer is not what was expected: %w", err)
	}
	if answer.Responses == nil {
		return nil, errIncomplete
	}
	outcomes := make([]outcome, 0, len(answer.Responses))
	for _, sub := range answer.Responses {
		o := outcome{ref: sub.Ref, status: sub.Status, body: sub.Body}
		if sub.Status >= 200 && sub.Status < 300 {
			var written struct {
				ID      string `json:"id"`
				Created bool   `json:"created"`
			}
			_ = json.Unmarshal(sub.Body, &written) // a 204 has none, and the status is what counts
			o.id, o.created = written.ID, written.Created
		} else {
			o.failed = true
			o.code, o.text = firstError(sub.Body)
			if sub.Status == http.StatusMultipleChoices { // its body is a list of addresses
				o.code, o.text = codeNotUnique, "several records have this "+keyField
			}
		}
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// firstError reads [{"errorCode": ..., "message": ...}], the shape of every error but those of the token endpoint.
func firstError(body []byte) (code, text string) {
	var list []apiError
	if json.Unmarshal(body, &list) != nil || len(list) == 0 {
		return "", ""
	}
	return list[0].Code, list[0].Message
}

// receive puts what was done into the Receipt, and returns what was refused for good.
func receive(receipt *crm.Receipt, c crm.Change, outcomes []outcome) (refused map[string]bool) {
	for _, o := range outcomes {
		in := interactionOf(c, o.ref)
		switch {
		case o.refusal() && in != nil:
			if receipt.Refused == nil {
				receipt.Refused = make(map[string]string)
			}
			receipt.Refused[in.Key] = strings.TrimSpace(o.code + ": " + remote.Redact(fit(o.text, 300)))
			if refused == nil {
				refused = make(map[string]bool)
			}
			refused[o.ref] = true
		case o.failed:
		case o.ref == refContact:
			receipt.Contact = orKnown(o.id, c.Refs.Contact)
		case o.ref == refCase:
			receipt.Case = orKnown(o.id, c.Refs.Case)
		case in != nil:
			if receipt.Interactions == nil {
				receipt.Interactions = make(map[string]string, len(c.Interactions))
			}
			receipt.Interactions[in.Key] = orKnown(o.id, c.Refs.Interactions[in.Key])
		}
	}
	return refused
}

func orKnown(id, known string) string {
	if id == "" {
		return known
	}
	return id
}

// isInteraction tells the reference of an interaction from those of other subrequests.
func isInteraction(ref string) bool {
	return len(ref) > 1 && ref[0] == 'i' && ref[1] >= '0' && ref[1] <= '9'
}

// interactionOf returns the interaction that a referenceId names, nil where it names none.
func interactionOf(c crm.Change, ref string) *crm.Interaction {
	if !isInteraction(ref) {
		return nil
	}
	i, err := strconv.Atoi(ref[1:])
	if err != nil || i < 0 || i >= len(c.Interactions) {
		return nil
	}
	return &c.Interactions[i]
}

// refusal reports whether the org will never take this one record, whatever becomes of the others.
func (o outcome) refusal() bool {
	return o.failed && judge(o.code, o.text).refuses && isInteraction(o.ref)
}

// classify is the error table of remote.Client: for a call refused as a whole, and for a composite answer in which something failed that is no refusal.
func classify(r *remote.Response, org remote.Scope, now time.Time) *remote.Error {
	if r.Status == http.StatusOK {
		outcomes, err := readAnswer(r)
		if err != nil {
			return nil // Push says so
		}
		return firstFailure(outcomes, org, now)
	}
	code, text := firstError(r.Body)
	switch {
	case code != "":
	case r.Status > http.StatusMultipleChoices && r.Status < 400:
		return &remote.Error{Kind: remote.Unavailable, Message: "redirects, as an org does that is being moved or has another address by now"}
	default:
		return nil
	}
	return judge(code, text).failure(code, text, org, now)
}

// firstFailure returns the failure from which the others follow: the first in order that is neither a refusal nor a mere halt. Nil where refusals explain all.
func firstFailure(outcomes []outcome, org remote.Scope, now time.Time) *remote.Error {
	halted, refused := false, false
	for _, o := range outcomes {
		switch {
		case !o.failed:
		case o.code == codeHalted:
			halted = true
		case o.refusal():
			refused = true
		default:
			e := judge(o.code, o.text).failure(o.code, o.ref+": "+o.text, org, now)
			e.Status = o.status
			return e
		}
	}
	if halted && !refused {
		return &remote.Error{Kind: remote.Unavailable, Code: codeHalted, Message: "everything was halted and nothing says why"}
	}
	return nil
}

// complete reports whether the answer tells of every subrequest of the call.
func complete(now []subrequest, outcomes []outcome) bool {
	told := make(map[string]bool, len(outcomes))
	for _, o := range outcomes {
		told[o.ref] = true
	}
	for _, r := range now {
		if !told[r.ref] {
			return false
		}
	}
	return true
}
