package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// waiting are the subjects of what waits in care, in order of promise.
func (w *world) waiting() (subjects []string) {
	w.t.Helper()
	list, err := w.desk.Waiting(w.t.Context(), "care", ticket.Page{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, tk := range list.Items {
		subjects = append(subjects, tk.Subject)
	}
	return subjects
}

func TestWhatIsOverdueLongestIsServedFirst(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.SLA = []sla.Policy{{Name: "promise", Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(30 * time.Minute)}, {Metric: sla.Resolution, Within: sla.Duration(8 * time.Hour)}}}}
		s.Agents[0].Capacity = 1
	})
	w.presence("ana", ticket.Offline)
	inOrder := []string{"the first", "the second", "the third"}
	for _, text := range inOrder {
		w.asked(text, text)
		w.pass(20 * time.Minute)
	}
	if diff := cmp.Diff(inOrder, w.waiting()); diff != "" {
		t.Errorf("once two promises are broken (-want +got):\n%s", diff)
	}
	w.pass(time.Hour)
	w.asked("the fourth", "the fourth")
	if diff := cmp.Diff(append(inOrder, "the fourth"), w.waiting()); diff != "" {
		t.Errorf("once all are broken, and one more came (-want +got):\n%s", diff)
	}
	w.presence("ana", ticket.Available)
	w.wantHands("ana care? care? care?", "once somebody is there")
}

func TestABrokenPromiseThatWasAnsweredIsOwedNoMore(t *testing.T) {
	t.Parallel()
	w := companyOf(t, func(s *socialcrm.Setup) {
		s.SLA = []sla.Policy{{Name: "promise", Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(30 * time.Minute)}, {Metric: sla.Resolution, Within: sla.Duration(8 * time.Hour)}}}}
	})
	w.presence("ana", ticket.Offline)
	answered := w.asked("the first", "the first")
	w.pass(40 * time.Minute)
	w.asked("the second", "the second")
	w.must(w.desk.Reply(t.Context(), answered, ana, socialcrm.Reply{Text: "We are looking into it."}))
	w.pass(time.Minute)
	if diff := cmp.Diff([]string{"the second", "the first"}, w.waiting()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
