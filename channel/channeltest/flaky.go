package channeltest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
)

// Flaky is a stand-in of a platform over HTTP that misbehaves on order, so that Fixture.Break and Fixture.Calls need no code of the adapter's author:
//
//	flaky := &channeltest.Flaky{Handler: platform}
//	server := httptest.NewServer(flaky)
//	return channeltest.Fixture{Break: flaky.Break, Calls: flaky.Calls, ...}
//
// It speaks as most platforms do: 429 with Retry-After, 503, 401, 422, or a broken connection. A platform that says it otherwise sets Answer.
type Flaky struct {
	// Handler is the platform when all is well.
	Handler http.Handler
	// Posts reports whether a request is one that posts; it must not read the body. Nil: every POST and PUT.
	Posts func(*http.Request) bool
	// Answer writes the platform's own way of refusing for Throttled, Down, TokenExpired and Refused. Nil, or false from it: the usual status.
	Answer func(http.ResponseWriter, Trouble) bool

	mu    sync.Mutex
	queue []Trouble
	calls int
}

// Break makes the next request go wrong as Fixture.Break says.
func (f *Flaky) Break(tr Trouble) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue = append(f.queue, tr)
}

// Calls returns how many requests that post have come in.
func (f *Flaky) Calls() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls
}

// next counts the request and returns what goes wrong with it; empty for nothing.
func (f *Flaky) next(r *http.Request) Trouble {
	posts := r.Method == http.MethodPost || r.Method == http.MethodPut
	if f.Posts != nil {
		posts = f.Posts(r)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if posts {
		f.calls++
	}
	if len(f.queue) == 0 {
		return ""
	}
	tr := f.queue[0]
	if (tr == AnswerLost || tr == RequestLost || tr == Silent) && !posts {
		return ""
	}
	f.queue = f.queue[1:]
	return tr
}

// ServeHTTP lets Handler answer, or misbehaves.
func (f *Flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := 0
	tr := f.next(r)
	switch tr {
	case "":
		f.Handler.ServeHTTP(w, r)
		return
	case AnswerLost:
		f.Handler.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler) // breaks the connection
	case RequestLost:
		_, _ = io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	case Silent:
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice that the caller has gone
		<-r.Context().Done()
		return
	case Throttled:
		status = http.StatusTooManyRequests
	case Down:
		status = http.StatusServiceUnavailable
	case TokenExpired:
		status = http.StatusUnauthorized
	case Refused:
		status = http.StatusUnprocessableEntity
	}
	if f.Answer != nil && f.Answer(w, tr) {
		return
	}
	if tr == Throttled {
		w.Header().Set("Retry-After", "60")
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, `{"error":"`+string(tr)+`"}`)
}
