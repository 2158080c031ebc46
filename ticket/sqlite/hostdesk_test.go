package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

// What a Desk does with the host's transaction in its context is there with what the host wrote, or not at all: an arrival, and a verb.
func TestADeskCommitsWithItsHost(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "host.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := New(db, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	desk, account := newDesk(t, s)
	for _, kept := range []bool{false, true} {
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx := WithTx(t.Context(), tx)
		results, err := desk.Ingest(ctx, arrival(account, 1, 1))
		if err != nil {
			t.Fatal(err)
		}
		by := socialcrm.By{Actor: ticket.Agent("ana"), Key: "answer"}
		if _, err := desk.Reply(ctx, results[0].Ticket, by, socialcrm.Reply{Text: "On its way"}); err != nil {
			t.Fatal(err)
		}
		end, want := tx.Rollback, 0
		if kept {
			end, want = tx.Commit, 2
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
		list, err := desk.Messages(t.Context(), ticket.MessageQuery{Ticket: results[0].Ticket})
		if err != nil {
			t.Fatal(err)
		}
		if n := len(list.Items); n != want {
			t.Errorf("kept is %t, and there are %d messages, want %d", kept, n, want)
		}
	}
}
