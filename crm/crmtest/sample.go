package crmtest

import (
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// sampleChange is a ticket with its contact and n interactions, all named after id.
func sampleChange(id string, n int) crm.Change {
	contact := sampleContact(id)
	c := crm.Change{
		Subject: crm.Subject{Ticket: ticket.ID("T-" + id)},
		Contact: &contact,
		Case: &crm.Case{
			Key: "case-" + id, Contact: contact.Key, Subject: "Where is my bag?", Status: ticket.Open, Priority: ticket.High,
			Account: channel.AccountID{Platform: "facebook", ID: "1234"}, Language: "en", Lane: "baggage", Team: "ground", Agent: "jo",
			Tags: []string{"baggage"}, Created: sampleTime(),
		},
	}
	for i := range n {
		c.Interactions = append(c.Interactions, sampleInteraction(id, i+1))
	}
	return c
}

func sampleTime() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

func sampleContact(id string) crm.Contact {
	return crm.Contact{
		Key: "contact-" + id, Name: "Ada " + id, Language: "en", Emails: []string{id + "@example.org"},
		Identities: []crm.Identity{{Platform: "facebook", Author: sampleAuthor(id)}},
	}
}

func sampleAuthor(id string) channel.Author {
	return channel.Author{ID: "1234:author-" + id, Name: "Ada " + id, URL: "https://social.example/" + id}
}

// sampleInteraction is the i-th interaction, counted from 1: the customer and the brand take turns.
func sampleInteraction(id string, i int) crm.Interaction {
	in := crm.Interaction{
		Key: fmt.Sprintf("in-%s-%d", id, i), Message: fmt.Sprintf("1234_%s:%d", id, i), Direction: ticket.Inbound, Author: sampleAuthor(id),
		Text: fmt.Sprintf("message %d of %s", i, id), URL: fmt.Sprintf("https://social.example/%s/%d", id, i),
		Time: sampleTime().Add(time.Duration(i) * time.Minute), Order: fmt.Sprintf("%06d", i),
	}
	if i%2 == 0 {
		in.Direction, in.Author, in.Actor, in.State = ticket.Outbound, channel.Author{}, ticket.Agent("jo"), ticket.PostSent
	}
	return in
}
