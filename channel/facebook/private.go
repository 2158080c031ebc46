package facebook

import (
	"context"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// ReplyPrivately answers a comment, or a visitor's post, in Messenger. Meta allows that once for each, within seven days, by a text; a second time is a Duplicate.
// The customer must answer before anything more can be written there. Meta asks for no person to write it (its page on private replies, of April 2026, lists what bots
// send, too), so an automated one may go; it is then the one that the message allows. Errors are those of Send; WindowClosed without a call where Outgoing.CustomerWrote is
// older than seven days, which the comment then is, too; Rejected for what is no text.
func (c *Channel) ReplyPrivately(ctx context.Context, out channel.Outgoing) (channel.PrivateReply, error) {
	op := "answer " + out.InReplyTo + " in private"
	var s sending
	switch {
	case out.InReplyTo == "":
		return channel.PrivateReply{}, c.refuse("answer in private", remote.Rejected, "there is neither a comment nor a post to answer")
	case len(out.Attachments) > 0 || out.Template != nil:
		return channel.PrivateReply{}, c.refuse(op, remote.Rejected, "an answer in private is a text")
	case !out.CustomerWrote.IsZero() && c.o.Now().Sub(out.CustomerWrote) > privateWindow:
		return channel.PrivateReply{}, c.refuse(op, remote.WindowClosed, "the customer last wrote at "+out.CustomerWrote.UTC().Format(time.RFC3339))
	case c.isPost(out.InReplyTo):
		s.Recipient.Post = out.InReplyTo
	default:
		s.Recipient.Comment = out.InReplyTo
	}
	s.Type, s.Message = "RESPONSE", &sentMessage{Text: out.Text, Metadata: out.Key}
	var got accepted
	if err := c.deliver(ctx, op, s, &got, c.person(out.To.ID)); err != nil {
		return channel.PrivateReply{}, err
	}
	return channel.PrivateReply{
		Sent:   channel.Sent{ID: string(got.Message), Thread: string(got.Recipient)},
		Author: author(c.o.Account.AccountID, got.Recipient, ""),
	}, nil
}

// isPost reports whether an ID is that of a post on the Page, which begins with the Page's; a comment's begins with the number of its post.
func (c *Channel) isPost(id string) bool { return strings.HasPrefix(id, c.o.Account.ID+"_") }
