package sla_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/sla"
)

func TestClocksEqualACountByTheMinute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		want := simulate(w).say()
		got := w.sayClocks(sla.Judge(slices.Values(w.events), w.inForce, w.at(w.end())), w.calendars)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("of %s\n(-counted +judged):\n%s", w.story(), diff)
		}
	})
}

func TestTheOrderOfArrivalDecidesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		var inOrder, looked sla.State
		for i, e := range w.events {
			inOrder = w.fold(t, inOrder, e, i)
			looked = w.fold(t, looked.At(e.Time), e, i)
		}
		if diff := cmp.Diff(inOrder, looked); diff != "" {
			t.Fatalf("of %s\nlooking in between decided (-without +with):\n%s", w.story(), diff)
		}
		shuffled := append(rapid.Permutation(w.events).Draw(t, "arrival"), w.events...) // told twice
		got, err := sla.FoldAll(slices.Values(shuffled), w.inForce)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(inOrder, got); diff != "" {
			t.Fatalf("of %s\nin order and shuffled (-want +got):\n%s", w.story(), diff)
		}
	})
}

// fold folds the next event, all over again where one state does not suffice.
func (w *world) fold(t rapid.TB, s sla.State, e sla.Event, i int) sla.State {
	before := s
	before.Clocks = slices.Clone(s.Clocks)
	next, err := sla.InForce(w.inForce).Fold(s, e)
	if diff := cmp.Diff(before, s); diff != "" {
		t.Fatalf("the state before %s changed (-was +is):\n%s", e.Kind, diff)
	}
	if errors.Is(err, sla.ErrLate) {
		next, err = sla.FoldAll(slices.Values(w.events[:i+1]), w.inForce)
	}
	if err != nil {
		t.Fatal(err)
	}
	return next
}

func TestChangesLeadToTheFinalVerdicts(t *testing.T) {
	t.Parallel()
	type name struct {
		metric  sla.Metric
		line    string
		started int64
	}
	rapid.Check(t, func(t *rapid.T) {
		w := randomWorld(t)
		now := w.at(w.end())
		told := map[name]sla.Clock{}
		replay := func(changes []sla.Change) {
			for _, change := range changes {
				c := change.Clock
				at := name{c.Metric, c.Line, c.Started.UnixNano()}
				if before, ok := told[at]; ok == change.New || ok && before.Verdict != change.Was {
					t.Fatalf("of %s\n%+v was told before: %v, as %+v", w.story(), change, ok, before)
				}
				if change.New { // how it ended is a change of its own
					c.Verdict = sla.Running
				}
				told[at] = c
			}
		}
		var before []sla.Clock
		for i := range w.events {
			after := sla.Judge(slices.Values(w.events[:i+1]), w.inForce, w.events[i].Time)
			replay(sla.Differences(before, after))
			for at := range told {
				if !slices.ContainsFunc(after, func(c sla.Clock) bool { return name{c.Metric, c.Line, c.Started.UnixNano()} == at }) {
					delete(told, at)
				}
			}
			before = after
		}
		after := sla.Judge(slices.Values(w.events), w.inForce, now)
		replay(sla.Differences(before, after))
		for _, c := range after {
			got, ok := told[name{c.Metric, c.Line, c.Started.UnixNano()}]
			if !ok || got.Verdict != c.Verdict || !got.Stopped.Equal(c.Stopped) || !got.Due.Equal(c.Due) || got.Lane != c.Lane || got.Agent != c.Agent {
				t.Fatalf("of %s\nthe changes lead to %+v\nwant %+v", w.story(), got, c)
			}
		}
	})
}
