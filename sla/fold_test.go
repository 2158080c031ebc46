package sla

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
)

// at returns an instant of the day on which everything here happens.
func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-06-01 "+clock)
	if err != nil {
		panic(err)
	}
	return t
}

func wrote(clock string) Event { return event(CustomerWrote, clock) }

func answered(clock string) Event { return event(Answered, clock) }

func automated(clock string) Event {
	e := event(Answered, clock)
	e.Automated = true
	return e
}

func status(clock string, s Status) Event {
	e := event(StatusChanged, clock)
	e.Status = s
	return e
}

func solvedBecause(clock, reason string) Event {
	e := status(clock, Solved)
	e.Reason = reason
	return e
}

func facts(clock string, f Facts) Event {
	e := event(FactsChanged, clock)
	e.Facts = &f
	return e
}

func event(kind EventKind, clock string) Event {
	return Event{Mark: Mark{Time: at(clock), Key: string(kind) + " " + clock}, Kind: kind}
}

// targets makes a set with one policy for all: acknowledgement, first response and resolution within these times; 0 promises nothing.
func targets(ack, first, resolution time.Duration) *PolicySet {
	p := Policy{Name: "standard"}
	for _, t := range []Target{
		{Metric: Acknowledgement, Within: Duration(ack)}, {Metric: FirstResponse, Within: Duration(first)}, {Metric: Resolution, Within: Duration(resolution)},
	} {
		if t.Within > 0 {
			p.Targets = append(p.Targets, t)
		}
	}
	return mustSet(p)
}

func mustSet(policies ...Policy) *PolicySet {
	set, err := NewPolicySet(policies, Calendars{}, nil)
	if err != nil {
		panic(err)
	}
	return set
}

// say writes a clock in a few words: "first_response met at 10:00:00, due 11:00:00".
func say(c Clock) string {
	s := c.Metric.String() + " " + c.Verdict.String()
	if !c.Stopped.IsZero() {
		s += " at " + c.Stopped.Format(time.TimeOnly)
	}
	return s + ", due " + c.Due.Format(time.TimeOnly)
}

func sayAll(s State) []string {
	var all []string
	for _, c := range s.Clocks {
		all = append(all, say(c))
	}
	return all
}

// fold folds events in order and fails the test where Fold and FoldAll disagree.
func fold(t *testing.T, set *PolicySet, events ...Event) State {
	t.Helper()
	var s State
	for i, e := range events {
		var err error
		if s, err = set.Fold(s, e); errors.Is(err, ErrLate) && (i == 0 || e.Mark.Compare(events[i-1].Mark) > 0) { // it reaches further back than a state remembers
			s = foldAll(t, set, events[:i+1]...)
		} else if err != nil {
			t.Fatalf("fold %s at %s: %v", e.Kind, e.Time.Format(time.TimeOnly), err)
		}
	}
	if diff := cmp.Diff(s, foldAll(t, set, events...)); diff != "" {
		t.Fatalf("Fold in order and FoldAll disagree (-Fold +FoldAll):\n%s", diff)
	}
	return s
}

