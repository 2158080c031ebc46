package sla_test

import (
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// A gold customer is promised an answer within the hour. The automated text acknowledges; the agent's answer comes too late.
func Example() {
	policies, err := sla.NewPolicySet([]sla.Policy{{
		Name: "gold",
		When: rule.Condition{Fact: "contact.tier", Equals: rule.Text("gold")},
		Targets: []sla.Target{
			{Metric: sla.Acknowledgement, Within: sla.Duration(5 * time.Minute)},
			{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)},
		},
	}}, sla.Calendars{}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}

	nine := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	var state sla.State
	for _, e := range []sla.Event{
		{Mark: sla.Mark{Time: nine, Key: "question"}, Kind: sla.CustomerWrote, Facts: &sla.Facts{Tier: "gold"}},
		{Mark: sla.Mark{Time: nine.Add(time.Minute), Key: "auto"}, Kind: sla.Answered, Automated: true},
		{Mark: sla.Mark{Time: nine.Add(61 * time.Minute), Key: "answer"}, Kind: sla.Answered},
	} {
		if state, err = policies.Fold(state, e); err != nil {
			fmt.Println(err)
			return
		}
		for _, c := range state.Clocks {
			fmt.Printf("%s  %s: %s, due %s\n", e.Key, c.Metric, c.Verdict, c.Due.Format("15:04"))
		}
	}
	// Output:
	// question  acknowledgement: running, due 09:05
	// question  first_response: running, due 10:00
	// auto  acknowledgement: met, due 09:05
	// auto  first_response: running, due 10:00
	// answer  acknowledgement: met, due 09:05
	// answer  first_response: breached, due 10:00
}
