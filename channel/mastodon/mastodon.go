// Package mastodon is a brand's account on a Mastodon server, or on another one that speaks its API (GoToSocial, Pleroma, Akkoma, glitch-soc): one
// [Channel] an account, on any server.
//
// [New] makes one from the server's address, the account's handle and a token, which a person makes in the account's preferences (Development) or which the
// flow of [Register] and [App.Login] brings:
//
//	c, err := mastodon.New(mastodon.Options{
//		Server: "https://social.example",
//		Handle: "acme@social.example",
//		Token:  oauth2.StaticTokenSource(&oauth2.Token{AccessToken: token}),
//	})
//
// The Channel is a [channel.Poller] and a [channel.Streamer], too: hand it to the Desk and nothing else. The token needs the scopes of [Scopes].
//
// # What arrives
//
// Posts that mention or quote the account, and its own posts, written here or anywhere else (echoes). A post for the people it mentions only ("direct") is
// Private; everything else is Public, and the fact "audience" has Mastodon's own word: public, unlisted, private (for followers) or direct. A content warning is the Subject.
// Edits and deletions are told by the stream; what it missed the Desk finds by [Channel.Reread], which looks again at the posts of tickets that are not solved.
//
// An answer in public names its Parent; its Thread is left to the Desk, except where it answers somebody else's post, which the Desk may not know: then the
// thread's first post is asked for. A private conversation is the people in it: its Thread is their IDs without ours, sorted, joined by commas, and so in most cases the
// customer's ID.
//
// # IDs
//
// Author.ID is the whole handle in lower case, "mia@other.example", so that a person is the same whichever of our servers hears of them. The IDs of messages are the
// server's own.
//
// # What goes out
//
// An answer mentions whom it answers, since a post reaches only those whom it mentions: in public the customer, in private everybody who is in the conversation.
// It takes over the content warning and the audience of what it answers, and never has a wider one.
package mastodon

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Platform is the Platform of every account here, on whatever server and software.
const Platform = "mastodon"

// Options say which account this is and how to reach it. Server, Handle and Token are required.
type Options struct {
	// Server is the address of the server's API, "https://social.example". Only a server on this machine may be without https.
	Server string
	// Handle is the account's whole handle, "acme@social.example", with or without a leading "@". The domain may differ from Server's. In lower case it is the account's ID.
	Handle string
	// Name is what people call the account. Zero: the handle.
	Name string
	// Since is where work begins; see channel.Account.
	Since time.Time
	// Token gives the access token. Mastodon's do not expire.
	Token oauth2.TokenSource
	// Favourites asks for people's favourites on our posts, too; a popular post has thousands.
	Favourites bool
	// HTTP makes the calls; nil means one with default settings.
	HTTP *http.Client
	// Fetcher downloads what is attached to our posts, to upload it. Nil: a remote.Fetcher with default settings, which reaches public addresses only.
	Fetcher *remote.Fetcher
	// Limiter remembers when the server is closed to calls; nil means one of its own. Accounts may share one.
	Limiter *remote.Limiter
	// UserAgent is sent with every call, as servers demand. Zero: "socialcrm (acme@social.example)", so that an administrator sees whose calls these are.
	UserAgent string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Channel is a brand account. It is safe for concurrent use.
type Channel struct {
	account    channel.Account
	domain     string // what is behind the "@" of accounts of our own server
	favourites bool
	client     remote.Client
	fetcher    *remote.Fetcher
	now        func() time.Time

	server  atomic.Pointer[server] // what the server said about itself; nil before it was asked
	self    atomic.Pointer[string] // our account's ID on the server
	uploads uploads
}

var (
	_ channel.Channel        = (*Channel)(nil)
	_ channel.Poller         = (*Channel)(nil)
	_ channel.Streamer       = (*Channel)(nil)
	_ channel.Finder         = (*Channel)(nil)
	_ channel.Profiler       = (*Channel)(nil)
	_ channel.Moderator      = (*Channel)(nil)
	_ channel.PrivateReplier = (*Channel)(nil)
	_ channel.Rereader       = (*Channel)(nil)
)

// New returns the Channel of an account. It makes no call: a wrong token shows at the first poll. The error says which of the Options is missing or wrong.
func New(o Options) (*Channel, error) {
	base, err := serverAddress(o.Server)
	if err != nil {
		return nil, fmt.Errorf("mastodon: %w", err)
	}
	handle := strings.TrimPrefix(o.Handle, "@")
	name, domain, ok := strings.Cut(handle, "@")
	if !ok || name == "" || domain == "" || strings.ContainsAny(handle, " /?#,") || strings.Contains(domain, "@") {
		return nil, fmt.Errorf("mastodon: handle %q: want name@domain", o.Handle)
	}
	if o.Token == nil {
		return nil, errors.New("mastodon: there is no token source")
	}
	id := channel.AccountID{Platform: Platform, ID: strings.ToLower(handle)}
	c := &Channel{
		account:    channel.Account{AccountID: id, Name: o.Name, Handle: handle, Since: o.Since},
		domain:     strings.ToLower(domain),
		favourites: o.Favourites, fetcher: o.Fetcher, now: o.Now,
	}
	if c.account.Name == "" {
		c.account.Name = handle
	}
	if c.fetcher == nil {
		c.fetcher = &remote.Fetcher{}
	}
	if c.now == nil {
		c.now = time.Now
	}
	if o.Limiter == nil {
		o.Limiter = &remote.Limiter{}
	}
	if o.UserAgent == "" {
		o.UserAgent = "socialcrm (" + handle + ")"
	}
	c.client = remote.Client{
		Name: Platform, Base: base, HTTP: o.HTTP, Token: o.Token, Limiter: o.Limiter, Now: c.now, UserAgent: o.UserAgent,
		Scopes:   []remote.Scope{{Level: remote.LevelAccount, ID: id.String()}},
		Quotas:   []remote.Quota{{Remaining: "X-RateLimit-Remaining", Reset: "X-RateLimit-Reset", Level: remote.LevelAccount}},
		Classify: c.classify,
	}
	return c, nil
}

// serverAddress checks the address of a server and returns it without a slash at its end.
func serverAddress(server string) (string, error) {
	u, err := url.Parse(server)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http", u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "", fmt.Errorf("server %q: want an address such as https://social.example", remote.Redact(server))
	case u.Scheme == "http" && !local(u.Hostname()):
		return "", fmt.Errorf("server %q: a token goes over https only", server)
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// local reports whether the host is this machine.
func local(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}

// Account says which account this is.
func (c *Channel) Account() channel.Account { return c.account }

// Name is "mastodon/" and the account's ID with a dot for the "@": "mastodon/acme.social.example".
func (c *Channel) Name() string {
	return Platform + "/" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '.' {
			return r
		}
		return '.'
	}, c.account.ID)
}

// mentionRoom is what is kept free of the server's limit for the mention of the customer (at most 32 on Mastodon's own accounts) and a short content warning.
const mentionRoom = 64

// Traits are the server's limits as it tells them, from the first poll on; before, those of Mastodon as it is installed: 500 characters, of which 64 are
// kept for the mention and the content warning of an answer, links counting as 23, and four attachments. They are the same in public and in private.
func (c *Channel) Traits(channel.Visibility) channel.Traits {
	s := c.limits()
	return channel.Traits{
		MaxText:            max(s.maxText-mentionRoom, s.maxText/2),
		Count:              counter(s.perURL),
		MaxAttachments:     s.maxMedia,
		MaxAttachmentBytes: max(s.imageBytes, s.videoBytes),
		AttachmentTypes:    []string{"image", "video", "audio"},
		Echoes:             true,
	}
}
