package remote

import (
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate is how often something may happen: one call every Every, and up to Burst at once after a pause. The zero value is no limit; a Burst below 1 counts
// as 1. Three hundred calls in five minutes, for example, are Rate{Every: time.Second, Burst: 300}.
type Rate struct {
	Every time.Duration
	Burst int
}

// Hold says that nothing may be sent to Scope before Until.
type Hold struct {
	Scope Scope
	Until time.Time
}

// Limiter answers "may I call now?", and if not, when. It never waits.
//
// It knows two things: the rates it was given, and the holds it learned from the other side ("come back in 30 s"). Both are kept by [Scope], so one
// Limiter may serve all clients of an app: what closes one account leaves the others open, what closes the app closes all.
//
// The zero value has no rate of its own and learns. All methods may be called concurrently; Rates must not change after the first call.
type Limiter struct {
	// Rates gives every scope of a level its own rate: {LevelRecipient: {Every: time.Second}} allows one call a second to each recipient. The rate at
	// LevelNone is one for everything that goes through this Limiter.
	Rates map[Level]Rate

	mu      sync.Mutex
	holds   map[Scope]time.Time
	buckets map[Scope]*rate.Limiter
	latest  time.Time // the latest that Reserve was asked about
	sweepAt int
}

// Reserve takes one call out of the rate of each scope, if all of them are open, and reports true. Otherwise it takes nothing and returns when to ask
// again and the scope that closes longest. The zero Scope, everything that goes through this Limiter, is always asked too.
//
// The rates never go back in time: while now lies before the latest time seen, nothing is added to them, so that a clock that swings to and fro wins no calls.
func (l *Limiter) Reserve(now time.Time, scopes ...Scope) (until time.Time, by Scope, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()

	closed := func(t time.Time, s Scope) {
		if t.After(now) && t.After(until) {
			until, by = t, s
		}
	}
	closed(l.holds[Scope{}], Scope{})
	for _, s := range scopes {
		closed(l.holds[s], s)
	}
	if !until.IsZero() {
		return until, by, false
	}
	if len(l.Rates) == 0 {
		return time.Time{}, Scope{}, true
	}

	if now.After(l.latest) {
		l.latest = now
	}
	at := l.latest
	ask := func(s Scope) {
		if b := l.bucket(s, at); b != nil {
			wait := time.Duration((1 - b.TokensAt(at)) / float64(b.Limit()) * float64(time.Second))
			closed(at.Add(roundUp(wait)), s)
		}
	}
	ask(Scope{})
	for _, s := range scopes {
		if s.Level != LevelNone {
			ask(s)
		}
	}
	if !until.IsZero() {
		return until, by, false
	}
	take := func(s Scope) {
		if b := l.bucket(s, at); b != nil {
			b.AllowN(at, 1)
		}
	}
	take(Scope{})
	for _, s := range scopes {
		if s.Level != LevelNone {
			take(s)
		}
	}
	return time.Time{}, Scope{}, true
}

// roundUp makes up for what the bucket's floating point cuts off: who comes back when told must not be a nanosecond early.
func roundUp(d time.Duration) time.Duration {
	return (d + time.Microsecond - 1).Truncate(time.Microsecond)
}

// Hold closes a scope until h.Until; the zero Scope closes everything. A hold that ends earlier than one in force changes nothing.
func (l *Limiter) Hold(h Hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holds == nil {
		l.holds = make(map[Scope]time.Time)
	}
	if h.Until.After(l.holds[h.Scope]) {
		l.holds[h.Scope] = h.Until
	}
}

// Resume ends the hold on a scope, for when somebody knows better than the other side's last word: a quota was topped up, an account reconnected. The
// rates stay in force.
func (l *Limiter) Resume(s Scope) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.holds, s)
}

// bucket returns the bucket of a scope, nil where its level has no rate.
func (l *Limiter) bucket(s Scope, now time.Time) *rate.Limiter {
	r := l.Rates[s.Level]
	if r.Every <= 0 {
		return nil
	}
	if b := l.buckets[s]; b != nil {
		return b
	}
	l.sweep(now)
	if l.buckets == nil {
		l.buckets = make(map[Scope]*rate.Limiter)
	}
	b := rate.NewLimiter(rate.Every(r.Every), max(r.Burst, 1))
	l.buckets[s] = b
	return b
}

// sweep forgets what no longer limits anything, whenever twice as much has gathered as was worth keeping: a bucket a recipient must not grow for ever.
func (l *Limiter) sweep(now time.Time) {
	const few = 1024
	if len(l.buckets) < max(l.sweepAt, few) {
		return
	}
	for s, b := range l.buckets {
		if b.TokensAt(now) >= float64(b.Burst()) {
			delete(l.buckets, s)
		}
	}
	for s, until := range l.holds {
		if !until.After(now) {
			delete(l.holds, s)
		}
	}
	l.sweepAt = 2 * len(l.buckets)
}
