package socialcrm

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// What is slow to know never holds up an arrival: a new contact is stored and its ticket routed with what is known, and these tasks ask the rest.
const (
	learnKind   = "learn" // plan who is to be asked about a contact
	learnPrefix = learnKind + "/"
	lookupKind  = "lookup"  // ask a CRM
	profileKind = "profile" // ask the platform
	linkKind    = "link"    // find other contacts of the same person
)

// inquiry is what is to be found out about a contact. Author is empty when the platform need not be asked.
type inquiry struct {
	Contact ticket.ContactID
	Account channel.AccountID
	Author  string
}

// inquiryIn reads an inquiry from a task's payload: contact, platform, account and author, a line each.
func inquiryIn(payload []byte) (q inquiry) {
	contact, rest, _ := strings.Cut(string(payload), "\n")
	platform, rest, _ := strings.Cut(rest, "\n")
	account, author, _ := strings.Cut(rest, "\n")
	return inquiry{ticket.ContactID(contact), channel.AccountID{Platform: platform, ID: account}, author}
}

// learnAbout plans, under this task ID, to find out more about a new contact, where there is anybody to ask.
func (w *work) learnAbout(c *ticket.Contact, e *channel.Event, taskID string) {
	if len(c.Emails)+len(c.Phones) > 0 {
		w.tx.Schedule(linkTask(c.ID, w.now))
	}
	ask := w.profiler(e.Account) != nil && incomplete(&e.Message.Author)
	payload := append(w.room.payload[:0], c.ID...)
	if ask {
		for _, line := range [...]string{e.Account.Platform, e.Account.ID, e.Message.Author.ID} {
			payload = append(append(payload, '\n'), line...)
		}
	}
	for _, s := range w.sinks {
		_, ok := s.(crm.Directory)
		ask = ask || ok
	}
	w.room.payload = payload
	if ask {
		w.room.tasks[0] = ticket.Task{ID: taskID, Kind: learnKind, Queue: learnKind, Due: w.now, Payload: payload}
		w.tx.Schedule(w.room.tasks[:1]...)
	}
}

func (w *work) profiler(id channel.AccountID) channel.Profiler {
	if acc := w.d.channelOf(id); acc != nil {
		p, _ := acc.Channel.(channel.Profiler)
		return p
	}
	return nil
}

// incomplete reports whether a message left out what its author is called.
func incomplete(a *channel.Author) bool { return a.Name == "" }

// learn plans a task for each who is asked, so that each has pauses and repeats of its own.
func (w *work) learn(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	q := inquiryIn(lease.Payload)
	w.lookUp(q.Contact)
	if q.Author != "" {
		queue := "profile/" + q.Account.String()
		w.tx.Schedule(ticket.Task{ID: queue + "/" + q.Author, Kind: profileKind, Queue: queue, Due: w.now, Payload: lease.Payload})
	}
	return nil
}

// lookUp plans to ask every CRM that knows people about a contact.
func (w *work) lookUp(id ticket.ContactID) {
	for _, s := range w.sinks {
		if _, ok := s.(crm.Directory); ok {
			w.tx.Schedule(ticket.Task{
				ID: "lookup/" + s.Name() + "/" + string(id), Kind: lookupKind, Queue: syncQueue(s.Name()), Due: w.now, Payload: []byte(s.Name() + "\n" + string(id)),
			})
		}
	}
}

// lookup asks a CRM who a contact is to the company.
func (d *Desk) lookup(ctx context.Context, lease ticket.Lease) error {
	name, id, _ := strings.Cut(string(lease.Payload), "\n")
	sink := d.sinkOf(name)
	if sink == nil {
		return d.settle(ctx, func(w *work) error { return d.withoutSink(w, name, lease) })
	}
	directory, ok := sink.(crm.Directory)
	if !ok {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) })
	}
	var q crm.Lookup
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		c, err := contactIn(r, ticket.ContactID(id))
		if err != nil {
			return err
		}
		known, err := crmContact(r, c)
		if err == nil {
			q = crm.Lookup{Identities: known.Identities, Emails: known.Emails, Phones: known.Phones}
		}
		return err
	})
	if err != nil {
		return err
	}
	callCtx, cancel := d.request(ctx)
	person, found, cause := directory.Lookup(callCtx, q)
	cancel()
	clean(&person)
	return d.settle(ctx, func(w *work) error {
		if cause != nil && remote.KindOf(cause) != remote.NotFound {
			return w.notDone(name, lease, cause, func() {
				w.append(w.crmEntry(ticket.CaseFailed, name, crm.Subject{Contact: ticket.ContactID(id)}, "lookup/"+stamp(w.now), reasonOf(cause)))
			})
		}
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		if err := w.reached(name, lease.Kind); err != nil || !found || cause != nil {
			return err
		}
		return w.know(ticket.ContactID(id), ticket.Actor{Kind: ticket.ByCRM, ID: name}, person)
	})
}

