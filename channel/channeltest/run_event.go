package channeltest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

func eventChecks() []check {
	return []check{
		{name: "events/whole", applies: arrives, run: checkEventsWhole},
		{name: "events/complete", applies: arrives, run: checkEventsComplete},
		{name: "events/author", applies: func(f Features) bool { return arrives(f) && !f.HidesAuthors }, run: checkAuthors},
		{name: "events/thread", applies: func(f Features) bool { return arrives(f) && f.Threads }, run: checkThreads},
		{name: "events/time", applies: arrives, run: checkEventTimes},
		{name: "events/keys-agree", applies: arrives, run: checkKeysAgree},
		{name: "events/echo", applies: arrives, run: checkEcho},
	}
}

// story is what happened on the platform, and what each source told of it.
type story struct {
	began, ended  time.Time
	received      map[string]string // texts of messages that were neither edited nor deleted, by ID
	edited        string            // the ID of a message that was edited twice, in the end back to its first text; empty without Features.Edits
	deleted       string
	posted, reply string // the ID and text of our own post
	told          map[string][]channel.Event
}

// tell lets something of everything happen and returns what was told, by "webhook", "stream" and "poll".
func (b *bench) tell() story {
	b.Helper()
	s := story{began: b.Now(), received: map[string]string{}, told: map[string][]channel.Event{}}
	stream := b.listen()
	write := func(text string) string {
		id := b.Write(text)
		s.received[id] = text
		return id
	}
	out := b.answer()
	write("Is anybody there?")
	if b.features.Edits {
		s.edited = b.Edit(b.Write("red"), "blue")
		s.edited = b.Edit(s.edited, "red")
	}
	if b.features.Deletions {
		s.deleted = b.Write("to be deleted")
		b.Delete(s.deleted)
	}
	sent, err := b.Channel.Send(b.context(), out)
	if err != nil {
		b.Fatalf("Send: %v", err)
	}
	s.posted, s.reply = sent.ID, out.Text
	last := write("Goodbye.")
	s.ended = b.Now()

	if b.receiver() != nil {
		s.told["webhook"] = b.receive()
	}
	if b.poller() != nil {
		s.told["poll"], _ = b.pollAll(b.poller(), "")
	}
	if stream != nil {
		s.told["stream"] = stream.until(b, last)
	}
	return s
}

// listener collects what a stream tells.
type listener struct {
	mu     sync.Mutex
	events []channel.Event
	more   chan struct{}
	ended  chan error
}

// listen opens the stream, if there is one, and returns once the platform has taken the connection.
func (b *bench) listen() *listener {
	b.Helper()
	if b.streamer() == nil {
		return nil
	}
	l := &listener{more: make(chan struct{}, 1), ended: make(chan error, 1)}
	ctx, cancel := context.WithCancel(b.context())
	go func() {
		l.ended <- b.streamer().Stream(ctx, func(batch channel.Batch) error {
			l.mu.Lock()
			l.events = append(l.events, batch.Events...)
			l.mu.Unlock()
			select {
			case l.more <- struct{}{}:
			default:
			}
			return nil
		})
	}()
	b.Cleanup(cancel)
	if err := b.AwaitStream(b.context()); err != nil {
		b.Fatalf("the stream does not connect: %v", err)
	}
	return l
}

// until returns what the stream told up to the message with that ID.
func (l *listener) until(b *bench, id string) []channel.Event {
	b.Helper()
	ctx := b.context()
	for {
		l.mu.Lock()
		events := slices.Clone(l.events)
		l.mu.Unlock()
		if find(events, channel.MessageReceived, id) != nil {
			return events
		}
		select {
		case <-l.more:
		case err := <-l.ended:
			b.Fatalf("the stream ended: %v", err)
		case <-ctx.Done():
			b.Fatalf("the stream has not told of message %s", id)
		}
	}
}

// find returns the first event of that kind and message ID; nil where there is none.
func find(events []channel.Event, kind channel.EventKind, id string) *channel.Event {
	for i := range events {
		if events[i].Kind == kind && events[i].Message.ID == id {
			return &events[i]
		}
	}
	return nil
}

func checkEventsWhole(b *bench) {
	account := b.Channel.Account().AccountID
	for source, events := range b.tell().told {
		for _, e := range events {
			if err := e.Check(); err != nil {
				b.Errorf("%s: %v", source, err)
			}
			if e.Account != account {
				b.Errorf("%s: %s of message %s names account %s, want %s", source, e.Kind, e.Message.ID, e.Account, account)
			}
			if e.DedupeKey() == "" && (e.Kind != channel.MessageEdited || b.features.Revisions) {
				b.Errorf("%s: %s of message %s has no dedupe key", source, e.Kind, e.Message.ID)
			}
		}
	}
}

func checkEventsComplete(b *bench) {
	s := b.tell()
	for source, events := range s.told {
		for id, text := range s.received {
			if e := find(events, channel.MessageReceived, id); e == nil {
				b.Errorf("%s: message %s did not arrive", source, id)
			} else if !strings.Contains(e.Message.Text, text) {
				b.Errorf("%s: message %s says %q, want %q", source, id, e.Message.Text, text)
			} else if e.Message.Visibility != b.visibility() {
				b.Errorf("%s: message %s is %s, want %s", source, id, e.Message.Visibility, b.visibility())
			}
		}
		last := ""
		for _, e := range events {
			if s.edited == "" || e.Kind != channel.MessageEdited {
				continue
			}
			if last = e.Message.Text; !strings.Contains(last, "red") && !strings.Contains(last, "blue") {
				b.Errorf("%s: the edit of message %s says %q, want the text as it then was", source, e.Message.ID, last)
			}
		}
		if source == "poll" {
			continue // a poll may show only how things are
		}
		if s.edited != "" && find(events, channel.MessageEdited, s.edited) == nil {
			b.Errorf("%s: the edit of message %s did not arrive", source, s.edited)
		}
		if s.edited != "" && !strings.Contains(last, "red") {
			b.Errorf("%s: by the last edit message %s says %q, want %q", source, s.edited, last, "red")
		}
		if s.deleted != "" && find(events, channel.MessageDeleted, s.deleted) == nil {
			b.Errorf("%s: the deletion of message %s did not arrive", source, s.deleted)
		}
		keys := map[string]bool{}
		for _, e := range events {
			if e.Kind == channel.MessageEdited && b.features.Revisions {
				keys[e.DedupeKey()] = true
			}
		}
		if s.edited != "" && b.features.Revisions && len(keys) != 2 {
			b.Errorf("%s: a message edited there and back has %d keys of edits, want 2", source, len(keys))
		}
	}
}

