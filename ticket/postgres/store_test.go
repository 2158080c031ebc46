package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/postgres/postgrestest"
	"github.com/socialcrm/socialcrm/ticket/storetest"
)

// dsn leads to the server of all tests of this package, pooledDSN through a pooler in transaction mode; poolError says why there is none.
var (
	dsn, pooledDSN string
	poolError      error
)

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

// withServer runs the tests beside a server of their own. Where there is none, nothing can be tested; that is a failure where nothing may be skipped.
func withServer(m *testing.M) int {
	if dsn = os.Getenv(serverVariable); dsn != "" {
		return m.Run() // beside another process's server
	}
	server, err := postgrestest.Start()
	switch {
	case errors.Is(err, postgrestest.ErrMissing) && os.Getenv("SOCIALCRM_REQUIRE") == "":
		fmt.Println("skipped:", err)
		return 0
	case err != nil:
		fmt.Println(err)
		return 1
	}
	defer server.Close()
	dsn = server.DSN
	pooledDSN, poolError = server.Pool(20)
	return m.Run()
}

var schemas atomic.Int64

// newSchema names a schema that no other test uses.
func newSchema() string { return fmt.Sprint("s", schemas.Add(1)) }

// pools are shared: a test has its schema, not its connections.
func open(t storetest.T, pool *pgxpool.Pool, schema string) *Store {
	t.Helper()
	s, err := New(t.Context(), pool, &Options{Schema: schema})
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newPool(t testing.TB, more string) *pgxpool.Pool { return newPoolAt(t, dsn, more) }

func newPoolAt(t testing.TB, dsn, more string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), dsn+" "+more)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// harness opens each Store in a schema of its own. The second Store on the same data has connections of its own, as another process has.
func harness(pool, second *pgxpool.Pool, options Options) storetest.Harness {
	return storetest.Harness{Open: func(t storetest.T) storetest.Rig {
		options := options
		options.Schema = newSchema()
		open := func(t storetest.T, pool *pgxpool.Pool) *Store {
			s, err := New(t.Context(), pool, &options)
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
		s := open(t, pool)
		return storetest.Rig{
			Store:  s,
			Second: func(t storetest.T) ticket.Store { return open(t, second) },
			Reopen: func(t storetest.T) ticket.Store {
				s.Close()
				return open(t, pool)
			},
		}
	}}
}

func TestStorePassesTheKit(t *testing.T) {
	t.Parallel()
	storetest.Run(t, harness(newPool(t, "pool_max_conns=20"), newPool(t, "pool_max_conns=20"), Options{}))
}

func TestStorePassesTheKitThroughAPoolerInTransactionMode(t *testing.T) {
	t.Parallel()
	if poolError != nil && os.Getenv("SOCIALCRM_REQUIRE") == "" {
		t.Skip(poolError)
	}
	if poolError != nil {
		t.Fatal(poolError)
	}
	const unnamed = "default_query_exec_mode=exec"
	storetest.Run(t, harness(newPoolAt(t, pooledDSN, unnamed), newPoolAt(t, pooledDSN, unnamed), Options{NoListen: true}))
}
