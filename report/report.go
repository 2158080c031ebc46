// Package report counts what became of promises and of work: from the journal, for any period, by account, lane, agent, policy and metric.
//
// Start with [Read], which reads a tenant's journal from its beginning, or give entries to a [Builder], one after the other, in their order.
//
// A clock counts once, with the verdict that it has after all that the journal tells: a verdict that was taken back counts nowhere, in whichever period it had been.
// It counts in the period in which it ended: a breach at its deadline, also while nobody has stopped the clock yet; every other verdict when the clock was stopped. It
// belongs to the lane and the agent who held the ticket at that instant, to the policy that promised it, and to the account of the ticket that brought the conversation.
//
// The whole journal is read, because a verdict of the period may be told long after it. What is kept meanwhile is the tickets that are not closed and the clocks that
// ended in the period; it does not grow with the journal.
package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// Dimension is what rows can be told apart by.
type Dimension string

const (
	Account Dimension = "account"
	Lane    Dimension = "lane"
	Agent   Dimension = "agent"
	Policy  Dimension = "policy" // of Promises only
	Metric  Dimension = "metric" // of Promises only
)

// Query says what a report is about.
type Query struct {
	// From (included) and To (excluded) bound the period, by the times that platforms tell. A zero From is the beginning, a zero To has no end.
	From, To time.Time
	// By says by what rows are told apart. Nil: by everything. An empty list: one row for all.
	By []Dimension
}

func (q *Query) by(d Dimension) bool { return q.By == nil || slices.Contains(q.By, d) }

// has reports whether t lies in the period.
func (q *Query) has(t time.Time) bool {
	return !t.Before(q.From) && q.before(t)
}

// before reports whether t lies before the period's end.
func (q *Query) before(t time.Time) bool { return q.To.IsZero() || t.Before(q.To) }

// Report is what was counted. Rows are in the order of account, lane, agent, policy and metric (as sla.Metrics lists them); what nothing is told of has no row.
type Report struct {
	From     time.Time  `json:"from,omitzero"`
	To       time.Time  `json:"to,omitzero"`
	Promises []Promises `json:"promises"`
	Work     []Work     `json:"work"`
}

// Group says what a row is about. A field by which rows are not told apart is empty; so is the lane or agent of what nobody had.
type Group struct {
	Account string `json:"account,omitempty"` // "platform/id"
	Lane    string `json:"lane,omitempty"`
	Agent   string `json:"agent,omitempty"`
}

// Promises are the clocks of a group that ended in the period.
type Promises struct {
	Group
	Policy string     `json:"policy,omitempty"`
	Metric sla.Metric `json:"metric,omitempty"`

	Met      int `json:"met"`
	Breached int `json:"breached"`
	// ShareMet is Met of Met and Breached together; nil when there is neither. The other verdicts are outside it.
	ShareMet *float64 `json:"share_met,omitempty"`

	NoReplyNeeded     int `json:"no_reply_needed"`
	Withdrawn         int `json:"withdrawn"`
	CannotReply       int `json:"cannot_reply"`
	AnsweredElsewhere int `json:"answered_elsewhere"`
	Unjudged          int `json:"unjudged"`

	// Unstopped of the breached clocks nobody has stopped yet, or the journal does not tell it. How long these took is not in Working and Elapsed.
	Unstopped int `json:"unstopped"`
	// Working and Elapsed are how long met and breached clocks took until they were stopped: in the time that the clock counted (its calendar's open time, less pauses), and
	// on the wall clock since the clock started. A ticket that was reopened has one clock, which started with its first message: Elapsed runs from there until it was solved last, with the
	// time while it was solved; Working is without that where the policy extends (sla.Extend), and only since the last reopening where it restarts (sla.Restart).
	Working Spread `json:"working"`
	Elapsed Spread `json:"elapsed"`
}

// Work is what a group had to do in the period.
type Work struct {
	Group
	// Tickets that began in the period, by who held them last in it; Repeats of these continue an earlier ticket.
	Tickets int `json:"tickets"`
	Repeats int `json:"repeats"`
	// Waiting counts the conversations in which, at the end of the period, a customer waited for a person's answer; Oldest is since when the longest had. An answer on
	// which the platform failed is none.
	Waiting int       `json:"waiting"`
	Oldest  time.Time `json:"oldest,omitzero"`
	// Handling is the time for which an agent had claimed a ticket, by ticket and agent, as far as it lies in the period; Agent is who claimed.
	Handling Spread `json:"handling"`
	// Consulting is the time from a question to a colleague until its answer, for the answers given in the period; it is no part of Handling. Lane and Agent are those who held
	// the ticket when the question was asked.
	Consulting Spread `json:"consulting"`
}

// Spread tells how durations lie. Percentiles are by nearest rank: the smallest duration that so many percent do not exceed.
type Spread struct {
	Count  int          `json:"count"`
	Total  sla.Duration `json:"total,omitzero"`
	Median sla.Duration `json:"median,omitzero"`
	P90    sla.Duration `json:"p90,omitzero"`
	P95    sla.Duration `json:"p95,omitzero"`
}

// spread sorts the durations.
func spread(d []time.Duration) Spread {
	s := Spread{Count: len(d)}
	if len(d) == 0 {
		return s
	}
	slices.Sort(d)
	rank := func(percent int) sla.Duration { return sla.Duration(d[(percent*len(d)+99)/100-1]) }
	s.Median, s.P90, s.P95 = rank(50), rank(90), rank(95)
	for _, each := range d {
		s.Total += sla.Duration(each)
	}
	return s
}

func (g Group) compare(other Group) int {
	return cmp.Or(cmp.Compare(g.Account, other.Account), cmp.Compare(g.Lane, other.Lane), cmp.Compare(g.Agent, other.Agent))
}

func (p *Promises) compare(other *Promises) int {
	rank := func(m sla.Metric) int { return slices.Index(sla.Metrics(), m) }
	return cmp.Or(p.Group.compare(other.Group), cmp.Compare(p.Policy, other.Policy), cmp.Compare(rank(p.Metric), rank(other.Metric)))
}
