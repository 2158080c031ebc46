package channel

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// EventKind says what happened.
type EventKind string

const (
	// MessageReceived: somebody wrote to or about the brand. Event.Message is the message.
	MessageReceived EventKind = "received"
	// MessageEdited: a message changed. Event.Message is the message as it now is; Event.FormerID its ID before, where an edit changes the ID.
	MessageEdited EventKind = "edited"
	// MessageDeleted: a message is gone. Event.Message.ID names it; Event.Honour asks that its text be removed everywhere.
	MessageDeleted EventKind = "deleted"
	// MessageEchoed: the brand's own post came back, whoever wrote it: the Desk, a person in the platform's own app, or another tool (Event.App).
	MessageEchoed EventKind = "echoed"
	// ReceiptArrived: what became of posts of ours. Event.Receipt tells.
	ReceiptArrived EventKind = "receipt"
	// ReactionChanged: somebody reacted to a message, or took that back. Event.Reaction tells.
	ReactionChanged EventKind = "reaction"
	// AuthorizationLost: the account's token no longer works; a person must reconnect it.
	AuthorizationLost EventKind = "authorization lost"
	// SubscriptionLost: the platform stopped sending webhooks for the account; the Desk renews and polls the gap.
	SubscriptionLost EventKind = "subscription lost"
	// ControlChanged: another app took or released the conversation of Event.Message.Thread; Event.Standby tells whether it is now away from us.
	ControlChanged EventKind = "control changed"
	// MessageModerated: a message was hidden or shown again outside the Desk: by a person in the platform's own app, or by the platform's filter.
	// Event.Action tells which.
	MessageModerated EventKind = "moderated"
	// ConversationOpened: somebody opened or came back to a conversation (through a link or an advert) without writing. Event.Message holds Thread,
	// Author, and in Facts where they came from; it has no ID, and there is nothing to answer yet.
	ConversationOpened EventKind = "opened"
)

// eventKinds names all of them.
const eventKinds = `"` + MessageReceived + `", "` + MessageEdited + `", "` + MessageDeleted + `", "` + MessageEchoed + `", "` + ReceiptArrived + `", "` + ReactionChanged + `", "` +
	AuthorizationLost + `", "` + SubscriptionLost + `", "` + ControlChanged + `", "` + MessageModerated + `", "` + ConversationOpened + `"`

// Event is one thing that happened on a platform. Adapters make them; hosts may make their own and hand them to Desk.Ingest.
type Event struct {
	// Kind says what happened.
	Kind EventKind `json:"kind"`
	// Account is the brand account that this concerns. One source may bring events of many accounts.
	Account AccountID `json:"account"`
	// Key is the same for the same happening, on every redelivery and from every source of the account. Leave it empty for what has a message ID:
	// DedupeKey then makes the right one. Where there is none (a postback, a reaction), the adapter gives one.
	Key string `json:"key,omitempty"`
	// Time is when the platform says it happened. Zero: Message.Time, and failing that the time of arrival.
	Time time.Time `json:"time,omitzero"`
	// Received is when it reached us. Zero: Desk.Ingest fills it in.
	Received time.Time `json:"received,omitzero"`
	// Message is the message concerned: whole when received, edited or echoed, only ID (and Thread) otherwise.
	Message Message `json:"message,omitzero"`
	// FormerID is the ID that an edited message had before, on platforms where an edit changes it.
	FormerID string `json:"former_id,omitempty"`
	// App is the ID of the app that wrote an echoed post, or that now holds the conversation of a ControlChanged. Empty: the platform's own app, so a
	// person, or nobody; on platforms that never tell (comments on Facebook), nothing follows from it.
	App string `json:"app,omitempty"`
	// SentKey is the Outgoing.Key of an echoed post of ours, on platforms that give it back.
	SentKey string `json:"sent_key,omitempty"`
	// Standby is set while another app holds the conversation: the event is journalled, but no human clock starts until control is ours.
	Standby bool `json:"standby,omitempty"`
	// Honour is set on a deletion after which the text must not be kept (the platform's rules or the law demand it).
	Honour bool `json:"honour,omitempty"`
	// Receipt is set for ReceiptArrived.
	Receipt Receipt `json:"receipt,omitzero"`
	// Reaction is set for ReactionChanged.
	Reaction Reaction `json:"reaction,omitzero"`
	// Action is set for MessageModerated.
	Action ModerateAction `json:"action,omitempty"`
}

// ReceiptState is how far a post of ours got. Later states include earlier ones; receipts only move forward.
type ReceiptState string

const (
	ReceiptSent      ReceiptState = "sent"      // the platform took it for delivery
	ReceiptDelivered ReceiptState = "delivered" // it reached the customer's device
	ReceiptRead      ReceiptState = "read"      // the customer saw it
	ReceiptFailed    ReceiptState = "failed"    // accepted before, but it never arrived
)

