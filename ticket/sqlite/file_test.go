package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

func said(key string, id ticket.ID, text string) ticket.Message {
	return ticket.Message{Key: key, Ticket: id, Content: channel.Message{Text: text}}
}

func putValue(name string) func(ticket.Tx) error {
	return func(tx ticket.Tx) error {
		tx.PutValue(ticket.Value{Key: ticket.ValueKey{Space: "space", Name: name}, Data: []byte("1")})
		return nil
	}
}

func hasValue(t *testing.T, s *Store, name string) bool {
	t.Helper()
	values := view(t, s, func(r ticket.Reader) ([]ticket.Value, error) {
		return r.Values(ticket.ValueKey{Space: "space", Name: name})
	})
	return len(values[0].Data) > 0
}

func TestATextThatIsRemovedLeavesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tickets.db")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	put := func(text string) {
		update(t, s, func(tx ticket.Tx) error {
			tx.PutTicket(ticket.Ticket{ID: "t", Status: ticket.Open})
			for i := range 40 {
				tx.PutMessage(said(fmt.Sprint("other", i), "t", fmt.Sprint("An ordinary message, number ", i)))
			}
			tx.PutMessage(said("m", "t", text))
			return nil
		})
	}
	search := func(word string) int {
		list, err := s.Search(t.Context(), "brand", word, ticket.Page{})
		if err != nil {
			t.Fatal(err)
		}
		return len(list.Items)
	}
	put("my secret is xylophone")
	if n := search("Xylophone"); n != 1 {
		t.Errorf("%d tickets found by the word, want 1", n)
	}
	put("")
	if n := search("xylophone"); n != 0 {
		t.Errorf("%d tickets found by the word that was removed", n)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil { // the log is written back into the file
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(bytes.ToLower(data), []byte("xylophone")) {
		t.Error("the word is still in the file")
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file has mode %v, want one that others cannot read: %v", info.Mode(), err)
	}
}

func TestSearchTakesAnyWords(t *testing.T) {
	t.Parallel()
	s := openTest(t, nil)
	update(t, s, func(tx ticket.Tx) error {
		tx.PutTicket(ticket.Ticket{ID: "t"})
		tx.PutMessage(said("m", "t", `It's "broken" (again): 100% AND NOT text:ok`))
		return nil
	})
	for query, want := range map[string]int{
		`"broken"`: 1, `IT'S`: 1, `(again)`: 1, `text:ok`: 1, `AND`: 1, `NOT OK`: 1, `100%`: 1, `"`: 0, `*`: 0, `tenant:t1`: 0, `brok*`: 0, `-again`: 1, `again OR nothing`: 0,
	} {
		list, err := s.Search(t.Context(), "brand", query, ticket.Page{})
		if err != nil || len(list.Items) != want {
			t.Errorf("%s: %d tickets, %v; want %d", query, len(list.Items), err, want)
		}
	}
	if _, err := s.Search(t.Context(), "brand", "ok", ticket.Page{After: "?"}); err == nil {
		t.Error("a page that no list named is taken")
	}
}

func TestBackupWhileWriting(t *testing.T) {
	t.Parallel()
	s := openTest(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	written := make(chan error, 1)
	begun := make(chan struct{})
	go func() { // each Update writes two values: a copy holds both or none
		var err error
		for i := 0; err == nil && ctx.Err() == nil; i++ {
			err = s.Update(context.WithoutCancel(ctx), "brand", func(tx ticket.Tx) error {
				return errors.Join(putValue(fmt.Sprint("a", i))(tx), putValue(fmt.Sprint("b", i))(tx))
			})
			if i == 20 {
				close(begun)
			}
		}
		written <- err
	}()
	<-begun
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	stop()
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), path); err == nil || !strings.Contains(err.Error(), "exists") {
		t.Errorf("a second backup to the same file: %v, want that it is refused", err)
	}
	if left, err := filepath.Glob(filepath.Join(filepath.Dir(path), ".backup-*")); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	restored, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer restored.Close()
	if err := restored.Check(t.Context()); err != nil {
		t.Error(err)
	}
	list := view(t, restored, func(r ticket.Reader) (ticket.List[ticket.Value], error) {
		return r.ListValues("space", ticket.Page{Limit: 1_000_000})
	})
	if n := len(list.Items); n < 42 || n%2 != 0 {
		t.Errorf("the copy has %d values, want an even number from 42 on", n)
	}
}

