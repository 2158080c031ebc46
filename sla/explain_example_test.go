package sla_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// A customer writes on Friday at 16:45 and is answered on Monday, a second too late.
func ExampleExplain() {
	shop, err := sla.NewCalendar(sla.Hours{Zone: "UTC", Week: sla.Weekdays(sla.Interval{From: 9 * time.Hour, To: 17 * time.Hour})})
	if err != nil {
		fmt.Println(err)
		return
	}
	policies, err := sla.NewPolicySet([]sla.Policy{{
		Name: "standard", Calendar: "shop", Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(30 * time.Minute)}},
	}}, sla.Calendars{Named: map[string]*sla.Calendar{"shop": shop}}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	friday, monday := time.Date(2026, 6, 5, 16, 45, 0, 0, time.UTC), time.Date(2026, 6, 8, 9, 15, 1, 0, time.UTC)
	events := slices.Values([]sla.Event{
		{Mark: sla.Mark{Time: friday, Key: "question"}, Kind: sla.CustomerWrote, Facts: &sla.Facts{Lane: "bags"}},
		{Mark: sla.Mark{Time: monday, Key: "answer"}, Kind: sla.Answered},
	})
	for _, x := range sla.Explain(events, func(time.Time) *sla.PolicySet { return policies }, monday) {
		fmt.Print(x)
	}
	// Output:
	// first_response (UTC): breached: was due Mon 2026-06-08 09:15, ended Mon 2026-06-08 09:15:01 (answered), 30m1s of 30m spent
	//   Fri 2026-06-05 16:45  promised by policy standard (30m in calendar shop), due Mon 2026-06-08 09:15
	//   Fri 2026-06-05 16:45 – 17:00  15m open
	//   Fri 2026-06-05 17:00 – Mon 2026-06-08 09:00  nothing, outside hours
	//   Mon 2026-06-08 09:00 – 09:15:01  15m1s open
	//   Mon 2026-06-08 09:15  breached (held by lane bags)
	//   Mon 2026-06-08 09:15:01  ended late (answered)
}

// A warning when three quarters of the time have passed, and the lead an hour after the breach.
func ExamplePolicySet_Steps() {
	policies, err := sla.NewPolicySet([]sla.Policy{{
		Name:    "standard",
		Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(2 * time.Hour)}},
		Steps:   []sla.Step{{At: sla.Moment{Percent: 75}}, {At: sla.Moment{After: sla.Duration(time.Hour)}, Notify: []string{"lead"}}},
	}}, sla.Calendars{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	nine := time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)
	state, err := policies.Fold(sla.State{}, sla.Event{Mark: sla.Mark{Time: nine, Key: "question"}, Kind: sla.CustomerWrote})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, planned := range policies.Steps(state) {
		fmt.Println(planned.At.Format("15:04"), planned.Step.At, planned.Step.Notify)
	}
	// Output:
	// 10:30 75% []
	// 12:00 1h after [lead]
}
