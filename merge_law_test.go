package socialcrm_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// matters is a world with a few tickets that become one and are taken apart again.
type matters struct {
	*world
	*rapid.T
	ids     []ticket.ID
	written int
}

func newMatters(t *testing.T, rt *rapid.T) *matters {
	w := newWorld(t)
	s := company()
	s.Agents[0].Capacity = 10
	s.SLA[0].Targets = append(s.SLA[0].Targets,
		sla.Target{Metric: sla.NextResponse, Within: sla.Duration(time.Hour)}, sla.Target{Metric: sla.PeriodicUpdate, Within: sla.Duration(2 * time.Hour)},
		sla.Target{Metric: sla.Resolution, Within: sla.Duration(time.Hour), Priority: new(sla.Urgent)},
		sla.Target{Metric: sla.RequesterWait, Within: sla.Duration(5 * time.Hour)}, sla.Target{Metric: sla.AgentWork, Within: sla.Duration(3 * time.Hour)})
	s.SLA[0].Targets[2].Within = sla.Duration(4 * time.Hour)
	w.apply(s)
	return &matters{world: w, T: rt}
}

// wait lets minutes pass.
func (m *matters) wait(minutes int) {
	m.now = m.now.Add(time.Duration(minutes) * time.Minute)
	_, err := m.desk.Tick(m.t.Context())
	m.ok(err)
}

// write lets the nth customer write; the first time that begins a ticket.
func (m *matters) write(n int) {
	root := fmt.Sprint("root", n)
	if m.written++; n == len(m.ids) {
		m.ids = append(m.ids, m.ingest(said(root, fmt.Sprint("customer", n), root, "", "Where is it?", m.now))[0].Ticket)
		return
	}
	m.ingest(said(fmt.Sprint("again", m.written), fmt.Sprint("customer", n), root, root, "Hello?", m.now))
}

// reply answers the nth customer in the platform's own app.
func (m *matters) reply(n int) {
	root := fmt.Sprint("root", n)
	m.written++
	m.ingest(posted(fmt.Sprint("reply", m.written), root, root, "Soon", m.now))
}

// drawn draws one of the tickets.
func (m *matters) drawn(label string) int { return rapid.IntRange(0, len(m.ids)-1).Draw(m.T, label) }

// act does what the step is called; what the Desk refuses was no step.
func (m *matters) act(step string) {
	ctx := m.t.Context()
	switch n := m.drawn("ticket"); step {
	case "write":
		m.write(n)
	case "begin":
		m.write(len(m.ids))
	case "reply":
		m.reply(n)
	case "pending":
		m.desk.SetStatus(ctx, m.ids[n], ana, ticket.Pending, "")
	case "on-hold":
		m.desk.SetStatus(ctx, m.ids[n], ana, ticket.OnHold, "")
	case "resolve":
		m.desk.Resolve(ctx, m.ids[n], ana, "")
	case "urgent":
		m.desk.SetPriority(ctx, m.ids[n], ana, ticket.Urgent)
	case "merge":
		m.desk.Merge(ctx, m.ids[n], ana, m.ids[m.drawn("other")])
	case "unmerge":
		m.desk.Unmerge(ctx, m.ids[n], ana, m.ids[m.drawn("other")])
	}
}

// verdicts are how many clocks were judged how.
type verdicts struct{ Met, Breached, Unstopped, Other int }

func (v *verdicts) add(c *sla.Clock) {
	switch c.Verdict {
	case sla.Running:
	case sla.Met:
		v.Met++
	case sla.Breached:
		if v.Breached++; c.Stopped.IsZero() {
			v.Unstopped++
		}
	default:
		v.Other++
	}
}

// counted are the verdicts of all tickets by metric, from their clocks.
func (m *matters) counted() map[sla.Metric]verdicts {
	all := make(map[sla.Metric]verdicts)
	for _, t := range m.tickets() {
		if t.MergedInto != "" {
			continue
		}
		clocks, err := m.desk.Clocks(m.t.Context(), t.ID)
		m.ok(err)
		for i := range clocks {
			v := all[clocks[i].Metric]
			v.add(&clocks[i])
			all[clocks[i].Metric] = v
		}
	}
	maps.DeleteFunc(all, func(_ sla.Metric, v verdicts) bool { return v == verdicts{} })
	return all
}

