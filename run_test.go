package socialcrm_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// slow is a channel that takes its time to send. Like a remote.Client it cannot tell what became of a request that its caller gave up.
type slow struct {
	channel.Channel
	sending chan struct{}
}

func (s slow) Send(ctx context.Context, _ channel.Outgoing) (channel.Sent, error) {
	close(s.sending)
	select {
	case <-ctx.Done():
		return channel.Sent{}, &remote.Error{Op: "send", Kind: remote.Unknown, Err: ctx.Err()}
	case <-time.After(10 * time.Second):
		return channel.Sent{ID: "out"}, nil
	}
}

// running runs the Desk until stop is called, which returns once Run has.
func running(t *testing.T, desk *socialcrm.Desk) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- desk.Run(ctx) }()
	return func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	}
}

func TestStoppingLetsAPostThatIsUnderWayEndAndBeRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
		ch := slow{page, make(chan struct{})}
		store := ticket.NewMemory(nil)
		desk, err := socialcrm.New(socialcrm.Config{Store: store, Channels: []channel.Channel{ch}})
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, desk)
		results, err := desk.Ingest(t.Context(), wrote("1", "Hello?"))
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, desk: desk, store: store}
		w.must(desk.Reply(t.Context(), results[0].Ticket, ana, socialcrm.Reply{Text: "Hi"}))
		<-ch.sending
		stop()
		if diff := cmp.Diff([]ticket.PostState{ticket.PostSent}, w.states(results[0].Ticket)); diff != "" {
			t.Errorf("posts (-want +got):\n%s", diff)
		}
	})
}

// counted is a Store in memory that counts how often it is asked.
type counted struct {
	*ticket.Memory
	asked *atomic.Int64
}

func (c counted) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	c.asked.Add(1)
	return c.Memory.Update(ctx, tenant, fn)
}

func (c counted) View(ctx context.Context, tenant string, fn func(ticket.Reader) error) error {
	c.asked.Add(1)
	return c.Memory.View(ctx, tenant, fn)
}

func TestAThousandIdleDesksHardlyAskTheirStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const desks = 1000
		store := counted{ticket.NewMemory(nil), new(atomic.Int64)}
		var last *socialcrm.Desk
		for i := range desks {
			desk, err := socialcrm.New(socialcrm.Config{Store: store, Tenant: fmt.Sprint("tenant", i), Setup: company()})
			if err != nil {
				t.Fatal(err)
			}
			defer running(t, desk)()
			last = desk
		}
		time.Sleep(time.Minute)
		before := store.asked.Load()
		time.Sleep(time.Hour)
		if n := store.asked.Load() - before; n > 10*desks {
			t.Errorf("asked %d times in an hour, want at most ten times for each", n)
		}
		// One that sleeps wakes when another process of its tenant has something to do.
		platform := channeltest.New(channeltest.Options{})
		page := platform.Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
		twin, err := socialcrm.New(socialcrm.Config{Store: store, Tenant: fmt.Sprint("tenant", desks-1), Channels: []channel.Channel{page}})
		if err != nil {
			t.Fatal(err)
		}
		if err := last.AddChannel(t.Context(), page); err != nil {
			t.Fatal(err)
		}
		asked := channel.Event{Kind: channel.MessageReceived, Account: shop, Message: platform.Customer("mia").Post(page, "Hello?")}
		results, err := twin.Ingest(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, desk: twin, store: store}
		w.must(twin.Reply(t.Context(), results[0].Ticket, ana, socialcrm.Reply{Text: "Hi"}))
		time.Sleep(time.Second)
		if diff := cmp.Diff([]ticket.PostState{ticket.PostSent}, w.states(results[0].Ticket)); diff != "" {
			t.Errorf("a second later (-want +got):\n%s", diff)
		}
	})
}

// streaming is a channel whose events come over a connection.
type streaming struct {
	channel.Channel
	open *atomic.Int64
}

func (s streaming) Name() string { return "stream" }

func (s streaming) Stream(ctx context.Context, _ func(channel.Batch) error) error {
	s.open.Add(1)
	defer s.open.Add(-1)
	<-ctx.Done()
	return ctx.Err()
}

// hook is a source of the same name as streaming that opens nothing.
type hook struct{ broken }

func (hook) Name() string { return "stream" }

func TestStreamsEndWhenTheyAreReplacedOrRemoved(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop})
		ch := streaming{page, new(atomic.Int64)}
		desk, err := socialcrm.New(socialcrm.Config{Channels: []channel.Channel{ch}})
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, desk)
		defer stop()
		add := func() {
			if err := desk.AddChannel(t.Context(), ch); err != nil {
				t.Fatal(err)
			}
		}
		for _, step := range []struct {
			name string
			do   func()
			open int64
		}{
			{"at first", func() {}, 1},
			{"replaced", func() { add(); add(); add() }, 1},
			{"removed", func() { desk.RemoveChannel(shop) }, 0},
			{"added again", add, 1},
			{"removed and added at once", func() { desk.RemoveChannel(shop); add() }, 1},
			{"added and removed at once", func() { add(); desk.RemoveChannel(shop) }, 0},
			{"added once more", add, 1},
			{"replaced by a source that opens none", func() {
				if err := desk.AddSource(t.Context(), hook{}); err != nil {
					t.Fatal(err)
				}
			}, 0},
		} {
			step.do()
			synctest.Wait()
			if n := ch.open.Load(); n != step.open {
				t.Errorf("%s: %d streams are open, want %d", step.name, n, step.open)
			}
		}
	})
}

