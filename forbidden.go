package socialcrm

import (
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// CannotReplyTag is put on a ticket whose customer cannot be answered through the Desk any more: the platform forbids it, or its window closed, and there is no other
// conversation. Lanes can take such tickets by it, for those who have a telephone.
const CannotReplyTag = "cannot-reply"

// forbidden is what it means for a ticket that the platform does not take an answer to its customer: the ticket is routed again, the journal lists which ways are
// left, and where the Desk has none, nobody waits for an answer there any more.
func (w *work) forbidden(key, reason string) error {
	messages, err := w.tx.Messages(key)
	if err != nil {
		return err
	}
	m := &messages[0]
	if m.Automated || m.Party != "" {
		return nil // a person may still answer the customer
	}
	c, err := w.load(m.Ticket)
	if err != nil || c.Status.Done() {
		return err
	}
	ways, err := w.otherWays(c, m)
	if err != nil {
		return err
	}
	system := ticket.Actor{Kind: ticket.BySystem}
	e := ticket.Entry{Kind: ticket.ReplyForbidden, Message: key, Actor: system, Reason: reason}
	lost := len(ways) == 0
	if lost {
		line, err := c.lineAt(m.Conversation)
		if err != nil {
			return err
		}
		if e.Clock, err = c.fold(sla.Event{Kind: sla.ReplyForbidden, Mark: c.afterAll(sla.Mark{Time: w.now, Key: key + "/forbidden"}), Line: line}); err != nil {
			return err
		}
	}
	if c.contact != nil && len(c.contact.Phones) > 0 {
		ways = append(ways, "telephone")
	}
	if c.contact != nil && len(c.contact.Emails) > 0 {
		ways = append(ways, "e-mail")
	}
	e.New = strings.Join(ways, ", ")
	c.journal(e)
	if lost {
		if err := c.retag(system, []string{CannotReplyTag}, nil); err != nil {
			return err
		}
	}
	if !c.Handed {
		if _, err := w.routeAgain(c); err != nil {
			return err
		}
		if err := c.knowFacts("forbidden"); err != nil {
			return err
		}
	}
	c.finish()
	return nil
}

// otherWays lists where else the Desk can answer the ticket's customer, when a post of it is forbidden.
func (w *work) otherWays(c *change, m *ticket.Message) (ways []string, err error) {
	convs, err := w.tx.Conversations(c.Conversations...)
	if err != nil {
		return nil, err
	}
	for _, conv := range convs {
		acc := w.d.channelOf(conv.Key.Account)
		elsewhere := conv.Key != m.Conversation || m.Post.Private
		if acc == nil || !elsewhere || conv.Ticket != c.ID || conv.MovedTo != nil || c.PartyIn(conv.Key) != nil {
			continue
		}
		if allowed(acc.Traits(conv.Key.Visibility), conv, Reply{}, w.now) == nil {
			ways = append(ways, conv.Key.Visibility.String()+" on "+conv.Key.Account.String())
		}
	}
	acc := w.d.channelOf(m.Conversation.Account)
	if acc == nil || m.Post.Private || m.Conversation.Visibility != channel.Public {
		return ways, nil
	}
	if _, able := acc.Channel.(channel.PrivateReplier); !able {
		return ways, nil
	}
	before, err := w.privateAnswer(ticket.MessageRef{Account: m.Conversation.Account, ID: m.Post.Out.InReplyTo})
	if before == nil && err == nil {
		ways = append(ways, "an answer in private on "+m.Conversation.Account.String())
	}
	slices.Sort(ways)
	return slices.Compact(ways), err
}
