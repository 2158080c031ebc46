package sqlite

import (
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/storetest"
)

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func TestStorePassesTheKit(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{Open: func(t storetest.T) storetest.Rig {
		c := newClock()
		path := filepath.Join(t.TempDir(), "tickets.db")
		open := func() *Store {
			s, err := Open(path, &Options{Now: c.now})
			if err != nil {
				t.Fatalf("%v", err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
		first := open()
		return storetest.Rig{
			Store: first, Advance: c.advance,
			Second: func(storetest.T) ticket.Store { return open() },
			Reopen: func(storetest.T) ticket.Store {
				if err := first.Close(); err != nil {
					t.Errorf("close: %v", err)
				}
				return open()
			},
		}
	}})
}
