package rt

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
)

// What may become of a call, RT's own ways of refusing included. It measures memory, so it runs alone at first.
func TestSinkPassesTheKitOverHTTP(t *testing.T) {
	crmtest.RunHTTP(t, crmtest.HTTPHarness{
		Open: func(t crmtest.T, serve func(http.Handler) *httptest.Server, now func() time.Time) crmtest.Rig {
			s := newStandIn()
			server := serve(s)
			sink := New(Options{
				Address: server.URL, HTTP: server.Client(), Token: token, User: us, Now: now, Settle: 1, Mapping: mapping,
				Shred: func(_ context.Context, records []string) error { return s.shred(records) },
			})
			return s.rig(new(crmtest.Flaky), sink)
		},
		Writes: writes,
		Lists:  []string{`{"items":[…]}`, `{"id":7,"CustomFields":[…]}`},
		Mishaps: []crmtest.Mishap{
			{Name: "a right that is missing", Status: 403, Body: `{"message":"Forbidden TOKEN"}`, Kind: remote.PolicyBlocked},
			{Name: "a page that is missing", Status: 404, Body: "<html><title>Not Found</title>", Kind: remote.Unavailable},
			{Name: "server error with a message", Status: 500, Body: `{"message":"TOKEN"}`, Done: true, Kind: remote.Unavailable, Doubtful: true},
		},
	})
}
