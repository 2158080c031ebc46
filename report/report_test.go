package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/report"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// told gives entries to a Builder and returns its report.
func told(t *testing.T, q report.Query, entries ...ticket.Entry) report.Report {
	t.Helper()
	b := report.NewBuilder(q, nil)
	for i := range entries {
		b.Add(&entries[i])
	}
	r, err := b.Report()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// began is a ticket with a message that wants an answer.
func began(id ticket.ID, second int) []ticket.Entry {
	return []ticket.Entry{
		{Kind: ticket.TicketCreated, Ticket: id, Happened: at(second)},
		{Kind: ticket.MessageReceived, Ticket: id, Happened: at(second), Clock: &sla.Event{
			Mark: sla.Mark{Time: at(second), Key: string(id)}, Kind: sla.CustomerWrote, Facts: &sla.Facts{Account: "x/1"},
		}},
	}
}

// judged is an entry about a first response.
func judged(id ticket.ID, kind ticket.EntryKind, c sla.Clock) ticket.Entry {
	c.Metric, c.Policy = sla.FirstResponse, "all"
	if c.Started.IsZero() {
		c.Started = at(0)
	}
	return ticket.Entry{Kind: kind, Ticket: id, Stand: &c}
}

func met(id ticket.ID, second int) ticket.Entry {
	return judged(id, ticket.ClockMet, sla.Clock{Verdict: sla.Met, Stopped: at(second), Spent: sla.Duration(second) * sla.Duration(time.Second), Lane: "orders", Agent: "ana"})
}

func breached(id ticket.ID, second, stopped int) ticket.Entry {
	c := sla.Clock{Verdict: sla.Breached, Due: at(second), Lane: "orders", Agent: "ben"}
	if stopped > 0 {
		c.Stopped, c.Spent = at(stopped), sla.Duration(stopped)*sla.Duration(time.Second)
	}
	return judged(id, ticket.ClockBreached, c)
}

// hour is the first hour.
var hour = report.Query{From: at(0), To: at(3600), By: []report.Dimension{}}

func TestVerdictsCountInThePeriodInWhichTheyFell(t *testing.T) {
	t.Parallel()
	withdrawn := func(e ticket.Entry, was sla.Verdict) ticket.Entry {
		e.Kind, e.Old = ticket.ClockWithdrawn, was.String()
		return e
	}
	running := judged("a", ticket.ClockWithdrawn, sla.Clock{})
	for _, c := range []struct {
		name          string
		entries       []ticket.Entry
		met, breached int
	}{
		{"met at its first instant", []ticket.Entry{met("a", 0)}, 1, 0},
		{"met at its last, which is the next period's first", []ticket.Entry{met("a", 3600)}, 0, 0},
		{"breached in it, stopped after it", []ticket.Entry{breached("a", 3599, 9000)}, 0, 1},
		{"breached in it, told after it", []ticket.Entry{met("b", 9000), breached("a", 3599, 0)}, 0, 1},
		{"breached, and stopped at last", []ticket.Entry{breached("a", 60, 0), breached("a", 60, 120)}, 0, 1},
		{"two tickets", []ticket.Entry{met("a", 60), met("b", 60)}, 2, 0},
		{"a breach taken back by a late answer", []ticket.Entry{breached("a", 60, 0), withdrawn(met("a", 50), sla.Breached)}, 1, 0},
		{"taken back and told anew", []ticket.Entry{breached("a", 60, 0), withdrawn(running, sla.Breached), met("a", 50)}, 1, 0},
		{"taken back: it runs again", []ticket.Entry{met("a", 60), withdrawn(running, sla.Met)}, 0, 0},
		{"taken back: there is no such clock", []ticket.Entry{met("a", 60), withdrawn(met("a", 60), sla.Met)}, 0, 0},
		{"moved into the next period", []ticket.Entry{met("a", 60), withdrawn(running, sla.Met), met("a", 5000)}, 0, 0},
		{"moved from the next period into this one", []ticket.Entry{met("a", 5000), withdrawn(running, sla.Met), met("a", 60)}, 1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var m, b int
			for _, p := range told(t, hour, c.entries...).Promises {
				m, b = m+p.Met, b+p.Breached
			}
			if m != c.met || b != c.breached {
				t.Errorf("met %d, breached %d; want %d, %d", m, b, c.met, c.breached)
			}
		})
	}
}

