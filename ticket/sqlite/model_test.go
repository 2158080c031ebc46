package sqlite

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/ticket"
)

// TestAnyHistoryKeepsEveryInvariant is the Desk's model test on a file.
func TestAnyHistoryKeepsEveryInvariant(t *testing.T) {
	t.Parallel()
	desktest.Model(t, func(now func() time.Time) (ticket.Store, error) {
		return Open(filepath.Join(t.TempDir(), "tickets.db"), &Options{Now: now, Durability: Normal})
	})
}
