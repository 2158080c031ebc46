package socialcrm_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// fourPromises is a world around the clock with four promises, in which nothing has happened yet.
func fourPromises(t *testing.T) *matters {
	m := &matters{world: newWorld(t), T: (*rapid.T)(nil)}
	s := company()
	s.Agents[0].Capacity = 10
	s.SLA[0].Targets = []sla.Target{
		{Metric: sla.FirstResponse, Within: sla.Duration(4 * time.Hour)}, {Metric: sla.NextResponse, Within: sla.Duration(time.Hour)},
		{Metric: sla.PeriodicUpdate, Within: sla.Duration(2 * time.Hour)}, {Metric: sla.Resolution, Within: sla.Duration(6 * time.Hour)},
	}
	m.apply(s)
	return m
}

func (m *matters) until(clock string) {
	m.t.Helper()
	then, err := time.Parse("2006-01-02 15:04", "2026-03-02 "+clock)
	m.ok(err)
	m.wait(int(then.Sub(m.now) / time.Minute))
}

// same fails unless the report counts what the clocks say.
func (m *matters) same() {
	m.t.Helper()
	if diff := cmp.Diff(m.counted(), m.fromJournal()); diff != "" {
		m.t.Errorf("verdicts (-of the clocks +of the report):\n%s", diff)
	}
}

func TestABreachThatOnlyTheTicketItselfHasIsToldOnceItIsTakenOut(t *testing.T) {
	t.Parallel()
	m := fourPromises(t)
	m.write(0)
	m.until("09:10")
	m.write(1)
	m.until("09:20")
	m.must(m.desk.Merge(t.Context(), m.ids[0], ana, m.ids[1]))
	if got := m.ticket(m.ids[0]).Status; got != ticket.New {
		t.Errorf("two that nobody began with are one that is %s", got)
	}
	m.until("16:00")
	m.reply(1)
	m.until("20:00")
	m.must(m.desk.Unmerge(t.Context(), m.ids[0], ana, m.ids[1]))
	m.same()
	for _, e := range m.told(ticket.ClockBreached) {
		if e.Ticket == m.ids[1] && e.Stand.Metric == sla.Resolution && e.Happened.Equal(time.Date(2026, 3, 2, 15, 10, 0, 0, time.UTC)) {
			return
		}
	}
	t.Error("the journal does not tell that the resolution of what was taken out was breached at 15:10")
}

func TestAnUpdateThatATicketKeptWhileItWasAPartIsMetOnceItIsTakenOut(t *testing.T) {
	t.Parallel()
	m := fourPromises(t)
	m.write(0)
	m.until("09:10")
	m.write(1)
	m.until("09:20")
	m.must(m.desk.Merge(t.Context(), m.ids[0], ana, m.ids[1]))
	for _, at := range []string{"09:30", "10:30"} {
		m.until(at)
		m.reply(1)
	}
	m.until("11:00")
	m.must(m.desk.Unmerge(t.Context(), m.ids[0], ana, m.ids[1]))
	m.same()
	if got := m.fromJournal()[sla.PeriodicUpdate]; got != (verdicts{Met: 1}) {
		t.Errorf("a report counts updates as %+v, want one met", got)
	}
}

func TestAQuestionAskedInAChainIsThatOfItsTicketHoweverTheChainComesApart(t *testing.T) {
	t.Parallel()
	m := fourPromises(t)
	for n := range 3 {
		m.write(n)
	}
	m.until("09:05")
	m.reply(0)
	m.must(m.desk.Merge(t.Context(), m.ids[1], ana, m.ids[0]))
	m.must(m.desk.Merge(t.Context(), m.ids[2], ana, m.ids[1]))
	m.until("10:00")
	m.write(0)
	m.must(m.desk.Unmerge(t.Context(), m.ids[2], ana, m.ids[1]))
	m.must(m.desk.Unmerge(t.Context(), m.ids[1], ana, m.ids[0]))
	if c, ok := m.ticket(m.ids[0]).Clocks.Clock(sla.NextResponse); !ok || c.Verdict != sla.Running || !c.Started.Equal(m.now) {
		t.Errorf("its next response is %+v, want it running since %s", c, m.now)
	}
}

