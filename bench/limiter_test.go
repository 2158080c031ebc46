package bench

import (
	"strconv"
	"sync"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/socialcrm/socialcrm/remote"
)

// The question: may this account write to this person now? One post a second to each person, ten a second for the account.

type limiter interface {
	allow(now time.Time, person string) bool
}

// scoped asks package remote, which also answers when to come back.
type scoped struct{ remote.Limiter }

func newScoped() *scoped {
	return &scoped{remote.Limiter{Rates: map[remote.Level]remote.Rate{
		remote.LevelRecipient: {Every: time.Second}, remote.LevelAccount: {Every: time.Second / 10, Burst: 10},
	}}}
}

func (s *scoped) allow(now time.Time, person string) bool {
	_, _, ok := s.Reserve(now, remote.Scope{Level: remote.LevelRecipient, ID: person}, remote.Scope{Level: remote.LevelAccount, ID: "plaza/shop"})
	return ok
}

// byHand is what one writes around x/time/rate: a map of buckets. It never forgets a person.
type byHand struct {
	mu      sync.Mutex
	account *rate.Limiter
	people  map[string]*rate.Limiter
}

func newByHand() *byHand {
	return &byHand{account: rate.NewLimiter(10, 10), people: map[string]*rate.Limiter{}}
}

func (h *byHand) allow(now time.Time, person string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	own := h.people[person]
	if own == nil {
		own = rate.NewLimiter(1, 1)
		h.people[person] = own
	}
	if own.TokensAt(now) < 1 || h.account.TokensAt(now) < 1 {
		return false
	}
	return own.AllowN(now, 1) && h.account.AllowN(now, 1)
}

// posts are attempts of a busy minute: 64 people, an attempt every 20 ms, so that most are refused.
func posts(l limiter, start time.Time, n int) (allowed int) {
	for i := range n {
		if l.allow(start.Add(time.Duration(i)*20*time.Millisecond), people[i*i%len(people)]) {
			allowed++
		}
	}
	return allowed
}

var people = func() (names [64]string) {
	for i := range names {
		names[i] = "person-" + strconv.Itoa(i)
	}
	return names
}()

var start = time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)

func TestLimitersAgree(t *testing.T) {
	ours, theirs := posts(newScoped(), start, 3000), posts(newByHand(), start, 3000)
	if ours != theirs || ours == 0 || ours == 3000 {
		t.Errorf("of 3000 attempts remote.Limiter allows %d and x/time/rate by hand %d; want the same, some and not all", ours, theirs)
	}
}

func BenchmarkLimiter(b *testing.B) {
	for _, side := range []struct {
		by string
		limiter
	}{{"by=remote", newScoped()}, {"by=xtime", newByHand()}} {
		b.Run(side.by, func(b *testing.B) {
			b.ReportAllocs()
			now := start
			for b.Loop() {
				posts(side, now, 100)
				now = now.Add(2 * time.Second)
			}
		})
	}
}
