package mastodon_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm/channel/mastodon"
	"github.com/socialcrm/socialcrm/remote"
)

// authority is a server's way of giving tokens: strict, and of one app, one code.
type authority struct {
	old       bool   // before 4.3: redirect_uris is one text
	scope     string // granted; empty: what was asked for
	challenge string // of the login under way
	revoked   []string
}

func (a *authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var body map[string]any
	if agent := r.UserAgent(); agent != "socialcrm" {
		answer(403, `{"error":"no user agent"}`)(w, r)
		return
	}
	if json.NewDecoder(r.Body).Decode(&body) != nil || r.Header.Get("Content-Type") != "application/json" || r.Method != http.MethodPost {
		answer(400, `{"error":"not JSON"}`)(w, r)
		return
	}
	text := func(name string) string { s, _ := body[name].(string); return s }
	verifier := sha256.Sum256([]byte(text("code_verifier")))
	switch r.URL.Path {
	case "/api/v1/apps":
		_, isText := body["redirect_uris"].(string)
		switch {
		case text("client_name") == "":
			answer(422, `{"error":"Validation failed: Application name can't be blank"}`)(w, r)
		case isText != a.old:
			answer(422, `{"error":"Validation failed: Redirect URI must be an absolute URI."}`)(w, r)
		default:
			answer(200, `{"id":"1","name":"x","client_id":"app-1","client_secret":"app-secret"}`)(w, r)
		}
	case "/oauth/token":
		scope := a.scope
		if scope == "" {
			scope = strings.Join(mastodon.Scopes[:], " ")
		}
		switch {
		case text("client_id") != "app-1" || text("client_secret") != "app-secret":
			answer(401, `{"error":"invalid_client","error_description":"Client authentication failed"}`)(w, r)
		case text("code") != "code-1" || text("grant_type") != "authorization_code" || text("redirect_uri") == "" ||
			base64.RawURLEncoding.EncodeToString(verifier[:]) != a.challenge:
			answer(400, `{"error":"invalid_grant","error_description":"The grant `+text("code")+` is invalid for app-secret"}`)(w, r)
		default:
			answer(200, `{"access_token":"fresh-token","token_type":"Bearer","scope":"`+scope+`","created_at":1788000000}`)(w, r)
		}
	case "/oauth/revoke":
		a.revoked = append(a.revoked, text("token"))
		answer(200, `{}`)(w, r)
	default:
		http.NotFound(w, r)
	}
}

func TestLogin(t *testing.T) {
	t.Parallel()
	for _, old := range []bool{false, true} {
		a := &authority{old: old}
		server := httptest.NewServer(a)
		defer server.Close()
		app, err := mastodon.Register(t.Context(), mastodon.Registration{Server: server.URL, Name: "Acme service", Redirect: "https://desk.acme.example/back", HTTP: server.Client()})
		if err != nil {
			t.Fatal(err)
		}
		kept, err := json.Marshal(app)
		if err != nil {
			t.Fatal(err)
		}
		var again mastodon.App
		if err := json.Unmarshal(kept, &again); err != nil {
			t.Fatal(err)
		}
		login := again.Login()
		u, err := url.Parse(login.URL)
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		if u.Path != "/oauth/authorize" || q.Get("client_id") != "app-1" || q.Get("response_type") != "code" || q.Get("redirect_uri") != "https://desk.acme.example/back" ||
			q.Get("scope") != strings.Join(mastodon.Scopes[:], " ") || q.Get("code_challenge_method") != "S256" || q.Get("state") != login.State || strings.Contains(login.URL, login.Verifier) {
			t.Errorf("got %s", login.URL)
		}
		a.challenge = q.Get("code_challenge")
		code, err := login.Code(url.Values{"code": {"code-1"}, "state": {login.State}})
		if err != nil {
			t.Fatal(err)
		}
		token, err := again.Token(t.Context(), login, code)
		if err != nil || token.AccessToken != "fresh-token" || !token.Valid() {
			t.Fatalf("got %v, %v", token, err)
		}
		if err := again.Revoke(t.Context(), token.AccessToken); err != nil || len(a.revoked) != 1 || a.revoked[0] != "fresh-token" {
			t.Errorf("revoked %v, %v", a.revoked, err)
		}
	}
}

