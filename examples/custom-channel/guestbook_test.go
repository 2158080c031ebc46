package guestbook_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
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
		Features: channeltest.Features{Poll: true, Webhook: true, Threads: true, Batches: true},
		New: func(t channeltest.T) channeltest.Fixture {
			p := new(platform)
			flaky := &channeltest.Flaky{Handler: p} // goes wrong on order
			server := httptest.NewServer(flaky)
			t.Cleanup(server.Close)
			return channeltest.Fixture{
				Channel:  guestbook.New(guestbook.Options{Base: server.URL, ID: "shop", Token: token, Secret: secret}),
				Write:    func(text string) string { return p.add("mia", "", text)["id"].(string) },
				Customer: "mia",
				Reply:    func(to, text string) string { return p.add("mia", to, text)["id"].(string) },
				Corrupt:  func() { p.add("mia", "", "")["id"] = 7 },
				Posts:    func() []string { return p.answers("") },
				Answers:  p.answers,
				Webhook:  p.webhook,
				HTTP:     flaky,
				Secrets:  []string{token, secret},
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

// answers returns what the shop wrote below the entry with that ID; with "", everything.
func (p *platform) answers(id string) (texts []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.entries {
		if e["by"] == "shop" && (id == "" || e["answers"] == id) {
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
	switch err := json.NewDecoder(r.Body).Decode(&post); {
	case r.Header.Get("Authorization") != "Bearer "+token:
		http.Error(w, "who are you?", http.StatusUnauthorized)
	case r.Method == http.MethodGet:
		p.mu.Lock()
		defer p.mu.Unlock()
		from, _ := strconv.Atoi(r.URL.Query().Get("after"))
		to := min(from+2, len(p.entries)) // small pages show whether anything is lost between them
		json.NewEncoder(w).Encode(map[string]any{"entries": p.entries[from:to], "next": strconv.Itoa(to), "more": to < len(p.entries)})
	case err != nil || post.Text == "" || len(post.Text) > 280:
		http.Error(w, "want an entry of 1 to 280 bytes", http.StatusUnprocessableEntity)
	default:
		json.NewEncoder(w).Encode(p.add("shop", post.Answers, post.Text))
	}
}
