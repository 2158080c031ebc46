package sla_test

import (
	"testing"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

// FuzzPolicies: what comes from a desk file is refused or can be folded with, whatever it is.
func FuzzPolicies(f *testing.F) {
	f.Add([]byte(`[{"name":"a","targets":[{"metric":"first_response","within":"1h"}]}]`))
	f.Add([]byte(`[{"name":"gold","when":{"fact":"contact.tier","equals":"gold"},"targets":[{"metric":"resolution","within":"48h","priority":"high","pause":["pending"]}],` +
		`"responses":"anyone","reopening":"ignore","steps":[{"at":"75%"},{"at":"breach","raise":"urgent"}]},{"name":"rest","targets":[{"metric":"agent_work","within":"1ns"}]}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var list []sla.Policy
		if rule.DecodeStrict(data, &list) != nil {
			return
		}
		set, err := sla.NewPolicySet(list, sla.Calendars{}, nil)
		if err != nil {
			return
		}
		var s sla.State
		for _, e := range []sla.Event{wrote("09:00:00"), tagged("10:00:00", sla.High, ""), answered("10:00:00"), status(sla.Solved, "11:00:00"), status(sla.Open, "12:00:00")} {
			if next, err := set.Fold(s, e); err == nil {
				s = next
			}
		}
		set.Steps(s.At(utc(monday("13:00:00"))))
	})
}

// FuzzMoment: what is read is written so that it reads the same.
func FuzzMoment(f *testing.F) {
	for _, text := range []string{"75%", "15m before", "breach", "2h after", "1% ", "-1h after", "99999999h before"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var m, again sla.Moment
		if m.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(m.String())); err != nil || again != m {
			t.Errorf("%q is %+v, which is written %q and read as %+v, %v", text, m, m, again, err)
		}
	})
}
