package sla_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

func of(line string, e sla.Event) sla.Event {
	e.Line = line
	e.Key += line
	return e
}

func automated(clock string) sla.Event {
	e := answered(clock)
	e.Automated = true
	return e
}

func withdraws(message sla.Event, clock string) sla.Event {
	e := happened(sla.MessageWithdrawn, monday(clock))
	e.Of, e.Line = message.Mark, message.Line
	return e
}

func because(reason, clock string) sla.Event {
	e := status(sla.Solved, clock)
	e.Reason = reason
	return e
}

func tagged(clock string, priority sla.Priority, lane string, tags ...string) sla.Event {
	return told(sla.Facts{Priority: priority, Lane: lane, Agent: "of " + lane, Tags: tags}, monday(clock))
}

// TestMetrics says sentence by sentence what the metrics mean. Everything counts around the clock, with first response in 2 h, next response in 1 h, periodic
// update in 3 h, resolution, requester wait and agent work in 4 h, unless the row brings a policy of its own.
func TestMetrics(t *testing.T) {
	t.Parallel()
	first, next, periodic, resolution := within(sla.FirstResponse, 120), within(sla.NextResponse, 60), within(sla.PeriodicUpdate, 180), within(sla.Resolution, 240)
	high := func(m sla.Metric, minutes int) sla.Target {
		target := within(m, minutes)
		target.Priority = new(sla.High)
		return target
	}
	question := wrote("09:00:00")
	second, third := wrote("09:40:00"), wrote("09:50:00")
	type row struct {
		name    string
		targets []sla.Target
		policy  sla.Policy
		events  []sla.Event
		want    []string
	}
	for _, tt := range []row{
		{"next response starts at the oldest unanswered message, and further ones do not move it", []sla.Target{next}, sla.Policy{},
			[]sla.Event{question, answered("09:30:00"), second, third}, []string{"next_response running, due 10:40:00"}},
		{"each answer ends it, and the next message starts another", []sla.Target{next}, sla.Policy{},
			[]sla.Event{question, answered("09:30:00"), second, answered("09:45:00"), third, answered("11:00:00")},
			[]string{"next_response met at 09:45:00, due 10:40:00", "next_response breached at 11:00:00, due 10:50:00"}},
		{"an automated text ends none", []sla.Target{first, next}, sla.Policy{}, []sla.Event{question, answered("09:30:00"), second, automated("09:41:00")},
			[]string{"first_response met at 09:30:00, due 11:00:00", "next_response running, due 10:40:00"}},
		{"unless the policy takes anyone's", []sla.Target{first, next, periodic}, sla.Policy{Responses: sla.ByAnyone},
			[]sla.Event{question, automated("09:30:00"), second, automated("09:41:00")},
			[]string{"first_response met at 09:30:00, due 11:00:00", "next_response met at 09:41:00, due 10:40:00",
				"periodic_update met at 09:41:00, due 12:30:00", "periodic_update running, due 12:41:00"}},
		{"a message, its answer and another message in one instant: the other waits", []sla.Target{next}, sla.Policy{},
			[]sla.Event{question, answered("09:30:00"), order(second, "1"), order(answered("09:40:00"), "2"), order(wrote("09:40:00"), "3")},
			[]string{"next_response running, due 10:40:00"}},
		{"the parts of a reply in one instant are one update", []sla.Target{periodic}, sla.Policy{},
			[]sla.Event{question, order(answered("09:30:00"), "1"), order(answered("09:30:00"), "2")}, []string{"periodic_update running, due 12:30:00"}},
		{"periodic update goes from post to post, stands still in pending and ends with solving", []sla.Target{periodic}, sla.Policy{},
			[]sla.Event{question, answered("09:30:00"), status(sla.Pending, "09:31:00"), status(sla.Open, "10:31:00"), answered("11:00:00"), status(sla.Solved, "11:30:00")},
			[]string{"periodic_update met at 11:00:00, due 13:30:00", "periodic_update met at 11:30:00, due 14:00:00"}},
		{"on-hold pauses nothing that was promised to the customer", []sla.Target{periodic, resolution, within(sla.RequesterWait, 240)}, sla.Policy{},
			[]sla.Event{question, answered("09:30:00"), status(sla.OnHold, "09:31:00")},
			[]string{"periodic_update running, due 12:30:00", "resolution running, due 13:00:00", "requester_wait running, due 13:00:00"}},
		{"agent work counts while new or open, requester wait while on-hold too", []sla.Target{within(sla.RequesterWait, 240), within(sla.AgentWork, 240)}, sla.Policy{},
			[]sla.Event{question, status(sla.OnHold, "09:30:00"), status(sla.Pending, "10:00:00"), status(sla.Open, "11:00:00")},
			[]string{"requester_wait running, due 14:00:00", "agent_work running, due 14:30:00"}},
		{"a goodbye on the solved ticket owes no update when it is reopened", []sla.Target{periodic}, sla.Policy{},
			[]sla.Event{question, answered("09:30:00"), status(sla.Solved, "10:00:00"), answered("10:01:00"), wrote("20:00:00"), status(sla.Open, "20:00:01")},
			[]string{"periodic_update met at 10:00:00, due 12:30:00"}},
		{"nor does what was said before it was solved", []sla.Target{periodic}, sla.Policy{},
			[]sla.Event{question, answered("09:30:00"), status(sla.Solved, "10:00:00"), status(sla.Open, "20:00:01"), answered("20:30:00")},
			[]string{"periodic_update met at 10:00:00, due 12:30:00", "periodic_update running, due 23:30:00"}},
		{"an answer that solves begins no update, however it is told", []sla.Target{first, periodic}, sla.Policy{},
			[]sla.Event{question, order(answered("09:30:00"), "1"), order(status(sla.Solved, "09:30:00"), "2")}, []string{"first_response met at 09:30:00, due 11:00:00"}},
		{"and ends the one before", []sla.Target{periodic}, sla.Policy{},
			[]sla.Event{question, answered("09:30:00"), order(answered("10:30:00"), "1"), order(status(sla.Solved, "10:30:00"), "2"), wrote("11:00:00"), status(sla.Open, "11:00:01")},
			[]string{"periodic_update met at 10:30:00, due 12:30:00"}},
		{"solved before any response, the reopening message starts next response", []sla.Target{first, next}, sla.Policy{},
			[]sla.Event{question, status(sla.Solved, "09:30:00"), wrote("15:00:00"), status(sla.Open, "15:00:01")},
			[]string{"first_response met at 09:30:00, due 11:00:00", "next_response running, due 16:00:00"}},
		{"a deleted message that others follow ends nothing", []sla.Target{first}, sla.Policy{}, []sla.Event{question, second, withdraws(question, "09:45:00")},
			[]string{"first_response running, due 11:00:00"}},
		{"the last one deleted does", []sla.Target{first}, sla.Policy{}, []sla.Event{question, second, withdraws(question, "09:45:00"), withdraws(second, "09:46:00")},
			[]string{"first_response withdrawn at 09:46:00, due 11:00:00"}},
		{"one that is told twice is one", []sla.Target{first}, sla.Policy{}, []sla.Event{question, second, withdraws(question, "09:45:00"), withdraws(question, "09:46:00")},
			[]string{"first_response running, due 11:00:00"}},
		{"also when others were written since", []sla.Target{first}, sla.Policy{},
			[]sla.Event{question, withdraws(question, "09:10:00"), second, withdraws(question, "09:45:00")},
			[]string{"first_response withdrawn at 09:10:00, due 11:00:00", "first_response running, due 11:40:00"}},
		{"then the next message is the first", []sla.Target{first, next}, sla.Policy{}, []sla.Event{question, withdraws(question, "09:10:00"), second},
			[]string{"first_response withdrawn at 09:10:00, due 11:00:00", "first_response running, due 11:40:00"}},
		{"deleted too late it is a breach all the same", []sla.Target{first}, sla.Policy{}, []sla.Event{question, withdraws(question, "11:10:00")},
			[]string{"first_response breached at 11:10:00, due 11:00:00"}},
		{"deleting a message that was answered reverses no verdict", []sla.Target{first, next}, sla.Policy{},
			[]sla.Event{question, answered("09:30:00"), second, withdraws(question, "09:45:00")},
			[]string{"first_response met at 09:30:00, due 11:00:00", "next_response running, due 10:40:00"}},
		{"an answer given elsewhere, and one that is forbidden", []sla.Target{first, next}, sla.Policy{},
			[]sla.Event{question, happened(sla.AnswerGivenElsewhere, monday("09:30:00")), second, happened(sla.ReplyForbidden, monday("09:45:00"))},
			[]string{"first_response answered elsewhere at 09:30:00, due 11:00:00", "next_response cannot reply at 09:45:00, due 10:40:00"}},
		{"no reply needed", []sla.Target{first, resolution}, sla.Policy{}, []sla.Event{question, because("spam", "09:30:00")},
			[]string{"first_response no reply needed at 09:30:00, due 11:00:00", "resolution met at 09:30:00, due 13:00:00"}},
		{"a merged line wants its own answer, and has its own next response", []sla.Target{first, next}, sla.Policy{},
			[]sla.Event{question, of("x", wrote("09:10:00")), answered("09:30:00"), of("x", answered("09:40:00")), of("x", wrote("09:50:00")), of("y", wrote("09:55:00"))},
			[]string{"first_response met at 09:30:00, due 11:00:00", "first_response of x met at 09:40:00, due 11:10:00",
				"first_response of y running, due 11:55:00", "next_response of x running, due 10:50:00"}},
		{"solving ends all lines; what was solved of a line ends only that", []sla.Target{first}, sla.Policy{},
			[]sla.Event{question, of("x", wrote("09:10:00")), of("y", wrote("09:20:00")), of("x", status(sla.Solved, "09:30:00")), status(sla.Solved, "10:00:00")},
			[]string{"first_response met at 10:00:00, due 11:00:00", "first_response of x met at 09:30:00, due 11:10:00", "first_response of y met at 10:00:00, due 11:20:00"}},
		{"a change of priority keeps the time spent, also while paused", []sla.Target{resolution, high(sla.Resolution, 120)}, sla.Policy{},
			[]sla.Event{question, status(sla.Pending, "10:00:00"), tagged("10:30:00", sla.High, ""), status(sla.Open, "11:00:00")}, []string{"resolution running, due 12:00:00"}},
		{"and may breach at once, at the instant at which the target was spent, also while paused", []sla.Target{resolution, high(sla.Resolution, 30)}, sla.Policy{},
			[]sla.Event{question, status(sla.Pending, "10:00:00"), tagged("10:30:00", sla.High, "")}, []string{"resolution breached, stands still"}},
		{"spent to the end when it paused, it is due as it runs on", []sla.Target{resolution, high(sla.Resolution, 60)}, sla.Policy{},
			[]sla.Event{question, status(sla.Pending, "10:00:00"), tagged("10:30:00", sla.High, ""), status(sla.Open, "11:00:00")}, []string{"resolution running, due 11:00:00"}},
		{"what begins to be promised late counts what had passed, less its pauses", []sla.Target{first, high(sla.Resolution, 120)}, sla.Policy{},
			[]sla.Event{question, status(sla.Pending, "09:30:00"), status(sla.Open, "10:30:00"), tagged("10:40:00", sla.High, "")},
			[]string{"first_response running, due 11:00:00", "resolution running, due 12:00:00"}},
		{"extend twice", []sla.Target{resolution}, sla.Policy{Reopening: sla.Extend}, reopenedTwice(), []string{"resolution running, due 16:00:00"}},
		{"restart twice", []sla.Target{resolution}, sla.Policy{Reopening: sla.Restart}, reopenedTwice(), []string{"resolution running, due 17:00:30"}},
		{"ignore twice", []sla.Target{resolution}, sla.Policy{Reopening: sla.Ignore}, reopenedTwice(), []string{"resolution breached, due 13:00:00"}},
		{"frozen twice", []sla.Target{resolution}, sla.Policy{Reopening: sla.Frozen}, reopenedTwice(), []string{"resolution met at 10:00:00, due 13:00:00"}},
		{"ignore: what stood still when it was solved stands still", []sla.Target{resolution}, sla.Policy{Reopening: sla.Ignore},
			[]sla.Event{question, status(sla.Pending, "09:30:00"), status(sla.Solved, "10:00:00"), status(sla.Open, "12:00:00")}, []string{"resolution running, due 15:30:00"}},
		{"ignore: it may be breached while solved", []sla.Target{resolution}, sla.Policy{Reopening: sla.Ignore},
			[]sla.Event{question, status(sla.Solved, "10:00:00"), status(sla.Open, "18:00:00")}, []string{"resolution breached, due 13:00:00"}},
		{"reopening does not undo a breach, under any rule", []sla.Target{resolution}, sla.Policy{Reopening: sla.Restart},
			[]sla.Event{question, status(sla.Solved, "13:00:01"), status(sla.Open, "14:00:00")}, []string{"resolution breached at 13:00:01, due 13:00:00"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := tt.policy
			p.Name, p.Targets = "standard", tt.targets
			now := tt.events[len(tt.events)-1].Time.Format(time.RFC3339Nano)
			if diff := cmp.Diff(tt.want, clocks(t, policies(t, sla.Calendars{}, p), now, tt.events...)); diff != "" {
				t.Errorf("clocks (-want +got):\n%s", diff)
			}
		})
	}
}

