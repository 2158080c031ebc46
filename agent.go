package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// By says who acts, and guards against acting twice or on something that changed. Every verb takes one.
type By struct {
	// Actor is who acts.
	Actor ticket.Actor
	// Key makes the call idempotent: given again with the same content it returns the first receipt, with other content ErrConflict. Keys are kept for 7 days.
	// Empty: every call counts.
	Key string
	// IfVersion is the Ticket.Version that the caller has seen; when the ticket has changed since, the verb does nothing and returns ErrConflict. 0: any.
	IfVersion int64
	// Anyway lets a reply go out although somebody else has claimed the ticket.
	Anyway bool
}

// Receipt is what a verb did.
type Receipt struct {
	Ticket  ticket.ID `json:"ticket"`
	Version int64     `json:"version"`
	// Messages are the keys of the messages that the verb made: the parts of a reply, a note.
	Messages []string `json:"messages,omitempty"`
	// Draft is the key of the message that waits for another's approval, instead of going out.
	Draft string `json:"draft,omitempty"`
}

// Reply is an answer to the customer, or to a party of the ticket.
type Reply struct {
	// Text is plain text; the Desk splits it where the platform's posts are shorter.
	Text string `json:"text,omitempty"`
	// Attachments go with the first part, or behind the text where the platform takes them alone.
	Attachments []channel.Attachment `json:"attachments,omitempty"`
	// InReplyTo is the key of the message it answers. Empty: the latest of the customer, or of the Party.
	InReplyTo string `json:"in_reply_to,omitempty"`
	// Party is whom it answers instead of the customer: a party of the ticket (AddParty). It is no answer to the customer, whose clocks run on.
	Party ticket.ContactID `json:"party,omitempty"`
	// Then is the status of the ticket once the reply is out: open, pending, on-hold or solved. Empty: a new ticket becomes open, any other keeps its status. It is
	// left out where the customer wrote while the reply was held up, and where the ticket is solved by then.
	Then ticket.Status `json:"then,omitempty"`
	// Automated marks a text that no person wrote.
	Automated bool `json:"automated,omitempty"`
	// Signature is the first name to sign with. Empty: the agent's own, where the ticket's lane signs; else unsigned.
	Signature string `json:"signature,omitempty"`
	// Requires is the level of verified identity that whoever receives it must have: for account data. It is looked at when the reply is stored or approved
	// (ErrUnverified), and again when it goes out: what no longer holds then ends as a failed reply. No public reply is let through. Zero: nothing is required.
	Requires ticket.Assurance `json:"requires,omitzero"`
	// Template is a prepared text, where the platform takes only these.
	Template *channel.Template `json:"template,omitempty"`
	// NotBefore is when it goes out at the earliest; zero: at once. Replies of one conversation go out in order, and this one takes its place among them at that time:
	// what is written after it and may go out before it does not wait for it. It is no part of the content that By.Key stands for. Where a draft is approved later,
	// it goes out at once.
	NotBefore time.Time `json:"-"`

	back time.Time // of an acknowledgement that nobody is there: when somebody will be
}

// Reply sends an answer through the channel on which the customer wrote. It returns once the answer is stored; it goes out after that, and the journal tells how
// it went. Where another must approve it first it becomes a draft instead, which Receipt.Draft names. An answer to a ticket that was merged goes to whoever wrote in
// that one. Errors: ErrNotFound, ErrConflict, ErrForbidden, ErrInvalid
// (nothing to send, no such channel), ErrClaimed (somebody else is writing), ErrUnverified (Reply.Requires), and a *remote.Error of kind WindowClosed or PolicyBlocked when the platform would
// not take it.
func (d *Desk) Reply(ctx context.Context, id ticket.ID, by By, r Reply) (Receipt, error) {
	return d.verb(ctx, VerbReply, id, by, r, func(w *work, c *change) (_ Receipt, err error) {
		reply := r
		if reply.InReplyTo == "" && reply.Party == "" {
			if reply.InReplyTo, err = w.latestIn(c, id, false); err != nil {
				return Receipt{}, err
			}
		}
		return w.submit(c, by, draft{Reply: reply})
	})
}

// Note adds a text for colleagues; no customer sees it, and no clock stops.
func (d *Desk) Note(ctx context.Context, id ticket.ID, by By, text string) (Receipt, error) {
	return d.verb(ctx, VerbNote, id, by, text, func(w *work, c *change) (Receipt, error) {
		if strings.TrimSpace(text) == "" {
			return Receipt{}, fmt.Errorf("the text is empty: %w", ErrInvalid)
		}
		m := ticket.Message{
			Key: c.newKey("note"), Ticket: c.ID, Direction: ticket.Internal, Actor: by.Actor, Received: w.now,
			Conversation: first(c.Conversations), Content: channel.Message{Text: text, Time: w.now},
		}
		w.putMessage(m)
		c.journal(ticket.Entry{Kind: ticket.NoteAdded, Message: m.Key, Actor: by.Actor})
		return Receipt{Messages: []string{m.Key}}, nil
	})
}

