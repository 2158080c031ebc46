package socialcrm

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/ticket"
)

// router decides who handles tickets.
func (w *work) router() routing.Router {
	if w.d.cfg.Router != nil {
		return w.d.cfg.Router
	}
	return w.company.lanes
}

// query is what routing decides from; the message may be nil.
func (w *work) query(c *change, m *channel.Message) (q routing.Query, err error) {
	q = routing.Query{Now: w.now, Ticket: c.Ticket, Message: m, Roster: w.company.roster, Queues: w.bound.queues, Seed: uint64(c.Version)}
	if c.contact != nil {
		q.Contact = *c.contact
	}
	if !c.Queued.IsZero() {
		q.Waited = w.now.Sub(c.Queued)
	}
	if w.declined(&c.Ticket, c.Returned.Agent) {
		q.Declined = c.Returned.Agent
	}
	if q.Related, err = w.relatedAgents(c); err != nil {
		return q, err
	}
	if c.Contact != "" && (w.company.queues.sticky || w.d.cfg.Router != nil) {
		q.Known, err = w.acquaintances(c)
	}
	return q, err
}

// remembered is how many of a contact's tickets are asked who served it.
const remembered = 10

// acquaintances are the agents who served the contact in its latest tickets, the latest first.
func (w *work) acquaintances(c *change) (known []routing.Acquaintance, err error) {
	list, err := w.tx.ListTickets(ticket.TicketQuery{Contact: c.Contact, Newest: true, Page: ticket.Page{Limit: remembered}})
	if err != nil {
		return nil, err
	}
	for i := range list.Items {
		t := &list.Items[i]
		if t.Agent == "" || t.ID == c.ID || t.MergedInto != "" {
			continue
		}
		a := routing.Acquaintance{Agent: t.Agent, Last: t.Answered}
		switch {
		case !t.Status.Done():
			a.Last = w.now // is at it
		case t.SolvedAt.After(a.Last):
			a.Last = t.SolvedAt
		}
		known = append(known, a)
	}
	slices.SortStableFunc(known, func(a, b routing.Acquaintance) int { return b.Last.Compare(a.Last) })
	return known, nil
}

// queueLength is how many wait in a lane, as far as lanes ask.
func (w *work) queueLength(lane string) int {
	n, counted := w.lengths[lane]
	if !counted {
		list, err := w.tx.Waiting(lane, ticket.Page{Limit: w.company.queues.longest})
		if err != nil {
			w.unknown = err
		}
		n = len(list.Items)
		if w.lengths == nil {
			w.lengths = make(map[string]int)
		}
		w.lengths[lane] = n
	}
	for _, other := range w.queued {
		if other.lane == lane {
			n++
		}
	}
	return n
}

// latest is what the customer wrote last; nil when there is nothing.
func (w *work) latest(c *change) (*channel.Message, error) {
	convs, err := w.tx.Conversations(c.Conversations...)
	if err != nil {
		return nil, err
	}
	var last *ticket.Conversation
	for i := range convs {
		if conv := &convs[i]; conv.CustomerMessage != "" && (last == nil || conv.CustomerWrote.After(last.CustomerWrote)) {
			last = conv
		}
	}
	if last == nil {
		return nil, nil
	}
	messages, err := w.tx.MessagesByRef(ticket.MessageRef{Account: last.Key.Account, ID: last.CustomerMessage})
	if err != nil || messages[0].Key == "" {
		return nil, err
	}
	return &messages[0].Content, nil
}

// weighed is the message that the company's weights may look at; nil where there are none.
func (w *work) weighed(c *change) (*channel.Message, error) {
	if len(w.company.setup.Weights) == 0 {
		return nil, nil
	}
	return w.latest(c)
}

// weigh says what the ticket takes of an agent's capacity.
func (w *work) weigh(c *change) (int, error) {
	if w.d.cfg.Router != nil {
		return c.Weight, nil
	}
	if len(w.company.setup.Weights) == 0 {
		return 1, nil
	}
	m, err := w.latest(c)
	if err != nil {
		return 1, err
	}
	q, err := w.query(c, m)
	return w.company.lanes.Weight(q), err
}

