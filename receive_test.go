package socialcrm_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/ticket"
)

// away is a Store that is not to be had while down is set.
type away struct {
	ticket.Store
	down bool
}

func (a *away) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	if a.down {
		return errors.New("the disk is full")
	}
	return a.Store.Update(ctx, tenant, fn)
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	platform := channeltest.New(channeltest.Options{})
	page := platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
	store := &away{Store: ticket.NewMemory(nil)}
	desk, err := socialcrm.New(socialcrm.Config{Store: store, Channels: []channel.Channel{page}, Sources: []channel.Source{platform}, MaxBody: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	handler := desk.Webhooks()
	serve := func(r *http.Request) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		return rec
	}
	messages := func() int {
		t.Helper()
		list, err := desk.Tickets(t.Context(), ticket.TicketQuery{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Items)
	}
	const target = "http://desk.example"

	platform.Customer("mia").Post(page, "Where is my parcel?")
	call := platform.Webhook()

	store.down = true
	if rec := serve(channeltest.NewRequest(target, call)); rec.Code != http.StatusServiceUnavailable || strings.Contains(rec.Body.String(), "disk") {
		t.Errorf("with the store away: %d %q, want 503 and no word of why", rec.Code, rec.Body)
	}
	store.down = false
	if rec := serve(channeltest.NewRequest(target, call)); rec.Code != http.StatusOK || messages() != 1 {
		t.Errorf("redelivered: %d and %d tickets, want 200 and 1", rec.Code, messages())
	}
	forged := call
	forged.Body = bytes.Replace(call.Body, []byte("parcel"), []byte("refund"), 1)
	if rec := serve(channeltest.NewRequest(target, forged)); rec.Code != http.StatusUnauthorized || messages() != 1 {
		t.Errorf("forged: %d and %d tickets, want 401 and 1", rec.Code, messages())
	}
	huge := call
	huge.Body = bytes.Repeat([]byte("x"), 10_001)
	if rec := serve(channeltest.NewRequest(target, huge)); rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("huge: %d, want 413", rec.Code)
	}
	if rec := serve(httptest.NewRequest(http.MethodPost, "/hooks/nobody", bytes.NewReader(call.Body))); rec.Code != http.StatusNotFound {
		t.Errorf("unknown source: %d, want 404", rec.Code)
	}
}

// broken is a Receiver whose calls are authentic but make no sense.
type broken struct{}

func (broken) Name() string                                   { return "broken" }
func (broken) Verify(channel.Call) (*channel.Response, error) { return nil, nil }
func (broken) Decode(channel.Call) (d channel.Delivery, _ error) {
	return d, errors.New("field x: want a number")
}

func TestAuthenticCallThatMakesNoSenseIsQuarantinedAndAcknowledged(t *testing.T) {
	t.Parallel()
	desk, err := socialcrm.New(socialcrm.Config{Sources: []channel.Source{broken{}}})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		rec := httptest.NewRecorder()
		desk.Webhooks().ServeHTTP(rec, httptest.NewRequest(http.MethodPost, "/broken", strings.NewReader(`{"x":"y"}`)))
		if rec.Code != http.StatusOK {
			t.Errorf("answered %d, want 200", rec.Code)
		}
	}
	entries, err := desk.Journal(t.Context(), ticket.JournalQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for _, e := range entries {
		if e.Kind == ticket.EventQuarantined {
			reasons = append(reasons, e.Reason)
		}
	}
	if diff := cmp.Diff([]string{"field x: want a number"}, reasons); diff != "" {
		t.Errorf("quarantined (-want +got):\n%s", diff)
	}
}

func TestArrivalsFromManyGoroutinesAreTakenInOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	account := w.page.Account().AccountID
	const writers, messages = 16, 50
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := range messages {
				ctx := t.Context()
				if i%7 == 3 {
					ctx = ticket.Ungrouped(ctx)
				}
				_, err := w.desk.Ingest(ctx, channel.Event{Kind: channel.MessageReceived, Account: account, Message: channel.Message{
					ID: fmt.Sprint("m", i), Thread: fmt.Sprint("t", i%10), Author: channel.Author{ID: "mia"}, Text: "hi", Time: w.now,
				}})
				if err != nil {
					t.Error(err)
				}
				cancelled, cancel := context.WithCancel(t.Context())
				cancel()
				if _, err := w.desk.Ingest(cancelled, channel.Event{Kind: channel.MessageReceived, Account: account, Message: channel.Message{ID: "never"}}); !errors.Is(err, context.Canceled) {
					t.Errorf("with a cancelled context: %v", err)
				}
			}
		})
	}
	all.Wait()
	tickets := w.tickets()
	if len(tickets) != 10 {
		t.Errorf("%d tickets, want 10", len(tickets))
	}
	total := 0
	for _, tk := range tickets {
		list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: tk.ID})
		if err != nil {
			t.Fatal(err)
		}
		total += len(list.Items)
	}
	if total != messages {
		t.Errorf("%d messages, want %d", total, messages)
	}
}

