package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// preparer is a connection, or a host's transaction.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

// session is one connection and the statements prepared on it. One goroutine uses it at a time. Statements are not given the caller's context: SQLite
// would roll back the whole transaction when one of them is interrupted.
type session struct {
	on         preparer
	statements map[string]*sql.Stmt
}

func newSession(on preparer) *session {
	return &session{on: on, statements: make(map[string]*sql.Stmt)}
}

// manyStatements is how many statements are kept; lists of tickets have many shapes.
const manyStatements = 300

func (s *session) statement(query string) (*sql.Stmt, error) {
	if stmt := s.statements[query]; stmt != nil {
		return stmt, nil
	}
	if len(s.statements) >= manyStatements {
		s.forget()
	}
	stmt, err := s.on.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, unavailable(err)
	}
	s.statements[query] = stmt
	return stmt, nil
}

// forget closes the statements.
func (s *session) forget() {
	for _, stmt := range s.statements {
		stmt.Close()
	}
	clear(s.statements)
}

func (s *session) exec(query string, args ...any) error {
	_, err := s.result(query, args...)
	return err
}

func (s *session) result(query string, args ...any) (sql.Result, error) {
	stmt, err := s.statement(query)
	if err != nil {
		return nil, err
	}
	result, err := stmt.ExecContext(context.Background(), args...)
	if err != nil {
		return nil, unavailable(err)
	}
	return result, nil
}

// each calls scan for each row.
func (s *session) each(scan func(*sql.Rows) error, query string, args ...any) error {
	stmt, err := s.statement(query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(context.Background(), args...)
	if err != nil {
		return unavailable(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return fmt.Errorf("sqlite: read a row: %w", err)
		}
	}
	if err := rows.Err(); err != nil {
		return unavailable(err)
	}
	return nil
}

// one scans the first row, if there is one.
func (s *session) one(scan func(*sql.Rows) error, query string, args ...any) error {
	stmt, err := s.statement(query)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(context.Background(), args...)
	if err != nil {
		return unavailable(err)
	}
	defer rows.Close()
	if !rows.Next() {
		if err := rows.Err(); err != nil {
			return unavailable(err)
		}
		return nil
	}
	if err := scan(rows); err != nil {
		return fmt.Errorf("sqlite: read a row: %w", err)
	}
	return nil
}

// number reads one number; zero where there is no row or it is NULL.
func (s *session) number(query string, args ...any) (int64, error) {
	var n sql.NullInt64
	err := s.one(func(rows *sql.Rows) error { return rows.Scan(&n) }, query, args...)
	return n.Int64, err
}
