package socialcrm

import (
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// saidApart remembers that somebody wrote a message that belongs to no ticket, or reacted to one: only by it does an erasure find the message.
func (w *work) saidApart(account channel.AccountID, author string, m *ticket.Message) {
	if author != "" {
		key := ticket.IdentityKey{Platform: account.Platform, ID: author}
		w.tx.PutValue(ticket.Value{Key: ticket.ValueKey{Space: apartOf(key), Name: m.Key}, Data: []byte("1")})
	}
}

// apartOf is where the messages are kept that an identity wrote outside of tickets, or reacted to.
func apartOf(key ticket.IdentityKey) string { return "said apart/" + key.Platform + "/" + key.ID }

// apart removes what the person said outside of tickets, and the person's reactions.
func (f *forgotten) apart() error {
	for _, i := range f.identities {
		err := f.w.eachValue(apartOf(i.Key), func(v ticket.Value) error {
			f.w.tx.DeleteValue(v.Key)
			found, err := f.w.tx.Messages(v.Key.Name)
			if err != nil || found[0].Key == "" {
				return err
			}
			m := found[0]
			if f.known(m.Conversation.Account, m.Content.Author.ID) {
				f.empty(&m)
			}
			m.Reactions = slices.DeleteFunc(slices.Clone(m.Reactions), func(r ticket.Reaction) bool { return f.known(m.Conversation.Account, r.Author) })
			f.w.tx.PutMessage(m)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
