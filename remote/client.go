package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/oauth2"
)

// Client makes calls to one HTTP API on behalf of one account. The zero value calls whole URLs, without a token and without a limit of its own.
//
// All methods may be called concurrently; the fields must not change after the first call. Do not print a Client: it holds secrets.
type Client struct {
	// Name opens every error, for example "mastodon".
	Name string
	// Base is the address that paths are joined to, for example "https://social.example/api". The token goes nowhere else.
	Base string
	// HTTP makes the calls; nil means one with default settings. Redirects are not its business: see Do.
	HTTP *http.Client
	// Token gives the token of each call; nil means none. A [TokenSource] is told when its token is refused.
	Token oauth2.TokenSource
	// Authorize puts the token into the request where that is not "Authorization: Bearer". It gets a nil token where Token is nil. It may also move the
	// request to the host that the token names.
	Authorize func(req *http.Request, token *oauth2.Token) error
	// Scopes are what every call counts against: the account, the credential, the app. The first one is what a limit concerns when the answer does not
	// say. Without scopes a dead token is put down to the credential called Name.
	Scopes []Scope
	// Limiter is asked before each call and learns from each answer; nil means no limit and no memory. Clients that share a quota share it.
	Limiter *Limiter
	// Quotas name the headers that tell when a quota is spent.
	Quotas []Quota
	// Usage reads what Quotas cannot say (percentages inside JSON, say) from the headers of every answer and returns what to hold.
	Usage func(header http.Header, now time.Time) []Hold
	// Classify is the platform's own error table. It sees every answer, also 2xx, because some platforms put errors there. Nil from it leaves the decision
	// to the status. Kind, Scope, Code, Message and RetryAt are for it to set; what it leaves empty is filled in, except for Kind. A Scope with a Level and no ID gets
	// that of the call's scope of this level, from Request.Scopes or Scopes, and stays without where there is none.
	Classify func(*Response) *Error
	// Secrets never appear in an error, in addition to tokens and what [Redact] knows by name.
	Secrets []string
	// UserAgent is sent with every call; empty means "socialcrm".
	UserAgent string
	// MaxRequest bounds a request body in bytes; 0 means 1 MiB.
	MaxRequest int64
	// MaxResponse bounds an answer's body in bytes, decompressed; 0 means 10 MiB. Of JSON, Request.MaxValues is a bound, too.
	MaxResponse int64
	// Timeout bounds a whole call, from connecting to the last byte; 0 means 30 seconds.
	Timeout time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Do makes one call and returns its answer. It never waits, retries or paces. GET and HEAD follow up to five redirects on the same host; every other
// redirect is an error, so a token never travels to another host.
//
// The error is an *Error. When no answer came, its Kind is
//
//   - Rejected where the request cannot be sent as it is (ErrTooLarge, a wrong address, a body that does not marshal),
//   - RateLimited with RetryAt where the Limiter is closed,
//   - that of the token's error where there is no token,
//   - Unavailable where the request was certainly not sent, or is idempotent,
//   - Unknown otherwise: it may have been carried out.
//
// When an answer came, Classify decides, then the status (see [KindOfStatus]). A 2xx answer that cannot be read or decoded is Unknown, and for an idempotent
// request Unavailable (Rejected if the answer is too large). The Response is not nil whenever an answer came, also beside an error.
//
// An answer Unauthorized whose token the Token source can replace (see [TokenSource.Invalidate]) is Unavailable instead: the next try uses a new token.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	a := &attempt{client: c, request: &r, now: c.now()}
	if err := ctx.Err(); err != nil {
		return nil, a.fail(&Error{Kind: Unavailable, Err: err})
	}
	timeout := c.timeout()
	call, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	call = a.sent.trace(call)

	req, err := c.build(call, &r)
	if err != nil {
		return nil, a.fail(&Error{Kind: Rejected, Err: err})
	}
	if c.Limiter != nil {
		if until, by, ok := c.Limiter.Reserve(a.now, a.scopes()...); !ok {
			return nil, a.fail(&Error{Kind: RateLimited, Scope: by, RetryAt: until})
		}
	}
	if e := a.authorize(call, req); e != nil {
		return nil, a.fail(e)
	}
	hc := c.http()
	resp, err := hc.Do(req)
	if err != nil {
		if call.Err() == context.DeadlineExceeded && ctx.Err() == nil {
			err = noAnswerWithin(timeout)
		}
		return nil, a.fail(&Error{Kind: a.lost(hc), Err: err})
	}
	defer resp.Body.Close()
	body, err := readBody(resp, c.maxResponse())
	if err == nil {
		if err = checkValues(body, r.MaxValues); err != nil {
			body = nil // nobody is to decode it
		}
	}
	if err != nil && call.Err() == context.DeadlineExceeded && ctx.Err() == nil {
		err = noAnswerWithin(timeout)
	}
	answer := &Response{Status: resp.StatusCode, Header: resp.Header, Body: body}
	a.now = c.now()
	if e := a.judge(answer, err); e != nil {
		return answer, a.fail(e)
	}
	return answer, nil
}

