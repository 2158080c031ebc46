package mastodon_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/channel/mastodon/internal/standin"
	"github.com/socialcrm/socialcrm/remote"
)

// transport answers without a network.
type transport func(*http.Request) *http.Response

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// answering is an account whose server gives this answer to requests that the function chooses, and the stand-in's to all others.
func answering(t T, network http.Handler, status int, body []byte, header http.Header, chooses func(*http.Request) bool) *mastodon.Channel {
	t.Helper()
	o := options()
	o.HTTP = &http.Client{Transport: transport(func(r *http.Request) *http.Response {
		if chooses(r) {
			return &http.Response{StatusCode: 200 + (status&0x7fff)%400, Header: header.Clone(), Body: io.NopCloser(bytes.NewReader(body)), Request: r}
		}
		w := httptest.NewRecorder()
		network.ServeHTTP(w, r)
		answer := w.Result()
		answer.Request = r
		return answer
	})}
	c, err := mastodon.New(o)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return c
}

// whole reports what an error of the adapter must be.
func whole(t *testing.T, call string, err error) {
	t.Helper()
	if e, ok := errors.AsType[*remote.Error](err); err != nil && (!ok || e.Op == "" || strings.Contains(err.Error(), standin.Token)) {
		t.Fatalf("%s: %v", call, err)
	}
}

// FuzzPoll: whatever a server answers with a list, a poll tells only whole events, keeps the rest with a reason, and no more of it than came.
func FuzzPoll(f *testing.F) {
	files, _ := filepath.Glob("testdata/poll/*.json")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(0, data, `<https://social.example/api/v1/notifications?min_id=999>; rel="prev"`)
		var list []struct{ Status json.RawMessage }
		if json.Unmarshal(data, &list) == nil && len(list) > 0 {
			f.Add(0, append(append([]byte("["), list[0].Status...), ']'), "")
		}
	}
	f.Add(0, []byte(`[null,{},1,{"id":"7"}]`), "")
	f.Add(0, []byte(`{"error":"no"}`), "<")
	network := standin.New()
	f.Fuzz(func(t *testing.T, status int, body []byte, link string) {
		c := answering(t, network, status, body, http.Header{"Link": {link}}, func(r *http.Request) bool {
			return r.URL.Path == "/api/v1/notifications" || strings.HasSuffix(r.URL.Path, "/statuses") || strings.HasSuffix(r.URL.Path, "/context")
		})
		batch, err := c.Poll(t.Context(), "")
		whole(t, "Poll", err)
		if err != nil && (len(batch.Events)+len(batch.Bad) > 0 || batch.Cursor != "") {
			t.Fatalf("%+v beside %v", batch, err)
		}
		for i := range batch.Events {
			if e := &batch.Events[i]; e.Check() != nil || e.DedupeKey() == "" {
				t.Fatalf("%v: %+v", e.Check(), e)
			}
		}
		kept := 0
		for _, bad := range batch.Bad {
			if kept += len(bad.Raw); bad.Where == "" || bad.Reason == "" {
				t.Fatalf("kept without a reason: %+v", bad)
			}
		}
		if kept > 2*len(body) { // the list was asked for twice
			t.Fatalf("%d bytes are kept of an answer of %d", kept, len(body))
		}
	})
}

// FuzzAnswers: whatever a server answers to any other call, it is whole or an error.
func FuzzAnswers(f *testing.F) {
	f.Add(0, []byte(`{"id":"17","created_at":"2026-09-01T12:00:00.000Z","content":"<p>a</p>","visibility":"public","account":{"id":"2","acct":"mia@other.example"}}`), "")
	f.Add(0, []byte(`{"configuration":{"urls":{"streaming":"wss://s.example"},"statuses":{"max_characters":-1,"characters_reserved_per_url":1e9}},"api_versions":{"mastodon":7}}`), "")
	f.Add(0, []byte(`{"id":"14715","acct":"acme","username":"acme","display_name":"Acme","followers_count":-7}`), "0")
	f.Add(22, []byte(`[{"id":1}]`), "2026-09-01T12:00:00Z")
	network := standin.New()
	id := network.Write("Where is it?")
	f.Fuzz(func(t *testing.T, status int, body []byte, reset string) {
		header := http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {reset}}
		if reset == "" {
			header = http.Header{}
		}
		for _, asked := range []bool{false, true} { // what the server says of itself, too
			c := answering(t, network, status, body, header, func(r *http.Request) bool {
				return asked || !strings.Contains(r.URL.Path, "/instance") && !strings.HasSuffix(r.URL.Path, "/verify_credentials")
			})
			out := reply(id, "On its way.")
			sent, err := c.Send(t.Context(), out)
			if whole(t, "Send", err); err == nil && sent.ID == "" {
				t.Fatalf("sent as %+v by %d %s", sent, status, body)
			}
			finding, sent, err := c.Find(t.Context(), out, time.Now())
			if whole(t, "Find", err); err != nil && finding != channel.CannotTell || finding == channel.Found && sent.ID == "" {
				t.Fatalf("found %s, %+v, %v", finding, sent, err)
			}
			_, err = c.Profile(t.Context(), "mia@other.example")
			whole(t, "Profile", err)
			whole(t, "Moderate", c.Moderate(t.Context(), channel.Like, channel.Message{ID: id}))
			if tr := c.Traits(channel.Public); tr.MaxText < 0 || tr.MaxAttachmentBytes < 0 || tr.Count(strings.Repeat("a", 10)) < 10 {
				t.Fatalf("the limits are %+v", tr)
			}
		}
	})
}

