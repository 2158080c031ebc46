package sqlite

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/internal/desktest"
)

func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	folder := desktest.SmallDisk(t, 6, "")
	var later atomic.Int64
	store, err := Open(filepath.Join(folder, "tickets.db"), &Options{Now: func() time.Time { return time.Now().Add(time.Duration(later.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	desktest.FullDisk{Folder: folder, Store: store, Later: func() { later.Store(int64(time.Hour)) }}.Run(t)
	if err := store.Check(t.Context()); err != nil {
		t.Error(err)
	}
}
