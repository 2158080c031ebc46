package postgres

import (
	"flag"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/ticket"
)

// TestAnyHistoryKeepsEveryInvariant is the Desk's model test on a server. Each history begins in the same schema, emptied. It need not be on a disk before the next step.
func TestAnyHistoryKeepsEveryInvariant(t *testing.T) {
	t.Parallel()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		_ = f.Value.Set("20") // a server takes its time
	}
	pool, schema := newPool(t, "pool_max_conns=4 synchronous_commit=off"), newSchema()
	desktest.Model(t, func(now func() time.Time) (ticket.Store, error) {
		s, err := New(t.Context(), pool, &Options{Schema: schema, Now: now})
		if err != nil {
			return nil, err
		}
		for _, table := range []string{"tickets", "conversations", "messages", "contacts", "identities", "agents", "reservations", "small_values", "seen", "tasks", "pauses", "journal"} {
			if _, err := pool.Exec(t.Context(), "delete from "+schema+"."+table); err != nil {
				return nil, err
			}
		}
		return s, nil
	})
}
