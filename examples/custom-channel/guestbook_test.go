package guestbook_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	guestbook "github.com/socialcrm/socialcrm/examples/custom-channel"
	"github.com/socialcrm/socialcrm/remote"
)

const token, secret = "token-of-the-shop", "secret-of-the-webhook"

func TestConformance(t *testing.T) {
	channeltest.Run(t, channeltest.Harness{
		Features: channeltest.Features{Poll: true, Webhook: true, Batches: true},
		New: func(t channeltest.T) channeltest.Fixture {
			p := new(platform)
			server := httptest.NewServer(p)
			t.Cleanup(server.Close)
			return channeltest.Fixture{
				Channel: guestbook.New(guestbook.Options{Base: server.URL, ID: "shop", Token: token, Secret: secret}),
				Write:   func(text string) string { return p.add("mia", "", text)["id"].(string) },
				Corrupt: func() { p.add("mia", "", "")["id"] = 7 },
				Break:   func(t channeltest.Trouble) { p.trouble.Store(t) },
				Calls:   func() int { return int(p.calls.Load()) },
				Posts:   p.answers, Webhook: p.webhook, Secrets: []string{token, secret},
			}
		},
	})
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"entries":[{"id":"1","root":"1","by":"mia","text":"Lovely shop!","written":"2026-11-03T09:00:00Z"},{"id":7}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, _ := guestbook.New(guestbook.Options{ID: "shop"}).Decode(channel.Call{Body: body})
		if slices.ContainsFunc(d.Events, func(e channel.Event) bool { return e.Check() != nil }) {
			t.Errorf("an event is not whole: %+v", d.Events)
		}
	})
}

// platform stands in for the guestbook: an HTTP API in front of a list of entries.
type platform struct {
	trouble atomic.Value // what happens to the next call
	calls   atomic.Int64 // that wanted to post
	mu      sync.Mutex
	entries []map[string]any
	told    int // how many of them a webhook has told
}

func (p *platform) add(by, answers, text string) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	id := strconv.Itoa(len(p.entries) + 1)
	e := map[string]any{"id": id, "root": id, "answers": answers, "by": by, "text": text, "written": time.Now()}
	if n, err := strconv.Atoi(answers); err == nil {
		e["root"] = p.entries[n-1]["root"]
	}
	p.entries = append(p.entries, e)
	return e
}

func (p *platform) answers() (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.entries {
		if e["by"] == "shop" {
			texts = append(texts, e["text"].(string))
		}
	}
	return texts
}

func (p *platform) webhook() channel.Call {
	p.mu.Lock()
	defer p.mu.Unlock()
	body, _ := json.Marshal(map[string]any{"entries": p.entries[p.told:]})
	p.told = len(p.entries)
	signed, _ := remote.Signature{Keys: [][]byte{[]byte(secret)}}.Sign(body)
	return channel.Call{Method: "POST", Header: http.Header{"X-Guestbook-Signature": {signed}}, Body: body, Received: time.Now()}
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var post struct{ Answers, Text string }
	json.NewDecoder(r.Body).Decode(&post)
	trouble, _ := p.trouble.Swap(channeltest.Trouble("")).(channeltest.Trouble)
	if r.Method == "POST" {
		p.calls.Add(1)
	}
	switch refused := (map[channeltest.Trouble]int{channeltest.Throttled: 429, channeltest.Down: 503, channeltest.TokenExpired: 401, channeltest.Refused: 422})[trouble]; {
	case refused != 0:
		w.Header().Set("Retry-After", "30")
		http.Error(w, "refused: "+r.Header.Get("Authorization"), refused) // some platforms repeat what they should not
	case trouble == channeltest.Silent:
		<-r.Context().Done()
	case trouble == channeltest.RequestLost:
		panic(http.ErrAbortHandler)
	case r.Header.Get("Authorization") != "Bearer "+token:
		http.Error(w, "who are you?", http.StatusUnauthorized)
	case r.Method == "POST" && (post.Text == "" || len(post.Text) > 280):
		http.Error(w, "an entry has 1 to 280 bytes", http.StatusUnprocessableEntity)
	case r.Method == "POST":
		made := p.add("shop", post.Answers, post.Text)
		if trouble == channeltest.AnswerLost {
			panic(http.ErrAbortHandler)
		}
		json.NewEncoder(w).Encode(made)
	default:
		p.mu.Lock()
		defer p.mu.Unlock()
		from, _ := strconv.Atoi(r.URL.Query().Get("after"))
		to := min(from+2, len(p.entries)) // small pages show whether anything is lost between them
		json.NewEncoder(w).Encode(map[string]any{"entries": p.entries[from:to], "next": strconv.Itoa(to), "more": to < len(p.entries)})
	}
}
