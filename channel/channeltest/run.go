package channeltest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Run holds an adapter to what package channel promises of every adapter, one subtest a promise, so that -run picks one. Run it with -race. A harness that
// lacks what its Features call for fails before anything else runs. A platform over HTTP is easily made from a handler and Flaky; TestAdapterOverHTTPConforms
// in this package is a whole adapter with its harness.
//
//	func TestConformance(t *testing.T) {
//		channeltest.Run(t, channeltest.Harness{
//			Features: channeltest.Features{Poll: true},
//			New:      func(t channeltest.T) channeltest.Fixture { ... },
//		})
//	}
func Run(t *testing.T, h Harness) {
	t.Helper()
	all := checks()
	if !t.Run(all[0].name, func(t *testing.T) { runCheck(t, all[0], h) }) {
		return // without what the harness lacks, the others cannot run
	}
	for _, c := range all[1:] {
		if c.applies != nil && !c.applies(h.Features) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			runCheck(t, c, h)
		})
	}
}

// check is one promise.
type check struct {
	name    string
	applies func(Features) bool // nil: always
	run     func(*bench)
}

// checks returns all promises, that of a whole harness first.
func checks() []check {
	var all []check
	for _, part := range [][]check{harnessChecks(), sendChecks(), troubleChecks(), httpChecks(), abilityChecks(), eventChecks(), webhookChecks(), pollChecks(), streamChecks()} {
		all = append(all, part...)
	}
	return all
}

func runCheck(t T, c check, h Harness) {
	f := h.New(t)
	if f.Now == nil {
		f.Now = time.Now
	}
	if f.HTTP != nil {
		if f.Break == nil {
			f.Break = f.HTTP.Break
		}
		if f.Calls == nil {
			f.Calls = f.HTTP.Calls
		}
	}
	c.run(&bench{T: t, Fixture: f, features: h.Features})
}

// harnessChecks see that the harness is whole, so that nothing is passed over because a hook was forgotten.
func harnessChecks() []check {
	return []check{{name: "harness", run: func(b *bench) {
		f := b.features
		for _, hook := range []struct {
			name            string
			given, required bool
		}{
			{"Channel", b.Channel != nil, true},
			{"Write", b.Write != nil, arrives(f)},
			{"Customer (unless Features.HidesAuthors)", b.Customer != "", arrives(f) && !f.HidesAuthors},
			{"Reply (Features.Threads)", b.Reply != nil, f.Threads},
			{"Posts", b.Posts != nil, true},
			{"Answers", b.Answers != nil, arrives(f)},
			{"Attached (Traits.MaxAttachments)", b.Attached != nil, b.Channel != nil && b.Channel.Traits(b.visibility()).MaxAttachments != 0},
			{"Calls (or HTTP)", b.Calls != nil, true},
			{"Break (or HTTP)", b.Break != nil, len(f.Cannot) < len(allTroubles)},
			{"Edit (Features.Edits)", b.Edit != nil, f.Edits},
			{"Delete (Features.Deletions)", b.Delete != nil, f.Deletions},
			{"Webhook (Features.Webhook)", b.Webhook != nil, f.Webhook},
			{"Corrupt (Features.Batches)", b.Corrupt != nil, f.Batches},
			{"AwaitStream (Features.Stream)", b.AwaitStream != nil, f.Stream},
		} {
			if hook.required && !hook.given {
				b.Errorf("the harness lacks Fixture.%s", hook.name)
			}
		}
		for _, claim := range []struct {
			name        string
			claimed, is bool
		}{
			{"Webhook", f.Webhook, b.receiver() != nil},
			{"Stream", f.Stream, b.streamer() != nil},
			{"Poll", f.Poll, b.poller() != nil},
		} {
			if claim.claimed != claim.is {
				b.Errorf("Features.%s is %t, but that one of the channel and its sources is such a source is %t", claim.name, claim.claimed, claim.is)
			}
		}
		names := map[string]bool{}
		for _, s := range b.sources() {
			if !sourceName.MatchString(s.Name()) || names[s.Name()] {
				b.Errorf("source name %q: want one of its own of lower-case letters, digits, '-', '.', '_', '/'", s.Name())
			}
			names[s.Name()] = true
		}
	}}}
}

var sourceName = regexp.MustCompile(`^[a-z0-9._/-]+$`)

// patience is how long a check waits for what should come at once.
const patience = 10 * time.Second

// bench is where a check works: the fixture with the steps that checks have in common.
type bench struct {
	T
	Fixture
	features Features
	posts    atomic.Int64
}

func (b *bench) visibility() channel.Visibility {
	if b.features.PrivateOnly {
		return channel.Private
	}
	return channel.Public
}

