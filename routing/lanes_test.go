package routing

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/channel"
	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

var (
	monday = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	night  = time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC)
)

func daytime() sla.Hours {
	return sla.Hours{Zone: "UTC", Week: sla.EveryDay(sla.Interval{From: 8 * time.Hour, To: 20 * time.Hour})}
}

// store is a company with lanes that hand on.
func store() Org {
	return Org{
		Calendars: map[string]sla.Hours{"day": daytime()},
		Words:     rule.Lists{"money": {"refund", "Geld zurück"}},
		Teams:     []Team{{Name: "desk"}, {Name: "money"}, {Name: "night"}, {Name: "temps"}},
		Lanes: []Lane{
			{
				Name: "billing", Team: "money", When: rule.Condition{Fact: "text", List: "money"}, Calendar: "day", Fallback: "night", Priority: new(ticket.High),
				Priorities: []PriorityRule{{When: rule.Condition{Fact: "contact.tier", Equals: rule.Text("gold")}, Priority: ticket.Urgent}},
				Overflow:   Overflow{To: "temps", After: sla.Duration(time.Hour), Longer: 3}, Strategy: []Strategy{{By: Sticky, Within: sla.Duration(24 * time.Hour)}, {By: LeastLoaded}},
			},
			{Name: "night", Team: "night", ByHand: true},
			{Name: "temps", Team: "temps", ByHand: true},
			{Name: "desk", Team: "desk", Fallback: "temps"},
		},
		Weights: []Weight{{When: rule.Condition{Fact: "priority", Equals: rule.Text("urgent")}, Weight: 3}, {When: rule.Condition{Fact: "lane", Equals: rule.Text("night")}, Weight: 2}},
		Agents: []Agent{
			{Name: "mo", Teams: []string{"money"}, Capacity: 3, Shift: "day", AlwaysOn: true}, {Name: "moa", Teams: []string{"money"}, Capacity: 3, AlwaysOn: true},
			{Name: "nia", Teams: []string{"night"}, Capacity: 9, AlwaysOn: true}, {Name: "ted", Teams: []string{"temps"}, Capacity: 1, AlwaysOn: true},
			{Name: "dee", Teams: []string{"desk"}, Capacity: 2, AlwaysOn: true},
		},
	}
}