func TestPercentilesAreByNearestRank(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		seconds          []int
		median, p90, p95 int
	}{
		{[]int{7}, 7, 7, 7},
		{[]int{9, 1}, 1, 9, 9},
		{[]int{5, 1, 3}, 3, 5, 5},
		{[]int{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 5, 9, 10},
		{[]int{20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}, 10, 18, 19},
	} {
		var entries []ticket.Entry
		for i, s := range c.seconds {
			entries = append(entries, met(ticket.ID(fmt.Sprint(i)), s))
		}
		got := told(t, hour, entries...).Promises[0].Elapsed
		second := sla.Duration(time.Second)
		if got.Median != sla.Duration(c.median)*second || got.P90 != sla.Duration(c.p90)*second || got.P95 != sla.Duration(c.p95)*second {
			t.Errorf("%v: got %+v", c.seconds, got)
		}
	}
}

func TestMergedTicketsKeepTheirClocksAndTheirQuestions(t *testing.T) {
	t.Parallel()
	merge := func(what ticket.EntryKind, a, b ticket.ID) []ticket.Entry { // the one that is taken over, or taken out, is told first
		return []ticket.Entry{{Kind: what, Ticket: a, Happened: at(200), New: string(b)}, {Kind: what, Ticket: b, Happened: at(200), New: string(a)}}
	}
	answered := func(id ticket.ID, line string) ticket.Entry {
		return ticket.Entry{Kind: ticket.ReplySent, Ticket: id, Happened: at(300), Clock: &sla.Event{
			Mark: sla.Mark{Time: at(300), Key: "answer to " + line}, Kind: sla.Answered, Line: line,
		}}
	}
	routed := ticket.Entry{Kind: ticket.TicketRouted, Ticket: "old", Happened: at(0), New: "orders"}
	journal := append(append(append(began("young", 100), began("old", 50)...), routed, met("young", 60)), merge(ticket.TicketMerged, "young", "old")...)
	again := met("old", 60) // the survivor folds both, and tells the verdict of the past on the line of the other
	again.Stand.Line = "young"
	journal = append(journal, again)
	for _, c := range []struct {
		name    string
		more    []ticket.Entry
		waiting map[string]int // by lane
		oldest  time.Time
	}{
		{"both wait", nil, map[string]int{"orders": 2}, at(50)},
		{"one is answered", []ticket.Entry{answered("old", "")}, map[string]int{"orders": 1}, at(100)},
		{"the other is answered", []ticket.Entry{answered("old", "young")}, map[string]int{"orders": 1}, at(50)},
		{"the other is answered, and they are apart again", append([]ticket.Entry{answered("old", "young")}, merge(ticket.TicketUnmerged, "young", "old")...), map[string]int{"orders": 1}, at(50)},
		{"apart again", merge(ticket.TicketUnmerged, "young", "old"), map[string]int{"orders": 1, "": 1}, at(50)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			q := hour
			q.By = []report.Dimension{report.Lane}
			r := told(t, q, append(journal[:len(journal):len(journal)], c.more...)...)
			met, waiting, oldest := 0, make(map[string]int), time.Time{}
			for _, p := range r.Promises {
				met += p.Met
			}
			for _, w := range r.Work {
				if w.Waiting > 0 {
					waiting[w.Lane] += w.Waiting
				}
				if w.Lane == "orders" {
					oldest = w.Oldest
				}
			}
			if met != 1 {
				t.Errorf("%d met; one clock counts once", met)
			}
			if diff := cmp.Diff(c.waiting, waiting); diff != "" || !oldest.Equal(c.oldest) {
				t.Errorf("oldest %s, waiting -want +got:\n%s", oldest, diff)
			}
		})
	}
}

