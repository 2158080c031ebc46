package socialcrm

import (
	"context"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

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

// isOut reports whether a post counts as gone out. It need not have an ID: the platform gave none, or somebody decided about it.
func isOut(post *ticket.Post) bool { return !post.Sent.Time.IsZero() }

// wentOut records that a post is on the platform, once. Of one that counts as sent without an ID it records the ID, as soon as that is known.
func (w *work) wentOut(key string, sent channel.Sent, kind ticket.EntryKind) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := messages[0]
	if m.Post == nil {
		return nil
	}
	counts := isOut(m.Post) // already
	if counts && sent.ID == m.Content.ID {
		return nil // recorded already
	}
	if m.Content.ID != "" {
		c, err := w.load(m.Ticket)
		if err != nil {
			return err
		}
		c.journal(ticket.Entry{Kind: ticket.ReplyTwice, Message: key, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: m.Content.ID, New: sent.ID})
		c.finish()
		return nil
	}
	copied, err := w.takenForAnother(sent, &m)
	if err != nil {
		return err
	}
	post := *m.Post
	switch {
	case counts:
		sent.Time = post.Sent.Time // the clocks go by it
	case sent.Time.IsZero() || sent.Time.After(w.now):
		sent.Time = w.now
	}
	if !counts {
		post.State, post.Error = ticket.PostSent, ""
	}
	post.Sent, m.Post = sent, &post
	if m.Content.ID, m.Content.Time = sent.ID, sent.Time; m.Deleted.IsZero() {
		m.Content.URL = sent.URL
	}
	if sent.Thread != "" && m.Deleted.IsZero() {
		m.Content.Thread = sent.Thread
	}
	m.Reactions = copied.Reactions
	w.tx.PutMessage(m)
	if sent.ID != "" {
		echo := channel.Event{Kind: channel.MessageEchoed, Message: channel.Message{ID: sent.ID}}
		w.tx.MarkSeen(ticket.EventKey{Account: m.Conversation.Account, Key: echo.DedupeKey()})
	}
	if counts {
		err = w.named(&m)
	} else {
		err = w.counted(&m, kind)
	}
	if err != nil {
		return err
	}
	if post.Private {
		if err := w.moved(key, channel.Author{}); err != nil {
			return err
		}
	}
	if copied.State != "" { // what receipts said of it
		e := channel.Event{Kind: channel.ReceiptArrived, Account: m.Conversation.Account, Time: w.now, Received: w.now, Receipt: channel.Receipt{State: channel.ReceiptState(copied.State)}}
		if messages, err = w.tx.Messages(key); err != nil {
			return err
		}
		if err := w.mark(new(Result), messages[0], &e, true); err != nil {
			return err
		}
	}
	return w.receiptsFor(key)
}

