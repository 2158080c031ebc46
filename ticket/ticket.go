package ticket

import (
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
)

// Status says where a ticket stands; see package sla.
type Status = sla.Status

// Priority says what comes first; see package sla.
type Priority = sla.Priority

const (
	New     = sla.New
	Open    = sla.Open
	Pending = sla.Pending
	OnHold  = sla.OnHold
	Solved  = sla.Solved
	Closed  = sla.Closed

	Low    = sla.Low
	Normal = sla.Normal
	High   = sla.High
	Urgent = sla.Urgent
)

// ID names a ticket within its tenant.
type ID string

// Ticket is one matter of one customer, as it stands. It is a snapshot: what happened is in the journal, what was said in the messages, and neither makes the
// snapshot grow.
type Ticket struct {
	ID ID `json:"id"`
	// Version grows by one with every change; verbs compare it with By.IfVersion.
	Version int64 `json:"version"`
	// Setup is the version of the company's Setup under which it last changed.
	Setup    int64    `json:"setup,omitempty"`
	Status   Status   `json:"status"`
	Priority Priority `json:"priority,omitzero"`
	// Subject is the title, or the first words of the first message.
	Subject string `json:"subject,omitempty"`
	// Account and Visibility are those of the conversation that began it.
	Account    channel.AccountID  `json:"account"`
	Visibility channel.Visibility `json:"visibility,omitzero"`
	// Language is a BCP 47 tag, when known.
	Language string `json:"language,omitempty"`
	// Conversations that belong to it: one, or several after a merge, a move to private, or with further parties.
	Conversations []ConversationKey `json:"conversations,omitempty"`
	// Contact is the customer.
	Contact ContactID `json:"contact,omitempty"`
	// Parties are those beside the customer, in the order in which they joined.
	Parties []Party `json:"parties,omitempty"`
	// Lane, Team and Agent say who handles it. An empty Agent: it waits in the lane.
	Lane  string `json:"lane,omitempty"`
	Team  string `json:"team,omitempty"`
	Agent string `json:"agent,omitempty"`
	// Home is the lane whose ticket it is, where Lane took it over only because that one was closed, or nobody was there: while it waits, it goes back once somebody works
	// there. Empty: it is Lane's own.
	Home string `json:"home,omitempty"`
	// Weight is what it takes of its agent's capacity, or will take while it waits; 0 means 1.
	Weight int `json:"weight,omitempty"`
	// Class says, while it waits, what it asks of whoever takes it beside what its lane does: all that wait in one lane and class can be taken by the same agents, and are
	// of one Home or Handed. The Desk sets it, so that it finds whom somebody can take, and who goes back, without looking at each; empty: nothing beside.
	Class string `json:"class,omitempty"`
	// Queued is since when it waits in its lane for an agent; zero while it does not.
	Queued time.Time `json:"queued,omitzero"`
	// Routed says what its lane was decided by; routing again asks the same, with what is known by then. Zero: nothing yet, or it was stored before this was kept.
	Routed Routed `json:"routed,omitzero"`
	// Handed is set once a person put it into its lane: routing leaves it there.
	Handed bool `json:"handed,omitempty"`
	// Ranked says whether a person set its priority: routing leaves that as it is.
	Ranked Ranking `json:"ranked,omitzero"`
	// Returned says who gave it back to its lane last: it is not handed out to that agent again until the agent comes back from being away, the customer writes, or
	// somebody hands it on. Zero: nobody did.
	Returned Return `json:"returned,omitzero"`
	// Consults are the questions to colleagues that have not been answered yet, the oldest first. Solving ends them.
	Consults []Consult `json:"consults,omitempty"`
	// Tags in alphabetical order.
	Tags []string `json:"tags,omitempty"`
	// FollowUpOf is the ticket that this one continues; MergedInto the one that took it over.
	FollowUpOf ID `json:"follow_up_of,omitempty"`
	MergedInto ID `json:"merged_into,omitempty"`
	// OneLine is set on a merged ticket whose conversation turned out to be one with that of the ticket which took it over: what is said there answers both.
	// Otherwise its messages go on waiting for their own answers, on a line of the other's clocks (sla.Event.Line) that is named after this ticket.
	OneLine bool `json:"one_line,omitempty"`
	// Absorbed are the tickets merged into this one; their journals count for its clocks.
	Absorbed []ID `json:"absorbed,omitempty"`
	// Related are the customer's tickets on other channels that are likely about the same matter; they name this one.
	Related []Related `json:"related,omitempty"`
	// Campaign is how many messages take part in the campaign that it is; 0: it is none. Nobody is its customer, and of its conversations it names only those that began
	// it: the others lead to it.
	Campaign int `json:"campaign,omitempty"`
	// Apart are tickets that a person took out of this one, or this one out of: the Desk does not join them again by itself.
	Apart []ID `json:"apart,omitempty"`
	// Created is the platform's time of its first message, Updated our time of the last change.
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	// CustomerWrote is the platform's time of the customer's latest message, Answered that of our latest answer by a person.
	CustomerWrote time.Time `json:"customer_wrote,omitzero"`
	Answered      time.Time `json:"answered,omitzero"`
	// ReplyBy is until when the platform lets a person answer what waits for an answer: the nearest where several wait. Zero: nothing waits, the platform sets no end, or it
	// has passed.
	ReplyBy time.Time `json:"reply_by,omitzero"`
	// Private is the offer to lead its customer into a private conversation, while a public message waits for an answer that should not be dealt with in public. Zero: none.
	Private PrivateOffer `json:"private,omitzero"`
	// SolvedAt is when it was last solved; zero while it is not.
	SolvedAt time.Time `json:"solved_at,omitzero"`
	// Erased is when its customer was erased; nothing that was said is left then.
	Erased time.Time `json:"erased,omitzero"`
	// Pruned is the position of its newest journal entry that retention let go of (Pruner), with all that was said until then; empty: its journal is whole.
	Pruned Position `json:"pruned,omitempty"`
	// Late is set when a customer's message came in long after it was written, until an agent acts.
	Late bool `json:"late,omitempty"`
	// Clocks are the promises that run for it.
	Clocks sla.State `json:"clocks,omitzero"`
	// Stepped names the steps (sla.Planned.Key) of the clocks that have not ended which happened already.
	Stepped []string `json:"stepped,omitempty"`
}

