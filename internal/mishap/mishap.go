// Package mishap breaks answers over HTTP in the ways in which networks and proxies break them, for the conformance kits.
package mishap

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/remote"
)

// Play answers a request in place of right, which is the true answer; empty where the request was not carried out.
type Play func(w http.ResponseWriter, r *http.Request, right *httptest.ResponseRecorder)

// Reset breaks the connection without an answer.
func Reset(http.ResponseWriter, *http.Request, *httptest.ResponseRecorder) {
	panic(http.ErrAbortHandler)
}

// Silence does not answer before the caller gives up.
func Silence(_ http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) {
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

// ResetWithin breaks the connection in the middle of the answer.
func ResetWithin(w http.ResponseWriter, _ *http.Request, right *httptest.ResponseRecorder) {
	begin(w, right, max(right.Body.Len(), 2))
	panic(http.ErrAbortHandler)
}

// Stall sends half of the answer and leaves it at that.
func Stall(w http.ResponseWriter, r *http.Request, right *httptest.ResponseRecorder) {
	begin(w, right, max(right.Body.Len(), 2))
	<-r.Context().Done()
}

// Half sends half of the answer as if it were the whole.
func Half(w http.ResponseWriter, _ *http.Request, right *httptest.ResponseRecorder) {
	begin(w, right, max(right.Body.Len(), 2)/2)
}

// Huge sends more than anybody should take.
func Huge(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
	block := []byte(strings.Repeat(" ", 1<<20))
	for range 32 {
		if _, err := w.Write(block); err != nil {
			return
		}
	}
}

// Crowded sends a body that is short and would be long in memory.
func Crowded(w http.ResponseWriter, _ *http.Request, _ *httptest.ResponseRecorder) {
	_, _ = io.WriteString(w, "["+strings.Repeat("{},", remote.MaxValues)+"{}]")
}

// Mistyped sends the right answer with fields that are something else.
func Mistyped(w http.ResponseWriter, _ *http.Request, right *httptest.ResponseRecorder) {
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

// another is a value of another type; none that could pass for a name or a number.
func another(v any) any {
	switch v.(type) {
	case float64, string:
		return []any{}
	}
	return 7
}
