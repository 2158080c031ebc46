package crm

import (
	"context"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// Directory is a Sink that knows who customers are.
type Directory interface {
	// Lookup finds the person. Found is false, without an error, when there is none or more than one fits.
	Lookup(ctx context.Context, q Lookup) (Person, bool, error)
}

// Lookup is what we know of somebody.
type Lookup struct {
	Identities []Identity
	Emails     []string
	Phones     []string
}

// Person is who somebody is to the company.
type Person struct {
	// Ref is the CRM's own ID of the record that the answer came from. The Desk does not write into that record: the contact is pushed under its own Contact.Key, which
	// may make a second one. A CRM that is to hold one record joins the two itself, in Push or by its own rules for duplicates.
	Ref      string
	Name     string
	Kind     ticket.ContactKind
	Tier     string
	Segment  string
	Language string
	// Owner is the agent or adviser who looks after the person, as the Setup names agents.
	Owner  string
	Emails []string
	Phones []string
	// Verified is how sure the CRM is that somebody with these profiles is the person; ticket.Unverified says nothing about it. It ends at VerifiedUntil; zero: never.
	Verified      ticket.Assurance
	VerifiedUntil time.Time
}

// Source is a Sink in which people also work: it tells what they changed there. Changes made by our own integration user are left out.
type Source interface {
	// Changes returns what happened after the cursor, oldest first, in one call or a few.
	Changes(ctx context.Context, after channel.Cursor) (Batch, error)
}

// Batch is what a Source tells.
type Batch struct {
	Updates []Update
	Cursor  channel.Cursor
	// More says that asking again at once would bring more; Wait is how long to wait otherwise, 0 for the Desk's default.
	More bool
	Wait time.Duration
}

// Update is one thing that somebody did in the CRM to a case of ours.
type Update struct {
	// Key is the same whenever this update is told.
	Key string
	// Case is Case.Key or, where the CRM does not keep that, empty with CaseRef set.
	Case    string
	CaseRef string
	// Actor is who did it: Kind ticket.ByCRM, ID that person's name or ID in the CRM, Name how people call them; empty: not known. The Desk keeps the person as the Name,
	// and puts the sink's name in the ID's place.
	Actor ticket.Actor
	// Time is when it was done, by the CRM's clock: by it the Desk tells which of two changes was the later.
	Time time.Time
	// Status is the new status; empty: unchanged.
	Status ticket.Status
	// Agent is the new owner as the Setup names agents; nil: unchanged.
	Agent *string
	// Reply is a text that is marked for the customer; Note one that is not.
	Reply string
	Note  string
	// Ref is the CRM's own ID of the record that the Reply was written in, where that record can become the interaction of the reply that then goes out: the Desk gives
	// it back as the interaction's ref (its Actor is of kind ByCRM and has the sink's name), and nothing is shown twice. Empty: the reply is pushed as any other.
	Ref string
}

// Eraser is a Sink that can remove what must not be kept. Both are idempotent, and removing what is not there is no error.
type Eraser interface {
	// Redact removes the text and attachments of an interaction; its place stays.
	Redact(ctx context.Context, s Subject, interaction, ref string) error
	// Erase removes every trace of the person.
	Erase(ctx context.Context, contact, ref string) error
}

// LeadSink is a Sink that takes sales opportunities.
type LeadSink interface {
	// PushLead hands over an opportunity, idempotently by its Key, and returns the CRM's ID.
	PushLead(ctx context.Context, l Lead) (ref string, err error)
}

// Lead is an opportunity found in a conversation.
type Lead struct {
	Key         string
	Contact     Contact
	Case        string // Case.Key
	Title       string
	Description string
	Actor       ticket.Actor
	Time        time.Time
}
