package postgres

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// TestAnUpdateThatStandsStillHoldsUpNobody: its process may be stopped, or its machine gone, while it holds the tenant's lock and a task.
func TestAnUpdateThatStandsStillHoldsUpNobody(t *testing.T) {
	t.Parallel()
	pool, schema := newPool(t, "pool_max_conns=4"), newSchema()
	s, err := New(t.Context(), pool, &Options{Schema: schema, Patience: 400 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	other := open(t, newPool(t, "pool_max_conns=4"), schema)
	update(t, s, func(tx ticket.Tx) { tx.Schedule(ticket.Task{ID: "task"}) })

	runs, stands, goOn, done := 0, make(chan bool), make(chan bool), make(chan error)
	go func() {
		done <- s.Update(t.Context(), brand, func(tx ticket.Tx) error {
			leases, err := tx.Claim(ticket.ClaimQuery{Now: time.Now()})
			if err != nil {
				return err
			}
			if _, err = tx.ListTickets(ticket.TicketQuery{}); err != nil { // takes the tenant's lock
				return err
			}
			if runs++; runs == 1 {
				stands <- true
				<-goOn
			}
			tx.PutValue(value("claimed", leases[0].ID))
			return tx.Finish(leases[0])
		})
	}()
	<-stands
	update(t, other, func(tx ticket.Tx) {
		tx.PutValue(value("other", "went on"))
		if leases, err := tx.Claim(ticket.ClaimQuery{Now: time.Now()}); err != nil || len(leases) != 0 {
			t.Errorf("while it is held the task is claimed: %v, %v", leases, err)
		}
	})
	goOn <- true
	if err := <-done; err != nil || runs != 2 {
		t.Errorf("after standing still it ran %d times: %v; want twice, and no error", runs, err)
	}
	if got := valueOf(t, s, "claimed"); got != "task" {
		t.Errorf("what it wrote is %q", got)
	}
}

// TestUpdatesOfOneTaskDoNotWaitForEachOther: one holds the tenant's lock already, since it has read a list; the other is about to commit.
func TestUpdatesOfOneTaskDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	schema := newSchema()
	pool := newPool(t, "pool_max_conns=4 application_name="+schema)
	s := open(t, pool, schema)
	update(t, s, func(tx ticket.Tx) { tx.Schedule(ticket.Task{ID: "task"}) })
	listed, second, runs := make(chan bool), make(chan bool), new(atomic.Int64)
	var both sync.WaitGroup
	both.Go(func() {
		update(t, s, func(tx ticket.Tx) {
			if _, err := tx.ListTickets(ticket.TicketQuery{}); err != nil {
				t.Error(err)
			}
			if runs.Add(1) == 1 {
				close(listed)
				<-second
			}
			tx.Schedule(ticket.Task{ID: "task", Kind: "first"})
		})
	})
	<-listed
	both.Go(func() {
		update(t, s, func(tx ticket.Tx) {
			runs.Add(1)
			tx.PutValue(value("second", ""))
			tx.Schedule(ticket.Task{ID: "task", Kind: "second"})
		})
	})
	for waits := false; !waits; time.Sleep(time.Millisecond) {
		const sql = `select exists (select from pg_locks where locktype = 'advisory' and not granted and pid in
			(select pid from pg_stat_activity where application_name = $1))`
		if err := pool.QueryRow(t.Context(), sql, schema).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	close(second)
	both.Wait()
	if n := runs.Load(); n != 2 {
		t.Errorf("they ran %d times together, want once each", n)
	}
}
