package desktest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/crm/crmtest"
	"github.com/socialcrm/socialcrm/ticket"
)

// Invariants are what holds whatever happened, once the Desk is at rest. They look only at what is stored, what the platform shows and what the CRM holds.
// ARCHITECTURE.md lists them by the same numbers.
type Invariants struct {
	Reporter
	Now      time.Time
	Platform *channeltest.Platform
	CRM      *crmtest.Fake
	Store    ticket.Store
}

// everyone is more than any test has of anything.
const everyone = 10_000_000

// Reporter is what testing.T and rapid.T have in common.
type Reporter interface {
	Errorf(format string, args ...any)
	Fatal(args ...any)
}

func (m *Invariants) view(fn func(ticket.Reader) error) {
	if err := m.Store.View(context.Background(), "", fn); err != nil {
		m.Fatal(err)
	}
}

// Check holds every invariant.
func (m *Invariants) Check() {
	tickets, messages, entries := m.everything()
	m.checkMessages(tickets, messages)
	m.checkPosts(messages, entries)
	m.checkClocks(tickets, entries)
	m.checkReport(tickets, entries)
	m.checkAgents(tickets)
	m.checkLanes(tickets)
	m.checkTasks()
	m.checkCRM(tickets, messages)
	m.checkContacts(tickets)
}

func (m *Invariants) everything() (map[ticket.ID]ticket.Ticket, map[string]ticket.Message, []ticket.Entry) {
	tickets, messages := map[ticket.ID]ticket.Ticket{}, map[string]ticket.Message{}
	var entries []ticket.Entry
	m.view(func(r ticket.Reader) error {
		list, err := r.ListTickets(ticket.TicketQuery{Page: ticket.Page{Limit: everyone}})
		if err != nil {
			return err
		}
		for _, t := range list.Items {
			tickets[t.ID] = t
			said, err := r.ListMessages(ticket.MessageQuery{Ticket: t.ID, Page: ticket.Page{Limit: everyone}})
			if err != nil {
				return err
			}
			for _, msg := range said.Items {
				if _, twice := messages[msg.Key]; twice {
					m.Errorf("message %s is listed twice", msg.Key)
				}
				messages[msg.Key] = msg
			}
		}
		entries, err = r.Journal(ticket.JournalQuery{Limit: everyone})
		return err
	})
	keys, last := map[string]bool{}, ticket.Position("")
	for _, e := range entries {
		if keys[e.Key] || e.Position <= last {
			m.Errorf("journal entry %s at %s is out of order or there twice", e.Key, e.Position)
		}
		keys[e.Key], last = true, e.Position
	}
	return tickets, messages, entries
}

// 1. Each message that a customer wrote is one message of one ticket, with the text in force.
func (m *Invariants) checkMessages(tickets map[ticket.ID]ticket.Ticket, messages map[string]ticket.Message) {
	byID := map[ticket.MessageRef]ticket.Message{}
	for _, msg := range messages {
		if msg.Content.ID == "" {
			continue
		}
		if other, twice := byID[msg.Ref()]; twice {
			m.Errorf("platform message %v is stored as %s and %s", msg.Ref(), msg.Key, other.Key)
		}
		byID[msg.Ref()] = msg
		if t := tickets[msg.Ticket]; t.ID == "" || t.MergedInto != "" {
			m.Errorf("message %s is in ticket %q, which is merged or not there", msg.Key, msg.Ticket)
		}
	}
	for _, p := range m.Platform.Posts() {
		if p.ByBrand {
			continue
		}
		msg, ok := byID[ticket.MessageRef{Account: p.Account, ID: p.ID}]
		switch {
		case m.erasedFor(p.Customer, p.Account, p.Time) || ok && !tickets[msg.Ticket].Erased.IsZero() && !msg.Deleted.IsZero():
			if msg.Content.Text != "" {
				m.Errorf("of what %s wrote before the erasure %q is left", p.Customer, msg.Content.Text)
			}
		case !ok && m.unserved(ticket.MessageRef{Account: p.Account, ID: p.ID}):
		case !ok && !p.Deleted:
			m.Errorf("what %s wrote (%s %q) is in no ticket", p.Customer, p.ID, p.Text)
		case ok && !p.Deleted && msg.Content.Text != p.Text:
			m.Errorf("message %s is stored as %q, the platform shows %q", p.ID, msg.Content.Text, p.Text)
		case ok && p.Deleted == msg.Deleted.IsZero():
			m.Errorf("message %s: deleted is %t on the platform, %t in the store", p.ID, p.Deleted, !msg.Deleted.IsZero())
		}
	}
}

