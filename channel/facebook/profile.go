package facebook

import (
	"cmp"
	"context"
	"net/url"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/meta"
	"github.com/socialcrm/socialcrm/remote"
)

// Profile tells what somebody is called (Messenger Platform, User Profile API), which Messenger's webhooks do not say. NotFound: there is no such person on this
// Page. PolicyBlocked: the app may not read it.
func (c *Channel) Profile(ctx context.Context, id string) (channel.Author, error) {
	who := c.person(id)
	if who == "" {
		return channel.Author{}, c.refuse("read profile", remote.Rejected, "there is no ID")
	}
	var p struct {
		ID    meta.ID `json:"id"`
		Name  string  `json:"name"`
		First string  `json:"first_name"`
		Last  string  `json:"last_name"`
	}
	_, err := c.graph.Do(ctx, remote.Request{
		Op: "read profile of " + id, Path: remote.Path(who), Query: url.Values{"fields": {"name,first_name,last_name"}}, Into: &p,
	})
	if err != nil {
		return channel.Author{}, err
	}
	return channel.Author{ID: id, Name: cmp.Or(p.Name, strings.TrimSpace(p.First+" "+p.Last))}, nil
}