func foldAll(t *testing.T, set *PolicySet, events ...Event) State {
	t.Helper()
	s, err := FoldAll(slices.Values(events), func(time.Time) *PolicySet { return set })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestClocks(t *testing.T) {
	t.Parallel()
	const h = time.Hour
	high := Facts{Priority: High}
	byPriority := mustSet(Policy{Name: "standard", Targets: []Target{
		{Metric: FirstResponse, Within: Duration(2 * h)}, {Metric: FirstResponse, Within: Duration(h / 2), Priority: new(High)},
	}})
	onlyHigh := mustSet(Policy{Name: "high", When: rule.Condition{Fact: "priority", Equals: rule.Text("high")}, Targets: []Target{
		{Metric: Acknowledgement, Within: Duration(h)}, {Metric: FirstResponse, Within: Duration(2 * h)}}},
		Policy{Name: "rest", When: rule.Condition{Fact: "priority", Equals: rule.Text("normal")}, Targets: []Target{{Metric: Resolution, Within: Duration(8 * h)}}})
	tests := []struct {
		name   string
		set    *PolicySet
		events []Event
		want   []string
	}{
		{"the customer's first message starts all three", targets(h, 2*h, 4*h), []Event{wrote("09:00:00")},
			[]string{"acknowledgement running, due 10:00:00", "first_response running, due 11:00:00", "resolution running, due 13:00:00"}},
		{"only what is promised runs", targets(0, 2*h, 0), []Event{wrote("09:00:00")}, []string{"first_response running, due 11:00:00"}},
		{"the nil set promises nothing", nil, []Event{wrote("09:00:00")}, nil},
		{"nothing runs before the customer writes", targets(h, 2*h, 4*h), []Event{answered("08:00:00"), status("08:30:00", Open)}, nil},
		{"the brand wrote first: clocks start at the customer's first message, and what it said before answers nothing",
			targets(h, 2*h, 0), []Event{answered("08:00:00"), wrote("09:00:00")}, []string{"acknowledgement running, due 10:00:00", "first_response running, due 11:00:00"}},
		{"a further message moves nothing", targets(h, 2*h, 4*h), []Event{wrote("09:00:00"), wrote("09:30:00")},
			[]string{"acknowledgement running, due 10:00:00", "first_response running, due 11:00:00", "resolution running, due 13:00:00"}},
		{"an automated text acknowledges and is no response (an echo of it is the same)", targets(h, 2*h, 4*h), []Event{wrote("09:00:00"), automated("09:00:05")},
			[]string{"acknowledgement met at 09:00:05, due 10:00:00", "first_response running, due 11:00:00", "resolution running, due 13:00:00"}},
		{"a person's answer stops both", targets(h, 2*h, 4*h), []Event{wrote("09:00:00"), answered("09:45:00")},
			[]string{"acknowledgement met at 09:45:00, due 10:00:00", "first_response met at 09:45:00, due 11:00:00", "resolution running, due 13:00:00"}},
		{"a second answer moves nothing", targets(h, 2*h, 0), []Event{wrote("09:00:00"), answered("09:45:00"), answered("09:50:00")},
			[]string{"acknowledgement met at 09:45:00, due 10:00:00", "first_response met at 09:45:00, due 11:00:00"}},
		{"at the deadline exactly is met", targets(0, h/4, 0), []Event{wrote("09:00:00"), answered("09:15:00")}, []string{"first_response met at 09:15:00, due 09:15:00"}},
		{"one second later is not", targets(0, h/4, 0), []Event{wrote("09:00:00"), answered("09:15:01")}, []string{"first_response breached at 09:15:01, due 09:15:00"}},
		{"any later event shows the breach", targets(0, h/4, 0), []Event{wrote("09:00:00"), wrote("09:20:00")}, []string{"first_response breached, due 09:15:00"}},
		{"solved stops resolution", targets(0, 0, 4*h), []Event{wrote("09:00:00"), status("10:00:00", Solved)}, []string{"resolution met at 10:00:00, due 13:00:00"}},
		{"closed does as well", targets(0, 0, 4*h), []Event{wrote("09:00:00"), status("10:00:00", Closed)}, []string{"resolution met at 10:00:00, due 13:00:00"}},
		{"solved and then closed counts once", targets(0, 0, 4*h), []Event{wrote("09:00:00"), status("10:00:00", Solved), status("11:00:00", Closed)},
			[]string{"resolution met at 10:00:00, due 13:00:00"}},
		{"solving ends a running response clock met", targets(h, 2*h, 4*h), []Event{wrote("09:00:00"), status("09:30:00", Solved)},
			[]string{"acknowledgement met at 09:30:00, due 10:00:00", "first_response met at 09:30:00, due 11:00:00", "resolution met at 09:30:00, due 13:00:00"}},
		{"or breached, if past due", targets(0, h, 4*h), []Event{wrote("09:00:00"), status("10:30:00", Solved)},
			[]string{"first_response breached at 10:30:00, due 10:00:00", "resolution met at 10:30:00, due 13:00:00"}},
		{"with a reason no reply is needed", targets(0, h, 4*h), []Event{wrote("09:00:00"), solvedBecause("09:30:00", "spam")},
			[]string{"first_response no reply needed at 09:30:00, due 10:00:00", "resolution met at 09:30:00, due 13:00:00"}},
		{"a reason does not undo a breach", targets(0, h, 4*h), []Event{wrote("09:00:00"), solvedBecause("10:30:00", "spam")},
			[]string{"first_response breached at 10:30:00, due 10:00:00", "resolution met at 10:30:00, due 13:00:00"}},
		{"a question after the answer, then solved: nothing is open", targets(0, h, 4*h),
			[]Event{wrote("09:00:00"), answered("09:30:00"), wrote("09:40:00"), status("09:50:00", Solved)},
			[]string{"first_response met at 09:30:00, due 10:00:00", "resolution met at 09:50:00, due 13:00:00"}},
		{"pending pauses resolution, on-hold does not", targets(0, 0, 4*h), []Event{wrote("09:00:00"), status("10:00:00", Pending), status("11:00:00", OnHold), wrote("14:00:01")},
			[]string{"resolution breached, due 14:00:00"}},
		{"reopened: the time while solved does not count", targets(0, 0, 4*h), []Event{wrote("09:00:00"), status("10:00:00", Solved), status("12:00:00", Open)},
			[]string{"resolution running, due 15:00:00"}},
		{"reopened twice: neither time counts", targets(0, 0, 4*h),
			[]Event{wrote("09:00:00"), status("10:00:00", Solved), status("12:00:00", Open), status("12:30:00", Solved), status("13:30:00", Open)},
			[]string{"resolution running, due 16:00:00"}},
		{"reopening does not undo a breach", targets(0, 0, h), []Event{wrote("09:00:00"), status("10:30:00", Solved), status("12:00:00", Open)},
			[]string{"resolution breached at 10:30:00, due 10:00:00"}},
		{"reopening starts no response clock anew", targets(h, h, 0), []Event{wrote("09:00:00"), status("09:30:00", Solved), status("12:00:00", Open)},
			[]string{"acknowledgement met at 09:30:00, due 10:00:00", "first_response met at 09:30:00, due 10:00:00"}},
		{"a higher priority keeps the time spent", byPriority, []Event{wrote("09:00:00"), facts("09:10:00", high)}, []string{"first_response running, due 09:30:00"}},
		{"and may breach at once", byPriority, []Event{wrote("09:00:00"), facts("09:40:00", high)}, []string{"first_response breached, due 09:30:00"}},
		{"a lower priority gives time back, but undoes no breach", byPriority,
			[]Event{wrote("08:59:00"), facts("09:00:00", high), facts("10:00:00", Facts{})}, []string{"first_response breached, due 09:29:00"}},
		{"no policy matches any more: unjudged", onlyHigh, []Event{wrote("09:00:00"), facts("10:00:00", Facts{Priority: Low})}, []string{"resolution unjudged at 10:00:00, due 17:00:00"}},
		{"another policy: its clocks come in the order of Metrics, count from the first message, and what it does not promise ends", onlyHigh,
			[]Event{wrote("09:00:00"), facts("09:30:00", high)},
			[]string{"acknowledgement running, due 10:00:00", "first_response running, due 11:00:00", "resolution unjudged at 09:30:00, due 17:00:00"}},
		{"a clock that starts too late is breached at its deadline", onlyHigh, []Event{wrote("09:00:00"), facts("10:30:00", high)},
			[]string{"acknowledgement breached, due 10:00:00", "first_response running, due 11:00:00", "resolution unjudged at 10:30:00, due 17:00:00"}},
		{"what was answered already is not promised afterwards", onlyHigh, []Event{wrote("09:00:00"), answered("09:10:00"), facts("09:30:00", high)},
			[]string{"resolution unjudged at 09:30:00, due 17:00:00"}},
		{"a solved ticket is promised nothing", onlyHigh, []Event{wrote("09:00:00"), status("09:10:00", Solved), facts("09:30:00", high)},
			[]string{"resolution met at 09:10:00, due 17:00:00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, sayAll(fold(t, tt.set, tt.events...))); diff != "" {
				t.Errorf("clocks (-want +got):\n%s", diff)
			}
		})
	}
}