// attempt is one call of Do on its way.
type attempt struct {
	client  *Client
	request *Request
	now     time.Time
	token   *oauth2.Token
	sent    sending
}

// authorize puts the token into the request.
func (a *attempt) authorize(ctx context.Context, req *http.Request) *Error {
	c := a.client
	if c.Token != nil {
		var err error
		if source, ok := c.Token.(contextTokens); ok {
			a.token, err = source.TokenContext(ctx)
		} else {
			a.token, err = c.Token.Token()
		}
		if err != nil {
			return tokenError(err, a.now)
		}
		if a.token == nil || a.token.AccessToken == "" {
			return &Error{Kind: Unauthorized, Message: "there is no token"}
		}
	}
	switch {
	case c.Authorize != nil:
		if err := c.Authorize(req, a.token); err != nil {
			if e, ok := errors.AsType[*Error](err); ok {
				own := *e
				return &own
			}
			return &Error{Kind: Rejected, Err: err}
		}
	case a.token != nil:
		req.Header.Set("Authorization", "Bearer "+a.token.AccessToken)
	}
	return nil
}

// contextTokens and replaceableTokens are what a TokenSource can do beyond an oauth2.TokenSource.
type (
	contextTokens interface {
		TokenContext(context.Context) (*oauth2.Token, error)
	}
	replaceableTokens interface{ Invalidate(accessToken string) bool }
)

// scopes are all that the call counts against, the closest first.
func (a *attempt) scopes() []Scope {
	if len(a.request.Scopes) == 0 {
		return a.client.Scopes
	}
	return append(append(make([]Scope, 0, 8), a.request.Scopes...), a.client.Scopes...)
}

// scope returns the call's scope of a level, or else the client's first.
func (a *attempt) scope(level Level) Scope {
	if level != LevelNone {
		for _, s := range a.scopes() {
			if s.Level == level {
				return s
			}
		}
	}
	switch {
	case len(a.client.Scopes) > 0:
		return a.client.Scopes[0]
	case level == LevelCredential:
		return Scope{Level: LevelCredential, ID: a.client.Name}
	}
	return Scope{}
}

// named returns the ID of the call's scope of a level; empty when it has none.
func (a *attempt) named(level Level) string {
	if level == LevelNone {
		return ""
	}
	if s := a.scope(level); s.Level == level {
		return s.ID
	}
	return ""
}

// fail completes an error and cleans it.
func (a *attempt) fail(e *Error) *Error {
	c, r := a.client, a.request
	op := r.Op
	if op == "" {
		op = r.method() + " " + r.Path
	}
	if c.Name != "" {
		op = c.Name + ": " + op
	}
	e.Op = op
	if e.Scope == (Scope{}) {
		switch e.Kind {
		case Unauthorized:
			e.Scope = a.scope(LevelCredential)
		case RateLimited, Exhausted:
			e.Scope = a.scope(LevelNone)
		}
	}
	secrets := append([]string(nil), c.Secrets...)
	if a.token != nil {
		secrets = append(secrets, a.token.AccessToken, a.token.RefreshToken)
	}
	e.redact(secrets)
	return e
}

func noAnswerWithin(d time.Duration) error {
	return &redacted{text: fmt.Sprintf("no answer within %s", d), is: []error{context.DeadlineExceeded}, timeout: true}
}

// http returns a copy of the host's client that keeps to our rule on redirects.
func (c *Client) http() *http.Client {
	var hc http.Client
	if c.HTTP != nil {
		hc = *c.HTTP
	}
	hc.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		first := via[0]
		safe := first.Method == http.MethodGet || first.Method == http.MethodHead
		if !safe || len(via) > 5 || !sameOrigin(next.URL, first.URL) {
			return http.ErrUseLastResponse
		}
		next.Header.Del("Referer") // it repeats a query, which may hold the token
		return nil
	}
	return &hc
}

func (c *Client) now() time.Time {
	if c.Now != nil {
		return c.Now()
	}
	return time.Now()
}

func (c *Client) timeout() time.Duration {
	if c.Timeout > 0 {
		return c.Timeout
	}
	return 30 * time.Second
}

func (c *Client) maxRequest() int64 {
	if c.MaxRequest > 0 {
		return c.MaxRequest
	}
	return 1 << 20
}

func (c *Client) maxResponse() int64 {
	if c.MaxResponse > 0 {
		return c.MaxResponse
	}
	return 10 << 20
}
