package channeltest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

func sendChecks() []check {
	return []check{
		{name: "account", run: checkAccount},
		{name: "traits", run: checkTraits},
		{name: "send/once", run: checkSendOnce},
		{name: "send/answers", applies: arrives, run: checkSendAnswers},
		{name: "send/attachments", run: checkSendAttachments},
		{name: "send/limit", run: checkSendLimit},
		{name: "send/cancelled", run: checkSendCancelled},
		{name: "send/concurrently", run: checkSendConcurrently},
	}
}

func checkAccount(b *bench) {
	a := b.Channel.Account()
	if a.Platform == "" || a.Platform != strings.ToLower(a.Platform) || strings.Contains(a.Platform, "/") {
		b.Errorf("Account().Platform is %q: want a name in lower case without a slash", a.Platform)
	}
	if a.ID == "" {
		b.Errorf("Account().ID is empty")
	}
	if again := b.Channel.Account(); again != a {
		b.Errorf("Account() changes: %+v, then %+v", a, again)
	}
}

const sample = "Dear Ana, “no” – see https://example.org/a/long/path/to/a/page?id=12 or 例え.jp 😀👩‍👩‍👧‍👦🇩🇪 e\u0301 #tag @mia@example.social\n"

func checkTraits(b *bench) {
	for _, v := range []channel.Visibility{channel.Public, channel.Private} {
		t := b.Channel.Traits(v)
		if t.MaxText < 0 || t.ReplyWindow < 0 || t.MaxAttachmentBytes < 0 {
			b.Errorf("Traits(%s): a limit is negative: %+v", v, t)
		}
		if t.HumanWindow != 0 && t.HumanWindow < t.ReplyWindow {
			b.Errorf("Traits(%s): HumanWindow %s is shorter than ReplyWindow %s", v, t.HumanWindow, t.ReplyWindow)
		}
		before := 0
		for end := 0; end <= len(sample); {
			n := t.Length(sample[:end])
			if n < before || n < 0 {
				b.Errorf("Traits(%s): %q counts %d, less than its beginning, %d", v, sample[:end], n, before)
				break
			}
			if n != t.Length(sample[:end]) {
				b.Errorf("Traits(%s): %q counts differently each time", v, sample[:end])
				break
			}
			before = n
			_, size := utf8.DecodeRuneInString(sample[end:])
			end += max(size, 1)
		}
		if t.MaxText > 0 && before == 0 {
			b.Errorf("Traits(%s): Count counts nothing, but MaxText is %d", v, t.MaxText)
			continue
		}
		if _, err := channel.Split(strings.Repeat(sample, 1+3*t.MaxText/len(sample)), "Ana", t); err != nil {
			b.Errorf("Traits(%s): a long text cannot be split: %v", v, err)
		}
	}
}

func checkSendOnce(b *bench) {
	out := b.answer()
	sent, err := b.Channel.Send(b.context(), out)
	if err != nil {
		b.Fatalf("Send: %v", err)
	}
	if sent.ID == "" {
		b.Errorf("Sent.ID is empty")
	}
	if n := b.posted(out.Text); n != 1 {
		b.Errorf("the platform has the post %d times, want once; it has %q", n, b.Posts())
	}
	second := b.answer()
	again, err := b.Channel.Send(b.context(), second)
	if err != nil {
		b.Fatalf("Send of a second answer: %v", err)
	}
	if again.ID == sent.ID {
		b.Errorf("two posts have the same Sent.ID, %q", sent.ID)
	}
}

// checkSendAnswers answers the younger of two questions first, so that neither the first nor the last is always the right one.
func checkSendAnswers(b *bench) {
	one, two := b.answer(), b.answer()
	for _, out := range []channel.Outgoing{two, one} {
		if _, err := b.Channel.Send(b.context(), out); err != nil {
			b.Fatalf("Send: %v", err)
		}
	}
	holds := func(question, text string) bool {
		return slices.ContainsFunc(b.Answers(question), func(post string) bool { return strings.Contains(post, text) })
	}
	for _, pair := range [][2]channel.Outgoing{{one, two}, {two, one}} {
		out, other := pair[0], pair[1]
		if !holds(out.InReplyTo, out.Text) {
			b.Errorf("%q does not answer message %s, which Outgoing.InReplyTo names; what answers it is %q", out.Text, out.InReplyTo, b.Answers(out.InReplyTo))
		}
		if b.visibility() == channel.Public && holds(other.InReplyTo, out.Text) {
			b.Errorf("%q answers message %s, want %s", out.Text, other.InReplyTo, out.InReplyTo)
		}
	}
}

