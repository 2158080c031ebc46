package socialcrm

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Related says what tickets are to each other that one customer, by whatever identity, has on several channels at about the same time: likely one matter. They name each
// other (Ticket.Related), rules know it (the fact also_on), and whoever handles one gets the other, while available. A channel is another account, or the private side of
// one.
type Related struct {
	// Within is how soon after each other the customer must have written on both, by the platforms' times. 0: 1 hour; negative: never. At most 7 days.
	Within sla.Duration `json:"within,omitzero"`
	// Merge says which of them become one ticket, over the facts that ticket.Facts names of the ticket that was written to last and its message. What was asked on each
	// channel goes on waiting for its own answer there, and Unmerge undoes it. Zero: none does.
	Merge rule.Condition `json:"merge,omitzero"`
}

const (
	relatedWithin = time.Hour // unless a Setup says otherwise
	relatedMost   = 7 * 24 * time.Hour
	// relatedKept is how many related tickets one names.
	relatedKept = 16
)

// within is how soon after each other the customer must have written; false: it is never one matter.
func (r *Related) within() (time.Duration, bool) {
	return cmp.Or(time.Duration(r.Within), relatedWithin), r.Within >= 0
}

// compile checks what a Setup says of related tickets, and returns the rule by which they become one; nil: none.
func (r *Related) compile(predicates rule.Predicates, lists rule.Lists) (*rule.Set, error) {
	if time.Duration(r.Within) > relatedMost {
		return nil, fmt.Errorf("related.within: want at most %s, got %s", relatedMost, time.Duration(r.Within))
	}
	if r.Merge.IsZero() {
		return nil, nil
	}
	if r.Within < 0 {
		return nil, fmt.Errorf("related.merge: is never used, because within is negative")
	}
	b := rule.Builder{Predicates: predicates, Lists: lists}
	if _, err := b.Add(r.Merge); err != nil {
		return nil, fmt.Errorf("related.merge: %w", err)
	}
	set := b.Set()
	return set, rule.FaultsAt("related.merge: ", ticket.CheckFacts(set.Rule(0)))
}

// VerbUnrelate is Desk.Unrelate, for Config.Authorize.
const VerbUnrelate Verb = "unrelate"

// Unrelate says that two tickets of a customer, which name each other as related, are two matters after all. The Desk does not join them again by itself. ErrInvalid: they
// are not related.
func (d *Desk) Unrelate(ctx context.Context, id ticket.ID, by By, other ticket.ID) (Receipt, error) {
	return d.verb(ctx, VerbUnrelate, id, by, other, func(w *work, c *change) (Receipt, error) {
		if !c.RelatedTo(other) {
			return Receipt{}, fmt.Errorf("ticket %s is not related to it: %w", other, ErrInvalid)
		}
		o, err := w.load(other)
		if err != nil {
			return Receipt{}, err
		}
		c.standApart(o)
		c.journal(ticket.Entry{Kind: ticket.TicketUnrelated, Actor: by.Actor, Old: string(other)})
		o.journal(ticket.Entry{Kind: ticket.TicketUnrelated, Actor: by.Actor, Old: string(c.ID)})
		o.finish()
		return Receipt{}, nil
	})
}

// written is a ticket that a customer began in this transaction, which lists do not show yet.
type written struct {
	contact ticket.ContactID
	ticket  ticket.ID
}

// relate finds the customer's other tickets that are likely about what was just written, and lets them and this one name each other. It returns those that are new to it.
func (w *work) relate(c *change, e *channel.Event) ([]ticket.ID, error) {
	within, ever := w.company.setup.Related.within()
	if !ever || c.Contact == "" || c.Contact == w.newcomer {
		return nil, nil
	}
	if c.contact != nil && c.contact.ID == c.Contact && c.contact.OnlyOn(ticket.Channel{Account: e.Account, Visibility: e.Message.Visibility}) {
		return nil, nil
	}
	list, err := w.tx.ListTickets(ticket.TicketQuery{Contact: c.Contact, Newest: true, Page: ticket.Page{Limit: remembered}})
	if err != nil {
		return nil, err
	}
	var ids []ticket.ID
	for i := range list.Items {
		if t := &list.Items[i]; t.ID != c.ID && t.MergedInto == "" && (t.Account != e.Account || t.Visibility != e.Message.Visibility) {
			ids = append(ids, t.ID)
		}
	}
	for _, other := range w.written {
		if other.contact == c.Contact && other.ticket != c.ID && !slices.Contains(ids, other.ticket) {
			ids = append(ids, other.ticket)
		}
	}
	if len(ids) == 0 {
		return nil, nil
	}
	tickets, err := w.tx.Tickets(ids...) // as this transaction has them
	if err != nil {
		return nil, err
	}
	var found []ticket.ID
	for i := range tickets {
		t := &tickets[i]
		elsewhere := t.Account != e.Account || t.Visibility != e.Message.Visibility
		soon := !e.Time.Before(t.Created.Add(-within)) && !e.Time.After(later(t.Created, t.CustomerWrote).Add(within))
		if elsewhere && soon && t.Contact == c.Contact && canRelate(&c.Ticket, t) {
			found = append(found, t.ID)
			c.relateTo(t, "the customer wrote there too")
		}
	}
	return found, nil
}

