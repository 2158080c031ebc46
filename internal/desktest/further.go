package desktest

import (
	"context"
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/channel/channeltest"
	"github.com/socialcrm/socialcrm/ticket"
)

// insist calls a verb that concerns no ticket until the process lives through it.
func (m *model) insist(verb func(by socialcrm.By) error) {
	m.acts++
	by := socialcrm.By{Actor: ticket.Agent("ana"), Key: fmt.Sprint("act", m.acts)}
	for {
		err := verb(by)
		died := m.mortal.dead
		m.survive(err)
		if !died {
			return
		}
	}
}

// presence lets an agent come or go.
func (m *model) presence() {
	who := rapid.SampledFrom([]string{"ana", "ben", "ben"}).Draw(m.T, "who")
	p := rapid.SampledFrom([]ticket.Presence{ticket.Available, ticket.Busy, ticket.Away}).Draw(m.T, "presence")
	m.insist(func(by socialcrm.By) error { return m.desk.SetPresence(context.Background(), by, who, p) })
}

// person draws the contact of a ticket.
func (m *model) person() (id ticket.ContactID) {
	t, ok := m.ticket()
	if !ok {
		return ""
	}
	m.view(func(r ticket.Reader) error {
		found, err := r.Tickets(t)
		if err == nil {
			id = found[0].Contact
		}
		return err
	})
	return id
}

// petition lets some of the customers publicly write nearly the same.
func (m *model) petition() {
	page := m.page()
	for _, name := range []string{"mia", "noa", "oli", "pia"} {
		if rapid.IntRange(0, 3).Draw(m.T, "signs") == 0 {
			continue
		}
		m.acts++
		text := fmt.Sprintf("We ask this shop to pay honest wages to all who pack our parcels %d", m.acts)
		m.wrote = append(m.wrote, m.platform.Customer(name).Post(page, text))
		if rapid.Bool().Draw(m.T, "arrives alone") {
			m.tick()
		}
	}
}

// further takes one of the verbs that are seldom used.
func (m *model) further() {
	ctx := context.Background()
	switch rapid.SampledFrom([]string{
		"private", "draft", "decide draft", "hide", "label", "spam", "block", "bulk", "paced", "for good", "same person", "verify", "party", "erase", "consult", "close", "apply", "reapply", "elsewhere", "unmerge", "follow up", "failed",
	}).Draw(m.T, "verb") {
	case "private":
		r := socialcrm.Reply{Text: fmt.Sprint("Psst ", m.acts)}
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.MovePrivate(ctx, id, by, r); return err })
	case "draft":
		r := socialcrm.Reply{Text: m.text(), Then: ticket.Pending}
		m.act(func(id ticket.ID, by socialcrm.By) error {
			by.Actor = ticket.Agent("tom")
			receipt, err := m.desk.Reply(ctx, id, by, r)
			if receipt.Draft != "" {
				m.drafts = append(m.drafts, receipt)
			}
			return err
		})
	case "decide draft":
		if len(m.drafts) > 0 {
			d, approve := rapid.SampledFrom(m.drafts).Draw(m.T, "draft"), rapid.Bool().Draw(m.T, "approve")
			m.insist(func(by socialcrm.By) (err error) {
				if approve {
					_, err = m.desk.Approve(ctx, d.Ticket, by, d.Draft, "")
				} else {
					_, err = m.desk.Reject(ctx, d.Ticket, by, d.Draft, "no")
				}
				return err
			})
		}
	case "apply":
		s := rapid.SampledFrom([]socialcrm.Setup{m.company(Company()), m.company(stricter()), stricter()}).Draw(m.T, "setup")
		m.now = m.now.Add(1) // it is in force for what comes after it
		m.insist(func(by socialcrm.By) error { return m.desk.Apply(ctx, by, s) })
		m.now = m.now.Add(1)
	case "reapply":
		m.insist(func(by socialcrm.By) error { return m.desk.Reapply(ctx, by) })
	case "elsewhere":
		m.act(func(id ticket.ID, by socialcrm.By) error {
			_, err := m.desk.AnsweredElsewhere(ctx, id, by, ticket.ConversationKey{}, "by telephone")
			return err
		})
	case "unmerge":
		if part, ok := m.ticket(); ok {
			m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Unmerge(ctx, id, by, part); return err })
		}
	case "follow up":
		m.followUp()
	case "failed":
		m.failed()
	case "hide":
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Hide(ctx, id, by, "", "rude"); return err })
	case "label":
		p := rapid.SampledFrom([]ticket.Priority{ticket.Low, ticket.Urgent}).Draw(m.T, "priority")
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.SetPriority(ctx, id, by, p); return err })
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Tag(ctx, id, by, "vip"); return err })
	case "spam":
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Spam(ctx, id, by); return err })
	case "block":
		block := rapid.Bool().Draw(m.T, "block")
		m.act(func(id ticket.ID, by socialcrm.By) (err error) {
			if block {
				_, err = m.desk.Block(ctx, id, by, "rude")
			} else {
				_, err = m.desk.Unblock(ctx, id, by, "sorry")
			}
			return err
		})
	case "bulk":
		text := m.text()
		which := socialcrm.Selection{Query: ticket.TicketQuery{Statuses: []ticket.Status{ticket.New, ticket.Open}}}
		m.insist(func(by socialcrm.By) error {
			each, err := m.desk.BulkReply(ctx, by, which, socialcrm.BulkReply{Texts: []string{text}, Every: time.Minute})
			for _, e := range each {
				if e.Err != nil && m.mortal.dead {
					return e.Err
				}
			}
			return err
		})
	case "paced":
		r := socialcrm.Reply{Text: m.text(), NotBefore: m.now.Add(10 * time.Minute)}
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Reply(ctx, id, by, r); return err })
	case "for good":
		if len(m.wrote) > 0 {
			i := rapid.IntRange(0, len(m.wrote)-1).Draw(m.T, "message")
			m.platform.Customer(m.wrote[i].Author.ID).DeleteForGood(m.wrote[i])
			m.wrote = append(m.wrote[:i:i], m.wrote[i+1:]...)
		}
	case "same person":
		if a, b := m.person(), m.person(); a != "" && b != "" {
			m.insist(func(by socialcrm.By) error { return m.desk.MergeContacts(ctx, by, a, b) })
		}
	case "verify":
		if who := m.person(); who != "" {
			m.insist(func(by socialcrm.By) error {
				return m.desk.Verify(ctx, by, who, socialcrm.Verification{Level: ticket.Confirmed, How: "postcode", Until: m.now.Add(time.Hour)})
			})
		}
		r := socialcrm.Reply{Text: m.text(), Requires: ticket.Confirmed}
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Reply(ctx, id, by, r); return err })
	case "party":
		m.party()
	case "erase":
		if who := m.person(); who != "" && rapid.Bool().Draw(m.T, "really") {
			m.insist(func(by socialcrm.By) error { return m.desk.EraseContact(ctx, by, who) })
		}
	case "consult":
		q := socialcrm.Consult{Team: "money", Question: m.text(), Within: time.Hour, Hold: true}
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Consult(ctx, id, by, q); return err })
	case "close":
		m.act(func(id ticket.ID, by socialcrm.By) error { _, err := m.desk.Close(ctx, id, by); return err })
	}
}

