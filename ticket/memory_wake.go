package ticket

import (
	"context"
	"sync"
)

// memoryWakes is who wants to hear of commits of a tenant.
type memoryWakes struct {
	mu       sync.Mutex
	channels map[chan struct{}]struct{}
}

// Wakes implements Waker. Where ctx cannot end, the channel is kept as long as the Store.
func (m *Memory) Wakes(ctx context.Context, tenant string) <-chan struct{} {
	wake := make(chan struct{}, 1)
	t, err := m.tenant(tenant)
	if err != nil { // closed: nothing will be signalled
		context.AfterFunc(ctx, func() { close(wake) })
		return wake
	}
	t.wakes.mu.Lock()
	if t.wakes.channels == nil {
		t.wakes.channels = make(map[chan struct{}]struct{})
	}
	t.wakes.channels[wake] = struct{}{}
	t.wakes.mu.Unlock()
	context.AfterFunc(ctx, func() {
		t.wakes.mu.Lock()
		defer t.wakes.mu.Unlock()
		delete(t.wakes.channels, wake)
		close(wake)
	})
	return wake
}

// signal leaves a value in each channel that has none.
func (w *memoryWakes) signal() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for wake := range w.channels {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}