// route asks the router and takes the first agent who can be reserved.
func (w *work) route(c *change, m *channel.Message) error {
	return w.routeBy(c, m, false)
}

// routeBy is route; raised says that a ticket which was raised keeps its priority.
func (w *work) routeBy(c *change, m *channel.Message, raised bool) error {
	if c.Handed { // a person put it where it is
		if lane := w.company.lane(c.Lane); lane != nil {
			return w.offer(c, lane, "", "")
		}
	}
	q, err := w.query(c, m)
	if err != nil {
		return err
	}
	for attempt := 0; ; attempt++ {
		decision, err := w.decide(q)
		if err != nil {
			return err
		}
		if raised {
			if p := decision.Priority; p != nil && *p > max(c.Priority, c.Ranked.Over) {
				c.Ranked = ticket.Ranking{} // what the customer writes now is more pressing than what the person ranked
			}
			decision.Priority = keepRaised(c, decision.Priority)
		}
		agent, err := w.reserve(c, decision)
		if err != nil {
			return err
		}
		if agent == "" && len(decision.Candidates) > 0 && attempt == 0 {
			continue // the roster lagged behind; it has just been told
		}
		c.Routed.Lane = decision.Own()
		return w.place(c, decision, agent)
	}
}

// decide asks the router.
func (w *work) decide(q routing.Query) (routing.Decision, error) {
	decision, err := w.router().Route(context.Background(), q)
	if w.unknown != nil {
		return decision, w.unknown
	}
	if err != nil { // a message is never lost because nobody knows where it belongs
		w.d.log.Error("ticket not routed", "ticket", string(q.Ticket.ID), "error", err)
		decision = routing.Decision{Lane: cmp.Or(q.Ticket.Lane, routing.DefaultLane), Team: q.Ticket.Team}
	}
	if q.Declined != "" && slices.Contains(decision.Candidates, q.Declined) { // a Router of the host's own may not ask
		decision.Candidates = slices.DeleteFunc(slices.Clone(decision.Candidates), func(name string) bool { return name == q.Declined })
	}
	return decision, nil
}

// retake gives a reopened ticket back to its agent, if the agent is there and has room; else it has none and is routed.
func (w *work) retake(c *change) error {
	if c.Agent == "" {
		return nil
	}
	if agent := w.company.agent(c.Agent); agent == nil || w.company.queues.calendars[agent.Shift].Open(w.now) {
		weight, err := w.weigh(c)
		if err != nil {
			return err
		}
		if taken, err := w.reserve(c, routing.Decision{Candidates: []string{c.Agent}, Weight: weight}); err != nil || taken != "" {
			return err
		}
	}
	c.journal(ticket.Entry{Kind: ticket.TicketAssigned, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: c.Agent, Reason: "not there, or no room for it again"})
	c.Agent = ""
	return nil
}

// offered reserves somebody of a lane who can take the ticket, by the lane's strategy, but not the one named and nobody who gave it back.
func (w *work) offered(c *change, lane, not string) (d routing.Decision, agent string, err error) {
	var m *channel.Message
	if c.Queued.IsZero() || c.Lane != lane { // else its weight is known
		if m, err = w.weighed(c); err != nil {
			return d, "", err
		}
	}
	q, err := w.query(c, m)
	if err != nil {
		return d, "", err
	}
	for range lagging {
		d, _ = w.company.lanes.Offer(q, lane)
		d.Candidates = slices.DeleteFunc(d.Candidates, func(name string) bool { return name == not })
		agent, err = w.reserve(c, d)
		if err != nil || agent != "" || len(d.Candidates) == 0 {
			break
		}
	}
	return d, agent, err
}

// lagging is how often those are tried whom the roster names: it may lag behind, and learns from each who is refused.
const lagging = 20

