package socialcrm

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

// post is an answer that is ready to be stored: where it goes, what it answers, and its parts.
type post struct {
	conv  ticket.Conversation
	to    string           // the platform's ID of the message it answers
	party ticket.ContactID // whom it answers; empty: the customer
	texts []string
	// carrier is the index of the part that the attachments go with.
	carrier int
}

// compose checks an answer and makes it ready to be stored.
func (w *work) compose(c *change, actor ticket.Actor, r *Reply) (p post, err error) {
	if err := worthSending(c, r); err != nil {
		return p, err
	}
	if p, err = w.answering(c, r.InReplyTo, r.Party); err != nil {
		return p, err
	}
	if err := w.sure(&p.conv, false, r.Requires); err != nil {
		return p, err
	}
	acc := w.d.channelOf(p.conv.Key.Account)
	if acc == nil {
		return p, fmt.Errorf("account %s is not known: %w", p.conv.Key.Account, ErrInvalid)
	}
	traits := acc.Traits(p.conv.Key.Visibility)
	if err := allowed(traits, p.conv, *r, w.now); err != nil {
		return p, err
	}
	w.sign(c, actor, r)
	if p.texts, err = channel.Split(r.Text, r.Signature, traits); err != nil {
		return p, fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	if len(p.texts) == 0 {
		p.texts = []string{""}
	}
	if last := len(p.texts) - 1; traits.AttachmentsAlone && len(r.Attachments) > 0 && p.texts[last] != "" {
		p.texts, p.carrier = append(p.texts, ""), last+1
	}
	return p, nil
}

// worthSending refuses an answer that says nothing, or that comes too late.
func worthSending(c *change, r *Reply) error {
	switch r.Then {
	case "", ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved:
	default:
		return fmt.Errorf("then %q: want open, pending, on-hold or solved: %w", r.Then, ErrInvalid)
	}
	if strings.TrimSpace(r.Text) == "" && len(r.Attachments) == 0 && r.Template == nil {
		return fmt.Errorf("there is nothing to send: %w", ErrInvalid)
	}
	if c.Status == ticket.Closed {
		return errClosed
	}
	return nil
}

// sign lets the agent's first name stand under an answer, where the lane says so.
func (w *work) sign(c *change, actor ticket.Actor, r *Reply) {
	lane := w.company.lane(c.Lane)
	if r.Signature != "" || r.Automated || actor.Kind != ticket.ByAgent || lane == nil || !lane.Sign {
		return
	}
	r.Signature = cmp.Or(actor.Name, actor.ID)
	if agent := w.company.agent(actor.ID); agent != nil {
		r.Signature = cmp.Or(agent.FirstName, r.Signature)
	}
}

// reply stores an answer, split into posts, and the tasks to send them.
func (w *work) reply(c *change, actor ticket.Actor, r Reply) (Receipt, error) {
	p, err := w.compose(c, actor, &r)
	if err != nil {
		return Receipt{}, err
	}
	conv, reply, paced := p.conv, c.newKey("reply"), r.NotBefore.After(w.now)
	out := channel.Outgoing{
		Account: conv.Key.Account, Visibility: conv.Key.Visibility, Thread: conv.Key.Thread, To: conv.Author, InReplyTo: p.to,
		CustomerWrote: conv.CustomerWrote, Automated: r.Automated, Template: r.Template, Signature: r.Signature,
	}
	receipt := Receipt{}
	for i, text := range p.texts {
		out.Key, out.Text = reply+"/"+strconv.Itoa(i+1), text
		if len(p.texts) > 1 {
			out.Part, out.Parts = i+1, len(p.texts)
		}
		if out.Attachments = nil; i == p.carrier {
			out.Attachments = r.Attachments
		}
		m := ticket.Message{
			Key: out.Key, Ticket: c.ID, Conversation: conv.Key, Direction: ticket.Outbound, Party: p.party, Actor: actor, Automated: r.Automated, Received: w.now,
			Content: channel.Message{Thread: conv.Key.Thread, Parent: p.to, Visibility: conv.Key.Visibility, Text: text, Attachments: out.Attachments, Time: w.now},
			Post:    &ticket.Post{Out: out, Reply: reply, State: ticket.PostQueued, Requires: r.Requires, Back: r.back},
		}
		if i == len(p.texts)-1 {
			m.Post.Then = r.Then
		}
		w.putMessage(m)
		if !paced {
			w.tx.Schedule(sendTask(&m, w.now))
		}
		conv.Unfinished = append(conv.Unfinished, m.Key)
		receipt.Messages = append(receipt.Messages, m.Key)
		c.journal(ticket.Entry{Kind: ticket.ReplyQueued, Message: m.Key, Actor: actor})
	}
	w.tx.PutConversation(conv)
	if paced {
		w.tx.Schedule(paceTask(conv.Key.Account, reply, r.NotBefore, receipt.Messages))
	}
	return receipt, nil
}

const paceKind = "pace"

// paceTask lets a reply take its place among those of its conversation once it may go out, so that it holds up nothing until then.
func paceTask(account channel.AccountID, reply string, due time.Time, posts []string) ticket.Task {
	return ticket.Task{ID: "pace/" + reply, Kind: paceKind, Queue: sendQueue(account), Due: due, Payload: []byte(strings.Join(posts, "\n"))}
}

func (w *work) pace(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	posts, err := w.tx.Messages(strings.Split(string(lease.Payload), "\n")...)
	if err != nil {
		return err
	}
	for i := range posts {
		if p := posts[i].Post; p != nil && p.State == ticket.PostQueued {
			w.tx.Schedule(sendTask(&posts[i], w.now))
		}
	}
	return nil
}

// answering finds the conversation that a reply goes to, the platform's ID of the message it answers, and the party where it is not the customer who is answered.
func (w *work) answering(c *change, inReplyTo string, party ticket.ContactID) (p post, err error) {
	var own ticket.ConversationKey // the party's
	if party != "" {
		i, err := w.partyOf(c, party)
		if err != nil {
			return p, err
		}
		p.party, own = c.Parties[i].Contact, c.Parties[i].Conversation
	}
	if inReplyTo != "" {
		messages, err := w.tx.Messages(inReplyTo)
		if err != nil {
			return p, err
		}
		m := messages[0]
		if m.Key == "" || m.Ticket != c.ID {
			return p, fmt.Errorf("message %s: %w", inReplyTo, ErrNotFound)
		}
		if party != "" && m.Conversation != own {
			return p, fmt.Errorf("message %s is not that of party %s: %w", inReplyTo, party, ErrInvalid)
		}
		convs, err := w.tx.Conversations(m.Conversation)
		if err == nil && convs[0].MovedTo != nil {
			convs, err = w.tx.Conversations(*convs[0].MovedTo)
		}
		if err != nil {
			return p, err
		}
		return post{conv: convs[0], to: m.Content.ID, party: m.Party}, nil
	}
	if c.Campaign > 0 && party == "" {
		return p, errWhichOfMany
	}
	convs, err := w.tx.Conversations(c.Conversations...)
	if err != nil {
		return p, err
	}
	convs = slices.DeleteFunc(convs, func(v ticket.Conversation) bool {
		if v.Ticket != c.ID || v.MovedTo != nil {
			return true
		}
		return party != "" && v.Key != own || party == "" && c.PartyIn(v.Key) != nil
	})
	if len(convs) == 0 {
		return p, fmt.Errorf("it has no conversation to answer in: %w", ErrInvalid)
	}
	p.conv = slices.MaxFunc(convs, func(a, b ticket.Conversation) int {
		return cmp.Or(a.CustomerWrote.Compare(b.CustomerWrote), preferred(a, c.Account)-preferred(b, c.Account))
	})
	p.to = p.conv.CustomerMessage
	return p, nil
}

// errWhichOfMany: who takes part in a campaign is answered one by one.
var errWhichOfMany = fmt.Errorf("it is a campaign: say which message is answered (InReplyTo): %w", ErrInvalid)

// preferred breaks ties between conversations in favour of the account that answers.
func preferred(v ticket.Conversation, account channel.AccountID) int {
	if v.Key.Account == account {
		return 1
	}
	return 0
}

// allowed says whether the platform would take the reply, as far as its traits tell.
func allowed(t channel.Traits, conv ticket.Conversation, r Reply, now time.Time) error {
	op := "account " + conv.Key.Account.String()
	if window := replyWindow(t, r.Automated); window > 0 && r.Template == nil && now.Sub(conv.CustomerWrote) > window {
		return &remote.Error{Op: op, Kind: remote.WindowClosed, Message: "the customer last wrote at " + conv.CustomerWrote.UTC().Format(time.RFC3339)}
	}
	if r.Automated && t.NoAutomation {
		return &remote.Error{Op: op, Kind: remote.PolicyBlocked, Message: "automated posts are forbidden here"}
	}
	for i, a := range r.Attachments {
		if t.MaxAttachmentBytes > 0 && a.Size > t.MaxAttachmentBytes {
			return fmt.Errorf("%s takes attachments of %d bytes, and attachments[%d] has %d: %w", op, t.MaxAttachmentBytes, i, a.Size, ErrInvalid)
		}
		if len(t.AttachmentTypes) > 0 && !slices.Contains(t.AttachmentTypes, a.Type) {
			return fmt.Errorf("%s takes no attachment of type %q (attachments[%d]): %w", op, a.Type, i, ErrInvalid)
		}
	}
	if t.MaxAttachments >= 0 && len(r.Attachments) > t.MaxAttachments {
		return fmt.Errorf("%s takes %d attachments, not %d: %w", op, t.MaxAttachments, len(r.Attachments), ErrInvalid)
	}
	return nil
}
