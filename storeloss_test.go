package socialcrm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// lostStore is a Store that is away while away is set.
type lostStore struct {
	ticket.Store
	away bool
}

func (s *lostStore) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	if s.away {
		return fmt.Errorf("dial: no route: %w", ticket.ErrUnavailable)
	}
	return s.Store.Update(ctx, tenant, fn)
}

func TestWhenTheStoreComesBackItIsJournalledAndWhatWasMissedIsPolled(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := &lostStore{Store: w.store}
	w.store = store
	w.restart()
	w.pass(time.Minute)

	store.away = true
	lost := w.now
	for range 3 {
		if _, err := w.desk.Ingest(t.Context(), channel.Event{Kind: channel.MessageReceived, Key: "e1", Account: shop, Time: w.now, Message: channel.Message{ID: "m1", Author: channel.Author{ID: "mia"}, Text: "Hello?"}}); !errors.Is(err, ticket.ErrUnavailable) {
			t.Fatalf("ingest: got %v, want ErrUnavailable", err)
		}
		w.now = w.now.Add(time.Second)
	}
	w.platform.Customer("mia").Post(w.page, "Is anybody there?")

	store.away = false
	w.ok(w.desk.SetPresence(t.Context(), ana, "ana", ticket.Available)) // the first that goes through
	_, err := w.desk.Tick(t.Context())                                  // at once: the next poll was to be later
	w.ok(err)
	if got := w.only().Subject; got != "Is anybody there?" {
		t.Errorf("polled: %q", got)
	}
	var got []string
	for _, e := range slices.Concat(w.told(ticket.StoreLost), w.told(ticket.StoreBack)) {
		got = append(got, fmt.Sprint(e.Kind, " ", e.Happened.Sub(lost), " ", e.Reason))
	}
	want := []string{"store.lost 0s dial: no route: ticket: the store is not available", "store.back 3s "}
	if !slices.Equal(got, want) {
		t.Errorf("journal: got %q, want %q", got, want)
	}
}

// refusing is a Store that refuses a commit.
type refusing struct {
	ticket.Store
	refuse bool
}

func (s *refusing) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	return s.Store.Update(ctx, tenant, func(tx ticket.Tx) error {
		if err := fn(tx); err != nil || !s.refuse {
			return err
		}
		return errors.New("the disk is full")
	})
}

func TestWhatWasNotCommittedNeverHappenedToTheClocks(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	store := &refusing{Store: w.store}
	w.store = store
	w.restart()
	id := w.ingest(said("1", "mia", "p", "p", "Hello?", at(10)))[0].Ticket
	store.refuse = true
	if _, err := w.desk.Resolve(t.Context(), id, ana, ""); err == nil {
		t.Fatal("solved without a commit")
	}
	store.refuse = false
	w.ingest(said("0", "mia", "p", "p", "Anybody there?", at(5))) // late, so that all is counted again
	if c := clockOn(w.ticket(id), sla.FirstResponse, ""); c.Verdict != sla.Running || !c.Started.Equal(at(5)) {
		t.Errorf("first response %+v, want that it runs from %s", c, at(5))
	}
}

func TestWhatWasNotCommittedTakesNobodysRoom(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) { s.Agents[0].Capacity = 1 })
	store := &refusing{Store: w.store}
	w.store = store
	w.restart()
	w.presence("ana", ticket.Available)
	store.refuse = true
	if _, err := w.desk.Ingest(t.Context(), said("1", "mia", "p", "p", "Hello?", w.now)); err == nil {
		t.Fatal("taken in without a commit")
	}
	store.refuse = false
	id := w.ingest(said("2", "noa", "q", "q", "Hello?", w.now))[0].Ticket
	if got := w.ticket(id).Agent; got != "ana" {
		t.Errorf("it is with %q, want ana: the ticket that she was to have was never stored", got)
	}
}
