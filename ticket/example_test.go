package ticket_test

import (
	"context"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/ticket"
)

func Example() {
	ctx := context.Background()
	store := ticket.NewMemory(nil)
	defer store.Close()

	err := store.Update(ctx, "ao", func(tx ticket.Tx) error {
		tx.PutTicket(ticket.Ticket{ID: "T-1", Status: ticket.Open, Lane: "returns", Subject: "Where is my washing machine?",
			Created: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)})
		tx.Append(ticket.Entry{Key: "T-1/created", Kind: ticket.TicketCreated, Ticket: "T-1"})
		return nil
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	err = store.View(ctx, "ao", func(r ticket.Reader) error {
		open, err := r.ListTickets(ticket.TicketQuery{Lane: "returns", Statuses: []ticket.Status{ticket.New, ticket.Open}})
		if err != nil {
			return err
		}
		for _, t := range open.Items {
			fmt.Println(t.ID, t.Status, t.Subject)
		}
		journal, err := r.Journal(ticket.JournalQuery{Ticket: "T-1"})
		for _, e := range journal {
			fmt.Println(e.Kind)
		}
		return err
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// T-1 open Where is my washing machine?
	// ticket.created
}

// A claimer takes a task, does it, and records the outcome in the Update that finishes it.
func ExampleTx_claim() {
	ctx := context.Background()
	store := ticket.NewMemory(nil)
	defer store.Close()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

	var leases []ticket.Lease
	steps := []func(ticket.Tx) error{
		func(tx ticket.Tx) error {
			tx.Schedule(ticket.Task{ID: "send/1", Kind: "send", Queue: "send/facebook/1234", Key: "T-1", Due: now})
			tx.Schedule(ticket.Task{ID: "send/2", Kind: "send", Queue: "send/facebook/1234", Key: "T-1", Due: now})
			return nil
		},
		func(tx ticket.Tx) (err error) {
			leases, err = tx.Claim(ticket.ClaimQuery{Now: now, Limit: 10})
			return err
		},
		func(tx ticket.Tx) error { return tx.Finish(leases[0]) },
	}
	for _, step := range steps {
		if err := store.Update(ctx, "ao", step); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(len(leases), "claimed:", leases[0].ID) // the second waits for the first: both have the key T-1
	// Output:
	// 1 claimed: send/1
}
