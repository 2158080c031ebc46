package routing

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

// naiveRank does what Roster.rank does, by looking at everybody.
func naiveRank(r *Roster, n *need, w wish) ([]string, map[Cause][]string) {
	passed := make(map[Cause][]string)
	score := func(m *member) int {
		s := 0
		for skill := range n.skills {
			s += m.agent.Skills[skill]
		}
		if w.language != "" && m.agent.speaks(w.language) {
			s += 1000
		}
		return s
	}
	var able []*member
	for _, m := range r.teams[n.team].members {
		switch {
		case !m.agent.can(n.skills):
			passed[Unskilled] = append(passed[Unskilled], m.agent.Name)
		case n.speak && w.language != "" && !m.agent.speaks(w.language):
			passed[NoLanguage] = append(passed[NoLanguage], m.agent.Name)
		case !w.shifts.on(m.agent.Shift):
			passed[OffShift] = append(passed[OffShift], m.agent.Name)
		case m.state.Presence != ticket.Available:
			passed[NotPresent] = append(passed[NotPresent], m.agent.Name)
		case m.state.Capacity-m.state.Load < w.weight:
			passed[Full] = append(passed[Full], m.agent.Name)
		case m.state.Capacity-m.state.Load < w.weight+w.keep:
			passed[Reserved] = append(passed[Reserved], m.agent.Name)
		default:
			able = append(able, m)
		}
	}
	idle := func(m *member) time.Time {
		if m.state.Since.After(m.state.Freed) {
			return m.state.Since
		}
		return m.state.Freed
	}
	slices.SortFunc(able, func(a, b *member) int {
		if i, j := slices.Index(w.first, a.agent.Name), slices.Index(w.first, b.agent.Name); i != j {
			return cmp.Compare(uint(i), uint(j)) // -1 comes last
		}
		for _, by := range n.order {
			c := map[By]int{
				BestSkill:   score(b) - score(a),
				LeastLoaded: cmp.Compare(float64(a.state.Load)/float64(a.state.Capacity), float64(b.state.Load)/float64(b.state.Capacity)),
				LongestIdle: cmp.Or(cmp.Compare(min(a.state.Load, 1), min(b.state.Load, 1)), idle(a).Compare(idle(b))),
				RoundRobin:  cmp.Compare(a.turn, b.turn),
			}[by]
			if c != 0 {
				return c
			}
		}
		return cmp.Compare(a.agent.Name, b.agent.Name)
	})
	var names []string
	for _, m := range able[:min(w.n, len(able))] {
		names = append(names, m.agent.Name)
	}
	return names, passed
}

func someAgents(t *rapid.T) []Agent {
	var agents []Agent
	for i := range rapid.IntRange(1, 14).Draw(t, "agents") {
		a := Agent{Name: fmt.Sprintf("%02d", i), Teams: []string{"crew"}, Shift: rapid.SampledFrom([]string{"", "day", "night"}).Draw(t, "shift")}
		a.Skills = rapid.MapOfN(rapid.SampledFrom([]string{"money", "law"}), rapid.IntRange(1, 3), 0, 2).Draw(t, "skills")
		a.Languages = rapid.SliceOfN(rapid.SampledFrom([]string{"en", "de-AT", "fr"}), 0, 2).Draw(t, "languages")
		agents = append(agents, a)
	}
	return agents
}

func someState(t *rapid.T, agents []Agent) ticket.AgentState {
	return ticket.AgentState{
		Name: rapid.SampledFrom(agents).Draw(t, "agent").Name, Presence: rapid.SampledFrom([]ticket.Presence{ticket.Available, ticket.Available, ticket.Busy, ticket.Offline}).Draw(t, "presence"),
		Capacity: rapid.SampledFrom([]int{1, 2, 3, 5, 40}).Draw(t, "capacity"), Load: rapid.SampledFrom([]int{0, 1, 2, 4, 20}).Draw(t, "load"),
		Freed: time.Unix(rapid.Int64Range(0, 3).Draw(t, "freed"), 0), Since: time.Unix(rapid.Int64Range(0, 3).Draw(t, "since"), 0),
	}
}

