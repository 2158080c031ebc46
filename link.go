package socialcrm

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/ticket"
)

// A link's token is "sc", the ticket's ID, until when it serves (in seconds since 1970, to the base of 36), and the first half of an HMAC-SHA256 over all that and the
// tenant, separated by "-": letters, digits and dashes only, at most 64, so that it fits wherever platforms take a reference.
const (
	tokenPrefix  = "sc-"
	tokenMAC     = 16
	longestToken = 64
)

var tokenText = base32.StdEncoding.WithPadding(base32.NoPadding)

// Link returns a token that leads the ticket's customer to another channel. Put it where the other platform hands it back: the ref of an m.me link, the text of a wa.me
// link, the start parameter of a bot. The first conversation that brings it, in Payload, in Facts or in the text of a message or of a ConversationOpened event, before
// the time is over, belongs to the ticket from then on. Whoever has the token can use it, but only the first: it does not prove who somebody is, so the conversation
// keeps a contact of its own. Errors: ErrInvalid without a Config.LinkKey, for a time that is not more than 0, and for a closed ticket.
func (d *Desk) Link(ctx context.Context, id ticket.ID, by By, within time.Duration) (token string, err error) {
	_, err = d.verb(ctx, VerbLink, id, By{Actor: by.Actor, IfVersion: by.IfVersion}, within, func(w *work, c *change) (Receipt, error) {
		switch {
		case len(d.cfg.LinkKey) == 0:
			return Receipt{}, fmt.Errorf("the desk has no link key: %w", ErrInvalid)
		case within <= 0:
			return Receipt{}, fmt.Errorf("within %s: want more than 0: %w", within, ErrInvalid)
		case c.Status == ticket.Closed:
			return Receipt{}, errClosed
		}
		until := w.now.Add(within).Truncate(time.Second)
		token = d.sealLink(c.ID, until)
		c.journal(ticket.Entry{Kind: ticket.LinkGiven, Actor: by.Actor, New: until.UTC().Format(time.RFC3339)})
		return Receipt{}, nil
	})
	return token, err
}

func (d *Desk) sealLink(id ticket.ID, until time.Time) string {
	return d.seal(tokenPrefix + string(id) + "-" + strconv.FormatInt(until.Unix(), 36))
}

// seal makes a token of its text.
func (d *Desk) seal(body string) string { return body + "-" + d.linkMAC(body) }

// unseal returns what stands between the prefix and the seal of a token; false for what the Desk did not seal.
func (d *Desk) unseal(token, prefix string) (string, bool) {
	if len(d.cfg.LinkKey) == 0 || len(token) > longestToken || !strings.HasPrefix(token, prefix) {
		return "", false
	}
	end := strings.LastIndexByte(token, '-')
	if end < len(prefix) || !hmac.Equal([]byte(token[end+1:]), []byte(d.linkMAC(token[:end]))) {
		return "", false
	}
	return token[len(prefix):end], true
}

// linkMAC returns the seal as text: tokens are compared as they are written, so that each has one spelling only.
func (d *Desk) linkMAC(body string) string {
	h := hmac.New(sha256.New, d.cfg.LinkKey)
	h.Write([]byte(d.cfg.Tenant + "\n" + body))
	return strings.ToLower(tokenText.EncodeToString(h.Sum(nil)[:tokenMAC]))
}

// openLink returns the ticket that a token leads to, and until when it serves; false for what the Desk did not seal.
func (d *Desk) openLink(token string) (id ticket.ID, until time.Time, ok bool) {
	body, ok := d.unseal(token, tokenPrefix)
	if !ok {
		return "", time.Time{}, false
	}
	name, seconds, _ := strings.Cut(body, "-")
	unix, err := strconv.ParseInt(seconds, 36, 64)
	return ticket.ID(name), time.Unix(unix, 0), err == nil
}

