package holidays_test

import (
	"fmt"
	"time"

	"github.com/socialcrm/socialcrm/sla"
	"github.com/socialcrm/socialcrm/sla/holidays"
)

// An office in Strasbourg is closed on Good Friday, which Paris is not.
func Example() {
	thursday := time.Date(2026, 4, 2, 15, 0, 0, 0, time.UTC)
	for _, region := range []string{"FR", "FR-67"} {
		closed, err := holidays.Of(region, 2026, 2030)
		if err != nil {
			fmt.Println(err)
			return
		}
		nineToFive := sla.Interval{From: 9 * time.Hour, To: 17 * time.Hour}
		office, err := sla.NewCalendar(sla.Hours{Zone: "Europe/Paris", Week: sla.Weekdays(nineToFive), Holidays: closed})
		if err != nil {
			fmt.Println(err)
			return
		}
		due, err := office.Add(thursday, time.Hour)
		fmt.Println(region, due.Format("Mon 2 Jan 15:04"), err)
	}
	// Output:
	// FR Fri 3 Apr 08:00 <nil>
	// FR-67 Tue 7 Apr 08:00 <nil>
}
