package sla

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestClockFindsByMetric(t *testing.T) {
	t.Parallel()
	s := fold(t, targets(time.Hour, 2*time.Hour, 0), wrote("09:00:00"))
	if c, ok := s.Clock(FirstResponse); !ok || !c.Due.Equal(at("11:00:00")) || c.Policy != "standard" || c.Target != Duration(2*time.Hour) || !c.Started.Equal(at("09:00:00")) {
		t.Errorf("Clock(first response) = %+v, %v", c, ok)
	}
	if c, ok := s.Clock(Resolution); ok {
		t.Errorf("Clock(resolution) = %+v, want none", c)
	}
}

func TestNextIsTheNearestDeadlineOfARunningClock(t *testing.T) {
	t.Parallel()
	set := targets(time.Hour, 2*time.Hour, 4*time.Hour)
	tests := []struct {
		name   string
		events []Event
		want   time.Time
	}{
		{"nothing happened", nil, time.Time{}},
		{"all run", []Event{wrote("09:00:00")}, at("10:00:00")},
		{"one is met", []Event{wrote("09:00:00"), automated("09:01:00")}, at("11:00:00")},
		{"one is breached", []Event{wrote("09:00:00"), wrote("10:30:00")}, at("11:00:00")},
		{"all have ended", []Event{wrote("09:00:00"), status("09:30:00", Solved)}, time.Time{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := fold(t, set, tt.events...).Next(); !got.Equal(tt.want) {
				t.Errorf("Next = %s, want %s", got, tt.want)
			}
		})
	}
}

func TestAtBreachesWhatIsPastDue(t *testing.T) {
	t.Parallel()
	s := fold(t, targets(time.Hour, 2*time.Hour, 0), wrote("09:00:00"))
	tests := []struct {
		now  string
		want []string
	}{
		{"08:00:00", []string{"acknowledgement running, due 10:00:00", "first_response running, due 11:00:00"}},
		{"10:00:00", []string{"acknowledgement running, due 10:00:00", "first_response running, due 11:00:00"}},
		{"10:00:01", []string{"acknowledgement breached, due 10:00:00", "first_response running, due 11:00:00"}},
		{"12:00:00", []string{"acknowledgement breached, due 10:00:00", "first_response breached, due 11:00:00"}},
	}
	for _, tt := range tests {
		if diff := cmp.Diff(tt.want, sayAll(s.At(at(tt.now)))); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", tt.now, diff)
		}
	}
	if diff := cmp.Diff(tests[0].want, sayAll(s)); diff != "" {
		t.Errorf("the state looked at changed (-want +got):\n%s", diff)
	}
}

func TestChanges(t *testing.T) {
	t.Parallel()
	set := targets(0, time.Hour, 4*time.Hour)
	tests := []struct {
		name          string
		before, after State
		want          []string
	}{
		{"nothing", fold(t, set, wrote("09:00:00")), fold(t, set, wrote("09:00:00"), wrote("09:01:00")), nil},
		{"clocks begin", State{}, fold(t, set, wrote("09:00:00")), []string{"new first_response running, due 10:00:00", "new resolution running, due 13:00:00"}},
		{"a clock that begins breached begins and is breached", State{}, fold(t, targets(0, time.Hour, 0), wrote("09:00:00")).At(at("11:00:00")),
			[]string{"new first_response breached, due 10:00:00", "first_response breached, due 10:00:00"}},
		{"a clock is met", fold(t, set, wrote("09:00:00")), fold(t, set, wrote("09:00:00"), answered("09:30:00")), []string{"first_response met at 09:30:00, due 10:00:00"}},
		{"a clock is breached", fold(t, set, wrote("09:00:00")), fold(t, set, wrote("09:00:00")).At(at("10:30:00")), []string{"first_response breached, due 10:00:00"}},
		{"a breached clock is stopped", fold(t, set, wrote("09:00:00"), wrote("10:30:00")), fold(t, set, wrote("09:00:00"), wrote("10:30:00"), answered("11:00:00")),
			[]string{"was breached: first_response breached at 11:00:00, due 10:00:00"}},
		{"a deadline moves", fold(t, set, wrote("09:00:00")), fold(t, targets(0, 2*time.Hour, 4*time.Hour), wrote("09:00:00")), []string{"first_response running, due 11:00:00"}},
		{"a reopening withdraws a met resolution", fold(t, targets(0, 0, 4*time.Hour), wrote("09:00:00"), status("10:00:00", Solved)),
			fold(t, targets(0, 0, 4*time.Hour), wrote("09:00:00"), status("10:00:00", Solved), status("12:00:00", Open)),
			[]string{"was met: withdrawn resolution running, due 15:00:00"}},
		{"a clock is gone", fold(t, set, wrote("09:00:00"), answered("09:30:00")), fold(t, targets(0, 0, 4*time.Hour), wrote("09:00:00")),
			[]string{"was met: withdrawn first_response met at 09:30:00, due 10:00:00"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, c := range Changes(tt.before, tt.after) {
				s := say(c.Clock)
				if c.Withdrawn {
					s = "withdrawn " + s
				}
				if c.New {
					s = "new " + s
				}
				if c.Was != Running {
					s = "was " + c.Was.String() + ": " + s
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestChangesComeInTheOrderOfMetrics(t *testing.T) {
	t.Parallel()
	before := fold(t, targets(time.Hour, 0, 0), wrote("09:00:00"))
	after := fold(t, targets(0, time.Hour, 0), wrote("09:00:00"))
	got := Changes(before, after)
	if len(got) != 2 || got[0].Clock.Metric != Acknowledgement || got[1].Clock.Metric != FirstResponse {
		t.Errorf("changes %+v, want acknowledgement before first response", got)
	}
}

func TestTheNilCalendarIsAlwaysOpen(t *testing.T) {
	t.Parallel()
	var c *Calendar
	got, err := c.Add(at("23:00:00"), 2*time.Hour)
	if want := at("23:00:00").Add(2 * time.Hour); err != nil || !got.Equal(want) {
		t.Errorf("Add = %s, %v, want %s", got, err, want)
	}
	if _, err := c.Add(at("23:00:00"), -1); err == nil {
		t.Error("Add of a negative duration: no error")
	}
	if _, err := c.Add(at("23:00:00"), MaxTarget+1); err == nil {
		t.Error("Add of more than ten years: no error")
	}
	if got := c.Between(at("10:00:00"), at("09:00:00")); got != -time.Hour {
		t.Errorf("Between = %s, want -1h", got)
	}
}
