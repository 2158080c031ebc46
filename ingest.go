package socialcrm

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Outcome says what became of an event.
type Outcome string

const (
	Created     Outcome = "created"     // it began a ticket
	FollowedUp  Outcome = "followed up" // it began a ticket that continues an older one
	Reopened    Outcome = "reopened"    // it reopened a solved ticket
	Joined      Outcome = "joined"      // it joined a ticket, or changed something in it
	Recorded    Outcome = "recorded"    // it was kept, but belongs to no ticket
	Duplicate   Outcome = "duplicate"   // it was here before
	Dropped     Outcome = "dropped"     // its author, or whom it answers, was erased after it was written (EraseContact), so nothing of it is kept
	Quarantined Outcome = "quarantined" // it could not be taken in; it is kept with the reason
)

// Result is what became of one event.
type Result struct {
	Outcome Outcome
	// Ticket is the ticket that it belongs to now; empty when none.
	Ticket ticket.ID
	// Message is the key of its message in the Store; empty when none.
	Message string
	// Reason says why it was quarantined.
	Reason string
}

// Ingest takes events in, from anywhere, and returns what became of each, in order. When it returns without an error, all of them are stored; with an error none
// is, or (when ctx ended while waiting) perhaps all: give them again, redelivery does no harm. A bad event costs the others nothing: it is quarantined. Calls
// that come together share a commit.
func (d *Desk) Ingest(ctx context.Context, events ...channel.Event) ([]Result, error) {
	if len(events) == 0 {
		return nil, nil
	}
	a := &arrival{events: events}
	if err := d.group.do(ctx, d, a); err != nil {
		return nil, fmt.Errorf("socialcrm: ingest: %w", err)
	}
	return a.results, nil
}

// arriveAll takes in what shares the transaction.
func (w *work) arriveAll() error {
	if err := w.readAhead(); err != nil {
		return err
	}
	for _, a := range w.come {
		if err := w.arrive(a); err != nil {
			return err
		}
	}
	return nil
}

// arrive takes in what came together, each event on its own.
func (w *work) arrive(a *arrival) error {
	a.results = slices.Grow(a.results[:0], len(a.events))
	for i := range a.events {
		w.current = a.events[i] // a copy: fn may run again
		clean(&w.current)
		err := w.try((*work).takeIn)
		if reason, bad := err.(badEvent); bad {
			bad := a.events[i]
			clean(&bad)
			w.result, err = Result{Outcome: Quarantined, Reason: string(reason)}, w.quarantine(QuarantineEntry{Source: a.source, Reason: string(reason), Account: bad.Account, Event: &bad})
		}
		if err != nil {
			return err
		}
		a.results = append(a.results, w.result)
		if w.result.Outcome != Duplicate && w.result.Outcome != Quarantined {
			if err := w.alive(w.current.Account); err != nil {
				return err
			}
		}
	}
	for _, b := range a.bad {
		clean(&b)
		if err := w.quarantine(QuarantineEntry{Source: a.source, Reason: b.Reason, Where: b.Where, Account: b.Account, Raw: b.Raw}); err != nil {
			return err
		}
	}
	if a.then != nil {
		return a.then(w)
	}
	return nil
}

// takeIn takes in the current event.
func (w *work) takeIn() (err error) {
	if w.result, err = w.event(&w.current); err != nil {
		return err
	}
	return w.deal()
}

// badEvent is why an event cannot be taken in.
type badEvent string

func (b badEvent) Error() string { return string(b) }

// event takes in one event.
func (w *work) event(e *channel.Event) (Result, error) {
	w.receive(e)
	if err := e.Check(); err != nil {
		return Result{}, badEvent(err.Error())
	}
	acc := w.d.channelOf(e.Account)
	if acc == nil {
		return Result{}, badEvent(fmt.Sprintf("event %s: account %s is not known", e.Kind, e.Account))
	}
	e.Time = happened(e)
	if key := e.DedupeKey(); key != "" {
		w.keys.event[0] = ticket.EventKey{Account: e.Account, Key: key}
		seen, err := w.tx.Seen(w.keys.event[:]...)
		if err != nil {
			return Result{}, err
		}
		if seen[0] {
			return w.again(e)
		}
		w.tx.MarkSeen(w.keys.event[:]...)
	}
	switch e.Kind {
	case channel.MessageReceived:
		return w.received(e, acc)
	case channel.MessageEchoed:
		return w.echoed(e)
	case channel.MessageEdited, channel.MessageDeleted, channel.ReactionChanged, channel.MessageModerated:
		return w.altered(e)
	case channel.ReceiptArrived:
		return w.receipt(e)
	case channel.AuthorizationLost, channel.SubscriptionLost:
		return Result{Outcome: Recorded}, w.accountLost(e)
	case channel.ControlChanged:
		return w.controlChanged(e)
	case channel.ConversationOpened:
		return w.opened(e)
	}
	return Result{Outcome: Recorded}, nil
}

