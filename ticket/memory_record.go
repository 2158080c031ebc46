package ticket

import (
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
)

// This file says how each record is packed: a method for each, a line for each field.

func (p *packer) account(a *channel.AccountID) {
	packText(p, &a.Platform)
	packText(p, &a.ID)
}

func (p *packer) accountKey(a *channel.AccountID) {
	packKey(p, &a.Platform)
	packKey(p, &a.ID)
}

func (p *packer) author(a *channel.Author) {
	packText(p, &a.ID)
	packText(p, &a.Handle)
	packText(p, &a.Name)
	packText(p, &a.URL)
	packText(p, &a.Language)
	packInt(p, &a.Followers)
	p.bool(&a.Bot)
	packText(p, &a.Email)
	packText(p, &a.Phone)
}

func (p *packer) conversationKey(k *ConversationKey) {
	p.accountKey(&k.Account)
	packInt(p, &k.Visibility)
	packKey(p, &k.Thread)
	packKey(p, &k.Author)
}

// ticket packs first what lists are ordered by, so that memoryTicket.read need not read on.
func (p *packer) ticket(t *Ticket) {
	packKey(p, &t.ID)
	packText(p, &t.Status)
	packInt(p, &t.Priority)
	packText(p, &t.Contact)
	packText(p, &t.Lane)
	packText(p, &t.Agent)
	p.time(&t.Created)
	promise := t.Promise()
	p.time(&promise)
	packText(p, &t.Class)
	packList(p, &t.Tags, packText[string])
	packList(p, &t.Conversations, (*packer).conversationKey)
	packInt(p, &t.Version)
	packInt(p, &t.Setup)
	packText(p, &t.Subject)
	p.account(&t.Account)
	packInt(p, &t.Visibility)
	packText(p, &t.Language)
	packText(p, &t.Team)
	packText(p, &t.Home)
	packText(p, &t.FollowUpOf)
	packText(p, &t.MergedInto)
	p.bool(&t.OneLine)
	packList(p, &t.Absorbed, packText[ID])
	packInt(p, &t.Campaign)
	packList(p, &t.Apart, packText[ID])
	packList(p, &t.Related, (*packer).related)
	p.time(&t.Updated)
	p.time(&t.CustomerWrote)
	p.time(&t.Answered)
	p.time(&t.ReplyBy)
	packText(p, &t.Private.Rule)
	packText(p, &t.Private.Message)
	packText(p, &t.Private.Text)
	p.time(&t.SolvedAt)
	p.time(&t.Erased)
	packText(p, &t.Pruned)
	p.bool(&t.Late)
	packText(p, &t.Routed.Message)
	packText(p, &t.Routed.Lane)
	p.bool(&t.Handed)
	packInt(p, &t.Weight)
	p.time(&t.Queued)
	p.bool(&t.Ranked.Person)
	packInt(p, &t.Ranked.Over)
	packText(p, &t.Returned.Agent)
	p.time(&t.Returned.At)
	packList(p, &t.Parties, (*packer).party)
	packList(p, &t.Consults, (*packer).consult)
	p.clocks(&t.Clocks)
	packList(p, &t.Stepped, packText[string])
}

func (p *packer) related(r *Related) {
	packText(p, &r.Ticket)
	p.account(&r.Account)
	packInt(p, &r.Visibility)
}

func (p *packer) party(t *Party) {
	packText(p, &t.Contact)
	packText(p, &t.Role)
	p.conversationKey(&t.Conversation)
	p.time(&t.Added)
	p.actor(&t.By)
}

func (p *packer) consult(c *Consult) {
	packText(p, &c.Key)
	packText(p, &c.Team)
	packText(p, &c.Agent)
	p.actor(&c.By)
	p.time(&c.Due)
	p.bool(&c.Overdue)
	p.bool(&c.Hold)
}

