package crm_test

import (
	"context"
	"fmt"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// notebook is the smallest sink: it upserts by key, so that a push may be repeated. A real one talks to a CRM over a remote.Client.
type notebook map[string]string

func (notebook) Name() string { return "notebook" }

func (n notebook) Push(_ context.Context, c crm.Change) (crm.Receipt, error) {
	receipt := crm.Receipt{Refs: crm.Refs{Interactions: make(map[string]string)}}
	if c.Contact != nil {
		n[c.Contact.Key] = c.Contact.Name
		receipt.Contact = c.Contact.Key
	}
	if c.Case != nil {
		n[c.Case.Key] = string(c.Case.Status)
		receipt.Case = c.Case.Key
	}
	for _, in := range c.Interactions {
		n[in.Key] = in.Text
		receipt.Interactions[in.Key] = in.Key
	}
	return receipt, nil
}

// What the Desk does with a sink: it pushes one subject, here a ticket with its contact and its first message.
func Example() {
	var sink crm.Sink = notebook{}
	change := crm.Change{
		Subject:      crm.Subject{Ticket: "T1"},
		Contact:      &crm.Contact{Key: "contact-1", Name: "Ada"},
		Case:         &crm.Case{Key: "case-1", Contact: "contact-1", Status: ticket.Open},
		Interactions: []crm.Interaction{{Key: "in-1", Direction: ticket.Inbound, Text: "Where is my bag?"}},
	}
	for range 2 { // twice is as good as once
		if _, err := sink.Push(context.Background(), change); err != nil {
			fmt.Println(err)
			return
		}
	}
	fmt.Println(sink)
	// Output:
	// map[case-1:open contact-1:Ada in-1:Where is my bag?]
}
