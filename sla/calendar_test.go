package sla_test

import (
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine

	"github.com/socialcrm/socialcrm/sla"
)

// between is the interval between two times of day, in hours.
func between(from, to float64) sla.Interval {
	return sla.Interval{From: time.Duration(from * float64(time.Hour)), To: time.Duration(to * float64(time.Hour))}
}

// utc reads an instant: 2026-06-01T09:00:00Z.
func utc(s string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		panic(err)
	}
	return t
}

func calendar(tb testing.TB, h sla.Hours) *sla.Calendar {
	tb.Helper()
	c, err := sla.NewCalendar(h)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

func office(zone string, from, to float64) sla.Hours {
	return sla.Hours{Zone: zone, Week: sla.Weekdays(between(from, to))}
}

func TestCalendarAdd(t *testing.T) {
	t.Parallel()
	summer := office("Europe/Berlin", 9, 18)
	winter := office("Europe/Berlin", 8, 20)
	winter.Holidays = []sla.Holiday{{Name: "All Saints", Date: sla.Date{Month: time.November, Day: 1}}}
	autumn := office("Europe/Berlin", 8, 17)
	autumn.Holidays = []sla.Holiday{
		{Name: "works outing", Date: sla.Date{Year: 2015, Month: time.September, Day: 22}},
		{Name: "called off", Date: sla.Date{Year: 2015, Month: time.September, Day: 23}, Off: true},
	}
	nights := sla.Hours{Zone: "Europe/Berlin", Week: sla.EveryDay(between(22, 6))}
	early := sla.Hours{Zone: "Europe/Berlin", Week: sla.Week{Sunday: []sla.Interval{between(0, 8)}}}
	split := office("Asia/Kolkata", 9, 12)
	split.Week = sla.Weekdays(between(14, 18.5), between(9, 12))
	advent := office("Europe/Paris", 9, 17)
	advent.Holidays = []sla.Holiday{
		{Date: sla.Date{Month: time.December, Day: 24}, Closed: []sla.Interval{between(12, 24)}},
		{Date: sla.Date{Month: time.December, Day: 25}},
		{Date: sla.Date{Month: time.December, Day: 28}},
	}
	advent.Openings = []sla.Opening{
		{Date: sla.Date{Year: 2026, Month: time.December, Day: 27}, Open: []sla.Interval{between(10, 14)}},
		{Date: sla.Date{Year: 2026, Month: time.December, Day: 28}, Open: []sla.Interval{between(16, 18)}},
		{Date: sla.Date{Year: 2026, Month: time.December, Day: 26}, Open: []sla.Interval{between(10, 14)}, Off: true},
	}
	tests := []struct {
		name  string
		hours sla.Hours
		from  string
		add   time.Duration
		want  string
	}{
		{"case 2: a deadline at closing time is the closing instant", summer, "2026-06-01T15:00:00Z", time.Hour, "2026-06-01T16:00:00Z"},
		{"case 7: first response after a holiday", winter, "2016-11-01T13:56:21Z", 120 * time.Minute, "2016-11-02T09:00:00Z"},
		{"case 7: periodic update over two days", winter, "2016-11-01T13:56:21Z", 1200 * time.Minute, "2016-11-03T15:00:00Z"},
		{"case 9: of two holidays one is switched off", autumn, "2015-09-21T14:30:00Z", 120 * time.Minute, "2015-09-23T07:30:00Z"},
		{"case 12: over the weekend", office("Europe/Berlin", 9, 17), "2026-06-05T14:45:00Z", 30 * time.Minute, "2026-06-08T07:15:00Z"},
		{"nothing, while closed", summer, "2026-06-06T12:00:00Z", 0, "2026-06-06T12:00:00Z"},
		{"a nanosecond, while closed", summer, "2026-06-06T12:00:00.5Z", 1, "2026-06-08T07:00:00.000000001Z"},
		{"to the last nanosecond", summer, "2026-06-01T15:59:59.25Z", 3 * time.Second / 4, "2026-06-01T16:00:00Z"},
		{"past the last nanosecond", summer, "2026-06-01T15:59:59.25Z", 3*time.Second/4 + 1, "2026-06-02T07:00:00.000000001Z"},
		{"a night shift over midnight", nights, "2026-06-01T21:00:00Z", 7 * time.Hour, "2026-06-02T04:00:00Z"},
		{"a night shift, then the next", nights, "2026-06-01T21:00:00Z", 8 * time.Hour, "2026-06-02T21:00:00Z"},
		{"clocks go forward: seven hours", early, "2026-03-28T00:00:00Z", 7 * time.Hour, "2026-03-29T06:00:00Z"},
		{"clocks go back: nine hours", early, "2026-10-24T00:00:00Z", 9 * time.Hour, "2026-10-25T07:00:00Z"},
		{"a break at noon, in half an hour's zone", split, "2026-06-01T06:00:00Z", time.Hour, "2026-06-01T09:00:00Z"},
		{"the half of a holiday, a whole one, and an opening", advent, "2026-12-24T10:30:00Z", time.Hour, "2026-12-27T09:30:00Z"},
		{"an opening opens what a holiday closes", advent, "2026-12-27T09:00:00Z", 6 * time.Hour, "2026-12-28T17:00:00Z"},
		{"after all exceptions of a year", advent, "2026-12-28T17:00:00Z", time.Hour, "2026-12-29T09:00:00Z"},
		{"a yearly holiday comes every year", advent, "2031-12-24T10:30:00Z", time.Hour, "2031-12-26T08:30:00Z"},
		{"before the first exception", autumn, "2000-01-03T07:00:00Z", 9 * time.Hour, "2000-01-03T16:00:00Z"},
		{"long ago, in local mean time", office("Europe/Paris", 9, 17), "1905-06-05T00:00:00Z", time.Second, "1905-06-05T08:50:40Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := calendar(t, tt.hours)
			got, err := c.Add(utc(tt.from), tt.add)
			if err != nil || !got.Equal(utc(tt.want)) {
				t.Errorf("Add(%s, %s) = %s, %v, want %s", tt.from, tt.add, got.Format(time.RFC3339Nano), err, tt.want)
			}
			if spent := c.Between(utc(tt.from), got); spent != tt.add {
				t.Errorf("Between(%s, %s) = %s, want %s", tt.from, got, spent, tt.add)
			}
		})
	}
}

