package channeltest

import (
	"fmt"

	"github.com/socialcrm/socialcrm/channel"
)

func pollChecks() []check {
	polls := func(f Features) bool { return f.Poll }
	return []check{
		{name: "poll/resumes", applies: polls, run: checkPollResumes},
		{name: "poll/loses-nothing", applies: polls, run: checkPollLosesNothing},
		{name: "poll/fails", applies: polls, run: checkPollFails},
		{name: "poll/redelivers", applies: polls, run: checkPollRedelivers},
		{name: "poll/idle", applies: polls, run: checkPollIdle},
		{name: "poll/bad-entry", applies: func(f Features) bool { return f.Poll && f.Batches }, run: checkPollBadEntry},
	}
}

// page polls once where a further poll would confirm what this one brought, otherwise until there is no more.
func (b *bench) page(after channel.Cursor) []channel.Event {
	b.Helper()
	if !b.features.ForgetsRead {
		events, _ := b.pollAll(b.poller(), after)
		return events
	}
	batch, err := b.poller().Poll(b.context(), after)
	if err != nil {
		b.Fatalf("Poll after cursor %q: %v", after, err)
	}
	return batch.Events
}

// checkPollResumes goes on from a cursor, twice: the poller itself remembers nothing.
func checkPollResumes(b *bench) {
	p := b.poller()
	old := b.Write("Written before the first poll.")
	events, cursor := b.pollAll(p, "")
	if find(events, channel.MessageReceived, old) == nil {
		b.Errorf("the first poll does not bring message %s", old)
	}
	if cursor == "" {
		b.Fatalf("the cursor is empty after a poll with events")
	}
	young := b.Write("Written after the first poll.")
	for _, time := range []string{"first", "second"} {
		if find(b.page(cursor), channel.MessageReceived, young) == nil {
			b.Errorf("resumed from cursor %q for the %s time, the poll does not bring message %s", cursor, time, young)
		}
	}
}

// checkPollLosesNothing writes between the polls, also between the pages of one.
func checkPollLosesNothing(b *bench) {
	var ids []string
	var events []channel.Event
	var cursor channel.Cursor
	for i := range 12 {
		for range i % 4 {
			ids = append(ids, b.Write(fmt.Sprintf("Message %d.", len(ids))))
		}
		batch, err := b.poller().Poll(b.context(), cursor)
		if err != nil {
			b.Fatalf("Poll after cursor %q: %v", cursor, err)
		}
		events, cursor = append(events, batch.Events...), batch.Cursor
	}
	rest, _ := b.pollAll(b.poller(), cursor)
	events = append(events, rest...)
	for i, id := range ids {
		if find(events, channel.MessageReceived, id) == nil {
			b.Errorf("message %s, number %d of %d written between polls, was lost", id, i+1, len(ids))
		}
	}
}

// checkPollFails sees that a failed poll leaves the cursor where it was, and that what it missed comes with the next.
func checkPollFails(b *bench) {
	_, cursor := b.pollAll(b.poller(), "")
	id := b.Write("Written before the failure.")
	// Throttled comes last: an adapter that has learned to wait makes no further call.
	for _, tr := range []Trouble{Down, TokenExpired, Throttled} {
		if !b.features.has(tr) {
			continue
		}
		now := b.Now()
		b.Break(tr)
		batch, err := b.poller().Poll(b.context(), cursor)
		e := b.failure("Poll when "+string(tr), err)
		if want := tr.kind(); e.Kind != want {
			b.Errorf("Poll when %s: the kind is %q, want %q: %v", tr, e.Kind, want, err)
		}
		if tr == Throttled {
			b.checkThrottled(e, now)
		}
		if batch.Cursor != "" && batch.Cursor != cursor || len(batch.Events) > 0 {
			b.Errorf("a failed poll brings %d events and moves the cursor from %q to %q", len(batch.Events), cursor, batch.Cursor)
		}
		if tr != Down {
			continue
		}
		if events, _ := b.pollAll(b.poller(), cursor); find(events, channel.MessageReceived, id) == nil {
			b.Errorf("after a failed poll, message %s is lost", id)
		}
	}
}

// checkPollRedelivers polls the same stretch twice: the keys are the same.
func checkPollRedelivers(b *bench) {
	id := b.Write("Is anybody there?")
	first, second := b.page(""), b.page("")
	one, two := find(first, channel.MessageReceived, id), find(second, channel.MessageReceived, id)
	if one == nil || two == nil {
		b.Fatalf("polled twice from the beginning, message %s comes first %t, second %t", id, one != nil, two != nil)
	}
	if a, z := one.DedupeKey(), two.DedupeKey(); a != z {
		b.Errorf("polled again, message %s has key %q, before %q", id, z, a)
	}
}

// checkPollIdle polls where nothing is new.
func checkPollIdle(b *bench) {
	b.Write("Is anybody there?")
	_, cursor := b.pollAll(b.poller(), "")
	batch, err := b.poller().Poll(b.context(), cursor)
	if err != nil {
		b.Fatalf("Poll where nothing is new: %v", err)
	}
	if batch.More {
		b.Errorf("Poll where nothing is new says that there is more")
	}
	id := b.Write("Still there?")
	if events, _ := b.pollAll(b.poller(), batch.Cursor); find(events, channel.MessageReceived, id) == nil {
		b.Errorf("after a poll that brought nothing, with cursor %q, message %s is lost", batch.Cursor, id)
	}
}

// checkPollBadEntry sees that an entry which cannot be decoded is kept, costs its neighbours nothing and does not hold up what comes later.
func checkPollBadEntry(b *bench) {
	before := b.Write("Written before the bad entry.")
	b.Corrupt()
	after := b.Write("Written after the bad entry.")
	all := b.pollBatch(b.poller(), "")
	for _, id := range []string{before, after} {
		if find(all.Events, channel.MessageReceived, id) == nil {
			b.Errorf("a bad entry in the same poll cost message %s", id)
		}
	}
	b.checkBad(all.Bad)
	later := b.Write("Written later.")
	if events, _ := b.pollAll(b.poller(), all.Cursor); find(events, channel.MessageReceived, later) == nil {
		b.Errorf("after a poll with a bad entry, message %s is lost", later)
	}
}