// profile asks the platform who an author is whom its messages do not describe.
func (d *Desk) profile(ctx context.Context, lease ticket.Lease) error {
	q := inquiryIn(lease.Payload)
	acc := d.channelOf(q.Account)
	if acc == nil {
		return d.settle(ctx, func(w *work) error { return w.leaveOrFinish(lease, "account "+q.Account.String()) })
	}
	profiler, ok := acc.Channel.(channel.Profiler)
	if !ok {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) })
	}
	callCtx, cancel := d.request(ctx)
	author, cause := profiler.Profile(callCtx, q.Author)
	cancel()
	clean(&author)
	return d.settle(ctx, func(w *work) error {
		switch kind := remote.KindOf(cause); {
		case cause == nil:
			if err := w.tx.Finish(lease); err != nil {
				return err
			}
			return w.meetAuthor(q, author)
		case lease.Attempts+1 >= maxAttempts, kind != remote.Unknown && kind != remote.RateLimited && kind != remote.Unavailable && kind != remote.Unauthorized && kind != remote.Exhausted:
			d.log.Info("profile not found", "account", q.Account.String(), "kind", kind.String())
			return w.tx.Finish(lease) // the work goes on without it
		}
		due := retryAt(cause, w.now, lease)
		w.tx.PauseQueue(ticket.QueuePause{Queue: lease.Queue, Until: due, Reason: reasonOf(cause)})
		return w.tx.Postpone(lease, due, reasonOf(cause))
	})
}

// meetAuthor adds a profile to what is known of an identity and its contact.
func (w *work) meetAuthor(q inquiry, author channel.Author) error {
	key := ticket.IdentityKey{Platform: q.Account.Platform, ID: q.Author}
	identities, err := w.tx.Identities(key)
	if err != nil || identities[0].Contact == "" {
		return err
	}
	identity := identities[0]
	c, err := w.contact(identity.Contact)
	if err != nil {
		return err
	}
	was := displayName(identity.Author)
	shell := channel.Message{Author: identity.Author}
	if fillIn(&shell, &channel.Message{Author: author}) {
		identity.Author = shell.Author
		w.tx.PutIdentity(identity)
	}
	p := crm.Person{}
	if c.Name == "" || c.Name == was {
		p.Name = displayName(identity.Author)
	}
	if c.Language == "" {
		p.Language = identity.Author.Language
	}
	if identity.Author.Email != "" {
		p.Emails = []string{identity.Author.Email}
	}
	if identity.Author.Phone != "" {
		p.Phones = []string{identity.Author.Phone}
	}
	return w.know(c.ID, ticket.Actor{Kind: ticket.ByTool, ID: q.Account.Platform}, p)
}