func TestCalendarOpen(t *testing.T) {
	t.Parallel()
	nights := sla.Hours{Zone: "Europe/Berlin", Week: sla.EveryDay(between(22, 6))}
	nights.Holidays = []sla.Holiday{{Date: sla.Date{Year: 2026, Month: time.June, Day: 3}}}
	half := sla.Hours{Zone: "Europe/Berlin", Week: sla.EveryDay(between(0, 2.5))}
	apia := sla.Hours{Zone: "Pacific/Apia", Week: sla.EveryDay(between(22, 6))}
	leap := sla.Hours{Zone: "UTC", Week: sla.EveryDay(sla.Interval{}), Holidays: []sla.Holiday{{Date: sla.Date{Month: time.February, Day: 29}}}}
	sunday := sla.Hours{Zone: "UTC", Week: sla.Week{Sunday: []sla.Interval{between(22, 6)}}}
	tests := []struct {
		name  string
		hours sla.Hours
		at    string
		want  bool
	}{
		{"the instant of opening", office("UTC", 9, 17), "2026-06-01T09:00:00Z", true},
		{"just before it", office("UTC", 9, 17), "2026-06-01T08:59:59.999999999Z", false},
		{"the instant of closing", office("UTC", 9, 17), "2026-06-01T17:00:00Z", false},
		{"just before it", office("UTC", 9, 17), "2026-06-01T16:59:59.999999999Z", true},
		{"Sunday's night shift on Monday", sunday, "2026-06-01T05:59:59Z", true},
		{"a night shift before a holiday ends at midnight", nights, "2026-06-02T22:00:00Z", false},
		{"and before that it is open", nights, "2026-06-02T21:59:59Z", true},
		{"a night shift of a holiday begins at midnight", nights, "2026-06-03T22:00:00Z", true},
		{"and before that it is closed", nights, "2026-06-03T21:59:59Z", false},
		{"an interval ends inside a repeated hour: the first pass", half, "2026-10-25T00:29:59Z", true},
		{"between the passes", half, "2026-10-25T00:30:00Z", false},
		{"the second pass", half, "2026-10-25T01:00:00Z", true},
		{"after both", half, "2026-10-25T01:30:00Z", false},
		{"the evening before a skipped date", apia, "2011-12-30T09:59:59Z", true},
		{"the night shift of a skipped date, where the clock shows the next", apia, "2011-12-30T10:00:00Z", true},
		{"until its end", apia, "2011-12-30T16:00:00Z", false},
		{"29 February of a leap year", leap, "2028-02-29T12:00:00Z", false},
		{"1 March of another year", leap, "2027-03-01T12:00:00Z", true},
		{"29 February does not exist in 2100", leap, "2100-03-01T00:00:00Z", true},
		{"before 1900", leap, "1899-12-31T23:59:59Z", false},
		{"from 1900 on", leap, "1900-01-01T00:00:00Z", true},
		{"to the end of 2199", leap, "2199-12-31T23:59:59.999999999Z", true},
		{"from 2200 on", leap, "2200-01-01T00:00:00Z", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := calendar(t, tt.hours).Open(utc(tt.at)); got != tt.want {
				t.Errorf("Open(%s) = %v, want %v", tt.at, got, tt.want)
			}
		})
	}
}

