package socialcrm_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Two tickets turn out to be of one conversation once the author of a message is known; closed is for good.
func TestWhoeverIsKnownLateJoinsNothingThatIsClosed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name              string
		nameless          int // minutes; the message whose author is known is of minute 5
		closed            []int
		follows, goesOnIn int // tickets: 0 is that of the message whose author was known, 1 of the other one, -1 none, 2 a new one
	}{
		{"the ticket before is closed", 10, []int{0}, 0, 1},
		{"the ticket behind is closed", 10, []int{1}, -1, 0},
		{"the nameless one before is closed", 1, []int{1}, -1, 0},
		{"the nameless one is before a closed one", 1, []int{0}, -1, 1},
		{"both are closed", 10, []int{0, 1}, 0, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w, at := later(t)
			known, nameless := said("1", "mia", "p", "p", "Where is it?", at(5)), said("2", "", "p", "p", "And mine?", at(tt.nameless))
			results := w.ingest(known, nameless)
			ids := []ticket.ID{results[0].Ticket, results[1].Ticket}
			for _, i := range tt.closed {
				w.must(w.desk.CloseWithoutReply(t.Context(), ids[i], ana, "answered by phone"))
			}
			nameless.Message.Author.ID = "mia"
			w.ingest(nameless)
			third := w.ingest(said("3", "mia", "p", "p", "Hello?", at(50)))[0].Ticket
			if all := w.tickets(); len(all) == 3 {
				ids = append(ids, third)
			}
			if tt.goesOnIn >= len(ids) || third != ids[tt.goesOnIn] {
				t.Errorf("it goes on in %s, want %d of %s", third, tt.goesOnIn, ids)
			}
			var follows ticket.ID
			if tt.follows >= 0 {
				follows = ids[tt.follows]
			}
			second := w.ticket(ids[1])
			if second.FollowUpOf != follows || second.MergedInto != "" || second.Contact != w.ticket(ids[0]).Contact {
				t.Errorf("it is a follow-up of %q, merged into %q, of contact %s", second.FollowUpOf, second.MergedInto, second.Contact)
			}
			said := [][]string{{"Where is it?"}, {"And mine?"}, nil}
			said[tt.goesOnIn] = append(said[tt.goesOnIn], "Hello?")
			for i, id := range ids {
				if diff := cmp.Diff(said[i], w.said(id)); diff != "" {
					t.Errorf("ticket %d (-want +got):\n%s", i, diff)
				}
			}
			w.ingest(posted("b1", "", "3", "Here", at(55)))
			if tk := w.ticket(third); tk.Status != ticket.Open || clockOn(tk, sla.FirstResponse, "").Stopped.IsZero() {
				t.Errorf("it was answered, and is %s with the clocks %+v", tk.Status, tk.Clocks.Clocks)
			}
		})
	}
}
