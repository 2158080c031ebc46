package remote_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/remote"
)

var (
	noon = time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	jane = remote.Scope{Level: remote.LevelRecipient, ID: "jane"}
	acme = remote.Scope{Level: remote.LevelAccount, ID: "facebook/1"}
	bolt = remote.Scope{Level: remote.LevelAccount, ID: "facebook/2"}
	app  = remote.Scope{Level: remote.LevelApp, ID: "meta/9"}
)

func TestZeroLimiterLetsEverythingThroughAndLearns(t *testing.T) {
	t.Parallel()
	var l remote.Limiter
	for range 1000 {
		if _, _, ok := l.Reserve(noon, acme, app); !ok {
			t.Fatal("a limiter without rates refused")
		}
	}
	l.Hold(remote.Hold{Scope: acme, Until: noon.Add(time.Minute)})
	if until, by, ok := l.Reserve(noon, acme, app); ok || !until.Equal(noon.Add(time.Minute)) || by != acme {
		t.Errorf("held account: got %v, %v, %t", until, by, ok)
	}
	if _, _, ok := l.Reserve(noon, bolt, app); !ok {
		t.Error("a hold on one account closed another")
	}
	if _, _, ok := l.Reserve(noon.Add(time.Minute), acme, app); !ok {
		t.Error("the hold did not end at its time")
	}
}

func TestLimiterNamesTheScopeThatClosesLongest(t *testing.T) {
	t.Parallel()
	var l remote.Limiter
	l.Hold(remote.Hold{Scope: acme, Until: noon.Add(time.Minute)})
	l.Hold(remote.Hold{Scope: app, Until: noon.Add(time.Hour)})
	l.Hold(remote.Hold{Scope: app, Until: noon.Add(time.Second)}) // earlier than the one in force
	if until, by, _ := l.Reserve(noon, acme, app); !until.Equal(noon.Add(time.Hour)) || by != app {
		t.Errorf("got %v by %v, want the app's hour", until, by)
	}
	l.Resume(app)
	if until, by, _ := l.Reserve(noon, acme, app); !until.Equal(noon.Add(time.Minute)) || by != acme {
		t.Errorf("after Resume: got %v by %v, want the account's minute", until, by)
	}
	l.Hold(remote.Hold{Until: noon.Add(2 * time.Hour)})
	if _, by, ok := l.Reserve(noon, bolt); ok || by != (remote.Scope{}) {
		t.Error("a hold on the zero scope left an account open")
	}
}

func TestLimiterKeepsARateForEachScopeOfALevel(t *testing.T) {
	t.Parallel()
	l := remote.Limiter{Rates: map[remote.Level]remote.Rate{
		remote.LevelRecipient: {Every: time.Second},
		remote.LevelAccount:   {Every: 100 * time.Millisecond, Burst: 3},
	}}
	john := remote.Scope{Level: remote.LevelRecipient, ID: "john"}
	steps := []struct {
		at    time.Duration
		to    remote.Scope
		by    remote.Scope
		until time.Duration
	}{
		{0, jane, remote.Scope{}, 0},
		{0, jane, jane, time.Second},
		{0, john, remote.Scope{}, 0}, // the refused call took nothing from the account
		{0, remote.Scope{Level: remote.LevelRecipient, ID: "zoe"}, remote.Scope{}, 0},
		{0, remote.Scope{Level: remote.LevelRecipient, ID: "max"}, acme, 100 * time.Millisecond},
		{999 * time.Millisecond, jane, jane, time.Second},
		{time.Second, jane, remote.Scope{}, 0},
	}
	for i, s := range steps {
		until, by, ok := l.Reserve(noon.Add(s.at), s.to, acme)
		if wantOK := s.until == 0; ok != wantOK || by != s.by || !ok && !until.Equal(noon.Add(s.until)) {
			t.Errorf("step %d: got %v by %v, %t; want %v by %v", i, until, by, ok, noon.Add(s.until), s.by)
		}
	}
}

