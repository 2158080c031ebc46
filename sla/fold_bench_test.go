package sla_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// fourClocks is a policy set as companies have it, and a ticket with four running clocks: what is folded next is one more event.
func fourClocks(tb testing.TB) (set *sla.PolicySet, shop *sla.Calendar, running sla.State) {
	hours := sla.Hours{Zone: "Europe/Berlin", Week: sla.Weekdays(between(9, 12.5), between(13.5, 18))}
	for _, day := range []string{"01-01", "05-01", "10-03", "12-24", "12-25", "12-26", "12-31"} {
		var d sla.Date
		if err := d.UnmarshalText([]byte(day)); err != nil {
			tb.Fatal(err)
		}
		hours.Holidays = append(hours.Holidays, sla.Holiday{Date: d})
	}
	shop = calendar(tb, hours)
	set = policies(tb, sla.Calendars{Named: map[string]*sla.Calendar{"shop": shop}, Lanes: map[string]string{"bags": "shop"}},
		sla.Policy{Name: "gold", When: rule.Condition{Fact: "contact.tier", Equals: rule.Text("gold")}, Targets: []sla.Target{within(sla.FirstResponse, 30)}},
		sla.Policy{Name: "standard", Targets: []sla.Target{within(sla.NextResponse, 120), within(sla.PeriodicUpdate, 480, sla.Pending),
			within(sla.Resolution, 2400), {Metric: sla.Resolution, Within: sla.Duration(20 * time.Hour), Priority: new(sla.High)}, within(sla.RequesterWait, 2400)}})
	question := wrote("09:00:00")
	question.Facts = &sla.Facts{Account: "facebook/1", Platform: "facebook", Visibility: "public", Lane: "bags", Agent: "jo"}
	for _, e := range []sla.Event{question, status(sla.Open, "09:01:00"), answered("09:30:00"), wrote("09:40:00")} {
		var err error
		if running, err = set.Fold(running, e); err != nil {
			tb.Fatal(err)
		}
	}
	if len(running.Clocks) != 4 || slices.ContainsFunc(running.Clocks, func(c sla.Clock) bool { return c.Verdict != sla.Running }) {
		tb.Fatalf("want four running clocks, got %+v", running.Clocks)
	}
	return set, shop, running
}

// further are events that may come next.
func further() map[string]sla.Event {
	handed := told(sla.Facts{Account: "facebook/1", Platform: "facebook", Visibility: "public", Lane: "bags", Agent: "di", Priority: sla.High}, monday("09:50:00"))
	return map[string]sla.Event{"message": wrote("09:50:00"), "pending": status(sla.Pending, "09:50:00"), "priority": handed, "answer": answered("09:50:00"),
		"solved": status(sla.Solved, "09:50:00")}
}

func TestAnEventCostsOneAllocation(t *testing.T) {
	set, _, running := fourClocks(t)
	for name, e := range further() {
		if got := testing.AllocsPerRun(100, func() {
			if _, err := set.Fold(running, e); err != nil {
				t.Error(err)
			}
		}); got > 1 {
			t.Errorf("%s: %v allocations, want at most 1", name, got)
		}
		if got := testing.AllocsPerRun(100, func() { set.Steps(running) }); got > 0 {
			t.Errorf("steps of a policy without any: %v allocations, want none", got)
		}
	}
}

// What an event costs. adds/event is how many Calendar.Adds it is worth: both are measured in turns, so that what else the machine does slows both.
func BenchmarkFold(b *testing.B) {
	set, shop, running := fourClocks(b)
	from := utc(monday("09:50:00"))
	add := func() {
		if _, err := shop.Add(from, 40*time.Hour); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("add", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			add()
		}
	})
	events := further()
	for _, name := range slices.Sorted(maps.Keys(events)) {
		fold := func() {
			if _, err := set.Fold(running, events[name]); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fold()
			}
			b.ReportMetric(inTurns(fold, add), "adds/event")
		})
	}
	b.Run("no steps", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			set.Steps(running)
		}
	})
}

// inTurns returns how many times as long one takes as another, by the medians of turns that are long enough for the garbage collector to have its share.
func inTurns(one, other func()) float64 {
	const turns, each = 41, 5000
	took := func(fn func()) time.Duration {
		began := time.Now()
		for range each {
			fn()
		}
		return time.Since(began)
	}
	ones, others := make([]time.Duration, turns), make([]time.Duration, turns)
	for i := range turns {
		ones[i], others[i] = took(one), took(other)
	}
	slices.Sort(ones)
	slices.Sort(others)
	return float64(ones[turns/2]) / float64(others[turns/2])
}

func BenchmarkFoldAll(b *testing.B) {
	set, _, _ := fourClocks(b)
	for _, n := range []int{10, 100, 1000} {
		var events []sla.Event
		for i := range n {
			e := wrote("09:00:00")
			e.Time, e.Key = e.Time.Add(time.Duration(i)*time.Minute), fmt.Sprint(i)
			if i%2 == 1 {
				e.Kind = sla.Answered
			}
			events = append(events, e)
		}
		inForce := func(time.Time) *sla.PolicySet { return set }
		b.Run(fmt.Sprintf("%d events", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := sla.FoldAll(slices.Values(events), inForce); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("%d events explained", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				sla.Explain(slices.Values(events), inForce, events[n-1].Time)
			}
		})
	}
}
