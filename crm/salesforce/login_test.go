package salesforce

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/remote"
)

var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		panic(err)
	}
	return k
})

const secret = "c0nsum3r+s3cr3t"

var loginTime = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// loginHost is a stand-in for login.salesforce.com: it gives tokens to those who say the right things.
func loginHost(t *testing.T, instance string) Login {
	issued := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse := func(code, text string) {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":%q,"error_description":%q}`, code, text)
		}
		if r.Method != http.MethodPost || r.URL.Path != "/services/oauth2/token" || r.ParseForm() != nil || r.URL.RawQuery != "" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		rotated := ""
		switch form := r.PostForm; form.Get("grant_type") {
		case "urn:ietf:params:oauth:grant-type:jwt-bearer":
			if err := checkAssertion(form.Get("assertion"), "http://"+r.Host); err != nil {
				refuse("invalid_grant", err.Error())
				return
			}
		case "client_credentials":
			if form.Get("client_id") != "app" || form.Get("client_secret") != secret {
				refuse("invalid_client", "invalid client credentials "+form.Get("client_secret"))
				return
			}
		case "refresh_token":
			if form.Get("refresh_token") != fmt.Sprintf("refresh-%d", issued) {
				refuse("invalid_grant", "expired access/refresh token "+form.Get("refresh_token"))
				return
			}
			rotated = fmt.Sprintf(`"refresh_token":"refresh-%d",`, issued+1)
		default:
			refuse("unsupported_grant_type", "grant type not supported")
			return
		}
		issued++
		fmt.Fprintf(w, `{"access_token":"access-%d",%s"instance_url":%q,"id":"https://login.salesforce.com/id/00D/005","issued_at":"1","token_type":"Bearer"}`,
			issued, rotated, instance)
	}))
	t.Cleanup(server.Close)
	return Login{Host: server.URL + "/", ClientID: "app", ClientSecret: secret, HTTP: server.Client(), Now: func() time.Time { return loginTime }}
}

func checkAssertion(assertion, host string) error {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 {
		return errors.New("invalid assertion")
	}
	var decoded [3][]byte
	for i, p := range parts {
		var err error
		if decoded[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			return err
		}
	}
	var header struct{ Alg string }
	var claims struct {
		Iss, Sub, Aud string
		Exp           int64
	}
	if json.Unmarshal(decoded[0], &header) != nil || json.Unmarshal(decoded[1], &claims) != nil || header.Alg != "RS256" {
		return errors.New("invalid assertion")
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	exp := time.Unix(claims.Exp, 0)
	switch {
	case rsa.VerifyPKCS1v15(&key().PublicKey, crypto.SHA256, sum[:], decoded[2]) != nil:
		return errors.New("invalid assertion")
	case claims.Iss != "app" || claims.Sub != "desk@acme.example":
		return errors.New("user hasn't approved this consumer")
	case claims.Aud != host:
		return errors.New("audience is invalid")
	case !exp.After(loginTime) || exp.After(loginTime.Add(5*time.Minute)):
		return errors.New("expired authorization code")
	}
	return nil
}

func TestEveryLoginGetsATokenAndTheInstance(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]func(Login) *remote.TokenSource{
		"JWT bearer":         func(l Login) *remote.TokenSource { return JWTBearer(l, "desk@acme.example", key(), "") },
		"client credentials": ClientCredentials,
		"refresh token":      func(l Login) *remote.TokenSource { return RefreshToken(l, "refresh-0", nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := source(loginHost(t, "https://acme.my.salesforce.com"))
			now := loginTime
			s.Now = func() time.Time { return now }
			for i := range 3 {
				token, err := s.Token()
				if err != nil {
					t.Fatal(err)
				}
				if want := fmt.Sprintf("access-%d", i+1); token.AccessToken != want || token.Extra("instance_url") != "https://acme.my.salesforce.com" {
					t.Errorf("token %q for %v, want %s", token.AccessToken, token.Extra("instance_url"), want)
				}
				if again, _ := s.Token(); again.AccessToken != token.AccessToken {
					t.Errorf("asked again at once, the token is %q", again.AccessToken)
				}
				now = now.Add(time.Hour) // it tells no expiry; the org refuses it in the end
				s.Invalidate(token.AccessToken)
			}
		})
	}
}

