package desktest

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

// child is one of the processes of which one is halted.
func (h Halting) child(t *testing.T) {
	inner, err := h.Open(os.Getenv(addressVariable))
	if err != nil {
		t.Fatal(err)
	}
	defer inner.Close()
	places := &places{home: far(os.Getenv(parentVariable))}
	store := haltingStore{inner, inner.(ticket.Waker), places}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	p := newProcess(t, store, places, socialcrm.Config{SendTimeout: requestTime, Logger: log})
	var answers sync.WaitGroup
	answers.Go(func() {
		for p.ctx.Err() == nil {
			if err := answer(p.ctx, p.desk, store); err != nil && p.ctx.Err() == nil {
				log.Error("answering begins again", "error", err)
				time.Sleep(10 * time.Millisecond)
			}
		}
	})
	if err := p.desk.Run(p.ctx); err != nil {
		t.Fatal(err)
	}
	answers.Wait()
	p.end()
}

// places are where this process may be halted. None where it is nil.
type places struct {
	home   far
	halted atomic.Pointer[string] // where it is to be halted next
}

func (p *places) watch(place string) { p.halted.Store(&place) }

// reach stands still if the place is where the process is to be halted, and reports whether it did: the parent kills it, or stops it and lets it go on.
func (p *places) reach(place, message string) bool {
	if p == nil {
		return false
	}
	watched := p.halted.Load()
	if watched == nil || *watched != place || !p.halted.CompareAndSwap(watched, nil) {
		return false
	}
	if answer, err := http.Post(string(p.home)+"/at?place="+url.QueryEscape(place)+"&for="+url.QueryEscape(message), "", nil); err == nil {
		answer.Body.Close()
	}
	return true
}

// haltingStore halts the process before the commit of an Update, by what that did.
type haltingStore struct {
	ticket.Store
	ticket.Waker
	places *places
}

func (s haltingStore) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	return s.Store.Update(ctx, tenant, func(tx ticket.Tx) error {
		did := make(map[string]bool)
		if err := fn(haltingTx{tx, did}); err != nil {
			return err
		}
		for what := range did {
			s.places.reach(beforeCommit+" "+what, "")
		}
		return nil
	})
}

// haltingTx notes what an Update does.
type haltingTx struct {
	ticket.Tx
	did map[string]bool
}

func (x haltingTx) Try(fn func(ticket.Tx) error) error {
	return x.Tx.Try(func(tx ticket.Tx) error { return fn(haltingTx{tx, x.did}) })
}

func (x haltingTx) Claim(q ticket.ClaimQuery) ([]ticket.Lease, error) {
	leases, err := x.Tx.Claim(q)
	for _, l := range leases {
		if l.Kind == "send" || l.Kind == "sync" {
			x.did[aClaim] = true
		}
	}
	return leases, err
}

func (x haltingTx) PutMessage(m ticket.Message) {
	switch {
	case m.Direction == ticket.Inbound:
		x.did[anArrival] = true
	case m.Post != nil && m.Post.State == ticket.PostSending:
		x.did[aPost] = true
	case m.Post != nil && m.Post.State == ticket.PostSent:
		x.did[anOutcome] = true
	}
	x.Tx.PutMessage(m)
}

func (x haltingTx) PutValue(v ticket.Value) {
	if strings.HasPrefix(v.Key.Space, "crm/") {
		x.did[aPush] = true
	}
	x.Tx.PutValue(v)
}
