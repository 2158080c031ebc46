package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

// client is an agent's program, as far as the demo and the tests need one.
type client struct {
	address string
	token   string
}

// tickets lists tickets; query is that of GET /api/tickets.
func (c client) tickets(ctx context.Context, query string) ([]ticket.Ticket, error) {
	var got page[ticket.Ticket]
	err := c.call(ctx, http.MethodGet, "/api/tickets?"+query, "", nil, &got)
	return got.Items, err
}

// messages lists what was said in a ticket.
func (c client) messages(ctx context.Context, id ticket.ID) ([]ticket.Message, error) {
	var got struct {
		Messages page[ticket.Message] `json:"messages"`
	}
	err := c.call(ctx, http.MethodGet, "/api/tickets/"+url.PathEscape(string(id)), "", nil, &got)
	return got.Messages.Items, err
}

// do does something to a ticket; key makes it happen once, however often it is asked for.
func (c client) do(ctx context.Context, id ticket.ID, verb, key string, body map[string]string) (socialcrm.Receipt, error) {
	var receipt socialcrm.Receipt
	err := c.call(ctx, http.MethodPost, "/api/tickets/"+url.PathEscape(string(id))+"/"+verb, key, body, &receipt)
	return receipt, err
}

// is says whether the agent is there.
func (c client) is(ctx context.Context, presence string) error {
	var got me
	return c.call(ctx, http.MethodPut, "/api/agents/me/presence", "", map[string]string{"presence": presence}, &got)
}

// next takes the ticket whose turn it is.
func (c client) next(ctx context.Context, key string) (ticket.ID, error) {
	var receipt socialcrm.Receipt
	err := c.call(ctx, http.MethodPost, "/api/next", key, nil, &receipt)
	return receipt.Ticket, err
}

func (c client) call(ctx context.Context, method, path, key string, body map[string]string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var sent io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.address+path, sent)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode != http.StatusOK:
		return fmt.Errorf("%s %s: %s: %s", method, path, answer.Status, bytes.TrimSpace(data))
	}
	return json.Unmarshal(data, into)
}
