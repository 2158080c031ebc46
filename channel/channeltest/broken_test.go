package channeltest

import (
	"context"
	"time"

	"github.com/socialcrm/socialcrm/channel"
)

// broken is the Fake as an adapter with one mistake: each function, where set, takes the place of the right one.
type broken struct {
	*FakeChannel
	platform *Platform

	account func() channel.Account
	traits  func(channel.Traits) channel.Traits
	send    func(context.Context, channel.Outgoing) (channel.Sent, error)
	find    func(channel.Outgoing) (channel.Finding, channel.Sent)
	poll    func(context.Context, channel.Cursor) (channel.Batch, error)
	event   func(source string, e *channel.Event)
	verify  func(channel.Call) (*channel.Response, error)
	decode  func(channel.Call) (channel.Delivery, error)
	stream  func(context.Context, func(channel.Batch) error) error
}

func (b *broken) Account() channel.Account {
	if b.account != nil {
		return b.account()
	}
	return b.FakeChannel.Account()
}

func (b *broken) Traits(v channel.Visibility) channel.Traits {
	t := b.FakeChannel.Traits(v)
	if b.traits != nil {
		t = b.traits(t)
	}
	return t
}

func (b *broken) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	if b.send != nil {
		return b.send(ctx, out)
	}
	return b.FakeChannel.Send(ctx, out)
}

func (b *broken) Find(ctx context.Context, out channel.Outgoing, tried time.Time) (channel.Finding, channel.Sent, error) {
	if b.find != nil {
		finding, sent := b.find(out)
		return finding, sent, nil
	}
	return b.FakeChannel.Find(ctx, out, tried)
}

func (b *broken) Poll(ctx context.Context, after channel.Cursor) (channel.Batch, error) {
	poll := b.FakeChannel.Poll
	if b.poll != nil {
		poll = b.poll
	}
	batch, err := poll(ctx, after)
	b.spoil("poll", batch.Events)
	return batch, err
}

func (b *broken) spoil(source string, events []channel.Event) {
	for i := range events {
		if b.event != nil {
			b.event(source, &events[i])
		}
	}
}

// brokenSource is the webhook and stream of a broken adapter.
type brokenSource struct{ *broken }

func (s brokenSource) Name() string { return "broken" }

func (s brokenSource) Verify(c channel.Call) (*channel.Response, error) {
	if s.verify != nil {
		return s.verify(c)
	}
	return s.platform.Verify(c)
}

func (s brokenSource) Decode(c channel.Call) (channel.Delivery, error) {
	decode := s.platform.Decode
	if s.decode != nil {
		decode = s.decode
	}
	d, err := decode(c)
	s.spoil("webhook", d.Events)
	return d, err
}

func (s brokenSource) Stream(ctx context.Context, deliver func(channel.Batch) error) error {
	stream := s.platform.Stream
	if s.stream != nil {
		stream = s.stream
	}
	return stream(ctx, func(b channel.Batch) error {
		s.spoil("stream", b.Events)
		return deliver(b)
	})
}
