package channeltest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/internal/mishap"
	"github.com/socialcrm/socialcrm/remote"
)

// spoiling is an answer that a network or a proxy has spoiled: what was asked for was carried out, and the caller cannot tell.
type spoiling struct {
	name  string
	play  mishap.Play
	hangs bool // it lasts until the caller gives up
}

func spoilings() []spoiling {
	say := func(status int, body string) mishap.Play {
		return func(w http.ResponseWriter, r *http.Request, _ *httptest.ResponseRecorder) {
			w.WriteHeader(status)
			_, _ = io.WriteString(w, strings.ReplaceAll(body, "TOKEN", r.Header.Get("Authorization"))) // as careless servers do
		}
	}
	const page = "<!doctype html><title>Bad gateway TOKEN</title>"
	return []spoiling{
		{name: "500", play: say(http.StatusInternalServerError, "TOKEN")},
		{name: "502-with-HTML", play: say(http.StatusBadGateway, page)},
		{name: "504", play: say(http.StatusGatewayTimeout, page)},
		{name: "cut-body", play: mishap.ResetWithin},
		{name: "slow-body", play: mishap.Stall, hangs: true},
		{name: "huge-body", play: mishap.Huge},
		{name: "too-many-values", play: mishap.Crowded},
		{name: "invalid-JSON", play: mishap.Half},
		{name: "HTML-in-place-of-JSON", play: say(http.StatusOK, page)},
		{name: "empty-body", play: say(http.StatusOK, "")},
		{name: "empty-object", play: say(http.StatusOK, "{}")},
		{name: "wrong-types", play: mishap.Mistyped},
	}
}

// httpChecks: whatever becomes of an answer on its way, nothing is posted twice and nothing is lost.
func httpChecks() []check {
	var checks []check
	for _, s := range spoilings() {
		checks = append(checks, check{name: "http/send/" + s.name, run: func(b *bench) { checkSpoiledSend(b, s) }})
		checks = append(checks, check{name: "http/poll/" + s.name, applies: func(f Features) bool { return f.Poll }, run: func(b *bench) { checkSpoiledPoll(b, s) }})
	}
	return checks
}

// await returns the context of a call on which an answer is spoiled.
func (b *bench) await(s spoiling) context.Context {
	if !s.hangs {
		return b.context()
	}
	ctx, cancel := context.WithTimeout(b.context(), 300*time.Millisecond)
	b.Cleanup(cancel)
	return ctx
}

// checkSpoiledSend posts, and the answer is spoiled. Nobody knows then whether the post is there, unless one that is repeated is the same one to the platform, or
// the adapter has looked.
func checkSpoiledSend(b *bench, s spoiling) {
	if b.HTTP == nil {
		b.Logf("not checked: the harness gives no Fixture.HTTP")
		return
	}
	out, other := b.answer(), b.answer()
	calls := b.Calls()
	b.HTTP.spoil(s.play, true)
	sent, err := b.Channel.Send(b.await(s), out)
	if n := b.Calls() - calls; n > 1 {
		b.Errorf("Send made %d attempts, want one: only the Desk repeats", n)
	}
	if n := b.posted(out.Text); n != 1 {
		b.Errorf("the platform has the post %d times, want once", n)
	}
	if err == nil {
		b.HTTP.spoil(s.play, true)
		if again, err := b.Channel.Send(b.await(s), other); sent.ID == "" || err == nil && again.ID == sent.ID {
			b.Errorf("an answer that names no post was taken as success, Sent.ID %q; want the kind %q", sent.ID, remote.Unknown)
		}
		return
	}
	e := b.failure("Send", err)
	b.seeNoSecret("Send", err)
	if e.Kind == remote.Unknown {
		return
	}
	if _, err := b.Channel.Send(b.context(), out); e.Kind != remote.Unavailable || err != nil || b.posted(out.Text) != 1 {
		b.Errorf("the kind is %q, and after another Send (%v) the platform has the post %d times; want %q where one that is repeated is another post", e.Kind, err, b.posted(out.Text), remote.Unknown)
	}
}

// checkSpoiledPoll spoils the answer to the first request of a poll. An empty answer may be one that there is nothing new.
func checkSpoiledPoll(b *bench, s spoiling) {
	if b.HTTP == nil {
		b.Logf("not checked: the harness gives no Fixture.HTTP")
		return
	}
	_, cursor := b.pollAll(b.poller(), "")
	id := b.Write("Written before the spoiled answer.")
	b.HTTP.spoil(s.play, false)
	batch, err := b.poller().Poll(b.await(s), cursor)
	if err != nil {
		if _, ok := errors.AsType[*remote.Error](err); !ok {
			b.Errorf("Poll: the error is a %T, want a *remote.Error: %v", err, err)
		}
		b.seeNoSecret("Poll", err)
		if batch.Cursor != "" && batch.Cursor != cursor || len(batch.Events) > 0 {
			b.Errorf("a failed poll brings %d events and moves the cursor from %q to %q", len(batch.Events), cursor, batch.Cursor)
		}
		batch.Cursor = cursor
	}
	rest, _ := b.pollAll(b.poller(), batch.Cursor)
	if find(append(batch.Events, rest...), channel.MessageReceived, id) == nil {
		b.Errorf("after a poll whose answer was spoiled (error %v), message %s is lost", err, id)
	}
}
