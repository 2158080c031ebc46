package socialcrm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
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
}

// Receipt is what a verb did.
type Receipt struct {
	Ticket  ticket.ID `json:"ticket"`
	Version int64     `json:"version"`
	// Messages are the keys of the messages that the verb made: the parts of a reply, a note.
	Messages []string `json:"messages,omitempty"`
}

// Reply is an answer to the customer.
type Reply struct {
	// Text is plain text; the Desk splits it where the platform's posts are shorter.
	Text string `json:"text,omitempty"`
	// Attachments go with the first part.
	Attachments []channel.Attachment `json:"attachments,omitempty"`
	// InReplyTo is the key of the message it answers. Empty: the customer's latest.
	InReplyTo string `json:"in_reply_to,omitempty"`
	// Then is the status of the ticket once the reply is out: open (also when empty), pending, on-hold or solved.
	Then ticket.Status `json:"then,omitempty"`
	// Automated marks a text that no person wrote.
	Automated bool `json:"automated,omitempty"`
	// Signature is the agent's first name to sign with; empty: unsigned.
	Signature string `json:"signature,omitempty"`
	// Template is a prepared text, where the platform takes only these.
	Template *channel.Template `json:"template,omitempty"`
}

// Reply sends an answer through the channel on which the customer wrote. It returns once the answer is stored; it goes out after that, and the journal tells how
// it went. Errors: ErrNotFound, ErrConflict, ErrInvalid (nothing to send, no such channel), and a *remote.Error of kind WindowClosed or PolicyBlocked when
// the platform would not take it.
func (d *Desk) Reply(ctx context.Context, id ticket.ID, by By, r Reply) (Receipt, error) {
	return d.verb(ctx, "reply to", id, by, r, func(w *work, c *change) (Receipt, error) { return w.reply(c, by, r) })
}

