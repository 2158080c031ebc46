package mastodon

import (
	"context"
	"net/http"
	"net/url"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Profile looks an account up by its ID, the whole handle. NotFound: the server does not know it.
func (c *Channel) Profile(ctx context.Context, id string) (channel.Author, error) {
	var a account
	answer, err := c.client.Do(ctx, remote.Request{Op: "look up " + id, Path: "/api/v1/accounts/lookup", Query: url.Values{"acct": {id}}, Into: &a})
	if err != nil {
		return channel.Author{}, err
	}
	if a.Acct == "" {
		return channel.Author{}, &remote.Error{Op: Platform + ": look up " + id, Kind: remote.Unavailable, Status: answer.Status, Message: "the answer names no account"}
	}
	return c.author(a), nil
}

// CanModerate reports that a post can be liked and unliked (a favourite). Nobody can hide or remove what others wrote on their own servers.
func (c *Channel) CanModerate(action channel.ModerateAction) bool {
	return action == channel.Like || action == channel.Unlike
}

// Moderate makes a post a favourite, or takes that back. Rejected: any other action; NotFound: the post is gone.
func (c *Channel) Moderate(ctx context.Context, action channel.ModerateAction, m channel.Message) error {
	verb := "favourite"
	switch action {
	case channel.Like:
	case channel.Unlike:
		verb = "unfavourite"
	default:
		return c.refuse(string(action)+" "+m.ID, "Mastodon has no such action")
	}
	_, err := c.client.Do(ctx, remote.Request{
		Op: verb + " " + m.ID, Method: http.MethodPost, Path: remote.Path("api", "v1", "statuses", m.ID, verb), Idempotent: true,
	})
	return err
}