func TestALaneHandsOn(t *testing.T) {
	t.Parallel()
	org := store()
	router, err := New(org, nil)
	if err != nil {
		t.Fatal(err)
	}
	full := func(r *Roster) {
		for _, name := range []string{"mo", "moa"} {
			r.Set(ticket.AgentState{Name: name, Presence: ticket.Available, Capacity: 3, Load: 3})
		}
	}
	refund := `text contains "refund", listed in "money"`
	money := []Passed{{Cause: Full, Count: 2, First: []string{"mo", "moa"}}}
	for _, tt := range []struct {
		name string
		set  func(*Roster)
		ask  func(*Query)
		want Decision
	}{
		{"open: it keeps its ticket", nil, nil,
			Decision{Lane: "billing", Team: "money", Matched: refund, Priority: new(ticket.High), Weight: 1, Candidates: []string{"mo", "moa"}}},
		{"closed: the fallback takes it", nil, func(q *Query) { q.Now = night },
			Decision{Lane: "night", Team: "night", Matched: refund, Moved: []Move{{"billing", "night", Closed}}, Priority: new(ticket.High), Weight: 2, Candidates: []string{"nia"}}},
		{"nobody there", func(r *Roster) {
			r.Set(ticket.AgentState{Name: "mo", Presence: ticket.Away, Capacity: 3}, ticket.AgentState{Name: "moa", Capacity: 3})
		}, nil, Decision{Lane: "night", Team: "night", Matched: refund, Moved: []Move{{"billing", "night", Deserted}}, Priority: new(ticket.High), Weight: 2, Candidates: []string{"nia"}}},
		{"busy is there: it waits", func(r *Roster) {
			r.Set(ticket.AgentState{Name: "mo", Presence: ticket.Busy, Capacity: 3}, ticket.AgentState{Name: "moa", Capacity: 3})
		}, nil, Decision{Lane: "billing", Team: "money", Matched: refund, Priority: new(ticket.High), Weight: 1, Passed: []Passed{{NotPresent, 2, []string{"mo", "moa"}}}}},
		{"a queue that is long", full, func(q *Query) { q.Queues = func(string) int { return 4 } },
			Decision{Lane: "temps", Team: "temps", Matched: refund, Moved: []Move{{"billing", "temps", QueueTooLong}}, Priority: new(ticket.High), Weight: 1, Candidates: []string{"ted"}}},
		{"a queue that is just not", full, func(q *Query) { q.Queues = func(string) int { return 3 } },
			Decision{Lane: "billing", Team: "money", Matched: refund, Priority: new(ticket.High), Weight: 1, Passed: money}},
		{"a long queue, but somebody has room", nil, func(q *Query) { q.Queues = func(string) int { return 4 } },
			Decision{Lane: "billing", Team: "money", Matched: refund, Priority: new(ticket.High), Weight: 1, Candidates: []string{"mo", "moa"}}},
		{"it waited", full, func(q *Query) { q.Ticket.Lane, q.Waited = "billing", time.Hour },
			Decision{Lane: "temps", Team: "temps", Matched: refund, Moved: []Move{{"billing", "temps", WaitedTooLong}}, Priority: new(ticket.High), Weight: 1, Candidates: []string{"ted"}}},
		{"it waited elsewhere", full, func(q *Query) { q.Ticket.Lane, q.Waited = "desk", time.Hour },
			Decision{Lane: "billing", Team: "money", Matched: refund, Priority: new(ticket.High), Weight: 1, Passed: money}},
		{"a priority of its own, which weighs more", nil, func(q *Query) { q.Contact.Tier = "gold" },
			Decision{Lane: "billing", Team: "money", Matched: refund, Priority: new(ticket.Urgent), PriorityMatched: `contact.tier is "gold"`, Weight: 3, Candidates: []string{"mo", "moa"}}},
		{"who knows the contact", nil, func(q *Query) { q.Known = []Acquaintance{{"dee", monday}, {"moa", monday.Add(-24 * time.Hour)}} },
			Decision{Lane: "billing", Team: "money", Matched: refund, Priority: new(ticket.High), Weight: 1, Candidates: []string{"moa", "mo"}}},
		{"who knew the contact once", nil, func(q *Query) { q.Known = []Acquaintance{{"moa", monday.Add(-25 * time.Hour)}} },
			Decision{Lane: "billing", Team: "money", Matched: refund, Priority: new(ticket.High), Weight: 1, Candidates: []string{"mo", "moa"}}},
		{"the adviser first", nil, func(q *Query) { q.Contact.Owner, q.Known = "moa", []Acquaintance{{"mo", monday}} },
			Decision{Lane: "billing", Team: "money", Matched: refund, Priority: new(ticket.High), Weight: 1, Candidates: []string{"moa", "mo"}}},
		{"off shift", nil, func(q *Query) { q.Now, q.Message = night, &channel.Message{Text: "hello"} },
			Decision{Lane: "desk", Team: "desk", Matched: "always", Weight: 1, Candidates: []string{"dee"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := says("a refund, please")
			q.Now, q.Roster = monday, NewRoster(org.Agents)
			if tt.set != nil {
				tt.set(q.Roster)
			}
			if tt.ask != nil {
				tt.ask(&q)
			}
			got, err := router.Route(t.Context(), q)
			if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
				t.Errorf("error %v, decision (-want +got):\n%s", err, diff)
			}
			x := router.Explain(q)
			if diff := cmp.Diff(got, x.Decision); diff != "" {
				t.Errorf("explained decision (-routed +explained):\n%s", diff)
			}
			checkExplained(t, x)
		})
	}
}

// checkExplained compares what an explanation says of agents with its decision.
func checkExplained(t interface {
	Helper()
	Errorf(string, ...any)
}, x Explanation) {
	t.Helper()
	counts := make(map[Cause]int)
	for i, a := range x.Agents {
		switch {
		case a.Place > 0 && (a.Place != i+1 || i < len(x.Decision.Candidates) && x.Decision.Candidates[i] != a.Agent):
			t.Errorf("%s has place %d of %q", a.Agent, a.Place, x.Decision.Candidates)
		case a.Place == 0:
			counts[a.Cause]++
		}
	}
	for _, p := range x.Decision.Passed {
		if counts[p.Cause] != p.Count {
			t.Errorf("%d agents %s, explained are %d", p.Count, p.Cause, counts[p.Cause])
		}
		delete(counts, p.Cause)
	}
	if len(counts) > 0 {
		t.Errorf("explained and not decided: %v", counts)
	}
}

