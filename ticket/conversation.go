package ticket

import (
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

// ConversationKey is what makes a conversation: the account, the visibility, the thread and, in public, the customer. Two people under one public post are
// two conversations; in private the thread alone decides and Author is empty.
type ConversationKey struct {
	Account    channel.AccountID  `json:"account"`
	Visibility channel.Visibility `json:"visibility,omitzero"`
	Thread     string             `json:"thread"`
	Author     string             `json:"author,omitempty"`
}

// Conversation is what one customer and one account say to each other in one thread.
type Conversation struct {
	Key ConversationKey `json:"key"`
	// Ticket is the ticket that its next message belongs to.
	Ticket ID `json:"ticket"`
	// Line names the line of the ticket's clocks that its messages and their answers belong to: the merged ticket that brought it. Empty: the ticket's own.
	Line string `json:"line,omitempty"`
	// Part is the merged ticket that brought it, which takes it along when it is taken out again. Empty: none did.
	Part ID `json:"part,omitempty"`
	// Contact is the customer, Author the identity through which the customer speaks here; answers go to it.
	Contact ContactID      `json:"contact,omitempty"`
	Author  channel.Author `json:"author,omitzero"`
	// CustomerWrote is the platform's time of the customer's latest message here, CustomerMessage its ID: what an answer replies to.
	CustomerWrote   time.Time `json:"customer_wrote,omitzero"`
	CustomerMessage string    `json:"customer_message,omitempty"`
	// CustomerOrder is the platform's own order of that message, which breaks ties.
	CustomerOrder string `json:"customer_order,omitempty"`
	// Unfinished are the keys of posts to here that have not gone out yet, and of those that did whose ID the platform has yet to tell, oldest first.
	Unfinished []string `json:"unfinished,omitempty"`
	// Provisional is set while author or root are not known; the thread is then the message's own ID.
	Provisional bool `json:"provisional,omitempty"`
	// MovedTo is the conversation that this one turned out to be, once author or root were known.
	MovedTo *ConversationKey `json:"moved_to,omitempty"`
	// Away is set while another app holds the conversation.
	Away bool `json:"away,omitempty"`
	// Erased is when its customer was erased: no post to here from before then is kept.
	Erased time.Time `json:"erased,omitzero"`
}

// MessageRef names a message as the platform does.
type MessageRef struct {
	Account channel.AccountID `json:"account"`
	ID      string            `json:"id"`
}

// Direction says which way a message went.
type Direction string

const (
	Inbound  Direction = "in"   // from the customer
	Outbound Direction = "out"  // from the brand, by whatever tool
	Internal Direction = "note" // among agents; no customer sees it
)

// Message is one message of a ticket: what was said, and what became of it.
type Message struct {
	// Key names it in the Store: for what came from a platform the text of its ref, for what we write Outgoing.Key.
	Key string `json:"key"`
	// Ticket and Conversation are where it belongs.
	Ticket       ID              `json:"ticket"`
	Conversation ConversationKey `json:"conversation"`
	// Part is the ticket that it was said in, where another ticket took it or its conversation in: it goes with that one when the two are taken apart. Empty: it goes
	// with its conversation.
	Part      ID        `json:"part,omitempty"`
	Direction Direction `json:"direction"`
	// Content is the text in force. Content.ID is empty while the platform has not accepted an outgoing message yet.
	Content channel.Message `json:"content"`
	// Party is the party of the ticket that wrote it or whom it answers; empty: the customer.
	Party ContactID `json:"party,omitempty"`
	// Actor is who wrote it, as far as it was one of ours.
	Actor Actor `json:"actor,omitzero"`
	// Automated is set when no person wrote it.
	Automated bool `json:"automated,omitempty"`
	// Edited and Deleted tell when the platform says that it changed; a deleted message keeps its text unless that had to be removed.
	Edited  time.Time `json:"edited,omitzero"`
	Deleted time.Time `json:"deleted,omitzero"`
	// Versions are the texts before the one in force, the oldest first.
	Versions []Version `json:"versions,omitempty"`
	// Missing is the platform's ID of an ancestor that has not come yet; until it does, it stands for the root of the thread.
	Missing string `json:"missing,omitempty"`
	// Received is when we first heard of it, or when the agent wrote it.
	Received time.Time `json:"received"`
	// Post is set on what the Desk itself sends.
	Post *Post `json:"post,omitempty"`
	// State is what receipts say of an own post that the Desk did not send: delivered, read or failed; empty: nothing yet.
	State PostState `json:"state,omitempty"`
	// Reactions are those that stand, the oldest first; of very many the newest 64.
	Reactions []Reaction `json:"reactions,omitempty"`
}

// Reaction is a sign that somebody put on a message.
type Reaction struct {
	// Author is the platform's ID of who reacted; empty where it does not tell.
	Author string `json:"author,omitempty"`
	// Name is the platform's name of the reaction, or the emoji.
	Name string `json:"name,omitempty"`
	// Time is when, as the platform says.
	Time time.Time `json:"time"`
}

// Version is a text that a message had before it was edited.
type Version struct {
	ID       string    `json:"id,omitempty"` // the platform's ID then, where an edit changed it
	Revision string    `json:"revision,omitempty"`
	Text     string    `json:"text,omitempty"`
	Until    time.Time `json:"until"` // the platform's time of the edit that replaced it
}

// Ref returns how the platform names the message; its ID is empty while there is none.
func (m *Message) Ref() MessageRef { return MessageRef{m.Conversation.Account, m.Content.ID} }

// PostState says how far a post of ours is.
type PostState string

const (
	PostQueued    PostState = "queued"    // waiting for its turn
	PostSending   PostState = "sending"   // a request may be under way until Post.Until
	PostUnknown   PostState = "unknown"   // it may have gone out; a Finder or an agent decides
	PostSent      PostState = "sent"      // the platform accepted it
	PostDelivered PostState = "delivered" // it reached the customer
	PostRead      PostState = "read"      // the customer saw it
	PostFailed    PostState = "failed"    // it did not go out, or never arrived
	PostCancelled PostState = "cancelled" // withdrawn before it went out
	PostDraft     PostState = "draft"     // another must approve it first; such a message is Internal until it is posted
	PostApproved  PostState = "approved"  // a draft that became posts
	PostRejected  PostState = "rejected"  // a draft that will not go out
)

// Post is the outgoing side of a message: one part of one reply.
type Post struct {
	// Out is what is sent; its Text is set at the first attempt and stays the same.
	Out channel.Outgoing `json:"out"`
	// Reply names the reply that this is a part of.
	Reply string    `json:"reply"`
	State PostState `json:"state"`
	// Until is the time by which a request under way has ended.
	Until time.Time `json:"until,omitzero"`
	// Tried is when the latest attempt began, Begun when the first one did, Attempts how many there were.
	Tried time.Time `json:"tried,omitzero"`
	Begun time.Time `json:"begun,omitzero"`
	// Absent is how often its answer was lost and the platform did not have it.
	Absent   int `json:"absent,omitempty"`
	Attempts int `json:"attempts,omitempty"`
	// Sent is what the platform said.
	Sent channel.Sent `json:"sent,omitzero"`
	// Arrived is set once a receipt that names the post says that it reached the customer: a fact, whatever other receipts say. A watermark does not set it.
	Arrived bool `json:"arrived,omitempty"`
	// Error says why the latest attempt did not succeed.
	Error string `json:"error,omitempty"`
	// Then is the status that the ticket gets once the last part is out; empty: open.
	Then Status `json:"then,omitempty"`
	// Requires is the level of verified identity without which it does not go out.
	Requires Assurance `json:"requires,omitzero"`
	// Private is set on an answer in private to a public message, which the platform allows once.
	Private bool `json:"private,omitempty"`
	// Back is set on the acknowledgement that nobody is there: when it says that somebody will be. It does not go out once that has changed.
	Back time.Time `json:"back,omitzero"`
}
