package salesforce_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/crm/salesforce"
	"github.com/socialcrm/socialcrm/ticket"
)

// A case goes to the org in one call. Against a real org, Instance is its address and HTTP is left out.
func Example() {
	org := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Method, r.URL.Path)
		_, _ = io.WriteString(w, `{"compositeResponse": [
			{"referenceId": "case", "httpStatusCode": 201, "body": {"id": "500Qy00000BBBBB", "success": true, "errors": [], "created": true}},
			{"referenceId": "i0", "httpStatusCode": 201, "body": {"id": "a01Qy00000CCCCC", "success": true, "errors": [], "created": true}}
		]}`)
	}))
	defer org.Close()

	sink := salesforce.New(salesforce.Options{
		Instance: org.URL, HTTP: org.Client(), Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "from the login"}),
	})
	receipt, err := sink.Push(context.Background(), crm.Change{
		Subject:      crm.Subject{Ticket: "T1"},
		Case:         &crm.Case{Key: "case-1", Contact: "contact-1", Subject: "Where is my bag?", Status: ticket.Open},
		Interactions: []crm.Interaction{{Key: "in-1", Direction: ticket.Inbound, Text: "Where is my bag?"}},
	})
	fmt.Println(receipt.Case, receipt.Interactions["in-1"], err)
	// Output:
	// POST /services/data/v60.0/composite
	// 500Qy00000BBBBB a01Qy00000CCCCC <nil>
}
