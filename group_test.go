package socialcrm_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// poisoned is a Store that cannot commit what contains "poison".
type poisoned struct {
	ticket.Store
	poison bool
}

func (s *poisoned) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	return s.Store.Update(ctx, tenant, func(tx ticket.Tx) error {
		s.poison = false
		if err := fn(tx); err != nil || !s.poison {
			return err
		}
		return errors.New("the commit failed")
	})
}

func TestCommitThatFailsCostsOnlyTheCallThatMadeItFail(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &poisoned{Store: ticket.NewMemory(nil)}
		desk, err := socialcrm.New(socialcrm.Config{
			Store:    store,
			Channels: []channel.Channel{channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})},
			Router: routing.RouterFunc(func(_ context.Context, q routing.Query) (routing.Decision, error) {
				switch q.Message.Text {
				case "slow":
					time.Sleep(time.Second)
				case "poison":
					store.poison = true
				}
				return routing.Decision{}, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		texts := []string{"slow", "good", "poison", "good too"} // the second leads the commit that the others are in
		failed := make([]bool, len(texts))
		for i, text := range texts {
			go func() {
				_, err := desk.Ingest(t.Context(), wrote(fmt.Sprint(i), text))
				failed[i] = err != nil
			}()
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if diff := cmp.Diff([]bool{false, false, true, false}, failed); diff != "" {
			t.Errorf("calls that failed (-want +got):\n%s", diff)
		}
	})
}

// The lead is handed to a call just when its caller gives up; which of the two comes first is chance, so there are many of them.
func TestCallerWhoGivesUpHandsTheLeadOn(t *testing.T) {
	t.Parallel()
	for range 50 {
		synctest.Test(t, func(t *testing.T) {
			store := &curtain{Store: ticket.NewMemory(nil)}
			page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
			desk, err := socialcrm.New(socialcrm.Config{Store: store, Channels: []channel.Channel{page}, Router: routing.RouterFunc(func(context.Context, routing.Query) (routing.Decision, error) {
				time.Sleep(time.Second)
				return routing.Decision{}, nil
			})})
			if err != nil {
				t.Fatal(err)
			}
			brief, cancel := context.WithCancel(t.Context())
			store.left, store.end = 1, cancel
			for _, ctx := range []context.Context{t.Context(), brief} { // the first leads; its commit ends brief
				go desk.Ingest(ctx, wrote("1", "Hello?"))
				synctest.Wait()
			}
			time.Sleep(time.Minute)
			patient, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if _, err := desk.Ingest(patient, wrote("2", "Hello?")); err != nil {
				t.Fatalf("the next call: %v", err)
			}
		})
	}
}

// strict is a Store that commits nothing for a caller who has given up.
type strict struct{ ticket.Store }

func (s strict) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	return s.Store.Update(ctx, tenant, func(tx ticket.Tx) error { return errors.Join(fn(tx), ctx.Err()) })
}

// Whoever gives up, while leading a commit, waiting for one or being in one: the others are stored.
func TestACallerWhoGivesUpCostsTheOthersNothing(t *testing.T) {
	t.Parallel()
	for quitter := range 4 {
		t.Run(fmt.Sprint("caller ", quitter), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
				desk, err := socialcrm.New(socialcrm.Config{Store: strict{ticket.NewMemory(nil)}, Channels: []channel.Channel{page}, Router: routing.RouterFunc(func(ctx context.Context, _ routing.Query) (routing.Decision, error) {
					time.Sleep(time.Second)
					return routing.Decision{}, ctx.Err()
				})})
				if err != nil {
					t.Fatal(err)
				}
				errs := make([]error, 4)
				brief, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond) // the first commit takes one second, the second three
				defer cancel()
				for i := range errs {
					ctx := t.Context()
					if i == quitter {
						ctx = brief
					}
					go func() { _, errs[i] = desk.Ingest(ctx, wrote(fmt.Sprint(i), "Hello?")) }()
					synctest.Wait()
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				for i, err := range errs {
					if err != nil && i != quitter {
						t.Errorf("caller %d: %v", i, err)
					}
				}
				stored, err := desk.Tickets(t.Context(), ticket.TicketQuery{})
				if err != nil || len(stored.Items) < 3 {
					t.Errorf("%d tickets, %v; want those of the others", len(stored.Items), err)
				}
			})
		})
	}
}

// overlapping is a Store whose commits take a second beside which the next Update may run.
type overlapping struct {
	*ticket.Memory
	commits, most atomic.Int64 // under way, and at most
}

func (s *overlapping) Overlaps() bool { return true }

func (s *overlapping) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	err := s.Memory.Update(ctx, tenant, fn)
	if n := s.commits.Add(1); n > s.most.Load() {
		s.most.Store(n)
	}
	time.Sleep(time.Second)
	s.commits.Add(-1)
	return err
}

func TestWhileOneGroupCommitsTheNextDecidesAndAThirdWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &overlapping{Memory: ticket.NewMemory(nil)}
		var decided atomic.Int64
		page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
		desk, err := socialcrm.New(socialcrm.Config{Store: store, Channels: []channel.Channel{page}, Router: routing.RouterFunc(func(context.Context, routing.Query) (routing.Decision, error) {
			decided.Add(1)
			return routing.Decision{}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		store.most.Store(0)
		var done atomic.Int64
		want := []int64{1, 2, 2, 2, 2} // the first commits alone, the second beside it; the others wait for the first
		for i := range want {
			go func() {
				if _, err := desk.Ingest(t.Context(), wrote(fmt.Sprint(i), "Hello?")); err != nil {
					t.Error(err)
				}
				done.Add(1)
			}()
			synctest.Wait()
			if got := decided.Load(); got != want[i] {
				t.Errorf("call %d: %d arrivals are decided on, want %d", i, got, want[i])
			}
		}
		time.Sleep(1500 * time.Millisecond)
		if decided.Load() != 5 || done.Load() != 2 {
			t.Errorf("after the first commits %d arrivals are decided on and %d calls done, want all and 2", decided.Load(), done.Load())
		}
		time.Sleep(time.Minute)
		if done.Load() != 5 || store.most.Load() != 2 {
			t.Errorf("%d calls are done, %d commits ran side by side; want 5, and 2 at most", done.Load(), store.most.Load())
		}
		if _, err := desk.Ingest(t.Context(), wrote("6", "Hello?")); err != nil || decided.Load() != 6 {
			t.Errorf("a later call: %v, %d arrivals are decided on", err, decided.Load())
		}
	})
}
