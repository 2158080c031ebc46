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

// dsn leads to the server of all tests of this package.
var dsn string

func TestMain(m *testing.M) { os.Exit(withServer(m)) }

// withServer runs the tests beside a server of their own. Where there is none, nothing can be tested; that is a failure where nothing may be skipped.
func withServer(m *testing.M) int {
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

func newPool(t testing.TB, more string) *pgxpool.Pool {
	t.Helper()
	pool, err := pgxpool.New(context.Background(), dsn+" "+more)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func harness(pool *pgxpool.Pool) storetest.Harness {
	return storetest.Harness{Open: func(t storetest.T) storetest.Rig {
		schema := newSchema()
		s := open(t, pool, schema)
		return storetest.Rig{
			Store:  s,
			Second: func(t storetest.T) ticket.Store { return open(t, pool, schema) },
			Reopen: func(t storetest.T) ticket.Store {
				s.Close()
				return open(t, pool, schema)
			},
		}
	}}
}

func TestStorePassesTheKit(t *testing.T) {
	t.Parallel()
	storetest.Run(t, harness(newPool(t, "pool_max_conns=20")))
}
