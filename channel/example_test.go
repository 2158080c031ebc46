package channel_test

import (
	"fmt"

	"github.com/socialcrm/socialcrm/channel"
)

// A reply longer than a post is split by the platform's own limit and way of counting.
func ExampleSplit() {
	text := "Sorry for the wait, Mia! Your parcel left our warehouse this morning. You can follow it here: https://example.org/track/4711"
	parts, err := channel.Split(text, "Ana", channel.Traits{MaxText: 80})
	if err != nil {
		fmt.Println(err)
	}
	for _, part := range parts {
		fmt.Println(part)
	}
	// Output:
	// (1/2) Sorry for the wait, Mia! Your parcel left our warehouse this morning.
	// (2/2) You can follow it here: https://example.org/track/4711 ^Ana
}

// The same message has the same key however it arrived, so that it is taken in once.
func ExampleEvent_DedupeKey() {
	page := channel.AccountID{Platform: "facebook", ID: "1234"}
	polled := channel.Event{Kind: channel.MessageReceived, Account: page, Message: channel.Message{ID: "77", Text: "Where is my parcel?"}}
	pushed := channel.Event{Kind: channel.MessageReceived, Account: page, Message: channel.Message{ID: "77"}}
	edited := channel.Event{Kind: channel.MessageEdited, Account: page, Message: channel.Message{ID: "77", Revision: "2", Text: "Where is it?"}}
	fmt.Println(polled.DedupeKey(), pushed.DedupeKey(), edited.DedupeKey())
	// Output: message/77 message/77 edit/77/2
}
