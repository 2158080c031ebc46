package mastodon

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// draft is the API's JSON of a post to make.
type draft struct {
	Status      string   `json:"status"`
	InReplyTo   string   `json:"in_reply_to_id,omitempty"`
	Visibility  string   `json:"visibility,omitempty"`
	SpoilerText string   `json:"spoiler_text,omitempty"`
	Sensitive   bool     `json:"sensitive,omitempty"`
	MediaIDs    []string `json:"media_ids,omitempty"`
}

// Send makes one post. It first reads what it answers, for whom to mention, the audience and the content warning: the audience is that of the message answered, and never
// a wider one; a content warning too long to fit is shortened.
//
// Attachments are downloaded and uploaded. While the server still works on one, Send returns Unavailable with the time to come back; the next Send of the same
// Outgoing.Key goes on where this one stopped. A process that died in between uploads again, and the server throws the first copy away.
//
// The post carries an Idempotency-Key made of Outgoing.Key, so that Mastodon makes it once however often it is asked within an hour; for other servers, and later, there is
// Find. Errors by kind:
//
//   - Rejected: the text is longer than Traits say, or with its mentions longer than the server takes; an attachment is too large or of a type that it refuses
//   - NotFound: the message answered is gone, or an attachment
//   - RateLimited with RetryAt; Unauthorized: the token was revoked, lacks a scope, or the account is suspended
//   - PolicyBlocked: the server does not allow this post (the customer blocks us, for example)
//   - Unavailable: it was not posted; Unknown: nobody knows, ask Find
func (c *Channel) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	return c.send(ctx, out, out.Visibility == channel.Private)
}

// ReplyPrivately answers a public message by a post for its author only. Mastodon allows that as often as one likes. Errors are those of Send.
func (c *Channel) ReplyPrivately(ctx context.Context, out channel.Outgoing) (channel.PrivateReply, error) {
	sent, err := c.send(ctx, out, true)
	if err != nil {
		return channel.PrivateReply{}, err
	}
	return channel.PrivateReply{Sent: sent, Author: out.To}, nil
}

func (c *Channel) send(ctx context.Context, out channel.Outgoing, private bool) (channel.Sent, error) {
	op := "post reply to " + out.InReplyTo
	traits := c.Traits(out.Visibility)
	if n := traits.Length(out.Text); n > traits.MaxText {
		return channel.Sent{}, c.refuse(op, fmt.Sprintf("the text counts %d, the limit is %d", n, traits.MaxText))
	}
	if n := len(out.Attachments); n > traits.MaxAttachments {
		return channel.Sent{}, c.refuse(op, fmt.Sprintf("there are %d attachments, the limit is %d", n, traits.MaxAttachments))
	}
	d, err := c.draft(ctx, out, private)
	if err != nil {
		return channel.Sent{}, err
	}
	if err := d.fit(c.limits()); err != nil {
		return channel.Sent{}, c.refuse(op, err.Error())
	}
	if d.MediaIDs, err = c.attach(ctx, out); err != nil {
		return channel.Sent{}, err
	}
	var made status
	answer, err := c.client.Do(ctx, remote.Request{
		Op: op, Path: "/api/v1/statuses", JSON: d, Header: http.Header{"Idempotency-Key": {idempotencyKey(c.account.AccountID, out.Key)}}, Into: &made,
	})
	if err != nil {
		return channel.Sent{}, err
	}
	if made.ID == "" {
		return channel.Sent{}, &remote.Error{Op: Platform + ": " + op, Kind: remote.Unknown, Status: answer.Status, Message: "the answer names no post"}
	}
	c.uploads.forget(out.Key)
	return c.sent(&made), nil
}

// sent is what becomes known of a post of ours.
func (c *Channel) sent(s *status) channel.Sent {
	return channel.Sent{ID: s.ID, Thread: c.thread(s), Time: s.CreatedAt.Time, URL: cmp.Or(s.URL, s.URI)}
}

// idempotencyKey is the same for every try of a post, and fit for a header.
func idempotencyKey(id channel.AccountID, key string) string {
	sum := sha256.Sum256([]byte(id.String() + "\x00" + key))
	return hex.EncodeToString(sum[:16])
}

func (c *Channel) refuse(op, why string) *remote.Error {
	return &remote.Error{Op: Platform + ": " + op, Kind: remote.Rejected, Message: why}
}

