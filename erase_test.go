package socialcrm_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// holds reports whether a text is anywhere in the Store (tickets, messages, values, tasks, journal, search) or in the CRM.
func (w *world) holds(text string) (where []string) {
	w.t.Helper()
	look := func(place string, v any) {
		data, err := json.Marshal(v)
		w.ok(err)
		if strings.Contains(string(data), text) {
			where = append(where, place)
		}
	}
	for _, tk := range w.tickets() {
		look("ticket", tk)
		list, err := w.desk.Messages(w.t.Context(), ticket.MessageQuery{Ticket: tk.ID})
		w.ok(err)
		look("messages", list.Items)
		look("interactions", w.crm.Interactions(string(tk.ID)))
	}
	look("cases", w.crm.Cases())
	look("journal", w.journal(ticket.JournalQuery{}))
	w.ok(w.store.View(context.Background(), "", func(r ticket.Reader) error {
		for _, space := range []string{"early", "quarantine", "by"} {
			values, err := r.ListValues(space, ticket.Page{})
			if err != nil {
				return err
			}
			for _, v := range values.Items {
				if strings.Contains(string(v.Data), text) {
					where = append(where, space)
				}
			}
		}
		for _, dead := range []bool{false, true} {
			tasks, err := r.ListTasks(ticket.TaskQuery{Dead: dead})
			if err != nil {
				return err
			}
			look("tasks", tasks.Items)
		}
		return nil
	}))
	found, err := w.store.(ticket.Searcher).Search(w.t.Context(), "", text, ticket.Page{})
	w.ok(err)
	if len(found.Items) > 0 {
		where = append(where, "search")
	}
	return where
}

func TestDeletionThatMustBeHonouredRemovesTheTextEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mia := w.platform.Customer("mia")
	m := mia.Post(w.page, "My number is xyzzy")
	w.pass(time.Minute)
	mia.Edit(m, "My number is xyzzy, call me")
	w.pass(time.Minute)
	if where := w.holds("xyzzy"); len(where) == 0 {
		t.Fatal("the text never was anywhere")
	}
	mia.DeleteForGood(m)
	w.pass(time.Minute)
	if where := w.holds("xyzzy"); len(where) > 0 {
		t.Errorf("the text is still in %q", where)
	}
	in := w.crm.Interactions(string(w.only().ID))
	if len(in) != 1 || !in[0].Redacted || in[0].Deleted.IsZero() {
		t.Errorf("interactions: %+v", in)
	}
	if n := len(w.told(ticket.CaseRedacted)); n != 1 {
		t.Errorf("%d entries say that it was done, want 1", n)
	}
	w.pass(48 * time.Hour)
	if late := w.told(ticket.CaseUnredacted); len(late) > 0 {
		t.Errorf("the journal tells %+v", late)
	}
}

func TestEditThatComesEarlyLeavesNothingBehindADeletion(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	edited := said("1", "mia", "p", "p", "xyzzy", at(2))
	edited.Kind, edited.Message.Revision = channel.MessageEdited, "2"
	gone := channel.Event{Kind: channel.MessageDeleted, Account: shop, Honour: true, Time: at(3), Message: channel.Message{ID: "1"}}
	w.ingest(edited, gone)
	if where := w.holds("xyzzy"); len(where) > 0 {
		t.Errorf("the text is in %q", where)
	}
	w.ingest(said("1", "mia", "p", "p", "xyzzy first", at(1)))
	if where := w.holds("xyzzy"); len(where) > 0 {
		t.Errorf("after its message came the text is in %q", where)
	}
}

func TestATextIsRemovedFromTheCRMBehindAPushThatIsUnderWay(t *testing.T) {
	t.Parallel()
	w, b := busyWorld(t)
	id := w.asked("mia", "Hello?")
	m := w.newest(id).Content.ID
	said := func(kind channel.EventKind, text string) channel.Event {
		return channel.Event{Kind: kind, Account: shop, Time: w.now, Honour: text == "", Message: channel.Message{ID: m, Text: text}}
	}
	happened := false
	b.happens = func() { // the push with the text is on its way
		b.happens, happened = nil, true
		w.ingest(said(channel.MessageDeleted, ""))
		_, err := w.desk.Tick(t.Context())
		w.ok(err)
		if told := w.told(ticket.CaseRedacted); len(told) > 0 {
			t.Errorf("while the text is on its way the journal tells %+v", told)
		}
	}
	w.ingest(said(channel.MessageEdited, "My number is xyzzy"))
	w.pass(time.Minute)
	in := w.crm.Interactions(string(id))
	if where := w.holds("xyzzy"); !happened || len(where) > 0 || len(in) != 1 || !in[0].Redacted || len(w.told(ticket.CaseRedacted)) != 1 {
		t.Errorf("in the end the text is in %q, interactions %+v", where, in)
	}
}

