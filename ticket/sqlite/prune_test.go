package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// word is one that only messages of the ticket contain.
func word(id ticket.ID) string { return strings.ReplaceAll(string(id), " ", "") }

func TestPruneLetsGoOfWhatIsOldAndClosed(t *testing.T) {
	t.Parallel()
	s := openTest(t, nil)
	limit := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	old, young := limit.Add(-time.Hour), limit.Add(time.Hour)
	put := func(id ticket.ID, status ticket.Status, updated time.Time, merged ticket.ID) {
		update(t, s, func(tx ticket.Tx) error {
			tx.PutTicket(ticket.Ticket{ID: id, Status: status, Created: old, Updated: updated, MergedInto: merged})
			m := said("m of "+string(id), id, word(id))
			m.Content.Time = old
			tx.PutMessage(m)
			tx.Append(ticket.Entry{Key: "e of " + string(id), Ticket: id, Processed: old})
			return nil
		})
	}
	put("open", ticket.Open, old, "")
	put("solved", ticket.Solved, old, "")
	put("closed", ticket.Closed, old, "")
	put("closed lately", ticket.Closed, young, "")
	put("merged into open", ticket.Closed, old, "open")
	put("merged into merged", ticket.Closed, old, "merged into open")
	put("merged into closed", ticket.Closed, old, "closed")
	put("pushed", ticket.Closed, old, "")
	for i := range pruneBatch + 10 {
		put(ticket.ID(fmt.Sprint("many", i)), ticket.Closed, old, "")
	}
	put("", "", old, "")
	update(t, s, func(tx ticket.Tx) error {
		tx.Append(ticket.Entry{Key: "agent on", Processed: old}, ticket.Entry{Key: "agent off", Processed: young})
		m := said("noise", "", "thanks")
		m.Content = channel.Message{Time: young, Text: "thanks"}
		tx.PutMessage(m)
		tx.Schedule(ticket.Task{ID: "s", Queue: "sync/crm", Key: "ticket/pushed", Due: young})
		return nil
	})
	var head ticket.Position
	// Of closed, merged into closed, and the many: a message and an entry each; of no ticket: a message and two entries.
	for round, want := range []int{2*(pruneBatch+10+2) + 3, 0} {
		head = view(t, s, func(r ticket.Reader) (ticket.Position, error) { return r.Head() })
		if n, err := s.Prune(t.Context(), "brand", limit); n != want || err != nil {
			t.Fatalf("round %d: %d removed, %v; want %d", round, n, err, want)
		}
	}
	keeps := map[ticket.ID]bool{"open": true, "solved": true, "closed": false, "closed lately": true, "merged into open": true, "merged into merged": true,
		"merged into closed": false, "pushed": true, "many7": false, "": false}
	for id, keeps := range keeps {
		messages := view(t, s, func(r ticket.Reader) ([]ticket.Message, error) { return r.Messages("m of " + string(id)) })
		entries := view(t, s, func(r ticket.Reader) ([]ticket.Entry, error) { return r.Journal(ticket.JournalQuery{Limit: 1000}) })
		has := false
		for _, e := range entries {
			has = has || e.Key == "e of "+string(id)
		}
		if (messages[0].Key != "") != keeps || has != keeps {
			t.Errorf("ticket %q: message there is %t, entry there is %t, want %t", id, messages[0].Key != "", has, keeps)
		}
		if id == "" {
			continue
		}
		found, err := s.Search(t.Context(), "brand", word(id), ticket.Page{Limit: 1000})
		if err != nil || (len(found.Items) > 0) != keeps {
			t.Errorf("ticket %q: found by search is %t, %v, want %t", id, len(found.Items) > 0, err, keeps)
		}
		tickets := view(t, s, func(r ticket.Reader) ([]ticket.Ticket, error) { return r.Tickets(id) })
		if tickets[0].ID == "" {
			t.Errorf("ticket %q itself is gone", id)
		}
	}
	if noise := view(t, s, func(r ticket.Reader) ([]ticket.Message, error) { return r.Messages("noise") }); noise[0].Key == "" {
		t.Error("a young message without a ticket is gone")
	}
	update(t, s, func(tx ticket.Tx) error {
		tx.Append(ticket.Entry{Key: "after"})
		return nil
	})
	if after := view(t, s, func(r ticket.Reader) (ticket.Position, error) { return r.Head() }); after <= head {
		t.Errorf("the position after is %s, want more than %s", after, head)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if n, err := s.Prune(t.Context(), "nobody", limit); n != 0 || err != nil {
		t.Errorf("a tenant that is not there: %d, %v", n, err)
	}
}
