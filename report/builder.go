package report

import (
	"fmt"
	"maps"
	"slices"
	"time"

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

// matter is what is known of a ticket that is not closed.
type matter struct {
	id          ticket.ID
	account     string
	lane, agent string // who held it last in the period
	begun       bool   // in the period
	repeats     bool
	into        ticket.ID // it was merged into this one
	absorbed    []ticket.ID
	events      []sla.Event // what decides who waits for whom; since it was solved last
	solved      sla.Mark
	claim       *claim
	handled     map[Group]time.Duration
	asked       []question
}

// claim is an agent's "I am writing".
type claim struct {
	group        Group
	since, until time.Time
}

// question is a consult that has not been answered.
type question struct {
	key   string
	group Group
	since time.Time
}

// clockID names a clock. A ticket that is merged brings its clocks along, under its ID as their line: they stay its own.
type clockID struct {
	owner   ticket.ID
	metric  sla.Metric
	started int64
}

// ended is a clock that ended in the period.
type ended struct {
	group            Group
	policy           string
	verdict          sla.Verdict
	stopped          bool
	working, elapsed time.Duration
}

// working is a row of work as it grows.
type working struct {
	Work
	handling, consulting []time.Duration
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

// matter returns what is known of the entry's ticket; nil for one that is closed, which only unmerging makes known again.
func (b *Builder) matter(e *ticket.Entry) *matter {
	m := b.tickets[e.Ticket]
	if m == nil && (e.Kind == ticket.TicketCreated || e.Kind == ticket.TicketUnmerged) {
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

func (b *Builder) row(g Group) *working {
	row := b.work[g]
	if row == nil {
		row = &working{Work: Work{Group: g}}
		b.work[g] = row
	}
	return row
}

// stands takes the clock of a clock entry as it now stands.
func (b *Builder) stands(e *ticket.Entry) {
	c := e.Stand
	id := clockID{e.Ticket, c.Metric, c.Started.UnixNano()}
	if c.Line != "" {
		id.owner = ticket.ID(c.Line)
	}
	at := c.Stopped
	if c.Verdict == sla.Breached {
		at = c.BreachedAt
	}
	gone := e.Kind == ticket.ClockWithdrawn && string(c.Verdict) == e.Old // there is no such clock any more
	if gone || c.Verdict == sla.Running || !b.query.has(at) {
		delete(b.clocks, id)
		return
	}
	owner := b.tickets[id.owner]
	if owner == nil && b.latest != nil && b.latest.id == id.owner {
		owner = b.latest
	} else if owner == nil {
		owner = &matter{id: id.owner}
	}
	b.clocks[id] = &ended{
		group: b.query.group(Group{b.accountOf(owner), c.Lane, c.Agent}), policy: c.Policy, verdict: c.Verdict,
		stopped: !c.Stopped.IsZero(), working: time.Duration(c.Spent), elapsed: c.Stopped.Sub(c.Started),
	}
}

// clocked keeps what decides whether the customer waits.
func (b *Builder) clocked(m *matter, e *sla.Event) {
	if e.Facts != nil && e.Line == "" {
		m.account = e.Facts.Account
	}
	over := func(e *sla.Event) bool { return e.Kind != sla.AnswerWithdrawn && e.Compare(m.solved) <= 0 }
	if e.Kind == sla.FactsChanged || e.Kind != sla.AnswerWithdrawn && !b.query.before(e.Time) || over(e) {
		return
	}
	kept := *e
	kept.Facts = nil
	if e.Kind == sla.StatusChanged && e.Status.Done() && e.Line == "" { // nobody waits for what was before
		m.solved = e.Mark
		m.events = slices.DeleteFunc(m.events, func(old sla.Event) bool { return over(&old) })
	}
	m.events = append(m.events, kept)
}

// claimed begins a claim; one that is there ends, or is renewed.
func (b *Builder) claimed(m *matter, e *ticket.Entry) {
	b.unclaimed(m, e.Happened)
	until, err := time.Parse(time.RFC3339Nano, e.New)
	if err == nil {
		m.claim = &claim{b.group(m, e.Actor.ID), e.Happened, until}
	}
}

// unclaimed ends the claim that is there, at t or when it ended by itself.
func (b *Builder) unclaimed(m *matter, t time.Time) {
	c := m.claim
	if c == nil {
		return
	}
	m.claim = nil
	from, to := c.since, c.until
	if t.Before(to) {
		to = t
	}
	if from.Before(b.query.From) {
		from = b.query.From
	}
	if !b.query.before(to) {
		to = b.query.To
	}
	if from.Before(to) {
		if m.handled == nil {
			m.handled = make(map[Group]time.Duration)
		}
		m.handled[c.group] += to.Sub(from)
	}
}

func (b *Builder) answered(m *matter, e *ticket.Entry) {
	i := slices.IndexFunc(m.asked, func(q question) bool { return q.key == e.Old })
	if i < 0 {
		return
	}
	q := m.asked[i]
	m.asked = slices.Delete(m.asked, i, i+1)
	if b.query.has(e.Happened) {
		row := b.row(q.group)
		row.consulting = append(row.consulting, e.Happened.Sub(q.since))
	}
}

// merged hears of both sides of a merge, each naming the other: the one that is taken over is told first.
func (b *Builder) merged(m *matter, e *ticket.Entry, within bool) {
	other := b.tickets[ticket.ID(e.New)]
	if other == nil || other.into == m.id {
		return
	}
	if within {
		m.into = other.id
		other.absorbed = append(other.absorbed, m.id)
	}
	other.asked = append(other.asked, m.asked...) // the survivor's journal has the answers
	m.asked = nil
}

func (b *Builder) unmerged(m *matter, id ticket.ID) {
	other := b.tickets[id]
	if other == nil {
		return
	}
	survivor := other
	if other.into == m.id {
		m, survivor = other, m
	}
	if m.into == survivor.id {
		m.into = ""
		survivor.absorbed = slices.DeleteFunc(survivor.absorbed, func(id ticket.ID) bool { return id == m.id })
	}
}

// closed counts a ticket for which nothing more can come.
func (b *Builder) closed(m *matter, at time.Time) {
	if m.into != "" {
		return
	}
	b.unclaimed(m, at)
	b.count(m)
	b.forget(m)
}

func (b *Builder) forget(m *matter) {
	for _, id := range m.absorbed {
		if other := b.tickets[id]; other != nil {
			b.count(other)
			b.forget(other)
		}
	}
	delete(b.tickets, m.id)
	b.latest = m
}

// count adds what a ticket comes to.
func (b *Builder) count(m *matter) {
	if m.begun {
		row := b.row(b.group(m, m.agent))
		row.Tickets++
		if m.repeats {
			row.Repeats++
		}
	}
	for g, d := range m.handled {
		row := b.row(g)
		row.handling = append(row.handling, d)
	}
	if m.into == "" {
		b.waits(m)
	}
}

// waits counts the conversations of a ticket in which the customer waits.
func (b *Builder) waits(m *matter) {
	events := b.told(m, "")
	if len(events) == 0 {
		return
	}
	state, err := sla.FoldAll(slices.Values(events), func(time.Time) *sla.PolicySet { return nil })
	if err != nil && b.err == nil {
		b.err = err
	}
	for _, line := range append([]sla.Line{state.Line}, state.Lines...) {
		if line.Waiting == 0 {
			continue
		}
		row := b.row(b.group(m, m.agent))
		row.Waiting++
		if row.Oldest.IsZero() || line.Oldest.Before(row.Oldest) {
			row.Oldest = line.Oldest
		}
	}
}

// told are the events of a ticket and of those merged into it, each on its line.
func (b *Builder) told(m *matter, line string) []sla.Event {
	events := slices.Clone(m.events)
	for i := range events {
		if events[i].Line == "" {
			events[i].Line = line
		}
	}
	for _, id := range m.absorbed {
		if other := b.tickets[id]; other != nil {
			events = append(events, b.told(other, string(id))...)
		}
	}
	return events
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

// promises counts the clocks.
func (b *Builder) promises() []Promises {
	type key struct {
		Group
		policy string
		metric sla.Metric
	}
	type row struct {
		Promises
		working, elapsed []time.Duration
	}
	rows := make(map[key]*row)
	for id, c := range b.clocks {
		k := key{Group: c.group}
		if b.query.by(Policy) {
			k.policy = c.policy
		}
		if b.query.by(Metric) {
			k.metric = id.metric
		}
		r := rows[k]
		if r == nil {
			r = &row{Promises: Promises{Group: k.Group, Policy: k.policy, Metric: k.metric}}
			rows[k] = r
		}
		r.judge(c.verdict)
		switch {
		case c.verdict != sla.Met && c.verdict != sla.Breached:
		case c.stopped:
			r.working, r.elapsed = append(r.working, c.working), append(r.elapsed, c.elapsed)
		default:
			r.Unstopped++
		}
	}
	list := make([]Promises, 0, len(rows))
	for _, r := range rows {
		if judged := r.Met + r.Breached; judged > 0 {
			share := float64(r.Met) / float64(judged)
			r.ShareMet = &share
		}
		r.Working, r.Elapsed = spread(r.working), spread(r.elapsed)
		list = append(list, r.Promises)
	}
	slices.SortFunc(list, func(a, b Promises) int { return a.compare(&b) })
	return list
}

func (p *Promises) judge(v sla.Verdict) {
	switch v {
	case sla.Met:
		p.Met++
	case sla.Breached:
		p.Breached++
	case sla.NoReplyNeeded:
		p.NoReplyNeeded++
	case sla.WithdrawnQuestion:
		p.Withdrawn++
	case sla.CannotReply:
		p.CannotReply++
	case sla.AnsweredElsewhere:
		p.AnsweredElsewhere++
	case sla.Unjudged:
		p.Unjudged++
	}
}