// Note adds a text for colleagues; no customer sees it, and no clock stops.
func (d *Desk) Note(ctx context.Context, id ticket.ID, by By, text string) (Receipt, error) {
	return d.verb(ctx, "note on", id, by, text, func(w *work, c *change) (Receipt, error) {
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

// Assign gives the ticket to an agent of the Setup, within the agent's capacity, or with an empty name back to its lane. ErrCapacity: the agent is not
// available or has no room.
func (d *Desk) Assign(ctx context.Context, id ticket.ID, by By, agent string) (Receipt, error) {
	return d.verb(ctx, "assign", id, by, agent, func(w *work, c *change) (Receipt, error) {
		if c.Status.Done() {
			return Receipt{}, fmt.Errorf("it is %s: %w", c.Status, ErrInvalid)
		}
		if agent == c.Agent {
			return Receipt{}, nil
		}
		was := c.Agent
		if agent != "" {
			if _, known := w.company.roster.Agent(agent); !known {
				return Receipt{}, fmt.Errorf("agent %q: %w", agent, ErrNotFound)
			}
			ok, err := w.tx.Reserve(agent, c.ID, 1)
			if err != nil {
				return Receipt{}, err
			}
			if !ok {
				return Receipt{}, fmt.Errorf("agent %q: %w", agent, ErrCapacity)
			}
		} else if err := w.tx.Release(c.ID, w.now); err != nil {
			return Receipt{}, err
		}
		c.Agent = agent
		c.journal(ticket.Entry{Kind: ticket.TicketAssigned, Actor: by.Actor, Old: was, New: agent})
		if err := w.freed(was); err != nil {
			return Receipt{}, err
		}
		if agent != "" {
			if err := w.tellRoster(agent); err != nil {
				return Receipt{}, err
			}
			return Receipt{}, c.setStatus(ticket.Open, w.now, "", c.newKey("assign"), by.Actor, "")
		}
		return Receipt{}, nil
	})
}

// Resolve marks the ticket solved. The reason says why no answer is needed where none was given; it may be empty. A ticket that is solved already stays
// as it is.
func (d *Desk) Resolve(ctx context.Context, id ticket.ID, by By, reason string) (Receipt, error) {
	return d.verb(ctx, "resolve", id, by, reason, func(w *work, c *change) (Receipt, error) {
		if c.Status.Done() {
			return Receipt{}, nil
		}
		return Receipt{}, w.solve(c, w.now, "", c.newKey("resolve"), by.Actor, reason)
	})
}

// Reopen puts a solved ticket back to open, in its lane. A closed ticket stays closed: ErrInvalid.
func (d *Desk) Reopen(ctx context.Context, id ticket.ID, by By, reason string) (Receipt, error) {
	return d.verb(ctx, "reopen", id, by, reason, func(w *work, c *change) (Receipt, error) {
		switch {
		case c.Status == ticket.Closed:
			return Receipt{}, fmt.Errorf("it is closed for good: %w", ErrInvalid)
		case c.Status != ticket.Solved:
			return Receipt{}, nil
		}
		return Receipt{}, w.reopen(c, w.now, "", c.newKey("reopen"), by.Actor, reason)
	})
}

// SetPresence says whether an agent can be given work. Going available lets waiting tickets be handed out.
func (d *Desk) SetPresence(ctx context.Context, by By, agent string, p ticket.Presence) error {
	switch p {
	case ticket.Offline, ticket.Available, ticket.Busy, ticket.Away:
	default:
		return fmt.Errorf("socialcrm: set presence of %s: presence %q: want available, busy, away or offline (empty): %w", agent, string(p), ErrInvalid)
	}
	err := d.update(ctx, func(w *work) error {
		states, err := w.tx.Agents(agent)
		if err != nil {
			return err
		}
		state := states[0]
		if state.Name == "" {
			return fmt.Errorf("agent %q: %w", agent, ErrNotFound)
		}
		if state.Presence == p {
			return nil
		}
		was := state.Presence
		state.Presence, state.Since = p, w.now
		w.tx.PutAgent(state)
		w.append(ticket.Entry{Kind: ticket.AgentPresence, Key: "presence/" + agent + "/" + strconv.FormatInt(w.now.UnixNano(), 10), Actor: by.Actor, Old: string(was), New: string(p), Reason: agent})
		return w.freed(agent)
	})
	if err != nil {
		return fmt.Errorf("socialcrm: set presence of %s: %w", agent, err)
	}
	return nil
}

// Resume lets posts of an account go out again, after whatever paused them was mended.
func (d *Desk) Resume(ctx context.Context, by By, account channel.AccountID) error {
	err := d.update(ctx, func(w *work) error {
		w.tx.ResumeQueue(sendQueue(account))
		w.append(ticket.Entry{Kind: ticket.ScopeResumed, Key: "resume/" + account.String() + "/" + strconv.FormatInt(w.now.UnixNano(), 10), Actor: by.Actor, New: account.String()})
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

// verb runs one act on a ticket: idempotency key, version, the act, the ticket written back.
func (d *Desk) verb(ctx context.Context, name string, id ticket.ID, by By, content any, act func(*work, *change) (Receipt, error)) (Receipt, error) {
	var receipt Receipt
	fail := func(err error) (Receipt, error) {
		return Receipt{}, fmt.Errorf("socialcrm: %s ticket %s: %w", name, id, err)
	}
	body, err := json.Marshal(content)
	if err != nil {
		return fail(err)
	}
	asked := hashID(name, string(id), string(body))
	err = d.update(ctx, func(w *work) error {
		key := ticket.ValueKey{Space: "by", Name: by.Key}
		if by.Key != "" {
			values, err := w.tx.Values(key)
			if err != nil {
				return err
			}
			if values[0].Data != nil {
				var used usedKey
				if err := json.Unmarshal(values[0].Data, &used); err != nil {
					return err
				}
				if used.Content != asked {
					return fmt.Errorf("key %q was used for something else: %w", by.Key, ErrConflict)
				}
				receipt = used.Receipt
				return nil
			}
		}
		c, err := w.load(id)
		if err != nil {
			return err
		}
		if c.ID == "" {
			return ErrNotFound
		}
		if by.IfVersion != 0 && by.IfVersion != c.Version-1 {
			return fmt.Errorf("it is at version %d, not %d: %w", c.Version-1, by.IfVersion, ErrConflict)
		}
		if receipt, err = act(w, c); err != nil {
			return err
		}
		if len(c.entries) > 0 {
			c.finish()
		} else {
			c.Version-- // nothing happened
		}
		receipt.Ticket, receipt.Version = c.ID, c.Version
		if by.Key != "" {
			data, err := json.Marshal(usedKey{asked, receipt})
			if err != nil {
				return err
			}
			w.tx.PutValue(ticket.Value{Key: key, Data: data, Expires: w.now.Add(keysKeptFor)})
		}
		return nil
	})
	if err != nil {
		return fail(err)
	}
	return receipt, nil
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
	if err := w.tx.Release(c.ID, w.now); err != nil {
		return err
	}
	return w.freed(c.Agent)
}

// freed lets the lanes of an agent whose hands may be free hand out waiting tickets.
func (w *work) freed(agent string) error {
	if agent == "" {
		return nil
	}
	if err := w.tellRoster(agent); err != nil {
		return err
	}
	for _, a := range w.company.setup.Agents {
		if a.Name != agent {
			continue
		}
		for _, lane := range w.company.setup.Lanes {
			if slices.Contains(a.Teams, lane.Team) {
				w.tx.Schedule(drainTask(lane.Name, w.now))
			}
		}
	}
	return nil
}

// reply stores an answer, split into posts, and the tasks to send them.
func (w *work) reply(c *change, by By, r Reply) (Receipt, error) {
	switch r.Then {
	case "", ticket.Open, ticket.Pending, ticket.OnHold, ticket.Solved:
	default:
		return Receipt{}, fmt.Errorf("then %q: want open, pending, on-hold or solved: %w", r.Then, ErrInvalid)
	}
	if strings.TrimSpace(r.Text) == "" && len(r.Attachments) == 0 && r.Template == nil {
		return Receipt{}, fmt.Errorf("there is nothing to send: %w", ErrInvalid)
	}
	if c.Status == ticket.Closed {
		return Receipt{}, fmt.Errorf("it is closed for good: %w", ErrInvalid)
	}
	conv, to, err := w.answering(c, r.InReplyTo)
	if err != nil {
		return Receipt{}, err
	}
	acc := w.d.channelOf(conv.Key.Account)
	if acc == nil {
		return Receipt{}, fmt.Errorf("account %s is not known: %w", conv.Key.Account, ErrInvalid)
	}
	traits := acc.Traits(conv.Key.Visibility)
	if err := allowed(traits, conv, r, w.now); err != nil {
		return Receipt{}, err
	}
	texts, err := channel.Split(r.Text, r.Signature, traits)
	if err != nil {
		return Receipt{}, fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	if len(texts) == 0 {
		texts = []string{""}
	}
	reply := c.newKey("reply")
	out := channel.Outgoing{
		Account: conv.Key.Account, Visibility: conv.Key.Visibility, Thread: conv.Key.Thread, To: conv.Author, InReplyTo: to,
		CustomerWrote: conv.CustomerWrote, Attachments: r.Attachments, Automated: r.Automated, Template: r.Template, Signature: r.Signature,
	}
	receipt := Receipt{}
	for i, text := range texts {
		out.Key, out.Text = reply+"/"+strconv.Itoa(i+1), text
		if len(texts) > 1 {
			out.Part, out.Parts = i+1, len(texts)
		}
		if i > 0 {
			out.Attachments = nil
		}
		m := ticket.Message{
			Key: out.Key, Ticket: c.ID, Conversation: conv.Key, Direction: ticket.Outbound, Actor: by.Actor, Automated: r.Automated, Received: w.now,
			Content: channel.Message{Thread: conv.Key.Thread, Parent: to, Visibility: conv.Key.Visibility, Text: text, Attachments: out.Attachments, Time: w.now},
			Post:    &ticket.Post{Out: out, Reply: reply, State: ticket.PostQueued},
		}
		if i == len(texts)-1 {
			m.Post.Then = r.Then
		}
		w.putMessage(m)
		w.tx.Schedule(sendTask(&m, w.now))
		conv.Unfinished = append(conv.Unfinished, m.Key)
		receipt.Messages = append(receipt.Messages, m.Key)
		c.journal(ticket.Entry{Kind: ticket.ReplyQueued, Message: m.Key, Actor: by.Actor})
	}
	w.tx.PutConversation(conv)
	return receipt, nil
}

// answering finds the conversation that a reply goes to and the platform's ID of the message it answers.
func (w *work) answering(c *change, inReplyTo string) (ticket.Conversation, string, error) {
	if inReplyTo != "" {
		messages, err := w.tx.Messages(inReplyTo)
		if err != nil {
			return ticket.Conversation{}, "", err
		}
		m := messages[0]
		if m.Key == "" || m.Ticket != c.ID {
			return ticket.Conversation{}, "", fmt.Errorf("message %s: %w", inReplyTo, ErrNotFound)
		}
		convs, err := w.tx.Conversations(m.Conversation)
		if err == nil && convs[0].MovedTo != nil {
			convs, err = w.tx.Conversations(*convs[0].MovedTo)
		}
		if err != nil {
			return ticket.Conversation{}, "", err
		}
		return convs[0], m.Content.ID, nil
	}
	convs, err := w.tx.Conversations(c.Conversations...)
	if err != nil {
		return ticket.Conversation{}, "", err
	}
	convs = slices.DeleteFunc(convs, func(v ticket.Conversation) bool { return v.Ticket != c.ID || v.MovedTo != nil })
	if len(convs) == 0 {
		return ticket.Conversation{}, "", fmt.Errorf("it has no conversation to answer in: %w", ErrInvalid)
	}
	latest := slices.MaxFunc(convs, func(a, b ticket.Conversation) int {
		return cmp.Or(a.CustomerWrote.Compare(b.CustomerWrote), preferred(a, c.Account)-preferred(b, c.Account))
	})
	return latest, latest.CustomerMessage, nil
}

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
	window := t.ReplyWindow
	if !r.Automated && t.HumanWindow > window {
		window = t.HumanWindow
	}
	if window > 0 && r.Template == nil && now.Sub(conv.CustomerWrote) > window {
		return &remote.Error{Op: op, Kind: remote.WindowClosed, Message: "the customer last wrote at " + conv.CustomerWrote.UTC().Format(time.RFC3339)}
	}
	if r.Automated && t.NoAutomation {
		return &remote.Error{Op: op, Kind: remote.PolicyBlocked, Message: "automated posts are forbidden here"}
	}
	if t.MaxAttachments >= 0 && len(r.Attachments) > t.MaxAttachments {
		return fmt.Errorf("%s takes %d attachments, not %d: %w", op, t.MaxAttachments, len(r.Attachments), ErrInvalid)
	}
	return nil
}
