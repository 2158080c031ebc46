package socialcrm_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestWhatIsToldOfAnErasedPersonLateIsNotKept(t *testing.T) {
	t.Parallel()
	edited := func(at time.Time) channel.Event {
		e := said("9", "mia", "p9", "", "xyzzy", at)
		e.Kind, e.Message.Revision = channel.MessageEdited, "7"
		return e
	}
	unnamed := func(at time.Time) channel.Event { return said("9", "", "p9", "", "xyzzy", at) }
	for name, told := range map[string]func(at time.Time) (before, after []channel.Event){
		"who wrote a message without an author": func(at time.Time) ([]channel.Event, []channel.Event) {
			copied := unnamed(at)
			copied.Message.Author = channel.Author{ID: "mia", Name: "Mia xyzzy"}
			return []channel.Event{unnamed(at)}, []channel.Event{copied}
		},
		"an edit that says who wrote a message without an author": func(at time.Time) ([]channel.Event, []channel.Event) {
			return []channel.Event{unnamed(at)}, []channel.Event{edited(at)}
		},
		"an edit of a message not seen yet": func(at time.Time) ([]channel.Event, []channel.Event) {
			return nil, []channel.Event{edited(at)}
		},
		"an edit that waited for its message": func(at time.Time) ([]channel.Event, []channel.Event) {
			return []channel.Event{edited(at)}, nil
		},
		"a public answer in the platform's app": func(at time.Time) ([]channel.Event, []channel.Event) {
			return nil, []channel.Event{posted("2", "p", "1", "Hi xyzzy", at)}
		},
		"a private answer in the platform's app": func(at time.Time) ([]channel.Event, []channel.Event) {
			asked, answer := said("8", "mia", "talk", "", "Psst", at), posted("2", "talk", "", "Hi xyzzy", at)
			asked.Message.Visibility, answer.Message.Visibility = channel.Private, channel.Private
			return []channel.Event{asked}, []channel.Event{answer}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.pass(2 * time.Hour)
			w.ingest(said("1", "mia", "p", "", "Hello?", w.now))
			mia := w.only().Contact
			w.pass(time.Minute)
			before, after := told(w.now)
			if len(before) > 0 {
				w.ingest(before...)
			}
			w.pass(time.Minute)
			w.ok(w.desk.EraseContact(t.Context(), ana, mia))
			w.pass(time.Minute)
			for _, e := range after {
				if r := w.ingest(e); r[0].Outcome != socialcrm.Dropped {
					t.Errorf("it was %s, want dropped", r[0].Outcome)
				}
			}
			w.pass(time.Hour)
			where := w.traces("xyzzy", nil, nil, nil)
			w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
				waiting, err := r.ListValues("early", ticket.Page{})
				if err != nil {
					return err
				}
				if data, err := json.Marshal(waiting); err != nil || strings.Contains(string(data), "xyzzy") || len(waiting.Items) > 0 {
					where = append(where, "early")
				}
				return nil
			}))
			for _, tk := range w.tickets() {
				if !tk.Status.Done() || strings.Contains(tk.Subject, "xyzzy") {
					t.Errorf("a ticket is left: %+v", tk)
				}
			}
			data, err := json.Marshal(w.crm.Cases())
			w.ok(err)
			if strings.Contains(string(data), "xyzzy") {
				where = append(where, "the CRM's cases")
			}
			if len(where) > 0 {
				t.Errorf("there is still something in %q", where)
			}
		})
	}
}

func TestADeletionThatWaitsOutlivesTheErasureOfItsAuthor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(2 * time.Hour)
	w.ingest(said("1", "mia", "p", "", "Hello?", w.now))
	gone := said("9", "mia", "p9", "", "xyzzy", w.now)
	gone.Kind = channel.MessageDeleted
	w.ingest(gone)
	w.ok(w.desk.EraseContact(t.Context(), ana, w.only().Contact))
	w.ingest(said("9", "noa", "p9", "", "Something", w.now))
	w.pass(time.Minute)
	if len(w.tickets()) != 1 {
		t.Error("a message that was deleted before it came began a ticket")
	}
	if where := w.holds("xyzzy"); len(where) > 0 {
		t.Errorf("the text is in %q", where)
	}
}

