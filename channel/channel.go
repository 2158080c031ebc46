package channel

import (
	"context"
	"time"
)

// Channel is one brand account on one platform: a Facebook Page, an X handle, a forum category. It is how the brand speaks there. An adapter
// implements it; a host only hands it to the Desk.
//
// All methods may be called from several goroutines at once.
type Channel interface {
	// Account says which account this is. It does no I/O and never changes.
	Account() Account
	// Traits says what posts of this visibility may be like. It does no I/O.
	Traits(v Visibility) Traits
	// Send makes one post and returns what the platform said. It makes one attempt within ctx: no waiting, no retry, no splitting. Its errors are
	// *remote.Error; the kind is remote.Unknown whenever the post may have gone out but no usable answer came.
	Send(ctx context.Context, out Outgoing) (Sent, error)
}

// Traits are the limits and rules of a platform for posts of one visibility. The zero value knows no limit and forbids nothing.
type Traits struct {
	// MaxText is the longest text of one post, as Count counts it. 0: no limit.
	MaxText int
	// Count is the platform's own way of counting a text (X counts links as 23 and emoji as 2). Nil: Unicode code points. It must be cheap, and
	// a longer text must never count less than its beginning.
	Count func(string) int
	// ReplyWindow is how long after the customer's last message the brand may answer. 0: no limit.
	ReplyWindow time.Duration
	// HumanWindow is the longer window that the platform grants to a person's answer. 0: the same as ReplyWindow.
	HumanWindow time.Duration
	// MaxAttachments is how many attachments one post may carry. 0: none; negative: any number.
	MaxAttachments int
	// AttachmentsAlone is set where a post carries either a text or attachments, never both: the Desk then sends them as a post behind the text's.
	AttachmentsAlone bool
	// MaxAttachmentBytes is the largest size of one. 0: no limit known.
	MaxAttachmentBytes int64
	// AttachmentTypes are the Attachment.Type values taken. Empty: all.
	AttachmentTypes []string
	// NoAutomation is set where automated posts are forbidden; DiscloseAutomation where they must say that they are, which is left to whoever writes the text.
	NoAutomation       bool
	DiscloseAutomation bool
	// AutomatedPrivateReply is set where a PrivateReplier may answer a public message without a person, as Facebook Pages may; it is asked of the traits in private.
	AutomatedPrivateReply bool
	// RefusesDuplicates is set where the platform rejects a text that it has just seen from this account.
	RefusesDuplicates bool
	// OneReply is set where only one answer is possible and later ones replace it (reviews). The Desk does not act on it yet.
	OneReply bool
	// Echoes is set where our own posts come back as events.
	Echoes bool
}

// Length returns how the platform counts text.
func (t Traits) Length(text string) int {
	if t.Count != nil {
		return t.Count(text)
	}
	n := 0
	for range text {
		n++
	}
	return n
}
