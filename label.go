package socialcrm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// SetPriority says how urgent the ticket is; promises that depend on the priority move at once. Routing leaves it so, whatever is known later and whichever Setup is applied; a
// step of a promise can raise it, and a rule of its lane when the customer writes more, but only to more than it was before. ErrInvalid: there is no such priority, or it is closed.
func (d *Desk) SetPriority(ctx context.Context, id ticket.ID, by By, p ticket.Priority) (Receipt, error) {
	return d.verb(ctx, VerbSetPriority, id, by, p, func(w *work, c *change) (Receipt, error) {
		switch {
		case p < ticket.Low || p > ticket.Urgent:
			return Receipt{}, fmt.Errorf("%s: want low, normal, high or urgent: %w", p, ErrInvalid)
		case c.Status == ticket.Closed:
			return Receipt{}, errClosed
		case p == c.Priority:
			return Receipt{}, nil
		}
		e := ticket.Entry{Kind: ticket.TicketPriority, Actor: by.Actor, Old: c.Priority.String(), New: p.String()}
		if !c.Ranked.Person {
			c.Ranked = ticket.Ranking{Person: true, Over: c.Priority}
		}
		c.Priority = p
		return Receipt{}, c.tell("priority", e)
	})
}

// raiseWith gives the ticket the priority of another one that becomes part of it, where that is higher. A campaign is ranked by its lane, not by what its people were before it
// was known.
func (c *change) raiseWith(other *change) {
	if other.Priority <= c.Priority || c.Campaign > 0 {
		return
	}
	c.journal(ticket.Entry{
		Kind: ticket.TicketPriority, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: c.Priority.String(), New: other.Priority.String(), Reason: "ticket " + string(other.ID) + " is part of it",
	})
	if c.Priority = other.Priority; other.Ranked.Person {
		c.Ranked = other.Ranked
	}
}

// Tag puts tags on the ticket; those that it has already do nothing. A tag is a text without spaces around it. ErrInvalid: no tag, or an empty one.
func (d *Desk) Tag(ctx context.Context, id ticket.ID, by By, tags ...string) (Receipt, error) {
	return d.verb(ctx, VerbTag, id, by, tags, func(_ *work, c *change) (Receipt, error) {
		return Receipt{}, c.retag(by.Actor, tags, nil)
	})
}

// Untag takes tags off the ticket; those that it does not have do nothing. ErrInvalid: no tag, or an empty one.
func (d *Desk) Untag(ctx context.Context, id ticket.ID, by By, tags ...string) (Receipt, error) {
	return d.verb(ctx, VerbUntag, id, by, tags, func(_ *work, c *change) (Receipt, error) {
		return Receipt{}, c.retag(by.Actor, nil, tags)
	})
}

// retag changes the ticket's tags, which stay in alphabetical order.
func (c *change) retag(actor ticket.Actor, add, remove []string) error {
	named := slices.Concat(add, remove)
	for i := range named {
		if named[i] = strings.TrimSpace(named[i]); named[i] == "" {
			return fmt.Errorf("a tag is empty: %w", ErrInvalid)
		}
	}
	if len(named) == 0 {
		return fmt.Errorf("no tag is named: %w", ErrInvalid)
	}
	add, remove = named[:len(add)], named[len(add):]
	tags := slices.DeleteFunc(slices.Concat(c.Tags, add), func(tag string) bool { return slices.Contains(remove, tag) })
	slices.Sort(tags)
	tags = slices.Compact(tags)
	if slices.Equal(tags, c.Tags) {
		return nil
	}
	e := ticket.Entry{Kind: ticket.TicketTags, Actor: actor, Old: strings.Join(c.Tags, ", "), New: strings.Join(tags, ", ")}
	c.Tags = tags
	return c.tell("tags", e)
}

// tell journals a change of what the ticket is, and lets the clocks know at once.
func (c *change) tell(what string, e ticket.Entry) error {
	c.journal(e)
	return c.knowFacts(what)
}
