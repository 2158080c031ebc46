package socialcrm_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/ticket"
)

// TestManyGoroutinesKeepEveryInvariant lets 64 goroutines take in, answer, assign, resolve, read and tick side by side over 20,000 messages, and holds the same
// invariants at the end as the model test. SOCIALCRM_MESSAGES says another number. Agents act as often as messages come, so that the work is the same on any machine.
func TestManyGoroutinesKeepEveryInvariant(t *testing.T) {
	t.Parallel()
	messages := 20_000
	if n, err := strconv.Atoi(os.Getenv("SOCIALCRM_MESSAGES")); err == nil {
		messages = n
	}
	const (
		writers = 32
		thread  = 40 // messages to each conversation, which arrive side by side
		people  = 250
		round   = 20 // tickets that an agent acts on at a time
		cue     = 40 // messages to each round
	)
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	platform := channeltest.New(channeltest.Options{Now: clock, PageSize: 500})
	page := platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
	sink := crmtest.New(crmtest.Options{Name: "crm", Now: clock})
	store := ticket.NewMemory(&ticket.MemoryOptions{Now: clock})
	desk, err := socialcrm.New(socialcrm.Config{Store: store, Setup: desktest.Company(), Channels: []channel.Channel{page.Only(channeltest.Finds)}, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	if err := desk.AddSink(sink); err != nil {
		t.Fatal(err)
	}
	var events []channel.Event
	var root channel.Message
	for i := range messages {
		who, text := platform.Customer(fmt.Sprint("c", i/thread%people)), fmt.Sprint("Message ", i)
		m := channel.Message{}
		if i%thread == 0 {
			m = who.Post(page, text)
			root = m
		} else {
			m = who.Reply(root, text)
		}
		events = append(events, channel.Event{Kind: channel.MessageReceived, Account: page.Account().AccountID, Message: m})
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	expected := func(err error) bool {
		return err == nil || errors.Is(err, socialcrm.ErrCapacity) || errors.Is(err, socialcrm.ErrInvalid) || errors.Is(err, context.Canceled)
	}
	var ingesting, acting, watching sync.WaitGroup
	var next, done atomic.Int64
	cues := make(chan int, messages/cue) // for the agents
	for range writers {
		ingesting.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(events) {
					return
				}
				batch := events[i : i+1]
				if i%5 == 0 && i > 10 {
					batch = events[i-10 : i+1] // redelivered, at once with other goroutines
				}
				if _, err := desk.Ingest(ctx, batch...); err != nil {
					t.Error(err)
					return
				}
				if i%cue == 0 {
					cues <- i
				}
			}
		})
	}
	for n := range 16 { // agents
		acting.Go(func() {
			by := socialcrm.By{Actor: ticket.Agent([]string{"ana", "ben"}[n%2])}
			after := ""
			for range cues {
				list, err := desk.Tickets(ctx, ticket.TicketQuery{Newest: n%4 < 2, Page: ticket.Page{Limit: round, After: after}})
				if err != nil {
					t.Error(err)
					return
				}
				after = list.Next
				for i, tk := range list.Items {
					switch (i + n) % 4 {
					case 0:
						_, err = desk.Reply(ctx, tk.ID, by, socialcrm.Reply{Text: "Answer to " + string(tk.ID), Then: ticket.Solved})
					case 1:
						_, err = desk.Assign(ctx, tk.ID, by, by.Actor.ID)
					case 2:
						_, err = desk.Resolve(ctx, tk.ID, by, "")
					case 3:
						_, err = desk.Reopen(ctx, tk.ID, by, "")
					}
					if !expected(err) {
						t.Error(err)
						return
					}
					if err == nil {
						done.Add(1)
					}
				}
			}
		})
	}
	for range 8 { // workers
		watching.Go(func() {
			for ctx.Err() == nil {
				if _, err := desk.Tick(ctx); !expected(err) {
					t.Error(err)
					return
				}
			}
		})
	}
	for range 8 { // readers
		watching.Go(func() {
			last := ticket.Position("")
			for e, err := range desk.Feed(ctx, "") {
				if err != nil {
					t.Error(err)
					return
				}
				if e.Position <= last {
					t.Errorf("the feed goes from %s to %s", last, e.Position)
					return
				}
				last = e.Position
			}
		})
	}
	ingesting.Wait()
	close(cues)
	acting.Wait()
	cancel() // in the middle of what workers do
	watching.Wait()
	if _, err := desk.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := int(done.Load()); n < messages/cue {
		t.Errorf("the agents did only %d things", n)
	}
	t.Logf("the agents did %d things and %d answers went out", done.Load(), len(platform.Replies()))
	(&desktest.Invariants{Reporter: t, Now: now, Platform: platform, CRM: sink, Store: store}).Check()
}
