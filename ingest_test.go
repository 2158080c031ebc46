package socialcrm_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// routed is a Desk of the account "shop" whose Router is route.
func routed(t *testing.T, route func(text string) (routing.Decision, error)) *socialcrm.Desk {
	t.Helper()
	page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
	desk, err := socialcrm.New(socialcrm.Config{
		Channels: []channel.Channel{page}, Router: routing.RouterFunc(func(_ context.Context, q routing.Query) (routing.Decision, error) { return route(q.Message.Text) }),
	})
	if err != nil {
		t.Fatal(err)
	}
	return desk
}

// wrote is a message of its own author, in a thread of its own.
func wrote(id, text string) channel.Event { return said(id, "author-"+id, id, "", text, time.Now()) }

func mustPanic(t *testing.T, fn func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("it did not panic")
		}
	}()
	fn()
}

func TestPanicOfARouterOrPredicateLetsLaterCallsGoOn(t *testing.T) {
	t.Parallel()
	bad := func(text string) bool {
		if text == "bad" {
			panic("a fault of the host")
		}
		return true
	}
	lane := socialcrm.Setup{Lanes: []routing.Lane{{Name: "all", When: rule.Condition{Predicate: "bad"}}}}
	for name, cfg := range map[string]socialcrm.Config{
		"router": {Router: routing.RouterFunc(func(_ context.Context, q routing.Query) (routing.Decision, error) {
			return routing.Decision{Lane: "all"}, map[bool]error{}[bad(q.Message.Text)]
		})},
		"predicate": {Setup: lane, Predicates: rule.Predicates{"bad": func(f rule.Facts) bool {
			text, _ := f.Fact("text").Text()
			return bad(text)
		}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cfg.Channels = []channel.Channel{channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})}
				desk, err := socialcrm.New(cfg)
				if err != nil {
					t.Fatal(err)
				}
				mustPanic(t, func() { desk.Ingest(t.Context(), wrote("1", "bad")) })
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				results, err := desk.Ingest(ctx, wrote("2", "good"))
				if err != nil || results[0].Outcome != socialcrm.Created {
					t.Errorf("the next call: %v %v, want a ticket", results, err)
				}
			})
		})
	}
}

// TestPanicIsToldToThoseWhoShareTheCommit lets one call store a slow event while two more come: one of these then leads, with the other in the same commit, and panics.
func TestPanicIsToldToThoseWhoShareTheCommit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desk := routed(t, func(text string) (routing.Decision, error) {
			switch text {
			case "slow":
				time.Sleep(time.Second)
			case "bad":
				panic("a fault of the host")
			}
			return routing.Decision{}, nil
		})
		go desk.Ingest(t.Context(), wrote("1", "slow"))
		synctest.Wait()
		go mustPanic(t, func() { desk.Ingest(t.Context(), wrote("2", "bad")) })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := desk.Ingest(ctx, wrote("3", "good")); err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the call in the same commit: %v, want to be told of the panic", err)
		}
		results, err := desk.Ingest(ctx, wrote("3", "good"))
		if err != nil || results[0].Outcome != socialcrm.Created {
			t.Errorf("given again: %v %v, want a ticket", results, err)
		}
	})
}

func TestEventsMayBeReusedOnceIngestReturned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		desk := routed(t, func(text string) (routing.Decision, error) {
			if text == "slow" {
				time.Sleep(time.Second)
			}
			return routing.Decision{}, nil
		})
		for _, id := range []string{"1", "2"} { // the second leads the commit that the third is in
			go desk.Ingest(t.Context(), wrote(id, "slow"))
			synctest.Wait()
		}
		events := []channel.Event{wrote("3", "mine")}
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		if _, err := desk.Ingest(ctx, events...); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("got %v, want that the time was over", err)
		}
		events[0] = wrote("4", "something else")
		time.Sleep(time.Second)
		results, err := desk.Ingest(t.Context(), wrote("3", "mine"))
		if err != nil || results[0].Outcome != socialcrm.Duplicate {
			t.Errorf("what was given at first: %v %v, want that it is here", results, err)
		}
	})
}

func TestRouterThatFailsLosesNothing(t *testing.T) {
	t.Parallel()
	desk := routed(t, func(text string) (routing.Decision, error) {
		if text == "bad" {
			return routing.Decision{}, errors.New("the router is away")
		}
		return routing.Decision{Lane: "care"}, nil
	})
	if _, err := desk.Ingest(t.Context(), wrote("1", "good"), wrote("2", "bad"), wrote("3", "good")); err != nil {
		t.Fatal(err)
	}
	list, err := desk.Tickets(t.Context(), ticket.TicketQuery{})
	if err != nil {
		t.Fatal(err)
	}
	lanes := map[string]string{}
	for _, tk := range list.Items {
		lanes[tk.Subject] += tk.Lane + " "
	}
	if diff := cmp.Diff(map[string]string{"good": "care care ", "bad": routing.DefaultLane + " "}, lanes); diff != "" {
		t.Errorf("lanes by subject (-want +got):\n%s", diff)
	}
}

