package facebook

import (
	"context"
	"encoding/json"
	"net/url"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Read reads a post or comment again: the Desk asks it who wrote one whose author the webhook withheld. Author stays empty where Meta withholds it here, too. A
// comment's Thread is not told.
func (c *Channel) Read(ctx context.Context, id string) (channel.Message, error) {
	op := "read " + id
	if id == "" {
		return channel.Message{}, c.refuse("read a comment", remote.Rejected, "there is no ID")
	}
	fields := commentFields
	if c.isPost(id) {
		fields = postFields
	}
	var raw json.RawMessage
	if _, err := c.graph.Do(ctx, remote.Request{Op: op, Path: remote.Path(id), Query: url.Values{"fields": {fields}}, Into: &raw}); err != nil {
		return channel.Message{}, err
	}
	var post graphPost
	var comment graphComment
	var err error
	if c.isPost(id) {
		err = read(raw, &post)
	} else {
		err = read(raw, &comment)
	}
	switch {
	case err != nil:
		return channel.Message{}, &remote.Error{Op: Platform + ": " + op, Kind: remote.Unavailable, Err: err}
	case c.isPost(id):
		return post.event(c.o.Account.AccountID).Message, nil
	}
	return comment.event(c.o.Account.AccountID, "").Message, nil
}
