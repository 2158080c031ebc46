package facebook

import (
	"context"
	"net/http"
	"net/url"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// CanModerate reports true for hide, unhide, like, unlike, remove and block.
func (c *Channel) CanModerate(action channel.ModerateAction) bool {
	switch action {
	case channel.Hide, channel.Unhide, channel.Like, channel.Unlike, channel.Remove, channel.Block:
		return true
	}
	return false
}

// Moderate does it to a comment or visitor's post, and Block to its author. Doing what is done already is no error, nor is removing what is gone. PolicyBlocked:
// Meta does not let this Page do it to this one (hiding a comment of its own, for example). Rejected: no such action, or an unknown author to block.
func (c *Channel) Moderate(ctx context.Context, action channel.ModerateAction, m channel.Message) error {
	r := remote.Request{Op: string(action) + " " + m.ID, Path: remote.Path(m.ID), Method: http.MethodPost, Idempotent: true}
	switch action {
	case channel.Hide:
		r.Form = url.Values{"is_hidden": {"true"}}
	case channel.Unhide:
		r.Form = url.Values{"is_hidden": {"false"}}
	case channel.Like:
		r.Path = remote.Path(m.ID, "likes")
	case channel.Unlike:
		r.Path, r.Method = remote.Path(m.ID, "likes"), http.MethodDelete
	case channel.Remove:
		r.Method = http.MethodDelete
	case channel.Block:
		who := c.person(m.Author.ID)
		if who == "" {
			return c.refuse("block the author of "+m.ID, remote.Rejected, "nobody knows who that is")
		}
		r.Op, r.Path = "block "+who, remote.Path(c.o.Account.ID, "blocked")
		if r.Form = (url.Values{"asid": {who}}); m.Visibility == channel.Private {
			r.Form = url.Values{"psid": {who}}
		}
	default:
		return c.refuse(string(action)+" "+m.ID, remote.Rejected, "Facebook knows no such action")
	}
	if m.ID == "" && action != channel.Block {
		return c.refuse(string(action), remote.Rejected, "there is no message")
	}
	_, err := c.graph.Do(ctx, r)
	if remote.KindOf(err) == remote.NotFound && action == channel.Remove {
		return nil
	}
	return err
}
