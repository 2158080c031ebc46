package crmtest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"

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
	play func(w http.ResponseWriter, r *http.Request, right *httptest.ResponseRecorder)
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
		{Name: "reset", Done: true, Kind: remote.Unavailable, Doubtful: true, play: reset},
		{Name: "reset before the work was done", Kind: remote.Unavailable, Doubtful: true, play: reset},
		{Name: "reset within the answer", Done: true, Kind: remote.Unavailable, Doubtful: true, play: resetWithin},
		{Name: "timeout after the request was written", Done: true, Kind: remote.Unavailable, Doubtful: true, play: silence, hangs: true},
		{Name: "slow body", Done: true, Kind: remote.Unavailable, Doubtful: true, play: stall, hangs: true},
		{Name: "huge body", Done: true, Kind: remote.Rejected, Doubtful: true, play: huge},
		{Name: "more values than an answer has", Done: true, Kind: remote.Rejected, Doubtful: true, play: crowded},
		{Name: "invalid JSON", Done: true, Kind: remote.Unavailable, Doubtful: true, play: half},
		{Name: "HTML in place of JSON", Status: 200, Body: page, Kind: remote.Unavailable, Doubtful: true},
		{Name: "empty body", Status: 200, Done: true, Kind: remote.Unavailable, Doubtful: true},
		{Name: "an empty object", Status: 200, Body: "{}", Done: true, Kind: remote.Unavailable, Doubtful: true},
		{Name: "wrong types in fields", Done: true, Kind: remote.Unavailable, Doubtful: true, play: mistyped},
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

func reset(http.ResponseWriter, *http.Request, *httptest.ResponseRecorder) {
	panic(http.ErrAbortHandler)
}

func silence(_ http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) {
	<-r.Context().Done()
}

// begin sends the head of the right answer, as if it were so long, and the first half of it.
func begin(w http.ResponseWriter, right *httptest.ResponseRecorder, length int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(http.StatusOK)
	body := right.Body.Bytes()
	if len(body) < 2 {
		body = []byte("{}")
	}
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
}

func resetWithin(w http.ResponseWriter, _ *http.Request, right *httptest.ResponseRecorder) {
	begin(w, right, max(right.Body.Len(), 2))
	panic(http.ErrAbortHandler)
}

func stall(w http.ResponseWriter, r *http.Request, right *httptest.ResponseRecorder) {
	begin(w, right, max(right.Body.Len(), 2))
	<-r.Context().Done()
}

func half(w http.ResponseWriter, _ *http.Request, right *httptest.ResponseRecorder) {
	begin(w, right, max(right.Body.Len(), 2)/2)
}

// huge sends more than anybody should take.
func huge(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
	block := []byte(strings.Repeat(" ", 1<<20))
	for range 32 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// crowded sends a body that is short and would be long in memory.
func crowded(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
	_, _ = io.WriteString(w, "["+strings.Repeat("{},", remote.MaxValues)+"{}]")
}

// mistyped sends the right answer with fields that are something else.
func mistyped(w http.ResponseWriter, _ *http.Request, right *httptest.ResponseRecorder) {
	var answer any
	_ = json.Unmarshal(right.Body.Bytes(), &answer) // nil where there is none
	switch answer := answer.(type) {
	case map[string]any:
		for name, value := range answer {
			answer[name] = another(value)
		}
	case []any:
		for i, value := range answer {
			answer[i] = another(value)
		}
	}
	_ = json.NewEncoder(w).Encode(answer)
}

// another is a value of another type.
func another(v any) any {
	if _, number := v.(float64); number {
		return []any{}
	}
	return 7
}
