package ticket

import (
	"slices"
	"strings"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// The names of the facts, as Fact documents them.
var (
	ticketFacts  = [...]string{"account", "platform", "visibility", "language", "status", "priority", "lane", "team", "agent", "tags", "subject", "follow_up", "late", "unanswered", "also_on", "campaign"}
	contactFacts = [...]string{"contact.kind", "contact.tier", "contact.segment", "contact.language", "contact.owner"}
	messageFacts = [...]string{
		"text", "mentions", "hashtags", "attachments", "payload", "shows", "author", "author.handle", "author.name", "author.followers", "author.bot", "author.language",
	}
)

// Facts offers a ticket, its contact and its latest message to rules (lanes, noise, escalations). It implements rule.Facts and is used by one goroutine.
type Facts struct {
	Ticket  *Ticket
	Contact *Contact
	Message *channel.Message // nil: none

	account   string // as a fact, once asked for: every other lane asks again
	accountOf channel.AccountID
}

// Fact returns the fact of this name; the zero Value for one that is not known. The names:
//
//   - of the ticket: account ("platform/id"), platform, visibility, language, status, priority, lane, team, agent, tags, subject, follow_up (bool), late (bool),
//     unanswered (how many messages of the customer wait for an answer; with the one that is being looked at, but for a ticket that just begins), also_on (the accounts, as
//     "platform/id", of other channels on which the customer wrote about it; see Ticket.Related),
//     campaign (how many messages take part in the campaign that it is; not known for a ticket that is none)
//   - of the contact: contact.kind ("customer", "seller", ...), contact.tier, contact.segment, contact.language, contact.owner
//   - of the message: text, mentions, hashtags, attachments (their number), author, author.handle, author.name, author.followers, author.bot, author.language,
//     payload, shows (which data of somebody stand in the text: "card", "email", "iban", "number", "phone"), and message.NAME for each of Message.Facts
func (f *Facts) Fact(name string) rule.Value {
	if t := f.Ticket; t != nil {
		switch name {
		case "account":
			if f.account == "" || f.accountOf != t.Account {
				f.account, f.accountOf = t.Account.String(), t.Account
			}
			return rule.Text(f.account)
		case "platform":
			return text(t.Account.Platform)
		case "visibility":
			return rule.Text(t.Visibility.String())
		case "language":
			return text(t.Language)
		case "status":
			return text(string(t.Status))
		case "priority":
			return rule.Text(t.Priority.String())
		case "lane":
			return text(t.Lane)
		case "team":
			return text(t.Team)
		case "agent":
			return text(t.Agent)
		case "tags":
			return texts(t.Tags)
		case "subject":
			return text(t.Subject)
		case "follow_up":
			return rule.Bool(t.FollowUpOf != "")
		case "late":
			return rule.Bool(t.Late)
		case "unanswered":
			return rule.Number(float64(t.Unanswered()))
		case "also_on":
			return texts(t.alsoOn())
		case "campaign":
			if t.Campaign == 0 {
				return rule.Value{}
			}
			return rule.Number(float64(t.Campaign))
		}
	}
	if c := f.Contact; c != nil {
		switch name {
		case "contact.kind":
			if c.Kind == Customer {
				return rule.Text("customer")
			}
			return rule.Text(string(c.Kind))
		case "contact.tier":
			return text(c.Tier)
		case "contact.segment":
			return text(c.Segment)
		case "contact.language":
			return text(c.Language)
		case "contact.owner":
			return text(c.Owner)
		}
	}
	if f.Message != nil {
		return messageFact(f.Message, name)
	}
	return rule.Value{}
}

// KnownFact reports whether Facts knows a fact of this name, so that a misspelt one is found before a rule is put to work.
func KnownFact(name string) bool {
	return slices.Contains(ticketFacts[:], name) || slices.Contains(contactFacts[:], name) || KnownMessageFact(name)
}

// KnownMessageFact is KnownFact for rules that see a message alone.
func KnownMessageFact(name string) bool {
	own, ok := strings.CutPrefix(name, "message.")
	return slices.Contains(messageFacts[:], name) || ok && own != ""
}

// KnownValues lists what a fact can be that is one of a few words, or true or false. Nil: it can be anything.
func KnownValues(fact string) []rule.Value {
	switch fact {
	case "status":
		return []rule.Value{
			rule.Text(string(New)), rule.Text(string(Open)), rule.Text(string(Pending)), rule.Text(string(OnHold)), rule.Text(string(Solved)), rule.Text(string(Closed)),
		}
	case "shows":
		values := make([]rule.Value, len(shown))
		for i, name := range shown {
			values[i] = rule.Text(name)
		}
		return values
	case "follow_up", "late", "author.bot":
		return []rule.Value{rule.Bool(false), rule.Bool(true)}
	}
	return sla.KnownValues(fact)
}

func messageFact(m *channel.Message, name string) rule.Value {
	switch name {
	case "text":
		return text(m.Text)
	case "mentions":
		return texts(m.Mentions)
	case "hashtags":
		return texts(m.Tags)
	case "attachments":
		return rule.Number(float64(len(m.Attachments)))
	case "payload":
		return text(m.Payload)
	case "shows":
		return texts(shows(m.Text))
	case "author":
		return text(m.Author.ID)
	case "author.handle":
		return text(m.Author.Handle)
	case "author.name":
		return text(m.Author.Name)
	case "author.followers":
		if m.Author.Followers == 0 {
			return rule.Value{}
		}
		return rule.Number(float64(m.Author.Followers))
	case "author.bot":
		return rule.Bool(m.Author.Bot)
	case "author.language":
		return text(m.Author.Language)
	}
	if own, ok := strings.CutPrefix(name, "message."); ok {
		return text(m.Facts[own])
	}
	return rule.Value{}
}

func text(s string) rule.Value {
	if s == "" {
		return rule.Value{}
	}
	return rule.Text(s)
}

func texts(s []string) rule.Value {
	if len(s) == 0 {
		return rule.Value{}
	}
	return rule.Texts(s...)
}

// ClockFacts are the facts that SLA policies look at.
func (t *Ticket) ClockFacts(c *Contact) sla.Facts {
	f := sla.Facts{
		Account: t.Account.String(), Platform: t.Account.Platform, Visibility: t.Visibility.String(), Language: t.Language,
		Lane: t.Lane, Agent: t.Agent, Tags: t.Tags, Priority: t.Priority,
	}
	if c != nil {
		f.Tier = c.Tier
	}
	return f
}
