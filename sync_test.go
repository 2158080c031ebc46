package socialcrm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel/channeltest"
)

func TestWhatTheCRMDidNotTakeIsPushedAgain(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.crm.SetDown(true)
	w.answer(tk.ID, "one", "two")
	w.pass(time.Hour)
	w.crm.SetDown(false)
	w.pass(2 * time.Hour)
	var texts []string
	for _, in := range w.crm.Interactions(string(tk.ID)) {
		texts = append(texts, in.Text)
	}
	if diff := cmp.Diff([]string{"Where is my parcel?", "one", "two"}, texts); diff != "" {
		t.Errorf("interactions (-want +got):\n%s", diff)
	}
}

func TestLongStoryReachesTheCRMWhole(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	const notes = 450
	for i := range notes {
		w.must(w.desk.Note(t.Context(), tk.ID, ana, fmt.Sprint("note ", i)))
	}
	w.pass(time.Second)
	if n := len(w.crm.Interactions(string(tk.ID))); n != notes+1 {
		t.Errorf("the CRM holds %d interactions, want the question and %d notes", n, notes)
	}
}
