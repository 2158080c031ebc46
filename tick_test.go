package socialcrm_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// stuck is a poller that says there is more and does not move.
type stuck struct{ polls int }

func (*stuck) Name() string { return "stuck" }

func (s *stuck) Poll(context.Context, channel.Cursor) (channel.Batch, error) {
	if s.polls++; s.polls > 100 {
		return channel.Batch{}, errors.New("enough")
	}
	return channel.Batch{More: true, Cursor: "here"}, nil
}

func TestSourceThatSaysMoreAndDoesNotMoveIsPolledLater(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := &stuck{}
	w.ok(w.desk.AddSource(t.Context(), s))
	next, err := w.desk.Tick(t.Context())
	w.ok(err)
	if s.polls != 2 { // from the beginning to "here", and from there
		t.Errorf("%d polls in one instant, want 2", s.polls)
	}
	if wait := next.Sub(w.now); wait < time.Second {
		t.Errorf("the next is in %s", wait)
	}
}

// curtain is a Store that ends its caller's context after so many commits.
type curtain struct {
	ticket.Store
	left int
	end  context.CancelFunc
}

func (c *curtain) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	err := c.Store.Update(ctx, tenant, fn)
	if c.left--; c.left == 0 {
		c.end()
	}
	return err
}

func TestTickThatIsCancelledLeavesNoLeaseBehind(t *testing.T) {
	t.Parallel()
	for after := 1; ; after++ {
		w := newWorld(t)
		c := &curtain{Store: w.store}
		w.store = c
		w.restart()
		id := w.asked("mia", "Hello?")
		w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"}))
		ctx, cancel := context.WithCancel(t.Context())
		c.left, c.end = after, cancel
		_, err := w.desk.Tick(ctx)
		cancel()
		if err == nil {
			if after < 5 {
				t.Errorf("Tick ended after %d commits, want a send, a case and its interactions", after)
			}
			return
		}
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if _, err := w.desk.Tick(t.Context()); err != nil {
			t.Fatal(err)
		}
		told := 0
		for _, held := range w.crm.Cases() {
			told += len(w.crm.Interactions(held.Key))
		}
		if !slices.Contains(w.platform.Replies(), "Hi Mia") || told != 2 {
			t.Errorf("cut after %d commits: in the same instant %q went out and the CRM holds %d interactions, want the answer and 2", after, w.platform.Replies(), told)
		}
	}
}