// channel is where the ticket is.
func (c *change) channel() ticket.Channel {
	return ticket.Channel{Account: c.Account, Visibility: c.Visibility}
}

// tellWhere lets the contact know where it has this ticket, unless it knew before.
func (c *change) tellWhere() error {
	at := c.channel()
	switch {
	case c.Contact == "", c.Version > 1 && c.Contact == c.whose && at == c.where:
		return nil
	case c.contact != nil && c.contact.ID == c.Contact && slices.Contains(c.contact.Channels, at):
		return nil
	}
	known, err := c.w.tx.Contacts(c.Contact)
	if err != nil {
		return err
	}
	if n := len(known[0].Channels); n == 1 && known[0].Channels[0] != at { // two are as good as many
		known[0].Channels = append(slices.Clone(known[0].Channels), at)
		c.w.tx.PutContact(known[0])
	}
	return nil
}

// canRelate reports whether two tickets may be one matter, and do not say so yet.
func canRelate(a, b *ticket.Ticket) bool {
	return a.ID != b.ID && b.ID != "" && a.MergedInto == "" && b.MergedInto == "" && b.Status != ticket.Closed && a.Erased.IsZero() && b.Erased.IsZero() &&
		!a.RelatedTo(b.ID) && !slices.Contains(a.Apart, b.ID) && len(a.Related) < relatedKept && len(b.Related) < relatedKept
}

// relateTo lets the ticket name another one as related.
func (c *change) relateTo(t *ticket.Ticket, reason string) {
	c.Related = append(slices.Clone(c.Related), ticket.Related{Ticket: t.ID, Account: t.Account, Visibility: t.Visibility})
	c.journal(ticket.Entry{Kind: ticket.TicketRelated, Actor: ticket.Actor{Kind: ticket.BySystem}, New: string(t.ID), Reason: reason})
}

func (c *change) unrelate(id ticket.ID) {
	c.Related = slices.DeleteFunc(slices.Clone(c.Related), func(r ticket.Related) bool { return r.Ticket == id })
}

// relatedToo lets the tickets that were found name the one that was written to, which may raise their priority, and joins those that the company's rule says are one. It
// returns the ticket that is left of id.
func (w *work) relatedToo(id ticket.ID, m *channel.Message, found []ticket.ID) (ticket.ID, error) {
	for _, other := range found {
		t, err := w.ticket(id)
		if err != nil {
			return id, err
		}
		o, err := w.load(other)
		if err != nil {
			return id, err
		}
		if o.ID == t.ID || o.ID != other || o.RelatedTo(t.ID) {
			continue
		}
		if err := w.relateBack(o, &t); err != nil {
			return id, err
		}
		if into, err := w.oneMatter(&t, &o.Ticket, m); err != nil {
			return id, err
		} else if into != "" {
			id = into
		}
	}
	return id, nil
}

// relateBack lets a ticket name the one that was written to. If it waits and somebody has that one, who it is gets it.
func (w *work) relateBack(o *change, t *ticket.Ticket) error {
	o.relateTo(t, "the customer wrote there too")
	latest, err := w.latest(o)
	if err == nil && !o.Status.Done() {
		err = w.raise(o, latest)
	}
	if err != nil {
		return err
	}
	if o.waits() && t.Agent != "" && w.company.lane(o.Lane) != nil && w.d.cfg.Router == nil {
		d, agent, err := w.offered(o, o.Lane, "")
		if err != nil {
			return err
		}
		if agent != "" {
			if err := w.place(o, d, agent); err != nil {
				return err
			}
			if err := o.knowFacts("related"); err != nil {
				return err
			}
		}
	}
	o.finish()
	return nil
}

// oneMatter merges two related tickets where the company's rule says so, the older one surviving, which it returns.
func (w *work) oneMatter(t, other *ticket.Ticket, m *channel.Message) (ticket.ID, error) {
	if w.company.oneMatter == nil || t.Status.Done() || other.Status.Done() {
		return "", nil
	}
	c, err := w.load(t.ID)
	if err != nil {
		return "", err
	}
	asked := w.company.oneMatter.Ask(&ticket.Facts{Ticket: &c.Ticket, Contact: c.contact, Message: m})
	why, ok := asked.Match(0)
	if !ok {
		return "", nil
	}
	a, b := t, other
	if b.Created.Before(a.Created) || b.Created.Equal(a.Created) && b.ID < a.ID {
		a, b = b, a
	}
	reason := "one matter on several channels: " + why.String()
	return a.ID, w.merge(a.ID, merging{from: b.ID, actor: ticket.Actor{Kind: ticket.BySystem}, reason: reason})
}

