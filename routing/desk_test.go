package routing_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/channel"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/ticket"
)

// airline reads the desk file that docs/routing.md explains.
func airline(t testing.TB) routing.Org {
	t.Helper()
	data, err := os.ReadFile("../docs/desk.json")
	if err != nil {
		t.Fatal(err)
	}
	s, err := socialcrm.ParseSetup(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Check(nil); err != nil {
		t.Fatal(err)
	}
	return routing.Org{Lanes: s.Lanes, Teams: s.Teams, Agents: s.Agents, Weights: s.Weights, Calendars: s.Calendars, Words: s.Words}
}

func TestTheDeskFileIsThatOfABigCompany(t *testing.T) {
	t.Parallel()
	org := airline(t)
	accounts, words := make(map[string]bool), 0
	var collect func(c rule.Condition)
	collect = func(c rule.Condition) {
		for _, part := range slices.Concat(c.All, c.Any) {
			collect(part)
		}
		if c.Fact == "account" {
			for _, v := range c.In {
				id, _ := v.Text()
				accounts[id] = true
			}
		}
	}
	for _, l := range org.Lanes {
		collect(l.When)
	}
	for _, list := range org.Words {
		words += len(list)
	}
	if len(org.Lanes) < 12 || len(org.Agents) != 500 || len(accounts) != 400 || words != 1000 {
		t.Errorf("%d lanes, %d agents, %d accounts, %d words; want at least 12, 500, 400, 1,000", len(org.Lanes), len(org.Agents), len(accounts), words)
	}
}

// Each desk file that docs/routing.md shows can be used as it stands.
func TestTheDeskFilesOfThePageAreSound(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/routing.md")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	for block := range strings.SplitSeq(string(page), "```json\n") {
		file, _, ok := strings.Cut(block, "```")
		if !ok || !strings.HasPrefix(file, "{") {
			continue
		}
		files++
		s, err := socialcrm.ParseSetup([]byte(file))
		if err == nil {
			err = s.Check(nil)
		}
		if err != nil {
			t.Errorf("desk file %d: %v", files, err)
		}
	}
	if files < 4 {
		t.Errorf("found %d desk files", files)
	}
}

var (
	noon     = time.Date(2026, 11, 24, 11, 0, 0, 0, time.UTC) // a Tuesday, noon in Amsterdam, 6 in the morning in New York
	evening  = time.Date(2026, 11, 24, 20, 0, 0, 0, time.UTC)
	midnight = time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)
	page     = channel.AccountID{Platform: "facebook", ID: "meridian"}
)

// says is a message to the airline's main page at noon.
func says(text string, more ...func(*routing.Query)) routing.Query {
	q := routing.Query{
		Now: noon, Ticket: ticket.Ticket{ID: "T1", Account: page, Visibility: channel.Public, Language: "en"}, Message: &channel.Message{Text: text, Author: channel.Author{ID: "mia", Followers: 120}},
	}
	for _, m := range more {
		m(&q)
	}
	return q
}

func at(t time.Time) func(*routing.Query) { return func(q *routing.Query) { q.Now = t } }

func on(platform, id string) func(*routing.Query) {
	return func(q *routing.Query) { q.Ticket.Account = channel.AccountID{Platform: platform, ID: id} }
}

func speaking(tag string) func(*routing.Query) {
	return func(q *routing.Query) { q.Ticket.Language = tag }
}

func tier(name string) func(*routing.Query) { return func(q *routing.Query) { q.Contact.Tier = name } }

func followed(n int) func(*routing.Query) {
	return func(q *routing.Query) { q.Message.Author.Followers = int64(n) }
}

func private(q *routing.Query) { q.Ticket.Visibility = channel.Private }

func waited(lane string, d time.Duration) func(*routing.Query) {
	return func(q *routing.Query) { q.Ticket.Lane, q.Waited = lane, d }
}

