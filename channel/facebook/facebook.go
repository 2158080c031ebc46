// Package facebook connects Facebook Pages: comments, visitor posts and mentions, and Messenger conversations come in and are answered.
//
// Start with a [Receiver], which takes the webhook calls of a Meta app for all Pages that installed it, and hand it to the Desk as a source:
//
//	r := &facebook.Receiver{App: meta.App{ID: "99", Secrets: []string{appSecret}, VerifyToken: word}}
//
// In the app dashboard, subscribe the object "page" to the Desk's address for it (…/webhooks/facebook) with the fields feed, mention, messages,
// message_edits, message_echoes, message_deliveries, message_reads, message_reactions, messaging_postbacks, messaging_referrals, messaging_handovers and
// standby, and install the app on each Page. The Page's ID is the ID of the account: channel.AccountID{Platform: "facebook", ID: "1234"}.
//
// Answers go out by a [Channel] for each Page, which is also the Poller that finds what webhooks missed:
//
//	page := facebook.New(facebook.Options{Account: channel.Account{AccountID: channel.AccountID{ID: "1234"}}, App: r.App, Token: token})
//
// It follows version 25.0 of the Graph API and the Messenger Platform as documented in the summer of 2026.
//
// # What becomes of what Meta sends
//
// A comment, a visitor's post and a mention are received; what the Page itself wrote is echoed. The thread is the post; the parent of a comment is the
// comment it answers or, at the top, the post. Edited, removed, hidden and shown again, and reactions have their own kinds of event. Removed content asks for
// its text to be deleted (Event.Honour), as Meta's platform terms demand.
//
// A Messenger conversation is a private thread named by the customer's ID. A pressed button (postback) is a message with a Payload; one that comes
// without a message ID gets one made of sender, time and payload ("postback:…"), to which nothing on the platform can refer. Somebody who follows a link or an
// advert into Messenger without writing opens a conversation. Standby is set on what arrives while another app holds the conversation.
//
// # IDs of people
//
// Meta gives a person another ID on every Page, so Author.ID is "PAGE:ID"; for the Page itself it is the Page's ID, equal to the account's. That holds for
// comments and for Messenger: the two are the same person when Meta uses the same number and otherwise two, which Meta's data does not join. Where Meta withholds
// who wrote a comment (privacy settings, or the app lacks access), Author.ID is empty, and the Desk asks once more by [Channel.Read].
//
// # Times
//
// Message.Time is when it was written. Event.Time is when a change to it happened; for comments Meta tells that only as the time of the webhook entry.
package facebook

import (
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
)

// Platform is the Platform of every account here.
const Platform = "facebook"

// author puts the Page before an ID that means something on this Page only.
func author(page channel.AccountID, id meta.ID, name string) channel.Author {
	a := channel.Author{ID: string(id), Name: name}
	if id != "" && a.ID != page.ID {
		a.ID = page.ID + ":" + a.ID
	}
	return a
}
