package sla_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/sla"
)

// clockChange is a place and a time at which its clocks were, or will be, put forward or back.
type clockChange struct{ zone, near string }

var clockChanges = []clockChange{
	{"Europe/Paris", "2026-03-29T01:00:00Z"}, {"Europe/Paris", "2026-10-25T01:00:00Z"}, {"Europe/Paris", "2040-10-28T01:00:00Z"},
	{"Europe/Berlin", "1945-05-24T00:00:00Z"}, {"America/New_York", "2026-03-08T07:00:00Z"}, {"America/New_York", "2026-11-01T06:00:00Z"},
	{"America/New_York", "2040-12-31T05:00:00Z"}, {"Asia/Kolkata", "1945-10-14T17:30:00Z"}, {"Asia/Kolkata", "2026-05-05T12:00:00Z"},
	{"Australia/Lord_Howe", "2026-04-04T15:00:00Z"}, {"Australia/Lord_Howe", "2026-10-03T15:30:00Z"}, {"Australia/Lord_Howe", "2060-04-03T15:00:00Z"},
	{"Pacific/Apia", "2011-12-30T10:00:00Z"}, {"America/Sao_Paulo", "2018-11-04T03:00:00Z"}, {"America/Sao_Paulo", "2019-02-17T02:00:00Z"},
	{"Europe/Dublin", "2044-10-30T01:00:00Z"}, {"Africa/Casablanca", "2026-02-15T02:00:00Z"}, {"America/Nuuk", "2026-03-29T01:00:00Z"},
	{"Asia/Kathmandu", "1985-12-31T18:30:00Z"}, {"Asia/Manila", "1990-07-28T16:00:00Z"}, {"Pacific/Kwajalein", "1993-08-21T12:00:00Z"}, {"Africa/Monrovia", "1972-01-07T00:44:30Z"},
	{"UTC", "2026-06-01T12:00:00Z"}, {"UTC", "2100-02-28T12:00:00Z"},
}

// place draws where and about when.
func place(t *rapid.T) (*time.Location, time.Time) {
	change := rapid.SampledFrom(clockChanges).Draw(t, "place")
	zone, err := time.LoadLocation(change.zone)
	if err != nil {
		t.Fatal(err)
	}
	return zone, utc(change.near)
}

// randomHours draws hours whose exceptions lie around the time; all times of day are multiples of unit.
func randomHours(t *rapid.T, zone *time.Location, around time.Time, unit time.Duration) sla.Hours {
	day := 24 * time.Hour
	interval := rapid.Custom(func(t *rapid.T) sla.Interval {
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			return sla.Interval{}
		case 1:
			return between(0, 24)
		case 2, 3: // ends or begins where clocks change
			return sla.Interval{From: time.Duration(rapid.IntRange(0, 47).Draw(t, "from")) * time.Hour / 2, To: time.Duration(rapid.IntRange(0, 48).Draw(t, "to")) * time.Hour / 2}
		}
		return sla.Interval{From: time.Duration(rapid.Int64Range(0, int64(day/unit)-1).Draw(t, "from")) * unit,
			To: time.Duration(rapid.Int64Range(0, int64(day/unit)).Draw(t, "to")) * unit}
	})
	date := rapid.Custom(func(t *rapid.T) sla.Date {
		y, m, d := around.In(zone).AddDate(0, 0, rapid.IntRange(-3, 3).Draw(t, "day")).Date()
		if rapid.Bool().Draw(t, "yearly") {
			y = 0
		}
		return sla.Date{Year: y, Month: m, Day: d}
	})
	parts := rapid.SliceOfN(interval, 0, 4)
	h := sla.Hours{Zone: zone.String()}
	for _, d := range []*[]sla.Interval{&h.Week.Monday, &h.Week.Tuesday, &h.Week.Wednesday, &h.Week.Thursday, &h.Week.Friday, &h.Week.Saturday, &h.Week.Sunday} {
		*d = parts.Draw(t, "weekday")
	}
	h.Holidays = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sla.Holiday {
		return sla.Holiday{Date: date.Draw(t, "date"), Closed: rapid.SliceOfN(interval, 0, 2).Draw(t, "closed"), Off: rapid.IntRange(0, 4).Draw(t, "off") == 0}
	}), 0, 3).Draw(t, "holidays")
	h.Openings = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) sla.Opening {
		return sla.Opening{Date: date.Draw(t, "date"), Open: rapid.SliceOfN(interval, 1, 2).Draw(t, "open"), Off: rapid.IntRange(0, 4).Draw(t, "off") == 0}
	}), 0, 2).Draw(t, "openings")
	return h
}

