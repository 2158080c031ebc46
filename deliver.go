package socialcrm

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

const sendKind = "send"

func sendQueue(a channel.AccountID) string { return "send/" + a.String() }

// sendTask sends one post; those of a conversation go out in order.
func sendTask(m *ticket.Message, due time.Time) ticket.Task {
	k := m.Conversation
	return ticket.Task{
		ID: "send/" + m.Key, Kind: sendKind, Queue: sendQueue(k.Account), Key: k.Visibility.String() + "/" + k.Thread + "/" + k.Author, Due: due,
		Payload: []byte(m.Key),
	}
}

// textRemoved is why a post is cancelled of whose text nothing may be left.
const textRemoved = "its text was removed"

// margin is how long after a request must have ended another worker may take over.
const margin = 10 * time.Second

// send makes one attempt to send a post. It first commits "sending until T", so that whoever takes over after a crash knows that the post may be out.
func (d *Desk) send(ctx context.Context, lease ticket.Lease) error {
	var (
		m     ticket.Message
		acc   *account
		doubt bool // an earlier attempt may have gone out
	)
	ready := false
	err := d.update(ctx, func(w *work) error {
		ready, doubt = false, false
		messages, err := w.tx.Messages(string(lease.Payload))
		if err != nil {
			return err
		}
		m = messages[0]
		if m.Post == nil || (m.Post.State != ticket.PostQueued && m.Post.State != ticket.PostSending && m.Post.State != ticket.PostUnknown) {
			return w.tx.Finish(lease) // sent, confirmed by its echo, or cancelled meanwhile
		}
		if !m.Deleted.IsZero() && m.Post.State == ticket.PostQueued { // what it said had to go while it waited
			if err := w.setPost(m.Key, ticket.PostCancelled, ticket.ReplyCancelled, textRemoved); err != nil {
				return err
			}
			if _, err := w.unlist(m.Conversation, m.Key); err != nil {
				return err
			}
			return w.tx.Finish(lease)
		}
		if m.Post.State == ticket.PostQueued && !m.Post.Back.IsZero() && m.Post.Out.Part <= 1 {
			if cancelled, err := w.cancelPointless(&m); err != nil || cancelled {
				return err // its task is cancelled with it
			}
		}
		if acc = d.channelOf(m.Conversation.Account); acc == nil {
			return w.tx.Postpone(lease, w.now.Add(backoff(lease.ID, lease.Attempts)), "account "+m.Conversation.Account.String()+" is not known")
		}
		if m.Post.State == ticket.PostSending && w.now.Before(m.Post.Until.Add(margin)) {
			return w.tx.Postpone(lease, m.Post.Until.Add(margin), "")
		}
		doubt = m.Post.State != ticket.PostQueued
		if !doubt {
			reason, err := w.stillSure(&m)
			if err != nil {
				return err
			}
			if reason != "" {
				if err := w.failPost(m.Key, reason); err != nil {
					return err
				}
				return w.tx.Finish(lease)
			}
		}
		post := *m.Post
		if !doubt {
			post.State, post.Tried, post.Until, post.Attempts = ticket.PostSending, w.now, w.now.Add(d.cfg.SendTimeout), post.Attempts+1
			if post.Out.Part > 1 {
				before, err := w.part(&m, post.Out.Part-1)
				if err != nil {
					return err
				}
				if before.Content.ID == "" && (before.Post == nil || before.Post.State != ticket.PostSent) { // without an ID, one that somebody decided about
					return w.tx.Bury(lease, "part "+strconv.Itoa(post.Out.Part-1)+" may have gone out; it waits until that is decided")
				}
				post.Out.After = before.Content.ID
			}
		}
		m.Post = &post
		w.tx.PutMessage(m)
		ready = true
		return nil
	})
	if err != nil || !ready {
		return err
	}
	if doubt {
		return d.findOut(ctx, lease, m, acc, nil)
	}
	sendCtx, cancel := d.request(ctx)
	reply, err := acc.carryOut(sendCtx, m.Post)
	cancel()
	if err != nil {
		return d.notSent(ctx, lease, m, acc, err)
	}
	return d.sent(ctx, &lease, m.Key, reply, ticket.ReplySent)
}

// part reads another part of the reply that a post is a part of; the zero Message when there is none.
func (w *work) part(m *ticket.Message, n int) (ticket.Message, error) {
	messages, err := w.tx.Messages(m.Post.Reply + "/" + strconv.Itoa(n))
	return first(messages), err
}

