package remote

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"golang.org/x/oauth2"
)

// TokenStore keeps one token over restarts. Its methods are called one at a time by each TokenSource.
type TokenStore interface {
	// Load returns the token last saved, or nil and no error where there is none yet.
	Load(ctx context.Context) (*oauth2.Token, error)
	// Save keeps the token durably before it returns nil. JSON keeps all of a Token but its Extra fields.
	Save(ctx context.Context, token *oauth2.Token) error
}

// TokenLocker is what a TokenStore that several processes share also implements. The lock is held from loading to saving, so that only one of them
// refreshes; the others find its token when they get the lock.
type TokenLocker interface {
	Lock(ctx context.Context) (unlock func(), err error)
}

// TokenSource is an oauth2.TokenSource for refresh tokens that may be used only once. It refreshes once, however many callers ask, and a new token is
// saved before anybody gets to use it.
//
// When saving fails, the new token is kept in memory and nobody gets it; the next call tries to save it again, and only then hands it out, without
// refreshing again. So a rotated refresh token is lost only if the process dies while the store is down. Should the store by then hold another token
// than the one refreshed from (somebody reconnected the account), the store's wins.
//
// Before refreshing, and again before a token is declared dead, the store is read: a token that another process or a person saved there is taken up
// without a restart.
//
// Errors are of type *Error: Unauthorized with Scope when the refresh token is refused (invalid_grant and other refusals), and the same again for a
// minute without asking; RateLimited or Unavailable when trying later may help.
//
// Only Refresh is required. All methods may be called concurrently; the fields must not change after the first call.
type TokenSource struct {
	// Refresh gets a new token from the platform. old is what to refresh from, nil where there is none: for grants without a refresh token (client
	// credentials, JWT) it is of no interest, others return an Unauthorized error. Refresh must end when ctx does. A result without a refresh token
	// keeps the old one. It may return an *Error to say precisely what went wrong.
	Refresh func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error)
	// Store keeps the token. Nil: in memory only.
	Store TokenStore
	// Name opens every error, for example "salesforce".
	Name string
	// Scope is what a dead token concerns. Its zero Level counts as LevelCredential, its zero ID as Name.
	Scope Scope
	// Early is how long before its expiry a token is refreshed; 0 means one minute. Tokens that live less than twice as long are refreshed at half time.
	Early time.Duration
	// Timeout bounds one refresh with loading and saving, and so every wait in Token; 0 means 30 seconds.
	Timeout time.Duration
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	mu      sync.Mutex
	current *oauth2.Token // what callers get
	born    time.Time     // when current came out of Refresh; zero if it was loaded
	refused string        // the access token that the platform no longer takes
	flight  *flight       // the refresh under way

	// Touched only by the caller that leads the flight.
	unsaved *oauth2.Token // came out of Refresh, not saved yet
	from    *oauth2.Token // what unsaved was refreshed from
	dead    *Error        // the last refusal,
	deadFor *oauth2.Token // of this token,
	askAt   time.Time     // not to be asked for again before this
}

// flight is one refresh that many callers wait for.
type flight struct {
	done  chan struct{}
	token *oauth2.Token
	err   error
}

// patience is how long a refusal is believed: neither is a refused refresh token tried again, nor a token that was fetched just now given up.
const patience = time.Minute

// Token returns a token that can be used now, refreshed if need be. It waits at most Timeout.
func (s *TokenSource) Token() (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(context.Background(), s.timeout())
	defer cancel()
	return s.TokenContext(ctx)
}

