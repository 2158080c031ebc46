package channel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// AccountID names a brand account: the platform and the account's ID there. It is comparable, and its text form is "platform/id".
type AccountID struct {
	// Platform is the network's short name in lower case, without a slash: "facebook", "x", "mastodon".
	Platform string
	// ID is the account's own ID on the platform; it may hold any character.
	ID string
}

// IsZero reports whether no account is named.
func (a AccountID) IsZero() bool { return a == AccountID{} }

// String returns "platform/id", and "" for the zero value.
func (a AccountID) String() string {
	if a.IsZero() {
		return ""
	}
	return a.Platform + "/" + a.ID
}

// MarshalText returns the text form.
func (a AccountID) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads the text form; "" is the zero value.
func (a *AccountID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*a = AccountID{}
		return nil
	}
	platform, id, ok := strings.Cut(string(text), "/")
	if !ok || platform == "" || id == "" {
		return fmt.Errorf("account %q: want platform/id", text)
	}
	*a = AccountID{platform, id}
	return nil
}

// Account is a brand account and what it shares with other accounts.
type Account struct {
	AccountID
	// Name is what people call the account: "AO.com".
	Name string
	// Handle is the account's handle on the platform, without "@", where it has one.
	Handle string
	// Since is where work begins: events older than this are stored as history and start no clock, no routing and no automated text. An own post that answers
	// a question from after it is no history, however the platform dates the post. Zero: the moment at which the account was first added to the Desk.
	Since time.Time
	// Credential names the token that this account uses, when several accounts share one; a limit on the credential pauses all of them. Zero: its own.
	Credential string
	// App names the platform app that this account is reached through, when several accounts share one. Zero: its own.
	App string
}

// accountJSON is Account without the methods of AccountID, which would make the whole account one string.
type accountJSON struct {
	Account    AccountID `json:"account"`
	Name       string    `json:"name,omitempty"`
	Handle     string    `json:"handle,omitempty"`
	Since      time.Time `json:"since,omitzero"`
	Credential string    `json:"credential,omitempty"`
	App        string    `json:"app,omitempty"`
}

// MarshalJSON writes an object: {"account": "facebook/1234", "name": "AO.com", ...}.
func (a Account) MarshalJSON() ([]byte, error) {
	return json.Marshal(accountJSON{a.AccountID, a.Name, a.Handle, a.Since, a.Credential, a.App})
}

// UnmarshalJSON reads that object; a field that it does not know is an error.
func (a *Account) UnmarshalJSON(data []byte) error {
	var v accountJSON
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return fmt.Errorf("account: %w", err)
	}
	*a = Account{v.Account, v.Name, v.Handle, v.Since, v.Credential, v.App}
	return nil
}

// Author is whoever wrote a message. Only ID is always there; the rest is filled in as far as the platform tells.
type Author struct {
	// ID is unique on the platform. An adapter whose IDs are narrower (page-scoped) puts the scope before it: "1234:5678". Empty: the platform
	// did not say who wrote.
	ID string `json:"id,omitempty"`
	// Handle is the name with which others mention this author, without "@".
	Handle string `json:"handle,omitempty"`
	// Name is what the author is called for display.
	Name string `json:"name,omitempty"`
	// URL is the profile's address.
	URL string `json:"url,omitempty"`
	// Language is a BCP 47 tag, when the profile tells it.
	Language string `json:"language,omitempty"`
	// Followers is the author's reach; 0 when not known.
	Followers int64 `json:"followers,omitempty"`
	// Bot is set when the platform marks the author as automated.
	Bot bool `json:"bot,omitempty"`
	// Email and Phone are set only where the platform tells them and vouches for them.
	Email string `json:"email,omitempty"`
	Phone string `json:"phone,omitempty"`
}
