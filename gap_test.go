package socialcrm_test

import (
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
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
	w.days(29)
	if told := w.told(ticket.JournalGap); len(told) != 0 {
		t.Fatalf("within 30 days the journal tells %+v", told)
	}
	w.days(2)
	if told := w.told(ticket.JournalGap); len(told) != 1 || told[0].New != "sync/crm/ticket/"+string(id) || told[0].Actor.ID != "crm" {
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

func TestTheGapOfASinkThatIsGoneOutlivesTheTicket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.asked("mia", "Hello?")
	w.must(w.desk.CloseWithoutReply(t.Context(), id, ana, "answered by phone"))
	desk, err := socialcrm.New(socialcrm.Config{Store: w.store, Channels: []channel.Channel{w.page}, Now: func() time.Time { return w.now }})
	w.ok(err)
	w.desk = desk
	w.days(31)
	_, err = w.store.(ticket.Pruner).Prune(t.Context(), "", w.now.Add(-25*24*time.Hour))
	w.ok(err)
	if told := w.told(ticket.JournalGap); w.ticket(id).Pruned == "" || len(told) != 1 {
		t.Errorf("ticket %s is let go of up to %q, and the journal tells %+v, want the gap still", id, w.ticket(id).Pruned, told)
	}
}

func TestACRMThatWasTooSlowForRetentionHasTheCaseAsItStandsAndTheJournalSaysSo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crm.Queue(crmtest.Fail(remote.Rejected), crmtest.Fail(remote.Rejected))
	id := w.closed("mia", "Hello?")
	w.asked("ben", "Is it open?")
	w.prune()
	if len(w.crm.Interactions(string(id))) != 0 || w.ticket(id).Pruned == "" {
		t.Fatal("the CRM was not too slow")
	}
	dead, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{Dead: true})
	w.ok(err)
	w.ok(w.desk.Requeue(t.Context(), ana, dead.Items[0].ID))
	w.pass(time.Minute)
	i := slices.IndexFunc(w.crm.Cases(), func(c crmtest.Case) bool { return c.Key == string(id) })
	if i < 0 || w.crm.Cases()[i].Status != ticket.Closed {
		t.Errorf("the CRM holds %+v, want the case as it stands", w.crm.Cases())
	}
	told := w.told(ticket.JournalGap)
	if len(told) != 1 || told[0].New != "sync/crm/ticket/"+string(id) || told[0].Actor.ID != "crm" || told[0].Ticket != "" {
		t.Errorf("the journal tells %+v, want one gap", told)
	}
	for _, status := range []ticket.Status{ticket.Open, ticket.Solved} { // it is pushed again, is let go of again, and again
		pushes, since := len(w.crm.Pushes()), w.now
		w.ok(w.crm.SetStatus("zoe", string(id), status))
		w.pass(time.Hour)
		if len(w.crm.Pushes()) == pushes || w.crm.Cases()[i].Status != ticket.Closed {
			t.Fatalf("the case is %s after %d pushes, want that it was pushed once more", w.crm.Cases()[i].Status, len(w.crm.Pushes()))
		}
		for _, gap := range w.told(ticket.JournalGap) {
			if gap.Happened.After(since) {
				t.Errorf("%s: a CRM that heard of all that was let go of is told of the gap %+v", status, gap)
			}
		}
		w.asked("eve "+string(status), "Hello?")
		w.prune()
	}
}
