package socialcrm_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestASinkThatIsGoneIsNotAwaitedForEver(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.must(w.desk.Note(t.Context(), id, ana, "for the CRM"))
	desk, err := socialcrm.New(socialcrm.Config{Store: w.store, Channels: []channel.Channel{w.page}, Now: func() time.Time { return w.now }})
	w.ok(err)
	w.desk = desk
	w.pass(29 * 24 * time.Hour)
	if told := w.told(ticket.JournalGap); len(told) != 0 {
		t.Fatalf("within 30 days the journal tells %+v", told)
	}
	w.pass(2 * 24 * time.Hour)
	if told := w.told(ticket.JournalGap); len(told) != 1 || told[0].Ticket != id || told[0].Actor.ID != "crm" {
		t.Errorf("the journal tells %+v, want one gap of the ticket", told)
	}
	dead, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{Dead: true})
	w.ok(err)
	for _, task := range dead.Items {
		if task.Kind == "sync" {
			return
		}
	}
	t.Errorf("dead letters: %+v, want the push", dead.Items)
}
