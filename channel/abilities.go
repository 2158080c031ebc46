package channel

import (
	"context"
	"time"
)

// PrivateReplier is a Channel that can answer a public message in private. Platforms allow that once for a message: such a reply is never split and
// never automated, but where Traits.AutomatedPrivateReply says that it may be.
type PrivateReplier interface {
	// ReplyPrivately makes the post; out.InReplyTo is the public message.
	ReplyPrivately(ctx context.Context, out Outgoing) (PrivateReply, error)
}

// PrivateReply is what the platform said about an answer given in private.
type PrivateReply struct {
	Sent
	// Author is the customer's identity in the private conversation, which may differ from the public one.
	Author Author
}

// ModerateAction is what is done to a message of somebody else.
type ModerateAction string

const (
	Hide   ModerateAction = "hide"   // only its author and the author's friends still see it
	Unhide ModerateAction = "unhide" // everybody sees it again
	Like   ModerateAction = "like"   // the brand likes it
	Unlike ModerateAction = "unlike" // the brand takes that back
	Remove ModerateAction = "remove" // it is deleted from the brand's page
	Block  ModerateAction = "block"  // its author may no longer write to the brand
)

// Moderator is a Channel that can hide, like or remove messages of others. The Desk journals who did it and why.
type Moderator interface {
	// CanModerate reports whether the platform knows the action. It does no I/O.
	CanModerate(action ModerateAction) bool
	// Moderate does it; doing what is already done is no error.
	Moderate(ctx context.Context, action ModerateAction, m Message) error
}

// Publisher is a Channel that can say something first, in answer to nobody. The Desk does not call it yet; hosts may.
type Publisher interface {
	Publish(ctx context.Context, out Outgoing) (Sent, error)
}

// Finding is what a Finder knows about a post.
type Finding uint8

const (
	// CannotTell, the zero value: the platform does not show whether the post went out; a person must decide.
	CannotTell Finding = iota
	// Found: the post is there.
	Found
	// Absent: the post is not there and can no longer appear; it may be sent again.
	Absent
)

// String returns "cannot tell", "found" or "absent".
func (f Finding) String() string {
	switch f {
	case Found:
		return "found"
	case Absent:
		return "absent"
	}
	return "cannot tell"
}

// Finder is a Channel that can find out whether a post went out after the answer to it was lost.
type Finder interface {
	// Find looks for the post, which was tried at the given time and never since. With Found, Sent is what Send would have returned. While a post that is
	// not there may still appear, the error is Unavailable with RetryAt: the Desk asks again then.
	Find(ctx context.Context, out Outgoing, tried time.Time) (Finding, Sent, error)
}

// Profiler is a Channel that can say who an author is.
type Profiler interface {
	// Profile returns what the platform tells about the author with this ID.
	Profile(ctx context.Context, id string) (Author, error)
}

// Reader is a Channel that can read one message again. The Desk asks it when a message came without its author, whom some platforms leave out of webhooks.
type Reader interface {
	// Read returns the message with this ID as it now is; Thread may be missing. NotFound: it is gone, or not to be seen.
	Read(ctx context.Context, id string) (Message, error)
}

// Rereader is a Channel on a platform that tells of an edit or a deletion only once, or not always. The Desk lets it look again at what customers wrote in tickets that
// are not solved, a few messages at a time, round after round.
type Rereader interface {
	// RereadPace says how many messages Reread takes at once, one at least, and how long the Desk waits until the next. It does no I/O.
	RereadPace() (atOnce int, wait time.Duration)
	// Reread looks at the messages, which are given as they are known here, and returns what became of them since: edits and deletions, dated no later than the
	// look began, so that what is heard meanwhile counts as newer. What it cannot read now it leaves out, and the next round brings it again. Events beside an
	// error count; the error, a *remote.Error, says when to come back.
	Reread(ctx context.Context, known []Message) ([]Event, error)
}

// Subscriber is a Channel whose webhooks must be subscribed to and can be lost. The Desk calls it at start, daily and after an outage.
type Subscriber interface {
	// Subscribe makes sure that the subscription exists and says whether it had been lost, so that the gap is polled.
	Subscribe(ctx context.Context) (lost bool, err error)
}

// Controller is a Channel on a platform where several apps share a conversation and one of them holds it. The Desk heeds who holds it
// (ControlChanged), but does not call this yet; hosts may.
type Controller interface {
	// TakeControl makes us the holder of the thread's conversation.
	TakeControl(ctx context.Context, thread string) error
	// ReleaseControl gives it to the named app, or to the platform's default when app is empty.
	ReleaseControl(ctx context.Context, thread, app string) error
}