// 2. Each post of ours is on the platform once when it counts as sent, not at all when it counts as failed or cancelled, and at most once while nobody knows. Parts
// of a reply are in order, and none follows one that did not go out.
func (m *Invariants) checkPosts(messages map[string]ticket.Message, entries []ticket.Entry) {
	twice := map[string]bool{}
	for _, e := range entries {
		twice[e.Message] = twice[e.Message] || e.Kind == ticket.ReplyTwice
	}
	out, at, never := map[string]int{}, map[string]int{}, map[string]bool{}
	for i, p := range m.Platform.Posts() {
		out[p.Outgoing.Key]++
		at[p.Outgoing.Key] = i
		never[p.Outgoing.Key] = p.Failed
	}
	for _, msg := range messages {
		if msg.Post == nil || msg.Direction == ticket.Internal {
			continue
		}
		n := out[msg.Key]
		switch msg.Post.State {
		case ticket.PostSent, ticket.PostDelivered, ticket.PostRead:
			if n != 1 && !twice[msg.Key] {
				m.Errorf("post %s counts as %s and is on the platform %d times", msg.Key, msg.Post.State, n)
			}
		case ticket.PostUnknown:
			if n > 1 {
				m.Errorf("post %s is unknown and on the platform %d times", msg.Key, n)
			}
		case ticket.PostFailed, ticket.PostCancelled:
			if n != 0 && !never[msg.Key] {
				m.Errorf("post %s counts as %s and is on the platform %d times", msg.Key, msg.Post.State, n)
			}
		default:
			if before := messages[fmt.Sprint(msg.Post.Reply, "/", msg.Post.Out.Part-1)]; before.Post == nil || before.Content.ID != "" {
				m.Errorf("post %s is still %s, though nothing before it is in doubt", msg.Key, msg.Post.State)
			}
		}
		if part := msg.Post.Out.Part; part > 1 && n > 0 {
			before := fmt.Sprint(msg.Post.Reply, "/", part-1)
			if out[before] == 0 || at[before] > at[msg.Key] {
				m.Errorf("part %s went out and %s before it did not", msg.Key, before)
			}
		}
	}
}

// 4. An agent's load is the weight of the open tickets in hand, never above capacity; a ticket says since when it waits just as long as it does.
func (m *Invariants) checkAgents(tickets map[ticket.ID]ticket.Ticket) {
	load := map[string]int{}
	for _, t := range tickets {
		held := t.Agent != "" && !t.Status.Done() && t.MergedInto == ""
		if held {
			load[t.Agent] += max(t.Weight, 1)
		}
		if waits := t.Agent == "" && t.Lane != "" && !t.Status.Done() && t.MergedInto == ""; waits == t.Queued.IsZero() {
			m.Errorf("ticket %s is %s in %q with %q; it says that it waits since %s", t.ID, t.Status, t.Lane, t.Agent, t.Queued)
		}
	}
	m.view(func(r ticket.Reader) error {
		list, err := r.ListAgents(ticket.Page{})
		for _, a := range list.Items {
			if a.Load != load[a.Name] || a.Load > a.Capacity {
				m.Errorf("%s holds a weight of %d, the store says %d of %d", a.Name, load[a.Name], a.Load, a.Capacity)
			}
		}
		return err
	})
}

// 5. No task is stuck.
func (m *Invariants) checkTasks() {
	m.view(func(r ticket.Reader) error {
		list, err := r.ListTasks(ticket.TaskQuery{Page: ticket.Page{Limit: everyone}})
		for _, task := range list.Items {
			switch task.Kind {
			case "send", "pace", "sync", "drain", "reroute", "erase", "relate", "campaign", "redact", "moderate", "catch up":
				m.Errorf("task %s is still there: %d attempts, %s", task.ID, task.Attempts, task.LastError)
			}
		}
		return err
	})
}

// 6. The CRM holds a case for each ticket, as it stands, and each message once.
func (m *Invariants) checkCRM(tickets map[ticket.ID]ticket.Ticket, messages map[string]ticket.Message) {
	held := map[string]crmtest.Case{}
	for _, c := range m.CRM.Cases() {
		held[c.Key] = c
	}
	want := map[string]int{}
	for _, msg := range messages {
		if msg.Post == nil || !msg.Post.Sent.Time.IsZero() {
			want[string(msg.Ticket)]++
		}
	}
	for _, t := range tickets {
		c, ok := held[string(t.ID)]
		if !t.Erased.IsZero() {
			if ok {
				m.Errorf("ticket %s is erased, and the CRM holds %+v", t.ID, c.Case)
			}
			continue
		}
		if !ok || c.Status != t.Status || c.Agent != t.Agent || c.MergedInto != string(t.MergedInto) {
			m.Errorf("ticket %s is %s with %q, merged into %q; the CRM holds %+v", t.ID, t.Status, t.Agent, t.MergedInto, c.Case)
		}
		if t.MergedInto != "" {
			continue
		}
		if !slices.EqualFunc(c.Related, t.Related, func(key string, r ticket.Related) bool { return key == string(r.Ticket) }) {
			m.Errorf("ticket %s is related to %v, the CRM says to %v", t.ID, t.Related, c.Related)
		}
		if slices.ContainsFunc(t.Absorbed, func(id ticket.ID) bool { return !tickets[id].Erased.IsZero() }) {
			continue // of these the CRM holds nothing any more
		}
		n := len(m.CRM.Interactions(c.Key)) // what was told before a merge stays with the case that was merged
		for _, id := range t.Absorbed {
			n += len(m.CRM.Interactions(string(id)))
		}
		if n != want[c.Key] {
			m.Errorf("ticket %s has %d messages, the CRM %d interactions", t.ID, want[c.Key], n)
		}
	}
}
