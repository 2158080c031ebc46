package socialcrm_test

import (
	"strings"
	"testing"
	"time"

	"github.com/socialcrm/socialcrm/sla"
)

func TestACalendarClosesOnTheHolidaysOfItsCountries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.now = time.Date(2026, 7, 13, 14, 30, 0, 0, time.UTC) // half past four in Paris, on the eve of the national holiday
	s := company()
	paris := office()
	paris.Zone = "Europe/Paris"
	s.Calendars = map[string]sla.Hours{"office": paris}
	s.NationalHolidays = map[string][]string{"office": {"FR"}}
	s.SLA[0].Calendar = "office"
	w.apply(s)
	got := w.ticket(w.asked("mia", "Hello?"))
	c, _ := got.Clocks.Clock(sla.FirstResponse)
	if want := time.Date(2026, 7, 15, 7, 30, 0, 0, time.UTC); !c.Due.Equal(want) {
		t.Errorf("due at %s, want %s: the 14th is closed", c.Due.UTC(), want)
	}
}

func TestNationalHolidaysThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	for want, regions := range map[string]map[string][]string{
		`national_holidays["shop"]: there is no calendar of this name`: {"shop": {"FR"}},
		`national_holidays["office"][1]: holidays: region "Oz" is not`: {"office": {"DE-BY", "Oz"}},
	} {
		s := company()
		s.Calendars = map[string]sla.Hours{"office": office()}
		s.NationalHolidays = regions
		if err := s.Check(nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: error %v, want %q", regions, err, want)
		}
	}
}