func TestLoginRefused(t *testing.T) {
	t.Parallel()
	a := &authority{}
	server := httptest.NewServer(a)
	defer server.Close()
	app := mastodon.App{Server: server.URL, ClientID: "app-1", ClientSecret: "app-secret", Redirect: mastodon.ShowCode}
	login := app.Login()
	u, err := url.Parse(login.URL)
	if err != nil {
		t.Fatal(err)
	}
	a.challenge = u.Query().Get("code_challenge")
	token := func(app mastodon.App, l mastodon.Login, code string) error {
		_, err := app.Token(t.Context(), l, code)
		return err
	}
	for _, tc := range []struct {
		name string
		err  error
		kind remote.Kind
	}{
		{"a wrong code", token(app, login, "code-2"), remote.Unauthorized},
		{"another login's verifier", token(app, app.Login(), "code-1"), remote.Unauthorized},
		{"a wrong secret", token(mastodon.App{Server: server.URL, ClientID: "app-1", ClientSecret: "wrong-secret"}, login, "code-1"), remote.Unauthorized},
		{"no server", token(mastodon.App{Server: "http://social.example"}, login, "code-1"), remote.Rejected},
	} {
		if remote.KindOf(tc.err) != tc.kind || tc.err == nil {
			t.Errorf("%s: got %v, want %s", tc.name, tc.err, tc.kind)
			continue
		}
		for _, secret := range []string{"app-secret", "wrong-secret", "code-2", login.Verifier} {
			if strings.Contains(fmt.Sprintf("%v %+v", tc.err, tc.err), secret) {
				t.Errorf("%s: the error holds %s", tc.name, secret)
			}
		}
	}
	a.scope = "read"
	if err := token(app, login, "code-1"); remote.KindOf(err) != remote.Unauthorized || err == nil || !strings.Contains(err.Error(), "lacks the scope write:favourites") {
		t.Errorf("got %v", err)
	}
	a.scope = "read write"
	if err := token(app, login, "code-1"); err != nil {
		t.Errorf("the wider scopes hold the narrower ones: %v", err)
	}
	if _, err := mastodon.Register(t.Context(), mastodon.Registration{Server: server.URL}); remote.KindOf(err) != remote.Rejected || err == nil {
		t.Errorf("without a name: %v", err)
	}
}

func TestWhatComesBackFromTheServersPage(t *testing.T) {
	t.Parallel()
	login := mastodon.App{Server: "https://social.example", ClientID: "app-1"}.Login()
	for _, tc := range []struct {
		name  string
		query url.Values
		says  string
	}{
		{"another login", url.Values{"code": {"code-1"}, "state": {"x"}}, "does not belong to this login"},
		{"no state", url.Values{"code": {"code-1"}}, "does not belong to this login"},
		{"refused", url.Values{"error": {"access_denied"}, "state": {login.State}}, `the server says "access_denied"`},
		{"no code", url.Values{"state": {login.State}}, "has no code"},
	} {
		if _, err := login.Code(tc.query); err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), login.State) {
			t.Errorf("%s: got %v, want %q", tc.name, err, tc.says)
		}
	}
	if _, err := (mastodon.Login{}).Code(url.Values{"code": {"x"}, "state": {""}}); err == nil {
		t.Error("a login without a state takes an answer without one")
	}
}

func TestAnAppPrintsNoSecret(t *testing.T) {
	t.Parallel()
	app := mastodon.App{Server: "https://social.example", ClientID: "app-1", ClientSecret: "app-secret"}
	for _, s := range []string{fmt.Sprint(app), fmt.Sprintf("%v %+v %#v %s", app, app, app, &app)} {
		if strings.Contains(s, "app-secret") {
			t.Error(s)
		}
	}
}

func TestTokensThatAreNone(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"access_token":"x","token_type":"mac"}`, `{"access_token":5}`, ``, `<html>`} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }))
		defer server.Close()
		app := mastodon.App{Server: server.URL, ClientID: "app-1", ClientSecret: "app-secret"}
		if token, err := app.Token(t.Context(), app.Login(), "code-1"); err == nil || remote.KindOf(err) != remote.Unknown {
			t.Errorf("%q: got %v, %v", body, token, err)
		}
		if _, err := mastodon.Register(t.Context(), mastodon.Registration{Server: server.URL, Name: "x"}); err == nil {
			t.Errorf("%q: registered", body)
		}
	}
}
