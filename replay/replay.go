package replay

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/crm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Options say how to replay. The zero value replays as it was, under DefaultSetup.
type Options struct {
	// Setup is the company. Nil: DefaultSetup.
	Setup *socialcrm.Setup
	// Predicates are the Go predicates that conditions in the Setup name.
	Predicates rule.Predicates
	// Sinks are CRMs beside the replay's own, which counts what Report.Synced tells. None may be named "replay".
	Sinks []crm.Sink

	// Store opens the Store to replay into, an empty one, with the replay's clock for leases where that can be chosen; Run closes it. Nil: in memory.
	Store func(now func() time.Time) (ticket.Store, error)

	// Agents is how many simulated agents work: always there, one ticket at a time each. They take the place of the Setup's agents, in every team, and of
	// whoever answered in the archive: its echoes and actions are left out. The replay then goes on until nothing waits. 0: none.
	Agents int
	// DeskAgents lets the Setup's own agents work instead, simulated: always there in their shifts, with their teams, skills, languages and capacity, one ticket after the
	// other; who has begun finishes after the shift. Agents must be 0 then.
	DeskAgents bool
	// Handle is the mean of the time that a simulated agent takes for a ticket before answering and solving it; times are exponentially distributed.
	// 0: 4 minutes.
	Handle time.Duration

	// Redeliver is how many copies of each event follow within ten minutes of it, shuffled. They change nothing but Report.Duplicates.
	Redeliver int
	// Seed makes what is random repeatable: handle times, and the times of the copies.
	Seed uint64

	// Clocks lists every ticket with its clocks in Report.ByTicket.
	Clocks bool
	// Explain names a ticket, by its ID or by the platform's ID of one of its messages, for Report.Explained. Empty: none.
	Explain string

	// Progress, when set, is told how many of the arrivals are done: often, so it should be quick.
	Progress func(done, total int)
	// Entry, when set, is given every entry of the journal, in order, until the end.
	Entry func(ticket.Entry)
	// Look, when set, sees the Desk at the end, with its clock there. Its error becomes that of Run.
	Look func(context.Context, *socialcrm.Desk) error
}

// DefaultSetup is one lane and three promises, round the clock: acknowledgement and first response within the hour, resolution within 48. Each conversation of an
// archive is a ticket, so that figures can be compared with the file.
func DefaultSetup() socialcrm.Setup {
	return socialcrm.Setup{
		Together: socialcrm.Together{Within: -1},
		Related:  socialcrm.Related{Within: -1},
		Lanes:    []routing.Lane{{Name: routing.DefaultLane}},
		SLA: []sla.Policy{{Name: "default", Targets: []sla.Target{
			{Metric: sla.Acknowledgement, Within: sla.Duration(time.Hour)},
			{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)},
			{Metric: sla.Resolution, Within: sla.Duration(48 * time.Hour)},
		}}},
	}
}

// run is a replay under way.
type run struct {
	steps    []Step
	options  Options
	schedule schedule
	crew     *crew           // nil without simulated agents
	setup    socialcrm.Setup // that they work under

	now      time.Time
	store    ticket.Store
	desk     *socialcrm.Desk
	ledger   *ledger
	idle     time.Time       // since when nothing happens but that somebody waits
	tick     time.Time       // when the Desk wants to be called; zero: not at all
	position ticket.Position // of the last journal entry read
	tally    *tally
}

// Run replays the steps in the order of their times; the order given breaks ties. The end is at the last step or, with simulated agents, when nothing waits any
// more: there the clocks are judged. The error names a step that cannot be (by its place, from 1), or what is wrong in the Setup. A cancelled ctx ends it.
func Run(ctx context.Context, steps []Step, o Options) (*Report, error) {
	began := time.Now()
	r, err := start(steps, o)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	defer r.store.Close()
	report, err := r.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("replay: %w", err)
	}
	report.took(time.Since(began))
	return report, nil
}

