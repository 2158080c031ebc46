package mastodon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// silence is how long a stream may be silent; Mastodon says something every 15 seconds.
const silence = 90 * time.Second

// Stream listens to the account's own stream (server-sent events): notifications, edits and deletions, and our own posts. It tells what a poll tells, under the
// same keys, at once; and every deletion in the account's home timeline, because Mastodon says of it only the ID. There is no replay: after a reconnect,
// a poll brings what was missed. Servers without such streams refuse it, and polls bring everything.
//
// The error is that of deliver, or a *remote.Error: Unavailable when the connection broke, nothing came for 90 seconds, or the server ended the stream.
func (c *Channel) Stream(ctx context.Context, deliver func(channel.Batch) error) error {
	if err := c.know(ctx); err != nil {
		return err
	}
	live := c.client
	live.Base = c.limits().streaming
	body, err := live.Open(ctx, remote.Request{
		Op: "listen to the stream", Path: "/api/v1/streaming/user", Header: http.Header{"Accept": {"text/event-stream"}},
	}, silence)
	if err != nil {
		return err
	}
	defer body.Close()
	events := newSSEReader(body)
	for {
		e, err := events.next()
		if errors.Is(err, io.EOF) {
			return &remote.Error{Op: Platform + ": listen to the stream", Kind: remote.Unavailable, Message: "the server ended it"}
		}
		if err != nil {
			return err
		}
		batch, err := c.streamed(ctx, e)
		if err != nil {
			return err
		}
		if len(batch.Events)+len(batch.Bad) == 0 {
			continue
		}
		if err := deliver(batch); err != nil {
			return err
		}
	}
}

// streamed turns what came over the stream into a batch, which is empty for what is of no use here.
func (c *Channel) streamed(ctx context.Context, e sse) (batch channel.Batch, err error) {
	if e.tooLong {
		reason := fmt.Errorf("the event has more than %d bytes", maxEvent)
		return channel.Batch{Bad: []channel.Bad{c.bad("stream/"+e.name, nil, reason)}}, nil
	}
	n, ok, wrong := c.understand(e)
	switch {
	case wrong != nil:
		batch.Bad = []channel.Bad{c.bad("stream/"+e.name, e.data, wrong)}
		return batch, nil
	case !ok:
		return batch, nil
	case n.status != nil && n.event.Kind == channel.MessageReceived:
		if err := c.findThread(ctx, &n); err != nil {
			return batch, err
		}
	}
	batch.Events = []channel.Event{n.event}
	return batch, nil
}

// understand decodes an event of the stream; false for what is of no use here.
func (c *Channel) understand(e sse) (notice, bool, error) {
	if err := remote.CheckValues(e.data); err != nil {
		return notice{}, false, err
	}
	switch e.name {
	case "notification":
		return c.notified(e.data)
	case "delete":
		id := strings.Trim(string(e.data), "\" \t")
		if id == "" || len(id) > 100 {
			return notice{}, false, errors.New("the deletion names no status")
		}
		return notice{event: c.deleted(id)}, true, nil
	case "update", "status.update":
		s, err := parseStatus(e.data)
		if err != nil {
			return notice{}, false, err
		}
		switch {
		case s.boost():
		case e.name == "update" && c.ours(s.Account): // of others, the notification tells
			return notice{event: c.arrived(s)}, true, nil
		case e.name == "status.update" && c.concerned(s) && !s.EditedAt.IsZero():
			return notice{event: c.edited(s)}, true, nil
		}
	}
	return notice{}, false, nil
}

// concerned reports whether a post is ours, mentions us or answers us; the home timeline has others, too.
func (c *Channel) concerned(s *status) bool {
	self := c.self.Load()
	return c.ours(s.Account) || slices.ContainsFunc(s.Mentions, c.ours) || self != nil && s.InReplyToAccount == *self
}
