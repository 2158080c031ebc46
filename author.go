package socialcrm

import (
	"context"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/remote"
	"github.com/socialcrm/socialcrm/ticket"
)

const authorKind = "author" // read a message again that came without its author

// askForAuthor plans to ask the platform who wrote a message that came without its author, where its channel can do that. The message's conversation is
// provisional until somebody says.
func (w *work) askForAuthor(m *ticket.Message) {
	if m.Content.Author.ID != "" || m.Content.ID == "" {
		return
	}
	acc := w.d.channelOf(m.Conversation.Account)
	if acc == nil {
		return
	}
	if _, able := acc.Channel.(channel.Reader); able {
		w.tx.Schedule(ticket.Task{ID: "author/" + m.Key, Kind: authorKind, Queue: "profile/" + m.Conversation.Account.String(), Due: w.now, Payload: []byte(m.Key)})
	}
}

// readAuthor reads the message again and takes in what that tells as a further copy of it.
func (d *Desk) readAuthor(ctx context.Context, lease ticket.Lease) error {
	var m ticket.Message
	err := d.store.View(ctx, d.cfg.Tenant, func(r ticket.Reader) error {
		found, err := r.Messages(string(lease.Payload))
		m = first(found)
		return err
	})
	if err != nil {
		return err
	}
	if m.Key == "" || m.Content.Author.ID != "" || !m.Deleted.IsZero() {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) })
	}
	acc := d.channelOf(m.Conversation.Account)
	if acc == nil {
		return d.settle(ctx, func(w *work) error { return w.leaveOrFinish(lease, accountNamed(&m)) })
	}
	reader, ok := acc.Channel.(channel.Reader)
	if !ok {
		return d.settle(ctx, func(w *work) error { return w.tx.Finish(lease) })
	}
	callCtx, cancel := d.request(ctx)
	again, cause := reader.Read(callCtx, m.Content.ID)
	cancel()
	if cause != nil {
		return d.settle(ctx, func(w *work) error {
			if kind := remote.KindOf(cause); lease.Attempts+1 >= maxAttempts || kind != remote.Unknown && !kind.Temporary() && kind != remote.Unauthorized && kind != remote.Exhausted {
				d.log.Info("author not found", "account", m.Conversation.Account.String(), "kind", kind.String())
				return w.tx.Finish(lease) // the work goes on without
			}
			due := retryAt(cause, w.now, lease)
			w.tx.PauseQueue(ticket.QueuePause{Queue: lease.Queue, Until: due, Reason: reasonOf(cause)})
			return w.tx.Postpone(lease, due, reasonOf(cause))
		})
	}
	a := &arrival{then: func(w *work) error {
		holds, err := w.tx.Holds(lease)
		if err != nil || !holds {
			return err
		}
		return w.tx.Finish(lease)
	}}
	if again.Author.ID != "" && again.ID == m.Content.ID {
		again.Visibility = m.Conversation.Visibility
		a.events = []channel.Event{{Kind: channel.MessageReceived, Account: m.Conversation.Account, Time: m.Content.Time, Message: again}}
	}
	return d.group.do(context.WithoutCancel(ctx), d, a)
}
