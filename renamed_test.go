package socialcrm_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// TestEditThatChangesTheIDLeavesOneMessage tells, in every order and twice each, of a message, of an edit that gives it another ID, and of the message under that ID, as
// a poll shows it.
func TestEditThatChangesTheIDLeavesOneMessage(t *testing.T) {
	t.Parallel()
	for _, thread := range []string{"", "p"} {
		for _, order := range slices.Concat(orders([]string{"old", "edit"}), orders([]string{"edit", "new"}), orders([]string{"old", "edit", "new"})) {
			if order[0] == "edit" && len(order) == 2 && order[1] == "new" {
				continue // the edit waits for its message, and there is nothing that it could be joined with
			}
			t.Run(fmt.Sprint(thread, order), func(t *testing.T) {
				t.Parallel()
				w, at := later(t)
				told := map[string]channel.Event{"old": said("1", "mia", thread, "", "Where is it?", at(1)), "new": said("2", "mia", thread, "", "Where is parcel 7?", at(1))}
				edit := said("2", "mia", thread, "", "Where is parcel 7?", at(1))
				edit.Kind, edit.FormerID, edit.Time, edit.Message.Revision = channel.MessageEdited, "1", at(3), "2"
				told["edit"] = edit
				for range 2 {
					for _, what := range order {
						w.ingest(told[what])
						w.pass(time.Second)
					}
				}
				var open []ticket.Ticket
				for _, tk := range w.tickets() {
					if tk.MergedInto == "" {
						open = append(open, tk)
					}
				}
				if len(open) != 1 || open[0].Clocks.Waiting != 1 {
					t.Fatalf("tickets: %+v, want one where one message waits", open)
				}
				list, err := w.desk.Messages(t.Context(), ticket.MessageQuery{Ticket: open[0].ID})
				w.ok(err)
				var shown []ticket.Message
				for _, m := range list.Items {
					if m.Deleted.IsZero() {
						shown = append(shown, m)
					} else if m.Content.Text != "" {
						t.Errorf("%q is kept twice", m.Content.Text)
					}
				}
				if len(shown) != 1 || shown[0].Content.Text != "Where is parcel 7?" || shown[0].Content.ID != "2" {
					t.Fatalf("shown are %+v, want one message with ID 2", shown)
				}
				before := slices.ContainsFunc(shown[0].Versions, func(v ticket.Version) bool { return v.Text == "Where is it?" })
				if want := slices.Contains(order, "old"); before != want {
					t.Errorf("it remembers what it said first: %t, want %t", before, want)
				}
				if found := w.messages("2")[0]; found.Key != shown[0].Key {
					t.Errorf("under ID 2 is %q, want %q", found.Key, shown[0].Key)
				}
				if c := w.clock(open[0].ID, sla.FirstResponse); !c.Started.Equal(at(1)) || c.Verdict != sla.Running {
					t.Errorf("the first response is %s since %s", c.Verdict, c.Started)
				}
				w.must(w.desk.Reply(t.Context(), open[0].ID, ana, socialcrm.Reply{Text: "In Lyon."}))
				if out := w.newest(open[0].ID).Post.Out; out.InReplyTo != "2" {
					t.Errorf("the answer goes to message %q, want 2", out.InReplyTo)
				}
				if tells := w.ingest(said("3", "mia", "", "1", "Well?", at(5)))[0]; tells.Ticket != open[0].ID {
					t.Errorf("an answer to the first ID makes ticket %s (%s)", tells.Ticket, tells.Outcome)
				}
			})
		}
	}
}

func TestReplyThatWaitsGoesToTheIDThatAnEditGave(t *testing.T) {
	t.Parallel()
	w, at := later(t)
	id := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(1)))[0].Ticket
	w.must(w.desk.Reply(t.Context(), id, ana, socialcrm.Reply{Text: "In Lyon.", NotBefore: w.now.Add(time.Hour)}))
	edit := said("2", "mia", "p", "p", "Where is parcel 7?", at(1))
	edit.Kind, edit.FormerID, edit.Time = channel.MessageEdited, "1", at(3)
	w.ingest(edit)
	if out := w.newest(id).Post.Out; out.InReplyTo != "2" {
		t.Errorf("it goes to message %q, want 2", out.InReplyTo)
	}
	gone := channel.Event{Kind: channel.MessageDeleted, Account: shop, Time: at(7), Message: channel.Message{ID: "1"}}
	if w.ingest(gone); w.messages("2")[0].Deleted.IsZero() {
		t.Error("a deletion that names the first ID is not taken in")
	}
}

// newest is the newest message of a ticket.
func (w *world) newest(id ticket.ID) ticket.Message {
	w.t.Helper()
	list, err := w.desk.Messages(w.t.Context(), ticket.MessageQuery{Ticket: id})
	w.ok(err)
	return list.Items[len(list.Items)-1]
}
