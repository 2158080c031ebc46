package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/internal/desktest"
	"github.com/socialcrm/socialcrm/ticket"
)

// A running Desk meets a full disk, a real one, and goes on by itself once there is room: what it acknowledged is there, what it did not was answered 503.
func TestAFullDiskLosesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	if err := syscall.Mount("tmpfs", folder, "tmpfs", 0, "size=6m"); err != nil {
		t.Skipf("only root may mount a small filesystem: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	var later atomic.Bool // so that nobody waits for the leases of tasks whose outcome could not be written
	store, err := Open(filepath.Join(folder, "tickets.db"), &Options{Now: func() time.Time {
		if later.Load() {
			return time.Now().Add(time.Hour)
		}
		return time.Now()
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	platform, sink := channeltest.New(channeltest.Options{}), crmtest.New(crmtest.Options{})
	page := platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)})
	desk, err := socialcrm.New(socialcrm.Config{
		Store: store, Setup: desktest.Company(), Channels: []channel.Channel{page.Only(channeltest.Finds)}, Sinks: []crm.Sink{sink}, Sources: []channel.Source{struct{ channel.Receiver }{platform}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- desk.Run(ctx) }()

	sent := 0
	deliver := func() int { // the next message, or the one that was not taken, again
		return platform.Deliver(desk.Webhooks())
	}
	write := func() int {
		sent++
		platform.Customer(fmt.Sprint("customer", sent%7)).Write(page, fmt.Sprint("Message number ", sent))
		return deliver()
	}
	for range 20 {
		if status := write(); status != 200 {
			t.Fatalf("before: %d", status)
		}
	}
	filler, err := os.Create(filepath.Join(folder, "filler"))
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 1<<12); err == nil; {
		_, err = filler.Write(block)
	}
	if filler.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	refused := 0
	for tries := 0; refused < 5; tries++ { // what there is of room in the log is used first
		if status := write(); status == 503 {
			refused++
		} else if status != 200 || tries > 5000 {
			t.Fatalf("with a full disk, after %d messages: %d", tries, status)
		}
	}
	time.Sleep(200 * time.Millisecond) // and workers meet it too
	if err := os.Remove(filler.Name()); err != nil {
		t.Fatal(err)
	}
	later.Store(true)
	for begun := time.Now(); deliver() != 200; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatal("there is room again, and nothing is taken in")
		}
	}
	invariants := desktest.Invariants{Reporter: t, Platform: platform, CRM: sink, Store: store}
	for begun := time.Now(); left(t, store) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("%d tasks are left", left(t, store))
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	invariants.Now = time.Now()
	invariants.Check()
	if err := store.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// left counts the pushes to the CRM that are still to be done.
func left(t *testing.T, s *Store) (n int) {
	t.Helper()
	if err := s.View(t.Context(), "", func(r ticket.Reader) error {
		list, err := r.ListTasks(ticket.TaskQuery{Queue: "sync/crm"})
		for _, task := range list.Items {
			if task.Kind == "sync" {
				n++
			}
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}
