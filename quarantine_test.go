package socialcrm_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/ticket"
)

func (w *world) quarantined() []socialcrm.QuarantineEntry {
	w.t.Helper()
	list, err := w.desk.Quarantined(w.t.Context(), ticket.Page{})
	w.ok(err)
	return list.Items
}

// apprentice is a receiver that can read nothing until it has learned.
type apprentice struct {
	*channeltest.Platform
	learned bool
	excuse  string // why not; empty: it is new here
}

func (a *apprentice) Name() string { return "apprentice" }

func (a *apprentice) reason() string {
	if a.excuse != "" {
		return a.excuse
	}
	return "it is new here"
}

func (a *apprentice) Decode(c channel.Call) (channel.Delivery, error) {
	var entries struct{ Entries []json.RawMessage }
	if err := json.Unmarshal(c.Body, &entries); err != nil {
		return channel.Delivery{}, fmt.Errorf("the body is no JSON: %w", err)
	}
	if a.learned {
		return a.Platform.Decode(c)
	}
	var d channel.Delivery
	for i, raw := range entries.Entries {
		body, err := json.Marshal(struct{ Entries []json.RawMessage }{[]json.RawMessage{raw}})
		if err != nil {
			return d, err
		}
		d.Bad = append(d.Bad, channel.Bad{Where: fmt.Sprintf("entries[%d]", i), Reason: a.reason(), Raw: body})
	}
	return d, nil
}

func TestWhatCouldNotBeDecodedIsReplayedOnceItCan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := &apprentice{Platform: w.platform}
	w.ok(w.desk.AddSource(t.Context(), a))
	call := func(events ...channel.Event) {
		c := w.platform.CallFor(events...)
		c.Path = "/webhooks/apprentice"
		for range 2 { // told twice, kept once
			if r := deliver(w.desk.Webhooks(), c); r != http.StatusOK {
				t.Fatalf("the webhook answered %d, want 200", r)
			}
		}
	}
	call(said("1", "mia", "p", "p", "Hello?", w.now), said("2", "noa", "q", "q", "Hello too?", w.now))
	held := w.quarantined()
	if len(held) != 2 || held[0].Source != "apprentice" || held[0].Reason != "it is new here" {
		t.Fatalf("quarantine: %+v", held)
	}
	results, err := w.desk.Release(t.Context(), held[0].ID)
	w.ok(err)
	if len(results) != 1 || results[0].Outcome != socialcrm.Quarantined || len(w.quarantined()) != 2 {
		t.Errorf("released too early: %+v, %d in quarantine", results, len(w.quarantined()))
	}
	if n := len(w.told(ticket.EventReleased)); n != 0 {
		t.Errorf("the journal tells of %d releases of what stayed, want none", n)
	}
	a.learned = true
	came := w.now
	w.now = w.now.Add(time.Minute)
	n, err := w.desk.ReleaseAll(t.Context())
	w.ok(err)
	for _, e := range w.told(ticket.MessageReceived) {
		if !e.Received.Equal(came) {
			t.Errorf("a message came in at %s, want %s: when its body did", e.Received, came)
		}
	}
	if left := w.quarantined(); n != 2 || len(left) != 0 || len(w.tickets()) != 2 {
		t.Errorf("%d released, %d left, %d tickets; want 2, 0, 2", n, len(left), len(w.tickets()))
	}
	if n := len(w.told(ticket.EventReleased)); n != 2 {
		t.Errorf("the journal tells of %d releases, want 2", n)
	}
	if _, err := w.desk.Release(t.Context(), held[0].ID); !errors.Is(err, socialcrm.ErrNotFound) {
		t.Errorf("released once more: %v, want ErrNotFound", err)
	}
}

func TestBodyThatMakesNoSenseStaysInQuarantine(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.desk.AddSource(t.Context(), w.platform))
	bad := channel.Event{Kind: "nonsense", Account: shop}
	_, err := w.desk.Ingest(t.Context(), bad)
	w.ok(err)
	w.platform.Corrupt(w.page)
	w.pass(time.Minute)
	if n := len(w.quarantined()); n != 2 {
		t.Fatalf("%d in quarantine, want 2", n)
	}
	n, err := w.desk.ReleaseAll(t.Context())
	w.ok(err)
	if left := w.quarantined(); n != 0 || len(left) != 2 {
		t.Errorf("%d released, %d left; want 0 and 2", n, len(left))
	}
	for _, q := range w.quarantined() {
		if _, err := w.desk.Release(t.Context(), q.ID); q.Raw != nil && !errors.Is(err, socialcrm.ErrInvalid) {
			t.Errorf("a body of a source that is no receiver: %v, want ErrInvalid", err)
		}
	}
}

func TestEventsOfAnUnknownAccountWaitForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "other"}})
	e := said("77", "mia", "p", "p", "Hello, other shop?", w.now)
	e.Account = other.Account().AccountID
	old := said("7", "noa", "q", "q", "Hello, two years ago", w.now.AddDate(-2, 0, 0))
	old.Account = e.Account
	w.now = w.now.Add(time.Minute)
	for range 2 {
		results, err := w.desk.Ingest(t.Context(), e, old)
		w.ok(err)
		if results[0].Outcome != socialcrm.Quarantined {
			t.Fatalf("outcome %+v", results[0])
		}
	}
	w.pass(time.Hour)
	if n := len(w.quarantined()); n != 2 || len(w.tickets()) != 0 {
		t.Fatalf("%d in quarantine, %d tickets; want 2 and 0", n, len(w.tickets()))
	}
	w.ok(w.desk.AddChannel(t.Context(), other))
	w.pass(time.Minute)
	if left := w.quarantined(); len(left) != 0 {
		t.Errorf("quarantine: %+v", left)
	}
	statuses := map[string]ticket.Status{}
	for _, tk := range w.tickets() {
		statuses[tk.Subject] = tk.Status
	}
	// What was live when it came is work, though the account was added later; what was old then is history.
	if diff := cmp.Diff(map[string]ticket.Status{"Hello, other shop?": ticket.New, "Hello, two years ago": ticket.Closed}, statuses); diff != "" {
		t.Errorf("tickets (-want +got):\n%s", diff)
	}
}

// deliver makes a webhook call and returns the status that it is answered with.
func deliver(h http.Handler, c channel.Call) int {
	r := httptest.NewRecorder()
	h.ServeHTTP(r, channeltest.NewRequest("https://host.example", c))
	return r.Code
}

func TestSameThingForAnotherReasonIsKeptOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := &apprentice{Platform: w.platform}
	w.ok(w.desk.AddSource(t.Context(), a))
	call := w.platform.CallFor(said("1", "mia", "p", "p", "Hello?", w.now))
	call.Path = "/webhooks/apprentice"
	for _, a.excuse = range []string{"it is new here", "it has no form"} {
		if r := deliver(w.desk.Webhooks(), call); r != http.StatusOK {
			t.Fatalf("the webhook answered %d, want 200", r)
		}
	}
	if held := w.quarantined(); len(held) != 1 || held[0].Reason != "it has no form" {
		t.Errorf("quarantine: %+v, want one entry with the latest reason", held)
	}
}

func TestOldEventThatComesFirstDoesNotMakeTheHistoryOfAnUnknownAccountWork(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "other"}})
	old := said("7", "noa", "q", "q", "Hello, two years ago", w.now.AddDate(-2, 0, 0))
	old.Account = other.Account().AccountID
	w.now = w.now.Add(time.Minute)
	_, err := w.desk.Ingest(t.Context(), old)
	w.ok(err)
	w.ok(w.desk.AddChannel(t.Context(), other))
	w.pass(time.Minute)
	if got := w.only(); got.Status != ticket.Closed {
		t.Errorf("what was written two years before its account was added is %s, want closed", got.Status)
	}
}

func TestAccountThatWasAddedIsExpectedNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "other"}})
	e := said("7", "noa", "q", "q", "Hello?", w.now)
	e.Account = other.Account().AccountID
	_, err := w.desk.Ingest(t.Context(), e)
	w.ok(err)
	w.ok(w.desk.AddChannel(t.Context(), other))
	w.pass(time.Minute)
	w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
		list, err := r.ListValues("expected", ticket.Page{})
		if len(list.Items) != 0 {
			t.Errorf("still expected: %+v", list.Items)
		}
		return err
	}))
}

func TestAnAccountIsLookedAfterFromTheFirstEventThatWaitsForIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "other"}})
	for i, text := range []string{"First", "Second"} {
		w.now = w.now.Add(time.Duration(i) * 30 * time.Minute)
		e := said(text, "mia", text, text, text, w.now)
		e.Account = other.Account().AccountID
		_, err := w.desk.Ingest(t.Context(), e)
		w.ok(err)
	}
	w.ok(w.desk.AddChannel(t.Context(), other))
	w.pass(time.Minute)
	for _, tk := range w.tickets() {
		if tk.Status != ticket.New {
			t.Errorf("%q is %s, want new: it was live when it came", tk.Subject, tk.Status)
		}
	}
	if n := len(w.tickets()); n != 2 {
		t.Errorf("%d tickets, want 2", n)
	}
}
