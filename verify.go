package socialcrm

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/ticket"
)

// Verbs about who somebody is, for Config.Authorize; their Request names no ticket.
const (
	VerbVerify     Verb = "verify"
	VerbVerifyLink Verb = "make a link that verifies"
)

// UnverifiedError is why a reply was refused that requires a level of verified identity (Reply.Requires). It is an ErrUnverified.
type UnverifiedError struct {
	// Contact is who would receive it; empty when nobody knows, or when anybody would.
	Contact ticket.ContactID `json:"contact,omitempty"`
	// Has is the level that holds, Requires the one that was asked for.
	Has      ticket.Assurance `json:"has"`
	Requires ticket.Assurance `json:"requires"`
	// Public is set when the reply would be public, so that no level is enough.
	Public bool `json:"public,omitempty"`
}

func (e *UnverifiedError) Error() string {
	if e.Public {
		return fmt.Sprintf("anybody could read it there, and it requires that who reads it is %s", e.Requires)
	}
	return fmt.Sprintf("contact %q is verified as %s, and it requires %s", e.Contact, e.Has, e.Requires)
}

// Is makes it an ErrUnverified.
func (e *UnverifiedError) Is(target error) bool { return target == ErrUnverified }

// Verification says who somebody was found to be.
type Verification struct {
	// Level is what came of it; ticket.Unverified takes back what was.
	Level ticket.Assurance `json:"level"`
	// How says by what, or why it is taken back; it must not be empty.
	How string `json:"how"`
	// Until is when it ends; zero: it does not.
	Until time.Time `json:"until,omitzero"`
}