func TestWhoWritesAgainInAPartOfATicketThatWasClosedAndMergedWaits(t *testing.T) {
	t.Parallel()
	both := func(a, b ticket.ID, second int) []ticket.Entry {
		return []ticket.Entry{{Kind: ticket.TicketMerged, Ticket: a, Happened: at(second), New: string(b)}, {Kind: ticket.TicketMerged, Ticket: b, Happened: at(second), New: string(a)}}
	}
	event := func(id ticket.ID, second int, e sla.Event) ticket.Entry {
		e.Mark = sla.Mark{Time: at(second), Key: fmt.Sprint(second)}
		return ticket.Entry{Kind: ticket.MessageReceived, Ticket: id, Happened: at(second), Clock: &e}
	}
	closed := event("whole", 100, sla.Event{Kind: sla.StatusChanged, Status: sla.Closed})
	closed.Kind, closed.New = ticket.TicketStatus, "closed"
	journal := slices.Concat(began("part", 10), began("whole", 20), both("part", "whole", 50), []ticket.Entry{closed}, began("survivor", 150), both("whole", "survivor", 200))
	again := event("survivor", 250, sla.Event{Kind: sla.CustomerWrote, Line: "part"})
	answer := event("survivor", 300, sla.Event{Kind: sla.Answered, Line: "part"})
	solved := event("survivor", 310, sla.Event{Kind: sla.StatusChanged, Status: sla.Solved})
	for _, tt := range []struct {
		name    string
		more    []ticket.Entry
		waiting int
		oldest  int
	}{
		{"nobody wrote", nil, 1, 150},
		{"the part's customer wrote", []ticket.Entry{again}, 2, 150},
		{"and was answered", []ticket.Entry{again, answer}, 1, 150},
		{"or all was solved", []ticket.Entry{again, solved}, 0, 0},
	} {
		waiting, oldest := 0, time.Time{}
		for _, w := range told(t, hour, slices.Concat(journal, tt.more)...).Work {
			waiting, oldest = waiting+w.Waiting, w.Oldest
		}
		if waiting != tt.waiting || tt.waiting > 0 && !oldest.Equal(at(tt.oldest)) {
			t.Errorf("%s: %d wait since %s, want %d since %s", tt.name, waiting, oldest, tt.waiting, at(tt.oldest))
		}
	}
}

func TestWhomAMachineAnsweredWaitsForAPerson(t *testing.T) {
	t.Parallel()
	for automated, want := range map[bool]int{true: 1, false: 0} {
		answer := ticket.Entry{Kind: ticket.ReplySent, Ticket: "a", Happened: at(100), Clock: &sla.Event{Mark: sla.Mark{Time: at(100), Key: "b"}, Kind: sla.Answered, Automated: automated}}
		if work := told(t, hour, append(began("a", 0), answer)...).Work; len(work) != 1 || work[0].Waiting != want {
			t.Errorf("answered by a machine %t: %+v, want %d waiting", automated, work, want)
		}
	}
}

func TestAPartOfAPartThatComesApartWaitsByItself(t *testing.T) {
	t.Parallel()
	both := func(what ticket.EntryKind, a, b ticket.ID) []ticket.Entry {
		return []ticket.Entry{{Kind: what, Ticket: a, Happened: at(200), New: string(b)}, {Kind: what, Ticket: b, Happened: at(200), New: string(a)}}
	}
	journal := append(append(began("whole", 50), began("part", 60)...), began("inner", 70)...)
	journal = append(journal, ticket.Entry{Kind: ticket.TicketRouted, Ticket: "whole", Happened: at(80), New: "orders"})
	journal = append(append(journal, both(ticket.TicketMerged, "inner", "part")...), both(ticket.TicketMerged, "part", "whole")...)
	q := hour
	q.By = []report.Dimension{report.Lane}
	for name, tt := range map[string]struct {
		journal []ticket.Entry
		want    map[string]int
	}{
		"all are one":      {journal, map[string]int{"orders": 3}},
		"the inner is out": {append(slices.Clone(journal), both(ticket.TicketUnmerged, "inner", "whole")...), map[string]int{"orders": 2, "": 1}},
		"the outer is out": {append(slices.Clone(journal), both(ticket.TicketUnmerged, "part", "whole")...), map[string]int{"orders": 1, "": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			waiting := make(map[string]int)
			for _, w := range told(t, q, tt.journal...).Work {
				if w.Waiting > 0 {
					waiting[w.Lane] += w.Waiting
				}
			}
			if diff := cmp.Diff(tt.want, waiting); diff != "" {
				t.Errorf("waiting (-want +got):\n%s", diff)
			}
		})
	}
}

