package channeltest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/remote"
)

// pinboard is a whole adapter, for a small platform over HTTP: it posts, polls, finds, and takes webhooks.
type pinboard struct {
	client  remote.Client
	account channel.Account
	webhook remote.Signature
}

// note is the platform's JSON of a message.
type note struct {
	ID      int       `json:"id,omitempty"`
	Author  string    `json:"author,omitempty"`
	ReplyTo string    `json:"reply_to,omitempty"`
	Text    string    `json:"text"`
	Ref     string    `json:"ref,omitempty"`
	At      time.Time `json:"at,omitzero"`
}

// page is the platform's JSON of some messages, as a poll and as a webhook bring them.
type page struct {
	Notes []json.RawMessage `json:"notes"`
	Next  string            `json:"next,omitempty"`
}

func (p *pinboard) Account() channel.Account { return p.account }
func (p *pinboard) Name() string             { return p.account.AccountID.String() }

func (p *pinboard) Traits(channel.Visibility) channel.Traits {
	return channel.Traits{MaxText: 500, Echoes: true}
}

func (p *pinboard) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	var n note
	_, err := p.client.Do(ctx, remote.Request{
		Op: "post reply to " + out.InReplyTo, Path: "/notes", JSON: note{Text: out.Text, ReplyTo: out.InReplyTo, Ref: out.Key}, Into: &n,
	})
	if err != nil {
		return channel.Sent{}, err
	}
	if n.ID == 0 {
		return channel.Sent{}, &remote.Error{Op: "pinboard: post reply to " + out.InReplyTo, Kind: remote.Unknown, Message: "the answer names no note"}
	}
	return channel.Sent{ID: strconv.Itoa(n.ID), Time: n.At}, nil
}

func (p *pinboard) Find(ctx context.Context, out channel.Outgoing, _ time.Time) (channel.Finding, channel.Sent, error) {
	var all page
	if _, err := p.client.Do(ctx, remote.Request{Op: "find " + out.Key, Path: "/notes", Into: &all}); err != nil {
		return channel.CannotTell, channel.Sent{}, err
	}
	for _, raw := range all.Notes {
		var n note
		if err := json.Unmarshal(raw, &n); err == nil && n.Ref == out.Key {
			return channel.Found, channel.Sent{ID: strconv.Itoa(n.ID), Time: n.At}, nil
		}
	}
	return channel.Absent, channel.Sent{}, nil
}

func (p *pinboard) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	var some page
	_, err := p.client.Do(ctx, remote.Request{Op: "poll", Path: "/notes", Query: url.Values{"after": {string(after)}}, Into: &some})
	if err != nil {
		return channel.Batch{}, err
	}
	d := p.delivery(some.Notes)
	return channel.Batch{Events: d.Events, Bad: d.Bad, Cursor: channel.Cursor(some.Next)}, nil
}

func (p *pinboard) event(n note) channel.Event {
	e := channel.Event{Kind: channel.MessageReceived, Account: p.account.AccountID, Time: n.At}
	e.Message = channel.Message{ID: strconv.Itoa(n.ID), Parent: n.ReplyTo, Text: n.Text,
		Author: channel.Author{ID: n.Author}, Time: n.At}
	if n.ReplyTo == "" {
		e.Message.Thread = e.Message.ID // an answer's is its parent's, which the platform does not repeat
	}
	if n.Author == p.account.ID {
		e.Kind = channel.MessageEchoed
	}
	return e
}

func (p *pinboard) Verify(c channel.Call) (*channel.Response, error) {
	if err := p.webhook.Verify(c.Header, c.Body); err != nil {
		return nil, &remote.Error{Op: "pinboard: verify webhook", Kind: remote.Unauthorized, Err: err}
	}
	return nil, nil
}

func (p *pinboard) Decode(c channel.Call) (channel.Delivery, error) {
	var some page
	if err := json.Unmarshal(c.Body, &some); err != nil {
		return channel.Delivery{}, fmt.Errorf("pinboard: decode webhook: %w", err)
	}
	return p.delivery(some.Notes), nil
}

// delivery decodes what polls and webhooks bring; one bad note costs the others nothing.
func (p *pinboard) delivery(notes []json.RawMessage) (d channel.Delivery) {
	for i, raw := range notes {
		var n note
		if err := json.Unmarshal(raw, &n); err != nil || n.ID == 0 {
			again, _ := json.Marshal(page{Notes: []json.RawMessage{raw}})
			d.Bad = append(d.Bad, channel.Bad{
				Account: p.account.AccountID, Where: fmt.Sprintf("notes[%d]", i), Reason: fmt.Sprintf("not a note: %v", err), Raw: again,
			})
			continue
		}
		d.Events = append(d.Events, p.event(n))
	}
	return d
}

