package mastodon

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Watched is how many of the posts that arrived last are re-read for edits and deletions, which Mastodon tells on the stream only and never again. Twenty are
// read with each poll, so that with a poll a minute none is older than five minutes.
const Watched = 100

// rereadAtOnce is how many are read in one call, rereadSingly how many where the server (before Mastodon 4.3) gives one at a time.
const (
	rereadAtOnce = 20
	rereadSingly = 4
)

// watched is a post and the version of it that was told.
type watched struct {
	ID       string `json:"i"`
	Revision string `json:"r,omitempty"`
}

// watch remembers a post that arrived.
func (at *position) watch(s *status) {
	w := watched{s.ID, revision(s.EditedAt.Time)}
	if slices.ContainsFunc(at.Watched, func(known watched) bool { return known.ID == w.ID }) {
		return
	}
	at.Watched = append(at.Watched, w)
	if over := len(at.Watched) - Watched; over > 0 {
		at.Watched, at.Next = at.Watched[over:], max(at.Next-over, 0)
	}
}

// reread reads the next of the watched posts, newest ones first, round after round, and tells which were edited or are gone. What cannot be read now is read in the
// next round.
func (c *Channel) reread(ctx context.Context, at *position, batch *channel.Batch) {
	if at.Next <= 0 || at.Next > len(at.Watched) {
		at.Next = len(at.Watched)
	}
	atOnce, several := rereadSingly, c.limits().api > 0
	if several {
		atOnce = rereadAtOnce
	}
	from, to := max(at.Next-atOnce, 0), at.Next
	at.Next = from
	part := at.Watched[from:to]
	found := map[string]*status{}
	if several && len(part) > 0 {
		var err error
		if found, err = c.readAll(ctx, part); err != nil {
			return
		}
	}
	kept := slices.Clone(at.Watched[:from])
	for i, w := range part {
		s, err := found[w.ID], error(nil)
		if s == nil {
			s, err = c.read(ctx, w.ID) // missing in a list is no proof: servers leave out what they could not load
		}
		switch kind := remote.KindOf(err); {
		case err == nil:
			if now := revision(s.EditedAt.Time); now > w.Revision {
				batch.Events = append(batch.Events, c.edited(s))
				w.Revision = now
			}
			kept = append(kept, w)
		case kind == remote.NotFound:
			batch.Events = append(batch.Events, c.deleted(w.ID))
		case kind == remote.Rejected:
			kept = append(kept, w)
		default: // the server is in trouble: no more of this for now
			at.Watched = append(append(kept, part[i:]...), at.Watched[to:]...)
			return
		}
	}
	at.Watched = append(kept, at.Watched[to:]...)
}

// readAll reads several posts in one call; those that are gone, or make no sense, are missing.
func (c *Channel) readAll(ctx context.Context, some []watched) (map[string]*status, error) {
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
