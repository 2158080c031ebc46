package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/socialcrm/socialcrm/ticket"
)

func isolation() []Check {
	return []Check{
		{"Updates side by side lose nothing", lostUpdates},
		{"Updates side by side do not both rely on what the other changes", writeSkew},
		{"a View sees one moment", readSkew},
		{"redeliveries side by side are new exactly once", redeliveries},
	}
}

// sideBySide runs fn in so many goroutines and reports the first error.
func sideBySide(t T, n int, fn func(worker int) error) {
	t.Helper()
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("side by side: %v", err)
	}
}

// stores returns the Store and, where there is one, a second on the same data.
func (r Rig) stores(t T) []ticket.Store {
	t.Helper()
	if r.Second == nil {
		return []ticket.Store{r.Store, r.Store}
	}
	return []ticket.Store{r.Store, r.Second(t)}
}

func lostUpdates(t T, r Rig) {
	const workers, rounds = 8, 20
	stores := r.stores(t)
	sideBySide(t, workers, func(worker int) error {
		for range rounds {
			err := stores[worker%2].Update(t.Context(), brand, func(tx ticket.Tx) error {
				values, err := tx.Values(valueKey("counter"))
				if err != nil {
					return err
				}
				n, _ := strconv.Atoi(string(values[0].Data))
				tx.PutValue(value("counter", strconv.Itoa(n+1)))
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	got := read(t, r, func(rd ticket.Reader) ([]ticket.Value, error) { return rd.Values(valueKey("counter")) })
	same(t, "counter", string(got[0].Data), strconv.Itoa(workers*rounds))
}

// writeSkew lets each of two agents leave only while the other is there.
func writeSkew(t T, r Rig) {
	stores := r.stores(t)
	for round := range 10 {
		names := []string{fmt.Sprint("a", round), fmt.Sprint("b", round)}
		r.write(t, func(tx ticket.Tx) {
			tx.PutValue(value(names[0], "there"))
			tx.PutValue(value(names[1], "there"))
		})
		sideBySide(t, 2, func(worker int) error {
			return stores[worker].Update(t.Context(), brand, func(tx ticket.Tx) error {
				other, err := tx.Values(valueKey(names[1-worker]))
				if err == nil && string(other[0].Data) == "there" {
					tx.PutValue(value(names[worker], "gone"))
				}
				return err
			})
		})
		got := read(t, r, func(rd ticket.Reader) ([]ticket.Value, error) {
			return rd.Values(valueKey(names[0]), valueKey(names[1]))
		})
		if string(got[0].Data) == "gone" && string(got[1].Data) == "gone" {
			t.Fatalf("both have left, each because the other was there: the Updates do not behave as if one came after the other")
		}
	}
}

func readSkew(t T, r Rig) {
	stores := r.stores(t)
	var done atomic.Bool
	put := func(n int) error {
		return stores[0].Update(t.Context(), brand, func(tx ticket.Tx) error {
			tx.PutValue(value("a", strconv.Itoa(n)))
			tx.PutTicket(ticket.Ticket{ID: "t", Version: int64(n), Status: []ticket.Status{ticket.Open, ticket.Solved}[n%2]})
			tx.PutValue(value("b", strconv.Itoa(n)))
			return nil
		})
	}
	if err := put(0); err != nil {
		t.Fatalf("update: %v", err)
	}
	sideBySide(t, 4, func(worker int) error {
		if worker == 0 {
			defer done.Store(true)
			for n := range 60 {
				if err := put(n + 1); err != nil {
					return err
				}
			}
			return nil
		}
		for last := false; !last; { // one View at least begins after the last Update
			last = done.Load()
			err := stores[worker%2].View(t.Context(), brand, func(rd ticket.Reader) error {
				a, err := rd.Values(valueKey("a"))
				if err != nil {
					return err
				}
				tickets, err := rd.Tickets("t")
				if err != nil {
					return err
				}
				solved, err := rd.ListTickets(ticket.TicketQuery{Statuses: []ticket.Status{ticket.Solved}})
				if err != nil {
					return err
				}
				b, err := rd.Values(valueKey("b"))
				if err != nil {
					return err
				}
				x, y, version := string(a[0].Data), string(b[0].Data), tickets[0].Version
				if x != y || x != strconv.FormatInt(version, 10) || len(solved.Items) != int(version%2) {
					return fmt.Errorf("a View sees parts of several Updates: %s, %d, %s, %d solved", x, version, y, len(solved.Items))
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func redeliveries(t T, r Rig) {
	const workers, events = 8, 30
	stores := r.stores(t)
	var fresh [events]atomic.Int32
	sideBySide(t, workers, func(worker int) error {
		for i := range events {
			key := ticket.EventKey{Account: account("1"), Key: fmt.Sprint("event ", i)}
			var seen []bool
			err := stores[worker%2].Update(t.Context(), brand, func(tx ticket.Tx) (err error) {
				if seen, err = tx.Seen(key); err != nil {
					return err
				}
				tx.MarkSeen(key)
				return nil
			})
			if err != nil {
				return err
			}
			if !seen[0] {
				fresh[i].Add(1)
			}
		}
		return nil
	})
	for i := range fresh {
		if n := fresh[i].Load(); n != 1 {
			t.Fatalf("event %d was new to %d of %d deliveries, want 1", i, n, workers)
		}
	}
	own := inTx(t, r, func(tx ticket.Tx) ([]bool, error) {
		tx.MarkSeen(ticket.EventKey{Key: "own"}, ticket.EventKey{Key: "own"})
		return tx.Seen(ticket.EventKey{Key: "own"})
	})
	same(t, "seen in the Tx that marked it", own, []bool{true})
}