// request bounds one call to somebody else. It goes on when the Desk is told to stop: what has been asked for is waited for and written down, so that a shutdown
// leaves no post in doubt.
func (d *Desk) request(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), d.cfg.SendTimeout)
}

// findOut asks the platform whether a post went out whose answer was lost. Only a plain "absent" permits sending it again.
func (d *Desk) findOut(ctx context.Context, lease ticket.Lease, m ticket.Message, acc *account, cause error) error {
	finding, sent := channel.CannotTell, channel.Sent{}
	if finder, ok := acc.Channel.(channel.Finder); ok {
		findCtx, cancel := d.request(ctx)
		var err error
		finding, sent, err = finder.Find(findCtx, m.Post.Out, m.Post.Tried)
		cancel()
		if err != nil {
			return d.settle(ctx, func(w *work) error {
				return w.tx.Postpone(lease, retryAt(err, w.now, lease), reasonOf(err))
			})
		}
	}
	switch finding {
	case channel.Found:
		return d.sent(ctx, &lease, m.Key, channel.PrivateReply{Sent: sent}, ticket.ReplyConfirmed)
	case channel.Absent:
		return d.settle(ctx, func(w *work) error {
			if remote.KindOf(cause) == remote.Duplicate {
				// Another post of this text, or answer to this message, is in the way: only a person can say it otherwise.
				if err := w.failPost(m.Key, reasonOf(cause)); err != nil {
					return err
				}
				return w.tx.Finish(lease)
			}
			if lease.Attempts+1 >= maxAttempts {
				return w.doubt(lease, m.Key, "its answer is lost again and again, and the platform does not have it")
			}
			const reason = "the platform does not have it"
			if err := w.setPost(m.Key, ticket.PostQueued, ticket.ReplyRetried, reason); err != nil {
				return err
			}
			return w.tx.Postpone(lease, w.now.Add(backoff(lease.ID, lease.Attempts)), reason)
		})
	}
	return d.settle(ctx, func(w *work) error {
		return w.doubt(lease, m.Key, "the answer was lost and the platform cannot tell")
	})
}

// doubt puts a post aside that may have gone out, until its echo comes or an agent decides.
func (w *work) doubt(lease ticket.Lease, key, reason string) error {
	if err := w.setPost(key, ticket.PostUnknown, ticket.ReplyDoubtful, reason); err != nil {
		return err
	}
	return w.tx.Bury(lease, reason+"; an agent decides")
}

// settle records what an attempt came to. It goes on when the caller is cancelled: what happened outside must be written down.
func (d *Desk) settle(ctx context.Context, fn func(*work) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	err := d.update(ctx, fn)
	if errors.Is(err, ticket.ErrStale) {
		return nil // another worker has the task now and will find what is recorded
	}
	return err
}

// notSent records a failed attempt: when to try again, what to pause, or that it will never go.
func (d *Desk) notSent(ctx context.Context, lease ticket.Lease, m ticket.Message, acc *account, cause error) error {
	kind := remote.KindOf(cause)
	d.log.Warn("post not sent", "post", m.Key, "account", m.Conversation.Account.String(), "kind", kind.String(), "error", cause)
	if kind == remote.Unknown || kind == remote.Duplicate {
		err := d.settle(ctx, func(w *work) error {
			return w.setPost(m.Key, ticket.PostUnknown, "", reasonOf(cause))
		})
		if err != nil {
			return err
		}
		return d.findOut(ctx, lease, m, acc, cause)
	}
	return d.settle(ctx, func(w *work) error {
		if waits(cause) && (kind != remote.Unavailable || lease.Attempts+1 < maxAttempts) {
			if err := w.setPost(m.Key, ticket.PostQueued, ticket.ReplyRetried, reasonOf(cause)); err != nil {
				return err
			}
			due := retryAt(cause, w.now, lease)
			if err := w.pause(cause, kind, m.Conversation.Account, due); err != nil {
				return err
			}
			return w.tx.Postpone(lease, due, reasonOf(cause))
		}
		if err := w.failPost(m.Key, reasonOf(cause)); err != nil {
			return err
		}
		if kind == remote.PolicyBlocked || kind == remote.WindowClosed {
			if err := w.forbidden(m.Key, reasonOf(cause)); err != nil {
				return err
			}
		}
		return w.tx.Finish(lease)
	})
}

