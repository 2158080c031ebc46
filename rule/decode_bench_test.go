package rule_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/rule"
)

// message is as wide and as nested as a line of an archive.
type message struct {
	ID     string            `json:"id"`
	Thread string            `json:"thread,omitempty"`
	Parent string            `json:"parent,omitempty"`
	Author author            `json:"author"`
	Text   string            `json:"text,omitempty"`
	Tags   []string          `json:"tags,omitempty"`
	Time   time.Time         `json:"time,omitzero"`
	Order  string            `json:"order,omitempty"`
	Facts  map[string]string `json:"facts,omitempty"`
	Hidden bool              `json:"hidden,omitempty"`
}

type author struct {
	ID     string `json:"id"`
	Name   string `json:"name,omitempty"`
	Handle string `json:"handle,omitempty"`
	URL    string `json:"url,omitempty"`
	Reach  int    `json:"reach,omitempty"`
}

func BenchmarkDecodeStrict(b *testing.B) {
	line := []byte(`{"event":{"kind":"received","account":"twitter/acme","time":"2026-03-02T09:00:00Z","message":{"id":"119237","thread":"119237",` +
		`"author":{"id":"105834","name":"Mia","handle":"mia"},"text":"Where is my parcel? It was due \"yesterday\".","tags":["late"],` +
		`"time":"2026-03-02T09:00:00Z","order":"0000000001","facts":{"sentiment":"negative"},"hidden":true}}}`)
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		var to struct {
			Event *struct {
				Kind    string    `json:"kind"`
				Account string    `json:"account"`
				Time    time.Time `json:"time"`
				Message message   `json:"message"`
			} `json:"event"`
		}
		if err := rule.DecodeStrict(line, &to); err != nil {
			b.Fatal(err)
		}
	}
}