func order(e sla.Event, place string) sla.Event {
	e.Order = place
	e.Key += place
	return e
}

func reopenedTwice() []sla.Event {
	return []sla.Event{wrote("09:00:00"), status(sla.Solved, "10:00:00"), status(sla.Open, "12:00:00"), status(sla.Solved, "12:00:30"), status(sla.Closed, "12:30:00"),
		status(sla.Open, "13:00:30")}
}

func TestABreachBelongsToWhoHeldTheTicketThen(t *testing.T) {
	t.Parallel()
	set := policies(t, sla.Calendars{}, sla.Policy{Name: "all", Targets: []sla.Target{within(sla.Resolution, 240),
		{Metric: sla.Resolution, Within: sla.Duration(30 * time.Minute), Priority: new(sla.High)}}})
	question := wrote("09:00:00")
	question.Facts = &sla.Facts{Lane: "bags", Agent: "of bags"}
	for name, tt := range map[string]struct {
		events []sla.Event
		want   string
	}{
		"found by a later event":                      {[]sla.Event{question, tagged("14:00:00", 0, "seats"), wrote("15:00:00")}, "bags"},
		"handed over at the deadline":                 {[]sla.Event{question, tagged("13:00:00", 0, "seats"), wrote("15:00:00")}, "seats"},
		"found by what hands it over":                 {[]sla.Event{question, tagged("09:40:00", sla.High, "seats")}, "bags"},
		"found after it was handed over twice":        {[]sla.Event{question, tagged("09:20:00", 0, "seats"), tagged("09:35:00", 0, "meals"), tagged("09:40:00", sla.High, "meals")}, "seats"},
		"found while it stands still":                 {[]sla.Event{question, status(sla.Pending, "09:35:00"), tagged("09:36:00", 0, "seats"), tagged("09:40:00", sla.High, "seats")}, "bags"},
		"found by nobody: it is looked at afterwards": {[]sla.Event{question, tagged("09:40:00", 0, "seats")}, "seats"},
	} {
		c := sla.Judge(slices.Values(tt.events), func(time.Time) *sla.PolicySet { return set }, utc(monday("16:00:00")))[0]
		if c.Verdict != sla.Breached || c.Lane != tt.want || c.Agent != "of "+tt.want {
			t.Errorf("%s: %s, held by lane %q and agent %q, want %q", name, c.Verdict, c.Lane, c.Agent, tt.want)
		}
	}
}