func TestAQuestionAskedInASolvedTicketWhileItWasAPartOpensItThen(t *testing.T) {
	t.Parallel()
	for _, answered := range []bool{true, false} {
		m := fourPromises(t)
		m.write(0)
		m.until("09:05")
		m.write(1)
		m.until("09:10")
		m.reply(1)
		m.must(m.desk.Resolve(t.Context(), m.ids[1], ana, ""))
		m.until("09:20")
		m.must(m.desk.Merge(t.Context(), m.ids[0], ana, m.ids[1]))
		m.until("10:00")
		m.write(1)
		want := []string{
			"first_response: met, spent 5m0s, 02 09:05 to 02 09:10, due 02 13:05",
			"next_response: running, spent 0s, 02 10:00 to 01 00:00, due 02 11:00",
			"resolution: running, spent 5m0s, 02 09:05 to 01 00:00, due 02 15:55",
		}
		if answered {
			m.until("11:30")
			m.reply(1)
			want[1] = "next_response: breached, spent 1h30m0s, 02 10:00 to 02 11:30, due 02 11:00"
			want = []string{want[0], want[1], "periodic_update: running, spent 0s, 02 11:30 to 01 00:00, due 02 13:30", want[2]}
			m.until("12:00")
		} else {
			m.until("10:20")
		}
		m.must(m.desk.Unmerge(t.Context(), m.ids[0], ana, m.ids[1]))
		if diff := cmp.Diff(want, m.clocks(m.ids[1])); diff != "" {
			t.Errorf("answered %t: its clocks (-want +got):\n%s", answered, diff)
		}
		if got := m.ticket(m.ids[1]).Status; got != ticket.Open {
			t.Errorf("answered %t: it is %s", answered, got)
		}
		m.same()
	}
}

func TestWhoAnswersOnAnotherChannelOpensThePendingTicketThatItIsMergedInto(t *testing.T) {
	t.Parallel()
	s := related()
	s.Related.Merge = rule.Condition{Fact: "also_on", Exists: new(true)}
	w, at := laterWith(t, s)
	w.now = at(60)
	id := w.ingest(said("1", "mia", "p", "p", "Where is it?", at(60)))[0].Ticket
	w.now = at(70)
	w.must(w.desk.SetStatus(t.Context(), id, ana, ticket.Pending, "which order?"))
	w.now = at(90)
	w.ingest(dm("2", "mia", "The red one", at(90)))
	w.now = at(120)
	got := w.ticket(id)
	if c, _ := got.Clocks.Clock(sla.Resolution); got.Status != ticket.Open || len(got.Absorbed) != 1 || time.Duration(c.Spent) != 10*time.Minute || !c.Since.Equal(at(90)) {
		t.Errorf("it is %s, with %v in it, its resolution %+v; want it open, and counting on from 10m since %s", got.Status, got.Absorbed, c, at(90))
	}
	w.must(w.desk.Unmerge(t.Context(), id, ana, got.Absorbed[0]))
	if got := w.ticket(id); got.Status != ticket.Pending {
		t.Errorf("taken apart it is %s, want it pending as it was", got.Status)
	}
}

func TestAMergeInEitherDirectionLeavesTheSameStatus(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ a, b, want ticket.Status }{
		{ticket.Open, ticket.Pending, ticket.Open}, {ticket.Open, ticket.OnHold, ticket.Open}, {ticket.Open, ticket.Solved, ticket.Open},
		{ticket.Pending, ticket.OnHold, ticket.OnHold}, {ticket.Pending, ticket.Solved, ticket.Pending}, {ticket.Pending, ticket.Pending, ticket.Pending},
		{ticket.OnHold, ticket.Solved, ticket.OnHold}, {ticket.Solved, ticket.Solved, ticket.Solved},
	} {
		for _, s := range [][2]ticket.Status{{tt.a, tt.b}, {tt.b, tt.a}} {
			m := fourPromises(t)
			for n, status := range s {
				m.write(n)
				m.reply(n) // which leaves it open
				if status == ticket.Solved {
					m.must(m.desk.Resolve(t.Context(), m.ids[n], ana, ""))
				} else if status != ticket.Open {
					m.must(m.desk.SetStatus(t.Context(), m.ids[n], ana, status, ""))
				}
			}
			m.must(m.desk.Merge(t.Context(), m.ids[0], ana, m.ids[1]))
			if got := m.ticket(m.ids[0]).Status; got != tt.want {
				t.Errorf("one that is %s, merged into one that is %s, leaves it %s, want %s", s[1], s[0], got, tt.want)
			}
			m.must(m.desk.Unmerge(t.Context(), m.ids[0], ana, m.ids[1]))
			for n, want := range s {
				if got := m.ticket(m.ids[n]).Status; got != want {
					t.Errorf("taken apart, what was %s is %s", want, got)
				}
			}
		}
	}
}
