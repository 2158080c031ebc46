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

// child is the process that is killed: its Desk is driven by Tick, because its clock is its own.
func (k Killing) child(t *testing.T) {
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
	p := newProcess(t, store, nil, socialcrm.Config{Now: now})
	answered := make(chan error, 1)
	go func() { answered <- answer(p.ctx, p.desk, store) }()
	for p.ctx.Err() == nil {
		if _, err := p.desk.Tick(p.ctx); err != nil && p.ctx.Err() == nil {
			t.Fatal(err)
		}
		select {
		case err := <-answered:
			if p.ctx.Err() == nil {
				t.Fatal(err)
			}
		case <-time.After(time.Millisecond):
		}
	}
	p.end()
}

// process is a Desk that takes webhooks, and whose platform and CRM are the parent's.
type process struct {
	t      *testing.T
	desk   *socialcrm.Desk
	ctx    context.Context // until the parent wants it to end
	server http.Server
}

func newProcess(t *testing.T, store ticket.Store, places *places, cfg socialcrm.Config) *process {
	home := far(os.Getenv(parentVariable))
	platform := channeltest.New(channeltest.Options{}) // knows the secret of the other one
	cfg.Store, cfg.Setup = store, Company()
	cfg.Channels, cfg.Sources = []channel.Channel{farChannel{home, places}}, []channel.Source{struct{ channel.Receiver }{platform}}
	desk, err := socialcrm.New(cfg)
	if err == nil {
		err = desk.AddSink(farCRM{home, places})
	}
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, desk: desk}
	var stop context.CancelFunc
	p.ctx, stop = context.WithCancel(t.Context())
	mux := http.NewServeMux()
	mux.Handle("/webhooks/", desk.Webhooks())
	mux.HandleFunc("GET /left", func(rw http.ResponseWriter, _ *http.Request) { json.NewEncoder(rw).Encode(left(store)) })
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { stop() })
	mux.HandleFunc("POST /halt", func(_ http.ResponseWriter, r *http.Request) { places.watch(r.URL.Query().Get("at")) })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p.server.Handler = mux
	go p.server.Serve(listener)
	if _, err := http.Post(string(home)+"/hello?address="+url.QueryEscape("http://"+listener.Addr().String()), "", nil); err != nil {
		t.Fatal(err)
	}
	return p
}

// end waits for the webhooks that are under way.
func (p *process) end() {
	if err := p.server.Shutdown(context.Background()); err != nil {
		p.t.Fatal(err)
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
		Until time.Time // when the request ends; zero: it does not
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
func serve[In, Out any](fn func(*http.Request, In) (Out, error)) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		var in In
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
			return // the process died while it wrote
		}
		var out result[Out]
		var err error
		if out.Value, err = fn(r, in); err != nil {
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
type farChannel struct {
	home   far
	places *places
}

func (c farChannel) Account() channel.Account                 { return shop }
func (c farChannel) Traits(channel.Visibility) channel.Traits { return channel.Traits{} }

func (c farChannel) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	until, _ := ctx.Deadline()
	if c.places.reach(beforeWrite+" "+aPost, out.InReplyTo) {
		ctx, until = context.WithoutCancel(ctx), time.Time{} // it stood where nothing holds a request back any more
	}
	s, err := call[outgoing, sent](ctx, c.home, "send", outgoing{Out: out, Until: until})
	c.places.reach(beforeRecord+" "+aPost, out.InReplyTo)
	return s.Sent, err
}

func (c farChannel) Find(ctx context.Context, out channel.Outgoing, tried time.Time) (channel.Finding, channel.Sent, error) {
	s, err := call[outgoing, sent](ctx, c.home, "find", outgoing{Out: out, Tried: tried})
	return s.Finding, s.Sent, err
}

// farCRM is the parent's CRM.
type farCRM struct {
	home   far
	places *places
}

func (c farCRM) Name() string { return "crm" }

func (c farCRM) Push(ctx context.Context, change crm.Change) (crm.Receipt, error) {
	if c.places.reach(beforeWrite+" "+aPush, "") {
		ctx = context.WithoutCancel(ctx)
	}
	p, err := call[pushed, pushed](ctx, c.home, "push", pushed{Change: change})
	c.places.reach(beforeRecord+" "+aPush, "")
	return p.Receipt, err
}
