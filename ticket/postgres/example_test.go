package postgres_test

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/socialcrm/socialcrm/ticket"
	"github.com/socialcrm/socialcrm/ticket/postgres"
	"github.com/socialcrm/socialcrm/ticket/postgres/postgrestest"
)

func Example() {
	server, err := postgrestest.Start() // yours runs already
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	ctx := context.Background()

	for range 2 { // the second time it continues with what is there
		store, err := postgres.Open(ctx, server.DSN, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		err = store.Update(ctx, "brand", func(tx ticket.Tx) error {
			found, err := tx.Tickets("T-1")
			if err != nil {
				return err
			}
			t := found[0]
			t.ID, t.Status, t.Version = "T-1", ticket.Open, t.Version+1
			tx.PutTicket(t)
			fmt.Println("version", t.Version)
			return nil
		})
		if err != nil {
			fmt.Println(err)
		}
		store.Close()
	}
	// Output:
	// version 1
	// version 2
}

// An order of the shop and the ticket about it are committed together.
func ExampleWithTx() {
	server, err := postgrestest.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer server.Close()
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, server.DSN)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer pool.Close()
	store, err := postgres.New(ctx, pool, &postgres.Options{Schema: "tickets"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer store.Close()

	err = pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "create table refunds as select 'T-1' as ticket, 49.90 as amount"); err != nil {
			return err
		}
		return store.Update(postgres.WithTx(ctx, tx), "brand", func(tx ticket.Tx) error {
			tx.PutTicket(ticket.Ticket{ID: "T-1", Status: ticket.Solved, Tags: []string{"refunded"}})
			return nil
		})
	})
	if err != nil {
		fmt.Println(err) // a postgres.ErrConflict: do all of it again
		return
	}
	var status, amount string
	err = pool.QueryRow(ctx, "select t.data ->> 'status', r.amount::text from tickets.tickets t join refunds r on r.ticket = t.id").Scan(&status, &amount)
	fmt.Println(status, amount, err)
	// Output:
	// solved 49.90 <nil>
}
