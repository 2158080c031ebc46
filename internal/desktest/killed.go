package desktest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// What the process that is killed is told.
const (
	parentVariable  = "SOCIALCRM_KILL_PARENT"
	addressVariable = "SOCIALCRM_KILL_ADDRESS"
	skewVariable    = "SOCIALCRM_KILL_SKEW"
)

var shop = channel.Account{AccountID: channel.AccountID{Platform: "fakebook", ID: "shop"}, Since: time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)}

// child is the process that is killed: a Desk that takes webhooks, answers, and pushes.
func (k Killing) child(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	skew, err := time.ParseDuration(os.Getenv(skewVariable))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return time.Now().Add(skew) }
	store, err := k.Open(os.Getenv(addressVariable), now)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	home := far(os.Getenv(parentVariable))
	platform := channeltest.New(channeltest.Options{}) // knows the secret of the other one
	desk, err := socialcrm.New(socialcrm.Config{
		Store: store, Setup: Company(), Now: now, Channels: []channel.Channel{farChannel{home}}, Sources: []channel.Source{struct{ channel.Receiver }{platform}},
	})
	if err == nil {
		err = desk.AddSink(farCRM{home})
	}
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/webhooks/", desk.Webhooks())
	mux.HandleFunc("GET /left", func(rw http.ResponseWriter, _ *http.Request) { json.NewEncoder(rw).Encode(left(store)) })
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { stop() })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: mux}
	go server.Serve(listener)
	if _, err := http.Post(string(home)+"/hello?address="+url.QueryEscape("http://"+listener.Addr().String()), "", nil); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() { answered <- answer(ctx, desk, store) }()
	for ctx.Err() == nil {
		if _, err := desk.Tick(ctx); err != nil && ctx.Err() == nil {
			t.Fatal(err)
		}
		select {
		case err := <-answered:
			if ctx.Err() == nil {
				t.Fatal(err)
			}
		case <-time.After(time.Millisecond):
		}
	}
	if err := server.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// answer answers every message that comes. After a start it goes on somewhat before where it was: the key makes it one answer.
func answer(ctx context.Context, desk *socialcrm.Desk, store ticket.Store) error {
	read := ticket.ValueKey{Space: "agent", Name: "read"}
	var from ticket.Position
	if err := store.View(ctx, "", func(r ticket.Reader) error {
		values, err := r.Values(read)
		from = ticket.Position(values[0].Data)
		return err
	}); err != nil {
		return err
	}
	n := 0
	for e, err := range desk.Feed(ctx, from) {
		if err != nil {
			return err
		}
		if e.Kind != ticket.MessageReceived {
			continue
		}
		by := socialcrm.By{Actor: ticket.Agent("ana"), Key: "answer/" + e.Message}
		if _, err := desk.Reply(ctx, e.Ticket, by, socialcrm.Reply{Text: "Here you are: " + e.Message, InReplyTo: e.Message, Then: ticket.Solved}); err != nil {
			return err
		}
		if n++; n%10 == 0 {
			if err := store.Update(ctx, "", func(tx ticket.Tx) error {
				tx.PutValue(ticket.Value{Key: read, Data: []byte(e.Position)})
				return nil
			}); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// left counts what is still to do, polls and deadlines aside; -1: nobody knows.
func left(store ticket.Store) (n int) {
	if err := store.View(context.Background(), "", func(r ticket.Reader) error {
		list, err := r.ListTasks(ticket.TaskQuery{Page: ticket.Page{Limit: everyone}})
		for _, task := range list.Items {
			if task.Kind == "send" || task.Kind == "sync" || task.Kind == "drain" {
				n++
			}
		}
		return err
	}); err != nil {
		return -1
	}
	return n
}

// far is the address of the parent.
type far string

// What goes to the parent and comes back.
type (
	outgoing struct {
		Out   channel.Outgoing
		Tried time.Time
	}
	sent struct {
		Finding channel.Finding
		Sent    channel.Sent
	}
	pushed struct {
		Change  crm.Change
		Receipt crm.Receipt
	}
	result[T any] struct {
		Value T
		Error string      // empty: none
		Kind  remote.Kind // of the error
	}
)

// serve answers a call with what fn returns.
func serve[In, Out any](fn func(In) (Out, error)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			return // the process died while it wrote
		}
		var out result[Out]
		var err error
		if out.Value, err = fn(in); err != nil {
			out.Error, out.Kind = err.Error(), remote.KindOf(err)
		}
		json.NewEncoder(rw).Encode(out)
	}
}

// call asks the parent. What fails on the way may have been done.
func call[In, Out any](ctx context.Context, home far, what string, in In) (Out, error) {
	var out result[Out]
	unknown := func(err error) (Out, error) {
		return out.Value, &remote.Error{Op: what, Kind: remote.Unknown, Err: err}
	}
	body, err := json.Marshal(in)
	if err != nil {
		return unknown(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprint(home, "/", what), bytes.NewReader(body))
	if err != nil {
		return unknown(err)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return unknown(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(&out); err != nil {
		return unknown(err)
	}
	if out.Error != "" {
		return out.Value, &remote.Error{Op: what, Kind: out.Kind, Err: errors.New(out.Error)}
	}
	return out.Value, nil
}

// farChannel is the account on the parent's platform.
type farChannel struct{ home far }

func (c farChannel) Account() channel.Account                 { return shop }
func (c farChannel) Traits(channel.Visibility) channel.Traits { return channel.Traits{} }

func (c farChannel) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	s, err := call[outgoing, sent](ctx, c.home, "send", outgoing{Out: out})
	return s.Sent, err
}

func (c farChannel) Find(ctx context.Context, out channel.Outgoing, tried time.Time) (channel.Finding, channel.Sent, error) {
	s, err := call[outgoing, sent](ctx, c.home, "find", outgoing{out, tried})
	return s.Finding, s.Sent, err
}

// farCRM is the parent's CRM.
type farCRM struct{ home far }

func (c farCRM) Name() string { return "crm" }

func (c farCRM) Push(ctx context.Context, change crm.Change) (crm.Receipt, error) {
	p, err := call[pushed, pushed](ctx, c.home, "push", pushed{Change: change})
	return p.Receipt, err
}