// relatedAgents are those who handle the related tickets, or did last; the latest first.
func (w *work) relatedAgents(c *change) (names []string, err error) {
	if len(c.Related) == 0 {
		return nil, nil
	}
	ids := make([]ticket.ID, len(c.Related))
	for i, r := range c.Related {
		ids[i] = r.Ticket
	}
	tickets, err := w.tx.Tickets(ids...)
	if err != nil {
		return nil, err
	}
	for i := range slices.Backward(tickets) {
		t := &tickets[i]
		if t.MergedInto != "" {
			if *t, err = w.ticket(t.ID); err != nil {
				return nil, err
			}
		}
		if t.ID != c.ID && t.Agent != "" && t.Status != ticket.Closed && !slices.Contains(names, t.Agent) {
			names = append(names, t.Agent)
		}
	}
	return names, nil
}

const relateKind = "relate"

// relateTask looks at the tickets of a contact again, because it is another person now: one of two who turned out to be one, or one of two who are not.
func relateTask(id ticket.ContactID, due time.Time) ticket.Task {
	return ticket.Task{ID: relateKind + "/" + string(id), Kind: relateKind, Queue: relateKind, Due: due, Payload: []byte(id)}
}

// relateLater plans to look at the tickets of contacts again.
func (w *work) relateLater(ids ...ticket.ContactID) {
	if _, ever := w.company.setup.Related.within(); !ever {
		return
	}
	for _, id := range ids {
		w.tx.Schedule(relateTask(id, w.now))
	}
}

// relateAgain relates the latest tickets of a contact as if it had been known who it is when they were written, and lets those go that are another's.
func (w *work) relateAgain(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	within, ever := w.company.setup.Related.within()
	if !ever {
		return nil
	}
	list, err := w.tx.ListTickets(ticket.TicketQuery{Contact: ticket.ContactID(lease.Payload), Newest: true, Page: ticket.Page{Limit: remembered}})
	if err != nil {
		return err
	}
	tickets := slices.DeleteFunc(list.Items, func(t ticket.Ticket) bool { return t.MergedInto != "" })
	for i := range tickets {
		if err := w.unrelateOthers(&tickets[i]); err != nil {
			return err
		}
	}
	wrote := func(t *ticket.Ticket) time.Time { return later(t.Created, t.CustomerWrote) }
	slices.SortFunc(tickets, func(a, b ticket.Ticket) int {
		return cmp.Or(wrote(&a).Compare(wrote(&b)), strings.Compare(string(a.ID), string(b.ID)))
	})
	for j := range tickets {
		for i := range j {
			a, b := &tickets[i], &tickets[j]
			if a.Account == b.Account && a.Visibility == b.Visibility || b.Created.Sub(wrote(a)) > within {
				continue
			}
			if err := w.relateTwo(a.ID, b.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// relateTwo relates a ticket to another one that was written to before, as they are now.
func (w *work) relateTwo(id, to ticket.ID) error {
	c, err := w.load(to)
	if err != nil {
		return err
	}
	o, err := w.ticket(id)
	if err != nil || c.ID != to || o.ID != id || c.Status == ticket.Closed || o.Contact != c.Contact || !canRelate(&c.Ticket, &o) {
		return err
	}
	latest, err := w.latest(c)
	if err != nil {
		return err
	}
	c.relateTo(&o, "they turned out to be one customer's")
	if !c.Status.Done() {
		if err := w.raise(c, latest); err != nil {
			return err
		}
	}
	c.finish()
	_, err = w.relatedToo(to, latest, []ticket.ID{id})
	return err
}

// unrelateOthers lets those related tickets go that are another customer's by now.
func (w *work) unrelateOthers(t *ticket.Ticket) error {
	for _, r := range t.Related {
		c, err := w.load(t.ID)
		if err != nil {
			return err
		}
		o, err := w.load(r.Ticket)
		if err != nil {
			return err
		}
		if o.ID == "" || o.ID == c.ID || o.Contact == c.Contact {
			continue
		}
		const reason = "they turned out to be two customers'"
		c.unrelate(r.Ticket)
		c.journal(ticket.Entry{Kind: ticket.TicketUnrelated, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: string(r.Ticket), Reason: reason})
		c.finish()
		o.unrelate(c.ID)
		o.journal(ticket.Entry{Kind: ticket.TicketUnrelated, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: string(c.ID), Reason: reason})
		o.finish()
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
