package socialcrm_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

func (w *world) crmCalls() (n int) {
	for _, m := range []crmtest.Method{crmtest.MethodPush, crmtest.MethodLookup, crmtest.MethodChanges, crmtest.MethodRedact, crmtest.MethodPushLead} {
		n += w.crm.Calls(m)
	}
	return n
}

func TestOutageOfACRMCostsFewCallsOfAnyKind(t *testing.T) {
	t.Parallel()
	w, _ := asked(t, channeltest.Options{})
	before := w.crmCalls()
	w.crm.SetDown(true)
	for i := range 20 {
		w.platform.Customer(fmt.Sprint("customer ", i)).Post(w.page, "Hello?")
		w.pass(3 * time.Minute)
	}
	during := w.crmCalls() - before
	w.crm.SetDown(false)
	w.pass(20 * time.Minute)
	if n := len(w.crm.Cases()); n != 21 {
		t.Errorf("twenty minutes after the outage the CRM holds %d cases, want 21", n)
	}
	if during > 12 {
		t.Errorf("%d calls in the hour the CRM was down, with 20 dirty subjects", during)
	}
	if paused, resumed := len(w.told(ticket.ScopePaused)), len(w.told(ticket.ScopeResumed)); paused != 1 || resumed != 1 {
		t.Errorf("the journal tells of %d outages and %d ends, want 1 and 1", paused, resumed)
	}
	t.Logf("%d calls during the outage, %d pushes for 21 tickets in all", during, w.crm.Calls(crmtest.MethodPush))
}

func TestCRMThatHangsIsLeftAloneAndOneBadSubjectHoldsUpNone(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	// One lost answer is that subject's affair: the others are pushed at once.
	w.crm.Queue(crmtest.Lose())
	if _, err := w.desk.Note(t.Context(), tk.ID, ana, "call her"); err != nil {
		t.Fatal(err)
	}
	w.platform.Customer("noa").Post(w.page, "Hello?")
	w.pass(time.Minute)
	if n := len(w.crm.Cases()); n != 2 {
		t.Errorf("the CRM holds %d cases, want 2", n)
	}
	w.pass(time.Hour)
	// Several subjects in a row: the CRM hangs.
	before := w.crm.Calls(crmtest.MethodPush)
	for range 1000 {
		w.crm.Queue(crmtest.Fail(remote.Unknown))
	}
	for i := range 20 {
		w.platform.Customer(fmt.Sprint("customer ", i)).Post(w.page, "Hello?")
		w.pass(3 * time.Minute)
	}
	if n := w.crm.Calls(crmtest.MethodPush) - before; n > 20 {
		t.Errorf("%d pushes in an hour in which the CRM hung", n)
	}
}

func TestThrottlingCRMIsAskedAgainWhenItSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crm.Queue(crmtest.Throttle(40*time.Minute, remote.Scope{Level: remote.LevelApp}))
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(39 * time.Minute)
	if n := w.crm.Calls(crmtest.MethodPush); n != 1 {
		t.Errorf("%d pushes while throttled, want 1", n)
	}
	w.pass(2 * time.Minute)
	if n := len(w.crm.Cases()); n != 1 {
		t.Errorf("the CRM holds %d cases, want 1", n)
	}
}

func TestCallsThatFailSideBySideAreOneRoundOfAnOutage(t *testing.T) {
	t.Parallel()
	w, b := busyWorld(t)
	const calls = 4
	var ids []ticket.ID
	for i := range calls {
		ids = append(ids, w.asked(fmt.Sprint("customer ", i), "Hello?"))
	}
	for _, id := range ids {
		w.must(w.desk.Note(t.Context(), id, ana, "call back"))
	}
	under := 0
	b.happens = func() { // another call begins while this one is under way
		if under++; under < calls {
			_, err := w.desk.Tick(t.Context())
			w.ok(err)
		}
	}
	w.crm.SetDown(true)
	w.pass(time.Second)
	w.crm.SetDown(false)
	b.happens = nil
	if under < calls {
		t.Fatalf("%d calls, want %d side by side", under, calls)
	}
	if n := len(w.told(ticket.ScopePaused)); n != 0 {
		t.Errorf("the journal tells of %d outages after one round", n)
	}
	w.pass(15 * time.Second)
	for _, id := range ids {
		if n := len(w.crm.Interactions(string(id))); n != 2 {
			t.Errorf("a quarter of a minute later the CRM holds %d interactions of a ticket, want the question and the note", n)
		}
	}
}
