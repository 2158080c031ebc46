package salesforce

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
)

// What may become of a call, Salesforce's own ways of refusing included. It measures memory, so it runs alone at first.
func TestSinkPassesTheKitOverHTTP(t *testing.T) {
	credential, app := remote.LevelCredential, remote.LevelApp
	refuses := func(name string, status int, code, message string, kind remote.Kind, scope remote.Level, wait time.Duration) crmtest.Mishap {
		return crmtest.Mishap{Name: name, Status: status, Body: `[{"errorCode":"` + code + `","message":"` + message + ` TOKEN"}]`, Kind: kind, Scope: scope, Wait: wait}
	}
	crmtest.RunHTTP(t, crmtest.HTTPHarness{
		Open: func(t crmtest.T, serve func(http.Handler) *httptest.Server, now func() time.Time) crmtest.Rig {
			o := newOrg()
			server := serve(o)
			sink := New(Options{
				Instance: server.URL, HTTP: server.Client(), Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}), Now: now, Settle: 1, Mapping: mapping(),
			})
			return o.rig(t, sink)
		},
		Repeatable: true,
		Lists:      []string{`{"compositeResponse":[…]}`, `{"totalSize":1,"done":true,"records":[…]}`, `{"hasErrors":false,"results":[…]}`},
		Mishaps: []crmtest.Mishap{
			refuses("session that has ended", 401, "INVALID_SESSION_ID", "Session expired or invalid", remote.Unauthorized, credential, 0),
			refuses("password that has expired", 403, "INVALID_OPERATION_WITH_EXPIRED_PASSWORD", "The password has expired", remote.Unauthorized, credential, 0),
			refuses("API switched off", 403, "API_DISABLED_FOR_ORG", "The REST API is not enabled", remote.Unauthorized, app, 0),
			refuses("missing permission", 403, "INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id", remote.PolicyBlocked, remote.LevelNone, 0),
			refuses("locked record", 400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", remote.Unavailable, remote.LevelNone, 0),
			refuses("storage is full", 400, "STORAGE_LIMIT_EXCEEDED", "storage limit exceeded", remote.Exhausted, app, 0),
			refuses("a day's calls are used up", 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", remote.Exhausted, app, pauseWhenSpent),
			refuses("too many calls at once", 403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", remote.RateLimited, app, pauseWhenBusy),
			refuses("server error with a code", 500, "UNKNOWN_EXCEPTION", "An unexpected error occurred", remote.Unavailable, remote.LevelNone, 0),
			{
				Name: "wrong types within the parts", Status: 200, Done: true, Kind: remote.Unavailable,
				Body: `{"compositeResponse":[{"httpStatusCode":"201","referenceId":7,"body":{}}]}`,
			},
			{Name: "answer to another call", Status: 200, Done: true, Kind: remote.Unavailable, Body: `{"hasErrors":false,"results":[]}`},
		},
	})
}

func TestLittleOfTheQuotaLeftSlowsDownBetweenPushesNotWithin(t *testing.T) {
	t.Parallel()
	now := loginTime
	o, sink := openWith(t, Options{Now: func() time.Time { return now }})
	o.usage = "api-usage=4600/5000"
	if _, err := sink.Push(t.Context(), change(60, "Where is my bag?")); err != nil || o.calls != 3 {
		t.Fatalf("error %v after %d calls, want none after 3", err, o.calls)
	}
	_, err := sink.Push(t.Context(), change(1, "Where is my bag?"))
	e, ok := errors.AsType[*remote.Error](err)
	if !ok || e.Kind != remote.RateLimited || e.Scope != sink.org || e.RetryAt.Sub(now) != 17280*time.Millisecond || o.calls != 3 {
		t.Fatalf("error %v after %d calls, want rate limited for 17.28 s without a call", err, o.calls)
	}
	now = e.RetryAt
	o.usage = "api-usage=4400/5000"
	for range 3 {
		if _, err := sink.Push(t.Context(), change(1, "Where is my bag?")); err != nil {
			t.Errorf("after the pause: %v", err)
		}
	}
	o.usage = "api-usage=5000/5000"
	c := change(60, "Where is my bag?")
	if receipt, err := sink.Push(t.Context(), c); remote.KindOf(err) != remote.RateLimited || len(receipt.Interactions) != 23 {
		t.Errorf("the quota is spent in the middle: error %v with %d interactions told, want rate limited with 23", err, len(receipt.Interactions))
	}
}
