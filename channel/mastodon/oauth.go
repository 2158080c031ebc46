package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/remote"
)

// Scopes are what the token of a [Channel] needs.
var Scopes = [...]string{"read:accounts", "read:notifications", "read:statuses", "write:favourites", "write:media", "write:statuses"}

// ShowCode is the Redirect of programs without a web page: the server shows the code to the person, who types it in.
const ShowCode = "urn:ietf:wg:oauth:2.0:oob"

// Registration says what to register with a server.
type Registration struct {
	// Server is the server's address, "https://social.example".
	Server string
	// Name is what people see when they are asked for permission, and below posts: "AO.com service".
	Name string
	// Website is where they can read about it; may be empty.
	Website string
	// Redirect is where the server sends them back with the code. Zero: ShowCode.
	Redirect string
	// HTTP makes the calls of this App; nil means one with default settings.
	HTTP *http.Client
}

// App is a program as one server knows it. Keep it, as JSON for example; it holds a secret, which printing does not show. It is needed to log in accounts, not by a Channel.
type App struct {
	Server       string `json:"server"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Redirect     string `json:"redirect"`
	// HTTP makes the calls; nil means one with default settings.
	HTTP *http.Client `json:"-"`
}

// String returns "app at https://social.example", without the secret.
func (a App) String() string { return "app at " + a.Server }

// GoString is String, so that %#v shows no secret either.
func (a App) GoString() string { return a.String() }

// Register makes the program known to a server, once for each server; there, nobody needs to allow it. Errors are of type *remote.Error: Rejected where a field does not suit
// the server.
func Register(ctx context.Context, r Registration) (App, error) {
	const op = "register the app"
	app := App{Server: r.Server, Redirect: r.Redirect, HTTP: r.HTTP}
	if app.Redirect == "" {
		app.Redirect = ShowCode
	}
	client, err := app.client(op)
	if err != nil {
		return App{}, err
	}
	ask := map[string]any{"client_name": r.Name, "redirect_uris": []string{app.Redirect}, "scopes": strings.Join(Scopes[:], " ")}
	if r.Website != "" {
		ask["website"] = r.Website
	}
	var made struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	answer, err := client.Do(ctx, remote.Request{Op: op, Path: "/api/v1/apps", JSON: ask, Into: &made})
	if remote.KindOf(err) == remote.Rejected && err != nil { // before Mastodon 4.3 it was one text
		ask["redirect_uris"] = app.Redirect
		answer, err = client.Do(ctx, remote.Request{Op: op, Path: "/api/v1/apps", JSON: ask, Into: &made})
	}
	if err != nil {
		return App{}, err
	}
	if made.ClientID == "" || made.ClientSecret == "" {
		return App{}, &remote.Error{Op: Platform + ": " + op, Kind: remote.Unknown, Status: answer.Status, Message: "the answer has no client_id or no client_secret"}
	}
	app.ClientID, app.ClientSecret = made.ClientID, made.ClientSecret
	return app, nil
}

// Login is the way of one person through the server's page. Keep it between the two steps, on the server's side of the person's session; it holds a secret.
type Login struct {
	// URL is where to send the person.
	URL string `json:"url"`
	// State comes back with the code and proves that the answer belongs to this question.
	State string `json:"state"`
	// Verifier proves to the server that who asks for the token began the login (PKCE, RFC 7636).
	Verifier string `json:"verifier"`
}

// Login begins the login of an account. PKCE is used always: servers before Mastodon 4.3 do not know it and must ignore it (RFC 6749, section 3.1).
func (a App) Login() Login {
	l := Login{State: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier()}
	config := oauth2.Config{
		ClientID: a.ClientID, RedirectURL: a.Redirect, Scopes: Scopes[:],
		Endpoint: oauth2.Endpoint{AuthURL: strings.TrimRight(a.Server, "/") + "/oauth/authorize"},
	}
	l.URL = config.AuthCodeURL(l.State, oauth2.S256ChallengeOption(l.Verifier))
	return l
}

// Code takes the code out of the query with which the server sends the person back to App.Redirect. The error says that the person refused, or that the answer belongs to
// another login.
func (l Login) Code(query url.Values) (string, error) {
	switch {
	case !remote.SecretMatches(query.Get("state"), l.State):
		return "", errors.New("mastodon: log in: the answer does not belong to this login")
	case query.Get("error") != "":
		return "", fmt.Errorf("mastodon: log in: the server says %.100q", query.Get("error"))
	case query.Get("code") == "":
		return "", errors.New("mastodon: log in: the answer has no code")
	}
	return query.Get("code"), nil
}

// Token exchanges the code, which [Login.Code] took or a person typed in, for the account's token. It does not expire; keep it as a secret. Errors are of type *remote.Error:
// Rejected or Unauthorized where the code is wrong, used or too old. A code works once: after Unknown, log in again.
func (a App) Token(ctx context.Context, l Login, code string) (*oauth2.Token, error) {
	const op = "exchange the code"
	client, err := a.client(op, code, l.Verifier)
	if err != nil {
		return nil, err
	}
	var t struct {
		AccessToken string `json:"access_token"`
		TokenType   string `json:"token_type"`
		Scope       string `json:"scope"`
	}
	answer, err := client.Do(ctx, remote.Request{Op: op, Path: "/oauth/token", Into: &t, JSON: map[string]string{
		"grant_type": "authorization_code", "client_id": a.ClientID, "client_secret": a.ClientSecret, "redirect_uri": a.Redirect, "code": code, "code_verifier": l.Verifier,
	}})
	if err != nil {
		return nil, err
	}
	granted := strings.Fields(t.Scope)
	switch {
	case t.AccessToken == "" || !strings.EqualFold(t.TokenType, "bearer"):
		return nil, &remote.Error{Op: Platform + ": " + op, Kind: remote.Unknown, Status: answer.Status, Message: "the answer has no bearer token"}
	case t.Scope != "" && missing(granted) != "":
		return nil, &remote.Error{Op: Platform + ": " + op, Kind: remote.Unauthorized, Status: answer.Status, Message: "the token lacks the scope " + missing(granted)}
	}
	return &oauth2.Token{AccessToken: t.AccessToken, TokenType: "Bearer"}, nil
}

// missing returns the first of Scopes that was not granted; "read" holds "read:statuses".
func missing(granted []string) string {
	for _, want := range Scopes {
		whole, _, _ := strings.Cut(want, ":")
		found := false
		for _, g := range granted {
			found = found || g == want || g == whole
		}
		if !found {
			return want
		}
	}
	return ""
}

// Revoke makes a token invalid, for when an account is disconnected. A token that is invalid already is no error.
func (a App) Revoke(ctx context.Context, token string) error {
	const op = "revoke the token"
	client, err := a.client(op, token)
	if err != nil {
		return err
	}
	_, err = client.Do(ctx, remote.Request{
		Op: op, Path: "/oauth/revoke", Idempotent: true, JSON: map[string]string{"client_id": a.ClientID, "client_secret": a.ClientSecret, "token": token},
	})
	return err
}

// client makes the calls without a token.
func (a App) client(op string, secrets ...string) (*remote.Client, error) {
	base, err := serverAddress(a.Server)
	if err != nil {
		return nil, &remote.Error{Op: Platform + ": " + op, Kind: remote.Rejected, Err: err}
	}
	return &remote.Client{Name: Platform, Base: base, HTTP: a.HTTP, Secrets: append(secrets, a.ClientSecret), Classify: refusedGrant}, nil
}

// refusedGrant tells a code or app that the server refuses (RFC 6749, section 5.2) from a request that makes no sense.
func refusedGrant(r *remote.Response) *remote.Error {
	var e struct {
		Error string `json:"error"`
	}
	if r.Status < 400 || json.Unmarshal(r.Body, &e) != nil {
		return nil
	}
	switch e.Error {
	case "invalid_grant", "invalid_client", "unauthorized_client", "access_denied":
		return &remote.Error{Kind: remote.Unauthorized, Code: e.Error}
	}
	return nil
}
