// Package guestbook is a channel adapter as an integrator writes one, for an invented platform: a guestbook on the web, where people write in public, answers
// hang below an entry, and webhooks tell what is new. The test beside it holds the adapter to the conformance kit.
package guestbook

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Options say which guestbook is ours, and how to get in.
type Options struct {
	Base   string // the API's address
	ID     string // our account's
	Token  string // for the API
	Secret string // with which webhooks are signed
}

// Channel is our account on the platform: a channel.Channel that is also a channel.Poller and a channel.Receiver.
type Channel struct {
	account   channel.Account
	client    remote.Client
	signature remote.Signature
}

// New returns the adapter.
func New(o Options) *Channel {
	id := channel.AccountID{Platform: "guestbook", ID: o.ID}
	return &Channel{
		account: channel.Account{AccountID: id},
		client: remote.Client{
			Name: "guestbook", Base: o.Base, Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: o.Token}),
			Scopes: []remote.Scope{{Level: remote.LevelAccount, ID: id.String()}},
		},
		signature: remote.Signature{Header: "X-Guestbook-Signature", Keys: [][]byte{[]byte(o.Secret)}},
	}
}

// Account says which account this is.
func (c *Channel) Account() channel.Account { return c.account }

// Name is what cursors are kept under, and the end of the webhook's path.
func (c *Channel) Name() string { return c.account.AccountID.String() }

// Traits say that an entry has up to 280 bytes, and that our own come back as events.
func (c *Channel) Traits(channel.Visibility) channel.Traits {
	return channel.Traits{MaxText: 280, Count: func(text string) int { return len(text) }, Echoes: true}
}

// entry is what people write into a guestbook. The root of its thread is itself, if it answers nothing.
type entry struct {
	ID      string    `json:"id"`
	Root    string    `json:"root"`
	Answers string    `json:"answers"`
	By      string    `json:"by"`
	Text    string    `json:"text"`
	Written time.Time `json:"written"`
}

// Send makes one entry. What a failure means is for package remote to say.
func (c *Channel) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	var made entry
	_, err := c.client.Do(ctx, remote.Request{
		Op: "answer " + out.InReplyTo, Path: "/entries", JSON: map[string]string{"answers": out.InReplyTo, "text": out.Text}, Into: &made,
	})
	if err != nil {
		return channel.Sent{}, err
	}
	if made.ID == "" { // some proxy's answer: the entry may be there
		return channel.Sent{}, &remote.Error{Op: "guestbook: answer " + out.InReplyTo, Kind: remote.Unknown, Message: "the answer names no entry"}
	}
	return channel.Sent{ID: made.ID, Thread: made.Root, Time: made.Written}, nil
}

// page is a part of the guestbook, as a poll and as a webhook bring it.
type page struct {
	Entries []json.RawMessage `json:"entries"`
	Next    string            `json:"next"`
	More    bool              `json:"more"`
}

// Poll brings the entries behind the cursor, our own included.
func (c *Channel) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	var p page
	query := url.Values{"after": {string(after)}}
	if _, err := c.client.Do(ctx, remote.Request{Op: "list entries", Path: "/entries", Query: query, Into: &p}); err != nil {
		return channel.Batch{}, err
	}
	d := c.events(p)
	return channel.Batch{Events: d.Events, Bad: d.Bad, Cursor: channel.Cursor(p.Next), More: p.More}, nil
}

// Verify checks the signature over the raw body.
func (c *Channel) Verify(call channel.Call) (*channel.Response, error) {
	if err := c.signature.Verify(call.Header, call.Body); err != nil {
		return nil, &remote.Error{Op: "guestbook: verify webhook", Kind: remote.Unauthorized, Err: err}
	}
	return nil, nil
}

// Decode turns a webhook's body into events.
func (c *Channel) Decode(call channel.Call) (channel.Delivery, error) {
	var p page
	if err := json.Unmarshal(call.Body, &p); err != nil {
		return channel.Delivery{}, fmt.Errorf("guestbook: decode webhook: %w", err)
	}
	return c.events(p), nil
}

// events keeps what it cannot read, so that it can be tried again, and goes on with the rest.
func (c *Channel) events(p page) (d channel.Delivery) {
	for i, raw := range p.Entries {
		var e entry
		err := json.Unmarshal(raw, &e)
		if err == nil && (e.ID == "" || e.Root == "" || e.By == "") {
			err = fmt.Errorf("id, root or by is missing")
		}
		if err != nil {
			again, _ := json.Marshal(page{Entries: []json.RawMessage{raw}}) // raw came out of JSON, so it goes into JSON
			d.Bad = append(d.Bad, channel.Bad{Account: c.account.AccountID, Where: fmt.Sprintf("entries[%d]", i), Reason: err.Error(), Raw: again})
			continue
		}
		kind := channel.MessageReceived
		if e.By == c.account.ID {
			kind = channel.MessageEchoed
		}
		d.Events = append(d.Events, channel.Event{Kind: kind, Account: c.account.AccountID, Message: channel.Message{
			ID: e.ID, Thread: e.Root, Parent: e.Answers, Author: channel.Author{ID: e.By, Handle: e.By}, Text: e.Text, Time: e.Written,
		}})
	}
	return d
}