// waits reports whether a post that failed so may go out later. A platform that blocks the whole account for what it did would refuse every other post, too.
func waits(cause error) bool {
	e, ok := errors.AsType[*remote.Error](cause)
	if !ok {
		return false
	}
	switch e.Kind {
	case remote.RateLimited, remote.Unavailable, remote.Unauthorized, remote.Exhausted:
		return true
	case remote.PolicyBlocked:
		return e.Scope.Level >= remote.LevelAccount
	}
	return false
}

const maxAttempts = 12

// retryAt says when to try again: when the other side said, else after a backoff.
func retryAt(err error, now time.Time, lease ticket.Lease) time.Time {
	if e, ok := errors.AsType[*remote.Error](err); ok && e.RetryAt.After(now) {
		return e.RetryAt
	}
	return now.Add(backoff(lease.ID, lease.Attempts))
}

// pause stops the queues that a failure reaches: the account's, or those of all accounts that share its credential or app.
func (w *work) pause(cause error, kind remote.Kind, id channel.AccountID, until time.Time) error {
	e, ok := errors.AsType[*remote.Error](cause)
	if !ok || e.Scope.Level < remote.LevelAccount {
		return nil
	}
	if kind == remote.Unauthorized || kind == remote.Exhausted || kind == remote.PolicyBlocked && e.RetryAt.IsZero() {
		until = time.Time{} // until somebody mends it and calls Resume
	}
	for _, shared := range w.d.sharing(id, e.Scope.Level) {
		w.tx.PauseQueue(ticket.QueuePause{Queue: sendQueue(shared), Until: until, Reason: reasonOf(cause)})
	}
	key, err := w.entryKey("pause/" + cleanText(e.Scope.String()))
	if err != nil {
		return err
	}
	w.append(ticket.Entry{
		Kind: ticket.ScopePaused, Key: key, Actor: ticket.Actor{Kind: ticket.BySystem},
		Old: id.String(), New: cleanText(e.Scope.String()), Reason: reasonOf(cause),
	})
	return nil
}

// pausedAlong lists the other accounts that the failure paused which paused this one until somebody mends it.
func (w *work) pausedAlong(id channel.AccountID) (along []channel.AccountID, err error) {
	pauses, err := w.tx.ListPauses()
	if err != nil {
		return nil, err
	}
	of := func(id channel.AccountID) ticket.QueuePause {
		i := slices.IndexFunc(pauses, func(p ticket.QueuePause) bool { return p.Queue == sendQueue(id) && p.Until.IsZero() })
		if i < 0 {
			return ticket.QueuePause{}
		}
		return pauses[i]
	}
	own := of(id)
	if own.Queue == "" {
		return nil, nil
	}
	for _, level := range [...]remote.Level{remote.LevelCredential, remote.LevelApp} {
		for _, other := range w.d.sharing(id, level) {
			if p := of(other); other != id && p.Queue != "" && p.Reason == own.Reason && !slices.Contains(along, other) {
				along = append(along, other)
			}
		}
	}
	return along, nil
}

// sharing lists the accounts that a failure of this level concerns.
func (d *Desk) sharing(id channel.AccountID, level remote.Level) []channel.AccountID {
	d.mu.RLock()
	defer d.mu.RUnlock()
	own, shared := d.channels[id], []channel.AccountID{id}
	if own == nil {
		return shared
	}
	for other, a := range d.channels {
		sameCredential := own.account.Credential != "" && a.account.Credential == own.account.Credential
		sameApp := own.account.App != "" && a.account.App == own.account.App
		if other != id && a.account.Platform == own.account.Platform && (level == remote.LevelCredential && sameCredential || level == remote.LevelApp && sameApp) {
			shared = append(shared, other)
		}
	}
	slices.SortFunc(shared, func(a, b channel.AccountID) int { return strings.Compare(a.String(), b.String()) })
	return shared
}

