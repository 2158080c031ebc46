package postgres

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/ticket/postgres/postgrestest"
)

// TestAFullDiskLosesNothing keeps the tables on a disk that becomes full, and the server's log of changes on another: without room for that, the server stops and starts
// again, which TestAServerThatStopsAndStartsAgainLosesNothingAndDoublesNothing is about.
func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	folder := desktest.SmallDisk(t, 8, "postgres") // whom the server runs as where the test runs as root
	server, err := postgrestest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	if _, err := newPoolAt(t, server.DSN, "").Exec(t.Context(), "create tablespace small location '"+folder+"'"); err != nil {
		t.Fatal(err)
	}
	var later atomic.Int64
	store, err := Open(t.Context(), server.DSN+" default_tablespace=small", &Options{Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	desktest.FullDisk{Folder: folder, Store: store, Later: func() { later.Store(int64(time.Hour)) }}.Run(t)
}