// counted is what it means that a post went out: for the clocks, for the parts behind it and for its ticket's status.
func (w *work) counted(m *ticket.Message, kind ticket.EntryKind) error {
	conv, err := w.unlistSent(m)
	if err != nil {
		return err
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	if err := c.answered(m, kind); err != nil {
		return err
	}
	out := &m.Post.Out
	if out.Part < out.Parts {
		if err := w.continueWith(m, out.Part+1); err != nil {
			return err
		}
	}
	if out.Part == out.Parts {
		if err := w.thenStatus(c, m, &conv); err != nil {
			return err
		}
	}
	c.finish()
	return nil
}

// unlistSent takes a post that went out off its conversation's list of unfinished ones. Without an ID it stays there while its echo may still come.
func (w *work) unlistSent(m *ticket.Message) (ticket.Conversation, error) {
	if m.Content.ID != "" {
		return w.unlist(m.Conversation, m.Key)
	}
	convs, err := w.tx.Conversations(m.Conversation)
	if err != nil {
		return ticket.Conversation{}, err
	}
	posts, err := w.tx.Messages(convs[0].Unfinished...)
	if err != nil {
		return ticket.Conversation{}, err
	}
	var late []string
	for _, p := range posts {
		if p.Post != nil && isOut(p.Post) && w.now.Sub(p.Post.Sent.Time) > earlyKept {
			late = append(late, p.Key)
		}
	}
	return w.unlist(m.Conversation, late...)
}

// named records that the platform told the ID of a post that counts as sent: whoever knows the post hears of it.
func (w *work) named(m *ticket.Message) error {
	if _, err := w.unlist(m.Conversation, m.Key); err != nil {
		return err
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	c.journal(ticket.Entry{Kind: ticket.ReplyConfirmed, Message: m.Key, Actor: ticket.Actor{Kind: ticket.BySystem}, Reason: "the platform told its ID"})
	c.finish()
	return nil
}

// takenForAnother takes back the copy of a post of ours that was stored when its echo came before anybody could know it for ours: what it did to clocks counts no more,
// and what it said the post says. It returns the copy as it was; the zero Message when there is none.
func (w *work) takenForAnother(sent channel.Sent, m *ticket.Message) (none ticket.Message, err error) {
	if sent.ID == "" {
		return none, nil
	}
	found, err := w.tx.MessagesByRef(ticket.MessageRef{Account: m.Conversation.Account, ID: sent.ID})
	if err != nil || found[0].Key == "" || found[0].Key == m.Key || found[0].Direction != ticket.Outbound || found[0].Post != nil {
		return none, err
	}
	copied := found[0]
	if copied.Ticket != "" {
		entry := ticket.Entry{
			Kind: ticket.MessageDeleted, Message: copied.Key, Actor: ticket.Actor{Kind: ticket.BySystem}, Happened: w.now, New: m.Key, Reason: "it is a post of ours, which is known by now",
		}
		if err := w.eachAnswered(&copied, func(c *change) error { return c.correct(&copied, entry, sla.AnswerWithdrawn) }); err != nil {
			return none, err
		}
	}
	gone := copied
	remove(&gone, &channel.Event{Time: w.now, Honour: true})
	gone.Content.ID = ""
	w.tx.PutMessage(gone)
	return copied, nil
}

// thenStatus gives the ticket the status that goes with a reply that is out. Where the customer wrote while the reply was held up, its author did not know what would be
// left behind: the ticket stays in front of an agent.
func (w *work) thenStatus(c *change, m *ticket.Message, conv *ticket.Conversation) error {
	mark, then := sla.Mark{Time: m.Content.Time, Key: m.Key + "/then"}, m.Post.Then
	if wroteSince(c, m, conv) {
		then = ""
	}
	switch {
	case c.Status.Done():
		return nil
	case c.Status == ticket.New && (then == "" || then == ticket.Open):
		if m.Automated { // for whom nobody did anything yet, it is as new as it was
			return nil
		}
		then = ticket.Open
	case then == "":
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
// Mentions in front do not count: adapters put them there where a platform knows by them whom a post answers.
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
		if isOut(p.Post) && e.SentKey == "" && !triedAbout(p.Post, e.Time) {
			continue // it counts as sent: what is posted later is another one
		}
		if e.SentKey == p.Key || e.SentKey == "" && afterMentions(e.Message.Text) == afterMentions(p.Content.Text) {
			return p, nil
		}
	}
	return nil, nil
}

// clocksDiffer is by how much the platform's clock may differ from ours.
const clocksDiffer = time.Minute

// triedAbout reports whether the latest attempt at a post may have come to the platform at this time of the platform.
func triedAbout(p *ticket.Post, at time.Time) bool {
	return !at.Before(p.Tried.Add(-clocksDiffer)) && !at.After(p.Until.Add(clocksDiffer))
}

// afterMentions is a text without the mentions that it begins with.
func afterMentions(text string) string {
	for {
		text = strings.TrimSpace(text)
		if !strings.HasPrefix(text, "@") {
			return text
		}
		_, text, _ = strings.Cut(text, " ")
	}
}

// confirm records that an echo is a post of ours.
func (w *work) confirm(m *ticket.Message, sent channel.Sent) (Result, error) {
	if err := w.wentOut(m.Key, sent, ticket.ReplyConfirmed); err != nil {
		return Result{}, err
	}
	w.tx.Schedule(sendTask(m, w.now)) // a doubtful one may be buried: it finds that all is done and ends
	return Result{Outcome: Joined, Ticket: m.Ticket, Message: m.Key}, nil
}
