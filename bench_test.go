package socialcrm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
)

// BenchmarkIngest takes in messages, one call each, with two lanes, one policy and one sink.
func BenchmarkIngest(b *testing.B) {
	for _, bench := range []struct {
		name    string
		threads int // 0: a new conversation each
	}{{"new conversation each", 0}, {"1000 conversations", 1000}} {
		b.Run(bench.name, func(b *testing.B) {
			now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: now.Add(-time.Hour)})
			desk, err := socialcrm.New(socialcrm.Config{Setup: company(), Channels: []channel.Channel{page}, Now: func() time.Time { return now }})
			if err != nil {
				b.Fatal(err)
			}
			if err := desk.AddSink(crmtest.New(crmtest.Options{Name: "crm"})); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				i++
				n := i
				if bench.threads > 0 {
					n = i % bench.threads
				}
				now = now.Add(time.Second)
				results, err := desk.Ingest(b.Context(), channel.Event{
					Kind: channel.MessageReceived, Account: page.Account().AccountID,
					Message: channel.Message{ID: fmt.Sprint("m", i), Thread: fmt.Sprint("t", n), Author: channel.Author{ID: fmt.Sprint("a", n)}, Text: "Where is my parcel? I have been waiting for days.", Time: now},
				})
				if err != nil || results[0].Outcome == socialcrm.Quarantined {
					b.Fatal(err, results)
				}
			}
		})
	}
}
