package socialcrm

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Merge makes another ticket part of this one, because both are about one matter: its conversations and messages move here, its clocks are folded together with this
// one's, and it is closed. Where that leaves more to do, this one takes the other's status over: it is open where either waits for us. Unmerge undoes it. ErrInvalid when this one is closed, or when retention let go of what was said in the other (Ticket.Pruned).
// A verb that names the other one acts on this one from then on; a Reply or MovePrivate that names it answers who wrote there last.
func (d *Desk) Merge(ctx context.Context, id ticket.ID, by By, other ticket.ID) (Receipt, error) {
	return d.verb(ctx, "merge", id, by, other, func(w *work, c *change) (Receipt, error) {
		return Receipt{}, w.absorb(c, merging{from: other, actor: by.Actor})
	})
}

// Unmerge takes a ticket that was merged into this one out again, with its conversations and what was said in them. Both have the clocks and the statuses that they would have
// without the merge; what was new is open. ErrInvalid when it is no part of it, when that was
// erased, and when retention let go of it.
func (d *Desk) Unmerge(ctx context.Context, id ticket.ID, by By, other ticket.ID) (Receipt, error) {
	return d.verb(ctx, "unmerge", id, by, other, func(w *work, c *change) (Receipt, error) {
		return Receipt{}, w.expel(c, other, by.Actor)
	})
}

// merging says which ticket becomes part of another one, and why.
type merging struct {
	from    ticket.ID
	actor   ticket.Actor
	reason  string
	oneLine bool // what is said in the conversations of one answers those of the other too
}

// merge makes one ticket part of another.
func (w *work) merge(into ticket.ID, m merging) error {
	c, err := w.load(into)
	if err != nil {
		return err
	}
	if err := w.absorb(c, m); err != nil {
		return err
	}
	c.finish()
	return nil
}

// absorb makes another ticket part of the one being changed.
func (w *work) absorb(c *change, m merging) error {
	id, actor, reason := m.from, m.actor, m.reason
	found, err := w.tx.Tickets(id)
	if err != nil {
		return err
	}
	switch other := found[0]; {
	case other.ID == "":
		return fmt.Errorf("ticket %s: %w", id, ErrNotFound)
	case other.ID == c.ID:
		return fmt.Errorf("a ticket cannot be merged into itself: %w", ErrInvalid)
	case other.MergedInto != "":
		return fmt.Errorf("ticket %s is part of ticket %s already: %w", id, other.MergedInto, ErrInvalid)
	case c.Status == ticket.Closed:
		return fmt.Errorf("it is closed for good: %w", ErrInvalid)
	case other.Pruned != "":
		return fmt.Errorf("what was said in ticket %s was let go of: %w", id, ErrInvalid)
	}
	other, err := w.load(id)
	if err != nil {
		return err
	}
	line := string(other.ID)
	if m.oneLine {
		line = ""
	}
	if err := c.takeIn(other, line); err != nil {
		return err
	}
	if err := w.tx.Release(other.ID, w.now); err != nil {
		return err
	}
	if err := w.freed(other.Agent); err != nil {
		return err
	}
	c.standTogether(other)
	was, together, stepped := c.Status, statusTogether(c.Status, other.Status), other.happened()
	c.Absorbed = append(append(slices.Clone(c.Absorbed), other.ID), other.Absorbed...)
	for _, p := range other.Parties {
		if c.PartyIn(p.Conversation) == nil {
			c.Parties = append(slices.Clone(c.Parties), p)
		}
	}
	c.Consults = append(slices.Clone(c.Consults), other.Consults...)
	for _, tag := range other.Tags {
		if i, there := slices.BinarySearch(c.Tags, tag); !there {
			c.Tags = slices.Insert(slices.Clone(c.Tags), i, tag)
		}
	}
	c.raiseWith(other)
	if other.CustomerWrote.After(c.CustomerWrote) {
		c.CustomerWrote = other.CustomerWrote
	}
	if other.Answered.After(c.Answered) {
		c.Answered = other.Answered
	}
	if c.Private == (ticket.PrivateOffer{}) {
		c.Private = other.Private
	}
	c.windowStepped(other)
	if c.Contact == "" && c.Campaign == 0 {
		c.Contact, c.contact = other.Contact, other.contact
	}
	merged := ticket.Entry{Kind: ticket.TicketMerged, Actor: actor, New: string(other.ID), Reason: reason}
	if m.oneLine {
		merged.Old = ticket.OneLine
	}
	c.journal(merged)
	// The other's own clocks end with it: they run on in the survivor.
	other.MergedInto, other.OneLine, other.Status, other.Clocks.Clocks = c.ID, m.oneLine, ticket.Closed, nil
	other.before, other.retold = other.Clocks, nil
	other.Stepped, other.Consults = nil, nil
	w.tx.Cancel(clockTaskID(other.ID))
	merged.New = string(c.ID)
	if !m.oneLine { // what was promised and judged until now stays as it was, and goes on under what the whole is
		mark, facts := other.afterAll(c.afterAll(sla.Mark{Time: w.now, Key: other.newKey("merge")})), c.ClockFacts(c.contact)
		merged.Clock = &sla.Event{Kind: sla.Merged, Mark: mark, Into: string(c.ID), Facts: &facts}
		if together != was {
			merged.Clock.Status = together
		}
	}
	other.journal(merged)
	other.finish()
	if together != was {
		c.stand(together, w.now, actor, "the ticket merged into it is "+string(together))
	}
	if err := c.foldAnew(); err != nil {
		return err
	}
	c.haveHappened(stepped, "", line)
	switch {
	case was.Done() && !together.Done():
		return w.takeUpAgain(c)
	case together != was:
		if err := w.unattended(c); err != nil {
			return err
		}
		return c.knowFacts("merge")
	}
	return nil
}

