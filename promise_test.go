package socialcrm_test

import (
	"testing"
	"time"

	"github.com/socialcrm/socialcrm"
	"github.com/socialcrm/socialcrm/sla"
)

// office is open from nine to five in Berlin, Monday to Friday.
func office() sla.Hours {
	return sla.Hours{Zone: "Europe/Berlin", Week: sla.Weekdays(sla.Interval{From: 9 * time.Hour, To: 17 * time.Hour})}
}

// friday is a quarter to five in Berlin, before a weekend.
var friday = time.Date(2026, 3, 6, 15, 45, 0, 0, time.UTC)

func TestPromisesCountInTheHoursOfPolicyLaneOrTeam(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name               string
		policy, lane, team string
		due                time.Time
	}{
		{"nobody names any", "", "", "", friday.Add(time.Hour)},
		{"the team's", "", "", "office", time.Date(2026, 3, 9, 8, 45, 0, 0, time.UTC)},
		{"the lane's before the team's", "", "late", "office", time.Date(2026, 3, 6, 16, 45, 0, 0, time.UTC)},
		{"the lane's own is around the clock", "", sla.AroundTheClock, "office", friday.Add(time.Hour)},
		{"the policy's before the lane's", "office", "late", "", time.Date(2026, 3, 9, 8, 45, 0, 0, time.UTC)},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := company()
			late := office()
			late.Week = sla.Weekdays(sla.Interval{From: 9 * time.Hour, To: 22 * time.Hour})
			s.Calendars = map[string]sla.Hours{"office": office(), "late": late}
			s.SLA[0].Calendar, s.Lanes[1].Calendar, s.Teams[1].Calendar = test.policy, test.lane, test.team
			w.apply(s)
			w.now = friday
			got := w.ticket(w.asked("mia", "Hello?"))
			if c, _ := got.Clocks.Clock(sla.FirstResponse); !c.Due.Equal(test.due) {
				t.Errorf("due at %s, want %s", c.Due.UTC(), test.due)
			}
		})
	}
}

func TestEachEventCountsUnderTheVersionInForceAtItsTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = friday
	s := company()
	s.Calendars = map[string]sla.Hours{"office": office()}
	s.SLA[0].Calendar = "office"
	w.apply(s)
	id := w.asked("mia", "Hello?") // 15 minutes before closing
	w.pass(12 * time.Hour)
	always := company()
	w.apply(always) // from here on it counts around the clock
	w.pass(10 * time.Minute)
	w.must(w.desk.Tag(t.Context(), id, ana, "slow"))
	got, _ := w.ticket(id).Clocks.Clock(sla.FirstResponse)
	if want := w.now.Add(45 * time.Minute); !got.Due.Equal(want) { // 15 minutes on Friday are spent: until this event it counted under the version of the one before
		t.Errorf("due at %s, want %s", got.Due.UTC(), want)
	}
}

var _ = socialcrm.Setup{}
