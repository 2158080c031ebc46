package report

import (
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

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

// stands takes the clock of a clock entry as it now stands.
func (b *Builder) stands(e *ticket.Entry) {
	c := e.Stand
	id := clockID{e.Ticket, c.Metric, c.Started.UnixNano()}
	if c.Line != "" {
		id.owner = ticket.ID(c.Line)
	}
	at := c.Stopped
	if c.Verdict == sla.Breached {
		at = c.Due
	}
	gone := e.Kind == ticket.ClockWithdrawn && c.Verdict.String() == e.Old // there is no such clock any more
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