// Assign gives the ticket to an agent of the Setup, within the agent's capacity, or with an empty name back to its lane. What was given back waits for somebody else:
// it is not handed out to the same agent again until that agent was away and is back, the customer writes, or somebody hands it on. Promises that depend on the agent
// move at once. A new ticket becomes open; one that is pending or on hold stays so: who has it does not change whom it waits for. ErrCapacity: the agent is not available
// or has no room.
func (d *Desk) Assign(ctx context.Context, id ticket.ID, by By, agent string) (Receipt, error) {
	return d.verb(ctx, VerbAssign, id, by, agent, func(w *work, c *change) (Receipt, error) { return Receipt{}, w.assign(c, by.Actor, agent) })
}

// assign gives the ticket to an agent or, with an empty name, back to its lane.
func (w *work) assign(c *change, actor ticket.Actor, agent string) error {
	if c.Status.Done() {
		return fmt.Errorf("it is %s: %w", c.Status, ErrInvalid)
	}
	if agent == c.Agent {
		return nil
	}
	was := c.Agent
	if agent != "" {
		if _, known := w.company.roster.Agent(agent); !known {
			return fmt.Errorf("agent %q: %w", agent, ErrNotFound)
		}
		weight, err := w.weigh(c)
		if err != nil {
			return err
		}
		taken, err := w.reserve(c, routing.Decision{Candidates: []string{agent}, Weight: weight})
		if err != nil {
			return err
		}
		if taken == "" {
			return fmt.Errorf("agent %q: %w", agent, ErrCapacity)
		}
	} else if err := w.tx.Release(c.ID, w.now); err != nil {
		return err
	}
	c.Agent, c.Returned = agent, ticket.Return{}
	if agent == "" {
		c.Returned = ticket.Return{Agent: was, At: w.now}
		w.returned = append(w.returned, c.ID)
	}
	if err := c.tell("assign", ticket.Entry{Kind: ticket.TicketAssigned, Actor: actor, Old: was, New: agent}); err != nil {
		return err
	}
	if err := w.freed(was); err != nil || agent == "" || c.Status != ticket.New {
		return err
	}
	return c.setStatus(ticket.Open, w.now, "", c.newKey("assign"), actor, "")
}

// Resolve marks the ticket solved. The reason says why no answer is needed where none was given; it may be empty. A ticket that is solved already stays
// as it is.
func (d *Desk) Resolve(ctx context.Context, id ticket.ID, by By, reason string) (Receipt, error) {
	return d.verb(ctx, VerbResolve, id, by, reason, func(w *work, c *change) (Receipt, error) {
		if c.Status.Done() {
			return Receipt{}, nil
		}
		return Receipt{}, w.solve(c, w.now, "", c.newKey("resolve"), by.Actor, reason)
	})
}

// Reopen puts a solved ticket back to open, in its lane. A closed ticket stays closed: ErrInvalid.
func (d *Desk) Reopen(ctx context.Context, id ticket.ID, by By, reason string) (Receipt, error) {
	return d.verb(ctx, VerbReopen, id, by, reason, func(w *work, c *change) (Receipt, error) {
		switch {
		case c.Status == ticket.Closed:
			return Receipt{}, fmt.Errorf("it is closed for good: %w", ErrInvalid)
		case c.Status != ticket.Solved:
			return Receipt{}, nil
		}
		return Receipt{}, w.reopen(c, w.now, "", c.newKey("reopen"), by.Actor, reason)
	})
}

