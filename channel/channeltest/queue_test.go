package channeltest

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/socialcrm/socialcrm/channel"
)

// queue is the Fake as a platform that forgets what was read, and an adapter that asks until nothing comes.
type queue struct {
	*FakeChannel
	hasty bool // confirms what has only just come

	mu   sync.Mutex
	read channel.Cursor
}

func (q *queue) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if after != "" {
		q.read = after
	}
	batch, err := q.FakeChannel.Poll(ctx, q.read)
	if err == nil {
		batch.More = len(batch.Events) > 0
		if q.hasty {
			q.read = batch.Cursor
		}
	}
	return batch, err
}

func TestAQueueThatForgetsWhatWasRead(t *testing.T) {
	t.Parallel()
	for _, hasty := range []bool{false, true} {
		features := everything()
		features.ForgetsRead = true
		var found []string
		for _, c := range checks() {
			if strings.HasPrefix(c.name, "poll/") {
				found = append(found, record(t.Context(), c, Harness{Features: features, New: func(T) Fixture {
					f := fakeFixture(Options{})
					f.Channel = &queue{FakeChannel: f.Channel.(*FakeChannel), hasty: hasty}
					return f
				}})...)
			}
		}
		if (len(found) > 0) != hasty {
			t.Errorf("confirmed before it was stored: %t; found %q", hasty, found)
		}
	}
}
