package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
)

// Each file takes the schema one version further. A file that was released is never changed.
//
//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date under the file's write lock, so that of two programs that open it at once one waits for the other.
func migrate(ctx context.Context, conn *sql.Conn) (err error) {
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	return migrateTo(ctx, conn, len(files))
}

func migrateTo(ctx context.Context, conn *sql.Conn, newest int) (err error) {
	if _, err := conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return unavailable(err)
	}
	done := false
	defer func() {
		if !done {
			conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		}
	}()
	if _, err := conn.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS socialcrm_version (version INTEGER NOT NULL) STRICT"); err != nil {
		return unavailable(err)
	}
	var version int
	if err := conn.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM socialcrm_version").Scan(&version); err != nil {
		return unavailable(err)
	}
	if version > newest {
		return fmt.Errorf("the file has version %d of the schema, this program knows up to %d: use a newer program", version, newest)
	}
	files, err := migrations.ReadDir("migrations")
	if err != nil {
		return err
	}
	for ; version < newest; version++ {
		name := files[version].Name()
		text, err := migrations.ReadFile("migrations/" + name)
		if err != nil {
			return err
		}
		if _, err := conn.ExecContext(ctx, string(text)); err != nil {
			return fmt.Errorf("migration %s: %w", name, unavailable(err))
		}
		if _, err := conn.ExecContext(ctx, "INSERT INTO socialcrm_version (version) VALUES (?)", version+1); err != nil {
			return unavailable(err)
		}
	}
	if _, err := conn.ExecContext(ctx, "COMMIT"); err != nil {
		return unavailable(err)
	}
	done = true
	return nil
}