func TestOneCallOfManyAccountsBringsWhatIsGood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ok(w.desk.AddSource(t.Context(), w.platform))
	help := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "help"}})
	w.ok(w.desk.AddChannel(t.Context(), help))
	stranger := w.platform.Account(channel.Account{AccountID: channel.AccountID{ID: "stranger"}})
	mia := w.platform.Customer("mia")
	mia.Post(w.page, "To the shop")
	w.platform.Corrupt(w.page)
	mia.Post(stranger, "To a stranger")
	mia.Post(help, "To the help")
	if status := w.platform.Deliver(w.desk.Webhooks()); status != http.StatusOK {
		t.Errorf("answered %d, want 200", status)
	}
	var texts []string
	for _, tk := range w.tickets() {
		texts = append(texts, w.said(tk.ID)...)
	}
	slices.Sort(texts)
	if diff := cmp.Diff([]string{"To the help", "To the shop"}, texts); diff != "" {
		t.Errorf("taken in (-want +got):\n%s", diff)
	}
	if n := len(w.quarantined()); n != 2 {
		t.Errorf("%d in quarantine, want the malformed one and the stranger's", n)
	}
	w.ok(w.desk.AddChannel(t.Context(), stranger))
	w.pass(time.Hour)
	if n := len(w.tickets()); n != 3 {
		t.Errorf("%d tickets once the account is known, want 3", n)
	}
}

// The same post: by webhook and stream, polled, told again a day later, from several goroutines at once, by thin copies and by one that tells more.
func TestHoweverOftenAndByWhateverWayAPostIsToldItIsOneMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		platform := channeltest.New(channeltest.Options{})
		page := platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
		desk, err := socialcrm.New(socialcrm.Config{Channels: []channel.Channel{page}, Sources: []channel.Source{platform}})
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, desk)
		defer stop()
		if err := platform.AwaitStream(t.Context()); err != nil {
			t.Fatal(err)
		}
		post := platform.Customer("mia").Post(page, "Where is it?")
		rich := channel.Event{Kind: channel.MessageReceived, Account: page.Account().AccountID, Message: post}
		rich.Message.Author.Followers = 5000
		call := platform.Webhook()
		tell := func() {
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					e := rich
					if i != 5 {
						e.Message.URL, e.Message.Author = "", channel.Author{ID: post.Author.ID}
					}
					if _, err := desk.Ingest(t.Context(), e); err != nil {
						t.Error(err)
					}
					rec := httptest.NewRecorder()
					desk.Webhooks().ServeHTTP(rec, channeltest.NewRequest("http://desk.example", call))
					if rec.Code != http.StatusOK {
						t.Errorf("webhook: %d", rec.Code)
					}
				})
			}
			all.Wait()
		}
		tell()
		time.Sleep(24 * time.Hour)
		platform.Redeliver(3)
		tell()
		time.Sleep(time.Hour)
		tickets, err := desk.Tickets(t.Context(), ticket.TicketQuery{})
		if err != nil || len(tickets.Items) != 1 {
			t.Fatalf("%d tickets, %v; want 1", len(tickets.Items), err)
		}
		list, err := desk.Messages(t.Context(), ticket.MessageQuery{Ticket: tickets.Items[0].ID})
		if err != nil || len(list.Items) != 1 {
			t.Fatalf("%d messages, %v; want 1", len(list.Items), err)
		}
		if m := list.Items[0].Content; m.URL != rich.Message.URL || m.Author.Followers != 5000 || m.Author.Name != post.Author.Name || m.Text != post.Text {
			t.Errorf("the copies together tell %+v", m)
		}
	})
}
