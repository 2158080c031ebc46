package socialcrm_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestDeadLetterIsListedAndTriedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.crm.Queue(crmtest.Fail(remote.Rejected))
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(time.Hour)
	dead, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{Dead: true})
	w.ok(err)
	if len(dead.Items) != 1 || len(w.crm.Cases()) != 0 {
		t.Fatalf("dead letters %+v, cases %d; want one and none", dead.Items, len(w.crm.Cases()))
	}
	id, by := dead.Items[0].ID, ana
	by.Key = "again"
	for range 2 { // the same key: once
		w.ok(w.desk.Requeue(t.Context(), by, id))
	}
	w.pass(time.Minute)
	if len(w.crm.Cases()) != 1 {
		t.Error("the case is not in the CRM")
	}
	if told := w.told(ticket.TaskRequeued); len(told) != 1 || told[0].Actor != ana.Actor || told[0].New != id {
		t.Errorf("the journal tells %+v", told)
	}
	if err := w.desk.Requeue(t.Context(), ana, id); !errors.Is(err, socialcrm.ErrNotFound) {
		t.Errorf("a task that is done: %v, want ErrNotFound", err)
	}
	if err := w.desk.Requeue(t.Context(), ana, "subscribe/fakebook/shop"); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("a task that is alive: %v, want ErrInvalid", err)
	}
}

func TestAgentDecidesAboutAPostInDoubt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		fault   channeltest.Fault
		wentOut bool
	}{{"it went out", channeltest.LoseAnswer, true}, {"it did not", channeltest.LoseRequest, false}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, tk := asked(t, channeltest.Options{CannotFind: true})
			w.platform.Fail(channeltest.OnSend, tt.fault)
			r, err := w.desk.Reply(t.Context(), tk.ID, ana, socialcrm.Reply{Text: "In Lyon.", Then: ticket.Solved})
			w.ok(err)
			tried := w.now
			w.pass(time.Hour)
			if diff := cmp.Diff([]ticket.PostState{ticket.PostUnknown}, w.states(tk.ID)); diff != "" {
				t.Fatalf("posts (-want +got):\n%s", diff)
			}
			by := ana
			by.Key, by.IfVersion = "decided", w.only().Version
			noa := w.asked("noa", "Hello?")
			_, err = w.desk.Decide(t.Context(), noa, ana, r.Messages[0], tt.wentOut)
			w.refused(socialcrm.ErrNotFound, socialcrm.Receipt{}, err)
			w.must(w.desk.Close(t.Context(), noa, ana))
			receipt, err := w.desk.Decide(t.Context(), tk.ID, by, r.Messages[0], tt.wentOut)
			w.ok(err)
			if got := w.ticket(tk.ID).Version; receipt.Version != got {
				t.Errorf("the receipt names version %d, the ticket is at %d", receipt.Version, got)
			}
			again, err := w.desk.Decide(t.Context(), tk.ID, by, r.Messages[0], tt.wentOut)
			w.ok(err)
			if diff := cmp.Diff(receipt, again); diff != "" {
				t.Errorf("the second receipt differs:\n%s", diff)
			}
			w.pass(time.Minute)
			if diff := cmp.Diff([]string{"In Lyon."}, w.platform.Replies()); diff != "" {
				t.Errorf("on the platform (-want +got):\n%s", diff)
			}
			got := w.ticket(tk.ID)
			if diff := cmp.Diff([]ticket.PostState{ticket.PostSent}, w.states(tk.ID)); diff != "" || got.Status != ticket.Solved || got.Answered.IsZero() {
				t.Errorf("the ticket is %s, answered %s; posts (-want +got):\n%s", got.Status, got.Answered, diff)
			}
			if tt.wentOut && !got.Answered.Equal(tried) {
				t.Errorf("answered %s, want when it was tried, %s", got.Answered, tried)
			}
			if n := countKind(w.kinds(tk.ID), ticket.ReplyRetried); (n == 1) == tt.wentOut {
				t.Errorf("the journal tells %d times that it is sent again", n)
			}
			if _, err := w.desk.Decide(t.Context(), tk.ID, ana, r.Messages[0], true); !errors.Is(err, socialcrm.ErrInvalid) {
				t.Errorf("decided once more: %v, want ErrInvalid", err)
			}
			dead, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{Dead: true})
			w.ok(err)
			if slices.ContainsFunc(dead.Items, func(task ticket.Task) bool { return task.Kind == "send" }) {
				t.Errorf("dead letters are left: %+v", dead.Items)
			}
		})
	}
}