func TestAnotherLaneCountsInItsCalendar(t *testing.T) {
	t.Parallel()
	set := policies(t, sla.Calendars{
		Named: map[string]*sla.Calendar{"early": calendar(t, office("UTC", 6, 10)), "late": calendar(t, office("UTC", 14, 22))},
		Lanes: map[string]string{"early": "early", "late": "late"},
	}, sla.Policy{Name: "all", Targets: []sla.Target{within(sla.FirstResponse, 120)}})
	question := wrote("09:00:00")
	question.Facts = &sla.Facts{Lane: "early"}
	wantClocks(t, clocks(t, set, monday("12:00:00"), question), "first_response running, due 2026-06-02T07:00:00Z")
	wantClocks(t, clocks(t, set, monday("12:00:00"), question, tagged("12:00:00", 0, "late")), "first_response running, due 15:00:00")
	wantClocks(t, clocks(t, set, monday("11:00:00"), question, tagged("09:30:00", 0, "")), "first_response running, due 11:00:00")
}

func TestNightsInWhichClocksChange(t *testing.T) {
	t.Parallel()
	nights := sla.Hours{Zone: "Europe/Berlin", Week: sla.EveryDay(between(0, 8))}
	set := promise(t, nights, sla.Policy{Targets: []sla.Target{within(sla.FirstResponse, 8*60, sla.Pending)}})
	for from, want := range map[string]string{
		"2026-03-28T23:00:00Z": "first_response running, due 2026-03-29T23:00:00Z", // seven hours, and one of the next night
		"2026-10-24T22:00:00Z": "first_response running, due 2026-10-25T06:00:00Z", // of nine
		"2026-06-01T22:00:00Z": "first_response running, due 2026-06-02T06:00:00Z",
	} {
		wantClocks(t, clocks(t, set, from, happened(sla.CustomerWrote, from)), want)
	}
}

