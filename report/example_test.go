package report_test

import (
	"context"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/report"
	"github.com/socialcrm/socialcrm/ticket"
)

// Two customers ask; one is answered within the hour that both are promised.
func Example() {
	ctx, now := context.Background(), time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	clock := func() time.Time { return now }
	plaza := channeltest.New(channeltest.Options{Platform: "plaza", Now: clock})
	page := plaza.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
	setup, err := socialcrm.ParseSetup([]byte(`{
		"lanes": [{"name": "questions", "team": "shop"}],
		"teams": [{"name": "shop"}],
		"agents": [{"name": "ana", "teams": ["shop"], "always_on": true, "capacity": 2}],
		"sla": [{"name": "everybody", "targets": [{"metric": "first_response", "within": "1h"}]}]
	}`))
	check(err)
	store := ticket.NewMemory(&ticket.MemoryOptions{Now: clock})
	desk, err := socialcrm.New(socialcrm.Config{Store: store, Setup: setup, Channels: []channel.Channel{page}, Now: clock})
	check(err)

	plaza.Customer("mia").Post(page, "Where is my parcel?")
	plaza.Customer("jon").Post(page, "Do you sell gift cards?")
	for ; now.Hour() < 12; now = now.Add(time.Minute) {
		_, err := desk.Tick(ctx)
		check(err)
		if now.Format("15:04") == "09:20" {
			waiting, err := desk.Tickets(ctx, ticket.TicketQuery{})
			check(err)
			by := socialcrm.By{Actor: ticket.Agent("ana")}
			_, err = desk.Claim(ctx, waiting.Items[0].ID, by, time.Hour)
			check(err)
			now = now.Add(5 * time.Minute) // writing; the next Tick sends it
			_, err = desk.Reply(ctx, waiting.Items[0].ID, by, socialcrm.Reply{Text: "It is on its way."})
			check(err)
		}
	}

	var r report.Report
	err = store.View(ctx, "", func(reader ticket.Reader) error {
		r, err = report.Read(reader, report.Query{To: now, By: []report.Dimension{report.Agent, report.Metric}})
		return err
	})
	check(err)
	for _, p := range r.Promises {
		fmt.Printf("%s, %s: %d met, %d breached, half of those answered within %s\n", p.Agent, p.Metric, p.Met, p.Breached, time.Duration(p.Elapsed.Median))
	}
	for _, w := range r.Work {
		fmt.Printf("%s: wrote for %s, %d of %d customers still wait, since %s\n", w.Agent, time.Duration(w.Handling.Total), w.Waiting, w.Tickets, w.Oldest.Format("15:04"))
	}
	// Output:
	// ana, first_response: 1 met, 1 breached, half of those answered within 26m0s
	// ana: wrote for 5m0s, 1 of 2 customers still wait, since 09:00
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
