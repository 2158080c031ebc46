package socialcrm_test

import (
	"errors"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
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