func TestExplainSaysWhyAndWhyNot(t *testing.T) {
	t.Parallel()
	org := store()
	org.Lanes[0].Skills, org.Lanes[0].Speak = map[string]int{"refunds": 2}, true
	org.Lanes[0].Strategy = []Strategy{{By: Reserve, Keep: 2, From: new(ticket.Urgent)}, {By: BestSkill}}
	org.Agents[0].Skills, org.Agents[0].Languages = map[string]int{"refunds": 2}, []string{"de-DE"}
	org.Agents = append(org.Agents,
		Agent{Name: "mob", Teams: []string{"money"}, Capacity: 9, Skills: map[string]int{"refunds": 3}, Languages: []string{"fr", "de"}, AlwaysOn: true},
		Agent{Name: "moc", Teams: []string{"money"}, Capacity: 9, Skills: map[string]int{"refunds": 3}, Languages: []string{"fr"}, AlwaysOn: true},
		Agent{Name: "mod", Teams: []string{"money"}, Capacity: 2, Skills: map[string]int{"refunds": 3}, Languages: []string{"de"}, AlwaysOn: true})
	router, err := New(org, nil)
	if err != nil {
		t.Fatal(err)
	}
	q := says("Geld zuruck")
	q.Now, q.Roster, q.Ticket.Language = monday, NewRoster(org.Agents), "DE-at"
	x := router.Explain(q)
	var agents []string
	for _, a := range x.Agents {
		agents = append(agents, fmt.Sprintf("%s %d %s", a.Agent, a.Place, a.Cause))
	}
	want := []string{"mob 1 ", "mo 2 ", "mod 0 kept for priority", "moa 0 lacks a skill", "moc 0 does not speak the language"}
	if diff := cmp.Diff(want, agents); diff != "" {
		t.Errorf("agents (-want +got):\n%s", diff)
	}
	checkExplained(t, x)
	if diff := cmp.Diff([]LaneVerdict{{"billing", true, `text contains "Geld zurück", listed in "money"`}}, x.Lanes); diff != "" {
		t.Errorf("lanes (-want +got):\n%s", diff)
	}
	q.Message.Text = "Guten Tag"
	if diff := cmp.Diff([]LaneVerdict{{"billing", false, `not: text contains nothing listed in "money"`}, {"desk", true, "always"}}, router.Explain(q).Lanes); diff != "" {
		t.Errorf("lanes (-want +got):\n%s", diff)
	}
}

func TestOfferAsksTheStrategyOfALane(t *testing.T) {
	t.Parallel()
	org := store()
	router, err := New(org, nil)
	if err != nil {
		t.Fatal(err)
	}
	q := says("whatever")
	q.Now, q.Roster, q.Contact.Owner = monday, NewRoster(org.Agents), "moa"
	got, ok := router.Offer(q, "billing")
	want := Decision{Lane: "billing", Team: "money", Weight: 1, Candidates: []string{"moa", "mo"}}
	if diff := cmp.Diff(want, got); !ok || diff != "" {
		t.Errorf("offered: %t (-want +got):\n%s", ok, diff)
	}
	q.Now = night
	got, ok = router.Offer(q, "billing")
	if diff := cmp.Diff(Decision{Lane: "billing", Team: "money", Waits: Closed, Weight: 1}, got); !ok || diff != "" {
		t.Errorf("offered while the lane is closed: %t (-want +got):\n%s", ok, diff)
	}
	if _, ok := router.Offer(q, "nowhere"); ok {
		t.Error("a lane that there is not was offered")
	}
}

