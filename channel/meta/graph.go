package meta

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Version is the version of the Graph API that the adapters of the family are written for. Meta keeps a version for at least two years.
const Version = "v25.0"

// Access says how one account calls the Graph API.
type Access struct {
	// Account is who calls. What limits and dead tokens reach follows from its ID, Credential and App.
	Account channel.Account
	// App is the app that the token belongs to; its secret must be the first of App.Secrets. With it every call carries a proof (appsecret_proof) that the
	// token was not stolen, which an app can be set to require.
	App App
	// Token gives the access token; it goes into the Authorization header and nowhere else.
	Token oauth2.TokenSource
	// Base is the API's address; empty means "https://graph.facebook.com".
	Base string
	// Version of the API; empty means Version. A call without a version would follow a setting in the dashboard, so there is always one.
	Version string
	// HTTP makes the calls; nil means one with default settings.
	HTTP *http.Client
	// Limiter remembers what Meta says about coming back. Accounts of one app share one; nil means one of its own.
	Limiter *remote.Limiter
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Graph calls the Graph API for one account. All methods may be called concurrently. Do not print it: it holds secrets.
type Graph struct {
	access Access
	client remote.Client
}

// NewGraph returns a Graph. It makes no call.
func NewGraph(a Access) *Graph {
	a.Base, a.Version = cmp.Or(a.Base, "https://graph.facebook.com"), cmp.Or(a.Version, Version)
	a.Account.App = cmp.Or(a.Account.App, a.App.ID)
	if a.Limiter == nil {
		a.Limiter = &remote.Limiter{}
	}
	if a.Now == nil {
		a.Now = time.Now
	}
	g := &Graph{access: a}
	g.client = remote.Client{
		Name: a.Account.Platform, Base: a.Base + "/" + a.Version, HTTP: a.HTTP, Token: a.Token, Limiter: a.Limiter, Now: a.Now,
		Scopes: g.scopes(), Secrets: a.App.Secrets,
		Authorize: g.authorize,
		Usage:     func(h http.Header, now time.Time) []remote.Hold { return holds(h, now, g.scope) },
		Classify:  func(r *remote.Response) *remote.Error { return classify(r, a.Now(), g.scope) },
	}
	return g
}

// Do makes one call and returns its answer, as [remote.Client.Do] does: it never waits and never repeats. The errors are those of Meta's table of codes; what
// concerns the recipient gets its ID from the recipient among r.Scopes.
//
// Meta answers "something went wrong, try again" also to what it has carried out. For a call that may not be repeated that is remote.Unknown.
func (g *Graph) Do(ctx context.Context, r remote.Request) (*remote.Response, error) {
	return g.do(ctx, &g.client, r)
}

func (g *Graph) do(ctx context.Context, client *remote.Client, r remote.Request) (*remote.Response, error) {
	answer, err := client.Do(ctx, r)
	if e, ok := errors.AsType[*remote.Error](err); ok {
		if e.Scope.Level == remote.LevelRecipient && e.Scope.ID == "" {
			e.Scope = recipient(r.Scopes)
		}
		if answer != nil && e.Kind == remote.Unknown && (r.Idempotent || reads(&r)) {
			e.Kind = remote.Unavailable
		}
	}
	return answer, err
}

func reads(r *remote.Request) bool {
	return r.Method == http.MethodGet || r.Method == "" && r.JSON == nil && r.Form == nil && r.Body == nil
}

// recipient returns whom a call is for; zero where it does not say.
func recipient(scopes []remote.Scope) remote.Scope {
	for _, s := range scopes {
		if s.Level == remote.LevelRecipient {
			return s
		}
	}
	return remote.Scope{}
}

// scopes are what every call counts against, the account first.
func (g *Graph) scopes() []remote.Scope {
	scopes := []remote.Scope{g.scope(remote.LevelAccount), g.scope(remote.LevelCredential)}
	if app := g.scope(remote.LevelApp); app.Level == remote.LevelApp {
		scopes = append(scopes, app)
	}
	return scopes
}

// scope names the thing at a level. Where the app is not known, what concerns it concerns the account.
func (g *Graph) scope(level remote.Level) remote.Scope {
	a := g.access.Account
	switch {
	case level == remote.LevelCredential:
		return remote.Scope{Level: level, ID: cmp.Or(a.Credential, a.AccountID.String())}
	case level == remote.LevelApp && a.App != "":
		return remote.Scope{Level: level, ID: a.Platform + "/" + a.App}
	case level == remote.LevelRecipient || level == remote.LevelNone:
		return remote.Scope{Level: level} // Do knows the recipient
	}
	return remote.Scope{Level: remote.LevelAccount, ID: a.AccountID.String()}
}

// authorize puts the token into the header, and the proof that goes with it into the query, the only place where Meta takes it from any kind of call.
func (g *Graph) authorize(req *http.Request, token *oauth2.Token) error {
	if token == nil {
		return nil
	}
	req.Header.Set("Authorization", "Bearer "+token.AccessToken)
	if proof := g.access.App.proof(token.AccessToken); proof != "" {
		query := req.URL.Query()
		query.Set("appsecret_proof", proof)
		req.URL.RawQuery = query.Encode()
	}
	return nil
}

// secret returns the app's current secret; empty when there is none.
func (a App) secret() string {
	if len(a.Secrets) == 0 {
		return ""
	}
	return a.Secrets[0]
}

// proof returns the HMAC-SHA256 of an access token under the app secret, in hex (Graph API, Securing Requests); empty without a secret.
func (a App) proof(token string) string {
	secret := a.secret()
	if secret == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(token))
	return hex.EncodeToString(mac.Sum(nil))
}

// String returns "facebook/1234", without secrets.
func (g *Graph) String() string { return g.access.Account.AccountID.String() }

// GoString is String, so that %#v shows no secret either.
func (g *Graph) GoString() string { return g.String() }
