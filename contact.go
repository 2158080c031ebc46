package socialcrm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/socialcrm/socialcrm/ticket"
)

// Verbs that concern contacts, for Config.Authorize; their Request names no ticket.
const (
	VerbMergeContacts   Verb = "merge contacts"
	VerbUnmergeContacts Verb = "unmerge contacts"
)

// MergeContacts makes two contacts one, because they are one person: identities, addresses and tickets of the other move to this one, and what only the other tells
// (tier, owner, ...) is taken over. Of their levels of verified identity the lower one holds from then on. The CRMs hear of it. UnmergeContacts undoes it. Contacts with the same e-mail address or phone number, as platforms or
// a CRM vouch for them, are merged by the Desk itself when they are of one kind. Merging what is merged already does nothing. ErrNotFound, ErrInvalid.
func (d *Desk) MergeContacts(ctx context.Context, by By, id, other ticket.ContactID) error {
	err := d.keyed(ctx, VerbMergeContacts, by, []ticket.ContactID{id, other}, func(w *work) error {
		into, from, err := w.pair(id, other)
		if err != nil || from.MergedInto == into.ID {
			return err
		}
		w.tx.DeleteValue(apartKey(id, other))
		return w.mergeContacts(into, from, by.Actor, "", likely)
	})
	if err != nil {
		return fmt.Errorf("socialcrm: merge contact %s into %s: %w", other, id, err)
	}
	return nil
}

// UnmergeContacts takes a contact out again that was merged into this one, with what it brought, and with the tickets of its identities, also those that came since. The
// Desk does not merge the two by itself any more. ErrInvalid when it is not part of this one.
func (d *Desk) UnmergeContacts(ctx context.Context, by By, id, other ticket.ContactID) error {
	err := d.keyed(ctx, VerbUnmergeContacts, by, []ticket.ContactID{id, other}, func(w *work) error {
		into, from, err := w.pair(id, other)
		if err != nil {
			return err
		}
		if from.MergedInto != into.ID {
			return fmt.Errorf("contact %s is no part of it: %w", other, ErrInvalid)
		}
		return w.unmergeContacts(into, from, by.Actor)
	})
	if err != nil {
		return fmt.Errorf("socialcrm: unmerge contact %s from %s: %w", other, id, err)
	}
	return nil
}

// pair reads two contacts as they are.
func (w *work) pair(id, other ticket.ContactID) (into, from ticket.Contact, err error) {
	if id == other {
		return into, from, fmt.Errorf("a contact cannot be merged with itself: %w", ErrInvalid)
	}
	found, err := w.tx.Contacts(id, other)
	if err != nil {
		return into, from, err
	}
	for i, c := range found {
		if c.ID == "" {
			return into, from, fmt.Errorf("contact %s: %w", [...]ticket.ContactID{id, other}[i], ErrNotFound)
		}
	}
	into, from = found[0], found[1]
	switch {
	case !into.Erased.IsZero() || !from.Erased.IsZero():
		return into, from, fmt.Errorf("one of them was erased: %w", ErrInvalid)
	case into.MergedInto != "":
		return into, from, fmt.Errorf("contact %s is part of contact %s: %w", into.ID, into.MergedInto, ErrInvalid)
	case from.MergedInto != "" && from.MergedInto != into.ID:
		return into, from, fmt.Errorf("contact %s is part of contact %s: %w", from.ID, from.MergedInto, ErrInvalid)
	}
	return into, from, nil
}

// brought is what a contact brought into a merge: what an unmerge takes out again.
type brought struct {
	Identities []ticket.IdentityKey `json:"identities,omitempty"`
	Emails     []string             `json:"emails,omitempty"`
	Phones     []string             `json:"phones,omitempty"`
	// Before is the survivor as it was, for the fields that it took over, and Verified what the merge made of both.
	Before   ticket.Contact      `json:"before"`
	Verified ticket.Verification `json:"verified,omitzero"`
}

func broughtKey(into, from ticket.ContactID) ticket.ValueKey {
	return ticket.ValueKey{Space: "merged contacts", Name: string(into) + "/" + string(from)}
}

