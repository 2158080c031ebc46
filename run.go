package socialcrm

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// Run works until ctx ends: it polls, streams, sends, syncs and watches deadlines, Config.Workers tasks side by side. On the way out it lets what is
// under way end and be recorded, and leaves no goroutine behind. It returns nil when ctx ended, and ErrInvalid at once when Config.Now is set or the Desk
// runs already.
func (d *Desk) Run(ctx context.Context) error {
	if d.cfg.Now != nil {
		return fmt.Errorf("socialcrm: run: %w", errNoClock)
	}
	d.mu.Lock()
	if d.running {
		d.mu.Unlock()
		return fmt.Errorf("socialcrm: run: the desk runs already: %w", ErrInvalid)
	}
	d.running = true
	sources := slices.Collect(maps.Keys(d.sources))
	d.mu.Unlock()

	var all sync.WaitGroup
	startStream := func(name string) {
		d.mu.Lock()
		defer d.mu.Unlock()
		if before := d.streams[name]; before != nil {
			before()
			delete(d.streams, name)
		}
		if streamer, ok := d.sources[name].(channel.Streamer); ok { // what it is by now: it may have been replaced or removed since
			own, stop := context.WithCancel(ctx)
			d.streams[name] = stop
			all.Go(func() { d.stream(own, streamer) })
		}
	}
	for _, name := range sources {
		startStream(name)
	}
	wakes := d.wakes(ctx)
	followed, behind := time.Time{}, false     // when agents were read last, and whether something was written since
	free := make(chan struct{}, d.cfg.Workers) // one value for each idle worker
	ended := make(chan struct{}, 1)            // a task ended, so that the next of its key may be claimed
	for range d.cfg.Workers {
		free <- struct{}{}
	}
	for attempt := 0; ctx.Err() == nil; {
		select {
		case name := <-d.added:
			startStream(name)
			continue
		case <-ctx.Done():
			continue
		case <-free:
		}
		back := d.steppedBack()
		idle := 1 + takeAll(free) // a task for each of them in one go
		leases, err := d.claim(ctx, idle, back)
		if err != nil {
			leases = nil // nothing of what failed was committed
		}
		for _, lease := range leases {
			attempt = 0
			all.Go(func() {
				defer func() {
					free <- struct{}{}
					select {
					case ended <- struct{}{}:
					default:
					}
				}()
				if err := d.do(ctx, lease); err != nil {
					if err = errors.Join(err, d.putBack(ctx, lease)); ctx.Err() == nil {
						d.log.Error("task not done; it is tried again when its lease ends", "task", lease.ID, "error", err)
					}
				}
			})
		}
		if len(leases) == idle {
			continue
		}
		for range idle - len(leases) {
			free <- struct{}{}
		}
		if behind && d.now().Sub(followed) >= followEvery {
			behind, followed = false, d.now()
			if err := d.followHands(ctx); err != nil && ctx.Err() == nil {
				d.log.Error("agents not read", "error", err)
			}
		}
		wait := d.idle(ctx, err, back, &attempt)
		if behind {
			wait = min(wait, followEvery)
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-wakes:
			behind = true
			if err := d.follow(ctx); err != nil && ctx.Err() == nil {
				d.log.Error("setup not read", "error", err)
			}
		case <-ended:
		case name := <-d.added:
			startStream(name)
		case <-ctx.Done():
		}
		t.Stop()
	}
	all.Wait()
	d.mu.Lock()
	for name, stop := range d.streams {
		stop()
		delete(d.streams, name)
	}
	d.running = false
	d.mu.Unlock()
	return nil
}

// takeAll takes the values that are there, without waiting, and returns how many.
func takeAll(from <-chan struct{}) (n int) {
	for {
		select {
		case <-from:
			n++
		default:
			return n
		}
	}
}

const (
	// followEvery is how often agents are read again at most, who other processes may have given work.
	followEvery = time.Second
	// longest is how long Run sleeps at most. It wakes when something is due, and when the Store says that there is something new, so this is only for a word that was
	// lost: a thousand idle Desks ask their Store about once a second.
	longest = 15 * time.Minute
	// longestBlind is how often a Store that wakes nobody is asked.
	longestBlind = time.Second
	// longestOutage is how long Run waits at most while the Store is not to be had.
	longestOutage = time.Minute
)

// idle says how long to sleep when there is nothing to claim that has been due for so long.
func (d *Desk) idle(ctx context.Context, err error, dueFor time.Duration, attempt *int) time.Duration {
	next := time.Time{}
	if err == nil {
		next, err = d.nextDue(ctx)
	}
	if err != nil {
		if ctx.Err() == nil {
			d.log.Error("tasks not claimed", "error", err)
		}
		*attempt++
		return min(backoff("claim", *attempt), longestOutage)
	}
	wait := longest
	if _, wakes := d.store.(ticket.Waker); !wakes {
		wait = longestBlind
	}
	if !next.IsZero() {
		wait = min(wait, max(next.Add(dueFor).Sub(d.now()), time.Millisecond))
	}
	return wait
}

func (d *Desk) wakes(ctx context.Context) <-chan struct{} {
	if w, ok := d.store.(ticket.Waker); ok {
		return w.Wakes(ctx, d.cfg.Tenant)
	}
	return nil
}

// follow takes over a Setup that another process applied.
func (d *Desk) follow(ctx context.Context) error {
	newer := false
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		current, err := r.Values(currentSetup)
		newer = err == nil && string(current[0].Data) != fmt.Sprint(d.company.Load().version)
		return err
	})
	if err != nil || !newer {
		return err
	}
	return d.loadSetup(ctx)
}
