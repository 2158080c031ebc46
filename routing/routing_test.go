package routing

import (
	"context"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func word(w string) rule.Condition { return rule.Condition{Fact: "text", Word: w} }

// airline is a company with a lane for each kind of trouble.
func airline() Org {
	return Org{
		Teams: []Team{{Name: "ground"}, {Name: "money"}},
		Lanes: []Lane{
			{Name: "baggage", Team: "ground", When: word("bag"), Priority: new(ticket.High)},
			{Name: "refunds", Team: "money", When: word("refund")},
			{Name: "night", When: rule.Condition{Predicate: "night"}},
			{Name: "gold", Team: "ground", When: rule.Condition{Fact: "contact.tier", Equals: rule.Text("gold")}},
		},
		Agents: []Agent{
			{Name: "ada", Teams: []string{"ground"}, Capacity: 4, AlwaysOn: true}, {Name: "bo", Teams: []string{"ground", "money"}, Capacity: 4, AlwaysOn: true},
			{Name: "cy", Teams: []string{"ground"}},
		},
	}
}

func says(text string) Query {
	return Query{Ticket: ticket.Ticket{ID: "T1", Account: channel.AccountID{Platform: "x", ID: "7"}}, Message: &channel.Message{Text: text}}
}

func TestTheFirstLaneThatMatchesTakesTheTicket(t *testing.T) {
	t.Parallel()
	org := airline()
	router, err := New(org, rule.Predicates{"night": func(f rule.Facts) bool { return f.Fact("language").Equal(rule.Text("fr")) }})
	if err != nil {
		t.Fatal(err)
	}
	roster := NewRoster(org.Agents)
	roster.Set(ticket.AgentState{Name: "ada", Presence: ticket.Available, Capacity: 4, Load: 2})
	cy := []Passed{{Cause: NotPresent, Count: 1, First: []string{"cy"}}}
	french := says("bonjour")
	french.Ticket.Language = "fr"
	gold := says("hello")
	gold.Contact.Tier = "gold"
	tests := []struct {
		name  string
		query Query
		want  Decision
	}{
		{"a word", says("Where is my bag?"), Decision{Lane: "baggage", Team: "ground", Matched: `text contains word "bag"`, Priority: new(ticket.High),
			Weight: 1, Candidates: []string{"bo", "ada"}, Passed: cy}},
		{"two lanes would", says("refund my bag"), Decision{Lane: "baggage", Team: "ground", Matched: `text contains word "bag"`, Priority: new(ticket.High),
			Weight: 1, Candidates: []string{"bo", "ada"}, Passed: cy}},
		{"another team", says("a refund, please"), Decision{Lane: "refunds", Team: "money", Matched: `text contains word "refund"`, Weight: 1, Candidates: []string{"bo"}}},
		{"a lane without a team: nobody is assigned", french, Decision{Lane: "night", Matched: `predicate "night" holds`, Weight: 1}},
		{"the contact's tier", gold, Decision{Lane: "gold", Team: "ground", Matched: `contact.tier is "gold"`, Weight: 1, Candidates: []string{"bo", "ada"}, Passed: cy}},
		{"none", says("hello"), Decision{Lane: DefaultLane, Weight: 1}},
		{"none, and no message", Query{}, Decision{Lane: DefaultLane, Weight: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.query.Roster = roster
			for range 2 { // the same query gives the same decision
				got, err := router.Route(t.Context(), tt.query)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("decision (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestALaneThatTakesEverything(t *testing.T) {
	t.Parallel()
	router, err := New(Org{Lanes: []Lane{{Name: "all"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := router.Route(t.Context(), says("anything"))
	if diff := cmp.Diff(Decision{Lane: "all", Matched: "always", Weight: 1}, got); err != nil || diff != "" {
		t.Errorf("error %v, decision (-want +got):\n%s", err, diff)
	}
}

func TestNothingIsRoutedIntoALaneFilledByHand(t *testing.T) {
	t.Parallel()
	router, err := New(Org{Lanes: []Lane{{Name: "leads", ByHand: true}, {Name: "care", Escalation: "leads"}, {Name: "legal", ByHand: true}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := router.Route(t.Context(), says("hello"))
	if err != nil || got.Lane != "care" {
		t.Errorf("lane %q (%v), want care", got.Lane, err)
	}
}

func TestWithoutARosterNobodyIsNamed(t *testing.T) {
	t.Parallel()
	router, err := New(Org{Teams: []Team{{Name: "ground"}}, Lanes: []Lane{{Name: "all", Team: "ground"}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := router.Route(t.Context(), says("anything"))
	if diff := cmp.Diff(Decision{Lane: "all", Team: "ground", Matched: "always", Weight: 1}, got); err != nil || diff != "" {
		t.Errorf("error %v, decision (-want +got):\n%s", err, diff)
	}
}

func TestADecisionNamesFiveCandidatesAtMost(t *testing.T) {
	t.Parallel()
	org := crew(20)
	router, err := New(org, nil)
	if err != nil {
		t.Fatal(err)
	}
	q := says("anything")
	q.Roster = NewRoster(org.Agents)
	got, err := router.Route(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"agent-0000", "agent-0001", "agent-0002", "agent-0003", "agent-0004"}, got.Candidates); diff != "" {
		t.Errorf("candidates (-want +got):\n%s", diff)
	}
}

func TestARouterNeverChanges(t *testing.T) {
	t.Parallel()
	org := Org{Lanes: []Lane{{Name: "all"}}}
	router, err := New(org, nil)
	if err != nil {
		t.Fatal(err)
	}
	org.Lanes[0].Name = "changed"
	if got, _ := router.Route(t.Context(), says("anything")); got.Lane != "all" {
		t.Errorf("changing the org changed the router: lane %q", got.Lane)
	}
}

func TestAFunctionIsARouter(t *testing.T) {
	t.Parallel()
	var r Router = RouterFunc(func(_ context.Context, q Query) (Decision, error) { return Decision{Lane: string(q.Ticket.ID)}, nil })
	if got, err := r.Route(t.Context(), says("anything")); err != nil || got.Lane != "T1" {
		t.Errorf("Route = %+v, %v", got, err)
	}
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		org  Org
		want string
	}{
		{"a team without a name", Org{Teams: []Team{{Name: "a"}, {}}}, `teams[1]: name is missing`},
		{"two teams of a name", Org{Teams: []Team{{Name: "a"}, {Name: "a"}}}, `team "a": there are two of this name`},
		{"a lane without a name", Org{Lanes: []Lane{{}}}, `lanes[0]: name is missing`},
		{"two lanes of a name", Org{Lanes: []Lane{{Name: "a", When: word("x")}, {Name: "a"}}}, `lane "a": there are two of this name`},
		{"a lane of an unknown team", Org{Lanes: []Lane{{Name: "a", Team: "b"}}}, `lane "a": team "b" is not known`},
		{"a lane that no ticket reaches", Org{Lanes: []Lane{{Name: "a"}, {Name: "b", When: word("x")}}},
			`lane "b": no ticket can reach it, because lane "a" before it takes everything`},
		{"an agent without a name", Org{Agents: []Agent{{}}}, `agents[0]: name is missing`},
		{"two agents of a name", Org{Agents: []Agent{{Name: "a"}, {Name: "a"}}}, `agent "a": there are two of this name`},
		{"a negative capacity", Org{Agents: []Agent{{Name: "a", Capacity: -1}}}, `agent "a": capacity: want 0 or more, got -1`},
		{"an agent of an unknown team", Org{Agents: []Agent{{Name: "a", Teams: []string{"b"}}}}, `agent "a": team "b" is not known`},
		{"a role that there is not", Org{Agents: []Agent{{Name: "a", Role: "boss"}}}, `agent "a": role "boss": want trainee, agent or lead`},
		{"a condition on a lane filled by hand", Org{Lanes: []Lane{{Name: "a", ByHand: true, When: word("x")}}},
			`lane "a": when: nothing is routed into a lane that is by_hand`},
		{"an escalation to nowhere", Org{Lanes: []Lane{{Name: "a", Escalation: "b"}}}, `lane "a": escalation: lane "b" is not known`},
		{"an escalation in a circle", Org{Lanes: []Lane{{Name: "a", When: word("x"), Escalation: "b"}, {Name: "b", Escalation: "a"}}}, `lane "a": escalation leads back to it: a → b → a`},
		{"an escalation to itself", Org{Lanes: []Lane{{Name: "a", Escalation: "a"}}}, `lane "a": escalation leads back to it: a → a`},
		{"an escalation into a circle", Org{Lanes: []Lane{{Name: "a", When: word("x"), Escalation: "b"}, {Name: "b", When: word("y"), Escalation: "c"}, {Name: "c", Escalation: "b"}}},
			`lane "b": escalation leads back to it: b → c → b`},
		{"a lane behind one that takes all that it would", Org{Lanes: []Lane{{Name: "a", When: rule.Condition{Any: []rule.Condition{word("x"), word("y")}}}, {Name: "b", When: word("y")}}},
			`lane "b": no ticket can reach it, because lane "a" before it takes all that it would`},
		{"two lanes of one condition", Org{Lanes: []Lane{{Name: "a", When: word("x")}, {Name: "b", When: word("x")}}},
			`lane "b": no ticket can reach it, because lane "a" before it takes all that it would`},
		{"a condition that takes everything in another form", Org{Lanes: []Lane{{Name: "a", When: rule.Condition{All: []rule.Condition{{}}}}, {Name: "b", When: word("x")}}},
			`lane "b": no ticket can reach it, because lane "a" before it takes everything`},
		{"a condition that never holds", Org{Lanes: []Lane{{Name: "a", When: rule.Condition{Not: &rule.Condition{}}}}}, `lane "a": no ticket can reach it, because its condition never holds`},
		{"a priority rule that is never used", Org{Lanes: []Lane{{Name: "a", Priorities: []PriorityRule{{When: word("x")}, {When: word("x")}}}}},
			`lane "a": priorities[1]: is never used, because priorities[0] takes all that it would`},
		{"fallback and overflow in a circle", Org{Teams: []Team{{Name: "t"}}, Lanes: []Lane{{Name: "a", When: word("x"), Team: "t", Fallback: "b"}, {Name: "b", Overflow: Overflow{To: "a", Longer: 1}}}},
			`lane "a": fallback and overflow lead back to it: a → b → a`},
		{"a fallback that is not known", Org{Teams: []Team{{Name: "t"}}, Lanes: []Lane{{Name: "a", Team: "t", Fallback: "b"}}}, `lane "a": fallback: lane "b" is not known`},
		{"a fallback that is never used", Org{Lanes: []Lane{{Name: "a", Fallback: "b"}, {Name: "b", ByHand: true}}},
			`lane "a": fallback: is never used, because the lane has neither a calendar nor a team`},
		{"a fallback after less than no time", Org{Teams: []Team{{Name: "t"}}, Lanes: []Lane{{Name: "a", Team: "t", Fallback: "b", FallbackAfter: -1}, {Name: "b", ByHand: true}}},
			`lane "a": fallback_after: want 0 or more, got -1ns`},
		{"a time to a fallback that there is not", Org{Teams: []Team{{Name: "t"}}, Lanes: []Lane{{Name: "a", Team: "t", FallbackAfter: 1}}},
			`lane "a": fallback_after: is never used, because the lane has no fallback or no team`},
		{"an overflow that is never used", Org{Lanes: []Lane{{Name: "a", Overflow: Overflow{To: "b"}}, {Name: "b", ByHand: true}}}, `lane "a": overflow: is never used; want after or longer`},
		{"an overflow to nowhere", Org{Lanes: []Lane{{Name: "a", Overflow: Overflow{Longer: 5}}}}, `lane "a": overflow: to is missing`},
		{"an unknown calendar", Org{Lanes: []Lane{{Name: "a", Calendar: "day"}}}, `lane "a": calendar: calendar "day" is not known`},
		{"an unknown shift", Org{Agents: []Agent{{Name: "a", Shift: "day"}}}, `agent "a": shift: calendar "day" is not known`},
		{"a calendar that is none", Org{Calendars: map[string]sla.Hours{"day": {Zone: "UTC"}}}, `calendar "day": calendar: is never open`},
		{"a team of nobody", Org{Teams: []Team{{Name: "t"}}, Lanes: []Lane{{Name: "a", Team: "t"}}, Agents: []Agent{{Name: "a"}}}, `team "t": nobody is in it, and lane "a" needs it`},
		{"a lane in which nobody can work", Org{Teams: []Team{{Name: "t"}}, Lanes: []Lane{{Name: "a", Team: "t", Skills: map[string]int{"law": 2, "money": 1}}},
			Agents: []Agent{{Name: "a", Teams: []string{"t"}, Skills: map[string]int{"law": 1, "money": 1}}}}, `lane "a": nobody in team "t" has the skills it asks for: law 2, money 1`},
		{"a level of none", Org{Agents: []Agent{{Name: "a", Skills: map[string]int{"law": 0}}}}, `agent "a": skills: "law": want a level of 1 or more, got 0`},
		{"a strategy without a team", Org{Lanes: []Lane{{Name: "a", Strategy: []Strategy{{By: Random}}}}}, `lane "a": skills, speak and strategy choose between agents, and it has no team`},
		{"a strategy that there is not", laneOf("best"), `lane "a": strategy[0] "best": want sticky, reserve, best_skill, least_loaded, longest_idle, round_robin or random`},
		{"a strategy after chance", laneOf(Random, LeastLoaded), `lane "a": strategy[1] "least_loaded": is never asked, because random leaves nobody equal`},
		{"sticky too late", laneOf(BestSkill, Sticky), `lane "a": strategy[1] "sticky": put it before those that compare all agents`},
		{"a reserve of nothing", laneOf(Reserve), `lane "a": strategy[0] "reserve": keep: want 1 or more, got 0`},
		{"a strategy twice", laneOf(LeastLoaded, LeastLoaded), `lane "a": strategy[1] "least_loaded": is there twice`},
		{"a weight that is never used", Org{Weights: []Weight{{When: word("x"), Weight: 2}, {When: rule.Condition{All: []rule.Condition{word("x"), word("y")}}, Weight: 3}}},
			`weights[1]: is never used, because weights[0] takes all that it would`},
		{"a weight of nothing", Org{Weights: []Weight{{}}}, `weights[0]: weight: want 1 or more, got 0`},
		{"an unknown fact in a priority", Org{Lanes: []Lane{{Name: "a", Priorities: []PriorityRule{{When: rule.Condition{Fact: "txt", Word: "x"}}}}}},
			`lane "a": priorities[0].when: fact "txt" is not known; ticket.Facts lists those that are`},
		{"an unknown word list", Org{Lanes: []Lane{{Name: "a", When: rule.Condition{Fact: "text", List: "l"}}}},
			`lane "a": when: rule: compile condition: list: "l" is unknown; there are no lists here`},
		{"all at once", Org{Lanes: []Lane{{Name: "a", Team: "t"}, {Name: "a"}}, Agents: []Agent{{Name: "b", Capacity: -1}}},
			"lane \"a\": there are two of this name\nlane \"a\": team \"t\" is not known\nlane \"a\": no ticket can reach it, because lane \"a\" before it takes everything\n" +
				"agent \"b\": capacity: want 0 or more, got -1\nteam \"t\": nobody is in it, and lane \"a\" needs it"},
		{"an unknown predicate", Org{Lanes: []Lane{{Name: "a", When: rule.Condition{Predicate: "p"}}}},
			`lane "a": when: rule: compile condition: predicate: "p" is unknown; this process supplies no predicates`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := New(tt.org, nil)
			if err == nil || err.Error() != tt.want {
				t.Errorf("error\n\t%v\nwant\n\t%s", err, tt.want)
			}
		})
	}
	if err := (Org{}).Check(); err != nil {
		t.Errorf("a company of nobody: %v, want no error", err)
	}
	if err := airline().Check(); err != nil {
		t.Errorf("a sound company: %v", err)
	}
}

// laneOf is a company of one lane with a strategy.
func laneOf(by ...By) Org {
	l := Lane{Name: "a", Team: "t"}
	for _, b := range by {
		l.Strategy = append(l.Strategy, Strategy{By: b})
	}
	return Org{Teams: []Team{{Name: "t"}}, Lanes: []Lane{l}}
}

// crew is a company of n agents in one team, all there.
func crew(n int) Org {
	org := Org{Teams: []Team{{Name: "crew"}}, Lanes: []Lane{{Name: "all", Team: "crew"}}}
	for i := range n {
		org.Agents = append(org.Agents, Agent{Name: fmt.Sprintf("agent-%04d", i), Teams: []string{"crew"}, Capacity: 10, AlwaysOn: true})
	}
	return org
}