// FuzzUpload: whatever a server answers when a picture is uploaded, nothing is posted without it.
func FuzzUpload(f *testing.F) {
	f.Add(0, []byte(`{"id":"7","type":"image","url":null}`))
	f.Add(2, []byte(`{"id":"7"}`))
	f.Add(6, []byte(`{"id":""}`))
	network := standin.New()
	id := network.Write("Where is it?")
	picture := channel.Attachment{Type: "image", URL: pictures(f) + "/bag.png"}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		posts := len(network.Posts())
		c := answering(t, network, status, body, http.Header{}, func(r *http.Request) bool { return strings.Contains(r.URL.Path, "/media") })
		out := reply(id, "Look.")
		out.Attachments = []channel.Attachment{picture}
		_, err := c.Send(t.Context(), out)
		whole(t, "Send", err)
		if n := len(network.Posts()); err != nil && n != posts {
			t.Fatalf("posted beside %v", err)
		}
	})
}

// FuzzOAuth: whatever a server answers to the registration of an app, or for a code, it is whole or an error that holds no secret.
func FuzzOAuth(f *testing.F) {
	f.Add(0, []byte(`{"client_id":"app-1","client_secret":"app-secret"}`), "state=s&code=c")
	f.Add(0, []byte(`{"access_token":"a","token_type":"Bearer","scope":"read write"}`), "state=s&error=access_denied")
	f.Add(200, []byte(`{"error":"invalid_grant"}`), "state=&code=c")
	f.Add(0, []byte(`{"access_token":7,"client_id":[]}`), "%")
	f.Fuzz(func(t *testing.T, status int, body []byte, back string) {
		const secret, code, verifier = "the-secret-of-the-app", "the-code-of-a-login", "the-verifier-of-a-login"
		hc := &http.Client{Transport: transport(func(r *http.Request) *http.Response {
			return &http.Response{StatusCode: 200 + (status&0x7fff)%400, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}
		})}
		app, err := mastodon.Register(t.Context(), mastodon.Registration{Server: "https://social.example", Name: "Acme", Redirect: "https://desk.example/back", HTTP: hc})
		if whole(t, "Register", err); err == nil && (app.ClientID == "" || app.ClientSecret == "") {
			t.Fatalf("registered as %+v", app)
		}
		app = mastodon.App{Server: "https://social.example", ClientID: "app-1", ClientSecret: secret, Redirect: "https://desk.example/back", HTTP: hc}
		token, err := app.Token(t.Context(), mastodon.Login{State: "s", Verifier: verifier}, code)
		whole(t, "Token", err)
		if err == nil && token.AccessToken == "" {
			t.Fatalf("the token is %+v", token)
		}
		for _, s := range []string{secret, code, verifier} {
			if err != nil && strings.Contains(err.Error(), s) && !bytes.Contains(body, []byte(s)) {
				t.Fatalf("%v holds a secret", err)
			}
		}
		whole(t, "Revoke", app.Revoke(t.Context(), "token-1"))
		query, _ := url.ParseQuery(back)
		if got, err := (mastodon.Login{State: "s"}).Code(query); (err == nil) != (got != "") || got != "" && query.Get("state") != "s" {
			t.Fatalf("%q gives the code %q, %v", back, got, err)
		}
	})
}