// sources returns everything that brings events.
func (b *bench) sources() []channel.Source {
	all := slices.Clone(b.Sources)
	if own, ok := b.Channel.(channel.Source); ok && !slices.Contains(all, own) {
		all = append(all, own)
	}
	return all
}

func first[S channel.Source](b *bench) S {
	var none S
	for _, s := range b.sources() {
		if s, ok := s.(S); ok {
			return s
		}
	}
	return none
}

func (b *bench) receiver() channel.Receiver { return first[channel.Receiver](b) }
func (b *bench) streamer() channel.Streamer { return first[channel.Streamer](b) }
func (b *bench) poller() channel.Poller     { return first[channel.Poller](b) }

func (b *bench) context() context.Context {
	ctx, cancel := context.WithTimeout(b.Context(), patience)
	b.Cleanup(cancel)
	return ctx
}

// answer returns a post that answers a message just written by a customer, addressed as far as the sources tell. Its text is like no other.
func (b *bench) answer() channel.Outgoing {
	n := b.posts.Add(1)
	out := channel.Outgoing{
		Key: fmt.Sprintf("conformance-%d", n), Account: b.Channel.Account().AccountID, Visibility: b.visibility(),
		CustomerWrote: b.Now(), Text: fmt.Sprintf("Answer no. %d.", n),
	}
	if b.Write == nil {
		return out
	}
	out.InReplyTo = b.Write(fmt.Sprintf("Question no. %d?", n))
	for _, e := range b.hear() {
		if e.Kind == channel.MessageReceived && e.Message.ID == out.InReplyTo {
			out.Thread, out.To, out.CustomerWrote = e.Message.Thread, e.Message.Author, cmp.Or(e.Message.Time, e.Time, out.CustomerWrote)
		}
	}
	return out
}

// hear returns what a poll from the beginning tells or, without a poll, what no webhook has told yet; nil where events only stream.
func (b *bench) hear() []channel.Event {
	b.Helper()
	switch {
	case b.poller() != nil:
		events, _ := b.pollAll(b.poller(), "")
		return events
	case b.receiver() != nil && b.Webhook != nil:
		return b.receive()
	}
	return nil
}

// pollAll polls until there is no more, and returns the events and where it got to.
func (b *bench) pollAll(p channel.Poller, after channel.Cursor) ([]channel.Event, channel.Cursor) {
	b.Helper()
	all := b.pollBatch(p, after)
	return all.Events, all.Cursor
}

// pollBatch polls until there is no more, and returns everything as one batch.
func (b *bench) pollBatch(p channel.Poller, after channel.Cursor) (all channel.Batch) {
	b.Helper()
	for range 1000 {
		batch, err := p.Poll(b.context(), after)
		if err != nil {
			b.Fatalf("Poll after cursor %q: %v", after, err)
		}
		if batch.More && batch.Cursor == after {
			b.Fatalf("Poll after cursor %q says that there is more, and stays where it was", after)
		}
		after = batch.Cursor
		all.Events, all.Bad, all.Cursor = append(all.Events, batch.Events...), append(all.Bad, batch.Bad...), after
		if !batch.More {
			return all
		}
	}
	b.Fatalf("after 1000 polls there is still more")
	return all
}

// receive returns what no webhook has told yet.
func (b *bench) receive() []channel.Event {
	b.Helper()
	var events []channel.Event
	for range 1000 {
		call := b.Webhook()
		if response, err := b.receiver().Verify(call); err != nil || response != nil {
			b.Fatalf("Verify of an authentic call: response %v, error %v; want neither", response, err)
		}
		d, err := b.receiver().Decode(call)
		if err != nil {
			b.Fatalf("Decode of an authentic call: %v", err)
		}
		if len(d.Events)+len(d.Bad) == 0 {
			return events
		}
		events = append(events, d.Events...)
	}
	return events
}

// posted returns how many posts hold the text; platforms and adapters may put something around it.
func (b *bench) posted(text string) int {
	n := 0
	for _, post := range b.Posts() {
		if strings.Contains(post, text) {
			n++
		}
	}
	return n
}

// failure returns the remote.Error that every failure must be.
func (b *bench) failure(op string, err error) *remote.Error {
	b.Helper()
	if err == nil {
		b.Fatalf("%s: no error", op)
	}
	e, ok := errors.AsType[*remote.Error](err)
	if !ok {
		b.Fatalf("%s: the error is a %T, want a *remote.Error: %v", op, err, err)
	}
	return e
}

// arrives returns whether the adapter brings events.
func arrives(f Features) bool { return f.Webhook || f.Stream || f.Poll }

// has returns whether the stand-in can have the trouble.
func (f Features) has(tr Trouble) bool { return !slices.Contains(f.Cannot, tr) }
