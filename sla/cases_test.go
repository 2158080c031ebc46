package sla_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// summer is Monday to Friday from 9 to 18 in Berlin: 07:00Z to 16:00Z on the days here.
func summer() sla.Hours { return office("Europe/Berlin", 9, 18) }

func within(m sla.Metric, minutes int, pause ...sla.Status) sla.Target {
	return sla.Target{Metric: m, Within: sla.Duration(time.Duration(minutes) * time.Minute), Pause: pause}
}

// promise is a set with one policy for all tickets, counted in these hours.
func promise(t testing.TB, hours sla.Hours, p sla.Policy) *sla.PolicySet {
	t.Helper()
	p.Name, p.Calendar = "standard", "shop"
	return policies(t, sla.Calendars{Named: map[string]*sla.Calendar{"shop": calendar(t, hours)}}, p)
}

// monday is a time of the working day on which most cases happen.
func monday(clock string) string { return "2026-06-01T" + clock + "Z" }

func wrote(clock string) sla.Event    { return happened(sla.CustomerWrote, monday(clock)) }
func answered(clock string) sla.Event { return happened(sla.Answered, monday(clock)) }
func status(s sla.Status, clock string) sla.Event {
	return became(s, monday(clock))
}

// clocks folds the events, one by one and all at once, and writes every clock that the ticket ever had as it stands at now.
func clocks(t *testing.T, set *sla.PolicySet, now string, events ...sla.Event) []string {
	t.Helper()
	inForce := func(time.Time) *sla.PolicySet { return set }
	var state sla.State
	for i, e := range events {
		var err error
		if state, err = set.Fold(state, e); err != nil {
			if state, err = sla.FoldAll(slices.Values(events[:i+1]), inForce); err != nil {
				t.Fatal(err)
			}
		}
	}
	all, _ := sla.FoldAll(slices.Values(events), inForce)
	if diff := cmp.Diff(all, state); diff != "" {
		t.Errorf("one by one it comes out otherwise (-all at once +one by one):\n%s", diff)
	}
	return judged(events, inForce, now)
}

func judged(events []sla.Event, inForce sla.InForce, now string) (all []string) {
	for _, c := range sla.Judge(slices.Values(events), inForce, utc(now)) {
		all = append(all, sayClock(c))
	}
	return all
}

// sayClock writes a clock in a few words: "first_response met at 10:00:00, due 11:00:00".
func sayClock(c sla.Clock) string {
	s := c.Metric.String()
	if c.Line != "" {
		s += " of " + c.Line
	}
	s += " " + c.Verdict.String()
	at := func(t time.Time) string {
		if t.UTC().Format(time.DateOnly) == "2026-06-01" {
			return t.UTC().Format("15:04:05.999999999")
		}
		return t.UTC().Format(time.RFC3339Nano)
	}
	if !c.Stopped.IsZero() {
		s += " at " + at(c.Stopped)
	}
	if c.Paused() {
		return s + ", stands still"
	}
	if c.Due.IsZero() {
		return s
	}
	return s + ", due " + at(c.Due)
}

func wantClocks(t *testing.T, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clocks (-want +got):\n%s", diff)
	}
}

func firstResponse(t *testing.T, pause ...sla.Status) *sla.PolicySet {
	t.Helper()
	return promise(t, summer(), sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 120, pause...)}})
}

func TestCase01PausesInPendingAndOnHold(t *testing.T) {
	t.Parallel()
	wantClocks(t, clocks(t, firstResponse(t, sla.Pending, sla.OnHold), monday("10:40:00"), wrote("09:00:00"),
		status(sla.Pending, "09:30:00"), status(sla.Open, "09:45:00"), status(sla.OnHold, "10:00:00"), status(sla.Open, "10:30:00")),
		"first_response running, due 11:45:00")
}

func TestCase02DueAtTheClosingInstant(t *testing.T) {
	t.Parallel()
	events := []sla.Event{wrote("09:00:00"), status(sla.Pending, "10:00:00"), status(sla.Open, "15:00:00")}
	set := firstResponse(t, sla.Pending)
	wantClocks(t, clocks(t, set, monday("16:00:00"), events...), "first_response running, due 16:00:00")
	wantClocks(t, clocks(t, set, "2026-06-02T06:59:59Z", events...), "first_response breached, due 16:00:00")
}

