package socialcrm

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Transfer is a hand-off to another lane.
type Transfer struct {
	// Lane is where it goes. Empty: the first lane of Team.
	Lane string `json:"lane,omitempty"`
	Team string `json:"team,omitempty"`
	// Reason says why; it stands in the journal.
	Reason string `json:"reason"`
	// Note is for whoever takes it, and stands among the messages, so that nobody has to ask again. Empty: none.
	Note string `json:"note,omitempty"`
}

// Transfer hands the ticket on to another lane, with everything that was said. Its agent is released, and somebody else of the lane gets it at once or when somebody
// has room; routing leaves it there from then on. Promises that depend on lane, agent or priority move at once. Errors: ErrInvalid (no reason, no such lane or
// team, a ticket that is solved or closed).
func (d *Desk) Transfer(ctx context.Context, id ticket.ID, by By, t Transfer) (Receipt, error) {
	return d.verb(ctx, VerbTransfer, id, by, t, func(w *work, c *change) (Receipt, error) {
		lane := w.company.lane(t.Lane)
		for i := range w.company.setup.Lanes {
			if l := &w.company.setup.Lanes[i]; t.Lane == "" && t.Team != "" && lane == nil && l.Team == t.Team {
				lane = l
			}
		}
		if lane == nil {
			return Receipt{}, fmt.Errorf("lane %q, team %q: there is no such lane: %w", t.Lane, t.Team, ErrInvalid)
		}
		return w.handOn(c, by.Actor, lane, t)
	})
}

// Escalate hands the ticket on to the next tier: the lane that its lane names as Escalation. Errors: as for Transfer; ErrInvalid where there is no next tier.
func (d *Desk) Escalate(ctx context.Context, id ticket.ID, by By, reason string) (Receipt, error) {
	return d.verb(ctx, VerbEscalate, id, by, reason, func(w *work, c *change) (Receipt, error) {
		from := w.company.lane(c.Lane)
		if from == nil || from.Escalation == "" {
			return Receipt{}, fmt.Errorf("lane %q names no escalation: %w", c.Lane, ErrInvalid)
		}
		return w.handOn(c, by.Actor, w.company.lane(from.Escalation), Transfer{Reason: reason})
	})
}

// TakeOver gives the ticket to the lead who acts, from whoever has it. Errors: ErrForbidden to all but a RoleLead, ErrCapacity when the lead is not available or has
// no room, ErrInvalid without a reason.
func (d *Desk) TakeOver(ctx context.Context, id ticket.ID, by By, reason string) (Receipt, error) {
	return d.verb(ctx, VerbTakeOver, id, by, reason, func(w *work, c *change) (Receipt, error) {
		if strings.TrimSpace(reason) == "" {
			return Receipt{}, errNoReason
		}
		if by.Actor.Kind != ticket.ByAgent || w.company.role(by.Actor) != routing.RoleLead {
			return Receipt{}, fmt.Errorf("%s is no lead: %w", cmp.Or(by.Actor.ID, "the actor"), ErrForbidden)
		}
		if err := w.assign(c, by.Actor, by.Actor.ID); err != nil || len(c.entries) == 0 {
			return Receipt{}, err
		}
		c.entries[0].Reason = reason
		return Receipt{}, nil
	})
}

// handOn puts the ticket into another lane for somebody else to take.
func (w *work) handOn(c *change, actor ticket.Actor, to *routing.Lane, t Transfer) (receipt Receipt, err error) {
	if strings.TrimSpace(t.Reason) == "" {
		return receipt, errNoReason
	}
	if c.Status.Done() {
		return receipt, fmt.Errorf("it is %s: %w", c.Status, ErrInvalid)
	}
	if strings.TrimSpace(t.Note) != "" {
		receipt.Messages = []string{w.note(c, "transfer note", actor, t.Note, ticket.Entry{Kind: ticket.NoteAdded})}
	}
	was, from := c.Agent, c.Lane
	if err := w.tx.Release(c.ID, w.now); err != nil {
		return receipt, err
	}
	c.Agent, c.Home, c.Handed, c.Returned = "", "", true, ticket.Return{}
	if err := w.freed(was); err != nil {
		return receipt, err
	}
	c.Lane, c.Team = to.Name, to.Team
	c.journal(ticket.Entry{Kind: ticket.TicketHanded, Actor: actor, Old: from, New: to.Name, Reason: t.Reason})
	if to.Priority != nil && *to.Priority > c.Priority {
		c.journal(ticket.Entry{Kind: ticket.TicketPriority, Actor: actor, Old: c.Priority.String(), New: to.Priority.String(), Reason: "lane " + to.Name})
		c.Priority = *to.Priority
	}
	handed := len(c.entries)
	if err := w.offer(c, to, was, t.Reason); err != nil {
		return receipt, err
	}
	if c.Agent == "" && was != "" && len(c.entries) == handed {
		c.journal(ticket.Entry{Kind: ticket.TicketAssigned, Actor: actor, Old: was, Reason: t.Reason})
	}
	return receipt, c.knowFacts("transfer")
}

// offer gives a ticket without an agent to somebody of the lane who can take it, but not to the one named; nobody may be there.
func (w *work) offer(c *change, lane *routing.Lane, not, reason string) error {
	d, agent, err := w.offered(c, lane.Name, not)
	if err != nil || agent == "" {
		return err
	}
	d.Matched = "handed on"
	why, err := json.Marshal(d)
	if err != nil {
		return err
	}
	c.journal(ticket.Entry{Kind: ticket.TicketAssigned, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: not, New: agent, Reason: reason, Detail: why})
	c.Agent = agent
	return nil
}

// knowFacts lets the clocks know at once what the ticket now is; the change's last entry, which made it so, carries that.
func (c *change) knowFacts(what string) error {
	if len(c.entries) == 0 || c.factsHold() {
		return nil
	}
	mark := sla.Mark{Time: c.w.now, Key: c.newKey(what)}
	if last := c.Clocks.Last; mark.Compare(last) <= 0 {
		mark = sla.Mark{Time: last.Time, Order: last.Order, Key: last.Key + "~"} // what it is now comes after all that is known
	}
	clock, err := c.fold(sla.Event{Kind: sla.FactsChanged, Mark: mark})
	c.entries[len(c.entries)-1].Clock = clock
	return err
}

// note adds a text for colleagues and returns its key.
func (w *work) note(c *change, what string, actor ticket.Actor, text string, e ticket.Entry) string {
	m := ticket.Message{
		Key: c.newKey(what), Ticket: c.ID, Direction: ticket.Internal, Actor: actor, Received: w.now,
		Conversation: first(c.Conversations), Content: channel.Message{Text: text, Time: w.now},
	}
	w.putMessage(m)
	e.Message, e.Actor = m.Key, actor
	c.journal(e)
	return m.Key
}