// day is a journal with something in every column.
func day() []ticket.Entry {
	ana := ticket.Agent("ana")
	entries := append(began("a", 0), began("b", 10)...)
	entries[2].Old = "a" // b continues a
	entries = append(entries,
		ticket.Entry{Kind: ticket.TicketRouted, Ticket: "a", Happened: at(1), New: "=cmd()"},
		ticket.Entry{Kind: ticket.TicketAssigned, Ticket: "a", Happened: at(1), New: "ana"},
		ticket.Entry{Kind: ticket.TicketClaimed, Ticket: "a", Happened: at(20), Actor: ana, New: at(140).Format(time.RFC3339Nano)},
		ticket.Entry{Kind: ticket.TicketClaimed, Ticket: "a", Happened: at(100), Actor: ana, New: at(220).Format(time.RFC3339Nano)},
		ticket.Entry{Kind: ticket.TicketUnclaimed, Ticket: "a", Happened: at(160), Actor: ana},
		ticket.Entry{Kind: ticket.ConsultAsked, Ticket: "a", Happened: at(30), Message: "q"},
		ticket.Entry{Kind: ticket.ConsultAnswered, Ticket: "a", Happened: at(90), Old: "q"},
		met("a", 160), breached("b", 100, 0),
		judged("a", ticket.ClockEnded, sla.Clock{Started: at(200), Verdict: sla.NoReplyNeeded, Stopped: at(300), Lane: "orders", Agent: "ana"}),
	)
	return entries
}

func TestCSVIsStableAndHoldsNoFormula(t *testing.T) {
	t.Parallel()
	r := told(t, report.Query{}, day()...)
	var promises, work bytes.Buffer
	if err := r.WritePromisesCSV(&promises); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteWorkCSV(&work); err != nil {
		t.Fatal(err)
	}
	wantPromises := strings.Join([]string{
		"account,lane,agent,policy,metric,met,breached,share_met,no_reply_needed,withdrawn,cannot_reply,answered_elsewhere,unjudged,unstopped," +
			"working_count,working_total,working_median,working_p90,working_p95,elapsed_count,elapsed_total,elapsed_median,elapsed_p90,elapsed_p95",
		"x/1,orders,ana,all,first_response,1,0,1,1,0,0,0,0,0,1,160,160,160,160,1,160,160,160,160",
		"x/1,orders,ben,all,first_response,0,1,0,0,0,0,0,0,1,0,,,,,0,,,,",
		"",
	}, "\n")
	if diff := cmp.Diff(wantPromises, promises.String()); diff != "" {
		t.Errorf("promises: -want +got:\n%s", diff)
	}
	wantWork := strings.Join([]string{
		"account,lane,agent,tickets,repeats,waiting,oldest,handling_count,handling_total,handling_median,handling_p90,handling_p95," +
			"consulting_count,consulting_total,consulting_median,consulting_p90,consulting_p95",
		"x/1,,,1,1,1,2026-03-02T09:00:10Z,0,,,,,0,,,,",
		"x/1,'=cmd(),ana,1,0,1,2026-03-02T09:00:00Z,1,140,140,140,140,1,60,60,60,60",
		"",
	}, "\n")
	if diff := cmp.Diff(wantWork, work.String()); diff != "" {
		t.Errorf("work: -want +got:\n%s", diff)
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"} {
		e := met("a", 1)
		e.Stand.Policy, e.Stand.Agent = name, name
		r := told(t, report.Query{}, e)
		var out bytes.Buffer
		if err := r.WritePromisesCSV(&out); err != nil {
			t.Fatal(err)
		}
		for _, begins := range []string{"\n" + name, "," + name, `"` + name} {
			if strings.Contains(out.String(), begins) {
				t.Errorf("a cell is %q in %q", name, out.String())
			}
		}
	}
}

