package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/postgres/postgrestest"
)

// TestAServerThatStopsAndStartsAgainLosesNothingAndDoublesNothing keeps Updates coming while the server is stopped in order, crashes, and cuts connections.
// Whoever gets an error tries again with the same event, as platforms do.
func TestAServerThatStopsAndStartsAgainLosesNothingAndDoublesNothing(t *testing.T) {
	t.Parallel()
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s, err := Open(t.Context(), server.DSN+" pool_max_conns=8", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	wakes := s.Wakes(t.Context(), brand)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var next, acknowledged, refused atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for ctx.Err() == nil {
				event := ticket.EventKey{Key: fmt.Sprint(next.Add(1))}
				for {
					err := s.Update(context.WithoutCancel(ctx), brand, func(tx ticket.Tx) error {
						seen, err := tx.Seen(event)
						if err != nil || seen[0] {
							return err
						}
						tx.MarkSeen(event)
						tx.Append(ticket.Entry{Key: "one of " + event.Key})
						values, err := tx.Values(key("count of " + event.Key))
						if err != nil {
							return err
						}
						tx.PutValue(value("count of "+event.Key, string(values[0].Data)+"1"))
						return nil
					})
					if err == nil {
						acknowledged.Add(1)
						break
					}
					if !errors.Is(err, ticket.ErrUnavailable) {
						t.Errorf("the error is %v, want ErrUnavailable", err)
					}
					refused.Add(1)
					time.Sleep(50 * time.Millisecond)
				}
			}
		})
	}
	progress := func(what string) {
		t.Helper()
		before := acknowledged.Load()
		for begun := time.Now(); acknowledged.Load() < before+20; time.Sleep(10 * time.Millisecond) {
			if time.Since(begun) > time.Minute {
				t.Fatalf("%s: nothing goes on", what)
			}
		}
	}
	progress("at first")
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"stopped", func() error { return errors.Join(server.Stop(), pause(), server.Start()) }},
		{"crashed", func() error { return errors.Join(server.Kill(), pause(), server.Start()) }},
		{"connections cut", func() error {
			_, err := s.pool.Exec(t.Context(), "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname = 'postgres'")
			return err
		}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.what, err)
		}
		progress(step.what)
	}
	cancel()
	all.Wait()
	if refused.Load() == 0 {
		t.Error("nobody was refused: the server was never away")
	}
	found := make(map[string]bool)
	after := ticket.Position("")
	for entries := journal(t, s, after); len(entries) > 0; entries = journal(t, s, after) {
		for _, e := range entries {
			found[e.Key] = true
			after = e.Position
		}
	}
	for i := int64(1); i <= acknowledged.Load(); i++ {
		if n := valueOf(t, s, fmt.Sprint("count of ", i)); n != "1" || !found[fmt.Sprint("one of ", i)] {
			t.Errorf("event %d is there %q times, its entry %t; want once", i, n, found[fmt.Sprint("one of ", i)])
		}
	}
	// Whoever listens hears again what another process does.
	other, err := Open(t.Context(), server.DSN, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for len(wakes) > 0 {
		<-wakes
	}
	update(t, other, func(tx ticket.Tx) { tx.Schedule(ticket.Task{ID: "task"}) })
	select {
	case <-wakes:
	case <-time.After(20 * time.Second):
		t.Error("nobody was woken after the outage")
	}
}

// pause is how long the server is away.
func pause() error {
	time.Sleep(2 * time.Second)
	return nil
}

func TestAThousandIdleTenantsAskNothing(t *testing.T) {
	t.Parallel()
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	s, err := Open(t.Context(), server.DSN+" pool_max_conns=4", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for i := range 1000 {
		s.Wakes(t.Context(), fmt.Sprint("tenant", i))
	}
	time.Sleep(time.Second)
	sessions, transactions := activity(t, s)
	if sessions > 5 {
		t.Errorf("%d connections, want four of the pool and one that listens at most", sessions)
	}
	time.Sleep(2 * time.Second)
	if _, now := activity(t, s); now-transactions > 6 { // this look at it, and what the server does for itself
		t.Errorf("%d transactions while nothing happened", now-transactions)
	}
}

// activity is how many clients are connected, and how many transactions the database has ended.
func activity(t *testing.T, s *Store) (sessions, transactions int64) {
	t.Helper()
	err := s.pool.QueryRow(t.Context(), `select (select count(*) from pg_stat_activity where backend_type = 'client backend'),
		(select xact_commit + xact_rollback from pg_stat_database where datname = current_database())`).Scan(&sessions, &transactions)
	if err != nil {
		t.Fatal(err)
	}
	return sessions, transactions
}
