package storetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func life() []Check {
	return []Check{
		{"a closed Store returns ErrClosed", closed},
		{"nothing is done when the context has ended", ended},
		{"a Waker wakes after work and journal entries, and only its tenant", wakes},
		{"a Searcher finds messages that have all the words", searches},
		{"a second Store on the same data sees the same", secondSees},
		{"what was committed is there after closing and opening again", reopened},
	}
}

func closed(t T, r Rig) {
	r.write(t, func(tx ticket.Tx) { tx.PutValue(value("a", "1")) })
	if err := r.Store.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	ran := false
	if err := r.Store.Update(t.Context(), brand, func(ticket.Tx) error { ran = true; return nil }); !errors.Is(err, ticket.ErrClosed) {
		t.Errorf("Update returns %v, want ErrClosed", err)
	}
	if err := r.Store.View(t.Context(), brand, func(ticket.Reader) error { ran = true; return nil }); !errors.Is(err, ticket.ErrClosed) {
		t.Errorf("View returns %v, want ErrClosed", err)
	}
	if ran {
		t.Errorf("a closed Store runs functions")
	}
	if err := r.Store.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}

func ended(t T, r Rig) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("the host's own reason"))
	ran := false
	if err := r.Store.Update(ctx, brand, func(ticket.Tx) error { ran = true; return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("Update returns %v, want the context's error", err)
	}
	if err := r.Store.View(ctx, brand, func(ticket.Reader) error { ran = true; return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("View returns %v, want the context's error", err)
	}
	if ran {
		t.Errorf("functions ran although the context had ended")
	}
	r.write(t, func(tx ticket.Tx) { tx.PutValue(value("a", "1")) })
}

func wakes(t T, r Rig) {
	waker, ok := r.Store.(ticket.Waker)
	if !ok {
		return
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	wake, other := waker.Wakes(ctx, brand), waker.Wakes(ctx, "other")
	woken := func(what string) {
		t.Helper()
		select {
		case _, open := <-wake:
			if !open {
				t.Fatalf("%s: the channel was closed before its context ended", what)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s: nobody was woken", what)
		}
	}
	for i, store := range r.stores(t) {
		if err := store.Update(t.Context(), brand, func(tx ticket.Tx) error {
			tx.Schedule(todo(fmt.Sprint("task", i), 0))
			return nil
		}); err != nil {
			t.Fatalf("update: %v", err)
		}
		woken("after Schedule")
		r.write(t, func(tx ticket.Tx) { tx.Append(entry(fmt.Sprint("entry", i), "t")) })
		woken("after Append")
	}
	for range 50 { // nobody listens meanwhile, and no commit waits for that
		r.schedule(t, todo("again", 0))
	}
	woken("after many commits")
	select {
	case <-other:
		t.Errorf("another tenant was woken")
	default:
	}
	cancel()
	timeout := time.After(10 * time.Second)
	for _, channel := range []<-chan struct{}{wake, other} {
		for open := true; open; {
			select {
			case _, open = <-channel:
			case <-timeout:
				t.Fatalf("the channel is not closed when its context ends")
			}
		}
	}
	r.schedule(t, todo("after", 0))
}

func searches(t T, r Rig) {
	searcher, ok := r.Store.(ticket.Searcher)
	if !ok {
		return
	}
	r.write(t, func(tx ticket.Tx) {
		for i, texts := range [][]string{
			{"Where is my washing machine?"}, {"My order", "the Washing is broken, the machine too"}, {"washing", "machine"}, {"nothing of the kind"},
			{"A new MACHINE for washing"},
		} {
			id := ticket.ID(fmt.Sprint("t", i))
			tx.PutTicket(open(id, "lane", i))
			for n, text := range texts {
				tx.PutMessage(said(fmt.Sprint(id, "/", n), id, n, text))
			}
		}
	})
	search := func(tenant, query string) (found []string) {
		page := ticket.Page{Limit: 2}
		for range 9 {
			list, err := searcher.Search(t.Context(), tenant, query, page)
			if err != nil {
				t.Fatalf("search %q: %v", query, err)
			}
			found = append(found, ids(list.Items, ticketID)...)
			if page.After = list.Next; page.After == "" {
				break
			}
		}
		return found
	}
	same(t, "both words", search(brand, "washing machine"), []string{"t4", "t1", "t0"})
	same(t, "one word", search(brand, " Washing "), []string{"t4", "t2", "t1", "t0"})
	same(t, "a word that nobody wrote", search(brand, "refrigerator"), []string{})
	same(t, "a word that only others wrote, too", search(brand, "kind machine"), []string{})
	same(t, "another tenant's", search("other", "washing"), []string{})
	same(t, "no words", search(brand, "  "), []string{})
}

func secondSees(t T, r Rig) {
	if r.Second == nil {
		return
	}
	second := r.Second(t)
	a := sampleOfAll("text ")
	r.write(t, a.put)
	readAs(t, second, brand, a.get).compare(t, a)
	r.schedule(t, todo("task", 0))
	if leases := r.claim(t, 0, 1, "queue"); len(leases) != 1 {
		t.Fatalf("claimed %d, want 1", len(leases))
	}
	err := second.Update(t.Context(), brand, func(tx ticket.Tx) error {
		leases, err := tx.Claim(ticket.ClaimQuery{Now: at(0), Queues: []string{"queue"}})
		if err == nil && len(leases) > 0 {
			t.Errorf("both Stores claim the same task")
		}
		return err
	})
	if err != nil {
		t.Fatalf("update: %v", err)
	}
}

func reopened(t T, r Rig) {
	if r.Reopen == nil {
		return
	}
	a := sampleOfAll("text ")
	r.write(t, a.put)
	r.schedule(t, todo("task", 0), keyed("k1", "k", 0), keyed("k2", "k", 0))
	lease := r.claim(t, 0, 1, "queue")
	if len(lease) != 1 {
		t.Fatalf("claimed %d, want 1", len(lease))
	}
	head := r.head(t)
	r.agent(t, "ann", ticket.Available, 1)
	r.reserves(t, "before", "ann", "t", 1, true)
	r.Store = r.Reopen(t)
	read(t, r, a.get).compare(t, a)
	same(t, "head", string(r.head(t)), string(head))
	r.write(t, func(tx ticket.Tx) { tx.Append(entry("after", "t")) })
	if h := r.head(t); h <= head {
		t.Errorf("the position after is %q, want more than %q", h, head)
	}
	same(t, "claimed after", ids(r.claim(t, 0, 9, "queue"), leaseID), []string{"k1"})
	r.finish(t, lease...)
	r.reserves(t, "after", "ann", "t2", 1, false)
}
