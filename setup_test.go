package socialcrm_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

const deskFile = `{
  "lanes": [
    {"name": "billing", "purpose": "Money.", "team": "money", "when": {"any": [{"fact": "text", "word": "invoice"}, {"fact": "text", "word": "refund"}]}, "priority": "high"},
    {"name": "care", "team": "care"}
  ],
  "teams": [{"name": "care", "calendar": "shop"}, {"name": "money"}],
  "calendars": {"shop": {"zone": "Europe/Paris", "week": {"monday": ["09:00-12:30", "13:30-18:00"]}, "holidays": [{"name": "Christmas", "date": "12-25"}]}},
  "agents": [{"name": "ana", "first_name": "Ana", "teams": ["care", "money"], "capacity": 3, "always_on": true}],
  "sla": [{"name": "promise", "when": {"fact": "visibility", "equals": "public"}, "targets": [{"metric": "first_response", "within": "1h"}, {"metric": "resolution", "within": "48h"}]}],
  "reopen": {"public": "168h"},
  "together": {"within": "5m", "comments": true},
  "campaigns": {"authors": 20, "within": "2h", "words": 10, "alike": 0.8, "notify": ["care"]},
  "related": {"within": "2h", "merge": {"fact": "text", "word": "parcel"}},
  "apps": {"263902037430900": "person"}
}`

