package socialcrm_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// What becomes of a worker that stands still, as one does whose process is stopped or whose machine is suspended, while another process goes on.

// standstill is a Store on which the worker stands still behind a commit.
type standstill struct {
	ticket.Store
	behind func(*standstillTx) bool
	stands func()
}

func (s standstill) Update(ctx context.Context, tenant string, fn func(ticket.Tx) error) error {
	var x standstillTx
	err := s.Store.Update(ctx, tenant, func(tx ticket.Tx) error {
		x = standstillTx{Tx: tx}
		return fn(&x)
	})
	if s.behind(&x) {
		s.stands()
	}
	return err
}

// standstillTx notes what is claimed, and whether a post is about to be sent.
type standstillTx struct {
	ticket.Tx
	claimed string
	sending bool
}

func (x *standstillTx) Claim(q ticket.ClaimQuery) ([]ticket.Lease, error) {
	leases, err := x.Tx.Claim(q)
	for _, l := range leases {
		x.claimed = l.Kind
	}
	return leases, err
}

func (x *standstillTx) PutMessage(m ticket.Message) {
	x.sending = x.sending || m.Post != nil && m.Post.State == ticket.PostSending
	x.Tx.PutMessage(m)
}

// standingWorld is a world whose Desk stands still once, for an hour, behind the commit that behind tells; meanwhile the Desk of another process works.
func standingWorld(t *testing.T, behind func(*standstillTx) bool) *world {
	w := newWorld(t)
	other, stood := w.desk, false
	w.ok(other.AddChannel(t.Context(), w.page))
	desk, err := socialcrm.New(socialcrm.Config{
		Store: standstill{w.store, behind, func() {
			if !stood {
				stood = true
				w.now = w.now.Add(time.Hour)
				_, err := other.Tick(t.Context())
				w.ok(err)
			}
		}},
		Channels: []channel.Channel{w.page}, Sinks: []crm.Sink{w.crm}, Now: func() time.Time { return w.now },
	})
	w.ok(err)
	w.desk = desk
	t.Cleanup(func() {
		if !stood {
			t.Error("nobody stood still")
		}
	})
	return w
}

func TestAWorkerThatStoodStillSendsNothingTwice(t *testing.T) {
	t.Parallel()
	for name, behind := range map[string]func(*standstillTx) bool{
		"behind the claim":        func(x *standstillTx) bool { return x.claimed == "send" },
		"just before the request": func(x *standstillTx) bool { return x.sending },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := standingWorld(t, behind)
			id := w.asked("mia", "Hello?")
			w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia", Then: ticket.Solved}))
			w.pass(2 * time.Hour)
			if diff := cmp.Diff([]string{"Hi Mia"}, w.platform.Replies()); diff != "" {
				t.Errorf("posts (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff([]ticket.PostState{ticket.PostSent}, w.states(id)); diff != "" {
				t.Errorf("what the Store knows of them (-want +got):\n%s", diff)
			}
		})
	}
}

// TestARequestBeginsOnlyWhileNobodyElseMayTakeOver: the commit before it takes longer than a request may.
func TestARequestBeginsOnlyWhileNobodyElseMayTakeOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	slow := true
	desk, err := socialcrm.New(socialcrm.Config{
		Store:    standstill{w.store, func(x *standstillTx) bool { return x.sending && slow }, func() { slow, w.now = false, w.now.Add(31*time.Second) }},
		Channels: []channel.Channel{w.page}, Sinks: []crm.Sink{w.crm}, Now: func() time.Time { return w.now },
	})
	w.ok(err)
	w.desk = desk
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "Hi Mia"}))
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{"Hi Mia"}, w.platform.Replies()); diff != "" || w.platform.Calls(channeltest.OnSend) != 1 {
		t.Errorf("%d requests; posts (-want +got):\n%s", w.platform.Calls(channeltest.OnSend), diff)
	}
	if post := w.newest(id).Post; post.Attempts != 2 {
		t.Errorf("%d attempts, want one given up and one made", post.Attempts)
	}
}

// TestAPushThatWasOvertakenDoesNotOutlastANewerOne: while a push is under way its lease ends, and another process pushes what is newer.
func TestAPushThatWasOvertakenDoesNotOutlastANewerOne(t *testing.T) {
	t.Parallel()
	w, b, ahead := overtakenWorld(t)
	id := w.asked("mia", "Hello?")
	said := w.newest(id)
	w.pass(time.Minute)
	w.must(w.desk.Note(t.Context(), id, ana, "Look at this."))
	b.happens = func() {
		b.happens = nil
		*ahead = time.Hour
		w.ingest(channel.Event{Kind: channel.MessageEdited, Account: shop, Time: w.now, Message: channel.Message{ID: said.Content.ID, Text: "Hello, hello?"}})
		w.must(w.desk.Resolve(t.Context(), id, ana, ""))
		_, err := w.desk.Tick(t.Context())
		w.ok(err)
		if c := w.crm.Cases()[0]; c.Status != ticket.Solved {
			t.Errorf("the other process left the case %s", c.Status)
		}
	}
	w.ingest(channel.Event{Kind: channel.MessageEdited, Account: shop, Time: w.now, Message: channel.Message{ID: said.Content.ID, Text: "Hello??"}})
	w.pass(time.Minute)
	if got := w.crm.Cases()[0]; got.Status != ticket.Solved {
		t.Errorf("the case is %s, want solved, as the ticket is", got.Status)
	}
	if got := w.crm.Interactions(string(id)); len(got) != 2 || got[0].Text != "Hello, hello?" {
		t.Errorf("the case holds %+v, want the message as it is, and the note", got)
	}
}

// TestAPushThatWasOvertakenByAnErasureLeavesNothing: the person has been erased for long when the push reaches the CRM.
func TestAPushThatWasOvertakenByAnErasureLeavesNothing(t *testing.T) {
	t.Parallel()
	w, b, ahead := overtakenWorld(t)
	w.platform.Customer("mia").Post(w.page, "Hello?")
	b.happens = func() {
		b.happens = nil
		*ahead = time.Hour
		w.ok(w.desk.EraseContact(t.Context(), ana, w.only().Contact))
		w.pass(time.Hour)
	}
	w.pass(2 * time.Hour)
	if b.happens != nil || len(w.crm.Cases()) != 0 || len(w.crm.Contacts()) != 0 {
		t.Errorf("the CRM holds %+v of %+v, want nothing", w.crm.Cases(), w.crm.Contacts())
	}
}

// overtakenWorld is a busyWorld of which leases end once the Store's clock is ahead.
func overtakenWorld(t *testing.T) (w *world, b *busy, ahead *time.Duration) {
	w, ahead = newWorld(t), new(time.Duration)
	w.store = ticket.NewMemory(&ticket.MemoryOptions{Now: func() time.Time { return w.now.Add(*ahead) }})
	b = &busy{Fake: w.crm}
	w.desk = b.desk(w)
	return w, b, ahead
}