// apartKey says that a person took two contacts apart, so that the Desk does not merge them.
func apartKey(a, b ticket.ContactID) ticket.ValueKey {
	if b < a {
		a, b = b, a
	}
	return ticket.ValueKey{Space: "apart", Name: string(a) + "/" + string(b)}
}

// takeOver lists what a merge changes beside identities and addresses.
func takeOver(into, from *ticket.Contact) (fields []string) {
	take := func(field string, to *string, told string) {
		if *to == "" && told != "" {
			*to = told
			fields = append(fields, field)
		}
	}
	take("tier", &into.Tier, from.Tier)
	take("segment", &into.Segment, from.Segment)
	take("language", &into.Language, from.Language)
	take("owner", &into.Owner, from.Owner)
	if into.Kind == ticket.Customer && from.Kind != ticket.Customer {
		into.Kind, fields = from.Kind, append(fields, "kind")
	}
	if from.Blocked && !into.Blocked {
		into.Blocked, fields = true, append(fields, "blocked")
	}
	return fields
}

// sameness says what a merge of contacts rests on.
type sameness bool

const (
	likely sameness = false // somebody thinks so, or an address says so: of two levels of verified identity the lower one holds
	known  sameness = true  // the platform says so: the higher one holds
)

func (w *work) mergeContacts(into, from ticket.Contact, actor ticket.Actor, reason string, are sameness) error {
	b := brought{Before: into}
	for _, key := range from.Identities {
		if !slices.Contains(into.Identities, key) {
			b.Identities = append(b.Identities, key)
		}
	}
	emails, phones := join(into.Emails, from.Emails, emailKey), join(into.Phones, from.Phones, phoneKey)
	b.Emails, b.Phones = emails[len(into.Emails):], phones[len(into.Phones):]
	if b.Verified = into.Verified.Lower(from.Verified, w.now); are == known {
		b.Verified = into.Verified.Higher(from.Verified, w.now)
	}
	data, err := json.Marshal(b)
	if err != nil {
		return err
	}
	w.tx.PutValue(ticket.Value{Key: broughtKey(into.ID, from.ID), Data: data})
	into.Identities, into.Emails, into.Phones = append(slices.Clone(into.Identities), b.Identities...), emails, phones
	fields := takeOver(&into, &from)
	if !b.Verified.Equal(into.Verified) {
		into.Verified, fields = b.Verified, append(fields, "verified")
	}
	from.MergedInto = into.ID
	if err := w.owns(into.ID, b.Identities); err != nil {
		return err
	}
	w.putContacts(&into, &from)
	w.append(
		ticket.Entry{Kind: ticket.ContactMerged, Key: w.contactEntryKey(&into, "merged"), Contact: into.ID, Actor: actor, New: string(from.ID), Old: strings.Join(fields, ", "), Reason: reason},
		ticket.Entry{Kind: ticket.ContactMerged, Key: w.contactEntryKey(&from, "merged"), Contact: from.ID, Actor: actor, New: string(into.ID), Reason: reason},
	)
	w.relateLater(into.ID)
	return w.eachTicket(from.ID, func(c *change) error { return w.follow(c, &into, ticket.ContactMerged, actor) })
}

