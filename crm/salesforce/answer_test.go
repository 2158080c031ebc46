package salesforce

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

var acme = remote.Scope{Level: remote.LevelApp, ID: "salesforce/acme"}

// TestReadAnswer reads each file of testdata/answer: an answer to a call with a contact, a case and two interactions, and what it has to become.
func TestReadAnswer(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/answer/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no answers in testdata: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var tt struct {
				About   string
				Status  int
				Answer  json.RawMessage
				Receipt crm.Receipt
				Error   *struct{ Kind, Code, Wait string }
			}
			if err := json.Unmarshal(data, &tt); err != nil {
				t.Fatal(err)
			}
			c := change(2, "Where is my bag?")
			c.Refs.Contact = "003-known"
			response := &remote.Response{Status: tt.Status, Body: tt.Answer}
			outcomes, err := readAnswer(response)
			if err != nil {
				t.Fatal(err)
			}
			var receipt crm.Receipt
			receive(&receipt, c, outcomes)
			if diff := cmp.Diff(tt.Receipt, receipt, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("%s: receipt (-want +got):\n%s", tt.About, diff)
			}
			now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			got := classify(response, acme, now)
			switch {
			case tt.Error == nil && got != nil:
				t.Errorf("%s: error %v, want none", tt.About, got)
			case tt.Error == nil:
			case got == nil:
				t.Errorf("%s: no error, want %+v", tt.About, *tt.Error)
			case got.Kind.String() != tt.Error.Kind || got.Code != tt.Error.Code:
				t.Errorf("%s: error %v, want kind %q and code %q", tt.About, got, tt.Error.Kind, tt.Error.Code)
			case tt.Error.Wait != "" && (got.RetryAt.Sub(now).String() != tt.Error.Wait || got.Scope != acme):
				t.Errorf("%s: error %v for %s, want one for the org that ends after %s", tt.About, got, got.Scope, tt.Error.Wait)
			}
		})
	}
}

func TestEveryCodeHasItsMeaning(t *testing.T) {
	t.Parallel()
	tests := []struct {
		code, text string
		want       meaning
	}{
		{code: "INVALID_SESSION_ID", want: meaning{kind: remote.Unauthorized}},
		{code: "INVALID_AUTH_HEADER", want: meaning{kind: remote.Unauthorized}},
		{"REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", meaning{kind: remote.Exhausted, wait: 15 * time.Minute, org: true}},
		{"REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", meaning{kind: remote.RateLimited, wait: 30 * time.Second, org: true}},
		{code: "UNABLE_TO_LOCK_ROW", want: meaning{kind: remote.Unavailable}},
		{code: "SERVER_UNAVAILABLE", want: meaning{kind: remote.Unavailable}},
		{code: "QUERY_TIMEOUT", want: meaning{kind: remote.Unavailable}},
		{code: "UNKNOWN_EXCEPTION", want: meaning{kind: remote.Unavailable}},
		{code: "TXN_SECURITY_METERING_ERROR", want: meaning{kind: remote.Unavailable}},
		{code: "TXN_SECURITY_NO_ACCESS", want: meaning{kind: remote.PolicyBlocked}},
		{"DUPLICATE_VALUE", "duplicate value found: Social_Key__c duplicates value on record with id: 003", meaning{kind: remote.Unavailable}},
		{"DUPLICATE_VALUE", "duplicate value found: Customer_No__c duplicates value on record with id: 003", meaning{kind: remote.Duplicate}},
		{code: "DUPLICATES_DETECTED", want: meaning{kind: remote.PolicyBlocked}},
		{code: "ENTITY_IS_DELETED", want: meaning{kind: remote.NotFound}},
		{code: "NOT_FOUND", want: meaning{kind: remote.NotFound}},
		{code: "INVALID_CROSS_REFERENCE_KEY", want: meaning{kind: remote.NotFound}},
		{"INVALID_FIELD", "Foreign key external ID: x not found for field Social_Key__c in entity Case", meaning{kind: remote.NotFound}},
		{"INVALID_FIELD", "No such column 'Social_Key__c'", meaning{kind: remote.Rejected}},
		{code: "REQUIRED_FIELD_MISSING", want: meaning{kind: remote.Rejected}},
		{code: "INVALID_FIELD_FOR_INSERT_UPDATE", want: meaning{kind: remote.Rejected}},
		{code: "JSON_PARSER_ERROR", want: meaning{kind: remote.Rejected}},
		{code: "STRING_TOO_LONG", want: meaning{kind: remote.Rejected, refuses: true}},
		{code: "FIELD_CUSTOM_VALIDATION_EXCEPTION", want: meaning{kind: remote.Rejected, refuses: true}},
		{code: "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", want: meaning{kind: remote.Rejected, refuses: true}},
		{code: "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", want: meaning{kind: remote.Rejected, refuses: true}},
		{code: "MALFORMED_ID", want: meaning{kind: remote.Rejected, refuses: true}},
		{code: "INSUFFICIENT_ACCESS_OR_READONLY", want: meaning{kind: remote.PolicyBlocked}},
		{code: "STORAGE_LIMIT_EXCEEDED", want: meaning{kind: remote.Exhausted, org: true}},
		{code: "API_DISABLED_FOR_ORG", want: meaning{kind: remote.Unauthorized, org: true}},
		{code: "API_CURRENTLY_DISABLED", want: meaning{kind: remote.Unauthorized, org: true}},
		{code: "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", want: meaning{kind: remote.Unauthorized}},
		{code: "REQUEST_RUNNING_TOO_LONG", want: meaning{kind: remote.Unavailable}},
		{code: "DELETE_FAILED", want: meaning{kind: remote.PolicyBlocked}},
		{code: "CANNOT_UPDATE_CONVERTED_LEAD", want: meaning{kind: remote.Duplicate}},
		{code: "SOMETHING_NEW", want: meaning{kind: remote.Rejected}},
	}
	for _, tt := range tests {
		if got := judge(tt.code, tt.text); got != tt.want {
			t.Errorf("judge(%s, %q) = %+v, want %+v", tt.code, tt.text, got, tt.want)
		}
	}
}

