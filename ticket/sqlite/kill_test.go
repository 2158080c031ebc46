package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestKilledAtAnyMomentNothingIsLostOrDoneTwice(t *testing.T) {
	desktest.Kill(t, desktest.Killing{
		Address: filepath.Join(t.TempDir(), "tickets.db"),
		Open:    func(path string, now func() time.Time) (ticket.Store, error) { return Open(path, &Options{Now: now}) },
	})
}