func TestCase11AroundTheClockLosesNoMinute(t *testing.T) {
	t.Parallel()
	for name, day := range map[string]sla.Interval{"00:00-24:00": between(0, 24), "00:00-00:00": {}} {
		for _, zone := range []string{"UTC", "Europe/Berlin", "Australia/Lord_Howe"} {
			c := calendar(t, sla.Hours{Zone: zone, Week: sla.EveryDay(day)})
			for _, from := range []string{"2026-03-25T10:11:12.5Z", "2026-04-01T00:00:00Z", "2026-10-22T23:59:59Z"} {
				a, week := utc(from), 7*24*time.Hour
				if got := c.Between(a, a.Add(week)); got != week {
					t.Errorf("%s, %s, week from %s: %s open", name, zone, from, got)
				}
				if due, err := c.Add(a, week); err != nil || !due.Equal(a.Add(week)) {
					t.Errorf("%s, %s: a week after %s is %s, %v", name, zone, from, due, err)
				}
			}
			if at, ok := c.NextClose(utc("2026-03-25T10:11:12Z")); ok {
				t.Errorf("%s, %s: closes at %s", name, zone, at)
			}
		}
	}
}

func TestNextOpenAndNextClose(t *testing.T) {
	t.Parallel()
	berlin := office("Europe/Berlin", 9, 17)
	berlin.Holidays = []sla.Holiday{{Date: sla.Date{Month: time.December, Day: 31}, Closed: []sla.Interval{between(14, 24)}}}
	fair := sla.Hours{Zone: "Europe/Berlin", Openings: []sla.Opening{{Date: sla.Date{Year: 2026, Month: time.May, Day: 9}, Open: []sla.Interval{{}, between(22, 2)}}}}
	half := sla.Hours{Zone: "Europe/Berlin", Week: sla.EveryDay(between(0, 2.5))}
	tests := []struct {
		name        string
		hours       sla.Hours
		at          string
		open, close string // empty: never again
	}{
		{"open", berlin, "2026-06-01T07:00:00.5Z", "2026-06-01T07:00:00.5Z", "2026-06-01T15:00:00Z"},
		{"closing", berlin, "2026-06-05T15:00:00Z", "2026-06-08T07:00:00Z", "2026-06-05T15:00:00Z"},
		{"closed, within a second", berlin, "2026-06-08T06:59:59.75Z", "2026-06-08T07:00:00Z", "2026-06-08T06:59:59.75Z"},
		{"a half holiday", berlin, "2026-12-31T12:00:00Z", "2026-12-31T12:00:00Z", "2026-12-31T13:00:00Z"},
		{"after it", berlin, "2026-12-31T13:00:00Z", "2027-01-01T08:00:00Z", "2026-12-31T13:00:00Z"},
		{"the first pass of a repeated hour", half, "2026-10-24T22:00:00Z", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z"},
		{"between the passes", half, "2026-10-25T00:45:00Z", "2026-10-25T01:00:00Z", "2026-10-25T00:45:00Z"},
		{"the second pass", half, "2026-10-25T01:00:00Z", "2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"},
		{"long before it opens once", fair, "1950-01-01T00:00:00Z", "2026-05-08T22:00:00Z", "1950-01-01T00:00:00Z"},
		{"while it is open once", fair, "2026-05-09T12:00:00Z", "2026-05-09T12:00:00Z", "2026-05-10T00:00:00Z"},
		{"after it was open once", fair, "2026-05-10T00:00:00Z", "", "2026-05-10T00:00:00Z"},
		{"before all years", berlin, "0001-01-01T00:00:00Z", "1900-01-01T08:00:00Z", "0001-01-01T00:00:00Z"},
		{"after all years", berlin, "2300-01-01T00:00:00Z", "", "2300-01-01T00:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := calendar(t, tt.hours)
			opens, ok := c.NextOpen(utc(tt.at))
			if ok != (tt.open != "") || ok && !opens.Equal(utc(tt.open)) {
				t.Errorf("NextOpen(%s) = %s, %v, want %q", tt.at, opens, ok, tt.open)
			}
			closes, ok := c.NextClose(utc(tt.at))
			if ok != (tt.close != "") || ok && !closes.Equal(utc(tt.close)) {
				t.Errorf("NextClose(%s) = %s, %v, want %q", tt.at, closes, ok, tt.close)
			}
		})
	}
	var always *sla.Calendar
	now := utc("2026-06-01T07:00:00Z")
	if at, ok := always.NextOpen(now); !ok || !at.Equal(now) || !always.Open(now) {
		t.Errorf("the nil calendar opens at %s, %v", at, ok)
	}
	if at, ok := always.NextClose(now); ok {
		t.Errorf("the nil calendar closes at %s", at)
	}
}

