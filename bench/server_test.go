package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socialcrm/socialcrm/ticket/postgres"
	"github.com/socialcrm/socialcrm/ticket/postgres/postgrestest"
)

// startServer starts a PostgreSQL that keeps what it commits, with room for a measure without checkpoints. Where there is none, the measure is skipped.
func startServer(b testing.TB) *postgrestest.Server {
	b.Helper()
	server, err := postgrestest.Start("shared_buffers=1GB", "max_wal_size=16GB", "checkpoint_timeout=30min")
	if errors.Is(err, postgrestest.ErrMissing) {
		b.Skip(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(server.Close)
	return server
}

// connect returns a pool of so many connections at most. tracer may be nil.
func connect(b testing.TB, dsn string, connections int32, tracer pgx.QueryTracer) *pgxpool.Pool {
	b.Helper()
	config, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		b.Fatal(err)
	}
	config.MaxConns, config.ConnConfig.Tracer = connections, tracer
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	return pool
}

// inDatabase leads to another database of the server.
func inDatabase(dsn, name string) string {
	return strings.Replace(dsn, "dbname=postgres", "dbname="+name, 1)
}

func openStore(b testing.TB, pool *pgxpool.Pool, options *postgres.Options) *postgres.Store {
	b.Helper()
	store, err := postgres.New(context.Background(), pool, options)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { store.Close() })
	return store
}

// pgbench inserts rows of 700 bytes with two indexes, one a transaction, over 16 connections, prepared, for so long, and returns how long each transaction took. Where
// there is no pgbench, the measure is skipped.
func pgbench(b testing.TB, dsn string, d time.Duration) []time.Duration {
	b.Helper()
	program, err := exec.LookPath("pgbench")
	if err != nil {
		found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pgbench")
		if len(found) == 0 {
			b.Skip("pgbench is not installed: apt-get install postgresql-contrib")
		}
		program = found[len(found)-1]
	}
	pool := connect(b, dsn, 1, nil)
	defer pool.Close()
	_, err = pool.Exec(b.Context(), `create table if not exists pgbench_row (id bigserial primary key, key bigint not null, body text not null);
		create index if not exists pgbench_row_key on pgbench_row (key)`)
	if err != nil {
		b.Fatal(err)
	}
	folder := b.TempDir()
	script := filepath.Join(folder, "row.sql")
	if err := os.WriteFile(script, []byte("\\set key random(1, 1000000000)\ninsert into pgbench_row (key, body) values (:key, repeat('x', 684));\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	c := exec.CommandContext(b.Context(), program, "-n", "-M", "prepared", "-c", "16", "-j", "2", "-T", strconv.Itoa(int(d.Seconds())), "-f", script,
		"--log", "--log-prefix="+filepath.Join(folder, "log"), dsn)
	if out, err := c.CombinedOutput(); err != nil {
		b.Fatalf("pgbench: %v: %s", err, out)
	}
	logs, _ := filepath.Glob(filepath.Join(folder, "log*"))
	var took []time.Duration
	for _, log := range logs {
		took = append(took, latencies(b, log)...)
	}
	if len(took) == 0 {
		b.Fatal("pgbench logged nothing")
	}
	return took
}

// latencies reads a log of pgbench: the third number of a line is the time that a transaction took, in microseconds.
func latencies(b testing.TB, log string) (took []time.Duration) {
	b.Helper()
	f, err := os.Open(log)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 3 {
			b.Fatalf("pgbench logged %q", lines.Text())
		}
		us, err := strconv.Atoi(fields[2])
		if err != nil {
			b.Fatal(fmt.Errorf("pgbench logged %q: %w", lines.Text(), err))
		}
		took = append(took, time.Duration(us)*time.Microsecond)
	}
	return took
}

// p99 is the time within which 99 of 100 were done.
func p99(took []time.Duration) time.Duration {
	slices.Sort(took)
	return took[len(took)*99/100]
}