func (p *packer) clocks(s *sla.State) {
	packList(p, &s.Clocks, (*packer).clock)
	p.facts(&s.Facts)
	packText(p, &s.Policy)
	packText(p, &s.Status)
	p.time(&s.StatusSince)
	packText(p, &s.SolvedFrom)
	p.time(&s.HeldSince)
	p.time(&s.Asked)
	p.time(&s.Updated)
	p.line(&s.Line)
	packList(p, &s.Lines, (*packer).line)
	p.time(&s.Joined)
	packList(p, &s.Origins, (*packer).origin)
	p.mark(&s.Last)
}

func (p *packer) origin(o *sla.Origin) {
	packInt(p, &o.Metric)
	packText(p, &o.Line)
	p.time(&o.Since)
}

func (p *packer) line(l *sla.Line) {
	packText(p, &l.Name)
	p.time(&l.Wrote)
	p.time(&l.Acknowledged)
	p.time(&l.Responded)
	packInt(p, &l.Waiting)
	p.time(&l.Oldest)
	p.mark(&l.Settled)
	p.bool(&l.Greeted)
	p.bool(&l.Opened)
}

func (p *packer) clock(c *sla.Clock) {
	packInt(p, &c.Metric)
	packInt(p, &c.Verdict)
	packInt(p, &c.Restarts)
	packText(p, &c.Line)
	packText(p, &c.Policy)
	packText(p, &c.Calendar)
	packInt(p, &c.Target)
	p.time(&c.Started)
	p.time(&c.Due)
	p.time(&c.Stopped)
	packText(p, &c.Lane)
	packText(p, &c.Agent)
	packInt(p, &c.Spent)
	p.time(&c.Since)
}

func (p *packer) facts(f *sla.Facts) {
	packText(p, &f.Account)
	packText(p, &f.Platform)
	packText(p, &f.Visibility)
	packText(p, &f.Language)
	packText(p, &f.Lane)
	packText(p, &f.Agent)
	packText(p, &f.Tier)
	packList(p, &f.Tags, packText[string])
	packInt(p, &f.Priority)
}

func (p *packer) mark(m *sla.Mark) {
	p.time(&m.Time)
	packText(p, &m.Order)
	packText(p, &m.Key)
}

func (p *packer) conversation(c *Conversation) {
	p.conversationKey(&c.Key)
	packText(p, &c.Ticket)
	packText(p, &c.Line)
	packText(p, &c.Part)
	packText(p, &c.Contact)
	p.author(&c.Author)
	p.time(&c.CustomerWrote)
	packText(p, &c.CustomerMessage)
	packText(p, &c.CustomerOrder)
	packList(p, &c.Unfinished, packText[string])
	p.bool(&c.Provisional)
	if p.maybe(c.MovedTo != nil) {
		if p.reading {
			c.MovedTo = new(ConversationKey)
		}
		p.conversationKey(c.MovedTo)
	}
	p.bool(&c.Away)
	p.time(&c.Erased)
}

func (p *packer) messageRef(r *MessageRef) {
	p.accountKey(&r.Account)
	packKey(p, &r.ID)
}

// message packs account and platform ID side by side, so that the packed ref is a part of the record, and next what lists are ordered by.
func (p *packer) message(m *Message) {
	packKey(p, &m.Key)
	p.accountKey(&m.Conversation.Account)
	packKey(p, &m.Content.ID)
	packText(p, &m.Ticket)
	p.time(&m.Content.Time)
	packText(p, &m.Content.Order)
	packInt(p, &m.Conversation.Visibility)
	packText(p, &m.Conversation.Thread)
	packText(p, &m.Conversation.Author)
	packText(p, &m.Direction)
	packText(p, &m.Part)
	p.content(&m.Content)
	p.actor(&m.Actor)
	p.bool(&m.Automated)
	p.time(&m.Edited)
	p.time(&m.Deleted)
	packList(p, &m.Versions, (*packer).version)
	packText(p, &m.Missing)
	packText(p, &m.Party)
	p.time(&m.Received)
	if p.maybe(m.Post != nil) {
		if p.reading {
			m.Post = new(Post)
		}
		p.post(m.Post)
	}
	packText(p, &m.State)
	packList(p, &m.Reactions, (*packer).reaction)
}

