package socialcrm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestSetStatusSaysWhatATicketWaitsFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Where is my bag?")
	due := func() time.Time {
		c, _ := w.ticket(id).Clocks.Clock(sla.Resolution)
		return c.Due
	}
	was := due()
	set := func(to ticket.Status) error {
		_, err := w.desk.SetStatus(t.Context(), id, ana, to, "waiting")
		return err
	}
	if err := set(ticket.Pending); err != nil {
		t.Fatal(err)
	}
	if !due().IsZero() {
		t.Errorf("due %s while pending, want no deadline", due())
	}
	w.pass(time.Hour)
	if err := set(ticket.Open); err != nil {
		t.Fatal(err)
	}
	if want := was.Add(time.Hour); !due().Equal(want) {
		t.Errorf("due %s, want %s: an hour later", due(), want)
	}
	before := w.ticket(id).Version
	if err := set(ticket.Open); err != nil || w.ticket(id).Version != before {
		t.Errorf("open again: %v, version %d, want %d: nothing happened", err, w.ticket(id).Version, before)
	}
	if err := set(ticket.Solved); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("solved: %v, want ErrInvalid: that is what Resolve is for", err)
	}
	if _, err := w.desk.Resolve(t.Context(), id, ana, ""); err != nil {
		t.Fatal(err)
	}
	if err := set(ticket.Pending); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("a solved ticket: %v, want ErrInvalid: that is what Reopen is for", err)
	}
	w.pass(time.Minute)
	if got := w.crm.Cases()[0].Status; got != ticket.Solved {
		t.Errorf("the CRM's case is %s, want solved", got)
	}
}

func TestWhatTheCustomerWritesOpensATicketThatWaits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		was  ticket.Status
		want ticket.Status
		new  bool // it is about a ticket that follows up
	}{
		{"And now?", ticket.Pending, ticket.Open, false},
		{"And now?", ticket.OnHold, ticket.Open, false},
		{"Thanks", ticket.Pending, ticket.Pending, false},
		{"Thanks", ticket.OnHold, ticket.OnHold, false},
		{"And now?", ticket.Closed, ticket.Closed, true},
		{"Thanks", ticket.Closed, ticket.Closed, false},
	} {
		t.Run(string(tt.was)+" "+tt.text, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := company()
			s.Noise = []socialcrm.Noise{{Name: "thanks", When: rule.Condition{Fact: "text", Word: "thanks"}}}
			w.apply(s)
			mia := w.platform.Customer("mia")
			root := mia.Post(w.page, "Where is it?")
			w.pass(time.Minute)
			id := w.only().ID
			if tt.was == ticket.Closed {
				w.must(w.desk.Close(t.Context(), id, ana))
			} else {
				w.must(w.desk.SetStatus(t.Context(), id, ana, tt.was, "waiting"))
			}
			mia.Reply(root, tt.text)
			w.pass(time.Minute)
			all := w.tickets()
			if got := w.ticket(id).Status; got != tt.want || (len(all) == 2) != tt.new {
				t.Errorf("it is %s, and there are %d tickets; want %s, and another one is %t", got, len(all), tt.want, tt.new)
			}
			if tt.new && all[1].FollowUpOf != id {
				t.Errorf("the other one follows up %q", all[1].FollowUpOf)
			}
		})
	}
}
