package storetest

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func journal() []Check {
	return []Check{
		{"entries are read in the order in which they were appended", journalOrder},
		{"the journal of a ticket and of a contact", journalFilters},
		{"appending a key that is there changes nothing", journalKeys},
		{"nothing appears at or below a position that was read, when the first to append commits last", firstCommitsLast},
		{"nothing appears at or below a position that was read, while many append", readersFollow},
	}
}

func (r Rig) entries(t T, q ticket.JournalQuery) []ticket.Entry {
	t.Helper()
	return read(t, r, func(rd ticket.Reader) ([]ticket.Entry, error) { return rd.Journal(q) })
}

func (r Rig) head(t T) ticket.Position {
	t.Helper()
	return read(t, r, func(rd ticket.Reader) (ticket.Position, error) { return rd.Head() })
}

func journalOrder(t T, r Rig) {
	if h := r.head(t); h != "" {
		t.Errorf("the head of an empty journal is %q, want none", h)
	}
	var want []string
	for i := range 30 {
		a, b := fmt.Sprint("z", i), fmt.Sprint("a", i)
		r.write(t, func(tx ticket.Tx) {
			tx.Append(entry(a, "t"))
			tx.Append(entry(b, "t"), entry(b+"+", "t"))
		})
		want = append(want, a, b, b+"+")
	}
	all := r.entries(t, ticket.JournalQuery{Limit: 1000})
	same(t, "keys", ids(all, entryKey), want)
	ascending(t, all)
	same(t, "head", string(r.head(t)), string(all[len(all)-1].Position))
	for _, limit := range []int{1, 7, 100} {
		var paged []string
		q := ticket.JournalQuery{Limit: limit}
		for range len(want) + 1 {
			part := r.entries(t, q)
			if len(part) == 0 {
				break
			}
			if len(part) > limit {
				t.Errorf("%d entries, want at most %d", len(part), limit)
			}
			paged = append(paged, ids(part, entryKey)...)
			q.After = part[len(part)-1].Position
		}
		same(t, fmt.Sprint("keys, ", limit, " at a time"), paged, want)
	}
	if n := len(r.entries(t, ticket.JournalQuery{After: r.head(t)})); n > 0 {
		t.Errorf("%d entries after the head", n)
	}
	r.write(t, func(tx ticket.Tx) {
		for i := range 200 {
			tx.Append(entry(fmt.Sprint("more", i), ""))
		}
	})
	same(t, "number of entries without a limit", len(r.entries(t, ticket.JournalQuery{})), 100)
}

func ascending(t T, entries []ticket.Entry) {
	t.Helper()
	for i, e := range entries {
		if e.Position == "" {
			t.Fatalf("entry %s has no position", e.Key)
		}
		if i > 0 && e.Position <= entries[i-1].Position {
			t.Fatalf("entry %s has position %q, the one before it %q: want them to grow, compared as text", e.Key, e.Position, entries[i-1].Position)
		}
	}
}

func journalFilters(t T, r Rig) {
	var all []ticket.Entry
	for i := range 60 {
		all = append(all, ticket.Entry{Key: fmt.Sprint(i), Kind: ticket.NoteAdded, Ticket: []ticket.ID{"", "a", "b", "ab"}[i%4], Contact: []ticket.ContactID{"", "x", "y"}[i%3]})
	}
	r.write(t, func(tx ticket.Tx) { tx.Append(all...) })
	tenth := r.entries(t, ticket.JournalQuery{Limit: 10})[9].Position
	for _, q := range []ticket.JournalQuery{
		{Ticket: "a"}, {Ticket: "b", Limit: 3}, {Contact: "x"}, {Ticket: "a", Contact: "y"}, {Ticket: "ab", Contact: "x", Limit: 2},
		{Ticket: "a", After: tenth}, {Contact: "y", After: tenth, Limit: 4}, {Ticket: "b", Contact: "x", After: tenth}, {Ticket: "none"}, {Contact: "none"},
		{Ticket: "none", Contact: "x"},
	} {
		var want []string
		for i, e := range all {
			if (q.Ticket == "" || e.Ticket == q.Ticket) && (q.Contact == "" || e.Contact == q.Contact) && (q.After == "" || i >= 10) && (q.Limit == 0 || len(want) < q.Limit) {
				want = append(want, e.Key)
			}
		}
		got := r.entries(t, q)
		same(t, fmt.Sprintf("keys of %+v", q), ids(got, entryKey), want)
		ascending(t, got)
	}
}

