package facebook

import (
	"cmp"
	"context"
	"net/url"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/remote"
)

// Send answers a comment or post by a comment below it, or writes into a Messenger conversation, whose Thread is the customer's ID.
//
// A message goes out as a response within 24 hours after the customer wrote; after that, and until seven days have passed, only a person's text goes out, tagged as
// a human agent's. Errors by kind, beside those of every call (see [meta.Graph.Do]):
//
//   - WindowClosed: it is too late to answer; without a call where Outgoing.CustomerWrote says so
//   - NotInControl: another app holds the conversation
//   - PolicyBlocked: the customer does not receive messages, or the Page may not write there; with the scope of the account, the Page is blocked for a time
//   - NotFound: what is answered, or who, is not there (any more)
//   - Duplicate: Meta has just seen the same text from this Page
//   - Rejected: templates, more than one attachment, text and attachment in one message, and whatever Meta calls an invalid parameter
//   - Unknown: the answer was lost, or says that something went wrong at an unknown point; see Find
func (c *Channel) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	if out.Visibility == channel.Private {
		return c.message(ctx, out)
	}
	return c.comment(ctx, out)
}

func (c *Channel) refuse(op string, kind remote.Kind, why string) error {
	return &remote.Error{Op: Platform + ": " + op, Kind: kind, Message: why}
}

// comment posts a comment below a comment or post.
func (c *Channel) comment(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	to := cmp.Or(out.InReplyTo, out.Thread)
	op := "post comment below " + to
	form := url.Values{}
	if out.Text != "" {
		form.Set("message", out.Text)
	}
	switch {
	case to == "":
		return channel.Sent{}, c.refuse("post comment", remote.Rejected, "there is neither a comment nor a post to answer")
	case out.Template != nil:
		return channel.Sent{}, c.refuse(op, remote.Rejected, "comments have no templates")
	case len(out.Attachments) > 1:
		return channel.Sent{}, c.refuse(op, remote.Rejected, "a comment carries one attachment")
	case len(out.Attachments) == 1:
		form.Set("attachment_url", out.Attachments[0].URL)
	}
	var posted struct {
		ID meta.ID `json:"id"`
	}
	if _, err := c.graph.Do(ctx, remote.Request{Op: op, Path: remote.Path(to, "comments"), Form: form, Into: &posted}); err != nil {
		return channel.Sent{}, err
	}
	if posted.ID == "" {
		return channel.Sent{}, c.refuse(op, remote.Unknown, "the answer does not name the comment")
	}
	return channel.Sent{ID: string(posted.ID), Thread: out.Thread}, nil
}

// sending is a call of the Send API (Messenger Platform, Send API reference).
type sending struct {
	Recipient struct {
		ID      string `json:"id,omitempty"`
		Comment string `json:"comment_id,omitempty"`
		Post    string `json:"post_id,omitempty"`
	} `json:"recipient"`
	Type    string       `json:"messaging_type,omitempty"`
	Tag     string       `json:"tag,omitempty"`
	Message *sentMessage `json:"message,omitempty"`
	Action  string       `json:"sender_action,omitempty"`
}

type sentMessage struct {
	Text       string          `json:"text,omitempty"`
	Attachment *sentAttachment `json:"attachment,omitempty"`
	Metadata   string          `json:"metadata,omitempty"` // comes back with the echo
}

type sentAttachment struct {
	Type    string `json:"type"`
	Payload struct {
		URL      string `json:"url"`
		Reusable bool   `json:"is_reusable"`
	} `json:"payload"`
}

// accepted is what the Send API answers.
type accepted struct {
	Recipient meta.ID `json:"recipient_id"`
	Message   meta.ID `json:"message_id"`
}

// message writes into a Messenger conversation.
func (c *Channel) message(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	to := cmp.Or(out.Thread, c.person(out.To.ID))
	op := "send message to " + to
	if to == "" {
		return channel.Sent{}, c.refuse("send message", remote.Rejected, "there is nobody to send it to")
	}
	var s sending
	var err error
	s.Recipient.ID = to
	if s.Type, s.Tag, err = c.messagingType(op, out); err != nil {
		return channel.Sent{}, err
	}
	if s.Message, err = c.content(op, out); err != nil {
		return channel.Sent{}, err
	}
	var got accepted
	if err := c.deliver(ctx, op, s, &got, to); err != nil {
		return channel.Sent{}, err
	}
	return channel.Sent{ID: string(got.Message), Thread: to}, nil
}

// messagingType says as what a message goes out. Where nobody knows when the customer wrote, Meta decides.
func (c *Channel) messagingType(op string, out channel.Outgoing) (kind, tag string, err error) {
	passed := c.o.Now().Sub(out.CustomerWrote)
	switch {
	case out.CustomerWrote.IsZero() || passed <= replyWindow:
		return "RESPONSE", "", nil
	case passed <= humanWindow && !out.Automated && !c.o.NoHumanAgent:
		return "MESSAGE_TAG", "HUMAN_AGENT", nil
	}
	return "", "", c.refuse(op, remote.WindowClosed, "the customer last wrote at "+out.CustomerWrote.UTC().Format(time.RFC3339))
}

// content is what a message carries: a text or an attachment, never both.
func (c *Channel) content(op string, out channel.Outgoing) (*sentMessage, error) {
	m := &sentMessage{Text: out.Text, Metadata: out.Key}
	switch n := len(out.Attachments); {
	case out.Template != nil:
		return nil, c.refuse(op, remote.Rejected, "templates are not supported")
	case n > 1 || n == 1 && out.Text != "":
		return nil, c.refuse(op, remote.Rejected, "a message carries either a text or one attachment")
	case n == 1:
		a := out.Attachments[0]
		m.Attachment = &sentAttachment{Type: cmp.Or(a.Type, "file")}
		m.Attachment.Payload.URL = a.URL
	}
	return m, nil
}

// deliver makes a call of the Send API that sends a message.
func (c *Channel) deliver(ctx context.Context, op string, s sending, into *accepted, to string) error {
	_, err := c.graph.Do(ctx, remote.Request{
		Op: op, Path: remote.Path(c.o.Account.ID, "messages"), JSON: s, Into: into,
		Scopes: []remote.Scope{{Level: remote.LevelRecipient, ID: Platform + "/" + c.o.Account.ID + ":" + to}},
	})
	if err == nil && into.Message == "" {
		return c.refuse(op, remote.Unknown, "the answer does not name the message")
	}
	return err
}
