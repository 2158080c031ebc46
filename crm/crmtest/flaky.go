package crmtest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

// Flaky is a stand-in of a CRM over HTTP that goes wrong on order, so that Rig.Fault needs no code of the sink's author:
//
//	flaky := &crmtest.Flaky{Handler: standIn}
//	server := httptest.NewServer(flaky)
//	return crmtest.Rig{Fault: flaky.Fault, ...}
//
// It refuses with the usual status: 429 with Retry-After, 503, 401, 402, 422, 403 or 404, and repeats the Authorization header in the body, as careless
// servers do. A CRM that says it otherwise sets Refuse. What it carries out before it fails is counted in requests that write, so that one request is one write
// of Fault.After unless Writes says more.
type Flaky struct {
	// Handler is the CRM when all is well.
	Handler http.Handler
	// Writes returns how many records the request would write. A request that would write more than Fault.After leaves is refused whole. Nil: one for
	// every POST, PUT, PATCH and DELETE, none for the others.
	Writes func(r *http.Request, body []byte) int
	// Refuse writes the CRM's own way of refusing. Nil, or false from it: the usual status.
	Refuse func(http.ResponseWriter, *http.Request, Fault) bool

	mu     sync.Mutex
	faults []Fault
}

// Fault makes a coming request go wrong: without Lost, Stall and After the next of any kind, otherwise one that writes. Faults come in the order in which
// they are given.
func (f *Flaky) Fault(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults = append(f.faults, fault)
}

// next returns what goes wrong with a request of so many writes.
func (f *Flaky) next(writes int) (fault Fault, wrong bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.faults) == 0 {
		return Fault{}, false
	}
	switch first := &f.faults[0]; {
	case writes == 0 && (first.loses() || first.After > 0):
		return Fault{}, false
	case !first.loses() && first.After > 0 && writes <= first.After:
		first.After -= writes
		return Fault{}, false
	}
	fault = f.faults[0]
	f.faults = f.faults[1:]
	return fault, true
}

func (f *Flaky) writes(r *http.Request, body []byte) int {
	switch {
	case f.Writes != nil:
		return f.Writes(r, body)
	case r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions:
		return 0
	}
	return 1
}

// ServeHTTP lets Handler answer, or goes wrong.
func (f *Flaky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body) // only then does the server notice that the caller has gone
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	fault, wrong := f.next(f.writes(r, body))
	switch {
	case !wrong:
		f.Handler.ServeHTTP(w, r)
		return
	case fault.loses():
		f.Handler.ServeHTTP(httptest.NewRecorder(), r)
		if fault.Stall {
			<-r.Context().Done()
		}
		panic(http.ErrAbortHandler) // breaks the connection
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if f.Refuse != nil && f.Refuse(w, r, fault) {
		return
	}
	if fault.RetryIn > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((fault.RetryIn+time.Second-1)/time.Second)))
	}
	http.Error(w, fault.Kind.String()+": "+r.Header.Get("Authorization"), statusOf(fault.Kind))
}

// statusOf is the usual status of a kind; see remote.KindOfStatus.
func statusOf(kind remote.Kind) int {
	switch kind {
	case remote.RateLimited:
		return http.StatusTooManyRequests
	case remote.Unavailable:
		return http.StatusServiceUnavailable
	case remote.Unauthorized:
		return http.StatusUnauthorized
	case remote.Exhausted:
		return http.StatusPaymentRequired
	case remote.Rejected:
		return http.StatusUnprocessableEntity
	case remote.PolicyBlocked:
		return http.StatusForbidden
	case remote.NotFound:
		return http.StatusNotFound
	}
	return http.StatusInternalServerError
}