// know merges what somebody tells about a contact into it. Who told what is in the journal: the names of the fields and, of those that say what the person is to
// the company, the values.
func (w *work) know(id ticket.ContactID, from ticket.Actor, p crm.Person) error {
	known, err := w.contact(id)
	if err != nil || known.ID == "" || !known.Erased.IsZero() {
		return err
	}
	c := *known
	var fields []string
	values := make(map[string][2]string)
	set := func(field string, to *string, told string, open bool) {
		if told == "" || told == *to {
			return
		}
		if fields = append(fields, field); open {
			values[field] = [2]string{*to, told}
		}
		*to = told
	}
	kind := string(c.Kind)
	set("name", &c.Name, p.Name, false)
	set("kind", &kind, string(p.Kind), true)
	set("tier", &c.Tier, p.Tier, true)
	set("segment", &c.Segment, p.Segment, true)
	set("language", &c.Language, p.Language, true)
	set("owner", &c.Owner, p.Owner, true)
	c.Kind = ticket.ContactKind(kind)
	reachable := len(c.Emails) + len(c.Phones)
	if c.Emails = join(c.Emails, p.Emails, emailKey); len(c.Emails) > len(known.Emails) {
		fields = append(fields, "emails")
	}
	if c.Phones = join(c.Phones, p.Phones, phoneKey); len(c.Phones) > len(known.Phones) {
		fields = append(fields, "phones")
	}
	if v, tells := verifiedBy(from, c.Verified, &p, w.now); tells {
		fields, values["verified"] = append(fields, "verified"), [2]string{c.Verified.Holds(w.now).String(), v.Level.String()}
		c.Verified = v
	}
	if len(fields) == 0 {
		return nil
	}
	detail, err := json.Marshal(values)
	if err != nil {
		return err
	}
	c.Version++
	c.Updated = w.now
	w.tx.PutContact(c)
	entry := ticket.Entry{Kind: ticket.ContactChanged, Key: w.contactEntryKey(&c, "known"), Contact: c.ID, Actor: from, New: strings.Join(fields, ", "), Detail: detail}
	w.append(entry)
	w.syncContact(c.ID)
	if len(c.Emails)+len(c.Phones) > reachable {
		w.tx.Schedule(linkTask(c.ID, w.now))
		if from.Kind != ticket.ByCRM {
			w.lookUp(c.ID) // by what is known now, a CRM may find the person
		}
	}
	return w.lookAgain(&c, entry)
}

// join appends what is not in the list yet, as compared by its key.
func join(list, further []string, key func(string) string) []string {
	joined := slices.Clone(list)
	for _, s := range further {
		same := func(other string) bool { return other == s || key(other) == key(s) && key(s) != "" }
		if s != "" && !slices.ContainsFunc(joined, same) {
			joined = append(joined, s)
		}
	}
	return joined
}

// lookAgain lets the tickets of a contact that are not done feel what has become known: their clocks, and where nobody has started, the routing.
func (w *work) lookAgain(contact *ticket.Contact, entry ticket.Entry) error {
	entry.Key, entry.Detail = "", nil
	return w.eachTicket(contact.ID, func(c *change) error {
		if c.Status.Done() {
			return nil
		}
		c.contact = contact
		if c.Language == "" {
			c.Language = contact.Language
		}
		begun, err := w.begun(&c.Ticket)
		if err != nil {
			return err
		}
		entry.Detail = nil
		if !begun {
			decision, err := w.routeAgain(c)
			if err == nil {
				entry.Detail, err = json.Marshal(&decision)
			}
			if err != nil {
				return err
			}
		}
		if !c.factsHold() {
			clock, err := c.fold(sla.Event{Kind: sla.FactsChanged, Mark: c.afterAll(sla.Mark{Time: w.now, Key: c.newKey("facts")})})
			if err != nil {
				return err
			}
			entry.Clock = clock
		}
		c.journal(entry)
		c.finish()
		entry.Clock = nil
		return nil
	})
}

// eachTicket runs fn for every ticket of a contact.
func (w *work) eachTicket(id ticket.ContactID, fn func(*change) error) error {
	q := ticket.TicketQuery{Contact: id}
	for {
		list, err := w.tx.ListTickets(q)
		if err != nil {
			return err
		}
		for _, t := range list.Items {
			if t.MergedInto != "" {
				continue
			}
			c, err := w.load(t.ID)
			if err != nil {
				return err
			}
			if err := fn(c); err != nil {
				return err
			}
		}
		if q.After = list.Next; q.After == "" {
			return nil
		}
	}
}

// syncContact tells all CRMs of a contact.
func (w *work) syncContact(ids ...ticket.ContactID) {
	for _, id := range ids {
		for _, s := range w.sinks {
			w.tx.Ensure(syncTask(s.Name(), crm.Subject{Contact: id}, w.now))
		}
	}
}

// contactIn reads a contact, following merges.
func contactIn(r ticket.Reader, id ticket.ContactID) (ticket.Contact, error) {
	for {
		contacts, err := r.Contacts(id)
		if err != nil || contacts[0].MergedInto == "" {
			return first(contacts), err
		}
		id = contacts[0].MergedInto
	}
}

func linkTask(id ticket.ContactID, due time.Time) ticket.Task {
	return ticket.Task{ID: "link/" + string(id), Kind: linkKind, Queue: linkKind, Due: due, Payload: []byte(id)}
}
