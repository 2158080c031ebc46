package channeltest

import (
	"context"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// Op is a kind of call to the platform.
type Op string

// The calls that can go wrong, and are counted.
const (
	OnSend           Op = "send"
	OnReplyPrivately Op = "reply privately"
	OnModerate       Op = "moderate"
	OnPublish        Op = "publish"
	OnFind           Op = "find"
	OnProfile        Op = "profile"
	OnSubscribe      Op = "subscribe"
	OnControl        Op = "control"
	OnPoll           Op = "poll"
	OnAny            Op = "any"    // for Fail and Break: whichever call is next and has no fault of its own
	OnStream         Op = "stream" // the connection; a fault on it ends the stream at the next event
)

// Fault is what goes wrong with one call, in the place of the call: it may carry the call out or not, and returns the error that the caller sees. The
// ready-made ones are LoseAnswer, LoseRequest, AcceptThenFail, Hang, and what Throttle and Refuse return; a test may write its own.
type Fault func(*Attempt) error

// Attempt is a call that is about to go wrong.
type Attempt struct {
	// Context is the caller's.
	Context context.Context
	// Op is the kind of call.
	Op Op
	// Account is whose call it is.
	Account channel.Account
	// Recipient is the ID of whom a post is for; may be empty.
	Recipient string
	// Now is the platform's time.
	Now time.Time

	platform *Platform
	do       func() error
	sent     string // the ID of the post, once carried out
}

// CarryOut does what was asked, as if nothing were wrong, and returns the platform's own error.
func (a *Attempt) CarryOut() error {
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	return a.do()
}

func (a *Attempt) fail(kind remote.Kind, message string) *remote.Error {
	return &remote.Error{Op: a.platform.options.Platform + ": " + string(a.Op), Kind: kind, Message: message}
}

// LoseAnswer carries the call out and loses the answer: remote.Unknown.
func LoseAnswer(a *Attempt) error {
	if err := a.CarryOut(); err != nil {
		return err
	}
	return a.fail(remote.Unknown, "the connection was lost")
}

// LoseRequest loses the call before it is carried out; the caller cannot know that: remote.Unknown.
func LoseRequest(a *Attempt) error { return a.fail(remote.Unknown, "the connection was lost") }

// AcceptThenFail accepts a post, and reports by a receipt that it never arrived.
func AcceptThenFail(a *Attempt) error {
	if err := a.CarryOut(); err != nil {
		return err
	}
	a.platform.mu.Lock()
	defer a.platform.mu.Unlock()
	a.platform.report(a.Account.AccountID, channel.ReceiptFailed, "131026", "could not be delivered", a.sent)
	return nil
}

// Hang answers nothing until the caller gives up, and carries nothing out: remote.Unknown. A caller whose context never ends hangs for ever.
func Hang(a *Attempt) error {
	<-a.Context.Done()
	err := a.fail(remote.Unknown, "")
	err.Err = a.Context.Err()
	return err
}

// Throttle refuses with remote.RateLimited: come back after the time. The scope's level says what is throttled; its ID follows from the call.
func Throttle(level remote.Level, after time.Duration) Fault {
	return func(a *Attempt) error {
		err := a.fail(remote.RateLimited, "too many calls")
		err.Scope = a.scope(level)
		err.RetryAt = a.Now.Add(after)
		return err
	}
}

// Refuse refuses with an error of that kind and carries nothing out.
func Refuse(kind remote.Kind) Fault {
	return func(a *Attempt) error {
		err := a.fail(kind, "refused by the test")
		switch kind {
		case remote.Unauthorized, remote.Exhausted:
			err.Scope = a.scope(remote.LevelCredential)
		case remote.RateLimited:
			err.Scope = a.scope(remote.LevelAccount)
		}
		return err
	}
}

func (a *Attempt) scope(level remote.Level) remote.Scope {
	s := remote.Scope{Level: level}
	switch level {
	case remote.LevelRecipient:
		s.ID = a.Recipient
	case remote.LevelEndpoint:
		s.ID = string(a.Op)
	case remote.LevelAccount:
		s.ID = a.Account.AccountID.String()
	case remote.LevelCredential:
		s.ID = credential(a.Account)
	case remote.LevelApp:
		s.ID = a.platform.app(a.Account)
	}
	return s
}

// Fail queues faults: each of the next calls of the operation takes one, whichever account calls. A nil fault lets one call pass.
func (p *Platform) Fail(op Op, faults ...Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[op] = append(p.faults[op], faults...)
}

// Break makes every call of the operation go wrong, after the queued faults, until Mend.
func (p *Platform) Break(op Op, f Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken[op] = f
}

// Mend ends Break and forgets the operation's queued faults.
func (p *Platform) Mend(op Op) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.broken, op)
	delete(p.faults, op)
}

// next counts a call and returns the fault that it meets; nil for none. mu is held.
func (p *Platform) next(op Op) Fault {
	p.calls[op]++
	return p.take(op)
}

// take returns the fault that is due; nil for none. mu is held.
func (p *Platform) take(op Op) Fault {
	for _, op := range [...]Op{op, OnAny} {
		if queue := p.faults[op]; len(queue) > 0 {
			p.faults[op] = queue[1:]
			return queue[0]
		}
		if f := p.broken[op]; f != nil {
			return f
		}
	}
	return nil
}

func credential(a channel.Account) string {
	if a.Credential != "" {
		return a.Credential
	}
	return a.AccountID.String()
}

func (p *Platform) app(a channel.Account) string {
	if a.App != "" {
		return a.App
	}
	return p.options.App
}

// call runs one call of an account: its context, its token and its fault come first. do runs with mu held and gets the attempt, to note what was posted.
func (c *FakeChannel) call(ctx context.Context, op Op, recipient string, do func(*Attempt) error) error {
	p := c.platform
	a := &Attempt{Context: ctx, Op: op, Account: c.account, Recipient: recipient, platform: p}
	a.do = func() error { return do(a) }
	if err := ctx.Err(); err != nil { // nothing was sent
		e := a.fail(remote.Unavailable, "")
		e.Err = err
		return e
	}
	p.mu.Lock()
	a.Now = p.now()
	fault := p.next(op)
	lost := p.unauthorized[credential(c.account)]
	p.mu.Unlock()
	switch {
	case lost != "":
		err := a.fail(remote.Unauthorized, "the token is no longer valid")
		err.Code, err.Status, err.Scope = lost, 401, a.scope(remote.LevelCredential)
		return err
	case fault != nil:
		return fault(a)
	}
	return a.CarryOut()
}
