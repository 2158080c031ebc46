package mastodon_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
)

// Somebody asks, and gets an answer where and as they asked. The Desk does this with every Channel that it is given.
func Example() {
	ctx := context.Background()
	network := standin.New() // a server in memory; use the address of yours
	server := httptest.NewServer(network)
	defer server.Close()

	c, err := mastodon.New(mastodon.Options{
		Server: server.URL, Handle: "acme@social.example", Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: standin.Token}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	network.Post(standin.Status{Author: "mia@other.example", Text: "Where is my parcel?", Visibility: "unlisted"})

	batch, err := c.Poll(ctx, "")
	if err != nil {
		fmt.Println(err)
		return
	}
	m := batch.Events[0].Message
	fmt.Println(m.Author.ID, m.Visibility, m.Facts["audience"], m.Text)

	_, err = c.Send(ctx, channel.Outgoing{Key: "reply-1", InReplyTo: m.ID, To: m.Author, Thread: m.Thread, Text: "On its way. ^Ana"})
	if err != nil {
		fmt.Println(err)
		return
	}
	answer := network.Posts()[0]
	fmt.Println(answer.Visibility, answer.Text)
	// Output:
	// mia@other.example public unlisted @acme Where is my parcel?
	// unlisted @mia@other.example On its way. ^Ana
}
