package remote

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"
	"time"
)

// KindOfStatus is what an HTTP status outside 2xx means where the platform's own table does not say more. idempotent is whether the request may be repeated.
//
//	401                      Unauthorized
//	402                      Exhausted
//	403, 451                 PolicyBlocked
//	404, 410                 NotFound
//	429                      RateLimited
//	408, 421, 423, 425, 503  Unavailable: the other side says that it did not carry the request out
//	500 and other 5xx        Unknown, Unavailable if idempotent: it may have got half way
//	501, 505                 Rejected
//	everything else          Rejected, 3xx and 409 included: a conflict is not always a duplicate, and taking one for the other would lose a message
func KindOfStatus(status int, idempotent bool) Kind {
	switch status {
	case http.StatusUnauthorized:
		return Unauthorized
	case http.StatusPaymentRequired:
		return Exhausted
	case http.StatusForbidden, http.StatusUnavailableForLegalReasons:
		return PolicyBlocked
	case http.StatusNotFound, http.StatusGone:
		return NotFound
	case http.StatusTooManyRequests:
		return RateLimited
	case http.StatusRequestTimeout, http.StatusMisdirectedRequest, http.StatusLocked, http.StatusTooEarly, http.StatusServiceUnavailable:
		return Unavailable
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return Rejected
	}
	switch {
	case status < 500:
		return Rejected
	case idempotent:
		return Unavailable
	}
	return Unknown
}

// sending watches how far a request got.
type sending struct {
	began   atomic.Bool // a connection was looked for
	reached atomic.Bool // and found: from here on, bytes may be on their way
}

// trace returns a context in which the transport tells how far it got. A transport that tries again by itself (it does so only where nothing was written,
// or the request is idempotent) begins anew.
//
// Having a connection is the mark, not having written: after a cancellation the transport may still be writing when we look.
func (s *sending) trace(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { s.began.Store(true); s.reached.Store(false) },
		GotConn: func(httptrace.GotConnInfo) { s.reached.Store(true) },
	})
}

// maybe reports whether the request may have reached the other side. The standard transport always says when it begins; of another one that stays silent
// nothing is known.
func (s *sending) maybe(hc *http.Client) bool {
	if s.began.Load() {
		return s.reached.Load()
	}
	transport := hc.Transport
	if transport == nil {
		transport = http.DefaultTransport
	}
	_, standard := transport.(*http.Transport)
	return !standard
}

// lost is the kind of a call to which no answer came.
func (a *attempt) lost(hc *http.Client) Kind {
	if a.request.repeatable() || !a.sent.maybe(hc) {
		return Unavailable
	}
	return Unknown
}

// judge learns from an answer and returns what is wrong with it, nil if nothing is. readErr is what ended reading the body early.
func (a *attempt) judge(answer *Response, readErr error) *Error {
	spentAt, spent := a.learn(answer)
	e := a.verdict(answer, readErr)
	if e == nil {
		return nil
	}
	if e.Status == 0 {
		e.Status = answer.Status
	}
	if e.RetryAt.IsZero() && (e.Kind.Temporary() || e.Kind == Exhausted) {
		at, told := RetryAfter(answer.Header, a.now)
		switch {
		case told:
			e.RetryAt = at
			if answer.Status == http.StatusServiceUnavailable && e.Scope == (Scope{}) {
				e.Scope = a.scope(LevelNone)
			}
		case e.Kind == RateLimited && !spentAt.IsZero():
			e.RetryAt = spentAt
			if e.Scope == (Scope{}) {
				e.Scope = spent
			}
		}
	}
	if e.Kind == RateLimited && e.Scope == (Scope{}) {
		e.Scope = a.scope(LevelNone)
	}
	if limiter := a.client.Limiter; limiter != nil && e.RetryAt.After(a.now) {
		if e.Kind == RateLimited || e.Kind == Unavailable && e.Scope != (Scope{}) {
			limiter.Hold(Hold{Scope: e.Scope, Until: e.RetryAt})
		}
	}
	if e.Kind == Unauthorized && a.token != nil {
		if source, ok := a.client.Token.(replaceableTokens); ok && source.Invalidate(a.token.AccessToken) {
			e.Kind, e.Scope = Unavailable, Scope{}
		}
	}
	return e
}

// verdict is what the platform's table, then the status, then the body say.
func (a *attempt) verdict(answer *Response, readErr error) *Error {
	c, r := a.client, a.request
	if c.Classify != nil && (readErr == nil || !answer.ok()) {
		if own := c.Classify(answer); own != nil {
			e := *own
			if e.Message == "" {
				e.Message = summary(answer.Body)
			}
			if e.Scope.ID == "" {
				e.Scope.ID = a.named(e.Scope.Level)
			}
			return &e
		}
	}
	if !answer.ok() {
		e := &Error{Kind: KindOfStatus(answer.Status, r.repeatable()), Message: summary(answer.Body)}
		if answer.Status >= 300 && answer.Status < 400 {
			if next, err := url.Parse(answer.Header.Get("Location")); err == nil && next.String() != "" {
				next.RawQuery, next.Fragment = "", ""
				e.Message = "redirects to " + next.String()
			}
		}
		return e
	}
	if readErr == nil && r.Into != nil && r.method() != http.MethodHead {
		readErr = answer.decode(r.Into)
	}
	switch {
	case readErr == nil:
		return nil
	case !r.repeatable():
		return &Error{Kind: Unknown, Err: readErr}
	case errors.Is(readErr, ErrTooLarge):
		return &Error{Kind: Rejected, Err: readErr}
	}
	return &Error{Kind: Unavailable, Err: readErr}
}

// learn puts what the headers of an answer say about quotas into the Limiter. It returns the spent quota that stays spent longest.
func (a *attempt) learn(answer *Response) (latest time.Time, by Scope) {
	c := a.client
	keep := func(h Hold) {
		if !h.Until.After(a.now) {
			return
		}
		if h.Until.After(latest) {
			latest, by = h.Until, h.Scope
		}
		if c.Limiter != nil {
			c.Limiter.Hold(h)
		}
	}
	for _, q := range c.Quotas {
		if until, ok := q.spentUntil(answer.Header, a.now, answer.Status == http.StatusTooManyRequests); ok {
			keep(Hold{Scope: a.scope(q.Level), Until: until})
		}
	}
	if c.Usage != nil {
		for _, h := range c.Usage(answer.Header, a.now) {
			keep(h)
		}
	}
	return latest, by
}