// Verify says how sure it is that a contact is the person whom the brand takes it for, so that replies with account data may go there (Reply.Requires). It replaces
// what was said before, also by something lower. The CRMs hear of it. Errors: ErrNotFound, ErrInvalid (no How, no such level, an end that has passed).
func (d *Desk) Verify(ctx context.Context, by By, contact ticket.ContactID, v Verification) error {
	content := struct {
		Contact ticket.ContactID
		Verification
	}{contact, v}
	err := d.keyed(ctx, VerbVerify, by, content, func(w *work) error {
		switch {
		case strings.TrimSpace(v.How) == "":
			return fmt.Errorf("how it was found out is missing: %w", ErrInvalid)
		case !v.Level.Valid():
			return fmt.Errorf("level %s: want none, claimed, confirmed or strong: %w", v.Level, ErrInvalid)
		case !v.Until.IsZero() && !v.Until.After(w.now):
			return fmt.Errorf("until %s, which has passed: %w", v.Until.UTC().Format(time.RFC3339), ErrInvalid)
		}
		c, err := w.contact(contact)
		if err == nil && (c.ID == "" || !c.Erased.IsZero()) {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		return w.verify(c, ticket.Verification{Level: v.Level, How: v.How, By: by.Actor, At: w.now, Until: v.Until})
	})
	if err != nil {
		return fmt.Errorf("socialcrm: verify contact %s: %w", contact, err)
	}
	return nil
}

// verify stores how sure a contact is, tells the CRMs and the journal.
func (w *work) verify(c *ticket.Contact, v ticket.Verification) error {
	detail, err := json.Marshal(v)
	if err != nil {
		return err
	}
	was := c.Verified.Holds(w.now)
	c.Verified = v
	w.putContacts(c)
	w.append(ticket.Entry{
		Kind: ticket.ContactVerified, Key: w.contactEntryKey(c, "verified"), Contact: c.ID, Actor: v.By, Old: was.String(), New: v.Level.String(), Reason: v.How, Detail: detail,
	})
	return nil
}

// verifiedBy is what a CRM says of a contact, where that counts: it tells more than is known, or told what is known.
func verifiedBy(from ticket.Actor, known ticket.Verification, p *crm.Person, now time.Time) (ticket.Verification, bool) {
	v := ticket.Verification{Level: p.Verified, How: "known to the CRM", By: from, At: now, Until: p.VerifiedUntil}
	if from.Kind != ticket.ByCRM || !v.Level.Valid() || v.Level == ticket.Unverified && known.By != from {
		return v, false
	}
	if same := v; known.By == from {
		same.At = known.At
		return v, !same.Equal(known)
	}
	return v, v.Holds(now) > known.Holds(now)
}

// receiver returns who would get what is written to the conversation: the contact of the identity that it goes to; the zero Contact when nobody knows.
func (w *work) receiver(conv *ticket.Conversation) (*ticket.Contact, error) {
	id := conv.Contact
	if conv.Author.ID != "" {
		identities, err := w.tx.Identities(ticket.IdentityKey{Platform: conv.Key.Account.Platform, ID: conv.Author.ID})
		if err != nil {
			return nil, err
		}
		id = cmp.Or(identities[0].Contact, id)
	}
	return w.contact(id)
}

// sure refuses what requires a higher level of verified identity than its receiver has.
func (w *work) sure(conv *ticket.Conversation, private bool, requires ticket.Assurance) error {
	if requires == ticket.Unverified {
		return nil
	}
	if !requires.Valid() {
		return fmt.Errorf("requires %s: want none, claimed, confirmed or strong: %w", requires, ErrInvalid)
	}
	if !private && conv.Key.Visibility != channel.Private {
		return &UnverifiedError{Requires: requires, Public: true}
	}
	c, err := w.receiver(conv)
	if err != nil {
		return err
	}
	if has := c.Verified.Holds(w.now); has < requires {
		return &UnverifiedError{Contact: c.ID, Has: has, Requires: requires}
	}
	return nil
}

// stillSure is sure for a post that is about to go out: what held when it was written may have ended while it waited. The reason is empty when it may go.
func (w *work) stillSure(m *ticket.Message) (reason string, err error) {
	if m.Post.Requires == ticket.Unverified {
		return "", nil
	}
	convs, err := w.tx.Conversations(m.Conversation)
	if err == nil && convs[0].MovedTo != nil {
		convs, err = w.tx.Conversations(*convs[0].MovedTo)
	}
	if err != nil {
		return "", err
	}
	err = w.sure(&convs[0], m.Post.Private, m.Post.Requires)
	if errors.Is(err, ErrUnverified) {
		return err.Error(), nil
	}
	return "", err
}

// A verifying token is as a link's, but for a contact and a level: "sv", the contact's ID, the level as a digit, until when, and the seal.
const verifyPrefix = "sv-"

// VerifyLink returns a token that verifies a contact, for sending it where only the right person receives it: to the mailbox that the brand has on file, behind a login.
// When the contact brings it back in a private message before the time is over, in Payload, in Facts or in the text, it counts as verified with the level
// from then on, and also only until that time is over. It serves once, and nobody but that contact. Errors: ErrNotFound, ErrInvalid (no Config.LinkKey, a level that is none, a
// time that is not more than 0).
func (d *Desk) VerifyLink(ctx context.Context, by By, contact ticket.ContactID, level ticket.Assurance, within time.Duration) (token string, err error) {
	err = d.keyed(ctx, VerbVerifyLink, By{Actor: by.Actor}, nil, func(w *work) error {
		switch {
		case len(d.cfg.LinkKey) == 0:
			return fmt.Errorf("the desk has no link key: %w", ErrInvalid)
		case !level.Valid() || level == ticket.Unverified:
			return fmt.Errorf("level %s: want claimed, confirmed or strong: %w", level, ErrInvalid)
		case within <= 0:
			return fmt.Errorf("within %s: want more than 0: %w", within, ErrInvalid)
		}
		c, err := w.contact(contact)
		if err == nil && (c.ID == "" || !c.Erased.IsZero()) {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		until := w.now.Add(within).Truncate(time.Second)
		token = d.seal(verifyPrefix + string(c.ID) + "-" + strconv.Itoa(int(level)) + "-" + strconv.FormatInt(until.Unix(), 36))
		key, err := w.entryKey("verify link/" + string(c.ID))
		w.append(ticket.Entry{Kind: ticket.LinkGiven, Key: key, Contact: c.ID, Actor: by.Actor, New: until.UTC().Format(time.RFC3339), Reason: "to verify as " + level.String()})
		return err
	})
	if err != nil {
		return "", fmt.Errorf("socialcrm: make a link that verifies contact %s: %w", contact, err)
	}
	return token, nil
}

// openVerifyLink returns whom a token verifies, as what, and until when it serves; false for what the Desk did not seal.
func (d *Desk) openVerifyLink(token string) (id ticket.ContactID, level ticket.Assurance, until time.Time, ok bool) {
	body, ok := d.unseal(token, verifyPrefix)
	parts := strings.Split(body, "-")
	if !ok || len(parts) != 3 {
		return "", 0, time.Time{}, false
	}
	n, err := strconv.ParseInt(parts[1], 10, 8)
	unix, err2 := strconv.ParseInt(parts[2], 36, 64)
	return ticket.ContactID(parts[0]), ticket.Assurance(n), time.Unix(unix, 0), err == nil && err2 == nil
}

// followVerifyLink verifies the author of a private message that brings a token for it, and returns the contact as it then is.
func (w *work) followVerifyLink(contact *ticket.Contact, e *channel.Event, history bool) (*ticket.Contact, error) {
	if contact == nil || history || e.Message.Visibility != channel.Private || len(w.d.cfg.LinkKey) == 0 {
		return contact, nil
	}
	var id ticket.ContactID
	var level ticket.Assurance
	var until time.Time
	token, ok := tokenIn(&e.Message, verifyPrefix, func(token string) (ok bool) {
		id, level, until, ok = w.d.openVerifyLink(token)
		return ok
	})
	if !ok || e.Time.After(until) || !w.now.Before(until) {
		return contact, nil
	}
	meant, err := w.contact(id)
	if err != nil || meant.ID != contact.ID {
		return contact, err
	}
	used := ticket.ValueKey{Space: "link", Name: token}
	values, err := w.tx.Values(used)
	if err != nil || values[0].Data != nil {
		return contact, err
	}
	w.tx.PutValue(ticket.Value{Key: used, Data: []byte(contact.ID), Expires: until.Add(keysKeptFor)})
	v := ticket.Verification{Level: level, How: "a link", By: ticket.Actor{Kind: ticket.ByCustomer, ID: e.Message.Author.ID}, At: w.now, Until: until}
	if contact.Verified.Higher(v, w.now).Equal(contact.Verified) {
		return contact, nil
	}
	changed := *contact
	return &changed, w.verify(&changed, v)
}