// written is a message for each lane, and what becomes of it when everybody who is on shift is there and free.
var written = []struct {
	query    routing.Query
	lane     string
	why      string
	priority string
	weight   int
}{
	{says("There is a MEDICAL EMERGENCY on board of MA 212!"), "safety", `text contains "medical emergency", listed in "safety"`, "urgent", 2},
	{says("Sie hören von meinem RECHTSANWALT."), "legal", `text contains "Rechtsanwalt", listed in "legal"`, "high", 1},
	{says("Media enquiry: who do I ask about the strike?", followed(2000)), "press", `any[1].all[0]: text contains "media enquiry", listed in "press"; any[1].all[1]: author.followers is 2000, at least 1000`, "urgent", 2},
	{says("The worst airline there is. Shame on you.", followed(2_000_000)), "press",
		`any[2].all[0]: text contains "worst airline", listed in "anger"; any[2].all[1]: author.followers is 2000000, at least 250000`, "urgent", 2},
	{says("la pagina no carga desde ayer"), "it", `text contains "la página no carga", listed in "outage"`, "", 1},
	{says("Is my upgrade through?", tier("platinum"), private), "premium", `contact.tier is "platinum"`, "high", 3},
	{says("My flight was cancelled!", tier("diamond")), "premium", `contact.tier is "diamond"`, "urgent", 2},
	{says("Fauteuil roulant pour ma mere, comment faire?"), "assistance", `text contains "fauteuil roulant", listed in "assistance"`, "high", 1},
	{says("Commission for March?", on("mastodon", "meridian-agents-uk-1")), "partners", `any[1]: account is "mastodon/meridian-agents-uk-1"`, "", 1},
	{says("Flug gestrichen, und niemand antwortet"), "disruption", `text contains "Flug gestrichen", listed in "disruption"`, "urgent", 2},
	{says("so my bag did not arrive... #LostLuggage"), "baggage", `any[0]: text contains "my bag did not arrive", listed in "baggage"`, "", 1},
	{says("I want my Money-Back!!", private), "refunds", `text contains "money back", listed in "refunds"`, "", 2},
	{says("My miles from May?"), "loyalty", `text contains "my miles", listed in "loyalty"`, "", 1},
	{says("Where do I send my job application?"), "jobs", `text contains "job application", listed in "jobs"`, "low", 1},
	{says("The crew was fantastic"), "feedback", `all[0]: text contains "crew was fantastic", listed in "feedback"; all[1].not: text contains nothing listed in "anger"`, "low", 1},
	{says("I love these #flymeridian pictures"), "marketing", `any[1]: text contains "#FlyMeridian", listed in "campaign"`, "low", 1},
	{says("How do I upgrade my seat?"), "sales", `any[1]: text contains "upgrade my seat", listed in "booking"`, "", 1},
	{says("Where is my parcel?", on("facebook", "meridian-shop-de-1")), "shop", `account is "facebook/meridian-shop-de-1"`, "", 1},
	{says("こんにちは", on("x", "meridian-jp-1"), speaking("ja")), "asia", `account is "x/meridian-jp-1"`, "", 1},
	{says("Hola", on("facebook", "meridian-mx-1"), speaking("es-MX"), at(evening)), "americas", `account is "facebook/meridian-mx-1"`, "", 1},
	{says("Hola", on("facebook", "meridian-mx-1"), speaking("es-MX")), "service", `account is "facebook/meridian-mx-1"`, "", 1}, // it is too early there
	{says("Guten Tag", speaking("de")), "german", `language is "de"`, "", 1},
	{says("Bonjour", speaking("fr")), "french", `language is "fr"`, "", 1},
	{says("Buenos días", speaking("es")), "spanish", `language is "es"`, "", 1},
	{says("Goedemiddag", speaking("nl")), "dutch", `language is "nl"`, "", 1},
	{says("Good morning!"), "service", "always", "", 1},
	{says("Good morning!", at(midnight)), "night", "always", "", 1},
	{says("my suitcase is lost", at(midnight)), "night", `any[0]: text contains "my suitcase is lost", listed in "baggage"`, "", 1},
}

// present is a roster with everybody there.
func present(org routing.Org) *routing.Roster {
	r := routing.NewRoster(org.Agents)
	for _, a := range org.Agents {
		s := a.State()
		s.Presence = ticket.Available
		r.Set(s)
	}
	return r
}

// full is a roster with everybody there, and no room in a team.
func full(org routing.Org, team string) *routing.Roster {
	r := present(org)
	for _, a := range org.Agents {
		if slices.Contains(a.Teams, team) {
			s, _ := r.Agent(a.Name)
			s.Load = s.Capacity
			r.Set(s)
		}
	}
	return r
}