func TestAPolicyThatChangesInAPause(t *testing.T) {
	t.Parallel()
	of := func(minutes int) *sla.PolicySet {
		return policies(t, sla.Calendars{}, sla.Policy{Name: "all", Targets: []sla.Target{within(sla.Resolution, minutes)}})
	}
	was, is := of(240), of(90)
	inForce := func(t time.Time) *sla.PolicySet {
		if t.Before(utc(monday("10:30:00"))) {
			return was
		}
		return is
	}
	events := []sla.Event{wrote("09:00:00"), status(sla.Pending, "10:00:00"), status(sla.Open, "11:00:00")}
	wantClocks(t, judged(events, inForce, monday("11:00:00")), "resolution running, due 11:30:00")
	wantClocks(t, judged(events[:2], inForce, monday("11:00:00")), "resolution running, stands still")
}

func TestNothingMatchesAndThenSomethingDoes(t *testing.T) {
	t.Parallel()
	set := policies(t, sla.Calendars{}, sla.Policy{Name: "vip", When: rule.Condition{Fact: "tags", Equals: rule.Text("vip")}, Targets: []sla.Target{within(sla.Resolution, 240)}})
	events := []sla.Event{wrote("09:00:00"), tagged("09:10:00", 0, "", "vip"), tagged("10:00:00", 0, ""), tagged("11:00:00", 0, "", "vip")}
	wantClocks(t, clocks(t, set, monday("10:30:00"), events[:3]...), "resolution unjudged at 10:00:00, due 13:00:00")
	wantClocks(t, clocks(t, set, monday("11:00:00"), events...), "resolution running, due 13:00:00")
}
