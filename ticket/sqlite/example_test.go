package sqlite_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/sqlite"
)

func Example() {
	folder, err := os.MkdirTemp("", "tickets")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "tickets.db")
	ctx := context.Background()

	store, err := sqlite.Open(path, nil) // give it to socialcrm.Config.Store
	if err != nil {
		log.Fatal(err)
	}
	if err := store.Update(ctx, "brand", func(tx ticket.Tx) error {
		tx.PutTicket(ticket.Ticket{ID: "t1", Status: ticket.Open, Subject: "Where is my parcel?"})
		return nil
	}); err != nil {
		log.Fatal(err)
	}
	if err := store.Close(); err != nil {
		log.Fatal(err)
	}

	store, err = sqlite.Open(path, nil) // the next day
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	if err := store.View(ctx, "brand", func(r ticket.Reader) error {
		tickets, err := r.Tickets("t1")
		if err == nil {
			fmt.Println(tickets[0].Subject)
		}
		return err
	}); err != nil {
		log.Fatal(err)
	}
	// Output: Where is my parcel?
}

func ExampleStore_Backup() {
	folder, err := os.MkdirTemp("", "tickets")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	store, err := sqlite.Open(filepath.Join(folder, "tickets.db"), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	fmt.Println(store.Backup(context.Background(), filepath.Join(folder, "monday.db")))
	// Output: <nil>
}
