package facebook_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// FuzzReceiver: whatever comes, Verify refuses in the one way it may, and what Decode makes of a body is whole, repeatable and can be kept.
func FuzzReceiver(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		body := read(f, file)
		f.Add("POST", "", receiver().App.Sign(body), body)
	}
	f.Add("GET", "hub.mode=subscribe&hub.verify_token=let-me-in&hub.challenge=7", "", []byte(nil))
	f.Add("POST", "", "sha256=00", []byte(`{"object":"page","entry":[{"id":1,"id":[],"field":"feed","value":null,"messaging":[null]}]}`))
	f.Fuzz(func(t *testing.T, method, query, signature string, body []byte) {
		r := receiver()
		values, _ := url.ParseQuery(query)
		call := channel.Call{Method: method, Query: values, Header: http.Header{"X-Hub-Signature-256": {signature}}, Body: body}
		resp, err := r.Verify(call)
		if err != nil && (resp != nil || remote.KindOf(err) != remote.Unauthorized) {
			t.Fatalf("Verify: %v, %v", resp, err)
		}

		d, err := r.Decode(call)
		if err != nil {
			if len(d.Events)+len(d.Bad) > 0 {
				t.Fatalf("%d events beside %v", len(d.Events), err)
			}
			return
		}
		for i := range d.Events {
			e := &d.Events[i]
			if err := e.Check(); err != nil {
				t.Fatal(err)
			}
			if e.DedupeKey() == "" && (e.Kind != channel.MessageEdited || e.Message.Revision != "") {
				t.Fatalf("no key for %+v", e)
			}
			if _, err := json.Marshal(e); err != nil {
				t.Fatal(err)
			}
		}
		checkAgain(t, d.Bad)
		if again, err := r.Decode(call); err != nil || !cmp.Equal(d, again) {
			t.Fatalf("the second time: %v, %s", err, cmp.Diff(d, again))
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	for _, name := range []string{"comment", "message", "two_pages", "unknown_items", "bad_field_costs_only_its_element"} {
		b.Run(name, func(b *testing.B) {
			r, body := receiver(), read(b, "testdata/"+name+".json")
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := r.Decode(channel.Call{Body: body}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	r, body := receiver(), read(b, "testdata/two_pages.json")
	call := channel.Call{Method: "POST", Header: http.Header{"X-Hub-Signature-256": {r.App.Sign(body)}}, Body: body}
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := r.Verify(call); err != nil {
			b.Fatal(err)
		}
	}
}