func TestEveryLaneIsReached(t *testing.T) {
	t.Parallel()
	org := airline(t)
	router, err := routing.New(org, nil)
	if err != nil {
		t.Fatal(err)
	}
	type outcome struct {
		Lane, Why, Priority string
		Weight              int
	}
	reached := make(map[string]bool)
	check := func(q routing.Query, want outcome) {
		t.Helper()
		d, err := router.Route(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		got := outcome{Lane: d.Lane, Why: d.Matched, Weight: d.Weight}
		if d.Priority != nil {
			got.Priority = d.Priority.String()
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", q.Message.Text, diff)
		}
		if len(d.Candidates) != min(5, len(router.Explain(q).Agents)) || d.Candidates[0] == "" {
			t.Errorf("%q: candidates are %q; passed over %+v", q.Message.Text, d.Candidates, d.Passed)
		}
		reached[d.Lane] = true
	}
	for _, w := range written {
		w.query.Roster = present(org)
		check(w.query, outcome{w.lane, w.why, w.priority, w.weight})
	}
	storm := says("We are stranded in Rome", waited("disruption", 20*time.Minute))
	storm.Roster = full(org, "operations")
	check(storm, outcome{"temps", `text contains "stranded", listed in "disruption"`, "high", 1})
	wheelchair := says("I booked a wheelchair", waited("assistance", time.Hour))
	wheelchair.Roster = full(org, "service")
	check(wheelchair, outcome{"supervisors", `text contains "wheelchair", listed in "assistance"`, "high", 1})

	for _, l := range org.Lanes {
		if !reached[l.Name] {
			t.Errorf("no message reached lane %q", l.Name)
		}
	}
}

func TestADecisionCostsTwelveAllocationsAtMost(t *testing.T) {
	org := airline(t)
	router, err := routing.New(org, nil)
	if err != nil {
		t.Fatal(err)
	}
	roster := present(org)
	for _, w := range written {
		q := w.query
		q.Roster = roster
		if n := testing.AllocsPerRun(20, func() { router.Route(t.Context(), q) }); n > 12 {
			t.Errorf("%q: %v allocations", q.Message.Text, n)
		}
	}
}

// withAgents returns the airline with another number of agents, of each team a share and never less than one.
func withAgents(org routing.Org, n int) routing.Org {
	agents, staffed := org.Agents, make(map[string]bool)
	org.Agents = nil
	for i, a := range agents {
		of := (i+1)*n/len(agents) - i*n/len(agents)
		if !staffed[a.Teams[0]] {
			of, staffed[a.Teams[0]] = max(of, 1), true
		}
		for k := range of {
			copied := a
			if k > 0 {
				copied.Name = fmt.Sprintf("%s.%d", a.Name, k)
			}
			org.Agents = append(org.Agents, copied)
		}
	}
	return org
}

// withWords returns the airline with another number of words: the last of each list are left out, or further ones made up.
func withWords(org routing.Org, n int) routing.Org {
	total := 0
	for _, list := range org.Words {
		total += len(list)
	}
	org.Words = maps.Clone(org.Words)
	for name, list := range org.Words {
		of := max(1, len(list)*n/total)
		for i := len(list); i < of; i++ {
			list = append(slices.Clip(list), fmt.Sprintf("%s %s%d", list[i%len(org.Words[name])], name, i))
		}
		org.Words[name] = list[:of]
	}
	return org
}

func BenchmarkRoute(b *testing.B) {
	org := airline(b)
	for _, size := range []struct {
		name string
		org  routing.Org
	}{
		{"agents=50", withAgents(org, 50)}, {"agents=500", org}, {"agents=5000", withAgents(org, 5000)},
		{"words=100", withWords(org, 100)}, {"words=1000", org}, {"words=10000", withWords(org, 10_000)},
	} {
		b.Run(size.name, func(b *testing.B) {
			size.org.Lanes = slices.Clone(size.org.Lanes)
			for i := range size.org.Lanes {
				size.org.Lanes[i].Skills = nil // few agents have none who can do all
			}
			router, err := routing.New(size.org, nil)
			if err != nil {
				b.Fatal(err)
			}
			roster := present(size.org)
			for i, a := range size.org.Agents {
				s, _ := roster.Agent(a.Name)
				s.Load = i * 7 % (s.Capacity + 1)
				roster.Set(s)
			}
			q := says("Good morning! We have been waiting at gate 12 since eight and nobody at the désk could tell us what happens now. Could you please look into it? 🙏")
			q.Roster = roster
			b.ReportAllocs()
			for b.Loop() {
				if d, err := router.Route(b.Context(), q); err != nil || d.Lane != "service" || len(d.Candidates) == 0 {
					b.Fatal(d, err)
				}
			}
		})
	}
}

// BenchmarkSet is what it costs to keep the roster current for lanes that were asked.
func BenchmarkSet(b *testing.B) {
	for _, agents := range []int{50, 5000} {
		b.Run(fmt.Sprintf("agents=%d", agents), func(b *testing.B) {
			org := withAgents(airline(b), agents)
			for i := range org.Lanes {
				org.Lanes[i].Skills = nil
			}
			router, err := routing.New(org, nil)
			if err != nil {
				b.Fatal(err)
			}
			roster := present(org)
			for _, w := range written {
				w.query.Roster = roster
				if _, err := router.Route(b.Context(), w.query); err != nil {
					b.Fatal(err)
				}
			}
			i := 0
			b.ReportAllocs()
			for b.Loop() {
				s, _ := roster.Agent(org.Agents[i%len(org.Agents)].Name)
				s.Load = (s.Load + 1) % (s.Capacity + 1)
				roster.Set(s)
				i++
			}
		})
	}
}