// Receipt tells what became of posts of ours: of the named messages, or of all in the thread up to a watermark.
type Receipt struct {
	// State is how far they got.
	State ReceiptState `json:"state,omitempty"`
	// Messages are the platform's IDs of the posts. Empty: Watermark rules.
	Messages []string `json:"messages,omitempty"`
	// Thread is the conversation to which Watermark applies.
	Thread string `json:"thread,omitempty"`
	// Watermark covers every post of ours in Thread up to and including this time.
	Watermark time.Time `json:"watermark,omitzero"`
	// Code and Reason say why it failed, in the platform's words.
	Code   string `json:"code,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// IsZero reports whether there is no receipt.
func (r Receipt) IsZero() bool {
	return r.State == "" && len(r.Messages) == 0 && r.Thread == "" && r.Watermark.IsZero() && r.Code == "" && r.Reason == ""
}

// Reaction is a like or another sign on a message.
type Reaction struct {
	// Author is who reacted.
	Author Author `json:"author,omitzero"`
	// Name is the platform's name of the reaction, or the emoji. Empty with Removed: whatever it was.
	Name string `json:"name,omitempty"`
	// Removed is set when it was taken back.
	Removed bool `json:"removed,omitempty"`
}

// DedupeKey returns Key or, where that is empty, the key that follows from the message: the same for a message received or echoed, from whatever
// source, and one for each revision of an edit and for a deletion. It is unique within the account. It is empty where there is nothing to make it from;
// for an edit without a revision the Desk then compares the content with the text in force, so that an edit back to an earlier text is not lost.
func (e *Event) DedupeKey() string {
	if e.Key != "" {
		return e.Key
	}
	if e.Message.ID == "" && e.Kind != ReceiptArrived {
		return ""
	}
	switch e.Kind {
	case MessageReceived, MessageEchoed:
		return "message/" + e.Message.ID
	case MessageEdited:
		if e.Message.Revision != "" {
			return "edit/" + e.Message.ID + "/" + e.Message.Revision
		}
	case MessageDeleted:
		if e.Honour {
			return "delete/" + e.Message.ID + "/honour" // also after a deletion that did not say so
		}
		return "delete/" + e.Message.ID
	case ReceiptArrived:
		if len(e.Receipt.Messages) > 0 {
			return "receipt/" + string(e.Receipt.State) + "/" + strings.Join(e.Receipt.Messages, "/")
		}
		if !e.Receipt.Watermark.IsZero() {
			return "receipt/" + string(e.Receipt.State) + "/" + e.Receipt.Thread + "/" + e.Receipt.Watermark.UTC().Format(time.RFC3339Nano)
		}
	case ReactionChanged:
		key := "reaction/" + e.Message.ID + "/" + e.Reaction.Author.ID + "/" + e.Reaction.Name + "/" + e.Time.UTC().Format(time.RFC3339Nano)
		if e.Reaction.Removed {
			key += "/removed"
		}
		return key
	case MessageModerated:
		return "moderate/" + e.Message.ID + "/" + string(e.Action) + "/" + e.Time.UTC().Format(time.RFC3339Nano)
	}
	return ""
}

// Check reports what an event lacks to be taken in; nil when it is whole. The Desk quarantines what does not pass, with this error as the reason.
func (e *Event) Check() error {
	if e.Account.Platform == "" || e.Account.ID == "" {
		return errors.New("event: account is missing")
	}
	if strings.Contains(e.Account.Platform, "/") {
		return fmt.Errorf("event on %s: account: a platform has no slash in its name", e.Account)
	}
	for _, t := range [...]struct {
		name string
		time time.Time
	}{{"time", e.Time}, {"received", e.Received}, {"message.time", e.Message.Time}, {"receipt.watermark", e.Receipt.Watermark}} {
		if y := t.time.Year(); y < 1 || y > 9999 {
			return fmt.Errorf("event %s on %s: %s: the year %d is none", e.Kind, e.Account, t.name, y)
		}
		if _, zone := t.time.Zone(); zone <= -24*60*60 || zone >= 24*60*60 {
			return fmt.Errorf("event %s on %s: %s: an offset of %d hours is none", e.Kind, e.Account, t.name, zone/60/60)
		}
	}
	switch e.Kind {
	case MessageReceived, MessageEdited, MessageDeleted, MessageEchoed, ReactionChanged, MessageModerated:
		if e.Message.ID == "" {
			return fmt.Errorf("event %s on %s: message.id is missing", e.Kind, e.Account)
		}
		if e.Kind == ReactionChanged && e.Reaction.Name == "" && !e.Reaction.Removed {
			return fmt.Errorf("event %s on %s: reaction.name is missing", e.Kind, e.Account)
		}
		if e.Kind == MessageModerated && e.Action == "" {
			return fmt.Errorf("event %s on %s: action is missing", e.Kind, e.Account)
		}
	case ReceiptArrived:
		if e.Receipt.State == "" {
			return fmt.Errorf("event %s on %s: receipt.state is missing", e.Kind, e.Account)
		}
		if len(e.Receipt.Messages) == 0 && e.Receipt.Watermark.IsZero() {
			return fmt.Errorf("event %s on %s: receipt names neither messages nor a watermark", e.Kind, e.Account)
		}
	case AuthorizationLost, SubscriptionLost, ControlChanged, ConversationOpened:
		if e.Key == "" {
			return fmt.Errorf("event %s on %s: key is missing", e.Kind, e.Account)
		}
	case "":
		return fmt.Errorf("event on %s: kind is missing; want one of %s", e.Account, eventKinds)
	default:
		return fmt.Errorf("event on %s: kind %q is not known; want one of %s", e.Account, string(e.Kind), eventKinds)
	}
	return nil
}