func TestResultsKeepTheLocationAsked(t *testing.T) {
	t.Parallel()
	c := calendar(t, office("Europe/Berlin", 9, 17))
	tokyo := time.FixedZone("JST", 9*60*60)
	saturday := utc("2026-06-06T00:00:00Z").In(tokyo)
	due, err := c.Add(saturday, time.Hour)
	opens, _ := c.NextOpen(saturday)
	closes, _ := c.NextClose(opens)
	if err != nil || due.Location() != tokyo || opens.Location() != tokyo || closes.Location() != tokyo {
		t.Errorf("%s, %s, %s, %v: not all in %s", due, opens, closes, err, tokyo)
	}
}

func TestCalendarAddSaysWhyNot(t *testing.T) {
	t.Parallel()
	lastDay := sla.Hours{Zone: "UTC", Openings: []sla.Opening{{Date: sla.Date{Year: 2026, Month: time.May, Day: 9}, Open: []sla.Interval{{}}}}}
	hourAWeek := sla.Hours{Zone: "UTC", Week: sla.Week{Monday: []sla.Interval{between(9, 10)}}}
	const far = "calendar: add: the deadline is more than 10 years away"
	tests := []struct {
		name  string
		hours sla.Hours
		from  string
		add   time.Duration
		want  string
	}{
		{"a negative time", hourAWeek, "2026-06-01T09:00:00Z", -1, "calendar: add: the duration is negative"},
		{"ten years of open time and more", hourAWeek, "2026-06-01T09:00:00Z", sla.MaxTarget + 1, far},
		{"little time at an hour a week", hourAWeek, "2026-06-01T09:00:00Z", 523 * time.Hour, far},
		{"it opens only in ten years and more", lastDay, "2016-05-11T00:00:00Z", 1, far},
		{"from long ago", lastDay, "0001-01-01T00:00:00Z", 1, far},
		{"it never opens again", lastDay, "2026-05-09T23:00:00Z", time.Hour + 1,
			"calendar: add: from 2026-05-09T23:00:00Z on it is open for less than 1h0m0.000000001s until the end of 2199"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			due, err := calendar(t, tt.hours).Add(utc(tt.from), tt.add)
			if err == nil || err.Error() != tt.want {
				t.Errorf("Add = %s, %v\nwant %s", due, err, tt.want)
			}
		})
	}
	if _, err := calendar(t, hourAWeek).Add(utc("2026-06-01T09:00:00Z"), 522*time.Hour); err != nil {
		t.Errorf("just within ten years: %v", err)
	}
	if _, err := calendar(t, lastDay).Add(utc("2016-05-11T00:00:00.5Z"), time.Second/2); err != nil {
		t.Errorf("exactly ten years: %v", err)
	}
}

