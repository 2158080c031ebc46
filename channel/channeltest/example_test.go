package channeltest_test

import (
	"context"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
)

// A host's test: a customer writes, the account is polled, an answer goes out and the customer sees it.
func Example() {
	ctx := context.Background()
	p := channeltest.New(channeltest.Options{})
	page := p.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
	mia := p.Customer("mia")
	mia.Post(page, "Where is my parcel?")

	batch, err := page.Poll(ctx, "")
	if err != nil {
		fmt.Println(err)
	}
	for _, e := range batch.Events {
		fmt.Printf("%s %s: %s\n", e.Kind, e.Message.Author.Name, e.Message.Text)
		if _, err := page.Send(ctx, channel.Outgoing{Key: "1", InReplyTo: e.Message.ID, To: e.Message.Author, Text: "On its way, Mia."}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("%q\n", mia.Sees())
	// Output:
	// received mia: Where is my parcel?
	// ["Where is my parcel?" "On its way, Mia."]
}

// Trouble is queued by operation: here the answer to the next Send is lost although the post went out.
func ExamplePlatform_Fail() {
	ctx := context.Background()
	p := channeltest.New(channeltest.Options{})
	page := p.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
	m := p.Customer("mia").Post(page, "Where is my parcel?")

	p.Fail(channeltest.OnSend, channeltest.LoseAnswer)
	out := channel.Outgoing{Key: "1", InReplyTo: m.ID, Text: "On its way."}
	_, err := page.Send(ctx, out)
	fmt.Println(remote.KindOf(err), "-", err)
	finding, _, _ := page.Find(ctx, out, time.Now())
	fmt.Println(finding)
	// Output:
	// unknown outcome - fakebook: send: unknown outcome: the connection was lost
	// found
}

// A channel with some abilities only: the others cannot be found by type assertion.
func ExampleFakeChannel_Only() {
	page := channeltest.New(channeltest.Options{}).Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}})
	var c channel.Channel = page.Only(channeltest.Finds | channeltest.Moderates)
	_, canPublish := c.(channel.Publisher)
	fmt.Println(channeltest.AbilitiesOf(c), canPublish)
	// Output: Moderator, Finder false
}