// The index names whom a look at everybody names, whatever happened before, and counts each of the others once.
func TestRankAgreesWithALookAtEverybody(t *testing.T) {
	t.Parallel()
	orders := [][]By{standard, {BestSkill, LeastLoaded}, {RoundRobin}, {BestSkill, RoundRobin}, {LongestIdle}, {LeastLoaded, BestSkill, LongestIdle}, {}}
	calendars := make(map[string]*sla.Calendar)
	for name, hours := range map[string]sla.Interval{"day": {To: 12 * time.Hour}, "night": {From: 12 * time.Hour, To: 24 * time.Hour}} {
		c, err := sla.NewCalendar(sla.Hours{Zone: "UTC", Week: sla.Weekdays(hours)})
		if err != nil {
			t.Fatal(err)
		}
		calendars[name] = c
	}
	rapid.Check(t, func(t *rapid.T) {
		agents := someAgents(t)
		r := NewRoster(agents)
		needs := make([]*need, 2)
		for i := range needs {
			needs[i] = &need{
				team: "crew", speak: rapid.Bool().Draw(t, "speak"), order: rapid.SampledFrom(orders).Draw(t, "order"),
				skills: rapid.MapOfN(rapid.SampledFrom([]string{"money", "law"}), rapid.IntRange(1, 2), 0, 2).Draw(t, "needed"),
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			if rapid.Bool().Draw(t, "set") {
				r.Set(someState(t, agents))
				continue
			}
			n := rapid.SampledFrom(needs).Draw(t, "need")
			hour := rapid.SampledFrom([]int{6, 18}).Draw(t, "hour")
			w := wish{
				weight: rapid.IntRange(1, 20).Draw(t, "weight"), keep: rapid.IntRange(0, 2).Draw(t, "keep"), n: rapid.IntRange(0, 6).Draw(t, "n"),
				language: rapid.SampledFrom([]string{"", "en", "de", "xx"}).Draw(t, "language"), shifts: shifts{calendars, time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC)},
				first: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"00", "03", "07", "nobody"}), 0, 3, rapid.ID).Draw(t, "first"),
			}
			names, passed := r.rank(n, &w)
			want, others := naiveRank(r, n, w)
			if !slices.Equal(names, want) {
				t.Fatalf("names %q, want %q", names, want)
			}
			for _, p := range passed {
				if all := others[p.Cause]; p.Count != len(all) || !slices.Equal(p.First, all[:min(len(all), named)]) {
					t.Fatalf("passed over: %+v, want %q", p, all)
				}
				delete(others, p.Cause)
			}
			if len(others) > 0 {
				t.Fatalf("not told: %v", others)
			}
		}
	})
}

func TestRandomIsRepeatableAndFair(t *testing.T) {
	t.Parallel()
	r := NewRoster(crew(100).Agents)
	n := &need{team: "crew", random: true}
	rank := func(seed uint64, count int) []string {
		names, _ := r.rank(n, &wish{n: count, seed: [2]uint64{seed, 7}, first: []string{"agent-0050"}})
		return names
	}
	five := rank(1, 5)
	if again := rank(1, 5); !slices.Equal(five, again) {
		t.Errorf("the same seed gives %q, then %q", five, again)
	}
	all := rank(1, 100)
	if !slices.Equal(all[:5], five) {
		t.Errorf("the first five are %q, of all %q", five, all[:5])
	}
	if slices.Sort(all); len(slices.Compact(all)) != 100 {
		t.Errorf("%d of 100 agents, want each once", len(all))
	}
	firsts := make(map[string]int)
	for seed := range uint64(3000) {
		names := rank(seed, 2)
		if names[0] != "agent-0050" {
			t.Fatalf("first %q, want the one who goes first", names[0])
		}
		firsts[names[1]]++
	}
	for name, times := range firsts {
		if times > 70 { // 30 in the mean
			t.Errorf("%s comes first %d times of 3000", name, times)
		}
	}
	if len(firsts) != 99 {
		t.Errorf("%d agents came first, want 99", len(firsts))
	}
}

func TestRandomDecidesOnlyBetweenEquals(t *testing.T) {
	t.Parallel()
	r := NewRoster(crew(9).Agents)
	for i := range 9 {
		r.Set(ticket.AgentState{Name: fmt.Sprintf("agent-%04d", i), Presence: ticket.Available, Capacity: 3 + i%2, Load: i / 3})
	}
	for seed := range uint64(50) {
		names, _ := r.rank(&need{team: "crew", order: []By{LeastLoaded}, random: true}, &wish{n: 9, seed: [2]uint64{seed}})
		loads := make([]float64, len(names))
		for i, name := range names {
			s, _ := r.Agent(name)
			loads[i] = float64(s.Load) / float64(s.Capacity)
		}
		if len(names) != 9 || !slices.IsSorted(loads) {
			t.Fatalf("seed %d: %q with loads %v", seed, names, loads)
		}
	}
}

func TestShuffledIsEachNumberOnce(t *testing.T) {
	t.Parallel()
	got := slices.Sorted(shuffled(rand.New(rand.NewPCG(1, 2)), 50))
	if diff := gocmp.Diff(50, len(slices.Compact(got))); diff != "" || got[0] != 0 || got[49] != 49 {
		t.Errorf("%v (-want +got):\n%s", got, diff)
	}
}
