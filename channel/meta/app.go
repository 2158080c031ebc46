package meta

import (
	"fmt"
	"net/http"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// App is a Meta app as its webhooks know it. The zero value verifies nothing, so a forgotten secret never lets a stranger in. It is a value: copies may be
// used concurrently. Printed or logged, it shows its ID only.
type App struct {
	// ID is the app's ID, as the app dashboard shows it. It tells our own app from others in echoes and when a conversation changes hands; empty: these are
	// not told apart.
	ID string `json:"id,omitempty"`
	// Secrets are the app secrets that may have signed a call: usually one; the old and the new one while the secret is being changed, or those of several
	// apps that share one address.
	Secrets []string `json:"-"`
	// VerifyToken is the word of your choice that is typed into the dashboard when the webhook is subscribed.
	VerifyToken string `json:"-"`
}

const (
	signatureHeader = "X-Hub-Signature-256"
	maxChallenge    = 256 // Meta sends a number; whatever else it becomes, it stays short
)

// Verify checks that a webhook call is Meta's. name opens the errors ("facebook").
//
// A GET must be the challenge of a subscription (hub.mode, hub.verify_token, hub.challenge, each once); the Response answers it with the challenge as plain
// text. A POST must carry the HMAC-SHA256 of its raw body in X-Hub-Signature-256, made with one of Secrets; the older SHA-1 header counts for nothing.
// Everything else is refused with a *remote.Error of Kind Unauthorized that never says what would have been right. Comparisons take constant time.
func (a App) Verify(name string, c channel.Call) (*channel.Response, error) {
	switch c.Method {
	case http.MethodGet:
		return a.challenge(name, c)
	case http.MethodPost:
		keys := make([][]byte, len(a.Secrets))
		for i, s := range a.Secrets {
			keys[i] = []byte(s)
		}
		if err := (remote.Signature{Header: signatureHeader, Prefix: "sha256=", Keys: keys}).Verify(c.Header, c.Body); err != nil {
			return nil, &remote.Error{Op: name + ": verify webhook call", Kind: remote.Unauthorized, Err: err}
		}
		return nil, nil
	}
	return nil, &remote.Error{Op: name + ": verify webhook call", Kind: remote.Unauthorized, Message: fmt.Sprintf("method %.10q, want GET or POST", c.Method)}
}

func (a App) challenge(name string, c channel.Call) (*channel.Response, error) {
	refuse := func(why string) (*channel.Response, error) {
		return nil, &remote.Error{Op: name + ": verify webhook subscription", Kind: remote.Unauthorized, Message: why}
	}
	for _, key := range []string{"hub.mode", "hub.verify_token", "hub.challenge"} {
		if n := len(c.Query[key]); n != 1 {
			return refuse(fmt.Sprintf("%s is there %d times, want once", key, n))
		}
	}
	challenge := c.Query.Get("hub.challenge")
	switch {
	case c.Query.Get("hub.mode") != "subscribe":
		return refuse("hub.mode is not subscribe")
	case !remote.SecretMatches(c.Query.Get("hub.verify_token"), a.VerifyToken):
		return refuse("hub.verify_token does not match")
	case challenge == "" || len(challenge) > maxChallenge:
		return refuse(fmt.Sprintf("hub.challenge has %d bytes, want 1 to %d", len(challenge), maxChallenge))
	}
	return &channel.Response{
		Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "X-Content-Type-Options": {"nosniff"}},
		Body:   []byte(challenge),
	}, nil
}

// Sign returns the X-Hub-Signature-256 header value for a body, made with the first of Secrets: for tests, and for replaying calls. It is empty when there
// is no secret.
func (a App) Sign(body []byte) string {
	for _, s := range a.Secrets {
		if value, err := (remote.Signature{Prefix: "sha256=", Keys: [][]byte{[]byte(s)}}).Sign(body); err == nil {
			return value
		}
	}
	return ""
}

// String returns "app 1234", without secrets.
func (a App) String() string { return "app " + a.ID }

// GoString is String, so that %#v shows no secret either.
func (a App) GoString() string { return a.String() }