func TestCheckFindsDamage(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tickets.db")
	s, err := Open(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	update(t, s, func(tx ticket.Tx) error {
		for i := range 500 {
			tx.PutMessage(said(fmt.Sprint("m", i), "t", "An ordinary message"))
		}
		return nil
	})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	clear(data[len(data)/2 : len(data)/2+8192])
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = Open(path, nil)
	if err == nil {
		err = s.Check(t.Context())
		s.Close()
	}
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("two pages are zero: %v, want that the file is damaged", err)
	}
}

func TestWhatIsNoDatabaseFile(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(text, bytes.Repeat([]byte("no database\n"), 1000), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		text:                                     "is no database",
		t.TempDir():                              "is a directory",
		filepath.Join(t.TempDir(), "no", "a.db"): "no such file",
	} {
		if _, err := Open(path, nil); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("open %s: %v, want %q", path, err, want)
		}
	}
	memory, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		t.Fatal(err)
	}
	defer memory.Close()
	if _, err := New(memory, nil); err == nil || !strings.Contains(err.Error(), "not in a file") {
		t.Errorf("a database in memory: %v", err)
	}
	few, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "a.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer few.Close()
	few.SetMaxOpenConns(2)
	if _, err := New(few, nil); err == nil || !strings.Contains(err.Error(), "2 connections") {
		t.Errorf("a database that allows two connections: %v", err)
	}
	odd := filepath.Join(t.TempDir(), "a?b#c %41.db")
	s, err := Open(odd, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := os.Stat(odd); err != nil {
		t.Errorf("a file with an odd name: %v", err)
	}
}

// What happens to the file is told as ticket.ErrUnavailable, nothing of the failed Update is there, and once the cause is gone all goes on.
func TestTheStoreComesBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "tickets.db")
	s, err := Open(path, &Options{Busy: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	update(t, s, putValue("first"))
	other, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	holder, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	execute := func(query string) {
		t.Helper()
		if _, err := holder.ExecContext(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	unavailable := func(what, want string, fn func(ticket.Tx) error) {
		t.Helper()
		if err := s.Update(t.Context(), "brand", fn); !errors.Is(err, ticket.ErrUnavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want ErrUnavailable and %q", what, err, want)
		}
		if !hasValue(t, s, "first") || hasValue(t, s, "lost") {
			t.Errorf("%s: what was there is gone, or what failed is there", what)
		}
	}

	execute("BEGIN IMMEDIATE")
	unavailable("the file is locked", "another program holds the file", putValue("lost"))
	execute("ROLLBACK")
	update(t, s, putValue("after the lock"))

	w := <-s.writer // a limit of the connection stands for a full disk
	pages, err := w.number("PRAGMA page_count")
	if err == nil {
		_, err = w.number(fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	}
	s.writer <- w
	if err != nil {
		t.Fatal(err)
	}
	unavailable("the disk is full", "the disk is full", func(tx ticket.Tx) error {
		for i := range 100 {
			tx.PutMessage(said(fmt.Sprint(i), "t", strings.Repeat("long ", 1000)))
		}
		return putValue("lost")(tx)
	})
	update(t, s, putValue("after the disk was full")) // the failed connection was given up, and its limit with it

	w = <-s.writer
	w.on.(*sql.Conn).Close()
	s.writer <- w
	unavailable("the connection is gone", "the connection is closed", putValue("lost"))
	update(t, s, putValue("after the connection was gone"))
}

func TestAClosedHostDatabaseIsUnavailable(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "host.db"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(db, nil)
	if err != nil {
		t.Fatal(err)
	}
	db.Close() // what is connected stays so
	if err := s.View(t.Context(), "brand", func(ticket.Reader) error { return nil }); !errors.Is(err, ticket.ErrUnavailable) {
		t.Errorf("view: %v, want ErrUnavailable", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if err := s.Update(t.Context(), "brand", putValue("a")); !errors.Is(err, ticket.ErrClosed) {
		t.Errorf("update after Close: %v, want ErrClosed", err)
	}
}