func (p *packer) reaction(r *Reaction) {
	packText(p, &r.Author)
	packText(p, &r.Name)
	p.time(&r.Time)
}

func (p *packer) version(v *Version) {
	packText(p, &v.ID)
	packText(p, &v.Revision)
	packText(p, &v.Text)
	p.time(&v.Until)
}

// content packs all but ID, Time and Order.
func (p *packer) content(m *channel.Message) {
	packText(p, &m.Thread)
	packText(p, &m.Parent)
	packInt(p, &m.Visibility)
	p.author(&m.Author)
	packText(p, &m.Text)
	packText(p, &m.Subject)
	packList(p, &m.Attachments, (*packer).attachment)
	packList(p, &m.Mentions, packText[string])
	packList(p, &m.Tags, packText[string])
	packText(p, &m.Language)
	packText(p, &m.URL)
	packText(p, &m.Revision)
	p.bool(&m.Automated)
	packText(p, &m.Payload)
	if p.reading {
		if n := p.uint(); n > 0 {
			m.Facts = make(map[string]string, n)
			for range n {
				var name, value string
				packText(p, &name)
				packText(p, &value)
				m.Facts[name] = value
			}
		}
		return
	}
	p.putUint(uint64(len(m.Facts)))
	for name, value := range m.Facts {
		packText(p, &name)
		packText(p, &value)
	}
}

func (p *packer) attachment(a *channel.Attachment) {
	packText(p, &a.Type)
	packText(p, &a.URL)
	packText(p, &a.Name)
	packText(p, &a.Description)
	packInt(p, &a.Size)
	packText(p, &a.MediaType)
}

func (p *packer) actor(a *Actor) {
	packText(p, &a.Kind)
	packText(p, &a.ID)
	packText(p, &a.Name)
}

func (p *packer) post(o *Post) {
	p.outgoing(&o.Out)
	packText(p, &o.Reply)
	packText(p, &o.State)
	p.time(&o.Until)
	p.time(&o.Tried)
	p.time(&o.Begun)
	packInt(p, &o.Attempts)
	packInt(p, &o.Absent)
	packText(p, &o.Sent.ID)
	packText(p, &o.Sent.Thread)
	p.time(&o.Sent.Time)
	packText(p, &o.Sent.URL)
	p.bool(&o.Arrived)
	packText(p, &o.Error)
	packText(p, &o.Then)
	packInt(p, &o.Requires)
	p.bool(&o.Private)
	p.time(&o.Back)
}

func (p *packer) outgoing(o *channel.Outgoing) {
	packText(p, &o.Key)
	p.account(&o.Account)
	packInt(p, &o.Visibility)
	packText(p, &o.Thread)
	p.author(&o.To)
	packText(p, &o.InReplyTo)
	packList(p, &o.AlsoAnswers, packText[string])
	packText(p, &o.After)
	packInt(p, &o.Part)
	packInt(p, &o.Parts)
	p.time(&o.CustomerWrote)
	packText(p, &o.Text)
	packList(p, &o.Attachments, (*packer).attachment)
	p.bool(&o.Automated)
	if p.maybe(o.Template != nil) {
		if p.reading {
			o.Template = new(channel.Template)
		}
		packText(p, &o.Template.Name)
		packText(p, &o.Template.Language)
		packList(p, &o.Template.Parameters, packText[string])
	}
	packText(p, &o.Signature)
}