// receive notes when an event came: now, unless it says so itself.
func (w *work) receive(e *channel.Event) {
	if e.Received.IsZero() || e.Received.After(w.now) {
		e.Received = w.now
	}
}

// happened is the platform's time of an event, never in the future.
func happened(e *channel.Event) time.Time {
	t := e.Time
	if t.IsZero() {
		t = e.Message.Time
	}
	if t.IsZero() || t.After(e.Received) {
		return e.Received
	}
	return t
}

// again looks at a copy of a message that is here already: it may tell more than the first.
func (w *work) again(e *channel.Event) (Result, error) {
	r := Result{Outcome: Duplicate}
	if e.Kind != channel.MessageReceived && e.Kind != channel.MessageEchoed {
		return r, nil
	}
	found, err := w.byRef(ticket.MessageRef{Account: e.Account, ID: e.Message.ID})
	if err != nil || found[0].Key == "" {
		return r, err
	}
	m := found[0]
	r.Ticket, r.Message = m.Ticket, m.Key
	if m.Post != nil || !m.Deleted.IsZero() {
		return r, nil
	}
	if gone, err := w.forgottenLate(&m, e); err != nil || gone {
		return Result{Outcome: Dropped}, err
	}
	switch {
	case saidFirst(&m, e):
		return r, w.completed(&m, e)
	case !m.Edited.IsZero():
		return r, nil
	}
	late := m.Direction == ticket.Inbound && (m.Content.Author.ID == "" && e.Message.Author.ID != "" || m.Content.Thread == "" && e.Message.Thread != "")
	if !fillIn(&m.Content, &e.Message) {
		return r, nil
	}
	if err := w.completed(&m, e); err != nil || m.Ticket == "" || !late {
		return r, err
	}
	return r, w.rekey(m.Key)
}