func journalKeys(t T, r Rig) {
	stores := r.stores(t)
	r.write(t, func(tx ticket.Tx) {
		tx.Append(entry("a", "first"), entry("a", "second"))
		tx.Append(entry("a", "third"))
	})
	head := r.head(t)
	r.write(t, func(tx ticket.Tx) { tx.Append(entry("a", "fourth"), entry("b", "first")) })
	all := r.entries(t, ticket.JournalQuery{})
	same(t, "tickets of what was appended first", []string{string(all[0].Ticket), string(all[1].Ticket)}, []string{"first", "first"})
	same(t, "keys", ids(all, entryKey), []string{"a", "b"})
	same(t, "position of what was there", string(all[0].Position), string(head))
	sideBySide(t, 6, func(worker int) error {
		for i := range 20 {
			err := stores[worker%2].Update(t.Context(), brand, func(tx ticket.Tx) error {
				tx.Append(entry(fmt.Sprint("shared", i), ""))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	same(t, "number of entries after many appended the same keys", len(r.entries(t, ticket.JournalQuery{Limit: 1000})), 22)
}

// firstCommitsLast lets an Update append and then waits, within it, for another to append and commit; a Store that runs one Update at a time goes on after a
// moment.
func firstCommitsLast(t T, r Rig) {
	stores := r.stores(t)
	seen := make(map[string]bool)
	var last ticket.Position
	follow := func() {
		for _, e := range r.entries(t, ticket.JournalQuery{After: last, Limit: 1000}) {
			seen[e.Key] = true
			last = e.Position
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for round := range 5 {
		second := make(chan error, 1)
		started := false
		err := stores[0].Update(ctx, brand, func(tx ticket.Tx) error {
			tx.Append(entry(fmt.Sprint("slow", round), ""))
			if _, err := tx.Values(valueKey("something")); err != nil { // so that a Store that keeps writes back sends them
				return err
			}
			if started { // run again: the other one is under way
				return nil
			}
			started = true
			go func() {
				second <- stores[1].Update(ctx, brand, func(tx ticket.Tx) error {
					tx.Append(entry(fmt.Sprint("fast", round), ""))
					return nil
				})
			}()
			select {
			case err := <-second:
				second <- err
			case <-time.After(50 * time.Millisecond):
			}
			// What a reader sees now it takes as all there is up to there.
			return readBeside(ctx, stores[1], func(rd ticket.Reader) error {
				entries, err := rd.Journal(ticket.JournalQuery{After: last, Limit: 1000})
				for _, e := range entries {
					seen[e.Key] = true
					last = e.Position
				}
				return err
			})
		})
		if err == nil {
			err = <-second
		}
		if err != nil {
			t.Fatalf("update: %v", err)
		}
		follow()
	}
	for _, e := range r.entries(t, ticket.JournalQuery{Limit: 1000}) {
		if !seen[e.Key] {
			t.Fatalf("entry %s appeared at %q, after a reader had passed that position", e.Key, e.Position)
		}
	}
}

// readBeside views while an Update is open, and gives up after a moment where that is held up.
func readBeside(ctx context.Context, s ticket.Store, fn func(ticket.Reader) error) error {
	ctx, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	type result struct {
		err error
	}
	got := make(chan result, 1)
	var begun atomic.Bool
	go func() {
		err := s.View(ctx, brand, func(rd ticket.Reader) error {
			if !begun.CompareAndSwap(false, true) {
				return nil // given up
			}
			return fn(rd)
		})
		got <- result{err}
	}()
	select {
	case r := <-got:
		if ctx.Err() != nil {
			return nil
		}
		return r.err
	case <-ctx.Done():
		if begun.CompareAndSwap(false, true) {
			return nil
		}
		<-got // it has begun, so it ends
		return nil
	}
}

func readersFollow(t T, r Rig) {
	const writers, readers, each = 4, 3, 40
	stores := r.stores(t)
	var running atomic.Int32
	running.Store(writers)
	followed := make([][]string, readers)
	sideBySide(t, writers+readers, func(worker int) error {
		store := stores[worker%2]
		if worker < writers {
			defer running.Add(-1)
			for i := range each {
				err := store.Update(t.Context(), brand, func(tx ticket.Tx) error {
					tx.Append(entry(fmt.Sprint(worker, "/", i, "/a"), ticket.ID(fmt.Sprint(worker))))
					if i%5 == 0 {
						time.Sleep(time.Millisecond)
					}
					tx.Append(entry(fmt.Sprint(worker, "/", i, "/b"), "shared"))
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		}
		var last ticket.Position
		for {
			done := running.Load() == 0 // before reading: what was committed by then must be found
			var entries []ticket.Entry
			err := store.View(t.Context(), brand, func(rd ticket.Reader) (err error) {
				entries, err = rd.Journal(ticket.JournalQuery{After: last, Limit: 9})
				return err
			})
			if err != nil {
				return err
			}
			for _, e := range entries {
				followed[worker-writers] = append(followed[worker-writers], e.Key)
				last = e.Position
			}
			if done && len(entries) == 0 {
				return nil
			}
		}
	})
	all := r.entries(t, ticket.JournalQuery{Limit: 10 * writers * each})
	ascending(t, all)
	want := ids(all, entryKey)
	same(t, "number of entries", len(want), 2*writers*each)
	for _, got := range followed {
		if !slices.Equal(got, want) {
			t.Fatalf("a reader that followed the journal saw %d entries, now there are %d or their order is another: some appeared behind it", len(got), len(want))
		}
	}
}
