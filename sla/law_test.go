package sla

import (
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/rule"
)

// history draws a ticket's events with marks of their own, in order.
func history(t *rapid.T) []Event {
	var all []Event
	now := at("09:00:00")
	for i := range rapid.IntRange(0, 12).Draw(t, "events") {
		now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "minutes")) * time.Minute)
		e := Event{Mark: Mark{Time: now, Key: fmt.Sprintf("%02d", i)}}
		e.Kind = rapid.SampledFrom([]EventKind{CustomerWrote, Answered, StatusChanged, FactsChanged}).Draw(t, "kind")
		switch e.Kind {
		case Answered:
			e.Automated = rapid.Bool().Draw(t, "automated")
		case StatusChanged:
			e.Status = rapid.SampledFrom([]Status{Open, Pending, OnHold, Solved, Closed}).Draw(t, "status")
			e.Reason = rapid.SampledFrom([]string{"", "spam"}).Draw(t, "reason")
		case FactsChanged:
			e.Facts = &Facts{Priority: Priority(rapid.IntRange(-1, 2).Draw(t, "priority"))}
		}
		all = append(all, e)
	}
	return all
}

func lawSet() *PolicySet {
	return mustSet(
		Policy{Name: "urgent", When: rule.Condition{Fact: "priority", Equals: rule.Text("urgent")}, Targets: []Target{{Metric: FirstResponse, Within: Duration(10 * time.Minute)}}},
		Policy{Name: "rest", When: rule.Condition{Not: &rule.Condition{Fact: "priority", Equals: rule.Text("low")}}, Targets: []Target{
			{Metric: Acknowledgement, Within: Duration(5 * time.Minute)}, {Metric: FirstResponse, Within: Duration(time.Hour)},
			{Metric: Resolution, Within: Duration(2 * time.Hour)}, {Metric: Resolution, Within: Duration(time.Hour), Priority: new(High)},
		}})
}

func TestTheOrderOfArrivalDecidesNothing(t *testing.T) {
	t.Parallel()
	set := lawSet()
	rapid.Check(t, func(t *rapid.T) {
		events := history(t)
		var inOrder State
		for _, e := range events {
			var err error
			if inOrder, err = set.Fold(inOrder, e); err != nil {
				t.Fatalf("in order: %v", err)
			}
		}
		shuffled := rapid.Permutation(events).Draw(t, "arrival")
		if len(shuffled) > 0 {
			shuffled = append(shuffled, shuffled[0]) // told twice
		}
		got, err := FoldAll(slices.Values(shuffled), func(time.Time) *PolicySet { return set })
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(inOrder, got); diff != "" {
			t.Fatalf("in order and shuffled (-want +got):\n%s", diff)
		}
	})
}

func TestFoldLeavesTheOldStateAsItWas(t *testing.T) {
	t.Parallel()
	set := lawSet()
	rapid.Check(t, func(t *rapid.T) {
		var s State
		for _, e := range history(t) {
			before := s
			before.Clocks = slices.Clone(s.Clocks)
			next, err := set.Fold(s, e)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, s); diff != "" {
				t.Fatalf("the state before %s changed (-was +is):\n%s", e.Kind, diff)
			}
			for _, c := range next.Clocks {
				switch {
				case (c.Verdict == Breached) != !c.BreachedAt.IsZero():
					t.Fatalf("%s, but breached at %s", say(c), c.BreachedAt)
				case c.Verdict == Met && !c.Due.IsZero() && c.Stopped.After(c.Due):
					t.Fatalf("%s: met too late", say(c))
				case c.Verdict == Running && (!c.Stopped.IsZero() || !c.Paused() && c.Due.Before(e.Time)):
					t.Fatalf("%s: still running at %s", say(c), e.Time.Format(time.TimeOnly))
				}
			}
			if !slices.IsSortedFunc(next.Clocks, func(a, b Clock) int { return slices.Index(Metrics(), a.Metric) - slices.Index(Metrics(), b.Metric) }) {
				t.Fatalf("clocks are not in the order of Metrics: %v", sayAll(next))
			}
			s = next
		}
	})
}

func TestLookingInBetweenDecidesNothing(t *testing.T) {
	t.Parallel()
	set := lawSet()
	rapid.Check(t, func(t *rapid.T) {
		var plain, looked State
		for _, e := range history(t) {
			var err error
			if plain, err = set.Fold(plain, e); err != nil {
				t.Fatal(err)
			}
			if looked, err = set.Fold(looked.At(e.Time), e); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(plain, looked); diff != "" {
			t.Fatalf("with and without looking (-without +with):\n%s", diff)
		}
	})
}

func BenchmarkFold(b *testing.B) {
	set := lawSet()
	events := []Event{wrote("09:00:00"), automated("09:00:05"), wrote("09:10:00"), answered("09:20:00"), status("09:20:01", Pending), wrote("09:40:00"),
		status("09:40:01", Open), answered("10:00:00"), status("10:00:01", Solved)}
	b.Run("Fold", func(b *testing.B) {
		b.ReportAllocs()
		var s State
		for _, e := range events[:5] {
			s, _ = set.Fold(s, e)
		}
		for b.Loop() {
			if _, err := set.Fold(s, events[5]); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("FoldAll of 9 events", func(b *testing.B) {
		b.ReportAllocs()
		var all iter.Seq[Event] = slices.Values(events)
		for b.Loop() {
			if _, err := FoldAll(all, func(time.Time) *PolicySet { return set }); err != nil {
				b.Fatal(err)
			}
		}
	})
}
