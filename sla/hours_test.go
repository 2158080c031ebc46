package sla_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/socialcrm/socialcrm/rule"
	"github.com/socialcrm/socialcrm/sla"
)

const shopHours = `{"zone":"Europe/Berlin","week":{"monday":["09:00-12:00","13:00-18:30"],"friday":["22:00:30-06:00"],"sunday":["00:00-24:00"]},` +
	`"holidays":[{"name":"Christmas","date":"12-25"},{"date":"2027-01-15","closed":["14:00-00:00"],"off":true}],` +
	`"openings":[{"name":"Advent","date":"2026-12-19","open":["11:00-17:00"]},{"date":"02-29","open":["00:00-00:00"],"off":true}]}`

func TestHoursThereAndBack(t *testing.T) {
	t.Parallel()
	got, err := sla.ParseHours([]byte(shopHours))
	if err != nil {
		t.Fatal(err)
	}
	want := sla.Hours{
		Zone: "Europe/Berlin",
		Week: sla.Week{
			Monday: []sla.Interval{between(9, 12), between(13, 18.5)},
			Friday: []sla.Interval{{From: 22*time.Hour + 30*time.Second, To: 6 * time.Hour}},
			Sunday: []sla.Interval{between(0, 24)},
		},
		Holidays: []sla.Holiday{
			{Name: "Christmas", Date: sla.Date{Month: time.December, Day: 25}},
			{Date: sla.Date{Year: 2027, Month: time.January, Day: 15}, Closed: []sla.Interval{between(14, 0)}, Off: true},
		},
		Openings: []sla.Opening{
			{Name: "Advent", Date: sla.Date{Year: 2026, Month: time.December, Day: 19}, Open: []sla.Interval{between(11, 17)}},
			{Date: sla.Date{Month: time.February, Day: 29}, Open: []sla.Interval{{}}, Off: true},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	back, err := json.Marshal(got)
	if err != nil || string(back) != shopHours {
		t.Errorf("back in JSON, %v\n%s\nwant\n%s", err, back, shopHours)
	}
	if _, err := sla.NewCalendar(got); err != nil {
		t.Error(err)
	}
}

func TestParseHoursNamesTheField(t *testing.T) {
	t.Parallel()
	const interval = `: want two times of day, such as "09:00-17:30" or, into the next day, "22:00-06:00"`
	const date = `: want a day such as "2026-05-01", or "05-01" for every year`
	tests := []struct{ name, json, want string }{
		{"an unknown field", `{"zone": "UTC", "weak": {}}`, `line 1: weak: unknown field; known are zone, week, holidays, openings`},
		{"an unknown weekday", "{\"week\":\n{\"Monday\": []}}", `line 2: week.Monday: unknown field; known are monday, tuesday, wednesday, thursday, friday, saturday, sunday`},
		{"a day twice", `{"week": {"monday": [], "monday": []}}`, `line 1: week.monday: is given twice, first on line 1`},
		{"a time that is none", `{"week": {"monday": ["09:00-17:00", "25:00-26:00"]}}`, `line 1: week.monday[1]: interval "25:00-26:00"` + interval},
		{"one time", `{"week": {"monday": ["09:00"]}}`, `line 1: week.monday[0]: interval "09:00"` + interval},
		{"one digit", `{"week": {"monday": ["9:00-17:00"]}}`, `line 1: week.monday[0]: interval "9:00-17:00"` + interval},
		{"a fraction", `{"week": {"monday": ["09:00-17:00.5"]}}`, `line 1: week.monday[0]: interval "09:00-17:00.5"` + interval},
		{"a minute too many", `{"week": {"monday": ["09:60-17:00"]}}`, `line 1: week.monday[0]: interval "09:60-17:00"` + interval},
		{"it begins at the end of the day", `{"week": {"monday": ["24:00-06:00"]}}`, `line 1: week.monday[0]: begins 24h0m0s after 00:00; want at least 0 and less than 24h`},
		{"a day that is none", `{"holidays": [{"date": "2027-02-29"}]}`, `line 1: holidays[0].date: date "2027-02-29"` + date},
		{"no day of any year", `{"openings": [{"date": "02-30", "open": []}]}`, `line 1: openings[0].date: date "02-30"` + date},
		{"a date in another order", `{"holidays": [{"date": "24/12/2026"}]}`, `line 1: holidays[0].date: date "24/12/2026"` + date},
		{"a year without end", `{"holidays": [{"date": "2200-01-01"}]}`, `line 1: holidays[0].date: date "2200-01-01": want a year from 1900 to 2199`},
		{"the year nought is not every year", `{"holidays": [{"date": "0000-01-01"}]}`, `line 1: holidays[0].date: date "0000-01-01": want a year from 1900 to 2199`},
		{"a number", `{"zone": 1}`, `line 1: zone: is the number 1, want a string`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := sla.ParseHours([]byte(tt.json))
			if err == nil || err.Error() != "calendar: "+tt.want {
				t.Errorf("error\n\t%v\nwant\n\tcalendar: %s", err, tt.want)
			}
		})
	}
}

func TestNewCalendarNamesTheField(t *testing.T) {
	t.Parallel()
	day := sla.Date{Year: 2026, Month: time.May, Day: 1}
	work := sla.Weekdays(between(9, 17))
	every := make([]sla.Holiday, 0, 366)
	for d := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); d.Year() == 2000; d = d.AddDate(0, 0, 1) {
		every = append(every, sla.Holiday{Date: sla.Date{Month: d.Month(), Day: d.Day()}})
	}
	many := sla.Holiday{Date: sla.Date{Month: time.May, Day: 1}, Closed: make([]sla.Interval, 667)}
	tests := []struct {
		name  string
		hours sla.Hours
		path  string
		want  string
	}{
		{"no zone", sla.Hours{Week: work}, "zone", `is missing; want an IANA name such as "Europe/Paris", or "UTC"`},
		{"an unknown zone", sla.Hours{Zone: "Europe/Pariss", Week: work}, "zone",
			`"Europe/Pariss" is not known here; want an IANA name such as "Europe/Paris" (a machine without a zone database needs the package time/tzdata)`},
		{"the machine's zone", sla.Hours{Zone: "Local", Week: work}, "zone", `"Local" is another zone on every machine; want an IANA name such as "Europe/Paris", or "UTC"`},
		{"an interval that begins too late", sla.Hours{Zone: "UTC", Week: sla.Week{Sunday: []sla.Interval{between(9, 17), between(24, 6)}}}, "week.sunday[1]",
			"begins 24h0m0s after 00:00; want at least 0 and less than 24h"},
		{"one that begins before the day", sla.Hours{Zone: "UTC", Week: sla.Weekdays(between(-1, 17))}, "week.monday[0]",
			"begins -1h0m0s after 00:00; want at least 0 and less than 24h"},
		{"one that ends too late", sla.Hours{Zone: "UTC", Week: sla.Week{Saturday: []sla.Interval{between(20, 26)}}}, "week.saturday[0]",
			"ends 26h0m0s after 00:00; want 0 to 24h"},
		{"a part of a second", sla.Hours{Zone: "UTC", Week: sla.Weekdays(sla.Interval{From: time.Millisecond})}, "week.monday[0]",
			"begins or ends within a second; want whole seconds"},
		{"a holiday without a date", sla.Hours{Zone: "UTC", Week: work, Holidays: []sla.Holiday{{Date: day}, {Name: "some day"}}}, "holidays[1].date", "is missing"},
		{"one on no day", sla.Hours{Zone: "UTC", Week: work, Holidays: []sla.Holiday{{Date: sla.Date{Year: 2026, Month: time.February, Day: 29}}}}, "holidays[0].date",
			"2026-02-29 is no day"},
		{"one in no year", sla.Hours{Zone: "UTC", Week: work, Holidays: []sla.Holiday{{Date: sla.Date{Year: 26, Month: time.May, Day: 1}}}}, "holidays[0].date",
			"has the year 26; want 1900 to 2199, or 0 for every year"},
		{"one with a wrong part", sla.Hours{Zone: "UTC", Week: work, Holidays: []sla.Holiday{{Date: day, Closed: []sla.Interval{between(25, 3)}}}}, "holidays[0].closed[0]",
			"begins 25h0m0s after 00:00; want at least 0 and less than 24h"},
		{"a mistake in what is switched off", sla.Hours{Zone: "UTC", Week: work, Holidays: []sla.Holiday{{Off: true}}}, "holidays[0].date", "is missing"},
		{"an opening without hours", sla.Hours{Zone: "UTC", Week: work, Openings: []sla.Opening{{Date: day}}}, "openings[0].open", "is missing; want at least one interval"},
		{"one with wrong hours", sla.Hours{Zone: "UTC", Openings: []sla.Opening{{Date: day, Open: []sla.Interval{between(9, 25)}}}}, "openings[0].open[0]",
			"ends 25h0m0s after 00:00; want 0 to 24h"},
		{"more than a calendar holds", sla.Hours{Zone: "UTC", Week: work, Holidays: []sla.Holiday{many}}, "holidays[0]",
			"too many: with those before it more than 200000 intervals; a yearly date has its own in each of 300 years"},
		{"no hours", sla.Hours{Zone: "UTC"}, "", "is never open"},
		{"holidays on all days", sla.Hours{Zone: "UTC", Week: sla.EveryDay(sla.Interval{}), Holidays: every}, "", "is never open"},
		{"an opening that is switched off", sla.Hours{Zone: "UTC", Openings: []sla.Opening{{Date: day, Open: []sla.Interval{{}}, Off: true}}}, "", "is never open"},
		{"an hour that does not exist", sla.Hours{Zone: "Europe/Berlin", Openings: []sla.Opening{
			{Date: sla.Date{Year: 2026, Month: time.March, Day: 29}, Open: []sla.Interval{between(2, 3)}}}}, "", "is never open"},
		{"a date that does not exist", sla.Hours{Zone: "Pacific/Apia", Openings: []sla.Opening{
			{Date: sla.Date{Year: 2011, Month: time.December, Day: 30}, Open: []sla.Interval{{}}}}}, "", "is never open"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := sla.NewCalendar(tt.hours)
			if err == nil {
				t.Fatalf("no error, but %v", c)
			}
			want := "calendar: " + tt.want
			if tt.path != "" {
				want = "calendar: " + tt.path + ": " + tt.want
				if at, ok := errors.AsType[*rule.Error](err); !ok || at.Path != tt.path {
					t.Errorf("a *rule.Error %v with another path than %s", at, tt.path)
				}
			}
			if err.Error() != want {
				t.Errorf("error\n\t%v\nwant\n\t%s", err, want)
			}
		})
	}
}

