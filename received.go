package socialcrm

import (
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// incoming is a customer's message on its way in.
type incoming struct {
	e       *channel.Event
	place   place
	conv    conversation
	stored  ticket.Message
	contact *ticket.Contact // who wrote it; nil: not known
	echoes  []string        // own posts that waited for it
	history bool            // it is older than the account's life here
	noise   string          // why it is no work; empty: it is
	rows    ticket.ValueKey // where the rows of posts of its author are kept; zero: it is in none
	kept    ticket.Value    // what is kept there
	row     continued       // the row that it goes on with
	crowd   *crowded        // who else writes the same; nil: it is in no crowd
}

// received takes in a customer's message.
func (w *work) received(e *channel.Event, acc *account) (Result, error) {
	w.newcomer = ""
	e.Message.Time = e.Time
	ref := ticket.MessageRef{Account: e.Account, ID: e.Message.ID}
	in := incoming{e: e, history: e.Time.Before(acc.since), rows: w.rowsOf(e)}
	var err error
	if in.place, err = w.conversationOf(e); err != nil {
		return Result{}, err
	}
	var key string
	var waiting []early
	if key, waiting, in.echoes, in.kept, err = w.awaited(ref, &in.place.key, in.rows); err != nil {
		return Result{}, err
	}
	if in.conv, err = w.conversation(in.place); err != nil {
		return Result{}, err
	}
	if err := w.introduced(&in.conv, e); err != nil {
		return Result{}, err
	}
	in.contact, err = w.contactOf(e)
	if err == errErased {
		w.tx.DeleteValue(earlyKey(ref))
		return Result{Outcome: Dropped}, nil
	}
	if err != nil {
		return Result{}, err
	}
	in.conv.meet(e.Message.Author, in.contact)
	in.stored = ticket.Message{Key: key, Conversation: in.place.key, Direction: ticket.Inbound, Content: e.Message, Missing: in.place.missing, Received: e.Received}
	var r Result
	if gone := deletedEarly(waiting); gone != nil {
		remove(&in.stored, gone) // nobody can answer what is gone
		r = w.apart(&in)
	} else if r, err = w.file(&in); err != nil {
		return Result{}, err
	}
	return r, w.catchUp(ref, waiting) // who answered it belongs where it was
}

// file gives a message to the ticket that it belongs to, or to none.
func (w *work) file(in *incoming) (Result, error) {
	e := in.e
	if other, err := w.elsewhere(e); err != nil {
		return Result{}, err
	} else if other != nil {
		return w.samePost(e, &in.conv, in.stored, other, in.echoes)
	}
	in.noise = w.company.noise(&e.Message)
	if in.contact != nil && in.contact.Blocked {
		in.noise = "blocked"
	}
	var err error
	if in.contact, err = w.followVerifyLink(in.contact, e, in.history); err != nil {
		return Result{}, err
	}
	if err := w.followLink(&in.conv, e); err != nil {
		return Result{}, err
	}
	live := !in.history && in.noise == ""
	if in.contact != nil && live {
		if in.crowd, err = w.crowdOf(&in.conv, e); err != nil {
			return Result{}, err
		}
	}
	c, outcome, err := w.campaign(in.crowd, &in.conv, e, in.contact)
	if err != nil {
		return Result{}, err
	}
	if outcome == Joined {
		w.tookPart(in.contact.ID, &c.Ticket)
		if err := w.takesPart(c, in.crowd, &in.conv, e, in.stored, in.echoes); err != nil {
			return Result{}, err
		}
		return Result{Outcome: Joined, Ticket: c.ID, Message: in.stored.Key}, w.awaitRoot(in.place, early{Reply: in.stored.Key})
	}
	if c == nil {
		if in.rows != (ticket.ValueKey{}) && live {
			if in.row, err = w.continueRow(&in.conv, e, &in.kept); err != nil {
				return Result{}, err
			}
		}
		if c, outcome, err = w.matter(&in.conv, e, in.contact, in.history, in.noise); err != nil {
			return Result{}, err
		}
	}
	if c == nil { // noise is no matter
		return w.apart(in), nil
	}
	return w.addTo(c, in, outcome)
}

// apart keeps a message that belongs to no ticket.
func (w *work) apart(in *incoming) Result {
	w.putApart(in.stored)
	w.append(w.untold(ticket.MessageReceived, &in.stored, in.e))
	return Result{Outcome: Recorded, Message: in.stored.Key}
}

// addTo adds a message to the ticket that it belongs to, and does what follows from it.
func (w *work) addTo(c *change, in *incoming, outcome Outcome) (Result, error) {
	e, m, conv, stored := in.e, &in.e.Message, &in.conv, &in.stored
	if conv.Ticket != c.ID {
		conv.Line, conv.Part = "", ""
	}
	began := outcome == Created || outcome == FollowedUp
	stored.Ticket, conv.Ticket = c.ID, c.ID
	if in.row.ticket != "" && !slices.Contains(c.Conversations, conv.Key) {
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
	w.putMessage(*stored)
	quiet := in.history || e.Standby || conv.Away // kept, but nobody has to act
	var related []ticket.ID
	var err error
	if party == nil && in.noise == "" && !quiet {
		if related, err = w.relate(c, e); err != nil {
			return Result{}, err
		}
	}
	if in.contact != nil {
		w.tookPart(in.contact.ID, &c.Ticket)
	} else if !in.history {
		w.askForAuthor(stored)
	}
	asked := false
	switch {
	case in.noise != "":
		entry.Reason = "noise: " + in.noise
		c.journal(entry)
	case quiet:
		c.journal(entry)
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
		if err := w.adopt(c, &conv.Conversation, in.echoes); err != nil {
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
	r := Result{Outcome: outcome, Ticket: c.ID, Message: stored.Key}
	if in.crowd != nil {
		in.crowd.took(c.ID)
		if err := w.keepCrowd(in.crowd); err != nil {
			return Result{}, err
		}
	}
	if outcome != Joined && c.Contact != "" && !in.history {
		w.written = append(w.written, written{c.Contact, c.ID})
	}
	if err := w.unite(in.row); err != nil {
		return Result{}, err
	}
	if r.Ticket, err = w.relatedToo(r.Ticket, m, related); err != nil {
		return Result{}, err
	}
	return r, w.awaitRoot(in.place, early{Reply: stored.Key})
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
