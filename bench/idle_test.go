package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket/postgres"
)

// questions counts what goes to the server: statements on their own, and batches.
type questions struct{ n atomic.Int64 }

func (q *questions) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	q.n.Add(1)
	return ctx
}

func (q *questions) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (q *questions) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	q.n.Add(1)
	return ctx
}

func (q *questions) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (q *questions) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// idle runs so many Desks of different tenants on one pool until they have nothing to do, and returns how often the server was asked something in a while, and how many
// connections there are.
func idle(b testing.TB, desks int, while time.Duration) (asked int64, connections int) {
	b.Helper()
	server := startServer(b)
	count := new(questions)
	pool := connect(b, server.DSN, 8, count)
	store := openStore(b, pool, &postgres.Options{})
	ctx, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	var next atomic.Int64
	var opening sync.WaitGroup
	for range 8 {
		opening.Go(func() {
			for n := next.Add(1); n <= int64(desks); n = next.Add(1) {
				shop := openShop(b, store, fmt.Sprint("tenant", n))
				all.Go(func() {
					if err := shop.Run(ctx); err != nil {
						b.Error(err)
					}
				})
			}
		})
	}
	opening.Wait()
	for before := int64(-1); before != count.n.Load(); time.Sleep(6 * time.Second) { // they put their first tasks, and the Store looks for missed ones every five seconds
		before = count.n.Load()
	}
	before := count.n.Load()
	time.Sleep(while)
	asked = count.n.Load() - before
	if err := pool.QueryRow(ctx, "select count(*) from pg_stat_activity where backend_type = 'client backend'").Scan(&connections); err != nil {
		b.Fatal(err)
	}
	return asked, connections
}

// BenchmarkIdleDesks runs a thousand Desks of different tenants that have nothing to do on one pool of eight connections, and counts what they ask in 20 seconds.
func BenchmarkIdleDesks(b *testing.B) {
	const desks, while = 1000, 20 * time.Second
	var asked int64
	var connections int
	for b.Loop() {
		n, connected := idle(b, desks, while)
		asked, connections = asked+n, max(connections, connected)
		if n > int64(while/time.Second) || connected > 9 {
			b.Errorf("%d idle Desks asked %d times in %v, over %d connections; want what their Store asks for all of them, over those of the pool and one that listens", desks, n, while, connected)
		}
	}
	b.ReportMetric(float64(asked)/float64(b.N), "questions")
	b.ReportMetric(float64(connections), "connections")
}
