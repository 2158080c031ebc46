package postgres

import (
	"os"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/ticket"
)

// serverVariable tells a process that a test starts where the server is.
const serverVariable = "SOCIALCRM_POSTGRES_TEST"

// TestAProcessThatIsKilledLosesNothingAndDoublesNothing kills the Desk's process; the server lives on and rolls back what was under way.
func TestAProcessThatIsKilledLosesNothingAndDoublesNothing(t *testing.T) {
	t.Setenv(serverVariable, dsn)
	desktest.Kill(t, desktest.Killing{
		Address: newSchema(),
		Open: func(schema string, now func() time.Time) (ticket.Store, error) {
			pool := newPoolAt(t, os.Getenv(serverVariable), "pool_max_conns=8")
			return New(t.Context(), pool, &Options{Schema: schema, Now: now})
		},
	})
}