func TestLoginRefusedIsUnauthorizedAndShowsNoSecret(t *testing.T) {
	t.Parallel()
	other, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	jwt := func(user string, key crypto.Signer, aud string) func(Login) *remote.TokenSource {
		return func(l Login) *remote.TokenSource { return JWTBearer(l, user, key, aud) }
	}
	for name, tt := range map[string]struct {
		source func(Login) *remote.TokenSource
		want   string
	}{
		"another key":     {jwt("desk@acme.example", other, ""), "invalid_grant: invalid assertion"},
		"another user":    {jwt("eve@acme.example", key(), ""), "user hasn't approved this consumer"},
		"another host":    {jwt("desk@acme.example", key(), "https://login.salesforce.com"), "audience is invalid"},
		"no RSA key":      {jwt("desk@acme.example", curve, ""), "the key is no RSA key"},
		"another secret":  {func(l Login) *remote.TokenSource { l.ClientSecret = "wr0ng"; return ClientCredentials(l) }, "invalid client credentials"},
		"a spent refresh": {func(l Login) *remote.TokenSource { return RefreshToken(l, "refresh-9", nil) }, "expired access/refresh token"},
		"a wrong path":    {func(l Login) *remote.TokenSource { l.Host += "oauth"; return ClientCredentials(l) }, "404"},
		"no address":      {func(l Login) *remote.TokenSource { l.Host = "acme"; return ClientCredentials(l) }, "http or https"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tt.source(loginHost(t, "")).Token()
			e, ok := errors.AsType[*remote.Error](err)
			if !ok || e.Kind != remote.Unauthorized || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want unauthorized: %s", err, tt.want)
			}
			if want := (remote.Scope{Level: remote.LevelCredential, ID: "salesforce"}); e.Scope != want {
				t.Errorf("it concerns %s, want %s", e.Scope, want)
			}
			for _, s := range []string{secret, "wr0ng", "refresh-9", "eyJ"} {
				if strings.Contains(err.Error(), s) {
					t.Errorf("the error shows %q: %v", s, err)
				}
			}
		})
	}
}

func TestLoginErrorsByKind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status     int
		code, text string
		want       remote.Kind
	}{
		{400, "invalid_grant", "token request is already being processed", remote.Unavailable},
		{400, "invalid_grant", "expired authorization code", remote.Unavailable},
		{400, "unknown_error", "retry your request", remote.Unavailable},
		{400, "invalid_grant", "login rate exceeded", remote.RateLimited},
		{403, "rate_limit_exceeded", "Number of login attempts exceeded", remote.RateLimited},
		{429, "", "", remote.RateLimited},
		{400, "invalid_grant", "user hasn't approved this consumer", remote.Unauthorized},
		{400, "inactive_user", "user is inactive", remote.Unauthorized},
		{400, "invalid_client_id", "client identifier invalid", remote.Unauthorized},
		{404, "", "", remote.Unauthorized},
		{302, "", "", remote.Unauthorized},
		{500, "", "", remote.Unavailable},
		{503, "", "", remote.Unavailable},
		{200, "", "", remote.Unavailable}, // no token in it
	} {
		body := ""
		if tt.code != "" {
			body = fmt.Sprintf(`{"error":%q,"error_description":%q}`, tt.code, tt.text)
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = w.Write([]byte(body))
		}))
		_, err := RefreshToken(Login{Host: server.URL, HTTP: server.Client()}, "refresh-1", nil).Token()
		server.Close()
		if err == nil || remote.KindOf(err) != tt.want {
			t.Errorf("status %d, %s %q: error %v, want %s", tt.status, tt.code, tt.text, err, tt.want)
		}
	}
}