// declined reports whether the agent gave the ticket back and has not been away since.
func (w *work) declined(t *ticket.Ticket, agent string) bool {
	if agent == "" || t.Returned.Agent != agent {
		return false
	}
	state, _ := w.company.roster.Agent(agent)
	return !state.Since.After(t.Returned.At)
}

// reserve takes the first candidate who has room, and tells the roster what it learned.
func (w *work) reserve(c *change, decision routing.Decision) (string, error) {
	weight := max(decision.Weight, 1)
	for _, name := range decision.Candidates {
		ok, err := w.tx.Reserve(name, c.ID, weight)
		if err != nil {
			return "", err
		}
		if err := w.tellRoster(name); err != nil {
			return "", err
		}
		if ok {
			if c.Weight = weight; weight == 1 {
				c.Weight = 0
			}
			return name, nil
		}
	}
	return "", nil
}

func (w *work) tellRoster(names ...string) error {
	states, err := w.tx.Agents(names...)
	if err != nil {
		return err
	}
	w.company.roster.Set(states...)
	w.told = true
	return nil
}

// place puts the ticket where the decision says.
func (w *work) place(c *change, decision routing.Decision, agent string) error {
	system := ticket.Actor{Kind: ticket.BySystem}
	if c.Ranked.Person { // that stays
		decision.Priority = nil
	}
	moves := decision.Lane != c.Lane || decision.Team != c.Team
	defer func() { c.decided = decided{decision.Lane, c.Priority, decision.Weight} }()
	var why json.RawMessage
	if moves || agent != c.Agent && agent != "" {
		c.w.room.routed = decision
		var err error
		if why, err = json.Marshal(&c.w.room.routed); err != nil {
			return err
		}
	}
	if decision.Priority != nil && *decision.Priority != c.Priority {
		reason := "lane " + decision.Lane
		if decision.PriorityMatched != "" {
			reason += ": " + decision.PriorityMatched
		}
		c.journal(ticket.Entry{Kind: ticket.TicketPriority, Actor: system, Old: c.Priority.String(), New: decision.Priority.String(), Reason: reason})
		c.Priority = *decision.Priority
	}
	if moves {
		c.journal(ticket.Entry{Kind: ticket.TicketRouted, Actor: system, Old: c.Lane, New: decision.Lane, Reason: reasonOfRoute(&decision), Detail: why})
		c.Lane, c.Team, why = decision.Lane, decision.Team, nil
	}
	if agent != c.Agent {
		c.journal(ticket.Entry{Kind: ticket.TicketAssigned, Actor: system, Old: c.Agent, New: agent, Detail: why})
		c.Agent, c.Returned = agent, ticket.Return{}
	}
	c.Home = decision.Home()
	return nil
}

// raise looks at the lane's priority rules again when the customer writes more: a third message without an answer may make it urgent. Nothing is lowered by it.
func (w *work) raise(c *change, m *channel.Message) error {
	if lane := w.company.lane(c.Lane); lane == nil || len(lane.Priorities) == 0 || w.d.cfg.Router != nil {
		return nil
	}
	q, err := w.query(c, m)
	if err != nil {
		return err
	}
	to, why, raised := w.company.lanes.Raise(q)
	if !raised || c.Ranked.Person && to <= c.Ranked.Over {
		return nil
	}
	if c.Ranked.Person {
		c.Ranked.Over = to
	}
	from := c.Priority
	c.Priority = to
	return c.tell("raise", ticket.Entry{Kind: ticket.TicketPriority, Actor: ticket.Actor{Kind: ticket.BySystem}, Old: from.String(), New: to.String(), Reason: "lane " + c.Lane + ": " + why})
}

// reasonOfRoute is what matched, and the way from the lane of that to the one that takes the ticket.
func reasonOfRoute(d *routing.Decision) string {
	reason := d.Matched
	for _, m := range d.Moved {
		if reason != "" {
			reason += "; "
		}
		reason += "from " + m.From + " to " + m.To + ": " + string(m.Why)
	}
	return reason
}