func TestWhatIsNoneHasNoText(t *testing.T) {
	t.Parallel()
	for _, h := range []sla.Hours{
		{Week: sla.Weekdays(between(9, 25))}, {Holidays: []sla.Holiday{{}}}, {Holidays: []sla.Holiday{{Date: sla.Date{Year: 2026, Month: 13, Day: 1}}}},
	} {
		if data, err := json.Marshal(h); err == nil {
			t.Errorf("%+v became %s", h, data)
		}
	}
}

func TestACalendarNeverChanges(t *testing.T) {
	t.Parallel()
	h := office("UTC", 9, 17)
	h.Holidays = []sla.Holiday{{Date: sla.Date{Year: 2026, Month: time.June, Day: 2}}}
	c := calendar(t, h)
	h.Week.Monday[0], h.Holidays[0].Off = between(12, 13), true
	if got, want := c.Between(utc("2026-06-01T00:00:00Z"), utc("2026-06-03T00:00:00Z")), 8*time.Hour; got != want {
		t.Errorf("%s open after its hours were changed, want %s", got, want)
	}
}

// FuzzParseHours: whatever is read can be written and read again, and a calendar made of it keeps the laws and comes to an end.
func FuzzParseHours(f *testing.F) {
	f.Add([]byte(shopHours))
	f.Add([]byte(`{"zone": "Pacific/Apia", "week": {"saturday": ["22:00-06:00"]}, "holidays": [{"date": "12-30"}]}`))
	f.Add([]byte(`{"zone": "UTC", "openings": [{"date": "05-01"}]}`))
	f.Add([]byte(`{"zone": "UTC", "openings": [{"date": "02-29", "open": ["23:59:59-00:00"]}]}`))
	f.Add([]byte(`{"zone": "Australia/Lord_Howe", "week": {"sunday": ["00:00-00:00", "01:30-02:15"]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := sla.ParseHours(data)
		if err != nil {
			if !strings.HasPrefix(err.Error(), "calendar: ") {
				t.Errorf("error %v", err)
			}
			return
		}
		text, err := json.Marshal(h)
		if err != nil {
			if strings.Contains(err.Error(), "is missing") { // a date that was left out is found by NewCalendar
				return
			}
			t.Fatal(err)
		}
		back, err := sla.ParseHours(text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(h, back, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("read, and read again after writing (-once +twice):\n%s", diff)
		}
		c, err := sla.NewCalendar(h)
		if err != nil {
			return
		}
		now := utc("2026-10-24T20:00:00.25Z")
		opens, ok := c.NextOpen(now)
		if !ok {
			return
		}
		if closes, ok := c.NextClose(opens); ok && c.Between(opens, closes) != closes.Sub(opens) {
			t.Errorf("open from %s to %s, but %s", opens, closes, c.Between(opens, closes))
		}
		if due, err := c.Add(now, 90*time.Minute); err == nil && c.Between(now, due) != 90*time.Minute {
			t.Errorf("90 minutes after %s: %s, between them %s", now, due, c.Between(now, due))
		}
	})
}