// calendarOf returns the calendar, or skips the check when it is never open.
func calendarOf(t *rapid.T, h sla.Hours) *sla.Calendar {
	c, err := sla.NewCalendar(h)
	if err != nil {
		if err.Error() != "calendar: is never open" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return c
}

// shows reports whether the hours are open at t by looking at the wall clock and reading the hours as a person would.
func shows(h sla.Hours, zone *time.Location, t time.Time) bool {
	local := t.In(zone)
	// What the wall clock shows, and the two dates on which an interval that covers it may begin.
	sinceMidnight := time.Duration(local.Hour())*time.Hour + time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second
	today := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, time.UTC)
	yesterday := today.AddDate(0, 0, -1)
	covers := func(intervals []sla.Interval, date func(time.Time) bool) bool {
		return slices.ContainsFunc(intervals, func(i sla.Interval) bool {
			if i.To > i.From {
				return date(today) && i.From <= sinceMidnight && sinceMidnight < i.To
			}
			return date(today) && sinceMidnight >= i.From || date(yesterday) && sinceMidnight < i.To
		})
	}
	on := func(d sla.Date) func(time.Time) bool {
		return func(day time.Time) bool {
			return (d.Year == 0 || d.Year == day.Year()) && d.Month == day.Month() && d.Day == day.Day()
		}
	}
	for _, o := range h.Openings {
		if !o.Off && covers(o.Open, on(o.Date)) {
			return true
		}
	}
	for _, holiday := range h.Holidays {
		if !holiday.Off && (len(holiday.Closed) == 0 && on(holiday.Date)(today) || covers(holiday.Closed, on(holiday.Date))) {
			return false
		}
	}
	week := map[time.Weekday][]sla.Interval{time.Monday: h.Week.Monday, time.Tuesday: h.Week.Tuesday, time.Wednesday: h.Week.Wednesday,
		time.Thursday: h.Week.Thursday, time.Friday: h.Week.Friday, time.Saturday: h.Week.Saturday, time.Sunday: h.Week.Sunday}
	for weekday, intervals := range week {
		if covers(intervals, func(day time.Time) bool { return day.Weekday() == weekday }) {
			return true
		}
	}
	return false
}

// countStepwise holds Between, Add, NextOpen and NextClose to a count in steps, from a to the end of the window.
func countStepwise(t *rapid.T, c *sla.Calendar, h sla.Hours, zone *time.Location, a, end time.Time, step time.Duration) {
	want := time.Duration(rapid.Int64Range(1, int64(end.Sub(a))).Draw(t, "wanted"))
	var open time.Duration
	var due, opens, closes time.Time
	for at := a; at.Before(end); {
		next := at.Truncate(step).Add(step)
		if next.After(end) {
			next = end
		}
		isOpen := shows(h, zone, at)
		if got := c.Open(at); got != isOpen {
			t.Fatalf("at %s: open %v, want %v", at.In(zone), got, isOpen)
		}
		if isOpen && opens.IsZero() {
			opens = at
		}
		if !isOpen && closes.IsZero() {
			closes = at
		}
		if isOpen {
			if due.IsZero() && open+next.Sub(at) >= want {
				due = at.Add(want - open)
			}
			open += next.Sub(at)
		}
		at = next
	}
	if got := c.Between(a, end); got != open {
		t.Fatalf("between %s and %s: %s, want %s", a.In(zone), end.In(zone), got, open)
	}
	got, err := c.Add(a, want)
	if due.IsZero() {
		if err == nil && !got.After(end) {
			t.Fatalf("%s after %s: %s, want it after %s", want, a.In(zone), got.In(zone), end.In(zone))
		}
	} else if err != nil || !got.Equal(due) {
		t.Fatalf("%s after %s: %s, %v, want %s", want, a.In(zone), got.In(zone), err, due.In(zone))
	}
	if got, ok := c.NextOpen(a); !opens.IsZero() && (!ok || !got.Equal(opens)) || opens.IsZero() && ok && got.Before(end) {
		t.Fatalf("after %s it opens at %s, %v, want %s", a.In(zone), got.In(zone), ok, opens.In(zone))
	}
	if got, ok := c.NextClose(a); !closes.IsZero() && (!ok || !got.Equal(closes)) || closes.IsZero() && ok && got.Before(end) {
		t.Fatalf("after %s it closes at %s, %v, want %s", a.In(zone), got.In(zone), ok, closes.In(zone))
	}
}

