package ical_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	_ "github.com/socialcrm/socialcrm/internal/fixedseed"
	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/sla/ical"
)

var summer2026 = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// berlin wants one year back and one ahead: 2025 to 2027.
func berlin() ical.Options {
	return ical.Options{Zone: "Europe/Berlin", Now: summer2026, Back: 1, Ahead: 1}
}

// calendar writes components, one property a line, as a calendar.
func calendar(components ...string) []byte {
	body := strings.Join(components, "\n")
	return []byte("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" + strings.ReplaceAll(strings.TrimSpace(body), "\n", "\r\n") + "\r\nEND:VCALENDAR\r\n")
}

func event(properties string) string {
	return "BEGIN:VEVENT\nUID:one@example.org\nDTSTAMP:20260101T000000Z\n" + strings.TrimSpace(properties) + "\nEND:VEVENT"
}

// lines writes holidays one a line.
func lines(holidays []sla.Holiday) []string {
	var all []string
	for _, h := range holidays {
		line := h.Date.String()
		for _, c := range h.Closed {
			line += " " + c.String()
		}
		all = append(all, strings.TrimSpace(line+" "+h.Name))
	}
	return all
}

const outlookZone = `
BEGIN:VTIMEZONE
TZID:Central Office Time
BEGIN:STANDARD
DTSTART:16010101T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3
END:DAYLIGHT
END:VTIMEZONE`