// TokenContext is Token for callers with a context; [Client] uses it. Who only waits for another caller's refresh returns when ctx ends. Who does the
// refresh stays until it is done, at most Timeout, because a rotated token must not be lost to a cancellation.
func (s *TokenSource) TokenContext(ctx context.Context) (*oauth2.Token, error) {
	s.mu.Lock()
	if tok := s.current; s.usable(tok) {
		s.mu.Unlock()
		return clone(tok), nil
	}
	if f := s.flight; f != nil {
		s.mu.Unlock()
		select {
		case <-f.done:
			return clone(f.token), f.err
		case <-ctx.Done():
			return nil, s.fail("wait for the token", &Error{Kind: Unavailable, Err: ctx.Err()})
		}
	}
	if ctx.Err() != nil {
		s.mu.Unlock()
		return nil, s.fail("refresh the token", &Error{Kind: Unavailable, Err: ctx.Err()})
	}
	f := &flight{done: make(chan struct{})}
	f.err = s.fail("refresh the token", &Error{Kind: Unavailable, Message: "the refresh broke off"}) // what others see should Refresh panic
	s.flight = f
	s.mu.Unlock()

	defer func() {
		s.mu.Lock()
		s.flight = nil
		s.mu.Unlock()
		close(f.done)
	}()
	f.token, f.err = s.renew(context.WithoutCancel(ctx))
	return clone(f.token), f.err
}

// Invalidate tells that the platform refused an access token before its time, as those do that come without expires_in. It reports whether another try can
// help: the token was replaced already, or will be by the next call. It reports false for a token that came out of Refresh less than a minute ago: where a
// fresh token is refused too, one more will not help, and the refusal is to be believed.
func (s *TokenSource) Invalidate(accessToken string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.current.AccessToken != accessToken {
		return true
	}
	if !s.born.IsZero() && s.now().Before(s.born.Add(patience)) {
		return false
	}
	s.refused = accessToken
	return true
}

// renew finds or makes a token. Only one caller at a time is in here.
func (s *TokenSource) renew(ctx context.Context) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	tok, err := s.next(ctx)
	if err == nil {
		return tok, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if old := s.current; KindOf(err).Temporary() && old != nil && old.AccessToken != s.refused && s.now().Before(old.Expiry) {
		return old, nil // the last minute of a token is better than none
	}
	return nil, err
}

func (s *TokenSource) next(ctx context.Context) (*oauth2.Token, error) {
	if locker, ok := s.Store.(TokenLocker); ok {
		unlock, err := locker.Lock(ctx)
		if err != nil {
			return nil, s.fail("lock the token", &Error{Kind: Unavailable, Err: err})
		}
		defer unlock()
	}
	old, err := s.load(ctx)
	if err != nil {
		return nil, err
	}
	if s.unsaved != nil {
		if s.Store == nil || old == nil || same(old, s.from) {
			if err := s.save(ctx); err != nil {
				return nil, err
			}
			old = s.current
		}
		s.unsaved, s.from = nil, nil
	}
	if s.settle(old, time.Time{}) {
		return old, nil
	}
	now := s.now()
	if s.dead != nil && now.Before(s.askAt) && same(old, s.deadFor) {
		return nil, s.dead
	}
	fresh, err := s.Refresh(ctx, clone(old))
	if err != nil {
		return s.refusal(ctx, old, err)
	}
	if fresh == nil || fresh.AccessToken == "" {
		return nil, s.fail("refresh the token", &Error{Kind: Unavailable, Message: "the answer holds no access token"})
	}
	fresh = clone(fresh)
	if fresh.RefreshToken == "" && old != nil {
		fresh.RefreshToken = old.RefreshToken
	}
	s.unsaved, s.from, s.dead = fresh, old, nil
	if err := s.save(ctx); err != nil {
		return nil, err
	}
	s.unsaved, s.from = nil, nil
	return fresh, nil
}

// refusal judges an error of Refresh, unless somebody replaced the token meanwhile.
func (s *TokenSource) refusal(ctx context.Context, old *oauth2.Token, err error) (*oauth2.Token, error) {
	e := s.fail("refresh the token", tokenError(err, s.now()), old)
	if e.Kind != Unauthorized {
		return nil, e
	}
	if now, loadErr := s.load(ctx); loadErr == nil && !same(now, old) && s.settle(now, time.Time{}) {
		return now, nil
	}
	s.dead, s.deadFor, s.askAt = e, old, s.now().Add(patience)
	return nil, e
}

