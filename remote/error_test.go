package remote_test

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

func TestErrorReadsAsASentence(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 3, 15, 3, 20, 0, time.FixedZone("CET", 3600))
	for want, e := range map[string]*remote.Error{
		"mastodon: post reply to 1123: rate limited until 14:03:20Z": {Op: "mastodon: post reply to 1123", Kind: remote.RateLimited, RetryAt: at},
		"unknown outcome": {},
		"facebook: hide comment 1_2: rejected: status 400: code 100/33: no such object": {
			Op: "facebook: hide comment 1_2", Kind: remote.Rejected, Status: 400, Code: "100/33", Message: "no such object",
		},
		"x: read mentions: unavailable: EOF": {Op: "x: read mentions", Kind: remote.Unavailable, Err: io.EOF},
	} {
		if got := e.Error(); got != want {
			t.Errorf("Error() = %q, want %q", got, want)
		}
	}
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	inner := &remote.Error{Kind: remote.WindowClosed}
	for _, c := range []struct {
		name string
		err  error
		want remote.Kind
	}{
		{"nil", nil, remote.Unknown},
		{"another error", io.EOF, remote.Unknown},
		{"an Error", inner, remote.WindowClosed},
		{"a wrapped Error", fmt.Errorf("ticket 7: %w", inner), remote.WindowClosed},
		{"the outermost of two", &remote.Error{Kind: remote.NotFound, Err: inner}, remote.NotFound},
	} {
		if got := remote.KindOf(c.err); got != c.want {
			t.Errorf("%s: KindOf = %v, want %v", c.name, got, c.want)
		}
	}
}

func TestOnlyTwoKindsAreTemporary(t *testing.T) {
	t.Parallel()
	for k := remote.Unknown; k <= remote.Duplicate; k++ {
		want := k == remote.RateLimited || k == remote.Unavailable
		if k.Temporary() != want {
			t.Errorf("%v.Temporary() = %t, want %t", k, k.Temporary(), want)
		}
	}
}

func TestNamesOutsideTheTable(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		remote.Kind(200).String():   "kind 200",
		remote.Level(99).String():   "level 99",
		remote.Scope{}.String():     "request",
		remote.Duplicate.String():   "duplicate",
		remote.LevelApp.String():    "app",
		remote.Encoding(1).String(): "base64",
		remote.Scope{Level: remote.LevelAccount, ID: "facebook/1234"}.String(): "account facebook/1234",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestErrorUnwraps(t *testing.T) {
	t.Parallel()
	if err := error(&remote.Error{Err: io.ErrUnexpectedEOF}); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v does not unwrap to its cause", err)
	}
}
