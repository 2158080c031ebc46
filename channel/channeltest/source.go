package channeltest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// SignatureHeader carries "sha256=" and the hex HMAC-SHA256 of a webhook's body, keyed with Options.Secret.
const SignatureHeader = "X-Signature-256"

// Name is the platform's name: that of the webhook and of the stream.
func (p *Platform) Name() string { return p.options.Platform }

// Name is "platform/id" in lower case: that of the account's poll.
func (c *FakeChannel) Name() string { return strings.ToLower(c.account.AccountID.String()) }

// Poll returns what was told of the account after the cursor, at most Options.PageSize events.
func (c *FakeChannel) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	p := c.platform
	var b channel.Batch
	err := c.call(ctx, OnPoll, "", func(a *Attempt) error {
		at := 0
		if after != "" {
			n, err := strconv.Atoi(string(after))
			if err != nil || n < 0 || n > p.options.From+len(p.log) {
				return a.fail(remote.Rejected, fmt.Sprintf("cursor %q is none of ours", after))
			}
			at = max(0, n-p.options.From)
		}
		var entries []json.RawMessage
		for ; at < len(p.log) && len(entries) < p.options.PageSize; at++ {
			if e := p.log[at]; e.event.Account == c.account.AccountID {
				entries = append(entries, e.wire())
			}
		}
		b.Events, b.Bad = decode(entries)
		b.Cursor = channel.Cursor(strconv.Itoa(p.options.From + at))
		b.More = slices.ContainsFunc(p.log[at:], func(e entry) bool { return e.event.Account == c.account.AccountID })
		return nil
	})
	if err != nil {
		return channel.Batch{}, err
	}
	return b, nil
}

// Stream delivers what is told of every account from now on. A fault on OnStream refuses the connection, or ends it at the next event, which is lost to
// the stream.
func (p *Platform) Stream(ctx context.Context, deliver func(channel.Batch) error) error {
	wake := make(chan struct{}, 1)
	p.mu.Lock()
	at := len(p.log)
	fault := p.next(OnStream)
	if fault == nil {
		p.streams[wake] = true
		for _, waiting := range p.awaited {
			close(waiting)
		}
		p.awaited = nil
	}
	p.mu.Unlock()
	defer func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.streams, wake)
	}()
	for {
		if fault != nil {
			a := &Attempt{Context: ctx, Op: OnStream, Now: p.options.Now(), platform: p, do: func() error { return nil }}
			if err := fault(a); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-wake:
		}
		p.mu.Lock()
		var entries []json.RawMessage
		for ; at < len(p.log); at++ {
			entries = append(entries, p.log[at].wire())
		}
		fault = p.take(OnStream)
		p.mu.Unlock()
		if fault != nil || len(entries) == 0 {
			continue
		}
		var b channel.Batch
		if b.Events, b.Bad = decode(entries); ctx.Err() != nil {
			return ctx.Err()
		}
		if err := deliver(b); err != nil {
			return err
		}
	}
}

// AwaitStream returns once a stream is open, or with ctx's error.
func (p *Platform) AwaitStream(ctx context.Context) error {
	p.mu.Lock()
	if len(p.streams) > 0 {
		p.mu.Unlock()
		return nil
	}
	open := make(chan struct{})
	p.awaited = append(p.awaited, open)
	p.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Webhook renders what no webhook has told yet, at most Options.PageSize events, as one signed call; without entries where there is nothing.
// Accounts that lost their subscription are passed over.
func (p *Platform) Webhook() channel.Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	entries := []json.RawMessage{}
	for ; p.told < len(p.log) && len(entries) < p.options.PageSize; p.told++ {
		e := p.log[p.told]
		if c := p.accounts[e.event.Account]; c == nil || c.subscribed {
			entries = append(entries, e.wire())
		}
	}
	return p.call(entries)
}

// CallFor renders events of the test's own making as a signed call.
func (p *Platform) CallFor(events ...channel.Event) channel.Call {
	var entries []json.RawMessage
	for _, e := range events {
		entries = append(entries, entry{event: e}.wire())
	}
	return p.call(entries)
}

