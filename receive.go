package socialcrm

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

// Webhooks returns the handler that takes webhook calls for every source that is a channel.Receiver. Mount it under a prefix of your choice; the path behind
// the prefix ends with the source's name: "/webhooks/facebook".
//
// A call that is not authentic is answered 401, one for an unknown source 404, one that is too large 413. An authentic call is answered 200 only after
// everything in it is stored, what could not be decoded included; while the Store is away it is answered 503, so that the platform sends it again.
func (d *Desk) Webhooks() http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		receiver := d.receiverAt(r.URL.Path)
		if receiver == nil {
			http.NotFound(rw, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, d.cfg.MaxBody))
		if err != nil {
			if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
				http.Error(rw, "the body is too large", http.StatusRequestEntityTooLarge)
				return
			}
			http.Error(rw, "the body could not be read", http.StatusBadRequest)
			return
		}
		call := channel.Call{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header, Body: body, Received: d.now()}
		response, err := receiver.Verify(call)
		if err != nil {
			// The error says what was missing or wrong, never what would have been right.
			d.log.Warn("webhook call refused", "source", receiver.Name(), "error", err)
			http.Error(rw, "the call is not authentic", http.StatusUnauthorized)
			return
		}
		if response == nil {
			if response, err = d.receive(r.Context(), receiver, call); err != nil {
				d.log.Error("webhook call not stored", "source", receiver.Name(), "error", err)
				rw.Header().Set("Retry-After", "30")
				http.Error(rw, "try again later", http.StatusServiceUnavailable)
				return
			}
		}
		respond(rw, response)
	})
}

// receiverAt finds the receiver whose name the path ends with.
func (d *Desk) receiverAt(path string) channel.Receiver {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var found channel.Receiver
	for name, s := range d.sources {
		if r, ok := s.(channel.Receiver); ok && strings.HasSuffix(path, "/"+name) && (found == nil || len(name) > len(found.Name())) {
			found = r
		}
	}
	return found
}

// receive stores what an authentic call brought.
func (d *Desk) receive(ctx context.Context, receiver channel.Receiver, call channel.Call) (*channel.Response, error) {
	delivery, err := receiver.Decode(call)
	a := &arrival{source: receiver.Name(), events: delivery.Events, bad: delivery.Bad}
	if err != nil {
		a.events, a.bad = nil, []channel.Bad{{Where: "body", Reason: reasonOf(err), Raw: call.Body}}
	}
	for i := range a.events {
		if a.events[i].Received.IsZero() {
			a.events[i].Received = call.Received
		}
	}
	if len(a.events) > 0 || len(a.bad) > 0 {
		if err := d.group.do(ctx, d, a); err != nil {
			return nil, err
		}
	}
	return delivery.Response, nil
}

func respond(rw http.ResponseWriter, r *channel.Response) {
	if r == nil {
		return // 200
	}
	for name, values := range r.Header {
		rw.Header()[name] = values
	}
	if r.Status >= 200 && r.Status <= 599 { // anything else is no answer, so it stays 200
		rw.WriteHeader(r.Status)
	}
	rw.Write(r.Body)
}

// stream keeps a connection open and takes in what it brings, reconnecting with backoff until ctx ends. After each reconnect the source is polled, where it can
// be, for what was missed.
func (d *Desk) stream(ctx context.Context, s channel.Streamer) {
	for attempt := 0; ctx.Err() == nil; attempt++ {
		began := time.Now()
		err := s.Stream(ctx, func(b channel.Batch) error {
			return d.group.do(ctx, d, &arrival{source: s.Name(), events: b.Events, bad: b.Bad})
		})
		if ctx.Err() != nil {
			return
		}
		d.log.Warn("stream ended", "source", s.Name(), "error", err)
		if time.Since(began) > time.Minute {
			attempt = 0
		}
		if !sleep(ctx, backoff("stream/"+s.Name(), attempt)) {
			return
		}
		if _, ok := s.(channel.Poller); ok {
			err := d.update(ctx, func(w *work) error {
				w.tx.Schedule(pollTask(s.Name(), w.now))
				return nil
			})
			if err != nil {
				d.log.Error("poll after a reconnect not scheduled", "source", s.Name(), "error", err)
			}
		}
	}
}

// sleep waits, and reports whether it did so to the end.
func sleep(ctx context.Context, wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

var errNoClock = fmt.Errorf("Config.Now is set, so time does not pass by itself: call Tick instead: %w", ErrInvalid)
