package socialcrm_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// BenchmarkIngest takes in messages, one call each, with three lanes, one policy and one sink.
func BenchmarkIngest(b *testing.B) {
	for _, bench := range []struct {
		name    string
		threads int // 0: a new conversation each
	}{{"new conversation each", 0}, {"1000 conversations", 1000}} {
		b.Run(bench.name, func(b *testing.B) {
			now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: now.Add(-time.Hour)})
			setup := company()
			setup.Lanes = slices.Insert(setup.Lanes, 1, routing.Lane{Name: "delivery", Team: "care", When: rule.Condition{Fact: "text", Word: "parcel"}})
			desk, err := socialcrm.New(socialcrm.Config{Setup: setup, Channels: []channel.Channel{page}, Now: func() time.Time { return now }})
			if err != nil {
				b.Fatal(err)
			}
			if err := desk.AddSink(crmtest.New(crmtest.Options{Name: "crm"})); err != nil {
				b.Fatal(err)
			}
			var events []channel.Event // made beforehand, so that only the Desk is measured
			write := func(from int) {
				events = events[:0]
				for i := from; i < from+1000; i++ {
					n := i
					if bench.threads > 0 {
						n = i % bench.threads
					}
					now = now.Add(time.Second)
					events = append(events, channel.Event{
						Kind: channel.MessageReceived, Account: page.Account().AccountID,
						Message: channel.Message{ID: fmt.Sprint("m", i), Thread: fmt.Sprint("t", n), Author: channel.Author{ID: fmt.Sprint("a", n)}, Text: "Where is my parcel? I have been waiting for days.", Time: now},
					})
				}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if i%1000 == 0 {
					b.StopTimer()
					write(i)
					b.StartTimer()
				}
				results, err := desk.Ingest(b.Context(), events[i%1000:i%1000+1]...)
				if err != nil || results[0].Outcome == socialcrm.Quarantined {
					b.Fatal(err, results)
				}
			}
		})
	}
}

// BenchmarkTick watches 100 deadlines that are due among so many open tickets, each with four clocks.
func BenchmarkTick(b *testing.B) {
	for _, open := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprint(open, " open"), func(b *testing.B) {
			if open > 10_000 && testing.Short() {
				b.Skip("a million tickets take minutes to make: not with -short")
			}
			begin := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			now := begin
			account := channel.AccountID{Platform: "fakebook", ID: "shop"}
			page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: account, Since: begin.Add(-time.Hour)}).Only(0)
			setup := company()
			year := sla.Duration(24 * 365 * time.Hour)
			setup.SLA[0].Targets = []sla.Target{
				{Metric: sla.FirstResponse, Within: year}, {Metric: sla.Resolution, Within: year}, {Metric: sla.RequesterWait, Within: year}, {Metric: sla.AgentWork, Within: year},
			}
			urgent := setup.SLA[0]
			urgent.Name, urgent.When = "urgent", rule.Condition{Fact: "lane", Equals: rule.Text("billing")}
			urgent.Targets = slices.Clone(setup.SLA[0].Targets)
			urgent.Targets[0].Within = sla.Duration(time.Minute)
			setup.SLA = append([]sla.Policy{urgent}, setup.SLA...)
			desk, err := socialcrm.New(socialcrm.Config{Setup: setup, Channels: []channel.Channel{speaker{page}}, Now: func() time.Time { return now }})
			if err != nil {
				b.Fatal(err)
			}
			made := 0
			write := func(n int, text string) {
				events := make([]channel.Event, 0, 200)
				for i := range n {
					made++
					id := fmt.Sprint("m", made)
					events = append(events, channel.Event{Kind: channel.MessageReceived, Account: account, Message: channel.Message{ID: id, Author: channel.Author{ID: "a" + id}, Text: text, Time: now}})
					if len(events) == cap(events) || i == n-1 {
						if _, err := desk.Ingest(b.Context(), events...); err != nil {
							b.Fatal(err)
						}
						events = events[:0]
					}
				}
			}
			write(open, "Hello")
			if _, err := desk.Tick(b.Context()); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				write(100, "My invoice is wrong")
				if _, err := desk.Tick(b.Context()); err != nil {
					b.Fatal(err)
				}
				now = now.Add(2 * time.Minute)
				b.StartTimer()
				if _, err := desk.Tick(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// speaker is a channel that brings no events of its own.
type speaker struct{ channel.Channel }
