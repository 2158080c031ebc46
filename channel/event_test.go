package channel_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 5e6, time.FixedZone("CET", 3600))

func TestDedupeKey(t *testing.T) {
	t.Parallel()
	m := channel.Message{ID: "7"}
	like := channel.Reaction{Author: channel.Author{ID: "mia"}, Name: "like"}
	for _, tc := range []struct {
		name  string
		event channel.Event
		want  string
	}{
		{"the adapter's own key wins", channel.Event{Kind: channel.MessageReceived, Key: "k", Message: m}, "k"},
		{"received", channel.Event{Kind: channel.MessageReceived, Message: m}, "message/7"},
		{"an echo of it is the same message", channel.Event{Kind: channel.MessageEchoed, Message: m}, "message/7"},
		{"edited", channel.Event{Kind: channel.MessageEdited, Message: channel.Message{ID: "7", Revision: "3"}}, "edit/7/3"},
		{"edited without a revision", channel.Event{Kind: channel.MessageEdited, Message: m}, ""},
		{"deleted", channel.Event{Kind: channel.MessageDeleted, Message: m}, "delete/7"},
		{"nothing to make it from", channel.Event{Kind: channel.MessageReceived}, ""},
		{"receipt of posts", channel.Event{Kind: channel.ReceiptArrived, Receipt: channel.Receipt{State: channel.ReceiptRead, Messages: []string{"7", "8"}}}, "receipt/read/7/8"},
		{"receipt up to a watermark", channel.Event{Kind: channel.ReceiptArrived, Receipt: channel.Receipt{State: channel.ReceiptRead, Thread: "t", Watermark: noon}},
			"receipt/read/t/2026-03-02T11:00:00.005Z"},
		{"receipt of nothing", channel.Event{Kind: channel.ReceiptArrived}, ""},
		{"reaction", channel.Event{Kind: channel.ReactionChanged, Message: m, Reaction: like, Time: noon}, "reaction/7/mia/like/2026-03-02T11:00:00.005Z"},
		{"hidden", channel.Event{Kind: channel.MessageModerated, Message: m, Action: channel.Hide, Time: noon}, "moderate/7/hide/2026-03-02T11:00:00.005Z"},
		{"authorisation", channel.Event{Kind: channel.AuthorizationLost}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			if got := tc.event.DedupeKey(); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestDedupeKeyTellsALikeFromItsEnd(t *testing.T) {
	t.Parallel()
	e := channel.Event{Kind: channel.ReactionChanged, Message: channel.Message{ID: "7"}, Time: noon}
	liked := e.DedupeKey()
	e.Reaction.Removed = true
	if liked == e.DedupeKey() {
		t.Errorf("both are %q", liked)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	page := channel.AccountID{Platform: "facebook", ID: "1"}
	m := channel.Message{ID: "7"}
	for _, tc := range []struct {
		name  string
		event channel.Event
		want  string // part of the error; empty: whole
	}{
		{"received", channel.Event{Kind: channel.MessageReceived, Account: page, Message: m}, ""},
		{"deleted", channel.Event{Kind: channel.MessageDeleted, Account: page, Message: m}, ""},
		{"watermark", channel.Event{Kind: channel.ReceiptArrived, Account: page, Receipt: channel.Receipt{State: channel.ReceiptRead, Watermark: noon}}, ""},
		{"authorisation", channel.Event{Kind: channel.AuthorizationLost, Account: page, Key: "k"}, ""},
		{"opened", channel.Event{Kind: channel.ConversationOpened, Account: page, Key: "k"}, ""},
		{"any reaction taken back", channel.Event{Kind: channel.ReactionChanged, Account: page, Message: m, Reaction: channel.Reaction{Removed: true}}, ""},
		{"moderated to what", channel.Event{Kind: channel.MessageModerated, Account: page, Message: m}, "action is missing"},
		{"no account", channel.Event{Kind: channel.MessageReceived, Message: m}, "account is missing"},
		{"half an account", channel.Event{Kind: channel.MessageReceived, Account: channel.AccountID{ID: "1"}, Message: m}, "account is missing"},
		{"no kind", channel.Event{Account: page}, "event on facebook/1: kind is missing"},
		{"unknown kind", channel.Event{Kind: "poked", Account: page}, `kind "poked" is not known; want one of "received", "edited", "deleted", "echoed", "receipt", "reaction", "authorization lost", "subscription lost", "control changed", "moderated", "opened"`},
		{"no message", channel.Event{Kind: channel.MessageEdited, Account: page}, "event edited on facebook/1: message.id is missing"},
		{"nameless reaction", channel.Event{Kind: channel.ReactionChanged, Account: page, Message: m}, "reaction.name is missing"},
		{"receipt of no state", channel.Event{Kind: channel.ReceiptArrived, Account: page}, "receipt.state is missing"},
		{"receipt of nothing", channel.Event{Kind: channel.ReceiptArrived, Account: page, Receipt: channel.Receipt{State: channel.ReceiptRead}}, "neither messages nor a watermark"},
		{"no key", channel.Event{Kind: channel.SubscriptionLost, Account: page}, "key is missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			err := tc.event.Check()
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
		})
	}
}

func TestEventSurvivesJSON(t *testing.T) {
	t.Parallel()
	want := channel.Event{
		Kind: channel.MessageReceived, Account: channel.AccountID{Platform: "bluesky", ID: "did:plc:a/b"}, Time: noon.UTC(),
		Message:  channel.Message{ID: "7", Visibility: channel.Private, Author: channel.Author{ID: "mia"}, Facts: map[string]string{"rating": "2"}},
		Reaction: channel.Reaction{Name: "like"}, Receipt: channel.Receipt{State: channel.ReceiptRead, Messages: []string{"1"}},
	}
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got channel.Event
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if data, _ := json.Marshal(channel.Event{Kind: channel.MessageDeleted}); string(data) != `{"kind":"deleted","account":""}` {
		t.Errorf("what is not set is written: %s", data)
	}
}
