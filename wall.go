package socialcrm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// PrivateRule says which public messages should leave the public wall: what shows somebody's data, what is angry, what many read. Who wrote one is offered an answer in
// private, by whoever has the ticket (Ticket.Private, MovePrivate), as long as the message waits for an answer; on accounts that can answer in private (channel.PrivateReplier).
type PrivateRule struct {
	// Name stands in the offer and in the journal.
	Name string `json:"name"`
	// When says what it is about, over the facts of ticket.Facts. It must not be empty.
	When rule.Condition `json:"when"`
	// Text is what MovePrivate says when it is given none, and what is said where Move is set. Empty: whoever takes up the offer writes.
	Text string `json:"text,omitempty"`
	// Move lets the Desk give the answer itself, at once, once for a ticket, where the platform permits that (channel.Traits.AutomatedPrivateReply). It wants a Text, which must say
	// that it is automated where the platform asks for that. It is no response of a person: the customer still waits for one. Elsewhere it is offered.
	Move bool `json:"move,omitempty"`
}

// compileWall compiles the rules for what should leave the wall, and tells all that is wrong with them.
func (s *Setup) compileWall(predicates rule.Predicates) (*rule.Set, error) {
	var wrong []error
	b := rule.Builder{Predicates: predicates, Lists: s.Words}
	var places []string
	for i, r := range s.Private {
		where := placeOf("private", "[%d]", i, r.Name) + ": "
		if r.Name == "" {
			wrong = append(wrong, fmt.Errorf("%sname is missing", where))
		} else if slices.ContainsFunc(s.Private[:i], func(o PrivateRule) bool { return o.Name == r.Name }) {
			wrong = append(wrong, fmt.Errorf("private[%d]: there are two named %q", i, r.Name))
		}
		if r.When.IsZero() {
			wrong = append(wrong, fmt.Errorf("%swhen is empty, so that nothing would stay in public", where))
		}
		if r.Move && strings.TrimSpace(r.Text) == "" {
			wrong = append(wrong, fmt.Errorf("%smove: wants a text", where))
		}
		if _, err := b.Add(r.When); err != nil {
			wrong = append(wrong, fmt.Errorf("%swhen: %w", where, err))
		} else {
			places = append(places, where)
		}
	}
	rules := b.Set()
	for i, where := range places {
		wrong = append(wrong, rule.FaultsAt(where+"when: ", ticket.CheckFacts(rules.Rule(i))))
	}
	return rules, rule.Faults(wrong...)
}

// leaveWall offers to answer a public message in private, or does it, where a rule says that it should not be dealt with in public. It costs nothing where there is none.
func (w *work) leaveWall(c *change, m *channel.Message, key string, conv *ticket.ConversationKey) error {
	rules := w.company.setup.Private
	if len(rules) == 0 || conv.Visibility != channel.Public || m.Author.Bot || m.Automated || c.Unanswered() == 0 {
		return nil
	}
	acc := w.d.channelOf(conv.Account)
	if acc == nil {
		return nil
	}
	if _, able := acc.Channel.(channel.PrivateReplier); !able {
		return nil
	}
	asked := w.company.wall.Ask(&ticket.Facts{Ticket: &c.Ticket, Contact: c.contact, Message: m})
	for i := range rules {
		match, ok := asked.Match(i)
		if !ok || c.Private.Rule == rules[i].Name && c.Private.Message == key {
			continue
		}
		before, err := w.privateAnswer(ticket.MessageRef{Account: conv.Account, ID: m.ID})
		if err != nil || before != nil {
			return err
		}
		c.Private = ticket.PrivateOffer{Rule: rules[i].Name, Message: key, Text: rules[i].Text}
		c.journal(ticket.Entry{Kind: ticket.PrivateOffered, Message: key, Actor: ticket.Actor{Kind: ticket.BySystem}, New: rules[i].Name, Reason: match.String()})
		return w.leadAway(c, &rules[i], m, acc)
	}
	return nil
}

// leadAway gives the answer in private that a rule says, where the platform permits that: once for a ticket, also when it goes wrong, for then a person has the offer.
func (w *work) leadAway(c *change, r *PrivateRule, m *channel.Message, acc *account) error {
	if traits := acc.Traits(channel.Private); !r.Move || !traits.AutomatedPrivateReply || traits.NoAutomation || c.Answered.After(m.Time) {
		return nil
	}
	if slices.ContainsFunc(c.Conversations, func(k ticket.ConversationKey) bool { return k.Visibility == channel.Private }) {
		return nil // the customer knows the way
	}
	once := ticket.EventKey{Account: channel.AccountID{Platform: "wall", ID: string(c.ID)}, Key: "led away"}
	seen, err := w.tx.Seen(once)
	if err != nil || seen[0] {
		return err
	}
	w.tx.MarkSeen(once)
	_, err = w.replyPrivately(c, ticket.Actor{Kind: ticket.BySystem}, Reply{InReplyTo: c.Private.Message, Automated: true, Text: r.Text})
	if _, forbidden := errors.AsType[*remote.Error](err); forbidden || errors.Is(err, ErrInvalid) || errors.Is(err, ErrConflict) {
		w.d.log.Debug("not led into private", "ticket", string(c.ID), "reason", err)
		return nil
	}
	return err
}

// takeUp fills in what the offer says, for an answer in private that leaves it out.
func (c *change) takeUp(r *Reply) {
	if offer := &c.Private; strings.TrimSpace(r.Text) == "" && offer.Text != "" && (r.InReplyTo == "" || r.InReplyTo == offer.Message) {
		r.Text, r.InReplyTo = offer.Text, offer.Message
	}
}
