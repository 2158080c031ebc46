package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/socialcrm/socialcrm/ticket"
)

func TestAnOlderSchemaIsBroughtUpToDateWithItsData(t *testing.T) {
	t.Parallel()
	pool := newPool(t, "")
	name := newSchema()
	old := &Store{pool: pool, schema: pgx.Identifier{name}.Sanitize()}
	if err := old.migrate(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	old.sql = newQueries(old.schema)
	old.patience = time.Second
	old.wakes.open(old, false)
	defer old.wakes.end()
	write := func(tx ticket.Tx) error { // version 1 stores what version 2 stores, and cannot search
		tx.PutTicket(ticket.Ticket{ID: "T-1", Status: ticket.Open, Subject: "kept"})
		m := ticket.Message{Key: "m", Ticket: "T-1"}
		m.Content.Text = "Where is my washing machine?"
		tx.PutMessage(m)
		tx.Append(ticket.Entry{Key: "e", Ticket: "T-1"})
		return nil
	}
	if err := old.Update(t.Context(), brand, write); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 { // several processes start at once
		all.Go(func() {
			s, err := New(context.Background(), pool, &Options{Schema: name})
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			found, err := s.Search(t.Context(), brand, "washing", ticket.Page{})
			if err != nil || len(found.Items) != 1 || found.Items[0].Subject != "kept" || len(journal(t, s, "")) != 1 {
				t.Errorf("found %v, %v; %d entries", found.Items, err, len(journal(t, s, "")))
			}
		})
	}
	all.Wait()
}

func TestASchemaOfANewerVersionIsRefused(t *testing.T) {
	t.Parallel()
	pool := newPool(t, "")
	name := newSchema()
	open(t, pool, name)
	if _, err := pool.Exec(t.Context(), "update "+name+".version set version = version + 1"); err != nil {
		t.Fatal(err)
	}
	_, err := New(t.Context(), pool, &Options{Schema: name})
	if want := `postgres: open schema "` + name + `": the schema is newer than this program: it has version 4, this knows 3`; !errors.Is(err, ErrNewer) || err.Error() != want {
		t.Errorf("the error is %v, want %s", err, want)
	}
}

func TestASchemaIsNamedByTheHost(t *testing.T) {
	t.Parallel()
	pool := newPool(t, "")
	for _, name := range []string{"Social CRM", `it's "odd"`, "select"} {
		s := open(t, pool, name)
		update(t, s, func(tx ticket.Tx) {
			tx.PutValue(value("v", name))
			tx.Append(ticket.Entry{Key: "e"})
			tx.Schedule(ticket.Task{ID: "t"})
		})
		if got := valueOf(t, s, "v"); got != name {
			t.Errorf("in schema %s: %q", name, got)
		}
	}
	if _, err := New(t.Context(), pool, &Options{Schema: "pg_own"}); err == nil {
		t.Error("a schema of PostgreSQL's own is taken")
	}
}
