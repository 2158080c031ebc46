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