func TestDeskFileReadsAndWritesTheSame(t *testing.T) {
	t.Parallel()
	setup, err := socialcrm.ParseSetup([]byte(deskFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := setup.Check(nil); err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(setup)
	if err != nil {
		t.Fatal(err)
	}
	again, err := socialcrm.ParseSetup(data)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(data), string(twice)); diff != "" {
		t.Errorf("written and read again (-first +second):\n%s", diff)
	}
}

func TestDeskFileErrorsNameWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, file, want string }{
		{"unknown field", "{\n\"lanes\": [{\"nmae\": \"care\"}]}", "line 2: lanes[0].nmae"},
		{"unknown field in a condition", "{\"lanes\": [{\"name\": \"care\",\n\n\"when\": {\"fact\": \"text\", \"wrod\": \"x\"}}]}", "line 3: lanes[0].when.wrod"},
		{"unknown metric", `{"sla": [{"name": "p", "targets": [{"metric": "speed", "within": "1h"}]}]}`, `metric "speed"`},
		{"bad duration", `{"sla": [{"name": "p", "targets": [{"metric": "resolution", "within": "2 days"}]}]}`, `"2 days"`},
		{"no targets", `{"sla": [{"name": "p", "targets": []}]}`, `sla policy "p": targets`},
		{"unknown team", `{"lanes": [{"name": "care", "team": "nobody"}]}`, `lane "care": team "nobody"`},
		{"unreachable lane", `{"lanes": [{"name": "all"}, {"name": "care"}]}`, `lane "care"`},
		{"unknown predicate", `{"lanes": [{"name": "vip", "when": {"predicate": "isVIP"}}]}`, "isVIP"},
		{"two agents of a name", `{"agents": [{"name": "ana"}, {"name": "ana"}]}`, `agent "ana"`},
		{"posts of days together", `{"together": {"within": "72h"}}`, `together.within: want at most 24h0m0s, got 72h0m0s`},
		{"misspelt field of posts together", "{\n\"together\": {\"whithin\": \"5m\"}}", "line 2: together.whithin"},
		{"related after weeks", `{"related": {"within": "500h"}}`, `related.within: want at most 168h0m0s, got 500h0m0s`},
		{"related by what is no fact", `{"related": {"merge": {"fact": "also_off", "exists": true}}}`, `related.merge: fact "also_off" is not known`},
		{"related by a list that there is not", `{"related": {"merge": {"fact": "text", "list": "parcels"}}}`, `list: "parcels" is unknown`},
		{"merged though never related", `{"related": {"within": "-1s", "merge": {"fact": "also_on", "exists": true}}}`, `related.merge: is never used`},
		{"campaign of two", `{"campaigns": {"authors": 2}}`, `campaigns.authors: want 3 to 200, got 2`},
		{"campaign of nobody", `{"campaigns": {"within": "2h"}}`, `campaigns.authors: is missing`},
		{"campaign over days", `{"campaigns": {"authors": 20, "within": "48h"}}`, `campaigns.within: want more than 0 and at most 24h0m0s`},
		{"campaign of a word", `{"campaigns": {"authors": 20, "words": 1}}`, `campaigns.words: want at least 4, got 1`},
		{"campaign of what is not alike", `{"campaigns": {"authors": 20, "alike": 0.1}}`, `campaigns.alike: want 0.5 to 1, got 0.1`},
		{"campaign that nobody is told of", `{"campaigns": {"authors": 20, "notify": ["leo"]}}`, `campaigns.notify[0] "leo": there is no such agent`},
		{"misspelt field of campaigns", "{\n\"campaigns\": {\"author\": 20}}", "line 2: campaigns.author"},
		{"unknown kind of app", `{"apps": {"1": "robot"}}`, `"robot"`},
		{"misspelt fact of a lane", `{"lanes": [{"name": "care", "when": {"fact": "txt", "word": "x"}}]}`, `lane "care": when: fact "txt"`},
		{"misspelt fact inside", `{"lanes": [{"name": "care", "when": {"any": [{"fact": "text", "word": "x"}, {"not": {"fact": "contact.teir", "equals": "gold"}}]}}]}`, `fact "contact.teir"`},
		{"misspelt fact of a policy", `{"sla": [{"name": "p", "when": {"fact": "prio", "equals": "high"}, "targets": [{"metric": "resolution", "within": "1h"}]}]}`, `sla policy "p": when: fact "prio"`},
		{"misspelt fact of noise", `{"noise": [{"name": "thanks", "when": {"fact": "txt", "word": "thanks"}}]}`, `noise "thanks": when: fact "txt"`},
		{"noise by what is no fact of a message", `{"noise": [{"name": "vip", "when": {"fact": "contact.tier", "equals": "gold"}}]}`, `fact "contact.tier"`},
		{"calendar that is never open", `{"calendars": {"paris": {"zone": "Europe/Paris"}}}`, `calendar "paris": calendar: is never open`},
		{"bad interval of a calendar", "{\"calendars\": {\"paris\": {\"zone\": \"Europe/Paris\",\n\"week\": {\"monday\": [\"9-17\"]}}}}", "line 2: calendars.paris.week.monday[0]"},
		{"zone that is none", `{"calendars": {"paris": {"zone": "Paris", "week": {"monday": ["09:00-17:00"]}}}}`, `calendar "paris": calendar: zone`},
		{"calendar named like around the clock", `{"calendars": {"always": {"zone": "UTC", "week": {"monday": ["09:00-17:00"]}}}}`, `calendar "always"`},
		{"unknown calendar of a lane", `{"lanes": [{"name": "care", "calendar": "mars"}]}`, `lane "care": calendar: calendar "mars"`},
		{"unknown calendar of a team", `{"teams": [{"name": "care", "calendar": "mars"}]}`, `team "care": calendar: calendar "mars"`},
		{"unknown calendar of a policy", `{"sla": [{"name": "p", "calendar": "mars", "targets": [{"metric": "resolution", "within": "1h"}]}]}`, `sla policy "p": calendar "mars"`},
		{"step to an unknown lane", `{"sla": [{"name": "p", "targets": [{"metric": "resolution", "within": "1h"}], "steps": [{"at": "75%"}, {"at": "breach", "lane": "leads"}]}]}`, `sla policy "p": steps[1].lane "leads"`},
		{"step to an unknown agent", `{"sla": [{"name": "p", "targets": [{"metric": "resolution", "within": "1h"}], "steps": [{"at": "breach", "agent": "lea"}]}]}`, `sla policy "p": steps[0].agent "lea"`},
		{"step that tells nobody there", `{"agents": [{"name": "lea"}], "sla": [{"name": "p", "targets": [{"metric": "resolution", "within": "1h"}], "steps": [{"at": "breach", "notify": ["lea", "pager:12", "leo"]}]}]}`, `steps[0].notify[2] "leo"`},
		{"step with an empty tag", `{"sla": [{"name": "p", "targets": [{"metric": "resolution", "within": "1h"}], "steps": [{"at": "breach", "tags": [" "]}]}]}`, `steps[0].tags[0] " "`},
		{"not JSON", `lanes: []`, "line 1"},
		{"empty", ``, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			setup, err := socialcrm.ParseSetup([]byte(test.file))
			if err == nil {
				err = setup.Check(nil)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

func TestAllThatIsWrongIsToldAtOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, file string
		want       []string
	}{
		{"of lanes", `{"lanes": [{"name": "a", "team": "x", "when": {"fact": "txt", "word": "w"}}, {"name": "b", "when": {"fact": "tx2", "word": "w"}}, {"name": "c", "calendar": "mars", "when": {"fact": "text", "list": "none"}}]}`,
			[]string{`lane "a": team "x"`, `lane "c": calendar: calendar "mars"`, `lane "c": when: rule: `, `lane "a": when: fact "txt"`, `lane "b": when: fact "tx2"`}},
		{"of policies", `{"sla": [{"targets": [{"metric": "resolution", "within": "1h"}]}, {"name": "p", "calendar": "mars", "when": {"fact": "prio", "equals": "x"}, "targets": [{"metric": "resolution", "within": "0s"}],
			"steps": [{"at": "breach", "lane": "l", "agent": "a", "notify": ["leo", "lea"]}]}]}`,
			[]string{`sla policy 0: name is missing`, `sla policy "p": when: fact "prio"`, `sla policy "p": calendar "mars"`, `sla policy "p": targets[0].within`, `sla policy "p": steps[0]: want a lane`,
				`sla policy "p": steps[0].lane "l"`, `sla policy "p": steps[0].agent "a"`, `sla policy "p": steps[0].notify[0] "leo"`, `sla policy "p": steps[0].notify[1] "lea"`}},
		{"of what customers hear at night", `{"off_hours": {"calendar": "mars", "again": "-1s", "when": {"fact": "txt", "word": "w"}, "texts": [{"automated": "{x}", "back": "soon", "weekdays": ["Monday"]}]}}`,
			[]string{`off_hours.calendar "mars"`, "off_hours.again", "off_hours.texts[0].emergency is missing", `off_hours.texts[0].back "soon"`, "off_hours.texts[0].weekdays", "off_hours.texts[0].automated: {x}", `off_hours.when: fact "txt"`}},
		{"of holidays", `{"calendars": {"a": {"zone": "UTC", "week": {"monday": ["09:00-17:00"]}}}, "national_holidays": {"a": ["XX", "FR", "YY"], "b": ["FR"]}}`,
			[]string{`national_holidays["a"][0]`, `national_holidays["a"][2]`, `national_holidays["b"]: there is no calendar`}},
		{"of all parts", `{"calendars": {"a": {"zone": "Europe/Pari", "week": {"monday": ["09:00-17:00"]}}}, "lanes": [{"name": "l", "calendar": "a", "when": {"fact": "txt", "word": "w"}}],
			"noise": [{"name": "n"}, {"name": "m", "when": {"fact": "lane", "equals": "l"}}], "private": [{"when": {"fact": "text", "list": "none"}}],
			"sla": [{"calendar": "a", "targets": [{"metric": "resolution", "within": "1h"}]}], "off_hours": {"calendar": "a", "texts": []},
			"campaigns": {"authors": 2, "words": 1, "notify": ["leo"]}, "related": {"merge": {"fact": "txt", "word": "w"}}, "redact_within": "-1s", "apps": {"1": "robot"},
			"agents": [{"name": " a "}], "reopen": {"public": "1ns"}}`,
			[]string{`calendar "a": calendar: zone`, `lane "l": when: fact "txt"`, `sla policy 0: name is missing`, `noise "n": when is empty`, `noise "m": when: fact "lane"`, `private[0]: name is missing`, `private[0]: when: rule: `,
				"off_hours.texts: there are none", `apps["1"]`, "campaigns.authors", "campaigns.words", `campaigns.notify[0] "leo"`, `related.merge: fact "txt"`, "redact_within", `agent " a "`, "reopen.public: want a second"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			setup, err := socialcrm.ParseSetup([]byte(test.file))
			if err != nil {
				t.Fatal(err)
			}
			told := strings.Split(setup.Check(nil).Error(), "\n")
			for i, line := range told {
				if i >= len(test.want) || !strings.HasPrefix(line, test.want[i]) {
					t.Errorf("line %d: %s", i, line)
				}
			}
			if len(told) < len(test.want) {
				t.Errorf("not told: %q", test.want[len(told):])
			}
		})
	}
}

func TestApplyIsAllOrNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before, version := w.desk.Setup()
	broken := company()
	broken.Lanes[0].Team = "nobody"
	if err := w.desk.Apply(t.Context(), ana, broken); !errors.Is(err, socialcrm.ErrInvalid) || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("Apply of a broken setup: %v", err)
	}
	if after, v := w.desk.Setup(); v != version || len(after.Lanes) != len(before.Lanes) {
		t.Errorf("the setup changed to version %d", v)
	}
	changed := company()
	changed.Lanes[0].Name = "invoices"
	if err := w.desk.Apply(t.Context(), ana, changed); err != nil {
		t.Fatal(err)
	}
	w.restart() // Config.Setup is not applied again: the store's is newer
	w.platform.Customer("mia").Post(w.page, "My invoice is wrong")
	w.pass(1)
	if got := w.only(); got.Lane != "invoices" || got.Setup != version+1 {
		t.Errorf("lane %q under version %d, want invoices under %d", got.Lane, got.Setup, version+1)
	}
}