func TestUsageReadsTheLimitHeader(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]struct {
		ok, spent bool
		pause     time.Duration
	}{
		"api-usage=18/5000": {ok: true}, "api-usage=4499/5000": {ok: true}, "api-usage=4500/5000": {ok: true, pause: 17280 * time.Millisecond},
		"api-usage=5000/5000": {ok: true, spent: true, pause: 17280 * time.Millisecond}, "api-usage=5001/5000": {ok: true, spent: true, pause: 17280 * time.Millisecond},
		"api-usage=95000/100000": {ok: true, pause: 864 * time.Millisecond}, "api-usage=9/10": {ok: true, pause: 5 * time.Minute},
		"": {}, "api-usage=x/y": {}, "api-usage=5": {}, "api-usage=0/0": {}, "api-usage=-1/5": {}, "per-app-api-usage=9/9(appName=a)": {},
		"api-usage=25/5000, per-app-api-usage=250/250(appName=a)": {ok: true},
	} {
		used, limit, ok := readUsage(http.Header{"Sforce-Limit-Info": {header}})
		if ok != want.ok || ok && (used >= limit) != want.spent {
			t.Errorf("readUsage(%q) = %d, %d, %v, want %v and spent %v", header, used, limit, ok, want.ok, want.spent)
		}
		if got := time.Duration(0); ok {
			if got = pauseFor(used, limit); got != want.pause {
				t.Errorf("%q: pause of %s, want %s", header, got, want.pause)
			}
		}
	}
}

func FuzzReadAnswer(f *testing.F) {
	files, _ := filepath.Glob("testdata/answer/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		var seed struct{ Answer json.RawMessage }
		if err := json.Unmarshal(data, &seed); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(seed.Answer))
	}
	c := change(2, "Where is my bag?")
	f.Fuzz(func(t *testing.T, body []byte) {
		response := &remote.Response{Status: http.StatusOK, Body: body}
		outcomes, err := readAnswer(response)
		if err != nil {
			return
		}
		var receipt crm.Receipt
		refused := receive(&receipt, c, outcomes)
		if len(receipt.Interactions)+len(receipt.Refused) > 2*len(c.Interactions) {
			t.Errorf("the receipt tells of more than there was: %+v", receipt)
		}
		for ref := range refused {
			if interactionOf(c, ref) == nil {
				t.Errorf("%q was refused, and is no interaction", ref)
			}
		}
		// Whatever came: it ends in an error, in a refusal, or every failure is explained.
		failed := false
		for _, o := range outcomes {
			failed = failed || o.failed
		}
		if failed && len(refused) == 0 && classify(response, acme, time.Time{}) == nil {
			refusals := false
			for _, o := range outcomes {
				refusals = refusals || o.refusal()
			}
			if !refusals {
				t.Errorf("something failed, and nobody is told: %s", body)
			}
		}
	})
}

func TestErrorsOpenWithTheOperation(t *testing.T) {
	t.Parallel()
	o, sink := open(t)
	o.refused["case-1"] = true
	_, err := sink.Push(t.Context(), change(1, "Where is my bag?"))
	want := "salesforce: push ticket/T1: rejected: status 400: code FIELD_CUSTOM_VALIDATION_EXCEPTION: case: No swearing in our CRM."
	if err == nil || err.Error() != want {
		t.Errorf("error\n\t%v\nwant\n\t%s", err, want)
	}
	if e, ok := errors.AsType[*remote.Error](err); !ok || e.Status != 400 {
		t.Errorf("error %#v, want a *remote.Error with the subrequest's status", err)
	}
}
