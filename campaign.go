package socialcrm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Campaigns says when many people who publicly write nearly the same are a campaign: one ticket, with the tag "campaign" and the fact campaign for lanes, priorities and
// promises of its own, in which their messages are listed. Those who take part are not customers one by one: no ticket, no clock, no automated text each. Texts are
// compared without case, accents, links, mentions and numbers. Whoever writes something else is a customer again.
type Campaigns struct {
	// Authors is from how many people on it is a campaign: 3 to 200. 0: there are none.
	Authors int `json:"authors,omitempty"`
	// Within is the time within which so many must have written, and for how long after the latest further ones belong to it; by the platforms' times. 0: 1 hour. At most
	// 24 hours.
	Within sla.Duration `json:"within,omitzero"`
	// Words is how many words a text must have, so that what anybody says ("Where is my parcel?") is none. 0: 8. At least 4.
	Words int `json:"words,omitempty"`
	// Alike is how much two texts must have in common: the share of pairs of words that are in both, of those in either, from 0.5 to 1. 0: 0.7.
	Alike float64 `json:"alike,omitempty"`
	// Notify are the leads whom the journal's entry (ticket.CampaignFound) names: agents, teams or lanes of the Setup, or names with a colon, for the host.
	Notify []string `json:"notify,omitempty"`
}

const (
	campaignTag   = "campaign"
	crowdSpace    = "crowd"   // people who write the same, by the name of the crowd
	likeSpace     = "alike"   // names of crowds, by a hash that their texts share
	likeKeys      = 3         // by how many hashes a text is looked up
	likeNames     = 4         // names under one hash
	joinedAtOnce  = 10        // tickets in one commit
	campaignHours = time.Hour // unless a Setup says otherwise
)

func (s *Setup) checkCampaigns() error {
	c := &s.Campaigns
	var wrong []error
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf(format, args...)) }
	switch {
	case c.Authors == 0 && (c.Within != 0 || c.Words != 0 || c.Alike != 0 || len(c.Notify) > 0):
		add("campaigns.authors: is missing, so that the rest is never used")
	case c.Authors != 0 && (c.Authors < 3 || c.Authors > 200):
		add("campaigns.authors: want 3 to 200, got %d", c.Authors)
	}
	if c.Within < 0 || time.Duration(c.Within) > 24*time.Hour {
		add("campaigns.within: want more than 0 and at most 24h0m0s, got %s", time.Duration(c.Within))
	}
	if c.Words != 0 && c.Words < 4 {
		add("campaigns.words: want at least 4, got %d", c.Words)
	}
	if c.Alike != 0 && !(c.Alike >= 0.5 && c.Alike <= 1) {
		add("campaigns.alike: want 0.5 to 1, got %v", c.Alike)
	}
	return rule.Faults(append(wrong, rule.FaultsAt("campaigns.", s.checkStep(&sla.Step{Notify: c.Notify})))...)
}

func (c *Campaigns) within() time.Duration { return cmp.Or(time.Duration(c.Within), campaignHours) }

// crowd are people who write nearly the same.
type crowd struct {
	// Sketch is that of the text by which it began.
	Sketch sketch `json:"sketch"`
	// Took are the messages so far, by time, until it is a campaign.
	Took []taken `json:"took,omitempty"`
	// Ticket is the campaign. From and To are when its first and its latest message were written.
	Ticket ticket.ID `json:"ticket,omitempty"`
	From   time.Time `json:"from,omitzero"`
	To     time.Time `json:"to,omitzero"`
	// Kept is when it was last filed under its hashes.
	Kept time.Time `json:"kept"`
}

// taken is a message of a crowd, and the ticket that it is in.
type taken struct {
	Contact ticket.ContactID `json:"contact"`
	At      time.Time        `json:"at"`
	Ticket  ticket.ID        `json:"ticket"`
}

// crowded is a message as one of a crowd.
type crowded struct {
	crowd
	name  string         // of the crowd
	filed []ticket.Value // what was found under the hashes of the message's text
}