// linkIn finds the Desk's own token in what somebody brought.
func (d *Desk) linkIn(m *channel.Message) (token string, id ticket.ID, until time.Time, ok bool) {
	if len(d.cfg.LinkKey) == 0 {
		return "", "", time.Time{}, false
	}
	token, ok = tokenIn(m, tokenPrefix, func(token string) (ok bool) {
		id, until, ok = d.openLink(token)
		return ok
	})
	return token, id, until, ok
}

// tokenIn finds a token with the prefix that is good in what somebody brought.
func tokenIn(m *channel.Message, prefix string, good func(token string) bool) (token string, ok bool) {
	try := func(text string) bool {
		for {
			i := strings.Index(text, prefix)
			if i < 0 {
				return false
			}
			n := len(prefix)
			for n < len(text)-i && tokenByte(text[i+n]) {
				n++
			}
			if token = strings.TrimRight(text[i:i+n], "-"); good(token) {
				return true
			}
			text = text[i+len(prefix):]
		}
	}
	if try(m.Payload) {
		return token, true
	}
	for _, fact := range m.Facts {
		if try(fact) {
			return token, true
		}
	}
	return token, try(m.Text)
}

func tokenByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '-'
}

// followLink lets a private conversation that brings a link's token go on in the ticket that the link leads to. One in which another matter is open stays there.
func (w *work) followLink(conv *conversation, e *channel.Event) error {
	token, id, until, ok := w.d.linkIn(&e.Message)
	if !ok || e.Message.Visibility != channel.Private || e.Time.After(until) {
		return nil
	}
	used := ticket.ValueKey{Space: "link", Name: token}
	values, err := w.tx.Values(used)
	if err != nil || values[0].Data != nil {
		return err
	}
	c, err := w.load(id)
	if err != nil || c.ID == "" || c.ID == conv.Ticket {
		return err
	}
	w.tx.PutValue(ticket.Value{Key: used, Data: []byte(conv.Key.Account.String() + " " + conv.Key.Thread), Expires: until.Add(keysKeptFor)})
	entry := ticket.Entry{
		Kind: ticket.TicketMoved, Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: e.Message.Author.ID}, Happened: e.Time, Received: e.Received, Reason: "followed a link",
		New: conv.Key.Account.String() + " " + conv.Key.Visibility.String() + " " + conv.Key.Thread,
	}
	if conv.Ticket != "" {
		other, err := w.ticket(conv.Ticket)
		if err != nil {
			return err
		}
		if other.ID != "" && !other.Status.Done() {
			entry.Reason = "followed a link, but goes on in ticket " + string(other.ID) + ", which is open"
			c.journal(entry)
			c.finish()
			return nil
		}
	}
	conv.Ticket, conv.Line, conv.Part = c.ID, "", "" // one set of clocks with the ticket that the customer comes from
	if !slices.Contains(c.Conversations, conv.Key) {
		c.Conversations = append(slices.Clone(c.Conversations), conv.Key)
	}
	c.journal(entry)
	c.finish()
	return nil
}

// opened takes in that somebody opened a conversation without writing; a link's token binds it.
func (w *work) opened(e *channel.Event) (Result, error) {
	m := &e.Message
	key := ticket.ConversationKey{Account: e.Account, Visibility: channel.Private, Thread: m.Thread}
	if key.Thread == "" {
		key.Thread = m.Author.ID
	}
	m.Visibility = channel.Private
	if _, _, _, ok := w.d.linkIn(m); !ok || key.Thread == "" {
		return Result{Outcome: Recorded}, nil
	}
	conv, err := w.conversation(place{key: key})
	if err != nil {
		return Result{}, err
	}
	contact, err := w.contactOf(e)
	if err == errErased {
		return Result{Outcome: Dropped}, nil
	}
	if err != nil {
		return Result{}, err
	}
	conv.meet(m.Author, contact)
	before := conv.Ticket
	if err := w.followLink(&conv, e); err != nil || conv.Ticket == before {
		return Result{Outcome: Recorded, Ticket: before}, err
	}
	w.tx.PutConversation(conv.Conversation)
	return Result{Outcome: Joined, Ticket: conv.Ticket}, nil
}