func (w *work) unmergeContacts(into, from ticket.Contact, actor ticket.Actor) error {
	values, err := w.tx.Values(broughtKey(into.ID, from.ID))
	if err != nil {
		return err
	}
	var b brought
	if err := json.Unmarshal(values[0].Data, &b); err != nil {
		return fmt.Errorf("what contact %s brought: %w", from.ID, err)
	}
	w.tx.DeleteValue(values[0].Key)
	w.tx.PutValue(ticket.Value{Key: apartKey(into.ID, from.ID), Data: []byte("1")})
	into.Identities = slices.DeleteFunc(slices.Clone(into.Identities), func(k ticket.IdentityKey) bool { return slices.Contains(b.Identities, k) })
	into.Emails = slices.DeleteFunc(slices.Clone(into.Emails), func(s string) bool { return slices.Contains(b.Emails, s) })
	into.Phones = slices.DeleteFunc(slices.Clone(into.Phones), func(s string) bool { return slices.Contains(b.Phones, s) })
	giveBack(&into, &from, &b.Before)
	if into.Verified.Equal(b.Verified) {
		into.Verified = b.Before.Verified
	} else { // somebody looked since, and nobody knows at whom of the two
		into.Verified = into.Verified.Lower(b.Before.Verified, w.now)
	}
	from.MergedInto = ""
	if err := w.owns(from.ID, b.Identities); err != nil {
		return err
	}
	w.putContacts(&into, &from)
	w.append(
		ticket.Entry{Kind: ticket.ContactUnmerged, Key: w.contactEntryKey(&into, "unmerged"), Contact: into.ID, Actor: actor, New: string(from.ID)},
		ticket.Entry{Kind: ticket.ContactUnmerged, Key: w.contactEntryKey(&from, "unmerged"), Contact: from.ID, Actor: actor, New: string(into.ID)},
	)
	w.relateLater(into.ID, from.ID)
	if err := w.partAsOne(into.ID, from.ID); err != nil {
		return err
	}
	if err := w.partiesAgain(into.ID, from.ID, b.Identities, actor); err != nil {
		return err
	}
	return w.eachTicket(into.ID, func(c *change) error {
		convs, err := w.tx.Conversations(c.Conversations...)
		if err != nil {
			return err
		}
		theirs := false
		for _, conv := range convs {
			if c.PartyIn(conv.Key) == nil && spokenBy(&conv, b.Identities) {
				theirs = true
				w.meetsAgain(&conv, into.ID, from.ID)
			}
		}
		if !theirs {
			return nil
		}
		return w.follow(c, &from, ticket.ContactUnmerged, actor)
	})
}

// spokenBy reports whether one of the identities is the customer, or the party, of a conversation.
func spokenBy(conv *ticket.Conversation, identities []ticket.IdentityKey) bool {
	return slices.Contains(identities, ticket.IdentityKey{Platform: conv.Key.Account.Platform, ID: conv.Author.ID})
}

// meetsAgain gives a conversation that began while two contacts were one to the one that it is with.
func (w *work) meetsAgain(conv *ticket.Conversation, into, from ticket.ContactID) {
	if conv.Contact == into {
		conv.Contact = from
		w.tx.PutConversation(*conv)
	}
}

// giveBack takes out of the survivor the fields that it took over and that nobody has changed since.
func giveBack(into, from, before *ticket.Contact) {
	back := func(to *string, was, told string) {
		if was == "" && *to == told {
			*to = ""
		}
	}
	back(&into.Tier, before.Tier, from.Tier)
	back(&into.Segment, before.Segment, from.Segment)
	back(&into.Language, before.Language, from.Language)
	back(&into.Owner, before.Owner, from.Owner)
	if before.Kind == ticket.Customer && into.Kind == from.Kind {
		into.Kind = ticket.Customer
	}
	if !before.Blocked && from.Blocked {
		into.Blocked = false
	}
}

// owns files identities under a contact.
func (w *work) owns(id ticket.ContactID, keys []ticket.IdentityKey) error {
	identities, err := w.tx.Identities(keys...)
	if err != nil {
		return err
	}
	for i, identity := range identities {
		identity.Key, identity.Contact = keys[i], id
		w.tx.PutIdentity(identity)
	}
	return nil
}

// putContacts stores changed contacts and tells the CRMs.
func (w *work) putContacts(contacts ...*ticket.Contact) {
	for _, c := range contacts {
		c.Version++
		c.Updated = w.now
		w.tx.PutContact(*c)
		w.syncContact(c.ID)
	}
}

// follow gives a ticket to the contact that its customer now is.
func (w *work) follow(c *change, to *ticket.Contact, kind ticket.EntryKind, actor ticket.Actor) error {
	was := c.Contact
	c.Contact, c.contact = to.ID, to
	c.journal(ticket.Entry{Kind: kind, Actor: actor, Old: string(was), New: string(to.ID)})
	if !c.Status.Done() && !c.factsHold() {
		if err := c.foldAnew(); err != nil {
			return err
		}
	}
	c.finish()
	return nil
}