// draft makes the post: what it answers, to whom, for whose eyes.
func (c *Channel) draft(ctx context.Context, out channel.Outgoing, private bool) (draft, error) {
	d := draft{InReplyTo: cmp.Or(out.After, out.InReplyTo)}
	handles := []string{cmp.Or(out.To.Handle, out.To.ID)}
	if private {
		d.Visibility = direct
	}
	switch {
	case out.InReplyTo != "":
		answered, err := c.read(ctx, out.InReplyTo)
		if err != nil {
			return d, err
		}
		d.Visibility = narrower(answered.Visibility, d.Visibility)
		d.SpoilerText, d.Sensitive = answered.SpoilerText, answered.SpoilerText != ""
		if !c.ours(answered.Account) {
			handles = append(handles, answered.Account.Acct)
		}
		if answered.private() {
			for _, m := range answered.Mentions {
				handles = append(handles, m.Acct)
			}
		}
	case private:
		for id := range strings.SplitSeq(out.Thread, ",") {
			if strings.Contains(id, "@") {
				handles = append(handles, id)
			}
		}
	}
	d.Status = c.mention(handles, out.Text)
	return d, nil
}

// audiences are Mastodon's, the widest first.
var audiences = [...]string{"public", "unlisted", "private", direct}

// narrower returns the narrower of two audiences; an empty one is no limit, and one that is not known is taken for the narrowest.
func narrower(a, b string) string {
	width := func(audience string) int {
		for i, known := range audiences {
			if audience == known {
				return i
			}
		}
		return len(audiences) - 1
	}
	switch {
	case a == "":
		return b
	case b == "":
		return audiences[width(a)]
	}
	return audiences[max(width(a), width(b))]
}

// mention puts before the text whom it does not mention yet: nobody else learns of a post. Accounts of our own server go without their domain.
func (c *Channel) mention(handles []string, text string) string {
	var b strings.Builder
	done := map[string]bool{c.account.ID: true, "": true}
	for _, handle := range handles {
		handle = c.handle(strings.TrimSpace(handle))
		id := strings.ToLower(handle)
		if done[id] || strings.ContainsAny(handle, " \t\r\n") {
			continue
		}
		done[id] = true
		short := strings.TrimSuffix(handle, "@"+c.domain)
		if mentions(text, "@"+handle) || short != handle && mentions(text, "@"+short) {
			continue
		}
		b.WriteString("@" + short + " ")
	}
	return strings.TrimRight(b.String()+text, " ")
}

// mentions reports whether the text holds the mention as a whole word.
func mentions(text, mention string) bool {
	text, mention = strings.ToLower(text), strings.ToLower(mention)
	for at := 0; ; {
		i := strings.Index(text[at:], mention)
		if i < 0 {
			return false
		}
		at += i
		end := at + len(mention)
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		ends := end == len(text) || !inHandle(text[end:])
		if (at == 0 || before == ' ' || before == '\n' || before == '(') && ends {
			return true
		}
		at = end
	}
}

// inHandle reports whether a handle goes on with this text: a full stop at its end is the sentence's.
func inHandle(rest string) bool {
	if isAlnum(rest[0]) || rest[0] == '_' || rest[0] == '@' || rest[0] == '-' {
		return true
	}
	return rest[0] == '.' && len(rest) > 1 && isAlnum(rest[1])
}

// fit shortens the content warning until warning, mentions and text are within the server's limit together.
func (d *draft) fit(s *server) error {
	total := counted(d.Status, s.perURL)
	if total > s.maxText {
		return fmt.Errorf("with the mentions the text counts %d, the limit of the server is %d", total, s.maxText)
	}
	room := s.maxText - total
	if utf8.RuneCountInString(d.SpoilerText) <= room {
		return nil
	}
	if room < 2 {
		d.SpoilerText = "" // Sensitive stays
		return nil
	}
	d.SpoilerText = strings.TrimSpace(string([]rune(d.SpoilerText)[:room-1])) + "…"
	return nil
}

// counted counts a whole post: as counter does, and of the mentions that open it the names only.
func counted(text string, perURL int) int {
	n := 0
	for strings.HasPrefix(text, "@") {
		word, rest, more := strings.Cut(text, " ")
		name, _, _ := strings.Cut(word[1:], "@")
		n += 1 + utf8.RuneCountInString(name)
		if more {
			n++
		}
		text = rest
	}
	return n + counter(perURL)(text)
}