func start(steps []Step, o Options) (*run, error) {
	if o.Agents < 0 || o.Handle < 0 || o.Redeliver < 0 {
		return nil, errors.New("agents, handle and redeliver: want 0 or more")
	}
	if o.DeskAgents && (o.Agents > 0 || o.Setup == nil || len(o.Setup.Agents) == 0) {
		return nil, errors.New("the desk's agents: want a setup that has some, and no others")
	}
	if o.Handle == 0 {
		o.Handle = 4 * time.Minute
	}
	r := &run{steps: steps, options: o, ledger: newLedger(), tally: newTally()}
	keep := func(Step) bool { return true }
	if o.Agents > 0 || o.DeskAgents {
		r.crew = newCrew(o.Agents, o.Handle, o.Seed)
		r.tally.staff = newStaffing()
		keep = func(s Step) bool { return s.Event != nil && s.Event.Kind != channel.MessageEchoed }
	}
	var channels []channel.Channel
	known := make(map[channel.AccountID]bool)
	for i, s := range steps {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("step %d: %w", i+1, err)
		}
		if s.Action != nil && r.crew != nil {
			r.tally.Actions = append(r.tally.Actions, Acted{Action: *s.Action, Err: errNobodyThere})
		}
		if s.Event != nil && !known[s.Event.Account] {
			known[s.Event.Account] = true
			channels = append(channels, newQuiet(s.Event.Account))
		}
	}
	r.schedule = newSchedule(steps, keep, o.Redeliver, o.Seed)
	r.now = time.Unix(0, 0).UTC()
	if at, ok := earliest(r.schedule.originals); ok {
		r.now = at
	}
	setup := DefaultSetup()
	if o.Setup != nil {
		setup = *o.Setup
	}
	if r.crew != nil {
		if o.DeskAgents {
			setup = r.crew.own(setup)
		} else {
			setup = r.crew.staff(setup)
		}
		r.setup = setup
	}
	clock := func() time.Time { return r.now }
	r.store = ticket.NewMemory(&ticket.MemoryOptions{Now: clock})
	if o.Store != nil {
		var err error
		if r.store, err = o.Store(clock); err != nil {
			return nil, err
		}
		if err := r.empty(); err != nil {
			return nil, errors.Join(err, r.store.Close())
		}
	}
	var err error
	if r.desk, err = socialcrm.New(socialcrm.Config{
		Store: r.store, Setup: setup, Predicates: o.Predicates, Channels: channels, Sinks: append([]crm.Sink{r.ledger}, o.Sinks...), Now: clock,
	}); err != nil {
		return nil, errors.Join(err, r.store.Close())
	}
	return r, nil
}

// empty refuses a Store in which there is something: what comes from the archive would mix with it.
func (r *run) empty() error {
	return r.store.View(context.Background(), "", func(rd ticket.Reader) error {
		head, err := rd.Head()
		if err == nil && head != "" {
			err = errors.New("the store is not empty")
		}
		return err
	})
}

func (r *run) run(ctx context.Context) (*Report, error) {
	total, done := len(r.schedule.originals)+len(r.schedule.copies), 0
	progress := func() {
		if done++; r.options.Progress != nil {
			r.options.Progress(done, total)
		}
	}
	if err := r.settle(ctx); err != nil {
		return nil, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		what := r.next()
		if what == nothing {
			break
		}
		var err error
		switch what {
		case original:
			err = r.arrive(ctx, take(&r.schedule.originals), false)
			progress()
		case again:
			err = r.arrive(ctx, take(&r.schedule.copies), true)
			progress()
		case finished:
			err = r.crew.finish(ctx, r.desk)
		}
		if err == nil {
			err = r.settle(ctx)
		}
		if err != nil {
			return nil, fmt.Errorf("at %s: %w", r.now.UTC().Format(time.RFC3339Nano), err)
		}
	}
	report, err := r.report(ctx)
	if err != nil {
		return nil, err
	}
	// What is delivered again after the end can be told as such, but is not part of the story any more.
	for len(r.schedule.copies) > 0 {
		if err := r.arrive(ctx, take(&r.schedule.copies), true); err != nil {
			return nil, err
		}
		progress()
	}
	report.Duplicates = r.tally.Duplicates
	return report, nil
}

// happening is what comes next.
type happening int

const (
	nothing  happening = iota
	deskTime           // the Desk wants to be called
	original           // a step arrives
	again              // an event is delivered again
	finished           // a simulated agent is done
)

// next says what comes next, and sets the clock there. Where several things fall on one instant, the steps come first, and the Desk is called after each.
func (r *run) next() happening {
	what, when := nothing, time.Time{}
	consider := func(h happening, at time.Time, ok bool) {
		if ok && (what == nothing || at.Before(when)) {
			what, when = h, at
		}
	}
	at, ok := earliest(r.schedule.originals)
	consider(original, at, ok)
	at, ok = r.crew.next()
	consider(finished, at, ok)
	if what != nothing {
		r.idle = time.Time{}
	} else if r.tick.IsZero() || !r.patient(r.tick) {
		return nothing
	}
	at, ok = earliest(r.schedule.copies)
	consider(again, at, ok)
	consider(deskTime, r.tick, !r.tick.IsZero())
	if when.After(r.now) {
		r.now = when
	}
	return what
}

// longestPatience is how long after everything else a replay waits for those who are not at work.
const longestPatience = 14 * 24 * time.Hour

