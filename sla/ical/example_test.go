package ical_test

import (
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/sla/ical"
)

// A shop closes on the holidays of a calendar file.
func Example() {
	const file = `BEGIN:VCALENDAR
BEGIN:VEVENT
UID:1
SUMMARY:Labour Day
DTSTART;VALUE=DATE:20200501
RRULE:FREQ=YEARLY
END:VEVENT
BEGIN:VEVENT
UID:2
SUMMARY:Stocktaking
DTSTART:20260504T120000Z
DURATION:PT4H
END:VEVENT
END:VCALENDAR`

	now := time.Date(2026, 4, 30, 18, 0, 0, 0, time.UTC)
	holidays, err := ical.Parse([]byte(file), ical.Options{Zone: "Europe/Berlin", Now: now})
	if err != nil {
		fmt.Println(err)
		return
	}
	open := sla.Interval{From: 9 * time.Hour, To: 18 * time.Hour}
	shop, err := sla.NewCalendar(sla.Hours{Zone: "Europe/Berlin", Week: sla.Weekdays(open), Holidays: holidays})
	if err != nil {
		fmt.Println(err)
		return
	}
	due, err := shop.Add(now, 6*time.Hour)
	fmt.Println(due.Format("Monday 15:04 MST"), err)
	// Output:
	// Tuesday 08:00 UTC <nil>
}