func TestApplyRefusesWhatJSONCannotHold(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	for name, broken := range map[string]socialcrm.Setup{
		"two names that differ in bytes that are no text": {Agents: []routing.Agent{{Name: "Jos\xe9"}, {Name: "Jos\xe8"}}},
		"a number that is none":                           {Lanes: []routing.Lane{{Name: "all", When: rule.Condition{Fact: "author.followers", Min: &inf}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if err := w.desk.Apply(t.Context(), ana, broken); !errors.Is(err, socialcrm.ErrInvalid) {
				t.Errorf("Apply: %v, want ErrInvalid", err)
			}
			w.ok(w.desk.Apply(t.Context(), ana, company()))
			w.restart() // what the store holds can be read
			if _, err := socialcrm.New(socialcrm.Config{Setup: broken}); err == nil {
				t.Error("New takes it")
			}
		})
	}
}

func TestOldSetupWithAPredicateThatIsGoneLetsADeskStart(t *testing.T) {
	t.Parallel()
	store := ticket.NewMemory(nil)
	vip := socialcrm.Setup{Lanes: []routing.Lane{{Name: "vip", When: rule.Condition{Predicate: "vip"}}}}
	desk, err := socialcrm.New(socialcrm.Config{Store: store, Setup: vip, Predicates: rule.Predicates{"vip": func(rule.Facts) bool { return true }}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := socialcrm.New(socialcrm.Config{Store: store}); err == nil || !strings.Contains(err.Error(), "vip") {
		t.Errorf("while it is in force: %v, want an error that names it", err)
	}
	if err := desk.Apply(t.Context(), ana, company()); err != nil {
		t.Fatal(err)
	}
	again, err := socialcrm.New(socialcrm.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	if setup, version := again.Setup(); version != 2 || len(setup.Lanes) != len(company().Lanes) {
		t.Errorf("version %d with %d lanes is in force", version, len(setup.Lanes))
	}
}

func TestAgentsComeAndGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	setup := company()
	setup.Agents[0].AlwaysOn = false
	if err := w.desk.Apply(t.Context(), ana, setup); err != nil {
		t.Fatal(err)
	}
	if err := w.desk.SetPresence(t.Context(), ana, "ana", ticket.Offline); err != nil {
		t.Fatal(err)
	}
	w.platform.Customer("mia").Post(w.page, "Hello?")
	w.pass(1)
	if got := w.only(); got.Agent != "" || got.Lane != "care" {
		t.Fatalf("with nobody there the ticket has agent %q in lane %q", got.Agent, got.Lane)
	}
	if err := w.desk.SetPresence(t.Context(), ana, "ana", ticket.Available); err != nil {
		t.Fatal(err)
	}
	w.pass(1)
	if got := w.only(); got.Agent != "ana" {
		t.Errorf("once ana is there the ticket has agent %q", got.Agent)
	}
	if err := w.desk.SetPresence(t.Context(), ana, "nobody", ticket.Available); !errors.Is(err, socialcrm.ErrNotFound) {
		t.Errorf("presence of nobody: %v", err)
	}
	if err := w.desk.SetPresence(t.Context(), ana, "ana", "asleep"); !errors.Is(err, socialcrm.ErrInvalid) {
		t.Errorf("presence asleep: %v", err)
	}
}

func FuzzParseSetup(f *testing.F) {
	f.Add([]byte(deskFile))
	f.Add([]byte(`{}`))
	f.Add([]byte(`{"lanes":[{"name":"a","when":{"not":{}}}]}`))
	f.Add([]byte(`{"sla":[{"name":"p","when":{"all":[{"fact":"tags","in":["a",1,true]}]},"targets":[{"metric":"resolution","within":"1ns","priority":"urgent"}]}]}`))
	f.Add([]byte(`{"agents":[{"name":"a","teams":["t"],"capacity":-1}],"teams":[{"name":"t"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		setup, err := socialcrm.ParseSetup(data)
		if err != nil || setup.Check(nil) != nil {
			return
		}
		if _, err := socialcrm.New(socialcrm.Config{Setup: setup}); err != nil {
			t.Errorf("a setup that passes its check cannot be used: %v", err)
		}
	})
}

func TestApplyLeavesTheAgentsPresenceAsItIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := company()
	s.Agents[0].AlwaysOn = false
	w.apply(s)
	w.ok(w.desk.SetPresence(t.Context(), ana, "ana", ticket.Available))
	w.apply(s)
	if got := w.ticket(w.asked("mia", "Hello?")); got.Agent != "ana" {
		t.Errorf("the ticket is with %q, want ana, who is still there", got.Agent)
	}
}

func TestASetupThatBringsRoomHandsOutWhatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.asked("mia", "Where is it?")
	w.asked("noa", "Where is it?")
	id := w.asked("oli", "Where is it?")
	if got := w.ticket(id); got.Lane != "care" || got.Agent != "" {
		t.Fatalf("lane %q, agent %q; want care and nobody", got.Lane, got.Agent)
	}
	s := company()
	s.Agents[0].Capacity = 3
	w.apply(s)
	w.pass(time.Minute)
	if got := w.ticket(id); got.Agent != "ana" {
		t.Errorf("with %q, want ana", got.Agent)
	}
}

func TestApplyPutsAgentsWhereTheSetupHasThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	presence := func(agent string) (p ticket.Presence) {
		w.ok(w.store.View(t.Context(), "", func(r ticket.Reader) error {
			states, err := r.Agents(agent)
			if err == nil {
				p = states[0].Presence
			}
			return err
		}))
		return p
	}
	s := company()
	s.Agents[1].AlwaysOn = false
	w.apply(s)
	w.ok(w.desk.SetPresence(t.Context(), ana, "ben", ticket.Away))
	s.Agents[0].Capacity = 3
	w.apply(s)
	if got := presence("ben"); got != ticket.Away {
		t.Errorf("ben is %q, want away as before: nothing of him changed", got)
	}
	w.apply(company())
	if got := presence("ben"); got != ticket.Available {
		t.Errorf("ben is %q, want available: the Setup has him always on", got)
	}
	s = company()
	s.Agents[1].Name = "max"
	w.apply(s)
	if got := presence("ben"); got == ticket.Available {
		t.Errorf("ben is %q, and he is gone", got)
	}
}

func TestAStepMayNotifyALane(t *testing.T) {
	t.Parallel()
	s := company()
	s.SLA[0].Steps = []sla.Step{{Notify: []string{"billing"}}}
	if err := s.Check(nil); err != nil {
		t.Error(err)
	}
}

func TestADeskFileIsReadWithItsName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "shop.json")
	for file, want := range map[string]string{
		deskFile:                                "",
		"{\n\"lanes\": [{\"nmae\": \"care\"}]}": "desk file " + path + ": line 2: lanes[0].nmae: unknown field",
		`{"lanes": [{"name": "a", "team": "x"}], "redact_within": "-1s"}`: "desk file " + path + `: lane "a": team "x" is not known` + "\n" + "desk file " + path + ": redact_within: want more than 0",
	} {
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := socialcrm.ReadSetup(path, nil)
		switch {
		case want == "" && (err != nil || len(s.Lanes) != 2):
			t.Errorf("%v", err)
		case want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)):
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if _, err := socialcrm.ReadSetup(path+"x", nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of no file: %v", err)
	}
}
