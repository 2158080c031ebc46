package socialcrm

import (
	"encoding/json"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// receiptRank says which state includes which; a failure outranks being accepted.
func receiptRank(s ticket.PostState) int {
	switch s {
	case ticket.PostSent:
		return 1
	case ticket.PostDelivered:
		return 2
	case ticket.PostRead:
		return 3
	}
	return 0
}

// receipt takes in what became of posts of ours: of those it names and, where it gives a watermark, of all in the conversation up to that time. It only moves forward;
// a post that was accepted and then failed takes its answer back. What it says of posts whose ID is not known yet is kept for them.
func (w *work) receipt(e *channel.Event) (Result, error) {
	r := Result{Outcome: Recorded}
	refs := make([]ticket.MessageRef, len(e.Receipt.Messages))
	for i, id := range e.Receipt.Messages {
		refs[i] = ticket.MessageRef{Account: e.Account, ID: id}
	}
	messages, err := w.tx.MessagesByRef(refs...)
	if err != nil {
		return r, err
	}
	for i, m := range messages {
		if m.Key == "" {
			later := *e
			later.Receipt.Messages, later.Receipt.Watermark = []string{refs[i].ID}, time.Time{}
			err = w.keepEarly(refs[i], early{Event: &later})
		} else {
			err = w.mark(&r, m, e)
		}
		if err != nil {
			return r, err
		}
	}
	if e.Receipt.Watermark.IsZero() || e.Receipt.State == channel.ReceiptFailed {
		return r, nil
	}
	return r, w.watermark(&r, e)
}

// mark takes in what a receipt says of one post.
func (w *work) mark(r *Result, m ticket.Message, e *channel.Event) error {
	if m.Post == nil {
		return nil
	}
	state, failed := ticket.PostState(e.Receipt.State), e.Receipt.State == channel.ReceiptFailed
	if failed && m.Post.State != ticket.PostSent || !failed && (m.Post.State == ticket.PostFailed || receiptRank(state) <= receiptRank(m.Post.State)) {
		return nil
	}
	post := *m.Post
	post.State, m.Post = state, &post
	w.tx.PutMessage(m)
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	entry := ticket.Entry{Kind: ticket.ReplyReceipt, Message: m.Key, Happened: e.Time, Received: e.Received, New: string(state), Reason: e.Receipt.Reason}
	if failed {
		entry.Kind = ticket.ReplyFailed
	}
	if failed && m.Party == "" {
		line, err := c.lineAt(m.Conversation)
		if err != nil {
			return err
		}
		if entry.Clock, err = c.fold(sla.Event{Kind: sla.AnswerWithdrawn, Mark: sla.Mark{Time: e.Time, Key: m.Key}, Line: line}); err != nil {
			return err
		}
	}
	c.journal(entry)
	if entry.Clock != nil {
		c.Answered = c.answeredLast()
	}
	if failed {
		if err := w.wantsAgent(c, m.Key+"/failed", "the answer never arrived"); err != nil {
			return err
		}
	}
	c.finish()
	*r = Result{Outcome: Joined, Ticket: m.Ticket, Message: m.Key}
	return nil
}

// marks are the newest watermarks of a conversation, by state: posts that are recorded later, with earlier times, fall under them too.
type marks map[channel.ReceiptState]markedAt

type markedAt struct {
	Watermark time.Time `json:"watermark"`
	Time      time.Time `json:"time"`
	Received  time.Time `json:"received"`
}

// marksKey leads to the watermarks of a thread; they exist only in private.
func marksKey(id channel.AccountID, thread string) ticket.ValueKey {
	return ticket.ValueKey{Space: "watermarks", Name: id.String() + "#" + thread}
}

func (w *work) marks(key ticket.ValueKey) (marks, error) {
	values, err := w.tx.Values(key)
	if err != nil || values[0].Data == nil {
		return nil, err
	}
	var known marks
	return known, json.Unmarshal(values[0].Data, &known)
}

// watermark applies a receipt to all our posts of its conversation up to its time, and keeps it for those that are recorded later.
func (w *work) watermark(r *Result, e *channel.Event) error {
	thread := e.Receipt.Thread
	if thread == "" {
		thread = e.Message.Thread
	}
	if thread == "" {
		thread = e.Message.Author.ID // a private conversation without an ID of its own is the one with its author
	}
	key := marksKey(e.Account, thread)
	known, err := w.marks(key)
	if err != nil {
		return err
	}
	before := known[e.Receipt.State].Watermark
	if !e.Receipt.Watermark.After(before) {
		return nil
	}
	if known == nil {
		known = make(marks)
	}
	known[e.Receipt.State] = markedAt{e.Receipt.Watermark, e.Time, e.Received}
	data, err := json.Marshal(known)
	if err != nil {
		return err
	}
	w.tx.PutValue(ticket.Value{Key: key, Data: data})
	convs, err := w.tx.Conversations(ticket.ConversationKey{Account: e.Account, Visibility: channel.Private, Thread: thread})
	if err != nil {
		return err
	}
	// An older ticket of the conversation may have posts that no watermark covered yet.
	for id := convs[0].Ticket; id != ""; {
		t, err := w.ticket(id)
		if err != nil {
			return err
		}
		if err := w.markTicket(r, t.ID, convs[0].Key, e); err != nil {
			return err
		}
		id = t.FollowUpOf
		if t.Created.Before(before) {
			break
		}
	}
	return nil
}

// markTicket applies a watermark to the posts of one ticket in the conversation.
func (w *work) markTicket(r *Result, id ticket.ID, conv ticket.ConversationKey, e *channel.Event) error {
	q := ticket.MessageQuery{Ticket: id}
	for {
		list, err := w.tx.ListMessages(q)
		if err != nil {
			return err
		}
		for _, m := range list.Items {
			if m.Post == nil || m.Content.ID == "" || m.Conversation != conv || m.Content.Time.After(e.Receipt.Watermark) {
				continue
			}
			now, err := w.tx.Messages(m.Key) // the list shows what is committed
			if err == nil {
				err = w.mark(r, now[0], e)
			}
			if err != nil {
				return err
			}
		}
		if q.After = list.Next; q.After == "" {
			return nil
		}
	}
}

// receiptsFor applies what came before the post's ID was known: receipts and other things that name it, and watermarks at or after its time.
func (w *work) receiptsFor(key string) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := &messages[0]
	if m.Content.ID != "" {
		waiting, err := w.earlyFor(m.Ref())
		if err != nil {
			return err
		}
		if err := w.catchUp(m.Ref(), waiting); err != nil {
			return err
		}
	}
	if m.Conversation.Visibility != channel.Private {
		return nil
	}
	known, err := w.marks(marksKey(m.Conversation.Account, m.Conversation.Thread))
	if err != nil {
		return err
	}
	for _, state := range []channel.ReceiptState{channel.ReceiptRead, channel.ReceiptDelivered, channel.ReceiptSent} {
		at, ok := known[state]
		if !ok || m.Content.Time.After(at.Watermark) {
			continue
		}
		messages, err := w.tx.Messages(m.Key)
		if err != nil {
			return err
		}
		e := channel.Event{Kind: channel.ReceiptArrived, Account: m.Conversation.Account, Time: at.Time, Received: at.Received, Receipt: channel.Receipt{State: state}}
		return w.mark(new(Result), messages[0], &e)
	}
	return nil
}