func TestJSONTellsWhatTheValuesTell(t *testing.T) {
	t.Parallel()
	want := told(t, report.Query{From: at(0), To: at(3600)}, day()...)
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got report.Report
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if part := `"agent":"ana","policy":"all","metric":"first_response","met":1,"breached":0,"share_met":1,"no_reply_needed":1`; !strings.Contains(string(data), part) {
		t.Errorf("%s\nhas not %s", data, part)
	}
}

func TestReadingAStoreIsAddingItsEntries(t *testing.T) {
	t.Parallel()
	store := ticket.NewMemory(nil)
	t.Cleanup(func() { store.Close() })
	ctx := t.Context()
	account := ticket.Ticket{ID: "a"}
	account.Account.Platform, account.Account.ID = "x", "1"
	all := append(day(), ticket.Entry{Kind: ticket.TicketStatus, Ticket: "a", Happened: at(400), Old: "solved", New: "closed"})
	all = append(all, met("b", 50), met("a", 70)) // what is told of a long after it was closed
	for i := range all {
		all[i].Key = fmt.Sprint(i)
	}
	err := store.Update(ctx, "", func(tx ticket.Tx) error {
		tx.PutTicket(account)
		tx.Append(all...)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var got report.Report
	err = store.View(ctx, "", func(r ticket.Reader) (err error) {
		got, err = report.Read(r, report.Query{By: []report.Dimension{report.Account}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Promises) != 1 || got.Promises[0].Account != "x/1" || got.Promises[0].Met != 2 || len(got.Work) != 1 || got.Work[0].Tickets != 2 {
		t.Errorf("got %+v", got)
	}
}

func BenchmarkAdd(b *testing.B) {
	// One ticket after the other, of eight entries each, as after years: what is kept does not grow with the journal.
	var entries []ticket.Entry
	entries = append(entries, began("", 0)...)
	entries = append(entries,
		ticket.Entry{Kind: ticket.TicketRouted, Happened: at(1), New: "orders"},
		ticket.Entry{Kind: ticket.TicketAssigned, Happened: at(1), New: "ana"},
		ticket.Entry{Kind: ticket.ReplySent, Happened: at(60), Clock: &sla.Event{Mark: sla.Mark{Time: at(60), Key: "answer"}, Kind: sla.Answered}},
		met("", 60),
		ticket.Entry{Kind: ticket.TicketStatus, Happened: at(90), New: "solved", Clock: &sla.Event{Mark: sla.Mark{Time: at(90), Key: "solved"}, Kind: sla.StatusChanged, Status: sla.Solved}},
		ticket.Entry{Kind: ticket.TicketStatus, Happened: at(100), New: "closed", Clock: &sla.Event{Mark: sla.Mark{Time: at(100), Key: "closed"}, Kind: sla.StatusChanged, Status: sla.Closed}},
	)
	before := report.NewBuilder(report.Query{From: at(1000)}, nil) // all of it lies before the period
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		e := entries[n%len(entries)]
		e.Ticket = ticket.ID(fmt.Sprint("t", n/len(entries)))
		before.Add(&e)
		n++
	}
}

func BenchmarkReport(b *testing.B) {
	const clocks = 100_000
	b.ReportAllocs()
	for b.Loop() {
		builder := report.NewBuilder(report.Query{}, nil)
		for i := range clocks {
			e := met(ticket.ID(fmt.Sprint("t", i)), i%5000)
			builder.Add(&e)
		}
		if r, err := builder.Report(); err != nil || r.Promises[0].Met != clocks {
			b.Fatal(r, err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/clocks, "ns/clock")
}
