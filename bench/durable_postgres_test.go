package bench

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// journeys remembers what goes to the server, in order: each batch is one journey there and back. One Desk's arrivals come one group after the other.
type journeys struct {
	mu      sync.Mutex
	batches [][]*pgx.QueuedQuery
}

func (j *journeys) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.batches = append(j.batches, data.Batch.QueuedQueries)
	return ctx
}

func (j *journeys) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (j *journeys) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (j *journeys) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (j *journeys) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// take returns what came since the last time.
func (j *journeys) take() [][]*pgx.QueuedQuery {
	j.mu.Lock()
	defer j.mu.Unlock()
	batches := j.batches
	j.batches = nil
	return batches
}

// repeat makes the journeys again and returns how long they took.
func repeat(b testing.TB, conn *pgx.Conn, batches [][]*pgx.QueuedQuery) time.Duration {
	b.Helper()
	begun := time.Now()
	for _, queries := range batches {
		if strings.HasPrefix(queries[0].SQL, "begin") && conn.PgConn().TxStatus() != 'I' { // the end of a View is no batch
			if _, err := conn.Exec(context.Background(), "rollback"); err != nil {
				b.Fatal(err)
			}
		}
		batch := new(pgx.Batch)
		for _, q := range queries {
			batch.Queue(q.SQL, q.Arguments...)
		}
		if err := conn.SendBatch(context.Background(), batch).Close(); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(begun)
}

// repeatAt makes journeys again in a database with empty tables, and returns how long those took that are measured.
func repeatAt(b testing.TB, config *pgx.ConnConfig, before, measured [][]*pgx.QueuedQuery) time.Duration {
	b.Helper()
	ctx := context.Background()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close(ctx)
	// The versions of rows are others here: they are compared all the same, but that they differ ends nothing.
	const require = `create or replace function socialcrm.require(holds boolean) returns void language plpgsql as $$ begin if holds is not true then return; end if; end $$`
	if _, err := conn.Exec(ctx, require); err != nil {
		b.Fatal(err)
	}
	repeat(b, conn, before)
	return repeat(b, conn, measured)
}

// BenchmarkDurableIngestPostgres is BenchmarkDurableIngest on PostgreSQL: the same statements go out again in the same journeys, to a database that is like the
// Desk's was.
func BenchmarkDurableIngestPostgres(b *testing.B) {
	const senders, messages, warm = 64, 4000, 1000
	server := startServer(b)
	count := 0
	var desks, bare time.Duration
	for b.Loop() {
		admin := connect(b, server.DSN, 1, nil)
		for _, database := range []string{"desk", "bare"} {
			for _, sql := range []string{"drop database if exists " + database, "create database " + database} {
				if _, err := admin.Exec(b.Context(), sql); err != nil {
					b.Fatal(err)
				}
			}
		}
		admin.Close()
		went := new(journeys)
		pool := connect(b, inDatabase(server.DSN, "desk"), 16, went)
		store := openStore(b, pool, nil)
		shop := openShop(b, store, "")
		shop.ingest(b, senders, 0, warm, over(500))
		before := went.take()
		desks += shop.ingest(b, senders, warm, warm+messages, over(500))
		measured := went.take()
		store.Close()
		pool.Close()

		again := connect(b, inDatabase(server.DSN, "bare"), 1, nil)
		openStore(b, again, nil).Close() // for its tables
		again.Close()
		bare += repeatAt(b, again.Config().ConnConfig, before, measured)
		count += messages
	}
	b.ReportMetric(float64(count)/desks.Seconds(), "messages/s")
	b.ReportMetric(float64(count)/bare.Seconds(), "bare-messages/s")
	b.ReportMetric(bare.Seconds()/desks.Seconds(), "share")
}