// setPost changes how far a post is, and says so in the journal when kind is set.
func (w *work) setPost(key string, state ticket.PostState, kind ticket.EntryKind, reason string) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := messages[0]
	if m.Post == nil || m.Post.State == ticket.PostSent || m.Post.State == ticket.PostDelivered || m.Post.State == ticket.PostRead {
		return nil // its echo or a receipt was faster, and that is a fact
	}
	post := *m.Post
	post.State, post.Error, m.Post = state, reason, &post
	w.tx.PutMessage(m)
	if kind == "" {
		return nil
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	c.journal(ticket.Entry{Kind: kind, Message: key, Actor: ticket.Actor{Kind: ticket.BySystem}, Reason: reason})
	c.finish()
	return nil
}

// failPost ends a post that will never go out, and the parts behind it, and puts the ticket back in front of an agent.
func (w *work) failPost(key, reason string) error {
	if err := w.setPost(key, ticket.PostFailed, ticket.ReplyFailed, reason); err != nil {
		return err
	}
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := messages[0]
	if m.Post == nil || m.Post.State != ticket.PostFailed {
		return nil // it is out after all
	}
	done := []string{key}
	for part := m.Post.Out.Part + 1; part <= m.Post.Out.Parts; part++ {
		later := m.Post.Reply + "/" + strconv.Itoa(part)
		if err := w.setPost(later, ticket.PostCancelled, "", "part "+strconv.Itoa(m.Post.Out.Part)+" did not go out"); err != nil {
			return err
		}
		w.tx.Cancel("send/" + later)
		done = append(done, later)
	}
	if m.Post.Private {
		if err := w.notAwaited(m.Post.Out.Account, key); err != nil {
			return err
		}
	}
	if _, err := w.unlist(m.Conversation, done...); err != nil {
		return err
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	was := c.Status
	if err := w.wantsAgent(c, failedKey(key), "a reply did not go out"); err != nil || c.Status == was {
		return err
	}
	c.finish()
	return nil
}

// wantsAgent puts a ticket that waits for others, or is solved, back in front of an agent. The key names what it comes of.
func (w *work) wantsAgent(c *change, key, reason string) error {
	if c.Status != ticket.Pending && c.Status != ticket.OnHold && c.Status != ticket.Solved {
		return nil
	}
	was := c.Status
	if err := c.moveTo(ticket.Open, sla.Mark{Time: w.now, Key: key}, key, ticket.Actor{Kind: ticket.BySystem}, reason); err != nil || was != ticket.Solved {
		return err
	}
	return w.takeUpAgain(c)
}

// unlist takes posts off their conversation's list of unfinished ones, and returns the conversation.
func (w *work) unlist(key ticket.ConversationKey, posts ...string) (ticket.Conversation, error) {
	convs, err := w.tx.Conversations(key)
	if err != nil {
		return ticket.Conversation{}, err
	}
	conv := convs[0]
	if !slices.ContainsFunc(conv.Unfinished, func(p string) bool { return slices.Contains(posts, p) }) {
		return conv, nil
	}
	conv.Unfinished = slices.DeleteFunc(slices.Clone(conv.Unfinished), func(p string) bool { return slices.Contains(posts, p) })
	w.tx.PutConversation(conv)
	return conv, nil
}

// sent records that a post went out. It does so also for a worker whose lease was lost: what the platform accepted is a fact.
func (d *Desk) sent(ctx context.Context, lease *ticket.Lease, key string, reply channel.PrivateReply, kind ticket.EntryKind) error {
	clean(&reply)
	return d.settle(ctx, func(w *work) error {
		if err := w.wentOut(key, reply.Sent, kind); err != nil {
			return err
		}
		if reply.Author.ID != "" {
			if err := w.moved(key, reply.Author); err != nil {
				return err
			}
		}
		holds, err := w.tx.Holds(*lease)
		if err != nil || !holds {
			return err
		}
		return w.tx.Finish(*lease)
	})
}

// wentOut records that a post is on the platform, once.
func (w *work) wentOut(key string, sent channel.Sent, kind ticket.EntryKind) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := messages[0]
	if m.Post == nil {
		return nil
	}
	if m.Content.ID != "" {
		if sent.ID == m.Content.ID {
			return nil // recorded already
		}
		c, err := w.load(m.Ticket)
		if err != nil {
			return err
		}
		c.journal(ticket.Entry{Kind: ticket.ReplyTwice, Message: key, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: m.Content.ID, New: sent.ID})
		c.finish()
		return nil
	}
	if sent.Time.IsZero() || sent.Time.After(w.now) {
		sent.Time = w.now
	}
	post := *m.Post
	post.State, post.Sent, post.Error, m.Post = ticket.PostSent, sent, "", &post
	if m.Content.ID, m.Content.Time = sent.ID, sent.Time; m.Deleted.IsZero() {
		m.Content.URL = sent.URL
	}
	if sent.Thread != "" && m.Deleted.IsZero() {
		m.Content.Thread = sent.Thread
	}
	w.tx.PutMessage(m)
	if sent.ID != "" {
		echo := channel.Event{Kind: channel.MessageEchoed, Message: channel.Message{ID: sent.ID}}
		w.tx.MarkSeen(ticket.EventKey{Account: m.Conversation.Account, Key: echo.DedupeKey()})
	}
	conv, err := w.unlist(m.Conversation, key)
	if err != nil {
		return err
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	if err := c.answered(&m, kind); err != nil {
		return err
	}
	if post.Out.Part < post.Out.Parts {
		if err := w.continueWith(&m, post.Out.Part+1); err != nil {
			return err
		}
	}
	if post.Out.Part == post.Out.Parts {
		if err := w.thenStatus(c, &m, &conv); err != nil {
			return err
		}
	}
	c.finish()
	if post.Private {
		if err := w.moved(key, channel.Author{}); err != nil {
			return err
		}
	}
	return w.receiptsFor(key)
}

// thenStatus gives the ticket the status that goes with a reply that is out. Where the customer wrote while the reply was held up, its author did not know what would be
// left behind: the ticket stays in front of an agent.
func (w *work) thenStatus(c *change, m *ticket.Message, conv *ticket.Conversation) error {
	mark, then := sla.Mark{Time: m.Content.Time, Key: m.Key + "/then"}, m.Post.Then
	if wroteSince(c, m, conv) {
		then = ticket.Open
	}
	switch then {
	case "", ticket.Open:
		if c.Status == ticket.New && !m.Automated { // for whom nobody did anything yet, it is as new as it was
			return c.moveTo(ticket.Open, mark, "", m.Actor, "")
		}
		return nil
	}
	if c.Status.Done() {
		return nil
	}
	if err := c.moveTo(then, mark, m.Key, m.Actor, ""); err != nil || then != ticket.Solved {
		return err
	}
	return w.handBack(c)
}

// wroteSince reports whether the customer wrote after the reply was written: in its conversation by the platform's times, elsewhere by ours.
func wroteSince(c *change, m *ticket.Message, conv *ticket.Conversation) bool {
	return conv.CustomerWrote.After(m.Post.Out.CustomerWrote) || c.CustomerWrote.After(conv.CustomerWrote) && c.CustomerWrote.After(m.Received)
}

// continueWith lets the next part go out, if it was put aside while the part before it was in doubt.
func (w *work) continueWith(m *ticket.Message, n int) error {
	next, err := w.part(m, n)
	if err != nil || next.Post == nil || next.Post.State != ticket.PostQueued {
		return err
	}
	task := sendTask(&next, w.now)
	known, err := w.tx.Tasks(task.ID)
	if err == nil && (known[0].ID == "" || known[0].Dead) {
		w.tx.Schedule(task)
	}
	return err
}

// unfinished finds the post of ours that an echo is, while its send has not been recorded: by the key that the platform gives back, else by its text.
func (w *work) unfinished(conv *ticket.Conversation, e *channel.Event) (*ticket.Message, error) {
	if len(conv.Unfinished) == 0 {
		return nil, nil
	}
	posts, err := w.tx.Messages(conv.Unfinished...)
	if err != nil {
		return nil, err
	}
	for i := range posts {
		p := &posts[i]
		if p.Post == nil || p.Post.State == ticket.PostQueued && p.Post.Attempts == 0 {
			continue
		}
		if e.SentKey == p.Key || e.SentKey == "" && e.Message.Text == p.Content.Text {
			return p, nil
		}
	}
	return nil, nil
}

// confirm records that an echo is a post of ours.
func (w *work) confirm(m *ticket.Message, sent channel.Sent) (Result, error) {
	if err := w.wentOut(m.Key, sent, ticket.ReplyConfirmed); err != nil {
		return Result{}, err
	}
	w.tx.Schedule(sendTask(m, w.now)) // a doubtful one may be buried: it finds that all is done and ends
	return Result{Outcome: Joined, Ticket: m.Ticket, Message: m.Key}, nil
}
