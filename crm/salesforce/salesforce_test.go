package salesforce

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
)

func TestOneCallForATicketAndItsFirstMessages(t *testing.T) {
	t.Parallel()
	o, sink := open(t)
	if _, err := sink.Push(t.Context(), change(2, "Where is my bag?")); err != nil {
		t.Fatal(err)
	}
	if o.calls != 1 {
		t.Errorf("%d calls, want 1", o.calls)
	}
}

func TestACutBetweenCallsTellsTheProgress(t *testing.T) {
	t.Parallel()
	o, sink := open(t)
	o.faults = []*crmtest.Fault{{Kind: remote.Unavailable, After: 30}}
	c := change(40, "Where is my bag?")
	receipt, err := sink.Push(t.Context(), c)
	if remote.KindOf(err) != remote.Unavailable {
		t.Errorf("error %v, want unavailable", err)
	}
	if len(receipt.Interactions) != 23 || receipt.Contact == "" || receipt.Case == "" {
		t.Errorf("the receipt tells of %d interactions, want the 23 of the first call", len(receipt.Interactions))
	}
	if got := len(o.interactions("case-1")); got != 23 {
		t.Errorf("the org holds %d interactions, want 23", got)
	}
}

func TestSeveralRefusedInteractionsCostOneMoreCallEach(t *testing.T) {
	t.Parallel()
	o, sink := open(t)
	o.refused["in-1"], o.refused["in-3"] = true, true
	receipt, err := sink.Push(t.Context(), change(3, "Where is my bag?"))
	if err != nil {
		t.Fatal(err)
	}
	if len(receipt.Refused) != 2 || len(receipt.Interactions) != 1 || o.calls != 3 {
		t.Errorf("%d refused, %d written, %d calls, want 2, 1 and 3", len(receipt.Refused), len(receipt.Interactions), o.calls)
	}
}

// answering starts a server with one answer and a sink for it.
func answering(t *testing.T, o Options, status int, header http.Header, body string) *Sink {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	o.Instance, o.HTTP, o.Token = server.URL, server.Client(), oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token})
	return New(o)
}

func TestAnAnswerThatMakesNoSenseIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"not JSON": "<html>", "another shape": `{"compositeResponse":"x"}`, "empty": `{}`, "nothing told": `{"compositeResponse":[]}`,
		"half told": `{"compositeResponse":[{"body":{"id":"003"},"httpStatusCode":201,"referenceId":"contact"}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := answering(t, Options{}, 200, nil, body)
			receipt, err := sink.Push(t.Context(), change(2, "Where is my bag?"))
			if err == nil || remote.KindOf(err) != remote.Unavailable {
				t.Errorf("error %v, want unavailable", err)
			}
			if len(receipt.Interactions) != 0 {
				t.Errorf("the receipt tells of %v", receipt.Interactions)
			}
		})
	}
}

func TestASpentQuotaClosesTheOrg(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	sink := answering(t, Options{Now: func() time.Time { return now }}, 403, http.Header{"Sforce-Limit-Info": {"api-usage=5000/5000"}},
		`[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`)
	_, err := sink.Push(t.Context(), change(1, "Where is my bag?"))
	if remote.KindOf(err) != remote.Exhausted {
		t.Errorf("error %v, want exhausted", err)
	}
	_, err = sink.Push(t.Context(), change(1, "Where is my bag?"))
	if want := "salesforce: push ticket/T1: rate limited until 09:15:00Z"; err == nil || err.Error() != want {
		t.Errorf("the next push: error %v, want %s without a call", err, want)
	}
}

func TestAnOutageWithoutACodeIsUnavailable(t *testing.T) {
	t.Parallel()
	sink := answering(t, Options{}, 502, nil, "<html><title>Down for maintenance</title>")
	_, err := sink.Push(t.Context(), change(1, "Where is my bag?"))
	if remote.KindOf(err) != remote.Unavailable || err == nil {
		t.Errorf("error %v, want unavailable", err)
	}
}