func TestBetweenSaturates(t *testing.T) {
	t.Parallel()
	c := calendar(t, sla.Hours{Zone: "UTC", Week: sla.EveryDay(sla.Interval{})})
	first, last := utc("0001-01-01T00:00:00Z"), utc("9999-01-01T00:00:00Z")
	if got := c.Between(first, last); got != 1<<63-1 {
		t.Errorf("Between = %s, want the longest duration", got)
	}
	if got := c.Between(last, first); got != -(1<<63 - 1) {
		t.Errorf("Between backwards = %s, want the opposite of the longest duration", got)
	}
	if got := c.Between(utc("2199-12-31T12:00:00Z"), utc("2200-01-01T12:00:00Z")); got != 12*time.Hour {
		t.Errorf("Between over the end of 2199 = %s, want what lies before it", got)
	}
	for _, odd := range []time.Time{time.Unix(-1<<63, 0), time.Unix(1<<63-1, 999_999_999)} {
		if c.Open(odd) || c.Between(odd, odd) != 0 {
			t.Errorf("open at the end of all time, %s", odd)
		}
		if due, err := c.Add(odd, 1); err == nil {
			t.Errorf("Add at the end of all time = %s", due)
		}
	}
}

var spans = []struct {
	name string
	d    time.Duration
}{{"4h", 4 * time.Hour}, {"40h", 40 * time.Hour}, {"400h", 400 * time.Hour}, {"4000h", 4000 * time.Hour}}

// retail is a shop's calendar: split days, a night shift, eleven holidays of every year, half days, and some Sundays.
func retail() sla.Hours {
	h := sla.Hours{Zone: "Europe/Berlin", Week: sla.Weekdays(between(8, 12.5), between(13.5, 20))}
	h.Week.Friday = []sla.Interval{between(8, 18), between(22, 4)}
	for _, d := range []sla.Date{{Month: 1, Day: 1}, {Month: 1, Day: 6}, {Month: 5, Day: 1}, {Month: 8, Day: 15}, {Month: 10, Day: 3}, {Month: 10, Day: 31},
		{Month: 11, Day: 1}, {Month: 12, Day: 25}, {Month: 12, Day: 26}, {Year: 2026, Month: 4, Day: 3}, {Year: 2026, Month: 4, Day: 6}} {
		h.Holidays = append(h.Holidays, sla.Holiday{Date: d})
	}
	h.Holidays = append(h.Holidays, sla.Holiday{Date: sla.Date{Month: 12, Day: 24}, Closed: []sla.Interval{between(14, 24)}})
	h.Openings = []sla.Opening{{Date: sla.Date{Year: 2026, Month: 12, Day: 20}, Open: []sla.Interval{between(11, 18)}}}
	return h
}

func TestCountingAllocatesNothing(t *testing.T) {
	c := calendar(t, retail())
	from := utc("2026-03-02T09:00:00.5Z")
	if n := testing.AllocsPerRun(100, func() {
		due, err := c.Add(from, 4000*time.Hour)
		if err != nil || c.Between(from, due) != 4000*time.Hour {
			t.Fatal(due, err)
		}
		opens, _ := c.NextOpen(due)
		c.NextClose(opens)
	}); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
}

func BenchmarkCalendar(b *testing.B) {
	c := calendar(b, retail())
	from := utc("2026-03-02T09:00:00Z")
	for _, s := range spans {
		due, err := c.Add(from, s.d)
		if err != nil {
			b.Fatal(err)
		}
		b.Run("Add/"+s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = c.Add(from, s.d)
			}
		})
		b.Run("Between/"+s.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.Between(from, due)
			}
		})
	}
	b.Run("NextOpen", func(b *testing.B) {
		b.ReportAllocs()
		saturday := utc("2026-03-07T09:00:00Z")
		for b.Loop() {
			c.NextOpen(saturday)
		}
	})
	b.Run("NextClose", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			c.NextClose(from)
		}
	})
	b.Run("NewCalendar", func(b *testing.B) {
		b.ReportAllocs()
		hours := retail()
		for b.Loop() {
			calendar(b, hours)
		}
	})
}
