package bench

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// speaker is an account that says things and is asked nothing, webhook a platform that only calls.
type (
	speaker struct{ channel.Channel }
	webhook struct{ channel.Receiver }
)

// shop is a Desk with three lanes, a policy and a CRM, on a platform that calls when somebody writes.
type shop struct {
	*socialcrm.Desk
	platform *channeltest.Platform
	account  channel.AccountID
	began    time.Time
}

func openShop(b testing.TB, store ticket.Store, tenant string) *shop {
	b.Helper()
	platform := channeltest.New(channeltest.Options{})
	page := platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)})
	desk, err := socialcrm.New(socialcrm.Config{
		Store: store, Tenant: tenant, Channels: []channel.Channel{speaker{page}}, Sources: []channel.Source{webhook{platform}},
		Setup: socialcrm.Setup{
			Lanes: []routing.Lane{
				{Name: "billing", Team: "money", When: rule.Condition{Fact: "text", Word: "invoice"}}, {Name: "returns", Team: "care", When: rule.Condition{Fact: "text", Word: "return"}},
				{Name: "care", Team: "care"},
			},
			Teams:  []routing.Team{{Name: "money"}, {Name: "care"}},
			Agents: []routing.Agent{{Name: "ana", Teams: []string{"care", "money"}, Capacity: 2, AlwaysOn: true}},
			SLA:    []sla.Policy{{Name: "promise", Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}, {Metric: sla.Resolution, Within: sla.Duration(48 * time.Hour)}}}},
		},
	})
	if err == nil {
		err = desk.AddSink(crmtest.New(crmtest.Options{}))
	}
	if err != nil {
		b.Fatal(err)
	}
	return &shop{desk, platform, page.Account().AccountID, time.Now().Add(-time.Minute)}
}

// message is the n-th message, of a conversation.
func (s *shop) message(n, conversation int) channel.Event {
	return channel.Event{Kind: channel.MessageReceived, Account: s.account, Message: channel.Message{
		ID: fmt.Sprintf("m%010d", n), Thread: fmt.Sprintf("t%010d", conversation), Author: channel.Author{ID: fmt.Sprintf("a%010d", conversation), Name: "Mia Huber", Handle: "mia"},
		Text: "Where is my parcel? I have been waiting for days, and nobody answers the phone.", Time: s.began.Add(time.Duration(n%1e7) * time.Microsecond),
	}}
}

// ingest lets senders take in messages, one a call, from the first to the one before the last, and returns how long it took. conversation says of which
// conversation a message is.
func (s *shop) ingest(b testing.TB, senders, first, last int, conversation func(n int) int) time.Duration {
	b.Helper()
	begun := time.Now()
	var all sync.WaitGroup
	for sender := range senders {
		all.Go(func() {
			for n := first + sender; n < last; n += senders {
				results, err := s.Ingest(context.Background(), s.message(n, conversation(n)))
				if err != nil || results[0].Outcome == socialcrm.Quarantined {
					b.Error(results, err)
					return
				}
			}
		})
	}
	all.Wait()
	return time.Since(begun)
}

// over spreads messages over so many conversations.
func over(conversations int) func(n int) int { return func(n int) int { return n % conversations } }
