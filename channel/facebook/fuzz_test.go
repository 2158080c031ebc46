package facebook_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/facebook"
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
		kept := 0
		for _, b := range d.Bad {
			kept += len(b.Raw)
		}
		if most := 6*len(body) + 1000*len(d.Bad); kept > most { // what a body holds is written anew, with every odd character as an escape
			t.Fatalf("%d bytes are kept of a body of %d, %d entries", kept, len(body), len(d.Bad))
		}
		if again, err := r.Decode(call); err != nil || !cmp.Equal(d, again) {
			t.Fatalf("the second time: %v, %s", err, cmp.Diff(d, again))
		}
	})
}

// FuzzPoll: whatever the Graph API answers, a poll tells only whole events, keeps the rest with a reason, and gets on or says why not.
func FuzzPoll(f *testing.F) {
	f.Add(200, []byte(`{"data":[{"id":"700100_1","created_time":"2026-09-01T11:59:00+0000","from":{"id":"81001"},"message":"a","comments":{"data":[{"id":"1_2",
		"created_time":1788263940,"attachment":{"type":"photo","media":{"image":{"src":"https://a.example"}}}},{"id":"1_3"}],"paging":{"next":"https://g.example/?after=c1"}}}]}`))
	f.Add(200, []byte(`{"data":[{"id":"t_1","updated_time":"2026-09-01T11:59:00+0000","participants":{"data":[{"id":"5550"},{"id":"700100"}]},"messages":{"data":[
		{"id":"m_1","created_time":"2026-09-01T11:59:00+0000","from":{"id":"5550"},"message":"a","sticker":"https://s.example","shares":{"data":[{"link":"https://l.example"}]}}]}}]}`))
	f.Add(200, []byte(`{"data":[null,1,[],{"id":{}}],"paging":{"next":"x"}}`))
	f.Add(400, []byte(`{"error":{"code":100}}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		status = 200 + (status&0x7fff)%400
		now := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
		page := facebook.New(facebook.Options{
			Account: channel.Account{AccountID: channel.AccountID{ID: pageID}}, Now: func() time.Time { return now },
			HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
			})},
		})
		cursor := channel.Cursor("")
		for range 3 {
			b, err := page.Poll(t.Context(), cursor)
			if err != nil {
				if remote.KindOf(err) == remote.Unknown || len(b.Events)+len(b.Bad) > 0 || b.Cursor != "" {
					t.Fatalf("%+v beside %v", b, err)
				}
				return
			}
			if b.More && b.Cursor == cursor {
				t.Fatalf("it stays at %s", cursor)
			}
			cursor = b.Cursor
			for i := range b.Events {
				if e := &b.Events[i]; e.Check() != nil || e.DedupeKey() == "" || e.Message.Thread == "" {
					t.Fatalf("%v: %+v", e.Check(), e)
				}
			}
			for _, bad := range b.Bad {
				if bad.Where == "" || bad.Reason == "" || len(bad.Raw) == 0 {
					t.Fatalf("kept without a reason: %+v", bad)
				}
			}
		}
		if _, _, err := page.Find(t.Context(), channel.Outgoing{InReplyTo: "1_2", Text: "a"}, now); err != nil && remote.KindOf(err) == remote.Unknown {
			t.Fatal(err)
		}
	})
}

// FuzzAnswers: whatever the Graph API answers to any other call, it is whole or an error, and a post whose answer makes no sense may have gone out.
func FuzzAnswers(f *testing.F) {
	f.Add(200, []byte(`{"id":"9001_60","recipient_id":"5550","message_id":"m_1","first_name":"Ann","success":true}`))
	f.Add(200, []byte(`{"data":{"app_id":"99","type":"PAGE","is_valid":true,"expires_at":0,"scopes":["pages_messaging"]}}`))
	f.Add(200, []byte(`{"data":[{"id":99,"subscribed_fields":["feed"]}],"id":"9001_60","from":{"id":"700100"},"message":"a","created_time":"2026-09-01T11:59:00+0000"}`))
	f.Add(200, []byte(`{"id":[],"data":{},"recipient_id":{}}`))
	f.Add(400, []byte(`{"error":{"code":190,"error_subcode":463}}`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		status = 200 + (status&0x7fff)%400
		noon := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
		page := facebook.New(facebook.Options{
			Account: channel.Account{AccountID: channel.AccountID{ID: pageID}}, App: app, Now: func() time.Time { return noon },
			Token: oauth2.StaticTokenSource(&oauth2.Token{AccessToken: pageToken}), HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
			})},
		})
		whole := func(call string, err error) {
			t.Helper()
			if e, ok := errors.AsType[*remote.Error](err); err != nil && (!ok || e.Op == "" || strings.Contains(err.Error(), pageToken)) {
				t.Fatalf("%s: %v", call, err)
			}
		}
		comment := channel.Outgoing{Key: "r/1", InReplyTo: "9001_51", Text: "On its way", To: channel.Author{ID: pageID + ":81001"}, CustomerWrote: noon}
		message := comment
		message.Visibility, message.Thread = channel.Private, psid
		for _, out := range []channel.Outgoing{comment, message} {
			sent, err := page.Send(t.Context(), out)
			if whole("Send", err); err == nil && sent.ID == "" {
				t.Fatalf("sent as %+v by %d %s", sent, status, body)
			}
		}
		reply, err := page.ReplyPrivately(t.Context(), comment)
		if whole("ReplyPrivately", err); err == nil && reply.ID == "" {
			t.Fatalf("answered in private as %+v by %d %s", reply, status, body)
		}
		_, err = page.Profile(t.Context(), pageID+":81001")
		whole("Profile", err)
		m, err := page.Read(t.Context(), "9001_51")
		if whole("Read", err); err == nil && m.ID == "" {
			t.Fatalf("read %+v out of %d %s", m, status, body)
		}
		_, err = page.Subscribe(t.Context())
		whole("Subscribe", err)
		whole("Moderate", page.Moderate(t.Context(), channel.Hide, channel.Message{ID: "9001_51"}))
		whole("TakeControl", page.TakeControl(t.Context(), psid))
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

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
