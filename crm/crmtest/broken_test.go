package crmtest

import (
	"context"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
)

// broken is a sink that does one thing wrong. What is nil is done as the Fake does it.
type broken struct {
	*Fake
	push   func(ctx context.Context, c crm.Change) (crm.Receipt, error)
	change func(ctx context.Context, after channel.Cursor) (crm.Batch, error)
	lookup func(ctx context.Context, q crm.Lookup) (crm.Person, bool, error)
	redact func() error
	erase  func() error
	lead   func(ctx context.Context, l crm.Lead) (string, error)
	name   func() string
}

func (b *broken) Name() string {
	if b.name != nil {
		return b.name()
	}
	return b.Fake.Name()
}

func (b *broken) Push(ctx context.Context, c crm.Change) (crm.Receipt, error) {
	if b.push != nil {
		return b.push(ctx, c)
	}
	return b.Fake.Push(ctx, c)
}

func (b *broken) Changes(ctx context.Context, after channel.Cursor) (crm.Batch, error) {
	if b.change != nil {
		return b.change(ctx, after)
	}
	return b.Fake.Changes(ctx, after)
}

func (b *broken) Lookup(ctx context.Context, q crm.Lookup) (crm.Person, bool, error) {
	if b.lookup != nil {
		return b.lookup(ctx, q)
	}
	return b.Fake.Lookup(ctx, q)
}

func (b *broken) Redact(ctx context.Context, s crm.Subject, interaction, ref string) error {
	if b.redact != nil {
		return b.redact()
	}
	return b.Fake.Redact(ctx, s, interaction, ref)
}

func (b *broken) Erase(ctx context.Context, contact, ref string) error {
	if b.erase != nil {
		return b.erase()
	}
	return b.Fake.Erase(ctx, contact, ref)
}

func (b *broken) PushLead(ctx context.Context, l crm.Lead) (string, error) {
	if b.lead != nil {
		return b.lead(ctx, l)
	}
	return b.Fake.PushLead(ctx, l)
}

// pushing breaks what goes into a push and what comes out of it.
func pushing(fn func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error)) func(*Fake, *Rig) {
	return func(f *Fake, r *Rig) {
		r.Sink = &broken{Fake: f, push: func(ctx context.Context, c crm.Change) (crm.Receipt, error) { return fn(f, ctx, c) }}
	}
}

// altering breaks what goes into a push.
func altering(fn func(c *crm.Change)) func(*Fake, *Rig) {
	return pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
		c = cloneChange(c)
		fn(&c)
		return f.Push(ctx, c)
	})
}

// changing breaks every interaction that goes into a push.
func changing(fn func(in *crm.Interaction)) func(*Fake, *Rig) {
	return altering(func(c *crm.Change) {
		for i := range c.Interactions {
			fn(&c.Interactions[i])
		}
	})
}

// spoiling breaks what comes out of a push.
func spoiling(fn func(r *crm.Receipt, err *error)) func(*Fake, *Rig) {
	return pushing(func(f *Fake, ctx context.Context, c crm.Change) (crm.Receipt, error) {
		receipt, err := f.Push(ctx, c)
		fn(&receipt, &err)
		return receipt, err
	})
}

func respoil(err *error, fn func(e *remote.Error)) {
	if e, ok := (*err).(*remote.Error); ok {
		own := *e
		fn(&own)
		*err = &own
	}
}
