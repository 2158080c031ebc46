package rt

import (
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// change is a ticket with n messages of a customer.
func change(n int, text string) crm.Change {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	author := channel.Author{ID: "1234:5", Name: "Zoë"}
	c := crm.Change{
		Subject: crm.Subject{Ticket: "case-1"},
		Contact: &crm.Contact{Key: "contact-1", Name: "Zoë", Emails: []string{"zoe@example.org"}, Identities: []crm.Identity{{Platform: "facebook", Author: author}}},
		Case: &crm.Case{
			Key: "case-1", Contact: "contact-1", Subject: "Where is my bag?", Status: ticket.Open, Account: channel.AccountID{Platform: "facebook", ID: "1234"}, Created: at,
		},
	}
	for i := range n {
		c.Interactions = append(c.Interactions, crm.Interaction{
			Key: fmt.Sprint("in-", i+1), Direction: ticket.Inbound, Author: author, Text: text, Time: at.Add(time.Duration(i) * time.Minute),
		})
	}
	return c
}