func TestCalendarsAreThoseOfTheLanes(t *testing.T) {
	t.Parallel()
	router, err := New(store(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := router.Calendars()
	if diff := cmp.Diff(map[string]string{"billing": "day"}, c.Lanes); diff != "" || !c.Named["day"].Open(monday) || c.Named["day"].Open(night) {
		t.Errorf("day is open at noon %t, at night %t; lanes (-want +got):\n%s", c.Named["day"].Open(monday), c.Named["day"].Open(night), diff)
	}
}

func TestStrategyIsANameOrAnObject(t *testing.T) {
	t.Parallel()
	const text = `["best_skill",{"by":"sticky","within":"24h0m0s"},{"by":"reserve","keep":2,"from":"urgent"}]`
	var list []Strategy
	if err := rule.DecodeStrict([]byte(text), &list); err != nil {
		t.Fatal(err)
	}
	want := []Strategy{{By: BestSkill}, {By: Sticky, Within: sla.Duration(24 * time.Hour)}, {By: Reserve, Keep: 2, From: new(ticket.Urgent)}}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
	if again, err := json.Marshal(list); err != nil || string(again) != text {
		t.Errorf("written %s, %v", again, err)
	}
	err := rule.DecodeStrict([]byte("[\n{\"by\": \"sticky\", \"with\": \"1h\"}]"), &list)
	if err == nil || !strings.HasPrefix(err.Error(), "line 2: [0].with: unknown field") {
		t.Errorf("error %v for a misspelt field", err)
	}
}

// someLanes are conditions of lanes over what queries have.
func someLanes(t *rapid.T, name string, n int) []Lane {
	var lanes []Lane
	for i := range rapid.IntRange(1, n).Draw(t, name) {
		l := Lane{Name: fmt.Sprintf("%s-%d", name, i), Team: rapid.SampledFrom([]string{"", "desk", "money"}).Draw(t, "team")}
		l.When = rapid.SampledFrom([]rule.Condition{
			word("bag"), {Fact: "text", Words: []string{"réfund", "bag"}}, {Fact: "contact.tier", Equals: rule.Text("gold")}, {Fact: "language", Exists: new(true)},
			{Not: &rule.Condition{Fact: "text", List: "money"}}, {Any: []rule.Condition{word("night"), {Fact: "visibility", Equals: rule.Text("public")}}},
		}).Draw(t, "when")
		if l.Team != "" && rapid.Bool().Draw(t, "random") {
			l.Strategy = []Strategy{{By: Random}}
		}
		lanes = append(lanes, l)
	}
	return lanes
}

func TestALaneAtTheEndChangesNoDecisionOfAnEarlierOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		org := store()
		org.Lanes = someLanes(t, "early", 4)
		router, err := New(org, nil)
		if err != nil {
			t.Skip("a lane that nothing reaches")
		}
		org.Lanes = append(slices.Clip(org.Lanes), someLanes(t, "late", 1)...)
		longer, err := New(org, nil)
		if err != nil {
			t.Skip("a lane that nothing reaches")
		}
		q := says(rapid.SampledFrom([]string{"my BAG", "Refund", "Geld zuruck", "hello", ""}).Draw(t, "text"))
		q.Now, q.Roster, q.Seed = monday, NewRoster(org.Agents), rapid.Uint64().Draw(t, "seed")
		q.Contact.Tier, q.Ticket.Language = rapid.SampledFrom([]string{"", "gold"}).Draw(t, "tier"), rapid.SampledFrom([]string{"", "en"}).Draw(t, "language")
		before, _ := router.Route(t.Context(), q)
		after, _ := longer.Route(t.Context(), q)
		if diff := cmp.Diff(before, after); before.Lane != DefaultLane && diff != "" {
			t.Fatalf("decision (-before +after):\n%s", diff)
		}
		if x := longer.Explain(q); !cmp.Equal(x.Decision, after) {
			t.Fatalf("explained is %+v, decided %+v", x.Decision, after)
		}
	})
}

func TestLanesAreAskedWhileTheRosterMoves(t *testing.T) {
	t.Parallel()
	org := store()
	router, err := New(org, nil)
	if err != nil {
		t.Fatal(err)
	}
	roster := NewRoster(org.Agents)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for load := range 50 {
				roster.Set(ticket.AgentState{Name: "moa", Presence: ticket.Available, Capacity: 3, Load: load % 4})
			}
		})
		wg.Go(func() {
			for i := range 50 {
				q := says("refund")
				q.Now, q.Roster, q.Ticket.Language = monday, roster, fmt.Sprint("l", i%3)
				if d, err := router.Route(t.Context(), q); err != nil || d.Lane != "billing" || d.Candidates[len(d.Candidates)-1] == "" {
					t.Errorf("%+v, %v", d, err)
				}
			}
		})
	}
	wg.Wait()
}

// Whatever is read as a company is refused, or routes.
func FuzzOrg(f *testing.F) {
	data, err := json.Marshal(store())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data, "Geld zurück für die Bag", "de")
	f.Add([]byte(`{"lanes":[{"name":"a","team":"t","strategy":["random",{"by":"reserve","keep":1}],"overflow":{"to":"a","longer":1}}],"teams":[{"name":"t"}]}`), "", "")
	f.Fuzz(func(t *testing.T, data []byte, text, language string) {
		var org Org
		if err := rule.DecodeStrict(data, &org); err != nil {
			return
		}
		router, err := New(org, nil)
		if err != nil {
			return
		}
		q := says(text)
		q.Now, q.Roster, q.Ticket.Language, q.Queues = monday, NewRoster(org.Agents), language, func(string) int { return 9 }
		d, err := router.Route(t.Context(), q)
		if err != nil || d.Lane == "" || d.Weight < 1 {
			t.Errorf("decision %+v, %v", d, err)
		}
		x := router.Explain(q)
		if !cmp.Equal(x.Decision, d) {
			t.Errorf("decided %+v, explained %+v", d, x.Decision)
		}
		checkExplained(t, x)
	})
}
