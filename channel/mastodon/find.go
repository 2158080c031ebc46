package mastodon

import (
	"cmp"
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

const (
	// findPages is how many pages of our own posts Find looks through.
	findPages = 5
	// findSkew is how far the server's clock may be behind ours.
	findSkew = 2 * time.Minute
	// settled is after how long a server without idempotency keys has surely made a post or forgotten it.
	settled = time.Minute
)

// Find looks for the post among our own since it was tried: the one that answers the same message with the same text.
//
// Absent is safe to act on: Mastodon makes a post with the same Idempotency-Key once, should the first try still be under way; of other servers Find says it only a
// minute after the try, and until then returns Unavailable with that time. It cannot tell where more posts than five pages went out since.
func (c *Channel) Find(ctx context.Context, out channel.Outgoing, tried time.Time) (channel.Finding, channel.Sent, error) {
	op := "find reply to " + out.InReplyTo
	if err := c.know(ctx); err != nil {
		return channel.CannotTell, channel.Sent{}, err
	}
	query := url.Values{"limit": {strconv.Itoa(ownSize)}, "exclude_reblogs": {"true"}}
	parent, want := cmp.Or(out.After, out.InReplyTo), comparable(out.Text)
	complete := false
	for range findPages {
		page, _, err := c.list(ctx, op, remote.Path("api", "v1", "accounts", *c.self.Load(), "statuses"), query)
		if err != nil {
			return channel.CannotTell, channel.Sent{}, err
		}
		last := ""
		for _, raw := range page {
			s, err := parseStatus(raw)
			if err != nil {
				return channel.CannotTell, channel.Sent{}, nil // it may be the one
			}
			if complete = s.CreatedAt.Before(tried.Add(-findSkew)); complete {
				break
			}
			if c.ours(s.Account) && s.InReplyTo == parent && len(s.Media) == len(out.Attachments) && strings.HasSuffix(comparable(plainText(s.Content)), want) {
				return channel.Found, c.sent(s), nil
			}
			last = s.ID
		}
		if complete = complete || last == ""; complete {
			break
		}
		query.Set("max_id", last)
	}
	if !complete {
		return channel.CannotTell, channel.Sent{}, nil
	}
	if at := tried.Add(settled); !c.limits().keepsKeys() && c.now().Before(at) {
		return channel.CannotTell, channel.Sent{}, &remote.Error{
			Op: Platform + ": " + op, Kind: remote.Unavailable, RetryAt: at, Message: "the server may still be working on it",
		}
	}
	return channel.Absent, channel.Sent{}, nil
}

// comparable is a text as it can be compared with what the server made of it: without spaces, mentions without their domains.
func comparable(text string) string {
	var b strings.Builder
	for word := range strings.FieldsSeq(text) {
		if strings.HasPrefix(word, "@") {
			if name, _, ok := strings.Cut(word[1:], "@"); ok {
				word = "@" + name
			}
		}
		for _, r := range word {
			if !unicode.IsSpace(r) {
				b.WriteRune(r)
			}
		}
	}
	return b.String()
}
