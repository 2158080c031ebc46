package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// notification is the API's JSON of something that concerns the account.
type notification struct {
	ID        string          `json:"id"`
	Type      string          `json:"type"`
	CreatedAt moment          `json:"created_at"`
	Account   account         `json:"account"`
	Status    json.RawMessage `json:"status"`
}

// quotesSince is the version of Mastodon's API that has quotes (4.5). Servers that do not know a type may refuse the question.
const quotesSince = 7

// wanted are the types of notifications to ask for.
func (c *Channel) wanted() []string {
	types := []string{"mention"}
	if c.limits().api >= quotesSince {
		types = append(types, "quote")
	}
	if c.favourites {
		types = append(types, "favourite")
	}
	return types
}

// notice is an event with the post that it came from.
type notice struct {
	event  channel.Event
	status *status
}

// notified turns a notification into an event. It is false for those of no use here, of types yet to be invented too.
func (c *Channel) notified(raw []byte) (notice, bool, error) {
	var n notification
	if err := json.Unmarshal(raw, &n); err != nil {
		return notice{}, false, err
	}
	switch n.Type {
	case "":
		return notice{}, false, errors.New("the notification has no type")
	case "mention", "quote":
	case "favourite":
		if !c.favourites {
			return notice{}, false, nil
		}
	default:
		return notice{}, false, nil
	}
	s, err := parseStatus(n.Status)
	if err != nil {
		return notice{}, false, fmt.Errorf("%s %s: %w", n.Type, n.ID, err)
	}
	if n.Type == "favourite" {
		if n.Account.Acct == "" {
			return notice{}, false, fmt.Errorf("favourite %s: the notification has no account.acct", n.ID)
		}
		return notice{event: channel.Event{
			Kind: channel.ReactionChanged, Account: c.account.AccountID, Time: n.CreatedAt.Time, Message: channel.Message{ID: s.ID, Thread: c.thread(s)},
			Reaction: channel.Reaction{Author: c.author(n.Account), Name: "favourite"},
		}}, true, nil
	}
	return notice{event: c.arrived(s), status: s}, true, nil
}

// bad keeps an entry that could not be decoded.
func (c *Channel) bad(where string, raw []byte, err error) channel.Bad {
	return channel.Bad{Account: c.account.AccountID, Where: where, Reason: err.Error(), Raw: raw}
}

// maxThread is how many values a thread may hold: some thousand posts, of which only the first counts.
const maxThread = 1 << 20

// findThread asks for the thread of an answer to somebody else's post. An answer to a post of ours or of its own author needs no question: the Desk knows that post or
// takes its ID. Nor does history. Where the server does not say, the thread stays empty, and the error is nil unless the server wants no further calls.
func (c *Channel) findThread(ctx context.Context, n *notice) error {
	s, m := n.status, &n.event.Message
	if m.Thread != "" || s.InReplyToAccount == s.Account.ID || s.CreatedAt.Before(c.account.Since) {
		return nil
	}
	if self := c.self.Load(); self != nil && s.InReplyToAccount == *self {
		return nil
	}
	var answer json.RawMessage
	_, err := c.client.Do(ctx, remote.Request{
		Op: "read the thread of " + s.ID, Path: remote.Path("api", "v1", "statuses", s.ID, "context"), Into: &answer, MaxValues: maxThread,
	})
	switch kind := remote.KindOf(err); {
	case err == nil:
	case kind == remote.RateLimited || kind == remote.Unauthorized:
		return err
	default:
		return nil // servers fail at some threads always; the parent will do
	}
	var around struct {
		Ancestors []struct {
			ID         string `json:"id"`
			Visibility string `json:"visibility"`
		} `json:"ancestors"`
	}
	if json.Unmarshal(answer, &around) == nil && len(around.Ancestors) > 0 && around.Ancestors[0].Visibility != direct {
		m.Thread = around.Ancestors[0].ID
	}
	return nil
}
