package socialcrm

import (
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// again looks at a copy of a message that is here already: it may tell more than the first.
func (w *work) again(e *channel.Event) (Result, error) {
	r := Result{Outcome: Duplicate}
	if e.Kind != channel.MessageReceived && e.Kind != channel.MessageEchoed {
		return r, nil
	}
	found, err := w.byRef(ticket.MessageRef{Account: e.Account, ID: e.Message.ID})
	if err != nil || found[0].Key == "" {
		return r, err
	}
	m := found[0]
	r.Ticket, r.Message = m.Ticket, m.Key
	if m.Post != nil || !m.Deleted.IsZero() {
		return r, nil
	}
	if gone, err := w.forgottenLate(&m, e); err != nil || gone {
		return Result{Outcome: Dropped}, err
	}
	switch {
	case saidFirst(&m, e):
		return r, w.completed(&m, e)
	case !m.Edited.IsZero():
		return r, nil
	}
	late := m.Direction == ticket.Inbound && (m.Content.Author.ID == "" && e.Message.Author.ID != "" || m.Content.Thread == "" && e.Message.Thread != "")
	if !fillIn(&m.Content, &e.Message) {
		return r, nil
	}
	if err := w.completed(&m, e); err != nil || m.Ticket == "" || !late {
		return r, err
	}
	return r, w.rekey(m.Key)
}

// completed stores a message of which a further copy told more.
func (w *work) completed(m *ticket.Message, e *channel.Event) error {
	w.tx.PutMessage(*m)
	if m.Ticket == "" {
		w.saidApart(m.Conversation.Account, m.Content.Author.ID, m)
		return nil
	}
	c, err := w.load(m.Ticket)
	if err != nil {
		return err
	}
	c.journal(ticket.Entry{Kind: ticket.MessageCompleted, Message: m.Key, Happened: e.Time, Received: e.Received})
	c.finish()
	return nil
}

// fillIn adds to a message what a further copy tells and the first did not. It never changes what is known.
func fillIn(m, richer *channel.Message) bool {
	filled := false
	text := func(to *string, from string) {
		if *to == "" && from != "" {
			*to, filled = from, true
		}
	}
	text(&m.Author.ID, richer.Author.ID)
	text(&m.Thread, richer.Thread)
	text(&m.Parent, richer.Parent)
	text(&m.Text, richer.Text)
	text(&m.Subject, richer.Subject)
	text(&m.URL, richer.URL)
	text(&m.Language, richer.Language)
	text(&m.Payload, richer.Payload)
	if richer.Automated && !m.Automated {
		m.Automated, filled = true, true
	}
	text(&m.Author.Name, richer.Author.Name)
	text(&m.Author.Handle, richer.Author.Handle)
	text(&m.Author.URL, richer.Author.URL)
	text(&m.Author.Language, richer.Author.Language)
	text(&m.Author.Email, richer.Author.Email)
	text(&m.Author.Phone, richer.Author.Phone)
	if m.Author.Followers == 0 && richer.Author.Followers != 0 {
		m.Author.Followers, filled = richer.Author.Followers, true
	}
	if len(m.Attachments) == 0 && len(richer.Attachments) > 0 {
		m.Attachments, filled = richer.Attachments, true
	}
	if len(m.Mentions) == 0 && len(richer.Mentions) > 0 {
		m.Mentions, filled = richer.Mentions, true
	}
	if len(m.Tags) == 0 && len(richer.Tags) > 0 {
		m.Tags, filled = richer.Tags, true
	}
	if len(m.Facts) == 0 && len(richer.Facts) > 0 {
		m.Facts, filled = richer.Facts, true
	}
	return filled
}