// vault is a store of one token. Like JSON, it keeps no Extra.
type vault struct {
	mu    sync.Mutex
	token *oauth2.Token
}

func (v *vault) Load(context.Context) (*oauth2.Token, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.token, nil
}

func (v *vault) Save(_ context.Context, token *oauth2.Token) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.token = &oauth2.Token{AccessToken: token.AccessToken, RefreshToken: token.RefreshToken}
	return nil
}

func TestARotatedRefreshTokenIsKept(t *testing.T) {
	t.Parallel()
	l, store := loginHost(t, ""), new(vault)
	for i := range 3 { // three processes, one after the other
		s := RefreshToken(l, "refresh-0", store)
		token, err := s.Token()
		if err != nil {
			t.Fatal(err)
		}
		if want := "access-1"; i == 0 && token.AccessToken != want {
			t.Errorf("token %q, want %s", token.AccessToken, want)
		}
		s.Invalidate(token.AccessToken)
		store.token.AccessToken = "" // the org no longer takes it
	}
	if store.token.RefreshToken != "refresh-3" {
		t.Errorf("the store holds %q, want refresh-3", store.token.RefreshToken)
	}
}

func TestAnExpiredSessionIsRenewedByTheNextPush(t *testing.T) {
	t.Parallel()
	o := newOrg()
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	logins, now := 0, loginTime
	sink := New(Options{Instance: "http://login.invalid", HTTP: server.Client(), Now: func() time.Time { return now }, Token: &remote.TokenSource{
		Now: func() time.Time { return now },
		Refresh: func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
			logins++
			fresh := &oauth2.Token{AccessToken: token}
			if logins == 1 {
				fresh.AccessToken = "an old session"
			}
			return fresh.WithExtra(map[string]any{"instance_url": server.URL}), nil
		},
	}})
	_, err := sink.Push(t.Context(), change(1, "Where is my bag?"))
	if remote.KindOf(err) != remote.Unauthorized || err == nil { // fresh as it is, one more would not help
		t.Fatalf("error %v, want unauthorized", err)
	}
	now = now.Add(2 * time.Minute)
	_, err = sink.Push(t.Context(), change(1, "Where is my bag?")) // still the old token, which is not fresh any more: it goes
	if remote.KindOf(err) != remote.Unavailable || err == nil {
		t.Fatalf("error %v, want unavailable: the next try has a new token", err)
	}
	if _, err = sink.Push(t.Context(), change(1, "Where is my bag?")); err != nil || logins != 2 {
		t.Errorf("error %v after %d logins, want none after 2", err, logins)
	}
}

func TestTheTokenSaysWhichInstance(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		instance, told string
		want           string
	}{
		"none":             {"", "", "neither the token nor Options.Instance names the org's address"},
		"no https":         {"", "http://acme.example", "which is no https address"},
		"https to http":    {"https://acme.example", "http://acme.example", "which is no https address"},
		"another protocol": {"", "ftp://acme.example", "which is no https address"},
		"no address":       {"", ":", "which is no https address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			held := (&oauth2.Token{AccessToken: token}).WithExtra(map[string]any{"instance_url": tt.told})
			sink := New(Options{Instance: tt.instance, Token: oauth2.StaticTokenSource(held), HTTP: &http.Client{Transport: unreachable{t}}})
			_, err := sink.Push(t.Context(), change(1, "Where is my bag?"))
			if remote.KindOf(err) != remote.Unauthorized || err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want unauthorized: %s", err, tt.want)
			}
		})
	}
}

// unreachable fails the test when anything is sent.
type unreachable struct{ t *testing.T }

func (u unreachable) RoundTrip(r *http.Request) (*http.Response, error) {
	u.t.Errorf("a request went to %s", r.URL.Host)
	return nil, errors.New("unreachable")
}
