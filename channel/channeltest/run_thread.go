package channeltest

import (
	"cmp"

	"github.com/socialcrm/socialcrm/channel"
)

// checkAuthors sees that every message is its writer's.
func checkAuthors(b *bench) {
	s := b.tell()
	for source, events := range s.told {
		for id := range s.received {
			if e := find(events, channel.MessageReceived, id); e != nil && e.Message.Author.ID != b.Customer {
				b.Errorf("%s: message %s is by %q, want %q", source, id, e.Message.Author.ID, b.Customer)
			}
		}
		if e := find(events, channel.MessageEchoed, s.posted); e != nil && e.Message.Author.ID == b.Customer {
			b.Errorf("%s: our own post %s is by the customer %q", source, s.posted, b.Customer)
		}
	}
}

// checkThreads lets a customer answer a message, and that answer, beside another message, and sees what belongs together. An event need not name the thread:
// then that of its parent counts and, without a parent, its own ID.
func checkThreads(b *bench) {
	stream := b.listen()
	out := b.answer()
	root := out.InReplyTo
	other := b.Write("Quite another matter.")
	sent, err := b.Channel.Send(b.context(), out)
	if err != nil {
		b.Fatalf("Send: %v", err)
	}
	first := b.Reply(root, "And where?")
	second := b.Reply(first, "And when?")

	told := map[string][]channel.Event{}
	if stream != nil {
		told["stream"] = stream.until(b, second)
	}
	if b.poller() != nil {
		told["poll"], _ = b.pollAll(b.poller(), "")
	}
	if b.receiver() != nil {
		told["webhook"] = b.receive() // without what answer has heard, where events only come by webhook
	}
	for source, events := range told {
		of := threads(events)
		if of[root] == "" {
			of[root] = cmp.Or(out.Thread, root)
		}
		for _, id := range []string{first, second} {
			if of[id] == "" {
				b.Errorf("%s: answer %s did not arrive", source, id)
			} else if of[id] != of[root] {
				b.Errorf("%s: answer %s is in thread %q, that of the message which it answers is %q", source, id, of[id], of[root])
			}
		}
		if b.visibility() == channel.Public && of[other] == of[root] {
			b.Errorf("%s: two messages of no connection are in one thread, %q", source, of[root])
		}
		if of[sent.ID] != "" && of[sent.ID] != of[root] {
			b.Errorf("%s: our own answer comes back in thread %q, want %q", source, of[sent.ID], of[root])
		}
		parents := map[string]bool{"": true, root: true}
		for _, id := range []string{first, second} {
			if e := find(events, channel.MessageReceived, id); e != nil && !parents[e.Message.Parent] {
				b.Errorf("%s: answer %s has parent %q, which it does not answer", source, id, e.Message.Parent)
			}
			parents[id] = true
		}
	}
}

// threads returns the thread of each message that was received or echoed, by ID.
func threads(events []channel.Event) map[string]string {
	of := map[string]string{}
	for _, e := range events {
		if m := e.Message; e.Kind == channel.MessageReceived || e.Kind == channel.MessageEchoed {
			of[m.ID] = cmp.Or(m.Thread, of[m.Parent], m.Parent, m.ID)
		}
	}
	return of
}
