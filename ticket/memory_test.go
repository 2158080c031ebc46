package ticket

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

func TestTheZeroMemoryIsReady(t *testing.T) {
	t.Parallel()
	var m Memory
	if err := m.Update(t.Context(), "brand", func(tx Tx) error {
		tx.PutTicket(Ticket{ID: "t"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if err := m.View(t.Context(), "brand", func(r Reader) error {
		got, err := r.Tickets("t")
		if err == nil && got[0].ID != "t" {
			t.Errorf("got %+v", got[0])
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAnUpdateThatWaitsForAnotherEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := NewMemory(nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := m.Update(t.Context(), "brand", func(Tx) error {
			waited := make(chan error)
			go func() { waited <- m.Update(ctx, "brand", func(Tx) error { return errors.New("it ran") }) }()
			if err := <-waited; !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the waiting Update returns %v", err)
			}
			return m.Update(t.Context(), "another tenant", func(Tx) error { return nil }) // which waits for nobody
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAReaderKeptBeyondItsFunctionOnlyFails(t *testing.T) {
	t.Parallel()
	m := NewMemory(nil)
	var kept Tx
	if err := m.Update(t.Context(), "brand", func(tx Tx) error {
		kept = tx
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for name, use := range map[string]func() error{
		"Tickets":      func() error { _, err := kept.Tickets("t"); return err },
		"Seen":         func() error { _, err := kept.Seen(EventKey{}); return err },
		"Waiting":      func() error { _, err := kept.Waiting("", Page{}); return err },
		"WaitingFirst": func() error { _, err := kept.WaitingFirst(""); return err },
		"WaitingOf":    func() error { _, err := kept.WaitingOf("", "", Page{}); return err },
		"Journal":      func() error { _, err := kept.Journal(JournalQuery{}); return err },
		"Claim":        func() error { _, err := kept.Claim(ClaimQuery{}); return err },
		"Finish":       func() error { return kept.Finish(Lease{Token: 1}) },
		"Reserve":      func() error { _, err := kept.Reserve("ann", "t", 1); return err },
		"NextDue":      func() error { _, err := kept.NextDue(modelTime); return err },
		"Postpone":     func() error { return kept.Postpone(Lease{Token: 1}, modelTime, "") },
	} {
		if err := use(); err == nil {
			t.Errorf("%s works after the Update", name)
		}
	}
}

func TestARefLeadsToTheMessagePutLast(t *testing.T) {
	t.Parallel()
	m := NewMemory(nil)
	put := func(key, id string) func(Tx) error {
		return func(tx Tx) error {
			tx.PutMessage(Message{Key: key, Content: channel.Message{ID: id}})
			return nil
		}
	}
	find := func(what, id, want string) {
		t.Helper()
		if err := m.View(t.Context(), "brand", func(r Reader) error {
			got, err := r.MessagesByRef(MessageRef{ID: id})
			if err == nil && got[0].Key != want {
				t.Errorf("%s: found %q, want %q", what, got[0].Key, want)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		what string
		do   func(Tx) error
		want string
	}{
		{"the first", put("a", "1"), "a"},
		{"the second", put("b", "1"), "b"},
		{"the first under another", put("a", "2"), "b"},
		{"the second under another", put("b", "3"), ""},
	} {
		if err := m.Update(t.Context(), "brand", step.do); err != nil {
			t.Fatal(err)
		}
		find(step.what, "1", step.want)
	}
	find("at the end", "2", "a")
}

func TestExpiredValuesAreDropped(t *testing.T) {
	t.Parallel()
	now := modelTime
	m := NewMemory(&MemoryOptions{Now: func() time.Time { return now }})
	for i := range 1000 {
		now = now.Add(time.Second)
		if err := m.Update(t.Context(), "brand", func(tx Tx) error {
			tx.PutValue(Value{Key: ValueKey{"receipts", now.String()}, Expires: now.Add(10 * time.Second)})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n := len(m.tenants["brand"].values.byKey); n > 15 {
			t.Fatalf("%d values are kept after %d, want those of the last ten seconds", n, i)
		}
	}
}
