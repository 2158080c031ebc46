package socialcrm

import (
	"cmp"
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// While tickets are one, each message and each conversation remembers which of them it belongs to, so that taking them apart gives to each what is its own: also where
// two of them share a conversation, as a follow-up does with the ticket that it follows.

// takeIn brings another ticket's conversations and messages into this one; line is what they are called among its clocks.
func (c *change) takeIn(other *change, line string) error {
	w := c.w
	convs, err := w.tx.Conversations(other.Conversations...)
	if err != nil {
		return err
	}
	brought, shared := make(map[ticket.ConversationKey]ticket.ID, len(convs)), false
	for _, conv := range convs {
		if conv.Ticket == other.ID {
			shared = shared || slices.Contains(c.Conversations, conv.Key)
			brought[conv.Key] = conv.Part
			conv.Ticket, conv.Line, conv.Part = c.ID, cmp.Or(conv.Line, line), cmp.Or(conv.Part, other.ID)
			w.tx.PutConversation(conv)
		}
	}
	if shared { // what was said there before is this ticket's all the same
		err := w.eachFiled(c.ID, func(m *ticket.Message) {
			if _, moves := brought[m.Conversation]; moves && m.Part == "" {
				m.Part = c.ID
				w.putMessage(*m)
			}
		})
		if err != nil {
			return err
		}
	}
	for _, key := range other.Conversations {
		if !slices.Contains(c.Conversations, key) {
			c.Conversations = append(slices.Clone(c.Conversations), key)
		}
	}
	return w.eachFiled(other.ID, func(m *ticket.Message) {
		m.Ticket, m.Part = c.ID, cmp.Or(m.Part, brought[m.Conversation], other.ID)
		w.putMessage(*m)
	})
}

// giveBack gives a ticket that is taken out of this one the conversations and messages that are its own, or of its parts, and the parties there. came: the customer wrote meanwhile.
func (c *change) giveBack(other *change, parts []ticket.ID) (came bool, err error) {
	w := c.w
	own := func(part ticket.ID) ticket.ID { // what is its own needs no name there
		if part == other.ID {
			return ""
		}
		return part
	}
	convs, err := w.tx.Conversations(c.Conversations...)
	if err != nil {
		return false, err
	}
	brought, stays := make(map[ticket.ConversationKey]ticket.ID, len(convs)), make(map[ticket.ConversationKey]bool, len(convs))
	for _, conv := range convs {
		brought[conv.Key] = conv.Part
		if conv.Ticket != c.ID {
			continue
		}
		if !slices.Contains(parts, conv.Part) {
			stays[conv.Key] = true
			continue
		}
		if conv.Line == string(other.ID) {
			conv.Line = ""
		}
		conv.Ticket, conv.Part = other.ID, own(conv.Part)
		w.tx.PutConversation(conv)
		if !slices.Contains(other.Conversations, conv.Key) {
			other.Conversations = append(slices.Clone(other.Conversations), conv.Key)
		}
	}
	err = w.eachFiled(c.ID, func(m *ticket.Message) {
		if !slices.Contains(parts, cmp.Or(m.Part, brought[m.Conversation])) {
			stays[m.Conversation] = true
			return
		}
		came = came || m.Part == "" && m.Direction == ticket.Inbound
		m.Ticket, m.Part = other.ID, own(m.Part)
		w.putMessage(*m)
	})
	gone := func(key ticket.ConversationKey) bool { return !stays[key] && slices.Contains(other.Conversations, key) }
	c.Conversations = slices.DeleteFunc(slices.Clone(c.Conversations), gone)
	had, all := &ticket.Ticket{Parties: other.Parties}, c.Parties
	c.Parties, other.Parties = nil, nil
	for _, p := range all {
		if gone(p.Conversation) || had.PartyIn(p.Conversation) != nil {
			other.Parties = append(other.Parties, p)
		} else {
			c.Parties = append(c.Parties, p)
		}
	}
	return came, err
}

// latestIn returns the message that an answer to a ticket is meant for which this one took in: the customer's latest there, in public where only that will do. Empty:
// it is this ticket itself, or has no conversation of its own here.
func (w *work) latestIn(c *change, id ticket.ID, public bool) (key string, err error) {
	if id == c.ID {
		return "", nil
	}
	tickets, err := w.tx.Tickets(id)
	if err != nil {
		return "", err
	}
	convs, err := w.tx.Conversations(c.Conversations...)
	if err != nil {
		return "", err
	}
	convs = slices.DeleteFunc(convs, func(v ticket.Conversation) bool {
		its := v.Part == id || v.Part != "" && slices.Contains(tickets[0].Absorbed, v.Part)
		return !its || public && v.Key.Visibility != channel.Public || v.Ticket != c.ID || v.MovedTo != nil || v.CustomerMessage == "" || c.PartyIn(v.Key) != nil
	})
	if len(convs) == 0 {
		return "", nil
	}
	latest := slices.MaxFunc(convs, func(a, b ticket.Conversation) int { return a.CustomerWrote.Compare(b.CustomerWrote) })
	messages, err := w.byRef(ticket.MessageRef{Account: latest.Key.Account, ID: latest.CustomerMessage})
	return first(messages).Key, err
}

// eachFiled gives fn each message of a ticket as this transaction has it, also those that it filed there.
func (w *work) eachFiled(id ticket.ID, fn func(*ticket.Message)) error {
	var keys []string
	q := ticket.MessageQuery{Ticket: id}
	for {
		list, err := w.tx.ListMessages(q)
		if err != nil {
			return err
		}
		for _, m := range list.Items {
			keys = append(keys, m.Key)
		}
		if q.After = list.Next; q.After == "" {
			break
		}
	}
	for _, f := range w.filed {
		if f.ticket == id && !slices.Contains(keys, f.message) {
			keys = append(keys, f.message)
		}
	}
	messages, err := w.tx.Messages(keys...)
	if err != nil {
		return err
	}
	for i := range messages {
		if messages[i].Ticket == id {
			fn(&messages[i])
		}
	}
	return nil
}