// followUp closes a ticket whose customer then writes again, and may make the two tickets one, in either direction.
func (m *model) followUp() {
	ctx := context.Background()
	if len(m.wrote) == 0 {
		return
	}
	of := rapid.SampledFrom(m.wrote).Draw(m.T, "message")
	var former, again ticket.ID
	m.view(func(r ticket.Reader) error {
		for _, p := range m.pages {
			found, err := r.MessagesByRef(ticket.MessageRef{Account: p.Account().AccountID, ID: of.ID})
			if err != nil {
				return err
			}
			if found[0].Ticket != "" {
				former = found[0].Ticket
			}
		}
		return nil
	})
	if former == "" {
		return
	}
	m.insist(func(by socialcrm.By) error { _, err := m.desk.Close(ctx, former, by); return err })
	m.now = m.now.Add(time.Second)
	m.wrote = append(m.wrote, m.platform.Customer(of.Author.ID).Reply(of, m.text()))
	m.tick()
	m.view(func(r ticket.Reader) error {
		list, err := r.ListTickets(ticket.TicketQuery{Page: ticket.Page{Limit: everyone}})
		for _, t := range list.Items {
			if t.FollowUpOf == former {
				again = t.ID
			}
		}
		return err
	})
	if again == "" || rapid.Bool().Draw(m.T, "stay two") {
		return
	}
	if rapid.Bool().Draw(m.T, "the other way") {
		former, again = again, former
	}
	m.insist(func(by socialcrm.By) error { _, err := m.desk.Merge(ctx, again, by, former); return err })
}

// failed lets the platform tell that a post of the brand never arrived; with what is held back and told in reverse, before it tells of the post.
func (m *model) failed() {
	var posts []channeltest.Post
	for _, p := range m.platform.Posts() {
		if p.ByBrand && !p.Failed && !p.Deleted {
			posts = append(posts, p)
		}
	}
	if len(posts) == 0 {
		return
	}
	p := rapid.SampledFrom(posts).Draw(m.T, "post")
	for _, page := range m.pages {
		if page.Account().AccountID == p.Account {
			page.Report(channel.ReceiptFailed, "", "no such device", p.ID)
		}
	}
}

// party lets somebody join a ticket, be answered there, or leave.
func (m *model) party() {
	ctx := context.Background()
	from, ok := m.ticket()
	if !ok {
		return
	}
	var key ticket.ConversationKey
	var who ticket.ContactID
	m.view(func(r ticket.Reader) error {
		found, err := r.Tickets(from)
		if err == nil && len(found[0].Conversations) > 0 {
			key = found[0].Conversations[0]
		}
		if err == nil && len(found[0].Parties) > 0 {
			who = found[0].Parties[0].Contact
		}
		return err
	})
	r, out := socialcrm.Reply{Text: m.text(), Party: who}, rapid.Bool().Draw(m.T, "out")
	m.act(func(id ticket.ID, by socialcrm.By) error {
		var err error
		switch {
		case who == "":
			_, err = m.desk.AddParty(ctx, id, by, socialcrm.Party{Role: ticket.Seller, Conversation: key})
		case out:
			_, err = m.desk.RemoveParty(ctx, from, by, who)
		default:
			_, err = m.desk.Reply(ctx, from, by, r)
		}
		return err
	})
}

// erasedFor reports whether a customer was erased after a time, so that nothing said until then may be left.
func (m *Invariants) erasedFor(customer string, account channel.AccountID, at time.Time) (erased bool) {
	m.view(func(r ticket.Reader) error {
		found, err := r.Identities(ticket.IdentityKey{Platform: account.Platform, ID: customer})
		erased = err == nil && !found[0].Erased.IsZero() && !at.After(found[0].Erased)
		return err
	})
	return erased
}

// unserved reports whether a message was kept without a ticket: its author is blocked, or what it follows is spam.
func (m *Invariants) unserved(ref ticket.MessageRef) (kept bool) {
	m.view(func(r ticket.Reader) error {
		found, err := r.MessagesByRef(ref)
		kept = err == nil && found[0].Key != "" && found[0].Ticket == ""
		return err
	})
	return kept
}
