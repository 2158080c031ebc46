package crmtest_test

import (
	"context"
	"fmt"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/ticket"
)

// A CRM that goes away half way: the Receipt tells how far it got, and pushing the same Change again completes it.
func Example() {
	ctx := context.Background()
	fake := crmtest.New(crmtest.Options{})
	change := crm.Change{
		Subject:      crm.Subject{Ticket: "T1"},
		Contact:      &crm.Contact{Key: "contact-1", Name: "Ada"},
		Case:         &crm.Case{Key: "case-1", Status: ticket.Open},
		Interactions: []crm.Interaction{{Key: "in-1", Direction: ticket.Inbound, Text: "Where is my bag?"}},
	}

	fake.Queue(crmtest.Cut(2))
	receipt, err := fake.Push(ctx, change)
	fmt.Println(err)
	fmt.Println(receipt.Contact, receipt.Case, len(receipt.Interactions))

	receipt, err = fake.Push(ctx, change)
	fmt.Println(receipt.Interactions["in-1"], err)
	for _, in := range fake.Interactions("case-1") {
		fmt.Println(in.Text)
	}
	// Output:
	// crm: push ticket/T1: unavailable: a fault made by the test
	// contact-1 case-1 0
	// interaction-1 <nil>
	// Where is my bag?
}