// fromJournal are the same from a report of the journal.
func (m *matters) fromJournal() map[sla.Metric]verdicts {
	all := make(map[sla.Metric]verdicts)
	for _, p := range m.reported().Promises {
		all[p.Metric] = verdicts{p.Met, p.Breached, p.Unstopped, p.NoReplyNeeded + p.Withdrawn + p.CannotReply + p.AnsweredElsewhere + p.Unjudged}
	}
	return all
}

func TestAReportCountsWhatTheClocksSayThoughTicketsAreMergedAndComeApart(t *testing.T) {
	t.Parallel()
	steps := []string{"begin", "write", "write", "reply", "reply", "pending", "on-hold", "resolve", "urgent", "merge", "merge", "unmerge", "unmerge"}
	rapid.Check(t, func(rt *rapid.T) {
		m := newMatters(t, rt)
		m.write(0)
		m.write(1)
		for range rapid.IntRange(4, 16).Draw(rt, "steps") {
			m.wait(rapid.SampledFrom([]int{1, 5, 20, 60, 130, 300}).Draw(rt, "minutes"))
			m.act(rapid.SampledFrom(steps).Draw(rt, "step"))
			if diff := cmp.Diff(m.counted(), m.fromJournal()); diff != "" {
				rt.Fatalf("verdicts (-of the clocks +of the report):\n%s", diff)
			}
		}
	})
}

// clocks are those of a ticket in a few words, without who held it.
func (m *matters) clocks(id ticket.ID) (all []string) {
	clocks, err := m.desk.Clocks(m.t.Context(), id)
	m.ok(err)
	for _, c := range clocks {
		of := func(t time.Time) string { return t.UTC().Format("02 15:04") }
		all = append(all, fmt.Sprintf("%s: %s, spent %s, %s to %s, due %s", c.Metric, c.Verdict, time.Duration(c.Spent), of(c.Started), of(c.Stopped), of(c.Due)))
	}
	return all
}

// What an agent does to the whole is done to the whole; but questions and answers belong to the ticket in whose conversation they are.
func TestTakenApartTicketsHaveTheClocksThatTheyWouldHaveHadWithoutAMerge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m, alone := newMatters(t, rt), newMatters(t, rt)
		both := func(fn func(m *matters)) { fn(m); fn(alone) }
		both(func(m *matters) { m.write(0); m.write(1); m.write(2) })
		apart := func() {
			for _, t := range m.unmerged() {
				for _, id := range t.Absorbed {
					if _, err := m.desk.Unmerge(m.t.Context(), t.ID, ana, id); err != nil { // it went with another one
						for _, whole := range m.ids {
							m.desk.Unmerge(m.t.Context(), whole, ana, id)
						}
					}
				}
			}
		}
		for range rapid.IntRange(4, 20).Draw(rt, "steps") {
			minutes, n := rapid.SampledFrom([]int{1, 5, 20, 60, 130, 300}).Draw(rt, "minutes"), m.drawn("ticket")
			both(func(m *matters) { m.wait(minutes) })
			step := rapid.SampledFrom([]string{"write", "write", "reply", "reply", "pending", "on-hold", "resolve", "merge", "merge", "unmerge"}).Draw(rt, "step")
			ctx := m.t.Context()
			whole := slices.ContainsFunc(m.tickets(), func(t ticket.Ticket) bool {
				return t.ID == m.ids[n] && (t.MergedInto != "" || len(t.Absorbed) > 0)
			})
			switch step {
			case "write":
				both(func(m *matters) { m.write(n) })
			case "reply":
				both(func(m *matters) { m.reply(n) })
			case "merge", "unmerge":
				other := m.ids[m.drawn("other")]
				if step == "merge" {
					m.desk.Merge(ctx, m.ids[n], ana, other)
				} else {
					m.desk.Unmerge(ctx, m.ids[n], ana, other)
				}
			case "resolve":
				if !whole {
					both(func(m *matters) { m.desk.Resolve(ctx, m.ids[n], ana, "") })
				}
			default:
				if !whole {
					both(func(m *matters) { m.desk.SetStatus(ctx, m.ids[n], ana, ticket.Status(step), "") })
				}
			}
		}
		apart()
		for i, id := range m.ids {
			if diff := cmp.Diff(alone.clocks(alone.ids[i]), m.clocks(id)); diff != "" {
				rt.Fatalf("clocks of ticket %d (-never merged +taken apart):\n%s", i, diff)
			}
		}
	})
}
