package facebook

import (
	"log/slog"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/oauth2"

	"net/http"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/remote"
)

// Options say which Page a Channel speaks for, and how. Account.ID and Token are required.
type Options struct {
	// Account is the Page: its ID, and what it shares with other accounts. Platform is always "facebook"; App is App.ID where it is empty.
	Account channel.Account
	// App is the Meta app that the token belongs to, with its current secret first. Without an ID the subscription cannot be told from other apps' and the
	// token not be checked; without a secret calls carry no appsecret_proof.
	App meta.App
	// Token gives the Page's access token.
	Token oauth2.TokenSource
	// Base and Version are the API's address and version; empty means those of package meta.
	Base    string
	Version string
	// HTTP makes the calls; nil means one with default settings.
	HTTP *http.Client
	// Limiter remembers what Meta says about coming back. Give the Pages of one app the same; nil means one of its own.
	Limiter *remote.Limiter
	// NoHumanAgent is set where the app was not granted the feature Human Agent: then people, too, can answer in Messenger for 24 hours only.
	NoHumanAgent bool
	// Lists are what a round of polling reads, in that order. Nil: all of AllLists.
	Lists []List
	// Every is the time between two rounds of polling. 0: 15 minutes. Webhooks bring what is new at once; polling finds what they missed.
	Every time.Duration
	// History is how far back the very first round reads. 0: 7 days.
	History time.Duration
	// Watch is for how long after a post was made polling looks for new comments under it. 0: 30 days. Webhooks tell of older ones.
	Watch time.Duration
	// Logger hears of lists that polling must pass over and of a token that ends soon. Nil: nobody does.
	Logger *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Channel is one Page: it answers comments and messages, moderates, and polls what webhooks missed. Make it with New. Its methods may be called concurrently.
type Channel struct {
	o     Options
	graph *meta.Graph
}

var (
	_ channel.Channel        = (*Channel)(nil)
	_ channel.Poller         = (*Channel)(nil)
	_ channel.PrivateReplier = (*Channel)(nil)
	_ channel.Moderator      = (*Channel)(nil)
	_ channel.Finder         = (*Channel)(nil)
	_ channel.Profiler       = (*Channel)(nil)
	_ channel.Reader         = (*Channel)(nil)
	_ channel.Rereader       = (*Channel)(nil)
	_ channel.Subscriber     = (*Channel)(nil)
	_ channel.Controller     = (*Channel)(nil)
)

// New returns the Page's Channel. It makes no call; a wrong ID or token shows at the first one.
func New(o Options) *Channel {
	o.Account.Platform = Platform
	if o.Account.App == "" {
		o.Account.App = o.App.ID
	}
	if o.Lists == nil {
		o.Lists = AllLists()
	}
	o.Every, o.History, o.Watch = orDefault(o.Every, 15*time.Minute), orDefault(o.History, 7*24*time.Hour), orDefault(o.Watch, 30*24*time.Hour)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Channel{o: o, graph: meta.NewGraph(meta.Access{
		Account: o.Account, App: o.App, Token: o.Token, Base: o.Base, Version: o.Version, HTTP: o.HTTP, Limiter: o.Limiter, Now: o.Now,
	})}
}

func orDefault(d, otherwise time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return otherwise
}

// Account returns Options.Account.
func (c *Channel) Account() channel.Account { return c.o.Account }

// Name is "facebook/PAGE"; the cursor of polling is kept under it.
func (c *Channel) Name() string { return c.o.Account.AccountID.String() }

// String returns "facebook/PAGE", without secrets.
func (c *Channel) String() string { return c.Name() }

// GoString is String, so that %#v shows no secret either.
func (c *Channel) GoString() string { return c.Name() }

// Windows of Messenger, counted from the customer's last message (Messenger Platform policy overview), and of answers in private, from the comment's time.
const (
	replyWindow   = 24 * time.Hour
	humanWindow   = 7 * 24 * time.Hour
	privateWindow = 7 * 24 * time.Hour
)

// Longest texts of a comment and of a message. Meta does not say what it counts: UTF-16 units are the most that it can be.
const (
	maxComment = 8000
	maxMessage = 2000
)

// Traits say what comments (channel.Public) and Messenger messages (channel.Private) may be like.
func (c *Channel) Traits(v channel.Visibility) channel.Traits {
	if v == channel.Public {
		return channel.Traits{MaxText: maxComment, Count: units, MaxAttachments: 1, AttachmentTypes: []string{"image"}, Echoes: true}
	}
	t := channel.Traits{
		MaxText: maxMessage, Count: units, ReplyWindow: replyWindow, HumanWindow: humanWindow, AutomatedPrivateReply: true, Echoes: true,
		MaxAttachments: 1, AttachmentsAlone: true, MaxAttachmentBytes: 25 << 20, AttachmentTypes: []string{"image", "video", "audio", "file"},
	}
	if c.o.NoHumanAgent {
		t.HumanWindow = 0
	}
	return t
}

// units counts UTF-16 code units.
func units(text string) int {
	n := 0
	for _, r := range text {
		n += max(utf16.RuneLen(r), 1)
	}
	return n
}

// person returns the ID that Meta knows somebody by, without the Page that our authors' IDs begin with.
func (c *Channel) person(id string) string {
	return strings.TrimPrefix(id, c.o.Account.ID+":")
}
