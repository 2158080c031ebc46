package channeltest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
)

// FakeChannel is a brand account on a Platform: a channel.Channel with every optional ability, and a channel.Poller. Its methods are safe for
// concurrent use. Only returns the same account with fewer abilities.
type FakeChannel struct {
	platform   *Platform
	account    channel.Account
	subscribed bool // guarded by platform.mu
}

// Account returns what Platform.Account was given.
func (c *FakeChannel) Account() channel.Account { return c.account }

// Traits returns Options.Public or Options.Private.
func (c *FakeChannel) Traits(v channel.Visibility) channel.Traits {
	if v == channel.Private {
		return c.platform.options.Private
	}
	return c.platform.options.Public
}

// Send posts an answer. The platform enforces its Traits: a text, attachment or size beyond the limit, an empty post, or one of another account is
// Rejected; an automated one PolicyBlocked where automation is forbidden; after the window (counted from what the customer really wrote last)
// WindowClosed, unless a template is used; a repeated text Duplicate where these are refused; an answer to what is gone NotFound; in a thread that
// another app holds NotInControl.
func (c *FakeChannel) Send(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	return c.send(ctx, OnSend, out)
}

// Publish posts a root post.
func (c *FakeChannel) Publish(ctx context.Context, out channel.Outgoing) (channel.Sent, error) {
	out.Thread, out.InReplyTo = "", ""
	return c.send(ctx, OnPublish, out)
}

func (c *FakeChannel) send(ctx context.Context, op Op, out channel.Outgoing) (channel.Sent, error) {
	var sent channel.Sent
	err := c.call(ctx, op, out.To.ID, func(a *Attempt) error {
		if first := c.platform.byKey(c.account.AccountID, out.Key); first != nil && c.platform.options.KnowsKeys {
			sent = c.sent(first)
			return nil
		}
		if err := c.enforce(a, out); err != nil {
			return err
		}
		sent = c.sent(c.post(out))
		a.sent = sent.ID
		return nil
	})
	if err != nil {
		return channel.Sent{}, err
	}
	return sent, nil
}

// enforce returns the error with which the platform refuses a post; nil when it takes it. mu is held.
func (c *FakeChannel) enforce(a *Attempt, out channel.Outgoing) error {
	p, t := c.platform, c.Traits(out.Visibility)
	switch {
	case !out.Account.IsZero() && out.Account != c.account.AccountID:
		return a.fail(remote.Rejected, fmt.Sprintf("the post is for account %s, this is %s", out.Account, c.account.AccountID))
	case out.Text == "" && len(out.Attachments) == 0 && out.Template == nil:
		return a.fail(remote.Rejected, "the post is empty")
	case t.MaxText > 0 && t.Length(out.Text) > t.MaxText:
		return a.fail(remote.Rejected, fmt.Sprintf("the text counts %d, the limit is %d", t.Length(out.Text), t.MaxText))
	case t.AttachmentsAlone && out.Text != "" && len(out.Attachments) > 0:
		return a.fail(remote.Rejected, "a post carries either a text or attachments")
	case t.MaxAttachments >= 0 && len(out.Attachments) > t.MaxAttachments:
		return a.fail(remote.Rejected, fmt.Sprintf("%d attachments, the limit is %d", len(out.Attachments), t.MaxAttachments))
	case t.NoAutomation && out.Automated:
		return a.fail(remote.PolicyBlocked, "automated posts are forbidden")
	}
	for _, at := range out.Attachments {
		if t.MaxAttachmentBytes > 0 && at.Size > t.MaxAttachmentBytes || len(t.AttachmentTypes) > 0 && !slices.Contains(t.AttachmentTypes, at.Type) {
			return a.fail(remote.Rejected, fmt.Sprintf("attachment %q (%s, %d bytes) is not taken", at.Name, at.Type, at.Size))
		}
	}
	if out.InReplyTo != "" {
		if to := p.post(out.InReplyTo); to == nil || to.Deleted {
			return a.fail(remote.NotFound, fmt.Sprintf("message %s is gone", out.InReplyTo))
		}
	}
	if app := p.holder(c.thread(out), c.account.AccountID); app != "" {
		return a.fail(remote.NotInControl, "app "+app+" holds the conversation")
	}
	window := t.ReplyWindow
	if !out.Automated {
		window = max(window, t.HumanWindow)
	}
	answers := out.Visibility == channel.Private || c.thread(out) != ""
	if answers && t.ReplyWindow > 0 && out.Template == nil && a.Now.Sub(p.lastWrote(c.thread(out)).Time) > window {
		return a.fail(remote.WindowClosed, "the customer last wrote too long ago")
	}
	if last := p.lastBy(c.account.AccountID); t.RefusesDuplicates && last != nil && last.Text == out.Text {
		return a.fail(remote.Duplicate, "the same text was just posted")
	}
	return nil
}

