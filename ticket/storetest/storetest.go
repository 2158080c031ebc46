// Package storetest is the conformance kit that every [ticket.Store] passes: whoever writes one tells the kit how to open it and calls [Run].
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{Open: func(t storetest.T) storetest.Rig {
//			store := open(t.TempDir())
//			t.Cleanup(func() { store.Close() })
//			return storetest.Rig{Store: store}
//		}})
//	}
//
// The comments of ticket.Store, Reader and Tx are the contract; each check holds a Store to one sentence of it. The kit never needs a Store to run two
// Updates at once, and never waits for one that it holds up itself.
package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

// T is the part of testing.TB that checks use.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
	TempDir() string
}

// Harness tells the kit how to open a Store.
type Harness struct {
	// Open returns an empty Store. It is called once for each check, and checks run side by side; t.Cleanup closes what it opens.
	Open func(t T) Rig
}

// Rig is an open Store and what the kit may do to it.
type Rig struct {
	Store ticket.Store
	// Second opens a further Store on the same data, as another process would; it is closed with t.Cleanup. Nil: there is no such thing.
	Second func(t T) ticket.Store
	// Reopen closes the Store and opens its data again. Nil: the data ends with the Store.
	Reopen func(t T) ticket.Store
	// Advance moves the Store's clock, by which leases and values expire, on by d. Nil: the kit waits for d, which it then keeps under a second.
	Advance func(d time.Duration)
}

// Check is one thing that every Store does.
type Check struct {
	// Name says what holds, in words.
	Name string
	// Run checks it on a Store of its own.
	Run func(t T, r Rig)
}

// Checks returns all checks, in the order in which to read them. Those about an ability that the Store or the Rig does not have pass without doing anything.
func Checks() []Check {
	var all []Check
	for _, part := range [][]Check{
		lookUps(), values(), atomicity(), isolation(), tasks(), leases(), queues(), capacity(), journal(), lists(), paging(), retention(), tenants(), life(),
	} {
		all = append(all, part...)
	}
	return all
}

// Run runs every check as a parallel subtest.
func Run(t *testing.T, h Harness) {
	t.Helper()
	for _, c := range Checks() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			c.Run(t, h.Open(t))
		})
	}
}

// MemoryHarness is the harness of ticket.Memory: an example, and what a host uses that wraps one.
func MemoryHarness() Harness {
	return Harness{Open: func(t T) Rig {
		clock := newClock()
		m := ticket.NewMemory(&ticket.MemoryOptions{Now: clock.now})
		t.Cleanup(func() { m.Close() })
		return Rig{Store: m, Advance: clock.advance}
	}}
}
