package salesforce

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/remote"
)

// Login is the app that socialcrm is to an org, and where it logs in.
type Login struct {
	// Name opens errors and names the credential; empty means "salesforce". Give it the name of the sink, so that a dead login pauses that.
	Name string
	// Host is where to log in: the org's My Domain ("https://acme.my.salesforce.com"), which client credentials need, or "https://test.salesforce.com" for sandboxes. Empty
	// means "https://login.salesforce.com".
	Host string
	// ClientID is the consumer key of the app, ClientSecret its consumer secret; JWTBearer needs none.
	ClientID, ClientSecret string
	// HTTP makes the calls; nil means one with default settings.
	HTTP *http.Client
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// JWTBearer logs in as a user with the key whose certificate was uploaded to the app (RFC 7523). There is no refresh token to lose: each token is asked for anew. The key
// is an RSA key; x509.ParsePKCS8PrivateKey reads one from a file, and a key that never leaves its hardware serves too. aud is whom the assertion is for: empty means
// Host, which is right for login.salesforce.com, test.salesforce.com and My Domain; an Experience Cloud site has its own.
//
// Errors of the source: Unauthorized where Salesforce refuses (the user has not approved the app, the user is not active, the certificate is another),
// RateLimited and Unavailable where trying later may help.
func JWTBearer(l Login, user string, key crypto.Signer, aud string) *remote.TokenSource {
	return l.source(func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
		assertion, err := l.assertion(user, key, aud)
		if err != nil {
			return nil, &remote.Error{Kind: remote.Unauthorized, Err: err}
		}
		return l.ask(ctx, url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}, assertion)
	})
}

// ClientCredentials logs in as the user whom the app's policies name as the one to run as (RFC 6749, section 4.4). Host must be the org's My Domain. Errors as for
// JWTBearer.
func ClientCredentials(l Login) *remote.TokenSource {
	return l.source(func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
		return l.ask(ctx, url.Values{"grant_type": {"client_credentials"}, "client_id": {l.ClientID}, "client_secret": {l.ClientSecret}})
	})
}

// RefreshToken goes on from the refresh token of a person who once agreed in a browser (RFC 6749, section 6). first is that token; the store's wins once there is
// one, because Salesforce may rotate it: then a token that was used twice is dead with all its successors. A store that several processes share is a
// remote.TokenLocker. Without a store a rotated token is lost with the process. Errors as for JWTBearer.
func RefreshToken(l Login, first string, store remote.TokenStore) *remote.TokenSource {
	s := l.source(func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
		token := first
		if old != nil {
			token = cmp.Or(old.RefreshToken, first)
		}
		form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {l.ClientID}}
		if l.ClientSecret != "" {
			form.Set("client_secret", l.ClientSecret)
		}
		fresh, err := l.ask(ctx, form, token)
		if err == nil && fresh.RefreshToken == "" {
			fresh.RefreshToken = token
		}
		return fresh, err
	})
	s.Store = store
	return s
}

func (l Login) source(refresh func(context.Context, *oauth2.Token) (*oauth2.Token, error)) *remote.TokenSource {
	return &remote.TokenSource{Name: cmp.Or(l.Name, "salesforce"), Refresh: refresh, Now: l.Now}
}

func (l Login) host() string {
	return strings.TrimRight(cmp.Or(l.Host, "https://login.salesforce.com"), "/")
}

// assertion is the signed statement of RFC 7523: who we are, as whom, for whom, and for how long. It is signed here because golang.org/x/oauth2/jwt asks for the token
// without regard to a context, and package jws below it is not meant for others.
func (l Login) assertion(user string, key crypto.Signer, aud string) (string, error) {
	if _, ok := key.Public().(*rsa.PublicKey); !ok {
		return "", errors.New("the key is no RSA key, which is all that Salesforce takes")
	}
	now := time.Now
	if l.Now != nil {
		now = l.Now
	}
	claims, err := json.Marshal(struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		Expires  int64  `json:"exp"`
	}{l.ClientID, user, cmp.Or(aud, l.host()), now().Add(3 * time.Minute).Unix()})
	if err != nil {
		return "", err
	}
	encode := base64.RawURLEncoding.EncodeToString
	signed := encode([]byte(`{"alg":"RS256"}`)) + "." + encode(claims)
	sum := sha256.Sum256([]byte(signed))
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return "", err
	}
	return signed + "." + encode(signature), nil
}

// ask makes one call to the token endpoint. What it sends in secret appears in no error.
func (l Login) ask(ctx context.Context, form url.Values, secrets ...string) (*oauth2.Token, error) {
	client := remote.Client{
		Name: cmp.Or(l.Name, "salesforce"), Base: l.host(), HTTP: l.HTTP, Now: l.Now, Secrets: append(secrets, l.ClientSecret), Classify: classifyLogin, MaxResponse: 1 << 20,
	}
	answer, err := client.Do(ctx, remote.Request{Op: "log in", Path: "/services/oauth2/token", Form: form, Idempotent: form.Get("grant_type") != "refresh_token"})
	if e, ok := errors.AsType[*remote.Error](err); ok {
		switch {
		case e.Kind == remote.Unknown:
			e.Kind = remote.Unavailable // a refresh that got lost is tried again; nothing was done to a customer
		case !e.Kind.Temporary():
			e.Kind = remote.Unauthorized // whatever is wrong is wrong with the login, and with no customer's record
		}
		return nil, e
	} else if err != nil {
		return nil, err
	}
	token, err := readToken(answer.Body)
	if err != nil {
		return nil, &remote.Error{Kind: remote.Unavailable, Status: answer.Status, Err: err}
	}
	return token, nil
}

// readToken reads the answer to a login. There is no expires_in: a session ends when the org says so.
func readToken(body []byte) (*oauth2.Token, error) {
	var told struct {
		Access   string `json:"access_token"`
		Refresh  string `json:"refresh_token"`
		Instance string `json:"instance_url"`
	}
	if json.Unmarshal(body, &told) != nil || told.Access == "" { // whose error would repeat what came
		return nil, errors.New("the login's answer holds no token")
	}
	token := &oauth2.Token{AccessToken: told.Access, RefreshToken: told.Refresh, TokenType: "Bearer"}
	return token.WithExtra(map[string]any{"instance_url": told.Instance}), nil
}

// classifyLogin is the error table of the token endpoint. What is not in it is left to the status and means that somebody must connect the org again.
func classifyLogin(r *remote.Response) *remote.Error {
	if r.Status < 400 || r.Status >= 500 {
		return nil
	}
	var told struct {
		Code string `json:"error"`
		Text string `json:"error_description"`
	}
	if json.Unmarshal(r.Body, &told) != nil || told.Code == "" {
		return nil
	}
	e := &remote.Error{Kind: remote.Unauthorized, Code: told.Code, Message: told.Text}
	text := strings.ToLower(told.Text)
	switch {
	case strings.Contains(text, "already being processed"), strings.Contains(text, "expired authorization code"), strings.Contains(text, "retry your request"),
		told.Code == "server_error", told.Code == "temporarily_unavailable":
		e.Kind = remote.Unavailable // two asked with one refresh token at the same moment, or it is Salesforce's own fault
	case strings.Contains(text, "login rate exceeded"), told.Code == "rate_limit_exceeded":
		e.Kind = remote.RateLimited // 3600 logins of a user in an hour
	}
	return e
}
