package socialcrm_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func TestAllWhoWaitAreHandedOutHoweverMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := company()
	s.Agents[0].AlwaysOn, s.Agents[0].Capacity = false, 100
	w.apply(s)
	w.ok(w.desk.SetPresence(t.Context(), ana, "ana", ticket.Offline))
	for i := range 45 {
		customer := fmt.Sprint("customer ", i)
		w.ingest(said(customer, customer, customer, "", "Hello?", w.now))
	}
	w.ok(w.desk.SetPresence(t.Context(), ana, "ana", ticket.Available))
	w.pass(time.Second)
	for _, tk := range w.tickets() {
		if tk.Agent != "ana" {
			t.Errorf("ticket %s is with %q, want ana", tk.ID, tk.Agent)
		}
	}
}

// overtaken is a poller whose first poll takes so long that another worker polls meanwhile.
type overtaken struct {
	meanwhile func()
	after     []channel.Cursor
}

func (*overtaken) Name() string { return "overtaken" }

func (s *overtaken) Poll(_ context.Context, after channel.Cursor) (channel.Batch, error) {
	if s.after = append(s.after, after); len(s.after) > 1 {
		return channel.Batch{Cursor: "far"}, nil
	}
	s.meanwhile()
	return channel.Batch{Cursor: "near", Events: []channel.Event{wrote("1", "Hello?")}}, nil
}

func TestPollThatWasOvertakenBringsItsEventsAndLeavesTheCursor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ahead := time.Duration(0)
	w.store = ticket.NewMemory(&ticket.MemoryOptions{Now: func() time.Time { return w.now.Add(ahead) }})
	w.restart()
	s := &overtaken{meanwhile: func() {
		ahead = time.Hour // its lease is over
		_, err := w.desk.Tick(t.Context())
		w.ok(err)
	}}
	w.ok(w.desk.AddSource(t.Context(), s))
	w.pass(time.Minute)
	if diff := cmp.Diff([]channel.Cursor{"", "", "far"}, s.after[:min(3, len(s.after))]); diff != "" || len(w.tickets()) != 1 {
		t.Errorf("%d tickets, polled after (-want +got):\n%s", len(w.tickets()), diff)
	}
}