// crowdOf finds the crowd that a message belongs to, or begins one; nil: it belongs to none. It takes two look-ups at most. What somebody writes in an open ticket of its own belongs there.
func (w *work) crowdOf(conv *conversation, e *channel.Event) (*crowded, error) {
	c, m := &w.company.setup.Campaigns, &e.Message
	if c.Authors == 0 || m.Visibility != channel.Public || m.Author.ID == "" {
		return nil, nil
	}
	text, words := sketchOf(m.Text)
	if words < cmp.Or(c.Words, 8) || len(text) < likeKeys {
		return nil, nil
	}
	if conv.Ticket != "" {
		if t, err := w.ticket(conv.Ticket); err != nil || t.ID != "" && t.Campaign == 0 && !t.Status.Done() {
			return nil, err
		}
	}
	in := new(crowded)
	keys := make([]ticket.ValueKey, likeKeys)
	for i := range keys {
		keys[i] = ticket.ValueKey{Space: likeSpace, Name: strconv.FormatUint(uint64(text[i]), 36)}
	}
	var err error
	if in.filed, err = w.tx.Values(keys...); err != nil {
		return nil, err
	}
	var names []ticket.ValueKey
	for i := range in.filed {
		in.filed[i].Key = keys[i]
		for name := range strings.FieldsSeq(string(in.filed[i].Data)) {
			if key := (ticket.ValueKey{Space: crowdSpace, Name: name}); !slices.Contains(names, key) {
				names = append(names, key)
			}
		}
	}
	slices.SortFunc(names, func(a, b ticket.ValueKey) int { return strings.Compare(a.Name, b.Name) })
	if len(names) > 0 {
		found, err := w.tx.Values(names...)
		if err != nil {
			return nil, err
		}
		best := cmp.Or(c.Alike, 0.7)
		for i := range found {
			var other crowd
			if found[i].Data == nil {
				continue
			}
			if err := json.Unmarshal(found[i].Data, &other); err != nil {
				return nil, fmt.Errorf("crowd %s: %w", names[i].Name, err)
			}
			if like := text.likeness(other.Sketch); like >= best && (like > best || in.name == "") {
				best, in.name, in.crowd = like, names[i].Name, other
			}
		}
	}
	if in.name == "" {
		in.name, in.crowd = hashID("crowd", e.Account.Platform, e.Account.ID, m.ID), crowd{Sketch: text}
	}
	return in, nil
}

// keepCrowd stores what is known of a crowd, and files it under the hashes of its text. What nobody adds to is dropped after twice the time.
func (w *work) keepCrowd(in *crowded) error {
	expires := w.now.Add(2 * w.company.setup.Campaigns.within())
	if in.Kept.IsZero() || w.now.Sub(in.Kept) > w.company.setup.Campaigns.within()/2 {
		in.Kept = w.now
		for _, hash := range in.Sketch[:min(len(in.Sketch), likeKeys)] {
			v := ticket.Value{Key: ticket.ValueKey{Space: likeSpace, Name: strconv.FormatUint(uint64(hash), 36)}, Expires: expires}
			names := []string{in.name}
			if at := slices.IndexFunc(in.filed, func(f ticket.Value) bool { return f.Key == v.Key }); at >= 0 {
				for name := range strings.FieldsSeq(string(in.filed[at].Data)) {
					if name != in.name && len(names) < likeNames {
						names = append(names, name)
					}
				}
			}
			v.Data = []byte(strings.Join(names, " "))
			w.tx.PutValue(v)
		}
	}
	data, err := json.Marshal(&in.crowd)
	if err == nil {
		w.tx.PutValue(ticket.Value{Key: ticket.ValueKey{Space: crowdSpace, Name: in.name}, Data: data, Expires: expires})
	}
	return err
}

// campaignOf returns the campaign that a message of a crowd belongs to; nil while it is none, or not at that time.
func (w *work) campaignOf(in *crowded, at time.Time) (*change, error) {
	within := w.company.setup.Campaigns.within()
	if in.Ticket == "" {
		return nil, nil
	}
	if at.Before(in.From.Add(-within)) || at.After(in.To.Add(within)) {
		in.crowd = crowd{Sketch: in.Sketch, Kept: in.Kept} // another one begins
		return nil, nil
	}
	c, err := w.load(in.Ticket)
	if err != nil || c.ID == "" || c.Campaign == 0 {
		in.crowd = crowd{Sketch: in.Sketch, Kept: in.Kept}
		return nil, err
	}
	return c, nil
}

