package channeltest

import (
	"context"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Harness is how an adapter's author shows the adapter to Run.
type Harness struct {
	// Features are what the adapter says of itself; Run holds it to that in both directions.
	Features Features
	// New makes a fresh stand-in of the platform and the adapter over it. Run calls it once for each check, several at once. What is open is closed with
	// t.Cleanup.
	New func(t T) Fixture
}

// Features are what an adapter says it can do.
type Features struct {
	// Abilities are the optional interfaces of the channel.
	Abilities Ability
	// Webhook, Stream and Poll say how events arrive.
	Webhook, Stream, Poll bool
	// PrivateOnly is set where nothing is public: then customers write, and answers go out, in private. Otherwise in public. An adapter of both runs the kit twice,
	// the second time with PrivateOnly and a Fixture whose customer writes in private.
	PrivateOnly bool
	// Edits and Deletions are told. Revisions: every edit has a name of its own, so that no edit is without a dedupe key.
	Edits, Deletions, Revisions bool
	// Threads is set where customers can answer a message: then events tell in which thread they did.
	Threads bool
	// HidesAuthors is set where the platform does not say, or not always, who wrote a message.
	HidesAuthors bool
	// Batches is set where both a webhook call and a poll page, as far as the adapter has them, may hold several entries. Then one that cannot be decoded must cost
	// the others nothing, and be kept as a channel.Bad. Where only one of the two may, run the kit for each with a Fixture that has the other's source left out.
	Batches bool
	// ForgetsRead is set where the platform is a queue: a poll from a cursor confirms what came before it, which no poll brings again (Telegram's getUpdates). What
	// the last poll brought must still come again until a later one confirms it.
	ForgetsRead bool
	// UnsignedBody is set where the platform proves itself by a secret header alone, so that an altered body cannot be noticed.
	UnsignedBody bool
	// Cannot lists the troubles that the platform or stand-in never has.
	Cannot []Trouble
}

// Fixture is an adapter over a stand-in of its platform, with one brand account. Every function acts on the platform's side; those that Features do not
// call for stay nil.
type Fixture struct {
	// Channel is the adapter.
	Channel channel.Channel
	// Sources bring its events, where Channel does not bring them all itself.
	Sources []channel.Source
	// Write lets a customer write to the account and returns the message's ID, as events name it.
	Write func(text string) (id string)
	// Customer is the ID of that customer, as events name it; needed where events arrive, unless Features.HidesAuthors.
	Customer string
	// Reply lets that customer answer a message and returns the answer's ID; needed with Threads.
	Reply func(to, text string) (id string)
	// Edit and Delete change that customer's message. Edit returns its ID from then on, which most platforms keep.
	Edit   func(id, text string) string
	Delete func(id string)
	// Posts returns the texts of what the account has posted, in order.
	Posts func() []string
	// Answers returns the texts of those that answer a customer's message or, in private, stand in its conversation; needed where events arrive.
	Answers func(id string) []string
	// Attached returns how many attachments the post with that text carries; needed where Traits take attachments.
	Attached func(text string) int
	// Attachment is one that the platform takes. Zero: the address of a small picture, as the first of Traits.AttachmentTypes or "image".
	Attachment channel.Attachment
	// Calls returns how many requests to post have reached the platform, failed ones included.
	Calls func() int
	// Break makes the next call go wrong: with AnswerLost, RequestLost and Silent the next that posts, otherwise the next of any kind.
	Break func(Trouble)
	// HTTP is the Flaky in front of a stand-in that is spoken to over HTTP. Then Break and Calls may be left out, and answers are also spoiled as networks and proxies
	// spoil them after the request was carried out: 500, 504, HTML, cut, slow, huge, empty or senseless bodies. Nil: none of that is checked.
	HTTP *Flaky
	// RetryAfter is how long the platform says to stay away when it is Throttled; where it does not say, what the adapter takes for it. Zero: a minute, as Flaky says.
	RetryAfter time.Duration
	// Webhook renders what no webhook has told yet as one call, signed by the platform. It is also called when nothing is left: then the call is authentic too, and
	// holds no events.
	Webhook func() channel.Call
	// Corrupt puts an entry that cannot be decoded among what is told next, by a webhook call or poll page alike; needed with Batches.
	Corrupt func()
	// Challenge returns the call with which the platform checks a new webhook, and the body that it wants; nil where it does not do that.
	Challenge func() (call channel.Call, want string)
	// AwaitStream returns once the stand-in has taken a stream's connection; needed with Stream.
	AwaitStream func(ctx context.Context) error
	// Secrets must never be seen in an error, nor in what is told: tokens, keys.
	Secrets []string
	// Now is the platform's clock. Nil: time.Now.
	Now func() time.Time
}

// Trouble is what the platform does with a call when Fixture.Break orders it.
type Trouble string

const (
	Throttled    Trouble = "throttled"     // refused: too many calls, come back later
	Down         Trouble = "down"          // refused: busy or in maintenance
	TokenExpired Trouble = "token expired" // refused: the token is no longer valid
	Refused      Trouble = "refused"       // refused: the request itself is wrong
	AnswerLost   Trouble = "answer lost"   // carried out, but the connection breaks before the answer
	RequestLost  Trouble = "request lost"  // not carried out, and the connection breaks before any answer
	Silent       Trouble = "silent"        // not carried out, and no answer until the caller gives up
)

// What an adapter may remember comes last.
var allTroubles = [...]Trouble{Down, Refused, AnswerLost, RequestLost, Silent, TokenExpired, Throttled}

// kind is what an adapter makes of the trouble.
func (tr Trouble) kind() remote.Kind {
	switch tr {
	case Throttled:
		return remote.RateLimited
	case Down:
		return remote.Unavailable
	case TokenExpired:
		return remote.Unauthorized
	case Refused:
		return remote.Rejected
	}
	return remote.Unknown
}

// T is what a check needs of a *testing.T.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Logf(format string, args ...any)
	Cleanup(func())
	Context() context.Context
}
