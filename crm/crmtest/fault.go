package crmtest

import (
	"context"
	"errors"
	"time"

	"github.com/socialcrm/socialcrm/remote"
)

// Method names a method of a sink, for counting calls and placing faults.
type Method string

const (
	MethodPush     Method = "push"
	MethodLookup   Method = "lookup"
	MethodChanges  Method = "changes"
	MethodRedact   Method = "redact"
	MethodErase    Method = "erase"
	MethodPushLead Method = "push lead"
)

// Fault is how one call goes wrong. The zero Fault answers Unknown and does nothing.
type Fault struct {
	// Kind is what the error says. Ignored where the answer is lost.
	Kind remote.Kind
	// RetryIn is how far ahead RetryAt lies; 0: none is told.
	RetryIn time.Duration
	// Scope is what the error concerns.
	Scope remote.Scope
	// After is how many writes of a push are carried out first, in the order contact, case, interactions: with a contact and a case in the Change, 1 is
	// after the contact, 2 after the case, 4 after the second interaction. The Receipt tells them. More than there are: all.
	After int
	// Lost carries everything out and then loses the answer: the error is Unknown and the Receipt empty.
	Lost bool
	// Stall does as Lost does, but the call ends only when its context does, with an error that wraps the context's.
	Stall bool
}

// Throttle answers RateLimited with a RetryAt that lies wait ahead, for the scope.
func Throttle(wait time.Duration, scope remote.Scope) Fault {
	return Fault{Kind: remote.RateLimited, RetryIn: wait, Scope: scope}
}

// Fail answers with an error of the kind and does nothing.
func Fail(kind remote.Kind) Fault { return Fault{Kind: kind} }

// Cut carries out n writes of a push (see Fault.After) and then answers Unavailable.
func Cut(n int) Fault { return Fault{Kind: remote.Unavailable, After: n} }

// Lose carries everything out and loses the answer.
func Lose() Fault { return Fault{Lost: true} }

// Stall carries everything out and does not answer before the context of the call ends. The sink's error then wraps context.DeadlineExceeded.
func Stall() Fault { return Fault{Stall: true} }

func (f Fault) loses() bool { return f.Lost || f.Stall }

// cuts reports whether the call ends early; begin marks the calls that go well with a negative After.
func (f Fault) cuts() bool { return !f.loses() && f.After >= 0 }

// Queue makes the next pushes fail, one each, in order.
func (f *Fake) Queue(faults ...Fault) { f.QueueFor(MethodPush, faults...) }

// QueueFor makes the next calls of the method fail, one each, in order.
func (f *Fake) QueueFor(m Method, faults ...Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.faults[m] = append(f.faults[m], faults...)
}

// Refuse makes the CRM refuse the interaction for good, with the reason.
func (f *Fake) Refuse(interaction, reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refused[interaction] = reason
}

// SetDown makes every call answer Unavailable (true), or ends that (false). Faults in the queue wait meanwhile.
func (f *Fake) SetDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// begin counts a call and returns its fault: one that cuts nothing where it goes well, an error where it goes no further.
func (f *Fake) begin(ctx context.Context, m Method, op string) (Fault, error) {
	if err := ctx.Err(); err != nil {
		return Fault{}, &remote.Error{Op: f.name + ": " + op, Kind: remote.Unavailable, Err: err}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls[m]++
	if f.down {
		return Fault{}, f.fail(op, Fail(remote.Unavailable))
	}
	queue := f.faults[m]
	if len(queue) == 0 {
		return Fault{After: -1}, nil
	}
	f.faults[m] = queue[1:]
	return queue[0], nil
}

// beginSimple is begin for calls that are one write: a fault that does not lose the answer ends them.
func (f *Fake) beginSimple(ctx context.Context, m Method, op string) (Fault, error) {
	fault, err := f.begin(ctx, m, op)
	if err == nil && fault.cuts() {
		err = f.fail(op, fault)
	}
	return fault, err
}

func (f *Fake) fail(op string, fault Fault) error {
	e := &remote.Error{Op: f.name + ": " + op, Kind: fault.Kind, Scope: fault.Scope, Message: "a fault made by the test"}
	if fault.RetryIn > 0 {
		e.RetryAt = f.now().Add(fault.RetryIn)
	}
	return e
}

// lose returns what a call whose answer was lost returns; without a fault, nil.
func (f *Fake) lose(ctx context.Context, op string, fault Fault) error {
	switch {
	case fault.Stall:
		<-ctx.Done()
		return &remote.Error{Op: f.name + ": " + op, Kind: remote.Unknown, Err: ctx.Err()}
	case fault.Lost:
		return &remote.Error{Op: f.name + ": " + op, Kind: remote.Unknown, Err: errLost}
	}
	return nil
}

var errLost = errors.New("the answer was lost")