// post carries an accepted post out. mu is held.
func (c *FakeChannel) post(out channel.Outgoing) *Post {
	p := c.platform
	if t := c.Traits(out.Visibility); t.OneReply && out.InReplyTo != "" {
		for _, former := range p.posts {
			if former.ByBrand && former.Account == c.account.AccountID && former.Parent == out.InReplyTo && !former.Deleted {
				former.Text, former.Outgoing, former.Attachments = out.Text, out, out.Attachments
				former.Edits++
				p.rememberKey(former)
				return former
			}
		}
	}
	post := &Post{ByBrand: true, Account: c.account.AccountID, App: p.app(c.account), Outgoing: out, told: []channel.AccountID{c.account.AccountID}}
	post.Message = channel.Message{Thread: c.thread(out), Parent: out.InReplyTo, Visibility: out.Visibility, Text: out.Text, Attachments: out.Attachments}
	if customer := p.customerOf(out.To.ID); customer != nil {
		post.Customer = customer.author.ID
	} else if to := p.post(out.InReplyTo); to != nil {
		post.Customer = to.Customer
	}
	c.publish(post)
	return post
}

// publish adds a post by the brand and tells of it where the platform echoes. mu is held.
func (c *FakeChannel) publish(post *Post) {
	post.Author = channel.Author{ID: c.account.ID, Handle: c.account.Handle, Name: cmp.Or(c.account.Name, c.account.ID)}
	c.platform.add(post)
	if c.Traits(post.Visibility).Echoes {
		e := channel.Event{Kind: channel.MessageEchoed, Message: post.Message, App: post.App}
		if c.platform.options.KnowsKeys {
			e.SentKey = post.Outgoing.Key
		}
		c.platform.tellOf(post, e)
	}
}

// thread returns where a post goes: where it says, else where the message is that it answers, else the customer's conversation.
func (c *FakeChannel) thread(out channel.Outgoing) string {
	if out.Thread != "" {
		return out.Thread
	}
	if to := c.platform.post(out.InReplyTo); to != nil && to.Visibility == out.Visibility {
		return to.Thread
	}
	if customer := c.platform.customerOf(out.To.ID); customer != nil && out.Visibility == channel.Private {
		return privateThread(c.account.AccountID, customer.author.ID)
	}
	return ""
}

func (c *FakeChannel) sent(post *Post) channel.Sent {
	return channel.Sent{ID: post.ID, Thread: post.Thread, Time: post.Time, URL: post.URL}
}

// Answer posts an answer to m as somebody else would who works for the brand: with an empty app a person in the platform's own app, otherwise another tool.
// It comes back as an echo where the platform echoes, and mentions the people named.
func (c *FakeChannel) Answer(m channel.Message, text, app string, mentions ...string) channel.Message {
	to := c.platform.mustHave(m.ID)
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	post := &Post{ByBrand: true, Account: c.account.AccountID, App: app, Customer: to.Customer, told: []channel.AccountID{c.account.AccountID}}
	post.Message = channel.Message{Thread: to.Thread, Parent: to.ID, Visibility: to.Visibility, Text: text, Mentions: mentions}
	c.publish(post)
	return post.Message
}

// Report sends a receipt for posts of the account: sent, delivered, read or failed, with the platform's code and reason where it failed.
func (c *FakeChannel) Report(state channel.ReceiptState, code, reason string, ids ...string) {
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	c.platform.report(c.account.AccountID, state, code, reason, ids...)
}

// report notes and tells what became of posts. mu is held.
func (p *Platform) report(account channel.AccountID, state channel.ReceiptState, code, reason string, ids ...string) {
	for _, id := range ids {
		if post := p.post(id); post != nil {
			post.Failed = post.Failed || state == channel.ReceiptFailed
			post.Read = post.Read || state == channel.ReceiptRead
		}
	}
	p.tell(channel.Event{Kind: channel.ReceiptArrived, Account: account, Receipt: channel.Receipt{State: state, Messages: ids, Code: code, Reason: reason}})
}

// ExpireToken makes every call with the account's credential Unauthorized, silently, until Reconnect.
func (c *FakeChannel) ExpireToken() { c.loseToken("expired", false) }

// Revoke does the same and tells each account of the credential (channel.AuthorizationLost).
func (c *FakeChannel) Revoke() { c.loseToken("revoked", true) }

func (c *FakeChannel) loseToken(code string, tell bool) {
	p := c.platform
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unauthorized[credential(c.account)] = code
	if !tell {
		return
	}
	var lost []channel.AccountID
	for id, other := range p.accounts {
		if credential(other.account) == credential(c.account) {
			lost = append(lost, id)
		}
	}
	slices.SortFunc(lost, func(a, b channel.AccountID) int { return cmp.Compare(a.ID, b.ID) })
	for _, id := range lost {
		p.tell(channel.Event{Kind: channel.AuthorizationLost, Account: id, Key: p.id()})
	}
}

// Reconnect gives the credential a token that works.
func (c *FakeChannel) Reconnect() {
	c.platform.mu.Lock()
	defer c.platform.mu.Unlock()
	delete(c.platform.unauthorized, credential(c.account))
}

// byKey returns the account's first post of that key; nil where there is none. mu is held.
func (p *Platform) byKey(account channel.AccountID, key string) *Post {
	return p.keys[account.String()+" "+key]
}

// lastWrote returns the last post by a customer in the thread; a zero one where there is none. mu is held.
func (p *Platform) lastWrote(thread string) *Post {
	for _, post := range slices.Backward(p.posts) {
		if !post.ByBrand && post.Thread == thread {
			return post
		}
	}
	return &Post{}
}

// lastBy returns the account's last post. mu is held.
func (p *Platform) lastBy(account channel.AccountID) *Post {
	for _, post := range slices.Backward(p.posts) {
		if post.ByBrand && post.Account == account {
			return post
		}
	}
	return nil
}
