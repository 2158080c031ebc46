package sqlite

import (
	"context"
	"database/sql"

	"github.com/socialcrm/socialcrm/ticket"
)

type hostTxKey struct{}

// WithTx returns a context in which Update and View of a Store run inside the host's own transaction, so that its rows and a ticket's change commit together:
//
//	tx, err := db.BeginTx(ctx, nil)
//	...
//	_, err = tx.ExecContext(ctx, "UPDATE orders SET complained = 1 WHERE id = ?", order)
//	...
//	_, err = desk.Note(sqlite.WithTx(ctx, tx), id, by, "the order was marked")
//	...
//	err = tx.Commit()
//
// The transaction must be one on the Store's own database (see New), and begin writing before it reads, best with BEGIN IMMEDIATE (_txlock=immediate with
// modernc.org/sqlite). The Store neither commits nor rolls back; a function given to Update runs once, and a conflict goes to the host. Until the host commits
// or rolls back, every other Update waits, up to Options.Busy: be quick. Work that was scheduled is noticed a quarter of a second after the commit. The context
// is ticket.Ungrouped.
func WithTx(ctx context.Context, tx *sql.Tx) context.Context {
	return ticket.Ungrouped(context.WithValue(ctx, hostTxKey{}, tx))
}

func hostTx(ctx context.Context) *sql.Tx {
	tx, _ := ctx.Value(hostTxKey{}).(*sql.Tx)
	return tx
}
