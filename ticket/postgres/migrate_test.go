package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

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
	// What a program of version 1 wrote; this one writes columns that were not there.
	for _, sql := range []string{
		`insert into tickets (tenant, id, status, rank, lane, agent, contact, created, promise, urgency, tags, conversations, data) values ($1, 'T-1', 'open', 1, '', '', '', 0,
			9223372036854775807, 0, '{}', '{}', '{"id":"T-1","version":1,"status":"open","account":"","subject":"kept","created":"2026-03-01T12:00:00Z","updated":"2026-03-01T12:00:00Z"}')`,
		`insert into tickets (tenant, id, status, rank, lane, agent, contact, created, promise, urgency, tags, conversations, data) values ($1, 'T-2', 'open', 1, 'care', '', '', 0,
			1772368200000000000, 0, '{}', '{}', '{"id":"T-2","version":1,"status":"open","account":"","lane":"care","created":"2026-03-01T12:00:00Z","updated":"2026-03-01T12:00:00Z",
			"clocks":{"clocks":[{"metric":"first_response","policy":"p","target":"30m","started":"2026-03-01T12:00:00Z","due":"2026-03-01T12:30:00Z","since":"2026-03-01T12:00:00Z"}]}}')`,
		`insert into tickets (tenant, id, status, rank, lane, agent, contact, created, promise, urgency, tags, conversations, data) values ($1, 'T-3', 'open', 1, 'care', '', '', 0,
			9223372036854775807, 0, '{}', '{}', '{"id":"T-3","version":1,"status":"open","account":"","lane":"care","created":"2026-03-01T12:00:00Z","updated":"2026-03-01T12:00:00Z",
			"clocks":{"clocks":[{"metric":"first_response","verdict":"breached","policy":"p","target":"10m","started":"2026-03-01T12:00:00Z","due":"2026-03-01T12:10:00.5Z","since":"2026-03-01T12:00:00Z"}]}}')`,
		`insert into messages (tenant, key, platform, account, ref, ticket, written, ord, place, data) values ($1, 'm', '', '', '', 'T-1', 0, '', 1,
			'{"key":"m","ticket":"T-1","conversation":{"account":"","thread":""},"direction":"in","content":{"text":"Where is my washing machine?"},"received":"2026-03-01T12:00:00Z"}')`,
		`insert into journal (tenant, key, position, ticket, contact, data) values ($1, 'e', nextval('SCHEMA.positions'), 'T-1', '',
			'{"key":"e","kind":"ticket.created","ticket":"T-1","happened":"2026-03-01T12:00:00Z","processed":"2026-03-01T12:00:00Z"}')`,
	} {
		if _, err := pool.Exec(t.Context(), inSchema(strings.Replace(sql, "insert into ", "insert into SCHEMA.", 1), old.schema), brand); err != nil {
			t.Fatal(err)
		}
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
			err = s.View(t.Context(), brand, func(r ticket.Reader) error {
				late, err := r.Waiting("care", ticket.Page{})
				if err == nil && (len(late.Items) != 2 || late.Items[0].ID != "T-3") {
					t.Errorf("in order of promise: %v; want what is owed longest first", late.Items)
				}
				return err
			})
			if err != nil {
				t.Error(err)
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
	if want := fmt.Sprintf(`postgres: open schema "%s": the schema is newer than this program: it has version %d, this knows %d`, name, latestVersion+1, latestVersion); !errors.Is(err, ErrNewer) || err.Error() != want {
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
