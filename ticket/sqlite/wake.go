package sqlite

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// pollEvery is how often to look whether another connection has committed: another process, or a host's transaction.
const pollEvery = 250 * time.Millisecond

// wakes is who wants to hear of commits.
type wakes struct {
	mu       sync.Mutex
	channels map[string]map[chan struct{}]struct{} // by tenant
	stop     context.CancelFunc                    // ends the polling
	done     chan struct{}
	closed   bool
}

// Wakes implements ticket.Waker: at once for what this Store commits, within a quarter of a second for what others do. While somebody listens, one
// goroutine asks SQLite four times a second whether the file has changed.
func (s *Store) Wakes(ctx context.Context, tenant string) <-chan struct{} {
	wake := make(chan struct{}, 1)
	w := &s.wakes
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.channels == nil {
		w.channels = make(map[string]map[chan struct{}]struct{})
	}
	if w.channels[tenant] == nil {
		w.channels[tenant] = make(map[chan struct{}]struct{})
	}
	w.channels[tenant][wake] = struct{}{}
	if w.stop == nil && !w.closed {
		var polling context.Context
		polling, w.stop = context.WithCancel(context.Background())
		w.done = make(chan struct{})
		go s.poll(polling, w.done)
	}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.channels[tenant], wake)
		if len(w.channels[tenant]) == 0 {
			delete(w.channels, tenant)
		}
		close(wake)
	})
	return wake
}

// signal leaves a value in each channel of the tenant that has none.
func (w *wakes) signal(tenant string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for wake := range w.channels[tenant] {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

func (w *wakes) close() {
	w.mu.Lock()
	w.closed = true
	stop, done := w.stop, w.done
	w.mu.Unlock()
	if stop != nil {
		stop()
		<-done
	}
}

// poll looks for commits of others until ctx ends. It has a connection of its own, since SQLite tells of changes by connection.
func (s *Store) poll(ctx context.Context, done chan struct{}) {
	defer close(done)
	t := time.NewTicker(pollEvery)
	defer t.Stop()
	var on *session
	defer func() {
		if on != nil {
			on.disconnect()
		}
	}()
	version, seen := int64(0), make(map[string]int64)
	for {
		var err error
		if on == nil {
			on, err = s.connect(ctx)
		}
		if err == nil {
			version, err = s.look(on, version, seen)
		}
		if err != nil && on != nil { // try a fresh one next time
			on.disconnect()
			on, version = nil, 0
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// look wakes the tenants whose counter has grown since it was seen last, and at the beginning all: whoever asks to be woken may have looked just before.
func (s *Store) look(on *session, version int64, seen map[string]int64) (int64, error) {
	now, err := on.number(`PRAGMA data_version`)
	if err != nil || now == version {
		return version, err
	}
	err = on.each(func(rows *sql.Rows) error {
		var name string
		var count int64
		if err := rows.Scan(&name, &count); err != nil {
			return err
		}
		if was, known := seen[name]; !known || was != count {
			seen[name] = count
			s.wakes.signal(name)
		}
		return nil
	}, `SELECT name, wakes FROM socialcrm_tenant`)
	return now, err
}
