package channel

import (
	"fmt"
	"time"
)

// Visibility says who can read a message.
type Visibility uint8

const (
	// Public, the zero value: anybody, or anybody in the group.
	Public Visibility = iota
	// Private: only the customer and the brand.
	Private
)

// String returns "public" or "private".
func (v Visibility) String() string {
	if v == Private {
		return "private"
	}
	return "public"
}

// MarshalText returns the word.
func (v Visibility) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads "public", "private" or "" (public).
func (v *Visibility) UnmarshalText(text []byte) error {
	switch string(text) {
	case "", "public":
		*v = Public
	case "private":
		*v = Private
	default:
		return fmt.Errorf("visibility %q: want public or private", text)
	}
	return nil
}

// Message is one post, comment or private message, by a customer or by the brand, as the platform shows it.
type Message struct {
	// ID is the platform's ID of the message, unique within the account.
	ID string `json:"id"`
	// Thread is the ID of the thread: in public the root post, in private what the platform calls the conversation. Empty: not known (yet); the
	// Desk then looks at Parent, and failing that takes the message as a root of its own.
	Thread string `json:"thread,omitempty"`
	// Parent is the ID of the message that this one answers; empty at a root, or when the platform does not say.
	Parent string `json:"parent,omitempty"`
	// Visibility is part of what makes a conversation: a private message inside a public tree is another conversation.
	Visibility Visibility `json:"visibility,omitzero"`
	// Author is who wrote it. An empty Author.ID means that the platform did not say.
	Author Author `json:"author,omitzero"`
	// Text is plain text: adapters turn HTML into text and resolve entities. It is data, never markup.
	Text string `json:"text,omitempty"`
	// Subject is a title, on platforms that have one (forums, reviews).
	Subject string `json:"subject,omitempty"`
	// Attachments are pictures, files and the like, in the platform's order.
	Attachments []Attachment `json:"attachments,omitempty"`
	// Mentions are the IDs (or handles, where the platform tells only these) of the authors whom the text addresses, without "@".
	Mentions []string `json:"mentions,omitempty"`
	// Tags are hashtags, without "#".
	Tags []string `json:"tags,omitempty"`
	// Language is a BCP 47 tag, when the platform tells it.
	Language string `json:"language,omitempty"`
	// URL is where a person can read the message.
	URL string `json:"url,omitempty"`
	// Time is when the platform says it was written. Zero, or in the future: the time of arrival is taken instead.
	Time time.Time `json:"time,omitzero"`
	// Order breaks ties between messages of equal Time, compared as text: the platform's own order, for example a zero-padded sequence number.
	Order string `json:"order,omitempty"`
	// Revision names the version of an edited message, where the platform has such a name. It grows with every edit, compared as text.
	Revision string `json:"revision,omitempty"`
	// Automated is set when the message says that no person wrote it: an out-of-office text, a bot's. Nothing automated is said in answer to it.
	Automated bool `json:"automated,omitempty"`
	// Payload is what a pressed button or quick reply carries.
	Payload string `json:"payload,omitempty"`
	// Facts are further facts that the platform tells, by name (for example "rating": "2"); rules see them as "message.NAME".
	Facts map[string]string `json:"facts,omitempty"`
}

// Attachment is a picture, file, link or the like that belongs to a message.
type Attachment struct {
	// Type is the general kind: "image", "video", "audio", "file", "sticker", "location", "link", or the platform's own word.
	Type string `json:"type,omitempty"`
	// URL is where it can be fetched. It comes from outside: fetch it with remote.Fetcher only.
	URL string `json:"url,omitempty"`
	// Name is a file name or title for display.
	Name string `json:"name,omitempty"`
	// Description is the text alternative.
	Description string `json:"description,omitempty"`
	// Size is in bytes; 0 when not known.
	Size int64 `json:"size,omitempty"`
	// MediaType is the MIME type, when known.
	MediaType string `json:"media_type,omitempty"`
}
