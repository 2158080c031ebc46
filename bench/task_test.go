package bench

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/postgres"
)

// noOp is River's task that does nothing.
type noOp struct{}

func (noOp) Kind() string { return "no_op" }

// worked counts what River's workers were given.
type worked struct {
	river.WorkerDefaults[noOp]
	left atomic.Int64
	all  chan struct{}
}

func (w *worked) Work(context.Context, *river.Job[noOp]) error {
	if w.left.Add(-1) == 0 {
		close(w.all)
	}
	return nil
}

// byRiver puts tasks into River, lets it work on all of them, at the settings that its own benchmark has, and returns how long it took until all were finished.
func byRiver(b testing.TB, dsn string, tasks int) time.Duration {
	b.Helper()
	ctx := context.Background()
	pool := connect(b, dsn, 16, nil)
	defer pool.Close()
	driver := riverpgxv5.New(pool)
	migrator, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		b.Fatal(err)
	}
	work := &worked{all: make(chan struct{})}
	work.left.Store(int64(tasks))
	workers := river.NewWorkers()
	river.AddWorker(workers, work)
	client, err := river.NewClient(driver, &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 2000}}, FetchCooldown: 2 * time.Millisecond, FetchPollInterval: 20 * time.Millisecond,
		Workers: workers, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		b.Fatal(err)
	}
	for put := 0; put < tasks; put += 5000 {
		list := make([]river.InsertManyParams, min(5000, tasks-put))
		for i := range list {
			list[i].Args = noOp{}
		}
		if _, err := client.InsertManyFast(ctx, list); err != nil {
			b.Fatal(err)
		}
	}
	begun := time.Now()
	if err := client.Start(ctx); err != nil {
		b.Fatal(err)
	}
	<-work.all
	if err := client.Stop(ctx); err != nil { // which waits until the last is finished
		b.Fatal(err)
	}
	took := time.Since(begun)
	var open int
	if err := pool.QueryRow(ctx, "select count(*) from river_job where state <> 'completed'").Scan(&open); err != nil || open > 0 {
		b.Fatalf("River left %d tasks open: %v", open, err)
	}
	return took
}

// byStore puts tasks into the Store, and claims and finishes all of them from a few goroutines, many in one Update: what was claimed before is finished with the
// next claim. Each task is started in a goroutine of its own, as River does.
func byStore(b testing.TB, s *postgres.Store, tasks int) time.Duration {
	b.Helper()
	const claimers, most = 2, 1000
	ctx, now := context.Background(), time.Now()
	for put := 0; put < tasks; put += 5000 {
		err := s.Update(ctx, "", func(tx ticket.Tx) error {
			for i := put; i < min(put+5000, tasks); i++ {
				tx.Schedule(ticket.Task{ID: fmt.Sprint("task", i), Kind: "no-op", Queue: "default", Due: now})
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	var worked atomic.Int64
	begun := time.Now()
	var all sync.WaitGroup
	for range claimers {
		all.Go(func() {
			for claimed := []ticket.Lease(nil); ; {
				var leases []ticket.Lease
				ids := make([]string, len(claimed))
				for i, l := range claimed {
					ids[i] = l.ID
				}
				err := s.Update(ctx, "", func(tx ticket.Tx) (err error) {
					if _, err := tx.Tasks(ids...); err != nil { // read together, not one by one
						return err
					}
					for _, l := range claimed {
						if err := tx.Finish(l); err != nil {
							return err
						}
					}
					leases, err = tx.Claim(ticket.ClaimQuery{Now: time.Now(), Limit: most})
					return err
				})
				if err != nil {
					b.Error(err)
					return
				}
				if claimed = leases; len(claimed) == 0 {
					return
				}
				var running sync.WaitGroup
				for range claimed {
					running.Go(func() { worked.Add(1) })
				}
				running.Wait()
			}
		})
	}
	all.Wait()
	took := time.Since(begun)
	if n := worked.Load(); n != int64(tasks) {
		b.Fatalf("%d tasks were worked on, want %d", n, tasks)
	}
	err := s.View(ctx, "", func(r ticket.Reader) error {
		left, err := r.ListTasks(ticket.TaskQuery{})
		if err == nil && len(left.Items) > 0 {
			err = fmt.Errorf("%d tasks are left", len(left.Items))
		}
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return took
}

// BenchmarkTasks claims and finishes tasks that do nothing, in the Store and in River on the same server. "ratio" is how many times as fast as River the Store is.
func BenchmarkTasks(b *testing.B) {
	const tasks = 30_000
	server := startServer(b)
	store := openStore(b, connect(b, server.DSN, 16, nil), nil)
	var ours, rivers time.Duration
	count := 0
	for b.Loop() {
		rivers += byRiver(b, server.DSN, tasks)
		ours += byStore(b, store, tasks)
		count += tasks
	}
	b.ReportMetric(float64(count)/ours.Seconds(), "tasks/s")
	b.ReportMetric(float64(count)/rivers.Seconds(), "river-tasks/s")
	b.ReportMetric(rivers.Seconds()/ours.Seconds(), "ratio")
}
