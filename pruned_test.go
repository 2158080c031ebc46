package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

// letGo is a ticket of mia's thread p that was answered and closed, and of which retention let go.
func letGo(t *testing.T) (*world, func(int) time.Time, ticket.Ticket) {
	t.Helper()
	w, at := later(t)
	id := w.ingest(said("c1", "mia", "p", "p", "Where is it?", at(2)))[0].Ticket
	w.answer(id, "On its way")
	w.must(w.desk.Close(t.Context(), id, ana))
	w.pass(time.Hour)
	w.asked("ben", "Is it open?") // the newest entry stays
	w.prune()
	tk := w.ticket(id)
	if tk.Pruned == "" || len(tk.Clocks.Clocks) == 0 {
		t.Fatalf("nothing of it was let go of, or it has no clocks: %+v", tk)
	}
	return w, at, tk
}

func TestWhatComesLateForATicketThatRetentionLetGoOfLeavesItsClocks(t *testing.T) {
	t.Parallel()
	w, at, was := letGo(t)
	w.ingest(posted("b1", "p", "", "@mia it left today", at(20), "mia"))
	if diff := cmp.Diff(was.Clocks, w.ticket(was.ID).Clocks); diff != "" {
		t.Errorf("clocks (-before +after):\n%s", diff)
	}
	clocks, err := w.desk.Clocks(t.Context(), was.ID)
	w.ok(err)
	if diff := cmp.Diff(was.Clocks.Clocks, clocks); diff != "" {
		t.Errorf("Clocks tells (-want +got):\n%s", diff)
	}
	told, err := w.desk.Explain(t.Context(), was.ID)
	w.ok(err)
	for i, x := range told {
		if x.Clock != was.Clocks.Clocks[i] || x.Spent != x.Clock.Spent {
			t.Errorf("explained is %+v, want %+v", x, was.Clocks.Clocks[i])
		}
	}
	if len(told) != len(clocks) {
		t.Errorf("%d clocks are explained, want %d", len(told), len(clocks))
	}
}

func TestWhatRetentionLetGoOfIsNotMergedNorTakenApart(t *testing.T) {
	t.Parallel()
	w, _, was := letGo(t)
	again := w.ingest(said("c2", "mia", "p", "p", "Still nothing!", w.now))[0].Ticket
	r, err := w.desk.Merge(t.Context(), again, ana, was.ID)
	w.refused(socialcrm.ErrInvalid, r, err)

	w.pass(time.Minute)
	part := w.asked("eve", "Mine too")
	w.must(w.desk.Merge(t.Context(), again, ana, part))
	w.must(w.desk.Close(t.Context(), again, ana))
	w.pass(time.Hour)
	w.asked("noa", "Hello?")
	w.prune()
	whole := w.ticket(again)
	if whole.Pruned == "" {
		t.Fatal("nothing of it was let go of")
	}
	r, err = w.desk.Unmerge(t.Context(), again, ana, part)
	w.refused(socialcrm.ErrInvalid, r, err)
	for _, before := range []ticket.Ticket{was, whole} {
		if diff := cmp.Diff(before, w.ticket(before.ID)); diff != "" {
			t.Errorf("ticket %s (-before +after):\n%s", before.ID, diff)
		}
	}
}
