package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed migrations/*.sql
var migrations embed.FS

// latestVersion is the version of the schema that this package works with: how many migrations there are.
const latestVersion = 6

// ErrNewer: the schema was made by a newer version of this package; only that can use it.
var ErrNewer = errors.New("the schema is newer than this program")

// migrate brings the schema to a version, from any earlier one. Of several processes one does it while the others wait; all of it is done or nothing.
func (s *Store) migrate(ctx context.Context, to int) error {
	return pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", s.lock()); err != nil {
			return err
		}
		have, err := s.version(ctx, tx)
		if err != nil {
			return err
		}
		if have > to {
			return fmt.Errorf("%w: it has version %d, this knows %d", ErrNewer, have, to)
		}
		if have == to {
			return nil
		}
		if _, err := tx.Exec(ctx, "set local search_path to "+s.schema); err != nil {
			return err
		}
		files, err := migrations.ReadDir("migrations")
		if err != nil {
			return err
		}
		for i := have; i < to; i++ {
			text, err := migrations.ReadFile("migrations/" + files[i].Name())
			if err != nil {
				return err
			}
			// Without arguments and by the simple protocol, a whole file is one call.
			if _, err := tx.Conn().PgConn().Exec(ctx, strings.TrimSpace(string(text))).ReadAll(); err != nil {
				return fmt.Errorf("migration %s: %w", files[i].Name(), err)
			}
		}
		_, err = tx.Exec(ctx, "update version set version = $1", to)
		return err
	})
}

// version reads the schema's version; it creates schema and version where there are none.
func (s *Store) version(ctx context.Context, tx pgx.Tx) (int, error) {
	var there bool
	if err := tx.QueryRow(ctx, "select to_regclass($1) is not null", s.schema+".version").Scan(&there); err != nil {
		return 0, err
	}
	if !there {
		// A host may have made the schema for a user who may not.
		for _, sql := range []string{
			"do $$ begin if to_regnamespace(" + quote(s.schema) + ") is null then create schema " + s.schema + "; end if; end $$",
			"create table " + s.schema + ".version (version int not null)",
			"insert into " + s.schema + ".version values (0)",
		} {
			if _, err := tx.Exec(ctx, sql); err != nil {
				return 0, err
			}
		}
	}
	var version int
	err := tx.QueryRow(ctx, "select version from "+s.schema+".version").Scan(&version)
	return version, err
}

func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }
