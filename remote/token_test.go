package remote_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/socialcrm/socialcrm/remote"
)

// memory is a TokenStore that can be made to fail.
type memory struct {
	mu    sync.Mutex
	token *oauth2.Token
	fail  error
	saves int
}

func (m *memory) Load(context.Context) (*oauth2.Token, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.token, nil
}

func (m *memory) Save(_ context.Context, token *oauth2.Token) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.saves++
	m.token = token
	return nil
}

// platform hands out tokens whose refresh tokens may be used once.
type platform struct {
	refreshes int
	valid     string // the refresh token that may be used
	life      time.Duration
	fail      error
}

func (p *platform) refresh(_ context.Context, old *oauth2.Token) (*oauth2.Token, error) {
	p.refreshes++
	if p.fail != nil {
		return nil, p.fail
	}
	if old == nil || old.RefreshToken != p.valid {
		return nil, &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400}, ErrorCode: "invalid_grant"}
	}
	p.valid = fmt.Sprintf("refresh-%d", p.refreshes)
	return &oauth2.Token{AccessToken: fmt.Sprintf("access-%d", p.refreshes), RefreshToken: p.valid, Expiry: time.Now().Add(p.life)}, nil
}

// old is a token that has expired.
func old(refresh string) *oauth2.Token {
	return &oauth2.Token{AccessToken: "access-" + refresh, RefreshToken: refresh, Expiry: time.Now().Add(-time.Hour)}
}

func wantToken(t *testing.T, s *remote.TokenSource, want string) {
	t.Helper()
	tok, err := s.Token()
	if err != nil || tok.AccessToken != want {
		t.Fatalf("Token() = %v, %v; want %s", tok, err, want)
	}
}

func wantTokenError(t *testing.T, s *remote.TokenSource, kind remote.Kind) *remote.Error {
	t.Helper()
	tok, err := s.Token()
	if tok != nil || err == nil || remote.KindOf(err) != kind {
		t.Fatalf("Token() = %v, %v; want %v", tok, err, kind)
	}
	return asError(t, err)
}

func TestManyCallersRefreshOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &platform{valid: "refresh-0", life: 2 * time.Hour}
		s := &remote.TokenSource{Store: &memory{token: old("refresh-0")}, Refresh: func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
			time.Sleep(time.Second)
			return p.refresh(ctx, old)
		}}
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() { wantToken(t, s, "access-1") })
		}
		wg.Wait()
		if p.refreshes != 1 {
			t.Errorf("%d refreshes for 50 callers", p.refreshes)
		}
		time.Sleep(2*time.Hour - time.Minute - 2*time.Second)
		wantToken(t, s, "access-1")
		time.Sleep(2 * time.Second) // the last minute begins
		wantToken(t, s, "access-2")
	})
}

func TestTokenIsSavedBeforeItIsUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{token: old("refresh-0"), fail: errors.New("disk full, cannot write refresh-1")}
		p := &platform{valid: "refresh-0", life: 2 * time.Hour}
		s := &remote.TokenSource{Name: "x", Store: store, Refresh: p.refresh}
		for range 3 {
			e := wantTokenError(t, s, remote.Unavailable)
			if want := "x: save the token: unavailable: disk full, cannot write [redacted]"; e.Error() != want {
				t.Errorf("got %q, want %q", e, want)
			}
		}
		store.fail = nil
		wantToken(t, s, "access-1")
		if p.refreshes != 1 || store.saves != 1 || store.token.RefreshToken != "refresh-1" {
			t.Errorf("%d refreshes, %d saves, store holds %s", p.refreshes, store.saves, store.token.RefreshToken)
		}
	})
}

func TestUnsavedTokenGivesWayToAReconnectedAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{token: old("refresh-0"), fail: errors.New("down")}
		s := &remote.TokenSource{Store: store, Refresh: (&platform{valid: "refresh-0", life: time.Hour}).refresh}
		wantTokenError(t, s, remote.Unavailable)
		store.fail, store.token = nil, &oauth2.Token{AccessToken: "reconnected"}
		wantToken(t, s, "reconnected")
		if store.saves != 0 {
			t.Error("the reconnected token was overwritten")
		}
	})
}

func TestTokenOfAnotherProcessIsTakenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{token: old("refresh-0")}
		p := &platform{valid: "refresh-0", life: time.Hour}
		one, two := &remote.TokenSource{Store: store, Refresh: p.refresh}, &remote.TokenSource{Store: store, Refresh: p.refresh}
		wantToken(t, one, "access-1")
		wantToken(t, two, "access-1")
		time.Sleep(time.Hour)
		wantToken(t, two, "access-2")
		wantToken(t, one, "access-2")
		if p.refreshes != 2 {
			t.Errorf("%d refreshes, want 2", p.refreshes)
		}
	})
}

func TestRaceForARefreshTokenIsNotADeadAccount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{token: old("refresh-0")}
		s := &remote.TokenSource{Store: store, Refresh: func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
			store.Save(ctx, &oauth2.Token{AccessToken: "of another process"}) // which was quicker
			return nil, &oauth2.RetrieveError{Response: &http.Response{StatusCode: 400}, ErrorCode: "invalid_grant"}
		}}
		wantToken(t, s, "of another process")
	})
}

func TestDeadTokenIsNotAskedForAgainUntilReconnected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{token: old("refresh-0")}
		p := &platform{valid: "something else"}
		s := &remote.TokenSource{Name: "x", Scope: remote.Scope{ID: "acme"}, Store: store, Refresh: p.refresh}
		for range 5 {
			e := wantTokenError(t, s, remote.Unauthorized)
			if want := (remote.Scope{Level: remote.LevelCredential, ID: "acme"}); e.Scope != want || e.Code != "invalid_grant" {
				t.Errorf("got %v at %v, want invalid_grant at %v", e, e.Scope, want)
			}
		}
		if p.refreshes != 1 {
			t.Errorf("the platform was asked %d times within a minute", p.refreshes)
		}
		time.Sleep(time.Minute)
		wantTokenError(t, s, remote.Unauthorized)
		if p.refreshes != 2 {
			t.Errorf("the platform was asked %d times in two minutes", p.refreshes)
		}
		store.token = &oauth2.Token{AccessToken: "reconnected"}
		wantToken(t, s, "reconnected")
	})
}

func TestTokenEndpointThatIsDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &platform{valid: "refresh-0", life: 2 * time.Hour}
		s := &remote.TokenSource{Store: &memory{token: old("refresh-0")}, Refresh: p.refresh}
		wantToken(t, s, "access-1")
		p.fail = &oauth2.RetrieveError{Response: &http.Response{StatusCode: 502}, Body: []byte("<html>")}
		time.Sleep(2*time.Hour - 30*time.Second)
		wantToken(t, s, "access-1") // is still good for half a minute
		time.Sleep(30 * time.Second)
		wantTokenError(t, s, remote.Unavailable)
		p.fail = &remote.Error{Kind: remote.RateLimited, Message: "already being processed"}
		wantTokenError(t, s, remote.RateLimited)
		p.fail = nil
		wantToken(t, s, "access-5")
	})
}

func TestGrantsWithoutARefreshToken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s := &remote.TokenSource{Refresh: func(_ context.Context, old *oauth2.Token) (*oauth2.Token, error) {
			n++
			return &oauth2.Token{AccessToken: fmt.Sprint("t", n), Expiry: time.Now().Add(30 * time.Second)}, nil
		}}
		wantToken(t, s, "t1")
		wantToken(t, s, "t1") // lives shorter than the margin, and is used for half its life all the same
		time.Sleep(15 * time.Second)
		wantToken(t, s, "t2")
	})
}

func TestRefreshTokenIsKeptWhereTheAnswerHasNone(t *testing.T) {
	t.Parallel()
	store := &memory{token: old("refresh-0")}
	s := &remote.TokenSource{Store: store, Refresh: func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
		return &oauth2.Token{AccessToken: "new"}, nil
	}}
	wantToken(t, s, "new")
	if store.token.RefreshToken != "refresh-0" {
		t.Errorf("the store holds refresh token %q", store.token.RefreshToken)
	}
}

func TestAnswerWithoutAnAccessToken(t *testing.T) {
	t.Parallel()
	s := &remote.TokenSource{Refresh: func(context.Context, *oauth2.Token) (*oauth2.Token, error) { return nil, nil }}
	wantTokenError(t, s, remote.Unavailable)
}

func TestInvalidate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &platform{valid: "refresh-0", life: 100 * time.Hour}
		s := &remote.TokenSource{Store: &memory{token: &oauth2.Token{AccessToken: "session", RefreshToken: "refresh-0"}}, Refresh: p.refresh}
		wantToken(t, s, "session")
		if !s.Invalidate("an older one") {
			t.Error("a token that was replaced before is not worth another try")
		}
		wantToken(t, s, "session")
		if !s.Invalidate("session") {
			t.Error("a session that ended is not worth another try")
		}
		wantToken(t, s, "access-1")
		if s.Invalidate("access-1") {
			t.Error("a fresh token that is refused is worth another try")
		}
		wantToken(t, s, "access-1")
		time.Sleep(time.Minute)
		if !s.Invalidate("access-1") {
			t.Error("a token refused after a minute is not worth another try")
		}
		wantToken(t, s, "access-2")
	})
}

func TestTokenNeverHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &remote.TokenSource{Timeout: 5 * time.Second, Refresh: func(ctx context.Context, _ *oauth2.Token) (*oauth2.Token, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}}
		began := time.Now()
		var wg sync.WaitGroup
		wg.Go(func() { wantTokenError(t, s, remote.Unavailable) }) // leads
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.TokenContext(ctx) // waits, with less patience
		if waited := time.Since(began); waited != time.Second || !errors.Is(err, context.DeadlineExceeded) || remote.KindOf(err) != remote.Unavailable {
			t.Errorf("waited %v: %v", waited, err)
		}
		wg.Wait()
		if waited := time.Since(began); waited != 5*time.Second {
			t.Errorf("the leader waited %v", waited)
		}
	})
}

func TestCancelledLeaderStillSaves(t *testing.T) {
	t.Parallel()
	store := &memory{token: old("refresh-0")}
	p := &platform{valid: "refresh-0", life: time.Hour}
	ctx, cancel := context.WithCancel(t.Context())
	s := &remote.TokenSource{Store: store, Refresh: func(inner context.Context, old *oauth2.Token) (*oauth2.Token, error) {
		cancel()
		if inner.Err() != nil {
			return nil, inner.Err()
		}
		return p.refresh(inner, old)
	}}
	if tok, err := s.TokenContext(ctx); err != nil || tok.AccessToken != "access-1" || store.saves != 1 {
		t.Errorf("got %v, %v, %d saves", tok, err, store.saves)
	}
	s.Invalidate("access-1")
	if _, err := (&remote.TokenSource{Refresh: p.refresh}).TokenContext(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a caller whose context is over began a refresh: %v", err)
	}
}

func TestPanickingRefreshDoesNotBlockTheNext(t *testing.T) {
	t.Parallel()
	first := true
	s := &remote.TokenSource{Refresh: func(context.Context, *oauth2.Token) (*oauth2.Token, error) {
		if first {
			first = false
			panic("bug")
		}
		return &oauth2.Token{AccessToken: "t"}, nil
	}}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the panic was swallowed")
			}
		}()
		s.Token()
	}()
	wantToken(t, s, "t")
}

// locked is a store that several processes share.
type locked struct {
	memory
	lock chan struct{}
}

func (l *locked) Lock(ctx context.Context) (func(), error) {
	select {
	case l.lock <- struct{}{}:
		return func() { <-l.lock }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func TestProcessesThatShareALockRefreshOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &locked{memory: memory{token: old("refresh-0")}, lock: make(chan struct{}, 1)}
		p := &platform{valid: "refresh-0", life: time.Hour}
		var wg sync.WaitGroup
		for range 5 {
			s := &remote.TokenSource{Store: store, Refresh: func(ctx context.Context, old *oauth2.Token) (*oauth2.Token, error) {
				time.Sleep(time.Second)
				return p.refresh(ctx, old)
			}}
			wg.Go(func() { wantToken(t, s, "access-1") })
		}
		wg.Wait()
		if p.refreshes != 1 {
			t.Errorf("%d refreshes", p.refreshes)
		}
		store.lock <- struct{}{} // a process that hangs
		e := wantTokenError(t, &remote.TokenSource{Store: store, Refresh: p.refresh}, remote.Unavailable)
		if !strings.Contains(e.Error(), "lock the token") {
			t.Errorf("%v does not name the lock", e)
		}
	})
}
