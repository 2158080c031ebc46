package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func TestHostRowsAndTicketsCommitTogether(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "host.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE orders (id TEXT)"); err != nil {
		t.Fatal(err)
	}
	s, err := New(db, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	update(t, s, putValue("before"))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	wake := s.Wakes(ctx, "brand")
	<-wake // at the beginning all are woken
	both := func(end func(*sql.Tx) error, order string) {
		t.Helper()
		tx, err := db.BeginTx(t.Context(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.ExecContext(t.Context(), "INSERT INTO orders VALUES (?)", order); err != nil {
			t.Fatal(err)
		}
		ctx := WithTx(t.Context(), tx)
		if !ticket.IsUngrouped(ctx) {
			t.Error("the context does not say that it is not to be grouped")
		}
		for _, tenant := range []string{"brand", "new tenant"} {
			if err := s.Update(ctx, tenant, func(tx ticket.Tx) error {
				tx.Append(ticket.Entry{Key: order})
				return putValue(order)(tx)
			}); err != nil {
				t.Fatal(err)
			}
			if err := s.View(ctx, tenant, func(r ticket.Reader) error {
				values, err := r.ListValues("space", ticket.Page{})
				if err == nil && len(values.Items) == 0 {
					err = errors.New("a View inside does not see what was written inside")
				}
				return err
			}); err != nil {
				t.Error(err)
			}
		}
		if hasValue(t, s, order) {
			t.Error("a View outside sees what is not committed")
		}
		if err := end(tx); err != nil {
			t.Fatal(err)
		}
	}
	both((*sql.Tx).Rollback, "dropped")
	both((*sql.Tx).Commit, "kept")
	if hasValue(t, s, "dropped") || !hasValue(t, s, "kept") || !hasValue(t, s, "before") {
		t.Error("what the host rolled back is there, or what it committed is not")
	}
	var orders string
	if err := db.QueryRowContext(t.Context(), "SELECT group_concat(id) FROM orders").Scan(&orders); err != nil || orders != "kept" {
		t.Errorf("orders: %q, %v", orders, err)
	}
	if err := s.Update(t.Context(), "new tenant", putValue("after")); err != nil {
		t.Errorf("a tenant that came with a host's transaction: %v", err)
	}
	select {
	case <-wake:
	case <-time.After(10 * time.Second):
		t.Error("nobody was woken by what the host committed")
	}
}

func TestAHostsConflictGoesToTheHost(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "host.db")) // begins without the lock
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := New(db, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	update(t, s, putValue("a"))
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	ctx := WithTx(t.Context(), tx)
	if err := s.View(ctx, "brand", func(r ticket.Reader) error {
		_, err := r.Head()
		return err
	}); err != nil {
		t.Fatal(err)
	}
	update(t, s, putValue("b")) // the host's snapshot is now an old one
	if err := s.Update(ctx, "brand", putValue("c")); !errors.Is(err, ticket.ErrUnavailable) {
		t.Errorf("update from an old snapshot: %v, want that it is refused", err)
	}
	own := errors.New("own")
	if err := s.Update(ctx, "brand", func(ticket.Tx) error { return own }); err != own {
		t.Errorf("the function's error is %v, want it unchanged", err)
	}
}
