package socialcrm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Together says which public posts of one author on one account are one ticket: people write one matter in several posts. Each post stays a conversation of its own,
// in which it can be answered; the ticket has one set of clocks, so one answer, under whichever post, answers what was written before it.
type Together struct {
	// Within is how soon after another post a post must be written to belong to its ticket, by the platform's times, whichever arrives first; so that a row of posts
	// goes on for as long as each comes that soon after the one before. 0: 10 minutes; negative: never. At most 24 hours.
	Within sla.Duration `json:"within,omitzero"`
	// Comments lets an author's comments in several threads count as posts: for pages under whose every post people ask the same. False: only posts of their own do,
	// because comments under two posts are mostly about these two.
	Comments bool `json:"comments,omitempty"`
}

const (
	togetherWithin = 10 * time.Minute // unless a Setup says otherwise
	togetherMost   = 24 * time.Hour
	rowMost        = 100 // posts in a row; the next one begins a ticket
	// rowsKept is how many rows of posts of an author on an account are remembered, and rowsKeptFor for how long: what arrives later begins a ticket of its own.
	rowsKept    = 32
	rowsKeptFor = 7 * 24 * time.Hour
)

func (t *Together) check() error {
	if time.Duration(t.Within) > togetherMost {
		return fmt.Errorf("together.within: want at most %s, got %s", togetherMost, time.Duration(t.Within))
	}
	return nil
}

// within is how soon posts must follow each other; false: they are never one ticket.
func (t *Together) within() (time.Duration, bool) {
	return cmp.Or(time.Duration(t.Within), togetherWithin), t.Within >= 0
}

// row is a row of posts, none of which came later than Together.Within after the one before.
type row struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	Thread string    `json:"thread"` // of one of them: its conversation leads to the ticket
}

// rowsKey is where the rows of an author's posts on an account are kept.
func rowsKey(account channel.AccountID, author string) ticket.ValueKey {
	return ticket.ValueKey{Space: "posts/" + account.String(), Name: author}
}

// rowsOf is where the rows are kept that a message may be a post of; the zero key where it is in none.
func (w *work) rowsOf(e *channel.Event) ticket.ValueKey {
	t, m := &w.company.setup.Together, &e.Message
	if _, ever := t.within(); !ever || m.Visibility != channel.Public || m.Author.ID == "" {
		return ticket.ValueKey{}
	}
	if root := m.Parent == "" && (m.Thread == "" || m.Thread == m.ID); !root && !t.Comments {
		return ticket.ValueKey{}
	}
	return rowsKey(e.Account, m.Author.ID)
}

// continued is what a post means for the rows of its author: which ticket it belongs to, and which others turn out to be that ticket by it.
type continued struct {
	ticket ticket.ID
	line   string // of its clocks, on which the posts of the row are
	others []ticket.ID
}

// continueRow lets a post that begins a conversation join the ticket of the row that it is in. One that lies between two rows makes one of them.
func (w *work) continueRow(conv *conversation, e *channel.Event, kept *ticket.Value) (found continued, err error) {
	rows, err := decode[row](kept)
	if err != nil {
		return found, err
	}
	own := row{From: e.Time, To: e.Time, Thread: conv.Key.Thread}
	if conv.Ticket != "" { // a comment below the post came before it, or this is one
		t, err := w.ticket(conv.Ticket)
		if err != nil || !w.joinable(&t, e.Time) {
			return found, err
		}
		found.ticket, found.line = t.ID, conv.Line
	}
	within, _ := w.company.setup.Together.within()
	left := rows[:0]
	for _, r := range rows {
		if e.Time.Before(r.From.Add(-within)) || e.Time.After(r.To.Add(within)) {
			left = append(left, r)
			continue
		}
		before, t, err := w.rowTicket(conv.Key, r.Thread)
		if err != nil {
			return found, err
		}
		switch {
		case !w.joinable(&t, e.Time):
			left = append(left, r)
			continue
		case found.ticket == "": // the earliest: rows are in order
			found.ticket, found.line = t.ID, before.Line
			conv.Ticket, conv.Line, conv.Part = t.ID, before.Line, before.Part
		case t.ID != found.ticket:
			found.others = append(found.others, t.ID)
		}
		if r.From.Before(own.From) {
			own.From, own.Thread = r.From, r.Thread
		}
		if r.To.After(own.To) {
			own.To = r.To
		}
	}
	rows = append(left, own)
	slices.SortFunc(rows, func(a, b row) int { return cmp.Or(a.From.Compare(b.From), strings.Compare(a.Thread, b.Thread)) })
	data, err := json.Marshal(rows[max(len(rows)-rowsKept, 0):])
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: rowsKey(e.Account, e.Message.Author.ID), Data: data, Expires: w.now.Add(rowsKeptFor)})
	}
	return found, err
}

// rowTicket returns the conversation of a row's post, and its ticket.
func (w *work) rowTicket(key ticket.ConversationKey, thread string) (conv ticket.Conversation, t ticket.Ticket, err error) {
	key.Thread = thread
	convs, err := w.tx.Conversations(key)
	if err == nil && convs[0].MovedTo != nil {
		convs, err = w.tx.Conversations(*convs[0].MovedTo)
	}
	if err != nil || convs[0].Ticket == "" {
		return conv, t, err
	}
	t, err = w.ticket(convs[0].Ticket)
	return convs[0], t, err
}

// joinable reports whether a further post may join a ticket: not one that is closed, was solved too long ago, or is full.
func (w *work) joinable(t *ticket.Ticket, at time.Time) bool {
	if t.ID == "" || t.Status == ticket.Closed || t.Campaign > 0 || len(t.Conversations) >= rowMost {
		return false
	}
	window, ever := w.company.reopenWindow(false)
	return t.Status != ticket.Solved || ever && at.Sub(t.SolvedAt) <= window
}

// unite makes the tickets of rows that turned out to be one row one ticket, the older one surviving. What a person solved, or took out of the other, stays apart.
func (w *work) unite(found continued) error {
	for _, id := range found.others {
		a, err := w.ticket(found.ticket)
		if err != nil {
			return err
		}
		b, err := w.ticket(id)
		if err != nil {
			return err
		}
		if a.ID == b.ID || a.Status.Done() || b.Status.Done() || slices.Contains(a.Apart, b.ID) {
			continue
		}
		if b.Created.Before(a.Created) {
			a, b = b, a
		}
		m := merging{from: b.ID, actor: ticket.Actor{Kind: ticket.BySystem}, reason: "they are posts of one author, soon after each other", oneLine: found.line == ""}
		if err := w.merge(a.ID, m); err != nil {
			return err
		}
	}
	return nil
}
