package socialcrm

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// VerbErase is EraseContact, for Config.Authorize; its Request names no ticket.
const VerbErase Verb = "erase"

// EraseContact removes a person: name, profiles, addresses and all that was said in the person's tickets, by whomever, notes and drafts included; what the person said
// in tickets of others, too. Open tickets are closed, and replies that did not go out are cancelled. Contacts that were merged into this one go with it. All that is one
// commit. What belongs to no ticket goes, too: noise, spam, copies, what was deleted before it came, and reactions. The CRMs are told by tasks, with the time that Setup.RedactWithin gives; the journal says when a CRM has done it, or that it could not (contact.unerased).
// What the person wrote until now, and what was answered to it in the platform's own app, does not come back when it is told again, told late or imported; what the
// person writes from now on makes a new contact. What stays are IDs of
// the platform in keys and in the journal, without which a message told again could not be known, and reasons that people wrote into the journal. Erasing again does
// nothing. ErrNotFound.
func (d *Desk) EraseContact(ctx context.Context, by By, id ticket.ContactID) error {
	err := d.keyed(ctx, VerbErase, by, id, func(w *work) error {
		c, err := w.contact(id)
		switch {
		case err != nil:
			return err
		case c.ID == "":
			return ErrNotFound
		case !c.Erased.IsZero():
			return nil
		}
		return w.forget(c, by.Actor)
	})
	if err != nil {
		return fmt.Errorf("socialcrm: erase contact %s: %w", id, err)
	}
	return nil
}

// errErased: an event is older than the erasure of its author.
var errErased = errors.New("its author was erased")

// contactID names the contact that an identity's first message makes. After an erasure the next one is somebody else.
func contactID(key ticket.IdentityKey, erased time.Time) ticket.ContactID {
	if erased.IsZero() {
		return ticket.ContactID(hashID("contact", key.Platform, key.ID))
	}
	return ticket.ContactID(hashID("contact", key.Platform, key.ID, stamp(erased)))
}

// forgotten is a person being erased: the contacts, the survivor first, and the profiles.
type forgotten struct {
	w          *work
	actor      ticket.Actor
	contacts   []ticket.Contact
	identities []ticket.Identity
	within     []ticket.ID // of tickets of others: where nothing of the person is left
}

func (f *forgotten) is(id ticket.ContactID) bool {
	return slices.ContainsFunc(f.contacts, func(c ticket.Contact) bool { return c.ID == id })
}

