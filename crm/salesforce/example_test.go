package salesforce_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
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

// A login with a certificate: the key belongs to the certificate that was uploaded to the app.
func ExampleJWTBearer() {
	login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.FormValue("grant_type"))
		_, _ = io.WriteString(w, `{"access_token":"00Dxx", "instance_url":"https://acme.my.salesforce.com"}`)
	}))
	defer login.Close()
	key, err := rsa.GenerateKey(rand.Reader, 2048) // or x509.ParsePKCS8PrivateKey of a file
	if err != nil {
		fmt.Println(err)
		return
	}
	source := salesforce.JWTBearer(salesforce.Login{Host: login.URL, ClientID: "the app's consumer key"}, "desk@acme.example", key, "")
	token, err := source.Token() // the sink asks by itself, and again when a session has ended
	fmt.Println(token.Extra("instance_url"), err)
	// Output:
	// urn:ietf:params:oauth:grant-type:jwt-bearer
	// https://acme.my.salesforce.com <nil>
}