func TestTimesThatAreNoneAreQuarantinedAndCostTheOthersNothing(t *testing.T) {
	t.Parallel()
	far, before := time.Date(12000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)
	edited := func(e channel.Event) channel.Event {
		e.Kind, e.Message.Revision = channel.MessageEdited, "2"
		return e
	}
	read := func(ids ...string) channel.Event { return receipt("", channel.ReceiptRead, far, ids...) }
	elsewhere := said("1", "mia", "", "", "hi", far)
	elsewhere.Account.ID = "other"
	happened := said("1", "mia", "", "", "hi", time.Time{})
	happened.Time = before
	for name, bad := range map[string]channel.Event{
		"message":            said("1", "mia", "", "", "hi", far),
		"message before us":  said("1", "mia", "", "", "hi", before),
		"offset of a day":    edited(said("1", "mia", "", "", "hi", time.Date(2026, 3, 2, 9, 0, 0, 0, time.FixedZone("", 24*60*60)))),
		"event":              happened,
		"early edit":         edited(said("1", "mia", "", "", "hi", far)),
		"receipt":            read(),
		"receipt of a post":  read("9"),
		"account of another": elsewhere,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			results, err := w.desk.Ingest(t.Context(), bad, said("2", "noa", "", "", "Hello?", w.now))
			if err != nil {
				t.Fatal(err)
			}
			if results[0].Outcome != socialcrm.Quarantined || results[1].Outcome != socialcrm.Created {
				t.Errorf("got %+v, want one quarantined and one taken in", results)
			}
			if n := len(w.quarantined()); n != 1 {
				t.Errorf("%d in quarantine, want 1", n)
			}
		})
	}
}

func TestWhatWasReceivedInTheFutureWasReceivedNow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, year := range []int{2100, 12000} {
		future := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		e := said(fmt.Sprint(i), fmt.Sprint("author", i), "", "", "hi", time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC))
		e.Received = future
		if got := w.ticket(w.ingest(e)[0].Ticket); !got.Created.Equal(w.now) {
			t.Errorf("received in %d: created at %s, want now", year, got.Created)
		}
	}
}

func TestPlatformWithASlashIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slash := said("1", "mia", "", "", "Hello?", w.now)
	slash.Account = channel.AccountID{Platform: "fake/book", ID: "shop"}
	results, err := w.desk.Ingest(t.Context(), slash)
	if err != nil || results[0].Outcome != socialcrm.Quarantined || !strings.Contains(results[0].Reason, "slash") {
		t.Errorf("event: %+v %v, want it in quarantine for its slash", results, err)
	}
	if err := w.desk.AddChannel(t.Context(), onAccount{w.page, slash.Account}); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("channel: %v, want ErrInvalid", err)
	}
}

// onAccount is a channel that says it is of another account.
type onAccount struct {
	channel.Channel
	id channel.AccountID
}

func (c onAccount) Account() channel.Account {
	return channel.Account{AccountID: c.id, Since: time.Unix(1, 0)}
}

// early lists what waits for messages that have not come, by the message.
func (w *world) early() map[string][]json.RawMessage {
	w.t.Helper()
	waiting := map[string][]json.RawMessage{}
	w.ok(w.store.View(w.t.Context(), "", func(r ticket.Reader) error {
		list, err := r.ListValues("early", ticket.Page{})
		for _, v := range list.Items {
			var items []json.RawMessage
			if err := json.Unmarshal(v.Data, &items); err != nil {
				return err
			}
			waiting[v.Key.Name] = items
		}
		return err
	}))
	return waiting
}

func TestOnlySoMuchWaitsForAnUnknownMessage(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	for i := range 100 {
		liked := channel.Event{Kind: channel.ReactionChanged, Account: shop, Time: at(2), Message: channel.Message{ID: "1"}, Reaction: channel.Reaction{Name: "like", Author: channel.Author{ID: fmt.Sprint(i)}}}
		w.ingest(liked)
	}
	if waiting := w.early(); len(waiting) != 0 {
		t.Errorf("reactions wait: %s", waiting)
	}
	for i := range 100 {
		edited := said("1", "mia", "p", "p", fmt.Sprint("Text ", i), at(1))
		edited.Kind, edited.Message.Revision, edited.Time = channel.MessageEdited, fmt.Sprintf("%03d", i), at(2)
		w.ingest(edited)
	}
	for message, items := range w.early() {
		if len(items) != 64 {
			t.Errorf("%d things wait for message %s, want 64", len(items), message)
		}
	}
	gone := channel.Event{Kind: channel.MessageDeleted, Account: shop, Time: at(3), Message: channel.Message{ID: "1"}}
	w.ingest(gone, said("1", "mia", "p", "p", "Never mind", at(1)))
	if n := len(w.tickets()); n != 0 {
		t.Errorf("a deletion that came last was lost: %d tickets, want none", n)
	}
	if waiting := w.early(); len(waiting) != 0 {
		t.Errorf("what waited is still there: %d messages", len(waiting))
	}
}

func TestHoweverManyAnswersWaitForARootTheyFindTheirThread(t *testing.T) {
	t.Parallel()
	for _, gone := range []bool{false, true} {
		w, at := later(t)
		const answers = 200
		for i := range answers {
			w.ingest(said(fmt.Sprint("a", i), fmt.Sprint("customer-", i), "", "c", "Me too", at(2)))
		}
		if gone {
			w.ingest(channel.Event{Kind: channel.MessageDeleted, Account: shop, Time: at(3), Message: channel.Message{ID: "c"}})
		}
		w.ingest(said("c", "mia", "p", "p", "Where is it?", at(1)))
		w.pass(time.Minute)
		found := 0
		list, err := w.desk.Tickets(t.Context(), ticket.TicketQuery{Page: ticket.Page{Limit: 1000}})
		w.ok(err)
		for _, tk := range list.Items {
			for _, k := range tk.Conversations {
				if k.Thread == "p" && k.Author != "mia" {
					found++
				}
			}
		}
		if found != answers {
			t.Errorf("%d of %d answers are in the thread, their root deleted: %t", found, answers, gone)
		}
		if waiting := w.early(); len(waiting) != 0 {
			t.Errorf("%d messages are still waited for", len(waiting))
		}
	}
}