// statusTogether is the status of a ticket that another one is merged into: that of the two which leaves most to do, whichever survives. Who was not answered waits on though the
// other one waits for its customer.
func statusTogether(survivor, other ticket.Status) ticket.Status {
	todo := func(s ticket.Status) int {
		return slices.Index([]ticket.Status{ticket.Pending, ticket.OnHold, ticket.Open}, s)
	}
	switch {
	case survivor == ticket.New:
		return survivor
	case other == ticket.New:
		other = ticket.Open
	}
	if todo(other) > todo(survivor) {
		return other
	}
	return survivor
}

// foldAnew folds everything that counts for the ticket, and brings the clocks to its own facts and, where they know another one, to its status. A status that an answer brought
// is not told again: it goes with the answer, should that never have arrived.
func (c *change) foldAnew() error {
	state, err := c.refold()
	if err != nil {
		return err
	}
	c.Clocks = state
	e := sla.Event{Kind: sla.FactsChanged, Mark: c.afterAll(sla.Mark{Time: c.w.now, Key: c.newKey("fold")})}
	if state.Status != c.Status {
		e.Kind, e.Status = sla.StatusChanged, c.Status
	}
	clock, err := c.fold(e)
	if err != nil {
		return err
	}
	c.entries[len(c.entries)-1].Clock = clock
	return nil
}

// expel takes a ticket out of the one being changed.
func (w *work) expel(c *change, id ticket.ID, actor ticket.Actor) error {
	i := slices.Index(c.Absorbed, id)
	if i < 0 {
		return fmt.Errorf("ticket %s is no part of it: %w", id, ErrInvalid)
	}
	found, err := w.tx.Tickets(id)
	if err != nil {
		return err
	}
	if !c.Erased.IsZero() || !found[0].Erased.IsZero() {
		return fmt.Errorf("what was said in it is erased: %w", ErrInvalid)
	}
	if c.Pruned != "" || found[0].Pruned != "" {
		return fmt.Errorf("what was said in it was let go of: %w", ErrInvalid)
	}
	other := w.begin(found[0], nil)
	if err := other.meetContact(); err != nil {
		return err
	}
	stepped := c.happened()
	parts := []ticket.ID{id} // those that came with it, and are still here, go with it
	other.Absorbed = slices.DeleteFunc(slices.Clone(other.Absorbed), func(part ticket.ID) bool { return !slices.Contains(c.Absorbed, part) })
	parts = append(parts, other.Absorbed...)
	c.Absorbed = slices.DeleteFunc(slices.Clone(c.Absorbed), func(part ticket.ID) bool { return slices.Contains(parts, part) })
	came, err := c.giveBack(other, parts)
	if err != nil {
		return err
	}
	c.standApart(other)
	if c.Campaign > 1 {
		c.Campaign--
	}
	c.journal(ticket.Entry{Kind: ticket.TicketUnmerged, Actor: actor, New: string(id)})
	other.journal(ticket.Entry{Kind: ticket.TicketUnmerged, Actor: actor, New: string(c.ID)})
	if err := other.takeAlong(c, actor); err != nil {
		return err
	}
	if err := other.takeConsults(c); err != nil {
		return err
	}
	if other.Agent != "" { // who held it before the merge
		other.journal(ticket.Entry{Kind: ticket.TicketAssigned, Actor: actor, Old: other.Agent, Reason: "it is a ticket of its own again"})
	}
	other.MergedInto, other.OneLine, other.Status, other.Agent = "", false, ticket.Open, ""
	alone, err := other.refold()
	if err != nil {
		return err
	}
	if !came && alone.Status != ticket.New && alone.Status != "" { // what its customer wrote late opens it now
		other.Status = alone.Status
	}
	if !other.Status.Done() {
		other.SolvedAt = time.Time{}
	}
	// What only the whole's statuses and promises judged is taken back with it, and what nobody judged there is told: here the customer waits on.
	if err := other.foldAnew(); err != nil {
		return err
	}
	other.haveHappened(stepped, string(id), "")
	if !other.Status.Done() {
		m, err := w.deciding(other)
		if err == nil {
			err = w.route(other, m)
		}
		if err != nil {
			return err
		}
	}
	if err := other.knowFacts("unmerge"); err != nil {
		return err
	}
	other.finish()
	return c.settleWithout(id, actor)
}

