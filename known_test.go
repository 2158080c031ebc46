package socialcrm_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/ticket"
)

func TestASetupThatCannotBeMeantIsRefusedWhereverItIsGiven(t *testing.T) {
	t.Parallel()
	first := sla.Target{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}
	for _, tt := range []struct {
		name   string
		change func(*socialcrm.Setup)
		want   string
	}{
		{"a zero byte in a lane's name", func(s *socialcrm.Setup) { s.Lanes[1].Name = "ca\x00re" }, "lanes[1].name: the text is no UTF-8, or holds a zero byte"},
		{"bad UTF-8 in a condition", func(s *socialcrm.Setup) {
			s.Lanes[0].When = rule.Condition{Not: &rule.Condition{Fact: "text", Equals: rule.Text("\xff")}}
		}, "lanes[0].when.not.equals: the text"},
		{"in a word list", func(s *socialcrm.Setup) { s.Words = rule.Lists{"rude": {"ok", "d\x00mn"}} }, `words["rude"][1]: the text`},
		{"a lane for a priority that there is not", func(s *socialcrm.Setup) {
			s.Lanes[0].When = rule.Condition{All: []rule.Condition{{Fact: "text", Word: "now"}, {Fact: "priority", Equals: rule.Text("urgnet")}}}
		}, `lane "billing": when: all[1].equals: is "urgnet", which "priority" never is; it is one of "low", "normal", "high", "urgent"`},
		{"a status in a weight", func(s *socialcrm.Setup) {
			s.Weights = []routing.Weight{{Weight: 2, When: rule.Condition{Fact: "status", In: []rule.Value{rule.Text("new"), rule.Text("hold")}}}}
		}, `weights[0].when: in[1]: is "hold", which "status" never is`},
		{"a policy for a visibility", func(s *socialcrm.Setup) {
			s.SLA = []sla.Policy{{Name: "p", Targets: []sla.Target{first}, When: rule.Condition{Not: &rule.Condition{Fact: "visibility", Equals: rule.Text("privat")}}}}
		}, `sla policy "p": when: not.equals: is "privat", which "visibility" never is; it is one of "public", "private"`},
		{"a policy for a lane that there is not", func(s *socialcrm.Setup) {
			s.SLA = []sla.Policy{{Name: "p", Targets: []sla.Target{first}, When: rule.Condition{Fact: "lane", Equals: rule.Text("bilings")}}}
		}, `sla policy "p": when: there is no lane "bilings"`},
		{"noise by what is true or false", func(s *socialcrm.Setup) {
			s.Noise = []socialcrm.Noise{{Name: "bots", When: rule.Condition{Fact: "author.bot", Equals: rule.Text("yes")}}}
		}, `noise "bots": when: equals: is "yes", which "author.bot" never is; it is one of false, true`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := company()
			tt.change(&s)
			if _, err := socialcrm.New(socialcrm.Config{Setup: s}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("New: %v, want %s", err, tt.want)
			}
			w := newWorld(t)
			err := w.desk.Apply(t.Context(), socialcrm.By{Actor: ticket.Actor{Kind: ticket.ByHost}}, s)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(err, socialcrm.ErrInvalid) {
				t.Errorf("Apply: %v, want %s", err, tt.want)
			}
		})
	}
}

func TestADeskFileWithANumberForATimeSaysWhatIsWanted(t *testing.T) {
	t.Parallel()
	_, err := socialcrm.ParseSetup([]byte(`{"sla": [{"name": "p",
		"targets": [{"metric": "first_response", "within": 3600}]}]}`))
	if want := `line 2: sla[0].targets[0].within: is the number 3600, want a string: duration "3600": want for example 90s, 15m or 48h`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}
