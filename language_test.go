package socialcrm_test

import (
	"strings"
	"testing"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/routing"
	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

func TestALanguageThatIsNoneIsRefusedWithItsPlace(t *testing.T) {
	t.Parallel()
	in := func(fact string, tags ...string) rule.Condition {
		c := rule.Condition{Fact: fact}
		for _, tag := range tags {
			c.In = append(c.In, rule.Text(tag))
		}
		return c
	}
	for _, tt := range []struct {
		name   string
		change func(*socialcrm.Setup)
		want   string
	}{
		{"of an agent", func(s *socialcrm.Setup) { s.Agents[0].Languages = []string{"en", "german"} }, `agent "ana": languages[1] "german": want a BCP 47 tag of a language, such as "de" or "pt-BR"`},
		{"of a lane", func(s *socialcrm.Setup) { s.Lanes[0].When = in("language", "pt-BR", "pt_PT") }, `lane "billing": when: fact "language": "pt_PT": want a BCP 47 tag`},
		{"of a lane's priority", func(s *socialcrm.Setup) {
			s.Lanes[1].Priorities = []routing.PriorityRule{{When: in("author.language", "Deutsch")}}
		}, `lane "care": priorities[0].when: fact "author.language": "Deutsch": want`},
		{"of a weight", func(s *socialcrm.Setup) {
			s.Weights = []routing.Weight{{Weight: 2, When: rule.Condition{Not: new(in("contact.language", "e"))}}}
		}, `weights[0].when: fact "contact.language": "e": want`},
		{"of a policy", func(s *socialcrm.Setup) {
			s.SLA[0].When = rule.Condition{Any: []rule.Condition{in("language", "fr"), {Fact: "language", Equals: rule.Text("en-")}}}
		}, `sla policy "promise": when: fact "language": "en-": want`},
		{"of noise", func(s *socialcrm.Setup) {
			s.Noise = []socialcrm.Noise{{Name: "thanks", When: rule.Condition{All: []rule.Condition{{Fact: "text", Word: "merci"}, in("author.language", "French")}}}}
		}, `noise "thanks": when: fact "author.language": "French": want`},
		{"of off-hours", func(s *socialcrm.Setup) {
			s.OffHours = &socialcrm.OffHours{When: in("language", "en us"), Texts: []socialcrm.OffHoursText{english}}
		}, `off_hours.when: fact "language": "en us": want`},
		{"of related matters", func(s *socialcrm.Setup) { s.Related = socialcrm.Related{Merge: in("language", "german")} }, `related.merge: fact "language": "german": want`},
		{"of a text", func(s *socialcrm.Setup) {
			text := german
			text.Language = "de_AT"
			s.OffHours = &socialcrm.OffHours{Texts: []socialcrm.OffHoursText{text, english}}
		}, `off_hours.texts[0].language "de_AT": want`},
		{"all of these are", func(s *socialcrm.Setup) {
			s.Agents[0].Languages = []string{"de", "gsw", "zh-Hant-TW", "sl-rozaj-1994", "es-419", "de-x-shop", "EN-gb"}
			s.Lanes[0].When = rule.Condition{Any: []rule.Condition{in("language", "de"), {Fact: "text", Equals: rule.Text("german")}, {Fact: "language", Prefix: "pt-"}}}
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := company()
			s.SLA = append([]sla.Policy(nil), s.SLA...)
			tt.change(&s)
			err := s.Check(nil)
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tt.want)) {
				t.Errorf("error\n\t%v\nwant\n\t%s", err, tt.want)
			}
		})
	}
}
