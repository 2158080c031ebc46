package desktest

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// TestAnyHistoryKeepsEveryInvariant is the model test on the Store in memory; the other Stores have the same.
func TestAnyHistoryKeepsEveryInvariant(t *testing.T) {
	t.Parallel()
	Model(t, func(now func() time.Time) (ticket.Store, error) {
		return ticket.NewMemory(&ticket.MemoryOptions{Now: now}), nil
	})
}
