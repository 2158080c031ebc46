package mastodon

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// pageSize is how many notifications are asked for at once, pageFull from how many on there may be more: servers may give fewer than they are asked for.
const (
	pageSize = 80
	pageFull = 20
	ownSize  = 40
)

// position is what a Cursor holds.
type position struct {
	// Notifications is the newest notification seen, Own the newest post of our own.
	Notifications string `json:"n"`
	Own           string `json:"o,omitempty"`
}

// Poll brings the notifications behind the cursor, a page at a time from the oldest on, and our own posts since. It makes two calls, and one more for each answer to
// somebody else's post, whose thread it asks for. Edits and deletions are for [Channel.Stream] and [Channel.Reread] to tell. The first poll also asks for the
// server's limits and whether the token is this account's (Unauthorized where it is another's), and brings of our own posts the newest only.
func (c *Channel) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	var at position
	if after != "" {
		if err := json.Unmarshal([]byte(after), &at); err != nil {
			return channel.Batch{}, &remote.Error{Op: "mastodon: poll", Kind: remote.Rejected, Message: "the cursor is not one of this source", Err: err}
		}
	}
	if err := c.know(ctx); err != nil {
		return channel.Batch{}, err
	}
	var batch channel.Batch
	full, err := c.pollNotifications(ctx, &at, &batch)
	if err != nil {
		return channel.Batch{}, err
	}
	more, err := c.pollOwn(ctx, &at, &batch)
	if err != nil {
		return channel.Batch{}, err
	}
	slices.SortStableFunc(batch.Events, func(a, b channel.Event) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Message.Order, b.Message.Order))
	})
	batch.More = full || more
	cursor, err := json.Marshal(at)
	if err != nil {
		return channel.Batch{}, &remote.Error{Op: "mastodon: poll", Kind: remote.Rejected, Err: err}
	}
	batch.Cursor = channel.Cursor(cursor)
	return batch, nil
}

// pollNotifications brings the next page of notifications and reports whether there may be more.
func (c *Channel) pollNotifications(ctx context.Context, at *position, batch *channel.Batch) (bool, error) {
	query := url.Values{
		"limit": {strconv.Itoa(pageSize)}, "min_id": {cmp.Or(at.Notifications, "0")}, "types[]": c.wanted(),
		"include_filtered": {"true"}, // what the account's own filter holds back are customers, too
	}
	page, newest, err := c.list(ctx, "list notifications", "/api/v1/notifications", query)
	if err != nil {
		return false, err
	}
	for i, raw := range slices.Backward(page) {
		e, ok, err := c.notified(raw)
		if err != nil {
			batch.Bad = append(batch.Bad, c.bad(fmt.Sprintf("notifications[%d]", i), raw, err))
			continue
		}
		if !ok {
			continue
		}
		if e.event.Kind == channel.MessageReceived {
			if err := c.findThread(ctx, &e); err != nil {
				return false, err
			}
		}
		batch.Events = append(batch.Events, e.event)
	}
	at.Notifications = cmp.Or(newest, at.Notifications)
	return len(page) >= pageFull, nil
}

// pollOwn brings our own posts since the last poll, the first time the newest only, and reports whether there may be more.
func (c *Channel) pollOwn(ctx context.Context, at *position, batch *channel.Batch) (bool, error) {
	query := url.Values{"limit": {strconv.Itoa(ownSize)}, "exclude_reblogs": {"true"}}
	if at.Own != "" {
		query.Set("min_id", at.Own)
	}
	page, newest, err := c.list(ctx, "list our own posts", remote.Path("api", "v1", "accounts", *c.self.Load(), "statuses"), query)
	if err != nil {
		return false, err
	}
	for i, raw := range slices.Backward(page) {
		s, err := parseStatus(raw)
		switch {
		case err != nil:
			batch.Bad = append(batch.Bad, c.bad(fmt.Sprintf("statuses[%d]", i), raw, err))
		case s.boost() || !c.ours(s.Account):
		default:
			batch.Events = append(batch.Events, c.arrived(s))
		}
	}
	first := at.Own == ""
	at.Own = cmp.Or(newest, at.Own)
	return !first && len(page) >= pageFull, nil
}

// list reads a page, newest first as servers give it, and where the next one begins. Its entries are decoded one by one, so that a bad one costs the others
// nothing.
func (c *Channel) list(ctx context.Context, op, path string, query url.Values) (page []json.RawMessage, newest string, err error) {
	answer, err := c.client.Do(ctx, remote.Request{Op: op, Path: path, Query: query, Into: &page})
	if err != nil || len(page) == 0 {
		return nil, "", err
	}
	if newest = newer(answer.Header); newest != "" {
		return page, newest, nil
	}
	var first struct {
		ID string `json:"id"`
	}
	for _, raw := range page {
		if json.Unmarshal(raw, &first) == nil && first.ID != "" {
			return page, first.ID, nil
		}
	}
	return nil, "", &remote.Error{Op: "mastodon: " + op, Kind: remote.Unavailable, Status: answer.Status, Message: "the answer has neither a Link to what is newer nor an id"}
}