func TestEventsCloseTheirDates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		events []string
		want   []string
	}{
		{"a whole day", []string{event("SUMMARY:Labour Day\nDTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260502")}, []string{"2026-05-01 Labour Day"}},
		{"a whole day without an end", []string{event("SUMMARY:Labour Day\nDTSTART;VALUE=DATE:20260501")}, []string{"2026-05-01 Labour Day"}},
		{"a whole day that ends on itself", []string{event("DTSTART;VALUE=DATE:20260501\nDTEND;VALUE=DATE:20260501")}, []string{"2026-05-01"}},
		{"a whole day beside a zone that nobody knows", []string{event("DTSTART;VALUE=DATE;TZID=Middle Earth:20260501")}, []string{"2026-05-01"}},
		{"a date without VALUE", []string{event("DTSTART:20260501")}, []string{"2026-05-01"}},
		{"several days", []string{event("SUMMARY:Stocktaking\nDTSTART;VALUE=DATE:20260130\nDTEND;VALUE=DATE:20260202")},
			[]string{"2026-01-30 Stocktaking", "2026-01-31 Stocktaking", "2026-02-01 Stocktaking"}},
		{"several days by a duration", []string{event("DTSTART;VALUE=DATE:20260130\nDURATION:P2D")}, []string{"2026-01-30", "2026-01-31"}},
		{"a time in UTC", []string{event("SUMMARY:Party\nDTSTART:20260701T120000Z\nDTEND:20260701T160000Z")}, []string{"2026-07-01 14:00-18:00 Party"}},
		{"a time in winter", []string{event("DTSTART:20260114T120000Z\nDTEND:20260114T160000Z")}, []string{"2026-01-14 13:00-17:00"}},
		{"a floating time", []string{event("DTSTART:20260701T120000\nDTEND:20260701T160000")}, []string{"2026-07-01 12:00-16:00"}},
		{"a time in another zone", []string{event("DTSTART;TZID=America/New_York:20260701T080000\nDURATION:PT90M")}, []string{"2026-07-01 14:00-15:30"}},
		{"two zones", []string{event("DTSTART;TZID=America/New_York:20260701T080000\nDTEND;TZID=Asia/Kolkata:20260701T183000")}, []string{"2026-07-01 14:00-15:00"}},
		{"a path before the zone's name", []string{event("DTSTART;TZID=/example.org/2026a/America/New_York:20260701T080000\nDURATION:PT1H")}, []string{"2026-07-01 14:00-15:00"}},
		{"a zone that the feed defines", []string{outlookZone,
			event("DTSTART;TZID=Central Office Time:20260328T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2"),
			event("DTSTART;TZID=Central Office Time:20261024T100000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=2")},
			[]string{"2026-03-28 10:00-11:00", "2026-03-29 10:00-11:00", "2026-10-24 10:00-11:00", "2026-10-25 10:00-11:00"}},
		{"a time without an end lasts no time", []string{event("DTSTART:20260701T120000Z")}, nil},
		{"over midnight", []string{event("SUMMARY:Night\nDTSTART:20260701T220000\nDTEND:20260702T060000")}, []string{"2026-07-01 22:00-24:00 Night", "2026-07-02 00:00-06:00 Night"}},
		{"until midnight", []string{event("DTSTART:20260701T120000\nDTEND:20260702T000000")}, []string{"2026-07-01 12:00-24:00"}},
		{"a whole day told in times", []string{event("DTSTART:20260701T000000\nDTEND:20260702T000000")}, []string{"2026-07-01"}},
		{"the day on which clocks go forward", []string{event("DTSTART:20260329T010000\nDTEND:20260329T040000")}, []string{"2026-03-29 01:00-02:00 03:00-04:00"}},
		{"the day on which clocks go back", []string{event("DTSTART:20261025T004500Z\nDTEND:20261025T011500Z")}, []string{"2026-10-25 02:00-02:15 02:45-03:00"}},
		{"a nominal day over the change of clocks", []string{event("DTSTART:20260328T120000\nDURATION:P1D")}, []string{"2026-03-28 12:00-24:00", "2026-03-29 00:00-02:00 03:00-12:00"}},
		{"cancelled", []string{event("DTSTART;VALUE=DATE:20260501\nSTATUS:CANCELLED")}, nil},
		{"transparent all the same", []string{event("DTSTART;VALUE=DATE:20260501\nTRANSP:TRANSPARENT")}, []string{"2026-05-01"}},
		{"until long before it begins", []string{event("DTSTART;VALUE=DATE:20260501\nRRULE:FREQ=DAILY;UNTIL=00010101")}, []string{"2026-05-01"}},
		{"every year", []string{event("SUMMARY:Christmas\nDTSTART;VALUE=DATE:19701225\nRRULE:FREQ=YEARLY")},
			[]string{"2025-12-25 Christmas", "2026-12-25 Christmas", "2027-12-25 Christmas"}},
		{"the fourth Thursday", []string{event("DTSTART;VALUE=DATE:20201126\nRRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH")}, []string{"2025-11-27", "2026-11-26", "2027-11-25"}},
		{"until a date, included", []string{event("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;UNTIL=20260119")}, []string{"2026-01-05", "2026-01-12", "2026-01-19"}},
		{"until a time in UTC that is midnight here", []string{event("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;UNTIL=20260118T230000Z")}, []string{"2026-01-05", "2026-01-12", "2026-01-19"}},
		{"counted", []string{event("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;INTERVAL=10;COUNT=3")}, []string{"2026-01-05", "2026-01-15", "2026-01-25"}},
		{"less excluded dates", []string{event("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;COUNT=5\nEXDATE;VALUE=DATE:20260106,20260108")},
			[]string{"2026-01-05", "2026-01-07", "2026-01-09"}},
		{"less excluded times told in UTC", []string{event("DTSTART;TZID=Europe/Berlin:20260105T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260106T080000Z")},
			[]string{"2026-01-05 09:00-10:00", "2026-01-07 09:00-10:00"}},
		{"a time excluded by its date", []string{event("DTSTART:20260105T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20260106")},
			[]string{"2026-01-05 09:00-10:00", "2026-01-07 09:00-10:00"}},
		{"less an excluding rule", []string{event("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=DAILY;COUNT=7\nEXRULE:FREQ=DAILY;INTERVAL=2")}, []string{"2026-01-06", "2026-01-08", "2026-01-10"}},
		{"further dates", []string{event("DTSTART;VALUE=DATE:20260105\nRDATE;VALUE=DATE:20260301,20260201\nRDATE;VALUE=DATE:20260105")}, []string{"2026-01-05", "2026-02-01", "2026-03-01"}},
		{"a further date of an event with times", []string{event("DTSTART:20260105T090000\nDURATION:PT1H\nRDATE;VALUE=DATE:20260301")}, []string{"2026-01-05 09:00-10:00", "2026-03-01"}},
		{"further times of an event of whole days", []string{event("DTSTART:20260105\nRDATE:20260106T230000Z")}, []string{"2026-01-05", "2026-01-07"}},
		{"a period", []string{event("DTSTART:20260105T090000\nDURATION:PT1H\nRDATE;VALUE=PERIOD:20260106T090000/PT3H,20260107T090000/20260107T093000")},
			[]string{"2026-01-05 09:00-10:00", "2026-01-06 09:00-12:00", "2026-01-07 09:00-09:30"}},
		{"a moved occurrence", []string{
			event("SUMMARY:Fire drill\nDTSTART:20260105T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=3"),
			event("SUMMARY:Fire drill, late\nRECURRENCE-ID:20260112T090000\nDTSTART:20260113T150000\nDURATION:PT2H")},
			[]string{"2026-01-05 09:00-10:00 Fire drill", "2026-01-13 15:00-17:00 Fire drill, late", "2026-01-19 09:00-10:00 Fire drill"}},
		{"a moved occurrence that was moved again", []string{
			event("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=2"),
			event("SUMMARY:second\nSEQUENCE:2\nRECURRENCE-ID;VALUE=DATE:20260112\nDTSTART;VALUE=DATE:20260114"),
			event("SUMMARY:first\nSEQUENCE:1\nRECURRENCE-ID;VALUE=DATE:20260112\nDTSTART;VALUE=DATE:20260113")},
			[]string{"2026-01-05", "2026-01-14 second"}},
		{"a cancelled occurrence", []string{
			event("DTSTART;VALUE=DATE:20260105\nRRULE:FREQ=WEEKLY;COUNT=3"),
			event("STATUS:CANCELLED\nRECURRENCE-ID;VALUE=DATE:20260112\nDTSTART;VALUE=DATE:20260112")},
			[]string{"2026-01-05", "2026-01-19"}},
		{"this one and all later ones", []string{
			event("SUMMARY:early\nDTSTART:20260105T090000\nDURATION:PT1H\nRRULE:FREQ=WEEKLY;COUNT=4"),
			event("SUMMARY:late\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260119T090000\nDTSTART:20260119T150000\nDURATION:PT2H")},
			[]string{"2026-01-05 09:00-10:00 early", "2026-01-12 09:00-10:00 early", "2026-01-19 15:00-17:00 late", "2026-01-26 15:00-17:00 late"}},
		{"a folded, escaped name", []string{event("SUMMARY:Saints Peter\\, Paul\\; and\n  the others\\n(all)\nDTSTART:20260629")}, []string{"2026-06-29 Saints Peter, Paul; and the others (all)"}},
		{"twice the same", []string{event("SUMMARY:May\nDTSTART:20260501"), event("SUMMARY:May\nDTSTART:20260501")}, []string{"2026-05-01 May"}},
		{"alarms and to-dos are no holidays", []string{
			event("DTSTART:20260501\nBEGIN:VALARM\nDURATION:PT15M\nEND:VALARM"), "BEGIN:VTODO\nUID:x\nDTSTART:20260502\nEND:VTODO"}, []string{"2026-05-01"}},
		{"outside the years that are wanted", []string{event("DTSTART:20241231"), event("DTSTART:20280101")}, nil},
		{"an event over the edge of these years", []string{event("DTSTART:20241230\nDTEND:20250102")}, []string{"2025-01-01"}},
		{"no events", []string{outlookZone}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			holidays, err := ical.Parse(calendar(c.events...), berlin())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, lines(holidays)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWrongFeedsAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, feed, want string }{
		{"nothing", "", "there is no calendar in it"},
		{"a page", "<!DOCTYPE html>\n<html>\n</html>", "line 1 is no property"},
		{"breaks off", "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20260501\n", "the calendar breaks off"},
		{"a line that breaks off", "BEGIN:VCALENDAR\nDTSTART;TZID=x\nEND:VCALENDAR", "a line of the calendar breaks off"},
		{"deep", strings.Repeat("BEGIN:VEVENT\n", 100), "components lie 9 deep"},
		{"endless parameters", "BEGIN:VCALENDAR\nDTSTART;TZID=" + strings.Repeat("x", 2000) + ":20260501\nEND:VCALENDAR", "the parameters of DTSTART have more than 1024 bytes"},
		{"no start", string(calendar(event("SUMMARY:May"))), `event 0 ("May"): DTSTART is missing`},
		{"no date", string(calendar(event("SUMMARY:May\nDTSTART:20260231"))), `event 0 ("May"): DTSTART: "20260231" is no time`},
		{"an end before the start", string(calendar(event("DTSTART:20260502\nDTEND:20260501"))), "DTEND: it ends -1 days after it begins"},
		{"an end of another kind", string(calendar(event("DTSTART:20260502\nDTEND:20260502T100000"))), "DTEND: one end is a date, the other a time"},
		{"a duration that is none", string(calendar(event("DTSTART:20260502\nDURATION:1D"))), `DURATION: "1D" is no duration`},
		{"an endless duration", string(calendar(event("DTSTART:20260502\nDURATION:P99999999D"))), `is no duration up to`},
		{"an unknown zone", string(calendar(event("DTSTART;TZID=Middle Earth:20260502T100000"))), `DTSTART: zone "Middle Earth" is not known here`},
		{"a zone without offsets", string(calendar("BEGIN:VTIMEZONE\nTZID:Home\nEND:VTIMEZONE", event("DTSTART;TZID=Home:20260502T100000"))), `VTIMEZONE "Home": it has neither STANDARD nor DAYLIGHT`},
		{"a rule that is none", string(calendar(event("DTSTART:20260502\nRRULE:FREQ=SOMETIMES"))), `RRULE: "FREQ=SOMETIMES" cannot be understood`},
		{"each second", string(calendar(event("DTSTART:20260502\nRRULE:FREQ=SECONDLY"))), "it recurs within a day"},
		{"each second of each day", string(calendar(event("DTSTART:20260502\nRRULE:FREQ=DAILY;BYHOUR=1,2,3,4,5,6;BYMINUTE=1,2,3,4,5"))), "it recurs more than 24 times a day"},
		{"the 53rd Monday of a month", string(calendar(event("DTSTART:20261202\nRRULE:FREQ=MONTHLY;BYDAY=53MO"))), "the rule has no meaning"},
		{"Easter of no year", string(calendar(event("DTSTART:20260502\nRRULE:FREQ=YEARLY;BYEASTER=4000"))), "the rule has no meaning"},
		{"three thousand rules", string(calendar(event("DTSTART:20260502" + strings.Repeat("\nRRULE:FREQ=YEARLY", 3000)))), "RRULE: there are 3000 rules; want at most 50"},
		{"a count of none", string(calendar(event("DTSTART:20260502\nRRULE:FREQ=DAILY;COUNT=0"))), `RRULE: "FREQ=DAILY;COUNT=0": it never takes place; want a count of at least 1`},
		{"an interval of none", string(calendar(event("DTSTART:20260502\nRRULE:FREQ=WEEKLY;INTERVAL=0"))), `RRULE: "FREQ=WEEKLY;INTERVAL=0": it recurs after no time; want an interval of at least 1`},
		{"an excluding interval of none", string(calendar(event("DTSTART:20260502\nRRULE:FREQ=DAILY;COUNT=3\nEXRULE:interval=00;FREQ=DAILY"))), "it recurs after no time"},
		{"more dates than days", string(calendar(event("DTSTART:20240101\nDTEND:20270101\nRRULE:FREQ=DAILY"))), "more than 20000 dates"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := ical.Parse([]byte(c.feed), berlin())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
	for _, o := range []ical.Options{{}, {Zone: "Local"}, {Zone: "Europe/Nowhere"}, {Zone: "UTC", Ahead: 21}, {Zone: "UTC", Back: -1}} {
		if _, err := ical.Parse(calendar(), o); err == nil {
			t.Errorf("%+v is taken", o)
		}
	}
}

// Rules that never come true make the library look at each day of 8000 years; a document of them must not take minutes.
func TestRulesThatNeverComeTrueAreBounded(t *testing.T) {
	t.Parallel()
	never := slices.Repeat([]string{event("DTSTART:20260502\nRRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30")}, 1000)
	if _, err := ical.Parse(calendar(never...), berlin()); err == nil || !strings.Contains(err.Error(), "recur too much") {
		t.Errorf("got %v", err)
	}
}

func TestManyOverridesAreBounded(t *testing.T) {
	t.Parallel()
	events := slices.Repeat([]string{event("DTSTART:20260105T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY")}, 5000)
	for i := range 5000 {
		at := summer2026.Add(time.Duration(i) * time.Minute).Format("20060102T150405")
		events = append(events, event("RECURRENCE-ID;RANGE=THISANDFUTURE:"+at+"\nDTSTART:"+at))
	}
	if _, err := ical.Parse(calendar(events...), berlin()); err == nil || !strings.Contains(err.Error(), "recur too much") {
		t.Errorf("got %v", err)
	}
}

func TestKeepChoosesWhichEventsAreHolidays(t *testing.T) {
	t.Parallel()
	o := berlin()
	o.Keep = func(e ical.Event) bool { return slices.Contains(e.Categories, "Public holiday, all") }
	feed := calendar(
		event("SUMMARY:Labour Day\nDTSTART:20260501\nCATEGORIES:May,Public holiday\\, all\nDESCRIPTION:Off"),
		event("SUMMARY:Mother's Day\nDTSTART:20260510\nCATEGORIES:Observance"),
	)
	holidays, err := ical.Parse(feed, o)
	if diff := cmp.Diff([]string{"2026-05-01 Labour Day"}, lines(holidays)); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
}

// What is closed is what the wall clock shows while an event lasts, minute by minute.
func TestClosedIsWhatTheWallClockShows(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"}
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		around := rapid.SampledFrom([]time.Time{
			time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC), time.Date(2026, 10, 25, 1, 0, 0, 0, time.UTC), time.Date(2026, 3, 8, 7, 0, 0, 0, time.UTC),
			time.Date(2026, 4, 4, 15, 0, 0, 0, time.UTC), time.Date(2018, 11, 4, 3, 0, 0, 0, time.UTC), time.Date(2019, 2, 17, 2, 0, 0, 0, time.UTC),
		}).Draw(t, "around")
		start := around.Add(time.Duration(rapid.IntRange(-3000, 1000).Draw(t, "from")) * time.Minute)
		end := start.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "lasts")) * time.Minute)
		const utc = "20060102T150405Z"
		holidays, err := ical.Parse(calendar(event("DTSTART:"+start.Format(utc)+"\nDTEND:"+end.Format(utc))), ical.Options{Zone: name, Now: around})
		if err != nil {
			t.Fatal(err)
		}
		want, got := make(map[string]bool), make(map[string]bool)
		for at := start; at.Before(end); at = at.Add(time.Minute) {
			want[at.In(zone).Format("2006-01-02 15:04")] = true
		}
		for _, h := range holidays {
			parts := h.Closed
			if parts == nil {
				parts = []sla.Interval{{To: 24 * time.Hour}}
			}
			for _, p := range parts {
				for m := p.From; m < p.To; m += time.Minute {
					got[fmt.Sprintf("%s %02d:%02d", h.Date, m/time.Hour, m/time.Minute%60)] = true
				}
			}
		}
		for reading := range got { // a whole day is told as such also when the clocks left an hour of it out
			if day, err := time.ParseInLocation("2006-01-02 15:04", reading, zone); err == nil && day.Format("2006-01-02 15:04") != reading {
				delete(got, reading)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

func FuzzParse(f *testing.F) {
	f.Add(calendar(event("SUMMARY:Labour Day\nDTSTART;VALUE=DATE:20260501\nRRULE:FREQ=YEARLY;BYDAY=-1MO;BYSETPOS=1")))
	f.Add(calendar(outlookZone, event("DTSTART;TZID=Central Office Time:20260328T100000\nDURATION:P1DT1H\nRRULE:FREQ=WEEKLY;UNTIL=20270101T000000Z;WKST=SU\nEXDATE:20260405")))
	f.Add(calendar(event("DTSTART:20260105T090000\nDTEND:20260105T100000\nRDATE;VALUE=PERIOD:20260106T090000/PT3H"), event("RECURRENCE-ID;RANGE=THISANDFUTURE:20260105T090000\nDTSTART:20260107")))
	f.Add([]byte("BEGIN:VCALENDAR\nDTSTART;TZID=\"x:20260501\nEND:VCALENDAR"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			return
		}
		holidays, err := ical.Parse(data, berlin())
		if err != nil {
			if holidays != nil {
				t.Errorf("there are holidays beside the error %v", err)
			}
			return
		}
		if len(holidays) == 0 {
			return
		}
		hours := sla.Hours{Zone: "Europe/Berlin", Week: sla.EveryDay(sla.Interval{}), Holidays: holidays, Openings: []sla.Opening{{Date: sla.Date{Year: 2190, Month: 1, Day: 1}, Open: []sla.Interval{{}}}}}
		if _, err := sla.NewCalendar(hours); err != nil {
			t.Errorf("no business calendar can use it: %v", err)
		}
	})
}
