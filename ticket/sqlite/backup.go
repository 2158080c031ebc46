package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Backup writes a copy of the database, as it stands at this moment, to a new file: complete, compact, readable by its owner only, and on the disk when Backup
// returns. Updates and Views go on meanwhile. A file that is there already is an error; a Backup that fails leaves none. To restore, put the copy where the
// database was, with no -wal or -shm file beside it, and open it.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.running.Done()
	defer func() {
		if err != nil {
			err = fmt.Errorf("sqlite: back up to %s: %w", path, err)
		}
	}()
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fs.ErrExist
		}
		return err
	}
	folder, err := os.MkdirTemp(filepath.Dir(path), ".backup-*") // private until it is complete
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	part := filepath.Join(folder, "copy")
	if err := s.vacuumInto(ctx, part); err != nil {
		return err
	}
	if err := flush(part); err != nil {
		return err
	}
	if err := os.Chmod(part, 0o600); err != nil {
		return err
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return flush(filepath.Dir(path))
}

func (s *Store) vacuumInto(ctx context.Context, path string) error {
	on, err := s.borrow(ctx, s.readers)
	if err != nil {
		return err
	}
	defer func() { s.readers <- on }()
	conn := on.on.(*sql.Conn)
	if _, err := conn.ExecContext(ctx, "VACUUM INTO ?", path); err != nil {
		return unavailable(err)
	}
	return nil
}

// flush makes sure that a file or folder is on the disk.
func flush(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// Check reads the whole database and says what is damaged in it; it takes as long as reading the file. Views and Updates go on for most of the time.
func (s *Store) Check(ctx context.Context) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.running.Done()
	on, err := s.borrow(ctx, s.readers)
	if err != nil {
		return err
	}
	var problems []string
	err = func() error {
		defer func() { s.readers <- on }()
		return on.each(func(rows *sql.Rows) error {
			var line string
			err := rows.Scan(&line)
			if line != "ok" {
				problems = append(problems, line)
			}
			return err
		}, "PRAGMA integrity_check(10)")
	}()
	if err == nil && len(problems) == 0 {
		err = s.alone(ctx, func(on *session) error {
			return on.exec(`INSERT INTO socialcrm_search (socialcrm_search) VALUES ('integrity-check')`)
		})
	}
	if err != nil {
		return fmt.Errorf("sqlite: check: %w", err)
	}
	if len(problems) > 0 {
		return fmt.Errorf("sqlite: check: the file is damaged: %s", strings.Join(problems, "; "))
	}
	return nil
}
