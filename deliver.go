package socialcrm

import (
	"context"
	"errors"
	"slices"
	"strconv"
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
func (d *Desk) margin() time.Duration { return min(d.cfg.SendTimeout/3, 10*time.Second) }

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
			return w.leavePost(lease, &m)
		}
		if m.Post.State == ticket.PostSending && w.now.Before(m.Post.Until.Add(d.margin())) {
			return w.tx.Postpone(lease, m.Post.Until.Add(d.margin()), "")
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
			if post.Begun.IsZero() {
				post.Begun = w.now
			}
			if post.Out.Part > 1 {
				before, err := w.part(&m, post.Out.Part-1)
				if err != nil {
					return err
				}
				if before.Post == nil || !isOut(before.Post) {
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
	if errors.Is(err, ticket.ErrStale) {
		return nil // this worker stood still, and another one has the task
	}
	if err != nil || !ready {
		return err
	}
	if doubt {
		return d.findOut(ctx, lease, m, acc, nil)
	}
	left := m.Post.Until.Sub(d.now())
	if left <= 0 { // the commit took long, or this worker stood still: whoever takes over counts on it that no request is made any more
		return d.settle(ctx, func(w *work) error {
			if err := w.setPost(m.Key, ticket.PostQueued, "", ""); err != nil {
				return err
			}
			return w.tx.Postpone(lease, w.now, "")
		})
	}
	sendCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(left, d.cfg.SendTimeout))
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
			messages, err := w.tx.Messages(m.Key)
			if err != nil {
				return err
			}
			if post := messages[0].Post; post != nil {
				lost := *post
				lost.Absent++
				messages[0].Post = &lost
				w.tx.PutMessage(messages[0])
				if lost.Absent >= maxAttempts {
					return w.doubt(lease, m.Key, "its answer is lost again and again, and the platform does not have it")
				}
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
		if waits(cause) && (kind != remote.Unavailable || lease.Attempts+1 < maxAttempts || w.now.Sub(m.Post.Begun) < keepsTrying) {
			if err := w.setPost(m.Key, ticket.PostQueued, ticket.ReplyRetried, reasonOf(cause)); err != nil {
				return err
			}
			due := retryAt(cause, w.now, lease)
			if err := w.pause(cause, kind, m.Conversation.Account, due); err != nil {
				return err
			}
			return w.tx.Postpone(lease, due, reasonOf(cause))
		}
		if kind == remote.Unavailable {
			return w.neverReached(lease, &m, reasonOf(cause))
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

// neverReached ends a post whose platform was not to be had for so long. What an agent wrote may be tried again as it is.
func (w *work) neverReached(lease ticket.Lease, m *ticket.Message, reason string) error {
	if err := w.failPost(m.Key, reason); err != nil {
		return err
	}
	if !m.Post.Private && !m.Post.Out.Automated {
		return w.tx.Bury(lease, reason)
	}
	return w.tx.Finish(lease)
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

const (
	maxAttempts = 12
	keepsTrying = 24 * time.Hour // a post to a platform that is away, whatever number of attempts that takes
)

// retryAt says when to try again: when the other side said, else after a backoff.
func retryAt(err error, now time.Time, lease ticket.Lease) time.Time {
	if e, ok := errors.AsType[*remote.Error](err); ok && e.RetryAt.After(now) {
		return e.RetryAt
	}
	return now.Add(backoff(lease.ID, lease.Attempts))
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
	if err := c.notTold(&m); err != nil {
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