func TestARunningDeskFollowsASetupThatAnotherProcessApplied(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := ticket.NewMemory(nil)
		desk, err := socialcrm.New(socialcrm.Config{Store: store})
		if err != nil {
			t.Fatal(err)
		}
		other, err := socialcrm.New(socialcrm.Config{Store: store})
		if err != nil {
			t.Fatal(err)
		}
		defer running(t, desk)()
		synctest.Wait()
		if err := other.Apply(t.Context(), ana, company()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if got, version := desk.Setup(); version != 2 || len(got.Lanes) != 2 {
			t.Errorf("it works by version %d with %d lanes, want what the other applied", version, len(got.Lanes))
		}
	})
}

func TestADeskThatRanRunsAgainAlsoOnAStoreThatWakesNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := struct{ ticket.Store }{ticket.NewMemory(nil)} // no ticket.Waker
		page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
		ch := struct{ channel.Channel }{page}
		desk, err := socialcrm.New(socialcrm.Config{Store: store, Channels: []channel.Channel{ch}})
		if err != nil {
			t.Fatal(err)
		}
		twin, err := socialcrm.New(socialcrm.Config{Store: store, Channels: []channel.Channel{ch}})
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, desk)
		time.Sleep(time.Hour)
		stop()
		defer running(t, desk)()
		time.Sleep(time.Hour + time.Minute)
		asked := said("1", "mia", "talk", "", "Hello?", time.Now())
		asked.Message.Visibility = channel.Private
		results, err := twin.Ingest(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		w := &world{t: t, desk: twin, store: store}
		w.must(twin.Reply(t.Context(), results[0].Ticket, ana, socialcrm.Reply{Text: "Hi"}))
		time.Sleep(3 * time.Second)
		if states := w.states(results[0].Ticket); len(states) != 1 || states[0] == ticket.PostQueued {
			t.Errorf("three seconds later the posts are %q, want that it was tried", states)
		}
	})
}

func TestWhatAStoppingDeskGaveUpIsDoneByTheNextAtOnce(t *testing.T) {
	t.Parallel()
	for cut := 1; cut <= 6; cut++ {
		synctest.Test(t, func(t *testing.T) {
			store := &curtain{Store: struct{ ticket.Store }{ticket.NewMemory(nil)}}
			page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
			ch, sink := struct{ channel.Channel }{page}, crmtest.New(crmtest.Options{Name: "crm"})
			desk, err := socialcrm.New(socialcrm.Config{Store: store, Channels: []channel.Channel{ch}, Sinks: []crm.Sink{struct{ crm.Sink }{sink}}, Workers: 1})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := desk.Ingest(t.Context(), wrote("1", "Hello?")); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			store.left, store.end = cut, cancel // a commit that claims a task, or one that records what came of it
			if err := desk.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if _, err := desk.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(sink.Cases()); n != 1 {
				t.Errorf("cut after %d commits: the CRM holds %d cases in the same instant, want 1", cut, n)
			}
		})
	}
}

// slowSink takes a second for each push.
type slowSink struct {
	*crmtest.Fake
	running, most *atomic.Int64
}

func (s slowSink) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	s.most.Store(max(s.most.Load(), s.running.Add(1)))
	defer s.running.Add(-1)
	time.Sleep(time.Second)
	return s.Fake.Push(ctx, c)
}

// claims notes how many tasks were claimed at once, at most.
type claims struct {
	ticket.Store
	most *atomic.Int64
}

func (s claims) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	return s.Store.Update(ctx, tenant, func(tx ticket.Tx) error { return fn(claiming{tx, s}) })
}

type claiming struct {
	ticket.Tx
	count claims
}

func (x claiming) Claim(q ticket.ClaimQuery) ([]ticket.Lease, error) {
	leases, err := x.Tx.Claim(q)
	x.count.most.Store(max(x.count.most.Load(), int64(len(leases))))
	return leases, err
}

func TestIdleWorkersClaimTogetherAndEachHasATask(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const workers = 8
		store := claims{ticket.NewMemory(nil), new(atomic.Int64)}
		sink := slowSink{crmtest.New(crmtest.Options{}), new(atomic.Int64), new(atomic.Int64)}
		page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: shop, Since: time.Unix(1, 0)})
		desk, err := socialcrm.New(socialcrm.Config{Store: store, Workers: workers, Setup: company(), Channels: []channel.Channel{page}})
		if err == nil {
			err = desk.AddSink(sink)
		}
		for i := range 5 * workers {
			if err == nil {
				_, err = desk.Ingest(t.Context(), channel.Event{Kind: channel.MessageReceived, Account: shop, Message: channel.Message{
					ID: fmt.Sprint("m", i), Thread: fmt.Sprint("t", i), Author: channel.Author{ID: fmt.Sprint("a", i)}, Text: "Where is it?", Time: time.Now(),
				}})
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		stop := running(t, desk)
		time.Sleep(time.Minute)
		stop()
		if n := sink.most.Load(); n != workers {
			t.Errorf("%d pushes at a time, want %d", n, workers)
		}
		if n := store.most.Load(); n != workers {
			t.Errorf("%d tasks in one claim at most, want one for each of %d idle workers", n, workers)
		}
	})
}
