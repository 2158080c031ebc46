package ticket

import (
	"encoding/json"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// Position is a place in a tenant's journal. It is opaque but ordered: compare two with < on the text. "" is the beginning. Positions grow, gaps are
// allowed, and once a reader has seen P, nothing at or below P ever appears.
type Position string

// ActorKind says what kind of actor did something.
type ActorKind string

const (
	ByCustomer ActorKind = "customer"
	ByParty    ActorKind = "party" // somebody beside the customer; see Party
	ByAgent    ActorKind = "agent"
	BySystem   ActorKind = "system" // the Desk itself, or an automated text
	ByTool     ActorKind = "tool"   // another tool that posts for the brand
	ByCRM      ActorKind = "crm"
	ByHost     ActorKind = "host" // the program that embeds the Desk
)

// Actor is who did something.
type Actor struct {
	Kind ActorKind `json:"kind,omitempty"`
	// ID is the agent's name, the author's ID, the sink's name.
	ID string `json:"id,omitempty"`
	// Name is for display and signature: the agent's first name.
	Name string `json:"name,omitempty"`
}

// IsZero reports whether nobody is named.
func (a Actor) IsZero() bool { return a == Actor{} }

// Agent returns the actor for an agent of this name.
func Agent(name string) Actor { return Actor{Kind: ByAgent, ID: name} }

// EntryKind says what happened.
type EntryKind string

const (
	TicketCreated    EntryKind = "ticket.created"
	TicketReopened   EntryKind = "ticket.reopened"
	TicketRouted     EntryKind = "ticket.routed"        // Old and New are lanes; Detail is the routing.Decision
	TicketAssigned   EntryKind = "ticket.assigned"      // Old and New are agents
	TicketStatus     EntryKind = "ticket.status"        // Old and New are statuses
	TicketPriority   EntryKind = "ticket.priority"      // Old and New are priorities
	TicketMerged     EntryKind = "ticket.merged"        // into New, or New was merged into this one; Old is OneLine where their conversations turned out to be one
	TicketUnmerged   EntryKind = "ticket.unmerged"      // from New
	TicketRelated    EntryKind = "ticket.related"       // New is a ticket of the same customer on another channel that is likely about the same matter; Reason says how it came to light
	TicketUnrelated  EntryKind = "ticket.unrelated"     // a person says that Old is another matter
	CampaignFound    EntryKind = "campaign.found"       // many people wrote nearly the same: New is how many; Detail is an sla.Step with whom to notify, where the Setup names somebody
	TicketHanded     EntryKind = "ticket.handed"        // to another lane by a person or a step of a policy; Old and New are lanes, Detail is the routing.Decision
	TicketTags       EntryKind = "ticket.tags"          // Old and New are the tags, separated by ", "
	TicketMoved      EntryKind = "ticket.moved"         // New is a conversation that now belongs to it: the customer was led there
	PartyAdded       EntryKind = "ticket.party"         // New is the contact, Reason the role
	PartyRemoved     EntryKind = "ticket.party_removed" // Old is the contact, Reason the role
	TicketClaimed    EntryKind = "ticket.claimed"       // Actor writes an answer; New is until when, as RFC 3339, unless it ends before
	TicketUnclaimed  EntryKind = "ticket.unclaimed"     // Actor's claim ended before its time
	LinkGiven        EntryKind = "ticket.link"          // a link was made that leads the customer to another channel; New is until when it serves
	TicketLate       EntryKind = "ticket.late"          // a message came in long after it was written
	MessageReceived  EntryKind = "message.received"
	MessageCompleted EntryKind = "message.completed" // a further copy told more
	MessageEdited    EntryKind = "message.edited"    // Old and New are the revisions; texts are never in the journal
	MessageDeleted   EntryKind = "message.deleted"
	MessageEchoed    EntryKind = "message.echoed"    // an own post that the Desk did not send
	MessageReaction  EntryKind = "message.reaction"  // New is "given" or "taken back"; Message.Reactions says what it is
	MessageMoved     EntryKind = "message.moved"     // something happened to it while the ticket was part of Old, which it left
	MessageModerated EntryKind = "message.moderated" // New is the channel.ModerateAction
	ModerationQueued EntryKind = "moderation.queued" // New is the channel.ModerateAction
	ModerationFailed EntryKind = "moderation.failed" // it will not be tried again; New is the channel.ModerateAction, Reason says why
	NoteAdded        EntryKind = "note.added"
	ConsultAsked     EntryKind = "consult.asked"    // Message is the question, New is who is asked
	ConsultAnswered  EntryKind = "consult.answered" // Message is the answer, Old the question
	ConsultOverdue   EntryKind = "consult.overdue"  // Message is the question, New is who was asked
	DraftWritten     EntryKind = "draft.written"    // Message is the draft
	DraftApproved    EntryKind = "draft.approved"   // New is "edited" when the approver changed the text
	DraftRejected    EntryKind = "draft.rejected"   // Reason says why
	ReplyQueued      EntryKind = "reply.queued"
	ReplySent        EntryKind = "reply.sent"
	ReplyConfirmed   EntryKind = "reply.confirmed"  // the echo, a receipt or a Finder says that it went out
	ReplyReceipt     EntryKind = "reply.receipt"    // New is the state
	ReplyRetried     EntryKind = "reply.retried"    // it will be tried again; Reason says why
	ReplyDoubtful    EntryKind = "reply.doubtful"   // it may have gone out
	ReplyFailed      EntryKind = "reply.failed"     // it will not be tried again; Reason says why
	ReplyCancelled   EntryKind = "reply.cancelled"  // it was withdrawn before it went out; Reason says why
	ReplyTwice       EntryKind = "reply.twice"      // it went out twice
	ReplyForbidden   EntryKind = "reply.forbidden"  // the platform forbids it, or its window closed; New lists the ways that are left
	PrivateOffered   EntryKind = "private.offered"  // a public message should be answered in private; New is the company's rule, Reason what matched
	ReplyClosing     EntryKind = "reply.closing"    // the platform's window for an answer closes soon, at New (RFC 3339); Old is the moment of the step, Detail the sla.Step with whom to notify; what it did follows
	ReplyClosed      EntryKind = "reply.closed"     // the window closed at New (RFC 3339) before the customer was answered
	TicketElsewhere  EntryKind = "ticket.elsewhere" // what was asked was answered on another channel; Reason says where and how
	ClockStarted     EntryKind = "clock.started"    // for all clock entries Stand is the clock as it now stands, and Reason its policy
	ClockMoved       EntryKind = "clock.moved"      // its verdict stays, but its times are others: one that runs has another deadline (how it begins, pauses and runs on the ticket's other entries tell), what was breached has ended, or something came to light late
	ClockMet         EntryKind = "clock.met"
	ClockBreached    EntryKind = "clock.breached"
	ClockEnded       EntryKind = "clock.ended"      // with another verdict; New is the verdict
	ClockWithdrawn   EntryKind = "clock.withdrawn"  // a verdict was taken back; Old is it; an entry with the new one follows, if there is one
	ClockReapplied   EntryKind = "clock.reapplied"  // the promises in force were applied anew; Old and New are policies
	ClockWarned      EntryKind = "clock.warned"     // a step before a deadline; Old is its moment, New the metric, Reason the policy, Detail the sla.Step with whom to notify
	TicketEscalated  EntryKind = "ticket.escalated" // a step that does more than warn, or at a breach or after it; the same fields; what it did follows
	ContactCreated   EntryKind = "contact.created"
	ContactChanged   EntryKind = "contact.changed"
	ContactVerified  EntryKind = "contact.verified" // Old and New are levels of Assurance, Reason says how; Detail is the Verification
	ContactMerged    EntryKind = "contact.merged"   // into New, or New was merged into this one
	ContactUnmerged  EntryKind = "contact.unmerged" // from New
	ContactErased    EntryKind = "contact.erased"   // the person is gone here; on a ticket: what the person said is
	CaseErased       EntryKind = "crm.erased"       // the person is gone in the CRM
	CaseUnerased     EntryKind = "crm.unerased"     // the person is not, or not in time; Reason says why
	CaseFailed       EntryKind = "crm.failed"       // a push failed for good; Actor is the sink, Reason says why
	CaseRefused      EntryKind = "crm.refused"      // what somebody did in the CRM could not be done here; Actor is who, Reason says why, Message is a note with the text
	CaseRedacted     EntryKind = "crm.redacted"     // a deletion was honoured in the CRM
	CaseUnredacted   EntryKind = "crm.unredacted"   // it was not, or not in time; Reason says why
	LeadHanded       EntryKind = "lead.handed"      // an opportunity is on its way to the CRMs; New is its key
	LeadTaken        EntryKind = "lead.taken"       // a CRM has it; Old is its key, New the CRM's ID
	JournalGap       EntryKind = "crm.gap"          // a sink missed something for good, because it was not there or retention was faster; Actor is the sink, New the task concerned, Reason says why
	StoreLost        EntryKind = "store.lost"       // from Happened on this Desk could not write; Reason is the first error. Written once it could again
	StoreBack        EntryKind = "store.back"       // it could again, and what can be polled is polled
	ScopePaused      EntryKind = "scope.paused"
	ScopeResumed     EntryKind = "scope.resumed"
	EventQuarantined EntryKind = "event.quarantined"
	SetupApplied     EntryKind = "setup.applied"
	SetupReapplied   EntryKind = "setup.reapplied" // its promises are being applied to all open tickets; New is the version
	HolidaysFailed   EntryKind = "holidays.failed" // the feed of the calendar New cannot be read; what it gave last stays in force
	HolidaysRead     EntryKind = "holidays.read"   // the feed of the calendar New can be read again
	ChangesFailed    EntryKind = "changes.failed"  // the CRM Actor refuses to tell what people do in it; it is asked on, ever more seldom
	ChangesRead      EntryKind = "changes.read"    // it tells again
	AccountAdded     EntryKind = "account.added"
	AccountAlarm     EntryKind = "account.alarm"     // an authorisation or a subscription was lost, or the account is silent. Old is the account, New what it is: "silent", "poll" (the poll of the source in Reason is not authorized; Old is empty when that is no account's own), or the event's kind
	AccountRecovered EntryKind = "account.recovered" // Old is the account, New what is well again: "subscription", "poll" or "heard again"
	EventReleased    EntryKind = "event.released"    // it left the quarantine; New is its ID there
	TaskRequeued     EntryKind = "task.requeued"     // a dead letter is tried again; New is the task's ID
	AgentPresence    EntryKind = "agent.presence"
)

// OneLine is what Old of a TicketMerged says of two tickets whose conversations turned out to be one: what is said there answers both.
const OneLine = "one line"

// Entry is one step that happened. Entries are never changed.
type Entry struct {
	// Position is given by the Store at or after the commit; leave it empty when appending.
	Position Position `json:"position,omitempty"`
	// Key names the entry, unique within the tenant. Appending a key that is there already changes nothing.
	Key string `json:"key"`
	// Kind says what happened.
	Kind EntryKind `json:"kind"`
	// Ticket and Contact are whom it concerns; either may be empty.
	Ticket  ID        `json:"ticket,omitempty"`
	Contact ContactID `json:"contact,omitempty"`
	// Message is the Message.Key concerned.
	Message string `json:"message,omitempty"`
	Actor   Actor  `json:"actor,omitzero"`
	// Happened is when the platform (or the agent's program) says it happened, Received when it reached us, Processed when it was committed.
	Happened  time.Time `json:"happened"`
	Received  time.Time `json:"received,omitzero"`
	Processed time.Time `json:"processed"`
	// Setup is the version of the company's Setup that was in force.
	Setup int64 `json:"setup,omitempty"`
	// Old and New are what changed, in words; see the kinds.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	// Reason says why.
	Reason string `json:"reason,omitempty"`
	// Clock is what the step means for the ticket's clocks; folding the Clock events of all entries gives Ticket.Clocks.
	Clock *sla.Event `json:"clock,omitempty"`
	// Stand is the clock that a clock entry is about, as it now stands.
	Stand *sla.Clock `json:"stand,omitempty"`
	// Detail is what else belongs to the kind, as JSON.
	Detail json.RawMessage `json:"detail,omitempty"`
}
