package socialcrm_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// messages lists the messages that are stored under these IDs of the platform.
func (w *world) messages(ids ...string) (found []ticket.Message) {
	w.t.Helper()
	refs := make([]ticket.MessageRef, len(ids))
	for i, id := range ids {
		refs[i] = ticket.MessageRef{Account: shop, ID: id}
	}
	w.ok(w.store.View(w.t.Context(), "", func(r ticket.Reader) (err error) {
		found, err = r.MessagesByRef(refs...)
		return err
	}))
	return found
}

func TestTextDoesNotComeBackAfterADeletionThatMustBeHonoured(t *testing.T) {
	t.Parallel()
	const secret = "4111"
	type events = []channel.Event
	for _, test := range []struct {
		name  string
		order func(wrote, edited, gone channel.Event) events
	}{
		{"edit late", func(wrote, edited, gone channel.Event) events { return events{wrote, gone, edited} }},
		{"edit and copy late", func(wrote, edited, gone channel.Event) events { return events{wrote, gone, edited, wrote} }},
		{"edit early", func(wrote, edited, gone channel.Event) events { return events{edited, gone, wrote} }},
		{"deletion before edit, both early", func(wrote, edited, gone channel.Event) events { return events{gone, edited, wrote} }},
		{"deletion early, edit late", func(wrote, edited, gone channel.Event) events { return events{gone, wrote, edited} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, revision := range []string{"", "2"} {
				w, at := later(t)
				edited, gone := said("1", "mia", "p", "p", "My card is "+secret, at(1)), said("1", "mia", "p", "p", "", at(1))
				edited.Kind, edited.Message.Revision, edited.Time = channel.MessageEdited, revision, at(3)
				gone.Kind, gone.Time, gone.Honour = channel.MessageDeleted, at(5), true
				deleted := false
				for _, e := range test.order(said("1", "mia", "p", "p", "Mine is "+secret, at(1)), edited, gone) {
					w.ingest(e)
					deleted = deleted || e.Kind == channel.MessageDeleted
					if early := fmt.Sprintf("%s", w.early()); deleted && strings.Contains(early, secret) {
						t.Errorf("revision %q: it waits for its message: %s", revision, early)
					}
				}
				entries, err := w.desk.Journal(t.Context(), ticket.JournalQuery{})
				w.ok(err)
				w.pass(1)
				if all := fmt.Sprintf("%+v %s %+v %+v", w.messages("1"), w.early(), entries, w.crm.Cases()); strings.Contains(all, secret) {
					t.Errorf("revision %q: it is still there: %s", revision, all)
				}
			}
		})
	}
}

func TestEditsWithoutARevisionAreTakenInOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		minute int // of the first edit; the second is of minute 5
		order  []int
	}{
		{"in order, again and again", 3, []int{0, 1, 0, 1, 0, 1}},
		{"the later first", 3, []int{1, 0, 1, 0}},
		{"each twice", 3, []int{1, 1, 0, 0, 1}},
		{"in one instant", 5, []int{0, 1, 0, 1, 0, 1}},
	} {
		w, at := later(t)
		edit := func(minute int, text string) channel.Event {
			e := said("1", "mia", "p", "p", text, at(1))
			e.Kind, e.Time = channel.MessageEdited, at(minute)
			return e
		}
		edits := []channel.Event{edit(test.minute, "second"), edit(5, "third")}
		w.ingest(said("1", "mia", "p", "p", "first", at(1)))
		for _, i := range test.order {
			w.ingest(edits[i])
		}
		m := w.messages("1")[0]
		var before []string
		for _, v := range m.Versions {
			before = append(before, v.Text)
		}
		slices.Sort(before)
		if diff := cmp.Diff([]string{"first", "second"}, before); diff != "" || m.Content.Text != "third" {
			t.Errorf("%s: in force %q, want third; before it (-want +got):\n%s", test.name, m.Content.Text, diff)
		}
		edited := 0
		for _, kind := range w.kinds(m.Ticket) {
			if kind == ticket.MessageEdited {
				edited++
			}
		}
		if edited != 2 {
			t.Errorf("%s: %d edits in the journal, want 2", test.name, edited)
		}
	}
}

func TestDeletionThatMustBeHonouredCountsAfterOneThatNeedNot(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	gone := said("1", "mia", "p", "p", "", at(1))
	gone.Kind, gone.Time = channel.MessageDeleted, at(5)
	w.ingest(said("1", "mia", "p", "p", "My card is 4111", at(1)), gone)
	gone.Honour = true
	w.ingest(gone)
	if m := w.messages("1")[0]; m.Content.Text != "" || !m.Deleted.Equal(at(5)) {
		t.Errorf("%q is still there, deleted at %s", m.Content.Text, m.Deleted)
	}
}