// count adds a message to its crowd, and reports how many people wrote within the time, at the most.
func (in *crowded) count(t taken, within time.Duration, authors int) int {
	in.Took = append(in.Took, t)
	slices.SortFunc(in.Took, func(a, b taken) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(string(a.Contact), string(b.Contact)))
	})
	if most := 4 * authors; len(in.Took) > most {
		in.Took = slices.Delete(in.Took, 0, len(in.Took)-most)
	}
	found, from, people := 0, 0, make(map[ticket.ContactID]int)
	for _, t := range in.Took {
		people[t.Contact]++
		for t.At.Sub(in.Took[from].At) > within {
			first := in.Took[from].Contact
			if people[first]--; people[first] == 0 {
				delete(people, first)
			}
			from++
		}
		found = max(found, len(people))
	}
	return found
}

// took notes in which ticket the message is that was counted last.
func (in *crowded) took(id ticket.ID) {
	for i := range in.Took {
		if in.Took[i].Ticket == "" {
			in.Took[i].Ticket = id
		}
	}
}

// campaign returns the campaign that a message takes part in (Joined), or begins (Created), because enough people have written nearly the same by it; nil: neither.
func (w *work) campaign(in *crowded, conv *conversation, e *channel.Event, contact *ticket.Contact) (*change, Outcome, error) {
	if in == nil {
		return nil, "", nil
	}
	c, err := w.campaignOf(in, e.Time)
	if c != nil || err != nil {
		return c, Joined, err
	}
	authors := w.company.setup.Campaigns.Authors
	people := in.count(taken{Contact: contact.ID, At: e.Time}, w.company.setup.Campaigns.within(), authors)
	if people < authors {
		return nil, "", nil
	}
	c, err = w.becomesCampaign(in, conv, e, people)
	return c, Created, err
}

// becomesCampaign begins the ticket of a campaign with the message by which enough people have written.
func (w *work) becomesCampaign(in *crowded, conv *conversation, e *channel.Event, people int) (*change, error) {
	t := ticket.Ticket{
		ID: ticket.ID(hashID("campaign", e.Account.Platform, e.Account.ID, e.Message.ID)), Status: ticket.New, Subject: subjectLine(&e.Message), Account: e.Account,
		Visibility: e.Message.Visibility, Language: e.Message.Language, Conversations: []ticket.ConversationKey{conv.Key}, Created: in.Took[0].At,
		Tags: []string{campaignTag}, Campaign: 1,
	}
	system := ticket.Actor{Kind: ticket.BySystem}
	c := w.beginArrival(&t, nil)
	c.journal(ticket.Entry{Kind: ticket.TicketCreated, Happened: e.Time, Received: e.Received, Actor: system})
	found := ticket.Entry{
		Kind: ticket.CampaignFound, Message: messageKey(ticket.MessageRef{Account: e.Account, ID: e.Message.ID}), Actor: system, Happened: e.Time, New: strconv.Itoa(people),
		Reason: fmt.Sprintf("%d people wrote nearly the same within %s", people, w.company.setup.Campaigns.within()),
	}
	var err error
	if leads := w.company.setup.Campaigns.Notify; len(leads) > 0 {
		if found.Detail, err = json.Marshal(sla.Step{Notify: leads}); err != nil {
			return nil, err
		}
	}
	c.journal(found)
	var earlier []ticket.ID
	for _, t := range in.Took {
		if t.Ticket != "" && !slices.Contains(earlier, t.Ticket) {
			earlier = append(earlier, t.Ticket)
		}
	}
	if err := w.joinLater(c.ID, earlier); err != nil {
		return nil, err
	}
	in.Ticket, in.From, in.To, in.Took = c.ID, in.Took[0].At, in.Took[len(in.Took)-1].At, nil
	return c, nil
}