func (p *packer) contact(c *Contact) {
	packKey(p, &c.ID)
	packInt(p, &c.Version)
	packText(p, &c.Name)
	packText(p, &c.Kind)
	packText(p, &c.Tier)
	packText(p, &c.Segment)
	packText(p, &c.Language)
	packText(p, &c.Owner)
	packInt(p, &c.Verified.Level)
	packText(p, &c.Verified.How)
	p.actor(&c.Verified.By)
	p.time(&c.Verified.At)
	p.time(&c.Verified.Until)
	packList(p, &c.Emails, packText[string])
	packList(p, &c.Phones, packText[string])
	packList(p, &c.Identities, (*packer).identityKey)
	packList(p, &c.Channels, (*packer).channel)
	packText(p, &c.MergedInto)
	p.bool(&c.Blocked)
	p.time(&c.Created)
	p.time(&c.Updated)
	p.time(&c.Erased)
}

func (p *packer) channel(c *Channel) {
	p.account(&c.Account)
	packInt(p, &c.Visibility)
}

func (p *packer) identityKey(k *IdentityKey) {
	packKey(p, &k.Platform)
	packKey(p, &k.ID)
}

func (p *packer) identity(i *Identity) {
	p.identityKey(&i.Key)
	packText(p, &i.Contact)
	p.author(&i.Author)
	p.time(&i.Seen)
	p.time(&i.Erased)
}

func (p *packer) agent(a *AgentState) {
	packKey(p, &a.Name)
	packText(p, &a.Presence)
	packInt(p, &a.Capacity)
	packInt(p, &a.Load)
	p.time(&a.Since)
	p.time(&a.Freed)
}

func (p *packer) valueKey(k *ValueKey) {
	packKey(p, &k.Space)
	packKey(p, &k.Name)
}

func (p *packer) value(v *Value) {
	p.valueKey(&v.Key)
	p.time(&v.Expires)
	packBytes(p, &v.Data)
}

func (p *packer) eventKey(k *EventKey) {
	p.accountKey(&k.Account)
	packKey(p, &k.Key)
}

func (p *packer) task(t *Task) {
	packKey(p, &t.ID)
	packText(p, &t.Kind)
	packText(p, &t.Queue)
	packText(p, &t.Key)
	p.time(&t.Due)
	p.bool(&t.Dead)
	packBytes(p, &t.Payload)
	packInt(p, &t.Attempts)
	packText(p, &t.LastError)
}

func (p *packer) pause(q *QueuePause) {
	packKey(p, &q.Queue)
	p.time(&q.Until)
	packText(p, &q.Reason)
}

// entry packs all but the Position, which is the entry's place in the journal, and first what the journal is ordered by.
func (p *packer) entry(e *Entry) {
	packKey(p, &e.Key)
	packText(p, &e.Ticket)
	packText(p, &e.Contact)
	packText(p, &e.Kind)
	packText(p, &e.Message)
	p.actor(&e.Actor)
	p.time(&e.Happened)
	p.time(&e.Received)
	p.time(&e.Processed)
	packInt(p, &e.Setup)
	packText(p, &e.Old)
	packText(p, &e.New)
	packText(p, &e.Reason)
	if p.maybe(e.Clock != nil) {
		if p.reading {
			e.Clock = new(sla.Event)
		}
		p.clockEvent(e.Clock)
	}
	if p.maybe(e.Stand != nil) {
		if p.reading {
			e.Stand = new(sla.Clock)
		}
		p.clock(e.Stand)
	}
	packBytes(p, &e.Detail)
}

func (p *packer) clockEvent(e *sla.Event) {
	p.mark(&e.Mark)
	packText(p, &e.Kind)
	packText(p, &e.Line)
	packText(p, &e.Into)
	p.bool(&e.Automated)
	p.bool(&e.Opens)
	packText(p, &e.Status)
	packText(p, &e.Post)
	packText(p, &e.Reason)
	p.mark(&e.Of)
	if p.maybe(e.Facts != nil) {
		if p.reading {
			e.Facts = new(sla.Facts)
		}
		p.facts(e.Facts)
	}
}
