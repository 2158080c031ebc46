package desktest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/ticket"
)

// SmallDisk mounts a filesystem of so many MiB for a test that fills it, and returns where. It belongs to the owner; empty: to whoever runs the test. Where this process may
// not mount, the test is skipped.
func SmallDisk(t *testing.T, size int, owner string) (folder string) {
	t.Helper()
	options := fmt.Sprintf("size=%dm", size)
	if owner != "" {
		u, err := user.Lookup(owner)
		if err != nil {
			t.Skipf("there is no user %s: %v", owner, err)
		}
		options += ",mode=0700,uid=" + u.Uid + ",gid=" + u.Gid
	}
	folder, err := os.MkdirTemp("", "small")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(folder) })
	if err := errors.Join(os.Chmod(folder, 0o755), syscall.Mount("tmpfs", folder, "tmpfs", 0, options)); err != nil {
		t.Skipf("only root may mount a small filesystem: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(folder, 0); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// FullDisk lets a running Desk meet a disk that is full, a real one, and have room again.
type FullDisk struct {
	// Folder lies on the small disk, as the data of the Store does.
	Folder string
	Store  ticket.Store
	// Later moves the Store's clock on by an hour, so that nobody waits for the leases of tasks whose outcome could not be written.
	Later func()
}

// Run expects that what is not stored is answered 503, that the Desk goes on by itself once there is room, and that every invariant holds then.
func (f FullDisk) Run(t *testing.T) {
	t.Helper()
	platform, sink := channeltest.New(channeltest.Options{}), crmtest.New(crmtest.Options{})
	page := platform.Account(channel.Account{AccountID: channel.AccountID{ID: "shop"}, Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)})
	desk, err := socialcrm.New(socialcrm.Config{
		Store: f.Store, Setup: Company(), Channels: []channel.Channel{page.Only(channeltest.Finds)}, Sinks: []crm.Sink{sink}, Sources: []channel.Source{struct{ channel.Receiver }{platform}},
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
	filler := fillUp(t, f.Folder)
	refused := 0
	for tries := 0; refused < 5; tries++ { // what there is of room in the files is used first
		if status := write(); status == 503 {
			refused++
		} else if status != 200 || tries > 5000 {
			t.Fatalf("with a full disk, after %d messages: %d", tries, status)
		}
	}
	time.Sleep(200 * time.Millisecond) // and workers meet it too
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	f.Later()
	for begun := time.Now(); deliver() != 200; time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatal("there is room again, and nothing is taken in")
		}
	}
	for begun := time.Now(); f.left(t) > 0; time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("%d tasks are left", f.left(t))
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("run: %v", err)
	}
	invariants := Invariants{Reporter: t, Platform: platform, CRM: sink, Store: f.Store, Now: time.Now()}
	invariants.Check()
}

// fillUp writes a file until there is no room for any more.
func fillUp(t *testing.T, folder string) string {
	t.Helper()
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
	return filler.Name()
}

// left counts the pushes to the CRM that are still to be done.
func (f FullDisk) left(t *testing.T) (n int) {
	t.Helper()
	if err := f.Store.View(t.Context(), "", func(r ticket.Reader) error {
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
