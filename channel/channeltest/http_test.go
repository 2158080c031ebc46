package channeltest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
)

// careless is a pinboard that makes something else of what a call of it brings.
type careless struct {
	*pinboard
	send func(context.Context, channel.Outgoing) (channel.Sent, error)
	poll func(context.Context, channel.Cursor) (channel.Batch, error)
}

func (c careless) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	if c.send == nil {
		return c.pinboard.Send(ctx, out)
	}
	return c.send(ctx, out)
}

func (c careless) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	if c.poll == nil {
		return c.pinboard.Poll(ctx, after)
	}
	return c.poll(ctx, after)
}

func TestTheKitFindsWhatIsMadeOfSpoiledAnswers(t *testing.T) {
	t.Parallel()
	// failing makes another error of that of a Send.
	failing := func(change func(*remote.Error) error) func(*pinboard) channel.Channel {
		return func(p *pinboard) channel.Channel {
			return careless{pinboard: p, send: func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				sent, err := p.Send(ctx, out)
				if e, ok := errors.AsType[*remote.Error](err); ok {
					err = change(e)
				}
				return sent, err
			}}
		}
	}
	for name, test := range map[string]struct {
		check string
		spoil func(*pinboard) channel.Channel
	}{
		"a gateway's timeout is taken for an outage": {"http/send/504", func(p *pinboard) channel.Channel {
			p.client.Classify = func(r *remote.Response) *remote.Error {
				if r.Status >= 500 {
					return &remote.Error{Kind: remote.Unavailable}
				}
				return nil
			}
			return p
		}},
		"an answer without an ID is taken for success": {"http/send/empty-object", failing(func(*remote.Error) error { return nil })},
		"one that cannot be read is rejected": {"http/send/invalid-JSON", failing(func(e *remote.Error) error {
			return &remote.Error{Op: e.Op, Kind: remote.Rejected}
		})},
		"the body of an error shows the token": {"http/send/500", failing(func(e *remote.Error) error {
			return &remote.Error{Op: e.Op, Kind: remote.Unknown, Message: "Bearer pinboard-token"}
		})},
		"it sends again by itself": {"http/send/slow-body", func(p *pinboard) channel.Channel {
			return careless{pinboard: p, send: func(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
				sent, err := p.Send(ctx, out)
				if err != nil {
					return p.Send(context.WithoutCancel(ctx), out)
				}
				return sent, nil
			}}
		}},
		"an unreadable page is passed over": {"http/poll/HTML", func(p *pinboard) channel.Channel {
			return careless{pinboard: p, poll: func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := p.Poll(ctx, after)
				if err != nil {
					batch.Cursor, err = "2", nil
				}
				return batch, err
			}}
		}},
		"the error of a poll is of no kind": {"http/poll/cut-body", func(p *pinboard) channel.Channel {
			return careless{pinboard: p, poll: func(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
				batch, err := p.Poll(ctx, after)
				if err != nil {
					err = fmt.Errorf("poll: %s", err)
				}
				return batch, err
			}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if found := channeltest.Failures(t.Context(), pinboardHarness(nil), test.check); len(found) > 0 {
				t.Errorf("without the mistake, %s finds %q", test.check, found)
			}
			if found := channeltest.Failures(t.Context(), pinboardHarness(test.spoil), test.check); len(found) == 0 {
				t.Errorf("%s finds nothing", test.check)
			}
		})
	}
}