func spent(t *testing.T, set *sla.PolicySet, events ...sla.Event) time.Duration {
	t.Helper()
	all := sla.Judge(slices.Values(events), func(time.Time) *sla.PolicySet { return set }, events[len(events)-1].Time)
	if len(all) != 1 {
		t.Fatalf("%d clocks, want 1", len(all))
	}
	return time.Duration(all[0].Spent)
}

func TestCase04NeverOpen(t *testing.T) {
	t.Parallel()
	if got := spent(t, firstResponse(t, sla.Pending), status(sla.Pending, "09:00:00"), wrote("09:00:00"), status(sla.Solved, "12:00:00")); got != 0 {
		t.Errorf("%s spent, want 0", got)
	}
}

func TestCase05OpenForHalfAnHour(t *testing.T) {
	t.Parallel()
	if got := spent(t, firstResponse(t, sla.Pending), wrote("09:00:00"), status(sla.Pending, "09:00:00"), status(sla.Open, "10:30:00"),
		status(sla.Pending, "11:00:00"), status(sla.Solved, "12:00:00")); got != 30*time.Minute {
		t.Errorf("%s spent, want 30m", got)
	}
}

func TestCase07AfterAHoliday(t *testing.T) {
	t.Parallel()
	winter := office("Europe/Berlin", 8, 20)
	winter.Holidays = []sla.Holiday{{Name: "All Saints", Date: sla.Date{Month: time.November, Day: 1}}}
	set := promise(t, winter, sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 120), within(sla.PeriodicUpdate, 1200)}})
	question := happened(sla.CustomerWrote, "2016-11-01T13:56:21Z")
	wantClocks(t, clocks(t, set, "2016-11-01T14:00:00Z", question), "first_response running, due 2016-11-02T09:00:00Z")
	answer := happened(sla.Answered, "2016-11-01T13:56:21Z")
	answer.Order = "2"
	wantClocks(t, clocks(t, set, "2016-11-01T14:00:00Z", question, answer),
		"first_response met at 2016-11-01T13:56:21Z, due 2016-11-02T09:00:00Z", "periodic_update running, due 2016-11-03T15:00:00Z")
}

func TestCase09AHolidaySwitchedOff(t *testing.T) {
	t.Parallel()
	autumn := office("Europe/Berlin", 8, 17)
	autumn.Holidays = []sla.Holiday{
		{Name: "works outing", Date: sla.Date{Year: 2015, Month: time.September, Day: 22}},
		{Name: "called off", Date: sla.Date{Year: 2015, Month: time.September, Day: 23}, Off: true},
	}
	set := promise(t, autumn, sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 120)}})
	wantClocks(t, clocks(t, set, "2015-09-21T15:00:00Z", happened(sla.CustomerWrote, "2015-09-21T14:30:00Z")), "first_response running, due 2015-09-23T07:30:00Z")
}

func TestCase10NoPolicyMatchesAnyMore(t *testing.T) {
	t.Parallel()
	set := policies(t, sla.Calendars{}, sla.Policy{Name: "high", When: rule.Condition{Fact: "priority", Equals: rule.Text("high")},
		Targets: []sla.Target{within(sla.FirstResponse, 120), within(sla.Resolution, 480)}})
	question := wrote("09:00:00")
	question.Facts = &sla.Facts{Priority: sla.High}
	events := []sla.Event{question, told(sla.Facts{Priority: sla.Low}, monday("10:00:00"))}
	wantClocks(t, clocks(t, set, monday("18:00:00"), events...), "first_response unjudged at 10:00:00, due 11:00:00", "resolution unjudged at 10:00:00, due 17:00:00")
	state, _ := sla.FoldAll(slices.Values(events), func(time.Time) *sla.PolicySet { return set })
	if next := state.Next(); !next.IsZero() {
		t.Errorf("something is due at %s", next)
	}
}

func TestCase11AroundTheClock(t *testing.T) {
	t.Parallel()
	for _, i := range []sla.Interval{between(0, 24), between(0, 0)} {
		set := promise(t, sla.Hours{Zone: "Europe/Berlin", Week: sla.EveryDay(i)}, sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 7*24*60)}})
		wantClocks(t, clocks(t, set, monday("09:00:00"), wrote("09:00:00")), "first_response running, due 2026-06-08T09:00:00Z")
	}
}