func TestDeletionThatACRMDoesNotHonourIsReported(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		sink func(w *world) error // makes the sink, beside the one that honours
		when time.Duration
		want string
	}{
		{"it cannot", func(w *world) error {
			return w.desk.AddSink(crmtest.Only(crmtest.New(crmtest.Options{Name: "second", Now: func() time.Time { return w.now }}), 0))
		}, time.Minute, "cannot remove"},
		{"it refuses", func(w *world) error {
			w.crm.QueueFor(crmtest.MethodRedact, crmtest.Fail(remote.Rejected))
			return nil
		}, time.Minute, "rejected"},
		{"it is down for too long", func(w *world) error {
			w.crm.SetDown(true)
			return nil
		}, 3 * time.Hour, "not done within 2h0m0s: crm: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := company()
			s.RedactWithin = sla.Duration(2 * time.Hour)
			w.ok(w.desk.Apply(t.Context(), ana, s))
			m := w.platform.Customer("mia").Post(w.page, "My number is xyzzy")
			w.pass(time.Minute)
			w.ok(tt.sink(w))
			w.platform.Customer("mia").DeleteForGood(m)
			w.pass(tt.when)
			told := w.told(ticket.CaseUnredacted)
			if len(told) != 1 || !strings.Contains(told[0].Reason, tt.want) || told[0].Ticket != w.only().ID {
				t.Fatalf("the journal tells %+v, want %q", told, tt.want)
			}
			if tt.want == "rejected" { // mended, it can be tried again
				dead, err := w.desk.Tasks(t.Context(), ticket.TaskQuery{Dead: true})
				w.ok(err)
				w.ok(w.desk.Requeue(t.Context(), ana, dead.Items[0].ID))
			}
			w.crm.SetDown(false)
			w.pass(time.Hour)
			if where := w.holds("xyzzy"); len(where) > 0 || len(w.told(ticket.CaseRedacted)) != 1 {
				t.Errorf("in the end the text is in %q", where)
			}
		})
	}
}

func TestLeadIsHandedOverOnce(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	w.crm.QueueFor(crmtest.MethodPushLead, crmtest.Lose(), crmtest.Fail(remote.Unavailable))
	by := ana
	by.Key = "lead"
	for range 2 {
		_, err := w.desk.HandLead(t.Context(), tk.ID, by, socialcrm.Lead{Title: "A second sofa", Description: "She moves in May."})
		w.ok(err)
	}
	w.pass(time.Hour)
	leads := w.crm.Leads()
	if len(leads) != 1 || leads[0].Title != "A second sofa" || leads[0].Case != string(tk.ID) || leads[0].Contact.Key != string(tk.Contact) || leads[0].Actor != ana.Actor {
		t.Errorf("leads: %+v", leads)
	}
	taken := w.told(ticket.LeadTaken)
	if len(taken) != 1 || taken[0].Ticket != tk.ID || taken[0].New != leads[0].Ref {
		t.Errorf("the journal tells %+v", taken)
	}
	if _, err := w.desk.HandLead(t.Context(), tk.ID, ana, socialcrm.Lead{}); err == nil {
		t.Error("a lead without a title was taken")
	}
	w.crm.QueueFor(crmtest.MethodPushLead, crmtest.Fail(remote.Rejected))
	_, err := w.desk.HandLead(t.Context(), tk.ID, ana, socialcrm.Lead{Title: "A lamp"})
	w.ok(err)
	w.pass(time.Minute)
	if failed := w.told(ticket.CaseFailed); len(failed) != 1 || failed[0].Ticket != tk.ID {
		t.Errorf("the journal tells of the refused lead %+v", failed)
	}
}

func TestALeadGoesToEverySinkThatTakesLeads(t *testing.T) {
	t.Parallel()
	w, tk := asked(t, channeltest.Options{})
	second := crmtest.New(crmtest.Options{Name: "second", Now: func() time.Time { return w.now }})
	w.ok(w.desk.AddSink(second))
	w.must(w.desk.HandLead(t.Context(), tk.ID, ana, socialcrm.Lead{Title: "A second sofa"}))
	w.pass(time.Minute)
	if a, b := w.crm.Leads(), second.Leads(); len(a) != 1 || len(b) != 1 {
		t.Errorf("the CRMs hold %d and %d leads, want one each", len(a), len(b))
	}
	if n := len(w.told(ticket.LeadTaken)); n != 2 {
		t.Errorf("told %d times that it is taken, want twice", n)
	}
}