func TestAMessageWithoutATimeIsAsOldAsItsCopySays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(2 * time.Hour)
	w.ingest(said("1", "mia", "p", "", "Hello?", w.now))
	mia, before := w.only().Contact, w.now
	w.pass(time.Minute)
	w.ok(w.desk.EraseContact(t.Context(), ana, mia))
	w.pass(time.Minute)
	w.ingest(said("9", "", "p9", "", "xyzzy", time.Time{}))
	w.ingest(said("9", "mia", "p9", "", "xyzzy", before))
	w.pass(time.Minute)
	if where := w.traces("xyzzy", nil, nil, nil); len(where) > 0 {
		t.Errorf("what she wrote before she was erased is in %q", where)
	}
}

func TestALateAuthorWhoIsErasedLeavesATicketOfSomebodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(2 * time.Hour)
	w.ingest(said("1", "mia", "p", "", "Hello?", w.now))
	mia := w.only().Contact
	noa := w.grouped("group", "noa")
	told := said("9", "", "group", "", "xyzzy", w.now)
	told.Message.Visibility = channel.Private
	w.ingest(told)
	w.pass(time.Minute)
	w.ok(w.desk.EraseContact(t.Context(), ana, mia))
	told.Message.Author.ID = "mia"
	w.ingest(told)
	w.pass(time.Minute)
	if where := w.traces("xyzzy", nil, nil, nil); len(where) > 0 {
		t.Errorf("what she wrote is in %q", where)
	}
	if got := w.ticket(noa); got.Status.Done() || got.Subject == "" || !got.Erased.IsZero() {
		t.Errorf("noa's ticket: %+v", got)
	}
}

func TestWhatIsAnsweredToWhoeverWritesAfterAnErasureIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.pass(2 * time.Hour)
	talk := func(e channel.Event) channel.Event {
		e.Message.Visibility = channel.Private
		return e
	}
	w.ingest(talk(said("1", "mia", "talk", "", "Hello?", w.now)))
	w.pass(time.Minute)
	w.ok(w.desk.EraseContact(t.Context(), ana, w.only().Contact))
	w.pass(time.Minute)
	id := w.ingest(talk(said("2", "mia", "talk", "", "Hello again?", w.now)))[0].Ticket
	w.pass(time.Minute)
	w.ingest(talk(posted("3", "talk", "", "Hi Mia", w.now)))
	w.pass(time.Minute)
	if c := w.clock(id, sla.FirstResponse); c.Verdict != sla.Met || w.ticket(id).Answered.IsZero() {
		t.Errorf("first response is %q, want met", c.Verdict)
	}
}

func TestAnEditThatCameBeforeTheMessageOfAnErasedPersonGoesWithIt(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	w.ingest(said("1", "mia", "p", "p", "Hello?", at(1)))
	w.ok(w.desk.EraseContact(t.Context(), ana, w.contactOf("mia")))
	edited := said("2", "", "q", "q", "xyzzy", at(2)) // the platform does not say whose it is
	edited.Kind, edited.Time, edited.Message.Revision = channel.MessageEdited, at(3), "2"
	w.ingest(edited)
	if len(w.early()) != 1 {
		t.Fatal("the edit does not wait for its message")
	}
	if r := w.ingest(said("2", "mia", "q", "q", "xyz", at(2)))[0]; r.Outcome != socialcrm.Dropped {
		t.Errorf("what an erased person wrote is %s", r.Outcome)
	}
	if waiting := w.early(); len(waiting) != 0 {
		t.Errorf("%d messages are still waited for", len(waiting))
	}
}