func TestCase12OverTheWeekend(t *testing.T) {
	t.Parallel()
	set := promise(t, office("Europe/Berlin", 9, 17), sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 30)}})
	question := happened(sla.CustomerWrote, "2026-06-05T14:45:00Z")
	const due = "2026-06-08T07:15:00Z"
	wantClocks(t, clocks(t, set, due, question, happened(sla.Answered, due)), "first_response met at "+due+", due "+due)
	wantClocks(t, clocks(t, set, due, question, happened(sla.Answered, "2026-06-08T07:15:01Z")), "first_response breached at 2026-06-08T07:15:01Z, due "+due)
}

func TestCase14TheBrandWroteFirst(t *testing.T) {
	t.Parallel()
	set := promise(t, summer(), sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 120), within(sla.PeriodicUpdate, 60)}})
	events := []sla.Event{answered("09:00:00"), wrote("09:10:00")}
	wantClocks(t, clocks(t, set, monday("09:10:00"), events...), "first_response running, due 11:10:00", "periodic_update running, due 10:00:00")
	state, _ := sla.FoldAll(slices.Values(events), func(time.Time) *sla.PolicySet { return set })
	if next := state.Next(); !next.Equal(utc(monday("10:00:00"))) {
		t.Errorf("shown first: %s, want 10:00", next)
	}
}

func TestCase15ThePolicyIsRemovedAfterABreach(t *testing.T) {
	t.Parallel()
	escalating := policies(t, sla.Calendars{}, sla.Policy{Name: "standard", Targets: []sla.Target{within(sla.FirstResponse, 60)},
		Steps: []sla.Step{{}, {At: sla.Moment{After: sla.Duration(time.Hour)}, Raise: new(sla.Urgent)}}})
	other := policies(t, sla.Calendars{}, sla.Policy{Name: "other", Targets: []sla.Target{within(sla.Resolution, 60)},
		Steps: []sla.Step{{At: sla.Moment{After: sla.Duration(time.Minute)}, Notify: []string{"lead"}, Metric: sla.Resolution}}})
	for _, after := range []*sla.PolicySet{nil, other} {
		inForce := func(t time.Time) *sla.PolicySet {
			if t.Before(utc(monday("10:20:00"))) {
				return escalating
			}
			return after
		}
		breached, _ := sla.FoldAll(slices.Values([]sla.Event{wrote("09:00:00"), wrote("10:15:00")}), inForce)
		if len(escalating.Steps(breached)) != 2 {
			t.Errorf("planned %+v, want the breach and an hour after it", escalating.Steps(breached))
		}
		removed, err := sla.InForce(inForce).Fold(breached, wrote("10:30:00"))
		if err != nil {
			t.Fatal(err)
		}
		if c, _ := removed.Clock(sla.FirstResponse); c.Verdict != sla.Breached || !c.BreachedAt().Equal(utc(monday("10:00:00"))) {
			t.Errorf("the breach became %+v", c)
		}
		for _, change := range sla.Changes(breached, removed) {
			if change.Withdrawn {
				t.Errorf("withdrawn: %+v", change)
			}
		}
		for _, planned := range after.Steps(removed) {
			if planned.Clock.Metric == sla.FirstResponse {
				t.Errorf("still planned: %+v", planned)
			}
		}
	}
}

func TestCase16AQuestionAfterTheAnswerThenSolved(t *testing.T) {
	t.Parallel()
	set := promise(t, summer(), sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 120), within(sla.NextResponse, 60)}})
	wantClocks(t, clocks(t, set, monday("12:00:00"), wrote("09:00:00"), answered("09:30:00"), wrote("09:40:00"), status(sla.Solved, "10:00:00")),
		"first_response met at 09:30:00, due 11:00:00", "next_response met at 10:00:00, due 10:40:00")
}

func TestCase17Reopening(t *testing.T) {
	t.Parallel()
	for choice, want := range map[sla.Reopening]string{
		"": "resolution running, due 15:00:00", sla.Extend: "resolution running, due 15:00:00", sla.Frozen: "resolution met at 10:00:00, due 13:00:00",
		sla.Restart: "resolution running, due 16:00:00", sla.Ignore: "resolution running, due 13:00:00",
	} {
		set := promise(t, summer(), sla.Policy{Reopening: choice, Targets: []sla.Target{within(sla.Resolution, 240)}})
		got := clocks(t, set, monday("12:00:00"), wrote("09:00:00"), status(sla.Solved, "10:00:00"), status(sla.Open, "12:00:00"))
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", choice, diff)
		}
	}
}

