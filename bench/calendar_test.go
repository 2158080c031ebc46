package bench

import (
	"testing"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/us"

	"github.com/socialcrm/socialcrm/sla"
)

// The question: from a Monday morning in March, when will 4, 40, 400 and 4,000 hours of an office have passed, Monday to Friday from 9 to 17 in New York,
// less the holidays of the United States? And how many are there between the two?

func bySLA(tb testing.TB) *sla.Calendar {
	hours := sla.Hours{Zone: morning.Location().String(), Week: sla.Weekdays(sla.Interval{From: 9 * time.Hour, To: 17 * time.Hour})}
	for year := 2026; year <= 2029; year++ {
		for _, h := range us.Holidays {
			if _, day := h.Calc(year); !day.IsZero() {
				hours.Holidays = append(hours.Holidays, sla.Holiday{Name: h.Name, Date: sla.Date{Year: day.Year(), Month: day.Month(), Day: day.Day()}})
			}
		}
	}
	c, err := sla.NewCalendar(hours)
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// byCal has its cache on; who asks for the same thing twice finds it filled.
func byCal() *cal.BusinessCalendar {
	c := cal.NewBusinessCalendar()
	c.SetWorkHours(9*time.Hour, 17*time.Hour)
	c.AddHoliday(us.Holidays...)
	c.Cacheable = true
	return c
}

var morning = func() time.Time {
	newYork, err := time.LoadLocation("America/New_York")
	if err != nil {
		panic(err)
	}
	return time.Date(2026, time.March, 2, 10, 30, 0, 0, newYork)
}()

var lengths = []struct {
	name string
	d    time.Duration
}{{"4h", 4 * time.Hour}, {"40h", 40 * time.Hour}, {"400h", 400 * time.Hour}, {"4000h", 4000 * time.Hour}}

func TestCalendarAgreesWithCal(t *testing.T) {
	ours, theirs := bySLA(t), byCal()
	for _, l := range lengths {
		due, err := ours.Add(morning, l.d)
		if want := theirs.AddWorkHours(morning, l.d); err != nil || !due.Equal(want) {
			t.Errorf("%s after %s: sla says %s, %v, cal says %s", l.name, morning, due, err, want)
		}
		if got, want := ours.Between(morning, due), theirs.WorkHoursInRange(morning, due); got != want || got != l.d {
			t.Errorf("from %s to %s: sla says %s, cal says %s", morning, due, got, want)
		}
	}
}

func BenchmarkCalendarAdd(b *testing.B) {
	for _, l := range lengths {
		b.Run(l.name+"/by=sla", func(b *testing.B) {
			c := bySLA(b)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Add(morning, l.d); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(l.name+"/by=cal", func(b *testing.B) {
			c := byCal()
			c.AddWorkHours(morning, l.d) // fills the cache
			b.ReportAllocs()
			for b.Loop() {
				c.AddWorkHours(morning, l.d)
			}
		})
	}
}

func BenchmarkCalendarBetween(b *testing.B) {
	for _, l := range lengths {
		due := byCal().AddWorkHours(morning, l.d)
		b.Run(l.name+"/by=sla", func(b *testing.B) {
			c := bySLA(b)
			b.ReportAllocs()
			for b.Loop() {
				c.Between(morning, due)
			}
		})
		b.Run(l.name+"/by=cal", func(b *testing.B) {
			c := byCal()
			c.WorkHoursInRange(morning, due) // fills the cache
			b.ReportAllocs()
			for b.Loop() {
				c.WorkHoursInRange(morning, due)
			}
		})
	}
}
