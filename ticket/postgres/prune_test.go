package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func TestPruneLetsGoOfWhatIsOldAndClosed(t *testing.T) {
	t.Parallel()
	s := open(t, newPool(t, ""), newSchema())
	limit := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	old, young := limit.Add(-time.Hour), limit.Add(time.Hour)
	put := func(tx ticket.Tx, id ticket.ID, status ticket.Status, updated time.Time, into ticket.ID) {
		tx.PutTicket(ticket.Ticket{ID: id, Status: status, Created: old, Updated: updated, MergedInto: into})
		m := ticket.Message{Key: "m " + string(id), Ticket: id}
		m.Content.Time = old
		tx.PutMessage(m)
		tx.Append(ticket.Entry{Key: "e " + string(id), Ticket: id, Processed: old})
	}
	const many = pruneBatch + 10
	update(t, s, func(tx ticket.Tx) {
		put(tx, "open", ticket.Open, old, "")
		put(tx, "closed", ticket.Closed, old, "")
		put(tx, "closed lately", ticket.Closed, young, "")
		put(tx, "merged into one that is open", ticket.Closed, old, "open")
		put(tx, "merged twice", ticket.Closed, old, "merged into one that is open")
		put(tx, "merged into one that is closed", ticket.Closed, old, "closed")
		put(tx, "pushed", ticket.Closed, old, "")
		for i := range many {
			put(tx, ticket.ID(fmt.Sprint("many", i)), ticket.Closed, old, "")
			m := ticket.Message{Key: fmt.Sprint("loose", i)}
			m.Content.Time = old
			tx.PutMessage(m)
		}
		tx.Schedule(ticket.Task{ID: "push", Queue: "sync/crm", Key: "ticket/pushed"})
		tx.Append(ticket.Entry{Key: "agent on", Processed: old}, ticket.Entry{Key: "agent off", Processed: young}, ticket.Entry{Key: "newest", Processed: old})
	})
	update(t, s, func(tx ticket.Tx) {
		tx.PutTicket(ticket.Ticket{ID: "closed since", Status: ticket.Closed, Updated: old})
	})
	before := journal(t, s, "")
	// Of closed, merged into one that is closed, and the many: a message and an entry each; a loose message for each of the many; "agent on".
	for round, want := range []int{2*(many+2) + many + 1, 0} {
		if n, err := s.Prune(t.Context(), brand, limit); n != want || err != nil {
			t.Fatalf("round %d: removed %d, %v; want %d", round, n, err, want)
		}
	}
	if n, err := s.Prune(t.Context(), "another", limit); n != 0 || err != nil {
		t.Errorf("of another tenant removed %d, %v", n, err)
	}
	left := make(map[string]bool)
	entries := journal(t, s, "")
	for _, e := range entries {
		left[e.Key] = true
	}
	for key, want := range map[string]bool{
		"e open": true, "e closed": false, "e closed lately": true, "e merged into one that is open": true, "e merged twice": true,
		"e merged into one that is closed": false, "e pushed": true, "e many3": false, "agent on": false, "agent off": true, "newest": true,
	} {
		if left[key] != want {
			t.Errorf("%s is there: %t, want %t", key, left[key], want)
		}
	}
	if entries[len(entries)-1].Position < before[len(before)-1].Position {
		t.Error("the newest position is gone")
	}
}
