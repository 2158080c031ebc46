package ticket

import "slices"

// ticketSource returns the tickets that meet one condition, of one status rank, in the order of Created: the next one that comes strictly after the place of
// the probe, or before it for a list that shows the newest first.
type ticketSource func(probe *memoryTicket, newest bool) *memoryTicket

// ticketWalk is what one status rank adds to a list: the tickets that all sources have.
type ticketWalk struct {
	sources []ticketSource
	newest  bool
	matches func(*memoryTicket) bool
	at      memoryTicket  // where it stands: the rank, Created and ID
	next    *memoryTicket // the next ticket to list; nil at the end
}

// advance finds the next ticket. The sources take turns to leap to where the one before stands, so that the rarest condition sets the pace.
func (w *ticketWalk) advance() {
	for turn := 0; ; turn++ {
		t := w.sources[turn%len(w.sources)](&w.at, w.newest)
		if w.next = t; t == nil {
			return
		}
		if w.at.created, w.at.id = t.created, t.id; w.matches(t) {
			return
		}
	}
}

// ListTickets implements Reader.
func (r *memoryReader) ListTickets(q TicketQuery) (List[Ticket], error) {
	if r.tenant == nil {
		return List[Ticket]{}, errReaderEnded
	}
	start := memoryTicket{created: earliest}
	if !q.CreatedFrom.IsZero() {
		start.created = instantOf(q.CreatedFrom)
	}
	if q.Newest {
		if start.created = latest; !q.CreatedTo.IsZero() {
			start.created = instantOf(q.CreatedTo)
		}
	}
	if q.After != "" {
		c := readCursor(q.After)
		created, id := c.instant(), ID(c.text())
		if err := c.end("tickets"); err != nil {
			return List[Ticket]{}, err
		}
		start.created, start.id = created, id
	}
	walks := r.ticketWalks(&q, start)
	next := func(last *memoryTicket) (*memoryTicket, bool) {
		var least *ticketWalk
		for _, w := range walks {
			if w.next != nil && (least == nil || (compareCreated(w.next, least.next) < 0) != q.Newest) {
				least = w
			}
		}
		if least == nil {
			return nil, false
		}
		t := least.next
		least.advance()
		return t, true
	}
	return list(r, q.Page, &start, next, ticketRecord, (*packer).ticket, func(t *memoryTicket) pageCursor {
		return pageCursor("").withInstant(t.created).withText(string(t.id))
	}), nil
}

// ticketWalks returns the walks of the ranks that the query is about, each at its first ticket.
func (r *memoryReader) ticketWalks(q *TicketQuery, start memoryTicket) []*ticketWalk {
	var conversation string
	if q.Conversation != (ConversationKey{}) {
		conversation = string(packedKey(r, &q.Conversation, (*packer).conversationKey))
	}
	from, to := earliest, latest
	if !q.CreatedFrom.IsZero() {
		from = instantOf(q.CreatedFrom)
	}
	if !q.CreatedTo.IsZero() {
		to = instantOf(q.CreatedTo)
	}
	matches := func(t *memoryTicket) bool {
		return (q.Lane == "" || t.lane == q.Lane) && (q.Agent == "" || t.agent == q.Agent) && (q.Contact == "" || t.contact == q.Contact) &&
			(conversation == "" || slices.Contains(t.conversations, conversation)) && (q.Tag == "" || slices.Contains(t.tags, q.Tag)) &&
			(len(q.Statuses) == 0 || slices.Contains(q.Statuses, t.status()))
	}
	sources := r.tenant.tickets.sources(q, conversation)
	within := func(s ticketSource) ticketSource {
		return func(probe *memoryTicket, newest bool) *memoryTicket {
			t := s(probe, newest)
			if t == nil || t.rank != probe.rank || t.created.compare(from) < 0 || t.created.compare(to) >= 0 {
				return nil
			}
			return t
		}
	}
	for i, s := range sources {
		sources[i] = within(s)
	}
	var walks []*ticketWalk
	for rank := range uint8(statusRanks) {
		if len(q.Statuses) > 0 && !slices.ContainsFunc(q.Statuses, func(s Status) bool { return statusRank(s) == rank }) {
			continue
		}
		w := &ticketWalk{sources: sources, newest: q.Newest, matches: matches, at: start}
		w.at.rank = rank
		if w.advance(); w.next != nil {
			walks = append(walks, w)
		}
	}
	return walks
}

// sources returns one source for each condition that is set, or one for all tickets.
func (s *memoryTickets) sources(q *TicketQuery, conversation string) []ticketSource {
	var sources []ticketSource
	one := func(o *ordered[*memoryTicket], set func(probe *memoryTicket), same func(*memoryTicket) bool) {
		sources = append(sources, func(probe *memoryTicket, newest bool) *memoryTicket {
			set(probe)
			step := o.above
			if newest {
				step = o.below
			}
			if t, ok := step(probe); ok && same(t) {
				return t
			}
			return nil
		})
	}
	many := func(o *ordered[ticketLabel], set func(probe *memoryTicket), same func(ticketLabel) bool) {
		sources = append(sources, func(probe *memoryTicket, newest bool) *memoryTicket {
			set(probe)
			step := o.above
			if newest {
				step = o.below
			}
			if l, ok := step(ticketLabel{probe, 0}); ok && same(l) {
				return l.ticket
			}
			return nil
		})
	}
	if conversation != "" {
		keys := []string{conversation}
		many(&s.conversations, func(p *memoryTicket) { p.conversations = keys },
			func(l ticketLabel) bool { return l.ticket.conversations[l.i] == conversation })
	}
	if q.Contact != "" {
		one(&s.contacts, func(p *memoryTicket) { p.contact = q.Contact }, func(t *memoryTicket) bool { return t.contact == q.Contact })
	}
	if q.Agent != "" {
		one(&s.agents, func(p *memoryTicket) { p.agent = q.Agent }, func(t *memoryTicket) bool { return t.agent == q.Agent })
	}
	if q.Tag != "" {
		tags := []string{q.Tag}
		many(&s.tags, func(p *memoryTicket) { p.tags = tags }, func(l ticketLabel) bool { return l.ticket.tags[l.i] == q.Tag })
	}
	if q.Lane != "" {
		one(&s.lanes, func(p *memoryTicket) { p.lane = q.Lane }, func(t *memoryTicket) bool { return t.lane == q.Lane })
	}
	if len(sources) == 0 {
		one(&s.all, func(*memoryTicket) {}, func(*memoryTicket) bool { return true })
	}
	return sources
}