// completed stores a message of which a further copy told more.
func (w *work) completed(m *ticket.Message, e *channel.Event) error {
	w.tx.PutMessage(*m)
	if m.Ticket == "" {
		w.saidApart(m.Conversation.Account, m.Content.Author.ID, m)
		return nil
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	c.journal(ticket.Entry{Kind: ticket.MessageCompleted, Message: m.Key, Happened: e.Time, Received: e.Received})
	c.finish()
	return nil
}

// fillIn adds to a message what a further copy tells and the first did not. It never changes what is known.
func fillIn(m, richer *channel.Message) bool {
	filled := false
	text := func(to *string, from string) {
		if *to == "" && from != "" {
			*to, filled = from, true
		}
	}
	text(&m.Author.ID, richer.Author.ID)
	text(&m.Thread, richer.Thread)
	text(&m.Parent, richer.Parent)
	text(&m.Text, richer.Text)
	text(&m.Subject, richer.Subject)
	text(&m.URL, richer.URL)
	text(&m.Language, richer.Language)
	text(&m.Payload, richer.Payload)
	if richer.Automated && !m.Automated {
		m.Automated, filled = true, true
	}
	text(&m.Author.Name, richer.Author.Name)
	text(&m.Author.Handle, richer.Author.Handle)
	text(&m.Author.URL, richer.Author.URL)
	text(&m.Author.Language, richer.Author.Language)
	text(&m.Author.Email, richer.Author.Email)
	text(&m.Author.Phone, richer.Author.Phone)
	if m.Author.Followers == 0 && richer.Author.Followers != 0 {
		m.Author.Followers, filled = richer.Author.Followers, true
	}
	if len(m.Attachments) == 0 && len(richer.Attachments) > 0 {
		m.Attachments, filled = richer.Attachments, true
	}
	if len(m.Mentions) == 0 && len(richer.Mentions) > 0 {
		m.Mentions, filled = richer.Mentions, true
	}
	if len(m.Tags) == 0 && len(richer.Tags) > 0 {
		m.Tags, filled = richer.Tags, true
	}
	if len(m.Facts) == 0 && len(richer.Facts) > 0 {
		m.Facts, filled = richer.Facts, true
	}
	return filled
}

// received takes in a customer's message.
func (w *work) received(e *channel.Event, acc *account) (Result, error) {
	w.newcomer = ""
	m := &e.Message
	m.Time = e.Time
	ref := ticket.MessageRef{Account: e.Account, ID: m.ID}
	place, err := w.conversationOf(e)
	if err != nil {
		return Result{}, err
	}
	rowsIn := w.rowsOf(e)
	key, waiting, echoes, rows, err := w.awaited(ref, &place.key, rowsIn)
	if err != nil {
		return Result{}, err
	}
	conv, err := w.conversation(place)
	if err != nil {
		return Result{}, err
	}
	if err := w.introduced(&conv, e); err != nil {
		return Result{}, err
	}
	contact, err := w.contactOf(e)
	if err == errErased {
		w.tx.DeleteValue(earlyKey(ref))
		return Result{Outcome: Dropped}, nil
	}
	if err != nil {
		return Result{}, err
	}
	conv.meet(m.Author, contact)
	stored := ticket.Message{Key: key, Conversation: place.key, Direction: ticket.Inbound, Content: *m, Missing: place.missing, Received: e.Received}
	r := Result{Outcome: Recorded, Message: stored.Key}
	if gone := deletedEarly(waiting); gone != nil {
		remove(&stored, gone) // nobody can answer what is gone
		w.putApart(stored)
		w.append(w.untold(ticket.MessageReceived, &stored, e))
		return r, w.catchUp(ref, waiting) // who answered it belongs where it was
	}
	if other, err := w.elsewhere(e); err != nil || other != nil {
		if err == nil {
			r, err = w.samePost(e, &conv, stored, other, echoes)
		}
		if err == nil {
			err = w.catchUp(ref, waiting)
		}
		return r, err
	}
	noise := w.company.noise(m)
	if contact != nil && contact.Blocked {
		noise = "blocked"
	}
	history := e.Time.Before(acc.since)
	if contact, err = w.followVerifyLink(contact, e, history); err != nil {
		return Result{}, err
	}
	if err := w.followLink(&conv, e); err != nil {
		return Result{}, err
	}
	var in *crowded
	if contact != nil && !history && noise == "" {
		if in, err = w.crowdOf(&conv, e); err != nil {
			return Result{}, err
		}
	}
	c, outcome, err := w.campaign(in, &conv, e, contact)
	if err != nil {
		return Result{}, err
	}
	if outcome == Joined {
		w.tookPart(contact.ID, &c.Ticket)
		if err := w.takesPart(c, in, &conv, e, stored, echoes); err != nil {
			return Result{}, err
		}
		if err := w.awaitRoot(place, early{Reply: stored.Key}); err != nil {
			return Result{}, err
		}
		return Result{Outcome: Joined, Ticket: c.ID, Message: stored.Key}, w.catchUp(ref, waiting)
	}
	var row continued
	if c == nil {
		if rowsIn != (ticket.ValueKey{}) && !history && noise == "" {
			if row, err = w.continueRow(&conv, e, &rows); err != nil {
				return Result{}, err
			}
		}
		if c, outcome, err = w.matter(&conv, e, contact, history, noise); err != nil {
			return Result{}, err
		}
	}
	if c == nil { // noise is no matter
		w.putApart(stored)
		w.append(w.untold(ticket.MessageReceived, &stored, e))
		return r, w.catchUp(ref, waiting)
	}
	if conv.Ticket != c.ID {
		conv.Line, conv.Part = "", ""
	}
	began := outcome == Created || outcome == FollowedUp
	stored.Ticket, conv.Ticket = c.ID, c.ID
	if row.ticket != "" && !slices.Contains(c.Conversations, conv.Key) {
		began = true
		c.Conversations = append(slices.Clone(c.Conversations), conv.Key)
	}
	entry := ticket.Entry{
		Kind: ticket.MessageReceived, Message: stored.Key, Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: m.Author.ID},
		Happened: e.Time, Received: e.Received,
	}
	party := c.PartyIn(conv.Key)
	if party != nil {
		stored.Party, entry.Actor.Kind = party.Contact, ticket.ByParty
	}
	w.putMessage(stored)
	var related []ticket.ID
	if party == nil && !history && noise == "" && !e.Standby && !conv.Away {
		if related, err = w.relate(c, e); err != nil {
			return Result{}, err
		}
	}
	if contact != nil {
		w.tookPart(contact.ID, &c.Ticket)
	} else if !history {
		w.askForAuthor(&stored)
	}
	asked := false
	switch {
	case noise != "":
		entry.Reason = "noise: " + noise
		c.journal(entry)
	case history || e.Standby || conv.Away:
		c.journal(entry) // kept, but nobody has to act
	default:
		if err := w.ask(c, e, entry, outcome, c.line(&conv.Conversation)); err != nil {
			return Result{}, err
		}
		asked = party == nil && c.Campaign == 0 // of a campaign nobody is told anything by itself
	}
	hear(&conv.Conversation, e.Time, m.Order, m.ID)
	if party == nil && e.Time.After(c.CustomerWrote) {
		c.CustomerWrote = e.Time
	}
	w.tx.PutConversation(conv.Conversation)
	if began {
		if err := w.adopt(c, &conv.Conversation, echoes); err != nil {
			return Result{}, err
		}
	}
	if asked {
		if err := w.acknowledge(c, e, stored.Key); err != nil {
			return Result{}, err
		}
		if err := w.leaveWall(c, m, stored.Key, &stored.Conversation); err != nil {
			return Result{}, err
		}
	}
	c.finish()
	r = Result{Outcome: outcome, Ticket: c.ID, Message: stored.Key}
	if in != nil {
		in.took(c.ID)
		if err := w.keepCrowd(in); err != nil {
			return Result{}, err
		}
	}
	if outcome != Joined && c.Contact != "" && !history {
		w.written = append(w.written, written{c.Contact, c.ID})
	}
	if err := w.unite(row); err != nil {
		return Result{}, err
	}
	if r.Ticket, err = w.relatedToo(r.Ticket, m, related); err != nil {
		return Result{}, err
	}
	if err := w.awaitRoot(place, early{Reply: stored.Key}); err != nil {
		return Result{}, err
	}
	return r, w.catchUp(ref, waiting)
}

