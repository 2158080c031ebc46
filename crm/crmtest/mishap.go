package crmtest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/internal/mishap"
	"github.com/socialcrm/socialcrm/remote"
)

// Mishap is what comes back from a call over HTTP in place of its answer, and what a sink makes of that.
type Mishap struct {
	// Name says what happens, in words.
	Name string
	// Status, Header and Body are what comes back. TOKEN in the body stands for the call's Authorization header, which careless servers repeat.
	Status int
	Header http.Header
	Body   string
	// Done says that the CRM has carried the call out before.
	Done bool
	// Kind is the kind of the error.
	Kind remote.Kind
	// Doubtful says that nobody can know whether the call was carried out. Of one that writes the error is then Unknown, whatever Kind says, unless it may be
	// repeated (HTTPHarness.Repeatable).
	Doubtful bool
	// Scope is what the error concerns.
	Scope remote.Level
	// Wait is how long to stay away, as the error's RetryAt says; 0: it says nothing.
	Wait time.Duration

	// play breaks what no answer can say; right is the CRM's true answer. Nil: the answer is that of the fields.
	play mishap.Play
	// or is another kind that will do; Unknown: none.
	or remote.Kind
	// hangs: it lasts until the caller gives up.
	hangs bool
}

// mishaps are what may become of a call to any CRM. limits is whom it throttles.
func mishaps(limits remote.Level) []Mishap {
	const page = "<!doctype html><title>Bad gateway TOKEN</title>"
	anHour := http.Header{"Retry-After": {"3600"}}
	return []Mishap{
		{Name: "429 with Retry-After", Status: 429, Header: anHour, Body: "slow down, TOKEN", Kind: remote.RateLimited, Scope: limits, Wait: time.Hour},
		{Name: "429 without", Status: 429, Kind: remote.RateLimited, Scope: limits},
		{Name: "500", Status: 500, Body: "TOKEN", Kind: remote.Unavailable, Doubtful: true},
		{Name: "500 after the work was done", Status: 500, Done: true, Kind: remote.Unavailable, Doubtful: true},
		{Name: "502 with HTML", Status: 502, Body: page, Kind: remote.Unavailable, Doubtful: true},
		{Name: "503 with Retry-After", Status: 503, Header: anHour, Kind: remote.Unavailable, Scope: limits, Wait: time.Hour},
		{Name: "token that has expired or was revoked", Status: 401, Body: "TOKEN", Kind: remote.Unauthorized, Scope: remote.LevelCredential},
		{Name: "redirect to another host", Status: 302, Header: http.Header{"Location": {"https://evil.example/"}}, Kind: remote.Unavailable, or: remote.Rejected},
		{Name: "reset", Done: true, Kind: remote.Unavailable, Doubtful: true, play: mishap.Reset},
		{Name: "reset before the work was done", Kind: remote.Unavailable, Doubtful: true, play: mishap.Reset},
		{Name: "reset within the answer", Done: true, Kind: remote.Unavailable, Doubtful: true, play: mishap.ResetWithin},
		{Name: "timeout after the request was written", Done: true, Kind: remote.Unavailable, Doubtful: true, play: mishap.Silence, hangs: true},
		{Name: "slow body", Done: true, Kind: remote.Unavailable, Doubtful: true, play: mishap.Stall, hangs: true},
		{Name: "huge body", Done: true, Kind: remote.Rejected, Doubtful: true, play: mishap.Huge},
		{Name: "more values than an answer has", Done: true, Kind: remote.Rejected, Doubtful: true, play: mishap.Crowded},
		{Name: "invalid JSON", Done: true, Kind: remote.Unavailable, Doubtful: true, play: mishap.Half},
		{Name: "HTML in place of JSON", Status: 200, Body: page, Kind: remote.Unavailable, Doubtful: true},
		{Name: "empty body", Status: 200, Done: true, Kind: remote.Unavailable, Doubtful: true},
		{Name: "an empty object", Status: 200, Body: "{}", Done: true, Kind: remote.Unavailable, Doubtful: true},
		{Name: "wrong types in fields", Done: true, Kind: remote.Unavailable, Doubtful: true, play: mishap.Mistyped},
	}
}

// answer lets the mishap happen.
func (m *Mishap) answer(w http.ResponseWriter, r *http.Request, right *httptest.ResponseRecorder) {
	if m.play != nil {
		m.play(w, r, right)
		return
	}
	for name, values := range m.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(m.Status)
	_, _ = io.WriteString(w, strings.ReplaceAll(m.Body, "TOKEN", r.Header.Get("Authorization")))
}
