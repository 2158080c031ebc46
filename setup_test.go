package socialcrm_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/ticket"
)

const deskFile = `{
  "lanes": [
    {"name": "billing", "purpose": "Money.", "team": "money", "when": {"any": [{"fact": "text", "word": "invoice"}, {"fact": "text", "word": "refund"}]}, "priority": "high"},
    {"name": "care", "team": "care"}
  ],
  "teams": [{"name": "care"}, {"name": "money"}],
  "agents": [{"name": "ana", "first_name": "Ana", "teams": ["care"], "capacity": 3, "always_on": true}],
  "sla": [{"name": "promise", "when": {"fact": "visibility", "equals": "public"}, "targets": [{"metric": "first_response", "within": "1h"}, {"metric": "resolution", "within": "48h"}]}],
  "reopen": {"public": "168h"},
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
		{"unknown kind of app", `{"apps": {"1": "robot"}}`, `"robot"`},
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
