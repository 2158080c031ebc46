package postgres

import (
	"os"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/ticket"
)

// TestWhereverOneOfSeveralProcessesIsHaltedTheOthersGoOn kills and stops processes that share the server.
func TestWhereverOneOfSeveralProcessesIsHaltedTheOthersGoOn(t *testing.T) {
	t.Setenv(serverVariable, dsn)
	desktest.Halt(t, desktest.Halting{
		Address: newSchema(),
		Open: func(schema string) (ticket.Store, error) {
			pool := newPoolAt(t, os.Getenv(serverVariable), "pool_max_conns=8")
			return New(t.Context(), pool, &Options{Schema: schema, Patience: 2 * time.Second})
		},
	})
}
