package mastodon_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// company is a Desk over a brand account, with a clock that goes when it is told to.
type company struct {
	*testing.T
	desk *socialcrm.Desk
	mu   sync.Mutex
	now  time.Time
}

func (c *company) clock() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func employ(t *testing.T, handler http.Handler) *company {
	c := &company{T: t, now: time.Now()}
	m := connect(t, handler, func(o *mastodon.Options) { o.Now, o.Since = c.clock, c.now.Add(-time.Hour) })
	desk, err := socialcrm.New(socialcrm.Config{Channels: []channel.Channel{m}, Now: c.clock})
	if err != nil {
		t.Fatal(err)
	}
	c.desk = desk
	return c
}

// pass lets time pass, and the Desk do what is due in it.
func (c *company) pass(d time.Duration) {
	c.Helper()
	for end := c.clock().Add(d); c.clock().Before(end); {
		c.mu.Lock()
		c.now = c.now.Add(20 * time.Second)
		c.mu.Unlock()
		if _, err := c.desk.Tick(c.Context()); err != nil {
			c.Fatal(err)
		}
	}
}

func (c *company) tickets() []ticket.Ticket {
	c.Helper()
	list, err := c.desk.Tickets(c.Context(), ticket.TicketQuery{})
	if err != nil {
		c.Fatal(err)
	}
	return list.Items
}

// conversation returns who said what in a ticket.
func (c *company) conversation(id ticket.ID) (said []string) {
	c.Helper()
	list, err := c.desk.Messages(c.Context(), ticket.MessageQuery{Ticket: id})
	if err != nil {
		c.Fatal(err)
	}
	for _, m := range list.Items {
		text := string(m.Direction) + " " + m.Content.Text
		if !m.Deleted.IsZero() {
			text += " (deleted)"
		}
		said = append(said, text)
	}
	return said
}

func (c *company) reply(id ticket.ID, r socialcrm.Reply) {
	c.Helper()
	if _, err := c.desk.Reply(c.Context(), id, socialcrm.By{Actor: ticket.Agent("ana")}, r); err != nil {
		c.Fatal(err)
	}
}

// A conversation through the Desk: question, answer, the customer's answer, an edit and a deletion that only a poll finds, and an answer in Mastodon's own app are one
// ticket, and each is there once.
func TestAConversationThroughTheDesk(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := employ(t, network)
	q := network.Write("Where is my parcle?")
	c.pass(2 * time.Minute)
	all := c.tickets()
	if len(all) != 1 {
		t.Fatalf("there are %d tickets, want one", len(all))
	}
	id := all[0].ID
	c.reply(id, socialcrm.Reply{Text: "Which order?"})
	c.pass(2 * time.Minute)
	posts := network.Posts()
	if len(posts) != 1 || posts[0].Text != "@mia@other.example Which order?" {
		t.Fatalf("posted: %+v", posts)
	}
	back := network.Reply(posts[0].ID, "Number 17")
	network.Edit(q, "Where is my parcel?")
	slip := network.Reply(posts[0].ID, "My password is hunter2")
	c.pass(2 * time.Minute)
	network.Delete(slip)
	network.Post(standin.Status{Author: standin.Brand, Text: "@mia@other.example It is here", InReplyTo: back, Mentions: []string{standin.Customer}})
	c.pass(3 * time.Minute)
	want := []string{
		"in @acme Where is my parcel?", "out Which order?", "in @acme Number 17", "in @acme My password is hunter2 (deleted)", "out @mia It is here",
	}
	if got := c.tickets(); len(got) != 1 || got[0].Status == ticket.New {
		t.Errorf("tickets: %+v", got)
	}
	if diff := cmp.Diff(want, c.conversation(id)); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// From public to private: both tell one ticket, nothing private is said in public.
func TestMovingToPrivateThroughTheDesk(t *testing.T) {
	t.Parallel()
	network := standin.New()
	c := employ(t, network)
	network.Write("My order 17 is late")
	c.pass(2 * time.Minute)
	id := c.tickets()[0].ID
	if _, err := c.desk.MovePrivate(t.Context(), id, socialcrm.By{Actor: ticket.Agent("ana")}, socialcrm.Reply{Text: "Which street?"}); err != nil {
		t.Fatal(err)
	}
	c.pass(2 * time.Minute)
	private := network.Posts()
	if len(private) != 1 || private[0].Visibility != "direct" {
		t.Fatalf("posted: %+v", private)
	}
	network.Reply(private[0].ID, "Long Lane")
	c.pass(2 * time.Minute)
	if n := len(c.tickets()); n != 1 {
		t.Fatalf("there are %d tickets, want one", n)
	}
	if got := strings.Join(c.conversation(id), "; "); !strings.HasSuffix(got, "in @acme Long Lane") {
		t.Errorf("the conversation is %s", got)
	}
	c.reply(id, socialcrm.Reply{Text: "Thank you."})
	c.pass(2 * time.Minute)
	if posts := network.Posts(); len(posts) != 2 || posts[1].Visibility != "direct" || posts[1].Text != "@mia@other.example Thank you." {
		t.Errorf("posted: %+v", posts)
	}
}

// Whatever befalls the post, the Desk ends with one on the network.
func TestFaultsThroughTheDesk(t *testing.T) {
	t.Parallel()
	for _, fault := range faults() {
		switch fault.send {
		case remote.Unauthorized, remote.Rejected, remote.NotFound, remote.PolicyBlocked:
			continue // it will never go out, or not by itself
		}
		if fault.slow() {
			continue // the Desk's time for a call would have to pass
		}
		t.Run(fault.name, func(t *testing.T) {
			t.Parallel()
			f := &faulty{network: standin.New(), fault: fault, hits: isPost}
			c := employ(t, f)
			f.network.Write("Where is it?")
			c.pass(time.Minute)
			f.armed.Store(true)
			c.reply(c.tickets()[0].ID, socialcrm.Reply{Text: "On its way."})
			c.pass(12 * time.Minute)
			if posts := f.network.Posts(); len(posts) != 1 || f.armed.Load() {
				t.Errorf("posted %d times, want once: %+v", len(posts), posts)
			}
			if got := c.conversation(c.tickets()[0].ID); len(got) != 2 {
				t.Errorf("the conversation is %v", got)
			}
		})
	}
}