func TestCase18AMessageThatArrivesLate(t *testing.T) {
	t.Parallel()
	set := promise(t, summer(), sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 120), within(sla.NextResponse, 60)}})
	events := []sla.Event{wrote("09:00:00"), answered("10:00:00")}
	state, _ := sla.FoldAll(slices.Values(events), func(time.Time) *sla.PolicySet { return set })
	late := wrote("09:50:00")
	if _, err := set.Fold(state, late); err != sla.ErrLate {
		t.Errorf("Fold of the late message: %v, want ErrLate", err)
	}
	wantClocks(t, judged(append(events, late), func(time.Time) *sla.PolicySet { return set }, monday("12:00:00")), "first_response met at 10:00:00, due 11:00:00")
}

func TestCase19TwoMessagesWithTheSameTime(t *testing.T) {
	t.Parallel()
	set := promise(t, summer(), sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 120), within(sla.NextResponse, 60)}})
	question, answer := wrote("09:00:00"), answered("09:00:00")
	for _, tt := range []struct {
		question, answer sla.Mark
		want             string
	}{
		{sla.Mark{Order: "1", Key: "b"}, sla.Mark{Order: "2", Key: "a"}, "first_response met at 09:00:00, due 11:00:00"},
		{sla.Mark{Order: "2", Key: "a"}, sla.Mark{Order: "1", Key: "b"}, "first_response running, due 11:00:00"},
		{sla.Mark{Key: "a"}, sla.Mark{Key: "b"}, "first_response met at 09:00:00, due 11:00:00"},
		{sla.Mark{Key: "b"}, sla.Mark{Key: "a"}, "first_response running, due 11:00:00"},
	} {
		question.Order, question.Key, answer.Order, answer.Key = tt.question.Order, tt.question.Key, tt.answer.Order, tt.answer.Key
		for _, arrival := range [][]sla.Event{{question, answer}, {answer, question}} {
			wantClocks(t, judged(arrival, func(time.Time) *sla.PolicySet { return set }, monday("09:30:00")), tt.want)
		}
	}
}

func TestCase20TheAnswerFailedAfterAll(t *testing.T) {
	t.Parallel()
	set := promise(t, summer(), sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 120), within(sla.PeriodicUpdate, 600)}})
	answer := answered("10:00:00")
	failed := happened(sla.AnswerWithdrawn, monday("10:05:00"))
	failed.Key = answer.Key
	wantClocks(t, judged([]sla.Event{wrote("09:00:00"), answer, failed}, func(time.Time) *sla.PolicySet { return set }, monday("10:30:00")), "first_response running, due 11:00:00")
}

func TestCase21TwoCustomersUnderOnePost(t *testing.T) {
	t.Parallel()
	// Each has a ticket of their own; an answer to one of them is no event of the other's.
	set := firstResponse(t)
	wantClocks(t, clocks(t, set, monday("10:00:00"), wrote("09:00:00"), answered("09:30:00")), "first_response met at 09:30:00, due 11:00:00")
	wantClocks(t, clocks(t, set, monday("10:00:00"), wrote("09:05:00")), "first_response running, due 11:05:00")
	// When the tickets are merged, each line still wants its own answer.
	other := wrote("09:05:00")
	other.Line = "other"
	wantClocks(t, clocks(t, set, monday("10:00:00"), wrote("09:00:00"), other, answered("09:30:00")),
		"first_response met at 09:30:00, due 11:00:00", "first_response of other running, due 11:05:00")
}

func TestCase22AnAutomatedTextComesBack(t *testing.T) {
	t.Parallel()
	set := promise(t, summer(), sla.Policy{Targets: []sla.Target{within(sla.Acknowledgement, 60), within(sla.FirstResponse, 120)}})
	echo := answered("09:00:05")
	echo.Automated = true
	wantClocks(t, clocks(t, set, monday("09:30:00"), wrote("09:00:00"), echo, echo), "acknowledgement met at 09:00:05, due 10:00:00", "first_response running, due 11:00:00")
}
