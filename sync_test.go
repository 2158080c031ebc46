package socialcrm_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
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

// busy is a CRM in which something happens while a push is under way.
type busy struct {
	*crmtest.Fake
	happens func()
}

func (b *busy) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	if b.happens != nil {
		b.happens()
	}
	return b.Fake.Push(ctx, c)
}

// busyWorld is a world with a CRM that is busy.
func busyWorld(t *testing.T) (*world, *busy) {
	w := newWorld(t)
	b := &busy{Fake: w.crm}
	desk, err := socialcrm.New(socialcrm.Config{Store: w.store, Channels: []channel.Channel{w.page}, Sinks: []crm.Sink{b}, Now: func() time.Time { return w.now }})
	w.ok(err)
	w.desk = desk
	return w, b
}

func TestPushThatFailedHalfWayIsDoneAgainAsAWhole(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crm.Queue(crmtest.Cut(2)) // the contact and the case are there
	id := w.asked("mia", "Hello?")
	w.pass(10 * time.Minute)
	if n := len(w.crm.Interactions(string(id))); n != 1 {
		t.Errorf("the CRM holds %d interactions, want the question", n)
	}
}
