package postgres

import (
	"context"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// wakes is who in this process wants to hear of commits, and how other processes hear of ours: a NOTIFY after the commit, not within it, because notifying
// transactions commit one after the other on the whole server. Should a process die in between, the poll behind it notices.
type wakes struct {
	store  *Store
	listen bool
	id     string // of this Store, so that it does not wake itself twice
	stop   context.CancelFunc
	ctx    context.Context
	all    sync.WaitGroup
	told   chan struct{}

	mu        sync.Mutex
	closed    bool
	listening bool
	tenants   map[string]map[chan struct{}]bool
	dirty     map[string]bool // tenants to notify others about

	looking sync.Mutex
	seen    [2]int64 // the newest position and place at the last look
}

const (
	// notifyPause is how long notifications are gathered.
	notifyPause = 5 * time.Millisecond
	// pollListening is how often is looked for what a notification was missed of, pollBlind where there are none.
	pollListening = 5 * time.Second
	pollBlind     = time.Second
)

func (w *wakes) open(s *Store, listen bool) {
	w.store, w.listen, w.id = s, listen, strconv.FormatUint(rand.Uint64(), 36)
	w.tenants, w.dirty, w.told = make(map[string]map[chan struct{}]bool), make(map[string]bool), make(chan struct{}, 1)
	w.ctx, w.stop = context.WithCancel(context.Background())
	w.all.Go(w.notify)
}

func (w *wakes) end() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.stop()
	w.all.Wait()
}

// Wakes implements ticket.Waker. However many ask, a Store listens on one connection.
func (s *Store) Wakes(ctx context.Context, tenant string) <-chan struct{} {
	w, wake := &s.wakes, make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		if w.tenants[tenant] == nil {
			w.tenants[tenant] = make(map[chan struct{}]bool)
		}
		w.tenants[tenant][wake] = true
		if !w.listening {
			w.listening = true
			w.all.Go(w.hear)
		}
	}
	context.AfterFunc(ctx, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		delete(w.tenants[tenant], wake)
		if len(w.tenants[tenant]) == 0 {
			delete(w.tenants, tenant)
		}
		close(wake)
	})
	return wake
}

// signal leaves a value in each channel of the tenant that has none.
func (w *wakes) signal(tenant string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for wake := range w.tenants[tenant] {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
}

// waiting are the tenants that somebody waits for.
func (w *wakes) waiting() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	tenants := make([]string, 0, len(w.tenants))
	for tenant := range w.tenants {
		tenants = append(tenants, tenant)
	}
	return tenants
}

// tell wakes who waits here, at once, and who waits elsewhere, soon.
func (w *wakes) tell(tenant string) {
	w.signal(tenant)
	w.mu.Lock()
	w.dirty[tenant] = true
	w.mu.Unlock()
	select {
	case w.told <- struct{}{}:
	default:
	}
}

// payload names the tenant and who tells; everybody hears of what a host commits later.
func (w *wakes) payload(tenant string, everybody bool) string {
	if everybody {
		return " " + tenant
	}
	return w.id + " " + tenant
}

// notify tells other processes.
func (w *wakes) notify() {
	for {
		select {
		case <-w.ctx.Done():
			return
		case <-w.told:
		}
		w.mu.Lock()
		payloads := make([]string, 0, len(w.dirty))
		for tenant := range w.dirty {
			payloads = append(payloads, w.payload(tenant, false))
		}
		clear(w.dirty)
		w.mu.Unlock()
		_, _ = w.store.pool.Exec(w.ctx, "select pg_notify($1, p) from unnest($2::text[]) p", w.store.channel, payloads) // else the poll notices
		w.sleep(notifyPause)
	}
}

func (w *wakes) sleep(d time.Duration) {
	select {
	case <-w.ctx.Done():
	case <-time.After(d):
	}
}

// hear listens to other processes until the Store is closed.
func (w *wakes) hear() {
	w.look()
	w.all.Go(w.poll)
	for wait := 50 * time.Millisecond; w.listen && w.ctx.Err() == nil; wait = min(2*wait, 5*time.Second) {
		conn, err := pgx.ConnectConfig(w.ctx, w.store.pool.Config().ConnConfig)
		if err == nil {
			if _, err = conn.Exec(w.ctx, "listen "+w.store.schema); err == nil {
				wait = 50 * time.Millisecond
				w.look() // for what came before this
				w.follow(conn)
			}
			_ = conn.Close(context.WithoutCancel(w.ctx))
		}
		w.sleep(wait)
	}
}

// follow passes notifications on until the connection breaks.
func (w *wakes) follow(conn *pgx.Conn) {
	for {
		n, err := conn.WaitForNotification(w.ctx)
		if err != nil {
			return
		}
		if from, tenant, _ := strings.Cut(n.Payload, " "); from != w.id {
			w.signal(tenant)
		}
	}
}

// poll looks for commits that nobody told of, for all tenants at once.
func (w *wakes) poll() {
	every := pollListening
	if !w.listen {
		every = pollBlind
	}
	for w.ctx.Err() == nil {
		w.sleep(every)
		w.look()
	}
}

// look wakes the tenants that have newer entries or tasks than at the last look. Where nothing was written at all, it asks nothing about them.
func (w *wakes) look() {
	w.looking.Lock()
	defer w.looking.Unlock()
	var now [2]int64
	sql := "select (select last_value from " + w.store.schema + ".positions), (select last_value from " + w.store.schema + ".places)"
	if err := w.store.pool.QueryRow(w.ctx, sql).Scan(&now[0], &now[1]); err != nil || now == w.seen {
		return
	}
	before := w.seen
	w.seen = now
	if before == [2]int64{} {
		return // the first look
	}
	sql = inSchema(`select t from unnest($1::text[]) t where
		exists (select from SCHEMA.journal where tenant = t and position is not null and position > $2) or
		exists (select from SCHEMA.journal where tenant = t and held is not null) or
		exists (select from SCHEMA.tasks where tenant = t and not dead and token = 0 and place > $3)`, w.store.schema)
	rows, _ := w.store.pool.Query(w.ctx, sql, w.waiting(), before[0], before[1])
	tenants, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		w.seen = before
		return
	}
	for _, tenant := range tenants {
		w.signal(tenant)
	}
}
