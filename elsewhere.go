package socialcrm

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// AnsweredElsewhere says that what the customer asked was answered on another channel: by telephone, by letter, in the shop. Clocks that wait for an answer end with
// the verdict "answered elsewhere", and the ticket stays as it is, open. conversation limits that to what was asked there, in a ticket that others were merged into;
// the zero key means all of it. The reason says where and how; it stands in the journal. Errors: ErrInvalid (no reason, a ticket that is solved or closed),
// ErrNotFound (a conversation that is not the ticket's).
func (d *Desk) AnsweredElsewhere(ctx context.Context, id ticket.ID, by By, conversation ticket.ConversationKey, reason string) (Receipt, error) {
	content := []any{conversation, reason}
	return d.verb(ctx, VerbElsewhere, id, by, content, func(w *work, c *change) (Receipt, error) {
		switch {
		case strings.TrimSpace(reason) == "":
			return Receipt{}, errNoReason
		case c.Status.Done():
			return Receipt{}, fmt.Errorf("it is %s: %w", c.Status, ErrInvalid)
		}
		lines := []string{""}
		if conversation == (ticket.ConversationKey{}) {
			for _, line := range c.Clocks.Lines {
				lines = append(lines, line.Name)
			}
		} else {
			if !slices.Contains(c.Conversations, conversation) {
				return Receipt{}, fmt.Errorf("conversation %s of %s: %w", conversation.Thread, conversation.Account, ErrNotFound)
			}
			line, err := c.lineAt(conversation)
			if err != nil {
				return Receipt{}, err
			}
			lines[0] = line
		}
		for _, line := range lines {
			mark := c.afterAll(sla.Mark{Time: w.now, Key: c.newKey("elsewhere") + "@" + line})
			clock, err := c.fold(sla.Event{Kind: sla.AnswerGivenElsewhere, Mark: mark, Line: line})
			if err != nil {
				return Receipt{}, err
			}
			c.journal(ticket.Entry{Kind: ticket.TicketElsewhere, Actor: by.Actor, Reason: reason, Clock: clock})
		}
		c.Late = false
		if c.Status == ticket.New {
			return Receipt{}, c.setStatus(ticket.Open, w.now, "", c.newKey("elsewhere/open"), by.Actor, "answered elsewhere")
		}
		return Receipt{}, nil
	})
}
