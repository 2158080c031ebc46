package sqlite

import (
	"database/sql"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

func openTest(t testing.TB, options *Options) *Store {
	t.Helper()
	s, err := Open(filepath.Join(t.TempDir(), "tickets.db"), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func update(t testing.TB, s *Store, fn func(tx ticket.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), "brand", fn); err != nil {
		t.Fatal(err)
	}
}

func view[V any](t testing.TB, s ticket.Store, fn func(r ticket.Reader) (V, error)) (v V) {
	t.Helper()
	if err := s.View(t.Context(), "brand", func(r ticket.Reader) (err error) {
		v, err = fn(r)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return v
}

// Every statement that a list, a claim or a look-up executes finds its rows in an index, in their order.
func TestNothingIsScannedOrSorted(t *testing.T) {
	t.Parallel()
	s := openTest(t, nil)
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	update(t, s, func(tx ticket.Tx) error {
		tx.PutTicket(ticket.Ticket{ID: "t", Status: ticket.Open, Tags: []string{"tag"}})
		tx.PauseQueue(ticket.QueuePause{Queue: "paused", Until: noon})
		for _, key := range []string{"", "k"} {
			tx.Schedule(ticket.Task{ID: "a" + key, Key: key, Queue: "q", Due: noon}, ticket.Task{ID: "p" + key, Key: key, Queue: "paused", Due: noon})
		}
		tx.PutMessage(ticket.Message{Key: "m", Ticket: "t", Content: channel.Message{ID: "1", Text: "hello"}})
		return nil
	})
	ok := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	update(t, s, func(open ticket.Tx) error {
		x := open.(*tx)
		for _, q := range []ticket.TicketQuery{
			{}, {Lane: "x"}, {Agent: "x"}, {Contact: "x"}, {Tag: "x"}, {Conversation: ticket.ConversationKey{Thread: "x"}}, {CreatedFrom: noon}, {CreatedTo: noon},
			{Lane: "x", Agent: "x", Contact: "x", Tag: "x"}, {Statuses: []ticket.Status{ticket.Open, ""}},
		} {
			ok(x.ListTickets(q))
			q.Newest = true
			ok(x.ListTickets(q))
		}
		ok(x.Waiting("x", ticket.Page{}))
		ok(x.WaitingFirst("x"))
		ok(x.WaitingOf("x", "y", ticket.Page{}))
		ok(x.ListMessages(ticket.MessageQuery{Ticket: "t"}))
		ok(x.ListAgents(ticket.Page{}))
		ok(x.ListValues("x", ticket.Page{}))
		ok(x.ListTasks(ticket.TaskQuery{}))
		ok(x.ListTasks(ticket.TaskQuery{Queue: "x"}))
		for _, q := range []ticket.JournalQuery{{}, {Ticket: "x"}, {Contact: "x"}, {Ticket: "x", Contact: "x"}} {
			ok(x.Journal(q))
		}
		ok(x.Head())
		ok(x.NextDue(noon))
		ok(x.readyQueues())
		ok(x.Tickets("t"))
		ok(x.Messages("m"))
		ok(x.MessagesByRef(ticket.MessageRef{ID: "1"}))
		ok(x.Seen(ticket.EventKey{}))
		ok(x.Claim(ticket.ClaimQuery{Now: noon, Limit: 10}))
		ok(x.Claim(ticket.ClaimQuery{Now: noon, Limit: 10, Queues: []string{"q"}}))
		x.PutTicket(ticket.Ticket{ID: "t2", Tags: []string{"tag"}})
		x.PutMessage(ticket.Message{Key: "m", Ticket: "t", Content: channel.Message{ID: "1", Text: "changed"}})
		return x.Release("none", noon)
	})
	w := <-s.writer
	defer func() { s.writer <- w }()
	looked := 0
	for _, query := range slices.Sorted(maps.Keys(w.statements)) {
		if strings.HasPrefix(query, "PRAGMA") || !strings.Contains(query, "socialcrm_") || strings.Contains(query, "max(place)") {
			continue
		}
		looked++
		var plan []string
		err := w.each(func(rows *sql.Rows) error {
			var id, parent, unused int
			var detail string
			err := rows.Scan(&id, &parent, &unused, &detail)
			plan = append(plan, detail)
			return err
		}, "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.Join(plan, "\n")
		for line := range strings.Lines(all) {
			if strings.HasPrefix(line, "SCAN") && !strings.Contains(line, "CONSTANT ROW") && !strings.Contains(line, "VIRTUAL TABLE") && !strings.HasPrefix(line, "SCAN q") || strings.Contains(line, "TEMP B-TREE") {
				t.Errorf("%s\n%s", query, all)
				break
			}
		}
	}
	if looked < 50 {
		t.Errorf("%d statements looked at, want those of all lists", looked)
	}
}
