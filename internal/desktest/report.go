package desktest

import (
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/report"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// 3, too: a report of the journal counts the verdicts to which folding leads, and the conversations that wait as tickets have them. Verdicts of tickets that were
// merged are left out: they are of several journals, which checkVerdicts reads.
func (m *Invariants) checkReport(tickets map[ticket.ID]ticket.Ticket, entries []ticket.Entry) {
	var when promises
	var whole report.Report
	machines := false // a version lets automated answers count, which are none to a report: there a customer waits for a person
	m.view(func(r ticket.Reader) (err error) {
		all, err := versions(r)
		if err != nil {
			return err
		}
		for _, v := range all {
			machines = machines || slices.ContainsFunc(v.Setup.SLA, func(p sla.Policy) bool { return p.Responses == sla.ByAnyone })
		}
		if when, err = promised(all, nil); err == nil {
			whole, err = report.Read(r, report.Query{By: []report.Dimension{}})
		}
		return err
	})
	waiting, oldest := 0, time.Time{}
	for _, t := range tickets {
		if t.MergedInto != "" {
			continue
		}
		for _, line := range append([]sla.Line{t.Clocks.Line}, t.Clocks.Lines...) {
			if line.Waiting == 0 {
				continue
			}
			if waiting++; oldest.IsZero() || line.Oldest.Before(oldest) {
				oldest = line.Oldest
			}
		}
	}
	var work report.Work
	if len(whole.Work) > 0 {
		work = whole.Work[0]
	}
	machines = machines && slices.ContainsFunc(entries, func(e ticket.Entry) bool { return e.Clock != nil && e.Clock.Kind == sla.Answered && e.Clock.Automated })
	if !machines && !movedClosed(entries) && (work.Waiting != waiting || !work.Oldest.Equal(oldest)) {
		m.Errorf("the report says that %d wait, the oldest since %s; the tickets say %d, since %s", work.Waiting, work.Oldest, waiting, oldest)
	}
	m.checkCounts(tickets, entries, when)
}

// movedClosed reports whether a ticket was taken out of one that is closed, or a closed one was merged into another: a report has counted what was closed and forgotten
// it, with its parts.
func movedClosed(entries []ticket.Entry) bool {
	closed := map[ticket.ID]bool{}
	for _, e := range entries {
		switch e.Kind {
		case ticket.TicketStatus:
			closed[e.Ticket] = sla.Status(e.New) == sla.Closed
		case ticket.TicketUnmerged:
			if closed[ticket.ID(e.New)] {
				return true
			}
		case ticket.TicketMerged:
			if closed[e.Ticket] {
				return true
			}
		}
	}
	return false
}

// checkCounts compares the verdicts of each metric.
func (m *Invariants) checkCounts(tickets map[ticket.ID]ticket.Ticket, entries []ticket.Entry, when promises) {
	told := make(map[ticket.ID][]ticket.Entry)
	for _, e := range entries {
		told[e.Ticket] = append(told[e.Ticket], e)
	}
	builder := report.NewBuilder(report.Query{By: []report.Dimension{report.Metric}}, nil)
	type count struct{ Met, Breached, Other, Unstopped int }
	want, got := make(map[sla.Metric]count), make(map[sla.Metric]count)
	for id, t := range tickets {
		if slices.ContainsFunc(told[id], func(e ticket.Entry) bool { return e.Kind == ticket.TicketMerged }) {
			continue
		}
		for i := range told[id] {
			builder.Add(&told[id][i])
		}
		for _, c := range sla.Judge(slices.Values(clockEvents(&t, tickets, told[id])), when.at, m.Now) {
			n := want[c.Metric]
			switch {
			case c.Verdict == sla.Met:
				n.Met++
			case c.Verdict == sla.Breached:
				n.Breached++
				if c.Stopped.IsZero() {
					n.Unstopped++
				}
			case c.Verdict != sla.Running:
				n.Other++
			}
			want[c.Metric] = n
		}
	}
	counted, err := builder.Report()
	if err != nil {
		m.Fatal(err)
	}
	for _, p := range counted.Promises {
		got[p.Metric] = count{p.Met, p.Breached, p.NoReplyNeeded + p.Withdrawn + p.CannotReply + p.AnsweredElsewhere + p.Unjudged, p.Unstopped}
	}
	for metric, n := range want {
		if n == (count{}) {
			delete(want, metric)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		m.Errorf("verdicts: -folded +reported:\n%s", diff)
	}
}