// checkEventTimes sees that events bear the platform's time, which some platforms tell to the minute only.
func checkEventTimes(b *bench) {
	s := b.tell()
	inTime := func(at time.Time) bool {
		return !at.Before(s.began.Add(-time.Minute)) && !at.After(s.ended.Add(time.Minute))
	}
	for source, events := range s.told {
		for _, e := range events {
			if changed := e.Kind == channel.MessageEdited || e.Kind == channel.MessageDeleted; changed && !e.Time.IsZero() && !inTime(e.Time) {
				b.Errorf("%s: %s of message %s is of %s, but happened on the platform at %s", source, e.Kind, e.Message.ID, e.Time, s.began)
			}
		}
		for id := range s.received {
			e := find(events, channel.MessageReceived, id)
			if e == nil {
				continue // told by events/complete
			}
			at := e.Time
			if at.IsZero() {
				at = e.Message.Time
			}
			if at.IsZero() {
				b.Errorf("%s: message %s has no time", source, id)
			} else if !inTime(at) {
				b.Errorf("%s: message %s is of %s, but was written on the platform at %s", source, id, at, s.began)
			}
		}
	}
}

// checkKeysAgree compares the keys of the same happening between the sources. An edit without a revision is known by its text.
func checkKeysAgree(b *bench) {
	type happening struct {
		kind        channel.EventKind
		id, version string
	}
	type teller struct{ source, key string }
	first := map[happening]teller{}
	s := b.tell()
	for _, source := range []string{"webhook", "stream", "poll"} {
		for _, e := range s.told[source] {
			h := happening{e.Kind, e.Message.ID, e.Message.Revision}
			if e.Kind == channel.MessageEdited && h.version == "" {
				h.version = "text " + e.Message.Text
			}
			if e.Kind == channel.ReceiptArrived || e.Kind == channel.ReactionChanged || h.id == "" || e.DedupeKey() == "" {
				continue
			}
			key := e.DedupeKey()
			if t, ok := first[h]; !ok {
				first[h] = teller{source, key}
			} else if t.key != key {
				b.Errorf("%s of message %s has key %q by %s and key %q by %s", e.Kind, h.id, t.key, t.source, key, source)
			}
		}
	}
}

func checkEcho(b *bench) {
	s := b.tell()
	echoes := b.Channel.Traits(b.visibility()).Echoes
	heard := false
	for source, events := range s.told {
		e := find(events, channel.MessageEchoed, s.posted)
		heard = heard || e != nil
		if e != nil && !echoes {
			b.Errorf("%s: our own post comes back, but Traits.Echoes is not set", source)
		}
		for _, e := range events {
			if e.Kind == channel.MessageReceived && (e.Message.ID == s.posted || strings.Contains(e.Message.Text, s.reply)) {
				b.Errorf("%s: our own post comes back as a customer's, message %s", source, e.Message.ID)
			}
			if e.Kind == channel.MessageEchoed && strings.Contains(e.Message.Text, s.reply) && e.Message.ID != s.posted {
				b.Errorf("%s: the echo's ID is %q, Sent.ID was %q", source, e.Message.ID, s.posted)
			}
		}
	}
	if echoes && !heard {
		b.Errorf("Traits.Echoes is set, but no source tells of our own post %q", s.posted)
	}
}

func streamChecks() []check {
	streams := func(f Features) bool { return f.Stream }
	return []check{
		{name: "stream/context", applies: streams, run: checkStreamContext},
		{name: "stream/deliver-fails", applies: streams, run: checkStreamDeliverFails},
	}
}

func (b *bench) ends(what string, ended <-chan error) error {
	b.Helper()
	select {
	case err := <-ended:
		if err == nil {
			b.Errorf("%s: Stream returned nil; want why it ended", what)
		}
		return err
	case <-time.After(patience):
		b.Fatalf("%s: Stream goes on", what)
		return nil
	}
}

func checkStreamContext(b *bench) {
	ctx, cancel := context.WithCancel(b.context())
	ended := make(chan error, 1)
	go func() { ended <- b.streamer().Stream(ctx, func(channel.Batch) error { return nil }) }()
	if err := b.AwaitStream(b.context()); err != nil {
		b.Fatalf("the stream does not connect: %v", err)
	}
	cancel()
	b.ends("the context has ended", ended)
}

func checkStreamDeliverFails(b *bench) {
	full := errors.New("the store is full")
	ended := make(chan error, 1)
	go func() { ended <- b.streamer().Stream(b.context(), func(channel.Batch) error { return full }) }()
	if err := b.AwaitStream(b.context()); err != nil {
		b.Fatalf("the stream does not connect: %v", err)
	}
	b.Write("Is anybody there?")
	if err := b.ends("deliver failed", ended); !errors.Is(err, full) {
		b.Errorf("deliver failed with %q, Stream returned %v", full, err)
	}
}
