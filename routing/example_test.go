package routing_test

import (
	"context"
	"fmt"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// Baggage has a lane of its own; Bo has less to do than Ada.
func Example() {
	org := routing.Org{
		Teams: []routing.Team{{Name: "ground"}},
		Lanes: []routing.Lane{{Name: "baggage", Team: "ground", When: rule.Condition{Fact: "text", Word: "bag"}}},
		Agents: []routing.Agent{
			{Name: "ada", Teams: []string{"ground"}, Capacity: 4, AlwaysOn: true},
			{Name: "bo", Teams: []string{"ground"}, Capacity: 4, AlwaysOn: true},
		},
	}
	router, err := routing.New(org, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	roster := routing.NewRoster(org.Agents)
	roster.Set(ticket.AgentState{Name: "ada", Presence: ticket.Available, Capacity: 4, Load: 3})

	d, err := router.Route(context.Background(), routing.Query{Message: &channel.Message{Text: "Where is my bag?"}, Roster: roster})
	fmt.Println(d.Lane, d.Candidates, err)
	fmt.Println(d.Matched)
	// Output:
	// baggage [bo ada] <nil>
	// text contains word "bag"
}

// A lane with a word list, a strategy and a fallback, as a desk file has them; and why a message went where it did.
func ExampleLanes_Explain() {
	var org routing.Org
	err := rule.DecodeStrict([]byte(`{
		"lanes": [
			{"name": "refunds", "team": "money", "when": {"fact": "text", "list": "refunds"}, "fallback": "care", "strategy": ["best_skill", "longest_idle"]},
			{"name": "care", "team": "care"}
		],
		"teams": [{"name": "money"}, {"name": "care"}],
		"words": {"refunds": ["refund", "remboursé"]},
		"agents": [{"name": "mo", "teams": ["money"]}, {"name": "cy", "teams": ["care"], "always_on": true}]
	}`), &org)
	if err != nil {
		fmt.Println(err)
		return
	}
	lanes, err := routing.New(org, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	x := lanes.Explain(routing.Query{Message: &channel.Message{Text: "When am I REMBOURSE?"}, Roster: routing.NewRoster(org.Agents)})
	fmt.Println(x.Lanes[0].Why)
	fmt.Println(x.Decision.Moved, x.Decision.Candidates)
	// Output:
	// text contains "remboursé", listed in "refunds"
	// [{refunds care nobody there}] [cy]
}
