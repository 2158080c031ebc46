package meta_test

import (
	"fmt"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
)

// An adapter gives Decode a function for one item; the walk, the bad entries and the counting are done for it.
func ExampleDecode() {
	body := []byte(`{"object":"instagram","entry":[{"id":"1784","time":1788000000,"changes":[
		{"field":"comments","value":{"id":"17919","text":"price?"}},{"field":"comments","value":{"id":["17920"]}},{"field":"story_insights","value":{}}]}]}`)
	delivery, err := meta.Decode("instagram", "instagram", body, func(it meta.Item, d *channel.Delivery) error {
		if it.Field != "comments" {
			meta.Ignore(d, it.Field)
			return nil
		}
		var comment struct {
			ID   meta.ID
			Text string
		}
		if err := it.Unmarshal(&comment); err != nil {
			return err
		}
		d.Events = append(d.Events, channel.Event{
			Kind: channel.MessageReceived, Account: it.Account, Time: it.Time, Message: channel.Message{ID: string(comment.ID), Text: comment.Text},
		})
		return nil
	})
	fmt.Println(err, delivery.Events[0].Account, delivery.Events[0].Message.Text, delivery.Ignored)
	fmt.Println(delivery.Bad[0].Where, delivery.Bad[0].Reason)
	// Output:
	// <nil> instagram/1784 price? map[story_insights:1]
	// entry[0].changes[1].value.ID is array, want an ID (text or a whole number)
}
