package replay

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Rerouted is what Reroute found.
type Rerouted struct {
	// Decisions counts the decisions of the journal that were made again.
	Decisions int
	// Elsewhere are those that come out otherwise, in the order of the journal.
	Elsewhere []Elsewhere
}

// Elsewhere is a ticket that would have begun in another lane, with another priority, or another weight, or would have been put there once its contact was known.
type Elsewhere struct {
	Ticket ticket.ID
	// At is the decision in the journal, When its time.
	At   ticket.Position
	When time.Time
	// Was is what was decided, Would what the Setup would have decided then.
	Was, Would routing.Decision
}

// Reroute asks a Setup where each ticket of a stored journal would have begun: with the message that began it, the agents who were there and the queues as they were at
// that moment; and where it would have gone once a CRM told of its contact, if nobody had begun on it by then. Under the Setup that was in force it comes to the same decisions. What tickets and agents did after that, the journal tells and not the Setup: a lane that
// would have had more to do is not longer for it. Of a contact it knows what is stored now, once the CRM had told of it. Messages that were erased match nothing. It
// only reads, and may run beside a Desk.
func Reroute(ctx context.Context, store ticket.Store, tenant string, s socialcrm.Setup, predicates rule.Predicates) (Rerouted, error) {
	lanes, err := s.Router(predicates)
	if err != nil {
		return Rerouted{}, fmt.Errorf("replay: reroute: %w", err)
	}
	r := &reroute{lanes: lanes, roster: routing.NewRoster(s.Agents), agents: map[string]ticket.AgentState{}, held: map[ticket.ID]*holding{}, waiting: map[string]int{}, told: map[ticket.ContactID]bool{}, related: map[ticket.ID][]ticket.ID{}, massive: map[ticket.ID]bool{}}
	for _, a := range s.Agents {
		r.agents[a.Name] = a.State()
	}
	for after := ticket.Position(""); ; {
		var entries []ticket.Entry
		err := store.View(ctx, tenant, func(rd ticket.Reader) (err error) {
			if entries, err = rd.Journal(ticket.JournalQuery{After: after, Limit: 1000}); err != nil {
				return err
			}
			for i := range entries {
				if err := r.entry(rd, entries, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return Rerouted{}, fmt.Errorf("replay: reroute: %w", err)
		}
		if len(entries) == 0 {
			return r.found, nil
		}
		after = entries[len(entries)-1].Position
	}
}

// reroute is a journal being read.
type reroute struct {
	lanes   *routing.Lanes
	roster  *routing.Roster
	agents  map[string]ticket.AgentState
	held    map[ticket.ID]*holding
	waiting map[string]int // by lane
	told    map[ticket.ContactID]bool
	related map[ticket.ID][]ticket.ID // so far
	massive map[ticket.ID]bool        // campaigns
	found   Rerouted
}

// holding is who has a ticket, or where it waits.
type holding struct {
	lane, agent string
	weight      int
	priority    ticket.Priority
	waits       bool
	since       time.Time // it waits
	home        string
	routed      ticket.Routed
	asked       int    // messages of the customer, as long as nobody has begun
	step        string // what names the entries that were written at once
}

// entry makes a decision again, and notes what an entry says of tickets and agents.
func (r *reroute) entry(rd ticket.Reader, entries []ticket.Entry, i int) error {
	e := &entries[i]
	switch e.Kind {
	case ticket.ContactChanged:
		r.told[e.Contact] = true
	case ticket.AgentPresence:
		a := r.agents[e.Reason]
		a.Name, a.Presence, a.Since = e.Reason, ticket.Presence(e.New), e.Processed
		r.set(a)
		return nil
	}
	if e.Ticket == "" {
		return nil
	}
	h := r.held[e.Ticket]
	if h == nil {
		h = &holding{weight: 1}
		r.held[e.Ticket] = h
	}
	if step := stepOf(e); step != h.step {
		h.step = step
		if err := r.lookAgain(rd, h, entries[i:]); err != nil {
			return err
		}
	}
	var was routing.Decision
	if len(e.Detail) > 0 && (e.Kind == ticket.TicketRouted || e.Kind == ticket.TicketAssigned) {
		if err := json.Unmarshal(e.Detail, &was); err != nil {
			return fmt.Errorf("entry %s: %w", e.Key, err)
		}
		h.weight = max(was.Weight, 1)
	}
	switch e.Kind {
	case ticket.TicketRouted:
		if e.Old == "" {
			if err := r.begin(rd, h, entries[i:], was); err != nil {
				return err
			}
		}
		if len(was.Moved) == 0 || was.Moved[0].From != h.lane { // else it went on from where it waited
			h.routed.Lane = was.Own()
		}
		h.home = was.Home()
		if e.Message != "" {
			h.routed.Message = e.Message
		}
		r.move(h, e.New, e.Processed)
	case ticket.TicketPriority:
		if err := h.priority.UnmarshalText([]byte(e.New)); err != nil {
			return fmt.Errorf("entry %s: %w", e.Key, err)
		}
	case ticket.MessageReceived:
		if e.Clock != nil {
			h.asked++
		}
	case ticket.CampaignFound:
		r.massive[e.Ticket] = true
	case ticket.TicketRelated:
		r.related[e.Ticket] = append(r.related[e.Ticket], ticket.ID(e.New))
	case ticket.TicketHanded:
		r.move(h, e.New, e.Processed)
	case ticket.TicketAssigned:
		r.give(h, e.New, e.Processed)
	case ticket.TicketReopened:
		if h.agent == "" {
			r.move(h, h.lane, e.Processed)
		} else {
			r.load(h, h.weight, time.Time{})
		}
	case ticket.TicketStatus:
		if ticket.Status(e.New).Done() && !ticket.Status(e.Old).Done() {
			r.stop(h)
			r.load(h, -h.weight, e.Processed)
		}
	}
	return nil
}

func (r *reroute) set(a ticket.AgentState) {
	r.agents[a.Name] = a
	r.roster.Set(a)
}

// load changes what the ticket's agent holds.
func (r *reroute) load(h *holding, weight int, freed time.Time) {
	if a, known := r.agents[h.agent]; known && h.agent != "" {
		a.Load = max(a.Load+weight, 0)
		if !freed.IsZero() {
			a.Freed = freed
		}
		r.set(a)
	}
}

func (r *reroute) stop(h *holding) {
	if h.waits {
		h.waits = false
		r.waiting[h.lane]--
	}
}

// move puts the ticket into a lane, where it waits unless an agent has it.
func (r *reroute) move(h *holding, lane string, at time.Time) {
	r.stop(h)
	if h.lane = lane; h.agent == "" {
		h.waits, h.since = true, at
		r.waiting[lane]++
	}
}

func (r *reroute) give(h *holding, agent string, at time.Time) {
	r.load(h, -h.weight, at)
	r.stop(h)
	h.agent = agent
	if agent == "" {
		r.move(h, h.lane, at)
		return
	}
	r.load(h, h.weight, time.Time{})
}

// begin asks where the ticket of the first entry would have begun.
func (r *reroute) begin(rd ticket.Reader, h *holding, entries []ticket.Entry, was routing.Decision) (err error) {
	if h.routed.Message, err = began(rd, entries); err != nil {
		return err
	}
	q, err := r.query(rd, h, &entries[0], time.Time{}) // as it was first written
	if err != nil {
		return err
	}
	would, err := r.lanes.Route(context.Background(), q)
	r.compare(&entries[0], was, would)
	return err
}

// lookAgain asks where the ticket of the first entry would have gone, if a CRM's answer is among what was written at once and nobody had begun by then.
func (r *reroute) lookAgain(rd ticket.Reader, h *holding, entries []ticket.Entry) error {
	if h.lane == "" {
		return nil
	}
	switch entries[0].Kind { // with which it begins
	case ticket.TicketRouted, ticket.TicketPriority, ticket.TicketAssigned, ticket.ContactChanged:
	default:
		return nil
	}
	e, err := next(rd, entries, func(e *ticket.Entry) bool { return e.Kind == ticket.ContactChanged || stepOf(e) != h.step })
	if err != nil || e == nil || stepOf(e) != h.step || len(e.Detail) == 0 {
		return err
	}
	var was routing.Decision
	if err := json.Unmarshal(e.Detail, &was); err != nil {
		return fmt.Errorf("entry %s: %w", e.Key, err)
	}
	q, err := r.query(rd, h, &entries[0], e.Processed)
	if err != nil {
		return err
	}
	q.Ticket.Lane, q.Ticket.Agent, q.Ticket.Priority, q.Ticket.Routed = h.lane, h.agent, h.priority, h.routed
	q.Ticket.Clocks.Waiting = h.asked
	if h.waits {
		q.Ticket.Home, q.Ticket.Queued, q.Waited = h.home, h.since, q.Now.Sub(h.since)
	}
	r.compare(e, was, r.lanes.Again(q))
	return nil
}

// stepOf names what was written at once with an entry of a ticket.
func stepOf(e *ticket.Entry) string { return e.Key[:max(strings.LastIndexByte(e.Key, '/'), 0)] }

// query is what a decision about the ticket of an entry was made from, with its message as it read at an instant.
func (r *reroute) query(rd ticket.Reader, h *holding, e *ticket.Entry, read time.Time) (q routing.Query, err error) {
	tickets, err := rd.Tickets(e.Ticket)
	if err != nil {
		return q, err
	}
	now := &tickets[0]
	q = routing.Query{
		Now: e.Processed, Roster: r.roster, Queues: func(lane string) int { return r.waiting[lane] }, Seed: 1,
		Ticket: ticket.Ticket{
			ID: now.ID, Version: 1, Status: ticket.New, Subject: now.Subject, Account: now.Account, Visibility: now.Visibility, Language: now.Language,
			Conversations: now.Conversations, Contact: now.Contact, FollowUpOf: now.FollowUpOf, Created: now.Created,
		},
	}
	if q.Message, err = written(rd, h.routed.Message, read); err != nil {
		return q, err
	}
	if now.Contact != "" {
		contacts, err := rd.Contacts(now.Contact)
		if err != nil {
			return q, err
		}
		if q.Contact = contacts[0]; !r.told[now.Contact] {
			q.Contact = ticket.Contact{ID: q.Contact.ID, Name: q.Contact.Name, Identities: q.Contact.Identities, Created: q.Contact.Created}
			if q.Message != nil {
				q.Contact.Language = q.Message.Author.Language
			}
		}
	}
	if r.massive[e.Ticket] {
		q.Ticket.Campaign, q.Ticket.Tags = 1, []string{"campaign"}
	}
	others, err := rd.Tickets(r.related[e.Ticket]...)
	for _, t := range others {
		q.Ticket.Related = append(q.Ticket.Related, ticket.Related{Ticket: t.ID, Account: t.Account, Visibility: t.Visibility})
	}
	return q, err
}

func (r *reroute) compare(e *ticket.Entry, was, would routing.Decision) {
	r.found.Decisions++
	if would.Lane != was.Lane || priority(&would) != priority(&was) || max(would.Weight, 1) != max(was.Weight, 1) {
		r.found.Elsewhere = append(r.found.Elsewhere, Elsewhere{Ticket: e.Ticket, At: e.Position, When: e.Processed, Was: was, Would: would})
	}
}

func priority(d *routing.Decision) sla.Priority {
	if d.Priority == nil {
		return sla.Normal
	}
	return *d.Priority
}

// began names the message that the routing of the first entry was for: the next one of the ticket that came in the same transaction.
func began(rd ticket.Reader, entries []ticket.Entry) (string, error) {
	e, err := next(rd, entries, func(e *ticket.Entry) bool { return e.Kind == ticket.MessageReceived })
	if e == nil {
		return "", err
	}
	return e.Message, err
}

// next finds the next entry of the first entry's ticket for which it is so; nil when there is none soon.
func next(rd ticket.Reader, entries []ticket.Entry, is func(*ticket.Entry) bool) (*ticket.Entry, error) {
	for i := range entries {
		if e := &entries[i]; e.Ticket == entries[0].Ticket && is(e) {
			return e, nil
		}
	}
	further, err := rd.Journal(ticket.JournalQuery{Ticket: entries[0].Ticket, After: entries[0].Position, Limit: 20}) // on the next page
	for i := range further {
		if is(&further[i]) {
			return &further[i], err
		}
	}
	return nil, err
}

// written is a message as it read at an instant.
func written(rd ticket.Reader, key string, at time.Time) (*channel.Message, error) {
	messages, err := rd.Messages(key)
	if err != nil || messages[0].Key == "" {
		return nil, err
	}
	m := &messages[0]
	if i := slices.IndexFunc(m.Versions, func(v ticket.Version) bool { return v.Until.After(at) }); i >= 0 {
		m.Content.Text = m.Versions[i].Text
	}
	return &m.Content, nil
}
