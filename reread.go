package socialcrm

import (
	"context"
	"encoding/json"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

const rereadKind = "reread"

// rereadTask looks again at what customers wrote on an account, for edits and deletions that nobody told.
func rereadTask(id channel.AccountID, due time.Time) ticket.Task {
	return ticket.Task{ID: "reread/" + id.String(), Kind: rereadKind, Queue: "reread/" + id.String(), Due: due, Payload: []byte(id.String())}
}

// A step of a round goes through that many pages of so many tickets at most, for all that it finds nothing of its account, and reads that many messages of a
// ticket, the latest, in a round.
const (
	rereadPages    = 4
	rereadTickets  = 50
	rereadMessages = 100
)

// round is how far a round through an account's messages has come. Nothing is lost with it: the next round reads all of them again.
type round struct {
	// After is the place in the list of tickets.
	After string `json:"after,omitempty"`
	// Left are the keys of messages of the tickets before it that are still to be read.
	Left []string `json:"left,omitempty"`
}

func roundKey(id channel.AccountID) ticket.ValueKey {
	return ticket.ValueKey{Space: rereadKind, Name: id.String()}
}

// reread takes one step of a round. What the platform says, the place and the next step are stored together. The round goes on whatever becomes of a step: a message that
// cannot be read holds up no other.
func (d *Desk) reread(ctx context.Context, lease ticket.Lease) error {
	var id channel.AccountID
	if err := id.UnmarshalText(lease.Payload); err != nil {
		return d.settle(ctx, func(w *work) error { return w.tx.Bury(lease, err.Error()) })
	}
	acc := d.channelOf(id)
	if acc == nil {
		return d.settle(ctx, func(w *work) error { return w.leaveOrFinish(lease, "account "+id.String()) })
	}
	rereader, ok := acc.Channel.(channel.Rereader)
	if !ok {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) }) // it was replaced
	}
	atOnce, wait := rereader.RereadPace()
	wait = max(wait, time.Second)
	var at round
	var known []channel.Message
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) (err error) {
		at, known, err = nextOfRound(r, id, max(atOnce, 1))
		return err
	})
	if err != nil {
		return err
	}
	var events []channel.Event
	var cause error
	if len(known) > 0 {
		callCtx, cancel := d.request(ctx)
		events, cause = rereader.Reread(callCtx, known)
		cancel()
	}
	if cause != nil {
		d.log.Warn("messages not read again", "account", id.String(), "error", cause)
	}
	a := &arrival{events: events, then: func(w *work) error {
		holds, err := w.tx.Holds(lease)
		if err != nil || !holds {
			return err
		}
		data, err := json.Marshal(at)
		if err != nil {
			return err
		}
		w.tx.PutValue(ticket.Value{Key: roundKey(id), Data: data})
		due := w.now.Add(wait)
		if cause != nil {
			if later := retryAt(cause, w.now, lease); later.After(due) {
				due = later
			}
			return w.tx.Postpone(lease, due, reasonOf(cause))
		}
		if err := w.tx.Finish(lease); err != nil {
			return err
		}
		w.tx.Schedule(rereadTask(id, due))
		return nil
	}}
	return d.group.do(context.WithoutCancel(ctx), d, a)
}

// nextOfRound returns the next messages of a round, and how far it is with them.
func nextOfRound(r ticket.Reader, id channel.AccountID, atOnce int) (at round, known []channel.Message, err error) {
	values, err := r.Values(roundKey(id))
	if err != nil {
		return at, nil, err
	}
	if values[0].Data != nil {
		if err := json.Unmarshal(values[0].Data, &at); err != nil {
			return at, nil, err
		}
	}
	for range rereadPages {
		if len(at.Left) > 0 {
			break
		}
		tickets, err := r.ListTickets(ticket.TicketQuery{
			Statuses: []ticket.Status{ticket.New, ticket.Open, ticket.Pending, ticket.OnHold}, Newest: true, Page: ticket.Page{Limit: rereadTickets, After: at.After},
		})
		if err != nil {
			return at, nil, err
		}
		for i := range tickets.Items {
			keys, err := customersMessages(r, &tickets.Items[i], id)
			if err != nil {
				return at, nil, err
			}
			at.Left = append(at.Left, keys...)
		}
		if at.After = tickets.Next; at.After == "" {
			break // the next step begins a new round
		}
	}
	now := at.Left[:min(atOnce, len(at.Left))]
	at.Left = at.Left[len(now):]
	messages, err := r.Messages(now...)
	for i := range messages {
		if m := &messages[i]; readable(m, id) {
			known = append(known, m.Content)
		}
	}
	return at, known, err
}

// customersMessages returns the keys of what customers wrote on the account in a ticket.
func customersMessages(r ticket.Reader, t *ticket.Ticket, id channel.AccountID) (keys []string, err error) {
	ours := t.Account == id
	for _, c := range t.Conversations {
		ours = ours || c.Account == id
	}
	if !ours {
		return nil, nil
	}
	for q := (ticket.MessageQuery{Ticket: t.ID}); ; {
		list, err := r.ListMessages(q)
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			if m := &list.Items[i]; readable(m, id) {
				keys = append(keys, m.Key)
			}
		}
		if q.After = list.Next; q.After == "" {
			return keys[max(len(keys)-rereadMessages, 0):], nil
		}
	}
}

// readable reports whether the account's platform can say what became of a message that somebody else wrote.
func readable(m *ticket.Message, id channel.AccountID) bool {
	return m.Direction == ticket.Inbound && m.Conversation.Account == id && m.Content.ID != "" && m.Deleted.IsZero()
}