func TestComingBackWhenToldAlwaysWorks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		every := time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "every"))
		burst := rapid.IntRange(1, 50).Draw(t, "burst")
		l := remote.Limiter{Rates: map[remote.Level]remote.Rate{remote.LevelNone: {Every: every, Burst: burst}}}
		now := noon
		through := 0
		for range 100 {
			until, _, ok := l.Reserve(now)
			if ok {
				through++
				continue
			}
			if !until.After(now) {
				t.Fatalf("refused at %v until %v", now, until)
			}
			now = until
			if again, _, ok := l.Reserve(now); !ok {
				t.Fatalf("came back at %v as told and was refused until %v", now, again)
			}
			through++
		}
		if most := burst + int(now.Sub(noon)/every) + 1; through > most {
			t.Fatalf("%d calls in %v, at most %d are allowed", through, now.Sub(noon), most)
		}
	})
}

func TestASwingingClockWinsNoCalls(t *testing.T) {
	t.Parallel()
	l := remote.Limiter{Rates: map[remote.Level]remote.Rate{remote.LevelNone: {Every: time.Second}}}
	through := 0
	for i := range 100 {
		if until, _, ok := l.Reserve(noon.Add(-time.Hour * time.Duration(i%2))); ok {
			through++
		} else if !until.Equal(noon.Add(time.Second)) {
			t.Fatalf("refused until %v, want a second after the latest time seen", until)
		}
	}
	if through != 1 {
		t.Errorf("%d calls went through in one second, want 1", through)
	}
	if _, _, ok := l.Reserve(noon.Add(time.Second)); !ok {
		t.Error("the clock went on and the call was refused")
	}
}

func TestReserveAllocatesNothing(t *testing.T) {
	l := remote.Limiter{Rates: map[remote.Level]remote.Rate{remote.LevelAccount: {Every: time.Second}}}
	l.Reserve(noon, acme, app)
	now := noon
	if n := testing.AllocsPerRun(100, func() {
		l.Reserve(now, acme, app)
		now = now.Add(300 * time.Millisecond) // every fourth goes through
	}); n != 0 {
		t.Errorf("%v allocations a call", n)
	}
}

func TestLimiterForgetsIdleRecipients(t *testing.T) {
	t.Parallel()
	l := remote.Limiter{Rates: map[remote.Level]remote.Rate{remote.LevelRecipient: {Every: time.Second}}}
	now := noon
	for i := range 50_000 {
		now = now.Add(time.Millisecond)
		l.Reserve(now, remote.Scope{Level: remote.LevelRecipient, ID: fmt.Sprint(i)})
	}
	if n := remote.Buckets(&l); n > 10_000 {
		t.Errorf("%d buckets are kept, of which at most 1000 can limit anything", n)
	}
}

func TestLimiterUnderConcurrency(t *testing.T) {
	t.Parallel()
	l := remote.Limiter{Rates: map[remote.Level]remote.Rate{remote.LevelAccount: {Every: time.Hour, Burst: 100}}}
	var through atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if _, _, ok := l.Reserve(noon, acme); ok {
					through.Add(1)
				}
				l.Hold(remote.Hold{Scope: bolt, Until: noon})
				l.Resume(bolt)
			}
		})
	}
	wg.Wait()
	if through.Load() != 100 {
		t.Errorf("%d calls went through a burst of 100", through.Load())
	}
}

func BenchmarkLimiterReserve(b *testing.B) {
	l := remote.Limiter{Rates: map[remote.Level]remote.Rate{remote.LevelAccount: {Every: time.Nanosecond, Burst: 1 << 20}}}
	now := noon
	b.ReportAllocs()
	for b.Loop() {
		now = now.Add(time.Microsecond)
		if _, _, ok := l.Reserve(now, acme, app); !ok {
			b.Fatal("refused")
		}
	}
}
