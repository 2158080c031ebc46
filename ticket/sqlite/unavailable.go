package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"

	"github.com/socialcrm/socialcrm/ticket"
)

// SQLite's result codes that say more than the driver's text does; https://www.sqlite.org/rescode.html.
const (
	codeBusy     = 5
	codeLocked   = 6
	codeReadonly = 8
	codeIO       = 10
	codeCorrupt  = 11
	codeFull     = 13
	codeCantOpen = 14
	codeNotADB   = 26
)

// unavailable wraps what the database says. The transaction that it happens in is rolled back, so asking again later does no harm.
func unavailable(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("sqlite: %s: %w: %w", reason(err), ticket.ErrUnavailable, err)
}

func reason(err error) string {
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, driver.ErrBadConn) {
		return "the connection is closed"
	}
	var coded interface{ Code() int }
	if !errors.As(err, &coded) {
		return "the database does not answer"
	}
	switch coded.Code() & 0xff {
	case codeBusy, codeLocked:
		return "another program holds the file"
	case codeReadonly:
		return "the file cannot be written"
	case codeIO:
		return "the file cannot be read or written"
	case codeCorrupt, codeNotADB:
		return "the file is damaged, or is no database"
	case codeFull:
		return "the disk is full"
	case codeCantOpen:
		return "the file cannot be opened"
	}
	return "the database refuses"
}
