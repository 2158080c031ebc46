package channeltest_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
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
	return channel.Sent{ID: strconv.Itoa(n.ID), Time: n.At}, nil
}

func (p *pinboard) Find(ctx context.Context, out channel.Outgoing, _ time.Time) (channel.Finding, channel.Sent, error) {
	var notes []note
	if _, err := p.client.Do(ctx, remote.Request{Op: "find " + out.Key, Path: "/notes", Into: &notes}); err != nil {
		return channel.CannotTell, channel.Sent{}, err
	}
	for _, n := range notes {
		if n.Ref == out.Key {
			return channel.Found, channel.Sent{ID: strconv.Itoa(n.ID), Time: n.At}, nil
		}
	}
	return channel.Absent, channel.Sent{}, nil
}

func (p *pinboard) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	var notes []note
	_, err := p.client.Do(ctx, remote.Request{Op: "poll", Path: "/notes", Query: url.Values{"after": {string(after)}}, Into: &notes})
	if err != nil {
		return channel.Batch{}, err
	}
	b := channel.Batch{Cursor: after}
	for _, n := range notes {
		b.Events = append(b.Events, p.event(n))
		b.Cursor = channel.Cursor(strconv.Itoa(n.ID))
	}
	return b, nil
}

func (p *pinboard) event(n note) channel.Event {
	e := channel.Event{Kind: channel.MessageReceived, Account: p.account.AccountID, Time: n.At}
	e.Message = channel.Message{ID: strconv.Itoa(n.ID), Parent: n.ReplyTo, Thread: cmp.Or(n.ReplyTo, strconv.Itoa(n.ID)), Text: n.Text,
		Author: channel.Author{ID: n.Author}, Time: n.At}
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
	var notes []json.RawMessage
	if err := json.Unmarshal(c.Body, &notes); err != nil {
		return channel.Delivery{}, fmt.Errorf("pinboard: decode webhook: %w", err)
	}
	var d channel.Delivery
	for i, raw := range notes {
		var n note
		if err := json.Unmarshal(raw, &n); err != nil || n.ID == 0 {
			d.Bad = append(d.Bad, channel.Bad{Where: fmt.Sprintf("[%d]", i), Reason: fmt.Sprintf("not a note: %v", err), Raw: fmt.Appendf(nil, "[%s]", raw)})
			continue
		}
		d.Events = append(d.Events, p.event(n))
	}
	return d, nil
}

// board is the stand-in of the platform.
type board struct {
	mu    sync.Mutex
	notes []note
	told  []json.RawMessage
}

func (b *board) add(n note) note {
	b.mu.Lock()
	defer b.mu.Unlock()
	n.ID, n.At = len(b.notes)+1, time.Now().UTC()
	b.notes = append(b.notes, n)
	raw, _ := json.Marshal(n)
	b.told = append(b.told, raw)
	return n
}

func (b *board) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var n note
	switch after, _ := strconv.Atoi(r.FormValue("after")); {
	case r.Header.Get("Authorization") != "Bearer pinboard-token":
		w.WriteHeader(http.StatusUnauthorized)
	case r.Method == http.MethodGet:
		b.mu.Lock()
		defer b.mu.Unlock()
		_ = json.NewEncoder(w).Encode(b.notes[after:])
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
	channeltest.Run(t, channeltest.Harness{
		Features: channeltest.Features{Abilities: channeltest.Finds, Webhook: true, Poll: true, Batches: true},
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
			return channeltest.Fixture{
				Channel: p, Break: flaky.Break, Calls: flaky.Calls, Secrets: []string{"pinboard-token", "pinboard-key"},
				Write: func(text string) string { return strconv.Itoa(platform.add(note{Author: "mia", Text: text}).ID) },
				Posts: func() (texts []string) {
					platform.mu.Lock()
					defer platform.mu.Unlock()
					for _, n := range platform.notes {
						if n.Author == "shop" {
							texts = append(texts, n.Text)
						}
					}
					return texts
				},
				Webhook: func() channel.Call {
					platform.mu.Lock()
					defer platform.mu.Unlock()
					body, _ := json.Marshal(platform.told)
					platform.told = []json.RawMessage{}
					signature, _ := p.webhook.Sign(body)
					return channel.Call{Method: http.MethodPost, Path: "/webhooks/pinboard", Header: http.Header{"X-Pinboard-Signature": {signature}}, Body: body}
				},
				Corrupt: func() {
					platform.mu.Lock()
					defer platform.mu.Unlock()
					platform.told = append(platform.told, json.RawMessage(`{"id":"none"}`))
				},
			}
		},
	})
}