func (w *work) contactEntryKey(c *ticket.Contact, what string) string {
	return "contact/" + string(c.ID) + "/" + strconv.FormatInt(c.Version, 10) + "/" + what
}

// link merges a contact with those that have the same address or number, the older one surviving.
func (w *work) link(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	c, err := contactIn(w.tx, ticket.ContactID(lease.Payload))
	if err != nil || c.ID == "" {
		return err
	}
	keys := reachKeys(&c)
	values, err := w.tx.Values(keys...)
	if err != nil {
		return err
	}
	for i, v := range values {
		if v.Data == nil {
			w.tx.PutValue(ticket.Value{Key: keys[i], Data: []byte(c.ID)})
			continue
		}
		other, err := contactIn(w.tx, ticket.ContactID(v.Data))
		if err != nil {
			return err
		}
		apart, err := w.tx.Values(apartKey(c.ID, other.ID))
		if err != nil {
			return err
		}
		if other.ID == "" || other.ID == c.ID || other.Kind != c.Kind || apart[0].Data != nil {
			continue
		}
		into, from := other, c
		if from.Created.Before(into.Created) || from.Created.Equal(into.Created) && from.ID < into.ID {
			into, from = from, into
		}
		if err := w.mergeContacts(into, from, ticket.Actor{Kind: ticket.BySystem}, "they have the same "+keys[i].Space, likely); err != nil {
			return err
		}
		if c, err = contactIn(w.tx, into.ID); err != nil {
			return err
		}
	}
	return nil
}

// reachKeys are under what a contact is found by its addresses and numbers.
func reachKeys(c *ticket.Contact) (keys []ticket.ValueKey) {
	for _, s := range c.Emails {
		if key := emailKey(s); key != "" {
			keys = append(keys, ticket.ValueKey{Space: "e-mail address", Name: key})
		}
	}
	for _, s := range c.Phones {
		if key := phoneKey(s); key != "" {
			keys = append(keys, ticket.ValueKey{Space: "phone number", Name: key})
		}
	}
	return keys
}

// emailKey makes equal what reaches the same mailbox; empty for what is no address.
func emailKey(s string) string {
	s = strings.ToLower(strings.TrimSpace(s))
	if at := strings.LastIndexByte(s, '@'); at <= 0 || at == len(s)-1 {
		return ""
	}
	return s
}

// phoneKey leaves only the digits of a number in international form; empty for what is too short to tell people apart.
func phoneKey(s string) string {
	var digits strings.Builder
	for _, c := range s {
		if '0' <= c && c <= '9' {
			digits.WriteRune(c)
		}
	}
	key := digits.String()
	if !strings.HasPrefix(strings.TrimSpace(s), "+") {
		key = strings.TrimPrefix(key, "00")
	}
	if len(key) < 7 {
		return ""
	}
	return key
}

// keyed runs a verb that concerns no ticket, once for its key.
func (d *Desk) keyed(ctx context.Context, verb Verb, by By, content any, act func(*work) error) error {
	if err := d.permit(ctx, verb, by); err != nil {
		return err
	}
	if err := checkSound("what is given", struct{ By, Content any }{by, content}); err != nil {
		return err
	}
	body, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("%w: %w", err, ErrInvalid)
	}
	asked := hashID(string(verb), string(body))
	return d.update(ctx, func(w *work) error {
		if by.Key == "" {
			return act(w)
		}
		key := ticket.ValueKey{Space: "by", Name: by.Key}
		values, err := w.tx.Values(key)
		if err != nil {
			return err
		}
		if values[0].Data != nil {
			var used usedKey
			if err := json.Unmarshal(values[0].Data, &used); err != nil {
				return err
			}
			if used.Content != asked {
				return fmt.Errorf("key %q was used for something else: %w", by.Key, ErrConflict)
			}
			return nil
		}
		if err := act(w); err != nil {
			return err
		}
		data, err := json.Marshal(usedKey{Content: asked})
		if err == nil {
			w.tx.PutValue(ticket.Value{Key: key, Data: data, Expires: w.now.Add(keysKeptFor)})
		}
		return err
	})
}
