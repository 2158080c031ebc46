package replay

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// TicketReport is a ticket at the end of a replay, with every clock that it ever had.
type TicketReport struct {
	Ticket   ticket.ID         `json:"ticket"`
	Account  channel.AccountID `json:"account"`
	Customer string            `json:"customer"` // the platform's ID of who wrote first; empty where nobody knows, and where only the brand did
	Status   ticket.Status     `json:"status"`
	Lane     string            `json:"lane"`
	Agent    string            `json:"agent"`
	Priority sla.Priority      `json:"priority"`
	// MergedInto is the ticket that it is a part of; its clocks are there.
	MergedInto ticket.ID `json:"merged_into,omitempty"`
	// Clocks are those that run, by their deadlines, and then those that ended, in the order in which they did. Those that no policy promised any more are left out.
	Clocks []ClockReport `json:"clocks"`
}

// ClockReport is one clock at the end of a replay. Times that there are none of are null.
type ClockReport struct {
	Metric sla.Metric `json:"metric"`
	// Line is the ticket, merged into this one, whose conversation it is about or whose promise goes on here.
	Line     string       `json:"line,omitempty"`
	Policy   string       `json:"policy"`
	Calendar string       `json:"calendar,omitempty"`
	Target   sla.Duration `json:"target"`
	// State is the verdict, or "running" or "paused".
	State      string     `json:"state"`
	Started    time.Time  `json:"started"`
	Due        *time.Time `json:"due"`
	Stopped    *time.Time `json:"stopped"`
	BreachedAt *time.Time `json:"breached_at"`
	// Spent is the time that counted, in the clock's calendar.
	Spent        sla.Duration `json:"spent"`
	SpentSeconds float64      `json:"spent_s"`
}

// clocks lists every ticket with its clocks.
func (r *run) clocks(ctx context.Context, tk *ticket.Ticket) (TicketReport, error) {
	report := TicketReport{
		Ticket: tk.ID, Account: tk.Account, Status: tk.Status, Lane: tk.Lane, Agent: tk.Agent, Priority: tk.Priority, MergedInto: tk.MergedInto, Clocks: []ClockReport{},
	}
	var err error
	if report.Customer, err = r.customer(ctx, tk); err != nil {
		return report, err
	}
	if tk.MergedInto != "" {
		return report, nil
	}
	explained, err := r.desk.Explain(ctx, tk.ID)
	if err != nil {
		return report, err
	}
	slices.SortStableFunc(explained, func(a, b sla.Explanation) int { return compareUrgency(&a.Clock, &b.Clock) })
	for i := range explained {
		if explained[i].Clock.Verdict != sla.Unjudged {
			report.Clocks = append(report.Clocks, clockReport(&explained[i]))
		}
	}
	return report, nil
}

// customer is who wrote first: the author whom the conversation is named after, which it is in public, or else the one whom it belongs to.
func (r *run) customer(ctx context.Context, tk *ticket.Ticket) (id string, err error) {
	if len(tk.Conversations) == 0 {
		return "", nil
	}
	if id = tk.Conversations[0].Author; id != "" {
		return id, nil
	}
	err = r.store.View(ctx, "", func(rd ticket.Reader) error {
		convs, err := rd.Conversations(tk.Conversations[0])
		if err == nil {
			id = convs[0].Author.ID
		}
		return err
	})
	return id, err
}

// compareUrgency puts what runs before what ended, and there the nearest deadline first.
func compareUrgency(a, b *sla.Clock) int {
	if run := a.Stopped.IsZero(); run != b.Stopped.IsZero() {
		if run {
			return -1
		}
		return 1
	}
	if !a.Stopped.IsZero() {
		return a.Stopped.Compare(b.Stopped)
	}
	if a.Due.IsZero() != b.Due.IsZero() {
		return -a.Due.Compare(b.Due) // one that stands still comes last
	}
	return a.Due.Compare(b.Due)
}

func clockReport(x *sla.Explanation) ClockReport {
	c := &x.Clock
	state := c.Verdict.String()
	if c.Verdict == sla.Running && c.Paused() {
		state = "paused"
	}
	given := func(t time.Time) *time.Time {
		if t.IsZero() {
			return nil
		}
		return new(t.UTC())
	}
	return ClockReport{
		Metric: c.Metric, Line: c.Line, Policy: c.Policy, Calendar: c.Calendar, Target: c.Target, State: state, Started: c.Started.UTC(),
		Due: given(c.Due), Stopped: given(c.Stopped), BreachedAt: given(c.BreachedAt()), Spent: x.Spent, SpentSeconds: time.Duration(x.Spent).Seconds(),
	}
}

// judged are the clocks that the totals count: also those that another one of their metric has taken the place of.
func (r *run) judged(ctx context.Context, tk *ticket.Ticket) ([]sla.Clock, error) {
	clocks := tk.Clocks.At(r.now).Clocks
	recurs := slices.ContainsFunc(clocks, func(c sla.Clock) bool { return c.Metric == sla.NextResponse || c.Metric == sla.PeriodicUpdate })
	if !recurs {
		return clocks, nil
	}
	return r.desk.Clocks(ctx, tk.ID)
}

// explain explains the ticket of this ID, or else the one that has the message of this platform's ID.
func (r *run) explain(ctx context.Context, which string) ([]sla.Explanation, error) {
	id := ticket.ID(which)
	if _, err := r.desk.Ticket(ctx, id); err != nil {
		for _, s := range r.steps {
			if s.Event == nil || s.Event.Message.ID != which {
				continue
			}
			m, err := r.message(ctx, s.Event.Account, which)
			if err != nil {
				return nil, err
			}
			return r.desk.Explain(ctx, m.Ticket)
		}
		return nil, fmt.Errorf("explain: there is no ticket %s, and no message of that ID: %w", which, cmp.Or(err, socialcrm.ErrNotFound))
	}
	return r.desk.Explain(ctx, id)
}