// forget erases a contact with all that was merged into it.
func (w *work) forget(c *ticket.Contact, actor ticket.Actor) error {
	f := &forgotten{w: w, actor: actor, contacts: []ticket.Contact{*c}}
	var err error
	if f.identities, err = w.tx.Identities(c.Identities...); err != nil {
		return err
	}
	for i := range f.identities {
		f.identities[i].Key = c.Identities[i]
		// A contact that was merged has the ID that its first identity gave it.
		other, err := w.tx.Contacts(contactID(c.Identities[i], f.identities[i].Erased))
		if err != nil {
			return err
		}
		if into, err := w.contact(other[0].ID); err != nil || other[0].ID == "" || into.ID != c.ID || f.is(other[0].ID) {
			if err != nil {
				return err
			}
			continue
		}
		f.contacts = append(f.contacts, other[0])
	}
	for _, step := range []func() error{f.posts, f.tickets, f.parts, f.apart, f.quarantine, f.early, f.values, f.records} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// posts cancels what waits to go out to the person in tickets of others, while its conversations still tell of it.
func (f *forgotten) posts() error {
	for _, contact := range f.contacts {
		err := f.w.eachValue(partsOf(contact.ID), func(v ticket.Value) error {
			c, err := f.w.load(ticket.ID(v.Key.Name))
			if err != nil {
				return err
			}
			if err := c.cancelQueued(f.actor, textRemoved, func(m *ticket.Message) bool { return f.is(m.Party) }); err != nil || len(c.entries) == 0 {
				return err
			}
			c.finish()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tickets empties the person's tickets, closes them, and frees their conversations for whoever comes next.
func (f *forgotten) tickets() error {
	for _, contact := range f.contacts {
		q := ticket.TicketQuery{Contact: contact.ID}
		for {
			list, err := f.w.tx.ListTickets(q)
			if err != nil {
				return err
			}
			for _, t := range list.Items {
				if err := f.ticket(t.ID); err != nil {
					return err
				}
			}
			if q.After = list.Next; q.After == "" {
				break
			}
		}
	}
	return nil
}

func (f *forgotten) ticket(id ticket.ID) error {
	w := f.w
	found, err := w.tx.Tickets(id)
	if err != nil {
		return err
	}
	c := w.begin(found[0], nil)
	c.quiet = true // the CRMs are told to forget it, not to keep it
	own := slices.DeleteFunc(slices.Clone(c.Conversations), func(k ticket.ConversationKey) bool { return c.PartyIn(k) != nil })
	if c.MergedInto == "" {
		if err := w.close(c, f.actor, "", "the customer is erased"); err != nil {
			return err
		}
		if err := c.cancelQueued(f.actor, textRemoved, everyPost); err != nil {
			return err
		}
		if err := f.messages(c.ID, func(*ticket.Message) bool { return true }); err != nil {
			return err
		}
	} else if err := f.elsewhere(c.MergedInto, own, func(m *ticket.Message) bool { return slices.Contains(own, m.Conversation) }); err != nil {
		return err
	}
	if err := f.conversations(own); err != nil {
		return err
	}
	c.Contact, c.Subject, c.Language, c.Conversations, c.Related, c.Erased = "", "", "", nil, nil, w.now
	c.journal(ticket.Entry{Kind: ticket.ContactErased, Actor: f.actor})
	c.finish()
	return nil
}

// elsewhere removes what the person said, or was told, in a ticket that another customer has: of it the CRMs are told message by message.
func (f *forgotten) elsewhere(id ticket.ID, conversations []ticket.ConversationKey, theirs func(*ticket.Message) bool) error {
	w := f.w
	c, err := w.load(id)
	if err != nil || c.ID == "" || !c.Erased.IsZero() || f.is(c.Contact) {
		return err // its own turn has come, or comes
	}
	meant := func(m *ticket.Message) bool {
		return theirs(m) || f.is(m.Party) || f.known(m.Conversation.Account, m.Content.Author.ID)
	}
	if err := c.cancelQueued(f.actor, textRemoved, meant); err != nil {
		return err
	}
	for i := len(c.Parties) - 1; i >= 0; i-- {
		if p := c.Parties[i]; f.is(p.Contact) {
			c.journal(ticket.Entry{Kind: ticket.PartyRemoved, Actor: f.actor, Old: string(p.Contact), Reason: string(p.Role)})
			if err := w.dropParty(c, i); err != nil {
				return err
			}
			if err := f.conversations([]ticket.ConversationKey{p.Conversation}); err != nil {
				return err
			}
		}
	}
	c.Conversations = slices.DeleteFunc(slices.Clone(c.Conversations), func(k ticket.ConversationKey) bool { return slices.Contains(conversations, k) })
	found := len(c.entries) > 0 || len(conversations) > 0
	var led []ticket.ConversationKey // to a campaign, which does not name them
	theirOwn := func(m *ticket.Message) bool {
		is := meant(m)
		if is && c.Campaign > 0 && m.Direction == ticket.Inbound {
			led = append(led, m.Conversation)
		}
		return is
	}
	err = f.messages(c.ID, theirOwn, func(m *ticket.Message) error {
		found = true
		return w.redactEverywhere(m)
	})
	if err == nil {
		err = f.conversations(led)
	}
	if f.within = append(f.within, c.ID); err != nil || !found {
		return err
	}
	c.journal(ticket.Entry{Kind: ticket.ContactErased, Actor: f.actor})
	c.finish()
	return nil
}

// parts removes the person from tickets of others, where it was a party or spoke in a group.
func (f *forgotten) parts() error {
	for _, contact := range f.contacts {
		err := f.w.eachValue(partsOf(contact.ID), func(v ticket.Value) error {
			f.w.tx.DeleteValue(v.Key)
			t, err := f.w.ticket(ticket.ID(v.Key.Name))
			if err != nil || slices.Contains(f.within, t.ID) {
				return err
			}
			return f.elsewhere(t.ID, nil, func(*ticket.Message) bool { return false })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// messages empties those messages of a ticket that are meant.
func (f *forgotten) messages(id ticket.ID, meant func(*ticket.Message) bool, then ...func(*ticket.Message) error) error {
	q := ticket.MessageQuery{Ticket: id}
	for {
		list, err := f.w.tx.ListMessages(q)
		if err != nil {
			return err
		}
		for _, m := range list.Items {
			if !meant(&m) {
				continue
			}
			f.empty(&m)
			f.w.tx.PutMessage(m)
			for _, fn := range then {
				if err := fn(&m); err != nil {
					return err
				}
			}
		}
		if q.After = list.Next; q.After == "" {
			return nil
		}
	}
}

// empty leaves of a message that it was there, and cancels what did not go out.
func (f *forgotten) empty(m *ticket.Message) {
	w := f.w
	if m.Content.ID != "" {
		w.tx.DeleteValue(earlyKey(m.Ref()))
	}
	remove(m, &channel.Event{Time: w.now, Honour: true})
	m.Content = channel.Message{ID: m.Content.ID, Visibility: m.Content.Visibility, Time: m.Content.Time, Order: m.Content.Order}
	m.Missing, m.Conversation.Author = "", ""
	if m.Conversation.Visibility == channel.Private {
		m.Conversation.Thread = ""
	}
	if m.Post == nil {
		return
	}
	post := *m.Post
	post.Out.To, post.Out.Template, post.Out.Thread, post.Sent.Thread, post.Sent.URL, post.Error = channel.Author{}, nil, "", "", "", ""
	switch post.State {
	case ticket.PostQueued:
		post.State = ticket.PostCancelled
		w.tx.Cancel("send/"+m.Key, "pace/"+post.Reply)
	case ticket.PostDraft:
		post.State = ticket.PostRejected
		w.tx.DeleteValue(draftKey(m.Key))
	}
	m.Post = &post
}

// conversations frees conversations: who writes there next is somebody new.
func (f *forgotten) conversations(keys []ticket.ConversationKey) error {
	convs, err := f.w.tx.Conversations(keys...)
	if err != nil {
		return err
	}
	for i, conv := range convs {
		f.w.tx.PutConversation(ticket.Conversation{Key: keys[i], MovedTo: conv.MovedTo, Away: conv.Away, Erased: f.w.now})
		f.w.tx.DeleteValue(rowsKey(keys[i].Account, keys[i].Author))
	}
	return nil
}

// quarantine removes the person's events that could not be taken in.
func (f *forgotten) quarantine() error {
	return f.w.eachValue(quarantineSpace, func(v ticket.Value) error {
		q, err := readQuarantine(v)
		if err != nil {
			return err
		}
		if q.Event != nil && f.wrote(q.Event) {
			f.w.tx.DeleteValue(v.Key)
		}
		return nil
	})
}

// early removes what the person's events say that wait for messages not seen yet. That something was deleted still holds.
func (f *forgotten) early() error { return f.w.eachValue(earlySpace, f.earlyIn) }

func (f *forgotten) earlyIn(v ticket.Value) error {
	waiting, err := decode[early](&v)
	if err != nil {
		return err
	}
	var left []early
	found := false
	for _, item := range waiting {
		if e := item.Event; e != nil && f.wrote(e) {
			found = true
			if e.Kind == channel.MessageEdited {
				continue
			}
			e.Message = channel.Message{ID: e.Message.ID}
		}
		left = append(left, item)
	}
	switch {
	case !found:
		return nil
	case len(left) == 0:
		f.w.tx.DeleteValue(v.Key)
		return nil
	}
	v.Data, err = json.Marshal(left)
	f.w.tx.PutValue(v)
	return err
}

// wrote reports whether an event tells what the person said, or how the person reacted.
func (f *forgotten) wrote(e *channel.Event) bool {
	return f.known(e.Account, e.Message.Author.ID) || f.known(e.Account, e.Reaction.Author.ID)
}

// known reports whether an author is the person.
func (f *forgotten) known(account channel.AccountID, author string) bool {
	return slices.ContainsFunc(f.identities, func(i ticket.Identity) bool {
		return i.Key == ticket.IdentityKey{Platform: account.Platform, ID: author}
	})
}

// values removes by what the person was found, and what was to be found out.
func (f *forgotten) values() error {
	w := f.w
	for _, c := range f.contacts {
		keys := reachKeys(&c)
		values, err := w.tx.Values(keys...)
		if err != nil {
			return err
		}
		for _, v := range values {
			if f.is(ticket.ContactID(v.Data)) {
				w.tx.DeleteValue(v.Key)
			}
		}
		for _, other := range f.contacts {
			w.tx.DeleteValue(broughtKey(c.ID, other.ID))
		}
		w.tx.Cancel(learnPrefix+string(c.ID), "link/"+string(c.ID))
		for _, s := range w.sinks {
			w.tx.Cancel("lookup/" + s.Name() + "/" + string(c.ID))
		}
	}
	for _, i := range f.identities {
		w.tx.DeleteValue(toldKey(i.Key))
		if i.Author.Handle != "" {
			w.tx.DeleteValue(handleKey(i.Key.Platform, i.Author.Handle))
		}
	}
	return nil
}

// records leaves a tombstone of each contact and identity, and has the CRMs told.
func (f *forgotten) records() error {
	w := f.w
	for _, c := range f.contacts {
		gone := ticket.Contact{ID: c.ID, Version: c.Version + 1, MergedInto: c.MergedInto, Created: c.Created, Updated: w.now, Erased: w.now}
		w.tx.PutContact(gone)
		w.append(ticket.Entry{Kind: ticket.ContactErased, Key: w.contactEntryKey(&gone, "erased"), Contact: c.ID, Actor: f.actor})
		if err := w.eraseEverywhere(c.ID); err != nil {
			return err
		}
	}
	for _, i := range f.identities {
		w.tx.PutIdentity(ticket.Identity{Key: i.Key, Erased: w.now})
	}
	return nil
}
