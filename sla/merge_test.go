package sla_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/sla"
)

// on puts an event on a line.
func on(line string, e sla.Event) sla.Event {
	e.Line = line
	e.Key += line
	return e
}

func merged(line, into, clock string) sla.Event {
	e := on(line, happened(sla.Merged, monday(clock)))
	e.Into = into
	return e
}

func TestAMergedLineIsJudgedAsTheTicketThatItWas(t *testing.T) {
	t.Parallel()
	set := policies(t, sla.Calendars{}, sla.Policy{Name: "standard", Targets: []sla.Target{
		within(sla.FirstResponse, 60, sla.Pending), {Metric: sla.FirstResponse, Within: sla.Duration(10 * time.Minute), Priority: new(sla.Urgent)}}})
	urgent, mine := told(sla.Facts{Priority: sla.Urgent}, monday("08:59:00")), told(sla.Facts{Lane: "bags", Agent: "di"}, monday("08:59:00"))
	for _, tt := range []struct {
		name   string
		events []sla.Event
		want   []string
	}{
		{"answered in time before the merge: met, with who held it", []sla.Event{urgent, on("b", mine), on("b", wrote("09:00:00")), on("b", answered("09:50:00")), merged("b", "", "10:00:00")},
			[]string{`b met, by "bags" "di", within 1h0m0s, breached -`}},
		{"breached before the merge: stays with who held it", []sla.Event{urgent, on("b", mine), on("b", wrote("09:00:00")), merged("b", "", "10:01:00")},
			[]string{`b breached, by "bags" "di", within 1h0m0s, breached 10:00:00`}},
		{"from the merge on the survivor's priority counts", []sla.Event{urgent, on("b", mine), on("b", wrote("09:00:00")), merged("b", "", "09:30:00")},
			[]string{`b breached, by "bags" "di", within 10m0s, breached 09:10:00`}},
		{"a breach that comes to light after the merge: with who held the line's ticket then", []sla.Event{told(sla.Facts{Lane: "seats"}, monday("08:58:00")), on("b", mine), on("b", wrote("09:00:00")),
			merged("b", "", "09:30:00"), told(sla.Facts{Lane: "seats", Priority: sla.Urgent}, monday("09:40:00"))},
			[]string{`b breached, by "bags" "di", within 10m0s, breached 09:10:00`}},
		{"what the survivor solved before leaves the line waiting", []sla.Event{on("b", wrote("09:00:00")), wrote("09:00:01"), status(sla.Solved, "09:10:00"), merged("b", "", "09:30:00")},
			[]string{` met, by "" "", within 1h0m0s, breached -`, `b breached, by "" "", within 1h0m0s, breached 10:00:00`}},
		{"while the line's own ticket is pending its clock stands still", []sla.Event{on("b", wrote("09:00:00")), on("b", status(sla.Pending, "09:10:00")), merged("b", "", "11:00:00"), on("b", answered("11:49:00"))},
			[]string{`b met, by "" "", within 1h0m0s, breached -`}},
		{"part of a part: judged as that one's line in between", []sla.Event{on("a", mine), on("a", wrote("09:00:00")), on("b", urgent), merged("a", "b", "09:05:00"), merged("b", "", "09:20:00")},
			[]string{`a breached, by "" "", within 10m0s, breached 09:10:00`}},
		{"merged again: the last time counts", []sla.Event{urgent, on("b", wrote("09:00:00")), merged("b", "", "09:05:00"), on("b", answered("09:20:00")), merged("b", "", "09:30:00")},
			[]string{`b met, by "" "", within 1h0m0s, breached -`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range sla.Judge(slices.Values(tt.events), func(time.Time) *sla.PolicySet { return set }, utc(monday("12:00:00"))) {
				breached := "-"
				if !c.BreachedAt().IsZero() {
					breached = c.BreachedAt().Format(time.TimeOnly)
				}
				got = append(got, c.Line+" "+c.Verdict.String()+`, by "`+c.Lane+`" "`+c.Agent+`", within `+time.Duration(c.Target).String()+", breached "+breached)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestStepsOfAClockThatBeginsAnewHappenAgain(t *testing.T) {
	t.Parallel()
	for reopening, want := range map[sla.Reopening]bool{sla.Restart: true, sla.Extend: false, sla.Ignore: false} {
		set := policies(t, sla.Calendars{}, sla.Policy{Name: "standard", Reopening: reopening, Targets: []sla.Target{within(sla.Resolution, 600)}, Steps: []sla.Step{{}}})
		key := func(events ...sla.Event) string {
			state, _ := sla.FoldAll(slices.Values(events), func(time.Time) *sla.PolicySet { return set })
			planned := set.Steps(state)
			if len(planned) != 1 {
				t.Fatalf("planned %+v, want one step", planned)
			}
			return planned[0].Key
		}
		first := key(wrote("09:00:00"))
		again := key(wrote("09:00:00"), status(sla.Solved, "10:00:00"), status(sla.Open, "10:10:00"))
		third := key(wrote("09:00:00"), status(sla.Solved, "10:00:00"), status(sla.Open, "10:10:00"), status(sla.Solved, "10:20:00"), status(sla.Open, "10:30:00"))
		if (first != again) != want || (again != third) != want {
			t.Errorf("%s: the step is %q, then %q, then %q; want others: %t", reopening, first, again, third, want)
		}
	}
}

func TestOneAnswerOnTwoLinesCountsOnEachWhateverComesFirst(t *testing.T) {
	t.Parallel()
	set := promise(t, summer(), sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 120)}})
	same := func(line string, e sla.Event) sla.Event {
		e.Line = line
		return e
	}
	answer := answered("09:30:00")
	for _, events := range [][]sla.Event{
		{wrote("09:00:00"), same("b", wrote("09:10:00")), answer, same("b", answer), answer},
		{same("b", answer), answer, same("b", answer), same("b", wrote("09:10:00")), wrote("09:00:00")},
	} {
		got := judged(events, func(time.Time) *sla.PolicySet { return set }, monday("10:00:00"))
		want := []string{"first_response met at 09:30:00, due 11:00:00", "first_response of b met at 09:30:00, due 11:10:00"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}
