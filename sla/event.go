package sla

import (
	"cmp"
	"strings"
	"time"
)

// EventKind says what happened to the ticket, as far as clocks care.
type EventKind string

const (
	// CustomerWrote: a message that wants an answer.
	CustomerWrote EventKind = "customer wrote"
	// MessageWithdrawn: the customer deleted the message whose place is Event.Of.
	MessageWithdrawn EventKind = "message withdrawn"
	// Answered: a post of ours that the platform accepted and the customer can see.
	Answered EventKind = "answered"
	// AnswerWithdrawn: the platform reports that the post named by Event.Key never arrived after all. The answer goes, and the status that came with it.
	AnswerWithdrawn EventKind = "answer withdrawn"
	// AnswerArrived: the platform reports that the post named by Event.Key arrived, though it said otherwise: its AnswerWithdrawn counts no more, whichever comes first.
	AnswerArrived EventKind = "answer arrived"
	// AnswerGivenElsewhere: what the line's messages ask was answered on another channel.
	AnswerGivenElsewhere EventKind = "answered elsewhere"
	// ReplyForbidden: the platform forbids an answer on this line, or its window closed.
	ReplyForbidden EventKind = "cannot reply"
	// StatusChanged: Event.Status is the new status.
	StatusChanged EventKind = "status changed"
	// FactsChanged: Event.Facts are the new facts (priority, lane, tags, ...).
	FactsChanged EventKind = "facts changed"
	// Merged: the ticket that Event.Line names became part of this one. Until then its line is folded as a ticket of its own, under the facts and statuses that
	// its events tell, and keeps the verdicts that it had; from then on it shares those of this ticket, whose facts Event.Facts are then. The last one of a line counts.
	Merged EventKind = "merged"
)

// Mark is an event's place in the order of a ticket's events: by the platform's time, then the platform's own order, then the key. When it arrived
// plays no part.
type Mark struct {
	Time  time.Time `json:"time,omitzero"`
	Order string    `json:"order,omitempty"`
	Key   string    `json:"key,omitempty"`
}

// Compare returns -1, 0 or +1 as m lies before, at or after other.
func (m Mark) Compare(other Mark) int {
	if c := m.Time.Compare(other.Time); c != 0 {
		return c
	}
	return cmp.Or(strings.Compare(m.Order, other.Order), strings.Compare(m.Key, other.Key))
}

// Event is something that starts, stops or moves clocks.
type Event struct {
	Mark
	Kind EventKind `json:"kind"`
	// Line is which line of the ticket it happened on. Empty: the ticket's own. A ticket that was merged into this one is a line of its own, whose messages want
	// their own answers; what else happened to it, before it was merged, leaves this ticket's status and facts alone.
	Line string `json:"line,omitempty"`
	// Into is set for Merged where the line became part of another line, which is merged itself. Empty: part of the ticket.
	Into string `json:"into,omitempty"`
	// Automated is set on an answer that no person wrote: it acknowledges, and is a response only where the policy says so.
	Automated bool `json:"automated,omitempty"`
	// Status is set for StatusChanged; and for Merged where what the line becomes part of has another status from then on, because the two are one.
	Status Status `json:"status,omitempty"`
	// Opens is set for CustomerWrote where the message also opens the ticket that its line is of by then, if that is pending, on hold, solved or closed.
	Opens bool `json:"opens,omitempty"`
	// Post is set for StatusChanged where an answer brought the status with it: the key of the post, which AnswerWithdrawn names. A status that came of its failure
	// has a name of its own here, so that it can be withdrawn, too.
	Post string `json:"post,omitempty"`
	// Reason says, on a change to solved, why no answer is needed.
	Reason string `json:"reason,omitempty"`
	// Of is set for MessageWithdrawn: the place of the message.
	Of Mark `json:"of,omitzero"`
	// Facts are the facts of the ticket from now on; for Merged, of the one that the line became part of. Nil: as before.
	Facts *Facts `json:"facts,omitempty"`
}