// Routed is what a ticket's lane was decided by.
type Routed struct {
	// Message is the Message.Key of the customer's message that decided.
	Message string `json:"message,omitempty"`
	// Lane is the one in which the ticket belongs by it. Ticket.Lane may be another, which took it over as its fallback or overflow, or to which a person moved it.
	Lane string `json:"lane,omitempty"`
}

// Ranking is that a person set the priority of a ticket.
type Ranking struct {
	Person bool `json:"person,omitempty"`
	// Over is the priority that it had by rules before: a rule raises what a person set only to more than that.
	Over Priority `json:"over,omitzero"`
}

// Return is that an agent gave a ticket back.
type Return struct {
	Agent string    `json:"agent"`
	At    time.Time `json:"at"`
}

// PrivateOffer suggests to answer a public message in private.
type PrivateOffer struct {
	// Rule is the name of the company's rule that says so, Message the Message.Key of what it is about.
	Rule    string `json:"rule"`
	Message string `json:"message"`
	// Text is what the rule suggests to say; empty: nothing.
	Text string `json:"text,omitempty"`
}

// Consult is a question to a team or an agent, asked inside a ticket.
type Consult struct {
	// Key names it: the Message.Key of the note that asks.
	Key string `json:"key"`
	// Team or Agent is who is asked, By who asks.
	Team  string `json:"team,omitempty"`
	Agent string `json:"agent,omitempty"`
	By    Actor  `json:"by,omitzero"`
	// Due is its own deadline. Overdue is set once that has passed.
	Due     time.Time `json:"due"`
	Overdue bool      `json:"overdue,omitempty"`
	// Hold is set while the ticket is on hold for the answer.
	Hold bool `json:"hold,omitempty"`
}

// Promise is the nearest deadline of what is owed: of a clock that runs, also of one that was breached for as long as nothing stops it (sla.State.Owed), or ReplyBy; zero
// when there is none. Waiting tickets are handed out in order of promise: the nearest first, so what is overdue longest comes first of all (none at all last), then by
// Priority, then by Created, then by ID.
func (t *Ticket) Promise() time.Time {
	owed := t.Clocks.Owed()
	if !t.ReplyBy.IsZero() && (owed.IsZero() || t.ReplyBy.Before(owed)) {
		return t.ReplyBy
	}
	return owed
}

// Unanswered is how many messages of the customer nobody has answered, on all lines of its clocks.
func (t *Ticket) Unanswered() int {
	n := t.Clocks.Waiting
	for i := range t.Clocks.Lines {
		n += t.Clocks.Lines[i].Waiting
	}
	return n
}

// ComparePromise orders waiting tickets: negative when a comes before b. Stores list them in this order.
func ComparePromise(a, b *Ticket) int {
	pa, pb := a.Promise(), b.Promise()
	switch {
	case pa.IsZero() != pb.IsZero():
		if pa.IsZero() {
			return 1
		}
		return -1
	case !pa.Equal(pb):
		return pa.Compare(pb)
	case a.Priority != b.Priority:
		return int(b.Priority) - int(a.Priority)
	case !a.Created.Equal(b.Created):
		return a.Created.Compare(b.Created)
	case a.ID < b.ID:
		return -1
	case a.ID > b.ID:
		return 1
	}
	return 0
}

// Clone returns a copy that shares nothing that can change.
func (t Ticket) Clone() Ticket {
	t.Conversations = slices.Clone(t.Conversations)
	t.Parties = slices.Clone(t.Parties)
	t.Consults = slices.Clone(t.Consults)
	t.Tags = slices.Clone(t.Tags)
	t.Absorbed = slices.Clone(t.Absorbed)
	t.Apart = slices.Clone(t.Apart)
	t.Related = slices.Clone(t.Related)
	t.Stepped = slices.Clone(t.Stepped)
	t.Clocks.Clocks = slices.Clone(t.Clocks.Clocks)
	t.Clocks.Facts.Tags = slices.Clone(t.Clocks.Facts.Tags)
	return t
}