// putMessage files a message, and remembers that it did.
func (w *work) putMessage(m ticket.Message) {
	w.tx.PutMessage(m)
	if m.Ticket != "" {
		w.filed = append(w.filed, filed{m.Ticket, m.Key})
	}
}

// putApart files a customer's message that belongs to no ticket.
func (w *work) putApart(m ticket.Message) {
	w.tx.PutMessage(m)
	w.saidApart(m.Conversation.Account, m.Content.Author.ID, &m)
}

// untold is the entry of something that belongs to no ticket.
func (w *work) untold(kind ticket.EntryKind, m *ticket.Message, e *channel.Event) ticket.Entry {
	return ticket.Entry{
		Kind: kind, Key: string(kind) + "/" + m.Key, Message: m.Key, Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: m.Content.Author.ID},
		Happened: e.Time, Received: e.Received,
	}
}

// ask is what a message that wants an answer means for its ticket: who handles it, by when, and what status. What a party writes moves no clock but by the status.
func (w *work) ask(c *change, e *channel.Event, entry ticket.Entry, outcome Outcome, line string) error {
	author, party := entry.Actor, entry.Actor.Kind == ticket.ByParty
	who := "the " + string(author.Kind)
	mark := sla.Mark{Time: e.Time, Order: e.Message.Order, Key: entry.Message}
	asked := c.Clocks.Asked
	c.Returned = ticket.Return{}
	if outcome == Reopened {
		if err := w.retake(c); err != nil {
			return err
		}
	}
	if err := w.unattended(c); err != nil {
		return err
	}
	if c.Agent == "" && (outcome != Joined || c.Lane == "") { // one that waits is handed out in its turn
		if err := w.route(c, &e.Message); err != nil {
			return err
		}
	}
	var err error
	if !party {
		if entry.Clock, err = c.fold(sla.Event{Kind: sla.CustomerWrote, Mark: mark, Line: line}); err != nil {
			return err
		}
	}
	c.journal(entry)
	if outcome == Joined && !party {
		if err := w.raise(c, &e.Message); err != nil {
			return err
		}
	}
	switch {
	case outcome == Reopened:
		at := e.Time
		if at.Before(c.SolvedAt) {
			at = w.now // written before the ticket was solved, so it is reopened by its arrival
		}
		err = c.setStatus(ticket.Open, at, mark.Order, mark.Key+"/open", author, who+" wrote again")
	case outcome == Joined && (c.Status == ticket.Pending || c.Status == ticket.OnHold):
		err = c.setStatus(ticket.Open, e.Time, mark.Order, mark.Key+"/open", author, who+" wrote")
	}
	if err == nil && c.Clocks.Asked.Before(asked) {
		err = c.answeredBefore(mark)
	}
	if err != nil {
		return err
	}
	if !party && c.Answered.After(e.Time) && !c.Late {
		c.Late = true
		c.journal(ticket.Entry{Kind: ticket.TicketLate, Message: entry.Message, Happened: e.Time, Received: e.Received, Actor: ticket.Actor{Kind: ticket.BySystem}, Reason: "it was written before the latest answer and arrived after it"})
	}
	return nil
}

// reopen sets a solved ticket open and gives it to somebody.
func (w *work) reopen(c *change, at time.Time, order, key string, actor ticket.Actor, reason string) error {
	if err := c.setStatus(ticket.Open, at, order, key, actor, reason); err != nil {
		return err
	}
	return w.takeUpAgain(c)
}

// takeUpAgain gives a ticket that was solved to somebody.
func (w *work) takeUpAgain(c *change) error {
	if err := w.retake(c); err != nil {
		return err
	}
	if c.Agent == "" {
		m, err := w.latest(c)
		if err == nil {
			err = w.route(c, m)
		}
		if err != nil {
			return err
		}
	}
	return c.knowFacts("reopen")
}
