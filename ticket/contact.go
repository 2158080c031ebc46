package ticket

import (
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

// ContactID names a contact within its tenant.
type ContactID string

// ContactKind says what a contact is to the brand.
type ContactKind string

const (
	Customer ContactKind = "" // the zero value
	Seller   ContactKind = "seller"
	Partner  ContactKind = "partner"
	Employee ContactKind = "employee"
)

// Contact is a person, whatever the number of identities through which the person writes.
type Contact struct {
	ID      ContactID `json:"id"`
	Version int64     `json:"version"`
	// Name is for display: the author's name, else the handle, else the ID; the CRM's name once it is known.
	Name string      `json:"name,omitempty"`
	Kind ContactKind `json:"kind,omitempty"`
	// Tier, Segment, Language and Owner come from the CRM or the host; rules see them.
	Tier     string `json:"tier,omitempty"`
	Segment  string `json:"segment,omitempty"`
	Language string `json:"language,omitempty"`
	Owner    string `json:"owner,omitempty"`
	// Verified says how sure it is that this is the right person; Verification.Holds tells what holds now.
	Verified Verification `json:"verified,omitzero"`
	// Emails and Phones, the surest first.
	Emails []string `json:"emails,omitempty"`
	Phones []string `json:"phones,omitempty"`
	// Identities through which the person writes, in the order in which they became known.
	Identities []IdentityKey `json:"identities,omitempty"`
	// Channels are where the person has tickets: the first one and, if there are others, a second. Empty: nobody knows. The Desk keeps it, to look for tickets elsewhere
	// only where there are any.
	Channels []Channel `json:"channels,omitempty"`
	// MergedInto is the contact that took this one over.
	MergedInto ContactID `json:"merged_into,omitempty"`
	// Blocked is set when the brand no longer serves the person.
	Blocked bool      `json:"blocked,omitempty"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	// Erased is when the person was erased: nothing else is left then but ID, MergedInto and these times.
	Erased time.Time `json:"erased,omitzero"`
}

// Channel is where a ticket began: an account, or the private side of one.
type Channel struct {
	Account    channel.AccountID  `json:"account"`
	Visibility channel.Visibility `json:"visibility,omitempty"`
}

// OnlyOn reports whether it is known that the person has tickets nowhere else.
func (c *Contact) OnlyOn(here Channel) bool {
	return len(c.Channels) == 1 && c.Channels[0] == here
}

// IdentityKey is an author on a platform.
type IdentityKey struct {
	Platform string `json:"platform"`
	ID       string `json:"id"`
}

// Identity ties an author on a platform to a contact, with the profile as it was last seen.
type Identity struct {
	Key     IdentityKey    `json:"key"`
	Contact ContactID      `json:"contact"` // empty once the person was erased, until the identity writes again
	Author  channel.Author `json:"author,omitzero"`
	Seen    time.Time      `json:"seen,omitzero"`   // when it last wrote, by the platform's time
	Erased  time.Time      `json:"erased,omitzero"` // when the person was erased, the last time: what was written until then is not taken in again
}