// checkSendAttachments sends as many attachments as may go with one post, though not more than two.
func checkSendAttachments(b *bench) {
	t := b.Channel.Traits(b.visibility())
	if t.MaxAttachments == 0 || b.Attached == nil {
		return
	}
	sample := b.Attachment
	if sample == (channel.Attachment{}) {
		sample = channel.Attachment{Type: "image", URL: "https://example.org/bag.png", Name: "bag.png", MediaType: "image/png", Size: 68}
		if len(t.AttachmentTypes) > 0 {
			sample.Type = t.AttachmentTypes[0]
		}
	}
	out := b.answer()
	out.Attachments = []channel.Attachment{sample, sample}
	if t.MaxAttachments == 1 {
		out.Attachments = out.Attachments[:1]
	}
	if t.AttachmentsAlone {
		out.Text = ""
	}
	if _, err := b.Channel.Send(b.context(), out); err != nil {
		b.Fatalf("Send with attachments: %v", err)
	}
	if n := b.Attached(out.Text); n != len(out.Attachments) {
		b.Errorf("the post has %d attachments, want %d", n, len(out.Attachments))
	}
}

// checkSendLimit sends a text of just the limit, and one that is a little longer.
func checkSendLimit(b *bench) {
	t := b.Channel.Traits(b.visibility())
	if t.MaxText == 0 {
		return
	}
	n := 0
	for n < t.MaxText && t.Length(strings.Repeat("a", n+1)) <= t.MaxText {
		n++
	}
	fits, long := b.answer(), b.answer()
	fits.Text, long.Text = strings.Repeat("a", n), strings.Repeat("b", n+1)
	if _, err := b.Channel.Send(b.context(), fits); err != nil {
		b.Errorf("a text that counts %d where %d is the limit: %v", t.Length(fits.Text), t.MaxText, err)
	}
	_, err := b.Channel.Send(b.context(), long)
	if err == nil {
		b.Errorf("a text that counts %d was taken, though the limit is %d", t.Length(long.Text), t.MaxText)
	} else if e := b.failure("Send of a text too long", err); e.Kind != remote.Rejected {
		b.Errorf("a text too long: the kind is %q, want %q: %v", e.Kind, remote.Rejected, err)
	}
	if b.posted(long.Text[:n/2+1]) > 0 {
		b.Errorf("a text too long was posted all the same")
	}
}

func checkSendCancelled(b *bench) {
	out := b.answer()
	ctx, cancel := context.WithCancel(b.context())
	cancel()
	_, err := b.Channel.Send(ctx, out)
	e := b.failure("Send with a context that has ended", err)
	if e.Kind != remote.Unknown && e.Kind != remote.Unavailable {
		b.Errorf("Send with a context that has ended: the kind is %q, want %q: %v", e.Kind, remote.Unavailable, err)
	}
	if !errors.Is(err, context.Canceled) {
		b.Errorf("Send with a context that has ended: the error is not context.Canceled: %v", err)
	}
	if b.posted(out.Text) != 0 {
		b.Errorf("Send with a context that has ended posted all the same")
	}
}

// checkSendConcurrently sends, polls and decodes at once; with -race it finds what the adapter shares without a lock.
func checkSendConcurrently(b *bench) {
	const senders = 8
	var outs []channel.Outgoing
	for range senders {
		outs = append(outs, b.answer())
	}
	var call channel.Call // decoded by each beside
	if b.receiver() != nil {
		call = b.authentic()
	}
	var group sync.WaitGroup
	if b.poller() != nil {
		group.Go(func() { _, _ = b.poller().Poll(b.context(), "") })
	}
	errs := make([]error, senders)
	ids := make([]string, senders)
	for i, out := range outs {
		group.Go(func() {
			b.Channel.Account()
			b.Channel.Traits(out.Visibility).Length(out.Text)
			if r := b.receiver(); r != nil {
				_, _ = r.Verify(call)
				_, _ = r.Decode(call)
			}
			var sent channel.Sent
			sent, errs[i] = b.Channel.Send(b.context(), out)
			ids[i] = sent.ID
		})
	}
	group.Wait()
	seen := map[string]bool{}
	for i, out := range outs {
		if errs[i] != nil {
			b.Errorf("Send among %d at once: %v", senders, errs[i])
			continue
		}
		if n := b.posted(out.Text); n != 1 || seen[ids[i]] {
			b.Errorf("sent at once with others, %q was posted %d times, as %q; want once, under an ID of its own", out.Text, n, ids[i])
		}
		seen[ids[i]] = true
	}
}
