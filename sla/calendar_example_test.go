package sla_test

import (
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

// A customer writes on Friday at 16:45. Half an hour of open time later it is Monday.
func ExampleCalendar_Add() {
	c, err := sla.NewCalendar(sla.Hours{
		Zone: "UTC",
		Week: sla.Weekdays(sla.Interval{From: 9 * time.Hour, To: 17 * time.Hour}),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	due, err := c.Add(time.Date(2026, time.June, 5, 16, 45, 0, 0, time.UTC), 30*time.Minute)
	fmt.Println(due.Format("Monday 15:04"), err)
	// Output: Monday 09:15 <nil>
}

// Hours as a desk file has them: split days, a night shift, a holiday of every year, an afternoon off, and a Sunday on which the shop opens.
func ExampleNewCalendar() {
	hours, err := sla.ParseHours([]byte(`{
		"zone": "Europe/Berlin",
		"week": {
			"monday": ["09:00-12:30", "13:30-18:00"], "tuesday": ["09:00-18:00"], "wednesday": ["09:00-18:00"], "thursday": ["09:00-18:00"],
			"friday": ["09:00-18:00", "22:00-02:00"]
		},
		"holidays": [
			{"name": "Christmas", "date": "12-25"},
			{"name": "Christmas Eve", "date": "12-24", "closed": ["14:00-24:00"]}
		],
		"openings": [{"name": "Advent Sunday", "date": "2026-12-20", "open": ["11:00-17:00"]}]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := sla.NewCalendar(hours)
	if err != nil {
		fmt.Println(err)
		return
	}
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		fmt.Println(err)
		return
	}
	for now := time.Date(2026, time.December, 19, 12, 0, 0, 0, berlin); now.Day() < 29; {
		opens, _ := c.NextOpen(now)
		closes, _ := c.NextClose(opens)
		fmt.Println(opens.Format("Mon 02 Jan 15:04"), "to", closes.Format("Mon 15:04"))
		now = closes
	}
	// Output:
	// Sun 20 Dec 11:00 to Sun 17:00
	// Mon 21 Dec 09:00 to Mon 12:30
	// Mon 21 Dec 13:30 to Mon 18:00
	// Tue 22 Dec 09:00 to Tue 18:00
	// Wed 23 Dec 09:00 to Wed 18:00
	// Thu 24 Dec 09:00 to Thu 14:00
	// Sat 26 Dec 00:00 to Sat 02:00
	// Mon 28 Dec 09:00 to Mon 12:30
	// Mon 28 Dec 13:30 to Mon 18:00
	// Tue 29 Dec 09:00 to Tue 18:00
}
