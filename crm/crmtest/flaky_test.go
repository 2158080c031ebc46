package crmtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
)

// cabinet is a whole sink, for a small CRM over HTTP that puts one record at a time under our keys.
type cabinet struct{ client remote.Client }

func (*cabinet) Name() string { return "cabinet" }

func (s *cabinet) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	receipt := crm.Receipt{Refs: crm.Refs{Interactions: make(map[string]string)}}
	put := func(drawer, key string, record any) error {
		var written struct{ Key string }
		op := "push " + c.Subject.String()
		_, err := s.client.Do(ctx, remote.Request{
			Op: op, Method: http.MethodPut, Path: remote.Path(drawer, key), JSON: record, Into: &written, Idempotent: true,
		})
		if err == nil && written.Key != key {
			err = &remote.Error{Op: "cabinet: " + op, Kind: remote.Unavailable, Message: "the answer names no record of ours"}
		}
		return err
	}
	if c.Contact != nil {
		if err := put("contacts", c.Contact.Key, c.Contact); err != nil {
			return receipt, err
		}
		receipt.Contact = c.Contact.Key
	}
	if c.Case != nil {
		if err := put("cases", c.Case.Key, c.Case); err != nil {
			return receipt, err
		}
		receipt.Case = c.Case.Key
	}
	for _, in := range c.Interactions {
		if err := put("interactions", in.Key, filed{Interaction: in, Case: c.Case.Key}); err != nil {
			return receipt, err
		}
		receipt.Interactions[in.Key] = in.Key
	}
	return receipt, nil
}

// filed is an interaction with its case.
type filed struct {
	crm.Interaction
	Case string `json:"case"`
}

// drawers is the CRM: records by their path, and the paths in the order in which they came.
type drawers struct {
	mu      sync.Mutex
	records map[string]json.RawMessage
	paths   []string
}

func (d *drawers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var record json.RawMessage
	switch err := json.NewDecoder(r.Body).Decode(&record); {
	case r.Header.Get("Authorization") != "Bearer cabinet-token":
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method != http.MethodPut:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case err != nil:
		w.WriteHeader(http.StatusUnprocessableEntity)
	default:
		d.mu.Lock()
		defer d.mu.Unlock()
		if !slices.Contains(d.paths, r.URL.Path) {
			d.paths = append(d.paths, r.URL.Path)
		}
		d.records[r.URL.Path] = record
		_ = json.NewEncoder(w).Encode(map[string]string{"key": path.Base(r.URL.Path)})
	}
}

// held returns the records of a drawer that fit.
func held[R any](d *drawers, drawer string, fits func(R) bool) (all []R) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, p := range d.paths {
		var r R
		if path.Dir(p) != "/"+drawer {
			continue
		}
		if err := json.Unmarshal(d.records[p], &r); err == nil && fits(r) {
			all = append(all, r)
		}
	}
	return all
}

// rig opens the sink in front of the CRM that the server puts on the network.
func (d *drawers) rig(server *httptest.Server, now func() time.Time) crmtest.Rig {
	return crmtest.Rig{
		Sink: &cabinet{remote.Client{
			Name: "cabinet", Base: server.URL, HTTP: server.Client(), MaxRequest: 2 << 20, Now: now,
			Token:  oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "cabinet-token"}),
			Scopes: []remote.Scope{{Level: remote.LevelApp, ID: "cabinet"}, {Level: remote.LevelCredential, ID: "cabinet"}},
		}},
		Secrets: []string{"cabinet-token"},
		Contacts: func(key string) (all []crmtest.HeldContact) {
			for _, c := range held(d, "contacts", func(c crm.Contact) bool { return c.Key == key }) {
				all = append(all, crmtest.HeldContact{
					Key: c.Key, Ref: c.Key, Name: c.Name, MergedInto: c.MergedInto, Emails: c.Emails, Phones: c.Phones, Identities: c.Identities,
				})
			}
			return all
		},
		Cases: func(key string) (all []crmtest.HeldCase) {
			for _, c := range held(d, "cases", func(c crm.Case) bool { return c.Key == key }) {
				all = append(all, crmtest.HeldCase{
					Key: c.Key, Ref: c.Key, Contact: c.Contact, Subject: c.Subject, Status: c.Status, Agent: c.Agent, Parent: c.Parent, MergedInto: c.MergedInto,
					Priority: c.Priority, Account: c.Account, Private: c.Private, Lane: c.Lane, Team: c.Team, Tags: c.Tags, Related: c.Related,
				})
			}
			return all
		},
		Interactions: func(caseKey string) (all []crmtest.HeldInteraction) {
			for _, in := range held(d, "interactions", func(in filed) bool { return in.Case == caseKey }) {
				all = append(all, crmtest.HeldInteraction{
					Key: in.Key, Ref: in.Key, Text: in.Text, Deleted: !in.Deleted.IsZero(), Direction: in.Direction, Time: in.Time, Private: in.Private,
					Author: in.Author, Actor: in.Actor, Attachments: in.Attachments, State: in.State,
				})
			}
			return all
		},
	}
}

// The whole kit over a sink that speaks HTTP.
func TestSinkOverHTTPConforms(t *testing.T) {
	t.Parallel()
	crmtest.Run(t, crmtest.Harness{
		Features: crmtest.Features{Owner: true, Links: true},
		Open: func(t crmtest.T) crmtest.Rig {
			standIn := &drawers{records: make(map[string]json.RawMessage)}
			flaky := &crmtest.Flaky{Handler: standIn}
			server := httptest.NewServer(flaky)
			t.Cleanup(server.Close)
			rig := standIn.rig(server, nil)
			rig.Fault = flaky.Fault
			return rig
		},
	})
}

