package remote

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what a failed call means for whoever decides what to do next. The zero value is Unknown: a failure about which nothing is known must
// be treated as one that may have been carried out.
type Kind uint8

const (
	// Unknown: the request may have been carried out, but no usable answer came. Repeat it only when it is idempotent, or after finding out.
	Unknown Kind = iota
	// RateLimited: too many calls; come back at Error.RetryAt.
	RateLimited
	// Unavailable: the other side is down or busy and did not carry the request out; try again later.
	Unavailable
	// Unauthorized: the token is missing, expired or revoked; pause the scope until somebody reconnects it.
	Unauthorized
	// Exhausted: billing or a quota ran out; keep the work, alert, resume when it is topped up.
	Exhausted
	// Rejected: the request itself is wrong and will never be accepted; do not retry.
	Rejected
	// PolicyBlocked: the platform's rules forbid this; another way to answer may be open.
	PolicyBlocked
	// WindowClosed: the platform's time to answer has passed.
	WindowClosed
	// NotInControl: another app holds the conversation.
	NotInControl
	// NotFound: what the call names is gone or was never there.
	NotFound
	// Duplicate: the other side already has this.
	Duplicate
)

var kindNames = [...]string{
	Unknown: "unknown outcome", RateLimited: "rate limited", Unavailable: "unavailable", Unauthorized: "unauthorized", Exhausted: "exhausted",
	Rejected: "rejected", PolicyBlocked: "blocked by policy", WindowClosed: "window closed", NotInControl: "not in control", NotFound: "not found",
	Duplicate: "duplicate",
}

// String returns the kind in words, for example "rate limited".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Temporary reports whether the same request may succeed later without anybody changing anything: RateLimited and Unavailable.
func (k Kind) Temporary() bool { return k == RateLimited || k == Unavailable }

// Level says how far a failure reaches, from one recipient to everything that the app does. Higher levels include lower ones.
//
// From LevelAccount up the Desk pauses what the failure of a post reaches: posts and, where the other side said when to come back (RateLimited, Unavailable), also polls
// until then. The failure of an account's own poll does the same, where that was said.
type Level uint8

const (
	// LevelNone, the zero value: only this one request.
	LevelNone Level = iota
	// LevelRecipient: everything to this recipient.
	LevelRecipient
	// LevelEndpoint: this kind of call.
	LevelEndpoint
	// LevelAccount: everything this account does.
	LevelAccount
	// LevelCredential: everything done with this token, which several accounts may share.
	LevelCredential
	// LevelApp: everything done by this app, which many accounts may share.
	LevelApp
)

var levelNames = [...]string{LevelNone: "request", LevelRecipient: "recipient", LevelEndpoint: "endpoint", LevelAccount: "account", LevelCredential: "credential", LevelApp: "app"}

// String returns the level in a word.
func (l Level) String() string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return fmt.Sprintf("level %d", uint8(l))
}

// Scope says what a limit or failure applies to: a level and the ID of the thing at that level. Two errors with equal scopes concern the same thing,
// so Scope is fit to be a map key. The zero value concerns the one request only.
type Scope struct {
	Level Level  `json:"level,omitempty"`
	ID    string `json:"id,omitempty"`
}

// String returns for example "account facebook/1234".
func (s Scope) String() string {
	if s.ID == "" {
		return s.Level.String()
	}
	return s.Level.String() + " " + s.ID
}

// Error is a failed call to a platform or CRM in a form that code can act on. It is a value to build and return; nothing in it may hold a secret.
type Error struct {
	// Op says what was tried, object included, and opens the message: "mastodon: post reply to 1123".
	Op string
	// Kind says what the failure means.
	Kind Kind
	// Scope says how far it reaches. Zero: this request only.
	Scope Scope
	// Status is the HTTP status, 0 when there was no answer.
	Status int
	// Code is the platform's own code, for example "190/463" or "UNABLE_TO_LOCK_ROW".
	Code string
	// Message is the platform's own text, redacted and shortened.
	Message string
	// RetryAt is when to come back; zero when the other side did not say.
	RetryAt time.Time
	// Err is the underlying error, redacted; may be nil.
	Err error
}

// Error returns one sentence: operation, kind, when to come back, the platform's code and text.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
		b.WriteString(": ")
	}
	b.WriteString(e.Kind.String())
	if !e.RetryAt.IsZero() {
		b.WriteString(" until ")
		b.WriteString(e.RetryAt.UTC().Format("15:04:05Z"))
	}
	if e.Status != 0 {
		fmt.Fprintf(&b, ": status %d", e.Status)
	}
	if e.Code != "" {
		b.WriteString(": code ")
		b.WriteString(e.Code)
	}
	if e.Message != "" {
		b.WriteString(": ")
		b.WriteString(e.Message)
	}
	if e.Err != nil {
		b.WriteString(": ")
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of the first Error in err's chain, and Unknown where there is none. KindOf(nil) is Unknown too: ask only about failures.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Kind
	}
	return Unknown
}

// redact takes secrets out of every text of the error and puts a clean stand-in for its cause.
func (e *Error) redact(secrets []string) {
	e.Op = shorten(Redact(e.Op, secrets...), maxMessage)
	e.Code = shorten(Redact(e.Code, secrets...), maxMessage)
	e.Message = shorten(Redact(e.Message, secrets...), maxMessage)
	e.Err = redactError(e.Err, secrets)
}
