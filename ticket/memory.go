package ticket

import (
	"context"
	"sync"
	"time"
)

// Memory is a Store that keeps everything in memory: for tests, for replays, and for trying things out. What it holds is gone when the program ends. It is also
// a Waker, a Searcher and a Pruner. The zero value is an empty Store that is ready for use; it must not be copied after that.
//
// All methods may be called from several goroutines. Updates of one tenant run one after the other; Views run beside them and beside each other, and an Update
// waits for the Views of its tenant only while it commits. Lists and look-ups cost about the same whatever is stored; Search reads everything.
//
// A function given to Update or View that itself calls Update or View of the same tenant may wait for itself forever: use the Tx or Reader at hand.
type Memory struct {
	now func() time.Time

	mu      sync.Mutex
	tenants map[string]*memoryTenant
	closed  bool
}

var (
	_ Store    = (*Memory)(nil)
	_ Waker    = (*Memory)(nil)
	_ Searcher = (*Memory)(nil)
	_ Pruner   = (*Memory)(nil)
)

// MemoryOptions are the options of NewMemory.
type MemoryOptions struct {
	// Now is the Store's clock: leases and values expire by it. Nil: time.Now.
	Now func() time.Time
}

// NewMemory returns an empty Memory; options may be nil.
func NewMemory(options *MemoryOptions) *Memory {
	m := new(Memory)
	if options != nil {
		m.now = options.Now
	}
	return m
}

// memoryTenant is what is stored for one tenant.
type memoryTenant struct {
	now func() time.Time

	// writer is held for the whole of an Update: only its holder reads without state, and only it changes anything.
	writer chan struct{}
	// state is held for reading by Views and for writing while a commit is applied, so that a commit is seen as a whole or not at all.
	state sync.RWMutex

	tickets       memoryTickets
	messages      memoryMessages
	conversations map[string]string // packed by packed key; so are contacts and identities
	contacts      map[string]string
	identities    map[string]string
	agents        memoryAgents
	values        memoryValues
	seen          map[string]struct{}
	journal       memoryJournal
	tasks         memoryTasks

	pending pending
	wakes   memoryWakes
}

func newMemoryTenant(now func() time.Time) *memoryTenant {
	t := &memoryTenant{
		now: now, writer: make(chan struct{}, 1),
		conversations: make(map[string]string), contacts: make(map[string]string), identities: make(map[string]string),
		seen: make(map[string]struct{}),
	}
	t.pending.init()
	t.tickets.init()
	t.messages.init()
	t.agents.init()
	t.values.init()
	t.journal.init()
	t.tasks.init()
	return t
}

func (m *Memory) tenant(name string) (*memoryTenant, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, ErrClosed
	}
	t := m.tenants[name]
	if t == nil {
		if m.tenants == nil {
			m.tenants = make(map[string]*memoryTenant)
		}
		if m.now == nil {
			m.now = time.Now
		}
		t = newMemoryTenant(m.now)
		m.tenants[name] = t
	}
	return t, nil
}

// Update implements Store. It runs fn once. Once fn has begun, the end of ctx no longer prevents the commit.
func (m *Memory) Update(ctx context.Context, tenant string, fn func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := m.tenant(tenant)
	if err != nil {
		return err
	}
	select {
	case t.writer <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-t.writer }()
	tx := &memoryTx{memoryReader{tenant: t, pending: &t.pending, packer: packer{buf: t.pending.keys}}}
	defer tx.end()
	if err := fn(tx); err != nil {
		return err
	}
	t.commit()
	return nil
}

// View implements Store.
func (m *Memory) View(ctx context.Context, tenant string, fn func(Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := m.tenant(tenant)
	if err != nil {
		return err
	}
	t.state.RLock()
	defer t.state.RUnlock()
	r := &memoryReader{tenant: t}
	defer r.end()
	return fn(r)
}

// Close implements Store; it always returns nil. What is running then is completed.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.tenants = true, nil
	return nil
}

// commit applies what the Update wrote, all at once.
func (t *memoryTenant) commit() {
	if t.pending.empty() {
		return
	}
	t.state.Lock()
	wake := t.apply()
	t.state.Unlock()
	if wake {
		t.wakes.signal()
	}
}