// settleWithout folds everything again that counts for the ticket without the one that was taken out, and gives it the status that it would have then.
func (c *change) settleWithout(id ticket.ID, actor ticket.Actor) error {
	state, err := c.refold()
	if err != nil {
		return err
	}
	if state.Status != "" && state.Status != c.Status {
		c.stand(state.Status, state.StatusSince, actor, "it was not this one that ticket "+string(id)+" opened")
	}
	if err := c.foldAnew(); err != nil || !c.Status.Done() {
		return err
	}
	return c.w.handBack(c)
}

// standApart notes on two tickets that a person knows them to be two matters, not related either. The newest few are remembered.
func (c *change) standApart(other *change) {
	const most = 16
	note := func(t *ticket.Ticket, id ticket.ID) {
		if !slices.Contains(t.Apart, id) {
			t.Apart = append(slices.Clone(t.Apart), id)
			t.Apart = t.Apart[max(len(t.Apart)-most, 0):]
		}
	}
	note(&c.Ticket, other.ID)
	note(&other.Ticket, c.ID)
	c.unrelate(other.ID)
	other.unrelate(c.ID)
}

// standTogether forgets that somebody held two tickets for two matters; what was related to either is related to both.
func (c *change) standTogether(other *change) {
	forget := func(t *ticket.Ticket, id ticket.ID) {
		if i := slices.Index(t.Apart, id); i >= 0 {
			t.Apart = slices.Delete(slices.Clone(t.Apart), i, i+1)
		}
	}
	forget(&c.Ticket, other.ID)
	forget(&other.Ticket, c.ID)
	for _, r := range other.Related { // what is about the one is about both
		if r.Ticket != c.ID && !c.RelatedTo(r.Ticket) && len(c.Related) < relatedKept {
			c.Related = append(slices.Clone(c.Related), r)
		}
	}
	c.unrelate(other.ID)
}

// meetContact finds whose ticket it is by now: while it was part of another one, contacts may have been merged or taken apart.
func (c *change) meetContact() error {
	convs, err := c.w.tx.Conversations(c.Conversations...)
	if err != nil {
		return err
	}
	for _, conv := range convs {
		if conv.Author.ID == "" || c.PartyIn(conv.Key) != nil {
			continue
		}
		identities, err := c.w.tx.Identities(ticket.IdentityKey{Platform: conv.Key.Account.Platform, ID: conv.Author.ID})
		if err != nil {
			return err
		}
		if identities[0].Contact != "" {
			c.Contact = identities[0].Contact
			break
		}
	}
	if c.Contact == "" {
		return nil
	}
	if c.contact, err = c.w.contact(c.Contact); err == nil {
		c.Contact = c.contact.ID
	}
	return err
}

// takeAlong notes in the ticket's own journal which messages something happened to while it was part of another one, so that the CRMs file them with its case, and who
// took part in it meanwhile.
func (c *change) takeAlong(from *change, actor ticket.Actor) error {
	keys, known := []string{}, map[string]bool{}
	for _, id := range append([]ticket.ID{from.ID}, from.Absorbed...) {
		err := c.w.eachEntry(id, func(e *ticket.Entry) {
			if e.Message != "" && !known[e.Message] {
				keys, known[e.Message] = append(keys, e.Message), true
			}
		})
		if err != nil {
			return err
		}
	}
	messages, err := c.w.tx.Messages(keys...)
	if err != nil {
		return err
	}
	var authors []ticket.IdentityKey
	for _, m := range messages {
		if m.Key == "" || m.Ticket != c.ID {
			continue
		}
		c.journal(ticket.Entry{Kind: ticket.MessageMoved, Actor: actor, Message: m.Key, Old: string(from.ID)})
		author := ticket.IdentityKey{Platform: m.Conversation.Account.Platform, ID: m.Content.Author.ID}
		if m.Direction == ticket.Inbound && author.ID != "" && !slices.Contains(authors, author) {
			authors = append(authors, author)
		}
	}
	identities, err := c.w.tx.Identities(authors...)
	if err != nil {
		return err
	}
	for _, i := range identities {
		if i.Contact == "" {
			continue
		}
		who, err := c.w.contact(i.Contact)
		if err != nil {
			return err
		}
		c.w.tookPart(who.ID, &c.Ticket)
	}
	return nil
}