func TestDeletionOfAnOwnPostThatMustBeHonouredLeavesNoText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.must(w.desk.Reply(t.Context(), w.asked("mia", "Where is it?"), ana, socialcrm.Reply{Text: "At 4 Mill Lane."}))
	w.pass(time.Minute)
	posts := w.platform.Posts()
	gone := channel.Event{Kind: channel.MessageDeleted, Account: shop, Time: w.now, Honour: true, Message: channel.Message{ID: posts[len(posts)-1].ID}}
	w.ingest(gone)
	if m := w.messages(gone.Message.ID)[0]; m.Content.Text != "" || m.Post.Out.Text != "" {
		t.Errorf("%q and %q are still there", m.Content.Text, m.Post.Out.Text)
	}
}

func TestWhatWaitedIsGoneOnceItsMessageCame(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	edited := said("1", "mia", "p", "p", "Where is parcel 7?", at(1))
	edited.Kind, edited.Message.Revision, edited.Time = channel.MessageEdited, "2", at(3)
	w.ingest(edited, said("1", "mia", "p", "p", "Where is it?", at(1)))
	if waiting := w.early(); len(waiting) != 0 || w.messages("1")[0].Content.Text != "Where is parcel 7?" {
		t.Errorf("%s still waits", waiting)
	}
}

func TestWhatWaitsForAMessageThatNeverComesIsForgotten(t *testing.T) {
	t.Parallel()
	w := newLonely(t)
	e := said("1", "mia", "p", "p", "Hello?", w.now)
	e.Kind, e.Message.Revision = channel.MessageEdited, "2"
	w.ingest(e)
	if n := len(w.early()); n != 1 {
		t.Fatalf("%d things wait, want 1", n)
	}
	w.days(29)
	if n := len(w.early()); n != 1 {
		t.Errorf("%d things wait after 29 days, want 1", n)
	}
	w.days(2)
	if n := len(w.early()); n != 0 {
		t.Errorf("%d things wait after 31 days, want none", n)
	}
}

func TestNobodyReactsToWhatIsGone(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	liked := channel.Event{Kind: channel.ReactionChanged, Account: shop, Time: at(5), Message: channel.Message{ID: "1"}, Reaction: channel.Reaction{Name: "like", Author: channel.Author{ID: "noa"}}}
	w.ingest(said("1", "mia", "p", "p", "Hello?", at(1)), deleted("1", at(3)), liked)
	if got := w.messages("1")[0].Reactions; len(got) != 0 {
		t.Errorf("reactions %+v", got)
	}
}

func TestAnEditOfAnOlderRevisionIsHistoryWheneverItIsTold(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	edited := func(text, revision string) channel.Event {
		e := said("1", "mia", "p", "p", text, at(1))
		e.Kind, e.Message.Revision, e.Time = channel.MessageEdited, revision, at(5)
		return e
	}
	w.ingest(said("1", "mia", "p", "p", "first", at(1)), edited("third", "3"), edited("second", "2"))
	if got := w.messages("1")[0].Content.Text; got != "third" {
		t.Errorf("the text in force is %q, want the third", got)
	}
}

func TestADeletionThatComesFirstLeavesNoTicketAndAMessageApart(t *testing.T) {
	t.Parallel()
	for name, honour := range map[string]bool{"deleted": false, "its text must go": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, at := later(t)
			gone := said("1", "", "", "", "", at(5))
			gone.Kind, gone.Time, gone.Honour = channel.MessageDeleted, at(5), honour
			question := said("1", "mia", "p", "p", "Where is it?", at(1))
			w.ingest(gone, question, question)
			w.pass(time.Hour)
			if n := len(w.tickets()) + len(w.crm.Cases()) + len(w.crm.Contacts()); n != 0 {
				t.Errorf("%d tickets, cases and contacts in the CRM, want none", n)
			}
			m, text := w.messages("1")[0], "Where is it?"
			if honour {
				text = ""
			}
			if m.Ticket != "" || !m.Deleted.Equal(at(5)) || m.Content.Text != text || m.Content.Author.ID != "mia" {
				t.Errorf("it is kept as %+v, want apart, deleted at %s, with the text %q", m, at(5), text)
			}
			if told := w.told(ticket.MessageReceived); len(told) != 1 || told[0].Ticket != "" {
				t.Errorf("the journal tells %+v, want the message, once, without a ticket", told)
			}
		})
	}
}