func TestABreachIsDatedByItsDeadline(t *testing.T) {
	t.Parallel()
	s := fold(t, targets(0, time.Hour, 0), wrote("09:00:00"), answered("12:00:00"))
	if c, _ := s.Clock(FirstResponse); !c.BreachedAt().Equal(at("10:00:00")) {
		t.Errorf("breached at %s, want the deadline 10:00", c.BreachedAt())
	}
}

func TestALateMessageIsFoldedWhereItBelongs(t *testing.T) {
	t.Parallel()
	set := targets(0, 2*time.Hour, 0)
	s := fold(t, set, wrote("09:30:00"), answered("10:00:00"))
	late := wrote("09:00:00")
	after, err := set.Fold(s, late)
	if !errors.Is(err, ErrLate) {
		t.Errorf("Fold of a late message: error %v, want ErrLate", err)
	}
	if diff := cmp.Diff(s, after); diff != "" {
		t.Errorf("beside ErrLate the state is as it was (-want +got):\n%s", diff)
	}
	want := []string{"first_response met at 10:00:00, due 11:00:00"}
	if diff := cmp.Diff(want, sayAll(foldAll(t, set, wrote("09:30:00"), answered("10:00:00"), late))); diff != "" {
		t.Errorf("clocks (-want +got):\n%s", diff)
	}
}

