package sla_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// A feed closes Tuesday afternoon while a ticket is under way: the explanation says when its deadline moved, and why.
func TestTheExplanationTellsThatHoursWereEdited(t *testing.T) {
	t.Parallel()
	setOf := func(h sla.Hours) *sla.PolicySet {
		set, err := sla.NewPolicySet([]sla.Policy{{Name: "everybody", Calendar: "office", Targets: []sla.Target{{Metric: sla.FirstResponse, Within: sla.Duration(4 * time.Hour)}}}},
			sla.Calendars{Named: map[string]*sla.Calendar{"office": calendar(t, h)}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return set
	}
	h := office("Europe/Paris", 9, 18)
	before, same := setOf(h), setOf(h)
	h.Holidays = []sla.Holiday{{Name: "Company afternoon", Date: sla.Date{Year: 2026, Month: time.June, Day: 16}, Closed: []sla.Interval{between(12, 24)}}}
	after := setOf(h)
	facts := sla.Facts{Lane: "care"}
	events := []sla.Event{
		happened(sla.CustomerWrote, "2026-06-15T20:00:00Z"), told(facts, "2026-06-15T21:00:00Z"), told(facts, "2026-06-16T01:00:00Z"), told(facts, "2026-06-16T02:00:00Z"),
	}
	inForce := func(at time.Time) *sla.PolicySet {
		switch {
		case at.Before(utc("2026-06-15T21:00:00Z")):
			return before
		case at.Before(utc("2026-06-16T01:00:00Z")):
			return same // another version, in which the calendar did not change
		}
		return after
	}
	x := sla.Explain(slices.Values(events), inForce, utc("2026-06-16T03:00:00Z"))
	var changed []string
	for line := range strings.Lines(x[0].String()) {
		if strings.Contains(line, "changed") {
			changed = append(changed, strings.TrimSpace(line))
		}
	}
	want := "Tue 2026-06-16 03:00  calendar changed: office (its hours or holidays were edited), due Wed 2026-06-17 10:00"
	if len(changed) != 1 || changed[0] != want {
		t.Errorf("the explanation tells %q, want %q:\n%s", changed, want, x[0])
	}
}

func TestAMomentIsSaidAsADeskFileSaysIt(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"15m before", "2h after", "1h30m after", "90s after", "75%", "breach"} {
		var m sla.Moment
		if err := m.UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, want := (sla.Turn{Kind: sla.TurnWarned, To: m.String()}).String(), "warned: "+strings.Replace(text, "90s", "1m30s", 1); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
