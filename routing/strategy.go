package routing

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// Strategy is one of the ways to choose between agents that a lane composes. In JSON it is its name, or an object where it says more:
//
//	"strategy": [{"by": "reserve", "keep": 1, "from": "high"}, {"by": "sticky", "within": "720h"}, "best_skill", "least_loaded", "longest_idle"]
type Strategy struct {
	By By `json:"by"`
	// Within, for Sticky, is how long ago an agent who knows the contact must have served it last. 0: however long.
	Within sla.Duration `json:"within,omitzero"`
	// Keep, for Reserve, is the weight that tickets of low priority leave free with each agent; at least 1.
	Keep int `json:"keep,omitempty"`
	// From, for Reserve, is the lowest priority that may take all. Nil: ticket.High.
	From *ticket.Priority `json:"from,omitempty"`
}

// By names a Strategy.
type By string

const (
	// Sticky puts first the contact's owner (a named adviser), then who served the contact last, as long as they are of the team, can do it and have room.
	Sticky By = "sticky"
	// Reserve leaves capacity free for tickets of high priority.
	Reserve By = "reserve"
	// BestSkill prefers who speaks the ticket's language, then the highest sum of levels in the skills that the lane asks for.
	BestSkill By = "best_skill"
	// LeastLoaded prefers the smallest share of capacity in use.
	LeastLoaded By = "least_loaded"
	// LongestIdle prefers who has nothing to do, then whose hands became free, or who came, the longest ago.
	LongestIdle By = "longest_idle"
	// RoundRobin prefers who was given work the longest ago, as the Roster saw it; those who were given none since it was made come first.
	RoundRobin By = "round_robin"
	// Random decides by chance, which Query.Seed and the ticket make repeatable.
	Random By = "random"
)

// standard is the strategy of a lane that names none.
var standard = []By{LeastLoaded, LongestIdle}

// UnmarshalJSON reads a name or an object, strictly.
func (s *Strategy) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '"' {
		*s = Strategy{}
		return json.Unmarshal(data, &s.By)
	}
	type fields Strategy // without UnmarshalJSON
	var f fields
	if err := rule.DecodeStrict(data, &f); err != nil {
		return err
	}
	*s = Strategy(f)
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads, in the shortest form.
func (s Strategy) MarshalJSON() ([]byte, error) {
	if (s == Strategy{By: s.By}) {
		return json.Marshal(s.By)
	}
	type fields Strategy
	return json.Marshal(fields(s))
}

// from returns the lowest priority that may take what Reserve keeps.
func (s *Strategy) from() ticket.Priority {
	if s.From == nil {
		return ticket.High
	}
	return *s.From
}

// checkStrategies reports what cannot be in a lane's strategy.
func checkStrategies(list []Strategy) error {
	var decided By // by which nobody is left equal
	ranks := false
	seen := make(map[By]bool)
	for i, s := range list {
		switch {
		case !slices.Contains([]By{Sticky, Reserve, BestSkill, LeastLoaded, LongestIdle, RoundRobin, Random}, s.By):
			return fmt.Errorf("strategy[%d] %q: want sticky, reserve, best_skill, least_loaded, longest_idle, round_robin or random", i, s.By)
		case seen[s.By]:
			return fmt.Errorf("strategy[%d] %q: is there twice", i, s.By)
		case s.Within != 0 && s.By != Sticky || (s.Keep != 0 || s.From != nil) && s.By != Reserve:
			return fmt.Errorf("strategy[%d] %q: within belongs to sticky, keep and from to reserve", i, s.By)
		case s.Within < 0:
			return fmt.Errorf("strategy[%d] %q: within: want 0 or more", i, s.By)
		case s.By == Reserve && s.Keep < 1:
			return fmt.Errorf("strategy[%d] %q: keep: want 1 or more, got %d", i, s.By, s.Keep)
		case s.By == Sticky && ranks:
			return fmt.Errorf("strategy[%d] %q: put it before those that compare all agents", i, s.By)
		case decided != "" && s.By != Reserve:
			return fmt.Errorf("strategy[%d] %q: is never asked, because %s leaves nobody equal", i, s.By, decided)
		}
		seen[s.By] = true
		switch s.By {
		case Random:
			decided, ranks = s.By, true
		case BestSkill, LeastLoaded, LongestIdle, RoundRobin:
			ranks = true
		}
	}
	return nil
}
