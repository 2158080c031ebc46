package storetest_test

import (
	"fmt"
	"testing"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/storetest"
)

// cached stands for a host's own Store, here one that wraps another.
type cached struct{ ticket.Store }

// This is what the test of a Store looks like.
func Example() {
	_ = func(t *testing.T) {
		storetest.Run(t, storetest.Harness{Open: func(t storetest.T) storetest.Rig {
			rig := storetest.MemoryHarness().Open(t)
			rig.Store = cached{rig.Store}
			return rig
		}})
	}
	for _, c := range storetest.Checks()[:3] {
		fmt.Println(c.Name)
	}
	// Output:
	// records come back as they were put
	// a second put replaces the whole record
	// what is missing is the zero value in its place
}
