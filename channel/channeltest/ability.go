package channeltest

import (
	"context"
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// ReplyPrivately answers a public message in private, once: a second time is a Duplicate. It continues the conversation that the customer has with the
// brand, or opens it.
func (c *FakeChannel) ReplyPrivately(ctx context.Context, out channel.Outgoing) (channel.PrivateReply, error) {
	p := c.platform
	var reply channel.PrivateReply
	err := c.call(ctx, OnReplyPrivately, out.To.ID, func(a *Attempt) error {
		to := p.post(out.InReplyTo)
		switch {
		case to == nil || to.Deleted:
			return a.fail(remote.NotFound, fmt.Sprintf("message %s is gone", out.InReplyTo))
		case to.Visibility == channel.Private || to.ByBrand:
			return a.fail(remote.Rejected, fmt.Sprintf("message %s is no public message of a customer", to.ID))
		case p.private[to.ID]:
			return a.fail(remote.Duplicate, fmt.Sprintf("message %s was answered in private before", to.ID))
		case out.Automated && !c.Traits(channel.Private).AutomatedPrivateReply:
			return a.fail(remote.PolicyBlocked, "automated posts are forbidden")
		}
		private := out
		private.Visibility, private.Thread, private.InReplyTo = channel.Private, privateThread(c.account.AccountID, to.Customer), ""
		if t := c.Traits(channel.Private); t.MaxText > 0 && t.Length(out.Text) > t.MaxText {
			return a.fail(remote.Rejected, fmt.Sprintf("the text counts %d, the limit is %d", t.Length(out.Text), t.MaxText))
		}
		p.private[to.ID] = true
		private.To = p.authorIn(p.customers[to.Customer], channel.Private, c.account.AccountID)
		reply = channel.PrivateReply{Sent: c.sent(c.post(private)), Author: private.To}
		a.sent = reply.ID
		return nil
	})
	if err != nil {
		return channel.PrivateReply{}, err
	}
	return reply, nil
}

// CanModerate reports that the platform knows every action of package channel.
func (c *FakeChannel) CanModerate(action channel.ModerateAction) bool {
	switch action {
	case channel.Hide, channel.Unhide, channel.Like, channel.Unlike, channel.Remove, channel.Block:
		return true
	}
	return false
}

// Moderate does it: Posts shows what became of the post, and a blocked customer's writing no longer reaches the account.
func (c *FakeChannel) Moderate(ctx context.Context, action channel.ModerateAction, m channel.Message) error {
	return c.call(ctx, OnModerate, m.Author.ID, func(a *Attempt) error {
		post := c.platform.post(m.ID)
		if post == nil || post.Deleted && action != channel.Remove {
			return a.fail(remote.NotFound, fmt.Sprintf("message %s is gone", m.ID))
		}
		c.moderate(action, post)
		return nil
	})
}

// ModerateInApp hides a message or shows it again as a person in the platform's own app, or the platform's filter, would: it is told as an event.
func (c *FakeChannel) ModerateInApp(action channel.ModerateAction, m channel.Message) {
	post := c.platform.mustHave(m.ID)
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	c.moderate(action, post)
	c.platform.tellOf(post, channel.Event{Kind: channel.MessageModerated, Action: action, Message: channel.Message{ID: post.ID, Thread: post.Thread}})
}

func (c *FakeChannel) moderate(action channel.ModerateAction, post *Post) {
	switch action {
	case channel.Hide, channel.Unhide:
		post.Hidden = action == channel.Hide
	case channel.Like, channel.Unlike:
		post.Liked = action == channel.Like
	case channel.Remove:
		post.Deleted = true
	case channel.Block:
		if customer := c.platform.customers[post.Customer]; customer != nil {
			customer.blocked[c.account.AccountID] = true
		}
	}
}

// Find looks for the post by its key.
func (c *FakeChannel) Find(ctx context.Context, out channel.Outgoing, _ time.Time) (channel.Finding, channel.Sent, error) {
	finding, sent := channel.CannotTell, channel.Sent{}
	err := c.call(ctx, OnFind, out.To.ID, func(*Attempt) error {
		if c.platform.options.CannotFind {
			return nil
		}
		finding = channel.Absent
		if post := c.platform.byKey(c.account.AccountID, out.Key); post != nil {
			finding, sent = channel.Found, c.sent(post)
		}
		return nil
	})
	if err != nil {
		return channel.CannotTell, channel.Sent{}, err
	}
	return finding, sent, nil
}

// Profile returns the customer with that ID, scoped or not; NotFound where there is none.
func (c *FakeChannel) Profile(ctx context.Context, id string) (channel.Author, error) {
	var author channel.Author
	err := c.call(ctx, OnProfile, id, func(a *Attempt) error {
		customer := c.platform.customerOf(id)
		if customer == nil {
			return a.fail(remote.NotFound, fmt.Sprintf("nobody has the ID %s", id))
		}
		author = customer.author
		author.ID = id
		return nil
	})
	if err != nil {
		return channel.Author{}, err
	}
	return author, nil
}

// Subscribe makes sure that webhooks tell of this account.
func (c *FakeChannel) Subscribe(ctx context.Context) (lost bool, err error) {
	err = c.call(ctx, OnSubscribe, "", func(*Attempt) error {
		lost, c.subscribed = !c.subscribed, true
		return nil
	})
	return lost, err
}

// LoseSubscription makes webhooks pass over what happens to the account, without a word, until Subscribe. Polls and streams go on.
func (c *FakeChannel) LoseSubscription() {
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	c.subscribed = false
}

// TakeControl makes us the holder of the thread.
func (c *FakeChannel) TakeControl(ctx context.Context, thread string) error {
	return c.call(ctx, OnControl, "", func(*Attempt) error {
		c.platform.hold(c.account.AccountID, thread, "")
		return nil
	})
}

// ReleaseControl gives the thread to the named app; empty: to the platform's own inbox, "inbox".
func (c *FakeChannel) ReleaseControl(ctx context.Context, thread, app string) error {
	return c.call(ctx, OnControl, "", func(*Attempt) error {
		if app == "" {
			app = "inbox"
		}
		c.platform.hold(c.account.AccountID, thread, app)
		return nil
	})
}

// TakenOver lets another app take the thread, or with an empty app give it back to us, and tells of it. Events of a thread that is not ours are marked
// Standby.
func (c *FakeChannel) TakenOver(thread, app string) {
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	c.platform.hold(c.account.AccountID, thread, app)
	c.platform.tell(channel.Event{Kind: channel.ControlChanged, Account: c.account.AccountID, Key: c.platform.id(), App: app, Standby: app != "",
		Message: channel.Message{Thread: thread, Visibility: channel.Private}})
}

// hold and holder keep which app has a thread; "" is us. mu is held.
func (p *Platform) hold(account channel.AccountID, thread, app string) {
	p.control[account.String()+" "+thread] = app
}

func (p *Platform) holder(thread string, account channel.AccountID) string {
	return p.control[account.String()+" "+thread]
}