// board is the stand-in of the platform.
type board struct {
	mu    sync.Mutex
	notes []json.RawMessage
	texts []string // of the shop's
	told  int      // how many of the notes a webhook has told
}

func (b *board) add(n note) note {
	b.mu.Lock()
	defer b.mu.Unlock()
	n.ID, n.At = len(b.notes)+1, time.Now().UTC()
	raw, _ := json.Marshal(n)
	b.notes = append(b.notes, raw)
	if n.Author == "shop" {
		b.texts = append(b.texts, n.Text)
	}
	return n
}

// answersTo returns the shop's texts below a note.
func (b *board) answersTo(id string) (texts []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, raw := range b.notes {
		var n note
		if err := json.Unmarshal(raw, &n); err == nil && n.Author == "shop" && n.ReplyTo == id {
			texts = append(texts, n.Text)
		}
	}
	return texts
}

// since renders the notes from one on.
func (b *board) since(from int) page {
	return page{Notes: b.notes[from:], Next: strconv.Itoa(len(b.notes))}
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var n note
	switch after, _ := strconv.Atoi(r.FormValue("after")); {
	case r.Header.Get("Authorization") != "Bearer pinboard-token":
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodGet:
		b.mu.Lock()
		defer b.mu.Unlock()
		_ = json.NewEncoder(w).Encode(b.since(after))
	case json.NewDecoder(r.Body).Decode(&n) != nil || len(n.Text) > 500:
		w.WriteHeader(http.StatusUnprocessableEntity)
	default:
		n.Author = "shop"
		_ = json.NewEncoder(w).Encode(b.add(n))
	}
}

// The whole kit over an adapter that speaks HTTP.
func TestAdapterOverHTTPConforms(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, pinboardHarness(nil))
}

// pinboardHarness is the adapter over its stand-in; spoil, where given, puts a mistake into it.
func pinboardHarness(spoil func(*pinboard) channel.Channel) channeltest.Harness {
	return channeltest.Harness{
		Features: channeltest.Features{Abilities: channeltest.Finds, Webhook: true, Poll: true, Threads: true, Batches: true},
		New: func(t channeltest.T) channeltest.Fixture {
			platform := &board{}
			flaky := &channeltest.Flaky{Handler: platform}
			server := httptest.NewServer(flaky)
			t.Cleanup(server.Close)
			p := &pinboard{
				account: channel.Account{AccountID: channel.AccountID{Platform: "pinboard", ID: "shop"}},
				webhook: remote.Signature{Header: "X-Pinboard-Signature", Prefix: "sha256=", Keys: [][]byte{[]byte("pinboard-key")}},
				client: remote.Client{Name: "pinboard", Base: server.URL, HTTP: server.Client(), Limiter: &remote.Limiter{},
					Token:  oauth2.StaticTokenSource(&oauth2.Token{AccessToken: "pinboard-token"}),
					Scopes: []remote.Scope{{Level: remote.LevelAccount, ID: "pinboard/shop"}}},
			}
			adapter := channel.Channel(p)
			if spoil != nil {
				adapter = spoil(p)
			}
			return channeltest.Fixture{
				Channel: adapter, HTTP: flaky, Secrets: []string{"pinboard-token", "pinboard-key"},
				Write:    func(text string) string { return strconv.Itoa(platform.add(note{Author: "mia", Text: text}).ID) },
				Customer: "mia",
				Reply: func(to, text string) string {
					return strconv.Itoa(platform.add(note{Author: "mia", ReplyTo: to, Text: text}).ID)
				},
				Answers: platform.answersTo,
				Posts: func() []string {
					platform.mu.Lock()
					defer platform.mu.Unlock()
					return slices.Clone(platform.texts)
				},
				Webhook: func() channel.Call {
					platform.mu.Lock()
					defer platform.mu.Unlock()
					body, _ := json.Marshal(platform.since(platform.told))
					platform.told = len(platform.notes)
					signature, _ := p.webhook.Sign(body)
					return channel.Call{Method: http.MethodPost, Path: "/webhooks/pinboard", Header: http.Header{"X-Pinboard-Signature": {signature}}, Body: body}
				},
				Corrupt: func() {
					platform.mu.Lock()
					defer platform.mu.Unlock()
					platform.notes = append(platform.notes, json.RawMessage(`{"id":"none"}`))
				},
			}
		},
	}
}