// Resume lets posts of an account go out again, after whatever paused them was mended. Accounts that the same failure paused, because they share a credential or an
// app, go on with it. What they missed is polled at once; without Resume, polls that were not authorized go on by themselves within the hour.
func (d *Desk) Resume(ctx context.Context, by By, account channel.AccountID) error {
	if err := d.permit(ctx, VerbResume, by); err != nil {
		return fmt.Errorf("socialcrm: resume %s: %w", account, err)
	}
	err := d.update(ctx, func(w *work) error {
		along, err := w.pausedAlong(account)
		if err != nil {
			return err
		}
		for _, id := range append([]channel.AccountID{account}, along...) {
			for _, queue := range w.d.queuesOf(id) {
				w.tx.ResumeQueue(queue)
			}
			w.tx.PutValue(ticket.Value{Key: resumedKey(id), Data: []byte(stamp(w.now))})
			w.checkSubscription(id)
			if acc := w.d.channelOf(id); acc != nil {
				w.pollGap(acc)
			}
			key, err := w.entryKey("resume/" + id.String())
			if err != nil {
				return err
			}
			w.append(ticket.Entry{Kind: ticket.ScopeResumed, Key: key, Actor: by.Actor, New: id.String()})
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("socialcrm: resume %s: %w", account, err)
	}
	return nil
}

const keysKeptFor = 7 * 24 * time.Hour

// usedKey is what a verb's key was used for.
type usedKey struct {
	Content string  `json:"content"`
	Receipt Receipt `json:"receipt"`
}

// verb runs one act on a ticket: who may, idempotency key, version, the act, the ticket written back.
func (d *Desk) verb(ctx context.Context, name Verb, id ticket.ID, by By, content any, act func(*work, *change) (Receipt, error)) (Receipt, error) {
	var receipt Receipt
	fail := func(err error) (Receipt, error) {
		return Receipt{}, fmt.Errorf("socialcrm: %s ticket %s: %w", name, id, err)
	}
	body, err := json.Marshal(content)
	if err != nil {
		return fail(fmt.Errorf("%w: %w", err, ErrInvalid))
	}
	if nobody(by.Actor) {
		return fail(errNobody)
	}
	if err := checkSound("what is given", struct{ ID, By, Content any }{id, by, content}); err != nil {
		return fail(err)
	}
	asked := hashID(string(name), string(id), string(body))
	err = d.authorized(ctx, name, id, by, func(version int64) error {
		return d.update(ctx, func(w *work) (err error) {
			receipt, err = w.verb(version, asked, id, by, act)
			return err
		})
	})
	if err != nil {
		return fail(err)
	}
	return receipt, nil
}

// verb is what of a verb happens in its transaction.
func (w *work) verb(version int64, asked string, id ticket.ID, by By, act func(*work, *change) (Receipt, error)) (receipt Receipt, err error) {
	if err := w.company.access(by.Actor, w.now); err != nil {
		return receipt, err
	}
	if receipt, done, err := w.done(by, asked); done || err != nil {
		return receipt, err
	}
	c, err := w.load(id)
	switch {
	case err != nil:
		return receipt, err
	case c.ID == "":
		return receipt, ErrNotFound
	case version != anyVersion && version != c.Version-1:
		return receipt, errMoved
	case by.IfVersion != 0 && by.IfVersion != c.Version-1:
		return receipt, fmt.Errorf("it is at version %d, not %d: %w", c.Version-1, by.IfVersion, ErrConflict)
	}
	if receipt, err = act(w, c); err != nil {
		return receipt, err
	}
	if len(c.entries) > 0 {
		c.finish()
	} else {
		c.Version-- // nothing happened
	}
	receipt.Ticket, receipt.Version = c.ID, c.Version
	return receipt, w.remember(by, asked, receipt)
}

// done returns what was done under the key before, if it was.
func (w *work) done(by By, asked string) (receipt Receipt, done bool, err error) {
	if by.Key == "" {
		return receipt, false, nil
	}
	values, err := w.tx.Values(ticket.ValueKey{Space: "by", Name: by.Key})
	if err != nil || values[0].Data == nil {
		return receipt, false, err
	}
	var used usedKey
	if err := json.Unmarshal(values[0].Data, &used); err != nil {
		return receipt, false, err
	}
	if used.Content != asked {
		return receipt, false, fmt.Errorf("key %q was used for something else: %w", by.Key, ErrConflict)
	}
	return used.Receipt, true, nil
}

// remember keeps the receipt under the key.
func (w *work) remember(by By, asked string, receipt Receipt) error {
	if by.Key == "" {
		return nil
	}
	data, err := json.Marshal(usedKey{asked, receipt})
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: ticket.ValueKey{Space: "by", Name: by.Key}, Data: data, Expires: w.now.Add(keysKeptFor)})
	}
	return err
}

// newKey names something that the verb makes: the ticket's version makes it new, and a second run of the same transaction the same.
func (c *change) newKey(what string) string {
	return what + "/" + string(c.ID) + "/" + strconv.FormatInt(c.Version, 10)
}

// solve sets the ticket solved and frees its agent.
func (w *work) solve(c *change, at time.Time, order, key string, actor ticket.Actor, reason string) error {
	if err := c.setStatus(ticket.Solved, at, order, key, actor, reason); err != nil {
		return err
	}
	return w.handBack(c)
}

// handBack lets the agent of a ticket that is done take another one.
func (w *work) handBack(c *change) error {
	if err := w.tx.Release(c.ID, w.now); err != nil {
		return err
	}
	return w.freed(c.Agent)
}