func TestALateAnswerUndoesABreachThatAtFound(t *testing.T) {
	t.Parallel()
	set := targets(0, time.Hour, 0)
	breached := fold(t, set, wrote("09:00:00")).At(at("10:05:00"))
	for _, clock := range []string{"09:59:00", "10:00:00"} {
		if _, err := set.Fold(breached, answered(clock)); !errors.Is(err, ErrLate) {
			t.Errorf("answer at %s: error %v, want ErrLate: the breach did not happen", clock, err)
		}
		healed := foldAll(t, set, wrote("09:00:00"), answered(clock))
		changes := Changes(breached, healed)
		if len(changes) != 1 || !changes[0].Withdrawn || changes[0].Was != Breached || changes[0].Clock.Verdict != Met {
			t.Errorf("answer at %s: changes %+v, want a breach withdrawn", clock, changes)
		}
	}
	s, err := set.Fold(breached, answered("10:00:01"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := say(s.Clocks[0]), "first_response breached at 10:00:01, due 10:00:00"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestABreachIsWithdrawnByALateAnswerAndComesBackWithItsFailure(t *testing.T) {
	t.Parallel()
	set := targets(0, time.Hour, 0)
	answer := answered("09:50:00")
	failed, arrived := answer, answer
	failed.Kind, failed.Time, arrived.Kind, arrived.Time = AnswerWithdrawn, at("10:20:00"), AnswerArrived, at("10:40:00")
	events, was := []Event{wrote("09:00:00"), wrote("10:10:00")}, State{}
	for _, step := range []struct {
		late      Event
		want      string
		withdrawn bool
	}{
		{wrote("10:15:00"), "first_response breached, due 10:00:00", false},
		{answer, "first_response met at 09:50:00, due 10:00:00", true},
		{failed, "first_response breached, due 10:00:00", true},
		{arrived, "first_response met at 09:50:00, due 10:00:00", true},
	} {
		events = append(events, step.late)
		is := foldAll(t, set, events...).At(at("11:00:00"))
		if got := say(is.Clocks[0]); got != step.want {
			t.Errorf("after %s: %s, want %s", step.late.Kind, got, step.want)
		}
		if changes := Changes(was, is); len(changes) == 0 || changes[0].Withdrawn != step.withdrawn {
			t.Errorf("after %s the changes are %+v, want a verdict withdrawn: %t", step.late.Kind, changes, step.withdrawn)
		}
		was = is
	}
}

func TestAnAnswerThatNeverArrivedIsTakenOut(t *testing.T) {
	t.Parallel()
	set := targets(0, 2*time.Hour, 0)
	answer := answered("10:00:00")
	s := fold(t, set, wrote("09:00:00"), answer)
	failed := Event{Mark: Mark{Time: at("10:05:00"), Key: answer.Key}, Kind: AnswerWithdrawn}
	if _, err := set.Fold(s, failed); !errors.Is(err, ErrLate) {
		t.Errorf("Fold of a withdrawal: error %v, want ErrLate", err)
	}
	got := foldAll(t, set, wrote("09:00:00"), answer, failed)
	if diff := cmp.Diff(fold(t, set, wrote("09:00:00")), got); diff != "" {
		t.Errorf("it is as if it had never been answered (-want +got):\n%s", diff)
	}
	arrived := Event{Mark: Mark{Time: at("10:10:00"), Key: answer.Key}, Kind: AnswerArrived}
	if _, err := set.Fold(got, arrived); !errors.Is(err, ErrLate) {
		t.Errorf("Fold of what arrived after all: error %v, want ErrLate", err)
	}
	for _, events := range [][]Event{{wrote("09:00:00"), answer, failed, arrived}, {wrote("09:00:00"), answer, arrived, failed}} {
		if diff := cmp.Diff(s, foldAll(t, set, events...)); diff != "" {
			t.Errorf("it arrived after all, so it counts (-want +got):\n%s", diff)
		}
	}
	other := answered("10:20:00")
	want := []string{"first_response met at 10:20:00, due 11:00:00"}
	if diff := cmp.Diff(want, sayAll(foldAll(t, set, wrote("09:00:00"), answer, failed, other))); diff != "" {
		t.Errorf("another answer counts (-want +got):\n%s", diff)
	}
}

func TestEqualTimesAreOrderedByThePlatformThenByKey(t *testing.T) {
	t.Parallel()
	nine := at("09:00:00")
	marks := []Mark{{}, {Time: nine}, {Time: nine, Key: "b"}, {Time: nine, Order: "1", Key: "z"}, {Time: nine, Order: "2", Key: "a"}, {Time: nine.Add(1)}}
	for i, a := range marks {
		for j, b := range marks {
			want := 0
			if i < j {
				want = -1
			} else if i > j {
				want = 1
			}
			if got := a.Compare(b); got != want {
				t.Errorf("%+v against %+v: %d, want %d", a, b, got, want)
			}
		}
	}
	set := targets(0, time.Hour, 0)
	question := Event{Mark: Mark{Time: nine, Order: "2", Key: "a"}, Kind: CustomerWrote}
	greeting := Event{Mark: Mark{Time: nine, Order: "1", Key: "b"}, Kind: Answered}
	want := []string{"first_response running, due 10:00:00"} // what was said before the question answers nothing
	for _, events := range [][]Event{{question, greeting}, {greeting, question}} {
		if diff := cmp.Diff(want, sayAll(foldAll(t, set, events...))); diff != "" {
			t.Errorf("whatever the order of arrival (-want +got):\n%s", diff)
		}
	}
}

func TestEachEventIsFoldedUnderTheSetOfItsTime(t *testing.T) {
	t.Parallel()
	old, edited := targets(0, time.Hour, 0), targets(0, 3*time.Hour, 0)
	inForce := func(t time.Time) *PolicySet {
		if t.Before(at("09:30:00")) {
			return old
		}
		return edited
	}
	s, err := FoldAll(slices.Values([]Event{wrote("09:00:00")}), inForce)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first_response running, due 10:00:00"}, sayAll(s)); diff != "" {
		t.Errorf("before its next event (-want +got):\n%s", diff)
	}
	s, err = FoldAll(slices.Values([]Event{wrote("09:00:00"), wrote("09:45:00")}), inForce)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"first_response running, due 12:00:00"}, sayAll(s)); diff != "" {
		t.Errorf("from its next event on (-want +got):\n%s", diff)
	}
}

func TestFoldKeepsFactsAndTimes(t *testing.T) {
	t.Parallel()
	f := Facts{Tier: "gold", Priority: High, Tags: []string{"bag"}}
	s := fold(t, nil, wrote("09:00:00"), automated("09:00:05"), facts("09:10:00", f), answered("09:30:00"), status("09:40:00", Pending))
	want := State{
		Facts: f, Status: Pending, StatusSince: at("09:40:00"), Asked: at("09:00:00"), Updated: at("09:30:00"), Line: Line{Wrote: at("09:00:00"), Acknowledged: at("09:00:05"), Responded: at("09:30:00"), Greeted: true, Opened: true, Settled: answered("09:30:00").Mark},
		Last: Mark{Time: at("09:40:00"), Key: "status changed 09:40:00"},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if got := fold(t, nil, wrote("09:00:00")).Status; got != New {
		t.Errorf("after the first message the status is %q, want new", got)
	}
	if !(State{}).IsZero() || s.IsZero() {
		t.Error("IsZero is for the state to which nothing has happened")
	}
}
