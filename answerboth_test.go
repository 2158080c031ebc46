package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestAnOwnPostThatAnsweredTwoCustomersAnswersBothWhenTheirTicketsAreMerged(t *testing.T) {
	t.Parallel()
	for _, swapped := range []bool{false, true} {
		w, at := later(t)
		asked := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)))
		w.ingest(posted("3", "", "1", "On the van. @noa yours too", at(10), "noa"))
		into, other := asked[0].Ticket, asked[1].Ticket
		if swapped {
			into, other = other, into
		}
		before := clockOn(w.ticket(other), sla.FirstResponse, "")
		w.must(w.desk.Merge(t.Context(), into, ana, other))
		after := clockOn(w.ticket(into), sla.FirstResponse, string(other))
		if before.Line = string(other); before.Verdict != sla.Met {
			t.Fatalf("before the merge: %+v, want met", before)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the other's first response (-before the merge +after):\n%s", diff)
		}
		if got := clockOn(w.ticket(into), sla.FirstResponse, ""); got.Verdict != sla.Met || !got.Stopped.Equal(at(10)) {
			t.Errorf("the survivor's first response: %+v, want met at %s", got, at(10))
		}
		w.pass(3 * time.Hour)
		for _, id := range []ticket.ID{into, other} {
			if n := countKind(w.kinds(id), ticket.ClockBreached) + countKind(w.kinds(id), ticket.ClockWithdrawn); n != 0 {
				t.Errorf("the journal of %s tells of %d breaches and withdrawals", id, n)
			}
		}
	}
}

func TestAnOwnPostToTwoThatFailsWhileTheirTicketsAreMergedFailedForBoth(t *testing.T) {
	t.Parallel()
	for _, arrives := range []bool{false, true} {
		w, at := later(t)
		asked := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)), said("2", "noa", "p", "p", "Mine too", at(2)))
		w.ingest(posted("3", "", "1", "On the van. @noa yours too", at(10), "noa"))
		into, other := asked[0].Ticket, asked[1].Ticket
		w.must(w.desk.Merge(t.Context(), into, ana, other))
		w.ingest(receipt("r1", channel.ReceiptFailed, time.Time{}, "3"))
		want := sla.Running
		if arrives {
			want = sla.Met
			w.ingest(receipt("r2", channel.ReceiptDelivered, time.Time{}, "3"))
		}
		for _, line := range []string{"", string(other)} {
			if got := clockOn(w.ticket(into), sla.FirstResponse, line); got.Verdict != want {
				t.Errorf("arrives %t, merged, line %q: %+v, want %s", arrives, line, got, want)
			}
		}
		w.must(w.desk.Unmerge(t.Context(), into, ana, other))
		for _, id := range asked {
			if got := clockOn(w.ticket(id.Ticket), sla.FirstResponse, ""); got.Verdict != want {
				t.Errorf("arrives %t, taken apart: %+v, want %s", arrives, got, want)
			}
		}
	}
}

func TestAnAnswerThatFailedAndArrivedBeforeItsQuestionWasKnownCounts(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	failed, arrived := receipt("r1", channel.ReceiptFailed, time.Time{}, "2"), receipt("r2", channel.ReceiptDelivered, time.Time{}, "2")
	w.ingest(posted("2", "p", "1", "On the van.", at(10)), failed)
	w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)))
	if got := clockOn(w.only(), sla.FirstResponse, ""); got.Verdict != sla.Running {
		t.Errorf("while it failed: %+v, want running", got)
	}
	w.ingest(arrived)
	if got := clockOn(w.only(), sla.FirstResponse, ""); got.Verdict != sla.Met || !got.Stopped.Equal(at(10)) {
		t.Errorf("once it arrived after all: %+v, want met at %s", got, at(10))
	}
}

func TestClocksThatBeganAndEndedBeforeTheQuestionWasKnownAreJournalledOnceEach(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.now = at(0)
	s := company()
	s.SLA[0].Targets = append(s.SLA[0].Targets, sla.Target{Metric: sla.PeriodicUpdate, Within: sla.Duration(10 * time.Minute)})
	w.apply(s)
	w.now = at(12)
	w.ingest(posted("2", "p", "1", "We look.", at(3)), posted("3", "p", "1", "We still look.", at(5)), posted("4", "p", "1", "On the van.", at(6)))
	id := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)))[0].Ticket
	var met []string
	for _, e := range w.journal(ticket.JournalQuery{Ticket: id}) {
		if e.Kind == ticket.ClockMet {
			met = append(met, e.Stand.Metric.String()+e.Stand.Stopped.Format(" 15:04"))
		}
	}
	want := []string{"acknowledgement 09:03", "first_response 09:03", "periodic_update 09:05", "periodic_update 09:06"}
	if diff := cmp.Diff(want, met); diff != "" {
		t.Errorf("met, by the journal (-want +got):\n%s", diff)
	}
}
