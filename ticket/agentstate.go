package ticket

import "time"

// Presence says whether an agent can be given work.
type Presence string

const (
	Offline   Presence = ""          // the zero value: not working
	Available Presence = "available" // takes new tickets
	Busy      Presence = "busy"      // keeps what is there, takes nothing new
	Away      Presence = "away"      // back soon, takes nothing new
)

// AgentState is what changes about an agent during the day. The Store keeps Load right: only Reserve and Release change it.
type AgentState struct {
	Name     string   `json:"name"`
	Presence Presence `json:"presence,omitempty"`
	// Capacity is how much weight the agent can hold at once; a ticket weighs 1 unless routing says otherwise.
	Capacity int `json:"capacity"`
	// Load is the weight held now.
	Load int `json:"load"`
	// Since is when Presence last changed; Freed when a ticket was last released. Routing by longest idle reads them.
	Since time.Time `json:"since,omitzero"`
	Freed time.Time `json:"freed,omitzero"`
}

// Free is the weight that can still be reserved: 0 unless Available.
func (a AgentState) Free() int {
	if a.Presence != Available || a.Load >= a.Capacity {
		return 0
	}
	return a.Capacity - a.Load
}