func TestSinkOverHTTPConformsOnANetwork(t *testing.T) { // not beside others: it measures memory
	crmtest.RunHTTP(t, overHTTP(nil))
}

// overHTTP is the harness of the cabinet on a network; what spoil makes of the sink is tested in its place.
func overHTTP(spoil func(crm.Sink) crm.Sink) crmtest.HTTPHarness {
	return crmtest.HTTPHarness{
		Open: func(_ crmtest.T, serve func(http.Handler) *httptest.Server, now func() time.Time) crmtest.Rig {
			standIn := &drawers{records: make(map[string]json.RawMessage)}
			rig := standIn.rig(serve(standIn), now)
			if spoil != nil {
				rig.Sink = spoil(rig.Sink)
			}
			return rig
		},
		Repeatable: true,
	}
}

// spoiled is a sink whose push another one takes.
type spoiled struct {
	crm.Sink
	push func(context.Context, crm.Change) (crm.Receipt, error)
}

func (s spoiled) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) { return s.push(ctx, c) }

// The cabinet writes by PUT only: that its answers leave no doubt need not be promised.
func TestAPutMayBeMadeAgainWhateverTheHarnessSays(t *testing.T) {
	t.Parallel()
	h := overHTTP(nil)
	h.Repeatable = false
	for _, mishap := range []string{"500", "reset", "huge body"} {
		if found := crmtest.HTTPFailures(t, h, mishap); len(found) > 0 {
			t.Errorf("%s: it found %q", mishap, found)
		}
	}
}

func TestRunHTTPFindsWhatIsBroken(t *testing.T) {
	t.Parallel()
	failing := func(turn func(e *remote.Error) error) func(crm.Sink) crm.Sink {
		return func(s crm.Sink) crm.Sink {
			return spoiled{s, func(ctx context.Context, c crm.Change) (crm.Receipt, error) {
				receipt, err := s.Push(ctx, c)
				if e, ok := errors.AsType[*remote.Error](err); ok {
					err = turn(e)
				}
				return receipt, err
			}}
		}
	}
	for name, test := range map[string]struct {
		mishap, finds string
		spoil         func(crm.Sink) crm.Sink
	}{
		"it tries again by itself": {"500", "no further one", func(s crm.Sink) crm.Sink {
			return spoiled{s, func(ctx context.Context, c crm.Change) (crm.Receipt, error) {
				if receipt, err := s.Push(ctx, c); err == nil {
					return receipt, nil
				}
				return s.Push(ctx, c)
			}}
		}},
		"nonsense is taken for an answer": {"an empty object", "want a *remote.Error", failing(func(*remote.Error) error { return nil })},
		"the kind is another":             {"429 without", "want rate limited", failing(func(e *remote.Error) error { e.Kind = remote.Rejected; return e })},
		"the scope is forgotten":          {"429 without", "for app", failing(func(e *remote.Error) error { e.Scope = remote.Scope{}; return e })},
		"the time is forgotten":           {"503 with Retry-After", "come back", failing(func(e *remote.Error) error { e.RetryAt = time.Time{}; return e })},
		"the token is shown":              {"500", "shows a secret", failing(func(e *remote.Error) error { e.Message = "cabinet-token"; return e })},
		"it forgets a half of what it had to write": {"reset", "holds", func(s crm.Sink) crm.Sink {
			return spoiled{s, func(ctx context.Context, c crm.Change) (crm.Receipt, error) {
				c.Interactions = c.Interactions[:1]
				return s.Push(ctx, c)
			}}
		}},
		"what was never sent is in doubt": {"timeout before", "want unavailable", failing(func(e *remote.Error) error { e.Kind = remote.Unknown; return e })},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := crmtest.HTTPFailures(t, overHTTP(test.spoil), test.mishap)
			if !strings.Contains(strings.Join(found, "\n"), test.finds) {
				t.Errorf("it found %q, want %q", found, test.finds)
			}
		})
	}
}

func TestFlakyCountsWhatAWholeRequestWrites(t *testing.T) {
	t.Parallel()
	taken := 0
	flaky := &crmtest.Flaky{
		Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { taken++ }),
		Writes:  func(_ *http.Request, body []byte) int { return len(body) },
		Refuse: func(w http.ResponseWriter, _ *http.Request, fault crmtest.Fault) bool {
			w.WriteHeader(http.StatusTeapot)
			return fault.Kind == remote.Unavailable
		},
	}
	flaky.Fault(crmtest.Cut(5))
	flaky.Fault(crmtest.Throttle(1500*time.Millisecond, remote.Scope{}))
	for i, call := range []struct {
		method, body string
		want         int
	}{
		{http.MethodPost, "abc", 200},
		{http.MethodGet, "", 200},
		{http.MethodPost, "abc", http.StatusTeapot}, // five were allowed, six it would be
		{http.MethodGet, "", http.StatusTooManyRequests},
		{http.MethodPost, "abc", 200},
	} {
		w := httptest.NewRecorder()
		if call.want == http.StatusTooManyRequests {
			flaky.Refuse = nil
		}
		flaky.ServeHTTP(w, httptest.NewRequest(call.method, "/", strings.NewReader(call.body)))
		if w.Code != call.want {
			t.Errorf("call %d: %d, want %d", i, w.Code, call.want)
		}
		if w.Code == http.StatusTooManyRequests && w.Header().Get("Retry-After") != "2" {
			t.Errorf("call %d: come back after %q s, want 2", i, w.Header().Get("Retry-After"))
		}
	}
	if taken != 3 {
		t.Errorf("the CRM saw %d requests, want 3", taken)
	}
}
