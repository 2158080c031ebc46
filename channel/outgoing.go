package channel

import "time"

// Outgoing is one post that the brand is about to make. The Desk has already split the text, so one Outgoing is one post on the platform.
type Outgoing struct {
	// Key is unique for this post and stays the same over retries; pass it on where the platform has an idempotency key.
	Key string `json:"key"`
	// Account is who speaks.
	Account AccountID `json:"account"`
	// Visibility and Thread say where: in public under the root Thread, in private in the conversation Thread.
	Visibility Visibility `json:"visibility,omitzero"`
	Thread     string     `json:"thread,omitempty"`
	// To is whom it is for.
	To Author `json:"to,omitzero"`
	// InReplyTo is the ID of the message it answers; for parts after the first, still the customer's message.
	InReplyTo string `json:"in_reply_to,omitempty"`
	// AlsoAnswers are IDs of further messages that this one post answers.
	AlsoAnswers []string `json:"also_answers,omitempty"`
	// After is the platform ID of the part before this one, where the reply has several parts. Empty for the first, and where a person decided that the part before it
	// went out, so that nobody knows its ID.
	After string `json:"after,omitempty"`
	// Part counts from 1 and Parts is how many there are; both 0 mean a reply of one part.
	Part  int `json:"part,omitempty"`
	Parts int `json:"parts,omitempty"`
	// CustomerWrote is when the customer last wrote in this conversation; platforms with a reply window count from it.
	CustomerWrote time.Time `json:"customer_wrote,omitzero"`
	// Text is plain text and already contains Signature and the number of the part.
	Text string `json:"text,omitempty"`
	// Attachments go with it.
	Attachments []Attachment `json:"attachments,omitempty"`
	// Automated is set when no person wrote this; some platforms forbid that in some places.
	Automated bool `json:"automated,omitempty"`
	// Template is set where the platform takes only a prepared text outside its window.
	Template *Template `json:"template,omitempty"`
	// Signature is the agent's first name as it appears in Text; empty when the text is not signed.
	Signature string `json:"signature,omitempty"`
}

// Template names a text that the platform has approved beforehand.
type Template struct {
	Name       string   `json:"name"`
	Language   string   `json:"language,omitempty"`
	Parameters []string `json:"parameters,omitempty"`
}

// Sent is what the platform said when it accepted a post.
type Sent struct {
	// ID is the platform's ID of the new message.
	ID string `json:"id"`
	// Thread is the thread it is in, where that is only known now.
	Thread string `json:"thread,omitempty"`
	// Time is the platform's time of acceptance. Zero: the Desk takes the time at which the call returned.
	Time time.Time `json:"time,omitzero"`
	// URL is where a person can see it.
	URL string `json:"url,omitempty"`
}