func TestCalendarEqualsACountByTheMinute(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone, near := place(t)
		if zone.String() == "Africa/Monrovia" { // its clocks changed within a minute
			near = near.AddDate(1, 0, 0)
		}
		h := randomHours(t, zone, near, time.Minute)
		c := calendarOf(t, h)
		a := near.Add(-time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "before")))
		end := near.Add(time.Duration(rapid.Int64Range(1, int64(48*time.Hour)).Draw(t, "after")))
		countStepwise(t, c, h, zone, a, end, time.Minute)
	})
}

func TestCalendarEqualsACountByTheSecond(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone, near := place(t)
		h := randomHours(t, zone, near, time.Second)
		c := calendarOf(t, h)
		a := near.Add(-time.Duration(rapid.Int64Range(0, int64(time.Hour)).Draw(t, "before")))
		end := near.Add(time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(t, "after")))
		countStepwise(t, c, h, zone, a, end, time.Second)
	})
}

func TestCalendarLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone, near := place(t)
		c := calendarOf(t, randomHours(t, zone, near, time.Second))
		instant := rapid.Custom(func(t *rapid.T) time.Time {
			return near.Add(time.Duration(rapid.Int64Range(-int64(3*365*24*time.Hour), int64(3*365*24*time.Hour)).Draw(t, "from near")))
		})
		long := rapid.OneOf(rapid.Int64Range(0, int64(time.Hour)), rapid.Int64Range(0, int64(5000*time.Hour)))
		from, d, e := instant.Draw(t, "from"), time.Duration(long.Draw(t, "d")), time.Duration(long.Draw(t, "e"))

		if due, err := c.Add(from, d); err == nil {
			if due.Before(from) {
				t.Fatalf("%s after %s is before it: %s", d, from, due)
			}
			if got := c.Between(from, due); got != d {
				t.Fatalf("%s after %s is %s, but between them are %s", d, from, due, got)
			}
			if d > 0 && c.Between(from, due.Add(-1)) != d-1 {
				t.Fatalf("%s after %s is %s, which is not the earliest", d, from, due)
			}
			inTwo, err1 := c.Add(due, e)
			atOnce, err2 := c.Add(from, d+e)
			if err1 == nil && err2 == nil && !inTwo.Equal(atOnce) {
				t.Fatalf("%s and %s after %s: %s, at once: %s", d, e, from, inTwo, atOnce)
			}
		}

		x, y, z := instant.Draw(t, "x"), instant.Draw(t, "y"), instant.Draw(t, "z")
		if xz, xyz := c.Between(x, z), c.Between(x, y)+c.Between(y, z); xz != xyz {
			t.Fatalf("between %s and %s %s, but by way of %s %s", x, z, xz, y, xyz)
		}
		if there, back := c.Between(x, y), c.Between(y, x); there != -back {
			t.Fatalf("between %s and %s %s, and back %s", x, y, there, back)
		}
		if open, all := c.Between(x, y).Abs(), y.Sub(x).Abs(); open > all {
			t.Fatalf("between %s and %s are %s, but %s open", x, y, all, open)
		}
	})
}
