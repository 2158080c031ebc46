package mastodon

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// rereadAtOnce is how many posts are read in one call, rereadSingly how many where the server (before Mastodon 4.3) gives one at a time, and rereadWait how long the
// server is then left alone: a fraction of the 300 calls that it allows in five minutes.
const (
	rereadAtOnce = 20
	rereadSingly = 4
	rereadWait   = 30 * time.Second
)

// RereadPace is twenty posts, or four on servers before Mastodon 4.3, every 30 seconds.
func (c *Channel) RereadPace() (atOnce int, wait time.Duration) {
	if c.limits().api > 0 {
		return rereadAtOnce, rereadWait
	}
	return rereadSingly, rereadWait
}

// Reread looks for edits and deletions, which Mastodon tells on the stream only and never again. A post that is gone and one that its author no longer lets us see look the
// same. It makes one call, and one for each post that is missing in the answer; on servers before Mastodon 4.3 one for each.
func (c *Channel) Reread(ctx context.Context, known []channel.Message) (events []channel.Event, trouble error) {
	if err := c.know(ctx); err != nil {
		return nil, err
	}
	found := map[string]*status{}
	if c.limits().api > 0 {
		var err error
		if found, err = c.readAll(ctx, known); err != nil {
			return nil, err
		}
	}
	for _, m := range known {
		s, err := found[m.ID], error(nil)
		if s == nil {
			s, err = c.read(ctx, m.ID) // missing in a list is no proof: servers leave out what they could not load
		}
		switch kind := remote.KindOf(err); {
		case err == nil:
			if s.ID == m.ID && revision(s.EditedAt.Time) > m.Revision {
				events = append(events, c.edited(s))
			}
		case kind == remote.NotFound:
			events = append(events, c.deleted(m.ID))
		case kind == remote.RateLimited || kind == remote.Unauthorized || ctx.Err() != nil:
			return events, err
		case kind != remote.Rejected:
			trouble = err // that of one post, perhaps: the others may be there
		}
	}
	return events, trouble
}

// readAll reads several posts in one call; those that are gone, or make no sense, are missing.
func (c *Channel) readAll(ctx context.Context, some []channel.Message) (map[string]*status, error) {
	query := url.Values{}
	for _, w := range some {
		query.Add("id[]", w.ID)
	}
	page, _, err := c.list(ctx, "re-read posts", "/api/v1/statuses", query)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*status, len(page))
	for _, raw := range page {
		if s, err := parseStatus(raw); err == nil {
			found[s.ID] = s
		}
	}
	return found, nil
}

// read reads one post. NotFound: it is gone, or no longer ours to see; Rejected: it makes no sense.
func (c *Channel) read(ctx context.Context, id string) (*status, error) {
	var raw json.RawMessage
	answer, err := c.client.Do(ctx, remote.Request{Op: "read post " + id, Path: remote.Path("api", "v1", "statuses", id), Into: &raw})
	if err != nil {
		return nil, err
	}
	s, err := parseStatus(raw)
	if err != nil {
		return nil, &remote.Error{Op: Platform + ": read post " + id, Kind: remote.Rejected, Status: answer.Status, Err: err}
	}
	return s, nil
}