// load returns the stored token; where there is no store, the one in memory.
func (s *TokenSource) load(ctx context.Context) (*oauth2.Token, error) {
	if s.Store == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.current, nil
	}
	tok, err := s.Store.Load(ctx)
	if err != nil {
		return nil, s.fail("load the token", &Error{Kind: Unavailable, Err: err}, tok)
	}
	return tok, nil
}

// save makes the unsaved token durable, then current.
func (s *TokenSource) save(ctx context.Context) error {
	if s.Store != nil {
		if err := s.Store.Save(ctx, clone(s.unsaved)); err != nil {
			return s.fail("save the token", &Error{Kind: Unavailable, Err: err}, s.unsaved, s.from)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.born = s.unsaved, s.now()
	return nil
}

// settle makes a token current if it can be used.
func (s *TokenSource) settle(tok *oauth2.Token, born time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.usable(tok) {
		return false
	}
	if !same(tok, s.current) {
		s.current, s.born = tok, born
	}
	return true
}

// usable reports whether callers may get tok. s.mu is held.
func (s *TokenSource) usable(tok *oauth2.Token) bool {
	if tok == nil || tok.AccessToken == "" || tok.AccessToken == s.refused {
		return false
	}
	if tok.Expiry.IsZero() {
		return true
	}
	early := s.Early
	if early <= 0 {
		early = time.Minute
	}
	if tok == s.current && !s.born.IsZero() {
		early = min(early, tok.Expiry.Sub(s.born)/2)
	}
	return s.now().Before(tok.Expiry.Add(-early))
}

// fail completes an error and cleans it of every token it might repeat.
func (s *TokenSource) fail(op string, e *Error, tokens ...*oauth2.Token) *Error {
	out := *e
	out.Op = op
	if s.Name != "" {
		out.Op = s.Name + ": " + op
	}
	if out.Kind == Unauthorized && out.Scope == (Scope{}) {
		out.Scope = s.Scope
		if out.Scope.Level == LevelNone {
			out.Scope.Level = LevelCredential
		}
		if out.Scope.ID == "" {
			out.Scope.ID = s.Name
		}
	}
	var secrets []string
	for _, t := range tokens {
		if t != nil {
			secrets = append(secrets, t.AccessToken, t.RefreshToken)
		}
	}
	out.redact(secrets)
	return &out
}

// tokenError gives an error from a token endpoint its kind. RFC 6749, section 5.2: a refusal is a 4xx with an error code.
func tokenError(err error, now time.Time) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		out := *e
		return &out
	}
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		return &Error{Kind: Unavailable, Err: err}
	}
	out := &Error{Kind: Unavailable, Code: answer.ErrorCode, Message: answer.ErrorDescription}
	var header http.Header
	if answer.Response != nil {
		out.Status, header = answer.Response.StatusCode, answer.Response.Header
	}
	switch status := out.Status; {
	case status == http.StatusTooManyRequests:
		out.Kind = RateLimited
	case status == http.StatusRequestTimeout || status == http.StatusTooEarly:
	case status >= 400 && status < 500, out.Code != "" && status < 500:
		out.Kind = Unauthorized
	}
	if out.Kind.Temporary() {
		out.RetryAt, _ = RetryAfter(header, now)
	}
	return out
}

func (s *TokenSource) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

func (s *TokenSource) timeout() time.Duration {
	if s.Timeout > 0 {
		return s.Timeout
	}
	return 30 * time.Second
}

func clone(tok *oauth2.Token) *oauth2.Token {
	if tok == nil {
		return nil
	}
	c := *tok
	return &c
}

func same(a, b *oauth2.Token) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.AccessToken == b.AccessToken && a.RefreshToken == b.RefreshToken
}
