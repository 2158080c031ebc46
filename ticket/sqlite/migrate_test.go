package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/socialcrm/socialcrm/ticket"
)

// fromVersion makes a file as a program of that version left it, with a ticket and its message.
func fromVersion(t *testing.T, version int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tickets.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := migrateTo(t.Context(), conn, version); err != nil {
		t.Fatal(err)
	}
	queries := []string{
		`INSERT INTO socialcrm_tenant (id, name, position) VALUES (1, 'brand', 1)`,
		`INSERT INTO socialcrm_ticket (tenant, id, status, rank, lane, agent, contact, created, promise, urgency, waiting, body) VALUES (1, 't', 'open', 1, 'care', '', '', 1772366400000000000, 9223372036854775807, 0, 1,
			'{"id":"t","version":1,"status":"open","account":"","lane":"care","created":"2026-03-01T12:00:00Z","updated":"2026-03-01T12:00:00Z"}')`,
		`INSERT INTO socialcrm_message VALUES (1, 1, 'm', '', '', '1', 't', 1772366400000000000, '',
			'{"key":"m","ticket":"t","conversation":{"account":"","thread":""},"direction":"in","content":{"id":"1","time":"2026-03-01T12:00:00Z","text":"Where is my parcel?"},"received":"2026-03-01T12:00:00Z"}')`,
		`INSERT INTO socialcrm_message VALUES (2, 1, 'picture', '', '', NULL, 't', 1772366400000000000, '',
			'{"key":"picture","ticket":"t","conversation":{"account":"","thread":""},"direction":"in","content":{},"received":"2026-03-01T12:00:00Z"}')`,
		`INSERT INTO socialcrm_entry VALUES (1, 1, 'e', 't', '', 1772366400000000000, '{"key":"","kind":"ticket.created","happened":"2026-03-01T12:00:00Z","processed":"2026-03-01T12:00:00Z"}')`,
	}
	if version < 5 { // which did not count what was broken
		const columns = `INSERT INTO socialcrm_ticket (tenant, id, status, rank, lane, agent, contact, created, promise, urgency, waiting, body) VALUES `
		queries = append(queries,
			columns+`(1, 'kept', 'open', 1, 'late', '', '', 1772366400000000000, 1772368200000000000, 0, 1,
				'{"id":"kept","status":"open","account":"","lane":"late","created":"2026-03-01T12:00:00Z","clocks":{"clocks":[{"metric":"first_response","policy":"p","target":"30m","started":"2026-03-01T12:00:00Z","due":"2026-03-01T12:30:00Z","since":"2026-03-01T12:00:00Z"}]}}')`,
			columns+`(1, 'broken', 'open', 1, 'late', '', '', 1772366400000000000, 9223372036854775807, 0, 1,
				'{"id":"broken","status":"open","account":"","lane":"late","created":"2026-03-01T12:00:00Z","clocks":{"clocks":[{"metric":"first_response","verdict":"breached","policy":"p","target":"10m","started":"2026-03-01T12:00:00Z","due":"2026-03-01T12:10:00Z","since":"2026-03-01T12:00:00Z"}]}}')`,
			columns+`(1, 'answered', 'open', 1, 'late', '', '', 1772366400000000000, 9223372036854775807, 0, 1,
				'{"id":"answered","status":"open","account":"","lane":"late","created":"2026-03-01T12:00:00Z","clocks":{"clocks":[{"metric":"first_response","verdict":"breached","policy":"p","target":"10m","started":"2026-03-01T12:00:00Z","due":"2026-03-01T12:10:00Z","stopped":"2026-03-01T12:20:00Z"}]}}')`)
	}
	if version >= 2 {
		queries = append(queries, `INSERT INTO socialcrm_search (rowid, tenant, text) VALUES (1, 't1', 'Where is my parcel?')`)
	}
	for _, query := range queries {
		if _, err := conn.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestEarlierVersionsAreBroughtUpToDate(t *testing.T) {
	t.Parallel()
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		t.Fatal(err)
	}
	for version := 1; version <= len(files); version++ {
		t.Run(fmt.Sprint("from version ", version), func(t *testing.T) {
			t.Parallel()
			path := fromVersion(t, version)
			var opened sync.WaitGroup // two programs open it at once
			stores := make([]*Store, 2)
			for i := range stores {
				opened.Go(func() {
					var err error
					if stores[i], err = Open(path, nil); err != nil {
						t.Error(err)
					}
				})
			}
			opened.Wait()
			if t.Failed() {
				return
			}
			defer stores[1].Close()
			s := stores[0]
			defer s.Close()
			tickets := view(t, s, func(r ticket.Reader) ([]ticket.Ticket, error) { return r.Tickets("t") })
			if tickets[0].Lane != "care" {
				t.Errorf("the ticket is %+v", tickets[0])
			}
			waiting := view(t, s, func(r ticket.Reader) ([]ticket.Ticket, error) { return r.WaitingFirst("care") })
			if len(waiting) != 1 || waiting[0].ID != "t" {
				t.Errorf("those who wait are %+v, want the ticket", waiting)
			}
			if version < 5 {
				late := view(t, s, func(r ticket.Reader) (ticket.List[ticket.Ticket], error) { return r.Waiting("late", ticket.Page{}) })
				if got := fmt.Sprint(late.Items[0].ID, " ", late.Items[1].ID, " ", late.Items[2].ID); got != "broken kept answered" {
					t.Errorf("in order of promise: %s; want what is owed longest first", got)
				}
			}
			if version > 1 {
				return // the words were there before
			}
			found, err := s.Search(t.Context(), "brand", "parcel", ticket.Page{})
			if err != nil || len(found.Items) != 1 {
				t.Errorf("%d tickets found by a word from before, %v; want 1", len(found.Items), err)
			}
			update(t, s, func(tx ticket.Tx) error { // and it leaves the index with its message
				m, err := tx.Messages("m")
				m[0].Content.Text = "gone"
				tx.PutMessage(m[0])
				tx.Append(ticket.Entry{Key: "e2", Ticket: "t"})
				return err
			})
			found, err = s.Search(t.Context(), "brand", "parcel", ticket.Page{})
			if err != nil || len(found.Items) != 0 {
				t.Errorf("%d tickets found by the word that was removed, %v", len(found.Items), err)
			}
			entries := view(t, s, func(r ticket.Reader) ([]ticket.Entry, error) { return r.Journal(ticket.JournalQuery{Ticket: "t"}) })
			if len(entries) != 2 || entries[0].Kind != ticket.TicketCreated || entries[0].Key != "e" {
				t.Errorf("the journal is %+v", entries)
			}
			if err := s.Check(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestANewerFileIsRefused(t *testing.T) {
	t.Parallel()
	path := fromVersion(t, 1)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "INSERT INTO socialcrm_version VALUES (99)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	_, err = Open(path, nil)
	if err == nil || !strings.Contains(err.Error(), "version 99") || !strings.Contains(err.Error(), "newer program") {
		t.Errorf("open: %v", err)
	}
}

func TestAMigrationThatFailsChangesNothing(t *testing.T) {
	t.Parallel()
	path := fromVersion(t, 1)
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE socialcrm_search (in_the_way)"); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(path, nil); err == nil || !strings.Contains(err.Error(), "0002_search.sql") {
		t.Errorf("open: %v, want the migration's name", err)
	}
	if _, err := db.ExecContext(t.Context(), "DROP TABLE socialcrm_search"); err != nil {
		t.Fatal(err)
	}
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.View(t.Context(), "brand", func(r ticket.Reader) error {
		head, err := r.Head()
		if head == "" && err == nil {
			err = errors.New("the journal is empty")
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Backup(ended, filepath.Join(t.TempDir(), "copy")); !errors.Is(err, context.Canceled) {
		t.Errorf("backup with a context that has ended: %v", err)
	}
}
