// Quickstart is a day at a small shop: two networks, two lanes, one promise and a CRM, all in memory and in a time of its own. With -db FILE it keeps its
// tickets in a SQLite file, and the next run is the next day.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/sqlite"
)

const deskFile = `{
	"lanes": [
		{"name": "parcels", "team": "warehouse", "when": {"any": [{"fact": "text", "word": "parcel"}, {"fact": "text", "word": "delivery"}]}},
		{"name": "questions", "team": "shop"}
	],
	"teams": [{"name": "warehouse"}, {"name": "shop"}],
	"agents": [{"name": "Ana", "teams": ["warehouse"], "capacity": 5, "always_on": true}, {"name": "Ben", "teams": ["shop"], "capacity": 5, "always_on": true}],
	"sla": [{"name": "promise", "targets": [{"metric": "first_response", "within": "1h"}, {"metric": "resolution", "within": "8h"}]}]
}`

func main() {
	db := flag.String("db", "", "keep the tickets in this SQLite `file`, and go on from there")
	flag.Parse()
	run(*db)
}

func run(db string) {
	ctx, now := context.Background(), time.Date(2026, 11, 3, 8, 0, 0, 0, time.UTC)
	clock, shop := func() time.Time { return now }, channel.Account{AccountID: channel.AccountID{ID: "shop"}}
	var store ticket.Store = ticket.NewMemory(&ticket.MemoryOptions{Now: clock})
	if db != "" {
		file, err := sqlite.Open(db, &sqlite.Options{Now: clock, Durability: sqlite.Normal}) // a shop that lives on it takes Full, the default
		check(err)
		store = file
	}
	defer store.Close()
	seen := ticket.Position("") // of the journal
	check(store.View(ctx, "", func(r ticket.Reader) (err error) {
		last, err := r.ListTickets(ticket.TicketQuery{Newest: true, Page: ticket.Page{Limit: 1}})
		check(err)
		if len(last.Items) > 0 { // the morning after
			now = last.Items[0].Created.Truncate(24 * time.Hour).Add(32 * time.Hour)
		}
		seen, err = r.Head()
		return err
	}))
	morning, from := now, 100*now.YearDay()
	plaza := channeltest.New(channeltest.Options{Platform: "plaza", Now: clock, From: from}) // where people write on the shop's page
	chirp := channeltest.New(channeltest.Options{Platform: "chirp", Now: clock, From: from}) // where they write to it in private
	page, inbox, sink := plaza.Account(shop), chirp.Account(shop), crmtest.New(crmtest.Options{Now: clock})
	setup, err := socialcrm.ParseSetup([]byte(deskFile))
	check(err)
	desk, err := socialcrm.New(socialcrm.Config{Store: store, Setup: setup, Channels: []channel.Channel{page, inbox}, Sinks: []crm.Sink{sink}, Now: clock})
	check(err)

	day := []struct{ at, who, where, text, then, answer string }{
		{"08:55", "Mia", "plaza", "Where is my parcel? It was due yesterday.", "09:10", "Sorry, Mia: it is on today's van."},
		{"09:20", "Jon", "chirp", "Can I change the delivery address of order 1042?", "10:00", "Done: it goes to your office now."},
		{"10:05", "Lea", "plaza", "Do you sell gift cards?", "10:12", "We do, from 10 euros."},
		{"11:30", "Tom", "plaza", "My parcel arrived wet. I want my money back.", "13:05", "You have it back, Tom, and our apology."},
		{"12:15", "Zoe", "chirp", "Is the blue lamp coming back?", "12:45", "Next week, Zoe."},
		{"12:50", "Kai", "plaza", "Third late delivery this month, really?", "13:25", "That is too many, Kai. The next month is free."},
		{"15:10", "Ida", "chirp", "My voucher is refused.", "15:30", "It works again, Ida."},
		{"16:10", "Ida", "chirp", "No, still refused.", "16:25", "Our mistake: here is a new one."},
		{"17:30", "Max", "plaza", "Are you open on Sunday?", "never", ""},
	}
	tickets := map[string]ticket.ID{} // by customer
	for ; now.Hour() < 20; now = now.Add(time.Minute) {
		for _, line := range day {
			switch hour := now.Format("15:04"); {
			case hour == line.at && line.where == "plaza":
				plaza.Customer(line.who).Post(page, line.text)
			case hour == line.at:
				chirp.Customer(line.who).Write(inbox, line.text)
			case hour == line.then: // whoever has the ticket answers
				t, err := desk.Ticket(ctx, tickets[line.who])
				check(err)
				_, err = desk.Reply(ctx, t.ID, socialcrm.By{Actor: ticket.Agent(t.Agent)}, socialcrm.Reply{Text: line.answer, Then: ticket.Solved})
				check(err)
			}
		}
		_, err = desk.Tick(ctx) // polls the channels, routes, posts answers, watches clocks, tells the CRM
		check(err)
		entries, err := desk.Journal(ctx, ticket.JournalQuery{After: seen})
		check(err)
		for _, e := range entries {
			if seen = e.Position; e.Kind == ticket.MessageReceived {
				tickets[e.Actor.ID] = e.Ticket
			}
		}
	}

	list, err := desk.Tickets(ctx, ticket.TicketQuery{})
	check(err)
	for _, t := range list.Items {
		if t.Updated.Before(morning) {
			continue
		}
		who, err := desk.Contact(ctx, t.Contact)
		check(err)
		held := sink.Interactions(string(t.ID)) // by the CRM
		fmt.Printf("%s %s on %s: %q\n", t.Created.Format("15:04"), who.Name, t.Account.Platform, t.Subject)
		answer := "has not answered"
		if !t.Clocks.Responded.IsZero() {
			answer = fmt.Sprintf("answered after %.0f minutes", t.Clocks.Responded.Sub(t.Clocks.Asked).Minutes())
		}
		fmt.Printf("      lane %s, %s %s;", t.Lane, t.Agent, answer)
		for _, c := range t.Clocks.Clocks {
			fmt.Printf(" %s %s,", c.Metric, c.Verdict)
		}
		fmt.Printf(" messages in the CRM: %d\n", len(held))
	}
	fmt.Printf("The CRM has %d contacts and %d cases.\n", len(sink.Contacts()), len(sink.Cases()))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
