package channeltest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// troubleChecks: each trouble of the platform becomes the right kind of error, after one attempt.
func troubleChecks() []check {
	var checks []check
	for _, tr := range allTroubles {
		checks = append(checks, check{
			name:    "trouble/" + strings.ReplaceAll(string(tr), " ", "-"),
			applies: func(f Features) bool { return f.has(tr) },
			run:     func(b *bench) { checkTrouble(b, tr) },
		})
	}
	return append(checks, check{name: "secrets", run: checkSecrets})
}

func checkTrouble(b *bench, tr Trouble) {
	out := b.answer()
	calls, now := b.Calls(), b.Now()
	took, err := b.sendIn(tr, out)
	e := b.failure("Send", err)
	if want := tr.kind(); e.Kind != want {
		b.Errorf("the kind is %q, want %q: %v", e.Kind, want, err)
	}
	if e.Op == "" {
		b.Errorf("the error does not say what was tried: %v", err)
	}
	if n := b.Calls() - calls; n > 1 {
		b.Errorf("Send made %d attempts, want one: only the Desk repeats", n)
	}
	want := 0
	if tr == AnswerLost {
		want = 1
	}
	if n := b.posted(out.Text); n != want {
		b.Errorf("the platform has the post %d times, want %d", n, want)
	}
	switch tr {
	case Throttled:
		b.checkThrottled(e, now)
	case TokenExpired:
		if e.Scope.Level < remote.LevelAccount || e.Scope.ID == "" {
			b.Errorf("the scope is %q: an expired token concerns the account, its credential or the app, by ID", e.Scope)
		}
	case Silent:
		if took > patience/2 || !errors.Is(err, context.DeadlineExceeded) {
			b.Errorf("after its deadline Send returned in %s; want at once, with context.DeadlineExceeded: %v", took, err)
		}
	}
}

// slack is how far times may differ because they are told to the second.
const slack = 2 * time.Second

func (b *bench) checkThrottled(e *remote.Error, now time.Time) {
	b.Helper()
	wait := cmp.Or(b.RetryAfter, time.Minute)
	earliest, latest := now.Add(wait-slack), b.Now().Add(wait+wait/2+slack) // an adapter may come a little later, so that not all come at once
	if e.RetryAt.Before(earliest) || e.RetryAt.After(latest) {
		b.Errorf("RetryAt is %s: want %s from %s on (Fixture.RetryAfter, Fixture.Now)", e.RetryAt, wait, now)
	}
	if e.Scope.Level == remote.LevelNone || e.Scope.ID == "" {
		b.Errorf("the scope is %q: say by level and ID what is throttled", e.Scope)
	}
}

// sendIn sends while the platform is in trouble, and returns how long that took.
func (b *bench) sendIn(tr Trouble, out channel.Outgoing) (time.Duration, error) {
	ctx := b.context()
	if tr == Silent {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 300*time.Millisecond) // an adapter may ask something before it posts
		defer cancel()
	}
	b.Break(tr)
	start := time.Now()
	_, err := b.Channel.Send(ctx, out)
	return time.Since(start), err
}

// seeNoSecret sees that neither the error nor any error in its chain holds a secret.
func (b *bench) seeNoSecret(when string, err error) {
	for e := range chain(err) {
		for _, secret := range b.Secrets {
			for _, form := range []string{e.Error(), fmt.Sprintf("%+v", e), fmt.Sprintf("%#v", e)} {
				if secret != "" && strings.Contains(form, secret) {
					b.Errorf("%s: the %T holds a secret", when, e)
					return
				}
			}
		}
	}
}

// checkSecrets sees that no error, nor any error in its chain, holds a secret, nor any event: what is told is stored and shown.
func checkSecrets(b *bench) {
	if arrives(b.features) {
		for source, events := range b.tell().told {
			for _, e := range events {
				told, err := json.Marshal(e)
				if err != nil {
					b.Fatalf("%s: %s of message %s: %v", source, e.Kind, e.Message.ID, err)
				}
				for _, secret := range b.Secrets {
					if secret != "" && strings.Contains(string(told), secret) {
						b.Errorf("%s: %s of message %s holds a secret", source, e.Kind, e.Message.ID)
					}
				}
			}
		}
	}
	var outs []channel.Outgoing // made while all is well
	for range allTroubles {
		outs = append(outs, b.answer())
	}
	for i, tr := range allTroubles {
		if !b.features.has(tr) {
			continue
		}
		_, err := b.sendIn(tr, outs[i])
		b.seeNoSecret("Send when "+string(tr), err)
		if p := b.poller(); p != nil && (tr == Down || tr == TokenExpired || tr == Throttled) {
			b.Break(tr)
			_, err := p.Poll(b.context(), "")
			b.seeNoSecret("Poll when "+string(tr), err)
		}
	}
	if r := b.receiver(); r != nil && b.Webhook != nil {
		for what, call := range b.forgeries() {
			_, err := r.Verify(call)
			b.seeNoSecret("Verify of a call with "+what, err)
		}
	}
}

// chain yields err and everything that it wraps.
func chain(err error) func(func(error) bool) {
	return func(yield func(error) bool) {
		var walk func(error) bool
		walk = func(err error) bool {
			if err == nil {
				return true
			}
			if !yield(err) {
				return false
			}
			switch e := err.(type) {
			case interface{ Unwrap() error }:
				return walk(e.Unwrap())
			case interface{ Unwrap() []error }:
				for _, inner := range e.Unwrap() {
					if !walk(inner) {
						return false
					}
				}
			}
			return true
		}
		walk(err)
	}
}