// takesPart files a message under the campaign that it belongs to: nobody has to act on it.
func (w *work) takesPart(c *change, in *crowded, conv *conversation, e *channel.Event, m ticket.Message, echoes []string) error {
	began := conv.Ticket == ""
	if conv.Ticket != c.ID {
		conv.Line, conv.Part = "", ""
	}
	conv.Ticket, m.Ticket = c.ID, c.ID
	c.Campaign++
	w.putMessage(m)
	entry := ticket.Entry{
		Kind: ticket.MessageReceived, Message: m.Key, Actor: ticket.Actor{Kind: ticket.ByCustomer, ID: e.Message.Author.ID}, Happened: e.Time, Received: e.Received,
		Reason: campaignTag,
	}
	if e.Time.Before(c.Clocks.Asked) && !c.Status.Done() { // what is promised counts from the first of all
		var err error
		if entry.Clock, err = c.fold(sla.Event{Kind: sla.CustomerWrote, Mark: sla.Mark{Time: e.Time, Order: e.Message.Order, Key: m.Key}}); err != nil {
			return err
		}
	}
	c.journal(entry)
	hear(&conv.Conversation, e.Time, e.Message.Order, e.Message.ID)
	c.CustomerWrote = later(c.CustomerWrote, e.Time)
	w.tx.PutConversation(conv.Conversation)
	if began {
		if err := w.adopt(c, &conv.Conversation, echoes); err != nil {
			return err
		}
	}
	if !c.Status.Done() {
		if err := w.raise(c, &e.Message); err != nil { // it grows
			return err
		}
	}
	c.finish()
	in.To = later(in.To, e.Time)
	if e.Time.Before(in.From) {
		in.From = e.Time
	}
	return w.keepCrowd(in)
}

const campaignKind = "campaign"

// joining are tickets that began before their campaign was known.
type joining struct {
	Campaign ticket.ID   `json:"campaign"`
	Tickets  []ticket.ID `json:"tickets"`
}

// joinLater plans to make tickets part of their campaign, a few in a commit.
func (w *work) joinLater(id ticket.ID, tickets []ticket.ID) error {
	if len(tickets) == 0 {
		return nil
	}
	payload, err := json.Marshal(joining{id, tickets})
	if err == nil {
		w.tx.Schedule(ticket.Task{ID: campaignKind + "/" + string(id), Kind: campaignKind, Queue: campaignKind, Due: w.now, Payload: payload})
	}
	return err
}

// joinCampaign makes those tickets part of their campaign on which nobody has begun, and in which nothing else was said.
func (w *work) joinCampaign(lease ticket.Lease) error {
	if err := w.tx.Finish(lease); err != nil {
		return err
	}
	var j joining
	if err := json.Unmarshal(lease.Payload, &j); err != nil {
		return err
	}
	c, err := w.load(j.Campaign)
	if err != nil || c.ID != j.Campaign || c.Status == ticket.Closed {
		return err
	}
	now := j.Tickets[:min(len(j.Tickets), joinedAtOnce)]
	for _, id := range now {
		only, contact, err := w.onlyTakesPart(id)
		if err != nil {
			return err
		}
		if !only || slices.Contains(c.Apart, id) {
			continue
		}
		if err := w.absorb(c, merging{from: id, actor: ticket.Actor{Kind: ticket.BySystem}, reason: "it is part of a campaign", oneLine: true}); err != nil {
			return err
		}
		c.Campaign++
		w.tookPart(contact, &c.Ticket)
	}
	if len(c.entries) > 0 {
		c.finish()
	}
	return w.joinLater(j.Campaign, j.Tickets[len(now):])
}

// onlyTakesPart reports whether a ticket holds one message and nobody has begun on it, and whose it is.
func (w *work) onlyTakesPart(id ticket.ID) (bool, ticket.ContactID, error) {
	t, err := w.ticket(id)
	if err != nil || t.ID != id || t.Campaign > 0 || t.FollowUpOf != "" || len(t.Conversations) != 1 || len(t.Absorbed)+len(t.Parties) > 0 {
		return false, "", err
	}
	if begun, err := w.begun(&t); err != nil || begun {
		return false, "", err
	}
	list, err := w.tx.ListMessages(ticket.MessageQuery{Ticket: id, Page: ticket.Page{Limit: 10}})
	if err != nil {
		return false, "", err
	}
	messages := 0
	for i := range list.Items {
		if m := &list.Items[i]; m.Direction != ticket.Outbound || !m.Automated {
			messages++
		}
	}
	return messages == 1, t.Contact, nil
}
