package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Open makes one call whose answer goes on, a stream of events for example, and returns its body. Client.Timeout bounds the time until the answer begins;
// after that the body may go on for as long as ctx lives and something comes at least every idle (0: one minute). The caller closes it.
//
// Errors are those of [Client.Do]. So are those of reading the body, whose Kind is Unavailable: the connection broke, ctx ended, or nothing came within idle.
// The end that the other side makes is io.EOF. Request.Into and Client.MaxResponse are not used.
func (c *Client) Open(ctx context.Context, r Request, idle time.Duration) (io.ReadCloser, error) {
	a := &attempt{client: c, request: &r, now: c.now()}
	if err := ctx.Err(); err != nil {
		return nil, a.fail(&Error{Kind: Unavailable, Err: err})
	}
	if idle <= 0 {
		idle = time.Minute
	}
	call, cancel := context.WithCancelCause(ctx)
	timeout := c.timeout()
	late := noAnswerWithin(timeout)
	timer := time.AfterFunc(timeout, func() { cancel(late) })
	end := func() {
		timer.Stop()
		cancel(nil)
	}

	req, err := c.build(a.sent.trace(call), &r)
	if err != nil {
		end()
		return nil, a.fail(&Error{Kind: Rejected, Err: err})
	}
	if c.Limiter != nil {
		if until, by, ok := c.Limiter.Reserve(a.now, a.scopes()...); !ok {
			end()
			return nil, a.fail(&Error{Kind: RateLimited, Scope: by, RetryAt: until})
		}
	}
	if e := a.authorize(call, req); e != nil {
		end()
		return nil, a.fail(e)
	}
	hc := c.http()
	hc.Timeout = 0 // it would end the body, too
	resp, err := hc.Do(req)
	if err != nil {
		if cause := context.Cause(call); cause == late {
			err = cause
		}
		end()
		return nil, a.fail(&Error{Kind: a.lost(hc), Err: err})
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		defer end()
		defer resp.Body.Close()
		body, err := readBody(resp, c.maxResponse())
		a.now = c.now()
		return nil, a.fail(a.judge(&Response{Status: resp.StatusCode, Header: resp.Header, Body: body}, err))
	}
	a.now = c.now()
	a.learn(&Response{Status: resp.StatusCode, Header: resp.Header})
	timer.Stop()
	s := &stream{attempt: a, body: resp.Body, idle: idle, call: call, cancel: cancel}
	s.silent = &redacted{text: fmt.Sprintf("nothing came for %s", idle), is: []error{context.DeadlineExceeded}, timeout: true}
	s.timer = time.AfterFunc(idle, func() { cancel(s.silent) })
	return s, nil
}

// stream is a body that goes on.
type stream struct {
	attempt *attempt
	body    io.ReadCloser
	idle    time.Duration
	call    context.Context
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	silent  error // the cause of the end when nothing came
}

func (s *stream) Read(p []byte) (int, error) {
	n, err := s.body.Read(p)
	if err == nil {
		s.timer.Reset(s.idle)
		return n, nil
	}
	s.timer.Stop()
	if errors.Is(err, io.EOF) {
		return n, io.EOF
	}
	if cause := context.Cause(s.call); cause != nil {
		err = cause
	}
	return n, s.attempt.fail(&Error{Kind: Unavailable, Status: http.StatusOK, Err: err})
}

// Close ends the stream.
func (s *stream) Close() error {
	s.timer.Stop()
	s.cancel(nil)
	return s.body.Close()
}