func (p *Platform) call(entries []json.RawMessage) channel.Call {
	body, err := json.Marshal(delivery{entries})
	if err != nil {
		panic(err) // cannot happen: entries are JSON of our own making
	}
	return channel.Call{
		Method: http.MethodPost, Path: "/webhooks/" + p.options.Platform,
		Header: http.Header{"Content-Type": {"application/json"}, SignatureHeader: {p.signature(body)}},
		Body:   body, Received: p.now(),
	}
}

// Challenge returns the call with which the platform asks, when a webhook is set up, whether the host knows the secret, and the body that it wants back.
func (p *Platform) Challenge() (call channel.Call, want string) {
	want = "challenge-4711"
	q := url.Values{"challenge": {want}, "verify": {p.signature([]byte(want))}}
	return channel.Call{Method: http.MethodGet, Path: "/webhooks/" + p.options.Platform, Query: q, Received: p.now()}, want
}

// Deliver posts Webhook to a host's handler and returns the status that it answers. Unless that is 2xx, the same events are delivered again the next
// time.
func (p *Platform) Deliver(host http.Handler) int {
	p.mu.Lock()
	before := p.told
	p.mu.Unlock()
	w := httptest.NewRecorder()
	host.ServeHTTP(w, NewRequest("https://host.example", p.Webhook()))
	if w.Code < 200 || w.Code > 299 {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.told = min(p.told, before)
	}
	return w.Code
}

// NewRequest returns a call as a request to a host's handler at target, for example "http://desk.example".
func NewRequest(target string, c channel.Call) *http.Request {
	r := httptest.NewRequest(c.Method, target+c.Path+"?"+c.Query.Encode(), bytes.NewReader(c.Body))
	r.Header = c.Header.Clone()
	return r
}

// Verify checks the signature, and answers a challenge.
func (p *Platform) Verify(c channel.Call) (*channel.Response, error) {
	signed, given := c.Body, c.Header.Values(SignatureHeader)
	if c.Method == http.MethodGet {
		signed, given = []byte(c.Query.Get("challenge")), c.Query["verify"]
	}
	if len(given) != 1 || !hmac.Equal([]byte(given[0]), []byte(p.signature(signed))) {
		return nil, &remote.Error{Op: p.options.Platform + ": verify webhook", Kind: remote.Unauthorized, Message: "the signature is missing or wrong"}
	}
	if c.Method == http.MethodGet {
		return &channel.Response{Status: http.StatusOK, Body: signed}, nil
	}
	return nil, nil
}

func (p *Platform) signature(body []byte) string {
	mac := hmac.New(sha256.New, []byte(p.options.Secret))
	mac.Write(body)
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// delivery is the body of a webhook call.
type delivery struct {
	Entries []json.RawMessage `json:"entries"`
}

// Decode returns the events of a call. An entry that is no event is a Bad, whose Raw is a body of this one entry.
func (p *Platform) Decode(c channel.Call) (channel.Delivery, error) {
	var d delivery
	if err := json.Unmarshal(c.Body, &d); err != nil {
		return channel.Delivery{}, &remote.Error{Op: p.options.Platform + ": decode webhook", Kind: remote.Rejected, Message: "the body is no JSON object with entries"}
	}
	events, bad := decode(d.Entries)
	return channel.Delivery{Events: events, Bad: bad}, nil
}

// decode is the one way from the wire to events: webhook, stream and poll all go through it.
func decode(entries []json.RawMessage) (events []channel.Event, bad []channel.Bad) {
	for i, raw := range entries {
		var e channel.Event
		err := json.Unmarshal(raw, &e)
		if err == nil {
			err = e.Check()
		}
		if err == nil {
			events = append(events, e)
			continue
		}
		body, _ := json.Marshal(delivery{[]json.RawMessage{raw}}) // raw is valid: it was decoded from JSON, or made here
		bad = append(bad, channel.Bad{Account: e.Account, Where: fmt.Sprintf("entries[%d]", i), Reason: err.Error(), Raw: body})
	}
	return events, bad
}

// wire is how the entry is told.
func (e entry) wire() json.RawMessage {
	if e.corrupt {
		return json.RawMessage(fmt.Sprintf(`{"account":%q,"kind":7}`, e.event.Account))
	}
	data, err := json.Marshal(e.event)
	if err != nil {
		panic(fmt.Sprintf("channeltest: event %s on %s: %v", e.event.Kind, e.event.Account, err)) // a time beyond year 9999
	}
	return data
}
