package report

import (
	"fmt"
	"maps"
	"slices"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Builder makes a report of entries. It is for one goroutine.
type Builder struct {
	query   Query
	tickets map[ticket.ID]*matter
	clocks  map[clockID]*ended
	work    map[Group]*working
	account func(ticket.ID) (string, error)
	// latest is the ticket that was closed last: what its closing meant for its clocks is told right after it.
	latest *matter
	err    error // the first
}

// NewBuilder returns a Builder to which nothing was told yet. account tells the account of a ticket ("platform/id") of which the entries do not tell any more, because it
// was closed before a late verdict; it is asked seldom, and may be nil: then such a verdict has no account.
func NewBuilder(q Query, account func(ticket.ID) (string, error)) *Builder {
	q.By = slices.Clone(q.By)
	return &Builder{query: q, account: account, tickets: make(map[ticket.ID]*matter), clocks: make(map[clockID]*ended), work: make(map[Group]*working)}
}

// Read reads the whole journal that r shows, and reports. The error is the Store's.
func Read(r ticket.Reader, q Query) (Report, error) {
	b := NewBuilder(q, func(id ticket.ID) (string, error) {
		found, err := r.Tickets(id)
		if err != nil || found[0].ID == "" {
			return "", err
		}
		return found[0].Account.String(), nil
	})
	page := ticket.JournalQuery{Limit: 1000}
	for {
		entries, err := r.Journal(page)
		if err != nil {
			return Report{}, fmt.Errorf("report: read the journal: %w", err)
		}
		for i := range entries {
			b.Add(&entries[i])
			page.After = entries[i].Position
		}
		if len(entries) < page.Limit {
			break
		}
	}
	return b.Report()
}

// Add tells of an entry. Entries come in the order of the journal, from its beginning, each once.
func (b *Builder) Add(e *ticket.Entry) {
	if e.Ticket == "" {
		return
	}
	m := b.matter(e)
	if m != nil && e.Clock != nil {
		b.clocked(m, e.Clock)
	}
	if e.Stand != nil {
		b.stands(e)
	}
	if m == nil {
		return
	}
	within := b.query.before(e.Happened)
	switch e.Kind {
	case ticket.TicketCreated:
		m.begun, m.repeats = b.query.has(e.Happened), e.Old != ""
	case ticket.TicketRouted, ticket.TicketHanded:
		if within {
			m.lane = e.New
		}
	case ticket.TicketAssigned:
		if within {
			m.agent = e.New
		}
	case ticket.TicketClaimed:
		b.claimed(m, e)
	case ticket.TicketUnclaimed:
		b.unclaimed(m, e.Happened)
	case ticket.ConsultAsked:
		m.asked = append(m.asked, question{e.Message, b.group(m, m.agent), e.Happened})
	case ticket.ConsultAnswered:
		b.answered(m, e)
	case ticket.TicketMerged:
		b.merged(m, e, within)
	case ticket.TicketUnmerged:
		b.unmerged(m, ticket.ID(e.New))
	case ticket.TicketStatus:
		if sla.Status(e.New) == sla.Closed {
			b.closed(m, e.Happened)
		}
	}
}

// matter returns what is known of the entry's ticket; nil for one that is closed, which only merging and unmerging make known again.
func (b *Builder) matter(e *ticket.Entry) *matter {
	m := b.tickets[e.Ticket]
	if m == nil && (e.Kind == ticket.TicketCreated || e.Kind == ticket.TicketMerged || e.Kind == ticket.TicketUnmerged) {
		m = &matter{id: e.Ticket}
		b.tickets[e.Ticket] = m
	}
	return m
}

// group is the group of a ticket and an agent, as far as groups are told apart.
func (b *Builder) group(m *matter, agent string) Group {
	g := Group{Account: b.accountOf(m), Lane: m.lane, Agent: agent}
	return b.query.group(g)
}

func (q *Query) group(g Group) Group {
	if !q.by(Account) {
		g.Account = ""
	}
	if !q.by(Lane) {
		g.Lane = ""
	}
	if !q.by(Agent) {
		g.Agent = ""
	}
	return g
}

func (b *Builder) accountOf(m *matter) string {
	if m.account == "" && b.account != nil && b.query.by(Account) {
		account, err := b.account(m.id)
		if err != nil && b.err == nil {
			b.err = err
		}
		m.account = account
	}
	return m.account
}

// Report returns what was counted, or the error of the function that was asked for accounts. Nothing can be added after it.
func (b *Builder) Report() (Report, error) {
	for _, id := range slices.Sorted(maps.Keys(b.tickets)) {
		m := b.tickets[id]
		if m.claim != nil {
			b.unclaimed(m, m.claim.until)
		}
		b.count(m)
	}
	report := Report{From: b.query.From, To: b.query.To, Promises: b.promises(), Work: make([]Work, 0, len(b.work))}
	for _, row := range b.work {
		row.Handling, row.Consulting = spread(row.handling), spread(row.consulting)
		report.Work = append(report.Work, row.Work)
	}
	slices.SortFunc(report.Work, func(a, b Work) int { return a.compare(b.Group) })
	if b.err != nil {
		return Report{}, fmt.Errorf("report: %w", b.err)
	}
	return report, nil
}
