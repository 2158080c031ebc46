package socialcrm_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/ticket"
)

// plaza is the account of our examples, and the network in memory that it is on.
func plaza() (*channeltest.Platform, *channeltest.FakeChannel) {
	network := channeltest.New(channeltest.Options{Platform: "plaza"})
	return network, network.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
}

// question is a customer's message as a host's own code would push it.
func question(id, who, text string) channel.Event {
	return channel.Event{
		Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "plaza", ID: "shop"}, Time: time.Now(),
		Message: channel.Message{ID: id, Thread: id, Author: channel.Author{ID: who, Name: who}, Text: text},
	}
}

// A customer writes, an agent answers, and the CRM holds both. Run does by itself what Tick does here.
func Example() {
	ctx := context.Background()
	network, page := plaza() // package channeltest's network in memory
	sink := crmtest.New(crmtest.Options{})
	desk, err := socialcrm.New(socialcrm.Config{Channels: []channel.Channel{page}, Sinks: []crm.Sink{sink}})
	if err != nil {
		log.Fatal(err)
	}
	network.Customer("Mia").Post(page, "Where is my parcel?")
	if _, err := desk.Tick(ctx); err != nil { // polls the account
		log.Fatal(err)
	}
	list, err := desk.Tickets(ctx, ticket.TicketQuery{})
	if err != nil {
		log.Fatal(err)
	}
	_, err = desk.Reply(ctx, list.Items[0].ID, socialcrm.By{Actor: ticket.Agent("ana")}, socialcrm.Reply{Text: "On its way, Mia.", Then: ticket.Solved})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := desk.Tick(ctx); err != nil { // posts the answer and tells the CRM
		log.Fatal(err)
	}
	fmt.Println("Mia reads:", network.Replies())
	for _, c := range sink.Cases() {
		fmt.Println("the CRM holds:", c.Subject, c.Status, len(sink.Interactions(c.Key)))
	}
	// Output:
	// Mia reads: [On its way, Mia.]
	// the CRM holds: Where is my parcel? solved 2
}

// The same key again, after a lost answer or a second click, is the first receipt again and no second post.
func ExampleDesk_Reply() {
	ctx := context.Background()
	network, page := plaza()
	desk, err := socialcrm.New(socialcrm.Config{Channels: []channel.Channel{page}})
	if err != nil {
		log.Fatal(err)
	}
	m := network.Customer("mia").Post(page, "Where is my parcel?")
	results, err := desk.Ingest(ctx, channel.Event{Kind: channel.MessageReceived, Account: page.Account().AccountID, Message: m})
	if err != nil {
		log.Fatal(err)
	}
	by := socialcrm.By{Actor: ticket.Agent("ana"), Key: "form-1"}
	for range 2 {
		receipt, err := desk.Reply(ctx, results[0].Ticket, by, socialcrm.Reply{Text: "On its way, Mia.", Then: ticket.Pending})
		fmt.Println("version", receipt.Version, err)
	}
	if _, err := desk.Tick(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(network.Replies())
	// Output:
	// version 2 <nil>
	// version 2 <nil>
	// [On its way, Mia.]
}

// A host follows the journal, and goes on after a restart behind the position that it kept.
func ExampleDesk_Feed() {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	_, page := plaza()
	desk, err := socialcrm.New(socialcrm.Config{Channels: []channel.Channel{page}})
	if err != nil {
		log.Fatal(err)
	}
	results, err := desk.Ingest(ctx, question("m1", "mia", "Where is my parcel?"))
	if err != nil {
		log.Fatal(err)
	}
	if _, err := desk.Note(ctx, results[0].Ticket, socialcrm.By{Actor: ticket.Agent("ana")}, "The van is late."); err != nil {
		log.Fatal(err)
	}
	var kept ticket.Position // beside what was made of the entries
	for entry, err := range desk.Feed(ctx, kept) {
		if err != nil {
			log.Fatal(err)
		}
		if entry.Ticket == results[0].Ticket {
			fmt.Println(entry.Kind, "by", entry.Actor.Kind)
		}
		if kept = entry.Position; entry.Kind == ticket.NoteAdded {
			break
		}
	}
	// Output:
	// ticket.created by customer
	// ticket.routed by system
	// message.received by customer
	// note.added by agent
}

// A desk file is strict: what a slip of the hand would lose is an error, with its line.
func ExampleParseSetup() {
	setup, err := socialcrm.ParseSetup([]byte(`{
		"lanes": [{"name": "parcels", "team": "warehouse", "when": {"fact": "text", "word": "parcel"}}, {"name": "questions"}],
		"teams": [{"name": "warehouse"}],
		"agents": [{"name": "Ana", "teams": ["warehouse"], "always_on": true}],
		"sla": [{"name": "promise", "targets": [{"metric": "first_response", "within": "1h"}]}]
	}`))
	fmt.Println(len(setup.Lanes), "lanes,", setup.Agents[0].Name, err)

	_, err = socialcrm.ParseSetup([]byte("{\n\t\"lanes\": [{\"nmae\": \"parcels\"}]\n}"))
	reason, known, _ := strings.Cut(err.Error(), "; ")
	fmt.Println(reason)
	fmt.Println(known[:15])
	// Output:
	// 2 lanes, Ana <nil>
	// desk file: line 2: lanes[0].nmae: unknown field
	// known are name,
}

// Each receiver has an address of its own, and is answered once everything is stored.
func ExampleDesk_Webhooks() {
	network, page := plaza()
	desk, err := socialcrm.New(socialcrm.Config{Channels: []channel.Channel{page}, Sources: []channel.Source{network}})
	if err != nil {
		log.Fatal(err)
	}
	webhooks := desk.Webhooks() // http.Handle("/webhooks/", webhooks)
	network.Customer("mia").Post(page, "Where is my parcel?")
	call := network.Webhook()
	for _, header := range []string{call.Header.Get(channeltest.SignatureHeader), "sha256=forged"} {
		call.Header.Set(channeltest.SignatureHeader, header)
		answer := httptest.NewRecorder()
		webhooks.ServeHTTP(answer, channeltest.NewRequest("https://desk.example", call))
		fmt.Println(call.Path, answer.Code)
	}
	list, err := desk.Tickets(context.Background(), ticket.TicketQuery{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(list.Items[0].Subject)
	// Output:
	// /webhooks/plaza 200
	// /webhooks/plaza 401
	// Where is my parcel?
}
