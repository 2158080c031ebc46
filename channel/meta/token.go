package meta

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/remote"
)

// Token is what Meta says about an access token (Graph API, debug_token).
type Token struct {
	// App is the ID of the app that it was given to, Type "PAGE", "USER" or "SYSTEM_USER".
	App  string
	Type string
	// Expires is when it ends; zero: it has no end.
	Expires time.Time
	// DataAccess is until when it may read people's data; zero: no end is told.
	DataAccess time.Time
	// Scopes are the permissions granted.
	Scopes []string
}

// Ends returns the earlier of Expires and DataAccess; zero when neither is told.
func (t Token) Ends() time.Time {
	if t.Expires.IsZero() || !t.DataAccess.IsZero() && t.DataAccess.Before(t.Expires) {
		return t.DataAccess
	}
	return t.Expires
}

// Missing returns those of the permissions that were not granted, in the order given.
func (t Token) Missing(permissions ...string) []string {
	var missing []string
	for _, p := range permissions {
		if !slices.Contains(t.Scopes, p) {
			missing = append(missing, p)
		}
	}
	return missing
}

// CanCheckToken reports whether CheckToken can work: the app's ID and secret are known.
func (g *Graph) CanCheckToken() bool {
	return g.access.App.ID != "" && g.access.App.secret() != "" && g.access.Token != nil
}

// CheckToken asks Meta about the account's token, in the app's name. The error is Unauthorized, with the credential as its scope, when the token is no longer
// valid or belongs to another app, and Rejected when the app's ID or secret is not known. Hosts may call it before anything goes wrong; it costs one call.
func (g *Graph) CheckToken(ctx context.Context) (Token, error) {
	const op = "check the token"
	app := g.access.App
	if !g.CanCheckToken() {
		return Token{}, &remote.Error{Op: g.client.Name + ": " + op, Kind: remote.Rejected, Message: "the ID or the secret of the app is not known"}
	}
	asker := g.client // the fields of a remote.Client do not change once it is in use, so a copy is another client
	asked := ""
	asker.Authorize = func(req *http.Request, token *oauth2.Token) error {
		asked = token.AccessToken
		req.Header.Set("Authorization", "Bearer "+app.ID+"|"+app.secret())
		query := req.URL.Query()
		query.Set("input_token", asked)
		req.URL.RawQuery = query.Encode()
		return nil
	}
	var answer struct {
		Data struct {
			App        ID       `json:"app_id"`
			Type       string   `json:"type"`
			Valid      bool     `json:"is_valid"`
			Expires    Time     `json:"expires_at"`
			DataAccess Time     `json:"data_access_expires_at"`
			Scopes     []string `json:"scopes"`
			Error      struct {
				Message string `json:"message"`
			} `json:"error"`
		} `json:"data"`
	}
	if _, err := g.do(ctx, &asker, remote.Request{Op: op, Path: "/debug_token", Into: &answer}); err != nil {
		return Token{}, err
	}
	d, wrong := answer.Data, ""
	switch {
	case !d.Valid:
		wrong = cmp.Or(remote.Redact(d.Error.Message, append([]string{asked}, app.Secrets...)...), "it is no longer valid")
	case d.App != "" && string(d.App) != app.ID:
		wrong = "it belongs to app " + string(d.App) + ", not to " + app.ID
	}
	if wrong != "" {
		return Token{}, &remote.Error{Op: g.client.Name + ": " + op, Kind: remote.Unauthorized, Scope: g.scope(remote.LevelCredential), Message: wrong}
	}
	return Token{App: string(d.App), Type: d.Type, Expires: d.Expires.Time, DataAccess: d.DataAccess.Time, Scopes: d.Scopes}, nil
}
