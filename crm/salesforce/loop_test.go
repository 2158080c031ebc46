package salesforce

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// mishaps are what a call meets now and then.
var mishaps = []crmtest.Fault{crmtest.Fail(remote.Unavailable), crmtest.Fail(remote.RateLimited), crmtest.Lose(), crmtest.Cut(1), crmtest.Cut(2)}

// direct calls a handler without a network, so that time stands still meanwhile.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if told := recover(); told != nil {
			answer, err = nil, fmt.Errorf("the connection broke: %v", told)
		}
	}()
	w := httptest.NewRecorder()
	d.ServeHTTP(w, r)
	return w.Result(), nil
}

func TestTwoWaysAgree(t *testing.T) {
	t.Parallel()
	desktest.TwoWays(t, 3, func(t *testing.T, now func() time.Time) desktest.OtherSide {
		m := mapping()
		m.Owners = map[string]string{"ana": "005Qy000000000A", "ben": "005Qy000000000B"}
		o := newOrg()
		o.clock = now
		sink := New(Options{
			Instance: "https://acme.example", HTTP: &http.Client{Transport: direct{o}}, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}), Mapping: m, Now: now,
		})
		return desktest.OtherSide{
			Sink: sink, People: o.staff(sink.words), Interactions: o.interactions,
			Mishap: func(random *rand.Rand) {
				o.mu.Lock()
				defer o.mu.Unlock()
				fault := mishaps[random.IntN(len(mishaps))]
				o.faults = append(o.faults, &fault)
			},
			Cases:    func() int { return len(o.objects[caseObject]) },
			Snapshot: func() any { return o.snapshot() },
			Differs: func(tk ticket.Ticket) string {
				r, _ := o.record(caseObject, string(tk.ID))
				want := [4]string{string(tk.Status), sink.words.caseStatus(tk.Status), tk.Agent, sink.words.owner(tk.Agent)}
				if got := [4]string{text(r, "Social_Status__c"), text(r, "Status"), text(r, "Social_Agent__c"), longID(text(r, "OwnerId"))}; got != want {
					return fmt.Sprintf("its case holds %q, want %q", got, want)
				}
				return ""
			},
			WrittenThere: func(s string) bool {
				for r := range maps.Values(o.objects[interactionObject]) {
					if text(r, keyField) == "" && text(r, "Social_Text__c") == s {
						return true
					}
				}
				return false
			},
			Check: func(_ int, replies []string) {
				there := make(map[string]int) // records of each text, by whomever
				for r := range maps.Values(o.objects[interactionObject]) {
					there[text(r, "Social_Text__c")]++
				}
				for _, reply := range replies {
					if there[reply] != 1 {
						t.Errorf("the org shows the answer %q %d times, want once", reply, there[reply])
					}
				}
			},
		}
	})
}
