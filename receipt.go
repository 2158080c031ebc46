package socialcrm

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// fate is what receipts have told of a post so far.
type fate struct {
	state   ticket.PostState
	arrived bool // a receipt that names it says that it reached the customer
}

func fateOf(m *ticket.Message) fate {
	switch {
	case m.Post != nil:
		return fate{m.Post.State, m.Post.Arrived}
	case m.State == "":
		return fate{state: ticket.PostSent}
	}
	return fate{m.State, m.State != ticket.PostFailed}
}

// reach says which state of a post that is out includes which; 0: it is not out, or failed.
func reach(s ticket.PostState) int {
	return 1 + slices.Index([]ticket.PostState{ticket.PostSent, ticket.PostDelivered, ticket.PostRead}, s)
}

// then is the fate after a further receipt; named: it names the post. It is the same in whatever order receipts come: one that names the post and says that it arrived is
// a fact; without one, a failure withdraws the post; else it is as far as the furthest of them says.
func (f fate) then(state ticket.PostState, named bool) fate {
	fact := named && reach(state) > reach(ticket.PostSent)
	switch {
	case f.state != ticket.PostFailed && reach(f.state) == 0:
		return f
	case state == ticket.PostFailed && !f.arrived, f.state == ticket.PostFailed && fact, f.state != ticket.PostFailed && reach(state) > reach(f.state):
		f.state = state
	}
	f.arrived = f.arrived || fact
	return f
}

// receipt takes in what became of posts of ours, also of those from the platform's own app: of those it names and, where it gives a watermark, of all that the Desk sent
// to the conversation up to that time. What it says of posts whose ID is not known yet is kept for them.
func (w *work) receipt(e *channel.Event) (Result, error) {
	r := Result{Outcome: Recorded}
	refs := make([]ticket.MessageRef, len(e.Receipt.Messages))
	for i, id := range e.Receipt.Messages {
		refs[i] = ticket.MessageRef{Account: e.Account, ID: id}
	}
	messages, err := w.byRef(refs...)
	if err != nil {
		return r, err
	}
	for i, m := range messages {
		if m.Key == "" {
			later := *e
			later.Receipt.Messages, later.Receipt.Watermark = []string{refs[i].ID}, time.Time{}
			err = w.keepEarly(refs[i], early{Event: &later})
		} else {
			err = w.mark(&r, m, e, true)
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

// mark takes in what a receipt says of one post; named: it names the post.
func (w *work) mark(r *Result, m ticket.Message, e *channel.Event, named bool) error {
	was := fateOf(&m)
	is := was.then(ticket.PostState(e.Receipt.State), named)
	if m.Direction != ticket.Outbound || is == was {
		return nil
	}
	if m.Post != nil {
		post := *m.Post
		post.State, post.Arrived, m.Post = is.state, is.arrived, &post
	} else {
		m.State = is.state
	}
	w.tx.PutMessage(m)
	if is.state == was.state {
		return nil // it is known for sure now
	}
	entry := ticket.Entry{Kind: ticket.ReplyReceipt, Message: m.Key, Happened: e.Time, Received: e.Received, New: string(is.state), Reason: e.Receipt.Reason}
	if is.state == ticket.PostFailed {
		entry.Kind = ticket.ReplyFailed
	}
	*r = Result{Outcome: Joined, Ticket: m.Ticket, Message: m.Key}
	switch {
	case m.Ticket == "":
		r.Outcome = Recorded
		return w.appendAbout(&m, entry)
	case is.state == ticket.PostFailed:
		return w.neverArrived(&m, entry)
	case was.state == ticket.PostFailed:
		if err := w.arrivedAfterAll(&m, entry); err != nil {
			return err
		}
		return w.coveredBy(m.Key)
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	c.journal(entry)
	c.finish()
	return nil
}

// appendAbout journals something about a message that belongs to no ticket.
func (w *work) appendAbout(m *ticket.Message, entry ticket.Entry) (err error) {
	if entry.Key, err = w.entryKey("message/" + m.Key); err == nil {
		w.append(entry)
	}
	return err
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
			if m.Post == nil || !isOut(m.Post) || m.Conversation != conv || m.Content.Time.After(e.Receipt.Watermark) {
				continue
			}
			now, err := w.tx.Messages(m.Key) // the list shows what is committed
			if err == nil {
				err = w.mark(r, now[0], e, false)
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
	return w.coveredBy(key)
}

// coveredBy applies the watermarks at or after a post's time.
func (w *work) coveredBy(key string) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := &messages[0]
	if m.Post == nil || m.Conversation.Visibility != channel.Private {
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
		e := channel.Event{Kind: channel.ReceiptArrived, Account: m.Conversation.Account, Time: at.Time, Received: at.Received, Receipt: channel.Receipt{State: state}}
		return w.mark(new(Result), *m, &e, false)
	}
	return nil
}
