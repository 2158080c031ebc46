package archive_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/archive"
	"github.com/socialcrm/socialcrm/ticket"
)

const storm = `row,airline,airline_sentiment,name,text,tweet_created
1,Northwind,positive,mona_fly,@northwind landed early &amp; happy,2015-02-17T08:00:00-08:00
2,Northwind,negative,jo_tall,@northwind two hours on the tarmac #fail,some time
3,Northwind,negative,jo_tall,@northwind still there #fail,2015-02-17T09:30:00-08:00
`

func Example() {
	for event, err := range archive.Read(strings.NewReader(storm), archive.Airline) {
		if bad, ok := errors.AsType[*archive.RowError](err); ok {
			fmt.Println("passed over", bad.Where())
			continue
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		m := event.Message
		fmt.Printf("%s %s (%s): %s\n", event.Account, m.Author.Handle, m.Facts["sentiment"], m.Text)
	}
	// Output:
	// twitter/Northwind mona_fly (positive): @northwind landed early & happy
	// passed over line 3 (row 2): tweet_created
	// twitter/Northwind jo_tall (negative): @northwind still there #fail
}

func ExampleAccounts() {
	accounts, err := archive.Accounts(archive.ReadFile("testdata/conversations.json", archive.Conversations))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range accounts {
		fmt.Println(a.AccountID, "since", a.Since.Format("2006-01-02 15:04"))
	}
	// Output:
	// twitter/AcmeHelp since 2020-04-01 10:00
	// twitter/TeleNord since 2020-04-02 10:00
	// twitter/unknown since 2020-04-02 11:00
}

// A Desk that is fed an archive: an account each, and the file as a source.
func ExampleChannel() {
	const file = "testdata/conversations.json"
	accounts, err := archive.Accounts(archive.ReadFile(file, archive.Conversations))
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := socialcrm.Config{Sources: []channel.Source{archive.NewSource("recorded", file, archive.Conversations)}}
	for _, a := range accounts {
		cfg.Channels = append(cfg.Channels, archive.Channel(a))
	}
	desk, err := socialcrm.New(cfg)
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := desk.Tick(context.Background()); err != nil {
		fmt.Println(err)
		return
	}
	list, err := desk.Tickets(context.Background(), ticket.TicketQuery{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, t := range list.Items {
		fmt.Println(t.Account, t.Created.Format("2006-01-02 15:04"), t.Subject)
	}
	// Output:
	// twitter/AcmeHelp 2020-04-01 10:00 @AcmeHelp my oven & kettle broke
	// twitter/AcmeHelp 2020-04-01 10:05 @ann @AcmeHelp mine too
	// twitter/AcmeHelp 2020-04-01 10:09 @ann +1
	// twitter/TeleNord 2020-04-02 10:01 Not here
	// twitter/unknown 2020-04-02 11:00 hm
}

func ExampleSource() {
	source := archive.NewSource("recorded", "testdata/twcs.csv", archive.TWCS)
	source.BatchSize = 10
	var cursor channel.Cursor
	for {
		batch, err := source.Poll(context.Background(), cursor)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(len(batch.Events), "events,", len(batch.Bad), "bad")
		cursor = batch.Cursor
		if !batch.More {
			break
		}
	}
	// Output:
	// 10 events, 0 bad
	// 10 events, 0 bad
	// 1 events, 3 bad
}

func ExampleNewWriter() {
	w := archive.NewWriter(os.Stdout)
	err := w.Write(channel.Event{
		Kind:    channel.MessageReceived,
		Account: channel.AccountID{Platform: "mastodon", ID: "acme"},
		Message: channel.Message{ID: "7", Author: channel.Author{ID: "5"}, Text: "Where is my parcel?"},
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// {"event":{"kind":"received","account":"mastodon/acme","message":{"id":"7","author":{"id":"5"},"text":"Where is my parcel?"}}}
}