// patient reports whether somebody waits whom the next shift may serve, and what the Desk does next comes soon enough for that.
func (r *run) patient(next time.Time) bool {
	if r.crew == nil || r.tally.staff.waiting() == 0 {
		return false
	}
	if r.idle.IsZero() {
		r.idle = r.now
	}
	return next.Sub(r.idle) < longestPatience
}

// arrive hands a step to the Desk.
func (r *run) arrive(ctx context.Context, a arrival, copied bool) error {
	if a.at.After(r.now) {
		r.now = a.at
	}
	step := r.steps[a.step]
	if step.Action != nil {
		r.tally.Actions = append(r.tally.Actions, r.act(ctx, step.Action))
		return nil
	}
	e := *step.Event
	e.Received = r.now
	results, err := r.desk.Ingest(ctx, e)
	if err == nil {
		r.tally.arrived(&e, results[0], copied)
	}
	return err
}

// settle lets the Desk do what is due now, and the simulated agents begin with what they were given.
func (r *run) settle(ctx context.Context) error {
	var err error
	if r.tick, err = r.desk.Tick(ctx); err != nil {
		return err
	}
	if !r.tick.IsZero() && !r.tick.After(r.now) {
		r.tick = r.now.Add(time.Second) // a Store may name a time too early; what is due now is done
	}
	if r.crew == nil && r.options.Entry == nil {
		return nil // the journal is read at the end, in larger pieces
	}
	return r.follow(ctx)
}

// follow reads what is new in the journal.
func (r *run) follow(ctx context.Context) error {
	q := ticket.JournalQuery{After: r.position, Limit: 1000}
	for {
		entries, err := r.desk.Journal(ctx, q)
		if err != nil {
			return err
		}
		for i := range entries {
			if err := r.entry(ctx, &entries[i]); err != nil {
				return err
			}
			q.After = entries[i].Position
		}
		r.position = q.After
		if len(entries) < q.Limit {
			r.tally.staff.look(r.now)
			return nil
		}
	}
}

func (r *run) entry(ctx context.Context, e *ticket.Entry) error {
	if r.options.Entry != nil {
		r.options.Entry(*e)
	}
	r.tally.entry(e)
	if r.crew == nil || e.Kind != ticket.TicketAssigned && e.Kind != ticket.TicketReopened {
		return nil
	}
	t, err := r.desk.Ticket(ctx, e.Ticket)
	if err == nil {
		r.crew.takeUp(t, r.now)
	}
	return err
}

// report looks at everything as it stands now.
func (r *run) report(ctx context.Context) (*Report, error) {
	if err := r.follow(ctx); err != nil {
		return nil, err
	}
	q := ticket.TicketQuery{Page: ticket.Page{Limit: 1000}}
	for {
		list, err := r.desk.Tickets(ctx, q)
		if err != nil {
			return nil, err
		}
		for i := range list.Items {
			if err := r.count(ctx, &list.Items[i]); err != nil {
				return nil, err
			}
		}
		if q.After = list.Next; q.After == "" {
			break
		}
	}
	if err := r.countUnaddressed(ctx); err != nil {
		return nil, err
	}
	if r.options.Look != nil {
		if err := r.options.Look(ctx, r.desk); err != nil {
			return nil, err
		}
	}
	report := r.tally.report()
	if r.crew != nil {
		end := r.now
		if !r.idle.IsZero() && r.tally.staff.waiting() > 0 {
			end = r.idle // nothing happened since but that some went on waiting
		}
		report.Staffing = r.tally.staff.report(r.crew, r.setup, end)
	}
	if r.options.Explain != "" {
		var err error
		if report.Explained, err = r.explain(ctx, r.options.Explain); err != nil {
			return nil, err
		}
	}
	report.End = r.now
	report.Synced = r.ledger.synced()
	return report, nil
}

// count adds a ticket to the totals.
func (r *run) count(ctx context.Context, tk *ticket.Ticket) error {
	clocks, err := r.judged(ctx, tk)
	if err != nil {
		return err
	}
	r.tally.ticket(tk, clocks)
	if !r.options.Clocks {
		return nil
	}
	report, err := r.clocks(ctx, tk)
	r.tally.ByTicket = append(r.tally.ByTicket, report)
	return err
}

// countUnaddressed looks whether echoes that found no ticket when they came have found one since: an answer may come before the message that it answers.
func (r *run) countUnaddressed(ctx context.Context) error {
	return r.store.View(ctx, "", func(rd ticket.Reader) error {
		for keys := range slices.Chunk(r.tally.stray, 1000) {
			messages, err := rd.Messages(keys...)
			if err != nil {
				return err
			}
			for i := range messages {
				if messages[i].Ticket == "" {
					r.tally.Unaddressed++
				}
			}
		}
		return nil
	})
}
