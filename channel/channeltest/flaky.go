package channeltest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"

	"github.com/socialcrm/socialcrm/internal/mishap"
)

// Flaky is a stand-in of a platform over HTTP that misbehaves on order, so that Fixture.HTTP is all that the adapter's author gives:
//
//	flaky := &channeltest.Flaky{Handler: platform}
//	server := httptest.NewServer(flaky)
//	return channeltest.Fixture{HTTP: flaky, ...}
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
	play  mishap.Play // spoils the next answer; nil: none
	posts bool        // it waits for one to a request that posts
}

// spoil makes the next request, or the next that posts, be carried out and its answer spoiled.
func (f *Flaky) spoil(play mishap.Play, posts bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.play, f.posts = play, posts
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

// next counts the request and returns what goes wrong with it, or spoils its answer; empty and nil for nothing.
func (f *Flaky) next(r *http.Request) (Trouble, mishap.Play) {
	posts := r.Method == http.MethodPost || r.Method == http.MethodPut
	if f.Posts != nil {
		posts = f.Posts(r)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if posts {
		f.calls++
	}
	if play := f.play; play != nil && (posts || !f.posts) {
		f.play = nil
		return "", play
	}
	if len(f.queue) == 0 {
		return "", nil
	}
	tr := f.queue[0]
	if (tr == AnswerLost || tr == RequestLost || tr == Silent) && !posts {
		return "", nil
	}
	f.queue = f.queue[1:]
	return tr, nil
}

// ServeHTTP lets Handler answer, or misbehaves.
func (f *Flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	status := 0
	tr, play := f.next(r)
	if play != nil {
		body, _ := io.ReadAll(r.Body) // only then does the server notice that the caller has gone
		r.Body = io.NopCloser(bytes.NewReader(body))
		right := httptest.NewRecorder()
		f.Handler.ServeHTTP(right, r)
		play(w, r, right)
		return
	}
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
