package rt_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/rt"
	"github.com/socialcrm/socialcrm/ticket"
)

// A ticket and its first message are looked for, made and read again. Against a real RT, Address is where it is and HTTP is left out.
func Example() {
	answers := map[string]string{
		"GET /REST/2.0/queue/Social":      `{"Name": "Social", "TicketCustomFields": [{"name": "SocialKey"}]}`,
		"GET /REST/2.0/tickets":           `{"items": []}`,
		"POST /REST/2.0/ticket":           `{"id": "4", "type": "ticket"}`,
		"POST /REST/2.0/ticket/4/comment": `["Comments added"]`,
		"GET /REST/2.0/ticket/4": `{"id": 4, "Subject": "Where is my bag?", "Status": "open", "Priority": "50", "Owner": {"id": "Nobody"},
			"CustomFields": [{"name": "SocialKey", "values": ["social-case-1"]}], "_hyperlinks": [{"ref": "comment"}]}`,
	}
	made := map[string]string{"POST /REST/2.0/ticket": "/REST/2.0/ticket/4", "POST /REST/2.0/ticket/4/comment": "/REST/2.0/transaction/51"}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		call := r.Method + " " + r.URL.Path
		fmt.Println(call)
		if location, ok := made[call]; ok {
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusCreated)
		}
		_, _ = io.WriteString(w, answers[call])
	}))
	defer server.Close()

	sink := rt.New(rt.Options{Address: server.URL, HTTP: server.Client(), Token: "1-32-of-our-user", User: "socialcrm"})
	receipt, err := sink.Push(context.Background(), crm.Change{
		Subject:      crm.Subject{Ticket: "case-1"},
		Case:         &crm.Case{Key: "case-1", Subject: "Where is my bag?", Status: ticket.Open},
		Interactions: []crm.Interaction{{Key: "in-1", Direction: ticket.Inbound, Text: "Where is my bag?"}},
	})
	fmt.Println(receipt.Case, receipt.Interactions["in-1"], err)
	// Output:
	// GET /REST/2.0/queue/Social
	// GET /REST/2.0/tickets
	// POST /REST/2.0/ticket
	// GET /REST/2.0/ticket/4
	// POST /REST/2.0/ticket/4/comment
	// 4 51 <nil>
}
