package sla_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

func TestAPolicyThatNoTicketReachesIsRefused(t *testing.T) {
	t.Parallel()
	gold, silver := rule.Condition{Fact: "contact.tier", Equals: rule.Text("gold")}, rule.Condition{Fact: "contact.tier", Equals: rule.Text("silver")}
	metal := rule.Condition{Fact: "contact.tier", In: []rule.Value{rule.Text("gold"), rule.Text("silver")}}
	known, unknown := rule.Condition{Fact: "contact.tier", Exists: new(true)}, rule.Condition{Fact: "contact.tier", Exists: new(false)}
	bags := rule.Condition{Fact: "lane", Equals: rule.Text("bags")}
	all := func(parts ...rule.Condition) rule.Condition { return rule.Condition{All: parts} }
	anyOf := func(parts ...rule.Condition) rule.Condition { return rule.Condition{Any: parts} }
	not := func(part rule.Condition) rule.Condition { return rule.Condition{Not: &part} }
	for _, tt := range []struct {
		name          string
		before, after rule.Condition
		unreachable   bool
	}{
		{"everything, then something", rule.Condition{}, gold, true},
		{"the same", gold, gold, true},
		{"a list, then one of it", metal, gold, true},
		{"a list, then some of it", metal, rule.Condition{Fact: "contact.tier", In: []rule.Value{rule.Text("silver")}}, true},
		{"one, then a list", gold, metal, false},
		{"known, then a value", known, metal, true},
		{"unknown, then a value", unknown, gold, false},
		{"one, then the same and more", gold, all(bags, gold), true},
		{"both, then one", all(gold, bags), gold, false},
		{"both, then both the other way round", all(gold, bags), all(bags, gold), true},
		{"either, then one", anyOf(gold, bags), gold, true},
		{"a list, then either of it", metal, anyOf(gold, silver), true},
		{"a list, then either of it or another", metal, anyOf(gold, bags), false},
		{"another fact", bags, gold, false},
		{"not, then it", not(gold), gold, false},
		{"not the list, then not one of it", not(metal), not(gold), false},
	} {
		targets := []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}}
		_, err := sla.NewPolicySet([]sla.Policy{{Name: "a", When: tt.before, Targets: targets}, {Name: "b", When: tt.after, Targets: targets}}, sla.Calendars{}, nil)
		if (err != nil) != tt.unreachable {
			t.Errorf("%s: %v, want an error: %v", tt.name, err, tt.unreachable)
		}
	}
}

func TestSomethingBehindEverythingSaysWhere(t *testing.T) {
	t.Parallel()
	targets := []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(time.Hour)}}
	_, err := sla.NewPolicySet([]sla.Policy{{Name: "all", Targets: targets}, {Name: "late", Targets: targets}}, sla.Calendars{}, nil)
	if want := `sla policy "late": no ticket reaches it, because policy "all" before it takes them all`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}
