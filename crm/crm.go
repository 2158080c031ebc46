// Package crm is where every step lands: the customer's record in somebody's CRM or help desk.
//
// A [Sink] writes into one CRM; an adapter implements it, a host only hands it to the Desk. The Desk pushes one subject (a ticket or a contact) at a
// time, as one ordered [Change], from where that sink stopped; bursts coalesce, order holds, and a subject that the CRM refuses holds up no other.
//
// What only some CRMs can do is a further interface that the Sink also implements: [Directory], [Source], [Eraser], [LeadSink].
//
// Package crmtest holds an in-memory CRM for a host's tests and the conformance kit that every sink passes.
package crm

import (
	"context"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// Sink writes into one CRM. All methods may be called from several goroutines at once, but never for one subject at a time. A contact comes with each subject that the CRM
// does not know it by: until a Receipt has named its ref, one Push at a time carries it, in all processes of a Store; later several may, each with the ref.
type Sink interface {
	// Name is unique among a Desk's sinks and never changes: progress is kept under it. Lower-case letters, digits, '-', '.', '_'.
	Name() string
	// Push makes the CRM hold what the Change says. It is idempotent: repeated with the same Change, also after a part of it was done, the CRM holds everything
	// once. It makes one attempt within ctx, never waits or retries. Errors are *remote.Error; beside an error the Receipt still tells what was done.
	Push(ctx context.Context, c Change) (Receipt, error)
}

// Subject is what a Change is about: a ticket or a contact; exactly one is set.
type Subject struct {
	Ticket  ticket.ID        `json:"ticket,omitempty"`
	Contact ticket.ContactID `json:"contact,omitempty"`
}

// String returns "ticket/ID" or "contact/ID".
func (s Subject) String() string {
	if s.Ticket != "" {
		return "ticket/" + string(s.Ticket)
	}
	return "contact/" + string(s.Contact)
}

// Change is everything that a CRM has yet to learn about one subject. A sink writes the contact, then the case, then the interactions in order, and skips none.
type Change struct {
	Subject Subject `json:"subject"`
	// Contact is the customer as it now is; nil when only the case changed and the CRM knows the contact.
	Contact *Contact `json:"contact,omitempty"`
	// Case is the ticket as it now is; nil when the subject is a contact.
	Case *Case `json:"case,omitempty"`
	// Interactions are new, or changed and pushed again under the same Key, in the order in which they happened. One that the CRM holds with another case has moved to
	// this one, because tickets were taken apart; where a CRM cannot move it, it stays where it is, once.
	Interactions []Interaction `json:"interactions,omitempty"`
	// Refs are the CRM's own IDs as far as they are known. They save a look-up; the Keys decide. Of a ref that is stale (somebody deleted the record) the sink
	// finds or writes the record anew by its Key, or returns an error of kind NotFound: the Desk then pushes once more, with Contact and without Refs.
	Refs Refs `json:"refs,omitzero"`
}

// Refs are the CRM's own IDs of what we pushed.
type Refs struct {
	Contact string `json:"contact,omitempty"`
	Case    string `json:"case,omitempty"`
	// Interactions by Interaction.Key.
	Interactions map[string]string `json:"interactions,omitempty"`
}

// IsZero reports whether nothing is known.
func (r Refs) IsZero() bool { return r.Contact == "" && r.Case == "" && len(r.Interactions) == 0 }

// Receipt tells what a Push did. Beside an error it tells the progress: what is not in it is pushed again.
type Receipt struct {
	// Refs are the IDs learned: of the contact and the case when they were written, and of every interaction that was.
	Refs
	// Refused are interactions that the CRM will never take (their Key, and why); they are journalled and not pushed again.
	Refused map[string]string `json:"refused,omitempty"`
}

// Contact is a customer as a CRM sees it.
type Contact struct {
	// Key is the external ID under which to upsert: stable, at most 40 characters of a-z, 0-9 and '-'.
	Key      string             `json:"key"`
	Name     string             `json:"name,omitempty"`
	Kind     ticket.ContactKind `json:"kind,omitempty"`
	Language string             `json:"language,omitempty"`
	Emails   []string           `json:"emails,omitempty"`
	Phones   []string           `json:"phones,omitempty"`
	// Verified is how sure it is that this is the right person, until VerifiedUntil (zero: without end).
	Verified      ticket.Assurance `json:"verified,omitzero"`
	VerifiedUntil time.Time        `json:"verified_until,omitzero"`
	Identities    []Identity       `json:"identities,omitempty"`
	// MergedInto is the Key of the contact that took this one over; the CRM may not know that one yet.
	MergedInto string `json:"merged_into,omitempty"`
}

// Identity is a profile of the contact on a platform.
type Identity struct {
	Platform string         `json:"platform"`
	Author   channel.Author `json:"author"`
}

// Case is a ticket as a CRM sees it.
type Case struct {
	// Key is the external ID under which to upsert: stable, at most 40 characters of a-z, 0-9 and '-'.
	Key string `json:"key"`
	// Contact is the Key of the customer's contact, also where Change.Contact is nil; empty while nobody is known.
	Contact string `json:"contact,omitempty"`
	// Parties are those beside the customer: the seller beside the buyer. The CRM may not know their contacts yet.
	Parties  []Party           `json:"parties,omitempty"`
	Subject  string            `json:"subject,omitempty"`
	Status   ticket.Status     `json:"status"`
	Priority ticket.Priority   `json:"priority,omitzero"`
	Account  channel.AccountID `json:"account"`
	Private  bool              `json:"private,omitempty"`
	Language string            `json:"language,omitempty"`
	Lane     string            `json:"lane,omitempty"`
	Team     string            `json:"team,omitempty"`
	Agent    string            `json:"agent,omitempty"`
	Tags     []string          `json:"tags,omitempty"`
	Created  time.Time         `json:"created"`
	SolvedAt time.Time         `json:"solved_at,omitzero"`
	// Parent is the Key of the case that this one continues; MergedInto of the one that took it over. The CRM may not know that case yet, or never will.
	Parent     string `json:"parent,omitempty"`
	MergedInto string `json:"merged_into,omitempty"`
	// Related are the Keys of the same customer's cases on other channels that are likely about the same matter, and name this one; at most 16. One may have been merged since.
	// The CRM may not know them yet.
	Related []string `json:"related,omitempty"`
}

// Party is somebody beside the customer of a case.
type Party struct {
	// Contact is the Key of the party's contact.
	Contact string `json:"contact"`
	// Role is what the party is in this case.
	Role ticket.ContactKind `json:"role"`
}

// Interaction is a message as a CRM sees it.
type Interaction struct {
	// Key is the external ID: stable, at most 40 characters of a-z, 0-9 and '-', whatever the platform's ID looks like.
	Key string `json:"key"`
	// Message is the platform's ID; empty for a note, and for an answer of which the platform did not tell it. Where it does later, the answer is pushed again with it.
	Message   string           `json:"message,omitempty"`
	Direction ticket.Direction `json:"direction"`
	// Party is the Key of the contact who wrote it, or whom it answers, where that is not the customer but a party of the case.
	Party string `json:"party,omitempty"`
	// Author is the customer's or the party's identity, for what came in; Actor is who wrote it on our side.
	Author      channel.Author       `json:"author,omitzero"`
	Actor       ticket.Actor         `json:"actor,omitzero"`
	Automated   bool                 `json:"automated,omitempty"`
	Private     bool                 `json:"private,omitempty"`
	Text        string               `json:"text,omitempty"`
	Attachments []channel.Attachment `json:"attachments,omitempty"`
	URL         string               `json:"url,omitempty"`
	// Time is the platform's time, Order the platform's own order among those of equal Time, compared as text.
	Time  time.Time `json:"time"`
	Order string    `json:"order,omitempty"`
	// Edited and Deleted tell when it changed; State how far a post of ours got.
	Edited  time.Time        `json:"edited,omitzero"`
	Deleted time.Time        `json:"deleted,omitzero"`
	State   ticket.PostState `json:"state,omitempty"`
}
