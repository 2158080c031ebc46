package ticket

import "time"

// Party is somebody beside the customer in a ticket: the seller beside the buyer. What a party writes belongs to the ticket, but nothing was promised to it.
type Party struct {
	// Contact is who. It may have been merged into another contact since.
	Contact ContactID `json:"contact"`
	// Role is what the party is in this ticket, whatever else it is to the brand.
	Role ContactKind `json:"role"`
	// Conversation is where the party is reached; it is one of Ticket.Conversations.
	Conversation ConversationKey `json:"conversation"`
	// Added is since when, By who added it.
	Added time.Time `json:"added"`
	By    Actor     `json:"by,omitzero"`
}

// PartyIn returns the party that is reached in the conversation; nil where that is the customer's.
func (t *Ticket) PartyIn(k ConversationKey) *Party {
	for i := range t.Parties {
		if t.Parties[i].Conversation == k {
			return &t.Parties[i]
		}
	}
	return nil
}
